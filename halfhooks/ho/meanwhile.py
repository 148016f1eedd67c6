"""What the refs of a clone were before a push of which CI is told afterwards.

The hook sees a whole push, and the refs before it. A CI job is told of one ref of it, a while later: what came in the same
push or after it is there already, the branch that went with it is gone. What the commits say of these is put back.
"""

from __future__ import annotations

from collections.abc import Iterator

from halfhooks.history import between, is_ancestor
from halfhooks.layout import ABANDONED, CANDIDATES, HEADS, HOTFIX, PRODUCTION, RC, STAGE
from halfhooks.names import PATCH_BRANCH, PRODUCTION_BRANCH, RELEASE_BRANCH, RELEASE_TAG, RefName, parse_ref
from halfhooks.promotion import find_promotion
from halfhooks.push import Push
from halfhooks.rules import COMMIT, UPDATE
from halfhooks.snapshot import Target, Update, entry_at
from halfhooks.values import NamedTuple

HOW = {
    (): "and not judged here",
    (COMMIT,): "and only its single commits are judged with this",
    (COMMIT, UPDATE): "and judged with this",
}


class Ref(NamedTuple):
    """A ref that was otherwise before: it led to `commit`, or was not there (""). `gone`: it is not there now.

    As if it were new it is judged by the rules of the scopes `judged`: of a release branch that is gone nobody can tell
    where it came from, and an abandoned one is history.
    """

    ref: str
    commit: str = ""
    gone: bool = False
    judged: tuple[str, ...] = ()


def came_later(push: Push) -> Iterator[Ref]:
    """The refs of the workflow that have what the one update of `push` led to, and so cannot have had it before.

    Where a patch branch and a release have the same tip nobody can tell which one was brought to the other.
    """
    (update,) = push.updates
    name = parse_ref(update.ref, push.layout)
    if not (update.old and update.new and name.policed):
        return
    old, new = (push.objects.target(oid).commit for oid in (update.old, update.new))
    brought = set(between(push.objects, [new], [old]))
    if new not in brought:
        return
    for ref, target in push.before.snapshot.refs.items():
        other = parse_ref(ref, push.layout)
        if ref == update.ref or not target.commit:
            continue
        if other.kind == RELEASE_TAG:
            if (_is_own(name, other) and target.commit in brought) or is_ancestor(push.objects, new, target.commit):
                yield Ref(ref)
        elif other.kind in (PRODUCTION_BRANCH, RELEASE_BRANCH) and is_ancestor(push.objects, new, target.commit):
            before, own = _before(push, other, target.commit, new)
            if not (own and name.kind == PATCH_BRANCH):
                yield Ref(ref, before)


def is_gone(push: Push) -> Iterator[Ref]:
    """The branches that the one update of `push` needed, and that are not there any more."""
    (update,) = push.updates
    name = parse_ref(update.ref, push.layout)
    if name.kind == RELEASE_TAG and name.form in (RC, ABANDONED) and not update.old:
        yield from _tagged(push, update, name)
    if name.kind == PRODUCTION_BRANCH and update.old and update.new:
        yield from _promoted(push, update)
    if name.kind == RELEASE_BRANCH and update.old and update.new:
        yield from _integrated(push, name)


def put_back(refs: dict[str, Target], other: Ref) -> None:
    """Change one of `refs` to what it was."""
    refs.pop(other.ref, None)
    if other.commit:
        refs[other.ref] = Target(other.commit, "commit", other.commit)


def remark(other: Ref) -> str:
    """What is taken for granted about a branch that is gone; "" where nothing is."""
    if not other.gone:
        return ""
    name = other.ref.removeprefix(HEADS)
    return f"'{name}' is gone; it is taken to have stood at {other.commit[:10]}, {HOW[other.judged]}"


def _is_own(branch: RefName, tag: RefName) -> bool:
    """Whether a tag is of those that stand on the commits of a branch."""
    if branch.kind == RELEASE_BRANCH:
        return tag.form == RC and tag.version == branch.version
    return branch.kind == PRODUCTION_BRANCH and tag.form in (PRODUCTION, HOTFIX)


def _before(push: Push, name: RefName, tip: str, later: str) -> tuple[str, bool]:
    """Where ho-prod or a release branch stood before it had a commit ("": it was not there), and whether that is its own."""
    own = False
    while is_ancestor(push.objects, later, tip):
        own = own or tip == later
        parents = push.objects.commit(tip).parents
        if not parents:
            return "", own
        tip = parents[0]
    return (tip if not name.version or push.before.lines(tip, name.version, STAGE) else ""), own


def _promoted(push: Push, update: Update) -> Iterator[Ref]:
    """The release branch that was promoted, where it stood in the merge."""
    promotion = find_promotion(push)
    if promotion is None or promotion.name.version in push.before.release_tips:
        return
    commit = push.objects.commit(update.new)
    for each in (commit, *(push.objects.commit(parent) for parent in commit.parents[:1] if parent != update.old)):
        if len(each.parents) == 2 and each.parents[0] == update.old:
            yield Ref(f"{HEADS}{push.layout.release}{promotion.name.version}", each.parents[1], True, (COMMIT,))


def _tagged(push: Push, update: Update, name: RefName) -> Iterator[Ref]:
    """The release branch of a tag that was put on it, where the tag stands; it may have been started again since."""
    commit = push.objects.target(update.new).commit
    assert name.version
    tip = push.before.release_tips.get(name.version)
    if commit and not (tip and is_ancestor(push.objects, commit, tip)):
        yield Ref(f"{HEADS}{push.layout.release}{name.version}", commit, gone=True)


def _integrated(push: Push, name: RefName) -> Iterator[Ref]:
    """The branches of candidates that were merged, where they stood in the merge."""
    assert name.version
    found = {}
    for commit in push.commits:
        for tip in commit.parents[1:]:
            if tip in push.new:
                found.update(dict.fromkeys(_merged(push, name, commit.parents[0], tip), tip))
    for patch, tip in found.items():
        yield Ref(f"{HEADS}{push.layout.patch}{patch}", tip, True, (COMMIT, UPDATE))


def _merged(push: Push, name: RefName, into: str, tip: str) -> list[str]:
    """The candidates without a branch that the merge of `tip` brings: their directories say so, or there is only one."""
    assert name.version
    lines = push.before.lines(into, name.version, CANDIDATES)
    missing = [patch for patch in (lines.ids if lines else ()) if patch not in push.before.patch_tips]
    paths = {patch: push.layout.path(push.layout.patches, patch) for patch in missing}
    theirs = {patch: entry_at(push.objects, tip, path) for patch, path in paths.items()}
    brought = [patch for patch in missing if theirs[patch] not in (None, entry_at(push.objects, into, paths[patch]))]
    return brought or (missing if len(missing) == 1 else [])

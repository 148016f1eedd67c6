"""What the refs of a clone were before a push of which CI is told afterwards.

The hook sees a whole push, and the refs before it. A CI job is told of one ref of it, a while later: the tag that came in
the same push is there already, the branch that went with it is gone. What the commits say of these is put back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from halfhooks.layout import ABANDONED, CANDIDATES, HEADS
from halfhooks.names import PRODUCTION_BRANCH, RELEASE_BRANCH, RELEASE_TAG, RefName, parse_ref
from halfhooks.promotion import find_promotion
from halfhooks.push import Push
from halfhooks.rules import COMMIT, UPDATE
from halfhooks.snapshot import Target, Update, entry_at

HOW = {
    (): "and not judged here",
    (COMMIT,): "and only its single commits are judged with this",
    (COMMIT, UPDATE): "and judged with this",
}


class Ref(NamedTuple):
    """A ref that was otherwise before: it led to `commit`, or was not there ("").

    As if it were new it is judged by the rules of the scopes `judged`: of a release branch that is gone nobody can tell
    where it came from, and an abandoned one is history.
    """

    ref: str
    commit: str = ""
    judged: tuple[str, ...] = ()


def otherwise(push: Push) -> Iterator[Ref]:
    """The refs that were otherwise before the one update of `push`, for all that its commits tell."""
    (update,) = push.updates
    name = parse_ref(update.ref, push.layout)
    if name.kind == RELEASE_TAG and name.form == ABANDONED and update.new:
        yield from _abandoned(push, update, name)
    if name.kind in (PRODUCTION_BRANCH, RELEASE_BRANCH) and update.old and update.new:
        yield from _tags(push)
        yield from _promoted(push, update) if name.kind == PRODUCTION_BRANCH else _integrated(push, name)


def put_back(refs: dict[str, Target], other: Ref) -> None:
    """Change one of `refs` to what it was."""
    refs.pop(other.ref, None)
    if other.commit:
        refs[other.ref] = Target(other.commit, "commit", other.commit)


def remark(other: Ref) -> str:
    """What is taken for granted about a branch that is gone; "" where nothing is."""
    if not other.commit:
        return ""
    name = other.ref.removeprefix(HEADS)
    return f"'{name}' is gone; it is taken to have stood at {other.commit[:10]}, {HOW[other.judged]}"


def _tags(push: Push) -> Iterator[Ref]:
    """The release tags on new commits: nobody can have put them there before."""
    for ref, target in push.before.snapshot.refs.items():
        if target.commit in push.new and parse_ref(ref, push.layout).kind == RELEASE_TAG:
            yield Ref(ref)


def _promoted(push: Push, update: Update) -> Iterator[Ref]:
    """The release branch that was promoted, where it stood in the merge."""
    promotion = find_promotion(push)
    if promotion is None or promotion.name.version in push.before.release_tips:
        return
    commit = push.objects.commit(update.new)
    for each in (commit, *(push.objects.commit(parent) for parent in commit.parents[:1] if parent != update.old)):
        if len(each.parents) == 2 and each.parents[0] == update.old:
            yield Ref(f"{HEADS}{push.layout.release}{promotion.name.version}", each.parents[1], (COMMIT,))


def _abandoned(push: Push, update: Update, name: RefName) -> Iterator[Ref]:
    """The release branch that was abandoned, where its tag stands."""
    commit = push.objects.target(update.new).commit
    if commit and name.version not in push.before.release_tips:
        yield Ref(f"{HEADS}{push.layout.release}{name.version}", commit)


def _integrated(push: Push, name: RefName) -> Iterator[Ref]:
    """The branches of candidates that were merged, where they stood in the merge."""
    assert name.version
    found = {}
    for commit in push.commits:
        for tip in commit.parents[1:]:
            if tip in push.new:
                found.update(dict.fromkeys(_merged(push, name, commit.parents[0], tip), tip))
    for patch, tip in found.items():
        yield Ref(f"{HEADS}{push.layout.patch}{patch}", tip, (COMMIT, UPDATE))


def _merged(push: Push, name: RefName, into: str, tip: str) -> list[str]:
    """The candidates without a branch that the merge of `tip` brings: their directories say so, or there is only one."""
    assert name.version
    lines = push.before.lines(into, name.version, CANDIDATES)
    missing = [patch for patch in (lines.ids if lines else ()) if patch not in push.before.patch_tips]
    paths = {patch: push.layout.path(push.layout.patches, patch) for patch in missing}
    theirs = {patch: entry_at(push.objects, tip, path) for patch, path in paths.items()}
    brought = [patch for patch in missing if theirs[patch] not in (None, entry_at(push.objects, into, paths[patch]))]
    return brought or (missing if len(missing) == 1 else [])

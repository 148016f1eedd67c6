"""HH2: which versions may be started, and in which order they reach production."""

from __future__ import annotations

from halfhooks.history import is_ancestor, merge_bases
from halfhooks.integration import book_paths, has_work, read_lists
from halfhooks.layout import HEADS, HOTFIX, PRODUCTION, RC, TAGS
from halfhooks.names import POLICED_BRANCHES, PRODUCTION_BRANCH, RELEASE_BRANCH, parse_ref, release_file, release_tag
from halfhooks.promotion import find_promotion
from halfhooks.release import OPEN_HOTFIX, read_lines, read_release
from halfhooks.rules._registry import UPDATE, Finding, adopted, at, rule
from halfhooks.snapshot import commit_changes, is_file, is_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Optional

    from halfhooks.names import FileName
    from halfhooks.push import Move, Push
    from halfhooks.release import Release
    from halfhooks.version import Version


def _started(push: Push) -> Iterator[tuple[Move, Version]]:
    """The release branches that a push creates."""
    for move in push.moves_of(RELEASE_BRANCH):
        if move.created and move.name.version:
            yield move, move.name.version


def _is_reopening(push: Push, version: Version) -> bool:
    return version == push.before.version or (push.before.version is None and version == push.after.version)


def _startable(push: Push) -> str:
    """In words, which versions could be started instead: the successors of production and of what is in preparation."""
    project = push.before if push.before.version else push.after
    preparing = project.preparing()
    bases = [project.version, *(release.version for release in preparing)]
    first = max((release.version for release in preparing if release.rcs), default=None)
    versions = [version for base in bases if base for version in base.successors()]
    free = [version for version in dict.fromkeys(versions) if version not in project.release_tips]
    choices = ", ".join(str(version) for version in sorted(free) if first is None or version > first)
    return f"production is at {project.version}, so {choices} can be started"


@rule("HH201", UPDATE, hint="git branch -m ho-release/X.Y.Z, with one of these versions", state=True)
def version_not_next(push: Push) -> Iterator[Finding]:
    """Versions follow each other without gaps, so that every database knows what it has to apply.

    A release is a successor (the next patch, minor or major) of the production version or of another release in
    preparation.

    Refused::

        $ git push origin ho-prod:refs/heads/ho-release/0.4.0

    Production is at 0.1.0, and 0.2.0 is in preparation:

    Accepted::

        $ git push origin ho-prod:refs/heads/ho-release/0.3.0
    """
    for move, version in _started(push):
        project = push.after
        if project.released(version) or project.may_follow(version):
            continue
        if project.version is None:
            yield Finding(f"{version} cannot be started: there is no production version yet", ref=move.ref)
            continue
        yield at(move, f"{version} follows no version; {_startable(push)}")
    yield from adopted(push, "HH201")


@rule("HH202", UPDATE, hint="git fetch origin; git ls-tree --name-only origin/ho-prod releases/")
def version_already_released(push: Push) -> Iterator[Finding]:
    """A version that databases run means one thing only: it cannot be made a second time.

    Refused::

        $ git push origin ho-prod:refs/heads/ho-release/0.0.0

    Accepted::

        $ git push origin ho-prod:refs/heads/ho-release/1.0.0
    """
    for move, version in _started(push):
        if push.after.released(version) and not _is_reopening(push, version):
            yield at(move, f"{version} has been released; {_startable(push)}")


@rule("HH203", UPDATE, hint="promote the other release first, or abandon it")
def promotion_out_of_order(push: Push) -> Iterator[Finding]:
    """Releases reach production in the order of their versions, for that is the order in which databases apply them.

    An open hotfix comes first, then the smallest release in preparation; only that one may cut RCs.

    Refused::

        $ git switch ho-release/0.2.0; git mv releases/0.2.0-stage.txt releases/0.2.0-rc1.txt
        $ touch releases/0.2.0-stage.txt; git add releases; git commit -m 'Cut 0.2.0-rc1'
        $ git push origin ho-release/0.2.0

    Accepted::

        $ git push origin :ho-release/0.1.1
        $ git switch ho-release/0.2.0; git mv releases/0.2.0-stage.txt releases/0.2.0-rc1.txt
        $ touch releases/0.2.0-stage.txt; git add releases; git commit -m 'Cut 0.2.0-rc1'
        $ git push origin ho-release/0.2.0
    """
    promotion = find_promotion(push)
    if promotion:
        for first in _before_its_turn(push, promotion.name)[:1]:
            what = "the hotfix of " if first.status == OPEN_HOTFIX else ""
            yield at(promotion.move, f"{promotion.name.version} cannot be promoted before {what}{first.version}")
    for move in dict.fromkeys(move for move, _ in _cut(push)):
        smallest = next(iter(push.after.preparing()), None)
        if smallest and move.name.version and smallest.version < move.name.version:
            yield Finding(
                f"{move.name.version} cannot have a release candidate before {smallest.version}", ref=move.ref
            )


def _before_its_turn(push: Push, name: FileName) -> list[Release]:
    """The releases whose turn comes before that of a promoted one, unless the push deletes them."""
    waiting = [release for release in push.before.open_releases() if release.version in push.after.release_tips]
    waiting = [release for release in waiting if release.version != name.version]
    hotfixes = [release for release in waiting if release.status == OPEN_HOTFIX]
    smaller = [release for release in waiting if release.version < name.version and name.form == PRODUCTION]
    return hotfixes + smaller


def _cut_releases(push: Push) -> Iterator[tuple[Move, int, Release]]:
    """The release candidates that a push adds, each with the release as it was in the commit that adds it."""
    for move, number in _cut(push):
        assert move.name.version is not None
        file = release_file(move.name.version, RC, push.layout, number)
        for oid in push.brought_by(move.new):
            if file in push.own(push.new[oid], push.layout.releases):
                yield move, number, read_release(push.base, move.name.version, oid)


def _cut(push: Push) -> Iterator[tuple[Move, int]]:
    """The release candidates that a push adds to release branches, with their numbers."""
    for move in push.moves_of(RELEASE_BRANCH):
        version = move.name.version
        if not move.new or version is None:
            continue
        base = move.old or push.before.production
        before = read_lists(push, base, version).rcs if base else ()
        for number in read_lists(push, move.new, version).rcs:
            if number not in before:
                yield move, number


@rule("HH204", UPDATE, hint="git mv it to the next number, then git commit --amend")
def rc_number_not_next(push: Push) -> Iterator[Finding]:
    """Release candidates are numbered without gaps, also across a release that was abandoned and started again.

    So `vX.Y.Z-rcN` means one state for ever. A hotfix has no release candidates.

    Refused::

        $ git push origin :ho-release/0.1.1
        $ git switch ho-release/0.2.0; git mv releases/0.2.0-stage.txt releases/0.2.0-rc2.txt
        $ touch releases/0.2.0-stage.txt; git add releases; git commit -m 'Cut 0.2.0-rc2'
        $ git push origin ho-release/0.2.0

    Accepted::

        $ git push origin :ho-release/0.1.1
        $ git switch ho-release/0.2.0; git mv releases/0.2.0-stage.txt releases/0.2.0-rc2.txt
        $ touch releases/0.2.0-stage.txt; git add releases; git commit -m 'Cut 0.2.0-rc2'
        $ git mv releases/0.2.0-rc2.txt releases/0.2.0-rc1.txt; git commit --amend -m 'Cut 0.2.0-rc1'
        $ git push origin ho-release/0.2.0
    """
    for move in push.moves_of(RELEASE_BRANCH):
        version = move.name.version
        numbers = sorted(number for cut, number in _cut(push) if cut == move)
        if not numbers or version is None:
            continue
        start = TAGS + release_tag(version, PRODUCTION, push.layout) + "-"
        tags = (parse_ref(ref, push.layout) for ref in push.before.snapshot.refs if ref.startswith(start))
        tagged = [name.number for name in tags if name.form == RC]
        cut = read_lists(push, move.old, version).rcs if move.old else ()
        last = max([0, *tagged, *cut])
        if push.before.released(version):
            yield Finding(f"a hotfix has no release candidates: {version} is in production", ref=move.ref)
        elif numbers != list(range(last + 1, last + 1 + len(numbers))):
            file = release_file(version, RC, push.layout, numbers[-1])
            expected = release_file(version, RC, push.layout, last + 1)
            yield Finding(f"'{file}' is not the next release candidate: that is '{expected}'", ref=move.ref)


@rule("HH205", UPDATE, hint="git switch -c ho-release/X.Y.Z vX.Y.Z, from the newest tag of production", state=True)
def hotfix_not_on_production(push: Push) -> Iterator[Finding]:
    """A hotfix is built on exactly what production runs, and hotfixes are numbered without gaps.

    Its branch starts one commit above the newest tag of the production version (`vX.Y.Z-hotfixN`, else `vX.Y.Z`).

    Refused::

        $ echo 'A shop.' >> README.md; git commit -am 'Say what this is'; git push origin ho-prod
        $ git switch -c ho-release/0.1.0 ho-prod; echo '# HOTFIX' > releases/0.1.0-candidates.txt
        $ touch releases/0.1.0-stage.txt; git add releases; git commit -m 'Reopen 0.1.0'
        $ git push origin ho-release/0.1.0

    Accepted::

        $ echo 'A shop.' >> README.md; git commit -am 'Say what this is'; git push origin ho-prod
        $ git switch -c ho-release/0.1.0 v0.1.0; echo '# HOTFIX' > releases/0.1.0-candidates.txt
        $ touch releases/0.1.0-stage.txt; git add releases; git commit -m 'Reopen 0.1.0'
        $ git push origin ho-release/0.1.0
    """
    for move, version in _started(push):
        if version != push.before.version:
            continue
        tag = release_tag(version, HOTFIX if push.after.hotfix else PRODUCTION, push.layout, push.after.hotfix)
        base = push.after.snapshot.tip(TAGS + tag)
        if not base or push.objects.commit(move.new).parents != (base,):
            where = f"one commit above '{tag}'" if base else f"above '{tag}', which is missing"
            yield at(move, f"the hotfix of {version} must start {where}")
    promotion = find_promotion(push)
    if promotion and promotion.name.form == HOTFIX:
        if promotion.name.version != push.before.version:
            yield at(promotion.move, f"'{promotion.file}' is no hotfix of {push.before.version}, which production runs")
        elif promotion.name.number != push.before.hotfix + 1:
            expected = release_file(promotion.name.version, HOTFIX, push.layout, push.before.hotfix + 1)
            yield at(promotion.move, f"'{promotion.file}' is not the next hotfix: that is '{expected}'")
    yield from adopted(push, "HH205")


@rule(
    "HH206",
    UPDATE,
    hint="git switch -c ho-release/X.Y.Z on the newest tag of production: an urgent fix is a hotfix",
    state=True,
)
def active_rc(push: Push) -> Iterator[Finding]:
    """While a release has an RC, its testers must not find another version coming before it.

    An urgent fix meanwhile is a hotfix of the production version.

    Refused::

        $ git push origin :ho-release/0.1.1
        $ git switch ho-release/0.2.0; git mv releases/0.2.0-stage.txt releases/0.2.0-rc1.txt
        $ touch releases/0.2.0-stage.txt; git add releases; git commit -m 'Cut 0.2.0-rc1'
        $ git push origin ho-release/0.2.0
        $ git push origin ho-prod:refs/heads/ho-release/0.1.1

    Accepted::

        $ git push origin :ho-release/0.1.1
        $ git switch ho-release/0.2.0; git mv releases/0.2.0-stage.txt releases/0.2.0-rc1.txt
        $ touch releases/0.2.0-stage.txt; git add releases; git commit -m 'Cut 0.2.0-rc1'
        $ git push origin ho-release/0.2.0
        $ git switch -c ho-release/0.1.0 v0.1.0; echo '# HOTFIX' > releases/0.1.0-candidates.txt
        $ touch releases/0.1.0-stage.txt; git add releases; git commit -m 'Reopen 0.1.0'
        $ git push origin ho-release/0.1.0
    """
    for move, version in _started(push):
        for release in push.after.preparing():
            if version < release.version and release.rcs and not push.after.released(version):
                yield Finding(f"{version} cannot be started: {release.version} has a release candidate", ref=move.ref)


@rule("HH207", UPDATE, hint="git merge ho-prod on the release branch, validate, push, promote again")
def release_behind_production(push: Push) -> Iterator[Finding]:
    """A release is validated on top of all that production runs, hotfixes included.

    Refused::

        $ git commit --allow-empty -m 'Start a build'; git push origin ho-prod
        $ git switch ho-release/0.1.1; git merge --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; git commit -m 'Stage 4-fix'
        $ git switch ho-prod; git merge --no-ff --no-commit ho-release/0.1.1
        $ git mv releases/0.1.1-stage.txt releases/0.1.1.txt; ln -sfn schema-0.1.1.sql model/schema.sql
        $ for kind in schema metadata; do cp model/$kind-0.1.0.sql model/$kind-0.1.1.sql; done
        $ git add model; git commit -m 'Promote 0.1.1'
        $ git push --atomic origin ho-release/0.1.1 ho-prod

    Accepted::

        $ git commit --allow-empty -m 'Start a build'; git push origin ho-prod
        $ git switch ho-release/0.1.1; git merge --no-ff -m 'Merge ho-prod' ho-prod
        $ git merge --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; git commit -m 'Stage 4-fix'
        $ git switch ho-prod; git merge --no-ff --no-commit ho-release/0.1.1
        $ git mv releases/0.1.1-stage.txt releases/0.1.1.txt; ln -sfn schema-0.1.1.sql model/schema.sql
        $ for kind in schema metadata; do cp model/$kind-0.1.0.sql model/$kind-0.1.1.sql; done
        $ git add model; git commit -m 'Promote 0.1.1'
        $ git push --atomic origin ho-release/0.1.1 ho-prod
    """
    promotion = find_promotion(push)
    if promotion and promotion.release and not is_ancestor(push.objects, promotion.move.old, promotion.release.tip):
        text = (
            f"{promotion.name.version} does not contain {promotion.move.old[:10]}, the tip of {push.layout.production}"
        )
        yield Finding(text, ref=promotion.move.ref, commit=promotion.release.tip)


@rule(
    "HH208",
    UPDATE,
    hint="stage the patch: ho patch close ID; or withdraw it: ho patch drop ID; or ho patch move ID --to X.Y.Z",
)
def candidates_left(push: Push) -> Iterator[Finding]:
    """What is integrated ships, so it must be listed; what is not finished must not hold a place.

    At a promotion no candidate is left; at an RC every integrated patch is staged.

    Refused::

        $ git push origin :ho-release/0.1.1
        $ git switch ho-release/0.2.0; git merge --no-ff -m 'Integrate 3-tags' ho-patch/3-tags
        $ git mv releases/0.2.0-stage.txt releases/0.2.0-rc1.txt; touch releases/0.2.0-stage.txt
        $ git add releases; git commit -m 'Cut 0.2.0-rc1'
        $ git push origin ho-release/0.2.0

    Accepted::

        $ git push origin :ho-release/0.1.1
        $ git switch ho-release/0.2.0; git merge --no-ff -m 'Integrate 3-tags' ho-patch/3-tags
        $ echo 5-code > releases/0.2.0-candidates.txt; echo 3-tags >> releases/0.2.0-stage.txt
        $ git commit -am 'Stage 3-tags'
        $ git mv releases/0.2.0-stage.txt releases/0.2.0-rc1.txt; touch releases/0.2.0-stage.txt
        $ git add releases; git commit -m 'Cut 0.2.0-rc1'
        $ git push origin ho-release/0.2.0
    """
    promotion = find_promotion(push)
    if promotion and promotion.release:
        for patch in promotion.release.candidates:
            text = f"'{patch}' is still a candidate of {promotion.name.version}"
            ways = f"ho patch close {patch}; or withdraw it: ho patch drop {patch}; or ho patch move {patch} --to X.Y.Z"
            yield Finding(text, ref=promotion.move.ref, commit=promotion.release.tip, help=f"stage the patch: {ways}")
    for move, number, release in _cut_releases(push):
        for patch in release.candidates:
            if any(has_work(push, release, patch, tip) for tip in push.patch_tips(patch) or {""}):
                text = f"'{patch}' is integrated in {release.version}, but not staged in its RC {number}"
                yield at(move, text)._replace(help=f"stage the patch: ho patch close {patch}")


@rule("HH209", UPDATE, hint="git push origin ho-prod:refs/heads/ho-release/X.Y.Z, then push your commits above it")
def release_origin(push: Push) -> Iterator[Finding]:
    """A release begins as production stands, so that it can be promoted later.

    A new release branch is the tip of ho-prod, or one commit above it that adds nothing but its own empty candidates and
    stage files. For a hotfix: the same two files, above the newest tag of production.

    Refused::

        $ git push origin topic:refs/heads/ho-release/1.0.0

    Accepted::

        $ git push origin ho-prod:refs/heads/ho-release/1.0.0

    Accepted::

        $ git switch -c ho-release/1.0.0 ho-prod; touch releases/1.0.0-candidates.txt releases/1.0.0-stage.txt
        $ git add releases; git commit -m 'Start 1.0.0'
        $ git push origin ho-release/1.0.0
    """
    for move, version in _started(push):
        reopened = push.after.released(version)
        if reopened and not _is_reopening(push, version):
            continue
        bases = {push.before.production, push.after.production} - {""}
        if move.new in bases and not reopened:
            continue
        parents = push.objects.commit(move.new).parents
        if not reopened and (len(parents) != 1 or parents[0] not in bases):
            text = f"'{move.ref[len(HEADS) :]}' starts at {move.new[:10]}, neither ho-prod nor one commit above it"
            yield at(move, text)
            continue
        books = book_paths(version, push.layout)
        for change in commit_changes(push.objects, parents[0] if parents else "", move.new):
            if change.path not in books or not change.new:
                text = f"the first commit of {version} changes '{change.path}', not just its two files"
                yield at(move, text, change.path)
                continue
            lines = read_lines(push.objects, change.new, push.layout)
            if lines is None or lines.ids:
                text = f"'{change.path}' is not empty in the first commit of {version}"
                yield at(move, text, change.path)


@rule("HH210", UPDATE, hint="restore it in the commit: git restore --source=ho-prod .hop/config, git commit --amend")
def tool_version_lowered(push: Push) -> Iterator[Finding]:
    """Files that a newer half_orm_dev wrote must not fall into the hands of an older one.

    `hop_version` in `.hop/config` is never lower on a branch than where the branch last met ho-prod. Who no longer uses that
    tool removes the whole file.

    Refused::

        $ git switch ho-patch/3-tags; sed -i s/0.17.0/0.16.0/ .hop/config
        $ git commit -am 'An older tool'
        $ git push origin ho-patch/3-tags

    Accepted::

        $ git switch ho-patch/3-tags; sed -i s/0.17.0/0.17.1/ .hop/config
        $ git commit -am 'A newer tool'
        $ git push origin ho-patch/3-tags
    """
    for move in push.moves_of(*POLICED_BRANCHES):
        new = _tool_version(push, move.new) if move.new else None
        if new is None:
            continue
        bases = merge_bases(push.objects, move.new, push.before.production) if push.before.production else []
        olds = [version for version in (_tool_version(push, base) for base in [*bases, *_previous(move)]) if version]
        if olds and _order(new) < _order(max(olds, key=_order)):
            changed = f"hop_version {new} is lower than" if new else "hop_version is gone; it was"
            text = f"{changed} {max(olds, key=_order)}, which {push.layout.production} had"
            yield at(move, text, push.layout.tool_config)


def _previous(move: Move) -> list[str]:
    return [move.old] if move.old and move.name.kind == PRODUCTION_BRANCH else []


def _tool_version(push: Push, commit: str) -> Optional[str]:
    """The value of `hop_version` in the tree of a commit, "" where the file lacks it, None where there is no such file."""
    entry = push.after.snapshot.entry(commit, push.layout.tool_config)
    if entry is None:
        return None
    text = push.objects.blob(entry.oid).decode("utf-8", "replace") if is_file(entry) else ""
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and key.strip() == "hop_version":
            return value.strip()
    return ""


def _order(text: str) -> tuple[list[int], int, int]:
    """Compares versions such as `0.17.0-a8`: the numbers, then alpha < beta < rc < none, then its number."""
    release = text[: len(text) - len(text.lstrip("0123456789."))]
    pre = text[len(release) :].lstrip("-._")
    letters = pre.rstrip("0123456789")
    rank = {"a": 0, "alpha": 0, "b": 1, "beta": 1, "rc": 2, "": 3}.get(letters, 0)
    return [_number(part) for part in release.split(".") if part], rank, _number(pre[len(letters) :])


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


@rule(
    "HH211",
    UPDATE,
    hint="stage a patch first: ho patch close ID; or give the release up: ho release abandon X.Y.Z",
)
def empty_release(push: Push) -> Iterator[Finding]:
    """A version that brings nothing costs every database an upgrade; an RC of nothing tests nothing.

    Refused::

        $ git switch ho-release/0.1.1; git mv releases/0.1.1-stage.txt releases/0.1.1-rc1.txt
        $ touch releases/0.1.1-stage.txt; git add releases; git commit -m 'Cut 0.1.1-rc1'
        $ git push origin ho-release/0.1.1

    Accepted::

        $ git switch ho-release/0.1.1; git merge --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; git commit -m 'Stage 4-fix'
        $ git mv releases/0.1.1-stage.txt releases/0.1.1-rc1.txt
        $ touch releases/0.1.1-stage.txt; git add releases; git commit -m 'Cut 0.1.1-rc1'
        $ git push origin ho-release/0.1.1
    """
    promotion = find_promotion(push)
    if promotion and promotion.release and not promotion.release.complete:
        text = f"{promotion.name.version} has nothing to promote: neither a staged patch nor an RC"
        yield Finding(text, ref=promotion.move.ref, commit=promotion.move.new)
    for move, number in _cut(push):
        assert move.name.version is not None
        file = release_file(move.name.version, RC, push.layout, number)
        lines = read_lines(push.objects, push.below(move.new, push.layout.releases, file), push.layout)
        if lines and not lines.ids:
            yield at(move, f"'{file}' lists no patch")


@rule(
    "HH212",
    UPDATE,
    hint="add the patch to the release's list, or remove its directory on the release branch",
    state=True,
)
def unlisted_patch(push: Push) -> Iterator[Finding]:
    """A patch directory that reaches production without standing in a list would never be applied to a database.

    6-late was taken off the list, but its directory stayed:

    Refused::

        $ git switch ho-release/0.1.1; mkdir Patches/6-late; echo '# late' > Patches/6-late/README.md
        $ echo 6-late >> releases/0.1.1-candidates.txt; git add .; git commit -m 'Add 6-late'
        $ echo 4-fix > releases/0.1.1-candidates.txt; git commit -am 'Withdraw 6-late'
        $ git merge --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; git commit -m 'Stage 4-fix'
        $ git switch ho-prod; git merge --no-ff --no-commit ho-release/0.1.1
        $ git mv releases/0.1.1-stage.txt releases/0.1.1.txt; ln -sfn schema-0.1.1.sql model/schema.sql
        $ for kind in schema metadata; do cp model/$kind-0.1.0.sql model/$kind-0.1.1.sql; done
        $ git add model; git commit -m 'Promote 0.1.1'
        $ git push --atomic origin ho-release/0.1.1 ho-prod

    Accepted::

        $ git switch ho-release/0.1.1; mkdir Patches/6-late; echo '# late' > Patches/6-late/README.md
        $ echo 6-late >> releases/0.1.1-candidates.txt; git add .; git commit -m 'Add 6-late'
        $ echo 4-fix > releases/0.1.1-candidates.txt; git rm -r Patches/6-late; git commit -am 'Withdraw 6-late'
        $ git merge --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; git commit -m 'Stage 4-fix'
        $ git switch ho-prod; git merge --no-ff --no-commit ho-release/0.1.1
        $ git mv releases/0.1.1-stage.txt releases/0.1.1.txt; ln -sfn schema-0.1.1.sql model/schema.sql
        $ for kind in schema metadata; do cp model/$kind-0.1.0.sql model/$kind-0.1.1.sql; done
        $ git add model; git commit -m 'Promote 0.1.1'
        $ git push --atomic origin ho-release/0.1.1 ho-prod
    """
    move = push.production_move()
    if move is None or not move.new:
        return
    layout = push.layout
    promotion = find_promotion(push)
    listed = set(_listed(push, move))
    listed.update(promotion.release.complete if promotion and promotion.release else ())  # its list is HH306's
    for name in push.added(move, layout.patches):
        if name not in listed and is_folder(push.below(move.new, layout.patches, name)):
            path = layout.path(layout.patches, name)
            yield Finding(f"'{path}' would reach production, but no release lists it", ref=move.ref, path=path)


def _listed(push: Push, move: Move) -> Iterator[str]:
    """The patch ids of the production and hotfix files that a move adds to ho-prod."""
    releases = push.layout.releases
    for file in push.added(move, releases):
        lines = read_lines(push.objects, push.below(move.new, releases, file), push.layout)
        yield from lines.ids if lines else ()

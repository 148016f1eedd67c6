"""Begins a release anew from production, with the patches that it held, or without some (workflow: section 3.1).

What a patch brought is found on the release's own line: the merge of its branch, or the commits that stand there instead. It
is made again on top of the patch before, so a patch that builds on one which is left out conflicts, and nothing is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from halfhooks.ho.lifecycle.books import candidates_path, stage_path
from halfhooks.ho.lifecycle.patches import branch_tip, changed, folder_of, made_again, pushed_first
from halfhooks.ho.lifecycle.releases import next_abandoned
from halfhooks.ho.lifecycle.transaction import Transaction
from halfhooks.ho.lifecycle.workplace import Workplace
from halfhooks.integration import book_paths, has_work
from halfhooks.layout import ABANDONED, STAGE, TAGS
from halfhooks.names import release_tag
from halfhooks.release import OPEN_HOTFIX, Release
from halfhooks.snapshot import Change, Entry, Update, commit_changes, entry_at, tree_entry
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple


class Unit(NamedTuple):
    """Commits that came to a release at once: those of `tip` that `base` has not; `patches` are the folders that changed."""

    base: str
    tip: str
    patches: tuple[str, ...]


def restart(place: Workplace, wanted: str, without: Sequence[str]) -> Transaction:
    """A release is abandoned and begun anew; what was staged is staged again, what was a candidate is one."""
    version = place.version(wanted)
    release = place.project.release(version)
    if release is None or not release.open:
        raise CannotTell(f"{version} is not in preparation: ho release list")
    for patch in without:
        if patch not in release.complete + release.candidates:
            raise CannotTell(f"'{patch}' is no patch of {version}: ho release show {version}")
    if release.status == OPEN_HOTFIX:
        raise CannotTell(f"{version} is a hotfix: ho release abandon {version}, then ho release hotfix")
    staged = [patch for patch in release.complete if patch not in without]
    candidates = [patch for patch in release.candidates if patch not in without]
    for patch in candidates:
        if has_work(place.push, release, patch, place.project.patch_tips.get(patch, "")):
            raise CannotTell(
                f"the work of '{patch}' is in {version}, which does not stage it yet: ho patch close {patch} stages it; "
                f"leave it out: --without {patch}"
            )
    work = work_of(place, release)
    production = place.project.production
    start = _commit(place, production, _books(place, release, "", ""), f"Start release {version}")
    listed = _listed(place, release, start, [*staged, *candidates])
    tips, line, last = {}, listed, listed
    for number, patch in enumerate(staged, 1):
        last = tips[patch] = _again(place, patch, work.get(patch, []), last)
        line = _integrated(place, release, (line, last), candidates_after(staged, candidates, number), staged[:number])
    for patch in staged:
        if changed(place, line, release.tip, folder_of(place.layout, patch)):
            raise CannotTell(
                f"'{patch}' would not be what was staged: its work came with that of another patch, or in a merge; "
                f"leave it out, too: --without {patch}"
            )
    first, olds = [], {}
    for patch in candidates:
        tip = olds[patch] = branch_tip(place, patch)
        if tip:
            first += pushed_first(place, patch, tip)
            tips[patch] = _again(place, patch, [Unit(release.tip, tip, ())], listed)
    ref = place.release_ref(version)
    tag = release_tag(version, ABANDONED, place.layout, next_abandoned(place, version))
    branches = {patch: place.patch_ref(patch) for patch in tips}
    pushes: list[tuple[Update, ...]] = [
        *first,
        (
            place.update(TAGS + tag, place.writer.tag(tag, release.tip, f"{version} is begun anew")),
            Update(release.tip, "", ref),
        ),
        (Update("", start, ref),),
    ]
    if staged or candidates:
        made = [
            Update(olds.get(patch) or place.at(branches[patch]), tip, branches[patch]) for patch, tip in tips.items()
        ]
        pushes.append((Update(start, listed, ref), *made))
    if staged:
        gone = [Update(tips[patch], "", branches[patch]) for patch in staged]
        pushes.append((Update(listed, line, ref), *gone))
    left = [_left(tag, patch, work.get(patch, [])) for patch in without]
    done = f"{version} is begun anew" + (f", without {', '.join(without)}" if without else "")
    return place.transaction(done, *pushes, said=left, ahead=len(first))


def _left(tag: str, patch: str, units: Sequence[Unit]) -> str:
    ranges = [f"git cherry-pick {unit.base[:10]}..{unit.tip[:10]}" for unit in units]
    how = " && ".join([f"ho patch new {patch}", *ranges])
    return f"'{patch}' is in no release; '{tag}' keeps it, and this takes it up again: {how}"


def candidates_after(staged: Sequence[str], candidates: Sequence[str], number: int) -> list[str]:
    """The candidates when the first patches are staged again."""
    return [*staged[number:], *candidates]


def _books(place: Workplace, release: Release, candidates: str, stage: str) -> dict[str, Entry | None]:
    return {
        candidates_path(release.version, place.layout): place.writer.blob(candidates),
        stage_path(release.version, place.layout): place.writer.blob(stage),
    }


def _text(patches: Sequence[str]) -> str:
    return "".join(f"{patch}\n" for patch in patches)


def _commit(place: Workplace, parent: str, edits: dict[str, Entry | None], message: str) -> str:
    return place.writer.commit(place.writer.edited(parent, edits), (parent,), message)


def _listed(place: Workplace, release: Release, start: str, patches: Sequence[str]) -> str:
    """The commit that makes all patches candidates again, with their READMEs as they are."""
    edits = _books(place, release, _text(patches), "")
    for patch in patches:
        path = f"{place.layout.path(place.layout.patches, patch)}/{place.layout.readme}"
        known = entry_at(place.project.objects, release.tip, path)
        edits[path] = known or place.writer.blob(f"# {patch}\n")
    return _commit(place, start, edits, f"List the patches of {release.version} again")


def _again(place: Workplace, patch: str, units: Sequence[Unit], onto: str) -> str:
    """What a patch brought, made again on another commit."""
    for unit in units:
        replayed = made_again(place, unit.base, onto, unit.tip)
        if not replayed.tip:
            raise CannotTell(
                f"'{patch}' builds on what is left out: {replayed.said}; leave it out, too: --without {patch}"
            )
        onto = replayed.tip
    return onto


def _integrated(
    place: Workplace, release: Release, parents: tuple[str, str], candidates: Sequence[str], staged: Sequence[str]
) -> str:
    """The merge of a patch that was made again, which stages it."""
    books = _books(place, release, _text(candidates), _text(staged))
    tree = place.writer.tree(tree_entry(place.project.objects, parents[1]), books)
    different = parents if parents[0] != parents[1] else parents[:1]
    return place.writer.commit(tree, different, f"Integrate {staged[-1]} into {release.version}")


def work_of(place: Workplace, release: Release) -> dict[str, list[Unit]]:
    """What each staged patch of a release brought, oldest first; `CannotTell` where that is not clear."""
    found: dict[str, list[Unit]] = {}
    pending: list[Unit] = []
    for commit, parents in _line(place, release):
        unit = _unit(place, release, commit, parents)
        if unit:
            pending.append(unit)
        before, after = (_stage(place, release, each) for each in (parents[0], commit))
        staged = [patch for patch in after if patch not in before and patch not in found]
        for patch in staged:
            found[patch] = [unit for unit in pending if patch in unit.patches]
            pending = [unit for unit in pending if patch not in unit.patches]
        nameless = [unit for unit in pending if not unit.patches]
        if staged and nameless:
            if len(staged) > 1:
                names = ", ".join(staged)
                raise CannotTell(f"which of {names} brought {nameless[0].tip[:10]}? they were staged by one commit")
            found[staged[0]] += nameless
            pending = [unit for unit in pending if unit.patches]
    return found


def _stage(place: Workplace, release: Release, commit: str) -> tuple[str, ...]:
    lines = place.project.lines(commit, release.version, STAGE)
    return lines.ids if lines else ()


def _line(place: Workplace, release: Release) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The commits of a release's own line above production, oldest first, with their parents."""
    options = ("--first-parent", "--reverse", "--parents", release.tip, f"^{place.project.production}")
    for row in place.clone.run("rev-list", *options).splitlines():
        commit, *parents = row.split()
        yield commit, tuple(parents)


def _unit(place: Workplace, release: Release, commit: str, parents: tuple[str, ...]) -> Unit | None:
    """The work that a commit of a release's line brings, None for bookkeeping and for merges of other branches."""
    books = book_paths(release.version, place.layout)
    paths = [change for change in commit_changes(place.project.objects, parents[0], commit) if change.path not in books]
    releases = [tip for version, tip in place.project.release_tips.items() if version != release.version]
    for parent in parents[1:]:
        for tip in (place.project.production, *releases):
            if place.clone.contains(tip, parent):
                return None
    if not paths or _is_bookkeeping(place, paths):
        return None
    folder = place.layout.path(place.layout.patches) + "/"
    patches = {change.path[len(folder) :].split("/")[0] for change in paths if change.path.startswith(folder)}
    return Unit(parents[0], parents[1] if len(parents) > 1 else commit, tuple(sorted(patches)))


def _is_bookkeeping(place: Workplace, paths: Sequence[Change]) -> bool:
    """Whether all that changes is a README of a new candidate, or the folder of a withdrawn one, or a release file."""
    folder, releases = (place.layout.path(name) + "/" for name in (place.layout.patches, place.layout.releases))
    return all(
        change.path.startswith(releases)
        or (change.path.startswith(folder) and (change.new is None or change.path.endswith(f"/{place.layout.readme}")))
        for change in paths
    )

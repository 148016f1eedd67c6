"""How work enters a release: what each commit of a release branch is, and whether a patch has arrived there.

This is section 3.2 of the workflow. Questions are asked by several rules, so the answers live here; the rules say them.
"""

from __future__ import annotations

from halfhooks.config import is_free
from halfhooks.history import between, is_ancestor, merge_bases, parents_first
from halfhooks.layout import CANDIDATES, RC, STAGE
from halfhooks.names import parse_file_name, release_file
from halfhooks.promotion import find_promotion
from halfhooks.release import numbers_in, read_lines
from halfhooks.snapshot import changes, commit_changes, entry_at, folder_at, is_file, is_folder, own_changes
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Optional

    from halfhooks.layout import Layout
    from halfhooks.push import Move, Push
    from halfhooks.release import Lines, Project, Release
    from halfhooks.snapshot import Change, Commit, Entry
    from halfhooks.version import Version

ROOM = "out of its room"
FOREIGN = "foreign release file"
MERGE = "merge with changes"
OTHER = "none of the kinds"


COMPARED = 1000
"""As how many paths the comparison of two files counts: nobody can make us compare very many."""


class Misfit(NamedTuple):
    """A commit that may not enter a release, with what is wrong with it (one of the texts above), where, and why."""

    commit: str
    kind: str
    path: str
    text: str


class Lists(NamedTuple):
    """What a release lists in the tree of one commit."""

    candidates: tuple[str, ...]
    stage: tuple[str, ...]
    rcs: tuple[int, ...]
    rc_ids: tuple[str, ...]


def fork_points(project: Project, release: Release) -> list[str]:
    """The commits of ho-prod that a release is built on: where it began, and what it has merged since.

    What a smaller release is built on, which it has merged, is not among them: that may be older.
    """
    smaller = [tip for version, tip in project.release_tips.items() if version < release.version]
    region = between(project.objects, [release.tip], [project.production, *smaller])
    inside = set(region)
    edge = dict.fromkeys(parent for oid in region for parent in project.objects.commit(oid).parents)
    points = [oid for oid in edge if oid not in inside and is_ancestor(project.objects, oid, project.production)]
    return points or [release.tip]


def patch_paths(push: Push, release_side: str, tip: str) -> dict[str, Change]:
    """The paths that a patch branch changed since it last met the release, with their entries at its tip.

    Where both have merged the same third branch there are several bases: what differs from each is the patch's own.
    """
    bases = merge_bases(push.objects, release_side, tip)
    first, *others = [
        {change.path: change for change in commit_changes(push.objects, base, tip)} for base in bases
    ] or [{}]
    return {path: change for path, change in first.items() if all(path in other for other in others)}


def is_contained(push: Push, commit: str) -> bool:
    """Whether a commit is in production or in a release branch afterwards."""
    tips = [push.after.production, *push.after.release_tips.values()]
    return any(is_ancestor(push.objects, commit, tip) for tip in dict.fromkeys(tips) if tip)


def is_integrated(push: Push, release: Release, patch: str, tip: str) -> bool:
    """Whether the tip of a patch branch, or a squash of it, is in a release, or was in production before."""
    tips = (release.tip, push.base.production)
    if any(is_ancestor(push.objects, tip, each) for each in tips if each):
        return True
    return _was_squashed(push, release.tip, release.version, patch, tip)


def is_squash(push: Push, commit: Commit, version: Version, patch: str, tip: str, whole: bool = False) -> bool:
    """Whether a commit is a squash of a patch branch: the same `Patches/ID/`, and otherwise only what the branch changed.

    A path is as the branch has it, unless the release had changed it too. The commit may carry the bookkeeping of its
    release. `whole`: nothing that the branch changed is missing in it.
    """
    if len(commit.parents) != 1:
        return False
    (parent,) = commit.parents
    if push.objects.commit(parent).tree == commit.tree or not same_patch(push, commit.oid, tip, patch):
        return False
    wanted = patch_paths(push, parent, tip)
    books = book_paths(version, push.layout)
    touched = {
        change.path: change for change in commit_changes(push.objects, parent, commit.oid) if change.path not in books
    }
    if not touched or not touched.keys() <= wanted.keys():
        return False
    if any(change.new != wanted[path].new and change.old == wanted[path].old for path, change in touched.items()):
        return False
    missing = wanted.keys() - touched.keys()
    return not whole or all(entry_at(push.objects, parent, path) == wanted[path].new for path in missing)


def same_patch(push: Push, release_side: str, tip: str, patch: str) -> bool:
    """Whether a release has the directory of a patch as its branch has it, but for a README that only the release has."""
    directory = push.layout.path(push.layout.patches, patch)
    ours, theirs = (dict(folder_at(push.objects, oid, directory).items()) for oid in (release_side, tip))
    readme = {push.layout.readme} - theirs.keys()
    return {name: ours[name] for name in ours if name not in readme} == theirs


def has_work(push: Push, release: Release, patch: str, tip: str) -> bool:
    """Whether a candidate was integrated with anything in it: its branch was not merely made at a commit of the release.

    `tip` is that of its branch, which may have moved on since; "" when it has been deleted: then its directory alone can
    tell.
    """
    if not tip:
        return has_files(push, release.tip, patch)
    if _was_squashed(push, release.tip, release.version, patch, tip):
        return True
    arrived = merge_bases(push.objects, release.tip, tip)
    return any(
        has_files(push, oid, patch)
        or (
            not _is_on_line(push, release, oid)
            and not _is_others(push, release, patch, oid)
            and not _came_with_others(push, patch, tip, oid)
            and _brings_work(push, release.version, oid)
        )
        for oid in arrived
    )


def _is_others(push: Push, release: Release, patch: str, commit: str) -> bool:
    """Whether a commit that a patch branch has merged came from production, from another release, or from a listed patch."""
    tips = [push.base.production]
    tips += [tip for version, tip in push.after.release_tips.items() if version != release.version]
    tips += [tip for other, tip in push.after.patch_tips.items() if other != patch and push.listed_in(other)]
    return any(is_ancestor(push.objects, commit, tip) for tip in dict.fromkeys(tips) if tip)


def _came_with_others(push: Push, patch: str, tip: str, commit: str) -> bool:
    """Whether a patch branch has got a commit by merging another listed patch, whose branch may be gone since.

    Then only what was changed in its directory can tell whose it was.
    """
    merge = None
    on_line = push.objects.commit(tip)
    while is_ancestor(push.objects, commit, on_line.oid):
        if commit == on_line.oid or not on_line.parents:
            return False
        merge, on_line = on_line, push.objects.commit(on_line.parents[0])
    brought = between(push.objects, [commit], [on_line.oid]) if merge else []
    paths = (change.path for oid in brought for change in own_changes(push.objects, push.objects.commit(oid)))
    start = push.layout.path(push.layout.patches, "")
    names = {tuple(path[len(start) :].split("/")) for path in paths if path.startswith(start)}
    others = {name[0] for name in names if len(name) > 1 and name[1:] != (push.layout.readme,)} - {patch}
    return any(push.listed_in(other) for other in others)


def has_files(push: Push, commit: str, patch: str) -> bool:
    """Whether a patch directory holds more than its README."""
    directory = folder_at(push.objects, commit, push.layout.path(push.layout.patches, patch))
    return any(name != push.layout.readme for name in directory.names(""))


def _is_on_line(push: Push, release: Release, tip: str) -> bool:
    """Whether a commit is on the line of first parents of a release, down to production."""
    commit = push.objects.commit(release.tip)
    while commit.oid != tip:
        if not commit.parents or is_ancestor(push.objects, commit.oid, push.base.production):
            return False
        commit = push.objects.commit(commit.parents[0])
    return True


def _brings_work(push: Push, version: Version, tip: str) -> bool:
    """Whether a branch ends in more than bookkeeping; merges without changes of their own do not count."""
    commit = push.objects.commit(tip)
    while len(commit.parents) > 1 and not own_changes(push.objects, commit):
        commit = push.objects.commit(commit.parents[0])
    own = own_changes(push.objects, commit)
    return any(not _is_bookkeeping(push, commit, version, change) for change in own) if commit.parents else True


def book_paths(version: Version, layout: Layout) -> set[str]:
    """The paths of the two files that a release keeps its books in."""
    return {layout.path(layout.releases, release_file(version, form, layout)) for form in (CANDIDATES, STAGE)}


def read_lists(push: Push, commit: str, version: Version) -> Lists:
    """What a release lists in the tree of a commit."""
    layout = push.layout

    def lines(form: str, number: int = 0) -> tuple[str, ...]:
        entry = push.below(commit, layout.releases, release_file(version, form, layout, number))
        found: Optional[Lines] = read_lines(push.objects, entry, layout)
        return found.ids if found else ()

    names = push.names_below(commit, layout.releases)
    rcs = numbers_in(names, version, RC, layout)
    return Lists(lines(CANDIDATES), lines(STAGE), rcs, tuple(patch for n in rcs for patch in lines(RC, n)))


def misfits(push: Push, move: Move) -> list[Misfit]:
    """The commits of a moved release branch that are of none of the kinds that may enter it."""
    return push.once(("misfits", move.ref), lambda: list(_find_misfits(push, move)))


def patch_line(push: Push, version: Version, excluded: Iterable[str]) -> dict[str, set[str]]:
    """The commits of the branches of listed patches that cannot be reached from `excluded`, each with the ids."""
    release = push.arriving(version)
    ids = {*release.candidates, *release.complete} if release else set()
    excluded = list(excluded)
    found: dict[str, set[str]] = {}
    for patch in ids:
        tips = push.patch_tips(patch)
        for oid in between(push.objects, tips, excluded) if tips else ():
            found.setdefault(oid, set()).add(patch)
    return found


def entering(push: Push, move: Move) -> list[str]:
    """The commits that a move brings to a release branch: not from ho-prod, nor from a smaller one in preparation."""
    version = move.name.version
    promotion = find_promotion(push)
    excluded = [move.old, push.before.production]
    if not (promotion and promotion.name.version == version):
        excluded.append(push.after.production)
    for state in (push.before, push.after):
        smaller = (release for release in state.preparing() if version and release.version < version)
        excluded += [release.tip for release in smaller]
    return parents_first(push.objects, between(push.objects, [move.new], excluded))


def _find_misfits(push: Push, move: Move) -> Iterator[Misfit]:
    assert move.name.version is not None
    commits = entering(push, move)
    patches = patch_line(push, move.name.version, [move.old, push.before.production]) if commits else {}
    for oid in commits:
        commit = push.objects.commit(oid)
        ids = patches.get(oid)
        if ids and not outside(push, commit, ids):
            continue
        problem = _what_is_wrong(push, move, commit, patches)
        if problem and ids:
            path = outside(push, commit, ids)[0]
            branch = push.layout.patch + sorted(ids)[0]
            yield Misfit(oid, ROOM, path, f"'{path}' is outside of what '{branch}' may change")
        elif problem:
            yield problem


def outside(push: Push, commit: Commit, patches: Iterable[str]) -> list[str]:
    """The paths that a commit of patch branches changes itself, but that belong to releases, the model or others."""
    layout = push.layout
    found = [layout.path(layout.model, name) for name in push.own(commit, layout.model)]
    for folder, free in ((layout.releases, set()), (layout.patches, set(patches))):
        names = (name for name in push.own(commit, folder) if name not in free and _adds(push, commit, folder, name))
        found += [layout.path(folder, name) for name in names if not _is_readme(push, commit, folder, name)]
    return found


def _adds(push: Push, commit: Commit, folder: str, name: str) -> bool:
    """Whether a commit differs from all its parents in some path below a name; a merge may just bring them together."""
    mine = push.below(commit.oid, folder, name)
    olds = [push.below(parent, folder, name) for parent in commit.parents]
    paths = [{change.path for change in changes(push.objects, old, mine)} for old in olds]
    return not paths or bool(set.intersection(*paths))


def _is_readme(push: Push, commit: Commit, folder: str, name: str) -> bool:
    """Whether a name below a folder is the README that anybody may change."""
    return name == push.layout.readme and not is_folder(push.below(commit.oid, folder, name))


def _what_is_wrong(push: Push, move: Move, commit: Commit, patches: dict[str, set[str]]) -> Optional[Misfit]:
    """Why a commit of a release branch is of none of the kinds, None when it is of one."""
    version = move.name.version
    assert version is not None
    if not commit.parents:
        return Misfit(commit.oid, OTHER, "", "begins a history of its own")
    own = [change for change in own_changes(push.objects, commit) if not is_free(change.path, push.config)]
    strange = [change for change in own if not _is_bookkeeping(push, commit, version, change)]
    if not strange:
        return _wrong_books(push, commit, version)
    if len(commit.parents) > 1:
        strange = [change for change in strange if not _changed_on_both_sides(push, commit, change.path)]
        if not strange:
            return _wrong_books(push, commit, version)
        path = strange[0].path
        return _foreign(push, commit, path) or Misfit(
            commit.oid, MERGE, path, f"the merge {commit.oid[:10]} changes '{path}', which not both sides have changed"
        )
    if _squashed(push, commit, version):
        return _wrong_books(push, commit, version)
    path = strange[0].path
    text = f"{commit.oid[:10]} changes '{path}': it is no bookkeeping of {version}, and in no patch branch of it"
    return _foreign(push, commit, path) or Misfit(commit.oid, OTHER, path, text)


def _foreign(push: Push, commit: Commit, path: str) -> Optional[Misfit]:
    """The misfit of a commit that edits the mutable file of another release."""
    start = push.layout.path(push.layout.releases, "")
    name = parse_file_name(path[len(start) :], push.layout) if path.startswith(start) else None
    if name and name.mutable:
        return Misfit(commit.oid, FOREIGN, path, f"{commit.oid[:10]} edits '{path}', which belongs to {name.version}")
    return None


def _squashed(push: Push, commit: Commit, version: Version) -> str:
    """The candidate whose branch a commit squashes, "" for none."""
    release = push.arriving(version)
    listed = {*release.candidates, *release.complete} if release else set()
    for patch in listed.intersection(read_lists(push, commit.parents[0], version).candidates):
        for tip in push.patch_tips(patch):
            if is_squash(push, commit, version, patch, tip) and not _was_squashed(
                push, commit.parents[0], version, patch, tip
            ):
                return patch
    return ""


def _was_squashed(push: Push, commit: str, version: Version, patch: str, tip: str) -> bool:
    """Whether a squash of a patch branch, as it stands, is already in the history of a commit."""
    line = between(push.objects, [commit], [*merge_bases(push.objects, commit, tip), push.before.production])
    return any(is_squash(push, push.objects.commit(oid), version, patch, tip, whole=True) for oid in line)


def _changed_on_both_sides(push: Push, commit: Commit, path: str) -> bool:
    """Whether two parents changed a path since their merge base: then their merge has to settle it.

    A file that one side renamed and the other edited counts too: git settles it under the new name.
    """
    pairs = [(one, two) for i, one in enumerate(commit.parents) for two in commit.parents[i + 1 :]]
    return any(_settles(push, one, two, path) for one, two in pairs)


def _settles(push: Push, one: str, two: str, path: str) -> bool:
    for base in merge_bases(push.objects, one, two):
        old, ours, theirs = (entry_at(push.objects, oid, path) for oid in (base, one, two))
        if ours != theirs and ours != old and theirs != old:
            return True
        if old is None and (ours is None) != (theirs is None):
            renamer, editor = (one, two) if ours else (two, one)
            renamed = ours or theirs
            gone = {
                change.path: change.old for change in commit_changes(push.objects, base, renamer) if change.new is None
            }
            for change in commit_changes(push.objects, base, editor):
                if change.new and change.path in gone and _is_alike(push, gone[change.path], renamed):
                    return True
    return False


def _is_alike(push: Push, one: Optional[Entry], two: Optional[Entry]) -> bool:
    """Whether two files share half of the lines of the longer one, as git asks of a renamed file."""
    if not (one and two and is_file(one) and is_file(two)):
        return False
    push.objects.spend(COMPARED)
    lines = [push.objects.blob(entry.oid).split(b"\n") for entry in (one, two)]
    return 2 * len(set(lines[0]).intersection(lines[1])) >= max(len(set(each)) for each in lines)


def _is_bookkeeping(push: Push, commit: Commit, version: Version, change: Change) -> bool:
    """Whether a change is one that a release's own commits make: its lists, an RC, a candidate's README, a withdrawal."""
    layout = push.layout
    folder, _, rest = change.path[len(layout.root) :].partition("/")
    if change.path[: len(layout.root)] != layout.root or not rest:
        return False
    if folder == layout.releases:
        name = parse_file_name(rest, layout)
        cut = name is not None and name.form == RC and name.version == version and change.old is None
        return cut or rest == layout.readme or change.path in book_paths(version, layout)
    if folder != layout.patches:
        return False
    patch, _, file = rest.partition("/")
    before, after = (read_lists(push, oid, version) for oid in (commit.parents[0], commit.oid))
    if file == layout.readme and change.old is None:
        return patch in after.candidates and patch not in before.candidates
    if change.new is None and push.below(commit.oid, folder, patch) is None:
        return _is_withdrawn(push, version, patch, before, after)
    return rest == layout.readme


def _is_withdrawn(push: Push, version: Version, patch: str, before: Lists, after: Lists) -> bool:
    """Whether a commit takes a candidate off the lists that had not been integrated."""
    if patch not in before.candidates or patch in after.candidates + after.stage + after.rc_ids:
        return False
    release = push.before.release(version)
    tip = push.before.patch_tips.get(patch, "")
    return not (release and has_work(push, release, patch, tip))


def _wrong_books(push: Push, commit: Commit, version: Version) -> Optional[Misfit]:
    """Why the lists of a release may not change as a commit changes them: no staged id ever simply goes."""
    after = read_lists(push, commit.oid, version)
    olds = [read_lists(push, parent, version) for parent in commit.parents]
    listed = after.candidates + after.stage + after.rc_ids
    path = push.layout.path(push.layout.releases, release_file(version, STAGE, push.layout))
    for before in olds:
        for patch in before.stage + before.rc_ids:
            if patch not in after.stage + after.rc_ids:
                return Misfit(commit.oid, OTHER, path, f"{commit.oid[:10]} drops '{patch}', which was staged")
    gone = [patch for patch in olds[0].candidates if patch not in listed] if len(olds) == 1 else []
    for patch in gone:
        if not _is_withdrawn(push, version, patch, olds[0], after):
            return Misfit(commit.oid, OTHER, path, f"{commit.oid[:10]} drops '{patch}', whose work is in the release")
    return None


def is_dropped(push: Push, release: Release, tip: str) -> bool:
    """Whether the merge that brought a patch branch into a release left out what only the branch had changed."""
    line = between(push.objects, [release.tip], [push.base.production])
    for oid in line:
        commit = push.objects.commit(oid)
        if len(commit.parents) < 2 or tip not in commit.parents[1:]:
            continue
        ours, *merged = commit.parents
        others = [ours, *(parent for parent in merged if parent != tip)]
        for path, change in patch_paths(push, ours, tip).items():
            if entry_at(push.objects, oid, path) == change.new:
                continue
            if all(entry_at(push.objects, other, path) == change.old for other in others):
                return True  # nobody else had changed it: there was nothing to settle
    return False

"""Which releases lie between a database and a target, and whether they still are what production recorded.

Pure functions over what was fetched. A release is what the commit of `ho-prod` holds that introduced its file: a tag has to
name that commit, and the tip of `ho-prod` has to hold the same files still.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Optional, Union

from halfhooks.ho.database.meta import Label, Recorded, parse_label
from halfhooks.ho.database.run import check
from halfhooks.ho.plan import File, Patch, model_files, patch_files
from halfhooks.ho.trees import CommitTree
from halfhooks.layout import HOTFIX, PRODUCTION, TAGS, Layout
from halfhooks.names import parse_file_name, release_tag
from halfhooks.release import parse_lines
from halfhooks.snapshot import Entry, Target, entry_at, folder_at, is_file, is_folder
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from halfhooks.snapshot import Objects, Tree


class Entered(NamedTuple):
    """A release on the production branch: the commit that introduced its file, and what was done to the file since."""

    label: Label
    path: str
    commit: str
    wrong: str


class Release(NamedTuple):
    """A release that can be applied: its patches, with their files as its commit holds them."""

    label: Label
    commit: str
    patches: tuple[Patch, ...]

    @property
    def bytes(self) -> int:
        """How large its files are together."""
        return sum(len(file.content) for patch in self.patches for file in patch.files)

    @property
    def files(self) -> Iterator[tuple[Patch, File]]:
        """Its files in the order in which they run."""
        return ((patch, file) for patch in self.patches for file in patch.files)


class Route(NamedTuple):
    """The way of a database: from a label, over releases in order.

    `wrong` says why it must not be gone, `remarks` what else is worth saying.
    `newer` are the releases beyond the target.
    """

    base: Label
    releases: tuple[Release, ...]
    wrong: tuple[str, ...]
    remarks: tuple[str, ...]
    newer: tuple[Label, ...]

    @property
    def target(self) -> Label:
        """Where it leads."""
        return self.releases[-1].label if self.releases else self.base


def entered(objects: Objects, layout: Layout, tip: str) -> dict[Label, Entered]:
    """The releases of the production branch, oldest first: by its first parents, which no other branch can add to."""
    folder = layout.path(layout.releases)
    found: dict[str, Entered] = {}
    entries: dict[str, Entry] = {}
    gone: set[str] = set()
    newer, commit, last = "", tip, None
    while commit:
        parents = objects.commit(commit).parents
        entry = entry_at(objects, commit, folder)
        if newer and entry == last:
            found = {
                name: each._replace(commit=commit) if each.commit == newer else each for name, each in found.items()
            }
        else:
            _look(found, entries, gone, folder_at(objects, commit, folder), layout, commit, newer)
        newer, last, commit = commit, entry, parents[0] if parents else ""
    return {each.label: each for each in sorted(found.values())}


def _look(
    found: dict[str, Entered],
    entries: dict[str, Entry],
    gone: set[str],
    tree: Tree,
    layout: Layout,
    commit: str,
    newer: str,
) -> None:
    """Take in the release files of one commit, whose child is `newer`."""
    for name, entry in tree.items():
        label = _label(name, layout)
        if label is None or not is_file(entry):
            continue
        path = layout.path(layout.releases, name)
        known = found.get(name)
        if known is None:
            wrong = f"'{path}' was removed by {newer[:9]}" if newer else ""
            found[name], entries[name] = Entered(label, path, commit, wrong), entry
            continue
        wrong = known.wrong
        if entry != entries[name]:
            wrong = wrong or f"'{path}' was edited by {newer[:9]}"
        elif name in gone:
            wrong = wrong or f"'{path}' was removed, and added again by {known.commit[:9]}"
        entries[name] = entry
        found[name] = known._replace(commit=commit, wrong=wrong)
    gone.update(name for name in found if tree.get(name) is None)


def _label(name: str, layout: Layout) -> Optional[Label]:
    parsed = parse_file_name(name, layout)
    if parsed is None or parsed.form not in (PRODUCTION, HOTFIX):
        return None
    return Label(parsed.version, parsed.number)


def find_route(
    objects: Objects, refs: Mapping[str, Target], layout: Layout, tip: str, recorded: Recorded, wanted: str = ""
) -> Route:
    """The way from what a database says it is to a target, that of the production branch for "".

    `CannotTell` where there is no such way: the database or the target is no release of this repository.
    """
    known = entered(objects, layout, tip)
    base = parse_label(recorded.label)
    if base is None:
        raise CannotTell(
            "the database does not say at which release it is; say it once, by the one whose model it equals, such as: "
            f"ho upgrade --adopt {min(known, default='0.0.0')}"
        )
    newest = max(known, default=None)
    if newest is None:
        raise CannotTell(f"there is no release on '{layout.production}' yet: ho status")
    if base not in known:
        raise CannotTell(
            f"the database is at {base}, which is no release of '{layout.production}' (the newest is {newest}): "
            "is this its repository? --from names another"
        )
    target = _target(known, base, newest, wanted)
    way = [each for label, each in known.items() if base < label <= target]
    wrong = list(_base_flaws(objects, layout, known[base], recorded))
    remarks = []
    releases = []
    for each in way:
        flaws, noted = _flaws(objects, refs, layout, tip, each)
        wrong += flaws
        remarks += noted
        release = _read(objects, layout, each)
        if isinstance(release, str):
            wrong.append(release)
        else:
            releases.append(release)
            wrong += [f"{failure.place}: {failure.message}" for failure in map(check, release.patches) if failure]
    wrong += _order(objects, tip, [known[base], *way])
    if recorded.candidates:
        wrong.append(f"the database holds a release candidate: {', '.join(recorded.candidates)}")
    newer = tuple(label for label in known if label > target)
    return Route(base, tuple(releases), tuple(wrong), tuple(remarks), newer)


def _target(known: Mapping[Label, Entered], base: Label, newest: Label, wanted: str) -> Label:
    if not wanted:
        return newest if newest > base else base
    label = parse_label(wanted.removeprefix("v"))
    if label is None:
        raise CannotTell(f"'{wanted}' is no release: X.Y.Z or X.Y.Z-hotfixN")
    if label not in known:
        raise CannotTell(f"{label} is no release of production; the newest is {newest}: ho update")
    if label < base:
        raise CannotTell(f"the database is at {base} already, which is newer than {label}: ho rollback --to {label}")
    return label


def _base_flaws(objects: Objects, layout: Layout, base: Entered, recorded: Recorded) -> Iterator[str]:
    """What the database knows of its own release, held against the repository."""
    if recorded.commit and recorded.commit != base.commit:
        yield (
            f"the database came to {base.label} by the commit {recorded.commit[:9]}, but in this repository "
            f"{base.label} is {base.commit[:9]}"
        )
    contents = {patch: content for label, patch, content in recorded.patches if label == str(base.label)}
    release = _read(objects, layout, base) if contents else None
    if isinstance(release, Release):
        for patch in release.patches:
            if contents.get(patch.id, patch.content) != patch.content:
                yield f"the patch '{patch.id}' is not what the database ran when it came to {base.label}"


def _flaws(
    objects: Objects, refs: Mapping[str, Target], layout: Layout, tip: str, release: Entered
) -> tuple[list[str], list[str]]:
    """What is wrong with a release, and what is only worth a remark."""
    label, commit = release.label, release.commit
    wrong = [release.wrong] if release.wrong else []
    remarks = []
    tag = release_tag(label.version, HOTFIX if label.hotfix else PRODUCTION, layout, label.hotfix)
    target = refs.get(TAGS + tag)
    if target is None:
        remarks.append(
            f"{label} has no tag '{tag}'; it is taken from {commit[:9]}, which brought it to {layout.production}"
        )
    elif target.commit != commit:
        wrong.append(
            f"the tag '{tag}' points at {target.commit[:9]}, but {commit[:9]} is the commit that brought {label}"
        )
    paths = [layout.path(layout.model, f"{start}{label}.sql") for start in (layout.schema, layout.metadata)]
    paths += [layout.path(layout.patches, patch) for patch in _listed(objects, layout, release)]
    for path in [release.path, *paths]:
        before, now = entry_at(objects, commit, path), entry_at(objects, tip, path)
        if before != now and not (path == release.path and release.wrong):
            verb = "is gone from" if now is None else "is another one on" if before else "was added later on"
            wrong.append(f"'{path}' of {label} {verb} {layout.production} ({tip[:9]})")
    return wrong, remarks


def _listed(objects: Objects, layout: Layout, release: Entered) -> tuple[str, ...]:
    entry = entry_at(objects, release.commit, release.path)
    return parse_lines(objects.blob(entry.oid), layout).ids if entry else ()


def _read(objects: Objects, layout: Layout, release: Entered) -> Union[Release, str]:
    """The release with its patches, or what keeps it from being read."""
    entry = entry_at(objects, release.commit, release.path)
    lines = parse_lines(objects.blob(entry.oid) if entry else b"", layout)
    for problem in lines.problems:
        return f"'{release.path}', line {problem.line}: {problem.text}"
    tree = CommitTree(objects, release.commit)
    patches = []
    for patch in lines.ids:
        folder = layout.path(layout.patches, patch)
        if not is_folder(entry_at(objects, release.commit, folder)):
            return f"'{release.path}' lists '{patch}', but {release.commit[:9]} has no folder '{folder}'"
        patches.append(Patch(patch, str(release.label), "production", tuple(patch_files(tree, folder))))
    return Release(release.label, release.commit, tuple(patches))


def _order(objects: Objects, tip: str, way: Sequence[Entered]) -> Iterator[str]:
    """Releases come to production one after the other; another order is that of a history that was rewritten."""
    places: dict[str, int] = {}
    commit = tip
    while commit:
        places[commit] = len(places)
        parents = objects.commit(commit).parents
        commit = parents[0] if parents else ""
    for before, after in zip(way, way[1:]):
        if places[before.commit] < places[after.commit]:
            yield f"{after.label} came to production before {before.label}"


def read_release(objects: Objects, layout: Layout, release: Entered) -> Release:
    """A release with its patches; `CannotTell` where it cannot be read."""
    found = _read(objects, layout, release)
    if isinstance(found, str):
        raise CannotTell(found)
    return found


def model_of(objects: Objects, layout: Layout, release: Entered) -> tuple[File, ...]:
    """The model of a release as its commit holds it; `CannotTell` where there is none."""
    return model_files(CommitTree(objects, release.commit), layout, str(release.label))

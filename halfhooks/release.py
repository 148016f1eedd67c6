"""Release files, and the state of a project that they and the branches describe (workflow: sections 1 and 2)."""

from __future__ import annotations

from halfhooks.history import is_ancestor
from halfhooks.layout import CANDIDATES, HOTFIX, PRODUCTION, RC, STAGE
from halfhooks.names import PATCH_BRANCH, RELEASE_BRANCH, is_patch_id, parse_file_name, parse_ref, release_file
from halfhooks.snapshot import folder_at, is_file
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Optional

    from halfhooks.layout import Layout
    from halfhooks.snapshot import Entry, Objects, Snapshot, Tree
    from halfhooks.version import Version

PREPARATION = "in preparation"
OPEN_HOTFIX = "open for hotfix"
FINISHED = "finished"

LARGEST_RELEASE_FILE = 1 << 20
"""Bytes; a list of patches beyond this is a mistake or an attack."""


class Problem(NamedTuple):
    """What is wrong with a text, and in which line (from 1; 0 for the text as a whole)."""

    line: int
    text: str


class Lines(NamedTuple):
    """A release file's content: the patch ids in order of application, each with its line."""

    ids: tuple[str, ...]
    numbers: tuple[int, ...]
    hotfix: bool
    problems: tuple[Problem, ...]


def parse_lines(content: bytes, layout: Layout) -> Lines:
    """Read a release file. What cannot be read becomes a problem, never an error, so that all of it is reported."""
    if len(content) > LARGEST_RELEASE_FILE:
        return Lines((), (), False, (Problem(0, f"is larger than {LARGEST_RELEASE_FILE >> 20} MiB"),))
    problems = list(_file_problems(content))
    ids, numbers = [], []
    lines = content.decode("utf-8", "replace").split("\n")
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        if is_patch_id(line):
            ids.append(line)
            numbers.append(number)
        elif "\r" not in line and not (number == 1 and line.startswith("\ufeff")):
            problems.append(Problem(number, f"has a line that is no patch id: '{line[:90]}'"))
    return Lines(tuple(ids), tuple(numbers), lines[0] == layout.marker, tuple(problems))


def _file_problems(content: bytes) -> Iterator[Problem]:
    if content.startswith(b"\xef\xbb\xbf"):
        yield Problem(1, "begins with a byte order mark")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        yield Problem(content.count(b"\n", 0, error.start) + 1, "is not UTF-8")
    if b"\r" in content:
        yield Problem(content.count(b"\n", 0, content.index(b"\r")) + 1, "has a carriage return")
    if content and not content.endswith(b"\n"):
        yield Problem(content.count(b"\n") + 1, "does not end with a line feed")


class Release(NamedTuple):
    """One release branch: its tip, its status, and what its own files list there.

    A hotfix has no release candidates: the RC files in its tree are those that its version shipped with.
    """

    version: Version
    tip: str
    status: str
    candidates: tuple[str, ...]
    stage: tuple[str, ...]
    rcs: tuple[int, ...]
    rc_ids: tuple[str, ...]
    hotfix: bool

    @property
    def open(self) -> bool:
        """Whether patches may still enter."""
        return self.status != FINISHED

    @property
    def complete(self) -> tuple[str, ...]:
        """The complete list: what the RC files list, in order, then the stage; each id once."""
        return tuple(dict.fromkeys(self.rc_ids + self.stage))


class Project:
    """The state that a snapshot describes. Everything is read when it is first asked for, and then remembered."""

    def __init__(self, snapshot: Snapshot, layout: Layout, earlier: Optional[Project] = None) -> None:
        """`earlier` is a state whose knowledge is shared as far as the two are the same."""
        self.snapshot = snapshot
        self.layout = layout
        self.objects = snapshot.objects
        self.production = snapshot.tip(layout.production_ref())
        self.release_tips: dict[Version, str] = {}
        self.patch_tips: dict[str, str] = {}
        for ref in snapshot.refs:
            name = parse_ref(ref, layout)
            tip = snapshot.tip(ref)
            if name.kind == RELEASE_BRANCH and name.version and tip:
                self.release_tips[name.version] = tip
            elif name.kind == PATCH_BRANCH and tip:
                self.patch_tips[name.patch] = tip
        self._earlier = earlier if earlier and earlier.production == self.production else None
        self._version: Optional[Version] = None
        self._releases: dict[Version, Release] = {}

    @property
    def version(self) -> Optional[Version]:
        """The production version, None before there is one."""
        if self._earlier:
            return self._earlier.version
        if self._version is None:
            self._version = newest_version(self.release_files(self.production), self.layout)
        return self._version

    @property
    def hotfix(self) -> int:
        """The number of the last hotfix of the production version, 0 for none."""
        if self.version is None:
            return 0
        return max(numbers_in(self.release_files(self.production), self.version, HOTFIX, self.layout), default=0)

    def released(self, version: Version) -> bool:
        """Whether a version is in production, or was."""
        return self.release_files(self.production).get(release_file(version, PRODUCTION, self.layout)) is not None

    def release_files(self, commit: str) -> Tree:
        """The tree of `releases/` in the tree of a commit."""
        return folder_at(self.objects, commit, self.layout.path(self.layout.releases))

    def lines(self, commit: str, version: Version, form: str, number: int = 0) -> Optional[Lines]:
        """The content of a release file in the tree of a commit, None when it is missing or no file."""
        entry = self.release_files(commit).get(release_file(version, form, self.layout, number))
        return read_lines(self.objects, entry, self.layout)

    def release(self, version: Version) -> Optional[Release]:
        """The release branch of a version, None when there is none."""
        tip = self.release_tips.get(version)
        if self._earlier and tip == self._earlier.release_tips.get(version):
            return self._earlier.release(version)
        if tip and version not in self._releases:
            self._releases[version] = read_release(self, version, tip)
        return self._releases.get(version)

    def open_releases(self) -> list[Release]:
        """The releases in preparation and the hotfix that is open, smallest version first."""
        releases = (self.release(version) for version in sorted(self.release_tips))
        return [release for release in releases if release and release.open]

    def preparing(self) -> list[Release]:
        """The releases in preparation, smallest version first."""
        return [release for release in self.open_releases() if release.status == PREPARATION]

    def may_follow(self, version: Version) -> bool:
        """Whether a version is a successor of the production version or of another one in preparation."""
        bases = [release.version for release in self.preparing() if release.version != version]
        return any(version in base.successors() for base in [*bases, *([self.version] if self.version else [])])

    def lists(self, patch: str) -> list[Release]:
        """The open releases that list the patch in any state."""
        return [release for release in self.open_releases() if patch in release.candidates + release.complete]

    def releases_of(self, patch: str) -> list[Release]:
        """The open releases that list the patch as a candidate."""
        return [release for release in self.open_releases() if patch in release.candidates]

    def contains(self, commit: str) -> bool:
        """Whether a commit is in production."""
        return is_ancestor(self.objects, commit, self.production)


def newest_version(files: Tree, layout: Layout) -> Optional[Version]:
    """The highest version that has a production file among `files`."""
    found = [file for file in files.names() if "-" not in file]
    parsed = (parse_file_name(file, layout) for file in _highest_first(found))
    return next((name.version for name in parsed if name and name.form == PRODUCTION), None)


def _highest_first(files: list[str]) -> Iterator[str]:
    """Some names, the highest version first. Of a thousand mostly that one is wanted, and they need not be sorted."""
    if files:
        yield max(files, key=_rank)
        yield from sorted(files, key=_rank, reverse=True)


def _rank(file: str) -> list[tuple[int, str]]:
    """What orders the names of production files as their versions: a longer number is a higher one."""
    return [(len(part), part) for part in file.split(".")[:3]]


def numbers(files: Iterable[str], version: Version, form: str, layout: Layout) -> tuple[int, ...]:
    """The numbers of the RC or hotfix files of a version among `files`, in order."""
    start = f"{version}-"
    names = (parse_file_name(file, layout) for file in files if file.startswith(start))
    return tuple(sorted(name.number for name in names if name and name.version == version and name.form == form))


def numbers_in(folder: Tree, version: Version, form: str, layout: Layout) -> tuple[int, ...]:
    """The numbers of the RC or hotfix files of a version in a tree, in order."""
    return numbers(folder.names(f"{version}-"), version, form, layout)


def read_lines(objects: Objects, entry: Optional[Entry], layout: Layout) -> Optional[Lines]:
    """The content behind an entry of `releases/`, None when it is absent or no file."""
    if entry is None or not is_file(entry):
        return None
    return parse_lines(objects.blob(entry.oid), layout)


def read_release(project: Project, version: Version, tip: str) -> Release:
    """What the files of a version say in the tree of `tip`, and the status that follows (workflow: section 2)."""
    nothing = Lines((), (), False, ())
    candidates = project.lines(tip, version, CANDIDATES) or nothing
    stage = project.lines(tip, version, STAGE) or nothing
    status = _status(project, version, tip, candidates.hotfix)
    rcs = numbers_in(project.release_files(tip), version, RC, project.layout) if status != OPEN_HOTFIX else ()
    lists = (project.lines(tip, version, RC, number) or nothing for number in rcs)
    rc_ids = tuple(patch for each in lists for patch in each.ids)
    return Release(version, tip, status, candidates.ids, stage.ids, rcs, rc_ids, candidates.hotfix)


def _status(project: Project, version: Version, tip: str, hotfix: bool) -> str:
    if not project.released(version):
        return PREPARATION
    if version == project.version and hotfix and not project.contains(tip):
        return OPEN_HOTFIX
    return FINISHED

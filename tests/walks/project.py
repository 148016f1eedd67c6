"""What the walks know of a project: releases, patches, production, and the refs that the server must have.

Written from the description of the workflow alone, independently of the rules that judge the pushes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Optional

from tests.walks.history import FILE, LINK, Clone, Commit, Entry, Files, Source, Tag

Version = tuple[int, int, int]

PRODUCTION = "refs/heads/ho-prod"
SETTINGS = "[halfhooks]\n\tfreePaths = docs/**, README.md\n"


def dotted(version: Version) -> str:
    return ".".join(map(str, version))


def successors(version: Version) -> set[Version]:
    x, y, z = version
    return {(x, y, z + 1), (x, y + 1, 0), (x + 1, 0, 0)}


def lines(ids: Iterable[str]) -> str:
    return "".join(f"{patch_id}\n" for patch_id in ids)


def model_files(name: str) -> dict[str, Entry]:
    """What a promotion adds below model/."""
    return {
        f"model/schema-{name}.sql": (FILE, f"-- schema of {name}\n"),
        f"model/metadata-{name}.sql": (FILE, f"-- metadata of {name}\n"),
        "model/schema.sql": (LINK, f"schema-{name}.sql"),
    }


@dataclass(eq=False)
class Patch:
    """A patch, and its branch if there is one."""

    id: str
    home: Optional[Release]
    """The release that lists it; None once it was withdrawn, released, or its release abandoned."""
    listed: Commit
    """The commit that made it a candidate."""
    tip: Optional[Commit] = None
    base: Optional[Commit] = None
    work: Optional[list[dict[str, str]]] = field(default_factory=list)
    """What its commits above `base` change; None when there are merges among them, which no rebase carries over."""
    commits: int = 0
    """Bits of all the commits that its branch ever had of its own, merges among them."""
    worked: int = 0
    """Bits of those that are no merges."""
    squashed: Optional[Commit] = None
    """The tip that a squash took into the release."""
    above: set[str] = field(default_factory=set)
    """The candidates whose branches it has merged."""

    @property
    def number(self) -> int:
        return int(self.id.partition("-")[0])

    @property
    def branch(self) -> str:
        return f"refs/heads/ho-patch/{self.id}"

    @property
    def folder(self) -> str:
        return f"Patches/{self.id}/"

    @property
    def candidate(self) -> bool:
        return self.home is not None and self.id in self.home.candidates

    @property
    def entered(self) -> bool:
        """Whether any of its work is in its release."""
        return self.squashed is not None or (self.home is not None and bool(self.commits & self.home.tip.reach))

    @property
    def integrated(self) -> bool:
        """Whether all its work is in its release, and it has some."""
        if not self.entered or self.home is None or not self.home.tip.below(self.folder):
            return False
        if self.squashed is None and not self.worked & self.home.tip.reach:
            return False
        return self.tip is None or self.tip is self.squashed or self.home.tip.contains(self.tip)


@dataclass(eq=False)
class Release:
    """A release branch."""

    version: Version
    tip: Commit
    fork: Commit
    """The commit of ho-prod, or of the tag for a hotfix, where it began."""
    hotfix: Optional[int] = None
    """The number of the hotfix that it prepares."""
    candidates: list[str] = field(default_factory=list)
    notes: str = ""
    """Comments in the file of its candidates."""
    stage: list[str] = field(default_factory=list)
    rcs: dict[int, list[str]] = field(default_factory=dict)
    finished: bool = False
    """Promoted, and not deleted yet."""

    @property
    def name(self) -> str:
        return dotted(self.version)

    @property
    def branch(self) -> str:
        return f"refs/heads/ho-release/{self.name}"

    @property
    def tag(self) -> str:
        return f"v{self.name}-hotfix{self.hotfix}" if self.hotfix else f"v{self.name}"

    @property
    def list_name(self) -> str:
        """The name of its promotion: of the list, of the schema."""
        return self.tag[1:]

    def staged(self) -> list[str]:
        """The patches that are fixed: in an RC, or staged."""
        return [*(patch for rc in self.rcs.values() for patch in rc), *self.stage]

    @property
    def candidates_path(self) -> str:
        return f"releases/{self.name}-candidates.txt"

    @property
    def stage_path(self) -> str:
        return f"releases/{self.name}-stage.txt"

    def rc_path(self, number: int) -> str:
        return f"releases/{self.name}-rc{number}.txt"

    @property
    def complete(self) -> list[str]:
        return [patch_id for _, ids in sorted(self.rcs.items()) for patch_id in ids] + self.stage

    def lists(self, candidates: Iterable[str], stage: Iterable[str], notes: Optional[str] = None) -> dict[str, str]:
        """Its two files with these ids."""
        marker = "# HOTFIX\n" if self.hotfix else ""
        notes = self.notes if notes is None else notes
        return {self.candidates_path: marker + notes + lines(candidates), self.stage_path: lines(stage)}

    def production_files(self) -> dict[str, Optional[Entry]]:
        """What its promotion changes."""
        return {
            self.candidates_path: None,
            self.stage_path: None,
            f"releases/{self.list_name}.txt": (FILE, lines(self.complete)),
            **model_files(self.list_name),
        }


class Project:
    """The state of a project, and the refs that the server has to show for it."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        files: Files = {
            "halfhooks.conf": (FILE, SETTINGS),
            "README.md": (FILE, "# shop\n"),
            "releases/0.0.0.txt": (FILE, ""),
            **model_files("0.0.0"),
            "app/shared.py": (FILE, "# shared\n"),
        }
        self.production = clone.commit("Begin the project", [], files)
        self.version: Version = (0, 0, 0)
        self.hotfix: Optional[int] = None
        self.promoted: dict[str, Commit] = {"v0.0.0": self.production}
        """For each tag of a production version, pushed or not, the commit where it belongs."""
        self.releases: dict[Version, Release] = {}
        self.patches: dict[str, Patch] = {}
        self.abandoned: dict[str, Commit] = {}
        self.rc_commits: dict[str, Commit] = {}
        """For each RC tag that could be pushed, the commit that cut it."""
        self.topics: dict[str, Commit] = {}
        self.refs: dict[str, str] = {}
        """What each ref of the server leads to."""
        self.numbers = 0

    # --- who is there

    @property
    def newest_tag(self) -> str:
        return f"v{dotted(self.version)}" + (f"-hotfix{self.hotfix}" if self.hotfix else "")

    def in_preparation(self) -> list[Release]:
        """The releases to come, the smallest first."""
        found = [release for release in self.releases.values() if not release.finished and not release.hotfix]
        return sorted(found, key=lambda release: release.version)

    def open_releases(self) -> list[Release]:
        return [release for release in self.releases.values() if not release.finished]

    def open_hotfix(self) -> Optional[Release]:
        return next((release for release in self.open_releases() if release.hotfix), None)

    def next_promotion(self) -> Optional[Release]:
        """The release whose turn it is."""
        return self.open_hotfix() or next(iter(self.in_preparation()), None)

    def candidates(self) -> list[Patch]:
        return [patch for patch in self.patches.values() if patch.candidate]

    def working(self) -> list[Patch]:
        """The candidates with a branch."""
        return [patch for patch in self.candidates() if patch.tip]

    def frozen(self) -> list[Patch]:
        """The patches whose branch can only be deleted."""
        return [patch for patch in self.patches.values() if patch.tip and not patch.candidate]

    def carried(self, patch: Patch) -> list[Patch]:
        """The candidates that are stacked on a patch."""
        return [other for other in self.candidates() if patch.id in other.above]

    def startable(self) -> list[Version]:
        preparing = self.in_preparation()
        bases = {self.version, *(release.version for release in preparing)}
        newest_rc = max((release.version for release in preparing if release.rcs), default=(0, 0, 0))
        found = {version for base in bases for version in successors(base)} - self.releases.keys()
        return sorted(version for version in found if version > newest_rc)

    def needed(self, release: Release) -> bool:
        """Whether a release in preparation succeeds this one only."""
        others = [other.version for other in self.in_preparation() if other is not release]
        return any(
            not any(version in successors(base) for base in [self.version, *others])
            for version in others
            if version in successors(release.version)
        )

    def shared(self, release: Release) -> bool:
        """Whether another open release has merged this one."""
        own = release.tip.reach & ~self.production.reach
        return any(own & other.tip.reach for other in self.open_releases() if other is not release)

    def next_rc(self, release: Release) -> int:
        start = f"refs/tags/v{release.name}-rc"
        tagged = [int(ref[len(start) :]) for ref in self.refs if ref.startswith(start)]
        return 1 + max([0, *release.rcs, *tagged])

    def next_abandoned(self, release: Release) -> str:
        name = f"v{release.name}-abandoned"
        return next(f"{name}{n}" for n in range(1, 1000) if f"{name}{n}" not in self.abandoned)

    # --- what is made

    def new_number(self) -> int:
        self.numbers += 1
        return self.numbers

    def commit(self, message: str, parents: Iterable[Commit], files: Files) -> Commit:
        return self.clone.commit(message, parents, files)

    def change(self, parent: Commit, message: str, changes: Mapping[str, object]) -> Commit:
        return self.clone.change(parent, message, changes)  # type: ignore[arg-type]

    def tag(self, name: str, commit: Commit) -> Tag:
        return self.clone.tag(name, commit)

    def promote(self, release: Release, tip: Optional[Commit] = None) -> Commit:
        """The merge that promotes a release."""
        tip = tip or release.tip
        files = self.promoted_files(release, tip)
        return self.commit(f"Promote {release.list_name}", [self.production, tip], files)

    def promoted_files(self, release: Release, tip: Commit) -> Files:
        """The tree of that merge."""
        files: dict[str, Entry] = dict(tip.files)
        for path, entry in release.production_files().items():
            if entry is None:
                files.pop(path, None)
            else:
                files[path] = entry
        return files

    # --- what the server must show

    def moved(self, moves: Mapping[str, Source]) -> None:
        """The server has accepted a push."""
        for ref, source in moves.items():
            if source is None:
                self.refs.pop(ref, None)
            else:
                self.refs[ref] = self.clone.object_id(source)

    def untagged(self) -> dict[str, Commit]:
        """The tags that may still be pushed, with the commits where they belong."""
        return {
            name: commit
            for name, commit in {**self.promoted, **self.rc_commits}.items()
            if f"refs/tags/{name}" not in self.refs
        }


def released(project: Project) -> list[str]:
    """The patches that production has."""
    parts = (path.split("/") for path in project.production.files)
    return sorted({each[1] for each in parts if each[0] == "Patches" and len(each) > 2})

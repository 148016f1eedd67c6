"""Pushes that nobody has made yet: what would the rules say if this release were promoted now, or that one started?

The commit of such a push exists only here, in memory, above the objects of the repository; the rules cannot tell. So what
`ho` says of the next step is what the server will say, and no condition of the workflow is written down twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

from halfhooks.ho.edits import Edits, edited
from halfhooks.integration import book_paths
from halfhooks.layout import HEADS, HOTFIX, PRODUCTION
from halfhooks.names import release_file
from halfhooks.push import Push
from halfhooks.release import OPEN_HOTFIX, Project, Release
from halfhooks.rooms import Rooms, read_rooms
from halfhooks.rules import Finding, check
from halfhooks.snapshot import (
    FILE,
    FOLDER,
    SYMLINK,
    Commit,
    Entry,
    SmallTree,
    Snapshot,
    Target,
    Update,
    entry_at,
    folder,
    folder_at,
    tree_entry,
)
from halfhooks.staged import Overlay
from halfhooks.version import Version


class Drafts(Overlay):
    """The objects of a repository with drafts above them.

    The id of a drafted object is a small number: no hash that git has ever made.
    """

    def add_blob(self, content: bytes, mode: str = FILE) -> Entry:
        """Draft a file, or a link."""
        entry = Entry(mode, self._next())
        self._blobs[entry.oid] = content
        return entry

    def add_tree(self, entries: Mapping[str, Entry]) -> Entry:
        """Draft a folder."""
        entry = Entry(FOLDER, self._next())
        self._trees[entry.oid] = SmallTree(dict(sorted(entries.items())))
        return entry

    def add_commit(self, tree: Entry, parents: tuple[str, ...]) -> Commit:
        """Draft a commit, dated after its parents."""
        date = max((self.commit(parent).date for parent in parents), default=0) + 1
        commit = Commit(self._next(), tree.oid, parents, date)
        self._commits[commit.oid] = commit
        return commit

    def edit(self, base: Optional[Entry], edits: Edits) -> Entry:
        """Draft a folder that differs from another one in some paths."""
        return edited(self, base, edits, self.add_tree)

    def _next(self) -> str:
        return f"{len(self._commits) + len(self._trees) + len(self._blobs) + 1:040x}"


def objections_to_promotion(push: Push, release: Release) -> list[Finding]:
    """What the server would refuse a flawless promotion of a release for; `push` moves nothing, as a survey gives it."""
    drafts = Drafts(push.objects)
    project = push.after
    parents = (project.production, release.tip)
    edits = {**brought_together(project, parents), **_bookkeeping(drafts, project, release)}
    merge = drafts.add_commit(drafts.edit(tree_entry(drafts, release.tip), edits), parents)
    update = Update(project.production, merge.oid, push.layout.production_ref())
    found = _errors(_drafted(push, drafts, update, merge))
    return [finding._replace(commit="") if finding.commit == merge.oid else finding for finding in found]


def brought_together(project: Project, parents: tuple[str, str]) -> dict[str, Optional[Entry]]:
    """What the three folders hold in a merge of production and a release; what stands in both is production's."""
    found: dict[str, Optional[Entry]] = {}
    for name in project.layout.folders():
        for oid in reversed(parents):
            entries = folder_at(project.objects, oid, project.layout.path(name)).items()
            found.update((project.layout.path(name, file), entry) for file, entry in entries)
    return found


def _bookkeeping(drafts: Drafts, project: Project, release: Release) -> dict[str, Optional[Entry]]:
    """What a promotion adds to the merge, and removes from it (workflow: section 3.3)."""
    layout, label = project.layout, next_label(project, release)
    edits: dict[str, Optional[Entry]] = dict.fromkeys(book_files(project, release))
    listed = "".join(f"{patch}\n" for patch in release.complete)
    edits[layout.path(layout.releases, f"{label}.txt")] = drafts.add_blob(listed.encode())
    for kind in (layout.schema, layout.metadata):
        edits[layout.path(layout.model, f"{kind}{label}.sql")] = drafts.add_blob(b"")
    link = drafts.add_blob(f"{layout.schema}{label}.sql".encode(), SYMLINK)
    edits[layout.path(layout.model, layout.schema_link)] = link
    return edits


def startable(push: Push) -> list[Version]:
    """The versions that could be started now, at the tip of production."""
    project = push.after
    bases = [project.version, *(release.version for release in project.preparing())]
    versions = {version for base in bases if base for version in base.successors()} - project.release_tips.keys()
    return [version for version in sorted(versions) if not _errors(_started(push, version))]


def next_label(project: Project, release: Release) -> str:
    """The version that a release gets in production, as its files are named: `X.Y.Z` or `X.Y.Z-hotfixN`."""
    hotfix = release.status == OPEN_HOTFIX
    form, number = (HOTFIX, project.hotfix + 1) if hotfix else (PRODUCTION, 0)
    return release_file(release.version, form, project.layout, number)[: -len(".txt")]


def book_files(project: Project, release: Release) -> list[str]:
    """Those of the two mutable files of a release that exist at its tip, candidates first."""
    paths = book_paths(release.version, project.layout)
    return sorted(path for path in paths if entry_at(project.objects, release.tip, path))


def _started(push: Push, version: Version) -> Push:
    production = push.after.production
    return _drafted(push, Drafts(push.objects), Update("", production, f"{HEADS}{push.layout.release}{version}"))


def _drafted(push: Push, drafts: Drafts, update: Update, *commits: Commit) -> Push:
    """The push of one update above the state that another push does not move."""
    refs = {**push.after.snapshot.refs, update.ref: Target(update.new, "commit", update.new)}
    after = Project(Snapshot(refs, drafts), push.layout, push.after)
    rooms = {**push.rooms, **{commit.tree: _rooms(drafts, commit, push) for commit in commits}}
    return Push(push.after, after, (update,), commits, rooms, push.config, push.transport, {})


def _rooms(drafts: Drafts, commit: Commit, push: Push) -> Rooms:
    root = tree_entry(drafts, commit.oid)
    for name in push.layout.root.split("/")[:-1]:
        root = folder(drafts, root).get(name) or drafts.add_tree({})
    return read_rooms(push.layout, SmallTree(dict(folder(drafts, root).items())))


def _errors(push: Push) -> list[Finding]:
    return [finding for finding in check(push) if not finding.warning]

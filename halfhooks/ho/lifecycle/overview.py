"""What releases and patches there are, for people and as JSON: states, authors, ages, sizes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Callable

from halfhooks.git import GitError
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.lifecycle.fetching import choose_remote, open_survey
from halfhooks.ho.progress import CANDIDATE, Patch, Preparation, Progress, read_progress
from halfhooks.ho.records import Records
from halfhooks.ho.repository import Clone, find_git
from halfhooks.layout import HEADS
from halfhooks.objects import MalformedObject
from halfhooks.push import Push
from halfhooks.release import OPEN_HOTFIX
from halfhooks.snapshot import folder_at, is_file
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple
from halfhooks.version import parse_version

FORMAT = 1
SQL = ".sql"


class Line(NamedTuple):
    """A patch: who worked on it last and when (a date), and what its SQL is: files and bytes."""

    patch: Patch
    author: str
    date: str
    files: int
    bytes: int


class Overview(NamedTuple):
    """The releases with their patches. `validated`: whether the tip of each passed validation in this clone."""

    progress: Progress
    lines: dict[str, tuple[Line, ...]]
    validated: dict[str, bool]


def read_overview(remote: str) -> Overview:
    """Read it, without asking the remote; `CannotTell` where there is no project."""
    git = find_git()
    clone = Clone(git)
    with open_survey(git, clone, remote or choose_remote(clone)) as survey:
        push, _ = survey.state()
        progress = read_progress(clone, survey, push)
        lines = {str(release.version): tuple(_lines(clone, push, release)) for release in progress.releases}
        records = Records(clone.common_dir)
        tips = {str(version): tip for version, tip in push.after.release_tips.items()}
        valid = {version: records.find(push.objects.commit(tip).tree) is not None for version, tip in tips.items()}
        return Overview(progress, lines, valid)


def _lines(clone: Clone, push: Push, release: Preparation) -> Iterator[Line]:
    tip = push.after.release_tips.get(release.version, "") or clone.commit(HEADS + release.branch.name)
    for patch in release.patches:
        own = push.after.patch_tips.get(patch.id) or clone.commit(HEADS + patch.branch.name)
        commit = own if patch.branch.exists and own else tip
        folder = push.layout.path(push.layout.patches, patch.id)
        within = [] if patch.branch.exists else ["--", f":(top,literal){folder}"]
        last = clone.run("log", "-1", "--format=%an%x00%as", commit, *within)
        author, _, date = last.partition("\0")
        found = [entry for name, entry in folder_at(push.objects, commit, folder).items() if name.endswith(SQL)]
        sizes = [len(push.objects.blob(entry.oid)) for entry in found if is_file(entry)]
        yield Line(patch, author, date, len(sizes), sum(sizes))


# --- showing

Show = Callable[[Console, Overview, Sequence[Preparation]], None]


def show_releases(console: Console, remote: str, as_json: bool) -> int:
    """`ho release list`."""
    return _shown(console, remote, as_json, "", _release_table)


def show_release(console: Console, version: str, remote: str, as_json: bool) -> int:
    """`ho release show`."""
    return _shown(console, remote, as_json, version, _whole_releases)


def show_patches(console: Console, version: str, remote: str, as_json: bool) -> int:
    """`ho patch list`."""
    return _shown(console, remote, as_json, version, _patch_table)


def _shown(console: Console, remote: str, as_json: bool, version: str, show: Show) -> int:
    try:
        overview = read_overview(remote)
        releases = _chosen(overview.progress, version)
    except (CannotTell, GitError, MalformedObject) as error:
        return cannot_tell(str(error))
    if as_json:
        values = [to_values(overview, release) for release in releases]
        print(json.dumps({"version": FORMAT, "production": overview.progress.label, "releases": values}, indent=2))
    else:
        show(console, overview, releases)
    return 0


def _chosen(progress: Progress, version: str) -> Sequence[Preparation]:
    if not version:
        return progress.releases
    if parse_version(version) is None:
        raise CannotTell(f"'{version}' is no version: X.Y.Z")
    found = progress.find(version)
    if found is None:
        raise CannotTell(f"{version} is not open: ho release list")
    return [found]


def to_values(overview: Overview, release: Preparation) -> dict[str, object]:
    """A release as the values of JSON."""
    version = str(release.version)
    return {
        "version": version,
        "label": release.label,
        "status": release.status,
        "branch": release.branch.name,
        "rcs": list(release.rcs),
        "next": release == overview.progress.turn,
        "validated": overview.validated.get(version, False),
        "objections": [{"code": finding.code, "text": finding.text} for finding in release.objections],
        "patches": [
            {
                "id": line.patch.id,
                "state": line.patch.state or line.patch.here,
                "branch": line.patch.branch.name if line.patch.branch.exists else None,
                "author": line.author,
                "date": line.date,
                "files": line.files,
                "bytes": line.bytes,
                "waiting": line.patch.waiting,
            }
            for line in overview.lines[version]
        ],
    }


def _release_table(console: Console, overview: Overview, releases: Sequence[Preparation]) -> None:
    console.line(f"in production: {overview.progress.label}")
    if not releases:
        console.line("no release is open: ho release new minor (or patch, or major)")
        return
    rows = []
    for release in releases:
        states = [line.patch.state or line.patch.here for line in overview.lines[str(release.version)]]
        counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states)) or "no patch"
        rcs = f"rc{release.rcs[-1]}" if release.rcs else ""
        note = "next" if release == overview.progress.turn else ""
        valid = "valid" if overview.validated.get(str(release.version)) else ""
        rows.append((release.label, release.status, rcs, counts, valid, note))
    console.table(("release", "status", "last rc", "patches", "tip", ""), rows)


def _whole_releases(console: Console, overview: Overview, releases: Sequence[Preparation]) -> None:
    for release in releases:
        groups = [(line.patch.id, list(_facts(line))) for line in overview.lines[str(release.version)]]
        groups = groups or [("no patch yet", [])]
        rcs = f", {len(release.rcs)} RC" if release.rcs else ""
        console.tree(f"{release.label} ({release.status}{rcs})", groups)
        for finding in release.objections:
            console.line(f"  keeps it from production [{finding.code}]: {finding.text}", "yellow")
        if release.promotable:
            to = "hotfix" if release.status == OPEN_HOTFIX else "prod"
            console.line(f"  it can go to production: ho release promote {to}", "green")


def _facts(line: Line) -> Iterator[str]:
    patch = line.patch
    waiting = f", {patch.waiting} commits wait on its branch" if patch.waiting and patch.state != CANDIDATE else ""
    yield f"{patch.state or patch.here}{waiting}"
    yield f"{line.author}, {line.date}"
    yield f"{line.files} SQL file{'' if line.files == 1 else 's'}, {line.bytes} bytes"


def _patch_table(console: Console, overview: Overview, releases: Sequence[Preparation]) -> None:
    rows = []
    for release in releases:
        for line in overview.lines[str(release.version)]:
            state = line.patch.state or line.patch.here
            size = f"{line.files} file{'' if line.files == 1 else 's'}, {line.bytes} bytes"
            rows.append((line.patch.id, release.label, state, line.author, line.date, size))
    if rows:
        console.table(("patch", "release", "state", "last by", "on", "SQL"), rows)
    else:
        console.line("no open release lists a patch: ho patch new ID -d 'what it is for'")

"""Moves that are made by `ho`. Each is a generator of one command, with the refs that it must move; what follows then holds.

It gets what these refs lead to now, and holds that against what the description of the workflow says.
"""

from __future__ import annotations

from collections.abc import Generator
from random import Random
from typing import Any, Callable, NamedTuple

from tests.walks.history import Commit, Moves
from tests.walks.moves import MOVES
from tests.walks.moves._registry import MANY, flip
from tests.walks.moves.candidates import new_id, room
from tests.walks.moves.integration import move_ids, ready
from tests.walks.moves.production import promotable, rc_ready, shipped
from tests.walks.moves.releases import behind, forget
from tests.walks.moves.work import loose
from tests.walks.project import PRODUCTION, Patch, Project, Release, Version, dotted

Command = Generator[tuple[str, set[str]], Moves, None]


class Drive(NamedTuple):
    """Something that developers do by ho."""

    subjects: Callable[[Project], list[Any]]
    command: Callable[[Project, Random, Any], Command]
    weight: int


DRIVES: dict[str, Drive] = {}


def drive(subjects: Callable[[Project], list[Any]], weight: int = 1) -> Callable[..., Any]:
    """A command that can be given for these subjects."""

    def register(command: Callable[[Project, Random, Any], Command]) -> Callable[[Project, Random, Any], Command]:
        DRIVES[f"ho_{command.__name__}"] = Drive(subjects, command, weight)
        return command

    return register


def commit_at(moved: Moves, ref: str) -> Commit:
    made = moved[ref]
    assert isinstance(made, Commit), f"{ref} is no branch any more"
    return made


def disagreements(project: Project) -> list[str]:
    """Where the lists of the open releases are not what the model says."""
    wrong = []
    for release in project.open_releases():
        said = {release.candidates_path: release.candidates, release.stage_path: release.stage}
        said.update({release.rc_path(number): listed for number, listed in release.rcs.items()})
        for path, listed in said.items():
            found = ids(release.tip, path)
            if found != listed:
                wrong.append(f"{path} of {release.name} lists {found}, not {listed}")
    return wrong


def ids(commit: Commit, path: str) -> list[str]:
    """The ids in a release file of a commit."""
    _, text = commit.files.get(path, ("", ""))
    return [line for line in text.splitlines() if line and not line.startswith("#")]


# --- releases


@drive(lambda project: project.startable() if len(project.releases) < MANY else [])
def start_release(project: Project, random: Random, version: Version) -> Command:
    release = Release(version, project.production, project.production)
    moved = yield f"release new {release.name} --no-switch", {release.branch}
    release.tip = commit_at(moved, release.branch)
    assert release.tip.parents == (project.production,)
    assert release.tip.files.keys() == project.production.files.keys() | release.lists([], []).keys()
    project.releases[version] = release


@drive(behind)
def sync(project: Project, random: Random, release: Release) -> Command:
    moved = yield f"release sync {release.name}", {release.branch}
    tip = commit_at(moved, release.branch)
    if project.production.contains(release.tip):  # it has nothing of its own
        assert tip is project.production
    else:
        assert tip.parents == (release.tip, project.production)
    release.tip = tip


@drive(MOVES["abandon"].subjects)
def abandon(project: Project, random: Random, release: Release) -> Command:
    name = project.next_abandoned(release)
    yield f"release abandon {release.name}", {f"refs/tags/{name}", release.branch}
    project.abandoned[name] = release.tip
    forget(project, release)


def restartable(project: Project) -> list[Release]:
    """The releases that can end and begin anew; nothing in them is stacked on what is not staged."""
    return [
        release
        for release in MOVES["abandon"].subjects(project)
        if not any(project.patches[patch].above for patch in release.candidates)
    ]


@drive(restartable)
def restart(project: Project, random: Random, release: Release) -> Command:
    """What was staged is staged again, and what was in an RC; the candidates have their work on the new line."""
    name, staged = project.next_abandoned(release), release.complete
    branches = {project.patches[patch].branch for patch in (*release.candidates, *staged) if project.patches[patch].tip}
    moved = yield f"release restart {release.name}", {f"refs/tags/{name}", release.branch, *branches}
    project.abandoned[name] = before = release.tip
    for number in release.rcs:
        project.rc_commits.pop(f"v{release.name}-rc{number}", None)
    release.tip, release.fork = commit_at(moved, release.branch), project.production
    release.stage, release.rcs, release.notes = staged, {}, ""
    for patch in map(project.patches.__getitem__, staged):
        patch.tip = None
        assert release.tip.below(patch.folder) == before.below(patch.folder)
    for patch in map(project.patches.__getitem__, release.candidates):
        again = Patch(patch.id, release, release.tip, commits=patch.commits)
        if patch.tip:
            made_again(again, patch, commit_at(moved, patch.branch))
        project.patches[patch.id] = again


def made_again(again: Patch, patch: Patch, tip: Commit) -> None:
    """The branch of a patch holds its work on another line."""
    assert again.home
    again.tip, again.work = tip, None
    while not again.home.tip.contains(tip):
        again.commits |= 1 << tip.number
        again.worked |= 1 << tip.number
        (tip,) = tip.parents
    again.base = tip
    assert again.tip
    assert patch.tip
    before, after = patch.tip.below(patch.folder), again.tip.below(patch.folder)
    readme = {f"{patch.folder}README.md"} - before.keys()  # which comes with the listing
    found = {path: entry for path, entry in after.items() if path not in readme}
    assert found == before or not patch.worked, f"{patch.folder} holds {found}, not {before}"


# --- patches


@drive(room, weight=2)
def new_patch(project: Project, random: Random, release: Release) -> Command:
    patch_id = new_id(project, random)
    branch = f"refs/heads/ho-patch/{patch_id}"
    moved = yield f"patch new {patch_id} --release {release.name} --no-switch", {release.branch, branch}
    listed = commit_at(moved, branch)
    assert moved[release.branch] is listed
    assert listed.files.keys() - release.tip.files.keys() <= {
        f"Patches/{patch_id}/README.md",
        release.candidates_path,
        release.stage_path,
    }
    release.tip = listed
    release.candidates.append(patch_id)
    project.patches[patch_id] = Patch(patch_id, release, listed, tip=listed, base=listed)


@drive(ready, weight=6)
def close(project: Project, random: Random, patch: Patch) -> Command:
    release, work = patch.home, patch.tip
    assert release
    assert work
    moved = yield f"patch close {patch.id} --no-tests", {release.branch, patch.branch}
    tip = commit_at(moved, release.branch)
    assert moved[patch.branch] is None
    assert tip.parents == (release.tip, work)
    assert tip.below(patch.folder) == work.below(patch.folder)
    release.tip, patch.tip = tip, None
    move_ids(release, [patch.id])


@drive(loose)
def drop(project: Project, random: Random, patch: Patch) -> Command:
    release = patch.home
    assert release
    gone = bool(patch.tip) and flip(random)
    moved = yield (
        f"patch drop {patch.id}{' --delete' if gone else ''}",
        {release.branch, *([patch.branch] if gone else [])},
    )
    tip = commit_at(moved, release.branch)
    assert not tip.below(patch.folder)
    release.tip, patch.home = tip, None
    release.candidates.remove(patch.id)
    if gone:
        patch.tip = None


@drive(MOVES["move_patch"].subjects)
def move_patch(project: Project, random: Random, pair: tuple[Patch, Release]) -> Command:
    """The work is made again above the other release."""
    patch, release = pair
    home = patch.home
    assert home
    moved = yield (
        f"patch move {patch.id} --to {release.name}",
        {home.branch, release.branch, patch.branch},
    )
    home.tip, release.tip = commit_at(moved, home.branch), commit_at(moved, release.branch)
    home.candidates.remove(patch.id)
    release.candidates.append(patch.id)
    again = Patch(patch.id, release, release.tip, commits=patch.commits)
    tip = commit_at(moved, patch.branch)
    if patch.tip:
        made_again(again, patch, tip)
    else:
        assert tip is release.tip
        again.tip = again.base = tip
    project.patches[patch.id] = again


@drive(lambda project: [release for release in project.open_releases() if len(release.candidates) > 1])
def order(project: Project, random: Random, release: Release) -> Command:
    first = random.choice(release.candidates[1:])
    moved = yield f"patch order {first} --release {release.name}", {release.branch}
    release.tip = commit_at(moved, release.branch)
    release.candidates = [first, *(patch for patch in release.candidates if patch != first)]


# --- production


@drive(rc_ready, weight=6)
def cut_rc(project: Project, random: Random, release: Release) -> Command:
    number = project.next_rc(release)
    name = f"v{release.name}-rc{number}"
    moved = yield "release promote rc --no-tests", {release.branch, f"refs/tags/{name}"}
    tip = commit_at(moved, release.branch)
    assert tip.parents == (release.tip,)
    release.rcs[number], release.stage = release.stage, []
    release.tip = project.rc_commits[name] = tip


@drive(promotable, weight=8)
def promote(project: Project, random: Random, release: Release) -> Command:
    """A release that is behind production is brought up to it first."""
    how = "hotfix" if release.hotfix else "prod"
    moved = yield f"release promote {how} --no-tests", {PRODUCTION, f"refs/tags/{release.tag}", release.branch}
    assert moved[release.branch] is None
    done = commit_at(moved, PRODUCTION)
    before, tip = done.parents
    assert before is project.production
    if release.tip.contains(before):
        assert tip is release.tip
    else:
        assert tip.parents == (release.tip, before)
    expected = project.promoted_files(release, tip)
    assert done.files.keys() == expected.keys()
    assert [path for path in expected if done.files[path] != expected[path] and not path.startswith("model/")] == []
    assert done.files["model/schema.sql"] == expected["model/schema.sql"]
    shipped(project, release, done, tip, gone=True)


@drive(MOVES["open_hotfix"].subjects, weight=4)
def open_hotfix(project: Project, random: Random, version: Version) -> Command:
    fork = project.promoted[project.newest_tag]
    release = Release(version, fork, fork, hotfix=(project.hotfix or 0) + 1)
    moved = yield "release hotfix --no-switch", {release.branch}
    release.tip = commit_at(moved, release.branch)
    assert release.tip.parents == (fork,), f"{dotted(version)} is not reopened from {project.newest_tag}"
    project.releases[version] = release

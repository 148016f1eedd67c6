"""Patches are listed, withdrawn, moved."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.walks.history import Commit, Source
from tests.walks.moves._registry import MANY, Pushes, flip, move
from tests.walks.moves.work import add_work, loose, replay
from tests.walks.project import Patch, Project, Release


def room(project: Project) -> list[Release]:
    return [release for release in project.open_releases() if len(release.candidates) < MANY]


@move(room)
def list_patch(project: Project, random: Random, release: Release) -> Pushes:
    """A new candidate, whose branch comes with it or later."""
    patch_id = new_id(project, random)
    changes = {f"Patches/{patch_id}/README.md": f"# {patch_id}\n"} if flip(random) else {}
    listed = enlist(project, release, patch_id, changes)
    patch = Patch(patch_id, release, listed)
    moves: dict[str, Source] = {release.branch: listed}
    if flip(random):
        begin_branch(project, random, patch, listed)
        moves[patch.branch] = patch.tip
    yield moves
    release.tip = listed
    release.candidates.append(patch_id)
    project.patches[patch_id] = patch


@move(room)
def list_two(project: Project, random: Random, release: Release) -> Pushes:
    """Two new candidates with their branches, in one push."""
    first, second = new_id(project, random), new_id(project, random)
    changes = {f"Patches/{patch_id}/README.md": f"# {patch_id}\n" for patch_id in (first, second)}
    files = release.lists([*release.candidates, first, second], release.stage)
    listed = project.change(release.tip, f"List {first} and {second}", {**files, **changes})
    patches = [Patch(first, release, listed), Patch(second, release, listed)]
    for patch in patches:
        begin_branch(project, random, patch, listed)
    yield {release.branch: listed, **{patch.branch: patch.tip for patch in patches}}
    release.tip = listed
    for patch in patches:
        release.candidates.append(patch.id)
        project.patches[patch.id] = patch


def new_id(project: Project, random: Random) -> str:
    number = project.new_number()
    return f"{random.choice((str(number), f'{number:03}'))}-{random.choice(('fix', 'new-table', 'x1'))}"


def enlist(project: Project, release: Release, patch_id: str, changes: dict[str, Any]) -> Commit:
    files = release.lists([*release.candidates, patch_id], release.stage)
    return project.change(release.tip, f"List {patch_id} in {release.name}", {**files, **changes})


def begin_branch(project: Project, random: Random, patch: Patch, start: Commit) -> None:
    """The branch of a patch begins, in the model, perhaps with work on it."""
    patch.tip = patch.base = start
    patch.work = []
    patch.above = set()
    if flip(random):
        add_work(project, random, patch)


@move(lambda project: [patch for patch in project.candidates() if not patch.tip and not patch.entered])
def open_branch(project: Project, random: Random, patch: Patch) -> Pushes:
    """The branch of a patch comes later than its listing: from there, from the release, or from where that began."""
    assert patch.home
    starts = [patch.listed, patch.home.tip, patch.home.fork]
    begin_branch(project, random, patch, random.choice([start for start in starts if start.contains(patch.home.fork)]))
    yield {patch.branch: patch.tip}


@move(
    lambda project: [
        (patch, release)
        for patch in project.patches.values()
        if patch.home is None and released_in(project, patch) is None
        for release in room(project)
        if not release.tip.below(patch.folder)
    ]
)
def list_again(project: Project, random: Random, pair: tuple[Patch, Release]) -> Pushes:
    """A patch that was withdrawn, or whose release was abandoned, becomes a candidate again."""
    patch, release = pair
    listed = enlist(project, release, patch.id, {f"{patch.folder}README.md": f"# {patch.id}, again\n"})
    moves: dict[str, Source] = {release.branch: listed}
    again = Patch(patch.id, release, listed, commits=patch.commits)
    if patch.tip or flip(random):
        begin_branch(project, random, again, listed)
        moves[patch.branch] = again.tip
    yield moves
    release.tip = listed
    release.candidates.append(patch.id)
    project.patches[patch.id] = again


def released_in(project: Project, patch: Patch) -> str | None:
    """The list in production that names a patch."""
    for path, (_, text) in project.production.below("releases/").items():
        if patch.id in text.splitlines():
            return path
    return None


@move(loose)
def withdraw(project: Project, random: Random, patch: Patch) -> Pushes:
    release = patch.home
    assert release
    tip = withdrawn(project, patch, release)
    gone = patch.tip and flip(random)
    yield {release.branch: tip, **({patch.branch: None} if gone else {})}
    release.tip = tip
    release.candidates.remove(patch.id)
    patch.home = None
    if gone:
        patch.tip = None


def withdrawn(project: Project, patch: Patch, release: Release) -> Commit:
    files: dict[str, Any] = dict.fromkeys(release.tip.below(patch.folder))
    files.update(release.lists([other for other in release.candidates if other != patch.id], release.stage))
    return project.change(release.tip, f"Withdraw {patch.id}", files)


@move(
    lambda project: [
        (patch, release)
        for patch in loose(project)
        if not patch.above
        for release in room(project)
        if release is not patch.home and not release.tip.below(patch.folder)
    ]
)
def move_patch(project: Project, random: Random, pair: tuple[Patch, Release]) -> Pushes:
    """A candidate moves to another release, with its branch, in one push."""
    patch, release = pair
    home = patch.home
    assert home
    left = withdrawn(project, patch, home)
    listed = enlist(project, release, patch.id, {f"{patch.folder}README.md": f"# {patch.id}\n"})
    moved = Patch(patch.id, release, listed, commits=patch.commits)
    moves: dict[str, Source] = {home.branch: left, release.branch: listed}
    if patch.tip:
        moved.tip = moved.base = listed
        replay(project, moved, patch.work or [])
        moves[patch.branch] = moved.tip
    yield moves
    home.tip, release.tip = left, listed
    home.candidates.remove(patch.id)
    release.candidates.append(patch.id)
    project.patches[patch.id] = moved


@move(lambda project: [release for release in project.open_releases() if release.candidates])
def edit_candidates(project: Project, random: Random, release: Release) -> Pushes:
    """Reorder the candidates, write a comment."""
    candidates = random.sample(release.candidates, len(release.candidates))
    notes = random.choice(("", "# by importance\n\n"))
    tip = project.change(release.tip, "Edit the candidates", release.lists(candidates, release.stage, notes))
    yield {release.branch: tip}
    release.tip, release.candidates, release.notes = tip, candidates, notes


@move(lambda project: [release for release in project.open_releases() if len(release.stage) > 1], weight=2)
def reorder_stage(project: Project, random: Random, release: Release) -> Pushes:
    stage = random.sample(release.stage, len(release.stage))
    tip = project.change(release.tip, "Reorder the stage", release.lists(release.candidates, stage))
    yield {release.branch: tip}
    release.tip, release.stage = tip, stage

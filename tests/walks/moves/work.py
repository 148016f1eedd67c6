"""Work on patch branches."""

from __future__ import annotations

from random import Random

from tests.walks.history import Commit, merge, taking
from tests.walks.moves._registry import SHARED, Pushes, move
from tests.walks.project import Patch, Project, released


def add_work(project: Project, random: Random, patch: Patch) -> None:
    """A commit on the branch of a patch, in the model."""
    assert patch.tip
    turn = len(project.clone.commits)
    slug = patch.id.replace("-", "_")
    paths = [f"app/p_{slug}.py", f"{patch.folder}02_more.sql", f"tests/p_{slug}_test.py", SHARED]
    first = f"{patch.folder}01_change.sql"
    changes = {first: patch.tip.files.get(first, ("", ""))[1] + f"select {turn};\n"}
    path = random.choice(paths)
    comment = "--" if path.endswith(".sql") else "#"
    changes[path] = patch.tip.files.get(path, ("", ""))[1] + f"{comment} {patch.id} {turn}\n"
    grow(patch, project.change(patch.tip, f"Work on {patch.id}", changes), work=True)
    if patch.work is not None:
        patch.work.append(changes)


def grow(patch: Patch, tip: Commit, work: bool = False) -> None:
    patch.tip = tip
    patch.commits |= 1 << tip.number
    patch.worked |= work << tip.number


def replay(project: Project, patch: Patch, work: list[dict[str, str]]) -> None:
    """Do the work of a patch again, on another base, in the model."""
    patch.work = []
    for changes in work:
        assert patch.tip
        grow(patch, project.change(patch.tip, f"Work on {patch.id}, again", changes), work=True)
        patch.work.append(changes)


def loose(project: Project) -> list[Patch]:
    """The candidates of which nothing is in the release, and on which no other is stacked."""
    return [patch for patch in project.candidates() if not patch.entered and not project.carried(patch)]


@move(Project.working, weight=2)
def work(project: Project, random: Random, patch: Patch) -> Pushes:
    for _ in range(random.choice((1, 2))):
        add_work(project, random, patch)
    yield {patch.branch: patch.tip}


def rewritable(project: Project) -> list[Patch]:
    return [patch for patch in loose(project) if patch.tip and patch.work]


@move(rewritable)
def amend(project: Project, random: Random, patch: Patch) -> Pushes:
    assert patch.work
    *before, last = patch.work
    first = f"{patch.folder}01_change.sql"
    patch.tip = patch.base
    replay(project, patch, [*before, {**last, first: last[first] + f"-- better {len(project.clone.commits)}\n"}])
    yield {patch.branch: patch.tip}


@move(lambda project: [patch for patch in rewritable(project) if patch.home and not patch.tip.contains(patch.home.tip)])
def rebase(project: Project, random: Random, patch: Patch) -> Pushes:
    assert patch.home and patch.work
    patch.tip = patch.base = patch.home.tip
    replay(project, patch, patch.work)
    yield {patch.branch: patch.tip}


def merge_into_patch(project: Project, patch: Patch, other: Commit, what: str) -> None:
    assert patch.tip
    files = merge(patch.tip, other, patch.folder, patch.tip)
    fixed = dict.fromkeys(released(project), project.production)
    fixed.update(dict.fromkeys(patch.home.staged() if patch.home else [], patch.home.tip if patch.home else other))
    for each, source in fixed.items():
        folder = f"Patches/{each}/"
        both = [commit for commit in (other, patch.tip) if commit.below(folder)]
        same = [commit for commit in both if commit.below(folder) == source.below(folder)]
        files = taking(files, (same or both)[-1], [each]) if both else files
    grow(patch, project.commit(f"Merge {what} into {patch.id}", [patch.tip, other], files))
    patch.work = None


@move(lambda project: [patch for patch in project.working() if patch.home and not patch.tip.contains(patch.home.tip)])
def merge_release(project: Project, random: Random, patch: Patch) -> Pushes:
    assert patch.home
    merge_into_patch(project, patch, patch.home.tip, patch.home.name)
    yield {patch.branch: patch.tip}


@move(lambda project: [patch for patch in project.working() if not patch.tip.contains(project.production)])
def merge_production(project: Project, random: Random, patch: Patch) -> Pushes:
    merge_into_patch(project, patch, project.production, "ho-prod")
    yield {patch.branch: patch.tip}


@move(
    lambda project: [
        (patch, other)
        for patch in project.working()
        for other in project.working()
        if patch.home is other.home and other.commits and not other.squashed and not patch.tip.contains(other.tip)
    ]
)
def stack(project: Project, random: Random, pair: tuple[Patch, Patch]) -> Pushes:
    """A patch builds on another candidate."""
    patch, other = pair
    assert other.tip
    merge_into_patch(project, patch, other.tip, other.id)
    patch.above |= {other.id, *other.above}
    yield {patch.branch: patch.tip}

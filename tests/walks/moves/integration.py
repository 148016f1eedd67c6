"""Patches enter their releases, and are staged."""

from __future__ import annotations

from random import Random

from tests.walks.history import Commit, Source, merge
from tests.walks.moves._registry import Pushes, flip, move
from tests.walks.moves.work import add_work
from tests.walks.project import Patch, Project, Release


def ready(project: Project) -> list[Patch]:
    """The candidates with work that their release lacks."""
    return [
        patch
        for patch in project.working()
        if patch.worked & patch.tip.reach and patch.tip.below(patch.folder) and not patch.integrated
    ]


def push_integration(
    project: Project, random: Random, patches: list[Patch], tip: Commit, moves: dict[str, Source]
) -> Pushes:
    """Push what integrates patches; perhaps staged in the same push, perhaps with the branches deleted."""
    release = patches[0].home
    assert release
    staged = flip(random)
    ids = [patch.id for patch in patches]
    if staged:
        tip = project.change(tip, f"Stage {', '.join(ids)}", staging(release, ids))
    gone = [patch for patch in patches if patch.branch not in moves and random.randrange(3) == 0]
    yield {release.branch: tip, **moves, **{patch.branch: None for patch in gone}}
    release.tip = tip
    if staged:
        move_ids(release, ids)
    for patch in gone:
        patch.tip = None


def staging(release: Release, ids: list[str]) -> dict[str, str]:
    return release.lists([other for other in release.candidates if other not in ids], [*release.stage, *ids])


def move_ids(release: Release, ids: list[str]) -> None:
    release.candidates = [other for other in release.candidates if other not in ids]
    release.stage += ids


@move(ready)
def integrate(project: Project, random: Random, patch: Patch) -> Pushes:
    """Merge a patch, perhaps with last words that are pushed together with it."""
    moves: dict[str, Source] = {}
    if flip(random):
        add_work(project, random, patch)
        moves[patch.branch] = patch.tip
    yield from push_integration(project, random, [patch], merged(project, patch), moves)


def merged(project: Project, patch: Patch, changes: dict[str, str] | None = None) -> Commit:
    """The merge of a patch into its release."""
    assert patch.home and patch.tip
    files = merge(patch.home.tip, patch.tip, patch.folder, patch.tip)
    files.update({path: ("100644", text) for path, text in (changes or {}).items()})
    return project.commit(f"Integrate {patch.id}", [patch.home.tip, patch.tip], files)


@move(ready, weight=4)
def integrate_and_stage(project: Project, random: Random, patch: Patch) -> Pushes:
    """The merge itself moves the id to the stage."""
    release = patch.home
    assert release
    tip = merged(project, patch, staging(release, [patch.id]))
    yield {release.branch: tip}
    release.tip = tip
    move_ids(release, [patch.id])


@move(lambda project: [patch for patch in ready(project) if patch.tip.contains(patch.home.tip)], weight=2)
def fast_forward(project: Project, random: Random, patch: Patch) -> Pushes:
    """A branch that holds the tip of its release, by merges of it perhaps: then the release's line goes through them."""
    assert patch.tip
    yield from push_integration(project, random, [patch], patch.tip, {})


@move(
    lambda project: [
        patch
        for patch in ready(project)
        if not project.carried(patch) and not patch.tip.reach & ~patch.home.tip.reach & ~patch.commits
        # its directory has all that the release has of it: a squash removes nothing that the branch did not remove
        if patch.home.tip.below(patch.folder).keys() <= patch.tip.below(patch.folder).keys()
        # and there is something to squash
        if patch.worked & patch.tip.reach & ~patch.home.tip.reach & ~(patch.squashed.reach if patch.squashed else 0)
    ],
    weight=2,
)
def squash(project: Project, random: Random, patch: Patch) -> Pushes:
    release = patch.home
    assert release and patch.tip
    files = merge(release.tip, patch.tip, patch.folder, patch.tip)
    tip = project.commit(f"Squash {patch.id}", [release.tip], files)
    pushes = push_integration(project, random, [patch], tip, {})
    taken = patch.tip
    yield from pushes
    patch.squashed = taken


@move(
    lambda project: [
        (one, other)
        for one in ready(project)
        for other in ready(project)
        if one.home is other.home and one is not other
        if not one.tip.contains(other.tip) and not other.tip.contains(one.tip)
    ],
    weight=4,
)
def octopus(project: Project, random: Random, pair: tuple[Patch, Patch]) -> Pushes:
    """Two patches by one merge."""
    one, other = pair
    assert one.home and one.tip and other.tip
    first = merge(one.home.tip, one.tip, one.folder, one.tip)
    unfinished = Commit(len(project.clone.commits), (one.home.tip, one.tip), first, one.home.tip.reach | one.tip.reach)
    files = merge(unfinished, other.tip, other.folder, other.tip)
    tip = project.commit(f"Integrate {one.id} and {other.id}", [one.home.tip, one.tip, other.tip], files)
    yield from push_integration(project, random, [one, other], tip, {})


def integrated(release: Release, project: Project) -> list[str]:
    return [patch_id for patch_id in release.candidates if project.patches[patch_id].integrated]


@move(lambda project: [release for release in project.open_releases() if integrated(release, project)], weight=3)
def stage(project: Project, random: Random, release: Release) -> Pushes:
    """Integrated candidates become staged in a later push."""
    ids = integrated(release, project)
    ids = random.sample(ids, random.randint(1, len(ids)))
    tip = project.change(release.tip, f"Stage {', '.join(ids)}", staging(release, ids))
    gone = [patch for patch in map(project.patches.__getitem__, ids) if patch.tip and flip(random)]
    yield {release.branch: tip, **{patch.branch: None for patch in gone}}
    release.tip = tip
    move_ids(release, ids)
    for patch in gone:
        patch.tip = None


@move(lambda project: [p for p in project.patches.values() if p.tip and (not p.candidate or p.integrated)])
def delete_patch_branch(project: Project, random: Random, patch: Patch) -> Pushes:
    yield {patch.branch: None}
    patch.tip = None

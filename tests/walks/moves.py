"""The legal moves. Each is a generator of pushes: what it yields must be accepted, what follows then holds.

A move names what it can be done to in a state of the project: no subject, no move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

from tests.walks.history import Commit, Moves, Source, merge
from tests.walks.project import PRODUCTION, Patch, Project, Release, Version, dotted

Pushes = Iterator[Moves]
SHARED = "app/shared.py"
"""A file that many patches change."""
MANY = 4
"""Releases open at once, and candidates of one release: more only slow the walk down."""


class Move(NamedTuple):
    """Something that developers do."""

    subjects: Callable[[Project], list[Any]]
    pushes: Callable[[Project, Random, Any], Pushes]


MOVES: dict[str, Move] = {}


def move(subjects: Callable[[Project], list[Any]]) -> Callable[..., Any]:
    """A move that can be done to these subjects."""

    def register(pushes: Callable[[Project, Random, Any], Pushes]) -> Callable[[Project, Random, Any], Pushes]:
        MOVES[pushes.__name__] = Move(subjects, pushes)
        return pushes

    return register


def flip(random: Random) -> bool:
    return random.choice((False, True))


# --- releases


@move(lambda project: project.startable() if len(project.releases) < MANY else [])
def start_release(project: Project, random: Random, version: Version) -> Pushes:
    release = Release(version, project.production, project.production)
    if flip(random):
        release.tip = project.change(project.production, f"Start {release.name}", release.lists([], []))
    yield {release.branch: release.tip}
    project.releases[version] = release


def behind(project: Project) -> list[Release]:
    return [release for release in project.open_releases() if not release.tip.contains(project.production)]


@move(behind)
def sync(project: Project, random: Random, release: Release) -> Pushes:
    """Merge ho-prod into a release."""
    tip = synced(project, random, release)
    yield {release.branch: tip}
    release.tip = tip


def synced(project: Project, random: Random, release: Release) -> Commit:
    if project.production.contains(release.tip) and flip(random):
        return project.production
    files = merge(release.tip, project.production)
    return project.commit(f"Merge ho-prod into {release.name}", [release.tip, project.production], files)


@move(
    lambda project: [
        (release, smaller)
        for release in project.in_preparation()
        for smaller in project.in_preparation()
        if smaller.version < release.version and not release.tip.contains(smaller.tip)
    ]
)
def merge_smaller(project: Project, random: Random, pair: tuple[Release, Release]) -> Pushes:
    """The next version builds on the one before."""
    release, smaller = pair
    files = merge(release.tip, smaller.tip)
    tip = project.commit(f"Merge {smaller.name} into {release.name}", [release.tip, smaller.tip], files)
    yield {release.branch: tip}
    release.tip = tip


@move(
    lambda project: [
        release for release in project.in_preparation() if not project.needed(release) and not project.shared(release)
    ]
)
def abandon(project: Project, random: Random, release: Release) -> Pushes:
    name = project.next_abandoned(release)
    bare = not release.stage and not release.rcs and flip(random)
    if bare:
        yield {release.branch: None}
    else:
        tag = project.tag(name, release.tip)
        if flip(random):
            yield {f"refs/tags/{name}": tag, release.branch: None}
        else:
            yield {f"refs/tags/{name}": tag}
            yield {release.branch: None}
        project.abandoned[name] = release.tip
    forget(project, release)


def forget(project: Project, release: Release) -> None:
    """The branch of a release that was not promoted has gone."""
    del project.releases[release.version]
    for number in release.rcs:
        project.rc_commits.pop(f"v{release.name}-rc{number}", None)
    for patch in project.patches.values():
        if patch.home is release:
            patch.home = None


@move(lambda project: [release for release in [project.open_hotfix()] if release and not release.stage])
def drop_hotfix(project: Project, random: Random, release: Release) -> Pushes:
    """Nothing is staged in it."""
    if random.randrange(4) == 0:
        yield {release.branch: None}
        forget(project, release)


# --- candidates


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


def loose(project: Project) -> list[Patch]:
    """The candidates of which nothing is in the release, and on which no other is stacked."""
    return [patch for patch in project.candidates() if not patch.entered and not project.carried(patch)]


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


def replay(project: Project, patch: Patch, work: list[dict[str, str]]) -> None:
    """Do the work of a patch again, on another base, in the model."""
    patch.work = []
    for changes in work:
        assert patch.tip
        grow(patch, project.change(patch.tip, f"Work on {patch.id}, again", changes), work=True)
        patch.work.append(changes)


@move(lambda project: [release for release in project.open_releases() if release.candidates])
def edit_candidates(project: Project, random: Random, release: Release) -> Pushes:
    """Reorder the candidates, write a comment."""
    candidates = random.sample(release.candidates, len(release.candidates))
    notes = random.choice(("", "# by importance\n\n"))
    tip = project.change(release.tip, "Edit the candidates", release.lists(candidates, release.stage, notes))
    yield {release.branch: tip}
    release.tip, release.candidates, release.notes = tip, candidates, notes


@move(lambda project: [release for release in project.open_releases() if len(release.stage) > 1])
def reorder_stage(project: Project, random: Random, release: Release) -> Pushes:
    stage = random.sample(release.stage, len(release.stage))
    tip = project.change(release.tip, "Reorder the stage", release.lists(release.candidates, stage))
    yield {release.branch: tip}
    release.tip, release.stage = tip, stage


# --- work


@move(Project.working)
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


# --- integration


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


@move(ready)
def integrate_and_stage(project: Project, random: Random, patch: Patch) -> Pushes:
    """The merge itself moves the id to the stage."""
    release = patch.home
    assert release
    tip = merged(project, patch, staging(release, [patch.id]))
    yield {release.branch: tip}
    release.tip = tip
    move_ids(release, [patch.id])


@move(lambda project: [patch for patch in ready(project) if patch.work and patch.tip.contains(patch.home.tip)])
def fast_forward(project: Project, random: Random, patch: Patch) -> Pushes:
    """A branch without merges: the release's own commits stay on its first parents."""
    assert patch.tip
    yield from push_integration(project, random, [patch], patch.tip, {})


@move(
    lambda project: [
        patch
        for patch in ready(project)
        if not project.carried(patch) and not patch.tip.reach & ~patch.home.tip.reach & ~patch.commits
        # and there is something to squash
        if patch.worked & patch.tip.reach & ~patch.home.tip.reach & ~(patch.squashed.reach if patch.squashed else 0)
    ]
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
        if SHARED not in changed(one) & changed(other)  # git resolves no conflict of an octopus
    ]
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


def changed(patch: Patch) -> set[str]:
    """The paths that differ between a patch branch and its release."""
    assert patch.tip and patch.home
    return {path for path, _ in patch.tip.files.items() ^ patch.home.tip.files.items()}


def integrated(release: Release, project: Project) -> list[str]:
    return [patch_id for patch_id in release.candidates if project.patches[patch_id].integrated]


@move(lambda project: [release for release in project.open_releases() if integrated(release, project)])
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


# --- towards production


def rc_ready(project: Project) -> list[Release]:
    return [
        release
        for release in project.in_preparation()[:1]
        if release.stage and not any(project.patches[patch_id].entered for patch_id in release.candidates)
    ]


@move(rc_ready)
def cut_rc(project: Project, random: Random, release: Release) -> Pushes:
    number = project.next_rc(release)
    ids = release.stage
    tip = cut(project, release, number)
    name = f"v{release.name}-rc{number}"
    yield {release.branch: tip, **({f"refs/tags/{name}": project.tag(name, tip)} if flip(random) else {})}
    release.tip, release.stage = tip, []
    release.rcs[number] = ids
    project.rc_commits[name] = tip


def cut(project: Project, release: Release, number: int) -> Commit:
    files = {**release.lists(release.candidates, []), release.rc_path(number): "".join(f"{i}\n" for i in release.stage)}
    return project.change(release.tip, f"Cut RC {number}", files)


def promotable(project: Project) -> list[Release]:
    release = project.next_promotion()
    return [release] if release and not release.candidates and release.complete else []


@move(promotable)
def promote(project: Project, random: Random, release: Release) -> Pushes:
    """Production moves; the tag and the deletion of the branch come with it or later."""
    moves: dict[str, Source] = {}
    tip = release.tip
    if not tip.contains(project.production):
        tip = synced(project, random, release)
        moves[release.branch] = tip
    done = project.promote(release, tip)
    if flip(random):  # the bookkeeping in a commit of its own
        plain = project.commit(f"Merge {release.list_name}", [project.production, tip], tip.files)
        done = project.commit(f"Promote {release.list_name}", [plain], done.files)
    moves[PRODUCTION] = done
    tagged = flip(random)
    if tagged:
        moves[f"refs/tags/{release.tag}"] = project.tag(release.tag, done)
    gone = release.branch not in moves and flip(random)
    if gone:
        moves[release.branch] = None
    yield moves
    project.production, release.tip = done, tip
    project.promoted[release.tag] = done
    project.version, project.hotfix = release.version, release.hotfix
    release.finished = True
    for patch_id in release.complete:
        project.patches[patch_id].home = None
    for number in release.rcs:  # their commits are on no release branch once it has gone
        project.rc_commits.pop(f"v{release.name}-rc{number}", None)
    if gone:
        del project.releases[release.version]


@move(lambda project: [release for release in project.releases.values() if release.finished])
def delete_release(project: Project, random: Random, release: Release) -> Pushes:
    yield {release.branch: None}
    del project.releases[release.version]


@move(lambda project: list(project.untagged()))
def tag_later(project: Project, random: Random, name: str) -> Pushes:
    yield {f"refs/tags/{name}": project.tag(name, project.untagged()[name])}


@move(
    lambda project: (
        [project.version]
        if f"refs/tags/{project.newest_tag}" in project.refs and project.version not in project.releases
        else []
    )
)
def open_hotfix(project: Project, random: Random, version: Version) -> Pushes:
    fork = project.promoted[project.newest_tag]
    release = Release(version, fork, fork, hotfix=(project.hotfix or 0) + 1)
    release.tip = project.change(fork, f"Reopen {dotted(version)}", release.lists([], []))
    yield {release.branch: release.tip}
    project.releases[version] = release


# --- beside the workflow


@move(lambda project: [None])
def document(project: Project, random: Random, _: None) -> Pushes:
    """A free path on ho-prod, or on a release."""
    change = {f"docs/{len(project.clone.commits)}.md": "words\n"}
    release = random.choice([None, *project.open_releases()])
    tip = project.change(release.tip if release else project.production, "Document", change)
    yield {release.branch if release else PRODUCTION: tip}
    if release:
        release.tip = tip
    else:
        project.production = tip


@move(lambda project: [None])
def elsewhere(project: Project, random: Random, _: None) -> Pushes:
    """Branches and tags that are nobody's business."""
    turn = len(project.clone.commits)
    start = random.choice(project.clone.commits)
    idea = project.change(start, "An idea", {"releases/9.9.9.txt": "x\n", f"app/{turn}.py": "# x\n"})
    ref = random.choice([f"refs/heads/topic/{turn}", f"refs/tags/demo-{turn}", *project.topics])
    if ref in project.topics and flip(random):
        yield {ref: None}
        del project.topics[ref]
    else:
        yield {ref: idea}
        project.topics[ref] = idea

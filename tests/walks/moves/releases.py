"""Releases begin, meet and end."""

from __future__ import annotations

from random import Random

from tests.walks.history import Commit, merge, taking
from tests.walks.moves._registry import MANY, Pushes, flip, move
from tests.walks.project import Project, Release, Version, released


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
    files = taking(merge(release.tip, project.production), project.production, released(project))
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
    files = taking(merge(release.tip, smaller.tip), smaller.tip, smaller.staged())
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
    bare = not release.stage and not release.rcs and not holds_alone(project, release) and flip(random)
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


def holds_alone(project: Project, release: Release) -> bool:
    """Whether a release has the work of a candidate whose own branch is gone."""
    gone = [patch for patch in project.patches.values() if patch.home is release and not patch.tip]
    return any(release.tip.below(patch.folder).keys() - {f"{patch.folder}README.md"} for patch in gone)


def droppable(project: Project) -> list[Release]:
    """The hotfix that is open, when nothing is staged in it, nor held by it alone."""
    release = project.open_hotfix()
    return [release] if release and not release.stage and not holds_alone(project, release) else []


@move(droppable)
def drop_hotfix(project: Project, random: Random, release: Release) -> Pushes:
    if random.randrange(4) == 0:
        yield {release.branch: None}
        forget(project, release)

"""Releases that must not be started, RCs that must not be cut."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.walks.history import Moves
from tests.walks.moves.production import cut
from tests.walks.offences._registry import (
    integrated,
    offence,
)
from tests.walks.project import Patch, Project, Release, Version, lines, successors

# --- starting releases


def unreachable(project: Project) -> list[Version]:
    """Versions that cannot be started."""
    known = {project.version, *project.releases}
    found = {(x, y, z + 2) for x, y, z in known} | {(x + 2, 0, 0) for x, _, _ in known} | {(0, 0, 0), project.version}
    found |= {version for base in known for version in successors(base)}
    return sorted(found - set(project.startable()) - project.releases.keys())


@offence(unreachable)
def version_not_next(project: Project, random: Random, version: Version) -> Moves:
    release = Release(version, project.production, project.production)
    start = project.change(project.production, "Start", release.lists([], []))
    return {release.branch: random.choice((project.production, start))}


@offence(Project.startable)
def release_starts_elsewhere(project: Project, random: Random, version: Version) -> Moves:
    release = Release(version, project.production, project.production)
    others = (
        [r.tip for r in project.releases.values()]
        + [p.tip for p in project.working() if p.tip]
        + [*project.topics.values()]
    )
    starts = [tip for tip in others if not project.production.contains(tip)]
    starts += list(project.production.parents[:1])
    starts.append(project.commit("From nothing", [], project.production.files))
    start = random.choice(starts)
    return {
        release.branch: project.change(start, "Start", release.lists([], [])) if random.choice((False, True)) else start
    }


@offence(Project.startable)
def release_starts_with_more(project: Project, random: Random, version: Version) -> Moves:
    release = Release(version, project.production, project.production)
    changes: dict[str, Any] = random.choice(
        (
            release.lists(["995-new"], []),
            release.lists([], ["995-new"]),
            {**release.lists([], []), "app/quick.py": "# quick\n"},
            {**release.lists([], []), release.rc_path(1): ""},
            {"releases/9.9.9-candidates.txt": "", "releases/9.9.9-stage.txt": ""},
            {release.candidates_path: "# HOTFIX\n", release.stage_path: ""},
        )
    )
    return {release.branch: project.change(project.production, "Start", changes)}


@offence(lambda project: [project.version] if project.version not in project.releases else [])
def hotfix_of_the_wrong_base(project: Project, random: Random, version: Version) -> Moves:
    newest = project.promoted[project.newest_tag]
    release = Release(version, newest, newest, hotfix=1)
    bases = [commit for commit in [*project.promoted.values(), project.production] if commit is not newest]
    bases += list(newest.parents) + [r.tip for r in project.in_preparation() if r.tip is not newest]
    bases.append(project.change(newest, "Quick", {"app/quick.py": "# quick\n"}))
    return {release.branch: project.change(random.choice(bases), "Reopen", release.lists([], []))}


# --- RCs


@offence(lambda project: [r for r in project.in_preparation()[1:] if r.stage])
def rc_of_a_larger_release(project: Project, random: Random, release: Release) -> Moves:
    return {release.branch: cut(project, release, project.next_rc(release))}


@offence(lambda project: [r for r in project.in_preparation()[:1] if not r.stage])
def rc_of_nothing(project: Project, random: Random, release: Release) -> Moves:
    return {release.branch: cut(project, release, project.next_rc(release))}


@offence(lambda project: [r for r in [project.open_hotfix()] if r and r.stage])
def rc_of_a_hotfix(project: Project, random: Random, release: Release) -> Moves:
    return {release.branch: cut(project, release, project.next_rc(release))}


@offence(lambda project: [r for r in project.in_preparation()[:1] if r.stage])
def rc_with_another_number(project: Project, random: Random, release: Release) -> Moves:
    right = project.next_rc(release)
    wrong = random.choice(
        [number for number in (right - 1, right + 1, right + 7) if number > 0 and number not in release.rcs]
    )
    return {release.branch: cut(project, release, wrong)}


@offence(lambda project: [r for r in project.in_preparation()[:1] if r.stage])
def rc_that_is_not_the_stage(project: Project, random: Random, release: Release) -> Moves:
    done = cut(project, release, project.next_rc(release))
    path = release.rc_path(project.next_rc(release))
    changes = random.choice(
        (
            {path: lines(["994-ghost", *release.stage])},
            {path: "# tested\n" + lines(release.stage)},
            {path: lines(release.stage[1:])},
            {release.stage_path: lines(release.stage)},
        )
    )
    return {release.branch: project.commit("Cut", [release.tip], project.change(done, "", changes).files)}


@offence(
    lambda project: [p for p in integrated(project) if p.home in project.in_preparation()[:1] and p.home.stage],
    weight=3,
)
def rc_with_an_unstaged_patch(project: Project, random: Random, patch: Patch) -> Moves:
    release = patch.home
    assert release
    return {release.branch: cut(project, release, project.next_rc(release))}

"""Offences against release branches."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.walks.history import FILE, LINK, PROGRAM, Commit, Moves, merge
from tests.walks.moves._registry import SHARED
from tests.walks.moves.candidates import enlist, room, withdrawn
from tests.walks.moves.integration import ready, staging
from tests.walks.offences._registry import (
    fixed,
    integrated,
    offence,
    open_releases,
    spoil,
    unintegrated,
)
from tests.walks.project import Patch, Project, Release, dotted, lines, successors

QUICK = ("app/quick.py", "setup.cfg", SHARED)


@offence(open_releases)
def code_on_release(project: Project, random: Random, release: Release) -> Moves:
    path = random.choice(QUICK)
    return {release.branch: project.change(release.tip, "Quick", {path: "# quick\n"})}


@offence(open_releases)
def code_on_release_and_back(project: Project, random: Random, release: Release) -> Moves:
    quick = project.change(release.tip, "Quick", {random.choice(QUICK): "# quick\n"})
    return {release.branch: project.commit("Back", [quick], release.tip.files)}


@offence(lambda project: [r for r in project.open_releases() if r.tip.parents and r.tip is not r.fork])
def release_goes_back(project: Project, random: Random, release: Release) -> Moves:
    return {release.branch: release.tip.parents[0]}


@offence(open_releases)
def fixed_file_changed_on_release(project: Project, random: Random, release: Release) -> Moves:
    path = random.choice(fixed(release.tip))
    spoiled = project.change(release.tip, "Tidy", spoil(random, release.tip, path))
    if random.choice((False, True)):  # nor for one commit
        spoiled = project.commit("Back", [spoiled], release.tip.files)
    return {release.branch: spoiled}


@offence(open_releases)
def strange_release_file(project: Project, random: Random, release: Release) -> Moves:
    name = random.choice(("notes.txt", "1.0.txt", f"{release.name}-RC1.txt", "x/y.txt", f"{release.name}-rc0.txt"))
    return {release.branch: project.change(release.tip, "Note", {f"releases/{name}": ""})}


@offence(open_releases)
def foreign_list_on_release(project: Project, random: Random, release: Release) -> Moves:
    version = random.choice(list(successors(release.version)))
    name = random.choice(("-candidates", "-stage", "-rc1", ""))
    return {
        release.branch: project.change(release.tip, "Help", {f"releases/{dotted(version)}{name}.txt": "999-ghost\n"})
    }


@offence(open_releases)
def model_on_release(project: Project, random: Random, release: Release) -> Moves:
    path = random.choice(("model/schema-9.9.9.sql", f"model/metadata-{release.name}-hotfix9.sql", "model/more.sql"))
    return {release.branch: project.change(release.tip, "Model", {path: "-- model\n"})}


@offence(open_releases)
def malformed_list(project: Project, random: Random, release: Release) -> Moves:
    text = release.lists(release.candidates, [])[release.candidates_path]
    bad = random.choice(("998", "998_x", "998-X", "x-998", " 998-x", "998-", "../998-x", "998-a/b", "998-é"))
    text = random.choice((text + bad + "\n", text + "998-x", text + "998-x\r\n", "\ufeff" + text))
    return {release.branch: project.change(release.tip, "List", {release.candidates_path: text})}


@offence(open_releases)
def list_is_a_link(project: Project, random: Random, release: Release) -> Moves:
    path = random.choice((release.candidates_path, release.stage_path))
    mode = random.choice((LINK, PROGRAM))
    return {
        release.branch: project.change(release.tip, "Link", {path: (mode, release.tip.files.get(path, (FILE, ""))[1])})
    }


@offence(open_releases)
def marker_misplaced(project: Project, random: Random, release: Release) -> Moves:
    ids = lines(release.candidates)
    return {
        release.branch: project.change(
            release.tip, "Mark", {release.candidates_path: ids if release.hotfix else "# HOTFIX\n" + ids}
        )
    }


def taken(project: Project) -> list[tuple[Release, str]]:
    """A release, and an id that it cannot list because it stands elsewhere already."""
    lists = list(project.production.below("releases/"))
    released = [patch_id for path in lists for patch_id in project.production.files[path][1].splitlines()]
    listed = [
        (other, patch_id) for other in project.open_releases() for patch_id in [*other.candidates, *other.complete]
    ]
    return [
        (release, patch_id)
        for release in room(project)
        for patch_id in [
            *released,
            *(patch_id for other, patch_id in listed if other is not release),
            *release.complete,
        ]
        if not patch_id.startswith("#")
    ]


@offence(taken)
def patch_listed_elsewhere(project: Project, random: Random, pair: tuple[Release, str]) -> Moves:
    release, patch_id = pair
    return {release.branch: enlist(project, release, patch_id, {})}


@offence(taken)
def number_taken(project: Project, random: Random, pair: tuple[Release, str]) -> Moves:
    release, patch_id = pair
    number = int(patch_id.partition("-")[0])
    return {release.branch: enlist(project, release, f"{random.choice((f'{number}', f'0{number}'))}-other", {})}


@offence(lambda project: [r for r in project.open_releases() if r.candidates])
def candidate_listed_twice(project: Project, random: Random, release: Release) -> Moves:
    return {release.branch: enlist(project, release, release.candidates[0], {})}


@offence(lambda project: [(one, two) for one in room(project) for two in room(project) if one.version < two.version])
def one_number_on_two_releases(project: Project, random: Random, pair: tuple[Release, Release]) -> Moves:
    """Each would be legal alone."""
    one, other = pair
    return {one.branch: enlist(project, one, "997-a", {}), other.branch: enlist(project, other, "0997-b", {})}


@offence(unintegrated)
def staged_without_integration(project: Project, random: Random, patch: Patch) -> Moves:
    release = patch.home
    assert release
    return {release.branch: project.change(release.tip, "Stage", staging(release, [patch.id]))}


@offence(unintegrated)
def merged_without_its_changes(project: Project, random: Random, patch: Patch) -> Moves:
    """git merge -s ours, then staged."""
    release = patch.home
    assert release and patch.tip
    ours = project.commit(f"Integrate {patch.id}", [release.tip, patch.tip], release.tip.files)
    return {release.branch: project.change(ours, "Stage", staging(release, [patch.id]))}


@offence(ready)
def evil_merge(project: Project, random: Random, patch: Patch) -> Moves:
    release = patch.home
    assert release and patch.tip
    files = {**merge(release.tip, patch.tip, patch.folder, patch.tip), "app/evil.py": (FILE, "# evil\n")}
    return {release.branch: project.commit(f"Integrate {patch.id}", [release.tip, patch.tip], files)}


@offence(unintegrated)
def squash_with_more(project: Project, random: Random, patch: Patch) -> Moves:
    release = patch.home
    assert release and patch.tip
    more = random.choice(("app/evil.py", "Patches/996-ghost/01.sql", f"{patch.folder}99_more.sql"))
    files = {**merge(release.tip, patch.tip, patch.folder, patch.tip), more: (FILE, "select 1;\n")}
    return {release.branch: project.commit(f"Squash {patch.id}", [release.tip], files)}


@offence(integrated, weight=2)
def integrated_patch_withdrawn(project: Project, random: Random, patch: Patch) -> Moves:
    assert patch.home
    return {patch.home.branch: withdrawn(project, patch, patch.home)}


@offence(lambda project: [r for r in project.open_releases() if r.stage])
def staged_patch_dropped(project: Project, random: Random, release: Release) -> Moves:
    patch_id = random.choice(release.stage)
    stage = [other for other in release.stage if other != patch_id]
    changes: dict[str, Any] = dict(release.lists(release.candidates, stage))
    if random.choice((False, True)):
        changes.update(dict.fromkeys(release.tip.below(f"Patches/{patch_id}/")))
    return {release.branch: project.change(release.tip, "Drop", changes)}


@offence(lambda project: [r for r in project.open_releases() if r.stage])
def staged_patch_unstaged(project: Project, random: Random, release: Release) -> Moves:
    *stage, last = release.stage
    return {release.branch: project.change(release.tip, "Back", release.lists([*release.candidates, last], stage))}


def staged_folders(project: Project) -> list[tuple[Release, str]]:
    return [(r, f"Patches/{patch_id}/") for r in project.open_releases() for patch_id in r.complete]


@offence(staged_folders)
def staged_patch_changed(project: Project, random: Random, pair: tuple[Release, str]) -> Moves:
    release, folder = pair
    files = release.tip.below(folder)
    changes = random.choice(
        ({f"{folder}99_more.sql": "select 99;\n"}, spoil(random, release.tip, random.choice(sorted(files))))
    )
    spoiled = project.change(release.tip, "Mend", changes)
    if random.choice((False, True)):
        spoiled = project.commit("Back", [spoiled], release.tip.files)
    return {release.branch: spoiled}


@offence(lambda project: [p for p in project.candidates() if p.home and p.home.tip.below(p.folder)])
def folder_changed_beside_its_branch(project: Project, random: Random, patch: Patch) -> Moves:
    """The directory of a candidate changes on its own branch only."""
    assert patch.home
    return {patch.home.branch: project.change(patch.home.tip, "Help", {f"{patch.folder}98.sql": "select 98;\n"})}


@offence(
    lambda project: [
        (a, b)
        for a in project.in_preparation()
        for b in project.open_releases()
        if a.version > b.version
        and a.candidates_path in a.tip.files
        and a.tip.reach & ~b.tip.reach & ~project.production.reach
    ]
)
def larger_release_merged(project: Project, random: Random, pair: tuple[Release, Release]) -> Moves:
    larger, smaller = pair
    files = merge(smaller.tip, larger.tip)
    return {smaller.branch: project.commit("Merge", [smaller.tip, larger.tip], files)}


@offence(lambda project: [(r, topic) for r in project.open_releases() for topic in project.topics.values()])
def topic_merged(project: Project, random: Random, pair: tuple[Release, Commit]) -> Moves:
    """Laundering: a commit that is on the server already, on a branch that nobody polices."""
    release, topic = pair
    files = random.choice((release.tip.files, merge(release.tip, topic)))
    return {release.branch: project.commit("Merge", [release.tip, topic], files)}


@offence(lambda project: [r for r in project.releases.values() if r.finished])
def finished_release_goes_on(project: Project, random: Random, release: Release) -> Moves:
    tip = random.choice((project.change(release.tip, "Note", {}), project.production))
    return {release.branch: tip}


@offence(
    lambda project: [
        r
        for r in project.open_releases()
        if (r.stage or r.rcs)
        and not any(tip is r.tip for name, tip in project.abandoned.items() if name.startswith(f"v{r.name}-"))
    ]
)
def release_deleted_early(project: Project, random: Random, release: Release) -> Moves:
    return {release.branch: None}


@offence(lambda project: [r for r in project.in_preparation() if project.needed(r)])
def needed_release_deleted(project: Project, random: Random, release: Release) -> Moves:
    name = project.next_abandoned(release)
    return {f"refs/tags/{name}": project.tag(name, release.tip), release.branch: None}

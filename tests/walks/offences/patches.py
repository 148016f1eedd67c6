"""Offences against patch branches."""

from __future__ import annotations

from random import Random

from tests.walks.history import FILE, LINK, PROGRAM, Moves, merge
from tests.walks.moves.integration import ready
from tests.walks.offences._registry import (
    always,
    fixed,
    offence,
    patches_branches,
    spoil,
    unintegrated,
)
from tests.walks.project import Patch, Project


@offence(always)
def patch_that_nobody_listed(project: Project, random: Random, _: None) -> Moves:
    start = random.choice([project.production, *(release.tip for release in project.releases.values())])
    return {"refs/heads/ho-patch/993-ghost": project.change(start, "Ghost", {"app/ghost.py": "# ghost\n"})}


@offence(lambda project: [p for p in project.candidates() if (p.home and p.home.fork.parents) or p.tip])
def patch_from_elsewhere(project: Project, random: Random, patch: Patch) -> Moves:
    """Its history lacks the point where its release began."""
    assert patch.home
    starts = [commit for commit in patch.home.fork.parents if not commit.contains(patch.home.fork)]
    starts.append(project.commit("From nothing", [], project.production.files))
    return {patch.branch: random.choice(starts)}


@offence(lambda project: list(project.frozen()))
def frozen_patch_goes_on(project: Project, random: Random, patch: Patch) -> Moves:
    assert patch.tip
    late = project.change(patch.tip, "Late", {"app/late.py": "# late\n"})
    rewritten = project.commit("Other words", patch.tip.parents, patch.tip.files)
    return {patch.branch: random.choice((late, rewritten))}


@offence(lambda project: [p for p in project.patches.values() if not p.tip and not p.candidate])
def frozen_patch_comes_back(project: Project, random: Random, patch: Patch) -> Moves:
    return {patch.branch: random.choice([project.production, *(release.tip for release in project.open_releases())])}


@offence(unintegrated)
def patch_deleted_early(project: Project, random: Random, patch: Patch) -> Moves:
    return {patch.branch: None}


@offence(patches_branches)
def patch_out_of_its_room(project: Project, random: Random, patch: Patch) -> Moves:
    assert patch.tip and patch.home
    path = random.choice(
        (
            patch.home.stage_path,
            patch.home.candidates_path,
            f"releases/{patch.home.name}.txt",
            "releases/9.9.9-stage.txt",
            "model/schema-9.9.9.sql",
            "Patches/992-ghost/01.sql",
        )
    )
    out = project.change(patch.tip, "Help", {path: f"{patch.id}\n# myself\n"})
    return {patch.branch: random.choice((out, project.commit("Back", [out], patch.tip.files)))}


@offence(
    lambda project: [
        (p, q) for p in project.working() for q in project.patches.values() if p is not q and p.tip.below(q.folder)
    ]
)
def patch_changes_another(project: Project, random: Random, pair: tuple[Patch, Patch]) -> Moves:
    patch, other = pair
    assert patch.tip
    changes = spoil(random, patch.tip, random.choice(sorted(patch.tip.below(other.folder))))
    return {patch.branch: project.change(patch.tip, f"Mend {other.id}", changes)}


@offence(patches_branches)
def fixed_file_changed_on_patch(project: Project, random: Random, patch: Patch) -> Moves:
    assert patch.tip
    return {patch.branch: project.change(patch.tip, "Tidy", spoil(random, patch.tip, random.choice(fixed(patch.tip))))}


@offence(ready)
def special_file_enters(project: Project, random: Random, patch: Patch) -> Moves:
    release = patch.home
    assert release and patch.tip
    entry = random.choice(
        ((LINK, "/etc/passwd"), (PROGRAM, "select 1;\n"), (FILE, "commit;\n"), (FILE, "select 'x;\n"))
    )
    special = project.change(patch.tip, "Special", {f"{patch.folder}09_x.sql": entry})
    files = merge(release.tip, special, patch.folder, special)
    return {patch.branch: special, release.branch: project.commit("Integrate", [release.tip, special], files)}

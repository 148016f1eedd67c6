"""Offences against ho-prod, and promotions that are none."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from tests.walks.history import LINK, Commit, Moves, merge
from tests.walks.offences._registry import (
    always,
    fixed,
    offence,
    spoil,
)
from tests.walks.project import PRODUCTION, Project, Release, dotted, lines, model_files

# --- ho-prod


@offence(always)
def code_on_production(project: Project, random: Random, _: None) -> Moves:
    return {PRODUCTION: project.change(project.production, "Quick", {"app/quick.py": "# quick\n"})}


@offence(always)
def production_deleted(project: Project, random: Random, _: None) -> Moves:
    return {PRODUCTION: None}


@offence(lambda project: list(project.production.parents[:1]))
def production_goes_back(project: Project, random: Random, parent: Commit) -> Moves:
    return {PRODUCTION: parent}


@offence(always)
def production_rewritten(project: Project, random: Random, _: None) -> Moves:
    return {PRODUCTION: project.commit("Other words", project.production.parents, project.production.files)}


@offence(always)
def fixed_file_changed_on_production(project: Project, random: Random, _: None) -> Moves:
    path = random.choice(fixed(project.production))
    return {PRODUCTION: project.change(project.production, "Tidy", spoil(random, project.production, path))}


@offence(always)
def free_path_with_more(project: Project, random: Random, _: None) -> Moves:
    """A free path does not excuse what comes with it."""
    changes = {"docs/more.md": "words\n", "app/quick.py": "# quick\n"}
    return {PRODUCTION: project.change(project.production, "Document", changes)}


@offence(always)
def schema_link_moved(project: Project, random: Random, _: None) -> Moves:
    text = random.choice(("schema-9.9.9.sql", "/etc/passwd", "../README.md"))
    return {PRODUCTION: project.change(project.production, "Link", {"model/schema.sql": (LINK, text)})}


@offence(always)
def foreign_root(project: Project, random: Random, _: None) -> Moves:
    """History that did not begin with the project."""
    root = project.commit("From nothing", [], project.production.files)
    joined = project.commit("Join", [project.production, root], project.production.files)
    refs = [PRODUCTION, *(release.branch for release in project.open_releases() if release.tip is project.production)]
    return {random.choice(refs): joined}


# --- promotions


def promotable(project: Project) -> list[Release]:
    """The release that could be promoted as it is."""
    release = project.next_promotion()
    ready = release and not release.candidates and release.complete and release.tip.contains(project.production)
    return [release] if release and ready else []


def promotion_with(project: Project, release: Release, changes: Mapping[str, Any]) -> Moves:
    done = project.promote(release)
    files = project.change(done, "", changes).files
    return {PRODUCTION: project.commit(f"Promote {release.list_name}", done.parents, files)}


@offence(lambda project: [r for r in project.in_preparation() if r is not project.next_promotion()])
def promotion_out_of_order(project: Project, random: Random, release: Release) -> Moves:
    moves: dict[str, Any] = {}
    tip = release.tip
    if not tip.contains(project.production):
        files = merge(tip, project.production)
        moves[release.branch] = tip = project.commit("Merge ho-prod", [tip, project.production], files)
    return {**moves, PRODUCTION: project.promote(release, tip)}


@offence(lambda project: [r for r in [project.next_promotion()] if r and r.candidates])
def promotion_with_candidates_left(project: Project, random: Random, release: Release) -> Moves:
    return {PRODUCTION: project.promote(release)}


@offence(lambda project: [r for r in [project.next_promotion()] if r and not r.complete])
def promotion_of_nothing(project: Project, random: Random, release: Release) -> Moves:
    return {PRODUCTION: project.promote(release)}


@offence(lambda project: [r for r in project.open_releases() if not r.tip.contains(project.production)])
def promotion_behind_production(project: Project, random: Random, release: Release) -> Moves:
    done = project.promote(release)
    files = {**merge(project.production, release.tip), **{p: e for p, e in done.files.items() if p[:2] in ("re", "mo")}}
    return {PRODUCTION: project.commit("Promote", done.parents, files)}


@offence(promotable, weight=4)
def promotion_with_another_list(project: Project, random: Random, release: Release) -> Moves:
    ids = release.complete
    wrong = [ids[1:], ids[:-1], [*ids, "999-ghost"], [*ids, ids[0]]] + ([ids[::-1]] if len(ids) > 1 else [])
    return promotion_with(project, release, {f"releases/{release.list_name}.txt": lines(random.choice(wrong))})


@offence(promotable, weight=4)
def promotion_under_another_name(project: Project, random: Random, release: Release) -> Moves:
    x, y, z = release.version
    name = random.choice((f"{x}.{y}.{z + 1}", f"{x + 1}.0.1", f"{dotted(release.version)}-hotfix9"))
    path = f"releases/{release.list_name}.txt"
    return promotion_with(project, release, {path: None, f"releases/{name}.txt": lines(release.complete)})


@offence(promotable, weight=4)
def promotion_with_code(project: Project, random: Random, release: Release) -> Moves:
    return promotion_with(project, release, {random.choice(("app/shared.py", "docs/x.md", "late.py")): "# late\n"})


@offence(promotable, weight=4)
def promotion_without_model(project: Project, random: Random, release: Release) -> Moves:
    path = random.choice(sorted(model_files(release.list_name)))
    entry = project.production.files.get(path)  # the link as it was, or nothing
    return promotion_with(project, release, {path: entry})


@offence(promotable, weight=4)
def promotion_keeps_the_stage(project: Project, random: Random, release: Release) -> Moves:
    path = random.choice((release.stage_path, release.candidates_path))
    return promotion_with(project, release, {path: lines(release.stage)})


@offence(promotable, weight=4)
def promotion_spoils_an_older_file(project: Project, random: Random, release: Release) -> Moves:
    path = random.choice(fixed(release.tip))
    return promotion_with(project, release, spoil(random, release.tip, path))


@offence(promotable, weight=4)
def promotion_with_an_unlisted_patch(project: Project, random: Random, release: Release) -> Moves:
    return promotion_with(project, release, {"Patches/999-ghost/01.sql": "select 1;\n"})


@offence(promotable, weight=4)
def promotion_changes_a_patch(project: Project, random: Random, release: Release) -> Moves:
    path = random.choice(sorted(release.tip.below(f"Patches/{release.complete[0]}/")))
    return promotion_with(project, release, spoil(random, release.tip, path))


@offence(promotable, weight=4)
def promotion_is_no_merge(project: Project, random: Random, release: Release) -> Moves:
    done = project.promote(release)
    parents = random.choice(([project.production], [release.tip], [release.tip, project.production]))
    return {PRODUCTION: project.commit("Promote", parents, done.files)}


@offence(promotable, weight=4)
def promotion_with_a_third_parent(project: Project, random: Random, release: Release) -> Moves:
    done = project.promote(release)
    idea = project.change(project.production, "An idea", {"app/idea.py": "# idea\n"})
    return {PRODUCTION: project.commit("Promote", [*done.parents, idea], done.files)}


@offence(promotable, weight=4)
def promotion_with_an_afterthought(project: Project, random: Random, release: Release) -> Moves:
    done = project.promote(release)
    return {PRODUCTION: project.change(done, "One more thing", {"app/late.py": "# late\n"})}

"""The illegal moves: whatever state a project is in, each of these pushes must be refused, and must move nothing.

An offence names what it can be done to in a state of the project; it makes one push, which breaks the workflow there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple, Optional

from tests.walks.history import FILE, LINK, PROGRAM, Commit, Moves, merge
from tests.walks.moves import add_work, cut, enlist, ready, room, staging, withdrawn
from tests.walks.project import PRODUCTION, Patch, Project, Release, Version, dotted, lines, model_files, successors


class Offence(NamedTuple):
    """Something that must not be done."""

    subjects: Callable[[Project], list[Any]]
    push: Callable[[Project, Random, Any], Moves]


OFFENCES: dict[str, Offence] = {}


def offence(subjects: Callable[[Project], list[Any]]) -> Callable[..., Any]:
    """An offence against these subjects."""

    def register(push: Callable[[Project, Random, Any], Moves]) -> Callable[[Project, Random, Any], Moves]:
        OFFENCES[push.__name__] = Offence(subjects, push)
        return push

    return register


def always(project: Project) -> list[None]:
    return [None]


def open_releases(project: Project) -> list[Release]:
    return project.open_releases()


def in_preparation(project: Project) -> list[Release]:
    return project.in_preparation()


def patches_branches(project: Project) -> list[Patch]:
    return project.working()


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


def fixed(commit: Commit) -> list[str]:
    """The release files and the model that nobody may change."""
    lists = [p for p in commit.below("releases/") if not p.endswith(("-candidates.txt", "-stage.txt", "README.md"))]
    return sorted(lists + [path for path in commit.below("model/") if path != "model/schema.sql"])


def spoil(random: Random, commit: Commit, path: str) -> Mapping[str, Any]:
    """Some way to change a file that must stay."""
    mode, text = commit.files[path]
    ways: list[Mapping[str, Any]] = [
        {path: None},
        {path: (mode, text + "-- more\n")},
        {path: (PROGRAM, text)},
        {path: (LINK, "elsewhere")},
        {path: None, f"{path}.old": (mode, text)},
    ]
    return random.choice(ways)


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


@offence(promotable)
def promotion_with_another_list(project: Project, random: Random, release: Release) -> Moves:
    ids = release.complete
    wrong = [ids[1:], ids[:-1], [*ids, "999-ghost"], [*ids, ids[0]]] + ([ids[::-1]] if len(ids) > 1 else [])
    return promotion_with(project, release, {f"releases/{release.list_name}.txt": lines(random.choice(wrong))})


@offence(promotable)
def promotion_under_another_name(project: Project, random: Random, release: Release) -> Moves:
    x, y, z = release.version
    name = random.choice((f"{x}.{y}.{z + 1}", f"{x + 1}.0.1", f"{dotted(release.version)}-hotfix9"))
    path = f"releases/{release.list_name}.txt"
    return promotion_with(project, release, {path: None, f"releases/{name}.txt": lines(release.complete)})


@offence(promotable)
def promotion_with_code(project: Project, random: Random, release: Release) -> Moves:
    return promotion_with(project, release, {random.choice(("app/shared.py", "docs/x.md", "late.py")): "# late\n"})


@offence(promotable)
def promotion_without_model(project: Project, random: Random, release: Release) -> Moves:
    path = random.choice(sorted(model_files(release.list_name)))
    entry = project.production.files.get(path)  # the link as it was, or nothing
    return promotion_with(project, release, {path: entry})


@offence(promotable)
def promotion_keeps_the_stage(project: Project, random: Random, release: Release) -> Moves:
    path = random.choice((release.stage_path, release.candidates_path))
    return promotion_with(project, release, {path: lines(release.stage)})


@offence(promotable)
def promotion_spoils_an_older_file(project: Project, random: Random, release: Release) -> Moves:
    path = random.choice(fixed(release.tip))
    return promotion_with(project, release, spoil(random, release.tip, path))


@offence(promotable)
def promotion_with_an_unlisted_patch(project: Project, random: Random, release: Release) -> Moves:
    return promotion_with(project, release, {"Patches/999-ghost/01.sql": "select 1;\n"})


@offence(promotable)
def promotion_changes_a_patch(project: Project, random: Random, release: Release) -> Moves:
    path = random.choice(sorted(release.tip.below(f"Patches/{release.complete[0]}/")))
    return promotion_with(project, release, spoil(random, release.tip, path))


@offence(promotable)
def promotion_is_no_merge(project: Project, random: Random, release: Release) -> Moves:
    done = project.promote(release)
    parents = random.choice(([project.production], [release.tip], [release.tip, project.production]))
    return {PRODUCTION: project.commit("Promote", parents, done.files)}


@offence(promotable)
def promotion_with_a_third_parent(project: Project, random: Random, release: Release) -> Moves:
    done = project.promote(release)
    idea = project.change(project.production, "An idea", {"app/idea.py": "# idea\n"})
    return {PRODUCTION: project.commit("Promote", [*done.parents, idea], done.files)}


@offence(promotable)
def promotion_with_an_afterthought(project: Project, random: Random, release: Release) -> Moves:
    done = project.promote(release)
    return {PRODUCTION: project.change(done, "One more thing", {"app/late.py": "# late\n"})}


# --- release branches


@offence(open_releases)
def code_on_release(project: Project, random: Random, release: Release) -> Moves:
    path = random.choice(("app/shared.py", "app/quick.py", "setup.cfg"))
    return {release.branch: project.change(release.tip, "Quick", {path: "# quick\n"})}


@offence(open_releases)
def code_on_release_and_back(project: Project, random: Random, release: Release) -> Moves:
    quick = project.change(release.tip, "Quick", {"app/shared.py": "# quick\n"})
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


def unintegrated(project: Project) -> list[Patch]:
    return [patch for patch in ready(project) if not patch.entered]


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


@offence(lambda project: [patch for patch in project.working() if patch.integrated])
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
    lambda project: [
        p for p in project.working() if p.integrated and p.home in project.in_preparation()[:1] and p.home.stage
    ]
)
def rc_with_an_unstaged_patch(project: Project, random: Random, patch: Patch) -> Moves:
    release = patch.home
    assert release
    return {release.branch: cut(project, release, project.next_rc(release))}


# --- patch branches


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


# --- tags


def release_tags(project: Project) -> list[str]:
    return [ref for ref in project.refs if ref.startswith("refs/tags/v")]


@offence(release_tags)
def tag_deleted(project: Project, random: Random, ref: str) -> Moves:
    return {ref: None}


@offence(release_tags)
def tag_moved(project: Project, random: Random, ref: str) -> Moves:
    return {ref: project.tag(ref[len("refs/tags/") :], random.choice(project.clone.commits))}


@offence(lambda project: list(project.untagged()))
def tag_misplaced(project: Project, random: Random, name: str) -> Moves:
    right = project.untagged()[name]
    elsewhere = [commit for commit in project.clone.commits if commit is not right]
    return {f"refs/tags/{name}": project.tag(name, random.choice(elsewhere))} if elsewhere else {PRODUCTION: None}


@offence(lambda project: list(project.untagged()))
def tag_lightweight(project: Project, random: Random, name: str) -> Moves:
    return {f"refs/tags/{name}": project.untagged()[name]}


@offence(open_releases)
def tag_too_early(project: Project, random: Random, release: Release) -> Moves:
    number = project.next_rc(release)
    names = [
        release.tag,
        f"v{release.name}-rc{number}",
        f"v{release.name}-hotfix9",
        f"v{dotted(max(successors(release.version)))}",
    ]
    name = random.choice(names)
    return {f"refs/tags/{name}": project.tag(name, random.choice((release.tip, project.production)))}


@offence(in_preparation)
def abandoned_tag_misplaced(project: Project, random: Random, release: Release) -> Moves:
    name = project.next_abandoned(release)
    number = int(name.rpartition("abandoned")[2])
    later = f"v{release.name}-abandoned{number + 1}"
    wrong = project.change(release.tip, "After", {})
    return random.choice(
        (
            {f"refs/tags/{later}": project.tag(later, release.tip)},
            {f"refs/tags/{name}": project.tag(name, wrong)},
            {f"refs/tags/{name}": release.tip},
        )
    )


@offence(always)
def strange_tag(project: Project, random: Random, _: None) -> Moves:
    name = random.choice(("v1", "v1.0", "v01.0.0", "v1.0.0-beta1", "v1.0.0-rc0", "v1.0.0-rc01", "ho-prod", "ho-x"))
    return {f"refs/tags/{name}": project.tag(name, project.production)}


# --- names


@offence(always)
def strange_ref(project: Project, random: Random, _: None) -> Moves:
    ref = random.choice(
        (
            "refs/heads/ho-prod2",
            "refs/heads/ho-release",
            "refs/heads/ho-release/1.0",
            "refs/heads/ho-release/1.0.0-rc1",
            "refs/heads/ho-patch/991",
            "refs/heads/ho-patch/991-X",
            "refs/heads/ho-feature/x",
            "refs/heads/HO-PROD",
            "refs/heads/ho\u2010prod",
            "refs/heads/h\u043e-prod",
            "refs/heads/HEAD",
            "refs/heads/refs/heads/ho-prod",
            "refs/notes/commits",
            "refs/meta/config",
            "refs/replace/" + "1" * 40,
            "refs/anything/else",
        )
    )
    return {ref: project.production}


# --- mixtures


@offence(lambda project: list(project.working()))
def legal_beside_illegal(project: Project, random: Random, patch: Patch) -> Moves:
    """One push that is not atomic: the legal part does not land either."""
    other = Patch(patch.id, patch.home, patch.listed, patch.tip)
    add_work(project, random, other)
    quick = project.change(project.production, "Quick", {"app/quick.py": "# quick\n"})
    return {patch.branch: other.tip, PRODUCTION: quick, "refs/heads/topic/new": quick}


__all__ = ["OFFENCES", "Offence", "Optional"]

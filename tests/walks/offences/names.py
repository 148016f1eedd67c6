"""Tags and refs that must not be, and what hides among the legal."""

from __future__ import annotations

from random import Random

from tests.walks.history import Moves
from tests.walks.moves.work import add_work
from tests.walks.offences._registry import (
    always,
    in_preparation,
    offence,
    open_releases,
)
from tests.walks.project import PRODUCTION, Patch, Project, Release, dotted, successors

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

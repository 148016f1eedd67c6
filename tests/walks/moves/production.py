"""RCs, promotions, hotfixes."""

from __future__ import annotations

from random import Random

from tests.walks.history import Commit, Source
from tests.walks.moves._registry import Pushes, flip, move
from tests.walks.moves.releases import synced
from tests.walks.project import PRODUCTION, Project, Release, Version, dotted


def rc_ready(project: Project) -> list[Release]:
    return [
        release
        for release in project.in_preparation()[:1]
        if release.stage and not any(project.patches[patch_id].entered for patch_id in release.candidates)
    ]


@move(rc_ready, weight=3)
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


@move(promotable, weight=4)
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
    shipped(project, release, done, tip, gone)


def shipped(project: Project, release: Release, done: Commit, tip: Commit, gone: bool) -> None:
    """A release is in production, at `done`; its branch, at `tip`, may be gone with it."""
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


@move(lambda project: [release for release in project.releases.values() if release.finished], weight=3)
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
    ),
    weight=3,
)
def open_hotfix(project: Project, random: Random, version: Version) -> Pushes:
    fork = project.promoted[project.newest_tag]
    release = Release(version, fork, fork, hotfix=(project.hotfix or 0) + 1)
    release.tip = project.change(fork, f"Reopen {dotted(version)}", release.lists([], []))
    yield {release.branch: release.tip}
    project.releases[version] = release

"""Starts, reopens, follows up and gives up releases (workflow: sections 3.1 and 3.4)."""

from __future__ import annotations

from halfhooks.ho.drafts import startable
from halfhooks.ho.lifecycle.books import candidates_path, stage_path
from halfhooks.ho.lifecycle.transaction import Transaction
from halfhooks.ho.lifecycle.workplace import Workplace
from halfhooks.layout import ABANDONED, HEADS, HOTFIX, PRODUCTION, TAGS
from halfhooks.names import RELEASE_TAG, parse_ref, release_tag
from halfhooks.release import Release
from halfhooks.snapshot import Update
from halfhooks.survey import CannotTell
from halfhooks.version import Version, parse_version

LEVELS = {"patch": 0, "minor": 1, "major": 2}


def start(place: Workplace, wanted: str, switch: bool = True) -> Transaction:
    """The start of a release: a level above production (`patch`, `minor`, `major`), or a version."""
    version = _wanted(place, wanted)
    production = place.project.production
    edits = {
        candidates_path(version, place.layout): place.writer.blob(""),
        stage_path(version, place.layout): place.writer.blob(""),
    }
    commit = place.writer.commit(place.writer.edited(production, edits), (production,), f"Start release {version}")
    return _creation(place, version, commit, f"{version} is started", switch)


def _wanted(place: Workplace, wanted: str) -> Version:
    base = place.project.version
    assert base is not None  # the workplace has seen to that
    version = base.successors()[LEVELS[wanted]] if wanted in LEVELS else parse_version(wanted)
    if version is None:
        raise CannotTell(f"'{wanted}' is no version and no level: patch, minor, major, or X.Y.Z")
    if version == base:
        raise CannotTell(f"{version} is in production already: an urgent change is a hotfix: ho release hotfix")
    if version in place.project.release_tips:
        free = ", ".join(map(str, startable(place.push)))
        others = f"; what could be started: {free}" if free else ""
        branch = f"{place.layout.release}{version}"
        who = place.clone.ask("log", "-1", "--format=%an", place.at(HEADS + branch))
        raise CannotTell(f"{version} is in preparation already (last commit by {who}): git switch {branch}{others}")
    return version


def _creation(place: Workplace, version: Version, commit: str, done: str, switch: bool) -> Transaction:
    update = place.update(place.release_ref(version), commit)
    branch = f"{place.layout.release}{version}"
    then = branch if switch else None
    said = (f"next: ho patch new ID -d 'what it is for'{'' if switch else f' --release {version}'}",)
    return place.transaction(f"{done}: '{branch}'", (update,), then=then, said=said)


def reopen(place: Workplace, switch: bool = True) -> Transaction:
    """The version in production, reopened for a hotfix from its newest tag."""
    version = place.project.version
    assert version is not None
    number = place.project.hotfix
    tag = release_tag(version, HOTFIX if number else PRODUCTION, place.layout, number)
    target = place.survey.refs.get(TAGS + tag)
    if target is None:
        made = f"git tag -a -m 'Release {version}' {tag} {place.known_as(place.layout.production)}"
        pushed = f" && git push {place.remote} {tag}" if place.remote else ""
        fresh = "; when nothing is in production yet: ho release new minor" if version == Version(0, 0, 0) else ""
        raise CannotTell(f"there is no tag '{tag}', from which a hotfix of {version} starts: {made}{pushed}{fresh}")
    edits = {
        candidates_path(version, place.layout): place.writer.blob(f"{place.layout.marker}\n"),
        stage_path(version, place.layout): place.writer.blob(""),
    }
    tree = place.writer.edited(target.commit, edits)
    commit = place.writer.commit(tree, (target.commit,), f"Reopen {version} for a hotfix")
    return _creation(place, version, commit, f"{version} is open for a hotfix", switch)


def abandon(place: Workplace, wanted: str) -> Transaction:
    """The end of a release that will never ship: a tag keeps its tip, and the branch goes."""
    release = _of_version(place, wanted)
    number = next_abandoned(place, release.version)
    name = release_tag(release.version, ABANDONED, place.layout, number)
    tag = place.writer.tag(name, release.tip, f"{release.version} is abandoned")
    branch = f"{place.layout.release}{release.version}"
    pushed = (place.update(TAGS + name, tag), place.update(HEADS + branch, ""))
    left = [patch for patch in release.candidates if patch in place.project.patch_tips]
    said = [f"the tag '{name}' keeps all of it; the version can be started anew"]
    said += [
        f"'{place.layout.patch}{patch}' is left, frozen until a release lists it: ho patch adopt" for patch in left
    ]
    then = place.layout.production if place.here == branch else None
    done = f"{release.version} is abandoned"
    return place.transaction(done, pushed, then=then, said=said)


def _of_version(place: Workplace, wanted: str) -> Release:
    version = place.version(wanted)
    release = place.project.release(version)
    if release is None:
        raise CannotTell(f"there is no '{place.layout.release}{version}' on the server: ho release list")
    return release


def next_abandoned(place: Workplace, version: Version) -> int:
    """The number of the next tag of an abandoned release."""
    names = (parse_ref(ref, place.layout) for ref in place.survey.refs)
    kinds = [name for name in names if name.kind == RELEASE_TAG and name.form == ABANDONED and name.version == version]
    return 1 + max((name.number for name in kinds), default=0)


def sync(place: Workplace, wanted: str) -> Transaction:
    """A release takes in what production has got since: a hotfix, or a smaller release."""
    release = place.open_release(wanted)
    if not _is_behind(place, release):
        raise CannotTell(f"{release.version} has all of production already")
    is_bare = place.push.after.contains(release.tip)  # its branch was made at a commit of production, and nothing more
    commit = place.project.production if is_bare else merge_production(place, release)
    update = Update(release.tip, commit, place.release_ref(release.version))
    done = f"{release.version} has what production has got"
    return place.transaction(done, (update,))


def merge_production(place: Workplace, release: Release) -> str:
    """The commit that merges production into a release; `CannotTell` with what to do when that conflicts."""
    production, branch = place.layout.production, f"{place.layout.release}{release.version}"
    merged, conflicts = place.merge(release.tip, place.project.production)
    if conflicts:
        files = ", ".join(f"'{path}'" for path in conflicts[:5])
        how = f"git switch {branch} && git merge {place.known_as(production)}"
        raise CannotTell(f"'{production}' and {release.version} conflict in {files}: {how}; solve it, commit, and push")
    message = f"Merge {production} into {release.version}"
    return place.writer.commit(merged, (release.tip, place.project.production), message)


def _is_behind(place: Workplace, release: Release) -> bool:
    return not place.clone.contains(release.tip, place.project.production)

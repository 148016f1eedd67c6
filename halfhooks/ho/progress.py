"""Where a project stands, seen from a clone: its releases, their patches, what keeps each from production, where we are.

What a release holds is what its branch on the remote says; what the branch here says beyond that is told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Optional

from halfhooks.history import between
from halfhooks.ho.drafts import next_label, objections_to_promotion, startable
from halfhooks.ho.lifecycle.transaction import Journal
from halfhooks.ho.outgoing import Operation, Outgoing, label_of, read_operation, read_outgoing
from halfhooks.ho.repository import Clone, Local
from halfhooks.integration import has_work, is_integrated
from halfhooks.layout import HALFHOOKS, HEADS, RC, TAGS, Layout
from halfhooks.names import PATCH_BRANCH, PRODUCTION_BRANCH, RELEASE_BRANCH, parse_ref, patch_number
from halfhooks.push import Push
from halfhooks.release import Release, read_release
from halfhooks.rules import Finding
from halfhooks.survey import Survey
from halfhooks.values import NamedTuple
from halfhooks.version import Version

CANDIDATE = "candidate"
INTEGRATED = "integrated"
STAGED = "staged"

OUT_OF_TURN = "HH203"
CONSEQUENCES = {"HH212": "HH208"}
"""Findings that say again, of the same promotion, what another one has said."""

AT_ONCE = 16
"""So many questions to git run side by side."""


class Branch(NamedTuple):
    """A branch of the workflow. `ahead` and `behind` compare the one here with the remote's; None where one is missing."""

    name: str
    here: bool
    there: bool
    ahead: Optional[int]
    behind: Optional[int]
    worktree: str

    @property
    def exists(self) -> bool:
        """Whether it is anywhere."""
        return self.here or self.there


class Patch(NamedTuple):
    """A patch of a release. `state` is what the remote says, "" where it does not list it; `here` what differs from it here.

    `waiting`: the commits of its branch that its release does not have.
    """

    id: str
    state: str
    here: str
    waiting: int
    branch: Branch


class Preparation(NamedTuple):
    """An open release: its patches, and what a promotion of it would be refused for now.

    `judged`: it is known where promotions are judged; one that is only here is not.
    """

    version: Version
    label: str
    status: str
    branch: Branch
    rcs: tuple[int, ...]
    books: tuple[str, ...]
    patches: tuple[Patch, ...]
    judged: bool
    objections: tuple[Finding, ...]

    @property
    def on_time(self) -> bool:
        """Whether it is its turn."""
        return self.judged and not any(finding.code == OUT_OF_TURN for finding in self.objections)

    @property
    def promotable(self) -> bool:
        """Whether the server would accept its promotion."""
        return self.judged and not self.objections


class Place(NamedTuple):
    """Where we are: the branch ("" for a detached HEAD), what it is, and how far it is from the release it belongs to."""

    branch: Branch
    kind: str
    patch: str = ""
    release: str = ""
    ahead: Optional[int] = None
    behind: Optional[int] = None


class Progress(NamedTuple):
    """All of it. `remote` is "" where the branches of this repository itself were read.

    `pending` is the command of ho that was interrupted here, `operation` what git waits for, `outgoing` what only we have,
    `undone` the branch of the version in production that its promotion should have deleted, `tagged` whether that version
    has its tag, `guess` whether `git switch` finds a branch of the remote by its name.
    """

    remote: str
    layout: Layout
    production: Branch
    label: str
    releases: tuple[Preparation, ...]
    startable: tuple[Version, ...]
    leftovers: tuple[Branch, ...]
    place: Place
    free_number: int
    top: str
    up: str
    pending: str = ""
    operation: Optional[Operation] = None
    outgoing: tuple[Outgoing, ...] = ()
    undone: Optional[Branch] = None
    tagged: bool = True
    guess: bool = True

    @property
    def turn(self) -> Optional[Preparation]:
        """The release that goes to production next."""
        return next((release for release in self.releases if release.on_time), None)

    def find(self, version: str) -> Optional[Preparation]:
        """The open release of a version."""
        return next((release for release in self.releases if str(release.version) == version), None)

    def waiting(self, branch: str) -> Optional[Outgoing]:
        """What only we have of a branch."""
        return next((each for each in self.outgoing if each.branch == branch), None)


def read_progress(clone: Clone, survey: Survey, push: Push) -> Progress:
    """Reads it. `push` moves nothing: it is the state of the repository that the survey found."""
    locals_ = clone.locals()
    branches = read_branches(clone, locals_, survey)
    project, layout = push.after, push.layout
    releases = tuple(_preparations(push, locals_, branches))
    listed = {patch.branch.name for release in releases for patch in release.patches}
    listed |= {release.branch.name for release in releases}
    label = label_of(project)
    place = _place(clone, push, locals_, branches, releases)
    left = (branch for name, branch in sorted(branches.items()) if name not in listed)
    kinds = {name: parse_ref(HEADS + name, layout).kind for name in branches}
    leftovers = tuple(branch for branch in left if kinds[branch.name] in (RELEASE_BRANCH, PATCH_BRANCH))
    pending = Journal(clone.common_dir).pending()
    undone = next((branch for branch in leftovers if _is_undone(push, branch, label)), None)
    return Progress(
        remote=survey.remote,
        layout=layout,
        production=branches[layout.production],
        label=label,
        releases=releases,
        startable=tuple(startable(push)),
        leftovers=leftovers,
        place=place,
        free_number=1 + max(map(patch_number, _ids(push, releases)), default=0),
        top=clone.top,
        up=clone.up,
        pending=pending.command if pending else "",
        operation=read_operation(clone, push, locals_),
        outgoing=tuple(read_outgoing(survey, push, locals_, _waiting(branches, place, releases, layout))),
        undone=undone,
        tagged=f"{TAGS}{layout.tag}{label}" in survey.refs,
        guess=len(clone.ask("remote").split()) < 2,
    )


def _waiting(
    branches: Mapping[str, Branch], place: Place, releases: tuple[Preparation, ...], layout: Layout
) -> Iterator[tuple[str, ...]]:
    """The branches with commits that only we have, each with those that have to be pushed with it."""
    production = branches[layout.production]
    if production.here and production.ahead:
        yield (production.name,)
    for release in releases:
        if _is_ahead(release.branch):
            yield (release.branch.name,)
    if place.kind == "patch" and _is_ahead(place.branch) and (place.release or place.branch.there):
        owner = next((each for each in releases if str(each.version) == place.release), None)
        listed = owner and any(patch.id == place.patch and not patch.state for patch in owner.patches)
        first = (owner.branch.name,) if owner and listed and _is_ahead(owner.branch) else ()
        yield (place.branch.name, *first)


def _is_ahead(branch: Branch) -> bool:
    return branch.here and (not branch.there or bool(branch.ahead))


def _is_undone(push: Push, branch: Branch, label: str) -> bool:
    """Whether this is the branch of the version in production, and the promotion of that is all that it lacks."""
    version, project = parse_ref(HEADS + branch.name, push.layout).version, push.after
    tip = project.release_tips.get(version) if version else None
    if not branch.there or tip is None or version != project.version:
        return False
    return project.contains(tip) and project.release_files(tip).get(f"{label}.txt") is None


def read_branches(clone: Clone, locals_: Mapping[str, Local], survey: Survey) -> dict[str, Branch]:
    """The branches of the workflow, and the one that is checked out, here and on the remote."""
    remote = survey.refs if survey.remote else {}
    tips = {ref.removeprefix(HEADS): target.commit for ref, target in remote.items() if ref.startswith(HEADS)}
    names = {name for name in {**locals_, **tips} if parse_ref(HEADS + name, HALFHOOKS).policed}
    names |= {clone.branch()} - {""}
    pairs = {name: (locals_[name].tip, tips[name]) for name in names if name in locals_ and name in tips}
    apart = distances(clone, pairs.values())
    found = {}
    for name in names:
        ahead, behind = apart[pairs[name]] if name in pairs else (None, None)
        worktree = locals_[name].worktree if name in locals_ else ""
        found[name] = Branch(name, name in locals_, name in tips, ahead, behind, worktree)
    return found


def distances(clone: Clone, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, int]]:
    """How many commits only the first of two has, and only the second."""
    found = {(one, other): (0, 0) for one, other in pairs if one == other}
    waiting = [pair for pair in dict.fromkeys(pairs) if pair not in found]
    for start in range(0, len(waiting), AT_ONCE):
        asked = waiting[start : start + AT_ONCE]
        running = [clone.start("rev-list", "--left-right", "--count", f"{one}...{other}") for one, other in asked]
        for pair, process in zip(asked, running):
            ahead, behind = process.finish().split()
            found[pair] = int(ahead), int(behind)
    return found


def _preparations(push: Push, locals_: Mapping[str, Local], branches: Mapping[str, Branch]) -> Iterator[Preparation]:
    """The open releases that the remote knows, or only we do; the smallest version first."""
    names = {name: parse_ref(HEADS + name, push.layout) for name in branches}
    versions = {parsed.version: name for name, parsed in names.items() if parsed.kind == RELEASE_BRANCH}
    for version, name in sorted((version, name) for version, name in versions.items() if version):
        known = push.after.release(version)
        here = read_release(push.after, version, locals_[name].tip) if name in locals_ else None
        release = known or here
        if release is None or not release.open:
            continue
        objections = _causes(objections_to_promotion(push, known)) if known else []
        yield Preparation(
            version,
            next_label(push.after, release),
            release.status,
            branches[name],
            release.rcs,
            tuple(sorted(push.after.release_files(release.tip).names(f"{version}-"))),
            tuple(_patches(push, known, here, locals_, branches)),
            known is not None,
            tuple(objections),
        )


def _causes(findings: list[Finding]) -> list[Finding]:
    """The findings without those that only follow from another one."""
    codes = {finding.code for finding in findings}
    return [finding for finding in findings if CONSEQUENCES.get(finding.code) not in codes]


def _patches(
    push: Push,
    known: Optional[Release],
    here: Optional[Release],
    locals_: Mapping[str, Local],
    branches: Mapping[str, Branch],
) -> Iterator[Patch]:
    """The patches of a release in the order of their application, the candidates last."""
    theirs = dict(_states(push, known, locals_)) if known else {}
    ours = dict(_states(push, here, locals_)) if here and not (known and known.tip == here.tip) else theirs
    for patch in {**theirs, **ours}:
        name = push.layout.patch + patch
        branch = branches.get(name) or Branch(name, False, False, None, None, "")
        state, local = theirs.get(patch, ""), ours.get(patch, "not listed")
        release = known or here
        tips = push.patch_tips(patch) | ({locals_[name].tip} if name in locals_ else set())
        waiting = {oid for tip in tips if release for oid in _apart(push, release, patch, tip)}
        yield Patch(patch, state, local if local != state else "", len(waiting), branch)


def _apart(push: Push, release: Release, patch: str, tip: str) -> list[str]:
    """The commits of a patch branch that are not in its release, unless a squash of them is."""
    return [] if is_integrated(push, release, patch, tip) else between(push.objects, [tip], [release.tip])


def _states(push: Push, release: Release, locals_: Mapping[str, Local]) -> Iterator[tuple[str, str]]:
    """Each patch of a release with its state."""
    for number in release.rcs:
        lines = push.after.lines(release.tip, release.version, RC, number)
        yield from ((patch, f"in RC {number}") for patch in (lines.ids if lines else ()))
    yield from ((patch, STAGED) for patch in release.stage)
    for patch in release.candidates:
        arrived = any(has_work(push, release, patch, tip) for tip in _tips(push, patch, locals_) or {""})
        yield patch, INTEGRATED if arrived else CANDIDATE


def _tips(push: Push, patch: str, locals_: Mapping[str, Local]) -> set[str]:
    """Where the branch of a patch stands on the remote; here, where the remote has none."""
    local = locals_.get(push.layout.patch + patch)
    return push.patch_tips(patch) or ({local.tip} if local else set())


def _place(
    clone: Clone,
    push: Push,
    locals_: Mapping[str, Local],
    branches: Mapping[str, Branch],
    releases: tuple[Preparation, ...],
) -> Place:
    name = clone.branch()
    if not name:
        return Place(Branch("", False, False, None, None, ""), "detached")
    parsed = parse_ref(HEADS + name, push.layout)
    branch = branches[name]
    if parsed.kind == RELEASE_BRANCH:
        return Place(branch, "release", release=str(parsed.version))
    if parsed.kind != PATCH_BRANCH:
        return Place(branch, "production" if parsed.kind == PRODUCTION_BRANCH else "other")
    owner = next((each for each in releases if any(patch.id == parsed.patch for patch in each.patches)), None)
    if owner is None or name not in locals_:
        return Place(branch, "patch", parsed.patch)
    local = locals_.get(owner.branch.name)
    tip = push.after.release_tips.get(owner.version) or (local.tip if local else "")
    pair = (locals_[name].tip, tip)
    return Place(branch, "patch", parsed.patch, str(owner.version), *distances(clone, [pair])[pair])


def _ids(push: Push, releases: tuple[Preparation, ...]) -> set[str]:
    """The ids of all patches that are known in any way."""
    known = {patch.id for release in releases for patch in release.patches} | push.after.patch_tips.keys()
    folders = push.names_below(push.after.production, push.layout.patches).names()
    return known | {name for name in folders if parse_ref(HEADS + push.layout.patch + name, push.layout).policed}

"""What holds for a legal repository, whatever led there (workflow: section 2): `ho check` without a range.

Most of it is what the rules say of a push, asked in other words: a state is legal when all its refs may be created at
once, and when each tip holds what a commit without parents may hold. What is left stands here, under the rules' codes.
"""

from __future__ import annotations

from halfhooks.history import between, merge_bases
from halfhooks.immutability import model_files, patches, release_files
from halfhooks.integration import has_files
from halfhooks.layout import CANDIDATES, HEADS, TAGS
from halfhooks.names import (
    PATCH_BRANCH,
    PRODUCTION_BRANCH,
    RELEASE_BRANCH,
    RELEASE_TAG,
    parse_file_name,
    parse_ref,
    release_file,
)
from halfhooks.push import Push
from halfhooks.release import FINISHED, Project, read_lines
from halfhooks.rules import COMMIT, RULES, UNJUDGEABLE, UPDATE, Finding, check
from halfhooks.snapshot import Commit, Snapshot, Update

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Callable

    from halfhooks.snapshot import Entry

    Invariant = Callable[[Push], Iterator[Finding]]


def check_state(push: Push) -> list[Finding]:
    """Every violation in a repository as it stands; `push` moves nothing, and has the state as its before and after.

    Its `rooms` know the tips of the workflow's branches.
    """
    lasting = [rule for rule in RULES.values() if rule.state]
    findings = check(all_created(push), [rule for rule in lasting if rule.scope == UPDATE])
    if not _unjudgeable(findings):
        policed = at_tips(push, PRODUCTION_BRANCH, RELEASE_BRANCH, PATCH_BRANCH)
        findings += check(policed, [rule for rule in lasting if rule.scope == COMMIT])
    if not _unjudgeable(findings):
        for invariant in INVARIANTS:
            for finding in invariant(push):
                warning = finding.warning or finding.code in push.config.warn
                findings.append(finding._replace(warning=warning))
    return sorted(dict.fromkeys(findings), key=lambda finding: finding.code)


def _unjudgeable(findings: Iterable[Finding]) -> bool:
    return any(finding.code in UNJUDGEABLE for finding in findings)


# --- a state as a push


def all_created(push: Push) -> Push:
    """The push that would create all refs at once, those apart that wait for their deletion: they bind nobody."""
    refs = push.after.snapshot.refs
    live = tuple(Update("", refs[ref].oid, ref) for ref in sorted(refs) if not _is_leftover(push, ref))
    return _push(push, Project(Snapshot({}, push.objects), push.layout), live, ())


def _is_leftover(push: Push, ref: str) -> bool:
    """Whether a branch is a finished release or a frozen patch."""
    name = parse_ref(ref, push.layout)
    if name.kind == RELEASE_BRANCH and name.version:
        release = push.after.release(name.version)
        return release is not None and not release.open
    return name.kind == PATCH_BRANCH and not push.after.releases_of(name.patch)


def at_tips(push: Push, *kinds: str) -> Push:
    """The push that brings the tips of these kinds of branches as commits without parents, production first."""
    refs = push.after.snapshot.refs
    of_kind = [ref for kind in kinds for ref in sorted(refs) if parse_ref(ref, push.layout).kind == kind]
    tips = dict.fromkeys(push.after.snapshot.tip(ref) for ref in of_kind)
    commits = tuple(push.objects.commit(tip)._replace(parents=()) for tip in tips if tip)
    return _push(push, push.after, tuple(Update("", refs[ref].oid, ref) for ref in of_kind), commits)


def _push(state: Push, before: Project, updates: tuple[Update, ...], commits: tuple[Commit, ...]) -> Push:
    return Push(before, state.after, updates, commits, state.rooms, state.config, state.transport, {})


# --- releases and patches


def finished(push: Push) -> Iterator[Finding]:
    """A release branch of a version that is in production waits for its deletion: nothing on it is left behind."""
    for version, tip in sorted(push.after.release_tips.items()):
        release = push.after.release(version)
        if release is None or release.status != FINISHED or push.after.contains(tip):
            continue
        branch = push.layout.release + str(version)
        if version == push.after.version:
            path = push.layout.path(push.layout.releases, release_file(version, CANDIDATES, push.layout))
            text = f"'{branch}' is no open hotfix: '{path}' does not begin with '{push.layout.marker}'"
            yield Finding(text, HEADS + branch, tip, path, code="HH309")
        else:
            text = f"'{branch}' is finished, for {version} is in production, but its tip is not"
            yield Finding(text, HEADS + branch, tip, code="HH114")


def drifted(push: Push) -> Iterator[Finding]:
    """What is immutable is the same wherever it appears on production and the release branches."""
    tips = at_tips(push, PRODUCTION_BRANCH, RELEASE_BRANCH)
    for code, find in (("HH301", release_files), ("HH403", patches), ("HH501", model_files)):
        for breach in find(tips):
            tip = breach.commit.oid
            room, _, name = breach.path[len(push.layout.root) :].partition("/")
            holder = _holder(push, room, name)
            if code == "HH403" and _is_old_view(push, name, tip, push.after.snapshot.tip(holder)):
                continue
            ref = tips.owner(tip).ref
            text = f"'{breach.path}' on '{ref[len(HEADS) :]}' is not what '{holder[len(HEADS) :]}' holds"
            yield Finding(text, ref, tip, breach.path, code=code)


def _holder(push: Push, room: str, name: str) -> str:
    """The branch whose entry below a folder is the canonical one: production, else the release that fixed it."""
    parsed = parse_file_name(name, push.layout)
    if push.below(push.after.production, room, name):
        return push.layout.production_ref()
    versions = [parsed.version] if parsed else [release.version for release in push.after.lists(name)]
    holders = [
        version for version in [*versions, *sorted(push.after.release_tips)] if version in push.after.release_tips
    ]
    tips = ((version, push.after.release_tips[version]) for version in holders)
    version = next((version for version, tip in tips if push.below(tip, room, name)), None)
    return HEADS + push.layout.release + str(version)


def _is_old_view(push: Push, patch: str, tip: str, holder: str) -> bool:
    """Whether a release has a patch as it was when the two branches last met: it has not yet seen the staging.

    Nor has one that holds nothing but the README of a candidate which a smaller release listed, when that was merged.
    """
    room = push.layout.patches
    if not has_files(push, tip, patch):
        return True
    mine = push.below(tip, room, patch)
    return any(push.below(base, room, patch) == mine for base in merge_bases(push.objects, tip, holder))


def strays(push: Push) -> Iterator[Finding]:
    """A patch branch belongs to a candidate, or is left over from one. A warning: not every release leaves a trace."""
    project = push.after
    released = push.names_below(project.production, push.layout.patches)
    for patch, tip in sorted(project.patch_tips.items()):
        if released.get(patch) or project.lists(patch) or _was_candidate(push, patch, tip):
            continue
        branch = push.layout.patch + patch
        text = f"'{branch}' belongs to no candidate, and no release ever listed its patch"
        yield Finding(text, HEADS + branch, tip, warning=True, code="HH110")


def _was_candidate(push: Push, patch: str, tip: str) -> bool:
    """Whether a commit of the branch, or else any commit at all, lists a patch as a candidate."""
    own = between(push.objects, [tip], [push.after.production])
    return any(patch in _candidates(push, oid) for oid in own) or patch in push.once(
        "ever candidates", lambda: {each for oid in _all_commits(push) for each in _candidates(push, oid)}
    )


def _all_commits(push: Push) -> list[str]:
    kept = abandoned(push)
    return between(push.objects, [push.after.production, *push.after.release_tips.values(), *kept], [])


def abandoned(push: Push) -> list[str]:
    """The commits that release tags keep, whose branches may be gone."""
    refs = push.after.snapshot.refs
    tags = (ref for ref in refs if ref.startswith(TAGS) and parse_ref(ref, push.layout).kind == RELEASE_TAG)
    return [refs[ref].commit for ref in tags if refs[ref].commit]


def _candidates(push: Push, commit: str) -> frozenset[str]:
    """The ids that any candidates file lists in the tree of a commit."""
    return listed(push, commit, (CANDIDATES,))


def listed(push: Push, commit: str, forms: tuple[str, ...]) -> frozenset[str]:
    """The ids that the release files of these forms list in the tree of a commit; each folder is read once."""

    def read() -> frozenset[str]:
        found: set[str] = set()
        for file, entry in push.names_below(commit, push.layout.releases).items():
            name = parse_file_name(file, push.layout)
            if name and name.form in forms:
                found.update(_ids(push, entry))
        return frozenset(found)

    return push.once(("listed", push.room(commit, push.layout.releases), forms), read)


def _ids(push: Push, entry: Entry) -> tuple[str, ...]:
    def read() -> tuple[str, ...]:
        lines = read_lines(push.objects, entry, push.layout)
        return lines.ids if lines else ()

    return push.once(("ids", entry), read)


INVARIANTS: tuple[Invariant, ...] = (finished, drifted, strays)

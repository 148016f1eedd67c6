"""What was done in the past of a repository: every commit of the policed branches by the rules on single commits.

A push knows what is canonical from the branches before it. Here nothing came before, so the first commit that fixes a
name decides, and whoever changes it afterwards is found, the commit that puts it back is not.
"""

from __future__ import annotations

from halfhooks.config import is_free
from halfhooks.immutability import Breach
from halfhooks.layout import HOTFIX, IMMUTABLE_FILES, PRODUCTION, STAGE
from halfhooks.names import PATCH_BRANCH, is_patch_id, parse_file_name
from halfhooks.release import newest_version
from halfhooks.rules import COMMIT, RULES, UNJUDGEABLE, Finding, check
from halfhooks.snapshot import Change, commit_changes
from halfhooks.state import abandoned, listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Callable

    from halfhooks.config import Config
    from halfhooks.push import Push
    from halfhooks.snapshot import Commit, Entry

    PolicyAt = Callable[[str], Config]

    # Whether a name below a folder is immutable from a commit on, which holds it.
    IsFixed = Callable[[str, str], bool]

IMMUTABLE = ("HH301", "HH403", "HH501")
ROOM = "HH111"


def check_history(push: Push, policy_at: PolicyAt) -> list[Finding]:
    """Every violation in the commits of `push`, which makes all policed branches at their tips.

    `policy_at` gives the policy that the tree of a commit holds.
    """
    rules = [rule for rule in RULES.values() if rule.scope == COMMIT and rule.code not in IMMUTABLE]
    findings = _without_gone_releases(push, check(push, rules))
    if not any(finding.code in UNJUDGEABLE for finding in findings):
        for code, breach in _breaches(push):
            text = f"'{breach.path}' was {breach.verb} in {breach.commit.oid[:10]}; it had been fixed before"
            ref = push.owner(breach.commit.oid).ref
            found = Finding(text, ref, breach.commit.oid, breach.path, code=code, warning=code in push.config.warn)
            findings.append(found)
        findings += _unpromoted(push, policy_at)
    return sorted(dict.fromkeys(findings), key=lambda finding: finding.code)


def _unpromoted(push: Push, policy_at: PolicyAt) -> Iterator[Finding]:
    """The commits of ho-prod itself that no promotion made, since the project began: first parents, newest first.

    A promotion is a merge that adds a production file, or is followed by the commit that does.
    """
    layout = push.layout
    commit, half = push.objects.commit(push.after.production), False
    while commit.parents and newest_version(push.after.release_files(commit.parents[0]), layout):
        parent = push.objects.commit(commit.parents[0])
        adds = _adds_version(push, parent, commit)
        merges, follows = len(commit.parents) == 2, len(parent.parents) == 2
        if not (merges and (adds or half)) and not (adds and follows):
            books = (layout.releases, layout.model) if follows and not merges else ()
            yield from _bound_change(push, parent, commit, books, policy_at(parent.oid))
        half = adds and follows and not merges
        commit = parent


def _bound_change(
    push: Push, parent: Commit, commit: Commit, books: tuple[str, ...], policy: Config
) -> Iterator[Finding]:
    """The first change of a commit of ho-prod that was neither free, then or now, nor in the folders of its bookkeeping."""
    layout = push.layout
    for change in commit_changes(push.objects, parent.oid, commit.oid):
        folder = change.path.removeprefix(layout.root).partition("/")[0]
        if folder not in books and not is_free(change.path, policy) and not is_free(change.path, push.config):
            text = f"'{change.path}' was {change.verb} in {commit.oid[:10]} on {layout.production} by no promotion"
            warning = "HH107" in push.config.warn
            yield Finding(text, layout.production_ref(), commit.oid, change.path, code="HH107", warning=warning)
            return


def _adds_version(push: Push, parent: Commit, commit: Commit) -> bool:
    """Whether a commit adds a production or hotfix file."""
    old, new = (push.after.release_files(each.oid) for each in (parent, commit))
    names = [(parse_file_name(file, push.layout), file) for file in new.differing(old)]
    return any(name and name.form in (PRODUCTION, HOTFIX) and not old.get(file) for name, file in names)


def _without_gone_releases(push: Push, findings: list[Finding]) -> list[Finding]:
    """Without what looks like the work of a patch branch, and was that of a release branch that has been deleted.

    A patch branch keeps the history of the release that it was made from: if that was abandoned, nothing else leads there.
    """
    gone = {oid for tip in abandoned(push) for oid in push.brought_by(tip)}
    start = push.layout.path(push.layout.releases, "")
    for finding in findings:
        name = parse_file_name(finding.path[len(start) :], push.layout) if finding.path.startswith(start) else None
        if finding.code == ROOM and name and name.mutable:
            gone.add(finding.commit)
    frozen = {move.ref for move in push.moves_of(PATCH_BRANCH) if not push.after.releases_of(move.name.patch)}
    kept = (each for each in findings if each.code != ROOM or not (each.commit in gone or each.ref in frozen))
    return list(kept)


def _breaches(push: Push) -> Iterator[tuple[str, Breach]]:
    layout = push.layout

    def is_release_file(commit: str, name: str) -> bool:
        parsed = parse_file_name(name, layout)
        return parsed is not None and parsed.form in IMMUTABLE_FILES

    def is_model(commit: str, name: str) -> bool:
        return name.startswith((layout.schema, layout.metadata))

    def is_staged(commit: str, name: str) -> bool:
        return is_patch_id(name) and name in listed(push, commit, (STAGE, *IMMUTABLE_FILES))

    for code, folder, is_fixed in (
        ("HH301", layout.releases, is_release_file),
        ("HH403", layout.patches, is_staged),
        ("HH501", layout.model, is_model),
    ):
        for breach in _changed(push, folder, is_fixed):
            yield code, breach


def _changed(push: Push, folder: str, is_fixed: IsFixed) -> Iterator[Breach]:
    """The commits in which a name is neither what a parent fixed, nor what was fixed at first."""
    good: dict[str, set[Entry]] = {}
    bad: set[tuple[str, Entry]] = set()
    for commit in push.touching(folder):
        for name in push.touched(commit, folder):
            mine = push.below(commit.oid, folder, name)
            entries = {parent: push.below(parent, folder, name) for parent in commit.parents}
            held = {entry for parent, entry in entries.items() if entry and is_fixed(parent, name)}
            if not held or mine in held:
                continue
            first = good.setdefault(name, set())
            first.update(entry for entry in held if (name, entry) not in bad)
            if mine in first:
                continue
            if mine:
                bad.add((name, mine))
            path = push.layout.path(folder, name)
            yield Breach(commit, path, Change(path, next(iter(held)), mine).verb)

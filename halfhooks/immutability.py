"""What may never change, held against every new commit and each of its parents (workflow: section 4)."""

from __future__ import annotations

from halfhooks.integration import read_lists
from halfhooks.layout import IMMUTABLE_FILES, RC
from halfhooks.names import is_patch_id, parse_file_name
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Callable, Optional

    from halfhooks.push import Push
    from halfhooks.release import Release
    from halfhooks.snapshot import Commit, Entry

    # The canonical entry of a name below a folder; the name's own error when it is not immutable.
    Canonical = Callable[[str, Commit], "Fixed"]


class Fixed(NamedTuple):
    """Whether a name is immutable, and its canonical entry: None when it must not be there at all."""

    immutable: bool
    entry: Optional[Entry] = None


MADE = "made otherwise"
"""What happened to a path that none of the parents has: it is fixed as it stands at the end of the push."""


class Breach(NamedTuple):
    """A commit that breaks what is fixed: the path, what happened to it, in one word, and by which commit."""

    commit: Commit
    path: str
    verb: str


def breaches(push: Push, folder: str, canonical: Canonical) -> Iterator[Breach]:
    """The new commits in which an immutable name below a folder is not what it must be.

    If a parent holds the canonical entry, the commit must hold it; otherwise the commit's entry, absence included, must
    be canonical or that of a parent: who has not yet seen a release keeps the old view until the merge.
    """
    for commit in push.touching(folder):
        for name in push.touched(commit, folder):
            fixed = canonical(name, commit)
            if not fixed.immutable:
                continue
            mine = push.below(commit.oid, folder, name)
            inherited = [push.below(parent, folder, name) for parent in commit.parents]
            if mine != fixed.entry and (fixed.entry in inherited or mine not in inherited):
                verb = MADE if mine and fixed.entry and not any(inherited) else _verb(mine, fixed.entry)
                yield Breach(commit, push.layout.path(folder, name), verb)


def _verb(mine: Optional[Entry], fixed: Optional[Entry]) -> str:
    if mine is None:
        return "deleted"
    if fixed is None:
        return "added"
    return "edited" if mine.mode == fixed.mode else "replaced"


def release_files(push: Push) -> list[Breach]:
    """Breaches of RC, production and hotfix files."""
    room = push.layout.releases
    return push.once("release breaches", lambda: list(breaches(push, room, lambda name, _: _release_file(push, name))))


def _release_file(push: Push, name: str) -> Fixed:
    parsed = parse_file_name(name, push.layout)
    if parsed is None or parsed.form not in IMMUTABLE_FILES:
        return Fixed(False)
    before, after = push.before, push.after
    tips = [before.production]
    if parsed.version in before.release_tips:
        tips.append(before.release_tips[parsed.version])
    tips += before.release_tips.values()
    tips.append(after.release_tips.get(parsed.version, "") if parsed.form == RC else "")
    tips.append(after.production)
    return Fixed(True, _first(push, tips, push.layout.releases, name))


def _first(push: Push, tips: list[str], folder: str, name: str) -> Optional[Entry]:
    """The entry of a name at the first of some tips that has it."""
    entries = (push.below(tip, folder, name) for tip in tips if tip)
    return next((entry for entry in entries if entry), None)


def model_files(push: Push) -> list[Breach]:
    """Breaches of the schema and metadata of each version."""
    room = push.layout.model
    return push.once("model breaches", lambda: list(breaches(push, room, lambda name, _: _model_file(push, name))))


def _model_file(push: Push, name: str) -> Fixed:
    if not name.startswith((push.layout.schema, push.layout.metadata)):
        return Fixed(False)
    tips = [push.before.production, *push.before.release_tips.values(), push.after.production]
    return Fixed(True, _first(push, tips, push.layout.model, name))


def patches(push: Push) -> list[Breach]:
    """Breaches of the directories of staged and released patches."""
    room = push.layout.patches
    return push.once("patch breaches", lambda: list(breaches(push, room, lambda *where: _patch(push, *where))))


def breached(push: Push) -> tuple[str, ...]:
    """The paths that were there and were broken, each with a slash at its end."""
    found = [breach for kind in (release_files, patches, model_files) for breach in kind(push)]
    return tuple(f"{breach.path}/" for breach in found if breach.verb != "added")


def _patch(push: Push, name: str, commit: Commit) -> Fixed:
    """A patch is fixed from staging on; one that this very push stages, in the commits that follow the staging."""
    fixed, staging = push.once(("fixed patch", name), lambda: _fixed_patch(push, name))
    for release in staging:
        for parent in commit.parents:
            lists = read_lists(push, parent, release.version)
            if name in lists.stage + lists.rc_ids:
                return Fixed(True, push.below(parent, push.layout.patches, name))
    return fixed


def _fixed_patch(push: Push, name: str) -> tuple[Fixed, list[Release]]:
    """What is known of a patch before the push; if it is not fixed yet, also the releases that the push stages it in."""
    folder = push.layout.patches
    if not is_patch_id(name):
        return Fixed(False), []
    released = push.below(push.before.production, folder, name) if push.before.production else None
    if released:
        return Fixed(True, released), []
    for release in push.before.open_releases():
        if name in release.complete:
            return Fixed(True, push.below(release.tip, folder, name)), []
    return Fixed(False), [release for release in push.listing() if name in release.complete]

"""Moves refs, all of a push or none: on a remote by `git push --atomic`, in a repository without one by `git update-ref`.

A ref moves only from where it was seen: who was slower learns it, and nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from halfhooks.git import GitError
from halfhooks.ho.repository import Clone
from halfhooks.layout import TAGS
from halfhooks.snapshot import Update
from halfhooks.values import NamedTuple

UNANSWERED = "[remote failure]"
"""What `git push --porcelain` says of a ref of which the remote has not said what became of it."""

LANDED, REFUSED, MOVED, UNKNOWN = "landed", "refused", "moved", "unknown"


class Result(NamedTuple):
    """What became of a push: landed; refused; not made, for a ref had moved; or unknown. `said` is what git printed.

    `answered`: the remote has said that nothing moved, so this push will not arrive late either.
    """

    state: str
    said: str = ""
    answered: bool = False


def push(clone: Clone, remote: str, updates: Sequence[Update]) -> Result:
    """Move some refs. When git fails, the remote is asked where they are: an answer may get lost on its way.

    One that has come counts: somebody of our name may have made the same commit, so that a ref is where we wanted it.
    """
    if not remote:
        return _move_here(clone, updates)
    leases = [f"--force-with-lease={update.ref}:{update.old}" for update in updates]
    specs = [f"{update.new}:{update.ref}" for update in updates]
    only = ("--atomic", "--no-follow-tags", "--no-recurse-submodules")
    done = clone.attempt("push", "--porcelain", *only, *leases, "--", remote, *specs)
    said = "\n".join(line for line in (done.err + done.out).splitlines() if line.strip())
    if done.code == 0:
        return Result(LANDED, said)
    lines = [line for line in done.out.splitlines() if line.startswith("!\t")]
    answered = bool(lines) and not any(UNANSWERED in line for line in lines)
    try:
        where = positions(clone, remote, [update.ref for update in updates])
        return Result(state_of(updates, where, answered), said, answered)
    except GitError as error:
        return Result(UNKNOWN, f"{said}\n{error}")


def _move_here(clone: Clone, updates: Sequence[Update]) -> Result:
    lines = []
    for update in updates:
        verb = "create" if not update.old else "update" if update.new else "delete"
        ids = [each for each in (update.new, update.old) if each]
        lines.append(" ".join([verb, update.ref, *ids]))
    try:
        clone.run("update-ref", "-m", "ho", "--stdin", data="\n".join([*lines, ""]).encode())
        return Result(LANDED)
    except GitError as error:
        return Result(state_of(updates, positions(clone, "", [update.ref for update in updates])), str(error))


def positions(clone: Clone, remote: str, refs: Iterable[str]) -> dict[str, str]:
    """Where some refs are, "" for those that do not exist; a `GitError` when the remote cannot be reached."""
    refs = list(refs)
    found = listed(clone, remote, *refs)
    return {ref: found.get(ref, "") for ref in refs}


def listed(clone: Clone, remote: str, *patterns: str) -> dict[str, str]:
    """The refs that match one of some patterns, and perhaps more, with what they are; a `GitError` as above."""
    if remote:
        lines = clone.run("ls-remote", "--refs", "--", remote, *patterns)
    else:
        lines = clone.run("for-each-ref", "--format=%(objectname)%09%(refname)", *patterns)
    return {ref: oid for oid, _, ref in (line.partition("\t") for line in lines.splitlines())}


def is_folder(clone: Clone, remote: str) -> bool:
    """Whether a remote is a folder of this machine, as git tells its address from others (git-clone(1), "GIT URLS")."""
    url = clone.url(remote) or remote
    return url.startswith("file://") or ":" not in url.partition("/")[0]


def state_of(updates: Iterable[Update], where: dict[str, str], refused: bool = False) -> str:
    """What became of a push, by where its refs are now. `refused` is one of which git has said that nothing moved."""
    updates = [update for update in updates if update.old != update.new]
    if all(where[update.ref] == update.new for update in updates):
        return LANDED
    if not refused and any(where[update.ref] == update.new for update in telling(updates) if update.new):
        return LANDED  # all of it, then; others may have moved the rest since
    return REFUSED if all(where[update.ref] == update.old for update in updates) else MOVED


def telling(updates: Sequence[Update]) -> list[Update]:
    """The updates of a push that tell whether it has landed.

    A tag stays for good, and is nobody else's; two users of one name may make the same commit. A branch may go for other
    reasons, too.
    """
    made = [update for update in updates if update.new]
    tags = [update for update in made if update.ref.startswith(TAGS)]
    return tags or made or list(updates)

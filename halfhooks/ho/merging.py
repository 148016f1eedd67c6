"""The merge of two commits as `git merge` would make it, where nobody sees it: nothing but objects is written."""

from __future__ import annotations

from halfhooks.ho.checkout import checked_out
from halfhooks.ho.repository import Clone, find_git
from halfhooks.survey import CannotTell

CLEAN, CONFLICTS, USAGE = 0, 1, 129
COMMITTER = ("-c", "user.name=halfhooks", "-c", "user.email=halfhooks@localhost")
"""Whose a merge is that nobody sees."""


def merge(clone: Clone, ours: str, theirs: str) -> tuple[str, tuple[str, ...]]:
    """The tree of a merge of two commits, and the files that are in conflict; nothing but objects is written.

    The files in conflict hold git's markers in that tree.
    """
    options = ("--write-tree", "-z", "--name-only", "--no-messages")
    status, output = clone.answer("merge-tree", *options, ours, theirs)
    if status == USAGE:  # git before 2.38
        return merge_in_folder(clone, ours, theirs)
    tree, *conflicts = output.split("\0")[:-1] or [""]
    if status not in (CLEAN, CONFLICTS) or not tree:
        raise CannotTell(f"git could not merge {theirs[:10]} into {ours[:10]}: have they a common history?")
    return tree, tuple(conflicts)


def merge_in_folder(clone: Clone, ours: str, theirs: str) -> tuple[str, tuple[str, ...]]:
    """The same, in a checkout."""
    bases = clone.ask("merge-base", "--all", ours, theirs).split()
    if not bases:
        raise CannotTell(f"git could not merge {theirs[:10]} into {ours[:10]}: they have no common history")
    with checked_out(clone, find_git(), ours, clone.environment) as checkout:
        status, _ = checkout.answer("merge-recursive", *bases, "--", ours, theirs)
        if status == CLEAN:
            return checkout.answer("write-tree")[1], ()
        _, unmerged = checkout.answer("diff", "--name-only", "--diff-filter=U", "-z")
        conflicts = tuple(sorted(set(unmerged.split("\0")[:-1])))
        if not conflicts:
            raise CannotTell(f"git could not merge {theirs[:10]} into {ours[:10]}")
        checkout.answer("add", "--all", "--", *conflicts)
        return checkout.answer("write-tree")[1], conflicts

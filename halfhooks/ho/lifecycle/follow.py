"""What follows in a clone when refs have moved on the server: its branches and working trees go along, and lose nothing.

A branch moves when it has no commits of its own; a working tree that has it checked out is taken along as `git switch` does
it, with the changes that are not committed. What cannot move without losing something stays, and is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from halfhooks.ho.lifecycle.transaction import Way
from halfhooks.ho.repository import Clone, Local
from halfhooks.layout import HEADS, TAGS
from halfhooks.survey import CannotTell


class Step(NamedTuple):
    """A local branch that moves from `old` to `new`, "" where it comes or goes. `worktree` has it checked out, if any."""

    branch: str
    old: str
    new: str
    worktree: str


def steps(clone: Clone, ways: Iterable[Way], remote: str) -> tuple[list[Step], list[str]]:
    """How the local branches follow, and what is to be said of those that do not. Without a remote they are what moves."""
    found, said = [], []
    locals_ = clone.locals()
    for way in ways:
        name = way.ref.removeprefix(HEADS)
        local = locals_.get(name)
        if not way.ref.startswith(HEADS) or (local is None and remote):
            continue
        tip, worktree = local or Local("", "")
        if tip == way.new:
            continue
        known = [each for each in (*way.olds, way.new) if each]
        if not remote or tip in known or any(_leads_to(clone, tip, each) for each in known):
            found.append(Step(name, tip, way.new, worktree))
        else:
            how = f"git switch {name} && git pull" if way.new else f"git branch -D {name} removes it"
            said.append(f"'{name}' here has commits that '{remote}' did not get, and stays: {how}")
    return found, said


def _leads_to(clone: Clone, old: str, new: str) -> bool:
    return clone.contains(new, old)


def check(clone: Clone, moves: Iterable[Step], target: str, switch: bool) -> None:
    """Fail with `CannotTell` when a working tree cannot go along: git waits there, or a change would be overwritten.

    `target` is the commit to which the working tree where we are is going, if it goes anywhere.
    """
    trees = {step.worktree: step.new for step in moves if step.worktree and step.new}
    if switch and clone.top:
        trees[clone.top] = target
    for top, commit in trees.items():
        if not os.path.isdir(top):
            continue
        for name in ("MERGE_HEAD", "rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD", "REVERT_HEAD"):
            if os.path.exists(clone.attempt("rev-parse", "--git-path", name, folder=top).out.rstrip("\n")):
                raise CannotTell(f"git waits for something in '{top}': git status says for what")
        clone.attempt("update-index", "-q", "--refresh", folder=top)
        tried = clone.attempt("read-tree", "-n", "-m", "-u", "HEAD", commit, folder=top)
        if tried.code:
            said = next((line for line in tried.err.splitlines() if line.startswith("error: ")), tried.err.strip())
            hint = "commit it, or put it aside: git stash -u"
            raise CannotTell(f"a change in '{top}' is in the way: {said.removeprefix('error: ').rstrip('.')}; {hint}")


def before(clone: Clone, moves: Iterable[Step]) -> None:
    """Let the working trees go of branches that are about to move: nothing in them changes."""
    for step in moves:
        if step.worktree and os.path.isdir(step.worktree):
            clone.attempt("switch", "-q", "--detach", folder=step.worktree)


def after(clone: Clone, moves: Iterable[Step], ways: Iterable[Way], remote: str, switch: str) -> Iterator[str]:
    """Move the local branches and tags, and what is checked out; what is to be said. It may be done again."""
    moves = list(moves)
    for step in moves:
        if remote and step.old != step.new:
            arguments = [HEADS + step.branch, step.new] if step.new else ["-d", HEADS + step.branch]
            clone.run("update-ref", "-m", "ho", *arguments, step.old)
    for way in ways:
        is_new_tag = remote and way.ref.startswith(TAGS) and way.new
        if is_new_tag and not clone.ask("rev-parse", "-q", "--verify", way.ref):
            clone.run("update-ref", "-m", "ho", way.ref, way.new)
    for step in moves:
        if step.worktree and os.path.isdir(step.worktree) and not (switch and step.worktree == clone.top):
            if step.new:
                yield from _switch(clone, step.branch, step.worktree, remote)
            else:
                yield f"'{step.worktree}' had '{step.branch}' checked out, which is gone; it stays at its last commit"
    if switch and clone.top and clone.branch() != switch:
        yield from _switch(clone, switch, clone.top, remote)


def _switch(clone: Clone, branch: str, top: str, remote: str) -> Iterator[str]:
    known = clone.commit(HEADS + branch)
    create = [] if known or not remote else ["-c", branch, "--track", f"{remote}/{branch}"]
    done = clone.attempt("switch", "-q", *(create or [branch]), folder=top)
    if done.code:
        said = (done.err.strip().splitlines() or ["git failed"])[0]
        yield f"'{branch}' is not checked out in '{top}': {said}; git switch {branch}"

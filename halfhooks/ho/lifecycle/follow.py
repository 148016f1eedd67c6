"""What follows in a clone when refs have moved on the server: its branches and working trees go along, and lose nothing.

A branch moves when it has no commits of its own; a working tree that has it checked out is taken along as `git switch` does
it, with the changes that are not committed. What cannot move without losing something stays, and is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from halfhooks.git import GitError
from halfhooks.ho.lifecycle.transaction import Transaction, Way
from halfhooks.ho.repository import Clone, Local, reason, under_way
from halfhooks.layout import HEADS, TAGS
from halfhooks.survey import CannotTell, tracking
from halfhooks.values import NamedTuple


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
        git_dir = clone.git_dir
        if top != clone.top:
            git_dir = clone.attempt("rev-parse", "--absolute-git-dir", folder=top).out.rstrip("\n")
        waiting = under_way(git_dir)
        if waiting:
            raise CannotTell(
                f"git {waiting} is in progress in '{top}': end it with git {waiting} --continue, "
                f"or give it up: git {waiting} --abort"
            )
        clone.attempt("update-index", "-q", "--refresh", folder=top)
        tried = clone.attempt("read-tree", "-n", "-m", "-u", "HEAD", commit, folder=top)
        if tried.code:
            said = next((line for line in tried.err.splitlines() if line.startswith("error: ")), tried.err.strip())
            hint = "commit it, or put it aside: git stash -u"
            raise CannotTell(f"a change in '{top}' is in the way: {said.removeprefix('error: ').rstrip('.')}; {hint}")


def before(clone: Clone, moves: Iterable[Step]) -> tuple[list[Step], list[str]]:
    """Let the working trees go of branches that are about to move: nothing in them changes.

    The moves that can be made then, and what is to be said of the others: a branch never moves under a working tree.
    """
    free, said = [], []
    for step in moves:
        if step.worktree and os.path.isdir(step.worktree):
            done = clone.attempt("switch", "-q", "--detach", folder=step.worktree)
            if done.code:
                why = (done.err.strip().splitlines() or ["git failed"])[0]
                said.append(f"'{step.branch}' stays as it is in '{step.worktree}': {why}")
                continue
        free.append(step)
    return free, said


def after(clone: Clone, moves: Iterable[Step], transaction: Transaction) -> Iterator[str]:
    """Move the local branches and tags, and what is checked out; what is to be said. It may be done again."""
    remote, ways = transaction.remote, transaction.ways.values()
    if remote:
        lines = [f"update {HEADS}{step.branch} {step.new} {step.old}" for step in moves if step.old and step.new]
        lines += [f"delete {HEADS}{step.branch} {step.old}" for step in moves if step.old and not step.new]
        for way in ways:
            if way.ref.startswith(HEADS):  # git does so itself, but for a clone of a single branch
                known = tracking(remote) + way.ref.removeprefix(HEADS)
                lines.append(f"update {known} {way.new}" if way.new else f"delete {known}")
            elif way.ref.startswith(TAGS) and way.new and not clone.ask("rev-parse", "-q", "--verify", way.ref):
                lines.append(f"create {way.ref} {way.new}")
        try:
            clone.run("update-ref", "-m", "ho", "--stdin", data="\n".join([*lines, ""]).encode())
        except GitError as error:
            yield f"it is done on '{remote}', but the branches here stay: {reason(error)}; git pull brings it"
    yield from back(clone, transaction, transaction.switch)


def back(clone: Clone, transaction: Transaction, switch: str) -> Iterator[str]:
    """Let each working tree have its branch again, and the one where the command was typed `switch`, "" for its own.

    Somebody who has gone to another branch meanwhile stays there.
    """
    for top, branch in transaction.trees:
        if (switch and top == transaction.top) or not _is_detached(clone, top):
            continue
        if clone.commit(HEADS + branch):
            yield from _switch(clone, branch, top, transaction.remote)
        else:
            yield f"'{top}' had '{branch}' checked out, which is gone; it stays at its last commit: git switch"
    if switch and os.path.isdir(transaction.top):
        head = clone.attempt("symbolic-ref", "-q", "HEAD", folder=transaction.top).out.strip()
        if head.removeprefix(HEADS) in {"", transaction.here} - {switch}:
            yield from _switch(clone, switch, transaction.top, transaction.remote)


def _is_detached(clone: Clone, top: str) -> bool:
    return os.path.isdir(top) and not clone.attempt("symbolic-ref", "-q", "HEAD", folder=top).out


def _switch(clone: Clone, branch: str, top: str, remote: str) -> Iterator[str]:
    done = clone.attempt("switch", "-q", "--no-guess", branch, folder=top)
    if done.code and remote and not clone.commit(HEADS + branch):
        there = f"{tracking(remote)}{branch}"  # whole, for there may be a tag of the short name
        done = clone.attempt("switch", "-q", "-c", branch, "--track", there, folder=top)
        if done.code:  # a clone of a single branch cannot track another one
            done = clone.attempt("switch", "-q", "--no-track", "-c", branch, there, folder=top)
    if done.code:
        said = (done.err.strip().splitlines() or ["git failed"])[0]
        yield f"'{branch}' is not checked out in '{top}': {said}; git switch {branch}"

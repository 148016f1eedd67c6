"""Makes the pushes of a transaction, and takes the clone along; finishes one that was interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, Optional

from halfhooks.git import GitError
from halfhooks.ho.lifecycle import follow, refs
from halfhooks.ho.lifecycle.follow import Step
from halfhooks.ho.lifecycle.transaction import Journal, Transaction
from halfhooks.ho.repository import Clone, reason
from halfhooks.layout import TAGS
from halfhooks.snapshot import Update
from halfhooks.survey import CannotTell

Say = Callable[[str], None]

UNDO = "undo"
"""The command that does not want what was interrupted to be finished."""


class Refused(Exception):
    """The rules, or the server, refuse what was to be done; the lines say why, and what has happened."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(lines[0] if lines else "refused")
        self.lines = tuple(lines)


class Unknown(Refused):
    """It is not known what the server has done."""


class Finished(Exception):
    """The command had been interrupted, and what it lacked is done now."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction.done)
        self.transaction = transaction


class Moved(Exception):
    """Somebody was quicker: a ref is not where it was. What was prepared has to be prepared anew."""


def go_on(
    clone: Clone,
    journal: Journal,
    transaction: Transaction,
    start: int,
    say: Say,
    following: Optional[tuple[list[Step], list[str]]] = None,
) -> None:
    """Make the pushes from one on, then what follows here: `following` is how the local branches do, where that is known."""
    moves, left = following or follow.steps(clone, transaction.ways.values(), transaction.remote)
    if not transaction.remote:
        _, stuck = follow.before(clone, moves)
        if stuck:
            _give_up(clone, transaction, say)
            journal.forget()
            raise CannotTell(f"{stuck[0]}; nothing was done")
    for number, updates in enumerate(transaction.pushes[start:], start):
        result = refs.push(clone, transaction.remote, updates)
        lines = [line for line in result.said.splitlines() if line.strip()]
        if result.state == refs.LANDED:
            for line in lines:
                if line.startswith("remote: "):
                    say(line)
            continue
        if result.state == refs.UNKNOWN:
            hint = "it is not known whether the push has arrived; run it again: that asks, and finishes or undoes it"
            raise Unknown([*lines, f"halfhooks: {hint}"])
        made = f"{number} of {len(transaction.pushes)} pushes were made"
        if number == 0:
            _give_up(clone, transaction, say)
        if result.state == refs.MOVED:
            if number:
                say(
                    f"halfhooks: '{transaction.command}': {made}, then somebody was quicker; ho status shows what is left"
                )
            if number or result.answered or journal.doubtful():  # that may be who was quicker
                journal.forget()
            else:
                journal.doubt()
            raise Moved
        if number > transaction.ahead:
            raise Refused([*lines, f"halfhooks: {made}; run it again when the reason is gone: it does the rest"])
        journal.forget()
        if number:
            _give_up(clone, transaction, say)
            kept = "they bring what was there already, and stay"
            raise Refused([*lines, f"halfhooks: {made}; {kept}; run it again when the reason is gone"])
        raise Refused([*lines, "halfhooks: the push was refused; nothing was done"])
    if transaction.remote:
        moves, stuck = follow.before(clone, moves)
        left += [f"{line}; git pull brings it" for line in stuck]
    for line in [*left, *follow.after(clone, moves, transaction)]:
        say(line)
    journal.finish()


def _give_up(clone: Clone, transaction: Transaction, say: Say) -> None:
    """Let the working trees have their branches again: nothing has moved."""
    for line in follow.back(clone, transaction, ""):
        say(line)


def resume(clone: Clone, journal: Journal, undoing: bool, say: Say) -> Optional[Transaction]:
    """Finish what was interrupted, or forget it when nothing of it has landed; what was finished, None for nothing.

    A push of ours may land after we were killed, so what has not is looked for once more by the next command. `undoing`
    leaves all but its own kind alone.
    """
    doubtful = journal.doubtful()
    pending = journal.pending() or doubtful
    if pending is None or (undoing and not pending.command.startswith(f"ho {UNDO}")):
        return None
    try:
        start = landed(clone, pending)
    except GitError as error:
        raise CannotTell(
            f"'{pending.command}' was interrupted, and the remote does not answer: {reason(error)}"
        ) from None
    if start == 0:
        if pending is doubtful:
            journal.forget_doubts()
            return None
        _give_up(clone, pending, say)
        journal.doubt()
        say(f"halfhooks: '{pending.command}' was interrupted before anything had happened")
        return None
    if pending is doubtful:
        journal.begin(pending)
    say(f"halfhooks: '{pending.command}' was interrupted: it is finished now")
    _complete(clone, pending, start, say)
    go_on(clone, journal, pending, start, say)
    return pending


def _complete(clone: Clone, transaction: Transaction, start: int, say: Say) -> None:
    """Push again what a server that was killed amid a push has left out of it; refs that others have moved stay."""
    updates = transaction.pushes[start - 1]
    where = refs.positions(clone, transaction.remote, [update.ref for update in updates])
    rest = [update for update in updates if update.old != update.new and where[update.ref] == update.old]
    if rest and refs.push(clone, transaction.remote, rest).state == refs.LANDED:
        say("halfhooks: a part of its push was missing: it was pushed again")


def landed(clone: Clone, transaction: Transaction) -> int:
    """How many pushes of a transaction have landed; others may have moved its refs since."""
    where = refs.positions(clone, transaction.remote, transaction.ways)
    unknown = [ref for ref, oid in where.items() if oid and not clone.ask("cat-file", "-t", oid)]
    if unknown:
        clone.run("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--", transaction.remote, *unknown)
    for number in range(len(transaction.pushes), 0, -1):
        updates = refs.telling(transaction.pushes[number - 1])
        if any(_has(clone, where[update.ref], update) for update in updates):
            return number
    return 0


def _has(clone: Clone, now: str, update: Update) -> bool:
    """Whether a ref has certainly been where an update moves it to, which none but that push has done."""
    if now == update.new or not now or not update.new or update.ref.startswith(TAGS):
        return now == update.new
    is_step_back = bool(update.old) and clone.contains(update.old, update.new)
    return not is_step_back and clone.contains(now, update.new)

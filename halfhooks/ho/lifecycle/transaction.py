"""What a command of the lifecycle does to the refs: one or a few pushes, each of which lands whole or not at all.

All objects are written before the first push, and what is going to happen is kept in a journal until all of it has happened.
So whoever is interrupted can run any command of the lifecycle: it asks the remote what has landed, and does the rest.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from halfhooks.snapshot import Update
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

FOLDER = "halfhooks"
PENDING = "pending.json"
DOUBTFUL = "doubtful.json"
LAST = "last.json"
LOCK = "lifecycle.lock"
FORMAT = 1


class Way(NamedTuple):
    """Where a ref goes: from the first of `olds`, by the others, to `new`; "" where it does not exist."""

    ref: str
    olds: tuple[str, ...]
    new: str


class Transaction(NamedTuple):
    """`command` is what was typed, `done` what is said when it is done, `pushes` what moves, in order.

    `here` is the branch that is checked out at first, `switch` the one in the end, `remote` where the pushes go, "" for
    the refs of this repository. `said` are remarks for the end. `top` is the working tree where it was typed, `trees` are
    those that have a branch checked out which moves, with that branch. The first pushes, `ahead` of the others, bring what
    was there already, and stand for themselves: after them all the rest can be prepared anew.
    """

    command: str
    done: str
    pushes: tuple[tuple[Update, ...], ...]
    remote: str
    here: str = ""
    switch: str = ""
    said: tuple[str, ...] = ()
    top: str = ""
    trees: tuple[tuple[str, str], ...] = ()
    ahead: int = 0

    @property
    def ways(self) -> dict[str, Way]:
        """What becomes of each ref."""
        found: dict[str, Way] = {}
        for push in self.pushes:
            for update in push:
                before = found[update.ref].olds if update.ref in found else ()
                found[update.ref] = Way(update.ref, (*before, update.old), update.new)
        return found


def to_text(transaction: Transaction) -> str:
    """A transaction as a JSON document."""
    import json  # here, for whoever only asks whether something is pending

    return json.dumps({"version": FORMAT, **transaction._asdict()}, indent=2) + "\n"


def from_text(text: str) -> Optional[Transaction]:
    """The transaction that a document tells of, None where it is none of ours."""
    import json

    try:
        values = json.loads(text)
        if values.pop("version") != FORMAT:
            return None
        values["pushes"] = tuple(tuple(Update(*update) for update in push) for push in values["pushes"])
        values["trees"] = tuple((top, branch) for top, branch in values["trees"])
        return Transaction(**{**values, "said": tuple(values["said"])})
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


class Journal:
    """The folder `halfhooks` in the git directory of a clone: what is pending, and what was done last."""

    def __init__(self, git_dir: str) -> None:
        self.folder = Path(git_dir, FOLDER)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock of the clone, which the system frees however we end; `CannotTell` when another command has it."""
        self.folder.mkdir(exist_ok=True)
        with open(self.folder / LOCK, "w", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotTell("another command of ho is at work in this clone: wait for it") from None
            yield

    def pending(self) -> Optional[Transaction]:
        """What was begun and is not known to be over."""
        return self._read(PENDING)

    def doubtful(self) -> Optional[Transaction]:
        """What had not landed when it was looked for, and yet might."""
        return self._read(DOUBTFUL)

    def last(self) -> Optional[Transaction]:
        """What was done last."""
        return self._read(LAST)

    def begin(self, transaction: Transaction) -> None:
        """Keep what is going to happen."""
        self.folder.mkdir(exist_ok=True)
        new = self.folder / (PENDING + ".new")
        with open(new, "w", encoding="utf-8") as file:
            file.write(to_text(transaction))
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self.folder / PENDING)

    def finish(self) -> None:
        """All of it has happened."""
        os.replace(self.folder / PENDING, self.folder / LAST)
        self.forget_doubts()

    def forget(self) -> None:
        """None of it has happened."""
        (self.folder / PENDING).unlink(missing_ok=True)

    def doubt(self) -> None:
        """None of it has happened yet, as far as is known."""
        os.replace(self.folder / PENDING, self.folder / DOUBTFUL)

    def forget_doubts(self) -> None:
        """It will not happen any more."""
        (self.folder / DOUBTFUL).unlink(missing_ok=True)

    def _read(self, name: str) -> Optional[Transaction]:
        try:
            return from_text((self.folder / name).read_text("utf-8"))
        except (OSError, ValueError):
            return None

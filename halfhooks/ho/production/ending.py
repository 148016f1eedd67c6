"""How an upgrade or a rollback may end: a `Trouble`, with commands that mean the same as the one that was given.

What it says in each case is in `trouble`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import Optional

from halfhooks.values import NamedTuple

MOST = 20
"""Lines of one list that are shown."""


class Call(NamedTuple):
    """What a command to copy needs to mean the same: the options for the database, the source, the folder of dumps, the
    rest of those of an upgrade, and the words with which psql opens the database.
    """

    database: str = ""
    source: str = ""
    folder: str = ""
    rest: str = ""
    connection: str = ""

    def upgrade(self, *options: str) -> str:
        """`ho upgrade` with these options, which count before those that were given."""
        return _command("ho upgrade", self.database, self.source, self.folder, self.rest, *options)

    def update(self) -> str:
        """`ho update`."""
        return _command("ho update", self.database, self.source)

    def rollback(self, *options: str) -> str:
        """`ho rollback` with these options."""
        return _command("ho rollback", self.database, self.folder, *options)

    def check(self) -> str:
        """`ho db check`."""
        return _command("ho db check", self.database, self.source)

    def psql(self, statement: str) -> str:
        """A statement on the database by psql, or psql itself."""
        return _command("psql", self.connection, f"-c {shlex.quote(statement)}" if statement else "")

    def end(self, pid: int) -> str:
        """The end of a session."""
        return self.psql(f"select pg_terminate_backend({pid})")


def _command(*words: str) -> str:
    return " ".join(filter(None, words))


class Trouble(Exception):
    """An end that is not the one that was wanted. `details` explain `what`, `state` says how the database stands.

    `ways` are pairs: what one may want, and the command that does it. `code` is the exit code: 1 when the answer is no, or
    something failed; 2 when it cannot be told.
    """

    def __init__(
        self,
        what: str,
        details: Iterable[str] = (),
        state: str = "",
        ways: Sequence[tuple[str, str]] = (),
        code: int = 1,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.details = tuple(details)
        self.state = state
        self.ways = tuple(ways)
        self.code = code

    def lines(self) -> list[str]:
        """All of it."""
        shown = list(self.details[:MOST])
        left = len(self.details) - len(shown)
        found = [f"error: {self.what}", *(f"  {line}" for line in shown)]
        found += [f"  and {left} more lines"] if left else []
        found += [f"state: {self.state}"] if self.state else []
        return found + [line for words, command in self.ways for line in (f"  to {words}:", f"    {command}")]

    def values(self) -> dict[str, object]:
        """All of it, as plain values."""
        ways = [{"to": words, "command": command} for words, command in self.ways]
        return {"error": self.what, "details": list(self.details), "state": self.state, "ways": ways}


UNTOUCHED = "nothing was done; the database is at {label}, as it was"


def untouched(label: str) -> str:
    """How a database stands that nobody has written to."""
    return UNTOUCHED.format(label=label or "no release")


class Standing(NamedTuple):
    """How a database stands after a failure. `label` is None when it could not be asked; `begun` is a release that has
    begun and cannot be undone by itself, with how many of its steps are done.
    """

    label: Optional[str]
    before: str
    begun: str = ""
    done: int = 0
    steps: int = 0
    backup: str = ""

    def words(self) -> str:
        """In a sentence."""
        if self.label is None:
            return (
                f"the database could not be asked. It was at {self.before} or a later release when the connection ended; a "
                "release that is one transaction is there whole or not at all, and its table of releases says which"
            )
        if self.begun:
            return (
                f"the database is at {self.label}, and {self.done} of the {self.steps} steps of {self.begun} are done: it "
                "has files that cannot run in a transaction. What is done is recorded, and is not repeated"
            )
        moved = "as it was" if self.label == self.before else f"it was at {self.before} before"
        return f"the database is at {self.label}, {moved}; nothing of what failed is left in it"

    def ways(self, call: Call) -> list[tuple[str, str]]:
        """What can be done."""
        found = [("go on from where it stands, when the cause is mended", call.upgrade())]
        if self.label is None:
            found.insert(0, ("ask it again", call.update()))
        if self.backup and (self.begun or self.label != self.before):
            found.append(
                (f"go back to {self.before}, by the backup {self.backup}", call.rollback(f"--to {self.before}"))
            )
        return found

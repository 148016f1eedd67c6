"""What went wrong, for somebody who was woken by it: what happened, how the database stands, and a command for each way out.

Every text of an upgrade or a rollback that ends it is made here, so that a test can read them all.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Optional

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


# --- before anything runs


def busy(name: str, holders: Sequence[tuple[int, str]], again: str, call: Call) -> Trouble:
    """Another command of ours has the database."""
    ways = [("wait for it, up to an hour", f"{again} --wait 3600")]
    ways += [("end the other one; its transaction is rolled back", call.end(pid)) for pid, _ in holders[:1]]
    state = "this command has done nothing; the other one goes on"
    return Trouble(f"another ho is at work on '{name}'", [words for _, words in holders], state, ways)


def tampered(wrong: Sequence[str], label: str, url: str, call: Call) -> Trouble:
    """The releases are not what production recorded."""
    return Trouble(
        "the releases are not what was recorded when they were made; nothing of them is run",
        [f"in {url}:", *wrong],
        untouched(label),
        [
            ("judge the whole repository, in a clone of it", "ho check"),
            ("upgrade from another copy of it", call._replace(source="--from URL").upgrade()),
        ],
    )


def drift(label: str, lines: Sequence[str], than: str, call: Call) -> Trouble:
    """The database is not what its version says."""
    return Trouble(
        f"the database is not what {label} made of it: its structure has changed since",
        [f"added (+) is what it has, removed (-) what it should have, by {than}:", *lines],
        untouched(label),
        [
            ("see all of it", call.check()),
            ("go on all the same; the reason is recorded", call.upgrade("--accept-drift 'WHY THIS IS RIGHT'")),
        ],
    )


def unequal(label: str, lines: Sequence[str], than: str, call: Call) -> Trouble:
    """A database that is to be adopted is not what its release makes."""
    return Trouble(
        f"the database is not what {label} makes, so it is not adopted",
        [f"added (+) is what it has, removed (-) what it should have, by {than}:", *lines],
        untouched(""),
        [("adopt it all the same; the reason is recorded", call.upgrade("--accept-drift 'WHY THIS IS RIGHT'"))],
    )


def shut_out(label: str, reason: str, sessions: Sequence[tuple[int, str]], call: Call) -> Trouble:
    """Somebody keeps even readers out of a table."""
    return Trouble(
        "the database could not be looked at, for somebody keeps readers out of a table",
        [reason, *(words for _, words in sessions)],
        untouched(label),
        [
            *(("end the oldest of these transactions", call.end(pid)) for pid, _ in sessions[:1]),
            ("wait longer for it", call.upgrade("--lock-timeout 60")),
        ],
    )


def undecided(label: str, reason: str, role: str, call: Call, at: Optional[str] = None) -> Trouble:
    """Whether it has drifted cannot be told; `at` where it does not say that it is at that release."""
    return Trouble(
        f"whether the database still is what {label} is cannot be told",
        [reason],
        untouched(label if at is None else at),
        [
            (
                "let us load the model of that version beside it, once, which takes a role that may make databases",
                call.psql(f'alter role "{role}" createdb'),
            ),
            ("go on without knowing; the reason is recorded", call.upgrade("--accept-drift 'WHY THIS IS RIGHT'")),
        ],
        code=2,
    )


def standby(name: str, label: str) -> Trouble:
    """The server is a copy of another one."""
    return Trouble(
        f"the server of '{name}' is a standby: it can only be read",
        (),
        untouched(label),
        [("upgrade the primary", "ho upgrade --database 'host=PRIMARY dbname=...'")],
    )


def development(name: str) -> Trouble:
    """It is a database that `ho apply` makes anew."""
    return Trouble(
        f"'{name}' is a development database, which ho apply makes",
        (),
        "nothing was done",
        [("bring it to what the working tree describes", "ho apply"), ("name another", "ho upgrade --database ...")],
    )


def no_python(paths: Sequence[str], wanted: str, label: str, call: Call) -> Trouble:
    """Files of patches need an interpreter that is not there."""
    return Trouble(
        f"there is no interpreter '{wanted}' to run these with"
        if wanted
        else "there is no interpreter to run these with",
        paths,
        untouched(label),
        [("name the project's interpreter", call.upgrade("--python /srv/shop/.venv/bin/python"))],
    )


def unasked(label: str, call: Call, command: str) -> Trouble:
    """There is nobody to ask."""
    return Trouble(
        "nobody can be asked whether to do this: standard input is no terminal",
        (),
        untouched(label),
        [("do it without being asked", command), ("see what it would do", call.update())],
    )


def server_wide(statements: Sequence[str], label: str, call: Call) -> Trouble:
    """A dry run would leave traces."""
    return Trouble(
        "a dry run would change more than its copy: these statements are about the whole server",
        statements,
        untouched(label),
        [
            ("see what would run", call.update()),
            (
                "try it on a copy of it on another server",
                "ho upgrade --dry-run --database 'host=OTHER dbname=...'",
            ),
        ],
    )


def no_books(reason: str, name: str, label: str, role: str, call: Call) -> Trouble:
    """Our tables cannot be made."""
    return Trouble(
        "the tables of half_orm_meta cannot be written to",
        [reason],
        untouched(label),
        [
            (
                "give the role what it needs, as the owner of the database",
                call.psql(
                    f'grant create on database "{name}" to "{role}"; grant all on schema half_orm_meta, '
                    f'"half_orm_meta.view" to "{role}"; grant all on all tables in schema half_orm_meta to "{role}"'
                ),
            )
        ],
    )


# --- the backup


def backup_failed(what: str, details: Sequence[str], label: str, call: Call) -> Trouble:
    """There is no backup, so nothing is begun."""
    return Trouble(
        f"no backup was made: {what}",
        details,
        untouched(label),
        [
            ("try again, into another folder", call._replace(folder="--backup-folder FOLDER").upgrade()),
            ("upgrade without a backup, when you have one of your own", call.upgrade("--backup none")),
        ],
    )


def connected(name: str, sessions: Sequence[tuple[int, str]], label: str, call: Call) -> Trouble:
    """A template copy needs the database for itself."""
    return Trouble(
        f"'{name}' cannot be copied on the server while somebody is connected to it",
        [words for _, words in sessions],
        untouched(label),
        [
            ("take a dump instead, which disturbs nobody", call.upgrade("--backup dump")),
            *(("end the first of these sessions", call.end(pid)) for pid, _ in sessions[:1]),
        ],
    )


# --- while it runs


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


def failed(release: str, lines: Sequence[str], standing: Standing, call: Call) -> Trouble:
    """A statement of a release failed."""
    look = ("see what is in its way, and mend that: a released patch itself never changes", call.psql(""))
    return Trouble(f"{release} failed", lines, standing.words(), [look, *standing.ways(call)])


def locked_out(
    release: str,
    lines: Sequence[str],
    attempts: int,
    sessions: Sequence[tuple[int, str]],
    standing: Standing,
    call: Call,
) -> Trouble:
    """Others held their locks for too long."""
    times = "once" if attempts == 1 else f"{attempts} times"
    tried = f"it was tried {times}" + (". Who has a transaction open:" if sessions else "")
    details = [*lines, tried, *(words for _, words in sessions)]
    ways = [("end the oldest of these transactions", call.end(pid)) for pid, _ in sessions[:1]]
    ways.append(("wait longer for each lock; whoever comes after us waits too", call.upgrade("--lock-timeout 30")))
    return Trouble(f"{release} did not get its locks", details, standing.words(), [*ways, *standing.ways(call)])


def lost(release: str, lines: Sequence[str], standing: Standing, call: Call) -> Trouble:
    """The server or the connection went away."""
    what = f"the connection to the server was lost while {release} ran"
    return Trouble(what, lines, standing.words(), standing.ways(call))


def uncertain(path: str, began: str, standing: Standing, call: Call) -> Trouble:
    """A script was interrupted, and only somebody who knows it can say how far it came."""
    ways = [
        ("go on after it, for what it did is enough", call.upgrade("--unfinished skip")),
        ("run it once more, from its beginning", call.upgrade("--unfinished repeat")),
    ]
    if standing.backup:
        ways.append((f"go back to {standing.before}", call.rollback(f"--to {standing.before}")))
    return Trouble(
        f"'{path}' was interrupted, and nobody can tell how far it came: it is a script, no function 'apply'",
        [f"it began at {began}; look at what it writes to, then say which"],
        standing.words(),
        ways,
    )


def other_files(release: str, standing: Standing, call: Call) -> Trouble:
    """A release was begun with files that are no longer the same."""
    return Trouble(
        f"{release} was begun with other files than it has now",
        ["what ran of it is recorded by its content; a released patch never changes"],
        standing.words(),
        [
            ("upgrade from the repository that it was begun from", call._replace(source="--from URL").upgrade()),
            (f"go back to {standing.before}", call.rollback(f"--to {standing.before}")),
        ],
    )


# --- back


def no_backup(wanted: str, folder: str, known: Sequence[str], label: str, call: Call) -> Trouble:
    """There is nothing to go back to."""
    what = f"there is no backup of {wanted}" if wanted else "there is no backup"
    found = [f"there is: {each}" for each in known] or [f"looked for in {folder}, and for copies on the server"]
    ways = [
        (
            "look into another folder",
            call._replace(folder="--backup-folder FOLDER").rollback(f"--to {wanted}" if wanted else ""),
        )
    ]
    return Trouble(what, found, untouched(label), ways)


def restore_failed(backup: str, lines: Sequence[str], label: str, call: Call) -> Trouble:
    """The backup could not be restored beside."""
    return Trouble(
        f"the backup {backup} could not be restored",
        lines,
        untouched(label),
        [
            ("try another backup", call.rollback("--list")),
            ("see what pg_restore makes of it", f"pg_restore --list {shlex.quote(backup)}"),
        ],
    )


def swap_failed(name: str, restored: str, reason: str, label: str, call: Call) -> Trouble:
    """The restored database could not take the name."""
    rename = f'alter database "{name}" rename to "{name}_old"; alter database "{restored}" rename to "{name}"'
    elsewhere = call._replace(connection=call.connection.replace(f"dbname={name}", "dbname=postgres"))
    return Trouble(
        f"the restored database could not take the place of '{name}'",
        [reason],
        f"'{name}' is at {label}, as it was; what was restored is '{restored}'",
        [
            ("swap them by hand, when nobody is connected", elsewhere.psql(rename)),
            ("remove what was restored", elsewhere.psql(f'drop database "{restored}"')),
        ],
    )

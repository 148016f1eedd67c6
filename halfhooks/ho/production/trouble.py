"""What went wrong, for somebody who was woken by it: what happened, how the database stands, and a command for each way out.

Every text of an upgrade or a rollback that ends it is made here, so that a test can read them all.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Optional

from halfhooks.ho.production.ending import Call, Standing, Trouble, untouched

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
            ("undo it, when nobody needs it, and upgrade again", call.psql("")),
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
        f"it cannot be told whether the database still is what {label} made of it",
        [reason],
        untouched(label if at is None else at),
        [
            (
                "let ho load the model of that release beside it, once, for which its role has to make a database",
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
            ("see which backups there are, and where", call.rollback("--list")),
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


def failed(release: str, lines: Sequence[str], standing: Standing, call: Call) -> Trouble:
    """A statement of a release failed."""
    look = ("look for what is in its way, and mend that; the released patch itself never changes", call.psql(""))
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
    since = ("see since when the server runs, if it does", call.psql("select pg_postmaster_start_time()"))
    return Trouble(what, lines, standing.words(), [since, *standing.ways(call)])


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
            ("swap them by hand, as the owner of both, when nobody is connected", elsewhere.psql(rename)),
            ("remove what was restored", elsewhere.psql(f'drop database "{restored}"')),
        ],
    )

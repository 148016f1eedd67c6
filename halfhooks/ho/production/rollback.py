"""Takes a database back to a backup: restored beside, looked at, and swapped in by a rename.

What is there now is kept, under another name. A restore that fails has touched nothing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from typing import Callable

from halfhooks.ho.database.catalog import fingerprint, read_catalog
from halfhooks.ho.database.connect import Error, connected, execute
from halfhooks.ho.database.databases import Databases, ObjectInUse
from halfhooks.ho.production import backup as backups
from halfhooks.ho.production import trouble
from halfhooks.ho.production.backup import Backup
from halfhooks.ho.production.ending import Call
from halfhooks.ho.production.options import Meant
from halfhooks.ho.production.restore import restored
from halfhooks.ho.production.session import first_line, lock, open_session, recorded, refuse_standby
from halfhooks.ho.production.settings import TEMPLATE
from halfhooks.values import NamedTuple

ATTEMPTS = 50


class Change(NamedTuple):
    """Rows of a table that were written since the backup, as the server counts them; `gone` when the table goes as well."""

    table: str
    inserted: int
    updated: int
    deleted: int
    gone: bool = False

    def words(self) -> str:
        """It, for people."""
        counts = ((self.inserted, "inserted"), (self.updated, "updated"), (self.deleted, "deleted"))
        said = ", ".join(f"{number} {verb}" for number, verb in counts if number) or "no row written"
        return f"{self.table}: {said}" + ("; the table itself is newer than the backup" if self.gone else "")


class Loss(NamedTuple):
    """What going back loses: releases that are newer, and rows. `counted` is False where the server counts anew since."""

    releases: tuple[str, ...]
    changes: tuple[Change, ...]
    counted: bool
    seconds: float


class Returned(NamedTuple):
    """A database that went back: to which backup, what it was called that is kept, and how many sessions were cut."""

    backup: Backup
    loss: Loss
    kept: str
    cut: int


class Tell(NamedTuple):
    """Who wants to know, and is asked: `loss` shows what would be lost, `agree` says whether to."""

    loss: Callable[[Backup, Loss], None] = lambda backup, loss: None
    agree: Callable[[Backup], None] = lambda backup: None
    bar: Callable[[str, int, int], None] = lambda words, done, total: None


def choose(found: Sequence[Backup], wanted: str, meant: Meant, label: str) -> Backup:
    """The newest whole backup of a release, or the newest of all for ""; a `Trouble` where there is none."""
    usable = [each for each in found if each.whole and wanted in ("", each.label)]
    if not usable:
        known = [each.words() for each in found]
        raise trouble.no_backup(wanted, meant.folder, known, label, meant.call)
    return usable[0]


def roll_back(meant: Meant, databases: Databases, wanted: str, tell: Tell) -> Returned:
    """Take the database back to its newest backup, or to that of a release. A `Trouble` when it stays as it is."""
    target = meant.target
    with contextlib.closing(open_session(target, meant.settings, databases.version, "ho rollback")) as connection:
        again = meant.call.rollback(f"--to {wanted}" if wanted else "")
        lock(connection, target.name, meant.settings.wait, meant.call, again)
        known = recorded(connection)
        refuse_standby(connection, target.name, known.label)
        backup = choose(backups.known(databases, target.name, meant.folder), wanted, meant, known.label)
        loss = losses(backup, known.releases, *backups.counters(connection))
        tell.loss(backup, loss)
        tell.agree(backup)
        databases.sweep()
        try:
            name = restored(databases, target, backup, tell.bar)
            problem = differs(databases, name, backup)
            if problem:
                databases.drop(name)
                raise backups.Failed("it is not what its note says", [problem])
        except backups.Failed as failed:
            lines = [failed.what, *failed.details]
            raise trouble.restore_failed(backup.where, lines, known.label, meant.call) from None
    kept, cut = swap(databases, target.name, name, known.label, meant.call)
    return Returned(backup, loss, kept, cut)


def losses(backup: Backup, releases: Sequence[str], counted: str, rows: Mapping[str, Sequence[int]]) -> Loss:
    """What was written since a backup, by the counters of the server now and then."""
    since = tuple(releases[releases.index(backup.label) + 1 :]) if backup.label in releases else tuple(releases)
    changes = []
    for table, now in sorted(rows.items()):
        before = backup.rows.get(table)
        diff = [new - old for new, old in zip(now[:3], before or (0, 0, 0))]
        if before is None or any(diff):
            inserted, updated, deleted = (max(each, 0) for each in diff)
            changes.append(Change(table, inserted, updated, deleted, before is None))
    same = counted == backup.counted and all(rows[table][0] >= backup.rows.get(table, (0,))[0] for table in rows)
    return Loss(since, tuple(changes), same, time.time() - backup.taken)


def differs(databases: Databases, name: str, backup: Backup) -> str:
    """What a restored database has otherwise than its backup says, "" when nothing."""
    if backup.kind == TEMPLATE:
        databases.run(f"alter database {databases.quote(name)} allow_connections true")
    try:
        with connected(databases.server, name) as connection:
            label = recorded(connection).label
            execute(connection, "discard all")
            hashed = fingerprint(read_catalog(connection))
    except Error as error:
        return first_line(error)
    if label != backup.label:
        return f"it says that it is at {label or 'no release'}, not at {backup.label}"
    ignorable = not backup.fingerprint or hashed == backup.fingerprint or _only_database(databases, name, backup)
    return "" if ignorable else "its catalog has another fingerprint than the database had"


def _only_database(databases: Databases, name: str, backup: Backup) -> bool:
    """Whether it equals the backup once it has the settings and privileges of the database, which are in no dump."""
    try:
        databases.beside(backup.database, name)
        with connected(databases.server, name) as connection:
            return fingerprint(read_catalog(connection)) == backup.fingerprint
    except Error:
        return False


def swap(databases: Databases, name: str, new: str, label: str, call: Call) -> tuple[str, int]:
    """Give a database the name, the owner, the comment and the settings of the one in production, which gets another name.

    Either both renames happen or none. The other name, and how many sessions were ended.
    """
    kept = f"{name[:40]}_before_rollback_{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"
    quote = databases.quote
    found = databases.find(name)
    comment = found.comment if found else ""
    owner = databases.run("select datdba::regrole::text, datconnlimit from pg_database where datname = %s", name)
    cut, why = 0, ""
    try:
        databases.beside(name, new)
    except Error as error:
        raise trouble.swap_failed(name, new, first_line(error), label, call) from None
    for _ in range(ATTEMPTS):
        ended = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()"
        try:
            cut += len(databases.run(ended, name))
            databases.run("begin")
            databases.run(f"alter database {quote(name)} rename to {quote(kept)}")
            databases.run(f"alter database {quote(new)} rename to {quote(name)}")
            databases.run(f"alter database {quote(name)} owner to {owner[0][0]}")
            databases.run(f"alter database {quote(name)} connection limit {int(owner[0][1])}")
            databases.run(f"comment on database {quote(name)} is %s", comment or None)
            databases.run("commit")
            databases.keep(new)
            return kept, cut
        except ObjectInUse as error:
            why = first_line(error)
            with contextlib.suppress(Error):
                databases.run("rollback")
            time.sleep(0.05)
        except Error as error:
            why = first_line(error)
            with contextlib.suppress(Error):
                databases.run("rollback")
            break
    databases.keep(new)
    raise trouble.swap_failed(name, new, why, label, call)

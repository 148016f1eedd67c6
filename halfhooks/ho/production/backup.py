"""Backups that an upgrade takes and a rollback restores: a dump that was looked through, or a copy on the server.

A dump stands beside a note in JSON that says of what it is; it has its name only when both are whole. A copy carries the
same note in its comment, and takes no connections.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from halfhooks.ho.database.binaries import FOLDERS
from halfhooks.ho.database.connect import Error, Server, execute
from halfhooks.ho.database.databases import PREFIX, Databases
from halfhooks.ho.production.session import first_line
from halfhooks.ho.production.settings import DUMP, TEMPLATE, Target
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from halfhooks.ho.database.connect import Connection

KIND = "backup"
"""The kind of our mark on a copy."""
LOCK_WAIT = 60
"""Seconds that pg_dump waits for somebody who keeps readers out of a table."""
COMPRESSION = 1
"""The level of a dump: it takes half the time of the usual 6, and a few hundredths more room, while production waits."""
MARGIN = 64 << 20
"""Bytes that are left free beside a dump."""
SHRINKS = 2
"""How many times smaller than its tables a dump is taken to be when there is none before it to go by."""


class Failed(Exception):
    """There is no backup: why, and what the programs said."""

    def __init__(self, what: str, details: Sequence[str] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.details = tuple(details)


class Backup(NamedTuple):
    """A backup of a database at a release. `where` is the path of a dump, or the name of a copy on the server.

    `rows` are the counters of each table when it was taken: inserted, updated, deleted since `counted`, and rows about.
    """

    kind: str
    where: str
    database: str
    label: str
    commit: str
    fingerprint: str
    taken: float
    size: int
    whole: bool = True
    counted: str = ""
    rows: Mapping[str, Sequence[int]] = {}

    def words(self) -> str:
        """It, for people."""
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.taken))
        part = "" if self.whole else ", when the next release had begun"
        return f"{self.label}, taken {when}{part}: {self.kind} {self.where} ({size_words(self.size)})"


def size_words(size: int) -> str:
    """A number of bytes, for people."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 10000:
            return f"{size} {unit}"
        size //= 1024
    return f"{size} TB"


# --- programs


def program(server: Server, version: int, name: str) -> str:
    """The path of a program of PostgreSQL that is as new as the server; a `Failed` where there is none."""
    folders = [server.bindir, *os.environ.get("PATH", "").split(os.pathsep)]
    folders += [str(path) for pattern in FOLDERS for path in sorted(Path("/").glob(pattern), reverse=True)]
    seen = []
    for folder in filter(None, folders):
        path = os.path.join(folder, name)
        if not os.access(path, os.X_OK):
            continue
        done = subprocess.run([path, "--version"], capture_output=True, text=True)
        found = re.search(r"(\d+)(\.\d+)*", done.stdout)
        if found and int(found.group(1)) >= version // 10000:
            return path
        seen.append(f"{path} is of version {found.group(0) if found else '?'}")
    hint = f"install the client programs of PostgreSQL {version // 10000} or newer, and have them in the PATH"
    raise Failed(f"there is no {name} as new as the server ({version // 10000})", [*dict.fromkeys(seen), hint])


def beside(path: str, server: Server, version: int, name: str) -> str:
    """A program in the folder of another one, whose version it has; else any that is as new as the server."""
    found = os.path.join(os.path.dirname(path), name)
    return found if os.access(found, os.X_OK) else program(server, version, name)


def run(command: Sequence[str], environment: Mapping[str, str], poll: Callable[[], None] = lambda: None) -> list[str]:
    """Run a program that shares our fate; its lines on standard error. A `Failed` with them when it fails."""
    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dict(environment),
        )
    except OSError as error:
        raise Failed(f"{command[0]} did not start: {error.strerror}") from None
    try:
        while True:
            try:
                _, said = process.communicate(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                poll()
    except BaseException:
        process.kill()
        process.wait()
        raise
    lines = said.decode("utf-8", "replace").strip().splitlines()
    if process.returncode:
        code = process.returncode
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        raise Failed(f"{os.path.basename(command[0])} {how}", lines)
    return lines


def environment_of(target: Target, database: str) -> dict[str, str]:
    """The environment in which PostgreSQL's programs find a database of the target's server."""
    return {**os.environ, **target.server.environment(database), "PGAPPNAME": "ho backup", "LC_ALL": "C"}


# --- taking one


def note(connection: Connection, label: str, commit: str, fingerprint: str, database: str, whole: bool) -> Backup:
    """What is known of a database right before its backup; `kind`, `where` and `size` are still empty."""
    counted, rows = counters(connection)
    return Backup("", "", database, label, commit, fingerprint, time.time(), 0, whole, counted, rows)


def counters(connection: Connection) -> tuple[str, dict[str, list[int]]]:
    """Since when the server counts, and for each table: inserted, updated, deleted since then, and rows about."""
    query = "select coalesce(stats_reset::text, '') from pg_stat_database where datname = current_database()"
    ((reset,),) = execute(connection, query)
    query = """select format('%I.%I', schemaname, relname), n_tup_ins, n_tup_upd, n_tup_del, n_live_tup
        from pg_stat_user_tables where schemaname !~ '^half_orm_meta' order by 1"""
    return str(reset), {name: [int(each) for each in counts] for name, *counts in execute(connection, query)}


def take_dump(
    target: Target, connection: Connection, about: Backup, folder: str, bar: Callable[[str, int, int], None]
) -> Backup:
    """Dump the database into a folder; `bar` is told of the bytes so far, and of those that are expected.

    The dump is looked through by `pg_restore --list`, and on the disk, before it has its name.
    """
    version = connection.server_version
    dumper = program(target.server, version, "pg_dump")
    restorer = beside(dumper, target.server, version, "pg_restore")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as error:
        raise Failed(f"'{folder}' cannot be made: {error.strerror}") from None
    expected = _need_room(connection, folder)
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(about.taken))
    path = os.path.join(folder, f"{about.label}_{stamp}.dump")
    new = f"{path}.new"
    try:
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        how = ("--format=custom", f"--compress={COMPRESSION}", f"--lock-wait-timeout={LOCK_WAIT}s", "--no-password")
        dump = [dumper, *how, f"--file={new}"]
        run(dump, environment_of(target, target.name), lambda: bar("pg_dump", os.path.getsize(new), expected))
        listed = subprocess.run([restorer, "--list", new], capture_output=True, text=True, errors="replace")
        if listed.returncode or not _lists(listed.stdout, connection):
            said = listed.stderr.strip().splitlines() or ["tables are missing in its list"]
            raise Failed("the dump was written, but pg_restore cannot read it", said)
        found = about._replace(kind=DUMP, where=path, size=os.path.getsize(new))
        _write(f"{path}.json", json.dumps(found._asdict(), indent=1).encode())
        _sync(new)
        os.rename(new, path)
        _sync(folder)
        return found
    except OSError as error:
        raise Failed(f"'{folder}' cannot be written to: {error.strerror}") from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(new)
        if not os.path.exists(path):
            with contextlib.suppress(OSError):
                os.unlink(f"{path}.json")


def _lists(listing: str, connection: Connection) -> bool:
    """Whether a dump's list names as many tables with data as there are; those of extensions need not be there."""
    ((wanted,),) = execute(connection, TABLES)
    return len(re.findall(r"^\d+; \d+ \d+ TABLE DATA ", listing, re.MULTILINE)) >= int(wanted)


TABLES = """
    select count(*) from pg_class c join pg_namespace n on n.oid = relnamespace
    where relkind = 'r' and nspname !~ '^pg_' and nspname <> 'information_schema' and relpersistence <> 't'
    and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')"""


def _need_room(connection: Connection, folder: str) -> int:
    """The bytes that a dump will take; a `Failed` when there is less room than that."""
    query = "select coalesce(sum(pg_table_size(oid)), 0) from pg_class where relkind in ('r', 'm') and oid >= 16384"
    ((size,),) = execute(connection, query)
    before = [each.size for each in dumps(folder)]
    expected = before[0] * 5 // 4 if before else int(size) // SHRINKS
    free = shutil.disk_usage(folder).free
    if free < expected + MARGIN:
        by = "the last one" if before else f"its tables, which take {size_words(int(size))}"
        raise Failed(
            f"there is not enough room in '{folder}'",
            [f"free: {size_words(free)}; a dump will take about {size_words(expected)}, going by {by}"],
        )
    return expected


def take_copy(databases: Databases, target: Target, about: Backup) -> Backup:
    """Copy the database on its server. Nobody may be connected to it, we neither; a `Failed` when that cannot be had."""
    try:
        made = databases.make(template=target.name)
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(about.taken))
        name = f"{PREFIX}backup_{stamp}_{target.name}"[:63]
        found = about._replace(kind=TEMPLATE, where=name, size=databases.size(made))
        databases.run(f"alter database {databases.quote(made)} allow_connections false")
        databases.rename(made, name, kind=KIND, note=found._asdict())
        databases.unlock(made)
        return found
    except Error as error:
        raise Failed("the server could not copy it", [first_line(error)]) from None


def _write(path: str, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- those that there are


def dumps(folder: str) -> list[Backup]:
    """The dumps in a folder, the newest first. What has no readable note, or is shorter than that says, is none."""
    found = []
    for path in Path(folder).glob("*.dump.json"):
        with contextlib.suppress(OSError, ValueError, TypeError):
            each = Backup(**json.loads(path.read_text("utf-8")))._replace(where=str(path)[: -len(".json")])
            if os.path.getsize(each.where) == each.size:
                found.append(each)
    return sorted(found, key=lambda each: -each.taken)


def copies(databases: Databases, name: str) -> list[Backup]:
    """The copies of a database on its server, the newest first."""
    found = []
    for database in databases.ours(KIND):
        with contextlib.suppress(TypeError):
            each = Backup(**(database.mark or {}).get("note", {}))._replace(where=database.name)
            if each.database == name:
                found.append(each)
    return sorted(found, key=lambda each: -each.taken)


def known(databases: Databases, name: str, folder: str) -> list[Backup]:
    """All backups of a database, the newest first."""
    stored = [each for each in dumps(folder) if each.database == name]
    return sorted([*stored, *copies(databases, name)], key=lambda each: -each.taken)


def forget(databases: Databases, backups: Sequence[Backup], keep: int) -> Iterator[Backup]:
    """Remove the oldest of some backups beyond a number; those that are removed."""
    for each in backups[max(keep, 1) :]:
        if each.kind == TEMPLATE:
            databases.drop(each.where)
        else:
            for path in (each.where, f"{each.where}.json"):  # without its dump a note is nothing
                with contextlib.suppress(OSError):
                    os.unlink(path)
        yield each

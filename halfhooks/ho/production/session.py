"""The session that an upgrade runs in: one connection, which holds the lock for as long as anything of it runs.

The lock belongs to the very session that runs the statements. When `ho` is killed while the server works, the session lives
on until the server notices, and so does the lock: nobody begins again beside it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Optional

from halfhooks.ho.database.connect import Error, OperationalError, connect, execute
from halfhooks.ho.database.databases import DEVELOPMENT, Databases
from halfhooks.ho.database.meta import Recorded, read
from halfhooks.ho.production import trouble
from halfhooks.ho.production.ending import Call
from halfhooks.ho.production.settings import Settings, Target
from halfhooks.survey import CannotTell

if TYPE_CHECKING:
    from halfhooks.ho.database.connect import Connection

LOCK_SPACE = 0x68687570
"""The first half of the lock of an upgrade; the second is 0, for a lock belongs to one database anyway."""
NOTICE_SINCE = 140000
PATIENCE = 20.0
"""Seconds for which a server that went away is asked again."""


def who() -> str:
    """Who runs this: user, machine and process."""
    return f"{os.environ.get('SUDO_USER') or os.environ.get('USER') or os.geteuid()}@{socket.gethostname()} ({os.getpid()})"


@contextlib.contextmanager
def reached(target: Target) -> Iterator[Databases]:
    """The databases of the target's server, among which it is; `CannotTell` where they cannot be asked."""
    try:
        databases = Databases(target.server)
    except OperationalError as error:
        raise CannotTell(f"{target.server.words} cannot be reached: {first_line(error)}") from None
    with databases:
        found = databases.find(target.name)
        if found is None:
            raise CannotTell(f"there is no database '{target.name}' on {target.server.words}: psql -l lists them")
        if found.kind == DEVELOPMENT:
            raise trouble.development(target.name)
        yield databases


def open_session(target: Target, settings: Settings, server_version: int, words: str = "ho upgrade") -> Connection:
    """A connection to the target with our limits on it, which hold whatever a patch sets."""
    limits = {
        "lock_timeout": f"{settings.lockTimeout * 1000}",
        "statement_timeout": f"{settings.timeout * 1000}",
        "idle_in_transaction_session_timeout": "0",
    }
    if server_version >= NOTICE_SINCE:  # a statement whose client is gone ends
        limits["client_connection_check_interval"] = "2000"
        limits["idle_session_timeout"] = "0"  # a backup may take hours
    try:
        named = {**dict(target.server.keywords), "application_name": f"{words} by {who()}"[:63]}
        return connect(target.server._replace(keywords=tuple(named.items())), target.name, limits)
    except OperationalError as error:
        raise CannotTell(f"'{target.name}' cannot be connected to: {first_line(error)}") from None


def lock(connection: Connection, name: str, wait: float, call: Call, again: str) -> None:
    """Take the lock of a database, trying again for `wait` seconds; a `Trouble` that says who has it.

    `again` is the command that wants it.
    """
    deadline, pause = time.monotonic() + wait, 0.1
    while True:
        ((got,),) = execute(connection, "select pg_try_advisory_lock(%s, 0)", [LOCK_SPACE])
        if got:
            return
        if time.monotonic() >= deadline:
            raise trouble.busy(name, holders(connection), again, call)
        time.sleep(min(pause, max(deadline - time.monotonic(), 0)))
        pause = min(pause * 1.6, 5)


def holders(connection: Connection) -> list[tuple[int, str]]:
    """Who has the lock, since when: the session, and words about it."""
    query = """
        select pid, application_name, usename, coalesce(client_addr::text, 'this machine'), state,
            to_char(backend_start, 'YYYY-MM-DD HH24:MI:SS TZ'),
            coalesce(left(regexp_replace(query, E'\\\\s+', ' ', 'g'), 60), '')
        from pg_locks join pg_stat_activity using (pid)
        where locktype = 'advisory' and classid = %s and objid = 0 and granted
        and pg_locks.database = (select oid from pg_database where datname = current_database())"""
    return [
        (pid, f"{words or 'a session'}, as {role} from {where}, since {since}; session {pid} is {state}: {statement}")
        for pid, words, role, where, state, since, statement in execute(connection, query, [LOCK_SPACE])
    ]


def others(connection: Connection, name: str, since: Optional[float] = None) -> list[tuple[int, str]]:
    """The sessions of a database but ours; with `since`, seconds, those whose transaction is older, the oldest first."""
    open_only = "" if since is None else f"and xact_start < now() - interval '{float(since):.3f} seconds'"
    query = f"""
        select pid, coalesce(nullif(application_name, ''), backend_type), usename, state,
            extract(epoch from clock_timestamp() - coalesce(xact_start, state_change, backend_start))::int,
            coalesce(left(regexp_replace(query, E'\\\\s+', ' ', 'g'), 60), '')
        from pg_stat_activity where datname = %s and pid <> pg_backend_pid() and backend_type = 'client backend' {open_only}
        order by xact_start nulls last limit 5"""
    return [
        (pid, f"session {pid}, {words} as {role}, {state} for {seconds} s: {statement}")
        for pid, words, role, state, seconds, statement in execute(connection, query, [name])
    ]


def refuse_standby(connection: Connection, name: str, label: str) -> None:
    """Fail where the server can only be read."""
    ((standby,),) = execute(connection, "select pg_is_in_recovery()")
    if standby:
        raise trouble.standby(name, label)


def recorded(connection: Connection) -> Recorded:
    """What the database says about itself; `CannotTell` where we may not read it."""
    try:
        return read(connection)
    except Error as error:
        raise CannotTell(f"half_orm_meta cannot be read: {first_line(error)}") from None


def ask_again(target: Target, settings: Settings, server_version: int) -> Optional[Connection]:
    """A new session after the last one was lost, once nothing of that runs any more; None when the server stays away."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(CannotTell, Error):
            connection = open_session(target, settings, server_version)
            while time.monotonic() < deadline:
                ((got,),) = execute(connection, "select pg_try_advisory_lock(%s, 0)", [LOCK_SPACE])
                if got:
                    return connection
                time.sleep(0.2)
            connection.close()
        time.sleep(0.3)
    return None


def first_line(error: BaseException) -> str:
    """What PostgreSQL said, without what follows."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

"""Sees what the statements of patches do to the tables of production, while they run on a database that is thrown away.

Observed, not guessed: after each statement `pg_locks` of its own session tells which tables it locked, `relfilenode` which
it wrote anew, and the counters of its own transaction which it read whole. Only the tables of production count, those
that were there before the first patch. A lock is held until the transaction ends, and told where it is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from halfhooks.ho.database.connect import execute
from halfhooks.ho.database.hazards import ALL_MODES, Hazard, emptied, mode_of, observed, rank

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

    from halfhooks import sql
    from halfhooks.ho.plan import File

TABLES = """
    select c.oid, coalesce(i.indrelid, c.oid), format('%I.%I', n.nspname, c.relname)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_index i on i.indexrelid = c.oid
    where c.relkind = any ('{r,p,m,v,f,i,I}') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"""

ALL = """
    select oid, null, relfilenode, coalesce(pg_stat_get_xact_numscans(oid), 0)
    from pg_class where relkind = any ('{r,p,m,v,f,i,I}') and oid >= 16384"""

LOCKED = """
    select l.relation, l.mode, c.relfilenode, coalesce(pg_stat_get_xact_numscans(l.relation), 0)
    from pg_lock_status() l left join pg_class c on c.oid = l.relation
    where l.pid = pg_backend_pid() and l.locktype = 'relation' and l.granted and l.relation >= 16384"""
"""What a transaction has read, written or changed it has a lock on, until it ends; what initdb made is below 16384."""

FLUSH, FLUSHES = "select pg_stat_force_next_flush()", 150000
"""The counters of a session begin anew with its next transaction: as of this version, otherwise once in a while."""


class Observer:
    """Gathers `hazards`: what locks as strong as `weakest` do to the tables that were there when it was told to `start`."""

    def __init__(self, weakest: str) -> None:
        self.hazards: list[Hazard] = []
        self._weakest = rank(weakest)
        self._tables: dict[int, int] = {}  # of each table and index of production its table
        self._names: dict[int, str] = {}
        self._files: dict[int, int] = {}
        self._scans: dict[int, int] = {}  # how often this transaction has read a table from end to end
        self._held: dict[int, tuple[int, str]] = {}  # the strength, and the place that took it
        self._told: set[int] = set()  # tables whose reading was told in this transaction
        self._unsure = True  # whether files have changed in a transaction that may have been rolled back
        self._session = 0  # the one whose counters may go on from one transaction to the next

    def start(self, connection: Connection) -> None:
        """Take the tables that there are for those of production."""
        rows = execute(connection, TABLES)
        self._tables = {oid: table for oid, table, _ in rows}
        self._names = {oid: name for oid, _, name in rows}

    def begun(self, connection: Connection) -> None:
        """A transaction begins, or what runs outside of one: what was before is no matter any more."""
        self._held, self._told, self._scans = {}, set(), {}
        flushes = connection.info.server_version >= FLUSHES
        if flushes:  # when this transaction has ended, or at once outside of any
            execute(connection, FLUSH)
        outside = connection.info.transaction_status == 0
        if outside or self._unsure or self._session == connection.info.backend_pid:
            self._look(connection, ALL)
        self._session, self._unsure = 0 if flushes else connection.info.backend_pid, False

    def statement(self, connection: Connection, file: File, statement: Optional[sql.Statement]) -> None:
        """A statement has run in the transaction that has begun, or outside of any; None for a Python file as a whole."""
        place = (file.path, statement.line, statement.column) if statement else (file.path, 0, 0)
        text = statement.text if statement else ""
        outside = connection.info.transaction_status == 0
        locks, changed, scanned = self._look(connection, ALL if outside else LOCKED)
        rewritten = {oid for oid in changed if self._tables[oid] == oid}
        self._unsure = self._unsure or bool(changed)
        if outside:  # the locks are gone, but not their traces
            scanned = {self._tables[oid] for oid in changed}
            locks = {table: len(ALL_MODES) if table in rewritten else rank("share") for table in scanned}
        if emptied(text):
            rewritten, scanned = set(), set()
        for table in sorted(locks, key=self._names.__getitem__):
            self._tell(place, text, table, locks[table], table in rewritten, table in scanned)

    def _tell(
        self, place: tuple[str, int, int], text: str, table: int, strength: int, rewritten: bool, scanned: bool
    ) -> None:
        """One hazard, unless it is known already, or too small to count."""
        before, since = self._held.get(table, (0, ""))
        stronger = strength > before
        if stronger:
            self._held[table] = strength, ":".join(str(part) for part in place[:2] if part)
            self._told.discard(table)
            since = ""
        effects = rewritten or (scanned and table not in self._told)
        if strength < self._weakest or not (stronger or effects):
            return
        if effects:
            self._told.add(table)
        mode = ALL_MODES[strength - 1]
        self.hazards.append(observed(place, text, self._names[table], mode, rewritten, scanned, since))

    def _look(self, connection: Connection, query: str) -> tuple[dict[int, int], set[int], set[int]]:
        """The strongest lock on each table, which tables and indexes have new files, and which tables were read whole.

        A lock on an index is one on its table: who reads the table needs it too.
        """
        locks: dict[int, int] = {}
        changed, scanned = set(), set()
        for oid, lock, file, scans in execute(connection, query):
            table, mode = self._tables.get(oid), mode_of(lock) if lock else None
            if table is None:
                continue
            if mode:
                locks[table] = max(locks.get(table, 0), rank(mode))
            if file is not None and self._files.get(oid, file) != file:
                changed.add(oid)
            if table == oid and scans > self._scans.get(oid, 0):
                scanned.add(oid)
            self._files[oid] = self._files.get(oid, 0) if file is None else file
            self._scans[oid] = scans
        return locks, changed, scanned

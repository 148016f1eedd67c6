"""Sees what the statements of patches do to the tables of production, while they run on a database that is thrown away.

Observed, not guessed: after each statement `pg_locks` of its own session tells which tables it locked, `relfilenode` which
it wrote anew, and the counters of its own transaction which it read whole. Only the tables of production count, those
that were there before the first patch. A lock is held until the transaction ends, and told where it is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

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

NOW = """
    select oid, relfilenode, coalesce(pg_stat_get_xact_numscans(oid), 0), null
    from pg_class where relkind = any ('{r,p,m,v,f,i,I}') and oid >= 16384
    union all
    select relation, null, null, mode from pg_locks
    where pid = pg_backend_pid() and locktype = 'relation' and granted and relation >= 16384"""
"""All in one question, and without a list of tables: it is asked after each statement. What initdb made is below 16384."""


class _Seen(NamedTuple):
    """A table or index at one moment: its file, and how often this transaction has read it from end to end."""

    file: int
    scans: int


class Observer:
    """Gathers `hazards`: what locks as strong as `weakest` do to the tables that were there when it was told to `start`."""

    def __init__(self, weakest: str) -> None:
        self.hazards: list[Hazard] = []
        self._weakest = rank(weakest)
        self._tables: dict[int, int] = {}
        self._names: dict[int, str] = {}
        self._seen: dict[int, _Seen] = {}
        self._held: dict[int, tuple[int, str]] = {}  # the strength, and the place that took it
        self._told: set[int] = set()  # tables whose reading was told in this transaction
        self._at = ("", 0, 0)

    def start(self, connection: Connection) -> None:
        """Take the tables that there are for those of production."""
        rows = execute(connection, TABLES)
        self._tables = {oid: table for oid, table, _ in rows}
        self._names = {oid: name for oid, _, name in rows}

    def begun(self, connection: Connection) -> None:
        """A transaction begins, or a patch: what was before is no matter any more."""
        self._seen, _ = self._look(connection)
        self._held = {}
        self._told = set()

    def statement(self, connection: Connection, file: File, statement: Optional[sql.Statement]) -> None:
        """A statement has run in the transaction that has begun, or outside of any; None for a Python file as a whole."""
        place = (file.path, statement.line, statement.column) if statement else (file.path, 0, 0)
        text = statement.text if statement else ""
        seen, locks = self._look(connection)
        changed = {self._tables[oid] for oid, now in seen.items() if now.file != self._seen[oid].file}
        rewritten = {table for table in changed if seen[table].file != self._seen[table].file}
        scanned = {oid for oid, now in seen.items() if now.scans > self._seen[oid].scans and self._tables[oid] == oid}
        if connection.info.transaction_status == 0:  # the locks are gone, but not their traces
            locks = {table: rank("share") for table in changed}
            locks.update({table: len(ALL_MODES) for table in rewritten})
            scanned = changed
        if emptied(text):
            rewritten, scanned = set(), set()
        self._seen = {**self._seen, **seen}
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

    def _look(self, connection: Connection) -> tuple[dict[int, _Seen], dict[int, int]]:
        """The tables and indexes of production, and the strongest lock on each table that this transaction holds.

        That on an index is one on its table: who reads the table needs it too.
        """
        seen: dict[int, _Seen] = {}
        locks: dict[int, int] = {}
        for oid, file, scans, lock in execute(connection, NOW):
            table, mode = self._tables.get(oid), mode_of(lock) if lock else None
            if table is None:
                continue
            if lock is None:
                seen[oid] = _Seen(file, scans)
            elif mode:
                locks[table] = max(locks.get(table, 0), rank(mode))
        return seen, locks

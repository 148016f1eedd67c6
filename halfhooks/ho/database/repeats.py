"""Sees whether a file of reference data can be applied at any time: its second time must not change how many rows there are.

That it fails the second time is told by PostgreSQL; that it silently adds its rows once more only the tables can tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from halfhooks.ho.database.connect import execute
from halfhooks.ho.database.failure import Failure
from halfhooks.ho.database.run import Failed, read_statements

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

    from halfhooks import sql
    from halfhooks.ho.plan import File

WRITTEN = """
    select pg_catalog.format('%I.%I', schemaname, relname) from pg_catalog.pg_stat_xact_user_tables
    where n_tup_ins + n_tup_upd + n_tup_del > 0 order by 1"""

Rows = dict[str, int]


class Repeats:
    """Watches files that run twice, one after the other. It fails the second time where that changes a number of rows."""

    def __init__(self) -> None:
        self._first: Optional[File] = None
        self._rows: Rows = {}
        self._last: tuple[str, int] = ("", 0)

    def statement(self, connection: Connection, file: File, statement: Optional[sql.Statement]) -> None:
        """A statement has run: after the last one of a file the rows are counted, in the same transaction."""
        if not file.data or statement is None or statement.offset != self._end(file):
            return
        rows = _count(connection)
        if self._first != file:
            self._first, self._rows = file, rows
            return
        self._first = None
        for table, number in rows.items():
            before = self._rows.get(table, number)
            if number != before:
                raise Failed(Failure(file.path, 0, 0, f"the second time makes {number} rows of {before} in {table}"))

    def _end(self, file: File) -> int:
        """Where the last statement of a file begins."""
        if self._last[0] != file.path:
            self._last = file.path, read_statements(file)[1][-1].offset
        return self._last[1]


def _count(connection: Connection) -> Rows:
    """The rows of the tables that this transaction has written to."""
    found = {}
    for (table,) in execute(connection, WRITTEN):
        ((found[table],),) = execute(connection, f"select count(*) from only {table}")
    return found

"""Runs the files of the model: what pg_dump wrote, with its lines for psql."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Optional

from halfhooks import sql
from halfhooks.ho.database.driver import Error
from halfhooks.ho.database.failure import Failure
from halfhooks.ho.database.run import (
    Failed,
    Hooks,
    Ran,
    at_end,
    begin,
    end,
    lost,
    plain,
    reset,
    run_statement,
    unrunnable,
)
from halfhooks.ho.plan import File, Patch

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection


def run_dump(connection: Connection, file: File, hooks: Hooks) -> Optional[Failure]:
    """Run a file of the model in one transaction. psql's own `\\restrict` and `\\unrestrict` are passed over.

    So is the setting of a parameter that this server does not know: a newer pg_dump sets some.
    """
    try:
        reset(connection)
        hooks.file(file)
        started, count = time.monotonic(), 0
        text, statements = _dump_statements(file)
        begin(connection)
        for statement in statements:
            if statement.text[:4].upper() == "SET ":
                _set(connection, file, text, statement)
            else:
                run_statement(connection, file, text, statement)
            count += 1
        end(connection, "commit")
        hooks.ran(Ran(file.path, time.monotonic() - started, count))
    except Failed as failed:
        return failed.failure
    except Error as error:
        return lost(connection, error) or at_end(Patch(file.path, "", "", (file,)), error)
    finally:
        end(connection, "rollback", quietly=True)
    return None


def _dump_statements(file: File) -> tuple[str, list[sql.Statement]]:
    try:
        text = file.content.decode("utf-8")
        found = list(_without_restrict(sql.split(text)))
    except UnicodeDecodeError as error:
        raise Failed(Failure(file.path, 0, 0, f"is not UTF-8, at byte {error.start}")) from None
    except sql.SqlError as error:
        raise Failed(Failure(file.path, error.line, error.column, error.message)) from None
    for statement in found:
        if statement.is_psql:
            raise Failed(unrunnable(file, statement, "a command of psql in a dump"))
    return text, found


def _without_restrict(statements: list[sql.Statement]) -> Iterator[sql.Statement]:
    for statement in statements:
        if not re.match(r"\\(un)?restrict\b", statement.text):
            yield statement


def _set(connection: Connection, file: File, text: str, statement: sql.Statement) -> None:
    plain(connection, "savepoint halfhooks_set")
    try:
        run_statement(connection, file, text, statement)
    except Failed as failed:
        if failed.failure.sqlstate != "42704":
            raise
        plain(connection, "rollback to savepoint halfhooks_set")
    plain(connection, "release savepoint halfhooks_set")

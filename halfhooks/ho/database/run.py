"""Runs a patch: one statement at a time, so that the place of an error is known, and all of it in one transaction.

No parameters are passed to the driver, so a `%` is nothing special. A file that cannot run in a transaction ends the one
before it, and so does a Python file, which runs on a connection of its own: such a patch is not one transaction, and who
runs it has to throw the database away when it fails.
"""

from __future__ import annotations

import io
import re
import time
from typing import TYPE_CHECKING, Callable, Optional

from halfhooks import sql
from halfhooks.ho.database.driver import Error, InterfaceError, OperationalError, psycopg2
from halfhooks.ho.database.failure import Failure
from halfhooks.ho.plan import PYTHON, SQL, File, Patch
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

Python = Callable[[File], Optional[Failure]]
"""Runs a Python file on the same database."""


class Ran(NamedTuple):
    """One file that ran, with its seconds and the number of its statements."""

    path: str
    seconds: float
    statements: int


class Hooks(NamedTuple):
    """Who wants to know: `file` before each file, `ran` after it.

    `begun` when a transaction begins, and before what runs outside of one; `statement` after each statement, and without one
    after a Python file.
    With `trial` a file that is to run outside of transactions runs in one of its own where it can, so that its locks are
    still there when `statement` is called.
    """

    file: Callable[[File], None] = lambda file: None
    ran: Callable[[Ran], None] = lambda ran: None
    begun: Callable[[Connection], None] = lambda connection: None
    statement: Callable[[Connection, File, Optional[sql.Statement]], None] = lambda connection, file, statement: None
    trial: bool = False


def run_patch(connection: Connection, patch: Patch, python: Python, hooks: Hooks) -> Optional[Failure]:
    """Run a patch on a connection in autocommit; what went wrong, None when it is all in the database.

    A patch that is one transaction leaves nothing behind when it fails.
    """
    try:
        reset(connection)
        for file in patch.files:
            failure = _run_file(connection, file, python, hooks)
            if failure:
                return failure
        end(connection, "commit")
    except Failed as failed:
        return failed.failure
    except (OperationalError, InterfaceError) as error:
        return lost(connection, error) or at_end(patch, error)
    except Error as error:  # what is deferred is checked by COMMIT
        return at_end(patch, error)
    finally:
        end(connection, "rollback", quietly=True)
    return None


class Failed(Exception):
    """A statement failed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def _run_file(connection: Connection, file: File, python: Python, hooks: Hooks) -> Optional[Failure]:
    hooks.file(file)
    started, count = time.monotonic(), 0
    if file.kind == PYTHON:
        end(connection, "commit")
        hooks.begun(connection)
        failure = python(file)
        if failure:
            return failure
        hooks.statement(connection, file, None)
    else:
        text, statements = read_statements(file)
        if file.no_transaction:
            end(connection, "commit")
            if len(statements) > 1:  # as one, they would be a transaction
                return unrunnable(file, statements[1], f"a second statement in a file with '{sql.NO_TRANSACTION}'")
        for statement in statements:
            if begin(connection, not file.no_transaction):
                hooks.begun(connection)
            if not (file.no_transaction and hooks.trial and _tried(connection, file, text, statement, hooks)):
                run_statement(connection, file, text, statement)
                hooks.statement(connection, file, statement)
            count += 1
    hooks.ran(Ran(file.path, time.monotonic() - started, count))
    return None


def _tried(connection: Connection, file: File, text: str, statement: sql.Statement, hooks: Hooks) -> bool:
    """Run a statement in a transaction of its own; False, and nothing has happened, where it cannot run like that."""
    begin(connection)
    try:
        run_statement(connection, file, text, statement)
    except Failed as failed:
        if failed.failure.lost:
            raise
        end(connection, "rollback")
        return False
    hooks.statement(connection, file, statement)
    end(connection, "commit")
    return True


def read_statements(file: File) -> tuple[str, list[sql.Statement]]:
    """The text of a file and its statements. A `Failed` where it cannot be read, or holds what no patch may."""
    try:
        text = file.content.decode("utf-8")
    except UnicodeDecodeError as error:
        start = file.content.rfind(b"\n", 0, error.start) + 1
        line, column = file.content.count(b"\n", 0, error.start) + 1, error.start - start + 1
        byte = f"the byte 0x{file.content[error.start]:02x} is not UTF-8"
        raise Failed(Failure(file.path, line, column, byte, hint="iconv -f latin1 -t utf-8 makes it so")) from None
    if "\0" in text:
        before = text[: text.index("\0")]
        place = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise Failed(Failure(file.path, *place, "a NUL character"))
    try:
        statements = sql.split(text)
    except sql.SqlError as error:
        raise Failed(Failure(file.path, error.line, error.column, error.message)) from None
    for statement in statements:
        command = "" if statement.is_psql else sql.transaction_control(statement)
        if statement.is_psql:
            word = statement.text.split()[0]
            raise Failed(unrunnable(file, statement, f"'{word}' is a command of psql, which PostgreSQL does not know"))
        if command:
            said = f"'{command}' controls the transaction in which the patch runs"
            raise Failed(unrunnable(file, statement, said))
    return text, statements


def check(patch: Patch) -> Optional[Failure]:
    """What keeps a patch from running at all, found before anything of it runs."""
    for file in patch.files:
        if file.kind == SQL:
            try:
                read_statements(file)
            except Failed as failed:
                return failed.failure
    return None


def unrunnable(file: File, statement: sql.Statement, message: str) -> Failure:
    """The failure of a statement that must not run."""
    return Failure(file.path, statement.line, statement.column, message, statement=statement.text, position=1)


def run_statement(connection: Connection, file: File, text: str, statement: sql.Statement) -> None:
    """Run one statement, and send the rows below a COPY; a `Failed` says what went wrong and where."""
    try:
        with connection.cursor() as cursor:
            if statement.data is None:
                cursor.execute(statement.text)
            else:
                cursor.copy_expert(statement.text, io.StringIO(statement.data))
    except Error as error:
        gone = lost(connection, error, file, statement)
        raise Failed(gone or failure_of(error, file, text, statement)) from None


def failure_of(error: Error, file: File, text: str, statement: sql.Statement) -> Failure:
    """An error of PostgreSQL, with its place in the file."""
    diag = error.diag
    position = int(diag.statement_position or 0)
    offset = statement.offset + max(position - 1, 0)
    line, column = statement.line, statement.column
    if position:
        line += text.count("\n", statement.offset, offset)
        start = text.rfind("\n", 0, offset) + 1
        column = offset - start + 1 - (1 if start == 0 and text.startswith("\ufeff") else 0)
    context = diag.context or ""
    row = re.match(r"COPY [^,]+, line (\d+)", context)
    if statement.data is not None and row:
        first = text.index("\n", statement.offset + len(statement.text)) + 1
        line, column = text.count("\n", 0, first) + int(row.group(1)), 1
    return Failure(
        file.path,
        line,
        column,
        diag.message_primary or str(error).strip() or type(error).__name__,
        error.pgcode or "",
        diag.message_detail or "",
        diag.message_hint or "",
        context,
        statement.text,
        position,
    )


def at_end(patch: Patch, error: Error) -> Failure:
    """An error of the COMMIT, such as that of a deferred constraint: it has no place."""
    path = patch.files[-1].path if patch.files else patch.id
    said = error.diag.message_primary or str(error).strip()
    diag = error.diag
    return Failure(
        path,
        0,
        0,
        f"{said}, when the patch was committed",
        error.pgcode or "",
        diag.message_detail or "",
        diag.message_hint or "",
    )


def lost(
    connection: Connection, error: Error, file: Optional[File] = None, statement: Optional[sql.Statement] = None
) -> Optional[Failure]:
    """The failure when the server went away, or ended the connection; None when it is still there."""
    if not connection.closed and connection.info.transaction_status != psycopg2.extensions.TRANSACTION_STATUS_UNKNOWN:
        return None
    said = (str(error).strip().splitlines() or ["the connection is closed"])[0]
    place = (file.path, statement.line, statement.column) if file and statement else ("", 0, 0)
    return Failure(
        *place,
        f"the server went away: {said}",
        error.pgcode or "",
        hint="run the command again; ho server status shows the log of a private server",
        lost=True,
    )


# --- transactions


def begin(connection: Connection, wanted: bool = True) -> bool:
    """Begin a transaction if one is `wanted`, unless one is open. Whether none was open."""
    if connection.info.transaction_status != 0:
        return False
    if wanted:
        plain(connection, "begin")
    return True


def end(connection: Connection, how: str, quietly: bool = False) -> None:
    """End the transaction, if one is open."""
    try:
        if not connection.closed and connection.info.transaction_status != 0:
            plain(connection, how)
    except Error:
        if not quietly:
            raise


def reset(connection: Connection) -> None:
    """A session as if it had just begun: what the patch before has set, such as a search_path, is not for the next one."""
    plain(connection, "discard all")


def plain(connection: Connection, statement: str) -> None:
    """Run a statement of ours."""
    with connection.cursor() as cursor:
        cursor.execute(statement)

"""Connections: where a server is, as values, and psycopg2 with the settings that all of ours have."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from halfhooks.ho.aside import Aside
from halfhooks.ho.database.driver import Error, OperationalError, psycopg2
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

    from halfhooks.ho.database.folder import Place

__all__ = ["Connection", "Error", "OperationalError"]

T = TypeVar("T")
MAINTENANCE = "postgres"
SUPERUSER = "postgres"
VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "service": "PGSERVICE",
    "sslmode": "PGSSLMODE",
    "passfile": "PGPASSFILE",
}


class Server(NamedTuple):
    """A server: the libpq keywords that lead to it, without the database; whether it is ours alone; psql's folder.

    `words` say for people where it is.
    """

    keywords: tuple[tuple[str, str], ...]
    private: bool
    bindir: str
    words: str

    def environment(self, database: str) -> dict[str, str]:
        """The variables by which libpq finds a database of it."""
        found = {VARIABLES[key]: value for key, value in self.keywords if key in VARIABLES}
        return {**found, "PGDATABASE": database}


def private_server(place: Place, bindir: str) -> Server:
    """The private server in a place."""
    keywords = (("host", str(place.server)), ("port", "5432"), ("user", SUPERUSER))
    return Server(keywords, True, bindir, f"a private server in {place.folder}")


def connect(server: Server, database: str, settings: Mapping[str, str] = {}) -> Connection:
    """A new connection in autocommit. `settings` hold for the session, also after a RESET or DISCARD ALL."""
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    keywords = {"application_name": "halfhooks", **dict(server.keywords)}
    dsn = psycopg2.extensions.make_dsn("", dbname=database, client_encoding="UTF8", options=options, **keywords)
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    return connection


@contextlib.contextmanager
def connected(server: Server, database: str, settings: Mapping[str, str] = {}) -> Iterator[Connection]:
    """A connection that is closed in the end."""
    connection = connect(server, database, settings)
    try:
        yield connection
    finally:
        connection.close()


def execute(connection: Connection, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Run one statement; its rows, none where it gives none."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


def ask(server: Server, database: str, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """The rows of one query on a connection of its own."""
    with connected(server, database) as connection:
        return execute(connection, query, values)


def parse_dsn(text: str) -> dict[str, str]:
    """The keywords of a connection string or URI of libpq; ValueError where it is none."""
    try:
        return dict(psycopg2.extensions.parse_dsn(text))
    except Error as error:
        raise ValueError(str(error).strip()) from None


def quoted(connection: Connection, name: str) -> str:
    """A name as an identifier of SQL."""
    return psycopg2.extensions.quote_ident(name, connection)


def literal(connection: Connection, text: str) -> str:
    """A text as a literal of SQL."""
    quoted_text = psycopg2.extensions.adapt(text)
    quoted_text.prepare(connection)
    return str(quoted_text)


def interruptible(call: Callable[[], T], cancel: Callable[[], None]) -> T:
    """Call what waits for a server; on Ctrl-C, `cancel` makes it end, and Ctrl-C goes on up.

    libpq does not let go of the thread that waits for an answer, so another one waits.
    """
    running = Aside(call)
    try:
        running.wait()
    except BaseException:
        while not running.wait(0.05):  # between two statements there is nothing to cancel
            with contextlib.suppress(Error):
                cancel()
        raise
    return running.result()

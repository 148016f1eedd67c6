"""A private server for these tests alone, gone at the end."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg2
import pytest
from psycopg2.extensions import quote_ident

from halfhooks.ho.codegen.introspect import read_database
from halfhooks.ho.codegen.model import Schema, Wanted
from halfhooks.ho.database.binaries import OVERRIDE
from halfhooks.ho.database.cluster import private, stop
from halfhooks.ho.database.folder import existing
from halfhooks.survey import CannotTell


class Database(NamedTuple):
    """One database of the cluster."""

    socket: str
    user: str
    name: str
    programs: str = ""

    @property
    def dsn(self) -> str:
        """What libpq connects with."""
        return psycopg2.extensions.make_dsn(host=self.socket, user=self.user, dbname=self.name)

    def run(self, sql: str) -> None:
        """Execute statements."""
        with contextlib.closing(psycopg2.connect(self.dsn)) as connection:
            connection.autocommit = True
            connection.cursor().execute(sql)

    def read(self, *schemas: str, exclude: tuple[str, ...] = ()) -> Schema:
        """What the introspection makes of it."""
        return Wanted(schemas, exclude).of(read_database(self.dsn))

    def create(self, name: str, sql: str = "", options: str = "") -> Database:
        """Another database beside it, made anew."""
        with contextlib.closing(psycopg2.connect(self.dsn)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            quoted = quote_ident(name, connection)
            cursor.execute(f"drop database if exists {quoted} with (force)")
            cursor.execute(f"create database {quoted} template template0 {options}")
        made = self._replace(name=name)
        if sql:
            made.run(sql)
        return made

    def dump(self) -> str:
        """What pg_dump says."""
        argv = [str(Path(self.programs) / "pg_dump"), "--no-owner", self.dsn]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    def restore(self, dump: str) -> None:
        """Play a dump."""
        argv = [str(Path(self.programs) / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", self.dsn]
        subprocess.run(argv, check=True, input=dump, capture_output=True, text=True)


@pytest.fixture(scope="session")
def cluster(isolated_git: None) -> Iterator[Database]:
    """The database `postgres` of a private server of this session; without PostgreSQL the tests fail."""
    yield from served({})


def served(settings: dict[str, str]) -> Iterator[Database]:
    """A server for a while, which `settings` of the environment choose."""
    base = Path("/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp") / f"hhg-{secrets.token_hex(4)}"
    ours = ("PG", "HALFHOOKS")
    kept = {name: value for name, value in os.environ.items() if name == OVERRIDE or not name.startswith(ours)}
    environment = {**kept, "HALFHOOKS_SERVERS": str(base), "HALFHOOKS_IDLE": "300", **settings}
    try:
        with private(environment) as server:
            host, user = (dict(server.keywords)[key] for key in ("host", "user"))
            yield Database(host, user, "postgres", server.bindir)
    except CannotTell as error:
        pytest.fail(f"classes are tested against a real PostgreSQL: {error}")
    finally:
        for place in existing(environment):
            stop(place, remove=True, force=True)
        shutil.rmtree(base, ignore_errors=True)

"""A PostgreSQL of our own for the tests: in memory, on a socket that nobody else can reach, gone at the end."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg2
import pytest
from psycopg2.extensions import quote_ident

from halfhooks.ho.codegen.introspect import Wanted, read_database
from halfhooks.ho.codegen.model import Schema

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "autovacuum": "off",
    "max_wal_senders": "0",
}


class Database(NamedTuple):
    """One database of the cluster."""

    socket: str
    user: str
    name: str

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
        return read_database(self.dsn, Wanted(schemas, exclude))

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
        argv = [str(BINARIES[-1] / "pg_dump"), "--no-owner", self.dsn]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    def restore(self, dump: str) -> None:
        """Play a dump."""
        argv = [str(BINARIES[-1] / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", self.dsn]
        subprocess.run(argv, check=True, input=dump, capture_output=True, text=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Database]:
    """The database `postgres` of a private cluster; the tests that need one are skipped where there is no PostgreSQL."""
    if not BINARIES:
        pytest.skip("there is no PostgreSQL on this machine")
    folder = Path(tempfile.mkdtemp(prefix="hh-codegen-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    user = pwd.getpwuid(os.getuid()).pw_name
    identity = {}
    if os.getuid() == 0:
        user = "nobody"
        record = pwd.getpwnam(user)
        os.chown(folder, record.pw_uid, record.pw_gid)
        identity = {"user": record.pw_uid, "group": record.pw_gid, "extra_groups": []}
    data = folder / "data"
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder)}

    def run(name: str, *arguments: str) -> None:
        argv = [str(BINARIES[-1] / name), *arguments]
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, cwd=folder, env=environment, **identity)

    options = " ".join(f"-c {key}='{value}'" for key, value in SETTINGS.items())
    try:
        run("initdb", "-D", str(data), "-U", user, "-E", "UTF8", "-A", "trust", "--no-sync")
        run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", f"{options} -k {folder}", "start")
        yield Database(str(folder), user, "postgres")
    finally:
        if (data / "postmaster.pid").exists():
            run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)

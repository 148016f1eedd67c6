"""The databases of a server that halfhooks makes, marks, replaces and removes. No other one is ever touched.

What we made carries a mark, a comment in JSON. What is being made is a *scratch* database: it is thrown away when it fails,
and a later command sweeps what a killed one left behind. Whoever works on one holds an advisory lock of its name, which the
server frees when the connection ends, however that happens.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Optional

from halfhooks.ho.aside import Aside
from halfhooks.ho.database.connect import MAINTENANCE, Server, connect, connected, execute, literal, quoted
from halfhooks.ho.database.driver import (
    DuplicateDatabase,
    Error,
    InsufficientPrivilege,
    InvalidCatalogName,
    ObjectInUse,
    UniqueViolation,
)
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

PREFIX = "halfhooks_"
EMPTY = "template0"
SCRATCH, TEMPLATE, DEVELOPMENT = "scratch", "template", "development"
FORMAT = 1
PRODUCTION_COMMENT = "halfhooks: production"
"""A database whose comment begins like this is in production."""
LOCK_SPACE = 0x68686462
"""The first half of our advisory locks."""
ANNOUNCE = 0.5
"""Seconds of waiting for another command before that is said."""
FILE_COPY_SINCE = 150000
PROVIDERS_SINCE = 150000
QUOTED_LISTS = ("local_preload_libraries", "search_path", "session_preload_libraries", "temp_tablespaces")
"""Settings that PostgreSQL stores as a list of quoted names (GUC_LIST_QUOTE in its source)."""


class Database(NamedTuple):
    """A database of the server: its mark where we made it, else None, and its comment."""

    name: str
    mark: Optional[Mapping[str, Any]]
    comment: str

    @property
    def kind(self) -> str:
        """What we made it for, "" where we did not."""
        return str(self.mark["kind"]) if self.mark else ""


class Databases:
    """The databases of a server, by one connection to its maintenance database."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.connection: Connection = connect(server, MAINTENANCE)
        self.version: int = self.connection.server_version
        self._scratch: set[str] = set()
        self._removing: list[Aside[None]] = []

    def __enter__(self) -> Databases:
        return self

    def __exit__(self, *error: object) -> None:
        for removal in self._removing:
            removal.wait()
        with contextlib.suppress(Error):
            for name in sorted(self._scratch):  # what was interrupted
                self.drop(name)
        self.connection.close()

    # --- look

    def find(self, name: str) -> Optional[Database]:
        """A database, None when there is none of that name."""
        return next(iter(self._list("where datname = %s", name)), None)

    def ours(self, kind: str) -> list[Database]:
        """The databases that we made for one purpose, those of other roles apart."""
        owned = self._list("where pg_has_role(datdba, %s)", "usage")
        return [database for database in owned if database.kind == kind]

    def _list(self, condition: str, value: str) -> list[Database]:
        query = f"""
            select datname, coalesce(shobj_description(oid, 'pg_database'), '')
            from pg_database {condition} order by datname"""
        return [Database(name, parse_mark(comment), comment) for name, comment in self.run(query, value)]

    def size(self, name: str) -> int:
        """The bytes that a database takes: the server looks at each of its files."""
        return int(
            self.run("select coalesce(sum(pg_database_size(oid)), 0) from pg_database where datname = %s", name)[0][0]
        )

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement on the maintenance database; its rows."""
        return execute(self.connection, statement, values)

    # --- make

    def make(self, template: str = EMPTY, like: str = "", **mark: object) -> str:
        """A new scratch database, empty or a copy of another one; its name. We hold its lock until we end.

        An empty one has the encoding and the collation of `like`, the name of a database, where that is given.
        """
        name = PREFIX + "tmp_" + os.urandom(8).hex()
        if not self.lock(name, wait=False):
            raise CannotTell(f"'{name}' is locked")
        self._scratch.add(name)
        self._create(name, template, like)
        self.mark(name, kind=SCRATCH, **mark)
        if template != EMPTY:
            self.beside(template, name)
        return name

    def _create(self, name: str, template: str, like: str) -> None:
        encoding = " encoding 'UTF8'" if template == EMPTY and not like else ""
        encoding += "".join(f" {key} {literal(self.connection, value)}" for key, value in self._locale(like))
        copy = " strategy file_copy" if self.version >= FILE_COPY_SINCE and self.server.private else ""
        self._patiently(f"create database {self.quote(name)} template {self.quote(template)}{encoding}{copy}")

    def _locale(self, name: str) -> list[tuple[str, str]]:
        """What CREATE DATABASE has to be told for an empty database to sort and compare as another one does."""
        provider = "datlocprovider" if self.version >= PROVIDERS_SINCE else "'c'"
        locale = (
            "datlocale" if self.version >= 170000 else "daticulocale" if self.version >= PROVIDERS_SINCE else "null"
        )
        query = f"""select pg_encoding_to_char(encoding), datcollate, datctype, {provider}, {locale}
            from pg_database where datname = %s"""
        found = []
        for encoding, collate, ctype, kind, locale_name in self.run(query, name):
            found = [("encoding", encoding), ("lc_collate", collate), ("lc_ctype", ctype)]
            found += [("locale_provider", "icu"), ("icu_locale", locale_name)] if kind == "i" else []
            found += [("locale_provider", "builtin"), ("builtin_locale", locale_name)] if kind == "b" else []
        return found

    def beside(self, source: str, name: str) -> None:
        """Give a database the settings of another one, and the privileges on it, which no dump has."""
        for statement in self._beside(source, name):
            self.run(statement)

    def _beside(self, source: str, name: str) -> Iterator[str]:
        """The statements for what CREATE DATABASE does not copy: settings of a database, and privileges on it."""
        query = """
            select case setrole when 0 then '' else setrole::regrole::text end, unnest(setconfig)
            from pg_db_role_setting join pg_database d on d.oid = setdatabase where datname = %s"""
        for role, setting in self.run(query, source):
            key, _, value = setting.partition("=")
            shown = value if key.lower() in QUOTED_LISTS else literal(self.connection, value)
            whose = f"role {role} in database {self.quote(name)}" if role else f"database {self.quote(name)}"
            yield f"alter {whose} set {key} to {shown or literal(self.connection, '')}"
        query = """
            select case grantee when 0 then 'public' else grantee::regrole::text end, privilege_type, is_grantable
            from pg_database, aclexplode(datacl) where datname = %s"""
        found = self.run(query, source)
        if found:
            yield f"revoke all on database {self.quote(name)} from public"
        for grantee, privilege, grantable in found:
            option = " with grant option" if grantable else ""
            yield f"grant {privilege} on database {self.quote(name)} to {grantee}{option}"

    def _patiently(self, statement: str) -> None:
        """Run what fails as long as another session is connected to a template or an old database for a moment."""
        deadline = time.monotonic() + 5
        while True:
            try:
                self.run(statement)
                return
            except ObjectInUse:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            except InsufficientPrivilege as error:
                said = str(error).strip().splitlines()[0]
                raise CannotTell(f"{said}: halfhooks makes databases: alter role ... createdb") from None

    def mark(self, name: str, **values: object) -> None:
        """Say in the comment of a database that it is ours, and what it is."""
        text = json.dumps({"halfhooks": FORMAT, **values}, sort_keys=True)
        self.run(f"comment on database {self.quote(name)} is %s", text)

    def rename(self, name: str, new: str, replaced: str = "", **mark: object) -> int:
        """Give a database another name and mark in one transaction; one that has the new name becomes `replaced`.

        The number of connections to it that were cut. DuplicateDatabase where the name is taken and none is to be replaced.
        """
        cut = 0
        for attempt in range(50):
            if replaced:
                cut += self._cut(new)
            try:
                self.run("begin")
                if replaced:
                    self.run(f"alter database {self.quote(new)} rename to {self.quote(replaced)}")
                    self.mark(replaced, kind=SCRATCH)
                self.run(f"alter database {self.quote(name)} rename to {self.quote(new)}")
                self.mark(new, **mark)
                self.run("commit")
                self._scratch.discard(name)
                return cut
            except ObjectInUse:
                self.run("rollback")
                if attempt == 49:
                    raise
                time.sleep(0.02)
            except BaseException as error:
                with contextlib.suppress(Error):
                    self.run("rollback")
                if isinstance(error, UniqueViolation):  # somebody took the name while we did
                    raise DuplicateDatabase from error
                raise
        return cut

    def _cut(self, name: str) -> int:
        """End the connections to a database; how many there were."""
        query = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()"
        return len(self.run(query, name))

    def publish(self, scratch: str, name: str, **mark: object) -> int:
        """Make a scratch database the development database of this name, in place of the one before if there is any.

        Anybody sees either the one before or the new one. The number of connections to the old one that were cut.
        """
        old = PREFIX + "tmp_" + os.urandom(8).hex() if self.find(name) else ""
        if old:
            self.lock(old, wait=False)
        cut = self.rename(scratch, name, old, kind=DEVELOPMENT, **mark)
        if old:
            self.remove(old)
        return cut

    def keep(self, name: str) -> None:
        """A scratch database is no longer one: it has got another name, or is left for somebody to look at."""
        if self.find(name):
            self.run(f"comment on database {self.quote(name)} is null")
        self.unlock(name)
        self._scratch.discard(name)

    def remove(self, name: str) -> None:
        """Remove a database that is ours while we go on: nobody has to wait for that. A lock on it is held until we end."""
        self._removing.append(Aside(lambda: self._remove(name)))

    def _remove(self, name: str) -> None:
        """Remove one on a connection of its own; what is left of scratch ones is swept by the next command."""
        with contextlib.suppress(Error), connected(self.server, MAINTENANCE) as connection:
            execute(connection, f"drop database if exists {quoted(connection, name)} with (force)")

    def drop(self, name: str) -> None:
        """Remove a database that is ours, whoever is connected to it. Its lock is freed."""
        self.run(f"drop database if exists {self.quote(name)} with (force)")
        self.unlock(name)
        self._scratch.discard(name)

    def sweep(self) -> list[str]:
        """Remove the scratch databases of commands that ended without doing so; their names."""
        found = self.ours(SCRATCH)
        if self.server.private:  # a command may end between making one and marking it; here all of that name are ours
            found += [each for each in self._list("where datname like %s", PREFIX + "tmp\\_%") if not each.comment]
        swept = []
        for database in found:
            if database.name.startswith(PREFIX + "tmp_") and self.lock(database.name, wait=False):
                with contextlib.suppress(InvalidCatalogName, ObjectInUse):
                    self.drop(database.name)
                    swept.append(database.name)
        return swept

    def quote(self, name: str) -> str:
        """A name as an identifier."""
        return quoted(self.connection, name)

    # --- locks

    def lock(self, name: str, wait: bool = True) -> bool:
        """Take the lock of a name; whether it is ours now. With `wait` it is, in the end."""
        while True:
            ((got,),) = self.run("select pg_try_advisory_lock(%s, hashtext(%s))", LOCK_SPACE, name)
            if got or not wait:
                return bool(got)
            time.sleep(0.05)

    def unlock(self, name: str) -> None:
        """Free the lock of a name."""
        self.run("select pg_advisory_unlock(%s, hashtext(%s))", LOCK_SPACE, name)

    @contextlib.contextmanager
    def alone(self, name: str, waiting: Any = None) -> Iterator[None]:
        """Hold the lock of a name; `waiting` is called once when another command has it."""
        if not self.lock(name, wait=False):
            deadline = time.monotonic() + ANNOUNCE
            while not self.lock(name, wait=False):
                if waiting and time.monotonic() > deadline:
                    waiting()
                    waiting = None
                time.sleep(0.02)
        try:
            yield
        finally:
            if not self.connection.closed:
                self.unlock(name)


def parse_mark(comment: str) -> Optional[Mapping[str, Any]]:
    """Our mark in the comment of a database, None where it is none."""
    if not comment.startswith('{"'):
        return None
    try:
        found = json.loads(comment)
    except ValueError:
        return None
    ok = isinstance(found, dict) and isinstance(found.get("halfhooks"), int) and isinstance(found.get("kind"), str)
    return found if ok else None


__all__ = ["Database", "Databases", "DuplicateDatabase", "InvalidCatalogName", "ObjectInUse"]

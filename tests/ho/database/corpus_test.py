"""Schemas of real projects, cut and run by us, give the database that `psql -f` gives, with as many rows."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from halfhooks import sql
from halfhooks.ho.database.catalog import differences, fingerprint, read_catalog
from halfhooks.ho.database.connect import Server, connected, execute
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.database.run import Hooks, run_patch
from halfhooks.ho.plan import SQL, File, Patch

CORPUS = Path(__file__).with_name("corpus")
OBJECTS = {"kinto": 25, "procrastinate": 90, "procrastinate-migrations": 90, "synapse": 1000, "temboard": 900}
"""How many objects there are at least: a corpus that lost its files proves nothing."""
ROLE = "temboard"
"""A role that one of them grants to."""


@pytest.fixture
def databases(server: Server) -> Iterator[Databases]:
    with Databases(server) as found:
        found.run(f"do $$ begin create role {ROLE}; exception when duplicate_object then null; end $$")
        yield found


def test_each_folder_is_here():
    assert {path.name for path in CORPUS.iterdir() if path.is_dir()} == set(OBJECTS)
    assert all((CORPUS / name / "LICENSE").read_text() for name in OBJECTS)


@pytest.mark.parametrize("name", OBJECTS)
def test_it_is_what_psql_makes_of_it(name, databases):
    files = sorted((CORPUS / name).glob("*.sql"))
    theirs, ours = databases.make(), databases.make()
    for file in files:
        psql(databases.server, theirs, file)
    with connected(databases.server, ours) as connection:
        for file in files:
            patch = Patch("1-corpus", "", "", (File(file.name, SQL, without_transactions(file).encode()),))
            assert run_patch(connection, patch, lambda file: None, Hooks()) is None
    with connected(databases.server, theirs) as one, connected(databases.server, ours) as other:
        made = read_catalog(one)
        assert len(made) >= OBJECTS[name]
        assert differences(made, read_catalog(other)) == []
        assert fingerprint(made) == fingerprint(read_catalog(other))
        assert rows(one) == rows(other)
    databases.drop(theirs)
    databases.drop(ours)


def psql(server: Server, database: str, file: Path) -> None:
    command = [str(Path(server.bindir, "psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(file)]
    done = subprocess.run(command, env={**os.environ, **server.environment(database)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def without_transactions(file: Path) -> str:
    """The text of a file with blanks for BEGIN and COMMIT, which are refused: a patch is a transaction anyway."""
    text = file.read_text("utf-8")
    for statement in sql.split(text):
        if sql.transaction_control(statement):
            end = statement.offset + len(statement.text)
            text = text[: statement.offset] + " " * len(statement.text) + text[end:]
    return text


def rows(connection: Any) -> dict[str, Any]:
    """How many rows each table has; what is in some of them is the time."""
    query = """
        select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"""
    return {table: execute(connection, f"select count(*) from {table}") for (table,) in execute(connection, query)}

"""The model that a promotion adds: structure, reference data, and the row of the version; again and again the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest

from halfhooks.ho.database import templates
from halfhooks.ho.database.build import Watch, Wish, building
from halfhooks.ho.database.connect import Server, connected, execute
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.database.dump import Model
from halfhooks.ho.database.meta import version_of
from halfhooks.ho.database.model import CannotMake, Made, make_model
from halfhooks.ho.database.python_files import Interpreter, PythonRunner
from halfhooks.ho.plan import SQL, STAGED, File, Patch, Plan
from tests.ho.database.dump_test import loaded, marks

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
PYTHON = PythonRunner(Interpreter("", "/", (), os.environ))
COLORS = "create table colors (name text primary key); create table users (id int primary key, name text);"
RED = "COPY public.colors (name) FROM stdin;\nred\n\\.\n"


@pytest.fixture
def databases(server: Server) -> Iterator[Databases]:
    with Databases(server) as found:
        yield found


def plan(*patches: str, schema: str = COLORS, rows: str = RED) -> Plan:
    model = (File("model/schema-0.1.0.sql", SQL, schema.encode()), File("model/metadata-0.1.0.sql", SQL, rows.encode()))
    return Plan("0.1.0", model, tuple(patch(number, text) for number, text in enumerate(patches, 1)))


def patch(number: int, text: str) -> Patch:
    path = f"Patches/{number}-a/01.sql"
    file = File(path, SQL, text.encode(), data=text.startswith("-- @HOP:data"))
    return Patch(f"{number}-a", "0.2.0", STAGED, (file,))


def model_of(databases: Databases, *patches: str) -> Made:
    return make_model(databases, plan(*patches), "0.2.0", AT, PYTHON, Watch())


def rows(model: Model) -> dict[str, list[str]]:
    """The rows of each table of a model, apart from the books."""
    found: dict[str, list[str]] = {}
    for part in model.metadata.decode().split("\nCOPY ")[1:]:
        head, _, rest = part.partition("\n")
        found[head.partition(" ")[0]] = rest.partition("\\.\n")[0].splitlines()
    return {name: lines for name, lines in found.items() if "half_orm_meta" not in name}


def test_what_is_in_it(databases: Databases) -> None:
    patches = (
        "create table sizes (id int primary key, words text); insert into users values (1, 'somebody')",
        "-- @HOP:data\ninsert into sizes values (1, 'small') on conflict do nothing;",
    )
    made = model_of(databases, *patches)
    assert rows(made.model) == {"public.colors": ["red"], "public.sizes": ["1\tsmall"]}
    again = loaded(databases, made.model)
    assert marks(databases, again) == made.fingerprint
    with connected(databases.server, again) as connection:
        assert version_of(connection) == "0.2.0"
        query = 'select date::text, "time"::text from half_orm_meta.hop_release'
        assert execute(connection, query) == [("2026-01-02", "03:04:05+00")]
    assert model_of(databases, *patches) == made


def test_a_reference_table_with_another_name(databases: Databases) -> None:
    made = model_of(databases, "alter table colors rename to colours; create table colors (id int)")
    assert rows(made.model) == {"public.colours": ["red"]}


def test_states_of_the_cache_that_do_not_come_from_each_other(databases: Databases) -> None:
    renamed = plan("alter table colors rename to colours; create table colors (id int)", "select 1")
    for state in templates.listed(databases):
        databases.drop(state.name)
    with building(databases, renamed, Wish(), PYTHON, Watch()):
        pass
    key = renamed.keys(templates.salt(databases))[0]
    assert databases.find(templates.template_name(key))
    databases.drop(templates.template_name(key))
    made = make_model(databases, renamed, "0.2.0", AT, PYTHON, Watch())
    assert rows(made.model) == {"public.colours": ["red"]}


def test_a_reference_table_that_is_gone(databases: Databases) -> None:
    assert rows(model_of(databases, "drop table colors").model) == {}


def test_a_patch_that_fails(databases: Databases) -> None:
    with pytest.raises(CannotMake, match="1-a: division by zero"):
        model_of(databases, "select 1/0")


def test_a_data_file_that_runs_only_once(databases: Databases) -> None:
    with pytest.raises(CannotMake, match="has to be able to run twice; when it ran once more: duplicate key"):
        model_of(databases, "-- @HOP:data\ninsert into colors values ('blue')")

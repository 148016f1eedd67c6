"""The model of a version: what is dumped makes the same database again, and the same dump."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

import pytest

from halfhooks.ho.database.catalog import fingerprint, read_catalog
from halfhooks.ho.database.connect import Server, connected, execute
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.database.dump import Model, dump, tables_with_rows, written_by
from halfhooks.ho.database.dumps import run_dump
from halfhooks.ho.database.run import Failed, Hooks
from halfhooks.ho.plan import SQL, File
from halfhooks.survey import CannotTell
from tests.ho.database.catalog_test import RICH


@pytest.fixture
def databases(server: Server) -> Iterator[Databases]:
    with Databases(server) as found:
        yield found


def made(databases: Databases, *statements: str) -> str:
    name = databases.make()
    with connected(databases.server, name) as connection:
        for statement in statements:
            execute(connection, statement)
    return name


def loaded(databases: Databases, model: Model) -> str:
    name = databases.make()
    with connected(databases.server, name) as connection:
        for path, content in (("schema.sql", model.schema), ("metadata.sql", model.metadata)):
            failure = run_dump(connection, File(path, SQL, content), Hooks())
            assert failure is None, (failure, content.decode())
    return name


def dumped(databases: Databases, name: str) -> Model:
    """The model with the rows of all tables."""
    with connected(databases.server, name) as connection:
        reference = [oid for oid, filled in tables_with_rows(connection).items() if filled]
    return dump(databases.server, name, "0.2.0", reference)


def same(databases: Databases, *statements: str) -> Model:
    """The model of what some statements make, which makes the same again."""
    name = made(databases, *statements)
    model = dumped(databases, name)
    again = loaded(databases, model)
    assert marks(databases, again) == marks(databases, name)
    assert dumped(databases, again) == model
    return model


def marks(databases: Databases, name: str) -> str:
    with connected(databases.server, name) as connection:
        return fingerprint(read_catalog(connection))


def rows(databases: Databases, name: str, query: str) -> list[tuple[object, ...]]:
    with connected(databases.server, name) as connection:
        return execute(connection, query)


def test_a_rich_database(databases: Databases) -> None:
    filled = "insert into s.t (name, n) values (E'a\\tb\\\\\\n', 1), ('ü', null)"
    model = same(databases, RICH, filled, "insert into parted values (1, '2020-05-05')")
    assert b"pg_dump" not in model.schema
    assert b"restrict" not in model.schema
    assert b"OWNER TO" not in model.schema
    assert b"Owner: postgres" not in model.schema


def test_an_empty_one(databases: Databases) -> None:
    assert b"COPY" not in same(databases).metadata


def test_that_somebody_else_owns_something(databases: Databases) -> None:
    databases.run("drop role if exists halfhooks_test_owner")
    databases.run("create role halfhooks_test_owner")
    try:
        model = same(
            databases, "create table a (id int)", "alter table a owner to halfhooks_test_owner", "create table b ()"
        )
        assert b"ALTER TABLE public.a OWNER TO halfhooks_test_owner;" in model.schema
        assert model.schema.count(b"OWNER TO") == 1
    finally:
        for database in databases.ours("scratch"):
            databases.drop(database.name)
        databases.run("drop role halfhooks_test_owner")


def test_that_the_text_of_a_function_is_not_touched(databases: Databases) -> None:
    body = "ALTER TABLE public.a OWNER TO postgres;\n-- Dumped from here\n-- Name: x; Owner: postgres\n\n\n\n"
    body += (
        "GRANT ALL ON a TO postgres;\nALTER DEFAULT PRIVILEGES FOR ROLE postgres REVOKE ALL ON TABLES FROM postgres;\n"
    )
    model = same(databases, f"create function f() returns text language sql as $f$ select $$\n{body}$$ $f$")
    assert body.encode().rstrip() in model.schema


def test_settings_and_privileges_of_the_database(databases: Databases) -> None:
    name = made(databases)
    databases.run(f"alter database {name} set timezone to 'Asia/Tokyo'")
    databases.run(f"""alter database {name} set search_path to "$user", 'public', 'it''s'""")
    databases.run(f"revoke connect on database {name} from public")
    again = loaded(databases, dumped(databases, name))
    assert marks(databases, again) == marks(databases, name)
    assert rows(databases, again, "show timezone") == [("Asia/Tokyo",)]


def test_privileges_of_whoever_owns_things(databases: Databases) -> None:
    model = same(
        databases,
        "create schema app",
        "create table app.t (id int)",
        "revoke insert on app.t from current_user",
        "grant select on app.t to public",
        "alter default privileges in schema app grant select on tables to public",
        "alter default privileges revoke delete on tables from current_user",
    )
    assert b"postgres" not in model.schema
    assert model.schema.count(b"FOR ROLE CURRENT_USER") == 3


def test_a_database_that_is_closed_to_the_public(databases: Databases) -> None:
    name = made(databases)
    databases.run(f"revoke all on database {name} from public")
    again = loaded(databases, dumped(databases, name))
    allowed = "select has_database_privilege('public', current_database(), 'connect')"
    assert rows(databases, again, allowed) == rows(databases, name, allowed) == [(False,)]


def test_settings_of_a_machine_or_a_database_do_not_change_the_rows(databases: Databases) -> None:
    statements = (
        "create table t (i interval, f float8, b bytea, z timestamptz)",
        "insert into t values ('1 day -2 hours', 0.1::float8 + 0.2::float8, '\\x00ff', '2020-03-04 10:00+00')",
    )
    plain, name = made(databases, *statements), made(databases, *statements)
    for setting in ("intervalstyle to 'sql_standard'", "timezone to 'Asia/Tokyo'", "extra_float_digits to -5"):
        databases.run(f"alter database {name} set {setting}")
    databases.run(f"alter database {name} set bytea_output to 'escape'")
    assert dumped(databases, name).metadata == dumped(databases, plain).metadata


def test_rows_that_an_extension_brings(databases: Databases) -> None:
    name = made(
        databases,
        "create extension hstore",
        "create table t (id int primary key)",
        "insert into t values (1), (2)",
        "alter extension hstore add table t",
    )
    assert b"COPY" not in dumped(databases, name).metadata
    with connected(databases.server, name) as connection:
        execute(connection, "update pg_extension set extconfig = array['t'::regclass::oid] where extname = 'hstore'")
        execute(connection, "update pg_extension set extcondition = array['where id > 1'] where extname = 'hstore'")
    assert b"COPY public.t (id) FROM stdin;\n2\n\\." in dumped(databases, name).metadata


def test_rows_in_the_order_of_their_foreign_keys(databases: Databases) -> None:
    model = same(
        databases,
        "create table z (id int primary key, up int references z)",
        "create table a (id int primary key, z int references z)",
        "insert into z values (1, 2), (2, 1)",
        "insert into a values (2, 1), (10, 2), (1, 1)",
    )
    assert b"FROM stdin;\n1\t1\n2\t1\n10\t2\n\\." in model.metadata


def test_a_circle_of_foreign_keys(databases: Databases) -> None:
    circle = (
        "create table a (id int primary key, b int)",
        "create table b (id int primary key, a int references a)",
        "insert into a values (1, 1)",
        "insert into b values (1, 1)",
    )
    same(databases, *circle, "alter table a add foreign key (b) references b deferrable")
    name = made(databases, *circle, "alter table a add foreign key (b) references b")
    with pytest.raises(CannotTell, match=r"the rows of public\.a, public\.b cannot be loaded .* deferrable"):
        dumped(databases, name)


def test_that_triggers_do_not_run_again(databases: Databases) -> None:
    model = same(
        databases,
        "create table log (at int)",
        "create table t (id int)",
        "create function f() returns trigger language plpgsql as $$ begin insert into log values (1); return new; end $$",
        "create trigger one before insert on t for each row execute function f()",
        "create trigger two before insert on t for each row execute function f()",
        "create trigger off before insert on t for each row execute function f()",
        "alter table t enable always trigger two",
        "alter table t disable trigger off",
        "insert into t values (1)",
    )
    assert model.metadata.count(b"1\n") == 3


def test_that_triggers_of_partitions_and_of_the_database_do_not_run(databases: Databases) -> None:
    same(
        databases,
        "create table log (what text)",
        "create function f() returns trigger language plpgsql as "
        "$$ begin insert into public.log values ('row'); return new; end $$",
        "create function g() returns event_trigger language plpgsql as "
        "$$ begin insert into public.log values ('ddl'); end $$",
        "create table t (id int) partition by list (id)",
        "create table t1 partition of t for values in (1)",
        "create trigger all_of_them after insert on t for each row execute function f()",
        "create trigger this_one after insert on t1 for each row execute function f()",
        "insert into t values (1)",
        "create event trigger e on ddl_command_end execute function g()",
        "create materialized view m as select * from t",
    )


def test_a_sequence_that_only_a_default_names(databases: Databases) -> None:
    name = made(
        databases,
        "create sequence numbers",
        "create table t (id int primary key default nextval('numbers'))",
        "insert into t default values",
    )
    again = loaded(databases, dumped(databases, name))
    assert rows(databases, again, "insert into t default values returning id") == [(2,)]


def test_sequences_identities_and_generated_columns(databases: Databases) -> None:
    name = made(
        databases,
        "create table t (id int generated always as identity primary key, twice int generated always as (2 * id) stored)",
        "create table u (id serial)",
        "insert into t default values",
        "insert into t default values",
        "insert into u default values",
    )
    again = loaded(databases, dumped(databases, name))
    assert rows(databases, again, "insert into t default values returning id, twice") == [(3, 6)]
    assert rows(databases, again, "insert into u default values returning id") == [(2,)]


def test_a_materialized_view_is_filled(databases: Databases) -> None:
    name = made(
        databases,
        "create table t (id int)",
        "insert into t values (7)",
        "create materialized view m as select id from t",
        "create materialized view empty as select id from t with no data",
    )
    again = loaded(databases, dumped(databases, name))
    assert rows(databases, again, "select id from m") == [(7,)]
    assert rows(databases, again, "select relispopulated from pg_class where relname = 'empty'") == [(False,)]


def test_materialized_views_that_read_from_each_other(databases: Databases) -> None:
    same(
        databases,
        "create table t (id int)",
        "insert into t values (1)",
        "create view v as select 1 as id",
        "create materialized view m1 as select * from v",
        "create materialized view m2 as select * from t",
        "create or replace view v as select id from m2",
    )


def test_quoted_names_and_a_table_that_inherits(databases: Databases) -> None:
    model = same(
        databases,
        'create schema "S %I"',
        'create table "S %I"."a""b" ("x y" int primary key, "class" text)',
        'create table "S %I".child () inherits ("S %I"."a""b")',
        """insert into "S %I"."a""b" values (1, 'p')""",
        """insert into "S %I".child values (1, 'c')""",
    )
    assert model.metadata.count(b"\t") == 2


def data(text: str, path: str = "Patches/1-a/01.sql") -> File:
    return File(path, SQL, text.encode(), data=True)


def test_what_a_data_file_writes_to_when_there_is_nothing_to_write(databases: Databases) -> None:
    name = made(
        databases,
        "create table colors (name text primary key)",
        "create table other (id int)",
        "create table parted (id int primary key) partition by range (id)",
        "create table parted_1 partition of parted for values from (0) to (10)",
        "insert into colors values ('red')",
    )
    with connected(databases.server, name) as connection:
        oids = {name: oid for oid, name in execute(connection, "select oid::int8, relname from pg_class")}
        files = [data("insert into colors values ('red') on conflict do nothing; select * from other")]
        assert written_by(connection, files) == {oids["colors"]}
        assert written_by(connection, [data("insert into parted values (1)")]) == {oids["parted"]}
        assert execute(connection, "select count(*) from parted") == [(0,)]


def test_a_data_file_that_cannot_run_twice(databases: Databases) -> None:
    name = made(databases, "create table colors (name text primary key)", "insert into colors values ('red')")
    with connected(databases.server, name) as connection:
        failure: Optional[Failed] = None
        try:
            written_by(connection, [data("\ninsert into colors values ('red')")])
        except Failed as failed:
            failure = failed
        assert failure is not None
        assert failure.failure.line == 2
        assert "duplicate key" in failure.failure.message

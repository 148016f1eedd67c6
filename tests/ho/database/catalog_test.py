"""The fingerprint of a catalog: every change of what a database is changes it, and nothing else does."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from halfhooks.ho.database.catalog import differences, fingerprint, read_catalog
from halfhooks.ho.database.connect import connected, execute
from halfhooks.ho.database.databases import Databases

RICH = """
create schema s;
create table s.t (id int generated always as identity primary key, name text not null default 'x',
    n numeric(5,2) check (n > 0));
create table child (id serial primary key, t int references s.t, kind text collate "C") with (fillfactor = 70);
create table parted (id int, at date) partition by range (at);
create table parted_1 partition of parted for values from ('2020-01-01') to ('2021-01-01');
create index on parted (at);
create unique index on s.t (lower(name)) where id > 3;
create view v as select id, name from s.t;
create materialized view mv as select 1 as one;
create function f(a int, b text default 'z') returns int language sql immutable as $$ select a $$;
create procedure p() language sql as $$ select 1 $$;
create aggregate agg(int) (sfunc = int4pl, stype = int, initcond = '0');
create function trig() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger tr before update on s.t for each row execute function trig();
create type mood as enum ('a', 'b');
create type pair as (x int, y text);
create domain pos as int check (value > 0);
create type span as range (subtype = int);
create sequence seq increment 5;
create rule r as on delete to child do instead nothing;
alter table s.t enable row level security;
create policy pol on s.t for select using (id > 1);
comment on table s.t is 'a table';
comment on column s.t.name is 'a name';
create statistics st on id, kind from child;
"""

CHANGES = [
    "create schema s2",
    "create table n (id int)",
    "alter table s.t add column c int",
    "alter table s.t alter column name drop not null",
    "alter table s.t alter column name set default 'y'",
    "alter table child alter column kind type varchar",
    "alter table s.t rename column n to m",
    "alter table s.t drop constraint t_n_check",
    "alter table child add constraint ch check (id > 0) not valid",
    "alter table child drop constraint child_t_fkey",
    "alter table child set (fillfactor = 80)",
    "alter table child set unlogged",
    "create index on child (t)",
    "drop index s.t_lower_idx",
    "create or replace view v as select id, name from s.t where id > 0",
    "create or replace function f(a int, b text default 'z') returns int language sql immutable as $$ select b $$::text",
    "create or replace procedure p() language sql as $$ select 2 $$",
    "drop trigger tr on s.t",
    "alter table s.t disable trigger tr",
    "alter type mood add value 'c'",
    "alter type pair add attribute z int",
    "alter domain pos drop constraint pos_check",
    "alter domain pos set default 3",
    "alter sequence seq increment 6",
    "drop rule r on child",
    "alter table s.t disable row level security",
    "alter policy pol on s.t using (id > 2)",
    "comment on table s.t is 'another'",
    "comment on column s.t.name is null",
    "grant select on s.t to public",
    "grant update (name) on s.t to public",
    "revoke execute on function f(int, text) from public",
    "grant usage on schema s to public",
    "alter default privileges in schema s grant select on tables to public",
    "drop statistics st",
    "create publication pub for table child",
    "alter table parted detach partition parted_1",
    "alter table child replica identity full",
    "alter table child owner to pg_monitor",
    "create cast (mood as int) with function moody(mood)",
    "create operator ### (leftarg = int, rightarg = int, function = int4pl)",
]


@pytest.fixture(scope="module")
def catalogs(servers):
    """A rich database, and its catalog."""
    from halfhooks.ho.database.cluster import private

    with private(servers) as server, Databases(server) as databases:
        name = databases.make()
        with connected(server, name) as connection:
            execute(connection, RICH)
            yield connection, read_catalog(connection)
        databases.drop(name)


def changed(connection, change):
    """The catalog after a change, which is undone."""
    execute(connection, "begin")
    try:
        execute(connection, change)
        return read_catalog(connection)
    finally:
        execute(connection, "rollback")


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_is_seen_and_undone(change, catalogs):
    connection, before = catalogs
    change = change.replace("$$ select b $$::text", "$$ select a + 1 $$")
    if "moody" in change:
        change = "create function moody(mood) returns int language sql as 'select 1'; " + change
    after = changed(connection, change)
    found = differences(before, after)
    assert found, change
    assert fingerprint(after) != fingerprint(before)
    assert all(list(each.lines()) for each in found)
    assert fingerprint(read_catalog(connection)) == fingerprint(before)


def test_rows_statistics_and_names_of_extensions_objects_do_not_count(catalogs):
    connection, before = catalogs
    execute(connection, "insert into s.t (name, n) values ('a', 1)")
    execute(connection, "analyze")
    execute(connection, "select nextval('seq')")
    assert read_catalog(connection) == before


def test_no_two_things_share_a_name(catalogs):
    _, before = catalogs
    assert len({(each.kind, each.name) for each in before}) == len(before)


def test_differences_are_readable(catalogs):
    connection, before = catalogs
    after = changed(connection, 'alter table child alter column kind type varchar(9) collate "C"')
    (column,) = [each for each in differences(before, after) if each.kind == "column"]
    assert list(column.lines()) == [
        "changed column public.child.kind",
        "  - type text",
        "  + type character varying(9)",
    ]


def test_a_dump_of_it_makes_the_same_again(catalogs, tree):
    """model/schema.sql is what pg_dump wrote, with its own psql lines; the cache and a run from nothing agree as well."""
    connection, before = catalogs
    dump = shutil.which("pg_dump", path=tree.server.bindir)
    assert dump, "there is no pg_dump beside the server"
    environment = tree.server.environment(connection.info.dbname)
    dumped = subprocess.run([dump], env=environment, capture_output=True, check=True).stdout
    assert b"COPY s.t" in dumped
    tree.write("model/schema-0.1.0.sql", dumped).write("model/metadata-0.1.0.sql", "")
    tree.write("Patches/1-posts/01.sql", "select 1;").patch("select 1;").applied()
    with connected(tree.server, tree.name) as made:
        assert differences(before, read_catalog(made)) == []

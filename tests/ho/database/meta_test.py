"""What a database says about itself, beside what half_orm_dev says."""

from __future__ import annotations

import datetime
import subprocess

import pytest

from halfhooks.ho.database import meta
from halfhooks.ho.database.catalog import fingerprint, read_catalog
from halfhooks.ho.database.connect import connected, execute
from halfhooks.ho.database.databases import Databases
from tests.builders import PROJECT

HALF_ORM_DEV = (PROJECT / "tests" / "ho" / "database" / "half_orm_meta.sql").read_text("utf-8")
"""The schema that half_orm_dev 0.17 and 1.1 load into a new database, as they ship it but for its function."""
AT = datetime.datetime(2001, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)


@pytest.fixture
def connection(server):
    with Databases(server) as databases, connected(server, databases.make()) as found:
        yield found


def columns(connection):
    query = """
        select table_schema, table_name, column_name, data_type, is_nullable, column_default, datetime_precision
        from information_schema.columns where table_schema like 'half_orm_meta%' and table_name !~ '^halfhooks_'
        order by table_schema, table_name, ordinal_position"""
    return execute(connection, query)


def constraints(connection):
    query = """
        select conname, pg_get_constraintdef(oid) from pg_constraint
        where connamespace = 'half_orm_meta'::regnamespace and conname !~ '^halfhooks_' and contype <> 'n' order by 1"""
    return execute(connection, query)


def views(connection):
    query = """select viewname, definition from pg_views where schemaname = 'half_orm_meta.view' order by 1"""
    return [(name, " ".join(text.replace("hop_release.", "").split())) for name, text in execute(connection, query)]


def test_it_is_what_half_orm_dev_makes(server, connection):
    meta.ensure(connection)
    with Databases(server) as databases, connected(server, databases.make()) as theirs:
        execute(theirs, HALF_ORM_DEV)
        execute(theirs, "reset search_path")
        for look in (columns, constraints, views):
            assert look(connection) == look(theirs)


def test_a_second_time_and_on_half_orm_devs_own_nothing_is_changed(connection):
    execute(connection, HALF_ORM_DEV)
    execute(connection, "insert into half_orm_meta.hop_release values (0, 0, 0), (1, 2, 3)")
    before = columns(connection), constraints(connection), views(connection)
    assert meta.version_of(connection) == "1.2.3"
    assert not meta.read(connection).ours
    meta.ensure(connection)
    meta.ensure(connection)
    assert (columns(connection), constraints(connection), views(connection)) == before
    assert meta.version_of(connection) == "1.2.3"


def test_the_books_are_no_part_of_the_catalog(connection):
    execute(connection, "create table t (id int)")
    before = fingerprint(read_catalog(connection))
    meta.ensure(connection)
    execute(connection, "comment on table half_orm_meta.database is 'x'")
    execute(connection, "comment on column half_orm_meta.database.id is 'x'")
    execute(connection, "comment on schema half_orm_meta is 'x'")
    execute(connection, "comment on constraint hop_release_pkey on half_orm_meta.hop_release is 'x'")
    assert fingerprint(read_catalog(connection)) == before
    execute(connection, "comment on table t is 'x'")
    assert fingerprint(read_catalog(connection)) != before


def test_releases_and_hotfixes(connection):
    assert meta.version_of(connection) == ""
    meta.ensure(connection)
    assert meta.version_of(connection) == ""
    for label in ("0.9.0", "0.10.0", "0.10.0-hotfix2", "0.10.0-hotfix10", "0.2.0"):
        meta.record(connection, label, "c0ffee", at=AT, patches=[meta.Applied("1-a", "abc")])
    found = meta.read(connection)
    assert found.label == "0.10.0-hotfix10"
    assert found.releases == ["0.2.0", "0.9.0", "0.10.0", "0.10.0-hotfix2", "0.10.0-hotfix10"]
    assert ("0.2.0", "1-a", "abc") in found.patches
    query = 'select major, minor, patch from "half_orm_meta.view".hop_last_release'
    assert execute(connection, query) == [(0, 10, 0)]
    rows = "select count(*), min(date)::text, min(time)::text from half_orm_meta.hop_release"
    execute(connection, "set timezone to 'Asia/Tokyo'")
    assert execute(connection, rows) == [(3, "2001-02-03", "04:05:06+00")]
    meta.record(connection, "0.2.0", "other")
    query = "select commit from half_orm_meta.hop_release where minor = 2"
    assert execute(connection, query) == [("c0ffee",)]


def test_only_the_newest_catalog_is_kept(connection):
    meta.ensure(connection)
    execute(connection, "create table t (id int)")
    for label in ("0.1.0", "0.2.0"):
        catalog = read_catalog(connection)
        meta.record(connection, label, fingerprint=fingerprint(catalog), catalog=catalog)
    found = meta.read(connection)
    assert found.catalog == catalog
    assert found.fingerprint == fingerprint(catalog)
    assert found.server == connection.server_version // 10000
    query = "select count(*) from half_orm_meta.halfhooks_release where catalog is not null"
    assert execute(connection, query) == [(1,)]


def test_a_release_candidate_is_no_version(connection):
    meta.ensure(connection)
    insert = "insert into half_orm_meta.hop_release (major, minor, patch, pre_release, pre_release_num) values"
    execute(connection, f"{insert} (1, 0, 0, '', ''), (1, 1, 0, 'rc', '2'), (1, 0, 0, 'rc', '1')")
    found = meta.read(connection)
    assert (found.label, found.candidates) == ("1.0.0", ["1.1.0-rc2"])


@pytest.mark.parametrize("text", ["", "1", "1.2", "v1.2.3", "1.2.3-hotfix", "1.2.3-hotfix0", "1.2.3-rc1", "01.2.3"])
def test_no_labels(text, connection):
    assert meta.parse_label(text) is None
    meta.ensure(connection)
    with pytest.raises(ValueError, match="is no version"):
        meta.record(connection, text)


def test_a_dump_of_it_is_loaded_again(server, connection):
    meta.ensure(connection)
    meta.record(connection, "0.1.0", at=AT)
    dump = [f"{server.bindir}/pg_dump", "--inserts", *("-h", dict(server.keywords)["host"], "-U", "postgres")]
    name = connection.info.dbname
    text = subprocess.run([*dump, name], capture_output=True, text=True, check=True).stdout
    with Databases(server) as databases, connected(server, databases.make()) as other:
        execute(other, "\n".join(line for line in text.splitlines() if not line.startswith("\\")))
        execute(other, "reset search_path")
        assert meta.version_of(other) == "0.1.0"

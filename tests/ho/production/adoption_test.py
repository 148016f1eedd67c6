"""Databases that somebody else has managed, or nobody: they are read as they are, and written to when that is asked for."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from halfhooks.ho.database.catalog import read_catalog
from halfhooks.ho.database.connect import ask, connected, execute
from tests.builders import PROJECT
from tests.ho.production.conftest import BASE, ROWS, Shop

HALF_ORM_DEV = (PROJECT / "tests" / "ho" / "database" / "half_orm_meta.sql").read_text("utf-8")


@pytest.fixture
def theirs(shop: Shop) -> Shop:
    """The database as half_orm_dev has left it at 0.1.0."""
    ask(shop.server, "postgres", f"drop database {shop.name}")
    ask(shop.server, "postgres", f"create database {shop.name}")
    with connected(shop.server, shop.name) as connection:
        execute(connection, BASE + ROWS)
        execute(connection, HALF_ORM_DEV)
        execute(connection, "insert into half_orm_meta.hop_release (major, minor, patch) values (0, 0, 0), (0, 1, 0)")
    return shop


def books(shop: Shop) -> list[str]:
    query = (
        "select relname from pg_class where relnamespace = 'half_orm_meta'::regnamespace and relkind = 'r' order by 1"
    )
    return [name for (name,) in shop.ask(query)]


def test_a_database_of_half_orm_dev_is_only_read_until_an_upgrade(theirs):
    before = books(theirs)
    ran = theirs.update()
    assert ran.code == 0, ran
    assert "is at 0.1.0; half_orm_dev has managed it until now" in ran.out
    assert theirs.ho("upgrade", *theirs.options, "--dry-run").code == 0
    assert theirs.ho("db", "check", "--database", theirs.dsn, "--model", "--from", str(theirs.top)).code == 0
    assert theirs.ho("upgrade", *theirs.options).code == 1  # nobody to ask
    assert books(theirs) == before == ["bootstrap", "database", "hop_release", "hop_release_issue"]


def test_it_goes_on_from_there_and_half_orm_dev_reads_the_version(theirs):
    theirs.upgrade()
    assert theirs.version() == "0.3.0"
    query = 'select major, minor, patch from "half_orm_meta.view".hop_last_release'
    assert theirs.ask(query) == [(0, 3, 0)]
    query = "select major, minor, patch from half_orm_meta.hop_release order by 1, 2, 3"
    assert theirs.ask(query) == [(0, 0, 0), (0, 1, 0), (0, 2, 0), (0, 3, 0)]


def test_half_orm_dev_may_go_on_too(theirs):
    theirs.upgrade("--to-release", "0.2.0")
    theirs.ask("create table tags (id int primary key, name text); create index posts_author on posts (author)")
    theirs.ask("insert into half_orm_meta.hop_release (major, minor, patch) values (0, 3, 0)")
    assert theirs.version() == "0.3.0"
    theirs.write("model/schema-0.4.0.sql", "")
    theirs.release("0.4.0", {"5-a": {"01.sql": "create table a (id int);"}})
    ran = theirs.upgrade(code=1)  # the model of 0.3.0 is a placeholder here
    assert "the database is not what 0.3.0 made of it" in ran.err
    theirs.upgrade("--accept-drift", "the model is a placeholder")
    assert theirs.version() == "0.4.0"


def test_a_release_candidate_is_no_place_to_begin_from(theirs):
    insert = "insert into half_orm_meta.hop_release (major, minor, patch, pre_release, pre_release_num) values"
    theirs.ask(f"{insert} (0, 2, 0, 'rc', '1')")
    ran = theirs.upgrade(code=1)
    assert "the database holds a release candidate: 0.2.0-rc1" in ran.err


def test_its_drift_is_seen_by_the_model(theirs):
    theirs.ask("alter table users add column by_hand int")
    ran = theirs.upgrade(code=1)
    assert "added column public.users.by_hand" in ran.err
    assert "half_orm_meta" not in ran.err.partition("state:")[0].replace(str(theirs.top), "")


def test_a_database_that_nobody_has_managed(shop, tmp_path, monkeypatch):
    ask(shop.server, "postgres", f"drop database {shop.name}")
    ask(shop.server, "postgres", f"create database {shop.name}")
    shop.ask(BASE + ROWS)
    new = tmp_path / "new"
    ran = shop.ho("init", str(new), "--version", "2.3.0", "--package", "shop", "--database", shop.dsn)
    assert ran.code == 0, ran
    assert "# first look through the two files of 2.3.0: a push fixes them\n" in ran.out
    (adopting,) = [line.strip() for line in ran.out.splitlines() if "--adopt" in line]
    assert "CREATE TABLE public.users" in (new / "model" / "schema-2.3.0.sql").read_text()
    conf = (new / "halfhooks.conf").read_text()
    assert f"database = {shop.name}\n" in conf and "host=" not in conf
    assert shop.ask("select to_regnamespace('half_orm_meta')") == [(None,)]
    shop.top = Path(new)
    assert shop.update().code == 2
    program, *arguments = shlex.split(adopting.partition("  # ")[0])
    ran = shop.ho(*arguments, "--from", str(new), "--yes")
    assert (program, ran.code) == ("ho", 0), ran
    assert shop.version() == "2.3.0"
    assert shop.ask("select count(*) from users") == [(20,)]
    assert "says already that it is at 2.3.0" in shop.upgrade("--adopt", "2.3.0", code=2).err
    shop.release("2.4.0", {"1-a": {"01.sql": "create table a (id int);"}})
    shop.upgrade()
    assert shop.version() == "2.4.0"


def test_a_database_is_not_said_to_be_what_it_is_not(shop):
    ask(shop.server, "postgres", f"drop database {shop.name}")
    ask(shop.server, "postgres", f"create database {shop.name}")
    shop.ask("create table users (id int)")
    ran = shop.upgrade("--adopt", "0.1.0", code=1)
    assert "changed column public.users.id" in ran.err or "removed" in ran.err
    assert shop.ask("select to_regnamespace('half_orm_meta')") == [(None,)]
    assert "is no release of" in shop.upgrade("--adopt", "9.9.9", code=2).err
    with connected(shop.server, shop.name) as connection:
        assert read_catalog(connection)

"""The cache of states: what it gives is what a run from nothing gives, it is bounded, and touches nothing of others."""

from __future__ import annotations

import random

import pytest
from psycopg2 import OperationalError

from halfhooks.ho.aside import Aside
from halfhooks.ho.database.catalog import differences, read_catalog
from halfhooks.ho.database.connect import connect, connected, execute
from halfhooks.ho.database.databases import PREFIX, Databases, DuplicateDatabase
from halfhooks.ho.database.templates import Limits, evict, listed
from tests.ho.database.conftest import Tree, wait_for


@pytest.fixture
def databases(server):
    with Databases(server) as found:
        yield found


@pytest.fixture
def long(tree: Tree) -> Tree:
    """A release with eight staged patches before the one that is worked on."""
    ids = [f"{number}-p" for number in range(10, 18)]
    tree.write("releases/0.2.0-stage.txt", "".join(f"{patch}\n" for patch in ids))
    for patch in ids:
        tree.write(f"Patches/{patch}/01.sql", f"create table t{patch[:2]} (id int primary key);")
    return tree.patch("create view last as select * from t17;")


def same(tree: Tree) -> bool:
    """Whether the database is what a run from nothing makes."""
    tree.applied("--no-cache", "--to", tree.name + "_0")
    with connected(tree.server, tree.name) as one, connected(tree.server, tree.name + "_0") as other:
        return differences(read_catalog(one), read_catalog(other)) == []


def test_whatever_was_edited_the_result_is_that_of_a_run_from_nothing(long):
    chance = random.Random(7)
    long.applied()
    assert same(long)
    for turn in range(6):
        number = chance.randrange(10, 18)
        long.write(
            f"Patches/{number}-p/01.sql", f"create table t{number} (id int primary key, c{turn} text default 'x');"
        )
        if turn == 3:
            long.write("model/schema-0.1.0.sql", "create table users (id int primary key, name text, more int);")
        long.applied()
        assert same(long), turn


def test_two_that_keep_the_same_state_at_the_same_time(databases, server):
    one, other, name = databases.make(), databases.make(), f"{PREFIX}{'0' * 40}"
    with connected(server, "postgres") as first, Databases(server) as second:
        execute(first, "begin")
        execute(first, f"alter database {databases.quote(one)} rename to {databases.quote(name)}")
        later = Aside(lambda: second.rename(other, name))  # waits for what the first one comes to
        waiting = "select 1 from pg_locks where not granted"
        wait_for(lambda: databases.run(waiting))
        execute(first, "commit")
        with pytest.raises(DuplicateDatabase):
            later.result()
    databases.drop(name)


def test_settings_of_the_database_and_privileges_on_it_are_kept_too(long):
    long.write(
        "Patches/10-p/02.sql",
        """do $$ begin
            execute format('alter database %I set search_path to s, "Odd, name", public', current_database());
            execute format('alter database %I set work_mem to "7MB"', current_database());
            execute format('alter role postgres in database %I set application_name to $x$it''s$x$', current_database());
            execute format('revoke temporary on database %I from public', current_database());
            execute format('grant create on database %I to pg_monitor with grant option', current_database());
        end $$;""",
    )
    long.applied()
    long.applied()
    assert same(long)
    query = "select current_setting('search_path'), current_setting('work_mem')"
    assert long.ask(query) == [('s, "Odd, name", public', "7MB")]
    ((privileges,),) = long.ask("select datacl::text from pg_database where datname = current_database()")
    assert "pg_monitor=C*/" in privileges and ",=c/" in "," + privileges[1:]


def test_only_what_follows_the_edited_patch_runs_and_the_second_time_nothing_before_it(long):
    long.applied("--no-cache")
    long.applied()
    ran = []
    for turn in range(3):
        long.write("Patches/15-p/01.sql", f"create table t15 (id int primary key, c{turn} int);")
        out = long.applied().out
        ran.append([line.split("/")[1] for line in out.splitlines() if line.startswith("  Patches")])
    assert ran[0][-4:] == ["15-p", "16-p", "17-p", "2-new"]
    assert ran[1] == ran[2] == ["15-p", "16-p", "17-p", "2-new"]


def test_a_template_takes_no_connections_and_is_named_by_its_key(long, databases):
    long.applied()
    for each in listed(databases):
        assert each.mark and each.name == f"halfhooks_{each.mark['key'][:40]}"
        with pytest.raises(OperationalError, match="not currently accepting connections"):
            connect(long.server, each.name)


def test_a_failed_patch_is_never_kept(long, databases):
    long.write("Patches/12-p/01.sql", "create table t12 (id int); select 1/0;")
    evict(databases, Limits(0, 0))
    long.ho("apply", "--keep-going")
    assert {str((each.mark or {})["words"]) for each in listed(databases)} <= {"0.1.0", "10-p", "11-p"}
    long.write("Patches/12-p/01.sql", "create table t12 (id int);")
    long.applied()
    assert same(long)


def test_it_is_bounded_by_number_and_by_size_and_the_oldest_goes_first(long, databases):
    long.applied()
    long.write("Patches/17-p/01.sql", "create table t17 (id int primary key, more int);").applied()
    before = [each.name for each in listed(databases)]
    assert len(before) >= 2
    evict(databases, Limits(most=2))
    assert [each.name for each in listed(databases)] == before[:2]
    evict(databases, Limits(most_bytes=1))
    assert listed(databases) == []


def test_nothing_of_others_is_touched(long, databases):
    others = {
        "other": None,
        "halfhooks_mine": None,
        "halfhooks_tmp_mine": "somebody's",
        "halfhooks_json": '{"halfhooks": "no", "kind": "scratch"}',
        "halfhooks_" + "a" * 40: "not ours",
    }
    for name, comment in others.items():
        databases.run(f'create database "{name}"')
        if comment:
            databases.run(f'comment on database "{name}" is %s', comment)
    long.applied()
    databases.sweep()
    evict(databases, Limits(0, 0))
    assert all(databases.find(name) for name in others if name != "halfhooks_tmp_unmarked")
    for name in others:
        databases.run(f'drop database "{name}"')


def test_a_template_that_went_away_is_made_again(long, databases):
    long.applied()
    for each in listed(databases):
        databases.drop(each.name)
    assert "model" in long.applied().out


# --- ho cache, ho db, ho server


def test_ho_cache_shows_and_clears(long):
    long.applied()
    out = long.ho("cache").out
    assert "17-p" in out and "ho cache --clear" in out
    assert '"after": "17-p"' in long.ho("cache", "--json").out
    assert "removed" in long.ho("cache", "--clear").out
    assert long.ho("cache").out == "nothing is kept\n"


def test_ho_db_restores_compares_and_fingerprints(long):
    long.write("model/schema-0.0.1.sql", "create table old (id int);")
    long.applied()
    assert long.fingerprint() == long.fingerprint("here")
    assert long.fingerprint() != long.fingerprint("0.1.0")
    ran = long.ho("db", "diff", "live", "here")
    assert (ran.code, ran.out) == (0, "halfhooks: no difference between live and here\n")
    long.ask("alter table users add column mine int")
    ran = long.ho("db", "diff", "here", "live")
    assert ran.code == 1
    assert "added column public.users.mine" in ran.out
    assert '"verb": "removed"' in long.ho("db", "diff", "live", "here", "--json").out
    assert long.ho("db", "restore", "0.0.1").code == 0
    assert long.tables() == {"old"}
    assert long.ho("db", "restore").code == 0
    for version in ("0.10.0", "0.9.0", "0.9.0-hotfix2", "0.9.0-hotfix10"):
        long.write(f"model/schema-{version}.sql", "")
    ran = long.ho("db", "restore", "9.9.9")
    assert ran.code == 2
    assert "there are those of 0.0.1, 0.1.0, 0.9.0, 0.9.0-hotfix2, 0.9.0-hotfix10, 0.10.0\n" in ran.err
    assert long.tables() == {"users"}
    assert "no 'model/schema-9.9.9.sql'" in long.ho("db", "diff", "9.9.9", "live").err
    assert long.ho("db", "fingerprint", "database:nothing").code == 2


def test_ho_db_shell_is_psql_on_the_database(long):
    long.applied()
    process = long.start("db", "shell", "--", "-At", "-c", "select current_database()")
    output, _ = process.communicate()
    assert (process.returncode, output) == (0, f"{long.name}\n")
    assert "ho apply makes it" in long.ho("db", "shell", "--to", "nothing_here").err


def test_ho_server_says_where_it_is_and_does_not_stop_under_a_user(tree):
    tree.applied()
    out = tree.ho("server", "status").out
    assert "running, in use" in out
    assert f"psql -h {dict(tree.server.keywords)['host']}" in out
    assert '"running": true' in tree.ho("server", "status", "--json").out
    ran = tree.ho("server", "stop")
    assert ran.code == 1
    assert "a command uses it" in ran.out
    assert tree.ho("server", "status", "--force").code == 2

"""A release that is not one transaction goes on where it was interrupted, and repeats nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from halfhooks.ho.database.connect import connected, execute
from tests.builders import PROJECT
from tests.ho.production.conftest import Shop, wait_for

ALONE = "-- halfhooks: no-transaction\n"


@pytest.fixture
def stepped(shop: Shop) -> Shop:
    """0.4.0 is three steps, of which the second is an index that cannot be built while somebody reads."""
    shop.release(
        "0.4.0",
        {
            "5-a": {"01.sql": "create table counted (n int); insert into counted values (1);"},
            "6-b": {"01.sql": f"{ALONE}create index concurrently by_name on users (name);"},
            "7-c": {"01.sql": "insert into counted values (2);"},
        },
    )
    shop.upgrade("--to-release", "0.3.0")
    return shop


def start(shop: Shop, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """`ho upgrade` in a process of its own."""
    command = [sys.executable, "-m", "halfhooks.ho", "upgrade", *shop.options, "--yes"]
    command += ["--backup-folder", str(shop.folder), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, env=environment, **pipes, **options)


def building(shop: Shop) -> bool:
    query = "select 1 from pg_stat_activity where query like 'create index concurrently%' and wait_event_type = 'Lock'"
    return bool(shop.ask(query))


def finished(shop: Shop) -> None:
    """The release is whole, and each of its steps has run once."""
    assert shop.version() == "0.4.0"
    assert shop.ask("select n from counted order by n") == [(1,), (2,)]
    assert shop.ask("select count(*) from pg_index where indrelid = 'users'::regclass and indisvalid") == [(2,)]
    assert shop.ask("select count(*) from pg_index where not indisvalid") == [(0,)]
    assert shop.ask("select count(*) from half_orm_meta.halfhooks_progress") == [(0,)]


def test_ho_is_killed_while_an_index_is_built(stepped):
    with connected(stepped.server, stepped.name) as reader:
        execute(reader, "begin; insert into users values (500, 'x')")
        process = start(stepped)
        wait_for(lambda: building(stepped))
        again = start(stepped, "--wait", "0")
        said = again.communicate()[0]
        assert again.returncode == 1
        assert "another ho is at work" in said
        assert "create index concurrently by_name" in said  # the lock is of the session that builds, and ends with it
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert stepped.version() == "0.3.0"
        assert json_begun(stepped) == ("0.4.0", 1)
        execute(reader, "rollback")
    ran = stepped.upgrade("--wait", "30")
    assert "going on after 1 step that was done before" in ran.out
    finished(stepped)


def json_begun(shop: Shop) -> tuple[str, int]:
    (found,) = json.loads(shop.update("--json").out)["begun"]
    return found["release"], found["steps_done"]


def test_the_session_is_ended_while_an_index_is_built(stepped):
    with connected(stepped.server, stepped.name) as reader:
        execute(reader, "begin; insert into users values (500, 'x')")
        process = start(stepped)
        wait_for(lambda: building(stepped))
        stepped.ask(
            "select pg_terminate_backend(pid) from pg_stat_activity where query like 'create index concurrently%'"
        )
        said = process.communicate()[0]
        execute(reader, "rollback")
    assert process.returncode == 1
    assert "the connection to the server was lost while 0.4.0 ran" in said
    assert "the database is at 0.3.0, and 1 of the 3 steps of 0.4.0 are done" in said
    assert stepped.ask("select indisvalid from pg_index where indexrelid = 'by_name'::regclass") == [(False,)]
    ran = stepped.ho("db", "check", "--database", stepped.dsn)
    assert ran.code == 1
    assert "0.4.0 has begun, and is not whole: 1 steps are done" in ran.out
    stepped.upgrade()
    finished(stepped)


def test_an_index_that_cannot_be_built_leaves_nothing(stepped):
    stepped.release("0.5.0", {"8-u": {"01.sql": f"{ALONE}create unique index concurrently u on counted ((n > 0));"}})
    ran = stepped.upgrade(code=1)
    assert "error: 0.5.0 failed" in ran.err
    assert "Patches/8-u/01.sql:2:1: could not create unique index" in ran.err
    finished(stepped)
    stepped.ask("delete from counted where n = 2")
    stepped.upgrade()
    assert stepped.version() == "0.5.0"
    assert stepped.ask("select indisvalid from pg_index where indexrelid = 'u'::regclass") == [(True,)]


def test_the_last_statement_was_done_but_not_recorded(stepped):
    with connected(stepped.server, stepped.name) as reader:
        execute(reader, "begin; insert into users values (500, 'x')")
        process = start(stepped)
        wait_for(lambda: building(stepped))
        process.send_signal(signal.SIGSTOP)
        execute(reader, "rollback")
    wait_for(lambda: stepped.ask("select 1 from pg_index where indexrelid = to_regclass('by_name') and indisvalid"))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    wait_for(lambda: not stepped.ask("select 1 from pg_stat_activity where application_name like 'ho upgrade%'"))
    stepped.upgrade()
    finished(stepped)


def test_all_steps_are_done_and_the_release_was_not_recorded(shop):
    steps = {"01.sql": "create table counted (n int);", "02.sql": f"{ALONE}create index concurrently n on counted (n);"}
    shop.release("0.4.0", {"5-a": steps})
    shop.release("0.5.0", {"6-b": {"01.sql": "insert into counted values (1);"}})
    shop.upgrade("--to-release", "0.3.0")
    shop.ask(
        "create function half_orm_meta.no() returns trigger language plpgsql as "
        "$$ begin if new.label = '0.4.0' then raise 'not now'; end if; return new; end $$;"
        "create trigger no before insert on half_orm_meta.halfhooks_release for each row execute function half_orm_meta.no()"
    )
    ran = shop.upgrade(code=1)
    assert "not now" in ran.err
    assert "2 of the 2 steps of 0.4.0 are done" in ran.err
    assert shop.version() == "0.3.0"
    shop.ask("drop function half_orm_meta.no cascade")
    shop.upgrade()
    query = "select label from half_orm_meta.halfhooks_release order by label"
    assert [label for (label,) in shop.ask(query)][-2:] == ["0.4.0", "0.5.0"]
    assert shop.ask("select count(*) from half_orm_meta.halfhooks_progress") == [(0,)]
    assert shop.ask("select n from counted") == [(1,)]


APPLY = """
import time
def apply(connection):
    with connection.cursor() as cursor:
        cursor.execute("insert into counted values (9)")
        cursor.execute("select count(*) from slow")
        if cursor.fetchone()[0]:
            time.sleep(60)
"""
SCRIPT = """
import psycopg2, time
connection = psycopg2.connect("")
connection.autocommit = True
cursor = connection.cursor()
cursor.execute("insert into counted values (9)")
cursor.execute("select count(*) from slow")
if cursor.fetchone()[0]:
    time.sleep(60)
"""


def python_release(shop: Shop, content: str) -> None:
    tables = "create table counted (n int); create table slow (x int); insert into slow values (1);"
    shop.release("0.4.0", {"5-a": {"01.sql": tables}, "6-b": {"01.py": content}, "7-c": {"01.sql": "drop table slow;"}})


def interrupt_python(shop: Shop) -> None:
    """Kill `ho` while its Python file sleeps; the file must end as well."""
    process = start(shop, "--python", sys.executable)
    asleep = (
        "select 1 from pg_stat_activity where query like 'select count(*) from slow%' and datname = current_database()"
    )
    wait_for(lambda: shop.ask("select to_regclass('slow')")[0][0] and shop.ask(asleep))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    wait_for(lambda: not shop.ask(asleep))
    shop.ask("delete from slow")


def test_a_python_file_with_apply_is_exact(shop):
    python_release(shop, APPLY)
    interrupt_python(shop)
    assert shop.ask("select n from counted") == []
    shop.upgrade("--python", sys.executable)
    assert shop.ask("select n from counted") == [(9,)]
    assert shop.version() == "0.4.0"


def test_a_script_that_was_interrupted_needs_somebody_to_decide(shop):
    python_release(shop, SCRIPT)
    interrupt_python(shop)
    ran = shop.upgrade("--python", sys.executable, code=1)
    assert "'Patches/6-b/01.py' was interrupted, and nobody can tell how far it came" in ran.err
    assert "--unfinished repeat" in ran.err
    assert shop.version() == "0.3.0"
    shop.upgrade("--python", sys.executable, "--unfinished", "skip")
    assert shop.ask("select n from counted") == [(9,)]
    assert shop.version() == "0.4.0"


def test_a_python_file_that_fails(shop):
    python_release(shop, "def apply(connection):\n    raise ValueError('no')\n")
    ran = shop.upgrade("--python", sys.executable, code=1)
    assert "Patches/6-b/01.py:2: ValueError: no" in ran.err
    assert "1 of the 3 steps of 0.4.0 are done" in ran.err
    assert "ho rollback" in ran.err
    shop.rollback("--to", "0.1.0")
    assert shop.version() == "0.1.0"


def test_python_files_need_an_interpreter(shop):
    python_release(shop, APPLY)
    shop.write("halfhooks.conf", '[halfhooks "project"]\n\tpython = .venv/bin/python\n')
    shop.commit("Policy")
    ran = shop.upgrade(code=1)
    assert "there is no interpreter '.venv/bin/python' to run these with" in ran.err
    assert shop.version() == "0.1.0"


def test_python_files_may_import_the_code_of_their_release(shop):
    shop.write("app/__init__.py", "NAME = 'of the release'\n")
    insert = "connection.cursor().execute('insert into c values (%s)', [NAME])"
    content = f"from app import NAME\ndef apply(connection):\n    {insert}\n"
    shop.release("0.4.0", {"5-a": {"01.sql": "create table c (t text);", "02.py": content}})
    shop.write("app/__init__.py", "NAME = 'of another'\n")
    shop.upgrade("--python", sys.executable)
    assert shop.ask("select t from c") == [("of the release",)]

"""What is seen of locks and rewrites, held against what PostgreSQL documents; and `ho apply --explain`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from halfhooks.ho.database.connect import connected, execute
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.database.hazards import as_values, from_values
from halfhooks.ho.database.observe import Observer
from halfhooks.ho.database.run import Hooks, run_patch
from halfhooks.ho.plan import SQL, File, Patch
from tests.ho.database.conftest import Tree

HERE = "Patches/2-new/01.sql"
ALONE = b"-- halfhooks: no-transaction\n"
MODEL = """
    create table users (id int primary key, name text not null, boss int);
    create index users_name on users (name);
    create function f() returns trigger language plpgsql as 'begin return new; end';
    create materialized view numbers as select 1 as id;
    create table events (at date not null) partition by range (at);
    create table events_1 partition of events for values from ('2020-01-01') to ('2021-01-01');
    create table events_2 (at date not null);"""

# what a statement does to the table of production: its lock, then what it does under it, and a word of the safer way
SEEN = {
    "alter table users add column a int": ("access exclusive", "", ""),
    "alter table users add column a int default 1": ("access exclusive", "", ""),
    "alter table users add column a float default random()": ("access exclusive", "rewritten scanned", "batches"),
    "alter table users add column a serial": ("access exclusive", "rewritten scanned", "batches"),
    "alter table users alter name type varchar": ("access exclusive", "", ""),
    "alter table users alter id type bigint": ("access exclusive", "rewritten scanned", "new type"),
    "alter table users alter name drop not null": ("access exclusive", "", ""),
    "alter table users alter id set not null": ("access exclusive", "", ""),
    "alter table users add check (id > 0)": ("access exclusive", "scanned", "NOT VALID"),
    "alter table users add check (id > 0) not valid": ("access exclusive", "", ""),
    "alter table users add unique (name)": ("access exclusive", "scanned", "USING INDEX"),
    "create index on users (name)": ("share", "scanned", "CONCURRENTLY"),
    "create /* a */ unique index i on users (name)": ("share", "scanned", "CONCURRENTLY"),
    "drop index users_name": ("access exclusive", "", "CONCURRENTLY"),
    "reindex index users_name": ("access exclusive", "scanned", "CONCURRENTLY"),
    "reindex table users": ("access exclusive", "scanned", "CONCURRENTLY"),
    "drop table users cascade": ("access exclusive", "", ""),
    "truncate users cascade": ("access exclusive", "", ""),
    "cluster users using users_pkey": ("access exclusive", "rewritten scanned", "pg_repack"),
    "create trigger t after insert on users for each row execute function f()": ("share row exclusive", "", ""),
    "lock table users in exclusive mode": ("exclusive", "", ""),
    "do $$ begin create index on users (name); end $$": ("share", "scanned", ""),
    "alter table users set unlogged": ("access exclusive", "rewritten scanned", "nobody uses"),
    "refresh materialized view numbers": ("access exclusive", "rewritten", "CONCURRENTLY"),
    "update users set name = 'x'": None,
    "select * from users": None,
    "alter table users alter name set statistics 100": None,
    "create table later (id int primary key); alter table later alter id type bigint": None,
    "create table later (id int references users)": ("share row exclusive", "", ""),
    "alter table users add foreign key (boss) references users": ("share row exclusive", "scanned", "NOT VALID"),
    "alter table users add other int references users": ("access exclusive", "", ""),
    "alter table events attach partition events_2 for values from ('2021-01-01') to ('2022-01-01')": (
        "access exclusive",
        "scanned",
        "NOT VALID",
    ),
    "analyze users": None,
}


@pytest.fixture
def production(server: Any) -> Iterator[Any]:
    """A connection to a database with the model of production."""
    with Databases(server) as databases:
        name = databases.make()
        with connected(server, name) as connection:
            execute(connection, MODEL)
            yield connection
        databases.drop(name)


def hazards(connection: Any, *contents: str | bytes, weakest: str = "share") -> list[Any]:
    """What is seen of a patch with these files."""
    files = [
        File(f"Patches/2-new/0{number}.sql", SQL, content.encode() if isinstance(content, str) else content)
        for number, content in enumerate(contents, 1)
    ]
    files = [file._replace(no_transaction=file.content.startswith(ALONE)) for file in files]
    observer = Observer(weakest)
    observer.start(connection)
    hooks = Hooks(begun=observer.begun, statement=observer.statement, trial=True)
    assert run_patch(connection, Patch("2-new", "", "", tuple(files)), lambda file: None, hooks) is None
    assert from_values(json.loads(json.dumps(as_values(observer.hazards)))) == observer.hazards
    return observer.hazards


@pytest.mark.parametrize("statement", SEEN)
def test_what_a_statement_does_to_a_table_of_production(statement, production):
    expected = SEEN[statement]
    found = hazards(production, f"select 1;\n  {statement};\n")
    if expected is None:
        assert found == []
        return
    lock, effects, way = expected
    assert {hazard[:3] for hazard in found} == {(HERE, 2, 3)}
    main = found[-1]
    assert main.lock == lock
    assert [word for word in ("rewritten", "scanned") if getattr(main, word)] == effects.split()
    assert main.severity == ("long" if effects else "brief")
    assert (way in main.help) if way else main.help == ""


def brief(found: list[Any]) -> list[tuple[str, int, str, str, str]]:
    return [(each.file[-5:], each.line, each.table, each.lock, each.severity) for each in found]


def test_a_lock_is_told_where_it_is_taken_and_again_where_it_grows_or_is_held_while_a_table_is_read(production):
    first = "create index on users (boss);\nalter table users add a int;\nalter table users add b int;\n"
    second = "update users set a = 1;\nselect count(*) from users;\ncreate index on users (a);"
    found = hazards(production, first, second)
    assert brief(found) == [
        ("1.sql", 1, "public.users", "share", "long"),
        ("1.sql", 2, "public.users", "access exclusive", "brief"),
        ("2.sql", 1, "public.users", "access exclusive", "long"),
    ]
    found = hazards(production, "alter table users add c int;", second.replace("(a)", "(c)").replace("a = 1", "c = 1"))
    assert brief(found) == [
        ("1.sql", 1, "public.users", "access exclusive", "brief"),
        ("2.sql", 1, "public.users", "access exclusive", "long"),
    ]
    assert (found[0].since, found[1].since) == ("", f"{HERE}:1")
    assert "under the ACCESS EXCLUSIVE lock of Patches/2-new/01.sql:1: nobody can read or write it" in found[1].message
    assert "locks are held until the patch ends" in found[1].help


def test_a_second_rewrite_is_told_too(production):
    text = "alter table users alter boss type bigint;\nalter table users alter boss type int;"
    assert [(each.line, each.rewritten) for each in hazards(production, text)] == [(1, True), (2, True)]


def test_only_locks_that_count_are_told(production):
    text = "create index on users (boss);\nalter table users add a int;"
    assert [each.line for each in hazards(production, text, weakest="access exclusive")] == [2]


def test_outside_of_transactions(production):
    harmless = ALONE + b"create index concurrently i on users (boss);"
    assert hazards(production, harmless, ALONE + b"vacuum users;", ALONE + b"vacuum analyze;") == []
    rewritten = ALONE + b"vacuum full users;"
    plain = ALONE + b"create index j on users (boss);"
    schema = ALONE + b"reindex schema public;"
    for text, seen in (
        (rewritten, (3, "access exclusive", True)),
        (plain, (2, "share", False)),
        (schema, (2, "share", False)),
    ):
        found = [each for each in hazards(production, text, rewritten) if each.table == "public.users"]
        got = [(each.file[-5:], each.lock, each.rewritten, each.severity) for each in found]
        assert got == [("1.sql", *seen[1:], "long"), ("2.sql", "access exclusive", True, "long")]
    (found,) = hazards(production, "alter table users add x int;", plain.replace(b"j", b"k"))[1:]
    assert (found.file[-5:], found.since) == ("2.sql", "")  # the transaction of the file before has ended


def test_a_patch_that_failed_leaves_no_trace(production):
    observer = Observer("share")
    observer.start(production)
    hooks = Hooks(begun=observer.begun, statement=observer.statement, trial=True)
    for text in (b"alter table users alter boss type bigint;\nselect 1/0;", b"select 1;"):
        patch = Patch("2-new", "", "", (File(HERE, SQL, text),))
        run_patch(production, patch, lambda file: None, hooks)
    assert [each.line for each in observer.hazards] == [1]


@pytest.fixture
def long(tree: Tree) -> Tree:
    """A patch that rewrites a table, another that a patch before it made, and one in Python."""
    tree.write("Patches/1-posts/01.sql", "create table posts (id int);\ncreate index on users (name);")
    text = "alter table posts alter id type bigint;\nalter table users\n  alter id type bigint;\n"
    return tree.patch(text).patch("import psycopg2\nc = psycopg2.connect('')\n", "02.py")


def test_explain_says_what_and_where_whatever_is_cached(long):
    for _ in range(2):
        ran = long.applied("--explain")
        assert (
            "Patches/1-posts/01.sql:2:1: reads all of 'public.users' under the SHARE lock: nobody can write" in ran.out
        )
        assert "Patches/2-new/01.sql:2:1: writes all of 'public.users' under the ACCESS EXCLUSIVE lock" in ran.out
        assert "posts'" not in ran.out
    assert "ACCESS" not in long.applied().out


def test_a_python_file_that_writes_a_table_anew_is_seen(long):
    code = "def apply(connection):\n    connection.cursor().execute('alter table users alter id type int')\n"
    found = json.loads(long.patch(code, "02.py").applied("--explain", "--json").out)["hazards"]
    found = [each for each in found if each["source"] == "observed"]
    assert [(each["file"], each["line"], each["rewritten"]) for each in found][1:] == [
        ("Patches/2-new/01.sql", 2, True),
        ("Patches/2-new/02.py", 0, True),
    ]


def test_the_policy_says_what_counts_and_what_is_refused(long):
    assert long.ho("apply", "--explain").code == 0
    long.git("config", "halfhooks.project.locks", "refuse")
    assert long.ho("apply", "--explain").code == 1
    assert long.ho("apply").code == 0
    long.git("config", "halfhooks.project.lockMode", "access exclusive")
    ran = long.ho("apply", "--explain")
    assert ran.code == 1 and "SHARE" not in ran.out
    long.patch("alter table users add x int;")
    ran = long.ho("apply", "--explain")
    assert ran.code == 0 and "takes the ACCESS EXCLUSIVE lock on 'public.users'" in ran.out


def test_it_sees_in_the_same_way_as_it_builds(long):
    long.applied()
    without = long.fingerprint()
    long.applied("--explain")
    assert long.fingerprint() == without


def test_squawks_advice_stands_beside_what_was_seen(long):
    alone = "-- halfhooks: no-transaction\n\nreindex index concurrently users_pkey;"
    long.patch("\ncreate table c (x char(3));\nalter table users alter id type bigint;").patch(alone, "03.sql")
    found = json.loads(long.applied("--explain", "--json").out)["hazards"]
    advice = {
        (each["rule"], each["file"], each["line"], each["column"]) for each in found if each["source"] == "squawk"
    }
    assert ("ban-char-field", HERE, 2, 19) in advice
    assert "changing-column-type" not in {each["rule"] for each in found}
    lines = long.applied("--explain").out.splitlines()
    places = [line.split(":")[0] for line in lines if line.startswith("Patches/") and ": " in line]
    assert places == sorted(places) and len(set(places)) > 1
    assert any(line.endswith("(squawk: ban-char-field)") and line.startswith(f"{HERE}:2:19: ") for line in lines)


def test_without_squawk_there_is_a_remark_and_no_error(long, monkeypatch, tmp_path):
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    without = long.applied("--explain")
    assert "squawk is not installed" in without.out and "writes all of 'public.users'" in without.out
    program = tmp_path / "squawk"
    for code in ("exit 7", "echo '{'", "echo '[{}]'"):
        program.write_text(f"#!/bin/sh\n{code}\n")
        program.chmod(0o755)
        assert "squawk gave no advice: " in long.applied("--explain").out
    assert "squawk" not in long.applied().out

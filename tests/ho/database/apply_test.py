"""`ho apply`, as a developer sees it."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.ho.database.conftest import Tree

BEFORE = {"users", "posts", "before"}


@pytest.fixture
def applied(tree: Tree) -> Tree:
    """A project whose database holds the patch as it was before."""
    tree.patch("create table before (id int);").applied()
    assert tree.tables() == BEFORE
    return tree


def test_the_model_the_lists_and_the_patch_that_is_worked_on_uncommitted_files_included(tree):
    ran = tree.patch("create table new (id int);").applied("--no-cache")
    assert tree.tables() == {"users", "posts", "new"}
    assert tree.ask("select count(*) from users") == [(2,)]
    order = ["model/schema-0.1.0.sql", "model/metadata-0.1.0.sql", "Patches/1-posts/01.sql", "Patches/2-new/01.sql"]
    assert [line.split()[0] for line in ran.out.splitlines() if line.startswith("  ")] == order
    assert f"'{tree.name}' is production 0.1.0 with 1-posts, 2-new" in ran.out


def test_a_second_time_only_the_last_patch_runs(applied):
    ran = applied.patch("create table other (id int);").applied()
    assert "from the cache: production 0.1.0 with 1-posts" in ran.out
    assert "schema" not in ran.out
    assert applied.tables() == {"users", "posts", "other"}


def test_what_somebody_did_to_the_database_is_gone_after_it(applied):
    applied.ask("create table mine (id int)")
    applied.ask("drop table posts")
    applied.applied()
    assert applied.tables() == BEFORE


def test_an_error_names_its_place_and_the_database_is_as_it_was(applied):
    applied.patch("create table new (id int);\nselect 1,\n\tnothing\nfrom new;")
    ran = applied.ho("apply")
    assert ran.code == 1
    assert 'error: Patches/2-new/01.sql:3:2: column "nothing" does not exist (SQLSTATE 42703)' in ran.out
    lines = ran.out.splitlines()
    at = lines.index("  3 |  nothing")
    assert lines[at + 1].index("^") == lines[at].index("nothing")
    assert f"halfhooks: '2-new' failed; '{applied.name}' is as it was" in ran.out
    assert applied.tables() == BEFORE
    assert applied.scratch() == []


# what no patch may leave half done: SQL, and words that the message must have
FAULTS = {
    "a loop": ("select pg_sleep(60);", "statement timeout", "--timeout says"),
    "a commit": ("create table half (id int);\ncommit;\nselect 1/0;", "01.sql:2:1: 'COMMIT' controls the transaction"),
    "psql": ("create table half (id int);\n\\d half", "01.sql:2:1: '\\d' is a command of psql"),
    "concurrently": (
        "create table half (id int);\ncreate index concurrently on half (id);",
        "01.sql:2:1: CREATE INDEX CONCURRENTLY cannot run inside a transaction block",
        "first line is '-- halfhooks: no-transaction'",
    ),
    "enum": (
        "create type mood as enum ('a');\nalter type mood add value 'b';\ncreate table half (m mood default 'b');",
        None,
    ),
    "copy": ("create table half (id int);\ncopy half from stdin;\n1\nx\n\\.\n", "01.sql:4:1: invalid input syntax"),
    "latin1": (b"create table half (id int);\n-- \xe9t\xe9\n", "01.sql:2:4: the byte 0xe9 is not UTF-8", "iconv"),
    "nul": (b"select 1;\0", "01.sql:1:10: a NUL character"),
    "quote": ("create table half (id int);\nselect 'x;", "01.sql:2:8: unterminated quoted string"),
    "duplicate key": (
        "create table half (id int);\ninsert into users values (1, 'x');",
        "01.sql:2:1: duplicate key",
        "detail:  Key (id)=(1) already exists.",
    ),
    "deferred": (
        "create table half (id int references users deferrable initially deferred);\ninsert into half values (9);",
        "when the patch was committed",
        'Key (id)=(9) is not present in table "users".',
    ),
    "role": (
        "create table half (id int);\ngrant select on half to nobody_here;",
        '01.sql:2:1: role "nobody_here" does not exist',
        "roles belong to the server",
    ),
    "extension": ("create extension no_such_thing;", "extension", "install the extension's package"),
    "procedure": (
        "create procedure p() language plpgsql as $$ begin commit; end $$;\ncall p();",
        "01.sql:2:1: invalid transaction termination",
    ),
    "search_path": (
        "create schema s;\nset search_path = s;\ncreate table half (id int);\nselect 1/0;",
        "division by zero",
    ),
}


@pytest.mark.parametrize("name", [name for name, words in FAULTS.items() if words[1]])
def test_a_patch_that_fails_leaves_the_database_as_it_was(name, applied):
    text, *words = FAULTS[name]
    ran = applied.patch(text).ho("apply", "--timeout", "0.3")
    assert ran.code == 1, ran
    assert [word for word in words if word not in ran.out] == []
    assert applied.tables() == BEFORE
    assert applied.scratch() == []


def test_an_enum_value_cannot_be_used_at_once_and_that_is_said(applied):
    applied.patch("create type mood as enum ('a');", "00.sql")
    applied.write("Patches/1-posts/02.sql", "create type fun as enum ('a');")
    ran = applied.patch("alter type fun add value 'b';\nselect 'b'::fun;").ho("apply")
    assert ran.code == 1
    assert "put its use into a patch of its own" in ran.out


GOOD = {
    "percent": ("select 100 % 7, 'a%sb', '%(x)s';", "select 1", 1),
    "colon": ("create table c (t text);\ninsert into c values (':name '), (E'\\n:x');", "select count(*) from c", 2),
    "copy": (
        "create table c (a int, t text);\ncopy c from stdin;\n1\t\\N\n2\tb\\\\c\n\\.\nselect 1;",
        "select count(*) from c",
        2,
    ),
    "unicode": ("\ufeffcreate table c (t text);\ninsert into c values ('é\U0001f600');", "select length(t) from c", 2),
    "function": ("create function f() returns int language plpgsql as $$ begin return 1; end $$;", "select f()", 1),
    "crlf": ("create table c (id int);\r\ninsert into c values (1);\r\n", "select count(*) from c", 1),
    "several in one": ("create table c (id int);;;insert into c values (1); -- the end", "select count(*) from c", 1),
    "alone": (
        "-- halfhooks: no-transaction\ncreate index concurrently i on users (name);",
        "select count(*) from users",
        2,
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_runs_as_it_stands(name, tree):
    text, query, result = GOOD[name]
    tree.patch(text).applied()
    assert tree.ask(query) == [(result,)]


def test_a_patch_begins_with_a_session_of_its_own(tree):
    tree.write("Patches/1-posts/02.sql", "create schema s; set search_path = s; create temp table users (x int);")
    tree.patch("create table new (id int references users);").applied("--no-cache")
    assert "new" in tree.tables()


def test_a_failed_concurrent_index_leaves_nothing_behind(applied):
    applied.patch("-- halfhooks: no-transaction\ncreate unique index concurrently i on users ((1));")
    ran = applied.ho("apply")
    assert ran.code == 1
    assert applied.tables() == BEFORE


def test_keep_going_leaves_out_what_fails(applied):
    applied.write("Patches/1-posts/02.sql", "select 1/0;")
    ran = applied.ho("apply", "--keep-going")
    assert ran.code == 1
    assert applied.tables() == {"users", "before"}
    assert "without 1-posts, which failed" in ran.out


def test_keep_going_leaves_nothing_of_a_patch_that_is_no_transaction(applied):
    applied.write("Patches/1-posts/02.sql", "-- halfhooks: no-transaction\nvacuum users;")
    applied.write("Patches/1-posts/03.sql", "select 1/0;")
    assert applied.ho("apply", "--keep-going").code == 1
    assert applied.tables() == {"users", "before"}
    assert applied.scratch() == []


def test_an_empty_model_and_psql_lines_of_a_dump(tree):
    tree.write(
        "model/schema-0.1.0.sql",
        "\\restrict x9\nset no_such_parameter = 0;\ncreate table users (id int primary key);\n",
    )
    tree.write("model/metadata-0.1.0.sql", "-- nothing\n\\unrestrict x9\n")
    tree.patch("select 1;").applied()
    tree.write("model/schema-0.1.0.sql", "").write("Patches/1-posts/01.sql", "create table posts (id int);")
    tree.applied()
    assert tree.tables() == {"posts"}


def test_roles_that_the_model_names_are_made_on_a_private_server(tree, monkeypatch):
    role = f'{tree.name} "x"'
    name = role.replace('"', '""')
    schema = (
        f'create table users (id int);\nalter table users owner to "{name}";\ngrant select on users to {tree.name};'
    )
    tree.write("model/schema-0.1.0.sql", schema).write("model/metadata-0.1.0.sql", "").patch("select 1;")
    tree.write("Patches/1-posts/01.sql", "select 1;")
    host = dict(tree.server.keywords)["host"]
    with monkeypatch.context() as configured:
        configured.setenv("PGHOST", host)
        configured.setenv("PGUSER", "postgres")
        ran = tree.ho("apply")
        assert ran.code == 1
        assert "create role" in ran.out
    ran = tree.applied()
    assert f"the role '{role}', which the model names, was made" in ran.out
    assert tree.ask(f"select rolcanlogin from pg_roles where rolname = '{role}'") == [(False,)]
    tree.ask(f"drop database {tree.name}", "postgres")
    tree.ho("cache", "--clear")


def test_an_error_in_the_model_says_where(tree):
    tree.write("model/schema-0.1.0.sql", "create table a (id int);\ncreate tabel b ();")
    ran = tree.ho("apply")
    assert ran.code == 1
    assert "model/schema-0.1.0.sql:2:8: syntax error" in ran.out


def test_a_dry_run_needs_no_server(tree, monkeypatch):
    monkeypatch.setenv("HALFHOOKS_POSTGRES", "/nowhere")
    tree.patch("-- @HOP:data\ninsert into users values (3, 'c');", "02.sql")
    ran = tree.ho("apply", "--dry-run")
    assert ran.code == 0
    assert "Patches/2-new/02.sql  (data)" in ran.out
    plan = json.loads(tree.ho("apply", "--dry-run", "--json").out)
    assert [patch["id"] for patch in plan["patches"]] == ["1-posts", "2-new"]


def test_the_json_document(applied):
    document = json.loads(applied.ho("apply", "--json").out)
    assert document["applied"] and document["database"] == applied.name and document["cached"] == 2
    assert [ran["path"] for ran in document["ran"]] == ["Patches/2-new/01.sql"]
    applied.patch("select 1/0;")
    document = json.loads(applied.ho("apply", "--json").out)
    assert not document["applied"]
    assert document["failures"][0]["sqlstate"] == "22012"
    assert document["failures"][0]["line"] == 1


def test_a_release_and_production(applied):
    applied.git("branch", "ho-release/0.2.0")
    applied.git("branch", "ho-prod")
    applied.patch("create table uncommitted (id int);")
    applied.applied("--release", "0.2.0")
    assert applied.tables() == {"users", "posts"}
    applied.applied("--production")
    assert applied.tables() == {"users"}
    assert applied.ho("apply", "--release", "0.3.0").code == 2


@pytest.mark.parametrize("folder", ["Patches", "Patches/2-new", "releases", "model"])
def test_a_folder_that_is_a_link_is_not_followed(folder, tree, tmp_path):
    tree.patch("create table new (id int);")
    (tree.top / folder).rename(tmp_path / "elsewhere")
    (tree.top / folder).symlink_to(tmp_path / "elsewhere")
    ran = tree.ho("apply", "--dry-run")
    assert ran.code == 2
    assert f"'{folder}' is a symbolic link, which no release takes: ho explain HH409\n" in ran.err


def test_a_branch_that_is_behind_the_servers_is_told_with_the_command(tree):
    """As of the last fetch; what has commits of its own is its owner's business."""
    tree.git("branch", "ho-prod")
    tree.git("commit", "-q", "--allow-empty", "-m", "More")
    tree.git("update-ref", "refs/remotes/origin/ho-prod", "HEAD")
    said = "warning: 'ho-prod' is 1 commit behind 'origin/ho-prod': "
    assert said + "git switch ho-prod && git merge --ff-only" in tree.ho("apply", "--production", "--dry-run").out
    assert "behind" not in tree.ho("apply", "--dry-run").out
    tree.git("switch", "-q", "ho-prod")
    assert said + "git merge --ff-only origin/ho-prod\n" in tree.ho("apply").out
    assert "behind 'origin/ho-prod'" in tree.ho("validate", "--no-tests").out
    tree.git("commit", "-q", "--allow-empty", "-m", "My own")
    assert "behind" not in tree.ho("apply", "--dry-run").out


@pytest.mark.parametrize("switch", [("-c", "topic"), ("--detach",)])
def test_a_branch_outside_the_workflow_is_refused_with_what_helps(switch, tree):
    tree.git("switch", "-q", *switch)
    ran = tree.ho("apply")
    assert ran.code == 2
    assert "ho apply --release X.Y.Z" in ran.err


# --- databases that are not ours


def test_a_database_that_was_not_made_by_us_is_refused_with_the_command_that_allows_it(tree):
    tree.ask(f"create database {tree.name}", "postgres")
    tree.ask("create table precious (id int)")
    ran = tree.ho("apply")
    assert ran.code == 2
    assert "was not made by halfhooks" in ran.err
    assert "ho apply --replace" in ran.err
    assert tree.tables() == {"precious"}
    tree.applied("--replace")
    assert tree.tables() == {"users", "posts"}


def test_a_database_in_production_is_never_touched(applied, tmp_path, monkeypatch):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / applied.name).write_text(
        f"[database]\nname = {applied.name}\nuser = postgres\nhost = /nowhere\nproduction = True\n"
    )
    monkeypatch.setenv("HALFORM_CONF_DIR", str(tmp_path / "conf"))
    monkeypatch.setenv("PGHOST", dict(applied.server.keywords)["host"])
    monkeypatch.setenv("PGUSER", "postgres")
    ran = applied.ho("apply", "--replace")
    assert ran.code == 2
    assert f"{tmp_path}/conf/{applied.name} says" in ran.err
    monkeypatch.setenv("HALFORM_CONF_DIR", "/nowhere")
    applied.ask(f"comment on database {applied.name} is 'halfhooks: production since 2020'")
    ran = applied.ho("apply", "--replace")
    assert ran.code == 2
    assert "is in production, its comment says" in ran.err


def test_half_orms_file_leads_to_a_server(applied, tmp_path, monkeypatch):
    (tmp_path / "conf").mkdir()
    host = dict(applied.server.keywords)["host"]
    (tmp_path / "conf" / applied.name).write_text(
        f"[database]\nname = {applied.name}_x\nuser = postgres\nhost = {host}\n"
    )
    monkeypatch.setenv("HALFORM_CONF_DIR", str(tmp_path / "conf"))
    ran = applied.applied()
    assert f"'{applied.name}_x' is production" in ran.out
    assert f"the server that {tmp_path}/conf/{applied.name} names" in ran.out


def test_the_environment_of_libpq_leads_to_a_server(applied, monkeypatch):
    monkeypatch.setenv("PGHOST", dict(applied.server.keywords)["host"])
    monkeypatch.setenv("PGUSER", "postgres")
    assert "the server that PGHOST names" in applied.applied("--to", applied.name + "_y").out
    monkeypatch.setenv("PGHOST", "/nowhere")
    ran = applied.ho("apply")
    assert ran.code == 2
    assert "the server that PGHOST names: " in ran.err and "/nowhere" in ran.err
    assert ran.err.endswith("; a private server is used after: unset PGHOST\n")


def test_an_ordinary_role_of_a_shared_server(applied, monkeypatch):
    role = applied.name + "_r"
    applied.ask(f"create role {role} login createdb", "postgres")
    monkeypatch.setenv("PGHOST", dict(applied.server.keywords)["host"])
    monkeypatch.setenv("PGUSER", role)
    for _ in range(2):
        ran = applied.applied("--to", role)
    assert "from the cache" in ran.out
    assert applied.ask("select tableowner from pg_tables where tablename = 'before'", role) == [(role,)]
    ran = applied.ho("apply")
    assert ran.code == 2
    assert "must be owner of database" in ran.err
    assert applied.ho("cache", "--clear").code == 0
    monkeypatch.setenv("PGUSER", "nobody_here")
    assert 'role "nobody_here" does not exist' in applied.ho("apply").err


def test_another_clones_database_is_not_replaced_unasked(applied, tmp_path):
    subprocess.run(["git", "clone", "-q", str(applied.top), str(tmp_path / "second")], check=True)
    second = tmp_path / "second"
    ran = subprocess.run(
        ["git", "-C", str(second), "switch", "-q", "ho-patch/2-new"], capture_output=True, text=True, check=True
    )
    applied.top = second
    process = applied.start("apply")
    output, _ = process.communicate()
    assert process.returncode == 2, (output, ran)
    assert "is the database of another clone" in output
    own = f"git config halfhooks.project.database {applied.name}_2"
    assert f"gets one of its own by: {own}; " in output
    subprocess.run(own.split(), cwd=second, check=True)
    process = applied.start("apply")
    output, _ = process.communicate()
    assert process.returncode == 0 and f"'{applied.name}_2' is production 0.1.0" in output


@pytest.mark.parametrize("name", ["postgres", "template1", "halfhooks_mine"])
def test_names_that_are_never_a_projects(name, tree):
    assert tree.ho("apply", "--to", name, "--replace").code == 2


def test_open_connections_are_closed_and_counted(applied):
    from halfhooks.ho.database.connect import connect

    connection = connect(applied.server, applied.name)
    assert "1 connection to it was closed" in applied.applied().out
    connection.close()


# --- Python files


def test_a_script_and_an_apply_see_what_ran_before(tree):
    tree.patch("create table new (id int);", "01.sql")
    tree.patch(
        "import psycopg2\nc = psycopg2.connect('')\nc.autocommit = True\nc.cursor().execute('insert into new values (1)')\n",
        "02.py",
    )
    tree.patch("def apply(connection):\n    connection.cursor().execute('insert into new values (2)')\n", "03.py")
    tree.patch("insert into new values (3);", "04.sql").applied()
    assert tree.ask("select array_agg(id order by id) from new") == [([1, 2, 3],)]


def test_a_python_failure_shows_its_own_lines_only(applied):
    applied.patch("def apply(connection):\n    inner()\n\n\ndef inner():\n    raise ValueError('no')\n", "02.py")
    ran = applied.ho("apply")
    assert ran.code == 1
    assert "error: Patches/2-new/02.py:6: ValueError: no" in ran.out
    assert "line 2, in apply: inner()" in ran.out
    assert "_patch_file" not in ran.out
    assert applied.tables() == BEFORE


@pytest.mark.parametrize(
    "text, said", [("x = = 1", "02.py:1: SyntaxError"), ("import sys; sys.exit(3)", "exit code 3")]
)
def test_python_that_cannot_run(text, said, applied):
    ran = applied.patch(text, "02.py").ho("apply")
    assert ran.code == 1
    assert said in ran.out


def test_python_runs_by_the_projects_interpreter_and_half_orm_finds_the_database(tree):
    tree.patch("create table new (t text);", "01.sql")
    tree.patch(
        "import os, psycopg2, configparser\n"
        "conf = configparser.ConfigParser()\n"
        f"conf.read(os.environ['HALFORM_CONF_DIR'] + '/{tree.name}')\n"
        "c = psycopg2.connect('')\nc.autocommit = True\n"
        "c.cursor().execute('insert into new select %s::text = current_database()', [conf['database']['name']])\n",
        "02.py",
    )
    tree.applied()
    assert tree.ask("select t from new") == [("true",)]
    tree.write("halfhooks.conf", f'[halfhooks "project"]\n\tdatabase = {tree.name}\n\tpython = .venv/bin/nothing\n')
    ran = tree.ho("apply")
    assert ran.code == 1
    assert "set project.python" in ran.out

"""Splitting SQL, held against PostgreSQL's own parser; and the findings of HH406, HH407 and HH408."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfhooks import sql
from tests.fuzz.sql_fuzz import CORPUS, complaint

LINE = sql.NO_TRANSACTION
UNTERMINATED = ["'a", '"a', "E'a\\'", "$$ $a$", "$a$ $$", "/* /* */", "U&'a", "x'1", "/*/"]


def texts(text: str) -> list[str]:
    return [statement.text for statement in sql.split(text)]


def found(text: str) -> list[tuple[str, int, int]]:
    return [(problem.code, problem.line, problem.column) for problem in sql.problems(text)]


def only(text: str) -> sql.Statement:
    (statement,) = sql.split(text)
    return statement


# Splitting


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # blanks, comments, nothing at all
        ("", []),
        (" ;; /* ; */ ; -- ;\n", []),
        ("a; b", ["a", "b"]),
        ("/* x */ a -- y\n; -- z", ["a -- y"]),
        ("\ufeffa;\r\n\fb;\v", ["a", "b"]),
        ("-- a;\rb;", ["b"]),
        ("\u00a0a;", ["\u00a0a"]),
        # quotes
        ("'a;''b;'; c", ["'a;''b;'", "c"]),
        ('"a;""b"; c', ['"a;""b"', "c"]),
        (r"'a\'; b", [r"'a\'", "b"]),
        (r"E'a\'; b'; c", [r"E'a\'; b'", "c"]),
        (r"e'\\'; b", [r"e'\\'", "b"]),
        (r"E'a'';\''; b", [r"E'a'';\''", "b"]),
        (r"nameE'\'; b", [r"nameE'\'", "b"]),
        ("éE'\\'; b", ["éE'\\'", "b"]),
        (r"U&'\'; N'\'; B'0\'; x'\'; d", [r"U&'\'", r"N'\'", r"B'0\'", r"x'\'", "d"]),
        ("'a'\n'b;'; c", ["'a'\n'b;'", "c"]),
        ("E'a'\n'\\';'; c", ["E'a'\n'\\';'", "c"]),
        ("E'a' -- it's\n --\n '\\';'; c", ["E'a' -- it's\n --\n '\\';'", "c"]),
        (r"E'a' '\'; c", [r"E'a' '\'", "c"]),
        ("E'a' /* \n */ '\\'; c", ["E'a' /* \n */ '\\'", "c"]),
        # dollars
        ("$$a;$$; b", ["$$a;$$", "b"]),
        ("$a$ ; $b$ $$ $A$; $a$; b", ["$a$ ; $b$ $$ $A$; $a$", "b"]),
        ("$é$;$é$; b", ["$é$;$é$", "b"]),
        ("a$b$c; d$b$", ["a$b$c", "d$b$"]),
        ("a$$; b$$", ["a$$", "b$$"]),
        ("$1; $2$$;$$; b", ["$1", "$2$$;$$", "b"]),
        ("1$$;$$; b", ["1$$;$$", "b"]),
        ("$ $a; b$", ["$ $a", "b$"]),
        ("$1a$; b$1a$", ["$1a$", "b$1a$"]),
        # comments and operators
        ("a /* ; /* ; */ ; */; b", ["a /* ; /* ; */ ; */", "b"]),
        ("a /*/ ; */; b", ["a /*/ ; */", "b"]),
        ("a -/* ; */ b; c", ["a -/* ; */ b", "c"]),
        ("a +-- ;\n b; c", ["a +-- ;\n b", "c"]),
        ("a - - b / * c; d", ["a - - b / * c", "d"]),
        ("a */ b; c", ["a */ b", "c"]),
        # parentheses
        ("create rule r as on insert to t do (a; b); c", ["create rule r as on insert to t do (a; b)", "c"]),
        ("(';'; (\")\")); a", ["(';'; (\")\"))", "a"]),
        ("a); b", ["a)", "b"]),
        # commands of psql
        ("\\d t; u\na;", ["\\d t; u", "a"]),
        ("select 1 \\gset x_ \r\na;", ["select 1", "\\gset x_", "a"]),
        ("a;\\", ["a", "\\"]),
        ("'\\d'; $$\\d$$; /* \\d */ a", ["'\\d'", "$$\\d$$", "a"]),
    ],
)
def test_cuts_where_postgresql_does(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


BODY = "create function f() returns int begin atomic {} end"


@pytest.mark.parametrize(
    "routine",
    [
        BODY.format(""),
        BODY.format("select 1;"),
        BODY.format("select 1; select 2;").upper(),
        BODY.format("select case when true then 1 end; select 2;"),
        BODY.format("select 1 end; select 2 as case; select (begin).end from begin;"),
        BODY.format("select 'end;'; /* end; */ select $$end$$;"),
        BODY.format(BODY.format("select 1;") + "; select 2;"),
        BODY.format(BODY.format("") + ";"),
        "/**/create/**/or replace procedure begin(atomic int) begin/**/atomic select 1; -- ;\n/**/end",
    ],
)
def test_a_routine_of_sql_statements_is_one_statement(routine: str) -> None:
    assert texts(f"{routine}; select 'next'")[1:] == ["select 'next'"]


@pytest.mark.parametrize(
    "text",
    [
        "begin; atomic; end;",
        "create table begin (atomic int); end;",
        "create view v as select begin atomic from t; end;",
        "create function f() returns int return (select begin atomic from t); end;",
        "create function f() returns int as $$ begin atomic $$; end;",
    ],
)
def test_begin_atomic_opens_a_body_in_a_routine_only(text: str) -> None:
    assert texts(text)[-1] == "end"


def test_a_statement_says_where_it_stands() -> None:
    text = "\ufeffa;\r\n  /* é\n */ é; b;\n\tc"
    assert [(s.text, s.line, s.column) for s in sql.split(text)] == [("a", 1, 1), ("é", 3, 5), ("b", 3, 8), ("c", 4, 2)]
    assert all(text.startswith(s.text, s.offset) for s in sql.split(text))


# COPY


@pytest.mark.parametrize(
    ("copy", "rows"),
    [
        ("copy t from stdin;\n1\n2\n\\.\n", "1\n2\n"),
        ("COPY public.t (a, b) FROM STDIN WITH (FORMAT csv); -- rows\n';$$/*\n\\.", "';$$/*\n"),
        ("copy binary t from stdout;\r\n1\r\n\\.\r\n", "1\r\n"),
        ('copy "from" /* from */ from /**/ stdin;\n\\.\n', ""),
        ("copy t from stdin;\n\\N\n\\..\n \\.\n\\.\n", "\\N\n\\..\n \\.\n"),
    ],
)
def test_the_rows_below_a_copy_belong_to_it(copy: str, rows: str) -> None:
    first, following = sql.split(f"{copy}\nselect 1")
    assert (first.data, following.text, following.data) == (rows, "select 1", None)


@pytest.mark.parametrize(
    "copy",
    ["copy t to stdout", "copy t from 'stdin'", "copy (select a from stdin) to stdout", "copying from stdin", "c"],
)
def test_other_statements_have_no_rows(copy: str) -> None:
    assert [s.data for s in sql.split(f"{copy};\nselect 1;")] == [None, None]


@pytest.mark.parametrize("text", ["copy t from stdin", "copy t from stdin;", "copy t from stdin;\n1\n\\.x\n"])
def test_rows_that_never_end(text: str) -> None:
    with pytest.raises(sql.SqlError, match="unterminated rows") as caught:
        sql.split(" " + text)
    assert (caught.value.line, caught.value.column) == (1, 2)


def test_nothing_stands_between_a_copy_and_its_rows() -> None:
    for rest in ("commit;", "-- x\rcommit;"):
        with pytest.raises(sql.SqlError, match="text between"):
            sql.split(f"copy t from stdin; {rest}\n\\.\n")


# Against PostgreSQL's parser


@pytest.mark.parametrize("text", CORPUS)
def test_agrees_with_postgresql_on_the_corpus(text: str) -> None:
    assert complaint(text) is None


def test_agrees_with_postgresql_on_its_own_scripts() -> None:
    """Whatever PostgreSQL installed on this machine; where it installed nothing, the corpus above is what counts."""
    for path in sorted(Path("/usr/share/postgresql").glob("*/**/*.sql")):
        assert complaint(path.read_text("utf-8", "surrogateescape")) is None, path


SIGNS = "' '' \" $ $$ $a$ a a$ E' e U&' -- /* */ / * - ; ( ) \\ \\. 1 é \ufeff \n \r \t"
WORDS = "begin atomic end create function copy from stdin commit vacuum halfhooks: @HOP:data"
FRAGMENTS = st.sampled_from(f"{SIGNS} {WORDS}".split(" "))
ANY_TEXT = st.one_of(st.text(), st.lists(FRAGMENTS, max_size=30).map("".join), st.lists(FRAGMENTS).map(" ".join))


@given(ANY_TEXT)
def test_any_text_is_judged_without_an_error(text: str) -> None:
    places = [(problem.line, problem.column) for problem in sql.problems(text)]
    assert places == sorted(places)
    assert all(line >= 1 and column >= 1 for line, column in places)


@given(ANY_TEXT)
def test_nothing_but_blanks_comments_and_rows_lies_between_statements(text: str) -> None:
    """So nothing is lost: the statements, and what lies between them, are the text again."""
    try:
        found = sql.split(text)
    except sql.SqlError:
        return
    end = 0
    for statement in found:
        assert text.startswith(statement.text, statement.offset)
        between = text[end : statement.offset]
        assert texts(between) == []
        end = statement.offset + len(statement.text)
        if statement.data is not None:
            rows = text.index("\n", end) + 1
            assert text.startswith(statement.data + "\\.", rows)
            end = rows + len(statement.data) + 2
    assert texts(text[end:]) == []


@given(ANY_TEXT)
def test_splitting_again_changes_nothing(text: str) -> None:
    try:
        found = [statement for statement in sql.split(text) if statement.data is None]
    except sql.SqlError:
        return
    for statement in found:
        if not statement.text.startswith("\ufeff"):  # a letter, except at the start of a file
            assert texts(statement.text) == [statement.text]


@given(st.lists(st.sampled_from([piece for piece in CORPUS if complaint(piece) is None]), max_size=6))
def test_files_can_be_joined(files: list[str]) -> None:
    """As `cat a.sql b.sql` would, when each ends its last statement."""
    joined = [statement.text for file in files for statement in sql.split(file)]
    assert texts("\n;\n".join(files)) == joined


# HH406


@pytest.mark.parametrize("opening", UNTERMINATED)
def test_says_where_an_unterminated_quote_or_comment_began(opening: str) -> None:
    place = opening.index("'" if "'" in opening else opening[0])
    assert found(f"select 1;\n  {opening} ; \n; --") == [("HH406", 2, 3 + place)]


def test_what_stands_before_an_unterminated_quote_is_judged() -> None:
    assert found("commit; -- halfhooks: x\nvacuum; 'a") == [
        ("HH407", 1, 1),
        ("HH408", 1, 9),
        ("HH408", 2, 1),
        ("HH406", 2, 9),
    ]


def test_nul() -> None:
    assert found("select '\0', \0;") == [("HH406", 1, 9)]


# HH407


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("begin", "BEGIN"),
        ("BEGIN/**/ISOLATION LEVEL SERIALIZABLE", "BEGIN"),
        ("start transaction", "START TRANSACTION"),
        ("/* a */ -- b\n Commit and chain", "COMMIT"),
        ("commit prepared 'x'", "COMMIT"),
        ("end", "END"),
        ("end work", "END"),
        ("abort", "ABORT"),
        ("rollback", "ROLLBACK"),
        ("rollback to savepoint x", "ROLLBACK"),
        ("rollback prepared 'x'", "ROLLBACK"),
        ("savepoint x", "SAVEPOINT"),
        ('savepoint"x"', "SAVEPOINT"),
        ("release x", "RELEASE"),
        ("prepare transaction 'x'", "PREPARE TRANSACTION"),
        ("prepare -- a\n transaction E'x'", "PREPARE TRANSACTION"),
        ("prepare transaction as select 1", None),
        ("prepare transaction (int) as select $1", None),
        ("prepare x as select 1", None),
        ("deallocate x", None),
        ("set transaction isolation level serializable", None),
        ("set constraints all deferred", None),
        ("beginning", None),
        ("commit$x", None),
        ("commité", None),
        ('"commit"', None),
        ("start", None),
        ("do $$ begin commit; end $$", None),
        ("create procedure p() language plpgsql as 'begin commit; end'", None),
        ("select 'a'; -- commit;\n", None),
    ],
)
def test_transaction_control(text: str, command: str | None) -> None:
    assert sql.transaction_control(only(text)) == command
    assert found(text + ";") == ([("HH407", *place(text))] if command else [])


def place(text: str) -> tuple[int, int]:
    statement = only(text)
    return statement.line, statement.column


def test_commands_of_psql_are_named() -> None:
    (problem,) = sql.problems("select 1\n  \\gset x_\n")
    assert problem == ("HH407", 2, 3, "'\\gset' is a command of psql")


# HH408

OUTSIDE = [
    ("create index concurrently on t (a)", "CREATE INDEX CONCURRENTLY"),
    ("create unique /**/ index concurrently if not exists i on t (a)", "CREATE UNIQUE INDEX CONCURRENTLY"),
    ("drop index concurrently i", "DROP INDEX CONCURRENTLY"),
    ("reindex table concurrently t", "REINDEX ... CONCURRENTLY"),
    ("reindex (verbose, concurrently) index i", "REINDEX ... CONCURRENTLY"),
    ("reindex (concurrently true) index i", "REINDEX ... CONCURRENTLY"),
    ("reindex (verbose) schema s", "REINDEX SCHEMA"),
    ("reindex database", "REINDEX DATABASE"),
    ("reindex system d", "REINDEX SYSTEM"),
    ("vacuum", "VACUUM"),
    ("vacuum(full) t", "VACUUM"),
    ("cluster", "CLUSTER"),
    ("cluster verbose", "CLUSTER"),
    ("cluster (verbose)", "CLUSTER"),
    ("create database d", "CREATE DATABASE"),
    ("drop database if exists d", "DROP DATABASE"),
    ("create tablespace s location ''", "CREATE TABLESPACE"),
    ("drop tablespace s", "DROP TABLESPACE"),
    ("alter system set work_mem = '1GB'", "ALTER SYSTEM"),
    ('alter database "d" set tablespace s', "ALTER DATABASE ... SET TABLESPACE"),
    ("alter table t detach partition p concurrently", "ALTER TABLE ... DETACH PARTITION ... CONCURRENTLY"),
    ("create subscription s connection '' publication p", "CREATE SUBSCRIPTION"),
    ("create subscription s connection '' publication p with (create_slot)", "CREATE SUBSCRIPTION"),
    ("drop subscription s", "DROP SUBSCRIPTION"),
    ("alter subscription s refresh publication", "ALTER SUBSCRIPTION ... REFRESH PUBLICATION"),
    ("alter subscription s add publication p", "ALTER SUBSCRIPTION ... PUBLICATION"),
    ("alter subscription s set (failover = true)", "ALTER SUBSCRIPTION ... SET (failover)"),
    ("discard all", "DISCARD ALL"),
]

INSIDE = [
    "create index i on t (a)",
    'create index "concurrently" on t (a)',
    "create table vacuum (a int)",
    "refresh materialized view concurrently v",
    "drop index i",
    "reindex table t",
    "reindex (concurrently false) table t",
    "reindex (concurrently 'off') table t",
    "reindex table off",
    "cluster t using i",
    "cluster (verbose) t",
    "analyze",
    "alter database d set work_mem = '1GB'",
    "alter table t detach partition p",
    "alter table t detach partition p finalize",
    "alter table t set tablespace s",
    "alter type t add value 'x'",
    "create subscription s connection '' publication p with (connect = false)",
    "create subscription s connection '' publication p with (slot_name = none, create_slot = 'off')",
    "alter subscription s set publication p with (refresh = false)",
    "alter subscription s disable",
    "discard plans",
    "vacuuming",
    "select 'vacuum'",
]


@pytest.mark.parametrize(("text", "command"), OUTSIDE)
def test_needs_no_transaction(text: str, command: str) -> None:
    assert sql.needs_no_transaction(only(text)) == command
    (problem,) = sql.problems(text)
    assert problem.code == "HH408"
    assert f"'{command}' cannot run in a transaction" in problem.message
    assert found(f"{LINE}\n{text};") == []


@pytest.mark.parametrize("text", INSIDE)
def test_may_run_in_a_transaction(text: str) -> None:
    assert sql.needs_no_transaction(only(text)) is None
    assert found(text) == []


def test_a_file_without_transaction_holds_one_statement() -> None:
    text = f"{LINE}\nvacuum; select 1; select 2;"
    (problem,) = sql.problems(text)
    assert problem == ("HH408", 2, 9, f"second statement in a file that begins with '{LINE}'")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{LINE}\nvacuum", sql.NO_TRANSACTION),
        (f"\ufeff{LINE}\r\nvacuum", sql.NO_TRANSACTION),
        ("--halfhooks:no-transaction", sql.NO_TRANSACTION),
        ("-- @HOP:data\nselect 1", sql.DATA),
        ("-- @HOP:other\nselect 1", None),
        ("-- see halfhooks: no-transaction\nselect 1", None),
        ("-- halfhooks\nselect 1", None),
        ("select 1", None),
        ("", None),
    ],
)
def test_the_directive_of_a_file(text: str, expected: str | None) -> None:
    assert sql.directive(text) == expected
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"\n{LINE}\nselect 1", f"'{LINE}' counts in the first line only"),
        (f" {LINE}\nselect 1", f"'{LINE}' counts in the first line only"),
        (f"select 1; {LINE}", f"'{LINE}' counts in the first line only"),
        (f"{LINE}\n{LINE}\nselect 1", f"'{LINE}' counts in the first line only"),
        ("select 1;\n-- @HOP:data", "'-- @HOP:data' counts in the first line only"),
        (
            "-- Halfhooks: No-Transaction\nselect 1",
            f"'-- halfhooks: No-Transaction' is no directive; there is '{LINE}'",
        ),
        ("select 1;\n--halfhooks:", f"'-- halfhooks: ' is no directive; there is '{LINE}'"),
    ],
)
def test_directives_that_are_unknown_or_misplaced(text: str, message: str) -> None:
    assert [(problem.code, problem.message) for problem in sql.problems(text)] == [("HH408", message)]


def test_directives_are_comments() -> None:
    rows = "copy t from stdin;\n-- halfhooks: x\n\\.\n"
    assert found(f"select '\n{LINE}\n', $$\n{LINE}\n$$ /*\n{LINE}\n*/; {rows}") == []


# Cost


class Counting(str):
    """A text that counts the characters that are looked at."""

    looked = 0

    def find(self, part: str, start: int = 0, end: int = sys.maxsize) -> int:  # type: ignore[override]
        at = super().find(part, start, end)
        Counting.looked += 1 + (at if at >= 0 else min(end, len(self))) - start
        return at

    def rfind(self, part: str, start: int = 0, end: int = sys.maxsize) -> int:  # type: ignore[override]
        at = super().rfind(part, start, end)
        Counting.looked += 1 + min(end, len(self)) - max(at, start)
        return at

    def count(self, part: str, start: int = 0, end: int = sys.maxsize) -> int:  # type: ignore[override]
        Counting.looked += 1 + min(end, len(self)) - start
        return super().count(part, start, end)

    def __getitem__(self, key: int | slice) -> Counting:  # type: ignore[override]
        part = Counting(super().__getitem__(key))
        Counting.looked += 1 + len(part)
        return part


def looked_at(text: str) -> int:
    Counting.looked = 0
    for _ in sql.problems(Counting(text)):
        pass
    return Counting.looked


HOSTILE = [
    "'", "''", '"', "$", "$ ", "$a", "a$", "1$", "$1", "$a$;$b$", "/*", "/**/", "/*/", "(", "(;", ";", "\\", "\\;", "--\r",
    "--\n", "-", "/", "E'", "E'\\''", "E'a'\n", "E'a'--\n", "E'a' ", "create function f() begin atomic ", "begin atomic ",
    "create function f() begin atomic;", "create function f() begin atomic select 1; end;", "create atomic (", "copy ",
    "copy t from stdin;\n\\.\n", "copy t from stdin;\n\\.", "-- halfhooks: x\n", "a; ", "\n", "commit;", "\ufeff",
]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("tail", ["", "'", "*/"])
def test_four_times_the_text_is_four_times_the_work(unit: str, tail: str) -> None:
    assert looked_at(unit * 2000 + tail) < 4.5 * looked_at(unit * 500 + tail) + 500


def test_the_counter_would_notice() -> None:
    """What is quadratic is told from what is linear."""
    text = Counting("a" * 500)
    Counting.looked = 0
    for start in range(len(text)):
        text.find("b", start)
    assert Counting.looked > 100 * len(text)


@pytest.mark.parametrize("unit", HOSTILE)
def test_nothing_recurses(unit: str) -> None:
    for _ in sql.problems(unit * 100_000):
        pass
    assert texts("/*" * 100_000 + "*/" * 100_000 + "a") == ["a"]


def test_importing_it_is_cheap() -> None:
    dear = "re typing dataclasses enum collections"
    script = f"import sys; import halfhooks.sql; print([name for name in '{dear}'.split() if name in sys.modules])"
    root = str(Path(sql.__file__).parents[1])
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {root!r}); {script}"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"

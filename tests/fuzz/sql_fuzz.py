"""Mutates tricky SQL and holds our splitter against PostgreSQL's own parser (pglast).

Prints one line; ends with 1, and the text that shows it, when the two disagree or ours fails.

    python tests/fuzz/sql_fuzz.py [--seconds 60] [--seed 1]
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import pglast

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from halfhooks import sql

CORPUS = [
    "select 1; select 2 -- two\n; ; select 3",
    "select 'it''s; fine', \"a;\"\"b\", U&'\\0061;', U&\"\\0062;\", N'n;', B'01', X'ff'; select 2;",
    "select E'\\';', e'a'';\\\\'; select E'a' -- ';\n '\\';'; select 'a'\n';b'; select E'a'\n\n'b\\'';",
    "select $$;$$, $a$ ; $b$ $$ $a$, $é$;$é$; select a$b$c from t$1; select 1 as x$$; select 2 as y$$;",
    "prepare p (int) as select $1; execute p (1); select 1/* ; /* ; */ */; select 1 -/* ; */ 2, 3 +-- ;\n 4, - - 5, @ -6;",
    "create rule r as on insert to t do also (insert into u values (1); delete from v where ';' = '('); select ';';",
    "create function f(a int default case when true then 1 end) returns int language sql begin atomic\n"
    " select case a when 1 then 2 end; select 3 as end; select 4 end; select 5 as case; end; select 'next';",
    "create or replace procedure p() begin atomic; insert into t values (1); end; select 2;",
    "create procedure p() begin atomic create function g() returns int begin atomic select 1; end; select 2; end; select 3;",
    "create function begin() returns int return 1; create view v as select begin atomic from t; select 1 end;",
    "create function f() returns void language plpgsql as $body$ begin execute $q$ select ';' $q$; end $body$; select 1;",
    "do $$ begin raise notice 'x;'; end; $$; begin; commit; savepoint a; release a; rollback to a; end;",
    "copy t (a, b) from stdin;\n1\t';\n\\.\nselect 1;\ncopy (select ';') to stdout; copy u from 'f;'; select 2;",
    "/* a;/*b;*/ */ select/**/1 /**/;/**/-- c;\r\nselect\f2;\r\n--\rselect 3;",
    "select a[1:2], b::text, c -> 'k;', d #>> '{a;}', e @> f, g || ';', h ? 'x', 1.5e-3, .5, 5., 0x1F from t;",
    "insert into t values (1, 'a', null), (-2, '', default); update t set a = -a where b ~ '^\\d;$'; select 'é;', \"ü;\";",
    "\\set x 1\nselect 1;\n\\d t\nselect 2;\n",
    "create index concurrently i on t (a); vacuum (full) t; alter table t detach partition p concurrently; cluster;",
    "create trigger x after insert on t execute function f(); comment on table t is $$it's; \"$$; grant all on t to u;",
]
WORDS = "' '' \" $$ $a$ $ a E' e' U&' U&\" -- /* */ / * - + ; ( ) \\ 1 é begin atomic end case as . select"
PIECES = (*WORDS.split(" "), "\n", "\r\n", "\r", "\f")
SPACE = " \t\n\r\f\v"


def complaint(text: str) -> Optional[str]:
    """What is wrong with how we split a text, or None. Where PostgreSQL cannot parse it, each statement of ours counts."""
    try:
        problems = list(sql.problems(text))
        found = sql.split(text)
    except sql.SqlError as error:
        stopped = [(p.line, p.column) for p in problems if p.code == "HH406"]
        if (error.line, error.column) not in stopped:
            return f"{error} is not among the problems"
        # PostgreSQL knows nothing of rows: to its parser, they are statements
        if "from stdin" in error.message or parsed(text) is None:
            return None
        return f"PostgreSQL finds no fault where we say: {error}"
    ours = [statement.text for statement in found if not statement.is_psql]
    theirs = None if interrupted(text, found) else parsed(without_client_parts(text, found))
    if theirs is not None and ours != theirs:
        return f"ours: {ours!r}\ntheirs: {theirs!r}"
    for statement in ours:
        parts = parsed(statement)
        if parts is not None and len(parts) != 1:
            return f"one statement of ours is {len(parts)} of PostgreSQL's: {statement!r}"
    return None


def parsed(text: str) -> Optional[list[str]]:
    """The statements according to PostgreSQL's parser; None when it refuses the text."""
    if "\0" in text or text.startswith("\ufeff"):
        return None
    try:
        return [part.rstrip(SPACE) for part in pglast.split(text)]
    except (pglast.Error, UnicodeEncodeError):
        return None


def interrupted(text: str, found: list[sql.Statement]) -> bool:
    """Whether a command of psql stands in the middle of a statement: no parser of PostgreSQL's says what that means."""
    return any(
        second.is_psql and not first.is_psql and ";" not in text[first.offset + len(first.text) : second.offset]
        for first, second in zip(found, found[1:])
    )


def without_client_parts(text: str, found: list[sql.Statement]) -> str:
    """The text without what only a client understands: the mark at its start, rows of COPY, commands of psql."""
    kept, begin = [], int(text.startswith("\ufeff"))
    for statement in found:
        end = statement.offset + len(statement.text)
        if statement.is_psql:
            kept += [text[begin : statement.offset], "\n;"]
            begin = end
        elif statement.data is not None:
            kept.append(text[begin:end] + ";")
            begin = text.index("\n", end) + 1 + len(statement.data) + len("\\.")
    return "".join([*kept, text[begin:]])


def mutated(rng: random.Random) -> str:
    """One text of the corpus, or two, with a few pieces put in, taken out, or moved."""
    text = "\n".join(rng.sample(CORPUS, rng.choice((1, 1, 2))))
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(text) + 1)
        length = rng.choice((0, 0, 0, 1, 1, 2, 8))
        other = rng.choice(CORPUS)
        start = rng.randrange(len(other))
        piece = rng.choice((rng.choice(PIECES), rng.choice(PIECES), "", other[start : start + rng.randint(1, 12)]))
        text = text[:at] + piece + text[at + length :]
    return text


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Fuzz for a while; return 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args(argv)
    rng = random.Random(options.seed)
    deadline = time.monotonic() + options.seconds
    count = compared = 0
    while time.monotonic() < deadline:
        text = mutated(rng)
        count += 1
        compared += parsed(text) is not None
        try:
            wrong = complaint(text)
        except Exception as error:
            wrong = repr(error)
        if wrong:
            print(f"sql_fuzz: seed {options.seed}, text {count}:\n{text!r}\n{wrong}")
            return 1
    print(f"sql_fuzz: seed {options.seed}: {count} texts, {compared} of which PostgreSQL parses; no disagreement")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How fast SQL is split and judged, side by side with PostgreSQL's parser and with the least that one could do.

Prints, for each text, the median of each contender and its ratio to counting the text's semicolons one by one with
`str.find`; asserts nothing. pglast is PostgreSQL's own parser, in C.

    python bench/sql.py [--megabytes 10] [--rounds 3]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Optional

import pglast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from halfhooks import sql

TEXTS = {
    "tables": "create table shop.item (id int primary key, name text default 'none', price numeric(10, 2)); -- stock\n"
    "comment on table shop.item is 'what is sold';\n",
    "functions": "create function f(a int) returns int language plpgsql as $$\nbegin\n  if a > 0 then return a; end if;\n"
    "  return -a; -- 'it''s'\nend;\n$$;\n",
    "rows": "insert into shop.customer (id, name, mail, born) values (17, 'O''Brien', 'a@example.org', '2001-02-03');\n",
    "umlauts": "insert into shop.customer (id, name, mail) values (17, 'Zoë Müller', 'zoe@example.org');\n",
    "shortest": "select 1;\n",
}


def semicolons(text: str) -> int:
    """The baseline: a loop around `str.find`."""
    count, at = 0, text.find(";")
    while at >= 0:
        count, at = count + 1, text.find(";", at + 1)
    return count


CONTENDERS: dict[str, Callable[[str], object]] = {
    "semicolons": semicolons,
    "split": sql.split,
    "problems": lambda text: list(sql.problems(text)),
    "pglast.split": pglast.split,
}


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    print(f"{options.megabytes:g} MB each; seconds, and times the first column\n")
    print(f"{'':12}" + "".join(f"{name:>18}" for name in CONTENDERS))
    for name, unit in TEXTS.items():
        text = unit * int(options.megabytes * 1_000_000 / len(unit))
        taken: dict[str, list[float]] = {contender: [] for contender in CONTENDERS}
        for _ in range(options.rounds):
            for contender, run in CONTENDERS.items():
                began = time.perf_counter()
                run(text)
                taken[contender].append(time.perf_counter() - began)
        medians = [median(seconds) for seconds in taken.values()]
        print(f"{name:12}" + "".join(f"{seconds:10.2f} {seconds / medians[0]:6.1f}x" for seconds in medians))
    return 0


if __name__ == "__main__":
    sys.exit(main())

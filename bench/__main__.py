"""Runs the benchmarks, all or those that are named: `python -m bench [NAME...] [--quick]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Optional

from bench.harness import machine

BENCHMARKS = {
    "push": "what the hook adds to a push of one commit",
    "commit": "what the hooks of a clone add to a commit, and how long ho takes to start",
    "history": "10 000 commits in one push: time beside git log, and memory",
    "large": "100 000 commits, 1 000 releases, 20 000 patches, 50 000 refs, beside a small repository",
    "start": "what starting the hook costs: modules, compiled files, the zipapp",
    "lifecycle": "new patch, close, release candidate, production: beside half_orm_dev and by hand",
    "apply": "ho apply after an edit, beside half_orm_dev and beside psql alone",
    "upgrade": "ho upgrade through three releases, beside pg_dump and psql, and half_orm_dev; pgbench meanwhile",
    "sql": "the SQL splitter beside PostgreSQL's parser",
    "codegen": "generated classes: 200 tables, beside half_orm_dev's generator and SQLAlchemy's",
    "soak": "many releases: does a push grow slower?",
}
ON_REQUEST = ("soak",)
"""Minutes long: only where it is named."""


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Runs them one after the other; options that are not known here go to the benchmark."""
    names = "".join(f"  {name:8} {what}\n" for name, what in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=f"Measures side by side with a baseline; asserts nothing.\n\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which (default: all but soak)")
    options, rest = parser.parse_known_args(argv)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark '{unknown[0]}', only {', '.join(BENCHMARKS)}")
    print(f"{machine()}\n")
    for name in options.names or [name for name in BENCHMARKS if name not in ON_REQUEST]:
        print(f"## {name}: {BENCHMARKS[name]}\n", flush=True)
        import_module(f"bench.{name}").main(rest)
    return 0


if __name__ == "__main__":
    sys.exit(main())

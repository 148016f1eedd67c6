"""`ho cache`: the states of databases that are kept, so that what has run before need not run again."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence

from halfhooks.git import GitError
from halfhooks.ho.cli import command_parser
from halfhooks.ho.codegen import store
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.database.apply import databases_of
from halfhooks.ho.database.databases import Database
from halfhooks.ho.database.project import open_project
from halfhooks.ho.database.templates import MOST, MOST_BYTES, Limits, evict, listed
from halfhooks.survey import CannotTell

FORMAT = 1

EXAMPLES = """
ho cache
ho cache --json
ho cache --clear
"""

WHAT = f"""\
Shows the states of databases that ho keeps on the project's server, the one that was used last first: each
is a database that takes no connections, named by the content of all that led to it. At most {MOST} are kept,
and {MOST_BYTES >> 30} GiB of them. --clear also removes what ho codegen has kept of their schemas.

Exit code: 0; 2 cannot tell: no project, no server."""


def parser() -> argparse.ArgumentParser:
    """The parser of `ho cache`."""
    parser = command_parser("cache", WHAT, EXAMPLES)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--clear", action="store_true", help="remove them all; they are made again when needed")
    what.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def main(argv: Sequence[str]) -> int:
    """Shows or clears it."""
    arguments = parser().parse_args(argv)
    console = Console()
    try:
        project = open_project()
        with databases_of(project) as databases:
            found = [(each, databases.size(each.name)) for each in listed(databases)]
            if arguments.clear:
                gone = evict(databases, Limits(0, 0))
                console.line(f"{gone} kept state{'' if gone == 1 else 's'} removed, {total(found)} MB")
                schemas = store.clear(project.clone.common_dir)
                if schemas:
                    console.line(f"{schemas} kept schema{'' if schemas == 1 else 's'} for ho codegen removed")
                return 0
    except (CannotTell, GitError) as error:
        return cannot_tell(str(error))
    if arguments.json:
        print(json.dumps({"version": FORMAT, "states": [values(each, size) for each, size in found]}, indent=2))
        return 0
    if not found:
        console.line("nothing is kept")
        return 0
    now = time.time()
    rows = [(words(each), f"{size / 1e6:.0f} MB", ago(now - mark(each, "used")), each.name) for each, size in found]
    console.table(("state after", "size", "used", "database"), rows)
    console.line(f"{len(found)} kept states, {total(found)} MB; ho cache --clear removes them", "dim")
    return 0


def mark(each: Database, name: str) -> float:
    """A time in the mark of a database."""
    value = (each.mark or {}).get(name, 0)
    return float(value) if isinstance(value, (int, float)) else 0.0


def words(each: Database) -> str:
    """What a state is."""
    return str((each.mark or {}).get("words", ""))


def total(found: Sequence[tuple[Database, int]]) -> str:
    """Megabytes of all."""
    return f"{sum(size for _, size in found) / 1e6:.0f}"


def ago(seconds: float) -> str:
    """A time span in its largest unit."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {unit}{'' if number == 1 else 's'} ago"
    return "just now"


def values(each: Database, size: int) -> dict[str, object]:
    """A state as plain values."""
    return {
        "database": each.name,
        "after": words(each),
        "key": (each.mark or {}).get("key"),
        "bytes": size,
        "made": mark(each, "made"),
        "used": mark(each, "used"),
    }

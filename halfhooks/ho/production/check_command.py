"""`ho db check`: asks, and shows the answer."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
from collections.abc import Iterator
from typing import Optional

from halfhooks.git import GitError
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.database.connect import Error
from halfhooks.ho.production.checkup import Checkup, check, metrics, values
from halfhooks.ho.production.ending import Trouble
from halfhooks.ho.production.options import add_backup, add_database, add_source, meant
from halfhooks.ho.production.session import first_line, reached
from halfhooks.ho.production.settings import read_settings
from halfhooks.ho.production.source import Source, fetched, find_url
from halfhooks.survey import CannotTell

FORMAT = 1
FINE, WRONG, UNKNOWN = 0, 1, 2


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `ho db check`."""
    add_database(parser)
    add_source(parser)
    add_backup(parser)
    parser.add_argument(
        "--model", action="store_true", help="load the model of its release beside it, to hold it against"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--metrics", action="store_true", help="print metrics for Prometheus")


def main(arguments: argparse.Namespace) -> int:
    """Does it; the exit code says what was found."""
    try:
        settings = read_settings(arguments.config, os.environ)
        url = arguments.source or settings.source
        with _source(url, arguments.model) as source:
            found = meant(arguments)
            with reached(found.target) as databases:
                seen = check(found, databases, source, arguments.model)
    except Trouble as trouble:
        return cannot_tell(trouble.what)
    except Error as error:
        return cannot_tell(f"PostgreSQL: {first_line(error)}")
    except (CannotTell, GitError) as error:
        return cannot_tell(str(error))
    if arguments.json:
        print(json.dumps({"version": FORMAT, **values(seen)}, indent=2))
    elif arguments.metrics:
        print("\n".join(metrics(seen)))
    else:
        show(Console(), seen)
    return WRONG if list(seen.problems()) else UNKNOWN if seen.unknown else FINE


@contextlib.contextmanager
def _source(url: str, needed: bool) -> Iterator[Optional[Source]]:
    """The releases, where a repository was named, or is needed."""
    if not url and not needed:
        yield None
        return
    with fetched(find_url(url)) as source:
        yield source


def show(console: Console, seen: Checkup) -> None:
    """The answer for people."""
    problems = list(seen.problems())
    for problem in problems:
        console.line(problem, "red")
    for difference in seen.drift.found or ():
        for line in list(difference.lines())[1:]:
            console.line(line)
    if seen.unknown:
        console.line(f"cannot tell whether it has drifted: {seen.unknown}", "yellow")
    if seen.behind:
        console.line(f"it has {', '.join(seen.behind)} before it: ho upgrade")
    if seen.backup:
        console.line(f"newest backup: {seen.backup.words()}", "dim")
    count = len(problems)
    if problems:
        console.line(
            f"halfhooks: '{seen.database}' is at {seen.label}, with {count} problem{'s'[: count > 1]}", "bold red"
        )
    elif not seen.unknown:
        console.line(f"halfhooks: '{seen.database}' is what {seen.label} says", "bold green")

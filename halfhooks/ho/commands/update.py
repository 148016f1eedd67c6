"""`ho update`: which releases a database in production has before it. Only reads."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Optional

from halfhooks.git import GitError
from halfhooks.ho.cli import command_parser
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.database.configured import Settings as DatabaseSettings
from halfhooks.ho.database.connect import Error
from halfhooks.ho.database.hazards import as_values
from halfhooks.ho.database.meta import Recorded
from halfhooks.ho.production.backup import size_words
from halfhooks.ho.production.ending import Trouble
from halfhooks.ho.production.observed import Seen, clones, observed
from halfhooks.ho.production.options import Meant, add_database, add_source, meant, policy
from halfhooks.ho.production.progress import begun
from halfhooks.ho.production.route import Release, Route, find_route
from halfhooks.ho.production.session import first_line, open_session, reached, recorded
from halfhooks.ho.production.settings import read_settings
from halfhooks.ho.production.source import fetched, find_url
from halfhooks.ho.production.steps import cut
from halfhooks.ho.production.trouble import tampered
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

DONE = 0
FORMAT = 1

EXAMPLES = """
ho update
ho update --from https://example.org/shop.git --database 'host=db dbname=shop'
ho update --from shop.bundle --json
ho update --to-release 1.3.0
"""

WHAT = """\
Says at which release a database in production is, and lists the releases between that and the newest one on ho-prod,
hotfixes included, with their patches, and with the locks that ho validate has seen them take, where the clone that
this runs in, or the one that the releases come from, has kept that.

The releases are fetched into a folder that is thrown away, and the database is only read: nothing is written anywhere.

Exit code: 0 done; 1 the releases are not what was recorded; 2 cannot tell."""


class Ahead(NamedTuple):
    """What lies before a database, `found`, with what it says about itself; `url` is where the releases are from.

    `left` are releases that have begun and are not whole, each with the number of its steps that are done; `seen` is what
    validations have recorded, by the ids of patches.
    """

    found: Meant
    url: str
    known: Recorded
    route: Route
    left: Sequence[tuple[str, int]]
    seen: Mapping[str, Seen]


def parser() -> argparse.ArgumentParser:
    """The parser of `ho update`."""
    parser = command_parser("update", WHAT, EXAMPLES)
    add_database(parser)
    add_source(parser)
    parser.add_argument("--to-release", metavar="RELEASE", default="", help="as if this were the newest one")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def main(argv: Sequence[str]) -> int:
    """Does it; the exit code."""
    arguments = parser().parse_args(argv)
    try:
        configured = read_settings(arguments.config, os.environ)
        with fetched(find_url(arguments.source or configured.source)) as source:
            found = meant(arguments, policy() or DatabaseSettings(source.config.database, ""))
            known, left = ask(found)
            route = find_route(
                source.objects, source.refs, source.layout, source.production, known, arguments.to_release
            )
            seen = observed(clones(source.url), [patch for each in route.releases for patch in each.patches])
            ahead = Ahead(found, source.url, known, route, left, seen)
            if arguments.json:
                print(json.dumps(values(ahead), indent=2))
            elif not route.wrong:
                show(Console(), ahead)
            if route.wrong:
                raise tampered(route.wrong, known.label, source.url, found.call)
            return DONE
    except Trouble as trouble:
        for line in trouble.lines():
            Console(sys.stderr).line(line)
        return trouble.code
    except Error as error:
        return cannot_tell(f"PostgreSQL: {first_line(error)}")
    except (CannotTell, GitError) as error:
        return cannot_tell(str(error))


def ask(found: Meant) -> tuple[Recorded, list[tuple[str, int]]]:
    """What the database says about itself, and which releases have begun and are not whole."""
    with reached(found.target) as databases:
        connection = open_session(found.target, found.settings, databases.version, "ho update")
        try:
            return recorded(connection), begun(connection)
        finally:
            connection.close()


def show(console: Console, ahead: Ahead) -> None:
    """What lies before it, for people."""
    found, url, known, route, left, seen = ahead
    by = "" if known.ours else "; half_orm_dev has managed it until now, and ho upgrade goes on from there"
    console.line(f"'{found.target.name}' is at {route.base}{by}", "bold")
    for release, done in left:
        console.line(f"{release} has begun: {done} of its steps are done; ho upgrade goes on with it", "yellow")
    show_route(console, route, seen)
    if not route.releases:
        console.line(f"halfhooks: there is no newer release in {url}", "bold green")
        return
    count = len(route.releases)
    console.line(f"halfhooks: {count} release{'' if count == 1 else 's'} to go to {route.target}", "bold green")
    console.line(f"next: {found.call.upgrade('--dry-run')}")


def show_route(console: Console, route: Route, seen: Optional[Mapping[str, Seen]] = None) -> None:
    """The releases with their patches, and what was seen of the locks of these, where that was looked up."""
    for release in route.releases:
        steps = len(cut(release))
        how = "one transaction" if steps == 1 else f"{steps} steps"
        console.line(f"{release.label} ({release.commit[:9]}, {how}, {size_words(release.bytes)})", "bold")
        for patch in release.patches:
            files = [
                file.path.rpartition("/")[2] + (" (no transaction)" if file.no_transaction else "")
                for file in patch.files
            ]
            console.line(f"  {patch.id}: {', '.join(files) or 'nothing to run'}")
            for line in lock_lines(seen.get(patch.id)) if files and seen is not None else ():
                console.line(f"    {line}")
    for remark in route.remarks:
        console.line(f"  {remark}", "yellow")


def lock_lines(seen: Optional[Seen]) -> list[str]:
    """What a patch did to tables when it was validated, for people."""
    if seen is None:
        return ["its locks are not recorded here; ho upgrade --dry-run looks at them"]
    day = time.strftime("%Y-%m-%d", time.localtime(seen.at))
    none = f"no {seen.weakest.upper()} lock or stronger on a table of production"
    return [*(f"{each.lines()[0]} ({day})" for each in seen.hazards)] or [f"{none} ({day})"]


def values(ahead: Ahead) -> dict[str, object]:
    """The same as plain values."""
    found, url, known, route, left, seen = ahead
    return {
        "version": FORMAT,
        "database": found.target.name,
        "source": url,
        "at": str(route.base),
        "target": str(route.target),
        "managed_by_halfhooks": known.ours,
        "begun": [{"release": release, "steps_done": done} for release, done in left],
        "releases": [] if route.wrong else [release_values(release, seen) for release in route.releases],
        "newer": [str(label) for label in route.newer],
        "wrong": list(route.wrong),
        "remarks": list(route.remarks),
    }


def release_values(release: Release, seen: Optional[Mapping[str, Seen]] = None) -> dict[str, object]:
    """A release as plain values; with what was seen of locks, None for a patch of which nothing is recorded."""
    patches = []
    for patch in release.patches:
        each: dict[str, object] = {
            "id": patch.id,
            "content": patch.content,
            "files": [file.path for file in patch.files],
        }
        if seen is not None:
            found = seen.get(patch.id)
            each["locks"] = found and {**found._asdict(), "hazards": as_values(found.hazards)}
        patches.append(each)
    return {
        "release": str(release.label),
        "commit": release.commit,
        "bytes": release.bytes,
        "steps": len(cut(release)),
        "patches": patches,
    }

"""`ho upgrade`: a database in production goes to a release, or stays exactly where it was."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import sys
from collections.abc import Sequence
from typing import Optional

from halfhooks.git import GitError
from halfhooks.ho.cli import command_parser
from halfhooks.ho.commands.update import release_values, show_route
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.database.configured import Settings as DatabaseSettings
from halfhooks.ho.database.connect import Error
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.database.failure import Failure
from halfhooks.ho.database.hazards import as_values
from halfhooks.ho.database.run import Hooks, Ran
from halfhooks.ho.plan import Patch
from halfhooks.ho.production import trouble
from halfhooks.ho.production.adoption import adopt
from halfhooks.ho.production.backup import Backup
from halfhooks.ho.production.drift import Drift
from halfhooks.ho.production.ending import Trouble, untouched
from halfhooks.ho.production.engine import Watch
from halfhooks.ho.production.options import (
    BACKUPS,
    Meant,
    add_backup,
    add_database,
    add_source,
    meant,
    policy,
    seconds,
)
from halfhooks.ho.production.rehearsal import Rehearsed, rehearse
from halfhooks.ho.production.route import Release, Route
from halfhooks.ho.production.session import first_line, reached
from halfhooks.ho.production.settings import read_settings
from halfhooks.ho.production.source import fetched, find_url
from halfhooks.ho.production.upgrade import Done, Tell, Upgrade, Wish
from halfhooks.survey import CannotTell

DONE, FAILED = 0, 1
FORMAT = 1
UNLIKE = 20
"""Lines of what a dry run made otherwise than the model that are shown."""

EXAMPLES = """
ho upgrade --dry-run
ho upgrade
ho upgrade --to-release 1.3.0-hotfix1 --yes
ho upgrade --from https://example.org/shop.git --database 'dbname=shop'
ho upgrade --from /media/shop.bundle --config /etc/halfhooks/production.conf
ho upgrade --adopt 0.0.0 --database 'host=db.example.org dbname=shop'
ho upgrade --accept-drift 'ticket 4711: its index was made by hand'
"""

WHAT = """\
Brings a database in production to a release: the newest on ho-prod, or the one that is asked for. What runs comes
from the commits of ho-prod that made the releases, after these were held against their tags and against ho-prod as
it is now; never from a working tree.

First it looks whether the database still is what its release says, then it asks, then it takes a backup. Each
release is one transaction where its statements allow; a release with files that cannot run in one goes step by step,
and a repeated run goes on where it stopped. When a release fails, the database is at the last whole one, and what
can be done is said.

Exit code: 0 done, or nothing to do; 1 refused or failed; 2 cannot tell."""


def parser() -> argparse.ArgumentParser:
    """The parser of `ho upgrade`."""
    parser = command_parser("upgrade", WHAT, EXAMPLES)
    add_database(parser)
    add_source(parser)
    parser.add_argument(
        "--to-release", metavar="RELEASE", default="", help="X.Y.Z or X.Y.Z-hotfixN; default: the newest"
    )
    parser.add_argument(
        "--adopt", metavar="RELEASE", default="", help="say of a database without releases that it is at one"
    )
    parser.add_argument("--dry-run", action="store_true", help="run all of it on a copy, and say what it took")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--backup", choices=BACKUPS, help="how to back up first; default: dump")
    add_backup(parser)
    parser.add_argument("--accept-drift", metavar="REASON", default="", help="go on although the database was changed")
    parser.add_argument("--wait", type=seconds, metavar="SECONDS", help="for another upgrade to end; default: 10")
    parser.add_argument("--lock-timeout", type=seconds, metavar="SECONDS", help="for each lock; default: 4")
    parser.add_argument(
        "--timeout", type=seconds, metavar="SECONDS", help="the longest a statement may take; default: 0"
    )
    parser.add_argument("--python", metavar="PATH", default="", help="the interpreter for Python files of patches")
    parser.add_argument(
        "--unfinished", choices=("skip", "repeat"), default="", help="what to do with a script that was cut"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document; needs --yes or --dry-run")
    return parser


def main(argv: Sequence[str]) -> int:
    """Does it; the exit code."""
    ours = parser()
    arguments = ours.parse_args(argv)
    if arguments.json and not (arguments.yes or arguments.dry_run):
        ours.error("--json asks nobody: it needs --yes or --dry-run")
    if arguments.accept_drift and len(arguments.accept_drift.split()) < 2:
        ours.error("--accept-drift wants the reason, in words: it is recorded")
    before = signal.signal(signal.SIGTERM, interrupt)  # as Ctrl-C: rolled back, and told
    try:
        configured = read_settings(arguments.config, os.environ)
        with fetched(find_url(arguments.source or configured.source)) as source:
            found = meant(arguments, policy() or DatabaseSettings(source.config.database, ""))
            console = Console(io.StringIO() if arguments.json else sys.stdout)
            with reached(found.target) as databases, console.progress(100) as bar:
                teller = Teller(console, bar, found, arguments)
                wish = Wish(arguments.to_release, arguments.accept_drift.strip(), arguments.unfinished)
                upgrade = Upgrade(found.target, source, found.settings, found.folder, wish, found.call, teller.tell())
                arguments.found = found
                return run(upgrade, databases, arguments, console)
    except Trouble as ended:
        return show_trouble(ended, arguments.json)
    except Error as error:
        return cannot_tell(f"PostgreSQL: {first_line(error)}")
    except (CannotTell, GitError) as error:
        return cannot_tell(str(error))
    finally:
        signal.signal(signal.SIGTERM, before)


def interrupt(number: int, frame: object) -> None:
    """Ends what is under way."""
    raise KeyboardInterrupt


def run(upgrade: Upgrade, databases: Databases, arguments: argparse.Namespace, console: Console) -> int:
    """Upgrade, or try it."""
    if arguments.adopt:
        teller = Teller(console, lambda words, done: None, arguments.found, arguments)
        adopt(upgrade, databases, arguments.adopt, teller.agree_to_adopt)
        console.line(f"halfhooks: '{upgrade.target.name}' is at {arguments.adopt.removeprefix('v')}", "bold green")
        return DONE
    if arguments.dry_run:
        rehearsed = rehearse(upgrade, databases)
        if arguments.json:
            print(json.dumps(rehearsed_values(upgrade, rehearsed), indent=2))
        else:
            show_rehearsed(console, upgrade, rehearsed)
        return DONE
    done = upgrade.run(databases)
    if arguments.json:
        print(json.dumps(done_values(upgrade, done), indent=2))
    else:
        show_done(console, upgrade, done)
    return DONE


class Teller:
    """Tells on a console how it goes on, and asks."""

    def __init__(self, console: Console, bar: object, found: Meant, arguments: argparse.Namespace) -> None:
        self.console = console
        self._bar = bar
        self.found = found
        self.arguments = arguments

    def tell(self) -> Tell:
        """The functions that an upgrade calls."""
        watch = Watch(
            release=self.release,
            patch=self.patch,
            hooks=Hooks(ran=self.ran),
            again=self.again,
            done=self.done,
            resumed=self.resumed,
        )
        return Tell(self.plan, self.agree, self.bar, self.backup, watch, self.forgotten)

    def bar(self, words: str, done: int, total: int) -> None:
        """Something long is at work."""
        self._bar(words, min(99, done * 100 // total) if total else 0)  # type: ignore[operator]

    def plan(self, route: Route, drift: Drift, left: Sequence[tuple[str, int]]) -> None:
        """What will be done."""
        target = self.found.target
        self.console.line(f"'{target.name}' on {target.server.words}: {route.base} -> {route.target}", "bold")
        for release, done in left:
            self.console.line(f"{release} has begun: {done} of its steps are done, and are not repeated", "yellow")
        show_route(self.console, route)
        if drift.found or drift.found is None:
            self.console.line("the database is not what its release says, which you accept:", "yellow")
            for line in drift.lines() or [drift.reason]:
                self.console.line(f"  {line}", "yellow")

    def agree(self, route: Route) -> None:
        """Ask, unless that is answered already."""
        if self.arguments.yes:
            return
        if not sys.stdin.isatty():
            raise trouble.unasked(str(route.base), self.found.call, self.found.call.upgrade("--yes"))
        answer = input(f"upgrade '{self.found.target.name}' to {route.target}? Type the release to go on: ")
        if answer.strip() != str(route.target):
            raise Trouble("that was no yes", (), untouched(str(route.base)))

    def agree_to_adopt(self, label: str, drift: Drift) -> None:
        """Ask whether to write into a database for the first time."""
        for line in drift.lines():
            self.console.line(f"  {line}", "yellow")
        if self.arguments.yes:
            return
        if not sys.stdin.isatty():
            raise trouble.unasked("", self.found.call, self.found.call.upgrade("--yes"))
        answer = input(
            f"make the tables of half_orm_meta in '{self.found.target.name}', at {label}? Type the release: "
        )
        if answer.strip() != label:
            raise Trouble("that was no yes", (), untouched(""))

    def backup(self, backup: Optional[Backup], words: str) -> None:
        """There is a backup, or there is none."""
        self.console.line(f"backup: {backup.words()}" if backup else words, "" if backup else "yellow")
        if backup and words:
            self.console.line(f"  {words}")

    def release(self, release: Release, steps: int) -> None:
        """A release begins."""
        self.console.line(f"{release.label}", "bold")

    def resumed(self, release: Release, steps: int) -> None:
        """A release goes on."""
        words = "1 step that was" if steps == 1 else f"{steps} steps that were"
        self.console.line(f"  going on after {words} done before", "yellow")

    def patch(self, patch: Patch) -> None:
        """A patch begins."""
        self.bar(patch.id, 0, 1)

    def ran(self, ran: Ran) -> None:
        """A file has run."""
        self.console.line(f"  {ran.path}  {ran.seconds:.3f} s")

    def again(self, failure: Failure, pause: float) -> None:
        """A step is tried again."""
        self.console.line(f"  {failure.place}: {failure.message}; rolled back, once more in {pause:.1f} s", "yellow")

    def done(self, release: Release, seconds_: float) -> None:
        """A release is whole."""
        self.console.line(f"  {release.label} is in the database ({seconds_:.2f} s)", "green")

    def forgotten(self, backup: Backup) -> None:
        """A backup was removed."""
        self.console.line(f"removed the old backup {backup.where}", "dim")


def show_trouble(ended: Trouble, as_json: bool) -> int:
    """Why it ended, on standard error, or as a document; the exit code."""
    if as_json:
        print(json.dumps({"version": FORMAT, **ended.values()}, indent=2))
    console = Console(sys.stderr)
    for line in ended.lines():
        console.line(line)
    return ended.code


def show_done(console: Console, upgrade: Upgrade, done: Done) -> None:
    """What was done."""
    name = upgrade.target.name
    if not done.route.releases:
        console.line(f"halfhooks: '{name}' is at {done.route.base}, and there is nothing to do", "bold green")
        return
    took = sum(each for _, each in done.ran)
    console.line(f"halfhooks: '{name}' is at {done.route.target} ({took:.2f} s)", "bold green")
    if done.backup:
        console.line(f"back to {done.backup.label}: {upgrade.call.rollback(f'--to {done.backup.label}')}")


def show_rehearsed(console: Console, upgrade: Upgrade, found: Rehearsed) -> None:
    """What a dry run saw."""
    if not found.route.releases:
        words = f"halfhooks: '{upgrade.target.name}' is at {found.route.base}, and there is nothing to do"
        console.line(words, "bold green")
        return
    for hazard in found.hazards:
        for line in hazard.lines():
            console.line(f"  {line}", "yellow")
    if found.unlike:
        console.line(
            f"the result is not what the model of {found.route.target} says (added, +: what the copy has):", "yellow"
        )
        for line in [line for each in found.unlike for line in each.lines()][:UNLIKE]:
            console.line(f"  {line}", "yellow")
    took = sum(each for _, each in found.ran)
    console.line(
        f"halfhooks: on a copy, all of it took {took:.2f} s; '{upgrade.target.name}' is as it was", "bold green"
    )


def done_values(upgrade: Upgrade, done: Done) -> dict[str, object]:
    """What was done, as plain values."""
    return {
        "version": FORMAT,
        "database": upgrade.target.name,
        "from": str(done.route.base),
        "to": str(done.route.target),
        "backup": done.backup._asdict() if done.backup else None,
        "drift": done.drift.lines(),
        "releases": [{**release_values(release), "seconds": round(took, 3)} for release, took in done.ran],
    }


def rehearsed_values(upgrade: Upgrade, found: Rehearsed) -> dict[str, object]:
    """What a dry run saw, as plain values."""
    return {
        "version": FORMAT,
        "dry_run": True,
        "database": upgrade.target.name,
        "from": str(found.route.base),
        "to": str(found.route.target),
        "drift": found.drift.lines(),
        "releases": [{**release_values(release), "seconds": round(took, 3)} for release, took in found.ran],
        "hazards": as_values(found.hazards),
        "unlike_model": [each._asdict() for each in found.unlike],
    }

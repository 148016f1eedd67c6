"""`ho rollback`: a database in production goes back to the backup that an upgrade took."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from halfhooks.ho.cli import command_parser
from halfhooks.ho.commands.upgrade import show_trouble
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.database.connect import Error
from halfhooks.ho.production import backup as backups
from halfhooks.ho.production import trouble
from halfhooks.ho.production.backup import Backup
from halfhooks.ho.production.ending import Trouble
from halfhooks.ho.production.options import Meant, add_backup, add_database, meant, seconds
from halfhooks.ho.production.rollback import Loss, Returned, Tell, roll_back
from halfhooks.ho.production.session import first_line, reached
from halfhooks.survey import CannotTell

DONE = 0
FORMAT = 1
SHOWN = 20
"""Tables that are shown of what would be lost."""

EXAMPLES = """
ho rollback --list
ho rollback
ho rollback --to 1.2.0
ho rollback --to 1.2.0 --database 'host=db.example.org dbname=shop' --yes
"""

WHAT = """\
Takes a database in production back to a backup that ho upgrade took: the newest, or that of a release. First it shows
what would be lost: releases, and the rows written since, as the server counts them. Then it asks.

The backup is restored beside the database, and takes its name when it is whole; the database as it is now is kept
under another name. Until then nothing is changed, and whoever works on the database is not disturbed; at that moment
all sessions are ended. What is written between the beginning of the restore and the swap is lost too, so stop
whatever writes.

Exit code: 0 done; 1 refused or failed, and the database is as it was; 2 cannot tell."""


def parser() -> argparse.ArgumentParser:
    """The parser of `ho rollback`."""
    parser = command_parser("rollback", WHAT, EXAMPLES)
    add_database(parser)
    parser.add_argument(
        "--to", metavar="RELEASE", default="", help="the release to go back to; default: the newest backup"
    )
    parser.add_argument("--list", action="store_true", help="only list the backups that there are")
    add_backup(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--wait", type=seconds, metavar="SECONDS", help="for an upgrade to end; default: 10")
    parser.add_argument("--json", action="store_true", help="print one JSON document; needs --yes or --list")
    return parser


def main(argv: Sequence[str]) -> int:
    """Does it; the exit code."""
    ours = parser()
    arguments = ours.parse_args(argv)
    if arguments.json and not (arguments.yes or arguments.list):
        ours.error("--json asks nobody: it needs --yes or --list")
    try:
        found = meant(arguments)
        with reached(found.target) as databases:
            if arguments.list:
                show_backups(backups.known(databases, found.target.name, found.folder), found, arguments.json)
                return DONE
            console = Console(sys.stderr if arguments.json else sys.stdout)
            with console.progress(100) as bar:
                tell = Tell(
                    lambda backup, loss: show_loss(console, found, backup, loss),
                    lambda backup: agree(found, backup, arguments.yes),
                    lambda words, done, total: bar(words, done * 100 // total if total else 0),
                )
                returned = roll_back(found, databases, arguments.to.removeprefix("v"), tell)
        show_returned(Console(), found, returned, arguments.json)
        return DONE
    except Trouble as ended:
        return show_trouble(ended, arguments.json)
    except Error as error:
        return cannot_tell(f"PostgreSQL: {first_line(error)}")
    except CannotTell as error:
        return cannot_tell(str(error))


def agree(found: Meant, backup: Backup, yes: bool) -> None:
    """Ask, unless that is answered already."""
    if yes:
        return
    if not sys.stdin.isatty():
        command = found.call.rollback(f"--to {backup.label}", "--yes")
        raise trouble.unasked("the release that it was at", found.call, command)
    answer = input(f"take '{found.target.name}' back to {backup.label}? Type the release to go on: ")
    if answer.strip() != backup.label:
        raise Trouble("that was no yes", (), "nothing was done; the database is as it was")


def show_loss(console: Console, found: Meant, backup: Backup, loss: Loss) -> None:
    """What would be lost."""
    console.line(f"backup of '{found.target.name}': {backup.words()}", "bold")
    if loss.releases:
        console.line(f"would be undone: {', '.join(loss.releases)}")
    if not loss.counted:
        console.line(
            "the server has begun to count anew since: what was written is not known, only more than this:", "yellow"
        )
    minutes = f"{loss.seconds / 60:.0f} minutes" if loss.seconds >= 120 else f"{loss.seconds:.0f} seconds"
    console.line(f"would be lost, of what was written in the {minutes} since, upgrades included:", "yellow")
    for change in loss.changes[:SHOWN]:
        console.line(f"  {change.words()}", "yellow")
    if len(loss.changes) > SHOWN:
        console.line(f"  and rows of {len(loss.changes) - SHOWN} more tables", "yellow")
    if not loss.changes:
        console.line("  no row, as far as the server has counted")


def show_backups(found: Sequence[Backup], meant_: Meant, as_json: bool) -> None:
    """The backups that there are."""
    if as_json:
        print(json.dumps({"version": FORMAT, "backups": [each._asdict() for each in found]}, indent=2))
        return
    console = Console()
    for each in found:
        console.line(each.words())
    console.line(f"halfhooks: {len(found)} backup{'' if len(found) == 1 else 's'} of '{meant_.target.name}'", "bold")


def show_returned(console: Console, found: Meant, returned: Returned, as_json: bool) -> None:
    """How it stands now."""
    name = found.target.name
    if as_json:
        loss = returned.loss._asdict()
        loss["changes"] = [change._asdict() for change in returned.loss.changes]
        values = {
            "version": FORMAT,
            "database": name,
            "at": returned.backup.label,
            "kept": returned.kept,
            "cut": returned.cut,
        }
        print(json.dumps({**values, "backup": returned.backup.where, "lost": loss}, indent=2))
        return
    cut = f"; {returned.cut} sessions were ended" if returned.cut else ""
    console.line(f"halfhooks: '{name}' is at {returned.backup.label} again{cut}", "bold green")
    console.line(
        f"what it was before is kept as '{returned.kept}'; when nobody needs it any more: dropdb {returned.kept}"
    )

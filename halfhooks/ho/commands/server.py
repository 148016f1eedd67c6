"""`ho server`: the private PostgreSQL servers of this user."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence

from halfhooks.ho.cli import command_parser
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.database.cluster import Found, look, stop
from halfhooks.survey import CannotTell

DONE, FAILED = 0, 1
FORMAT = 1

EXAMPLES = """
ho server status
ho server status --json
ho server stop
ho server stop --remove
"""

WHAT = """\
Shows or stops the private PostgreSQL server that ho starts where none is configured. It listens on a socket
in a folder of your own and on no network, keeps its data in memory when there is room, and stops by itself
when nobody has used it for ten minutes; its databases are there again the next time.

Exit code: 0 done; 1 a command uses it; 2 cannot tell."""


def parser() -> argparse.ArgumentParser:
    """The parser of `ho server`."""
    parser = command_parser("server", WHAT, EXAMPLES)
    parser.add_argument("action", choices=("status", "stop"))
    parser.add_argument("--remove", action="store_true", help="stop: also remove its databases")
    parser.add_argument("--force", action="store_true", help="stop: also when a command uses it")
    parser.add_argument("--json", action="store_true", help="status: print one JSON document")
    return parser


def main(argv: Sequence[str]) -> int:
    """Shows or stops them."""
    ours = parser()
    arguments = ours.parse_args(argv)
    if arguments.action == "status" and (arguments.remove or arguments.force):
        ours.error("--remove and --force belong to stop")
    if arguments.action == "stop" and arguments.json:
        ours.error("--json belongs to status")
    console = Console()
    try:
        found = look(os.environ)
        if arguments.action == "stop":
            return stop_all(console, found, arguments.remove, arguments.force)
    except CannotTell as error:
        return cannot_tell(str(error))
    if arguments.json:
        print(json.dumps({"version": FORMAT, "servers": [values(each) for each in found]}, indent=2))
    else:
        show(console, found)
    return DONE


def show(console: Console, found: Sequence[Found]) -> None:
    """The servers, one a line, with how to connect."""
    if not found:
        console.line("there is no private server; ho apply starts one where it needs it")
    for each in found:
        state = "running" + (", in use" if each.users else "") if each.running else "stopped"
        console.line(f"{each.place.folder}: {state}, {each.size / 1e6:.0f} MB")
        if each.running:
            console.line(f"  psql -h {each.place.server} -U postgres -l", "green")
            console.line(f"  its log: {each.place.log}", "dim")


def values(each: Found) -> dict[str, object]:
    """A server as plain values."""
    return {
        "folder": str(each.place.folder),
        "socket": str(each.place.server),
        "log": str(each.place.log),
        "running": each.running,
        "in_use": each.users,
        "bytes": each.size,
    }


def stop_all(console: Console, found: Sequence[Found], remove: bool, force: bool) -> int:
    """Stop them; whether all of them did."""
    code = DONE
    for each in found:
        if not each.running and not remove:
            continue
        refused = stop(each.place, remove, force)
        if refused:
            console.line(f"{each.place.folder}: {refused}; ho server stop --force stops it all the same", "bold red")
            code = FAILED
        else:
            console.line(f"{each.place.folder}: {'removed' if remove else 'stopped'}")
    if not found:
        console.line("there is no private server")
    return code

"""`ho undo`: back to before the last command of the lifecycle, where the rules allow that."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from halfhooks.ho.cli import command_parser
from halfhooks.ho.console import Console
from halfhooks.ho.lifecycle.drive import drive
from halfhooks.ho.lifecycle.undo import undo

EXAMPLES = """
ho undo
ho undo --dry-run
"""

WHAT = """\
Undoes the last ho release or ho patch of this clone: what it made is deleted, what it deleted comes back, and what
it changed gets a commit that changes it back. It is judged like any push: what is fixed for good, such as a tag or
a staged patch, cannot be undone, and neither can what others have built on since. A command that was interrupted is
not finished first: what has landed of it is undone.

Exit code: 0 done; 1 refused by a rule or the server; 2 cannot tell: nothing to undo, or somebody went on."""


def parser() -> argparse.ArgumentParser:
    """The parser of `ho undo`."""
    parser = command_parser("undo", WHAT, EXAMPLES)
    parser.add_argument("--remote", default="", metavar="NAME", help="the remote, where that is not origin")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be pushed")
    return parser


def main(argv: Sequence[str]) -> int:
    """Undoes it."""
    arguments = parser().parse_args(argv)
    dry_run = arguments.dry_run
    typed = ["undo", *argv]
    return drive(typed, lambda place: undo(place, dry_run), Console(), arguments.remote, dry_run, arguments.json)

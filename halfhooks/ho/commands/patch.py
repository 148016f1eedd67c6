"""`ho patch`: a change of the schema from its first line to the stage of its release."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import nullcontext

from halfhooks.ho.cli import action_parser, command_parser
from halfhooks.ho.console import Console
from halfhooks.ho.lifecycle import patches
from halfhooks.ho.lifecycle.drive import add_options, drive, loading_validator
from halfhooks.ho.lifecycle.transaction import Transaction
from halfhooks.ho.lifecycle.workplace import Workplace

EXAMPLES = """
ho patch new 12-users -d 'users and their roles'
ho patch new 13-posts --release 0.2.0 --before 12-users
ho patch list
ho patch order 13-posts 12-users
ho patch move 13-posts --to 0.3.0
ho patch drop 13-posts
ho patch adopt experiment --as 14-search
ho patch close
ho patch close 12-users --dry-run
"""

WHAT = """\
Takes a patch through its life. Each action is one push that lands whole or not at all; what the server would
refuse is not even tried. It works on what the server has, which is fetched first: nothing of your own is needed
to be up to date, or clean.

new ID            list a candidate in a release, with its folder, and open its branch
list              the patches of the open releases
order ID...       put these first among the candidates, or in the stage
move ID --to V    to another release, with its branch
drop [ID]         withdraw a candidate
adopt B --as ID   work on any branch becomes a patch
close [ID]        validate the merge with its release, merge, stage, and remove the branch

Without an ID it is the patch of the branch that is checked out; without --release the release that it belongs to,
or the only open one.

Exit code: 0 done; 1 refused, by a rule, the server or a validation: nothing was done; 2 cannot tell."""

HERE = "default: the patch of the branch that is checked out"


def parser() -> argparse.ArgumentParser:
    """The parser of `ho patch`."""
    parser = command_parser("patch", WHAT, EXAMPLES)
    actions = parser.add_subparsers(dest="action", required=True, metavar="new|list|order|move|drop|adopt|close")

    def action(name: str, words: str, release: bool = False) -> argparse.ArgumentParser:
        made = action_parser(actions, "patch", name, words, EXAMPLES)
        if release:
            made.add_argument("--release", default="", metavar="X.Y.Z", help="the release, where it is not clear")
        made.add_argument("--remote", default="", metavar="NAME", help="the remote, where that is not origin")
        made.add_argument("--json", action="store_true", help="print one JSON document")
        if name != "list":
            made.add_argument("--dry-run", action="store_true", help="only show what would be pushed")
        return made

    new = action("new", "list a candidate, and open its branch", release=True)
    new.add_argument("id", metavar="ID", help="the number of its ticket, and words: 12-users")
    new.add_argument("-d", "--description", default="", metavar="TEXT", help="what it is for, into its README")
    new.add_argument("--before", default="", metavar="OTHER", help="its place: before this candidate, not at the end")
    new.add_argument("--no-switch", action="store_true", help="stay on the branch that is checked out")
    action("list", "the patches of the open releases", release=True)
    order = action("order", "put these first", release=True)
    order.add_argument("ids", nargs="+", metavar="ID")
    move = action("move", "to another release, with its branch")
    move.add_argument("id", metavar="ID")
    move.add_argument("--to", required=True, metavar="X.Y.Z", help="the release that it goes to")
    move.add_argument("--before", default="", metavar="OTHER", help="its place there")
    drop = action("drop", "withdraw a candidate")
    drop.add_argument("id", nargs="?", default="", metavar="ID", help=HERE)
    drop.add_argument("--delete", action="store_true", help="delete its branch, with all work in it")
    adopt = action("adopt", "work on any branch becomes a patch", release=True)
    adopt.add_argument("branch", metavar="BRANCH")
    adopt.add_argument("--as", dest="id", required=True, metavar="ID", help="the id of the patch")
    adopt.add_argument("-d", "--description", default="", metavar="TEXT", help="what it is for, into its README")
    adopt.add_argument("--before", default="", metavar="OTHER", help="its place: before this candidate")
    closing = action("close", "validate, merge and stage")
    closing.add_argument("id", nargs="?", default="", metavar="ID", help=HERE)
    add_options(closing)
    return parser


def main(argv: Sequence[str]) -> int:
    """Does one of them."""
    arguments = parser().parse_args(argv)
    console = Console()
    if arguments.action == "list":
        from halfhooks.ho.lifecycle.overview import show_patches

        return show_patches(console, arguments.release, arguments.remote, arguments.json)
    typed = ["patch", *argv]
    with loading_validator() if arguments.action == "close" else nullcontext():
        return drive(
            typed, lambda place: prepare(place, arguments), console, arguments.remote, arguments.dry_run, arguments.json
        )


def prepare(place: Workplace, arguments: argparse.Namespace) -> Transaction:
    """What the arguments ask for."""
    if arguments.action == "new":
        words, switch = arguments.description, not arguments.no_switch
        return patches.new(place, arguments.id, words, arguments.release, arguments.before, switch)
    if arguments.action == "order":
        return patches.order(place, arguments.release, arguments.ids)
    if arguments.action == "move":
        return patches.move(place, arguments.id, arguments.to, arguments.before)
    if arguments.action == "drop":
        return patches.drop(place, arguments.id, arguments.delete)
    if arguments.action == "adopt":
        words = arguments.description
        return patches.adopt(place, arguments.branch, arguments.id, words, arguments.release, arguments.before)
    from halfhooks.ho.lifecycle.integration import close
    from halfhooks.ho.lifecycle.validating import Validator

    return close(place, arguments.id, Validator(place, arguments).validate)

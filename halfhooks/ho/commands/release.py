"""`ho release`: from the start of a version to production."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import nullcontext

from halfhooks.ho.cli import action_parser, command_parser
from halfhooks.ho.console import Console
from halfhooks.ho.lifecycle import releases
from halfhooks.ho.lifecycle.drive import add_options, drive, loading_validator
from halfhooks.ho.lifecycle.transaction import Transaction
from halfhooks.ho.lifecycle.workplace import Workplace

EXAMPLES = """
ho release new minor
ho release new 1.0.0 --no-switch
ho release list
ho release show 0.2.0
ho release promote rc
ho release promote prod --dry-run
ho release promote prod
ho release hotfix
ho release promote hotfix
ho release sync 0.3.0
ho release abandon 0.3.0
ho release restart 0.2.0 --without 13-posts
"""

WHAT = """\
Takes a release through its life. Each action is one push that lands whole or not at all; what the server would
refuse is not even tried. It works on what the server has, which is fetched first.

new LEVEL         start the next patch, minor or major version, or the version that is given
list, show V      what is open, and what a release holds
promote rc        cut a release candidate of what is staged, once it is validated
promote prod      validate, dump the model, merge, tag: the release is in production
hotfix            reopen the version in production, for patches that cannot wait
promote hotfix    the same as prod, for the hotfix
sync V            take in what production has got since
abandon V         a tag keeps all of it, the branch goes
restart V         begin it anew, --without a patch that is staged in it

Without a version it is that of the branch that is checked out, or the one whose turn it is.

Exit code: 0 done; 1 refused, by a rule, the server or a validation: nothing was done; 2 cannot tell."""

WHICH = "default: that of the branch that is checked out, or the one whose turn it is"


def parser() -> argparse.ArgumentParser:
    """The parser of `ho release`."""
    parser = command_parser("release", WHAT, EXAMPLES)
    names = "new|list|show|promote|hotfix|sync|abandon|restart"
    actions = parser.add_subparsers(dest="action", required=True, metavar=names)

    def action(name: str, words: str, version: str = "") -> argparse.ArgumentParser:
        made = action_parser(actions, "release", name, words, EXAMPLES)
        if version:
            made.add_argument("version", nargs=version, default="", metavar="X.Y.Z", help=WHICH)
        made.add_argument("--remote", default="", metavar="NAME", help="the remote, where that is not origin")
        made.add_argument("--json", action="store_true", help="print one JSON document")
        if name not in ("list", "show"):
            made.add_argument("--dry-run", action="store_true", help="only show what would be pushed")
        return made

    new = action("new", "start a release")
    new.add_argument("version", metavar="patch|minor|major|X.Y.Z")
    new.add_argument("--no-switch", action="store_true", help="stay on the branch that is checked out")
    action("list", "what is open")
    action("show", "what a release holds", "?")
    promoting = action("promote", "cut a release candidate, or bring to production")
    promoting.add_argument("to", choices=("rc", "prod", "hotfix"), metavar="rc|prod|hotfix")
    promoting.add_argument("version", nargs="?", default="", metavar="X.Y.Z", help=WHICH)
    add_options(promoting)
    hotfix = action("hotfix", "reopen the version in production")
    hotfix.add_argument("--no-switch", action="store_true", help="stay on the branch that is checked out")
    action("sync", "take in what production has got since", "?")
    action("abandon", "give a release up", "?")
    anew = action("restart", "begin a release anew", "?")
    anew.add_argument(
        "--without", action="append", default=[], metavar="ID", help="leave this patch out; may be repeated"
    )
    return parser


def main(argv: Sequence[str]) -> int:
    """Does one of them."""
    arguments = parser().parse_args(argv)
    console = Console()
    if arguments.action in ("list", "show"):
        from halfhooks.ho.lifecycle.overview import show_release, show_releases

        if arguments.action == "list":
            return show_releases(console, arguments.remote, arguments.json)
        return show_release(console, arguments.version, arguments.remote, arguments.json)
    typed = ["release", *argv]
    with loading_validator() if arguments.action == "promote" else nullcontext():
        return drive(
            typed, lambda place: prepare(place, arguments), console, arguments.remote, arguments.dry_run, arguments.json
        )


def prepare(place: Workplace, arguments: argparse.Namespace) -> Transaction:
    """What the arguments ask for."""
    if arguments.action == "new":
        return releases.start(place, arguments.version, not arguments.no_switch)
    if arguments.action == "hotfix":
        return releases.reopen(place, not arguments.no_switch)
    if arguments.action == "sync":
        return releases.sync(place, arguments.version)
    if arguments.action == "abandon":
        return releases.abandon(place, arguments.version)
    if arguments.action == "restart":
        from halfhooks.ho.lifecycle.restart import restart

        return restart(place, arguments.version, arguments.without)
    from halfhooks.ho.lifecycle.promotion import cut_rc, promote
    from halfhooks.ho.lifecycle.validating import Validator

    validator = Validator(place, arguments)
    if arguments.to == "rc":
        return cut_rc(place, arguments.version, validator.validate)
    return promote(place, arguments.version, arguments.to == "hotfix", validator.validate, validator.make_model)

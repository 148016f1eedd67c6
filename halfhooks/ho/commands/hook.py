"""`ho hook`: runs one of the hooks of a clone from the installed package, for scripts and tools that git runs instead."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from importlib import import_module

from halfhooks.ho.cli import WRONG_CALL, command_parser

# those that install/client.py installs; a test compares the two
HOOKS = ("pre-commit", "commit-msg", "pre-push", "pre-merge-commit", "post-merge", "post-checkout")

# what .pre-commit-hooks.yaml offers besides: the module of ours that runs it
PARTS = {"codegen": "halfhooks.ho.codegen.hook", "validate": "halfhooks.ho.push_hook"}

EXAMPLES = """
ho hook pre-commit "$@"        # in .husky/pre-commit, or a script of yours
ho hook pre-push origin URL    # with git's lines on standard input
"""


def parser() -> argparse.ArgumentParser:
    """The parser of what stands before the arguments of the hook."""
    what = "Runs one of the hooks of a clone, as git would: with its arguments, its input and its environment."
    parser = command_parser("hook", what, EXAMPLES)
    names = (*HOOKS, *PARTS)
    parser.add_argument("hook", choices=names, metavar="HOOK", help=", ".join(names))
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="what git gives to the hook")
    return parser


def main(argv: Sequence[str]) -> int:
    """Runs the hook that was named. It ends the process itself, as it does when git runs it."""
    arguments = parser().parse_args(argv)
    git = shutil.which("git")
    if git is None:
        print(
            "error: there is no git on the PATH\n  why:  the hook asks it what is committed or pushed", file=sys.stderr
        )
        return WRONG_CALL
    sys.argv = [arguments.hook, *arguments.arguments]
    if arguments.hook in PARTS:
        return int(import_module(PARTS[arguments.hook]).main())
    run = getattr(import_module("halfhooks.client"), arguments.hook.replace("-", "_"))
    sys.stdout.flush()
    run(os.path.abspath(git))
    return 0

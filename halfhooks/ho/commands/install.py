"""`ho install`: guards a repository. The installers themselves also run without `ho`, on a server with bare Python."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module

from halfhooks.ho.cli import command_parser

# what can be guarded, and the installer's module; it takes the arguments that follow
INSTALLERS = {"server": "halfhooks._install.server"}

EXAMPLES = """
ho install server /srv/git/shop.git
ho install server --dry-run /srv/git/shop.git
ho install server --help
"""


def parser() -> argparse.ArgumentParser:
    """The parser of what stands before the installer's own arguments."""
    parser = command_parser("install", "Guards a repository: its pushes are judged from now on.", EXAMPLES)
    parser.add_argument("what", choices=INSTALLERS, help="server: a bare repository that others push to")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="the installer's: ho install server --help")
    return parser


def main(argv: Sequence[str]) -> int:
    """Hands the arguments to the installer that was named."""
    arguments = parser().parse_args(argv)
    installer = import_module(INSTALLERS[arguments.what])
    code: int = installer.main(arguments.arguments)
    return code

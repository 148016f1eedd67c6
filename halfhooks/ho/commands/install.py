"""`ho install`: guards a repository, or a clone. The installers are scripts that also run without `ho`, with bare Python."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import halfhooks
from halfhooks.ho.cli import command_parser, module_command

INSTALLERS = ("server", "client")

EXAMPLES = """
ho install server /srv/git/shop.git
ho install server --dry-run /srv/git/shop.git
ho install server --help
ho install client                  # the clone of this folder
ho install client --status
"""


def parser() -> argparse.ArgumentParser:
    """The parser of what stands before the installer's own arguments."""
    parser = command_parser(
        "install",
        "Guards a repository: what is pushed to it, or committed in a clone, is judged from now on.",
        EXAMPLES,
    )
    what = "server: a bare repository that others push to; client: the clone that you work in"
    parser.add_argument("what", choices=INSTALLERS, help=what)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="the installer's: ho install client --help")
    return parser


def main(argv: Sequence[str]) -> int:
    """Runs the installer that was named with the arguments that follow; its exit code is ours."""
    ours = parser()
    if not argv:
        ours.error("what is to be guarded? for example: ho install server /srv/git/shop.git")
    arguments = ours.parse_args(argv)
    environment = {**os.environ, "HALFHOOKS_INSTALLER": f"ho install {arguments.what}"}
    return subprocess.call([*installer(arguments.what), *arguments.arguments], env=environment)


def installer(name: str) -> list[str]:
    """The command that runs an installer: a module of an installed package, a script beside the package in a checkout."""
    package = Path(halfhooks.__file__).parent
    if (package / "_install").is_dir():
        return module_command(f"halfhooks._install.{name}")
    return [sys.executable, str(package.parent / "install" / f"{name}.py")]

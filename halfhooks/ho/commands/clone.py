"""`ho clone`: a clone that is ready to work in: on ho-prod, with the hooks of the project, and a look at where it stands."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from halfhooks.git import GitError
from halfhooks.ho.cli import command_parser, load
from halfhooks.ho.client_hooks import install_hooks
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.repository import Clone, find_git, reason
from halfhooks.layout import HALFHOOKS
from halfhooks.survey import ORIGIN, CannotTell

FAILED = 1
BRANCH = HALFHOOKS.production

EXAMPLES = """
ho clone git@server:/srv/git/shop.git
ho clone /srv/git/shop.git work/shop
ho clone --no-hooks https://example.org/shop.git
"""

WHAT = """\
Clones a project, checks out ho-prod, and installs the hooks of the clone: by `pre-commit install` where the project
asks for that (default_install_hook_types in .pre-commit-config.yaml) and pre-commit is there, else natively.
Then it shows where the project stands.

Exit code: 0 done; 1 git could not clone; 2 a wrong call."""


def parser() -> argparse.ArgumentParser:
    """The parser of `ho clone`."""
    parser = command_parser("clone", WHAT, EXAMPLES)
    parser.add_argument("url", metavar="URL", help="as git clone takes it")
    parser.add_argument("folder", nargs="?", metavar="FOLDER", help="default: after the URL")
    parser.add_argument("--no-hooks", action="store_true", help="install no hooks")
    return parser


def main(argv: Sequence[str]) -> int:
    """Does it; the exit code."""
    ours = parser()
    arguments = ours.parse_args(argv)
    folder = arguments.folder or folder_of(arguments.url)
    if not folder:
        ours.error(f"where to? '{arguments.url}' gives no name for a folder: ho clone URL FOLDER")
    try:
        git = find_git()
        # after `--` nothing is an option; which transports may run is git's own affair (protocol.allow)
        if subprocess.call([git, "clone", "--", arguments.url, folder]):
            return FAILED
        return furnish(Clone(git, folder), folder, hooks=not arguments.no_hooks)
    except CannotTell as error:
        return cannot_tell(str(error))
    except GitError as error:
        Console(sys.stderr).line(f"halfhooks: {reason(error)}")
        return FAILED


def folder_of(url: str) -> str:
    """The folder that a clone goes to by itself: the last name of its address, as git sees it; "" where there is none."""
    path = url.rstrip("/").removesuffix("/.git").rstrip("/")
    name = path.replace(":", "/").rpartition("/")[2].removesuffix(".git")
    return name if name.isprintable() and name not in (".", "..") and not name.startswith("-") else ""


def furnish(clone: Clone, folder: str, hooks: bool) -> int:
    """Checks out ho-prod, installs the hooks, and shows the project."""
    console = Console()
    if clone.commit(f"refs/remotes/{ORIGIN}/{BRANCH}") and clone.branch() != BRANCH:
        clone.run("switch", "-q", BRANCH)
    if hooks and clone.top:
        console.line(install_hooks(clone))
    console.line(f"next: cd {folder}", "green")
    console.line()
    sys.stdout.flush()
    before = Path.cwd()
    os.chdir(folder)
    try:
        load("status").main([])  # that it cannot tell, of an empty project, is no failure to clone
    finally:
        os.chdir(before)
    return 0

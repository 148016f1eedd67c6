"""Installs the hooks of a clone: git asks the rules at each commit and push, before anything travels.

    python3 install/client.py [FOLDER]

It needs nothing but Python and git, and can be repeated at any time: a second run changes nothing. A hook that is there
already is kept, and runs after ours.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Optional

if __package__:  # in the wheel this folder is the package halfhooks._install
    sys.modules.setdefault("install", sys.modules[__package__])
else:  # run as a script
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from install._client_status import Status, inspect
from install._client_steps import install_steps, uninstall_steps
from install._clone import FOLLOW, find_clone, installed_in, refuse_place, repository_of
from install._command import called_as, carry_out, choose, install, reported, show_weaknesses
from install._payload import CLIENT, Sources, read_sources
from install._plan import Wish
from install._programs import find_git, find_interpreter
from install._repository import become_owner, refuse_links

EXAMPLES = """\
examples:
  the clone of this folder, or bring its hooks up to date; another clone:
    python3 install/client.py
    python3 install/client.py ~/shop
  say what that would do; which hooks are ours, and what keeps git from them:
    python3 install/client.py --dry-run
    python3 install/client.py --status
  restore what was there before:
    python3 install/client.py --uninstall

exit codes:
  0  done, nothing to do, or (--status) healthy
  1  refused, nothing was changed; (--status) weakened
  2  a wrong call; (--status) not installed, or no clone
"""


def parser(version: str) -> argparse.ArgumentParser:
    """The parser of the arguments."""
    name, examples = called_as("install/client.py", EXAMPLES)
    parser = argparse.ArgumentParser(
        prog=name,
        allow_abbrev=False,  # --uninstal would be taken for --uninstall
        description="Installs the hooks of a clone: they tell of what the server would refuse.",
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"halfhooks {version}")
    parser.add_argument(
        "folder", metavar="FOLDER", nargs="?", default=".", help="any folder of the clone (default: this one)"
    )
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--status", action="store_true", help="say which hooks are ours, and what weakens them")
    action.add_argument("--uninstall", action="store_true", help="restore the hooks from before")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")
    parser.add_argument("--json", action="store_true", help="with --status: for programs")
    parser.add_argument(
        FOLLOW, action="store_true", help="write where core.hooksPath leads, even if others share or commit it"
    )
    parser.add_argument(
        "--python", metavar="PATH", help="the interpreter of the hooks (default: the one that runs this)"
    )
    parser.add_argument("--git", metavar="PATH", help="the git of the hooks (default: the first on the PATH)")
    return parser


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Does what the arguments say; returns the exit code."""
    sources = read_sources(CLIENT)
    options = parser(sources.version).parse_args(argv)
    return reported(lambda: work(sources, options), options.status, options.json)


def work(sources: Sources, options: argparse.Namespace) -> int:
    """Installs, uninstalls or shows the status; the exit code of the latter says what it is."""
    if Path(options.folder).is_dir():
        become_owner(Path(options.folder))
    git = find_git(options.git)
    clone = find_clone(options.folder, git)
    if options.status:
        return show_status(inspect(clone, installed_in(clone, git), sources), options.json)
    if options.uninstall:
        present = installed_in(clone, git)
        refuse_links(present)
        return carry_out(uninstall_steps(present), f"halfhooks left {clone.top}", options.dry_run)
    refuse_place(clone, options.follow_hooks_path)
    repository = repository_of(clone, git)
    refuse_links(repository)
    recorded = repository.read_state()
    repository = repository_of(clone, choose(find_git, options.git, recorded.get("git")))
    wish = Wish(sources, choose(find_interpreter, options.python, recorded.get("interpreter")), True)
    title = f"halfhooks {sources.version} looks at the commits and pushes of {clone.top}"
    undo = partial(uninstall_steps, repository)
    if install(repository, install_steps(repository, wish), undo, title, options.dry_run):
        show_weaknesses(inspect(clone, repository, sources).weaknesses)
    return 0


def show_status(status: Status, as_json: bool) -> int:
    """Prints the status; the exit code is its summary."""
    if as_json:
        print(json.dumps(as_data(status), indent=1, sort_keys=True))
        return status.code
    if not status.installed:
        print(f"halfhooks is not installed in {status.clone}\n  help: ho install client {status.clone}")
    else:
        print(f"halfhooks {status.version} looks at the commits and pushes of {status.clone}")
        print(f"  interpreter: {status.interpreter}\n  git: {status.git}\n  hooks, in {status.folder}:")
        for hook, what in status.hooks.items():
            print(f"    {hook}: {what}")
    show_weaknesses(status.weaknesses)
    for note in status.notes:
        print(f"note: {note}")
    return status.code


def as_data(status: Status) -> dict[str, Any]:
    """The status in a form for JSON."""
    return {
        **status._asdict(),
        "weaknesses": [weakness._asdict() for weakness in status.weaknesses],
        "healthy": status.code == 0,
    }


if __name__ == "__main__":
    sys.exit(main())

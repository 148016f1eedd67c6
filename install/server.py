"""Guards a repository: git itself refuses every push that breaks the release workflow.

    python3 install/server.py REPO.git

It needs nothing but Python and git, and can be repeated at any time: a second run changes nothing, a newer version
replaces an older one between two pushes.
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

from install._command import called_as, carry_out, choose, install, reported, show_weaknesses
from install._payload import SERVER, Sources, read_sources
from install._plan import Wish
from install._programs import find_git, find_interpreter
from install._repository import Repository, become_owner, find_repository, refuse_hooks_path, refuse_links
from install._status import Status, inspect
from install._steps import install_steps, uninstall_steps

ELSEWHERE = "who has a shell account or the files can go around any hook: docs/server.md, 'What weakens it'"
EXAMPLES = """\
examples:
  guard it, or bring it up to date; say what that would do:
    python3 install/server.py /srv/git/shop.git
    python3 install/server.py --dry-run /srv/git/shop.git
  run the present pre-receive as well, after ours:
    python3 install/server.py --chain /srv/git/shop.git
  what guards it, and what weakens that; restore what was there before:
    python3 install/server.py --status --json /srv/git/shop.git
    python3 install/server.py --uninstall /srv/git/shop.git

exit codes:
  0  done, nothing to do, or (--status) healthy
  1  refused, nothing was changed; (--status) weakened
  2  a wrong call; (--status) not installed, or no repository
"""


def parser(version: str) -> argparse.ArgumentParser:
    """The parser of the installer's arguments."""
    name, examples = called_as("install/server.py", EXAMPLES)
    parser = argparse.ArgumentParser(
        prog=name,
        allow_abbrev=False,  # --uninstal would be taken for --uninstall
        description="Guards a git repository: pushes that break the release workflow do not land.",
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"halfhooks {version}")
    parser.add_argument("repository", metavar="REPO.git", help="the bare repository that others push to")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--status", action="store_true", help="say what guards it and what weakens that")
    action.add_argument("--uninstall", action="store_true", help="restore the hook and the settings from before")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")
    parser.add_argument("--json", action="store_true", help="with --status: for programs")
    parser.add_argument("--chain", action="store_true", help="keep a pre-receive that is there, run it after ours")
    parser.add_argument("--non-bare", action="store_true", help="accept a repository with a working tree")
    parser.add_argument(
        "--python", metavar="PATH", help="the interpreter of the hook (default: the one that runs this)"
    )
    parser.add_argument("--git", metavar="PATH", help="the git of the hook (default: the first on the PATH)")
    return parser


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Does what the arguments say; returns the exit code."""
    sources = read_sources(SERVER)
    options = parser(sources.version).parse_args(argv)
    return reported(lambda: work(sources, options), options.status, options.json)


def work(sources: Sources, options: argparse.Namespace) -> int:
    """Installs, uninstalls or shows the status; the exit code of the latter says what it is."""
    if Path(options.repository).is_dir():
        become_owner(Path(options.repository))
    work_tree = options.non_bare or options.status or options.uninstall
    repository = find_repository(options.repository, find_git(options.git), work_tree)
    if options.status:
        return show_status(inspect(repository), options.json)
    refuse_links(repository)
    if options.uninstall:
        return carry_out(uninstall_steps(repository), f"halfhooks left {repository.path}", options.dry_run)
    refuse_hooks_path(repository)
    recorded = repository.read_state()
    repository = Repository(repository.path, choose(find_git, options.git, recorded.get("git")))
    wish = Wish(sources, choose(find_interpreter, options.python, recorded.get("interpreter")), options.chain)
    title = f"halfhooks {sources.version} guards {repository.path}"
    undo = partial(uninstall_steps, repository)
    if install(repository, install_steps(repository, wish), undo, title, options.dry_run):
        show_weaknesses(inspect(repository).weaknesses)
    return 0


def show_status(status: Status, as_json: bool) -> int:
    """Prints the status; the exit code is its summary."""
    if as_json:
        print(json.dumps(as_data(status), indent=1, sort_keys=True))
        return status.code
    if not status.installed:
        print(f"halfhooks is not installed in {status.repository}")
        print(f"  help: python3 install/server.py {status.repository}")
        return status.code
    print(f"halfhooks {status.version} guards {status.repository}")
    print(f"  interpreter: {status.interpreter}\n  git: {status.git}")
    if status.chained:
        print("  chained: hooks/pre-receive.chained runs after ours")
    for key, values in status.settings.items():
        print(f"  {key} = {', '.join(values) or 'not set'}")
    for note in status.notes:
        print(f"  {note}")
    show_weaknesses(status.weaknesses)
    print(f"note: {ELSEWHERE}")
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

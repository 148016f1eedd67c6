"""`ho doctor`: what is missing on this machine and in this clone, each with the command that mends it."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from halfhooks.git import GitError
from halfhooks.ho.cli import command_parser
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.health import (
    ERROR,
    INFO,
    OK,
    WARN,
    Check,
    framework_there,
    history,
    hooks,
    identity,
    policy,
    remote,
    server,
    tools,
)
from halfhooks.ho.repository import Clone, find_git, reason
from halfhooks.survey import CannotTell, Survey

FINE, WRONG = 0, 1

FORMAT = 1
"""The version of the JSON document: raised when a field changes its meaning or goes."""

EXAMPLES = """
ho doctor
ho doctor --json
"""

WHAT = """\
Looks at the programs, the clone, its hooks, its policy and its remote; changes nothing, and asks no other machine.
Each line is ok, info, warn or error, with the command that mends it.

Exit code: 0 no error; 1 something is wrong; 2 cannot tell: no repository."""

STYLES = {OK: "green", INFO: "dim", WARN: "yellow", ERROR: "bold red"}


def parser() -> argparse.ArgumentParser:
    """The parser of `ho doctor`."""
    parser = command_parser("doctor", WHAT, EXAMPLES)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def main(argv: Sequence[str]) -> int:
    """Looks at everything; the exit code says whether something is wrong."""
    arguments = parser().parse_args(argv)
    try:
        git = find_git()
        checks = list(examine(git, Clone(git)))
    except (CannotTell, GitError) as error:
        return cannot_tell(reason(error) if isinstance(error, GitError) else str(error))
    wrong = any(check.level == ERROR for check in checks)
    if arguments.json:
        lines = [check._asdict() for check in checks]
        print(json.dumps({"version": FORMAT, "checks": lines, "wrong": wrong}, indent=2))
    else:
        show(Console(), checks)
    return WRONG if wrong else FINE


def examine(git: str, clone: Clone) -> Iterator[Check]:
    """All that is looked at, in the order in which things go wrong."""
    with Survey(git, {**os.environ, "GIT_DIR": clone.common_dir}) as survey, ThreadPoolExecutor() as pool:
        parts: tuple[Callable[[], Iterator[Check]], ...] = (
            lambda: tools(git),
            lambda: identity(clone),
            lambda: history(clone, survey),
            lambda: remote(clone, survey),
            lambda: policy(clone),
            lambda: framework_there(clone),
            lambda: hooks(clone),
            lambda: server(clone, survey),
        )
        for checks in pool.map(lambda part: list(part()), parts):  # they wait for other programs
            yield from checks


def show(console: Console, checks: list[Check]) -> None:
    """One line for each, and one below it with what mends it."""
    width = max(len(check.topic) for check in checks)
    for check in checks:
        console.line(f"{check.level:5}  {check.topic:{width}}  {check.text}", STYLES[check.level])
        if check.mend:
            console.line(f"{'':5}  {'':{width}}  help: {check.mend}")
    errors, warnings = (sum(check.level == level for check in checks) for level in (ERROR, WARN))
    words = [
        f"{number} {noun}{'' if number == 1 else 's'}" for number, noun in ((errors, "error"), (warnings, "warning"))
    ]
    console.line(f"halfhooks: {', '.join(words)}", "bold red" if errors else "bold green")

"""What the commands of both installers share: how they choose programs, take steps and say what happened."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from typing import Optional, TypeVar

from install._programs import Refusal
from install._repository import Repository, Step
from install._status import Weakness

NAME = "HALFHOOKS_INSTALLER"
"""The variable in which `ho install` says what it was called: usage and errors are shown under that name."""

Found = TypeVar("Found")
Undo = Callable[[], list[Step]]


def called_as(script: str, examples: str) -> tuple[str, str]:
    """What the help calls a program of ours: its name, and its examples under the name that it was called by."""
    name = os.environ.get(NAME, script)
    return name, examples if name == script else examples.replace(f"python3 {script}", name)


def reported(work: Callable[[], int], status: bool, as_json: bool) -> int:
    """The exit code of some work; what stops it is told on standard error. `status`: it only looks."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a path may hold any bytes
    try:
        return work()
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        if status:
            return _unknown(str(refusal), as_json)
        print("halfhooks: nothing was installed or removed", file=sys.stderr)
    except OSError as error:
        where = f": '{error.filename}'" if error.filename else ""
        said = f"error: {(error.strerror or str(error)).lower()}{where}"
        print(said, file=sys.stderr)
        if status:
            return _unknown(said, as_json)
        print(
            "halfhooks: nothing was installed or removed, or not all of it: mend it and run this again", file=sys.stderr
        )
    return 1


def _unknown(said: str, as_json: bool) -> int:
    """The exit code where there is no status, which a program is told in a document."""
    first, *details = said.removeprefix("error: ").splitlines()
    if as_json:
        print(json.dumps({"error": first, "details": details}, indent=1))
    return 2  # 1 would say that something is installed


def choose(find: Callable[[Optional[str]], Found], wanted: Optional[str], recorded: Optional[str]) -> Found:
    """The program that was named, else that of the installation before, else the one at hand."""
    if wanted is None and recorded is not None:
        try:
            return find(recorded)
        except Refusal:
            pass
    return find(wanted)


def install(repository: Repository, steps: list[Step], undo: Undo, title: str, dry_run: bool) -> bool:
    """Takes the steps that are missing, and says whether it did; a first installation that fails leaves nothing."""
    if not steps:
        print(f"{title}: already installed, nothing changed")
        return False
    fresh = not dry_run and not repository.read_state()
    try:
        carry_out(steps, title, dry_run)
    except (Refusal, OSError):
        if fresh and repository.read_state():
            for step in undo():
                step.do()
        raise
    return not dry_run


def carry_out(steps: list[Step], title: str, dry_run: bool) -> int:
    """Does one step after the other and prints each; only prints them when it is a rehearsal."""
    say(f"{title}{' (rehearsal: nothing is changed)' if dry_run else ''}")
    for step in steps:
        if not dry_run:
            step.do()
        say(f"  {step.what}")
    return 0


def say(line: str) -> None:
    """Prints a line; nobody needs to read it (`| head`) for the rest to be done."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_weaknesses(weaknesses: list[Weakness]) -> None:
    for weakness in weaknesses:
        print(f"weakened: {weakness.what}\n  help: {weakness.mend}")

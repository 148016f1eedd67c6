"""Runs the tests of a project by the project's own interpreter, in a checkout, on the database that was built for them."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Optional

from halfhooks.ho.validation import FAILED, NOTHING, PASSED, Tested
from halfhooks.survey import CannotTell

LEASH = str(Path(__file__).with_name("_leash.py"))
GRACE = 5.0
"""Seconds for which tests that are interrupted may tidy up."""
PYTEST = "pytest"
PASSWORD = "PGPASSWORD"
NOTHING_COLLECTED = 5
"""The exit code of pytest when it has found no test."""
TEST_FILES = ("test_*.py", "*_test.py")
"""What pytest takes for tests, unless it is told otherwise."""


def command_of(tests: str) -> tuple[str, ...]:
    """The words of `project.tests`: a module with its arguments, as `python -m` takes them. `CannotTell` for odd quotes."""
    try:
        return tuple(shlex.split(tests))
    except ValueError as error:
        raise CannotTell(f"'project.tests = {tests}' in halfhooks.conf: {error}") from None


def run_tests(
    command: tuple[str, ...],
    python: str,
    tree: Path,
    environment: Mapping[str, str],
    output: Optional[int] = None,
    top: str = ".",
) -> Tested:
    """Run the tests in the folder `tree`; their output goes to a descriptor, ours when there is none.

    The code of the tree is imported before what is installed, so that no editable installation leads back to where
    somebody works. `CannotTell` where the interpreter is missing, with what makes one below `top`.
    """
    if not command:
        return Tested(command)
    if not python or not _has_module(python, command[0], tree):
        if not any(path for pattern in TEST_FILES for path in tree.rglob(pattern)):
            return Tested(command)
        if not python:
            raise CannotTell(
                "project.python of halfhooks.conf leads to no Python, which the tests need: "
                f"{into(top)}python3 -m venv .venv && "
                f".venv/bin/python -m pip install {command[0]} half_orm; --no-tests leaves them out"
            )
        raise CannotTell(
            f"{python} has no module '{command[0]}', which runs the tests: {python} -m pip install {command[0]}"
        )
    report = tree.parent / "tests.xml"
    counts = command[0] == PYTEST and "no:junitxml" not in " ".join(command)
    more = [f"--junitxml={report}"] if counts else []
    started = time.monotonic()
    environment = {**environment, "PYTHONPATH": search_path(tree, environment)}
    code = _on_leash([python, "-m", *command, *more], tree, environment, output)
    result = PASSED if code == 0 else NOTHING if command[0] == PYTEST and code == NOTHING_COLLECTED else FAILED
    return Tested(command, result, code, read_counts(report), round(time.monotonic() - started, 3))


def again(command: Sequence[str], python: str, variables: Mapping[str, str], top: str) -> str:
    """The command of a shell that runs tests below `top`, where its user works, on a database; without a password."""
    leading = [f"{name}={shlex.quote(value)}" for name, value in variables.items() if name != PASSWORD]
    return into(top) + " ".join([*leading, shlex.join([python, "-m", *command])])


def into(top: str) -> str:
    """What goes to a folder before another command, "" where we are in it."""
    there = os.path.relpath(top)
    return "" if there == "." else f"cd {shlex.quote(there)} && "


def search_path(tree: Path, environment: Mapping[str, str]) -> str:
    """PYTHONPATH with the folders of a tree that hold packages before the rest."""
    places = [str(place) for place in (tree, tree / "src") if place.is_dir()]
    return os.pathsep.join([*places, *filter(None, [environment.get("PYTHONPATH")])])


def _has_module(python: str, module: str, tree: Path) -> bool:
    """Whether the interpreter knows a module."""
    script = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1].partition('.')[0]) is None)"
    try:
        done = subprocess.run([python, "-c", script, module], cwd=tree, stdin=subprocess.DEVNULL, capture_output=True)
    except OSError as error:
        raise CannotTell(f"'{python}' does not run: {error.strerror}") from None
    return done.returncode == 0


def read_counts(report: Path) -> Optional[dict[str, int]]:
    """What a JUnit report counts; None without one."""
    from xml.etree import ElementTree  # dear, as is socket below: a command that runs no tests does without

    try:
        suites = ElementTree.parse(report).getroot().iter("testsuite")
    except (OSError, ElementTree.ParseError):
        return None
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in suites:
        for name in counts:
            counts[name] += int(suite.get(name, "0"))
    return counts


def _on_leash(command: Sequence[str], folder: Path, environment: Mapping[str, str], output: Optional[int]) -> int:
    """Run a command whose whole process group ends with us; its exit code, below 0 for the signal that ended it."""
    import socket

    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-IS", LEASH, str(theirs.fileno()), *command],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        try:
            said = ours.recv(16)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            ours.settimeout(GRACE)
            with contextlib.suppress(OSError):
                ours.recv(16)
            raise
        finally:
            ours.close()
            process.wait()
    return int(said) if said else -signal.SIGKILL

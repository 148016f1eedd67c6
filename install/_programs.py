"""The programs of the machine that a hook needs: a Python interpreter and git, by absolute path, never a shim."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Optional

OLDEST_PYTHON = (3, 9)
OLDEST_GIT = (2, 34)
FLAGS = "-IS"
# the kernel of older Linux cuts a "#!" line here
LONGEST_FIRST_LINE = 127

# these choose which configuration files git reads; everything else named GIT_* could point it at another repository
KEPT_GIT_VARIABLES = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"})

PROBE = """
import json, sys
print(json.dumps([sys.version_info[:3], sys.implementation.cache_tag, sys.executable,
                  getattr(sys, "_base_executable", sys.executable), sys.prefix != sys.base_prefix]))
"""


class Refusal(Exception):
    """Why nothing was done: what is wrong, the reason for the rule, the command that mends it."""

    def __init__(self, what: str, why: str, mend: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.mend = mend

    def __str__(self) -> str:
        return f"error: {self.what}\n  why:  {self.why}\n  help: {self.mend}"


class Interpreter(NamedTuple):
    """A Python that can run the hook."""

    path: str
    version: tuple[int, ...]
    tag: str  # of its compiled files, for example "cpython-311"

    @property
    def number(self) -> str:
        return ".".join(map(str, self.version))

    @property
    def first_line(self) -> str:
        return f"#!{self.path} {FLAGS}"


class Git(NamedTuple):
    """A git, by absolute path."""

    path: str
    version: tuple[int, ...]

    @property
    def number(self) -> str:
        return ".".join(map(str, self.version))


class _Probe(NamedTuple):
    version: list[int]
    tag: str
    executable: str
    base: str
    virtual: bool


def clean_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for child processes, without what would lead git or Python to another place."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(("GIT_", "PYTHON")) or name in KEPT_GIT_VARIABLES
    }


def find_interpreter(wanted: Optional[str]) -> Interpreter:
    """The interpreter behind `wanted` (a path or a name), else behind the one that runs this program.

    A virtual environment and a version manager's shim lead to the interpreter that they stand for: both may vanish
    or change their meaning while the repository lives on. Refused: what cannot run `-I -S`, is too old, or has a
    path that does not fit a `#!` line.
    """
    named = wanted or sys.executable
    path = shutil.which(named)
    if path is None:
        raise Refusal(
            f"there is no program '{named}'",
            "the hook starts with the absolute path of its Python interpreter",
            "name one: --python /usr/bin/python3",
        )
    resolved = _resolved(str(Path(path).absolute()))
    found = _probe(resolved, "-I", "-S")
    if tuple(found.version) < OLDEST_PYTHON:
        raise Refusal(
            f"'{resolved}' is Python {'.'.join(map(str, found.version))}",
            f"halfhooks needs Python {'.'.join(map(str, OLDEST_PYTHON))} or newer",
            "name another: --python /usr/bin/python3",
        )
    interpreter = Interpreter(resolved, tuple(found.version), found.tag)
    line = interpreter.first_line
    if not line.isprintable() or len(resolved.split()) != 1 or len(os.fsencode(line)) > LONGEST_FIRST_LINE:
        raise Refusal(
            f"the path {resolved!a} does not fit the first line of a script",
            f"that line may not hold spaces, nor be longer than {LONGEST_FIRST_LINE} bytes",
            "name an interpreter with a plain path: --python /usr/bin/python3",
        )
    return interpreter


def _resolved(path: str) -> str:
    """The interpreter that `path` ends up running; `path` itself when it is one, also through a plain link."""
    found = _probe(path, "-I")
    if found.virtual:
        # before Python 3.11 the base of a virtual environment is only known from where its link leads
        return found.base if found.base != found.executable else str(Path(found.executable).resolve())
    same = Path(path).resolve() == Path(found.executable).resolve()
    return path if same else found.executable


def _probe(path: str, *flags: str) -> _Probe:
    try:
        done = subprocess.run(
            [path, *flags, "-c", PROBE], env=clean_environment(), capture_output=True, text=True, check=True
        )
        return _Probe(*json.loads(done.stdout))
    except (OSError, subprocess.CalledProcessError, ValueError, TypeError) as error:
        raise Refusal(
            f"'{path}' does not run as a Python interpreter ({_reason(error)})",
            f"the hook is run by it, as the user who owns the repository ({' '.join(flags)})",
            "name one that this user can run: --python /usr/bin/python3",
        ) from error


def find_git(wanted: Optional[str]) -> Git:
    """The git at `wanted`, else the first on the PATH that is a program and not a shim; refused when it is too old."""
    for path in [wanted] if wanted else _gits_on_path():
        return new_enough(Git(str(Path(path).absolute()), _git_version(path)))
    raise Refusal(
        "there is no git on the PATH, or only shims of a version manager",
        "the hook starts git by its absolute path",
        "name it: --git /usr/bin/git",
    )


def new_enough(git: Git) -> Git:
    """The same git; refused when it is too old."""
    if git.version < OLDEST_GIT:
        raise Refusal(
            f"'{git.path}' is git {git.number}",
            f"halfhooks needs git {'.'.join(map(str, OLDEST_GIT))} or newer",
            "update git, or name another: --git /usr/bin/git",
        )
    return git


def read_version(said: str) -> tuple[int, ...]:
    """The version in what `git --version` prints; ValueError when there is none."""
    match = re.match(r"git version ([0-9]+)\.([0-9]+)(?:\.([0-9]+))?", said)
    if match is None:
        raise ValueError("it does not say its version")
    return tuple(int(part) for part in match.groups(default="0"))


def _gits_on_path() -> Iterator[str]:
    for folder in os.get_exec_path():
        path = shutil.which("git", path=folder)
        if path and not _is_script(path):
            yield path


def _is_script(path: str) -> bool:
    with Path(path).open("rb") as file:
        return file.read(2) == b"#!"


def _git_version(path: str) -> tuple[int, ...]:
    try:
        if _is_script(path):
            raise ValueError("it is a script, as the shims of version managers are")
        done = subprocess.run([path, "--version"], env=clean_environment(), capture_output=True, text=True, check=True)
        return read_version(done.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise Refusal(
            f"'{path}' does not run as git ({_reason(error)})",
            "the hook starts git by its absolute path",
            "name the program itself: --git /usr/bin/git",
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    if isinstance(error, subprocess.CalledProcessError):
        return f"exit code {error.returncode}"
    return str(error) if error.args and not isinstance(error, (json.JSONDecodeError, TypeError)) else "no answer"

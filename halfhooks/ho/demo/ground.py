"""The ground of the demonstration: a server's repository and a clone of it, cut off from the configuration of the user."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from halfhooks.ho.cli import module_command
from halfhooks.values import NamedTuple

PRODUCTION = "ho-prod"
DATABASE = "shop"
TEMPORARY = "t"
"""The folder for temporary files, beside that of the servers."""
FOREIGN = ("GIT_", "PG", "HALFORM", "HALFHOOKS_IDLE", "HALFHOOKS_SERVERS", "PYTEST_")
"""Variables of the user that would lead to other repositories, servers and tests."""


class Outcome(NamedTuple):
    """What a command did: its exit code, what it printed, and the server's refs before and after."""

    code: int
    said: list[str]
    before: dict[str, str]
    after: dict[str, str]


class Ground:
    """A folder with `server.git` and a `clone` of it. Private database servers live in `servers`."""

    def __init__(self, folder: Path, servers: Path) -> None:
        """Makes the server's repository, empty and not yet guarded."""
        self.server = folder / "server.git"
        self.clone = folder / "clone"
        self.environment = clean_environment(servers)
        self._run("git", "init", "-q", "--bare", "-b", PRODUCTION, str(self.server))

    def git(self, *arguments: str) -> str:
        """Runs git in the clone; returns what it printed."""
        return self._run("git", "-C", str(self.clone), *arguments)

    def install(self) -> str:
        """Guards the server; returns what the installer printed."""
        return self._run(*module_command("halfhooks.ho"), "install", "server", str(self.server))

    def begin(self) -> None:
        """Begins the project in the clone, whose tests are run by the Python that runs us: it has what they need."""
        self._run(*module_command("halfhooks.ho"), "init", "--package", DATABASE, str(self.clone))
        self.git("remote", "add", "origin", str(self.server))
        policy = self.clone / "halfhooks.conf"
        text = policy.read_text("utf-8").replace("python = .venv/bin/python", f'python = "{sys.executable}"')
        policy.write_text(text.replace("tests = pytest", "tests = pytest -q"), "utf-8")
        self.git("commit", "-q", "-a", "--amend", "--no-edit")

    def write(self, path: str, text: str, *, append: bool = False) -> None:
        """Writes a file of the clone."""
        target = self.clone / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a" if append else "w", encoding="utf-8") as file:
            file.write(text)

    def commit(self, message: str) -> None:
        """Commits all that changed in the clone."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def refs(self) -> dict[str, str]:
        """The server's refs, each with the object that it names."""
        listed = self._run("git", "-C", str(self.server), "for-each-ref", "--format=%(refname) %(objectname)")
        return dict(line.rsplit(" ", 1) for line in listed.splitlines())

    def push(self, *arguments: str) -> Outcome:
        """Pushes from the clone; a refusal is an outcome, not an error."""
        return self._attempt("git", "-C", str(self.clone), *push_command(arguments))

    def ho(self, *arguments: str) -> Outcome:
        """Runs a command of ours in the clone; a refusal is an outcome, not an error."""
        return self._attempt(*module_command("halfhooks.ho"), *arguments)

    def _attempt(self, *command: str) -> Outcome:
        before = self.refs()
        folder = self.clone if self.clone.exists() else self.server
        done = subprocess.run(
            command,
            cwd=folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        return Outcome(done.returncode, [line.rstrip() for line in done.stdout.splitlines()], before, self.refs())

    def _run(self, *command: str) -> str:
        try:
            done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        except OSError as error:
            raise SystemExit(f"halfhooks: {' '.join(command)} did not start: {error.strerror}") from error
        if done.returncode:
            raise SystemExit(f"halfhooks: {' '.join(command)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout


def clean_environment(servers: Path) -> Mapping[str, str]:
    """The environment of the demonstration: nobody's git, database servers below a folder, and Ada who works."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {
        **kept,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "GIT_EDITOR": ":",
        "LC_ALL": "C",
        "HALFHOOKS_SERVERS": str(servers),
        "TMPDIR": str(servers.parent / TEMPORARY),
        "HALFORM_CONF_DIR": os.devnull,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # the plugins of whoever runs us are not those of the project
    }


def push_command(arguments: Sequence[str]) -> list[str]:
    """The arguments of `git push origin`, options first, as one would type them."""
    options = [argument for argument in arguments if argument.startswith("-")]
    return ["push", *options, "origin", *(argument for argument in arguments if argument not in options)]

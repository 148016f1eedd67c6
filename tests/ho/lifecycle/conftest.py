"""Users who drive a guarded project by `ho`, with a real PostgreSQL."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from halfhooks.ho import cli
from halfhooks.ho.database.connect import Server as Postgres
from halfhooks.ho.database.connect import ask
from tests.builders import Server, run
from tests.ho.database.conftest import Ran, environment, server, servers

__all__ = ["environment", "server", "servers"]


class User:
    """Somebody with a clone, in whose name commands of ours run in this process."""

    def __init__(
        self, name: str, top: Path, origin: Server, postgres: Postgres, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.name = name
        self.top = top
        self.origin = origin
        self.postgres = postgres
        self._capsys = capsys

    def git(self, *arguments: str) -> str:
        return run("git", *arguments, cwd=self.top)

    def ho(self, *arguments: str) -> Ran:
        """Run a command; what came of it."""
        before, names = Path.cwd(), {key: os.environ.get(key) for key in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME")}
        os.chdir(self.top)
        os.environ.update(dict.fromkeys(names, self.name))
        self._capsys.readouterr()
        try:
            code = cli.main(arguments)
        finally:
            os.chdir(before)
            for key, value in names.items():
                os.environ.pop(key) if value is None else os.environ.update({key: value})
        return Ran(code, *self._capsys.readouterr())

    def does(self, *arguments: str) -> str:
        """Run a command that has to work; what it said."""
        ran = self.ho(*arguments)
        assert ran.code == 0, ran
        return ran.out + ran.err

    def fails(self, *arguments: str, code: int = 2) -> str:
        """Run a command that has to fail, and to leave the server as it is; what it said."""
        before = self.origin.refs()
        ran = self.ho(*arguments)
        assert ran.code == code, ran
        assert self.origin.refs() == before
        return ran.out + ran.err

    def values(self, *arguments: str) -> Any:
        return json.loads(self.does(*arguments, "--json"))

    def write(self, path: str, content: str) -> User:
        file = self.top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, "utf-8")
        return self

    def commit(self, message: str = "Work") -> User:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self

    def works(self, patch: str, sql: str, **files: str) -> User:
        """Write the SQL of a patch on its branch, generate its classes, and commit."""
        self.write(f"Patches/{patch}/01.sql", sql)
        for name, content in files.items():
            self.write(f"shop/{name}.py", content)
        self.does("apply")
        return self.commit(f"Write {patch}")

    def patch(self, patch: str, sql: str, release: str = "", **files: str) -> User:
        """A new patch with its SQL, closed."""
        self.does("patch", "new", patch, *(["--release", release] if release else []))
        self.works(patch, sql, **files)
        self.does("patch", "close", "--no-tests")
        return self

    @property
    def branch(self) -> str:
        return self.git("branch", "--show-current").strip()

    def at(self, rev: str, path: str) -> str:
        """A file of a commit of the server."""
        return self.origin.git("show", f"{rev}:{path}")

    def tables(self, database: str) -> list[str]:
        query = (
            """select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1"""
        )
        return [name for (name,) in ask(self.postgres, database, query)]

    def clean(self) -> User:
        """The server is in a legal state."""
        ran = subprocess.run(
            [sys.executable, "-m", "halfhooks.ho", "check"],
            cwd=self.origin.path,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])},
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return self

    def clone(self, name: str) -> User:
        """Another user with a clone of the same server."""
        top = self.top.parent / name
        run("git", "clone", "-q", str(self.origin.path), str(top))
        user = User(name, top, self.origin, self.postgres, self._capsys)
        user.git("config", "halfhooks.project.database", "t" + secrets.token_hex(5))
        return user


def begin(
    folder: Path, postgres: Postgres, capsys: pytest.CaptureFixture[str], conf: str = "", package: str = "shop"
) -> User:
    """A guarded project that has just begun, with a clone of ann's."""
    origin = Server.create(folder / "server.git")
    top = folder / "ann"
    run("git", "init", "-q", "-b", "ho-prod", str(top))
    run("git", "-C", str(top), "remote", "add", "origin", str(origin.path))
    ann = User("ann", top, origin, postgres, capsys)
    ann.does("init", "--package", package, "--database", "shop")
    ann.git("config", "halfhooks.project.database", "t" + secrets.token_hex(5))
    text = (top / "halfhooks.conf").read_text("utf-8")
    ann.write("halfhooks.conf", text.replace("python = .venv/bin/python", f"python = {sys.executable}") + conf)
    ann.git("add", "-A")
    ann.git("commit", "-q", "--amend", "--no-edit")
    ann.git("push", "-q", "-u", "origin", "ho-prod")
    return ann


@pytest.fixture
def ann(tmp_path: Path, server: Postgres, capsys: pytest.CaptureFixture[str]) -> User:
    return begin(tmp_path, server, capsys)


def refs(user: User, prefix: str = "refs/") -> dict[str, str]:
    """The refs of the server that begin with a prefix."""
    return {name: oid for name, oid in user.origin.refs().items() if name.startswith(prefix)}

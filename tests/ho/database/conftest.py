"""A private server for the tests alone, and projects in a working tree to apply to it."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Optional

import pytest

from halfhooks.ho import cli
from halfhooks.ho.database.binaries import OVERRIDE, find_binaries
from halfhooks.ho.database.cluster import existing, private, stop
from halfhooks.ho.database.connect import Server, ask
from halfhooks.survey import CannotTell
from tests.builders import PROJECT, run

OURS = ("PG", "HALFORM", "HALFHOOKS")
SCHEMA = """\
create table users (id int primary key, name text not null);
create function twice(x int) returns int language sql as $$ select 2 * x $$;
"""
ROWS = "insert into users values (1, 'ann'), (2, 'bob');\n"


@pytest.fixture(scope="session")
def servers(isolated_git: None) -> Iterator[dict[str, str]]:
    """The environment in which private servers live in a folder of this test session; nothing of it is left running."""
    memory = Path("/dev/shm")
    parent = memory if os.access(memory, os.W_OK) else Path("/tmp")
    base = parent / f"hht-{secrets.token_hex(4)}"
    kept = {name: value for name, value in os.environ.items() if name == OVERRIDE or not name.startswith(OURS)}
    environment = {**kept, "HALFHOOKS_SERVERS": str(base), "HALFHOOKS_IDLE": "120", "HALFORM_CONF_DIR": "/nowhere"}
    try:
        find_binaries(environment)
    except CannotTell as error:
        pytest.fail(f"databases are tested against a real PostgreSQL: {error}")
    yield environment
    for place in existing(environment):
        stop(place, remove=True, force=True)
    shutil.rmtree(base, ignore_errors=True)
    assert processes(str(base)) == []


@pytest.fixture
def environment(servers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The same as the environment of this process."""
    for name in list(os.environ):
        if name.startswith(OURS):
            monkeypatch.delenv(name)
    for name, value in servers.items():
        monkeypatch.setenv(name, value)
    return servers


@pytest.fixture
def server(environment: dict[str, str]) -> Iterator[Server]:
    """The private server; it is used until the test ends."""
    with private(environment) as found:
        yield found


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


class Tree:
    """A project in a working tree, whose database is `name`."""

    def __init__(self, top: Path, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
        self.top = top
        self.server = server
        self.name = "t" + secrets.token_hex(5)
        self._capsys = capsys

    def write(self, path: str, content: str | bytes) -> Tree:
        file = self.top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self

    def git(self, *arguments: str) -> str:
        return run("git", *arguments, cwd=self.top)

    def patch(self, content: str | bytes, name: str = "01.sql") -> Tree:
        """A file of the patch that is being worked on."""
        return self.write(f"Patches/2-new/{name}", content)

    def ho(self, *arguments: str) -> Ran:
        """Run a command of ours in this process."""
        self._capsys.readouterr()
        code = cli.main(arguments)
        return Ran(code, *self._capsys.readouterr())

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Run a command of ours in a process of its own."""
        command = [sys.executable, "-m", "halfhooks.ho", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, cwd=self.top, env=environment, **pipes, **options)

    def applied(self, *arguments: str) -> Ran:
        ran = self.ho("apply", *arguments)
        assert ran.code == 0, ran
        return ran

    def ask(self, query: str, database: Optional[str] = None) -> list[tuple[Any, ...]]:
        return ask(self.server, database or self.name, query)

    def tables(self) -> set[str]:
        query = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        return {name for (name,) in self.ask(query)}

    def fingerprint(self, what: str = "live") -> str:
        ran = self.ho("db", "fingerprint", what)
        assert ran.code == 0, ran
        return ran.out.strip()

    def scratch(self) -> list[str]:
        """The databases that are being made, or were left behind."""
        return [
            name for (name,) in self.ask("select datname from pg_database where datname ~ '^halfhooks_tmp'", "postgres")
        ]


@pytest.fixture
def tree(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tree:
    """0.1.0 is in production; 0.2.0 has 1-posts staged and 2-new as a candidate, whose branch is checked out."""
    tree = Tree(tmp_path / "shop", server, capsys)
    run("git", "init", "-q", "-b", "ho-patch/2-new", str(tree.top))
    tree.write("releases/0.1.0.txt", "").write("releases/0.2.0-stage.txt", "1-posts\n")
    tree.write("releases/0.2.0-candidates.txt", "2-new\n").write("Patches/2-new/README.md", "# new\n")
    tree.write("model/schema-0.1.0.sql", SCHEMA).write("model/metadata-0.1.0.sql", ROWS)
    tree.write("Patches/1-posts/01.sql", "create table posts (id int primary key, author int references users);")
    python = sys.executable
    tree.write("halfhooks.conf", f'[halfhooks "project"]\n\tdatabase = {tree.name}\n\tpython = {python}\n')
    tree.git("add", "-A")
    tree.git("commit", "-q", "-m", "Begin")
    monkeypatch.chdir(tree.top)
    return tree


def processes(text: str) -> list[str]:
    """The command lines of running processes that hold a text."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):  # no further: a process may end before glob looks into it, and glob fails
        try:
            line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if text in line and str(os.getpid()) != path.name:
            found.append(line)
    return found


def wait_for(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Poll until a condition holds; what it gave."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)

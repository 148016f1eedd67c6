"""Users with clones of a guarded project, and `ho` in processes of its own, which can be stopped at any of its steps.

What stops it is a `git` before the real one in the PATH: it counts the calls, and at one of them ends the whole process
group as `kill -9` does, before the real git or after it, or fails in its place.
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple, Optional, Union

import pytest

from halfhooks.ho import cli
from halfhooks.ho.commands import check
from tests.builders import PROJECT, Dev, Refs, Server, parse_refs
from tests.ho.database.conftest import processes
from tests.walks.judge import violations

SOAK = bool(os.environ.get("HALFHOOKS_SOAK"))
CHANGING = ("fetch", "push", "update-ref", "switch", "worktree", "rebase", "reset", "tag")
"""The commands of git with which ho changes more than it adds objects."""

WRAPPER = """\
#!/bin/sh
# counts the calls, and stops at one of them: the file says at which, by its number or how it begins, and how
exec 9>> {folder}/lock; flock 9
printf '%s\\n' "$*" >> {folder}/calls
number=$(wc -l < {folder}/calls)
exec 9>&-
{{ read -r stop; read -r how; }} < {folder}/plan
case "$number $*" in
    $stop)
        case $how in
            before) kill -9 0 ;;
            after) {git} "$@"; kill -9 0 ;;
            fail) echo 'fatal: this git was made to fail' >&2; exit 128 ;;
            gone) mv {server} {server}.away 2> /dev/null ;;
            lost)
                {git} "$@" > /dev/null 2>&1; mv {server} {server}.away
                echo 'fatal: the connection was lost' >&2; exit 128 ;;
            *) eval "$how" ;;
        esac ;;
esac
exec {git} "$@"
"""
"""How a command is stopped at a call of git: killed before or after it, the call fails, the server is gone from then on, or
it is gone before it answers; anything else is a command of the shell that comes first."""


class Ran(NamedTuple):
    """What a command did: negative codes are those of signals."""

    code: int
    out: str


class User(Dev):
    """A developer who uses ho."""

    def ho(self, *arguments: str) -> Ran:
        """Run a command in this process."""
        before = Path.cwd()
        os.chdir(self.clone)
        try:
            with redirect_stdout(io.StringIO()) as output, redirect_stderr(output):
                code = cli.main(arguments)
        finally:
            os.chdir(before)
        return Ran(code, output.getvalue())

    def done(self, *arguments: str) -> str:
        """Run a command that must succeed; what it said."""
        ran = self.ho(*arguments)
        assert ran.code == 0, f"ho {shlex.join(arguments)}:\n{ran.out}"
        return ran.out

    def start(self, *arguments: str, folder: Optional[Path] = None, **variables: str) -> subprocess.Popen[str]:
        """A command in a process group of its own."""
        command = [sys.executable, "-m", "halfhooks.ho", *arguments]
        return subprocess.Popen(
            command,
            cwd=folder or self.clone,
            env={**os.environ, "PYTHONPATH": str(PROJECT), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def run(self, *arguments: str, folder: Optional[Path] = None, **variables: str) -> Ran:
        """Run a command in a process of its own to its end."""
        process = self.start(*arguments, folder=folder, **variables)
        try:
            out, _ = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return Ran(process.returncode, out)

    def counted(
        self, *arguments: str, stop: Union[int, str] = 0, how: str = "never", **variables: str
    ) -> tuple[Ran, list[str]]:
        """Run a command with the wrapper's git, which stops at a call of a number or with some words; and its calls."""
        folder = self.clone.parent / "wrapper"
        folder.mkdir(exist_ok=True)
        real = shutil.which("git")
        assert real
        places = {"folder": folder, "git": real, "server": self.server.path}
        script = WRAPPER.format(**{name: shlex.quote(str(place)) for name, place in places.items()})
        (folder / "git").write_text(script)
        (folder / "git").chmod(0o755)
        (folder / "calls").write_text("")
        pattern = f"{stop} *" if isinstance(stop, int) else f"* {stop}*".replace(" ", "?")
        (folder / "plan").write_text(f"{pattern}\n{how}\n")
        ran = self.run(*arguments, PATH=f"{folder}:{os.environ['PATH']}", **variables)
        away = Path(f"{self.server.path}.away")
        if away.exists():
            away.rename(self.server.path)
        return ran, (folder / "calls").read_text().splitlines()

    def work(self, patch: str, table: str = "", text: str = "") -> User:
        """A commit on a patch branch, pushed."""
        self.switch(f"ho-patch/{patch}")
        name = table or "t" + patch.replace("-", "_")
        self.commit(f"Patches/{patch}/01.sql", text or f"create table {name} (id int primary key);\n")
        self.push(f"ho-patch/{patch}").accepted()
        return self

    def copied(self, folder: Path) -> User:
        """The same user and server, elsewhere."""
        made = self.copy(folder)
        return User(made.clone, made.server)

    def colleague(self, name: str) -> User:
        """Another user of the same server."""
        made = self.another(name)
        made.git("config", "user.name", name)
        made.git("config", "user.email", f"{name}@example.org")
        return User(made.clone, made.server)

    # --- what must hold at any time

    def refs(self) -> Refs:
        """The branches and tags of the clone, and the branch that is checked out as `HEAD`."""
        listed = self.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads/", "refs/tags/")
        return {**parse_refs(listed.encode()), "HEAD": self.git("rev-parse", "--symbolic-full-name", "HEAD").strip()}

    def must_be_sane(self) -> None:
        """The clone is as git wants it, and no working tree, folder, lock or process of ours is left."""
        self.git("fsck", "--connectivity-only", "--no-dangling")
        assert self.git("status", "--porcelain") == ""
        assert self.git("worktree", "list", "--porcelain").count("worktree ") == 1
        git_dir = self.clone / ".git"
        assert [path.name for path in git_dir.rglob("*.lock")] in ([], ["lifecycle.lock"])
        assert not (git_dir / "halfhooks" / "pending.json").exists()
        assert not list((git_dir / "halfhooks").glob("*.new"))
        assert not list((git_dir / "halfhooks" / "work").glob("*"))
        assert not leftovers(), leftovers()
        deadline = time.monotonic() + 10
        while still := processes(str(self.clone.parent)):  # those that were killed end soon
            assert time.monotonic() < deadline, still
            time.sleep(0.02)


def must_be_legal(server: Server, said: str = "") -> None:
    """The state of a server is legal, by `ho check` and by a judge of our own, who knows no squashes."""
    assert not violations(server), (violations(server), said)
    must_be_clean(server, said)


def must_be_clean(server: Server, said: str = "") -> None:
    """The state of a server is legal, by `ho check`."""
    before = Path.cwd()
    os.chdir(server.path)
    try:
        with redirect_stdout(io.StringIO()) as output:
            assert check.main([]) == 0, output.getvalue() + said
    finally:
        os.chdir(before)


@contextmanager
def refusing(server: Server, after: int, most: int = 1000) -> Iterator[None]:
    """Let a server refuse pushes in a hook of its own, after some that it accepts, and no more than `most`."""
    hook, count = server.path / "hooks" / "update", server.path / "count"
    count.write_text("")
    # the hook is asked about each ref, all of a push from one process
    hook.write_text(
        f'#!/bin/sh\ngrep -qx "$PPID" {count} || echo "$PPID" >> {count}\n'
        f'[ "$(wc -l < {count})" -le {after} ] || [ "$(wc -l < {count})" -gt {after + most} ] || '
        "{ echo not today; exit 1; }\n"
    )
    hook.chmod(0o755)
    try:
        yield
    finally:
        hook.unlink()


def leftovers() -> list[str]:
    """What lies around in the folder of temporary files."""
    folder = Path(tempfile.gettempdir())
    found = {*folder.glob("halfhooks-*"), *folder.glob("halfhooks-*-validate/tmp*")}
    return sorted(str(path) for path in found if not path.name.endswith("-validate"))


def work_of(server: Server) -> set[str]:
    """The commits of the workflow's branches and tags."""
    return set(server.git("rev-list", "--branches=ho-*", "--tags").split())


@pytest.fixture(scope="session")
def team_template(isolated_git: None, tmp_path_factory: pytest.TempPathFactory) -> User:
    """A project that has just begun."""
    server = Server.create(tmp_path_factory.mktemp("team") / "server.git")
    server.config("core.fsync", "none").config("receive.autogc", "false")
    made = Dev.create(server.path.parent, server)
    user = User(made.clone, server)
    settings = f'[halfhooks "project"]\n\tdatabase = shop\n\tpython = {sys.executable}\n'
    user.write("halfhooks.conf", settings).begin()
    user.git("tag", "-a", "-m", "The beginning", "v0.0.0")
    user.push("v0.0.0").accepted()
    for key, value in {"core.fsync": "none", "gc.auto": "0", "user.name": "dev"}.items():
        user.git("config", key, value)
    return user


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of temporary files for a test and what it runs."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def user(team_template: User, tmp_path: Path, environment: dict[str, str], temporary: Path) -> User:
    """Somebody with a project that has just begun, a database server at hand, and a folder of temporary files."""
    return team_template.copied(tmp_path)

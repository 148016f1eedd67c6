"""Real repositories and real pushes, in few words: `shop.commit("app/x.py", "x").push("ho-prod")`.

`Server` is a bare repository guarded by what install/server.py puts there; `Dev` is a clone of it. The steps of the workflow
are the shell functions of workflow.sh: one definition, in plain git, for people, for the examples and for the tests.
"""

from __future__ import annotations

import atexit
import functools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple, Optional

TESTS = Path(__file__).parent
PROJECT = TESTS.parent
INSTALL = (sys.executable, str(PROJECT / "install" / "server.py"))
"""The command that guards a bare repository, whose path is appended."""

PLAIN = INSTALL

TEMPORARY = tempfile.gettempdir()
"""The folder of temporary files, before any test has another one."""

MEASURE = ""
"""Statements with which a Python hook of a test begins to measure what it runs (tests/measure.py), which needs `site`."""

WORKFLOW = ". " + shlex.quote(str(TESTS / "workflow.sh"))
"""Shell that defines the steps of the workflow."""
LIST_REFS = ("for-each-ref", "--format=%(refname) %(objectname)%(symref)")
EPOCH = 1767225600  # 2026-01-01
CODE = re.compile(r"^remote: .*?error\[(HH\d{3})\]", re.MULTILINE)
WARNING = re.compile(r"^remote: .*?warning\[(HH\d{3})\]", re.MULTILINE)

Refs = dict[str, str]


def isolated(home: Path) -> dict[str, str]:
    """An environment in which git sees no configuration but the repository's own, and knows who commits.

    Python keeps what it compiles, even where a container turns that off: it would compile all of `ho` at each start.
    """
    unwanted = ("GIT_", "LC_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    who = {"NAME": "dev", "EMAIL": "dev@example.org", "DATE": f"{EPOCH} +0000"}
    return {
        **kept,
        **{f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()},
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "HOME": str(home),
        "LC_ALL": "C",
    }


class PushResult(NamedTuple):
    """What one push (or a script that ends in one) did."""

    ok: bool
    output: str
    refs_before: Refs
    refs_after: Refs

    @property
    def codes(self) -> set[str]:
        """The codes that the server refused for."""
        return set(CODE.findall(self.output))

    @property
    def warnings(self) -> set[str]:
        """The codes that the server only warned about."""
        return set(WARNING.findall(self.output))

    @property
    def said(self) -> str:
        """What the server said, without the ends of its lines."""
        return " ".join(re.sub("^remote: ", "", self.output, flags=re.MULTILINE).split())

    @property
    def moved(self) -> set[str]:
        """The names of the server's refs that the push created, updated or deleted."""
        names = self.refs_before.keys() | self.refs_after.keys()
        return {name for name in names if self.refs_before.get(name) != self.refs_after.get(name)}

    def accepted(self) -> PushResult:
        assert self.ok, f"refused:\n{self.output}"
        return self

    def refused(self, *codes: str) -> PushResult:
        """The push was refused by us, for one of `codes` if any are given, and no ref of the server moved."""
        assert not self.ok, f"accepted, and moved {sorted(self.moved)}:\n{self.output}"
        assert self.codes, f"failed, but not by a rule of ours:\n{self.output}"
        assert not codes or self.codes & set(codes), f"refused for {sorted(self.codes)}, not {codes}:\n{self.output}"
        assert not self.moved, f"refused, yet moved {sorted(self.moved)}:\n{self.output}"
        return self


@functools.lru_cache(None)
def guarded_template(object_format: str) -> Path:
    """A guarded repository without any ref, which is copied: to install the hook takes half a second."""
    folder = Path(tempfile.mkdtemp(prefix="guarded-halfhooks-", dir=TEMPORARY))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    run("git", "init", "-q", "--bare", "-b", "ho-prod", f"--object-format={object_format}", str(folder))
    run(*INSTALL, str(folder))
    return folder


class Server:
    """A bare repository."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, *, object_format: str = "sha1", guarded: bool = True) -> Server:
        if guarded and INSTALL == PLAIN:
            shutil.copytree(guarded_template(object_format), path, symlinks=True, dirs_exist_ok=True)
            return cls(path)
        run("git", "init", "-q", "--bare", "-b", "ho-prod", f"--object-format={object_format}", str(path))
        if guarded:
            run(*INSTALL, str(path))
        return cls(path)

    def git(self, *arguments: str) -> str:
        return run("git", "-C", str(self.path), *arguments)

    def config(self, key: str, value: str) -> Server:
        """Set a key as the administrator does, in the repository's own config."""
        self.git("config", key, value)
        return self

    def refs(self) -> Refs:
        return parse_refs(os.fsencode(self.git(*LIST_REFS)))


class Dev:
    """A developer: a clone with a working tree. What changes it returns the developer, a push says how it went."""

    def __init__(self, clone: Path, server: Server) -> None:
        self.clone = clone
        self.server = server
        self._clock = 0

    @classmethod
    def create(cls, folder: Path, server: Optional[Server] = None, **options: object) -> Dev:
        """A developer with an empty repository, and a new server unless one is given."""
        server = server or Server.create(folder / "server.git", **options)  # type: ignore[arg-type]
        clone = folder / "clone"
        object_format = server.git("rev-parse", "--show-object-format").strip()
        run("git", "init", "-q", "-b", "ho-prod", f"--object-format={object_format}", str(clone))
        run("git", "-C", str(clone), "remote", "add", "origin", os.path.relpath(server.path, clone))
        return cls(clone, server)

    @classmethod
    def sample(cls, folder: Path) -> Dev:
        """The sample project of sample.sh, built from nothing."""
        run("sh", str(TESTS / "sample.sh"), str(folder), shlex.join(INSTALL))
        for repository in ("server.git", "clone"):  # one pack copies faster than a hundred loose objects
            run("git", "-C", str(folder / repository), "repack", "-adq")
        return cls(folder / "clone", Server(folder / "server.git"))

    def copy(self, folder: Path) -> Dev:
        """The same developer and server, elsewhere."""
        shutil.copytree(self.server.path, folder / "server.git", symlinks=True)
        shutil.copytree(self.clone, folder / "clone", symlinks=True)
        run("git", "-C", str(folder / "clone"), "update-index", "-q", "--refresh")
        dev = Dev(folder / "clone", Server(folder / "server.git"))
        dev._clock = self._clock
        return dev

    def another(self, name: str) -> Dev:
        """A second developer of the same server."""
        clone = self.clone.parent / name
        run("git", "clone", "-q", str(self.server.path), str(clone))
        return Dev(clone, self.server)

    # --- plain git

    def git(self, *arguments: str) -> str:
        return run("git", *arguments, cwd=self.clone, env=self._later())

    def switch(self, *arguments: str) -> Dev:
        self.git("switch", "-q", *arguments)
        return self

    def write(self, path: str, text: Optional[str]) -> Dev:
        """Write a file of the working tree, or remove it where `text` is None."""
        file = self.clone / path
        if text is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        return self

    def commit(self, path: Optional[str] = None, text: Optional[str] = None, *, message: str = "Change") -> Dev:
        """Commit everything in the working tree, after writing (or removing) one file if `path` is given."""
        if path is not None:
            self.write(path, text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self

    def push(self, *refspecs: str, options: tuple[str, ...] = ()) -> PushResult:
        before = self.server.refs()
        done = self._start("git", "push", "-q", *options, "origin", *refspecs)
        return PushResult(done.returncode == 0, done.stdout, before, self.server.refs())

    # --- scripts

    def judge(self, script: str, helpers: str = "") -> PushResult:
        """Run a script, after some shell functions. Its last line is the push to judge; the others must succeed."""
        *setup, last = [line for line in script.strip().splitlines() if line.strip()]
        before = self.clone.parent / "refs-before"
        look = shlex.join(["git", "-C", str(self.server.path), *LIST_REFS]) + " > " + shlex.quote(str(before))
        done = self._start("sh", "-e", "-c", "\n".join([helpers, *setup, look, last]))
        assert before.exists(), f"the script failed before its last line:\n{done.stdout}"
        return PushResult(done.returncode == 0, done.stdout, parse_refs(before.read_bytes()), self.server.refs())

    def step(self, function: str, *arguments: str) -> Dev:
        """A step of the workflow, which must be accepted."""
        done = self._start("sh", "-e", "-c", f"{WORKFLOW}; {shlex.join([function, *arguments])}")
        assert done.returncode == 0, f"{function} {arguments}:\n{done.stdout}"
        return self

    def begin(self) -> Dev:
        return self.step("begin")

    def start_release(self, version: str) -> Dev:
        return self.step("start_release", version)

    def sync_release(self, version: str) -> Dev:
        return self.step("sync_release", version)

    def new_patch(self, version: str, patch: str) -> Dev:
        return self.step("new_patch", version, patch)

    def work_on(self, patch: str, sql: str = "select 1;") -> Dev:
        return self.step("work_on", patch, sql)

    def integrate(self, version: str, patch: str) -> Dev:
        return self.step("integrate", version, patch)

    def stage(self, version: str, patch: str) -> Dev:
        return self.step("stage", version, patch)

    def cut_rc(self, version: str, number: int) -> Dev:
        return self.step("cut_rc", version, str(number))

    def promote(self, version: str) -> Dev:
        return self.step("promote", version)

    def abandon(self, version: str, number: int) -> Dev:
        return self.step("abandon", version, str(number))

    def hotfix_open(self, version: str, tag: str) -> Dev:
        return self.step("hotfix_open", version, tag)

    def promote_hotfix(self, version: str, number: int) -> Dev:
        return self.step("promote_hotfix", version, str(number))

    # --- inside

    def _later(self) -> dict[str, str]:
        """The environment of the next command: a minute after the one before."""
        self._clock += 60
        date = f"{EPOCH + self._clock} +0000"
        return {**os.environ, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}

    def _start(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.clone,
            env=self._later(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="surrogateescape",
        )


def parse_refs(listing: bytes) -> Refs:
    # not splitlines: a name may hold what Unicode calls a line end
    return dict(line.rsplit(" ", 1) for line in os.fsdecode(listing).split("\n") if line)


def run(*command: str, cwd: Optional[Path] = None, env: Optional[dict[str, str]] = None) -> str:
    """Run a command that must succeed; its output."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
    )
    assert done.returncode == 0, f"{shlex.join(command)}:\n{done.stdout}{done.stderr}"
    return done.stdout

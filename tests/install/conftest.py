"""What the tests of the installers share: a bare repository, a clone, and the command as an administrator types it."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Optional

import pytest

from tests.builders import PROJECT

ACCEPTED = "HEAD:refs/heads/topic"
REFUSED = "HEAD:refs/heads/ho-nonsense"  # HH101


class Done(NamedTuple):
    code: int
    out: str
    err: str


def run(*command: object, cwd: Optional[Path] = None, env: Optional[Mapping[str, str]] = None, umask: int = -1) -> Done:
    words = [str(word) for word in command]
    restore = os.umask(umask) if umask >= 0 else None
    try:
        done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True)
    finally:
        if restore is not None:
            os.umask(restore)
    return Done(done.returncode, done.stdout, done.stderr)


def tree(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file, folder and link below a folder, with its mode and what it holds."""
    return {str(path.relative_to(folder)): (path.lstat().st_mode, _content(path)) for path in folder.rglob("*")}


def _content(path: Path) -> str:
    if path.is_symlink():
        return str(path.readlink())
    return hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(path.stat().st_mode) else ""


class Host:
    """A server with one bare repository, and a developer who pushes to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = folder / "server.git"
        self.clone = folder / "clone"
        self.git("init", "-q", "--bare", "-b", "ho-prod", self.repository)
        self.git("init", "-q", "-b", "main", self.clone)
        self.git("-C", self.clone, "commit", "-q", "--allow-empty", "-m", "Begin")

    @property
    def hook(self) -> Path:
        return self.repository / "hooks" / "pre-receive"

    @property
    def config(self) -> Path:
        return self.repository / "config"

    def git(self, *arguments: object, env: Optional[Mapping[str, str]] = None) -> str:
        done = run("git", *arguments, env=env)
        assert done.code == 0, done.err
        return done.out.strip()

    def install(self, *options: object, checkout: Path = PROJECT, umask: int = -1) -> Done:
        return run(sys.executable, checkout / "install" / "server.py", *options, self.repository, umask=umask)

    def installed(self, *options: object) -> Host:
        done = self.install(*options)
        assert done.code == 0, done.out + done.err
        return self

    def push(self, refspec: str, env: Optional[Mapping[str, str]] = None) -> Done:
        return run("git", "-C", self.clone, "push", "-q", self.repository, refspec, env=env)

    def guards(self, env: Optional[Mapping[str, str]] = None) -> bool:
        """Whether a legal push lands and an illegal one is refused by a rule."""
        refused, accepted = self.push(REFUSED, env), self.push(ACCEPTED, env)
        assert accepted.code == 0, accepted.err
        assert (refused.code == 0) == ("HH101" not in refused.err), refused.err
        return refused.code != 0

    def foreign_hook(self, body: str = "cat > seen; env > seen.env; ! grep -q forbidden seen") -> Path:
        self.hook.write_text(f"#!/bin/sh\n{body}\n")
        self.hook.chmod(0o755)
        return self.hook


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the sources, to change."""
    folder = tmp_path / "checkout"
    for name in ("halfhooks", "hooks", "install"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "ho"))
    return folder

"""Reads a repository in the process of the test, and lets go of the git that was started for it.

The hook ends with its process and leaves that to the system; here it would leave a git and its pipes for every test.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Optional

import pytest

from halfhooks import collect, entry
from halfhooks.collect import Collector
from halfhooks.git import GitError, ObjectDatabase, Repository
from halfhooks.push import Push
from halfhooks.snapshot import Update

GIT = shutil.which("git") or ""


def repository(folder: Path, environment: Optional[Mapping[str, str]] = None) -> Repository:
    return Repository(GIT, str(folder), environment or {})


@contextmanager
def opened(folder: Path) -> Iterator[ObjectDatabase]:
    """The objects of the repository whose git directory is `folder`."""
    with closing_all():
        yield collect.ObjectDatabase(repository(folder))


@contextmanager
def closing_all() -> Iterator[None]:
    """Whatever object databases are opened within, they are closed in the end."""
    found: list[ObjectDatabase] = []

    class Remembered(ObjectDatabase):
        def __init__(self, repository: Repository) -> None:
            super().__init__(repository)
            found.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collect, "ObjectDatabase", Remembered)
        try:
            yield
        finally:
            for each in found:
                each._answers.close()
                with suppress(GitError):  # what git says at its end was said before
                    each._process.finish()


def judge(folder: Path, lines: bytes, **environment: str) -> tuple[int, list[str]]:
    """What `entry.judge_push` says about the standard input of pre-receive in a repository."""
    with closing_all():
        return entry.judge_push(GIT, lines, {"GIT_DIR": str(folder), **environment})


@contextmanager
def collected(folder: Path, *updates: Update) -> Iterator[tuple[Push, list[str]]]:
    """The `Push` that the updates make, and the remarks on the policy."""
    with closing_all():
        collector = Collector(repository(folder), updates, shallow_push=False)
        yield collector.push(), collector.remarks

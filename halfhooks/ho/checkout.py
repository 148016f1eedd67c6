"""The files of a commit in a folder of their own, which git knows nothing of: no branch, index or working tree changes.

The folder lies where temporary files do. It is removed in the end, and that of a command that was killed by the next one:
whoever uses one holds a lock on it, which dies with the process.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Callable

from halfhooks.git import GitError, Process
from halfhooks.ho.database.folder import locked, own
from halfhooks.ho.repository import Clone, answer
from halfhooks.values import NamedTuple

TREE, LOCK, INDEX = "tree", "lock", "index"
PLAIN = ("core.splitIndex=false", "core.fsmonitor=false", "core.untrackedCache=false")
"""Settings of a clone that would have git write beside its index, or leave a process behind."""

LOCAL = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)
"""The variables by which git tells its hooks of the repository (git rev-parse --local-env-vars)."""


class Checkout(NamedTuple):
    """A folder with the files of a commit in `tree`; beside that there is room for what belongs to its use.

    `argv` and `environment` are those of a git that works there, with an index of its own.
    """

    folder: Path
    argv: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def tree(self) -> Path:
        """The files, as a checkout of the commit has them."""
        return self.folder / TREE

    def answer(self, *arguments: str) -> tuple[int, str]:
        """The exit code of a git that works there, and what it printed."""
        return answer((*self.argv, *arguments), self.environment)


@contextlib.contextmanager
def checked_out(clone: Clone, git: str, commit: str, environment: Mapping[str, str]) -> Iterator[Checkout]:
    """The files of a commit, as long as the block takes; a `GitError` where git cannot write them."""
    with checking_out(clone, git, commit, environment) as (checkout, finish):
        finish()
        yield checkout


@contextlib.contextmanager
def checking_out(
    clone: Clone, git: str, commit: str, environment: Mapping[str, str]
) -> Iterator[tuple[Checkout, Callable[[], None]]]:
    """The same while git still writes the files, and the function that waits for them."""
    with scratch() as folder:
        tree = folder / TREE
        tree.mkdir()
        places = {"GIT_DIR": clone.git_dir, "GIT_WORK_TREE": str(tree), "GIT_INDEX_FILE": str(folder / INDEX)}
        settings = (word for setting in PLAIN for word in ("-c", setting))
        argv = (git, "-C", str(tree), *settings)
        checkout = Checkout(folder, argv, {**environment, **places, "LC_ALL": "C"})
        Process((*argv, "read-tree", commit), checkout.environment).finish()
        writing = [Process((*argv, "checkout-index", "--all", "--index", "--quiet"), checkout.environment)]

        def finish() -> None:
            while writing:
                writing.pop().finish()

        try:
            yield checkout, finish
        finally:
            with contextlib.suppress(GitError):
                finish()


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder of our own where temporary files lie, as long as the block takes: for what somebody is to run or read."""
    base = Path(tempfile.gettempdir(), f"halfhooks-{os.geteuid()}-validate")
    own(base)
    with contextlib.ExitStack() as held:
        with locked(base / LOCK, exclusive=True, wait=True):
            sweep(base)
            folder = Path(tempfile.mkdtemp(dir=base))
            held.callback(shutil.rmtree, folder, ignore_errors=True)
            held.enter_context(locked(folder / LOCK, exclusive=True, wait=True))
        yield folder


def sweep(base: Path) -> list[Path]:
    """Remove the folders of commands that ended without doing so. The lock of `base` is held, but not by who ends now."""
    swept = []
    for folder in base.iterdir():
        if folder.is_dir():
            with contextlib.suppress(FileNotFoundError), locked(folder / LOCK, exclusive=True, wait=False) as got:
                if got is not None:
                    shutil.rmtree(folder, ignore_errors=True)
                    swept.append(folder)
    return swept


def without_git(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without what leads git to a repository: a hook has it, and a test that runs git must not."""
    return {name: value for name, value in environment.items() if name not in LOCAL}

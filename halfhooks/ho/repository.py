"""The clone that somebody works in: git as its user runs it, with their identity, their configuration and their hooks.

`halfhooks.survey` reads what a repository holds, cut off from all that. GitPython would take 66 ms to start.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Optional

from halfhooks.git import GitError, Process
from halfhooks.layout import HALFHOOKS, HEADS
from halfhooks.survey import CannotTell, Survey


class Local(NamedTuple):
    """A local branch: its tip, and the working tree that it is checked out in, "" for none."""

    tip: str
    worktree: str


class Clone:
    """A repository as its user sees it from a folder. `top` is "" in a bare one; `up` leads from the folder to `top`."""

    def __init__(self, git: str, folder: str = ".", environment: Optional[Mapping[str, str]] = None) -> None:
        """Look where we are; fails with `CannotTell` where there is no repository."""
        self._argv = (git, "-C", folder)
        self._environment = {**(os.environ if environment is None else environment), "LC_ALL": "C"}
        questions = ("--is-bare-repository", "--is-inside-work-tree", "--git-dir", "--git-common-dir")
        try:
            answers = self.run("rev-parse", "--path-format=absolute", *questions).split("\n")
            self.bare = answers[0] == "true"
            self.git_dir, self.common_dir = answers[2:4]
            inside = answers[1] == "true"
            places = self.run("rev-parse", "--show-toplevel", "--show-cdup").split("\n") if inside else ["", ""]
        except GitError as error:
            raise CannotTell(reason(error)) from None
        self.top, self.up = places[0], places[1].rstrip("/")

    def start(self, *arguments: str, index: str = "") -> Process:
        """A running git; `index` is the file that it takes for the index, "" for the usual one."""
        other = {"GIT_INDEX_FILE": index} if index else {}
        return Process((*self._argv, *arguments), {**self._environment, **other})

    def run(self, *arguments: str, data: bytes = b"", index: str = "") -> str:
        """What git printed, without the last line feed; `data` is its input. A `GitError` when it failed."""
        process = self.start(*arguments, index=index)
        process.write(data)
        return decoded(process.finish())

    def answer(self, *arguments: str) -> tuple[int, str]:
        """The exit code of a git for which that is an answer, and what it printed."""
        return answer((*self._argv, *arguments), self._environment)

    def ask(self, *arguments: str) -> str:
        """What git printed, "" where it failed: for questions to which that is an answer."""
        try:
            return self.run(*arguments)
        except GitError:
            return ""

    def branch(self) -> str:
        """The branch that is checked out, which need not have a commit yet; "" for a detached HEAD."""
        return self.ask("symbolic-ref", "-q", "HEAD").removeprefix(HEADS)

    def commit(self, name: str) -> str:
        """The id of the commit that a name leads to, "" for none."""
        return self.ask("rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}")

    def locals(self) -> dict[str, Local]:
        """The local branches."""
        lines = self.run("for-each-ref", "--format=%(objectname) %(refname)%00%(worktreepath)", HEADS).split("\n")
        found = {}
        for line in lines if lines != [""] else []:
            tip, _, rest = line.partition(" ")
            ref, _, worktree = rest.partition("\0")
            found[ref.removeprefix(HEADS)] = Local(tip, worktree)
        return found

    def url(self, remote: str) -> str:
        """The address of a remote, "" where there is none of that name."""
        return self.ask("remote", "get-url", "--", remote)


def nothing_yet(survey: Survey) -> str:
    """What to say where no branch is known, here or of the remote."""
    if survey.place.bare:
        return f"there is no branch '{HALFHOOKS.production}' in it yet; a project begins in a clone, with: ho init"
    if not survey.remote:
        return "there is no branch here yet; a project begins with: ho init"
    what = f"no branch of '{survey.remote}' is known here; a project begins with: ho init"
    return f"{what}; one that exists comes with: {survey.fetch}"


def find_git() -> str:
    """The absolute path of git; fails with `CannotTell`."""
    git = shutil.which("git")
    if git is None:
        raise CannotTell("git is not in the PATH")
    return os.path.abspath(git)


def make_repository(git: str, folder: str, branch: str) -> None:
    """Makes an empty repository whose first commit will be on `branch`; a `GitError` when git failed."""
    Process((git, "init", "-q", "-b", branch, "--", folder), {**os.environ, "LC_ALL": "C"}).finish()


def answer(argv: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """The exit code of a git that may fail, and what it printed."""
    done = subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    return done.returncode, decoded(done.stdout)


def decoded(output: bytes) -> str:
    """What git printed, without the last line feed."""
    return output.decode("utf-8", "surrogateescape").removesuffix("\n")


def reason(error: GitError) -> str:
    """Why git failed, in one line, with the command that git itself proposes."""
    said = [line.strip() for line in error.stderr.splitlines() if line.strip()] or [str(error)]
    helps = [line for line in said[1:] if line.startswith("git config")]
    return ": ".join([said[0].removeprefix("fatal: "), *helps])

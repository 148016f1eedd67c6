"""Where a hook of a clone runs: the repository, what is checked out there, and whether a part of its history is missing."""

from __future__ import annotations

import os

from halfhooks.git import GitError, Repository
from halfhooks.layout import HALFHOOKS
from halfhooks.names import parse_ref
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Environment = Mapping[str, str]
    Verdict = tuple[int, list[str]]

PASS = 0
STOP = 1
ELSEWHERE = ("GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE")
"""What leads git to another repository than the nearest one."""


class Place(NamedTuple):
    """The git directory of the worktree, that of the whole repository, and whether its history is cut off."""

    own_dir: str
    git_dir: str
    shallow: bool


def find_place(git: str, environment: Environment) -> Place:
    """The repository that a hook runs in; git itself is asked only where it does not lie before us."""
    own_dir = os.path.join(os.getcwd(), ".git")
    by_commit = "GIT_INDEX_FILE" in environment and environment.keys().isdisjoint(ELSEWHERE)
    if by_commit and os.path.isdir(own_dir):  # git runs the hooks of a commit at the top of the working tree
        return Place(own_dir, own_dir, os.path.exists(os.path.join(own_dir, "shallow")))
    from halfhooks.survey import locate

    found = locate(git, environment)
    return Place(found.own_dir, found.git_dir, found.shallow)


class Head(NamedTuple):
    """Where a commit goes: the full name of the branch, "" for none, and HEAD's own commit where it is detached.

    It is so while the branch is rebased, which moves in the end only.
    """

    ref: str
    detached: str = ""

    @property
    def kind(self) -> str:
        """What the branch is to the workflow."""
        return parse_ref(self.ref, HALFHOOKS).kind


def find_head(git: str, place: Place, environment: Environment) -> Head:
    """What is checked out (gitrepository-layout(5))."""
    head = read_text(os.path.join(place.own_dir, "HEAD")).strip()
    if head == "ref: refs/heads/.invalid":  # refs are kept elsewhere (reftable)
        head = _ask(git, place, environment, "symbolic-ref", "--quiet", "HEAD")
        head = f"ref: {head}" if head else _ask(git, place, environment, "rev-parse", "--verify", "--quiet", "HEAD")
    if head.startswith("ref: "):
        return Head(head[len("ref: ") :])
    rebased = (os.path.join(place.own_dir, each, "head-name") for each in ("rebase-merge", "rebase-apply"))
    return Head(next((name.strip() for name in map(read_text, rebased) if name), ""), head)


def _ask(git: str, place: Place, environment: Environment, *question: str) -> str:
    try:
        return Repository(git, place.own_dir, environment).start(*question).finish().decode().strip()
    except GitError:
        return ""


def read_text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")
    except OSError:
        return ""


class Lacks:
    """Turns a failure to read into no verdict where the clone was made without a part of the repository."""

    def __init__(self, git_dir: str, shallow: bool) -> None:
        self._git_dir = git_dir
        self._shallow = shallow

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if not isinstance(error, GitError):
            return
        from halfhooks.survey import CannotTell

        if self._shallow:
            raise CannotTell("the history is cut off where it is needed: git fetch --unshallow")
        if is_partial(self._git_dir):
            raise CannotTell(f"this clone is a partial one, and lacks what is needed: {error}")


def is_partial(git_dir: str) -> bool:
    """Whether the clone leaves objects with the remote until they are needed (git clone --filter)."""
    return "promisor" in read_text(os.path.join(git_dir, "config"))

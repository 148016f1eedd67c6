"""What the hooks of a clone do: tell a developer early what the server would refuse, and else say nothing.

The same rules judge, on values that are collected in the clone. Where nothing can be told, because there is no production
branch yet or a push goes to a repository that is not known, nothing is refused: only the server's hook is the authority.

Each function ends the process, and loads what it needs alone: a commit should not wait for what a push needs.
"""

from __future__ import annotations

import os

from halfhooks.git import GitError, read_all
from halfhooks.objects import MalformedObject
from halfhooks.place import PASS, STOP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from halfhooks.place import Verdict


def pre_commit(git: str) -> NoReturn:
    """Judge the index as a commit on the current branch.

    Before `git merge` commits, MERGE_HEAD is not yet written; what is merged is named in the environment.
    """

    def judge() -> Verdict:
        from halfhooks.before_commit import judge_commit

        merged = sorted(name[len("GITHEAD_") :] for name in os.environ if name.startswith("GITHEAD_"))
        return judge_commit(git, os.environ, tuple(merged))

    _run(judge)


pre_merge_commit = pre_commit


def commit_msg(git: str) -> NoReturn:
    """Put the reference to the ticket into the message of a commit on a patch branch."""

    def refer() -> Verdict:
        from halfhooks.ticket import refer_to_ticket

        return refer_to_ticket(git, os.environ, _arguments())

    _run(refer)


def pre_push(git: str) -> NoReturn:
    """Judge a push as the server would."""

    def judge() -> Verdict:
        from halfhooks.before_push import judge_push

        return judge_push(git, os.environ, _arguments(), read_all(0))

    _run(judge)


def post_merge(git: str) -> NoReturn:
    """Say when the release of the current patch has moved on."""
    _run(lambda: _announce(git), stops=False)


def post_checkout(git: str) -> NoReturn:
    """The same, when another branch is checked out: git gives HEAD before and after, and 1 for a branch."""
    moved = _arguments()[2:3] == ["1"] or os.environ.get("PRE_COMMIT_CHECKOUT_TYPE") == "1"
    _run(lambda: _announce(git) if moved else (PASS, []), stops=False)


def _announce(git: str) -> Verdict:
    from halfhooks.news import announce

    return announce(git, os.environ)


def _arguments() -> list[str]:
    import sys

    return sys.argv[1:]


def _run(judge: Callable[[], Verdict], stops: bool = True) -> NoReturn:
    """Print what a hook has to say and end the process, without Python's own clean-up. What is unexpected stops git; a
    hook that comes after the deed keeps it to itself.
    """
    status, lines = STOP, ["halfhooks: stopped before anything was judged"]
    try:
        try:
            status, lines = judge()
        except BaseException as error:
            status, lines = _explain(error) if stops else (PASS, [])
    finally:
        try:
            if lines:
                from halfhooks.report import shown

                os.write(2, "".join(f"{shown(line)}\n" for line in lines).encode("utf-8", "replace"))
        finally:
            os._exit(status if stops else PASS)


def _explain(error: BaseException) -> Verdict:
    from halfhooks.survey import CannotTell

    if isinstance(error, CannotTell):
        return PASS, [f"halfhooks: nothing was judged: {error}"]
    if isinstance(error, (GitError, MalformedObject)):
        return STOP, [f"halfhooks: git could not read what is to be judged: {error}"]
    return STOP, [f"halfhooks: internal error: {type(error).__name__}: {error}"]

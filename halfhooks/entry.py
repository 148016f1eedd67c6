"""Where a hook begins and ends: collect, check, print, exit. Anything unexpected is one line, and a refusal."""

from __future__ import annotations

import posix
import sys

from halfhooks import report
from halfhooks.bundle import load
from halfhooks.collect import Collector, Unreadable, parse_updates
from halfhooks.git import GitError, Repository, read_all
from halfhooks.lock import LockError, acquire, glance
from halfhooks.names import RELEASE_TAG
from halfhooks.objects import MalformedObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType
    from typing import NoReturn

    from halfhooks.push import Push
    from halfhooks.snapshot import Update

ACCEPT = 0
REFUSE = 1
REFUSED = "nothing was pushed"


def pre_receive(git: str) -> NoReturn:
    """Judge the push that git describes on standard input, and end the process. `git` is git's absolute path.

    The process ends without Python's own clean-up, which takes a tenth of its start-up and does nothing for us.
    """
    status, lines = REFUSE, ["halfhooks: stopped before the push was judged, nothing was pushed"]
    try:
        status, lines = judge_push(git, read_all(0), _environment())
    except BaseException as error:  # whatever it is, the push must not pass, and the pusher gets one line
        what = report.shown(f"{type(error).__name__}: {error}")
        lines = [f"halfhooks: internal error, nothing was pushed: {what}"]
    finally:
        _end(status, lines)


def _environment() -> dict[str, str]:
    """What `os.environ` would hold."""
    encoding = sys.getfilesystemencoding()
    return {
        name.decode(encoding, "surrogateescape"): value.decode(encoding, "surrogateescape")
        for name, value in posix.environ.items()
    }


def _end(status: int, lines: list[str]) -> NoReturn:
    try:
        posix.write(2, "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
    finally:
        posix._exit(status)


def _rules() -> ModuleType:
    """The module that judges, half of the core with what it imports: a push first asks git for its refs, then loads it."""
    load("rules")
    from halfhooks import rules

    return rules


def judge_push(git: str, data: bytes, environment: Mapping[str, str]) -> tuple[int, list[str]]:
    """The exit status for a push and the lines to show, from pre-receive's standard input and environment."""
    try:
        return _judge(git, parse_updates(data), environment)
    except (GitError, MalformedObject, Unreadable) as error:
        rules = _rules()
        finding = rules.Finding(f"the push could not be read: {error}", code="HH001")
        return REFUSE, report.to_text([finding], rules.RULES, REFUSED)
    except LockError as error:
        return REFUSE, [f"halfhooks: {report.shown(str(error))}; {REFUSED}"]


def _judge(git: str, updates: tuple[Update, ...], environment: Mapping[str, str]) -> tuple[int, list[str]]:
    """Judge a push without the lock first: a refusal, and what needs no lock, keeps nobody waiting."""
    if not updates:
        return ACCEPT, []
    repository = Repository(git, environment.get("GIT_DIR", "."), environment)
    seen = glance(repository.git_dir)
    collector = Collector(repository, updates, "GIT_SHALLOW_FILE" in environment)
    _rules()
    push = collector.push()
    status, lines = _verdict(push, collector)
    if status == ACCEPT and any(move.name.policed or move.name.kind == RELEASE_TAG for move in push.moves):
        outside = Repository(git, repository.git_dir, {})
        lock = acquire(repository.git_dir, push.config.lockWait, outside.tips)
        nobody_came_between = bool(seen) and seen == lock.note
        if not nobody_came_between and collector.has_moved():
            status, lines = _verdict(collector.push(), collector)
        if status == ACCEPT:
            lock.hand_over(updates)
        else:
            lock.release()
    return status, lines


def _verdict(push: Push, collector: Collector) -> tuple[int, list[str]]:
    rules = _rules()
    refused, lines = report.conclude(rules.check(push), collector.remarks, rules.RULES, REFUSED, "the push is accepted")
    return (REFUSE if refused else ACCEPT), lines

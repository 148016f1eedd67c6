"""Where a hook begins and ends: collect, check, print, exit. Anything unexpected is one line, and a refusal."""

from __future__ import annotations

import os

from halfhooks.collect import Unreadable, collect_push, parse_updates
from halfhooks.git import GitError, Repository, read_all
from halfhooks.objects import MalformedObject
from halfhooks.report import escape, to_text
from halfhooks.rules import RULES, Finding, check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

ACCEPT = 0
REFUSE = 1


def pre_receive(git: str) -> NoReturn:
    """Judge the push that git describes on standard input, and end the process. `git` is git's absolute path.

    The process ends without Python's own clean-up, which takes a tenth of its start-up and does nothing for us.
    """
    status, lines = REFUSE, ["halfhooks: stopped before the push was judged, nothing was pushed"]
    try:
        status, lines = judge_push(git, read_all(0), os.environ)
    except BaseException as error:  # whatever it is, the push must not pass, and the pusher gets one line
        lines = [
            f"halfhooks: internal error, nothing was pushed: {escape(type(error).__name__)}: {escape(str(error))[:300]}"
        ]
    finally:
        _end(status, lines)


def _end(status: int, lines: list[str]) -> NoReturn:
    try:
        os.write(2, "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
    finally:
        os._exit(status)


def judge_push(git: str, data: bytes, environment: Mapping[str, str]) -> tuple[int, list[str]]:
    """The exit status for a push and the lines to show, from pre-receive's standard input and environment."""
    repository = Repository(git, environment.get("GIT_DIR", "."), environment)
    try:
        updates = parse_updates(data)
        if not updates:
            return ACCEPT, []
        collected = collect_push(repository, updates, "GIT_SHALLOW_FILE" in environment)
        findings = check(collected.push)
    except (GitError, MalformedObject, Unreadable) as error:
        findings = [Finding(f"the push could not be read: {error}", code="HH001")]
        return REFUSE, to_text(findings, RULES, "nothing was pushed")
    remarks = [f"halfhooks: warning: {escape(remark)}" for remark in collected.remarks]
    refused = any(not finding.warning for finding in findings)
    if not findings:
        return ACCEPT, remarks
    outcome = "nothing was pushed" if refused else "the push is accepted"
    return (REFUSE if refused else ACCEPT), remarks + to_text(findings, RULES, outcome)

"""What a CI job was started for: the variables and the event of GitHub and GitLab, read as one move of one ref.

`read_job` is a pure function; `fetch` alone changes something. Sources: GitHub's "Variables reference" and "Webhook
events and payloads", GitLab's "Predefined CI/CD variables reference".
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from halfhooks.layout import HEADS, TAGS
from halfhooks.survey import CannotTell, Place, locate, tracking
from halfhooks.values import NamedTuple

SHA = re.compile("[0-9a-f]{40}([0-9a-f]{24})?")


class Job(NamedTuple):
    """Why a host started a job.

    A push moved `ref` from `old` to `new` ("" for a ref that was made, or deleted). A proposal (`number` is that of the
    pull or merge request) would bring `new` to `ref`; `merged` is the merge of both that the host has made, "" for none.
    Any other event moved nothing that the host tells of: `ref` is "".
    """

    host: str
    event: str
    ref: str = ""
    old: str = ""
    new: str = ""
    number: str = ""
    merged: str = ""

    @property
    def proposal(self) -> bool:
        """Whether nothing has moved yet."""
        return bool(self.number)

    @property
    def words(self) -> str:
        """The event for people."""
        return f"{self.host} {self.event.replace('_', ' ')}" + (f" {self.number}" if self.number else "")

    @property
    def commits(self) -> list[str]:
        """The objects that have to be here."""
        return [oid for oid in (self.old, self.new, self.merged) if oid]


def read_event(environment: Mapping[str, str]) -> object:
    """The document in which GitHub tells of the event; None for a host that has none."""
    path = environment.get("GITHUB_EVENT_PATH", "")
    if environment.get("GITHUB_ACTIONS") != "true" or not path:
        return None
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CannotTell(f"the event in '{path}' cannot be read: {error}") from None


def read_job(environment: Mapping[str, str], event: object) -> Job:
    """What the variables of a job, and the event of a GitHub job, tell. `CannotTell` where they tell nothing."""
    if environment.get("GITHUB_ACTIONS") == "true":
        return _github(environment, event)
    if environment.get("GITLAB_CI") == "true":
        return _gitlab(environment)
    raise CannotTell("this is no job of GitHub or GitLab; say what moved: ho check OLD..NEW --ref BRANCH")


# --- GitHub


def _github(environment: Mapping[str, str], event: object) -> Job:
    host, name = "GitHub", environment.get("GITHUB_EVENT_NAME", "")
    if name == "push":
        ref = _ref(_told(event, "ref"))
        return Job(host, name, ref, _oid(_told(event, "before")), _oid(_told(event, "after")))
    if name in ("pull_request", "pull_request_target"):
        target = _ref(HEADS + _told(event, "pull_request", "base", "ref"))
        head = _oid(_told(event, "pull_request", "head", "sha"))
        number = event.get("number") if isinstance(event, dict) else None
        # what was checked out is the merge for the first, the target for the second
        merged = _oid(environment.get("GITHUB_SHA", "")) if name == "pull_request" else ""
        return Job(host, "pull_request", target, "", head, str(number or "?"), merged)
    if name == "merge_group":
        ref = _ref(_told(event, "merge_group", "base_ref"))
        old, new = (_oid(_told(event, "merge_group", key)) for key in ("base_sha", "head_sha"))
        return Job(host, name, ref, old, new)
    return Job(host, name or "job")


def _told(event: object, *keys: str) -> str:
    """The text below some keys of the event."""
    value = event
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, str):
        raise CannotTell(f"the event does not tell '{'.'.join(keys)}': is GITHUB_EVENT_PATH set?")
    return value


# --- GitLab


def _gitlab(environment: Mapping[str, str]) -> Job:
    host, source = "GitLab", environment.get("CI_PIPELINE_SOURCE", "")
    new = environment.get("CI_COMMIT_SHA", "")
    if source == "merge_request_event":
        target = _ref(HEADS + environment.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", ""))
        head = environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "")  # empty unless the host has made the merge
        number = environment.get("CI_MERGE_REQUEST_IID", "") or "?"
        return Job(host, "merge_request", target, "", _oid(head or new), number, _oid(new) if head else "")
    name = environment.get("CI_COMMIT_TAG", "") or environment.get("CI_COMMIT_BRANCH", "")
    if source == "push" and name:
        ref = _ref((TAGS if environment.get("CI_COMMIT_TAG") else HEADS) + name)
        # only a push has what was before; zeros say elsewhere that nobody knows
        return Job(host, source, ref, _oid(environment.get("CI_COMMIT_BEFORE_SHA", "")), _oid(new))
    return Job(host, source or "pipeline")


def _ref(text: str) -> str:
    if not text.startswith((HEADS, TAGS)) or text in (HEADS, TAGS):
        raise CannotTell(f"the host names no branch or tag: '{text}'")
    return text


def _oid(text: str) -> str:
    """An object id, "" for zeros."""
    if not SHA.fullmatch(text):
        raise CannotTell(f"the host gives '{text}' where a commit is meant")
    return text if text.strip("0") else ""


# --- fetching

WHOLE = "--unshallow"
DEEP = "--depth=2147483647"
"""The same; but git takes it also where nothing is cut off any more."""


def fetch_commands(place: Place, remote: str, wanted: Iterable[str] = ()) -> list[tuple[str, ...]]:
    """The commands that bring all branches and tags of a remote as they stand there, and then some objects, one by one.

    `--force`, because actions/checkout puts a commit in the place of an annotated tag.
    """
    whole, deep = ((WHOLE,), (DEEP,)) if place.shallow else ((), ())
    start = ("git", "fetch", "--quiet", "--force")
    every = (*start, "--prune", *whole, "--tags", remote, f"+refs/heads/*:{tracking(remote)}*")
    return [every, *((*start, *deep, remote, oid) for oid in wanted)]


def fetch(git: str, environment: Mapping[str, str], remote: str, wanted: Iterable[str]) -> None:
    """Bring what a judgement needs; `CannotTell` when the branches do not come.

    An object that does not come is missed later on, if at all: a host may have forgotten what a forced push left behind.
    """
    quiet = {**environment, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    place = locate(git, environment)
    every, *others = fetch_commands(place, remote, dict.fromkeys(wanted))
    done = _run(git, every, quiet)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["git says nothing"])[-1]
        raise CannotTell(f"'{shlex.join(every)}' failed: {said}")
    for command in others:
        if place.shallow or _run(git, ("git", "cat-file", "-e", command[-1]), quiet).returncode:
            _run(git, command, quiet)


def _run(git: str, command: tuple[str, ...], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [git, *command[1:]],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="backslashreplace",
    )

"""Commands of the lifecycle that are stopped at any of their steps; the second run finishes them, and nothing is lost.

All dates are fixed here, so a command that was stopped and run again must leave the very refs of one that was not.
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from halfhooks.ho.database.connect import Server as Postgres
from halfhooks.ho.database.connect import ask
from halfhooks.ho.lifecycle.transaction import Journal
from tests.builders import Refs
from tests.ho.database.conftest import environment, server, servers
from tests.ho.lifecycle.clones import CHANGING, SOAK, Ran, User, must_be_legal, refusing, team_template, work_of

__all__ = ["environment", "server", "servers", "team_template"]

HOWS = ("before", "after", "fail", "gone", "lost")
FIRST = int(os.environ.get("HALFHOOKS_SEED") or (Random().randrange(2**32) if SOAK else 5))
"""What the random choices begin with."""

COMMANDS = {
    "begun": ("release new minor",),
    "started": ("patch new 1-a -d words", "release abandon 0.1.0"),
    "listed": ("undo",),
    "worked": (
        "patch order 2-b 1-a",
        "patch move 2-b --to 1.0.0",
        "patch drop 2-b --delete",
        "patch drop 2-b",
        "patch adopt topic --as 3-c --release 0.1.0",
        "patch close 1-a --no-tests",
        "patch close --no-tests",
        "release restart 0.1.0",
    ),
    "staged": ("release restart 0.1.0 --without 1-a", "release promote rc --no-tests"),
    "complete": ("release promote prod --no-tests",),
    "released": ("release hotfix",),
    "urgent": ("release promote hotfix --no-tests",),
    "behind": ("release sync 1.0.0",),
}
"""The commands, by the state in which each is tried."""


KILLED = -9
INTERRUPTIONS = 50 if SOAK else 5
"""How often each kind of interruption comes at random."""
STOPS = 50 if SOAK else 1
"""How often a command is stopped at a call of git in each way."""


class Goal(NamedTuple):
    """What a command does where nobody disturbs it: the refs of the server and of the clone, and its calls of git."""

    server: Refs
    clone: Refs
    calls: list[str]
    seconds: float


Stop = Callable[[User, list[str]], Ran]
"""Runs a command that is stopped."""
Choice = tuple[Stop, str]
"""How a command is stopped, and that in words."""


class Field:
    """States of a project, each made when it is needed first; and what each command does in its state."""

    def __init__(self, folder: Path, begun: User) -> None:
        self.folder = folder
        self.states: dict[str, User] = {}
        self.goals: dict[str, Goal] = {}
        self._making = self._states(begun)

    def _states(self, user: User) -> Iterator[tuple[str, User]]:
        def kept(name: str) -> tuple[str, User]:
            return name, user.copied(self.folder / name)

        yield kept("begun")
        user = user.copied(self.folder / "making")
        user.done("release", "new", "minor")
        yield kept("started")
        user.done("patch", "new", "1-a")
        yield kept("listed")
        user.work("1-a")
        user.done("release", "new", "major", "--no-switch")
        user.done("patch", "new", "2-b", "--release", "0.1.0")
        user.switch("-c", "topic").commit("app/topic.py", "# topic\n").switch("ho-patch/2-b")
        user.commit("Patches/2-b/01.sql", "create table b (id int);\n")  # which nobody has but us
        yield kept("worked")
        user.done("patch", "close", "1-a", "--no-tests")
        yield kept("staged")
        user.done("patch", "close", "2-b", "--no-tests")
        user.done("release", "promote", "rc", "--no-tests")
        yield kept("complete")
        user.done("release", "promote", "prod", "--no-tests")
        yield kept("released")
        user.done("release", "hotfix")
        user.done("patch", "new", "4-d")
        user.work("4-d")
        user.done("patch", "close", "--no-tests")
        yield kept("urgent")
        user.done("release", "promote", "hotfix", "--no-tests")
        yield kept("behind")

    def goal(self, state: str, command: str) -> Goal:
        if command not in self.goals:
            with self.trial(state) as user:
                started = time.monotonic()
                ran, calls = user.counted(*command.split())
                seconds = time.monotonic() - started
                assert ran.code == 0, ran
                user.must_be_sane()
                must_be_legal(user.server)
                self.goals[command] = Goal(user.server.refs(), user.refs(), calls, seconds)
        return self.goals[command]

    def trial(self, state: str) -> Trial:
        while state not in self.states:
            self.states.update([next(self._making)])
        return Trial(self.states[state], self.folder / "trial")


class Trial:
    """A copy of a state, as long as the block takes."""

    def __init__(self, template: User, folder: Path) -> None:
        self.template = template
        self.folder = folder

    def __enter__(self) -> User:
        shutil.rmtree(self.folder, ignore_errors=True)  # that of one that failed
        return self.template.copied(self.folder)

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            shutil.rmtree(self.folder)


@pytest.fixture(scope="module")
def field(team_template: User, servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in servers.items():
            patch.setenv(name, value)
        temporary = tmp_path_factory.mktemp("temporary")
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr(tempfile, "tempdir", str(temporary))
        yield Field(tmp_path_factory.mktemp("states"), team_template)


def scratch(server: Postgres) -> list[tuple[object, ...]]:
    return ask(server, "postgres", "select datname from pg_database where datname ~ '^halfhooks_tmp'")


def finished_by_the_next(field: Field, state: str, command: str, stop: Stop, words: str) -> int:
    """Run a command that something stops; then run it again: that must complete it. The exit code of the first."""
    goal = field.goal(state, command)
    with field.trial(state) as user:
        mine = set(user.git("rev-list", "--branches", "--tags").split())
        theirs = work_of(user.server)
        ran = stop(user, command.split())
        said = f"ho {command}, {words}:\n{ran.out}"
        must_be_legal(user.server, said)
        if ran.code == 0:
            assert user.server.refs() == goal.server, said
        elif ran.code > 0:
            assert "halfhooks: " in ran.out, said
            assert "Traceback" not in ran.out, said
        kept = work_of(user.server) | set(user.git("rev-list", "--branches", "--tags", "--reflog").split())
        assert mine | theirs <= kept, said
        code, told = ran.code, ran.code == 0
        last = Journal(str(user.clone / ".git")).last()
        had_ended = last is not None and last.command == f"ho {command}" and ran.code == KILLED
        while ran.code and not had_ended:
            ran = user.ho(*command.split())
            said += f"and again:\n{ran.out}"
            locks = [path for path in locks_of(user) if str(path) in ran.out or path.name in ran.out]
            assert ran.code == 0 or locks, said
            told |= bool(locks)
            for lock in locks:  # git that is killed leaves them, and says so
                lock.unlink()
        assert user.server.refs() == goal.server, said
        assert user.refs() == goal.clone or (told and ("git pull" in said or "git switch" in said)), said
        if not told:
            user.must_be_sane()
        return code


def locks_of(user: User) -> list[Path]:
    """The locks that git has left in the clone or on the server."""
    found = [*user.server.path.rglob("*.lock"), *(user.clone / ".git").rglob("*.lock")]
    return [path for path in found if path.name != "lifecycle.lock"]


def stop_at_random(random: Random, goal: Goal, how: str) -> Choice:
    """Stop a command at one of its calls of git, rather at those that change something."""
    calls = [number for number, call in enumerate(goal.calls, 1) if how != "lost" or remote(call)]
    weights = [4 if changes(goal.calls[number - 1]) else 1 for number in calls]
    (number,) = random.choices(calls, weights)

    def stop(user: User, words: list[str]) -> Ran:
        ran, _ = user.counted(*words, stop=number, how=how)
        # what reads objects ends when the command does, and two calls at once may both miss their number
        assert how not in ("before", "after") or ran.code in (KILLED, 0), ran
        return ran

    return stop, f"{how} at call {number}: git {goal.calls[number - 1]}"


def kill_at_random(random: Random, goal: Goal) -> Choice:
    """Kill a command with all its processes, at any moment."""

    def stop(user: User, words: list[str]) -> Ran:
        process = user.start(*words)
        try:
            process.wait(random.uniform(0.1, goal.seconds))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        out, _ = process.communicate()
        return Ran(process.returncode, out)

    return stop, "killed"


def refuse_at_random(random: Random, goal: Goal) -> Choice:
    """Let the server refuse one of the pushes."""
    pushes = sum(call.startswith("push") for call in goal.calls)
    number = random.randrange(pushes)

    def stop(user: User, words: list[str]) -> Ran:
        with refusing(user.server, number, 1):
            ran = user.run(*words)
        assert ran.code == 1, ran
        assert "not today" in ran.out
        return ran

    return stop, f"push {number} refused"


def cut_at_random(random: Random, goal: Goal) -> Choice:
    """Let the server be gone from one of the calls of git on, or lose its answer."""
    calls = [number for number, call in enumerate(goal.calls, 1) if remote(call)]
    number, how = random.choice(
        [*((number, "lost") for number in calls), (random.randrange(1, len(goal.calls)), "gone")]
    )

    def stop(user: User, words: list[str]) -> Ran:
        return user.counted(*words, stop=number, how=how)[0]

    return stop, f"{how} at call {number}: git {goal.calls[number - 1]}"


KINDS: dict[str, tuple[int, Callable[[Random, Goal], Choice]]] = {
    "killed": (INTERRUPTIONS, kill_at_random),
    "refused": (INTERRUPTIONS, refuse_at_random),
    "cut off": (INTERRUPTIONS, cut_at_random),
    **{how: (STOPS, functools.partial(stop_at_random, how=how)) for how in HOWS},
}
"""The kinds of interruptions, and how often each comes."""


def commands_of(random: Random) -> list[tuple[str, str]]:
    """The commands that are tried, each with its state: all, or as many as there is time for."""
    commands = [(state, command) for state, commands in COMMANDS.items() for command in commands]
    return commands if SOAK else random.sample(commands, 5)


def test_what_is_interrupted_at_random_is_finished_by_the_next(
    field: Field, server: Postgres, capsys: pytest.CaptureFixture[str]
) -> None:
    random = Random(FIRST)
    commands = commands_of(random)
    faults: list[str] = []
    for kind, (times, choose) in KINDS.items():
        codes: Counter[int] = Counter()
        for number in range(times):
            state, command = random.choice(commands) if SOAK else commands[number % len(commands)]
            try:
                stop, words = choose(random, field.goal(state, command))
                codes[finished_by_the_next(field, state, command, stop, words)] += 1
            except AssertionError as error:
                faults.append(f"{state}: {error}")
        with capsys.disabled():
            print(f"\n{kind}, {times} times: exit codes {dict(codes)}", end=" ")
        assert times < 5 or sum(codes.values()) > codes[0] or faults
    assert not faults, "\n\n".join([f"{len(faults)} faults, from {FIRST} on:", *faults])
    assert scratch(server) == []


def remote(call: str) -> bool:
    """Whether a call of git talks to the server."""
    return any(word in ("fetch", "push", "ls-remote") for word in call.split()[:6])


def changes(call: str) -> bool:
    """Whether a call of git changes more than it adds objects."""
    return any(word in CHANGING for word in call.split()[:6])

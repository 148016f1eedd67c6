"""Commands of the lifecycle that are stopped at any of their steps; the second run finishes them, and nothing is lost.

All dates are fixed here, so a command that was stopped and run again must leave the very refs of one that was not.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from halfhooks.ho.database.connect import Server as Postgres
from tests.builders import Refs
from tests.ho.database.conftest import environment, server, servers
from tests.ho.lifecycle.clones import CHANGING, SOAK, User, must_be_legal, team_template, work_of

__all__ = ["environment", "server", "servers", "team_template"]

HOWS = ("before", "after", "fail", "gone", "lost")
FIRST = Random().randrange(2**32) if SOAK else 5
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


class Goal(NamedTuple):
    """What a command does where nobody disturbs it: the refs of the server and of the clone, and its calls of git."""

    server: Refs
    clone: Refs
    calls: list[str]


class Field:
    """States of a project, each made once; and what each command does in its state."""

    def __init__(self, folder: Path, begun: User) -> None:
        self.folder = folder
        self.states = dict(self._states(begun))
        self.goals: dict[str, Goal] = {}

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
                ran, calls = user.counted(*command.split())
                assert ran.code == 0, ran
                user.must_be_sane()
                must_be_legal(user.server)
                self.goals[command] = Goal(user.server.refs(), user.refs(), calls)
        return self.goals[command]

    def trial(self, state: str) -> Trial:
        return Trial(self.states[state], self.folder / "trial")


class Trial:
    """A copy of a state, as long as the block takes."""

    def __init__(self, template: User, folder: Path) -> None:
        self.template = template
        self.folder = folder

    def __enter__(self) -> User:
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
    from halfhooks.ho.database.connect import ask

    return ask(server, "postgres", "select datname from pg_database where datname ~ '^halfhooks_tmp'")


def stopped(field: Field, state: str, command: str, stop: int, how: str) -> None:
    """Stop a command at one of its calls of git; then run it again."""
    goal = field.goal(state, command)
    with field.trial(state) as user:
        mine = set(user.git("rev-list", "--branches", "--tags").split())
        theirs = work_of(user.server)
        ran, calls = user.counted(*command.split(), stop=stop, how=how)
        said = f"ho {command}, {how} at call {stop}: {calls[-1:]}\n{ran.out}"
        assert ran.code == (-9 if how in ("before", "after") else ran.code), said
        must_be_legal(user.server, said)
        reached = user.server.refs()
        if ran.code == 0:
            assert reached == goal.server, said
        elif ran.code > 0:
            assert "halfhooks: " in ran.out, said
            assert "Traceback" not in ran.out, said
        kept = work_of(user.server) | set(user.git("rev-list", "--branches", "--tags", "--reflog").split())
        assert mine | theirs <= kept, said
        if ran.code:
            again = user.ho(*command.split())
            said += f"and again:\n{again.out}"
            assert again.code == 0, said
        assert user.server.refs() == goal.server, said
        assert user.refs() == goal.clone or (ran.code == 0 and ("git pull" in said or "git switch" in said)), said
        user.must_be_sane()


def stops_of(field: Field, state: str, command: str) -> list[tuple[str, str, int, str]]:
    """Each call of git of a command that is chosen, with each way to stop there."""
    calls = [number for number, call in enumerate(field.goal(state, command).calls, 1) if SOAK or changes(call)]
    return [(state, command, number, how) for number in calls for how in HOWS]


def changes(call: str) -> bool:
    """Whether a call of git changes more than it adds objects."""
    return any(word in CHANGING for word in call.split()[:6])


def test_a_command_that_is_stopped_at_any_call_of_git_is_finished_by_the_next(field: Field, server: Postgres) -> None:
    random = Random(FIRST)
    commands = [(state, command) for state, commands in COMMANDS.items() for command in commands]
    stops = [stop for each in commands for stop in stops_of(field, *each)]
    if not SOAK:
        stops = [random.choice([stop for stop in stops if stop[1] == command]) for _, command in commands]
    for stop in stops:
        stopped(field, *stop)
    assert scratch(server) == []

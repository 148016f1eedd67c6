"""Random walks through the workflow, in plain git against a guarded repository, and at each turn something illegal.

Every legal move must be accepted and leave exactly the refs that the model expects; every offence must be refused by a
rule and leave all refs alone. A failure ends with a script that does the same again.
"""

from __future__ import annotations

import io
import os
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from halfhooks.ho.commands import check
from tests.builders import CODE, LIST_REFS, Server, parse_refs, run
from tests.walks.history import Moves, make_clone
from tests.walks.moves import MOVES, Move
from tests.walks.offences import OFFENCES
from tests.walks.project import PRODUCTION, Project

SOAK = "HALFHOOKS_SOAK" in os.environ
STEPS = int(os.environ.get("HALFHOOKS_STEPS", "5000" if SOAK else "210"))
"""Legal moves in all, each followed by an offence."""
LENGTH = 60
"""Moves of one walk."""
RANDOM = st.randoms(use_true_random=False)


class Walk(RuleBasedStateMachine):
    """One walk from a new project on; the rules are the moves."""

    folder: Path
    template: Path
    done: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.template, self.folder / "server.git", symlinks=True)
        self.server = Server(self.folder / "server.git")
        os.chdir(self.server.path)  # where `ho check` looks
        self.failed = False
        self.clone = make_clone(self.folder / "clone.git", "../server.git")
        self.project = Project(self.clone)

    @initialize()
    def begin(self) -> None:
        self.accepted("begin", {PRODUCTION: self.project.production})

    def step(self, name: str, move: Move, random: Random) -> None:
        """A legal move, then something illegal."""
        subject = random.choice(move.subjects(self.project))
        for pushed in move.pushes(self.project, random, subject):
            self.accepted(name, pushed)
        self.clean()
        self.done[name] += 1
        self.offend(random)

    def teardown(self) -> None:
        self.done["walks"] += 1
        if not self.failed:
            self.clean("--history")

    def clean(self, *options: str) -> None:
        """What the server holds is legal, says `ho check`."""
        with redirect_stdout(io.StringIO()) as output:
            status = check.main(options)
        if status:
            self.fail(f"ho check {' '.join(options)}: exit code {status}", output.getvalue())

    def offend(self, random: Random) -> None:
        possible = {name: found for name, offence in OFFENCES.items() if (found := offence.subjects(self.project))}
        name = random.choice(sorted(possible))
        moves = OFFENCES[name].push(self.project, random, random.choice(possible[name]))
        self.clone.script.append(f"# {name}: must be refused")
        done = self.clone.push(moves, "--porcelain")
        codes = set(CODE.findall(done.stderr))
        if done.returncode == 0 or not codes - {"HH001"} or self.refs() != self.project.refs:
            self.fail(f"the offence '{name}' was not refused by a rule", done.stderr)
        self.done[name] += 1

    def accepted(self, name: str, moves: Moves) -> None:
        """A push that must be accepted, and must move what it says."""
        self.clone.script.append(f"# {name}: must be accepted")
        done = self.clone.push(moves)
        if done.returncode:
            self.fail(f"the move '{name}' was refused", done.stderr)
        self.project.moved(moves)
        if self.refs() != self.project.refs:
            self.fail(f"the move '{name}' moved other refs", done.stderr)

    def refs(self) -> dict[str, str]:
        return parse_refs(os.fsencode(run("git", "-C", str(self.server.path), *LIST_REFS)))

    def fail(self, what: str, said: str) -> None:
        self.failed = True
        script = self.clone.replay()
        pytest.fail(f"{what}:\n{said}\n# to see it again, beside a guarded server.git:\n{script}", pytrace=False)


def as_rule(name: str, move: Move) -> Callable[..., Any]:
    """The rule of a state machine for a move."""

    def step(walk: Walk, random: Random) -> None:
        walk.step(name, move, random)

    step.__name__ = name
    return precondition(lambda walk: bool(move.subjects(walk.project)))(rule(random=RANDOM)(step))


@pytest.fixture(scope="session")
def guarded(isolated_git: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    server = Server.create(tmp_path_factory.mktemp("guarded") / "server.git")
    server.config("core.fsync", "none").config("receive.autogc", "false")
    return server.path


def test_random_walks(
    guarded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)  # the walks go on from here, and the tests that follow come back
    done: Counter[str] = Counter()
    members = {"folder": tmp_path / "walk", "template": guarded, "done": done}
    machine = type("Walk", (Walk,), {**members, **{name: as_rule(name, move) for name, move in MOVES.items()}})
    walks = -(-STEPS // LENGTH) + 2  # the first are the shortest
    how = settings(
        max_examples=walks,
        stateful_step_count=LENGTH,
        database=None,
        derandomize=not SOAK,
        # a failure prints the whole walk, which says more than minutes of shrinking
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=how)
    while SOAK and sum(done[name] for name in MOVES) < STEPS:  # a walk may end early
        run_state_machine_as_test(machine, settings=how)
    moved = {name: done[name] for name in MOVES}
    offended = {name: done[name] for name in OFFENCES}
    with capsys.disabled():
        print(f"\n{sum(moved.values())} legal moves of {kinds(moved)} kinds,", end=" ")
        print(f"{sum(offended.values())} offences of {kinds(offended)} kinds, in {done['walks']} walks", end=" ")
        if SOAK:
            print(*(f"{done[name]:6} {name}" for name in [*MOVES, *OFFENCES]), sep="\n")
    assert sum(moved.values()) >= STEPS


def kinds(counts: dict[str, int]) -> int:
    return sum(map(bool, counts.values()))

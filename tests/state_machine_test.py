"""Random walks through the workflow, in plain git against a guarded repository, and at each turn something illegal.

Every legal move must be accepted and leave exactly the refs that the model expects; every offence must be refused by a
rule and leave all refs alone. A failure ends with a script that does the same again.
"""

from __future__ import annotations

import io
import os
import shutil
from collections import Counter
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from random import Random
from typing import Any, Union

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from halfhooks.ho.commands import check
from tests.builders import CODE, LIST_REFS, Server, parse_refs, run
from tests.walks.history import Moves, make_clone
from tests.walks.moves import MOVES, Move
from tests.walks.offences import OFFENCES, Offence
from tests.walks.offences.production import promotable
from tests.walks.project import PRODUCTION, Project

SOAK = bool(os.environ.get("HALFHOOKS_SOAK"))
STEPS = int(os.environ.get("HALFHOOKS_STEPS", "5000" if SOAK else "90"))
"""Legal moves in all, each followed by an offence."""
LENGTH = 60 if SOAK else 30
"""Moves of one walk, after its beginning."""
FIRST = Random().randrange(2**32) if SOAK else 126
"""The number of the first walk; three walks from here make every kind of move, which takes more from elsewhere."""
SEEDS = st.integers(0, 2**64 - 1)
LISTING = ("list_two", "start_release")
RELEASING = ("promote", "integrate_and_stage", "work", *LISTING)
BEGINNINGS = {
    "merge_smaller": LISTING,
    "octopus": ("work", *LISTING),
    "promote": RELEASING[1:],
    "delete_release": RELEASING,
    "open_hotfix": ("delete_release", "tag_later", *RELEASING),
}
"""A walk begins with moves until one of these is possible: at each turn the first that can be done."""


class Walk(RuleBasedStateMachine):
    """One walk from a new project on; at each step a legal move, and something illegal."""

    folder: Path
    template: Path
    done: Counter[str]
    """What all walks did."""
    seen: dict[int, tuple[int, frozenset[str]]]
    """The number of each walk, and what those before it did: played again by hypothesis, it goes the same way."""

    def __init__(self) -> None:
        super().__init__()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.template, self.folder / "server.git", symlinks=True)
        self.server = Server(self.folder / "server.git")
        os.chdir(self.server.path)  # where `ho check` looks
        self.failed = False
        self.clone = make_clone(self.folder / "clone.git", "../server.git")
        self.project = Project(self.clone)
        self.known: frozenset[str] = frozenset()
        self.here: Counter[str] = Counter()

    @initialize(seed=SEEDS)
    def begin(self, seed: int) -> None:
        number, self.known = self.seen.setdefault(seed, (FIRST + self.done["walks"], frozenset(self.done)))
        self.random = Random(number)
        self.accepted("begin", {PRODUCTION: self.project.production})
        goal = self.random.choice(sorted(BEGINNINGS))
        while not MOVES[goal].subjects(self.project):
            self.move(next(name for name in BEGINNINGS[goal] if MOVES[name].subjects(self.project)))

    @rule()
    def step(self) -> None:
        self.move(self.choose(MOVES))
        self.offend()
        if promotable(self.project):  # where the most can go wrong
            self.offend()

    def move(self, name: str) -> None:
        subject = self.random.choice(MOVES[name].subjects(self.project))
        for pushed in MOVES[name].pushes(self.project, self.random, subject):
            self.accepted(name, pushed)
        self.clean()
        self.count(name)

    def choose(self, kinds: Mapping[str, Union[Move, Offence]]) -> str:
        """One of what can be done here; rather what was not done yet, least what this walk did often."""
        names = [name for name, kind in kinds.items() if kind.subjects(self.project)]
        weights = [kinds[name].weight / (1 + self.here[name]) * (1 if name in self.known else 8) for name in names]
        return self.random.choices(names, weights)[0]

    def count(self, name: str) -> None:
        self.here[name] += 1
        self.done[name] += 1

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

    def offend(self) -> None:
        name = self.choose(OFFENCES)
        subject = self.random.choice(OFFENCES[name].subjects(self.project))
        moves = OFFENCES[name].push(self.project, self.random, subject)
        self.clone.script.append(f"# {name}: must be refused")
        done = self.clone.push(moves, "--porcelain")
        codes = set(CODE.findall(done.stderr))
        if done.returncode == 0 or not codes - {"HH001"} or self.refs() != self.project.refs:
            self.fail(f"the offence '{name}' was not refused by a rule", done.stderr)
        self.count(name)

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
    members: dict[str, Any] = {"folder": tmp_path / "walk", "template": guarded, "done": done, "seen": {}}
    machine = type("Walk", (Walk,), members)
    walks = -(-STEPS // LENGTH)
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
    # more, if a walk ended early or a kind of move never came up
    while (made := sum(done[name] for name in MOVES)) < STEPS or (
        not all(done[name] for name in MOVES) and made < 4 * STEPS
    ):
        members["seen"].clear()
        run_state_machine_as_test(machine, settings=how)
    moved = {name: done[name] for name in MOVES}
    offended = {name: done[name] for name in OFFENCES}
    with capsys.disabled():
        print(f"\n{sum(moved.values())} legal moves of {kinds(moved)} kinds,", end=" ")
        print(f"{sum(offended.values())} offences of {kinds(offended)} kinds, in {done['walks']} walks", end=" ")
        if SOAK:
            print(*(f"{done[name]:6} {name}" for name in [*MOVES, *OFFENCES]), sep="\n")
    assert sum(moved.values()) >= STEPS
    assert sum(moved.values()) + sum(offended.values()) >= 200
    assert all(moved.values())


def kinds(counts: dict[str, int]) -> int:
    return sum(map(bool, counts.values()))

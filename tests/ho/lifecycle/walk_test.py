"""Commands of the lifecycle wherever a random walk of plain git has led to (tests/walks), with plain git among them.

The walk goes on by itself; what ho does is done on a copy of the server, in a clone of that.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.builders import Server, run
from tests.ho.database.conftest import environment, server, servers
from tests.ho.lifecycle.clones import SOAK, User, must_be_clean, temporary
from tests.ho.lifecycle.players import Player, keep_log, nothing_is_lost
from tests.walks.history import make_clone
from tests.walks.moves import MOVES
from tests.walks.project import PRODUCTION, Project

__all__ = ["environment", "server", "servers", "temporary"]

VISITS = 600 if SOAK else 5
"""How often ho is tried."""
EVERY = 6
"""Moves of plain git between two visits."""
LENGTH = 60
"""Moves of one walk."""
COMMANDS = 4
"""What is done at each visit."""
FIRST = int(os.environ.get("HALFHOOKS_SEED") or (Random().randrange(2**32) if SOAK else 4))


class Walk:
    """A guarded project that plain git takes further."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.server = Server.create(folder / "server.git")
        self.server.config("core.fsync", "none").config("receive.autogc", "false")
        self.clone = make_clone(folder / "clone.git", "../server.git")
        self.project = Project(self.clone)
        self.random = Random(seed)
        self.clone.push({PRODUCTION: self.project.production})
        self.project.moved({PRODUCTION: self.project.production})
        tag = self.project.tag("v0.0.0", self.project.production)
        self.clone.push({tag.name: tag})
        self.project.moved({tag.name: tag})

    def go_on(self) -> bool:
        """A move of plain git; whether the server has accepted it, which tests/state_machine_test.py is there to see."""
        names = [name for name, kind in MOVES.items() if kind.subjects(self.project)]
        name = self.random.choices(names, [MOVES[name].weight for name in names])[0]
        subject = self.random.choice(MOVES[name].subjects(self.project))
        for pushed in MOVES[name].pushes(self.project, self.random, subject):
            if self.clone.push(pushed).returncode:
                return False
            self.project.moved(pushed)
        return True


def visit(walk: Walk, folder: Path, seed: int) -> Counter[str]:
    """What a user of ho does there; how often it ended how."""
    shutil.copytree(walk.server.path, folder / "server.git", symlinks=True)
    server = Server(folder / "server.git")
    keep_log(server)
    run("git", "clone", "-q", str(server.path), str(folder / "clone"))
    user = User(folder / "clone", server)
    user.git("config", "halfhooks.project.database", "shop")
    user.git("config", "halfhooks.project.python", sys.executable)
    player = Player(user, seed, iter(range(5000, 6000)))
    for _ in range(COMMANDS):
        player.play()
        assert not player.wrong, f"{player.wrong}\n{walk.clone.replay()}"
        must_be_clean(server, "".join(player.told))
    nothing_is_lost(server, player.told)
    user.must_be_sane()
    return player.done


def test_commands_after_random_walks(
    environment: dict[str, str],
    temporary: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):  # no two commits are the same
        monkeypatch.delenv(name)
    done: Counter[str] = Counter()
    goes = False
    for number in range(VISITS):
        if not goes or number * EVERY % LENGTH == 0:
            shutil.rmtree(tmp_path / "walk", ignore_errors=True)
            (tmp_path / "walk").mkdir()
            walk = Walk(tmp_path / "walk", FIRST + number)
        goes = all(walk.go_on() for _ in range(EVERY))
        folder = tmp_path / "visit"
        folder.mkdir()
        done += visit(walk, folder, FIRST + number)
        shutil.rmtree(folder)
    with capsys.disabled():
        print(f"\n{sum(done.values())} things done by ho:", ", ".join(f"{n} {c}" for n, c in sorted(done.items())))
    assert sum(number for kind, number in done.items() if kind.endswith(": 0")) > VISITS

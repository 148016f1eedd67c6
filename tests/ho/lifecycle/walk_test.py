"""Commands of the lifecycle wherever a random walk of plain git has led to (tests/walks), with plain git among them.

In one test they are moves of the walk, which goes on from what they have made. In the other they are any commands, which the
state may not allow: the walk goes on by itself, and what ho does is done on a copy of the server, in a clone of that.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Optional

import pytest

import tests.state_machine_test as walks
from tests.builders import EPOCH, Server, run
from tests.ho.database.conftest import environment, server, servers
from tests.ho.lifecycle.clones import SOAK, User, must_be_clean, temporary
from tests.ho.lifecycle.players import Player, keep_log, nothing_is_lost
from tests.walks.drives import DRIVES, disagreements
from tests.walks.history import make_clone
from tests.walks.moves import MOVES
from tests.walks.project import PRODUCTION, Project

__all__ = ["environment", "server", "servers", "temporary"]

VISITS = 300 if SOAK else 2
"""How often ho is tried."""
EVERY = 6
"""Moves of plain git between two visits."""
LENGTH = 60
"""Moves of one walk."""
COMMANDS = 4
"""What is done at each visit."""
WALKS, TURNS = (20, 60) if SOAK else (1, 16)
"""Walks in which ho makes moves, and their moves, after the beginning."""
FIRST = int(os.environ.get("HALFHOOKS_SEED") or (Random().randrange(2**32) if SOAK else 3))


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
    nothing_is_lost(server, [player])
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


class Driven(walks.Walk):
    """A walk with moves in plain git and moves by ho, of which the model knows what they have to lead to."""

    by_ho: Counter[str]
    user: Optional[User] = None

    def drive(self, name: str) -> None:
        """A command that the state allows: it does what the model says, or nothing where git has a conflict."""
        subject = self.random.choice(DRIVES[name].subjects(self.project))
        command = DRIVES[name].command(self.project, self.random, subject)
        typed, refs = next(command)
        user = self.user = self.user or self.somebody()
        date = f"{EPOCH + len(self.clone.commits)} +0000"
        self.clone.script += [f"# {name}: must be accepted", f"(cd ../user; {dated(date)} ho {typed})"]
        with pytest.MonkeyPatch.context() as patch:
            for role in ("AUTHOR", "COMMITTER"):
                patch.setenv(f"GIT_{role}_DATE", date)
            ran = user.ho(*typed.split())
        now = self.refs()
        if ran.code and now == self.project.refs and CONFLICT.search(ran.out):
            self.by_ho[f"{name}: conflict"] += 1
            return
        if ran.code:
            self.fail(f"ho {typed} ended with {ran.code}", ran.out)
        moved = self.clone.take({ref: now.get(ref, "") for ref in sorted(refs)})
        self.project.moved(moved)
        if now != self.project.refs:
            self.fail(f"ho {typed} moved other refs than {sorted(refs)}", ran.out)
        try:
            command.send(moved)
        except StopIteration:
            pass
        except AssertionError as error:
            self.fail(f"ho {typed} has made something else: {error}", ran.out)
        if wrong := disagreements(self.project):
            self.fail(f"ho {typed} has made something else", "\n".join(wrong))
        self.clean()
        self.by_ho[name] += 1
        self.count(name)

    def somebody(self) -> User:
        """A user with a clone."""
        clone = self.folder / "user"
        run("git", "clone", "-q", "../server.git", str(clone), cwd=self.server.path)
        settings = {"user.name": "dev", "user.email": "dev@example.org", "halfhooks.project.database": "shop"}
        for key, value in {**settings, "halfhooks.project.python": sys.executable}.items():
            run("git", "-C", str(clone), "config", key, value)
            self.clone.script.append(f"git -C ../user config {key} '{value}'")
        return User(clone, self.server)


CONFLICT = re.compile(
    "have changed the same lines|conflict in '|does not fit there as it is|"
    "does not stage it yet|builds on what is left out|would not be what was staged|they were staged by one commit"
)
"""What ho says where git cannot merge two changes of one file, of which the model takes the lines of both; or where it would
have to guess what work is whose."""


def dated(date: str) -> str:
    return f"GIT_AUTHOR_DATE='{date}' GIT_COMMITTER_DATE='{date}'"


def test_random_walks_by_ho_and_plain_git(
    environment: dict[str, str],
    temporary: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    server = Server.create(tmp_path / "guarded")
    server.config("core.fsync", "none").config("receive.autogc", "false")
    done: Counter[str] = Counter()
    by_ho: Counter[str] = Counter()
    for seed in range(FIRST, FIRST + WALKS):
        members = {"folder": tmp_path / "walk", "template": server.path, "done": done, "by_ho": by_ho}
        walk = type("Walk", (Driven,), {**members, "seen": {seed: (seed, frozenset())}})()
        walk.begin(seed)
        for _ in range(TURNS):
            drives = {name: kind for name, kind in DRIVES.items() if kind.subjects(walk.project)}
            if drives and walk.random.randrange(2):
                walk.drive(walk.choose(drives))
            else:
                walk.move(walk.choose(MOVES))
            walk.offend()
        walk.teardown()
    with capsys.disabled():
        made = ", ".join(f"{number} {name}" for name, number in sorted(by_ho.items()))
        print(f"\n{sum(done[name] for name in MOVES)} moves in plain git, {sum(by_ho.values())} by ho: {made}")
    assert sum(by_ho[name] for name in DRIVES) > WALKS * TURNS // 8

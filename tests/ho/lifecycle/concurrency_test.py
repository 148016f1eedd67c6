"""Two users with a clone each, who give commands of the lifecycle at random and at once.

What the server has is legal at any moment, each command that reports success has landed, by a log that the server itself
keeps, each refusal names what to do, and the work of each patch is somewhere in the end.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from random import Random

import pytest

from tests.ho.database.conftest import environment, server, servers
from tests.ho.lifecycle.clones import SOAK, User, must_be_legal, team_template, temporary, user
from tests.ho.lifecycle.players import Player, keep_log, nothing_is_lost

__all__ = ["environment", "server", "servers", "team_template", "temporary", "user"]

SECONDS = 1800.0 if SOAK else 60.0
"""How long the two go on."""
FIRST = int(os.environ.get("HALFHOOKS_SEED") or (Random().randrange(2**32) if SOAK else 11))


def test_two_users_at_once(user: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):  # no two commits are the same
        monkeypatch.delenv(name)
    keep_log(user.server)
    user.done("release", "new", "minor")
    for patch in ("1-a", "2-b"):
        user.done("patch", "new", patch, "--release", "0.1.0")
        user.work(patch)
    numbers = iter(range(100, 1_000_000))
    players = [Player(each, FIRST + at, numbers) for at, each in enumerate((user, user.colleague("bob")))]
    end = time.monotonic() + SECONDS
    faults: list[BaseException] = []

    def go_on(player: Player) -> None:
        try:
            while time.monotonic() < end and not faults:
                player.play()
                assert not player.wrong, "\n".join([str(FIRST), *player.wrong, *player.told])
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=go_on, args=(player,)) for player in players]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        threads[0].join(timeout=0.5 if SOAK else 2)
        must_be_legal(user.server)
        threads[1].join(timeout=0.01)
    for fault in faults:
        raise fault
    must_be_legal(user.server)
    nothing_is_lost(user.server, players)
    for player in players:
        player.user.git("fsck", "--connectivity-only", "--no-dangling")
    done = sum((player.done for player in players), Counter())
    with capsys.disabled():
        print(
            f"\n{sum(done.values())} things done by two users:", ", ".join(f"{n} {c}" for n, c in sorted(done.items()))
        )
    assert sum(number for kind, number in done.items() if kind.endswith(": 0")) > 3

"""A short run of each harness; `make fuzz` runs them for as long as you like."""

from __future__ import annotations

import pytest

from tests.fuzz.__main__ import GAMES, play


@pytest.mark.parametrize("turn", range(2))
@pytest.mark.parametrize("name", list(GAMES))
def test_nothing_is_found(name: str, turn: int) -> None:
    count, wrong = play(name, f"1 {turn} {name}")
    assert wrong is None
    assert count >= 100

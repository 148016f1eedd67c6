"""How a move is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

from tests.walks.history import Moves
from tests.walks.project import Project

Pushes = Iterator[Moves]
SHARED = "app/shared.py"
"""A file that many patches change."""
MANY = 4
"""Releases open at once, and candidates of one release: more only slow the walk down."""


class Move(NamedTuple):
    """Something that developers do."""

    subjects: Callable[[Project], list[Any]]
    pushes: Callable[[Project, Random, Any], Pushes]
    weight: int
    """How often it is chosen, beside the others that can be done."""


MOVES: dict[str, Move] = {}


def move(subjects: Callable[[Project], list[Any]], weight: int = 1) -> Callable[..., Any]:
    """A move that can be done to these subjects."""

    def register(pushes: Callable[[Project, Random, Any], Pushes]) -> Callable[[Project, Random, Any], Pushes]:
        MOVES[pushes.__name__] = Move(subjects, pushes, weight)
        return pushes

    return register


def flip(random: Random) -> bool:
    return random.choice((False, True))

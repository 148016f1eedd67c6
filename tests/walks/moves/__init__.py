"""The legal moves. Each is a generator of pushes: what it yields must be accepted, what follows then holds.

A move names what it can be done to in a state of the project: no subject, no move.
"""

from tests.walks.moves import beside, candidates, integration, production, releases, work
from tests.walks.moves._registry import MOVES, Move

__all__ = ["MOVES", "Move", "beside", "candidates", "integration", "production", "releases", "work"]

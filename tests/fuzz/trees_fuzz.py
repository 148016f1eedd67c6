"""Large trees, read where they are asked for: against the same bytes parsed as a whole, after changes of every kind."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Optional
from unittest.mock import patch

from halfhooks.large_tree import LargeTree
from halfhooks.objects import parse_tree

Item = tuple[str, str, bytes]
"""Name, mode and id."""

NAMES = ["a", "a.b", "a-", "a0", "40000 1", "100644 a", "1", "00", ".gitx", "é"]
FORBIDDEN = [".git", "x/y", "", "."]


def random_id(rng: random.Random) -> bytes:
    """An id that may look like an entry."""
    looks = [b"100644 a\0", b"40000 1\0", b" 5-x\0", b"\0" * 20, b""]
    return (rng.choice(looks) + rng.randbytes(20))[:20]


def random_name(rng: random.Random) -> str:
    return rng.choice([f"{rng.randrange(400)}-x", f"b{rng.randrange(50)}", rng.choice(NAMES)])


def order(item: Item) -> bytes:
    return (item[0] + ("/" if item[1] == "40000" else "")).encode()


def write(items: list[Item]) -> bytes:
    return b"".join(mode.encode() + b" " + name.encode() + b"\0" + oid for name, mode, oid in items)


def sound(rng: random.Random) -> list[Item]:
    count = rng.choice((1, 3, 30, 200))
    found = {name: (name, rng.choice(("40000", "100644", "120000")), random_id(rng)) for name in _names(rng, count)}
    return sorted(found.values(), key=order)


def _names(rng: random.Random, count: int) -> list[str]:
    return [random_name(rng) for _ in range(count)]


def changed(rng: random.Random, items: list[Item]) -> bytes:
    """The tree after a few changes, some of which no git would make."""
    items = list(items)
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        at = rng.randrange(len(items) + 1)
        name, mode, oid = items[at] if at < len(items) else (random_name(rng), "100644", random_id(rng))
        if rng.random() < 0.3:
            name = rng.choice(FORBIDDEN) if rng.random() < 0.2 else random_name(rng)
        if rng.random() < 0.3:
            mode = rng.choice(("40000", "100644", "100600"))
        items[at : at + rng.choice((0, 1))] = rng.choice(([], [(name, mode, oid)], [(name, mode, random_id(rng))]))
    if rng.random() < 0.2 and len(items) > 1:
        one, two = rng.randrange(len(items)), rng.randrange(len(items))
        items[one], items[two] = items[two], items[one]
    elif rng.random() < 0.7:
        items.sort(key=order)
    raw = write(items)
    return raw[: -rng.randrange(1, 10)] if rng.random() < 0.05 else raw


def complaint(rng: random.Random, old: bytes, new: bytes) -> Optional[str]:
    """What a large tree says otherwise than the same one parsed as a whole; `old` is sound."""
    before, after = parse_tree(old, 20), parse_tree(new, 20)
    large, asked = LargeTree(new, 20), LargeTree(new, 20)
    for name in rng.sample([*_names(rng, 4), *NAMES], 6):
        if not after.problem and asked.get(name) != after.get(name):
            return f"another entry is called '{name}'"
    for start in ("", "1", "0", "b"):
        if not after.problem and asked.names(start) != after.names(start):
            return f"other names begin with '{start}'"
    if asked.problem != after.problem:
        return "alone, another problem"
    if bool(large.problem_since(LargeTree(old, 20))) != bool(after.problem):
        return f"since the old one, not the problem '{after.problem}'"
    if after.problem:
        return None
    for other in (LargeTree(old, 20), before):
        if not large.differing(other) == LargeTree(new, 20).differing(other) == after.differing(before):
            return "other names differ"
    if any(large.get(name) != entry for name, entry in after.items()):
        return "another entry after the comparison"
    return None


def play(rng: random.Random, folder: Path) -> tuple[int, Optional[str]]:
    for n in range(300):
        items = sound(rng)
        old, new = write(items), changed(rng, items)
        with patch("halfhooks.large_tree.LONGEST", rng.choice((40, 1 << 16))):  # both ways of comparing
            wrong = complaint(rng, old, new)
        if wrong:
            return n, f"{old!r} and {new!r}: {wrong}"
    return 300, None

"""What the harnesses share: a game plays some random cases, and complains about the first that goes wrong."""

from __future__ import annotations

import hashlib
import random
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Optional

Game = Callable[[random.Random, Path], tuple[int, Optional[str]]]
"""Plays one round in an empty folder: the number of cases, and what went wrong with one of them."""


def mutated(rng: random.Random, data: bytes, pieces: list[bytes], most: int = 4) -> bytes:
    """The data with a few pieces put in, taken out, repeated or flipped; now and then unchanged."""
    for _ in range(rng.randint(0, most)):
        at = rng.randrange(len(data) + 1)
        length = rng.choice((0, 0, 1, 1, 2, 8))
        start = rng.randrange(len(data) + 1)
        piece = rng.choice((rng.choice(pieces), rng.choice(pieces), b"", data[start : start + 9], rng.randbytes(1)))
        data = data[:at] + piece + data[at + length :]
    return data


def git(folder: Path, *arguments: str, input: bytes = b"") -> bytes:
    return subprocess.run(["git", "-C", str(folder), *arguments], input=input, check=True, capture_output=True).stdout


def write_loose(folder: Path, kind: str, content: bytes) -> str:
    """Put an object into a repository as it is, however wrong; its id."""
    raw = f"{kind} {len(content)}\0".encode() + content
    oid = hashlib.sha1(raw).hexdigest()
    path = folder / ".git" / "objects" / oid[:2] / oid[2:]
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(zlib.compress(raw, 1))
    return oid


def faults(folder: Path) -> dict[str, list[str]]:
    """What `git fsck` says about each object of a repository that it says something about."""
    done = subprocess.run(["git", "-C", str(folder), "fsck", "--no-dangling", "--no-progress"], capture_output=True)
    said: dict[str, list[str]] = {}
    for line in (done.stdout + done.stderr).decode("utf-8", "replace").split("\n"):
        for word in line.replace(":", " ").split():
            if len(word) == 40 and set(word) <= set("0123456789abcdef"):
                said.setdefault(word, []).append(line)
    return said

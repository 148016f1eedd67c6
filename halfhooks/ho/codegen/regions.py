"""The parts of a generated file that belong to its user, and the line that says whose the rest is.

Regions stand between two marker lines, the last one may reach to the end of the file: half_orm_dev's format. What is not
in a region is sealed: the first line holds a hash of it, so that it can be told from what somebody has changed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Optional

from halfhooks.values import NamedTuple

BEGIN = "#>>> PLACE YOUR CODE BELOW THIS LINE. DO NOT REMOVE THIS LINE!\n"
END = "#<<< PLACE YOUR CODE ABOVE THIS LINE. DO NOT REMOVE THIS LINE!\n"

# formatters put a blank behind the '#'; old versions of half_orm_dev wrote BELLOW
MARKER = re.compile(r"^[ \t]*# ?(>>> PLACE YOUR CODE BELL?OW|<<< PLACE YOUR CODE ABOVE) THIS LINE\..*(?:\n|\Z)", re.M)
WORDS = "PLACE YOUR CODE"
SEAL = re.compile(r"^# Made by ho codegen \(([\w.-]+), ([0-9a-f]{16})\):.*\n", re.M)
CONFLICT = re.compile(r"^<{7} .*\n((?:.*\n)*?)(?:\|{7} .*\n(?:.*\n)*?)?={7}\n(?:.*\n)*?>{7} .*\n", re.M)
"""What git leaves in a file where two sides have changed the same lines; the group is the first side."""
SEAL_WITHIN = 2_000
"""Characters within which a seal stands: people put licences before it."""


class Cut(NamedTuple):
    """A file in pieces: what was generated, and the regions between those pieces."""

    generated: tuple[str, ...]
    regions: tuple[str, ...]

    @property
    def custom(self) -> bool:
        """Whether somebody wrote something into a region."""
        return any(region.strip() for region in self.regions)


class Seal(NamedTuple):
    """Which target made a file, and whether everything outside of its regions is as that target left it."""

    target: str
    intact: bool


@lru_cache(None)  # of each file several times, and a schema has some hundred
def cut(text: str) -> Optional[Cut]:
    """The pieces of a file; None where its markers do not follow one another as they should."""
    generated, regions, start, inside = [], [], 0, False
    for marker in markers(text):
        opens = ">>>" in marker.group()
        if opens == inside:
            return None
        if opens:
            generated.append(text[start : marker.end()])
            start = marker.end()
        else:
            regions.append(text[start : marker.start()])
            start = marker.start()
        inside = opens
    (regions if inside else generated).append(text[start:])
    return Cut(tuple(generated), tuple(regions))


def markers(text: str) -> Iterator[re.Match[str]]:
    """What MARKER finds, several times as fast: it is tried only in lines that have its words."""
    at = text.find(WORDS)
    while at >= 0:
        found = MARKER.match(text, text.rfind("\n", 0, at) + 1)
        if found:
            yield found
        at = text.find(WORDS, max(at + 1, found.end() if found else 0))


def settled(text: str) -> str:
    """A file in which git has left conflicts, with the first side of each that is in generated lines: they are made anew.

    A conflict in a region, or one that touches a marker, stays: it is for the region's owner.
    """
    return CONFLICT.sub(_settle, text) if "<<<<<<< " in text else text


def _settle(conflict: re.Match[str]) -> str:
    before = [marker.group() for marker in markers(conflict.string[: conflict.start()])]
    inside = bool(before) and ">>>" in before[-1]
    return conflict.group() if inside or MARKER.search(conflict.group()) else conflict.group(1)


def sealed(target: str, text: str) -> str:
    """A generated text with its first line."""
    pieces = cut(text)
    what = "change only what stands between the markers" if pieces is None or pieces.regions else "do not change it"
    return f"# Made by ho codegen ({target}, {_hash(text)}): {what}.\n{text}"


def read_seal(text: str) -> Optional[Seal]:
    """The seal of a file, None for one that was not generated."""
    found = SEAL.search(text[:SEAL_WITHIN])
    if found is None:
        return None
    return Seal(found.group(1), found.group(2) == _hash(text[: found.start()] + text[found.end() :]))


def _hash(text: str) -> str:
    pieces: Sequence[str] = (cut(text) or Cut((text,), ())).generated
    return hashlib.sha256("\0".join(pieces).encode("utf-8", "surrogatepass")).hexdigest()[:16]

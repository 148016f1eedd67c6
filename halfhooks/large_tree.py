"""A tree of thousands of entries, of which a push changes a few: parsed only where it is asked for.

Reading 20 000 entries takes longer than all the rest of a check. But two trees that follow each other in history begin
and end with the same bytes, and what was sound in the older one need not be looked at again in the newer.
"""

from __future__ import annotations

from _bisect import bisect_left, bisect_right

from halfhooks.objects import parse_tree
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator
    from typing import Optional

    from halfhooks.snapshot import Entry, SmallTree, Tree

LONGEST = 1 << 16
"""Bytes between the common beginning and the common end of two trees that are parsed one by one."""


class LargeTree:
    """A `Tree` that keeps its raw bytes.

    Where an entry begins can be told only from the one before: a name may look like a mode, and an id like anything.
    So `_starts` holds the place of each entry, found by one walk, or taken over from the tree that this one follows.
    """

    __slots__ = ("_found", "_id_size", "_known_starts", "_raw", "_whole")

    def __init__(self, raw: bytes, id_size: int) -> None:
        self._raw = raw
        self._id_size = id_size
        self._known_starts: Optional[list[int]] = None
        self._whole: Optional[SmallTree] = None
        self._found: dict[str, Optional[Entry]] = {}

    @property
    def problem(self) -> str:
        """What is malformed about it, "" when nothing is."""
        return self._parse().problem

    def items(self) -> ItemsView[str, Entry]:
        """Each name with its entry, in order: this parses the whole tree."""
        return self._parse().items()

    def get(self, name: str) -> Optional[Entry]:
        """The first entry of a name, None when there is none."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def names(self, start: str = "") -> list[str]:
        """The names that begin with `start`, in order."""
        if self._starts() is None:
            return self._parse().names(start)
        places = self._places(b" " + _encode(start)) if start else (self._raw.index(b" ", at) for at in self._all())
        return [_decode(self._raw[at + 1 : self._raw.index(b"\0", at)]) for at in places]

    def differing(self, other: Tree) -> list[str]:
        """The names whose entries differ from those of another tree, in order."""
        if not isinstance(other, LargeTree):
            return other.differing(self)
        span = self._span(other)
        if span:
            return self._part(span.start, span.new_end).differing(other._part(span.start, span.old_end))
        if self._starts() is None or other._starts() is None:
            return self._parse().differing(other._parse())
        mine, others = self._pieces(), other._pieces()
        one, two = (parse_tree(b"".join(each), self._id_size) for each in (mine - others, others - mine))
        return one.differing(two)

    def problem_since(self, other: Tree) -> str:
        """What is malformed about it, "" when nothing is, given that nothing is malformed about `other`.

        Then the entries before and after those that changed are sound among themselves. What remains to be looked at are
        the changed ones with a neighbour on each side, and whether the name of one of them stands anywhere else.
        """
        span = self._span(other) if isinstance(other, LargeTree) else None
        starts = self._starts()
        if span is None or not starts:
            return self.problem
        changed = self._part(span.start, span.new_end)
        if any(self._raw.count(b" " + _encode(name) + b"\0") > 1 for name in changed.names()):
            return self.problem
        first = bisect_left(starts, span.start)
        following = bisect_right(starts, span.new_end)
        end = starts[following] if following < len(starts) else len(self._raw)
        return self.problem if self._part(starts[max(first - 1, 0)], end).problem else ""

    def _parse(self) -> SmallTree:
        if self._whole is None:
            self._whole = parse_tree(self._raw, self._id_size)
        return self._whole

    def _part(self, start: int, end: int) -> SmallTree:
        return parse_tree(self._raw[start:end], self._id_size)

    def _starts(self) -> Optional[list[int]]:
        """Where the entries begin; None when the tree is cut off."""
        if self._known_starts is None:
            self._known_starts = _walk(self._raw, 0, len(self._raw), self._id_size)
        return self._known_starts

    def _all(self) -> list[int]:
        return self._starts() or []

    def _find(self, name: str) -> Optional[Entry]:
        wanted = b" " + _encode(name) + b"\0"
        if self._raw.find(wanted) < 0:
            return None
        if self._starts() is None:
            return self._parse().get(name)
        for at in self._places(wanted):
            starts = self._all()
            return self._part(starts[bisect_right(starts, at) - 1], at + len(wanted) + self._id_size).get(name)
        return None

    def _places(self, wanted: bytes) -> Iterator[int]:
        """Where a text stands between mode and name, in order; elsewhere it is part of a name or of an id."""
        starts = self._all()
        at = self._raw.find(wanted)
        while at >= 0:
            start = starts[bisect_right(starts, at) - 1]
            if self._raw.find(b" ", start) == at:
                yield at
            at = self._raw.find(wanted, at + 1)

    def _pieces(self) -> set[bytes]:
        """The raw entries."""
        starts = self._all()
        return {self._raw[start:end] for start, end in zip(starts, [*starts[1:], len(self._raw)])}

    def _span(self, other: LargeTree) -> Optional[_Span]:
        """The entries between what two trees begin and end with; None when these are many, or one tree is cut off."""
        known = other._starts()
        if not known:
            return None
        old, new = other._raw, self._raw
        index = bisect_right(known, _common_start(old, new)) - 1
        start = known[index]
        following = bisect_left(known, len(old) - _common_end(old[start:], new[start:]))
        old_end = known[following] if following < len(known) else len(old)
        shift = len(new) - len(old)
        middle = _walk(new, start, old_end + shift, self._id_size) if old_end - start < LONGEST > shift else None
        if middle is None:
            return None
        if self._known_starts is None:
            rest = known[following:]
            self._known_starts = known[:index] + middle + ([each + shift for each in rest] if shift else rest)
        return _Span(start, old_end, old_end + shift)


class _Span(NamedTuple):
    """A run of entries that begins at the same place in two trees, and its end in each of them."""

    start: int
    old_end: int
    new_end: int


def _walk(raw: bytes, position: int, end: int, id_size: int) -> Optional[list[int]]:
    """Where the entries between two places begin; None when the last one does not end at `end`."""
    starts: list[int] = []
    following, zero = position, position - 1
    for size in map(len, raw[position:end].split(b"\0")[:-1]):
        zero += size + 1
        if zero >= following:  # else it is part of an id
            starts.append(following)
            following = zero + 1 + id_size
    return starts if following == end else None


def _common_start(one: bytes, two: bytes) -> int:
    """The number of bytes that two texts begin with."""
    low, high = 0, min(len(one), len(two))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == two[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_end(one: bytes, two: bytes) -> int:
    """The number of bytes that two texts end with."""
    low, high = 0, min(len(one), len(two))
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == two[len(two) - middle : len(two) - low]:
            low = middle
        else:
            high = middle - 1
    return low


def _encode(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _decode(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")

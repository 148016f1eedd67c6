"""What a commit holds where the rules look: the three folders of the workflow, and the tree around them."""

from __future__ import annotations

from halfhooks.names import fold
from halfhooks.objects import parse_tree
from halfhooks.snapshot import Entry
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Optional

    from halfhooks.layout import Layout
    from halfhooks.snapshot import SmallTree


class Rooms(NamedTuple):
    """What a commit holds where the rules look: its three folders, and what is wrong with the tree around them."""

    releases: Optional[Entry]
    patches: Optional[Entry]
    model: Optional[Entry]
    problem: str = ""
    look_alikes: tuple[tuple[str, str], ...] = ()


def read_rooms(layout: Layout, tree: SmallTree) -> Rooms:
    """The rooms in the tree of the project's root folder."""
    releases, patches, model = (tree.entries.get(name) for name in layout.folders())
    return Rooms(releases, patches, model, tree.problem, tuple(_look_alikes(tree, layout)))


class RoomReader:
    """Reads the rooms of many raw trees. Most differ from the one before in nothing but ids, and need no parsing."""

    __slots__ = ("_heads", "_known", "_layout", "_places", "_size", "_text")

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._size = -1
        self._heads: list[slice] = []
        self._text = b""
        self._places: list[slice] = []
        self._known: dict[bytes, Rooms] = {}

    def read(self, raw: bytes, id_size: int) -> Rooms:
        """The rooms in a raw tree, whose object ids are of `id_size` bytes."""
        if len(raw) != self._size or b"".join([raw[head] for head in self._heads]) != self._text:
            self._learn(raw, id_size)
        ids = b"".join([raw[place] for place in self._places])
        rooms = self._known.get(ids)
        if rooms is None:
            rooms = self._known[ids] = read_rooms(self._layout, parse_tree(raw, id_size))
        return rooms

    def _learn(self, raw: bytes, id_size: int) -> None:
        """Take the places of everything but ids in a tree, and of the ids of the rooms.

        Trees that have all the rest in common have the same rooms where they have the same ids in those places.
        """
        folders = [name.encode() for name in self._layout.folders()]
        self._size, self._heads, self._places = len(raw), [], []
        self._known.clear()
        position = 0
        while position < len(raw):
            following = raw.find(b"\0", position) + 1 or len(raw)
            self._heads.append(slice(position, following))
            if raw[position : following - 1].partition(b" ")[2] in folders:
                self._places.append(slice(following, following + id_size))
            position = following + id_size
        self._text = b"".join([raw[head] for head in self._heads])


def _look_alikes(tree: SmallTree, layout: Layout) -> Iterator[tuple[str, str]]:
    """Names that some file system, or a reader, takes for one of the three folders, with the folder.

    Windows drops dots and spaces at the end, and knows long names by a short one (`RELEAS~1`).
    """
    folders = {name.lower(): name for name in layout.folders()}
    short = {f"{name[:6]}~1": folders[name] for name in folders}
    for name in tree.entries:
        if name in folders.values() or (name.isascii() and name[:1].lower() not in "rpm"):
            continue
        plain = fold(name).partition(":")[0].rstrip(". ")
        meant = folders.get(plain) or short.get(plain)
        if meant:
            yield name, meant

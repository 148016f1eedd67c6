"""What a commit holds where the rules look: the three folders of the workflow, and the tree around them."""

from __future__ import annotations

from _operator import itemgetter

from halfhooks.names import fold
from halfhooks.objects import parse_tree
from halfhooks.snapshot import Entry
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Callable, Optional

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

    __slots__ = ("_fixed", "_heads", "_known", "_layout", "_model", "_places", "_size", "_text")

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._size = -1
        self._heads = self._fixed = _pieces([])
        self._text: object = None
        self._known: dict[object, Rooms] = {}
        self._model = Rooms(None, None, None)
        self._places: list[Optional[slice]] = []

    def read(self, raw: bytes, id_size: int) -> Rooms:
        """The rooms in a raw tree, whose object ids are of `id_size` bytes."""
        rooms = self._known.get(self._fixed(raw)) if len(raw) == self._size else None
        if rooms is None:
            if len(raw) != self._size or self._heads(raw) != self._text:
                self._learn(raw, id_size)
            rooms = self._known[self._fixed(raw)] = self._like_the_model(raw)
        return rooms

    def _like_the_model(self, raw: bytes) -> Rooms:
        """The rooms of a tree that has all but ids in common with the one that was learned: only their ids are its own."""
        model = self._model
        releases, patches, models = (
            Entry(entry.mode, raw[place].hex()) if entry and place else None
            for entry, place in zip((model.releases, model.patches, model.model), self._places)
        )
        return Rooms(releases, patches, models, model.problem, model.look_alikes)

    def _learn(self, raw: bytes, id_size: int) -> None:
        """Take the places of everything but ids in a tree, and of the ids of the rooms, the first ones of their names.

        Trees that have all but the other ids in common, which is what `_fixed` takes out of them, have the same rooms.
        """
        folders = [name.encode() for name in self._layout.folders()]
        places: dict[bytes, slice] = {}
        heads, fixed = [], []
        position = start = 0
        while position < len(raw):
            following = raw.find(b"\0", position) + 1 or len(raw)
            heads.append(slice(position, following))
            name = raw[position : following - 1].partition(b" ")[2]
            if name in folders:
                places.setdefault(name, slice(following, following + id_size))
            else:
                fixed.append(slice(start, following))
                start = following + id_size
            position = following + id_size
        fixed.append(slice(start, len(raw)))
        self._size, self._heads, self._fixed = len(raw), _pieces(heads), _pieces(fixed)
        self._text = self._heads(raw)
        self._model = read_rooms(self._layout, parse_tree(raw, id_size))
        self._places = [places.get(name) for name in folders]
        self._known.clear()


def _pieces(places: list[slice]) -> Callable[[bytes], object]:
    """What takes the pieces at some places out of a text, all at once."""
    return itemgetter(*places) if places else lambda _: ()


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

"""Folders that differ from another one in some paths, whoever makes them: drafts in memory, or objects of git."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Callable, Optional

from halfhooks.snapshot import Entry, folder

if TYPE_CHECKING:
    from halfhooks.snapshot import Objects

Edits = Mapping[str, Optional[Entry]]
"""New entries by path, slashes between names; None removes what is there."""


def edited(
    objects: Objects, base: Optional[Entry], edits: Edits, make: Callable[[Mapping[str, Entry]], Entry]
) -> Entry:
    """A folder with edits. `make` makes a folder of its entries; one without an id does not stand in the folder above."""
    entries = dict(folder(objects, base).items())
    below: dict[str, dict[str, Optional[Entry]]] = {}
    for path, entry in edits.items():
        name, slash, rest = path.partition("/")
        if slash:
            below.setdefault(name, {})[rest] = entry
        elif entry:
            entries[name] = entry
        else:
            entries.pop(name, None)
    for name, inner in below.items():
        made = edited(objects, entries.pop(name, None), inner, make)
        if made.oid:
            entries[name] = made
    return make(entries)

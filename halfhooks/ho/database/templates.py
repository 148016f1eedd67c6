"""The template cache: databases in states that were reached before, by the id of all that led there (`Plan.keys`).

A template takes no connections, so nothing can change it. It is named by its key, and only a database in that very state
ever gets the name, in the transaction that marks it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Optional

from halfhooks.ho.database.databases import (
    PREFIX,
    TEMPLATE,
    Database,
    Databases,
    DuplicateDatabase,
    InvalidCatalogName,
)
from halfhooks.values import NamedTuple

MOST = 24
MOST_BYTES = 4 << 30
FORMAT = "1"
"""Part of every key: raised when what we do on the way to a state changes."""


class Limits(NamedTuple):
    """How many templates are kept, and how many bytes they may take together."""

    most: int = MOST
    most_bytes: int = MOST_BYTES


def salt(databases: Databases) -> str:
    """What decides about a state besides the files: the server's version, who owns what is made, and our own ways."""
    ((role,),) = databases.run("select current_user")
    return f"{FORMAT} {databases.version} {role}"


def template_name(key: str) -> str:
    """The name of the template of a state."""
    return f"{PREFIX}{key[:40]}"


def listed(databases: Databases) -> list[Database]:
    """The templates of a server, the one that was used last first."""
    return sorted(databases.ours(TEMPLATE), key=lambda database: -float((database.mark or {}).get("used", 0)))


def longest(databases: Databases, keys: Sequence[str]) -> int:
    """How many of some keys, in order of the way, lead to the last one that has a template: 0 for none."""
    names = {database.name: database for database in databases.ours(TEMPLATE)}
    for number in range(len(keys), 0, -1):
        database = names.get(template_name(keys[number - 1]))
        if database and database.mark and database.mark.get("key") == keys[number - 1]:
            return number
    return 0


def copy(databases: Databases, key: str) -> Optional[str]:
    """A scratch database that is a copy of the template of a key; its name, None where there is none any more."""
    name = template_name(key)
    try:
        made = databases.make(template=name)
    except InvalidCatalogName:
        return None
    with contextlib.suppress(InvalidCatalogName):
        found = databases.find(name)
        if found and found.mark:
            databases.mark(name, **{**_mark(found), "used": time.time()})
    return made


def keep(
    databases: Databases, scratch: str, key: str, words: str, limits: Limits, filled: Optional[list[int]] = None
) -> None:
    """Keep the state of a scratch database, to which nobody may be connected, as the template of a key.

    `filled` are the ids of its tables that have rows, where that is known: a copy keeps the ids.
    """
    if not databases.find(template_name(key)):
        turn(databases, databases.make(template=scratch), key, words, limits, filled)


def turn(
    databases: Databases, scratch: str, key: str, words: str, limits: Limits, filled: Optional[list[int]] = None
) -> None:
    """Make a scratch database, to which nobody may be connected, the template of a key; it goes where there is one."""
    name = template_name(key)
    databases.run(f"alter database {databases.quote(scratch)} allow_connections false")
    now = time.time()
    try:
        size = databases.size(scratch)  # the server looks at each file: once is enough for what does not change
        about: dict[str, object] = {"words": words, "made": now, "used": now, "bytes": size, "filled": filled}
        databases.rename(scratch, name, "", kind=TEMPLATE, key=key, **about)
        databases.unlock(scratch)
    except DuplicateDatabase:  # another command was quicker
        databases.drop(scratch)
    evict(databases, limits, name, databases.remove)


def filled_tables(databases: Databases, key: str) -> Optional[set[int]]:
    """The tables with rows of the template of a key, None where that is not known."""
    found = databases.find(template_name(key))
    filled = (found.mark or {}).get("filled") if found else None
    return None if filled is None else set(filled)


def evict(
    databases: Databases, limits: Limits, spared: str = "", remove: Optional[Callable[[str], None]] = None
) -> int:
    """Remove the templates beyond the limits, those that were not used for longest first; how many.

    `remove` does it where nobody should wait for it.
    """
    remove = remove or databases.drop
    gone = size = 0
    for number, database in enumerate(listed(databases)):
        own = int((database.mark or {}).get("bytes", 0))
        if database.name != spared and (number >= limits.most or size + own > limits.most_bytes):
            remove(database.name)
            gone += 1
        else:
            size += own
    return gone


def _mark(database: Database) -> dict[str, object]:
    return {name: value for name, value in (database.mark or {}).items() if name != "halfhooks"}

"""Whether a database is what its version says, and what differs where it is not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Optional

from halfhooks.ho.database.catalog import Difference, Object, differences, fingerprint, read_catalog
from halfhooks.ho.database.connect import Error, connected, execute
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.database.dumps import run_dump
from halfhooks.ho.database.meta import Recorded
from halfhooks.ho.database.run import Hooks
from halfhooks.ho.plan import File
from halfhooks.ho.production.session import first_line
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from halfhooks.ho.database.connect import Connection

RECORDED, MODEL = "what was recorded when it came there", "the model of that release"


class Drift(NamedTuple):
    """What a database has differently than its release; `than` says what it was held against.

    `found` is None when it could be held against nothing, for a `reason`. `live` is its fingerprint.
    """

    live: str
    found: Optional[tuple[Difference, ...]]
    than: str
    reason: str = ""
    catalog: Sequence[Object] = ()

    def lines(self) -> list[str]:
        """The differences for people."""
        return [line for each in self.found or () for line in each.lines()]


def look(
    connection: Connection, recorded: Recorded, databases: Databases, model: Sequence[File], why: str = ""
) -> Drift:
    """Hold a database against what was recorded, else against its model, which is loaded beside it for that.

    `model` is empty where there is none, and `why` says why.
    """
    live = read_catalog(connection)
    hashed = fingerprint(live)
    if recorded.fingerprint == hashed:
        return Drift(hashed, (), RECORDED, catalog=live)
    major = connection.server_version // 10000
    if recorded.catalog and recorded.server == major:
        return Drift(hashed, tuple(differences(recorded.catalog, live)), RECORDED, catalog=live)
    if not model:
        return Drift(hashed, None, MODEL, why or "its release has no model", live)
    try:
        expected = catalog_of(databases, model)
    except (CannotTell, Error) as error:
        return Drift(hashed, None, MODEL, f"its model cannot be loaded: {first_line(error)}", live)
    return Drift(hashed, tuple(differences(without_owners(expected), without_owners(live))), MODEL, catalog=live)


def catalog_of(databases: Databases, model: Sequence[File]) -> list[Object]:
    """The catalog of a model, loaded into a database that is thrown away."""
    name = databases.make()
    try:
        with connected(databases.server, name) as connection:
            for file in model:
                failure = run_dump(connection, file, Hooks())
                if failure:
                    raise CannotTell(f"{failure.place}: {failure.message}")
            execute(connection, "discard all")
            return read_catalog(connection)
    finally:
        databases.drop(name)


OWNER = re.compile(r"owner .*")
ACL = re.compile(r"(?P<grantee>[^=\n]*)=(?P<rights>[a-zA-Z*]+)/(?P<grantor>.+)")


def without_owners(objects: Sequence[Object]) -> list[Object]:
    """A catalog without who owns what, and who granted it: a model does not say who will load it."""
    found = []
    for each in objects:
        lines = []
        for line in each.definition.split("\n"):
            acl = ACL.fullmatch(line)
            if OWNER.fullmatch(line) or (acl and acl["grantee"] == acl["grantor"]):
                continue
            lines.append(f"{acl['grantee']}={acl['rights']}" if acl else line)
        found.append(each._replace(definition="\n".join(lines)))
    return found

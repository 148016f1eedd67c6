"""Takes over a database that nobody has managed: its structure becomes the model of a project, and its books are begun."""

from __future__ import annotations

import contextlib
import os
from typing import Callable

from halfhooks.ho.database.catalog import fingerprint
from halfhooks.ho.database.connect import Error, OperationalError, execute
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.database.dump import Model, dump
from halfhooks.ho.database.meta import Applied, parse_label, record
from halfhooks.ho.database.run import begin, end
from halfhooks.ho.production import trouble
from halfhooks.ho.production.drift import Drift, look
from halfhooks.ho.production.engine import Engine, Limits, Watch
from halfhooks.ho.production.route import entered, model_of, read_release
from halfhooks.ho.production.scripts import no_script
from halfhooks.ho.production.session import first_line, lock, open_session, recorded, refuse_standby, who
from halfhooks.ho.production.settings import Settings, find_target
from halfhooks.ho.production.upgrade import Upgrade
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple


class Structure(NamedTuple):
    """A database by its name, the model that it makes, and the connection of libpq to it, without a password."""

    name: str
    model: Model
    connection: str


def structure_of(connection_text: str, label: str) -> Structure:
    """The structure of a database that a connection of libpq leads to; it is only read. `CannotTell` where that fails."""
    target = find_target(Settings(database=connection_text), None, os.environ)
    try:
        return Structure(target.name, dump(target.server, target.name, label, ()), target.connection())
    except OperationalError as error:
        raise CannotTell(f"'{target.name}' cannot be connected to: {first_line(error)}") from None
    except Error as error:
        raise CannotTell(f"PostgreSQL: {first_line(error)}") from None


def adopt(upgrade: Upgrade, databases: Databases, wanted: str, agree: Callable[[str, Drift], None]) -> Drift:
    """Write into the books of a database, which has none, that it is at a release, when it equals the model of that.

    A `Trouble` when it does not, unless that is accepted; `agree` is asked before anything is written.
    """
    target, source = upgrade.target, upgrade.source
    label = parse_label(wanted.removeprefix("v"))
    releases = entered(source.objects, source.layout, source.production)
    if label is None or label not in releases:
        raise CannotTell(f"'{wanted}' is no release of '{source.layout.production}': ho release list")
    with contextlib.closing(open_session(target, upgrade.settings, databases.version)) as connection:
        lock(connection, target.name, upgrade.settings.wait, upgrade.call, upgrade.call.upgrade())
        known = recorded(connection)
        if known.label:
            raise CannotTell(f"the database says already that it is at {known.label}: {upgrade.call.update()}")
        refuse_standby(connection, target.name, "")
        try:
            model, why = model_of(source.objects, source.layout, releases[label]), ""
        except CannotTell as error:
            model, why = (), str(error)
        drift = look(connection, known, databases, model, why)
        if not upgrade.wish.accepted:
            if drift.found is None:
                ((role,),) = execute(connection, "select current_user")
                raise trouble.undecided(str(label), drift.reason, role, upgrade.call, at="")
            if drift.found:
                raise trouble.unequal(str(label), drift.lines(), drift.than, upgrade.call)
        agree(str(label), drift)
        release = read_release(source.objects, source.layout, releases[label])
        Engine(connection, no_script, Watch(), Limits()).prepare()
        begin(connection)
        record(
            connection,
            str(label),
            release.commit,
            patches=[Applied(patch.id, patch.content) for patch in release.patches],
            who=who(),
            fingerprint=fingerprint(drift.catalog),
            catalog=drift.catalog,
        )
        end(connection, "commit")
        return drift

"""A dry run: the same releases, executed by the same engine, on a copy of the database that is thrown away."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from halfhooks.ho.database.catalog import Difference, differences, read_catalog
from halfhooks.ho.database.connect import Error, execute
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.database.hazards import Hazard
from halfhooks.ho.database.observe import Observer
from halfhooks.ho.production import backup as backups
from halfhooks.ho.production import trouble
from halfhooks.ho.production.drift import Drift, catalog_of, without_owners
from halfhooks.ho.production.ending import Standing
from halfhooks.ho.production.engine import Engine, Stopped
from halfhooks.ho.production.progress import begun
from halfhooks.ho.production.restore import copied
from halfhooks.ho.production.route import Release, Route, entered, model_of
from halfhooks.ho.production.session import open_session, others, recorded, refuse_standby
from halfhooks.ho.production.settings import TEMPLATE
from halfhooks.ho.production.steps import server_wide
from halfhooks.ho.production.upgrade import Upgrade, apply_releases
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from halfhooks.ho.database.connect import Connection

WEAKEST = "share"
"""Locks as strong as this keep writers out, and are reported."""


class Rehearsed(NamedTuple):
    """What a dry run saw: the releases with their seconds on the copy, and what they did to its tables."""

    route: Route
    drift: Drift
    ran: tuple[tuple[Release, float], ...]
    hazards: tuple[Hazard, ...]
    unlike: tuple[Difference, ...] = ()
    """What the copy has otherwise than the model of the target; nothing where that cannot be loaded."""


def rehearse(upgrade: Upgrade, databases: Databases) -> Rehearsed:
    """Run an upgrade on a copy. The database itself is only read. A `Trouble` when it would not succeed."""
    target = upgrade.target
    with contextlib.closing(
        open_session(target, upgrade.settings, databases.version, "ho upgrade --dry-run")
    ) as connection:
        known = recorded(connection)
        label = known.label
        refuse_standby(connection, target.name, label)
        route = upgrade.route(known)
        if not route.releases:
            return Rehearsed(route, Drift("", (), ""), (), ())
        python = upgrade.python(route, label)
        left = begun(connection)
        drift = upgrade.drift(connection, databases, known, route, bool(left))
        wide = [statement for release in route.releases for statement in server_wide(release)]
        if wide:
            raise trouble.server_wide(wide, label, upgrade.call)
        upgrade.tell.plan(route, drift, left)
    upgrade.tell.bar("copying", 0, 1)
    try:
        if upgrade.settings.backup == TEMPLATE and not others(databases.connection, target.name):
            name = databases.make(template=target.name)
        else:
            name = copied(databases, target)
    except backups.Failed as failed:
        raise trouble.backup_failed(failed.what, failed.details, label, upgrade.call) from None
    try:
        return _run(upgrade, databases, name, route, drift, python, label)
    finally:
        databases.drop(name)


def _run(
    upgrade: Upgrade, databases: Databases, name: str, route: Route, drift: Drift, python: str, label: str
) -> Rehearsed:
    copy = upgrade.target._replace(name=name)
    observer = Observer(WEAKEST)
    watch = upgrade.tell.watch
    watch = watch._replace(hooks=watch.hooks._replace(begun=observer.begun, statement=observer.statement))
    with contextlib.closing(open_session(copy, upgrade.settings, databases.version)) as connection:
        observer.start(connection)
        script = upgrade.script(python, name)
        Engine(connection, script, watch, upgrade.limits()).prepare()
        try:
            apply_releases(connection, route, script, watch, upgrade.limits(), upgrade.ran)
        except Stopped as stopped:
            failure = stopped.failure
            lines = failure.lines() if failure.path else [failure.message]
            untouched = Standing(label, label)
            raise trouble.failed(f"the dry run of {stopped.release.label}", lines, untouched, upgrade.call) from None
        unlike = _unlike(upgrade, databases, connection, route)
    return Rehearsed(route, drift, tuple(upgrade.ran), tuple(observer.hazards), unlike)


def _unlike(upgrade: Upgrade, databases: Databases, connection: Connection, route: Route) -> tuple[Difference, ...]:
    source = upgrade.source
    execute(connection, "discard all")
    try:
        release = entered(source.objects, source.layout, source.production)[route.target]
        model = catalog_of(databases, model_of(source.objects, source.layout, release))
    except (CannotTell, Error):
        return ()
    return tuple(differences(without_owners(model), without_owners(read_catalog(connection))))

"""Brings a database in production to a release: looks, asks, backs up, runs, and says how it stands in the end."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Callable, Optional

from halfhooks import __version__
from halfhooks.ho.database.catalog import META
from halfhooks.ho.database.connect import Error, execute, interruptible
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.database.failure import Failure
from halfhooks.ho.database.meta import Recorded
from halfhooks.ho.database.python_files import find_interpreter
from halfhooks.ho.plan import PYTHON
from halfhooks.ho.production import backup as backups
from halfhooks.ho.production import trouble
from halfhooks.ho.production.backup import Backup
from halfhooks.ho.production.drift import Drift, look
from halfhooks.ho.production.ending import Call, Standing, Trouble
from halfhooks.ho.production.engine import (
    OTHER_FILES,
    TRY_AGAIN,
    UNCERTAIN,
    Engine,
    Limits,
    Script,
    Stopped,
    Watch,
)
from halfhooks.ho.production.progress import begun
from halfhooks.ho.production.route import Release, Route, entered, find_route, model_of
from halfhooks.ho.production.scripts import Scripts, no_script
from halfhooks.ho.production.session import (
    ask_again,
    first_line,
    lock,
    open_session,
    others,
    recorded,
    refuse_standby,
    who,
)
from halfhooks.ho.production.settings import NONE, TEMPLATE, Settings, Target
from halfhooks.ho.production.source import Source
from halfhooks.ho.production.steps import cut
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from halfhooks.ho.database.connect import Connection


LEAVING = 3.0
"""Seconds in which a session that was closed is gone from the server."""


class Wish(NamedTuple):
    """What was asked for. `accepted` is the reason for which a drift is accepted; `unfinished` is "", "skip" or "repeat"."""

    to: str = ""
    accepted: str = ""
    unfinished: str = ""


class Tell(NamedTuple):
    """Who wants to know, and who is asked: `plan` shows what will be done, `agree` says whether to, `bar` has progress."""

    plan: Callable[[Route, Drift, Sequence[tuple[str, int]]], None] = lambda route, drift, begun: None
    agree: Callable[[Route], None] = lambda route: None
    bar: Callable[[str, int, int], None] = lambda words, done, total: None
    backup: Callable[[Optional[Backup], str], None] = lambda backup, words: None
    watch: Watch = Watch()
    forgotten: Callable[[Backup], None] = lambda backup: None


class Done(NamedTuple):
    """What an upgrade did: the releases that ran with their seconds, and the backup, None where none was taken."""

    route: Route
    drift: Drift
    backup: Optional[Backup]
    ran: tuple[tuple[Release, float], ...]


class Upgrade:
    """One upgrade of one database."""

    def __init__(
        self, target: Target, source: Source, settings: Settings, folder: str, wish: Wish, call: Call, tell: Tell
    ) -> None:
        self.target = target
        self.source = source
        self.settings = settings
        self.folder = folder
        self.wish = wish
        self.call = call
        self.tell = tell
        self.ran: list[tuple[Release, float]] = []
        self.backup: Optional[Backup] = None

    def run(self, databases: Databases) -> Done:
        """All of it. A `Trouble` or `CannotTell` when it ends otherwise."""
        with self._session(databases) as connection:
            known = recorded(connection)
            label = known.label
            refuse_standby(connection, self.target.name, label)
            route = self.route(known)
            left = begun(connection)
            if not route.releases:
                return Done(route, Drift("", (), ""), None, ())
            python = self.python(route, label)
            drift = self.drift(connection, databases, known, route, bool(left))
            self.tell.plan(route, drift, left)
            self.tell.agree(route)
            databases.sweep()
            if self.settings.backup != TEMPLATE:
                self._back_up(connection, databases, known, drift, left)
        if self.settings.backup == TEMPLATE:  # the server copies a database only when nobody is connected to it
            self._copy(databases, known, drift, left)
        with self._session(databases) as connection:
            if recorded(connection).label != label:
                raise CannotTell(f"the database is no longer at {label}: somebody was quicker; {self.call.update()}")
            self._releases(connection, databases, route, drift, python, label)
        for each in backups.forget(
            databases, backups.known(databases, self.target.name, self.folder), self.settings.keep
        ):
            self.tell.forgotten(each)
        return Done(route, drift, self.backup, tuple(self.ran))

    @contextlib.contextmanager
    def _session(self, databases: Databases) -> Iterator[Connection]:
        connection = open_session(self.target, self.settings, databases.version)
        try:
            lock(connection, self.target.name, self.settings.wait, self.call, self.call.upgrade())
            yield connection
        finally:
            connection.close()

    # --- before

    def route(self, known: Recorded) -> Route:
        """The way to the release that is wanted; a `Trouble` when it is not what was recorded."""
        source = self.source
        route = find_route(source.objects, source.refs, source.layout, source.production, known, self.wish.to)
        if route.wrong:
            raise trouble.tampered(route.wrong, known.label, source.url, self.call)
        return route

    def python(self, route: Route, label: str) -> str:
        """The interpreter that the files of the route need, "" when they need none."""
        paths = [file.path for release in route.releases for _, file in release.files if file.kind == PYTHON]
        if not paths:
            return ""
        wanted = self.settings.python or self.source.config.python
        found = find_interpreter(wanted, os.getcwd(), os.environ)
        if not found:
            raise trouble.no_python(paths, wanted, label, self.call)
        return found

    def drift(
        self, connection: Connection, databases: Databases, known: Recorded, route: Route, resumed: bool
    ) -> Drift:
        """What the database has differently than its release; a `Trouble` unless that is nothing, or accepted."""
        if resumed:  # it is between two releases, and equals neither
            return Drift("", (), "")
        source = self.source
        release = entered(source.objects, source.layout, source.production)[route.base]
        try:
            model, why = model_of(source.objects, source.layout, release), ""
        except CannotTell as error:
            model, why = (), str(error)
        try:
            found = look(connection, known, databases, model, why)
        except Error as error:
            if error.pgcode != "55P03":
                raise
            sessions = others(databases.connection, self.target.name, 1)
            raise trouble.shut_out(known.label, first_line(error), sessions, self.call) from None
        if self.wish.accepted:
            return found
        if found.found is None:
            ((role,),) = execute(connection, "select current_user")
            raise trouble.undecided(known.label, found.reason, role, self.call)
        if found.found:
            raise trouble.drift(known.label, found.lines(), found.than, self.call)
        return found

    def _back_up(
        self,
        connection: Connection,
        databases: Databases,
        known: Recorded,
        drift: Drift,
        left: Sequence[tuple[str, int]],
    ) -> None:
        if self.settings.backup == NONE:
            self.tell.backup(None, "no backup is taken, as you wish")
            return
        earlier = [each for each in backups.known(databases, self.target.name, self.folder) if each.whole]
        if left and earlier and earlier[0].label == known.label:
            self.backup = earlier[0]
            self.tell.backup(earlier[0], f"{left[0][0]} has begun already; the backup from before that is kept")
            return
        try:
            about = backups.note(connection, known.label, known.commit, drift.live, self.target.name, not left)
            self.backup = backups.take_dump(self.target, connection, about, self.folder, self.tell.bar)
        except backups.Failed as failed:
            raise trouble.backup_failed(failed.what, failed.details, known.label, self.call) from None
        except Error as error:
            raise trouble.backup_failed(first_line(error), (), known.label, self.call) from None
        self.tell.backup(self.backup, "")

    def _copy(self, databases: Databases, known: Recorded, drift: Drift, left: Sequence[tuple[str, int]]) -> None:
        sessions = others(databases.connection, self.target.name)
        deadline = time.monotonic() + LEAVING
        while sessions and time.monotonic() < deadline:  # our own one may still be on its way out
            time.sleep(0.05)
            sessions = others(databases.connection, self.target.name)
        if sessions:
            raise trouble.connected(self.target.name, sessions, known.label, self.call)
        with contextlib.closing(open_session(self.target, self.settings, databases.version)) as connection:
            about = backups.note(connection, known.label, known.commit, drift.live, self.target.name, not left)
        try:
            self.backup = backups.take_copy(databases, self.target, about)
        except backups.Failed as failed:
            raise trouble.backup_failed(failed.what, failed.details, known.label, self.call) from None
        self.tell.backup(self.backup, "")

    # --- the releases

    def _releases(
        self, connection: Connection, databases: Databases, route: Route, drift: Drift, python: str, label: str
    ) -> None:
        """Run them, and say in the books how it ended."""
        began = self._begin(connection, route, drift, label)
        outcome = "interrupted"
        try:
            apply_releases(
                connection, route, self.script(python, self.target.name), self.tell.watch, self.limits(), self.ran
            )
            outcome = "done"
        except Stopped as stopped:
            outcome = f"failed at {stopped.release.label}"
            raise self.explain(connection, databases, stopped, label) from None
        except KeyboardInterrupt:
            release = route.releases[min(len(self.ran), len(route.releases) - 1)]
            ended = Stopped(release, Failure("", 0, 0, "it was interrupted by Ctrl-C"), 1, 0, len(cut(release)))
            raise self.explain(connection, databases, ended, label) from None
        finally:
            with contextlib.suppress(Error):
                query = f"update {META}.halfhooks_upgrade set ended = clock_timestamp(), outcome = %s where began = %s"
                if not connection.closed:
                    execute(connection, query, [outcome, began])

    def limits(self) -> Limits:
        """How often to try, and what to do with a script that was interrupted."""
        return Limits(max(self.settings.lockAttempts, 1), self.wish.unfinished)

    def _begin(self, connection: Connection, route: Route, drift: Drift, label: str) -> object:
        try:
            Engine(connection, no_script, Watch(), Limits()).prepare()
            ((began,),) = execute(
                connection,
                f"""insert into {META}.halfhooks_upgrade
                        (began, source, target, started_by, tool, backup, accepted_drift, drift)
                    values (clock_timestamp(), %s, %s, %s, %s, %s, nullif(%s, ''), nullif(%s, '')) returning began""",
                [
                    label,
                    str(route.target),
                    who(),
                    f"halfhooks {__version__}",
                    self.backup.where if self.backup else None,
                    self.wish.accepted if drift.found or drift.found is None else "",
                    "\n".join(drift.lines()),
                ],
            )
            return began
        except Error as error:
            ((role,),) = execute(connection, "select current_user")
            raise trouble.no_books(first_line(error), self.target.name, label, role, self.call) from None

    def script(self, python: str, database: str) -> Script:
        """What runs a Python file on a database, in the tree of the commit that it comes from."""
        runners = Scripts(self.source, self.target, self.settings, python, database)
        return runners.run

    def explain(self, connection: Connection, databases: Databases, stopped: Stopped, label: str) -> Trouble:
        """Why it stopped, with how the database stands: it is asked, by a new session where the old one is lost."""
        standing = self._standing(connection, databases, stopped, label)
        release, failure = str(stopped.release.label), stopped.failure
        lines = failure.lines() if failure.path else [failure.message]
        if stopped.why == UNCERTAIN:
            return trouble.uncertain(failure.path, failure.message.rpartition("began at ")[2], standing, self.call)
        if stopped.why == OTHER_FILES:
            return trouble.other_files(release, standing, self.call)
        if failure.lost:
            return trouble.lost(release, lines, standing, self.call)
        if failure.sqlstate in TRY_AGAIN:
            sessions = others(databases.connection, self.target.name, 1)
            return trouble.locked_out(release, lines, stopped.attempts, sessions, standing, self.call)
        return trouble.failed(release, lines, standing, self.call)

    def _standing(self, connection: Connection, databases: Databases, stopped: Stopped, label: str) -> Standing:
        kept = self.backup.where if self.backup else ""
        fresh: Optional[Connection] = None
        try:
            if connection.closed or stopped.failure.lost:
                fresh = ask_again(self.target, self.settings, databases.version)
                if fresh is None:
                    return Standing(None, label, backup=kept)
                connection = fresh
            now, left = recorded(connection).label, begun(connection)
        except (CannotTell, Error):
            return Standing(None, label, backup=kept)
        finally:
            if fresh is not None:
                fresh.close()
        name, done = left[0] if left else ("", 0)
        return Standing(now, label, name, done, stopped.steps, kept)


def apply_releases(
    connection: Connection,
    route: Route,
    script: Script,
    watch: Watch,
    limits: Limits,
    ran: list[tuple[Release, float]],
) -> None:
    """Run the releases of a route in order; those that are whole are appended to `ran`. A `Stopped` at the first that fails.

    Ctrl-C ends the statement that runs.
    """

    def done(release: Release, seconds: float) -> None:
        ran.append((release, seconds))
        watch.done(release, seconds)

    engine = Engine(connection, script, watch._replace(done=done), limits)

    def work() -> None:
        for release in route.releases:
            engine.run(release)

    interruptible(work, connection.cancel)

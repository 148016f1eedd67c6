"""Builds the database of a plan: from the longest way that was gone before, then patch by patch.

It is built beside the one that it is for, and takes its name at the end: whoever looks finds either of them.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Callable, Optional

from halfhooks.ho.database import templates
from halfhooks.ho.database.connect import connect, interruptible
from halfhooks.ho.database.databases import Databases, ObjectInUse
from halfhooks.ho.database.dumps import run_dump
from halfhooks.ho.database.failure import Failure
from halfhooks.ho.database.hazards import Hazard
from halfhooks.ho.database.observe import Observer
from halfhooks.ho.database.python_files import PythonRunner
from halfhooks.ho.database.run import Hooks, Ran, check, reset, run_patch
from halfhooks.ho.database.templates import Limits
from halfhooks.ho.plan import File, Patch, Plan
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

    from halfhooks.sql import Statement

WORTH = 3
"""A state is kept when reaching it took this many times as long as copying it."""


class Watch(NamedTuple):
    """Who wants to know how it goes on: `begin` with the plan and the number of steps that need not run, then the rest."""

    begin: Callable[[Plan, int], None] = lambda plan, skipped: None
    patch: Callable[[Patch], None] = lambda patch: None
    hooks: Hooks = Hooks()
    failed: Callable[[Patch, Failure], None] = lambda patch, failure: None
    role: Callable[[str], None] = lambda name: None


class Wish(NamedTuple):
    """How to build. `known` are the keys of what was built before: a state that both have in common is kept.

    `start` is a database in the state of the model, from which to begin. What is `only_read` while it is there becomes the
    template of its state in the end, where that is worth it; what is not is copied for that.
    With `observed`, the mode of the weakest lock that counts, every patch runs, and what they do to the tables of
    production is seen.
    """

    keep_going: bool = False
    timeout: float = 0
    cache: bool = True
    known: Sequence[str] = ()
    limits: Limits = Limits()
    start: str = ""
    observed: str = ""
    only_read: bool = False


class Built(NamedTuple):
    """A scratch database with what went wrong. `keys` are those of the states on the way, `skipped` of them were cached.

    `name` is "" when nothing was built.
    """

    name: str
    keys: tuple[str, ...]
    skipped: int
    ran: tuple[Ran, ...]
    failures: tuple[tuple[str, Failure], ...]
    hazards: tuple[Hazard, ...] = ()


@contextlib.contextmanager
def building(databases: Databases, plan: Plan, wish: Wish, python: PythonRunner, watch: Watch) -> Iterator[Built]:
    """Build the database of a plan; it is removed at the end of the block unless it has another name by then.

    Nothing remains when it is interrupted.
    """
    builder = _Builder(databases, plan, wish, python, watch)
    try:
        yield builder.build()
    finally:
        if not databases.connection.closed:
            builder.discard()


class _Builder:
    """One building: `name` is the scratch database as it stands now, `connection` the session in it, if there is one.

    One session runs all patches, each as if it had just begun, as an upgrade of production does.
    """

    def __init__(self, databases: Databases, plan: Plan, wish: Wish, python: PythonRunner, watch: Watch) -> None:
        self.databases = databases
        self.plan = plan
        self.wish = wish
        self.python = python
        self.watch = watch
        self.hooks = watch.hooks._replace(ran=self._ran)
        self.observer = Observer(wish.observed) if wish.observed else None
        if self.observer:
            see = self.observer
            told = watch.hooks.statement

            def seen(connection: Connection, file: File, statement: Optional[Statement]) -> None:
                see.statement(connection, file, statement)
                told(connection, file, statement)

            self.hooks = self.hooks._replace(begun=see.begun, statement=seen, trial=True)
        self.keys = plan.keys(templates.salt(databases))
        self.name = ""
        self.connection: Optional[Connection] = None
        self.made: list[str] = []
        self.ran: list[Ran] = []
        self.failures: list[tuple[str, Failure]] = []
        self.copying = 0.05
        self.working = 0.0
        self.filled: Optional[list[int]] = None  # the tables with rows of a model that is to be kept in the end

    def build(self) -> Built:
        """All of it."""
        wrong = self._unrunnable()
        if wrong and not self.wish.keep_going:
            self._fail(*wrong)
            return self._built(0)
        start = self._begin()
        self.watch.begin(self.plan, start)
        if start == 0 and not self._model():
            return self._built(0)
        self._patches(max(start, 1))
        return self._built(start)

    def _built(self, skipped: int) -> Built:
        self._leave()
        done = self.name if not self.failures or self.wish.keep_going else ""
        hazards = tuple(self.observer.hazards) if self.observer else ()
        return Built(done, tuple(self.keys), skipped, tuple(self.ran), tuple(self.failures), hazards)

    def _ran(self, ran: Ran) -> None:
        self.ran.append(ran)
        self.watch.hooks.ran(ran)

    def _unrunnable(self) -> Optional[tuple[Patch, Failure]]:
        """A patch that cannot run at all: better known before anything runs."""
        for patch in self.plan.patches:
            failure = check(patch)
            if failure:
                return patch, failure
        return None

    def _fail(self, patch: Patch, failure: Failure) -> None:
        self.failures.append((patch.id, failure))
        self.watch.failed(patch, failure)

    # --- where to begin

    def _begin(self) -> int:
        """Make the scratch database from the furthest state that is known; how many states are passed by it.

        The last state is always reached by running the last patch: that is what somebody is working on.
        """
        if self.wish.start:
            self._take(self.databases.make(template=self.wish.start))
            return 1
        ways = self.keys[:-1] if len(self.keys) > 1 and not self.observer else self.keys[:1]
        number = templates.longest(self.databases, ways) if self.wish.cache else 0
        started = time.monotonic()
        copied = templates.copy(self.databases, self.keys[number - 1]) if number else None
        if copied:
            self.copying = time.monotonic() - started
        self._take(copied or self.databases.make())
        return number if copied else 0

    def _take(self, name: str) -> None:
        self.name = name
        self.made.append(name)

    def _model(self) -> bool:
        """Load the model; whether it worked."""
        model = Patch("model", self.plan.label, "production", self.plan.model)
        self.watch.patch(model)
        started = time.monotonic()
        for file in self.plan.model:
            failure = self._load(file)
            if failure:
                self._fail(model, failure)
                self.name = ""
                return False
        self.working = time.monotonic() - started
        if self.wish.cache:
            filled: list[int] = []
            self._run(lambda connection: filled.extend(_filled(connection)))
            if self.wish.only_read and len(self.keys) == 1:
                self.filled = filled
            else:
                self._keep(0, filled)
        return True

    def _load(self, file: File) -> Optional[Failure]:
        """Load a file of the model. On a private server the roles that it names are made where they are missing."""
        while True:
            failure = self._run(lambda connection: run_dump(connection, file, self.hooks))
            role = missing_role(failure) if failure and self.databases.server.private else ""
            if not role:
                return failure
            self.databases.run(f"create role {self.databases.quote(role)} nologin")
            self.watch.role(role)

    def _run(self, call: Callable[..., Optional[Failure]]) -> Optional[Failure]:
        connection = self.connection
        if connection is None:
            timeout = {"statement_timeout": f"{int(self.wish.timeout * 1000)}"} if self.wish.timeout else {}
            connection = self.connection = connect(self.databases.server, self.name, timeout)

        def cancel() -> None:
            self.python.stop()
            connection.cancel()

        failure = interruptible(lambda: call(connection), cancel)
        if failure:
            self._leave()
        return failure

    def _leave(self) -> None:
        """Close the session in the scratch database: nobody can copy or remove one that somebody is in."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    # --- the patches

    def _patches(self, start: int) -> None:
        """Run the patches from a state on, keeping what is worth it."""
        if self.observer:
            self._run(self.observer.start)
        for number in range(start, len(self.keys)):
            patch = self.plan.patches[number - 1]
            if number > start and not self.failures and self._is_worth(number):
                self._keep(number - 1)
            before = ""
            if self.wish.keep_going and not patch.transactional:
                self._leave()
                before = self.databases.make(template=self.name)
                self.made.append(before)
            self.watch.patch(patch)
            started = time.monotonic()
            failure = check(patch) or self._run(
                lambda connection, patch=patch: run_patch(connection, patch, self._python(), self.hooks)
            )
            self.working += time.monotonic() - started
            if failure:
                self._fail(patch, failure)
                if failure.lost or not self.wish.keep_going:
                    self.name = "" if failure.lost else self.name
                    return
                self.name = before or self.name

    def _python(self) -> Callable[[File], Optional[Failure]]:
        name = self.name
        return lambda file: self.python.run(self.databases.server, name, file)

    def _is_worth(self, number: int) -> bool:
        """Whether to keep the state before a patch: it took long, or it is where the files begin to differ from before."""
        if not self.wish.cache or self.observer:
            return False
        first_new = number >= len(self.wish.known) or self.wish.known[number] != self.keys[number]
        begins = (
            first_new and number - 1 < len(self.wish.known) and self.wish.known[number - 1] == self.keys[number - 1]
        )
        last = number == len(self.keys) - 1
        return begins or last or self.working > WORTH * self.copying

    def _keep(self, number: int, filled: Optional[list[int]] = None) -> None:
        """Keep the state of a number as a template."""
        if self.wish.cache:
            self._leave()
            words = self.plan.patches[number - 1].id if number else self.plan.label
            started = time.monotonic()
            templates.keep(self.databases, self.name, self.keys[number], words, self.wish.limits, filled)
            self.copying, self.working = time.monotonic() - started, 0.0

    def discard(self) -> None:
        """Remove what was made and has no other name, but for what is to be kept."""
        self._leave()
        if self.filled is not None:
            with contextlib.suppress(ObjectInUse):
                templates.turn(self.databases, self.name, self.keys[0], self.plan.label, self.wish.limits, self.filled)
        for name in self.made:
            if self.databases.find(name):
                self.databases.remove(name)


def _filled(connection: Connection) -> list[int]:
    """The tables that have rows: whoever dumps a later model has to know those of production."""
    from halfhooks.ho.database.dump import tables_with_rows  # a model is seldom loaded

    reset(connection)
    return [oid for oid, filled in tables_with_rows(connection).items() if filled]


def missing_role(failure: Failure) -> str:
    """The role for whose absence something failed, "" for any other failure. A private server speaks English."""
    found = re.fullmatch(r'role "(.+)" does not exist', failure.message)
    return found.group(1) if found and failure.sqlstate == "42704" else ""

"""Runs the releases of a route on a database, one after the other; it ends at a whole release, or says how far it came.

A release that fits into one transaction is that, its row of `hop_release` included. Any other is a row of steps, each of
which is recorded when it is done (`halfhooks_progress`).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Callable, Optional

from halfhooks import sql
from halfhooks.ho.database import meta
from halfhooks.ho.database.catalog import META, fingerprint, read_catalog
from halfhooks.ho.database.connect import Error, execute
from halfhooks.ho.database.failure import Failure
from halfhooks.ho.database.run import (
    Failed,
    Hooks,
    Ran,
    at_end,
    begin,
    end,
    lost,
    plain,
    read_statements,
    run_statement,
)
from halfhooks.ho.plan import File, Patch
from halfhooks.ho.production.progress import BEGUN, FORGET, MARK, NOTHING, Progress, indexes, progress
from halfhooks.ho.production.route import Release
from halfhooks.ho.production.session import LOCK_SPACE, who
from halfhooks.ho.production.steps import ALONE, SCRIPT, TRANSACTION, Step, cut, has_apply
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from halfhooks.ho.database.connect import Connection

TRY_AGAIN = {"55P03": "a lock", "40P01": "a deadlock", "40001": "a conflict"}
"""The states after which the same statements may well succeed: lock_not_available, deadlock, serialization_failure."""
DONE_BEFORE = {
    "create": ("42P07", "42710", "42P04"),
    "drop": ("42704", "42P01", "3D000"),
}
"""What a statement fails with when the attempt that was interrupted had done it, by its first word."""
LONGEST_PAUSE = 15.0

Script = Callable[[File, str, str], Optional[Failure]]
"""Runs a Python file as a commit has it; the last text is a statement for the transaction of its `apply`."""


class Watch(NamedTuple):
    """Who wants to know how it goes on. `again` gets the failure after which a step is tried again, and the pause."""

    release: Callable[[Release, int], None] = lambda release, steps: None
    patch: Callable[[Patch], None] = lambda patch: None
    hooks: Hooks = Hooks()
    again: Callable[[Failure, float], None] = lambda failure, pause: None
    done: Callable[[Release, float], None] = lambda release, seconds: None
    resumed: Callable[[Release, int], None] = lambda release, steps: None


class Limits(NamedTuple):
    """How often a step is tried that does not get its locks, and what to do with a script that was interrupted."""

    attempts: int = 10
    unfinished: str = ""


class Stopped(Exception):
    """A release stopped: why, after how many attempts, at which of its steps (from 0), of how many."""

    def __init__(self, release: Release, failure: Failure, attempts: int, step: int, steps: int, why: str = "") -> None:
        super().__init__(failure.message)
        self.release = release
        self.failure = failure
        self.attempts = attempts
        self.step = step
        self.steps = steps
        self.why = why


UNCERTAIN, OTHER_FILES = "uncertain", "other files"


class Engine:
    """Runs releases in one session. Files that are no transaction are run as `ho apply` runs them, but resumably."""

    def __init__(self, connection: Connection, script: Script, watch: Watch, limits: Limits) -> None:
        self.connection = connection
        self.script = script
        self.watch = watch
        self.limits = limits
        self.seconds: dict[str, float] = {}

    def prepare(self) -> None:
        """Make what is missing of the tables in which it is recorded what ran, in one transaction."""
        begin(self.connection)
        try:
            meta.ensure(self.connection)
            end(self.connection, "commit")
        finally:
            end(self.connection, "rollback", quietly=True)

    def run(self, release: Release) -> None:
        """Run a release, all of it or what is left of it; a `Stopped` when it cannot go on."""
        steps = cut(release)
        started = time.monotonic()
        self.watch.release(release, len(steps))
        known = self._known(release, steps) if len(steps) > 1 else {}
        passed = sum(1 for each in known.values() if each.done)
        if passed:
            self.watch.resumed(release, passed)
        for number in range(len(steps)):
            if not known.get(number, NOTHING).done:
                self._step(release, steps, number, known.get(number), started)
        if (
            steps[-1].kind != TRANSACTION
        ):  # its last one has not recorded the release, or was done before an interruption
            self._patiently(release, len(steps), len(steps) - 1, lambda: self._finish(release, started))
        self.watch.done(release, time.monotonic() - started)

    def _known(self, release: Release, steps: Sequence[Step]) -> dict[int, Progress]:
        known = progress(self.connection, str(release.label))
        for number, each in known.items():
            if number >= len(steps) or each.content != steps[number].content:
                failure = Failure("", 0, 0, "it was begun with other files")
                raise Stopped(release, failure, 1, number, len(steps), OTHER_FILES)
        return known

    def _step(
        self, release: Release, steps: Sequence[Step], number: int, known: Optional[Progress], started: float
    ) -> None:
        """Run one step. The last one also records the release, when it is a transaction."""
        step = steps[number]

        def work() -> None:
            if step.kind == TRANSACTION:
                self._transaction(release, step, number, len(steps), started)
            else:  # an attempt that did not get its locks may have left its mark, or taken it back
                before = progress(self.connection, str(release.label)).get(number) if known else None
                self._alone(release, step, number, before)

        self._patiently(release, len(steps), number, work)

    def _patiently(self, release: Release, steps: int, number: int, work: Callable[[], None]) -> None:
        """Do some work, again when it does not get its locks; a `Stopped` when it fails."""
        for attempt in range(1, self.limits.attempts + 1):
            try:
                work()
                return
            except Failed as failed:
                failure = failed.failure
            except Error as error:
                patch = release.patches[-1] if release.patches else Patch(str(release.label), "", "", ())
                failure = lost(self.connection, error) or at_end(patch, error)
            finally:
                end(self.connection, "rollback", quietly=True)
            if failure.lost or failure.sqlstate not in TRY_AGAIN or attempt == self.limits.attempts:
                raise Stopped(release, failure, attempt, number, steps)
            pause = min(0.25 * 1.7**attempt, LONGEST_PAUSE)
            self.watch.again(failure, pause)
            time.sleep(pause)

    # --- a transaction

    def _transaction(self, release: Release, step: Step, number: int, steps: int, started: float) -> None:
        last = number == steps - 1
        begin(self.connection)
        self.watch.hooks.begun(self.connection)
        for patch in step.patches:
            self._patch(patch)
        fresh(self.connection)
        if steps > 1:
            execute(self.connection, MARK, [str(release.label), number, step.content])
        if last:
            self._record(release, started)
        end(self.connection, "commit")

    def _patch(self, patch: Patch) -> None:
        """Run the SQL of a patch in the transaction that is open, in a session as it is after connecting."""
        self.watch.patch(patch)
        started = time.monotonic()
        fresh(self.connection)
        for file in patch.files:
            self.watch.hooks.file(file)
            began = time.monotonic()
            text, found = read_statements(file)
            for statement in found:
                run_statement(self.connection, file, text, statement)
                self.watch.hooks.statement(self.connection, file, statement)
            self.watch.hooks.ran(Ran(file.path, time.monotonic() - began, len(found)))
        settle(self.connection)
        self.seconds[patch.id] = self.seconds.get(patch.id, 0) + time.monotonic() - started

    def _finish(self, release: Release, started: float) -> None:
        """Record a release whose last step was no transaction."""
        begin(self.connection)
        self._record(release, started)
        end(self.connection, "commit")

    def _record(self, release: Release, started: float) -> None:
        """Write the rows of a release, in the transaction that is open."""
        catalog = read_catalog(self.connection)
        applied = [meta.Applied(patch.id, patch.content, self.seconds.get(patch.id, 0)) for patch in release.patches]
        meta.record(
            self.connection,
            str(release.label),
            release.commit,
            patches=applied,
            seconds=time.monotonic() - started,
            who=who(),
            fingerprint=fingerprint(catalog),
            catalog=catalog,
        )
        execute(self.connection, f"delete from {META}.halfhooks_progress where release = %s", [str(release.label)])

    # --- files that are no transaction

    def _alone(self, release: Release, step: Step, number: int, known: Optional[Progress]) -> None:
        """Run a file that is no transaction, unless an attempt that was interrupted has done it."""
        self.watch.patch(step.patches[0])
        started = time.monotonic()
        label, file = str(release.label), step.file
        fresh(self.connection)
        if known is None:
            before = json.dumps([oid for oid, _ in indexes(self.connection)])
            execute(self.connection, BEGUN, [label, number, step.content, before])
        self.watch.hooks.file(file)
        self.watch.hooks.begun(self.connection)
        if step.kind == SCRIPT:
            count = self._run_script(release, step, number, known)
        else:
            count = self._run_alone(label, number, file, known)
        fresh(self.connection)
        execute(self.connection, MARK, [label, number, step.content])
        execute(self.connection, "select pg_try_advisory_lock(%s, 0)", [LOCK_SPACE])  # DISCARD ALL gives it up
        patch = step.patches[0].id
        self.seconds[patch] = self.seconds.get(patch, 0) + time.monotonic() - started
        self.watch.hooks.ran(Ran(file.path, time.monotonic() - started, count))

    def _run_script(self, release: Release, step: Step, number: int, known: Optional[Progress]) -> int:
        file = step.file
        exact = has_apply(file)
        if known and not exact and self.limits.unfinished != "repeat":
            if self.limits.unfinished == "skip":
                return 0
            failure = Failure(file.path, 0, 0, f"it was interrupted; it began at {known.began}")
            raise Stopped(release, failure, 1, number, 0, UNCERTAIN)
        with self.connection.cursor() as cursor:
            mark = cursor.mogrify(MARK, [str(release.label), number, step.content]).decode("utf-8") if exact else ""
        failure_ = self.script(file, release.commit, mark)
        if failure_:
            if exact:  # its transaction is rolled back: it is as if it had never begun
                execute(self.connection, FORGET, [str(release.label), number])
            raise Failed(failure_)
        self.watch.hooks.statement(self.connection, file, None)
        return 0

    def _run_alone(self, label: str, number: int, file: File, known: Optional[Progress]) -> int:
        text, found = read_statements(file)
        if len(found) > 1:
            raise Failed(
                Failure(file.path, found[1].line, 0, f"a second statement in a file with '{sql.NO_TRANSACTION}'")
            )
        for statement in found:
            before = set(json.loads(known.before or "[]")) if known else {oid for oid, _ in indexes(self.connection)}
            if known and self._mend(statement, before):
                continue
            if re.search(r"\bconcurrently\b", statement.text, re.IGNORECASE):  # it keeps nobody out while it waits
                plain(self.connection, "set lock_timeout = 0")
            try:
                run_statement(self.connection, file, text, statement)
            except Failed as failed:
                failure = failed.failure
                if failure.lost:
                    raise
                word = statement.text.split(None, 1)[0].lower()
                if known and failure.sqlstate in DONE_BEFORE.get(word, ()):
                    continue
                self._mend(statement, before)
                if known is None:
                    execute(self.connection, FORGET, [label, number])
                raise
            finally:
                if not self.connection.closed:
                    plain(self.connection, "reset lock_timeout")
            self.watch.hooks.statement(self.connection, file, statement)
        return len(found)

    def _mend(self, statement: sql.Statement, before: set[int]) -> bool:
        """Remove the invalid indexes that an interrupted statement left; whether it had made its index after all."""
        if not re.match(r"(create|reindex)\b", statement.text, re.IGNORECASE):
            return False
        new = [(oid, valid) for oid, valid in indexes(self.connection) if oid not in before]
        for oid, valid in new:
            if not valid:
                ((name,),) = execute(self.connection, "select %s::regclass::text", [oid])
                execute(self.connection, f"drop index concurrently if exists {name}")
        made = [oid for oid, valid in new if valid]
        return len(made) == 1 and statement.text[:6].lower() == "create"


def settle(connection: Connection) -> None:
    """Check what a patch has deferred to its end, as the COMMIT of its own transaction would, and defer as before."""
    plain(connection, "set constraints all immediate")
    deferred = execute(connection, DEFERRED)
    if deferred:
        plain(connection, f"set constraints {', '.join(name for (name,) in deferred)} deferred")


DEFERRED = """
    select distinct quote_ident(nspname) || '.' || quote_ident(conname)
    from pg_constraint join pg_namespace n on n.oid = connamespace where condeferred"""


def fresh(connection: Connection) -> None:
    """A session as if it had just begun, but for the lock: DISCARD ALL would free that, and runs in no transaction."""
    plain(connection, FRESH)


FRESH = """
    close all; set session authorization default; reset all; deallocate all; unlisten *; discard plans; discard temp;
    discard sequences"""

__all__ = ["ALONE", "Engine", "Limits", "Stopped", "Watch"]

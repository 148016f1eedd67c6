"""Validates a commit: its database is built from nothing but its files, and the tests pass there.

Nothing of the clone changes: the files are in a folder of their own, the database is thrown away, and what is known in the
end is kept below the git directory (`halfhooks.ho.records`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, Optional

from halfhooks import __version__
from halfhooks.ho import validation
from halfhooks.ho.aside import Aside
from halfhooks.ho.checkout import checking_out
from halfhooks.ho.codegen.project import stale
from halfhooks.ho.database import build
from halfhooks.ho.database.apply import databases_of
from halfhooks.ho.database.build import Built, Wish, building
from halfhooks.ho.database.catalog import Object, catalog_of, fingerprint
from halfhooks.ho.database.connect import Server, connected
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.database.hazards import Hazard, as_values, in_order, refused
from halfhooks.ho.database.lint import lint
from halfhooks.ho.database.project import Project
from halfhooks.ho.database.python_files import Interpreter, PythonRunner, process_environment
from halfhooks.ho.database.repeats import Repeats
from halfhooks.ho.plan import PYTHON, File
from halfhooks.ho.records import Records
from halfhooks.ho.repository import find_git
from halfhooks.ho.subjects import Subject
from halfhooks.ho.testing import again, command_of, run_tests
from halfhooks.ho.validation import FAILED, LEFT_OUT, Problem, Record, Tested, patches_of
from halfhooks.values import NamedTuple

INTERPRETER = "python"
MOST_LINES = 20
"""Lines of a diff of generated code that are shown."""
AGAIN = ("  it ran for the second time: what '-- @HOP:data' marks must be repeatable, as by ON CONFLICT DO NOTHING",)


Opened = Callable[[], Databases]
"""Gives the databases of the project, which its owner has open for longer than one validation."""


class Watch(NamedTuple):
    """Who wants to know how it goes on: `building` as for `ho apply`, `step` before each other step with its words.

    `output` is the descriptor that the tests write to, ours for None.
    """

    building: build.Watch = build.Watch()
    step: Callable[[str], None] = lambda words: None
    output: Optional[int] = None


def validate(
    project: Project,
    subject: Subject,
    watch: Watch,
    tests: bool = True,
    wish: Optional[Wish] = None,
    opened: Optional[Opened] = None,
) -> Record:
    """Validate what was read of a commit, which no ref has to lead to, whatever is known of it.

    A record that `passed` is kept. `CannotTell` where it could not be found out: no server, no interpreter, no project.
    """
    record = _Validation(project, subject, watch, tests, wish or Wish()).run(opened)
    if record.passed:
        Records(project.clone.common_dir).save(record)
    return record


class _Validation:
    """One validation under way; `problems`, `warnings` and `seconds` grow."""

    def __init__(self, project: Project, subject: Subject, watch: Watch, tests: bool, wish: Wish) -> None:
        self.project = project
        self.subject = subject
        self.watch = watch
        self.tests = tests
        config = subject.config
        wish = wish._replace(only_read=not tests)
        self.wish = wish if config.locks == "off" else wish._replace(observed=config.lockMode)
        self.hazards: list[Hazard] = []
        self.problems: list[Problem] = []
        self.warnings: list[str] = list(subject.plan.remarks)
        self.seconds: dict[str, float] = {}

    def run(self, opened: Optional[Opened]) -> Record:
        """All of it. What a step finds does not keep the next one from running, unless there is no database."""
        at = int(time.time())
        objects: list[Object] = []
        generated, tests = LEFT_OUT, Tested(result=LEFT_OUT)
        clone, environment = self.project.clone, self.project.environment
        with contextlib.ExitStack() as stack:
            with self._timed("checkout"):
                making = checking_out(clone, find_git(), self.subject.commit, environment)
                checkout, written = stack.enter_context(making)
                if any(file.kind == PYTHON for patch in self.subject.plan.patches for file in patch.files):
                    written()  # else it is written while the database is built
            interpreter = self.project.interpreter()._replace(top=str(checkout.tree))
            databases = opened() if opened else stack.enter_context(databases_of(self.project))
            advice = self._ask_advice(stack, databases.version)
            with self._timed("database"):
                built = self._build(stack, databases, interpreter)
            version = databases.connection.info.parameter_status("server_version") or str(databases.version)
            if advice and built.name:
                self._judge([*built.hazards, *advice.result()[0]])
            if built.name:
                with self._timed("checkout"):
                    written()
                with self._timed("generated code"):
                    catalog = Aside(lambda: catalog_of(databases.server, built.name))
                    generated = self._compare(databases.server, built.name, checkout.tree)
                    objects = catalog.result()
                self.warnings += unfinished(objects)
                if self.tests:
                    variables = process_environment(interpreter, databases.server, built.name, checkout.folder)
                    with self._timed("tests"):
                        tests = self._test(interpreter, checkout.tree, variables, databases.server)
        plan, subject = self.subject.plan, self.subject
        return Record(
            tree=subject.tree,
            commit=subject.commit,
            subject=subject.id,
            production=plan.label,
            model=plan.base,
            patches=patches_of(plan),
            server=version,
            fingerprint=fingerprint(objects) if objects else "",
            generated=generated,
            tests=tests,
            observed=self.wish.observed,
            hazards=tuple(as_values(self.hazards)),
            warnings=tuple(self.warnings),
            problems=tuple(self.problems),
            at=at,
            seconds=self.seconds,
            halfhooks=__version__,
        )

    def _build(self, stack: contextlib.ExitStack, databases: Databases, interpreter: Interpreter) -> Built:
        ran: list[File] = []
        hooks = self.watch.building.hooks

        def begins(file: File) -> None:
            ran.append(file)
            hooks.file(file)

        watch = self.watch.building._replace(hooks=hooks._replace(file=begins, statement=Repeats().statement))
        made = building(databases, self.subject.plan, self.wish, PythonRunner(interpreter), watch)
        built = stack.enter_context(made)
        for patch, failure in built.failures:
            again = AGAIN if ran[-2:] == [ran[-1]] * 2 and failure.path == ran[-1].path else ()
            self.problems.append(Problem(patch, (*failure.lines(), *again)))
        return built

    def _ask_advice(self, stack: contextlib.ExitStack, version: int) -> Optional[Aside[tuple[list[Hazard], list[str]]]]:
        """squawk's advice on the patches, which it reads while they run; None where nobody wants to know of locks."""
        if not self.wish.observed:
            return None
        plan, project = self.subject.plan, self.project
        advice = Aside(lambda: lint(plan, version, project.clone.top, project.environment))
        stack.callback(advice.wait)
        return advice

    def _judge(self, found: list[Hazard]) -> None:
        """What the patches would do to the tables of production: kept, and refused where the policy says so."""
        plan, config = self.subject.plan, self.subject.config
        self.hazards = in_order(found, plan)
        stops = [line for hazard in refused(self.hazards) for line in hazard.lines()]
        if stops and config.locks == "refuse":
            said = "production would stand still while a whole table is read or written (project.locks = refuse)"
            self.problems.append(Problem(validation.LOCKS, (said, *(f"  {line}" for line in stops))))

    def _compare(self, server: Server, name: str, tree: Path) -> str:
        """Whether the generated code of the commit is that of its database (HH701)."""
        project = self.project.with_policy(self.subject.config, self.subject.declared)
        with connected(server, name) as connection:
            lines = stale(project, connection, str(tree))
        if lines:
            shown = (
                lines
                if len(lines) <= MOST_LINES
                else [*lines[:MOST_LINES], f"and {len(lines) - MOST_LINES} lines more"]
            )
            said = "generated code is not what the database gives (HH701)"
            where = project.config.package or "it"
            help = f"help: on the branch of the patch: ho apply writes it, git add {where}, git commit, then once more"
            self.problems.append(Problem(validation.GENERATED, (said, *(f"  {line}" for line in (*shown, help)))))
        return validation.STALE if lines else validation.FRESH

    def _test(self, interpreter: Interpreter, tree: Path, variables: dict[str, str], server: Server) -> Tested:
        command = command_of(self.subject.config.tests)
        if command:
            self.watch.step(f"tests: {' '.join((INTERPRETER, '-m', *command))}")
        top = self.project.clone.top or "."
        tests = run_tests(command, interpreter.path, tree, variables, self.watch.output, top)
        if tests.result == FAILED:
            how = f"were ended by signal {-tests.code}" if tests.code < 0 else f"ended with exit code {tests.code}"
            here = again(command, interpreter.path, server.environment(self.project.database), top)
            help = f"  help: run them in your working tree: ho apply && {here}"
            ways = (help, "        or once more what is committed: ho validate")
            self.problems.append(Problem(validation.TESTS, (f"the tests {how}", *ways)))
        elif tests.result == validation.NOTHING:
            self.warnings.append("there are no tests: nothing shows that the code works on this database")
        return tests

    @contextlib.contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.seconds[step] = round(self.seconds.get(step, 0.0) + time.monotonic() - started, 3)


def unfinished(objects: list[Object]) -> Iterator[str]:
    """Warnings of what a database has that does not hold: invalid indexes, constraints that nobody has checked."""
    for each in objects:
        facts = each.definition.split("\n")
        if each.kind == "index" and "invalid" in facts:
            yield f"the index {each.name} is invalid, as a failed CREATE INDEX CONCURRENTLY leaves it: reindex or drop it"
        if each.kind == "constraint" and "not valid" in facts and "NOT ENFORCED" not in each.definition:
            yield f"the constraint {each.name} is NOT VALID: alter table ... validate constraint"

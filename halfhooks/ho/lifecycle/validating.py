"""Validates the commits that a command of the lifecycle has made, and makes the model of a release from them."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Optional

from halfhooks.ho.commands.validate import watch_of
from halfhooks.ho.console import Console
from halfhooks.ho.database.apply import databases_of
from halfhooks.ho.database.build import Wish
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.database.dump import Model
from halfhooks.ho.database.model import CannotMake, make_model
from halfhooks.ho.database.project import Project, open_project
from halfhooks.ho.database.validate import validate
from halfhooks.ho.lifecycle.running import Refused
from halfhooks.ho.lifecycle.workplace import Workplace
from halfhooks.ho.plan import read_plan
from halfhooks.ho.repository import decoded
from halfhooks.ho.subjects import known, read_subject
from halfhooks.ho.trees import CommitTree
from halfhooks.ho.validation import Record


class Validator:
    """Validates for one command, whose arguments say how."""

    def __init__(self, place: Workplace, arguments: argparse.Namespace) -> None:
        self.place = place
        self.arguments = arguments
        self.console = Console(io.StringIO() if arguments.json else sys.stdout)
        self.project: Project = open_project(place.clone, place.survey.overrides)
        self._expected = ""
        self._databases: Optional[Databases] = None

    def validate(self, commit: str) -> None:
        """Validate a commit; `Refused` when it does not pass, or is not the database that its model was dumped from."""
        told = self.place.clone.start("log", "-1", "--format=%s", commit)
        record = self._record(commit, self.arguments.force)
        if not self._is_expected(record) and not self.arguments.force:  # one that was kept may be of another server
            record = self._record(commit, force=True)
        words = decoded(told.finish())
        for warning in record.warnings:
            self.console.line(f"halfhooks: warning: {warning}", "yellow")
        if not record.passed:
            lines = [line for problem in record.problems for line in problem.lines]
            raise Refused([*lines, f"halfhooks: '{words}' is not valid; nothing was done"])
        if not self._is_expected(record):
            end = "what was dumped does not make the same database again; nothing was done: please report this"
            raise Refused([f"halfhooks: '{words}': {end}"])
        self.console.line(f"valid: {words}", "green")

    def _record(self, commit: str, force: bool) -> Record:
        with contextlib.ExitStack() as bars:
            watch = watch_of(self.console, bars, self.arguments.json)
            tests = not self.arguments.no_tests
            subject = read_subject(self.project, commit, self.place.survey.objects)
            found = None if force else known(self.project, subject, tests)
            return found or validate(self.project, subject, watch, tests, Wish(), self._opened)

    def _opened(self) -> Databases:
        """The databases of the project, open until the command ends: what is removed does not keep it from going on."""
        if self._databases is None:
            self._databases = self.place.held.enter_context(databases_of(self.project))
        return self._databases

    def _is_expected(self, record: Record) -> bool:
        """Whether a commit makes the database that its model was dumped from, where it passed at all."""
        return not self._expected or not record.passed or record.fingerprint == self._expected

    def make_model(self, commit: str, label: str, at: datetime) -> Model:
        """The model of a release from its commit, which is validated; what is made of it has to have the same catalog."""
        tree = CommitTree(self.place.survey.objects, commit)
        plan = read_plan(tree, self.place.layout)
        databases = self._opened()
        with contextlib.ExitStack() as bars:
            watch = watch_of(self.console, bars, self.arguments.json).building
            try:
                made = make_model(databases, plan, label, at, self.project.python(), watch)
            except CannotMake as error:
                lines: Sequence[str] = list(error.failure.lines())
                raise Refused([*lines, f"halfhooks: '{error.patch}' failed; nothing was done"]) from None
        self._expected = made.fingerprint
        return made.model

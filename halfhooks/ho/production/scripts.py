"""Runs the Python files of releases in production."""

from __future__ import annotations

import os
from typing import Optional

from halfhooks.ho.database.failure import Failure
from halfhooks.ho.database.python_files import Interpreter, PythonRunner
from halfhooks.ho.plan import File
from halfhooks.ho.production.settings import Settings, Target
from halfhooks.ho.production.source import Source, checkout


def no_script(file: File, commit: str, mark: str) -> Optional[Failure]:
    """For releases that have no Python files."""
    raise AssertionError(file.path)


class Scripts:
    """Runs the Python files of releases, each in the tree of the commit that it comes from."""

    def __init__(self, source: Source, target: Target, settings: Settings, python: str, database: str) -> None:
        self.source = source
        self.target = target
        self.settings = settings
        self.python = python
        self.database = database

    def run(self, file: File, commit: str, mark: str) -> Optional[Failure]:
        """Run one as a commit has it; the mark is a statement for the transaction of its `apply`."""
        project = self.source.config.database
        limits = f"-c lock_timeout={self.settings.lockTimeout}s -c statement_timeout={self.settings.timeout}s"
        options = " ".join(filter(None, [os.environ.get("PGOPTIONS", ""), limits]))
        environment = {**os.environ, "PGOPTIONS": options, "HALFHOOKS_AT_END": mark}
        half_orm = project if project and "=" not in project and "://" not in project else ""
        with checkout(self.source, commit) as folder:
            runner = PythonRunner(Interpreter(self.python, folder, (half_orm,) if half_orm else (), environment))
            return runner.run(self.target.server, self.database, file)

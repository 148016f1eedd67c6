"""A release cut into steps: one transaction where its statements allow, else as few steps as that takes.

A step is a transaction, or a file that cannot run in one. What a release of several steps has done is recorded step by step,
in the transaction of the step itself where it has one, so that a repeated run goes on and repeats nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from halfhooks import sql
from halfhooks.ho.plan import PYTHON, SQL, File, Patch, digest
from halfhooks.ho.production.route import Release
from halfhooks.values import NamedTuple

TRANSACTION, ALONE, SCRIPT = "transaction", "alone", "script"

ADDS_VALUE = re.compile(r"alter\s+type\b.*\badd\s+value\b", re.IGNORECASE | re.DOTALL)
"""A value that is added to an enum cannot be used before it is committed."""
SERVER_WIDE = re.compile(
    r"(create|alter|drop)\s+(role|user(?!\s+mapping)|group|tablespace|database|subscription)\b|alter\s+system\b|"
    r"(grant|revoke)\s(?!.*\bon\b)|reassign\s+owned\b|drop\s+owned\b|comment\s+on\s+(role|database|tablespace)\b",
    re.IGNORECASE | re.DOTALL,
)
"""What begins like this is about more than one database, or about its name."""


class Step(NamedTuple):
    """Part of a release: patches with those of their files that belong to it; one file when it is no transaction."""

    kind: str
    patches: tuple[Patch, ...]

    @property
    def content(self) -> str:
        """The id of what runs."""
        return digest(*(patch.content.encode() for patch in self.patches))

    @property
    def file(self) -> File:
        """The file of a step that is no transaction."""
        return self.patches[0].files[0]


def cut(release: Release) -> list[Step]:
    """The steps of a release, at least one."""
    return list(_cut(release)) or [Step(TRANSACTION, release.patches)]


def _cut(release: Release) -> Iterator[Step]:
    together: list[Patch] = []
    for patch in release.patches:
        files: list[File] = []
        for file in patch.files:
            if file.kind == SQL and not file.no_transaction:
                files.append(file)
                continue
            if files:
                together.append(patch._replace(files=tuple(files)))
            if together:
                yield Step(TRANSACTION, tuple(together))
            together, files = [], []
            yield Step(SCRIPT if file.kind == PYTHON else ALONE, (patch._replace(files=(file,)),))
        if files or not patch.files:
            together.append(patch._replace(files=tuple(files)))
        if together and any(ADDS_VALUE.match(statement.text) for statement in statements(patch)):
            yield Step(TRANSACTION, tuple(together))
            together = []
    if together:
        yield Step(TRANSACTION, tuple(together))


def statements(patch: Patch) -> Iterator[sql.Statement]:
    """The statements of a patch's SQL files, which can be read: `run.check` has seen them."""
    for file in patch.files:
        if file.kind == SQL:
            yield from sql.split(file.content.decode("utf-8"))


def server_wide(release: Release) -> list[str]:
    """The statements of a release that are about more than its database, each with its place."""
    return [
        f"{file.path}:{statement.line}: {' '.join(statement.text.split())[:70]}"
        for _, file in release.files
        if file.kind == SQL
        for statement in sql.split(file.content.decode("utf-8"))
        if SERVER_WIDE.match(statement.text)
    ]


def has_apply(file: File) -> bool:
    """Whether a Python file defines `apply`, whose transaction we end: then it is known whether it has run."""
    try:
        tree = ast.parse(file.content)
    except (SyntaxError, ValueError):
        return False
    return any(isinstance(node, ast.FunctionDef) and node.name == "apply" for node in tree.body)

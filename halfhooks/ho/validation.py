"""What is known of a tree that was validated: a value, and the JSON document that it is kept as (docs/validate.md).

A tree was validated when its database was built from nothing but its files, and its tests passed there. Two trees with the
same *subject* differ in nothing that this depends on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Optional

from halfhooks.ho.plan import Patch, Plan, digest
from halfhooks.layout import Layout
from halfhooks.snapshot import folder, folder_at, is_folder, tree_entry
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from halfhooks.snapshot import Entry, Objects, Tree

FORMAT = 1
"""The version of the document: raised when a field changes its meaning or goes."""

PASSED, FAILED, NOTHING, LEFT_OUT = "passed", "failed", "nothing to run", "left out"

FRESH, STALE = "fresh", "stale"
GENERATED, TESTS, LOCKS = "generated code", "tests", "locks"
"""The steps of problems that no patch has; that of others is the id of the patch."""


class Tested(NamedTuple):
    """How the tests went: their command, one of the four results, the exit code, and what they counted, if anything."""

    command: tuple[str, ...] = ()
    result: str = NOTHING
    code: int = 0
    counts: Optional[dict[str, int]] = None
    seconds: float = 0.0


class Problem(NamedTuple):
    """What keeps a tree from being valid: the step in which it was found, and lines for people, the first one says it."""

    step: str
    lines: tuple[str, ...]


class Record(NamedTuple):
    """A validation. `patches` are those of the plan in order, with the ids of their content; `commit` is the first of the
    tree that was validated. `generated` is "fresh", "stale", or "left out". `at` counts seconds since 1970.

    `hazards` are what the patches would do to the tables of production (halfhooks.ho.database.hazards), as far as locks as
    strong as `observed` are concerned: "" when nobody looked.
    """

    tree: str
    commit: str
    subject: str
    production: str
    model: str
    patches: tuple[dict[str, str], ...]
    server: str
    fingerprint: str
    generated: str
    tests: Tested
    observed: str
    hazards: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]
    problems: tuple[Problem, ...]
    at: int
    seconds: dict[str, float]
    halfhooks: str

    @property
    def passed(self) -> bool:
        """Whether the tree is valid."""
        return not self.problems

    def vouches_for(self, tests: bool, command: tuple[str, ...]) -> bool:
        """Whether nothing would be learned by validating again: with tests, when they are those that would run."""
        return self.passed and (not tests or (self.tests.result in (PASSED, NOTHING) and self.tests.command == command))


def to_json(record: Record) -> str:
    """The document: keys in order, so that equal records are equal texts."""
    values = {
        "format": FORMAT,
        **record._asdict(),
        "tests": record.tests._asdict(),
        "problems": [problem._asdict() for problem in record.problems],
        "passed": record.passed,
    }
    return json.dumps(values, indent=2, sort_keys=True) + "\n"


def from_json(text: str) -> Optional[Record]:
    """The record of a document; None where it is of another format, or not whole."""
    try:
        values: dict[str, Any] = json.loads(text)
        if values["format"] != FORMAT:
            return None
        tests = Tested(**values["tests"])
        found = {
            **{name: values[name] for name in Record._fields},
            "patches": tuple(values["patches"]),
            "tests": tests._replace(command=tuple(tests.command)),
            "hazards": tuple(values["hazards"]),
            "warnings": tuple(values["warnings"]),
            "problems": tuple(Problem(each["step"], tuple(each["lines"])) for each in values["problems"]),
        }
        return Record(**found)
    except (ValueError, KeyError, TypeError):
        return None


def patches_of(plan: Plan) -> tuple[dict[str, str], ...]:
    """The patches of a plan as a record holds them."""
    return tuple(
        {"id": patch.id, "release": patch.release, "state": patch.state, "content": patch.content}
        for patch in plan.patches
    )


def repeated(plan: Plan) -> Plan:
    """The plan with each file of reference data twice, one after the other: such a file can be applied at any time."""

    def twice(patch: Patch) -> Patch:
        return patch._replace(
            files=tuple(file for each in patch.files for file in ((each, each) if each.data else (each,)))
        )

    return plan._replace(patches=tuple(map(twice, plan.patches)))


def subject_of(objects: Objects, commit: str, layout: Layout, plan: Plan) -> str:
    """The id of all that a validation depends on: what runs, in which order, and every file of the project.

    Release files count for the order that they give alone, and the page of a patch does not: so listing a candidate, or
    staging what is next anyway, asks for no second validation.
    """
    parts = [plan.label, plan.base, *(patch.content for patch in plan.patches)]
    parts += (f"{entry.mode} {entry.oid} {path}" for path, entry in _read(objects, commit, layout))
    return digest(*(part.encode("utf-8", "surrogateescape") for part in parts))


def _read(objects: Objects, commit: str, layout: Layout) -> Iterator[tuple[str, Entry]]:
    """What can be read from the files of a commit by a test: all but release files, and the pages of patches."""
    tree: Tree = folder(objects, tree_entry(objects, commit))
    at = ""
    for name in (*layout.root.split("/")[:-1], ""):
        here = (layout.releases, layout.patches) if not name else (name,)
        yield from ((at + each, entry) for each, entry in sorted(tree.items()) if each not in here)
        if name:
            tree = folder(objects, tree.get(name))
            at += f"{name}/"
    patches = layout.path(layout.patches)
    for each, entry in sorted(folder_at(objects, commit, patches).items()):
        files = folder(objects, entry).items() if is_folder(entry) else [("", entry)]
        yield from ((f"{patches}/{each}/{name}", file) for name, file in sorted(files) if name != layout.readme)

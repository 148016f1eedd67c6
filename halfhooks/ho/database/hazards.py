"""What a statement would do to the tables of production: plain values, in words, with a safer way where one is known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Optional

from halfhooks.config import LOCK_MODES
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from halfhooks.ho.plan import Plan

ALL_MODES = ("access share", "row share", "row exclusive", "share update exclusive", *LOCK_MODES)
"""PostgreSQL's modes of locks on tables, weakest first (documentation: "Table-Level Locks")."""
LONG, BRIEF, LINT = "long", "brief", "lint"
OBSERVED, SQUAWK = "observed", "squawk"


class Hazard(NamedTuple):
    """What would hurt in production, at a place that counts from 1.

    `severity` is "long" when a lock is held while a whole table is read or written, "brief" when it only has to be got,
    "lint" for what a linter of the text says. `source` is "observed" or "squawk", whose rule is in `rule`. The fields
    below it are of what was observed: the table, the mode of the lock ("access exclusive"), whether the statement wrote
    all of the table anew or read all of it, and the place that took the lock where an earlier statement did.
    """

    file: str
    line: int
    column: int
    severity: str
    message: str
    help: str = ""
    source: str = OBSERVED
    rule: str = ""
    table: str = ""
    lock: str = ""
    rewritten: bool = False
    scanned: bool = False
    since: str = ""

    def lines(self) -> list[str]:
        """All of it for people."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        rule = f" ({self.source}: {self.rule})" if self.rule else ""
        helps = [f"  {'help:':9}{line}" if not i else f"{'':11}{line}" for i, line in enumerate(self.help.splitlines())]
        return [f"{place}: {self.message}{rule}", *helps]


def as_values(hazards: Iterable[Hazard]) -> list[dict[str, object]]:
    """Hazards as plain values."""
    return [hazard._asdict() for hazard in hazards]


def from_values(values: Iterable[Mapping[str, object]]) -> list[Hazard]:
    """Hazards that were plain values."""
    return [Hazard(**value) for value in values]  # type: ignore[arg-type]


def refused(hazards: Iterable[Hazard]) -> list[Hazard]:
    """Those for which `project.locks = refuse` refuses: where production would stand still for long."""
    return [hazard for hazard in hazards if hazard.severity == LONG]


def in_order(hazards: Iterable[Hazard], plan: Plan) -> list[Hazard]:
    """Hazards in the order in which the plan runs."""
    files = [file.path for patch in plan.patches for file in patch.files]
    order = {path: number for number, path in reversed(list(enumerate(files)))}
    return sorted(hazards, key=lambda hazard: (order[hazard.file], hazard.line))


def answers(observed: str, hazards: Iterable[Hazard], locks: str, weakest: str) -> bool:
    """Whether what was seen of locks from `observed` on ("" for none) is enough, and nothing of it is refused."""
    if locks == "off":
        return True
    counted = [hazard for hazard in hazards if hazard.lock and rank(hazard.lock) >= rank(weakest)]
    return bool(observed) and rank(observed) <= rank(weakest) and not (locks == "refuse" and refused(counted))


def observed(
    place: tuple[str, int, int], statement: str, table: str, mode: str, rewritten: bool, scanned: bool, since: str
) -> Hazard:
    """The hazard of a statement that locks a table, or finds it locked since a place above, with these effects."""
    who = "nobody can read or write it" if mode == ALL_MODES[-1] else "nobody can write to it"
    lock = f"{mode.upper()} lock" + (f" of {since}" if since else "")
    if rewritten or scanned:
        does = "writes all of" if rewritten else "reads all of"
        message = f"{does} '{table}' under the {lock}: {who} meanwhile"
    else:
        message = f"takes the {lock} on '{table}': {who} until the patch ends"
    severity = LONG if rewritten or scanned else BRIEF
    ways = WAYS if severity == LONG else BRIEF_WAYS
    help_text = HELD if since else safer(statement, ways)
    return Hazard(*place, severity, message, help_text, OBSERVED, "", table, mode, rewritten, scanned, since)


ALONE = "alone in a file whose first line is '-- halfhooks: no-transaction'"
VALIDATE = f"add it with NOT VALID, then ALTER TABLE ... VALIDATE CONSTRAINT {ALONE}"
HELD = "put it into a later patch, or before the statement that takes the lock: locks are held until the patch ends"

WAYS: Sequence[tuple[str, str]] = (
    (r"create (unique )?index(?! concurrently)", f"CREATE INDEX CONCURRENTLY, {ALONE}"),
    (r"reindex(?!.* concurrently)", f"REINDEX ... CONCURRENTLY, {ALONE}"),
    (
        r"refresh materialized view(?! concurrently)",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index",
    ),
    (r"vacuum\b|cluster\b", "plain VACUUM needs no such lock; pg_repack rewrites a table that stays in use"),
    (
        r"alter table .*\battach partition",
        "first add a CHECK for the partition's bounds with NOT VALID, and validate it",
    ),
    (r"alter table .*\b(foreign key|add( column)? .*\breferences)\b", VALIDATE),
    (
        r"alter table .*\badd (constraint \S+ )?(primary key|unique)\b",
        f"CREATE UNIQUE INDEX CONCURRENTLY, {ALONE}; then ADD CONSTRAINT ... USING INDEX",
    ),
    (r"alter table .*\badd (constraint \S+ )?check\b", VALIDATE),
    (
        r"alter table .*\bset not null\b",
        f"first ADD CONSTRAINT ... CHECK (column IS NOT NULL) NOT VALID, then VALIDATE CONSTRAINT {ALONE}: "
        "after that SET NOT NULL reads nothing",
    ),
    (
        r"alter table .*\badd\b.*\b(default|generated|serial|bigserial|smallserial)\b",
        "add the column without it, then set the default, and fill the rows in batches after the release",
    ),
    (
        r"alter table .*\btype\b",
        "add a column of the new type, fill it in batches, and drop the old one in a later release",
    ),
    (
        r"alter table .*\bset (logged|unlogged|tablespace|access method)\b",
        "do it when nobody uses the table",
    ),
)
"""What a statement says, its spaces made one and in small letters, and how production would not stand still."""

BRIEF_WAYS: Sequence[tuple[str, str]] = ((r"drop index(?! concurrently)", f"DROP INDEX CONCURRENTLY, {ALONE}"),)


def safer(statement: str, ways: Sequence[tuple[str, str]]) -> str:
    """A safer way to do what a statement does, "" where none is known."""
    text = " ".join(re.sub(r"--[^\n]*|/\*.*?\*/", " ", statement[:10_000], flags=re.DOTALL).lower().split())
    return next((help_text for pattern, help_text in ways if re.match(pattern, text)), "")


def emptied(statement: str) -> bool:
    """Whether a statement is a TRUNCATE: it gives tables new files too, but writes no rows."""
    return statement[:8].lower() == "truncate"


def rank(mode: str) -> int:
    """How strong a mode is, from 1."""
    return ALL_MODES.index(mode) + 1


def mode_of(lock: str) -> Optional[str]:
    """The mode that `pg_locks` calls "AccessExclusiveLock", None where it is not one of a table."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", lock).lower().removesuffix(" lock")
    return words if words in ALL_MODES else None

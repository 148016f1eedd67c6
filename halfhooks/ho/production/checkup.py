"""Whether a database in production is what its version says: for people, and for what watches over it. Only reads."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Optional

from halfhooks.ho.database.connect import execute
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.database.meta import Recorded, parse_label
from halfhooks.ho.plan import File
from halfhooks.ho.production import backup as backups
from halfhooks.ho.production.backup import Backup
from halfhooks.ho.production.drift import Drift, look
from halfhooks.ho.production.options import Meant
from halfhooks.ho.production.progress import begun
from halfhooks.ho.production.route import entered, model_of
from halfhooks.ho.production.session import open_session, recorded
from halfhooks.ho.production.source import Source
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from halfhooks.ho.database.connect import Connection


class Checkup(NamedTuple):
    """What was found. `missing`, `extra` and `behind` are None where no source was asked for the releases.

    `missing` are releases of production that the database has passed without a row, `extra` those of which production
    knows nothing, `behind` those that it has still before it.
    """

    database: str
    label: str
    drift: Drift
    invalid: tuple[str, ...]
    begun: tuple[tuple[str, int], ...]
    candidates: tuple[str, ...]
    missing: Optional[tuple[str, ...]]
    extra: Optional[tuple[str, ...]]
    behind: Optional[tuple[str, ...]]
    commit_differs: str
    backup: Optional[Backup]

    def problems(self) -> Iterator[str]:
        """What is wrong, a line each."""
        if not self.label:
            yield "the database says of no release that it is at it"
        for difference in self.drift.found or ():
            yield f"drift: {next(difference.lines())}"
        yield from (f"the index {name} is invalid: drop it, and make it again" for name in self.invalid)
        yield from (f"{release} has begun, and is not whole: {done} steps are done" for release, done in self.begun)
        yield from (f"it holds the release candidate {name}" for name in self.candidates)
        yield from (f"{label} came before {self.label}, and has not been applied" for label in self.missing or ())
        yield from (f"{label} was applied, and is no release of production" for label in self.extra or ())
        if self.commit_differs:
            yield self.commit_differs

    @property
    def unknown(self) -> str:
        """What keeps the answer from being known, "" when it is."""
        return self.drift.reason if self.drift.found is None else ""


def check(meant: Meant, databases: Databases, source: Optional[Source], with_model: bool) -> Checkup:
    """Look at a database. With a source also at its releases; with `with_model` the model is loaded beside it if need be."""
    connection = open_session(meant.target, meant.settings, databases.version, "ho db check")
    try:
        known = recorded(connection)
        drift = _drift(connection, databases, known, source, with_model)
        stored = backups.known(databases, meant.target.name, meant.folder)
        return Checkup(
            meant.target.name,
            known.label,
            drift,
            tuple(name for (name,) in execute(connection, INVALID)),
            tuple(begun(connection)),
            tuple(known.candidates),
            *_releases(known, source),
            stored[0] if stored else None,
        )
    finally:
        connection.close()


INVALID = "select indexrelid::regclass::text from pg_index where not indisvalid order by 1"


def _drift(
    connection: Connection, databases: Databases, known: Recorded, source: Optional[Source], with_model: bool
) -> Drift:
    model: Sequence[File] = ()
    why = "what it was when it came to its release is not recorded; ho db check --model holds it against the model"
    label = parse_label(known.label)
    if with_model and source and label:
        release = entered(source.objects, source.layout, source.production).get(label)
        try:
            model = model_of(source.objects, source.layout, release) if release else ()
            why = f"{label} is no release of {source.url}"
        except CannotTell as error:
            why = str(error)
    return look(connection, known, databases, model, why)


Found = Optional[tuple[str, ...]]


def _releases(known: Recorded, source: Optional[Source]) -> tuple[Found, Found, Found, str]:
    if source is None:
        return None, None, None, ""
    all_ = entered(source.objects, source.layout, source.production)
    has = {label for label in map(parse_label, known.releases) if label}
    last = parse_label(known.label)
    if last is None:
        return (), (), tuple(map(str, all_)), ""
    # a database that was made from a model, or by half_orm_dev, knows only of some hotfixes, or of none
    floor = min(has)
    passed = [label for label in all_ if floor < label < last and label not in has and not label.hotfix]
    extra = [label for label in sorted(has) if label not in all_ and label > min(all_, default=label)]
    behind = [label for label in all_ if label > last]
    differs = ""
    if known.commit and last in all_ and all_[last].commit != known.commit:
        differs = f"{last} was applied as {known.commit[:9]}, and is {all_[last].commit[:9]} in {source.url}"
    return tuple(map(str, passed)), tuple(map(str, extra)), tuple(map(str, behind)), differs


def values(found: Checkup) -> dict[str, object]:
    """It as plain values."""
    return {
        "database": found.database,
        "release": found.label,
        "ok": not list(found.problems()) and not found.unknown,
        "problems": list(found.problems()),
        "unknown": found.unknown,
        "drift": [each._asdict() for each in found.drift.found or ()],
        "fingerprint": found.drift.live,
        "invalid_indexes": list(found.invalid),
        "begun": [{"release": release, "steps_done": done} for release, done in found.begun],
        "missing": found.missing,
        "extra": found.extra,
        "behind": found.behind,
        "backup": found.backup._asdict() if found.backup else None,
    }


def metrics(found: Checkup) -> Iterator[str]:
    """It in the text format of Prometheus."""
    database = _label(found.database)
    problems = list(found.problems())
    rows: list[tuple[str, str, str, float]] = [
        ("ok", "whether the database is what its release says", "", not problems and not found.unknown),
        ("unknown", "whether that cannot be told", "", bool(found.unknown)),
        ("problems", "how many things are wrong", "", len(problems)),
        ("drift", "differences between its catalog and what was recorded", "", len(found.drift.found or ())),
        ("invalid_indexes", "indexes that are invalid", "", len(found.invalid)),
        ("begun", "releases that have begun and are not whole", "", len(found.begun)),
        ("release", "the release that it is at", f',release="{_label(found.label)}"', 1),
        ("checked_seconds", "when this was found", "", int(time.time())),
    ]
    if found.behind is not None:
        rows.append(("behind", "releases of production that it has before it", "", len(found.behind)))
    if found.backup:
        rows.append(("backup_seconds", "when its newest backup was taken", "", int(found.backup.taken)))
    for name, words, more, value in rows:
        yield f"# HELP halfhooks_database_{name} {words}"
        yield f"# TYPE halfhooks_database_{name} gauge"
        yield f'halfhooks_database_{name}{{database="{database}"{more}}} {int(value)}'


def _label(text: str) -> str:
    """A value of a label, escaped as the format wants it."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

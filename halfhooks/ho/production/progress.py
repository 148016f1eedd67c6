"""The steps of releases that are not one transaction, as they are recorded in the database while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halfhooks.ho.database.catalog import META
from halfhooks.ho.database.connect import execute
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from halfhooks.ho.database.connect import Connection


class Progress(NamedTuple):
    """A step as it was recorded: `before` is what there was of indexes when it began."""

    content: str
    began: str
    done: bool
    before: str


NOTHING = Progress("", "", False, "")

BEGUN = f"""insert into {META}.halfhooks_progress (release, step, content, began, before)
    values (%s, %s, %s, clock_timestamp(), %s) on conflict do nothing"""
MARK = f"""insert into {META}.halfhooks_progress as p (release, step, content, began, done)
    values (%s, %s, %s, clock_timestamp(), clock_timestamp())
    on conflict (release, step) do update set done = coalesce(p.done, clock_timestamp())"""
FORGET = f"delete from {META}.halfhooks_progress where release = %s and step = %s and done is null"


def progress(connection: Connection, release: str) -> dict[int, Progress]:
    """What was recorded of the steps of a release."""
    query = f"""select step, content, to_char(began, 'YYYY-MM-DD HH24:MI:SS TZ'), done is not null, coalesce(before, '')
        from {META}.halfhooks_progress where release = %s"""
    return {step: Progress(*rest) for step, *rest in execute(connection, query, [release])}


def begun(connection: Connection) -> list[tuple[str, int]]:
    """The releases that were begun and are not whole, with how many of their steps are done. Only reads."""
    ((there,),) = execute(connection, f"select to_regclass('{META}.halfhooks_progress') is not null")
    query = f"select release, count(done) from {META}.halfhooks_progress group by release order by release"
    return [(str(release), int(count)) for release, count in execute(connection, query)] if there else []


def indexes(connection: Connection) -> list[tuple[int, bool]]:
    """The indexes of a database, and whether each is valid."""
    query = "select indexrelid::int8, indisvalid from pg_index where indexrelid >= 16384"
    return [(int(oid), bool(valid)) for oid, valid in execute(connection, query)]

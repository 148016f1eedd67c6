"""Makes the model of a version: what its patches make of the version before, built on a scratch database and dumped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from halfhooks.ho.aside import Aside
from halfhooks.ho.database.build import Built, Watch, Wish, building
from halfhooks.ho.database.catalog import META, catalog_of, fingerprint
from halfhooks.ho.database.connect import connected, execute
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.database.dump import Model, dump, tables_with_rows, written_by
from halfhooks.ho.database.failure import Failure
from halfhooks.ho.database.meta import Applied, ensure, record
from halfhooks.ho.database.python_files import PythonRunner
from halfhooks.ho.database.run import Failed, plain
from halfhooks.ho.database.templates import filled_tables
from halfhooks.ho.plan import File, Plan
from halfhooks.values import NamedTuple


class Made(NamedTuple):
    """A model with the fingerprint of the database that it was dumped from."""

    model: Model
    fingerprint: str


class CannotMake(Exception):
    """A patch failed: there is no model."""

    def __init__(self, patch: str, failure: Failure) -> None:
        super().__init__(f"{patch}: {failure.message}")
        self.patch = patch
        self.failure = failure


def make_model(databases: Databases, plan: Plan, label: str, at: datetime, python: PythonRunner, watch: Watch) -> Made:
    """The model of the version that a plan makes of the one in production. `at` is its date in the books of the database.

    Its reference tables are those of the model before, also when a patch has renamed them, and those that the plan's data
    files write to. `CannotMake` when a patch fails; `CannotTell` when there is no pg_dump.
    """
    with _with_ancestry(databases, plan, python, watch) as (built, before):
        for patch, failure in built.failures:
            raise CannotMake(patch, failure)
        patches = [Applied(patch.id, patch.content) for patch in plan.patches]
        with connected(databases.server, built.name) as connection:
            try:
                reference = before | written_by(connection, data_files(plan))
            except Failed as failed:
                raise CannotMake(label, _once_more(failed.failure)) from None
            plain(connection, "begin")
            ensure(connection)
            record(connection, label, at=at, patches=patches)
            plain(connection, "commit")
            books = execute(connection, BOOKS, (META,))
        catalog = Aside(lambda: catalog_of(databases.server, built.name))
        model = dump(databases.server, built.name, label, reference | {oid for (oid,) in books})
        return Made(model, fingerprint(catalog.result()))


@contextlib.contextmanager
def _with_ancestry(
    databases: Databases, plan: Plan, python: PythonRunner, watch: Watch
) -> Iterator[tuple[Built, set[int]]]:
    """The database of a plan, and the ids of the tables that had rows in the state of production from which it comes.

    A copy of a database keeps the ids of its tables, and no id is given twice on a server: what has those of a template
    comes from it. Where nothing tells of that, the plan is built on a copy of production.
    """
    with building(databases, plan, Wish(), python, watch) as built:
        before = filled_tables(databases, built.keys[0])
        if not built.name or (before is not None and (not before or before & _rows_in(databases, built.name).keys())):
            yield built, before or set()
            return
    with building(databases, plan._replace(patches=()), Wish(), python, Watch()) as production:
        for patch, failure in production.failures:
            raise CannotMake(patch, failure)
        found = {oid for oid, filled in _rows_in(databases, production.name).items() if filled}
        with building(databases, plan, Wish(cache=False, start=production.name), python, watch) as built:
            yield built, found


def _rows_in(databases: Databases, name: str) -> dict[int, bool]:
    with connected(databases.server, name) as connection:
        return tables_with_rows(connection)


def data_files(plan: Plan) -> Sequence[File]:
    """The files of a plan with rows that every database must have."""
    return [file for patch in plan.patches for file in patch.files if file.data]


def _once_more(failure: Failure) -> Failure:
    words = "a file with '-- @HOP:data' has to be able to run twice; when it ran once more"
    return failure._replace(message=f"{words}: {failure.message}")


BOOKS = "select oid::int8 from pg_class where relnamespace = to_regnamespace(%s) and relkind = 'r'"

"""The package of a project: what halfhooks.conf says about it, and the schema that its patches lead to.

For other commands: `stale` for a database that is in the state of a tree, `generate` to write.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional

from halfhooks.ho.codegen import store, write
from halfhooks.ho.codegen.introspect import read_database, read_schema
from halfhooks.ho.codegen.model import Wanted
from halfhooks.ho.codegen.regions import read_seal
from halfhooks.ho.codegen.run import Choice, Run, run
from halfhooks.ho.codegen.store import Source
from halfhooks.ho.plan import Plan
from halfhooks.survey import CannotTell

if TYPE_CHECKING:
    from halfhooks.ho.database.connect import Connection, Server
    from halfhooks.ho.database.project import Project


def chosen(project: Project, top: str, shown: str = "") -> Optional[Choice]:
    """What halfhooks.conf asks for in the tree below `top`, None where it asks for nothing.

    `shown` is the folder as paths begin that people are shown, "" for the top itself. `CannotTell` where a folder is behind
    a symbolic link, which may lead out of the tree: whoever pushed it is not whoever generates.
    """
    config = project.config
    if not config.package_folder():
        return None
    from halfhooks.ho.database.configured import is_dsn

    _refuse_links(top or project.clone.top, config.package_folder(), config.root + config.codegenTests)
    name = config.package_name()
    database = project.declared
    return Choice(
        os.path.normpath(os.path.join(shown, config.package_folder())),
        name,
        config.codegenTarget,
        "" if is_dsn(database) or database == name.partition(".")[0] else database,
        os.path.normpath(os.path.join(shown, config.root, config.codegenTests)) if config.codegenTests else "",
        Wanted(config.codegenSchemas, config.codegenExclude),
        config.codegenName,
        config.codegenType,
        top,
    )


def _refuse_links(top: str, *folders: str) -> None:
    for folder in folders:
        parts = folder.strip("/").split("/")
        for path in ("/".join(parts[:length]) for length in range(1, len(parts) + 1)):
            if path and os.path.islink(os.path.join(top, path)):
                raise CannotTell(f"'{path}' is a symbolic link, and nothing is written through one: git rm {path}")


# --- where the schema comes from


def of_dsn(dsn: str) -> Source:
    """The schema behind a connection string; `CannotTell` where the server cannot be reached or does not answer."""
    return store.source(read_database(dsn))


def of_database(server: Server, name: str) -> Source:
    """The schema of a database of a server that is known to answer."""
    from halfhooks.ho.database.connect import connected

    with connected(server, name) as connection:
        return store.source(read_schema(connection))


def of_plan(project: Project, plan: Plan, building: Callable[[], None] = lambda: None) -> Source:
    """The schema that a plan leads to: as it was read before, else of a database that is built beside all others.

    `building` is called before that. `CannotTell` where it cannot be built.
    """
    key = store.plan_key(plan)
    found = store.find(project.clone.common_dir, key)
    if found:
        return found
    building()
    found = _built(project, plan)
    store.keep(project.clone.common_dir, key, found)
    return found


def _built(project: Project, plan: Plan) -> Source:
    from halfhooks.ho.database.apply import databases_of
    from halfhooks.ho.database.build import Watch, Wish
    from halfhooks.ho.database.build import building as build

    with databases_of(project) as databases, build(databases, plan, Wish(), project.python(), Watch()) as built:
        if built.failures:
            patch, failure = built.failures[0]
            raise CannotTell(f"the schema cannot be told, for '{patch}' fails: " + "\n".join(failure.lines()))
        return of_database(databases.server, built.name)


# --- for other commands


def stale(project: Project, connection: Connection, top: str) -> list[str]:
    """What of the generated code in the tree below `top` differs from what a database in the state of that tree gives.

    The lines of a diff, and a line for each file that belongs to no relation any more; none where all is as it should be,
    where the project wants no code, or where the tree holds none. Nothing is written. `CannotTell` for a file in the way.
    """
    choice = chosen(project, top)
    if choice is None or not holds_generated(choice):
        return []
    found = run(choice, store.source(read_schema(connection)), check=True)
    gone = "belongs to no relation any more, and holds code of yours: move it, then git rm"
    return [*found.diff(), *(f"'{path}' {gone} {path}" for path in found.paths("orphans"))]


def generate(project: Project, plan: Plan, server: Server, database: str) -> Optional[Run]:
    """Write what a database in the state of a plan of the working tree gives; None where nothing is wanted.

    The schema is kept, so that nobody needs a database for this state again.
    """
    found = of_database(server, database)
    store.keep(project.clone.common_dir, store.plan_key(plan), found)
    choice = chosen(project, "", os.path.relpath(project.clone.top))
    if choice is None or not (found.read().relations or holds_generated(choice)):
        return None
    return run(choice, found, check=False)


def holds_generated(choice: Choice) -> bool:
    """Whether something generated is there."""
    return any(next(_generated(Path(choice.top, folder)), "") for folder, _ in choice.places())


def _generated(root: Path) -> Iterator[str]:
    return (path for path in write.modules(root) if read_seal(write.read_text(root / path) or ""))

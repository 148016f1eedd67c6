"""Brings the development database of a project to a plan, and says how that went."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Callable

from halfhooks.ho.database.build import Built, Watch, Wish, building
from halfhooks.ho.database.cluster import server_for
from halfhooks.ho.database.configured import LIBPQ, configured
from halfhooks.ho.database.connect import Error, OperationalError, Server
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.database.project import Project, refuse_foreign
from halfhooks.ho.plan import Plan
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple


class Outcome(NamedTuple):
    """What was applied. `published`: the database is as planned, and `cut` connections were closed; else it is as it was."""

    server: Server
    name: str
    built: Built
    published: bool
    cut: int
    seconds: float


@contextlib.contextmanager
def databases_of(project: Project) -> Iterator[Databases]:
    """The databases of the project's server, after what killed commands left behind was swept. `CannotTell` without one."""
    try:
        with server_for(project.settings, project.environment) as server, Databases(server) as databases:
            databases.sweep()
            yield databases
    except OperationalError as error:
        said = (str(error).strip().splitlines() or ["it is gone"])[0]
        raise CannotTell(_unreachable(project, said)) from None
    except Error as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CannotTell(f"PostgreSQL: {said} (SQLSTATE {error.pgcode})") from None


def _unreachable(project: Project, said: str) -> str:
    """What to say of a server that cannot be connected to: who names it, else where the log of the private one is."""
    server = configured(project.settings, project.environment)
    if server is None:
        return f"the server of PostgreSQL: {said}; ho server status"
    named = [name for name in LIBPQ if project.environment.get(name)]
    private = f"; a private server is used after: unset {' '.join(named)}" if named and not server.keywords else ""
    return f"{server.words}: {said}{private}"


def apply(
    project: Project,
    databases: Databases,
    plan: Plan,
    name: str,
    wish: Wish,
    watch: Watch,
    waiting: Callable[[], None],
    replace: bool = False,
    command: str = "ho apply",
) -> Outcome:
    """Build a plan, and publish it under a name when nothing failed, or when `wish` says to keep going.

    `CannotTell` where that database is none of ours to replace. `waiting` is called when another command is at work on it.
    """
    started = time.monotonic()
    with databases.alone(name, waiting):
        found = refuse_foreign(project, databases, name, replace, command)
        known = (found.mark or {}).get("keys") if found else None
        wish = wish._replace(known=[str(key) for key in known] if isinstance(known, list) else ())
        with building(databases, plan, wish, project.python(), watch) as built:
            cut, published = 0, False
            if built.name:
                keys = list(built.keys) if not built.failures else []
                clone = project.clone.common_dir
                cut = databases.publish(built.name, name, clone=clone, keys=keys, words=words_of(plan), at=time.time())
                published = True
    return Outcome(databases.server, name, built, published, cut, time.monotonic() - started)


def words_of(plan: Plan) -> str:
    """A plan in a few words."""
    names = [patch.id for patch in plan.patches]
    shown = names if len(names) <= 4 else [*names[:2], f"{len(names) - 3} more", names[-1]]
    return f"production {plan.label}" + (f" with {', '.join(shown)}" if names else "")

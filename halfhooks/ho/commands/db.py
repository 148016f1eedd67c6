"""`ho db`: restores a version, opens psql on the right database, compares two databases, and fingerprints one."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence

from halfhooks.git import GitError
from halfhooks.ho.cli import action_parser, command_parser
from halfhooks.ho.commands.apply import Teller, show_end
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.database.apply import apply, databases_of
from halfhooks.ho.database.build import Watch, Wish, building
from halfhooks.ho.database.catalog import Object, differences, fingerprint, read_catalog
from halfhooks.ho.database.connect import connected
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.database.project import Project, open_project, plan_here, plan_of_version
from halfhooks.ho.plan import Plan
from halfhooks.ho.production.check_command import add_options
from halfhooks.ho.production.check_command import main as check
from halfhooks.survey import CannotTell

DONE, FAILED = 0, 1
FORMAT = 1
LIVE, HERE = "live", "here"

EXAMPLES = """
ho db restore
ho db restore 0.1.0 --to shop_old
ho db shell
ho db shell -- -c 'select 1'
ho db diff 0.1.0 0.2.0
ho db diff 0.2.0 live
ho db diff live here
ho db fingerprint
ho db fingerprint 0.2.0
ho db check --database 'host=db.example.org dbname=shop' --json
"""

WHAT = """\
Works on databases of the project's server.

restore [VERSION]   make the development database that of a version, by its model; of production's when none is given
shell               open psql on the development database; what follows -- is for psql
diff A B            what the catalogs of two databases have differently: added (+) is what B has
fingerprint [A]     a hash of the catalog of one: equal for equal databases, whatever rows they hold
check               whether a database in production is what its release says

A and B are a version whose model is in the tree (0.1.0), 'live' for the development database as it is, 'here' for
what ho apply would make of the working tree, or 'database:NAME' for any database of the server.

Exit code: 0 done, no difference, nothing wrong; 1 they differ, something is wrong, or SQL failed; 2 cannot tell."""


def parser() -> argparse.ArgumentParser:
    """The parser of `ho db`."""
    parser = command_parser("db", WHAT, EXAMPLES)
    actions = parser.add_subparsers(dest="action", required=True, metavar="restore|shell|diff|fingerprint|check")

    def action(name: str, words: str) -> argparse.ArgumentParser:
        return action_parser(actions, "db", name, words, EXAMPLES)

    restore = action("restore", "make the development database that of a version, production's when none is given")
    restore.add_argument("version", nargs="?", metavar="VERSION", help="such as 0.1.0 or 0.1.0-hotfix1")
    restore.add_argument("--to", metavar="DATABASE", help="the database, instead of the project's")
    restore.add_argument("--replace", action="store_true", help="also replace a database that halfhooks did not make")
    shell = action("shell", "open psql on the development database")
    shell.add_argument("--to", metavar="DATABASE", help="the database, instead of the project's")
    shell.add_argument("rest", nargs="*", metavar="-- ARGUMENTS", help="for psql")
    diff = action("diff", "compare two catalogs; added (+) is what B has")
    catalogs = "a version such as 0.1.0, live, here, or database:NAME"
    diff.add_argument("a", metavar="A", help=catalogs)
    diff.add_argument("b", metavar="B", help="another one")
    diff.add_argument("--json", action="store_true", help="print one JSON document")
    one = action("fingerprint", "hash a catalog")
    one.add_argument("a", nargs="?", default=LIVE, metavar="A", help=f"{catalogs}; default: {LIVE}")
    checking = action("check", "say whether a database in production is what its release says")
    add_options(checking)
    return parser


def main(argv: Sequence[str]) -> int:
    """Does one of them."""
    arguments = parser().parse_args(argv)
    if arguments.action == "check":
        return check(arguments)
    acts = {"restore": restore, "shell": shell, "diff": diff, "fingerprint": show_fingerprint}
    try:
        return acts[arguments.action](open_project(), arguments)
    except (CannotTell, GitError) as error:
        return cannot_tell(str(error))


def restore(project: Project, arguments: argparse.Namespace) -> int:
    """Make the development database that of a version."""
    plan = plan_of_version(project, arguments.version or "")
    name = arguments.to or project.database
    console = Console()
    with databases_of(project) as databases, console.progress(len(plan.model)) as bar:

        def waiting() -> None:
            console.line(f"another ho is at work on '{name}': waiting for it", "yellow")

        watch = Teller(console, bar).watch()
        command = " ".join(["ho db restore", *([arguments.version] if arguments.version else [])])
        outcome = apply(project, databases, plan, name, Wish(), watch, waiting, arguments.replace, command)
    show_end(console, plan, outcome)
    return FAILED if outcome.built.failures else DONE


def shell(project: Project, arguments: argparse.Namespace) -> int:
    """Open psql; its exit code."""
    name = arguments.to or project.database
    with databases_of(project) as databases:
        if databases.find(name) is None:
            raise CannotTell(f"there is no database '{name}' on {databases.server.words}: ho apply makes it")
        server = databases.server
        psql = os.path.join(server.bindir, "psql") if server.bindir else ""
        program = psql if os.access(psql, os.X_OK) else shutil.which("psql")
        if not program:
            raise CannotTell("psql is not in the PATH")
        environment = {**os.environ, **server.environment(name)}
        process = subprocess.Popen([program, *arguments.rest], env=environment)
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # Ctrl-C is for psql, which cancels a query by it
                pass


def diff(project: Project, arguments: argparse.Namespace) -> int:
    """Say what two catalogs have differently."""
    with databases_of(project) as databases:
        before = catalog(project, databases, arguments.a)
        after = catalog(project, databases, arguments.b)
    found = differences(before, after)
    if arguments.json:
        listed = [each._asdict() for each in found]
        print(json.dumps({"version": FORMAT, "a": arguments.a, "b": arguments.b, "differences": listed}, indent=2))
        return FAILED if found else DONE
    console = Console()
    styles = {"added": "green", "removed": "red", "changed": "yellow"}
    for each in found:
        first, *rest = each.lines()
        console.line(first, styles[each.verb])
        for line in rest:
            console.line(line)
    count = f"{len(found)} difference{'' if len(found) == 1 else 's'}" if found else "no difference"
    console.line(f"halfhooks: {count} between {arguments.a} and {arguments.b}", "bold red" if found else "bold green")
    return FAILED if found else DONE


def show_fingerprint(project: Project, arguments: argparse.Namespace) -> int:
    """Print the hash of a catalog."""
    with databases_of(project) as databases:
        print(fingerprint(catalog(project, databases, arguments.a)))
    return DONE


def catalog(project: Project, databases: Databases, what: str) -> list[Object]:
    """The catalog of what an argument names."""
    if what == LIVE or what.startswith("database:"):
        name = what.partition(":")[2] or project.database
        if databases.find(name) is None:
            raise CannotTell(f"there is no database '{name}' on {databases.server.words}: ho apply makes the project's")
        with connected(databases.server, name) as connection:
            return read_catalog(connection)
    plan = plan_here(project) if what == HERE else plan_of_version(project, what)
    with built(project, databases, plan, what) as name, connected(databases.server, name) as connection:
        return read_catalog(connection)


@contextlib.contextmanager
def built(project: Project, databases: Databases, plan: Plan, what: str) -> Iterator[str]:
    """The name of a scratch database in the state of a plan."""
    with building(databases, plan, Wish(), project.python(), Watch()) as found:
        if found.failures:
            patch, failure = found.failures[0]
            raise CannotTell(f"'{what}' cannot be made, for '{patch}' fails: " + "\n".join(failure.lines()))
        yield found.name

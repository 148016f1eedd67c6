"""`ho codegen`: Python classes from the schema of a database."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Optional

from halfhooks.git import GitError
from halfhooks.ho.cli import command_parser
from halfhooks.ho.codegen.model import Wanted
from halfhooks.ho.codegen.project import chosen, generate, of_dsn, of_plan
from halfhooks.ho.codegen.run import Choice, Run, run
from halfhooks.ho.codegen.store import Source
from halfhooks.ho.codegen.target import DEFAULT
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.database.project import Project, open_project, plan_of_tree
from halfhooks.ho.repository import Clone, find_git
from halfhooks.survey import CannotTell

if TYPE_CHECKING:
    from halfhooks.ho.database.connect import Server
    from halfhooks.ho.plan import Plan

DONE, STALE = 0, 1

FORMAT = 1
"""The version of the JSON document: raised when a field changes its meaning or goes."""

EXAMPLES = """
ho codegen --database shop --package shop
ho codegen --dsn postgresql://localhost:5433/shop --package src/shop
ho codegen --database shop --package shop --tests tests/shop
ho codegen --database shop --package shop --check
ho codegen --database shop --package shop --schema sales --exclude sales.tmp_*
ho codegen --database shop --package shop_rows --target typeddict --json
"""

WHAT = """\
Writes a Python package from the schema of a database: for half_orm a module for each relation, with places
for your own code, which stays. What was not generated is never changed and never deleted; all files are
written, or none.

With --check nothing is written: what would change is printed as a diff.

Exit code: 0 up to date, or written; with --check 1 for a package that is not up to date; 2 cannot tell:
no database, a file in the way, code between the markers that does not compile."""


def parser() -> argparse.ArgumentParser:
    """The parser of `ho codegen`."""
    parser = command_parser("codegen", WHAT, EXAMPLES)
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--database", metavar="NAME", help="read this database, reached as libpq does by itself (PGHOST, ...)"
    )
    source.add_argument("--dsn", metavar="TEXT", help="read what a connection string of libpq, or a URI, leads to")
    parser.add_argument("--package", metavar="FOLDER", help="the folder of the package; default: project.package")
    parser.add_argument("--import-as", metavar="NAME", help="the package as it is imported; default: the folder's name")
    parser.add_argument("--config", metavar="NAME", help="the configuration of half_orm; default: the package's name")
    parser.add_argument(
        "--target", metavar="NAME", help=f"what is made; default: project.codegenTarget, else {DEFAULT}"
    )
    parser.add_argument("--tests", metavar="FOLDER", help="also write a test for each class, into this folder")
    parser.add_argument(
        "--schema", metavar="NAME", action="append", default=[], help="only this schema; may be repeated"
    )
    parser.add_argument(
        "--exclude", metavar="PATTERN", action="append", default=[], help="no relation whose schema.name matches this"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; say what is not up to date")
    parser.add_argument("--json", action="store_true", help="the result as one JSON document")
    return parser


def main(argv: Sequence[str]) -> int:
    """Prints what was written, or would be; the exit code says whether that is anything."""
    arguments = parser().parse_args(argv)
    try:
        clone = find_clone()
        project = open_project(clone) if clone else None
        choice = choose(project, arguments)
        source = of_dsn(dsn(arguments)) if is_named(arguments) else of_tree(project, arguments)
        found = run(choice, source, arguments.check)
    except (CannotTell, GitError) as error:
        return cannot_tell(str(error))
    if arguments.json:
        import json

        print(json.dumps(to_json(found), indent=2))
    else:
        show(found, arguments.check)
    return DONE if found.fresh or found.written else STALE


def find_clone() -> Optional[Clone]:
    """The clone that we are in, None outside of one."""
    try:
        clone = Clone(find_git())
    except CannotTell:
        return None
    return clone if clone.top else None


def choose(project: Optional[Project], arguments: argparse.Namespace) -> Choice:
    """What is wanted: by the arguments, and where they say nothing by halfhooks.conf."""
    choice = chosen(project, "", os.path.relpath(project.clone.top)) if project else None
    if arguments.package:
        folder = os.path.normpath(arguments.package)
        package = os.path.basename(os.path.abspath(folder))
        choice = (choice or Choice("", ""))._replace(folder=folder, package=package, tests="")
    if choice is None:
        raise CannotTell("which package? --package FOLDER, or 'project.package' in halfhooks.conf")
    if arguments.target and arguments.target != choice.target:
        choice = choice._replace(target=arguments.target, tests="")
    given = {
        "package": arguments.import_as,
        "config": arguments.config,
        "tests": os.path.normpath(arguments.tests) if arguments.tests else None,
        "partial": bool(arguments.schema) or None,
    }
    wanted = choice.wanted
    schemas, exclude = tuple(arguments.schema) or wanted.schemas, tuple(arguments.exclude) or wanted.exclude
    choice = choice._replace(wanted=Wanted(schemas, exclude))
    return choice._replace(**{name: value for name, value in given.items() if value is not None})


def is_named(arguments: argparse.Namespace) -> bool:
    """Whether a database was named."""
    return arguments.database is not None or arguments.dsn is not None


def of_tree(project: Optional[Project], arguments: argparse.Namespace) -> Source:
    """The schema that the working tree leads to."""
    if project is None:
        raise CannotTell("there is no project here whose patches lead to a schema; name a database: --database NAME")

    def building() -> None:
        if not arguments.json:
            Console(sys.stderr).line(
                "halfhooks: this state is new here: its schema is read from a scratch database", "dim"
            )

    return of_plan(project, plan_of_tree(project), building)


def dsn(arguments: argparse.Namespace) -> str:
    """The connection string that the arguments mean."""
    if arguments.dsn is not None:
        return str(arguments.dsn)
    quoted = arguments.database.replace("\\", "\\\\").replace("'", "\\'")
    return f"dbname='{quoted}'"


def show(run: Run, check: bool) -> None:
    """What is to be told to people."""
    console, errors = Console(), Console(sys.stderr)
    if check:
        for line in run.diff():
            console.line(line, {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], ""))
    else:
        for part in run.parts:
            for change in part.plan.changes:
                console.line(f"{'written' if change.old is not None else 'new'}: {part.folder}/{change.path}")
        for path in run.paths("deleted"):
            console.line(f"deleted: {path}")
    for path in run.paths("orphans"):
        errors.line(f"halfhooks: '{path}' belongs to no relation any more, and holds code of yours, so it stays")
        errors.line(f"  help: move your code, then delete the file: git rm {path}", "green")
    for remark in run.remarks:
        errors.line(f"halfhooks: {remark}", "yellow")
    console.line(summary(run, check), "bold green" if run.fresh or run.written else "bold red")


def summary(run: Run, check: bool) -> str:
    """The last line."""
    files, changed, deleted, orphans = (len(run.paths(name)) for name in ("files", "changes", "deleted", "orphans"))
    if run.fresh:
        return f"halfhooks: {files} files are up to date{'; no database was asked' if run.kept else ''}"
    if not check:
        return f"halfhooks: {changed} written, {deleted} deleted, of {files} files"
    return f"halfhooks: {changed + deleted + orphans} of {files} files not up to date; write them: ho codegen"


def to_json(run: Run) -> dict[str, object]:
    """The result as the values of one JSON document."""
    parts = ((part.folder, part.plan.changes) for part in run.parts)
    changes = [(f"{folder}/{change.path}", change.old is None) for folder, found in parts for change in found]
    return {
        "version": FORMAT,
        "fresh": run.fresh,
        "written": run.written,
        "database": not run.kept,
        "new": [path for path, is_new in changes if is_new],
        "changed": [path for path, is_new in changes if not is_new],
        **{name: run.paths(name) for name in ("deleted", "orphans", "files")},
        "remarks": run.remarks,
    }


# --- after ho apply


def write_classes(project: Project, plan: Plan, server: Server, database: str) -> tuple[Optional[Run], str]:
    """Write the classes of the package from a database in the state of a plan: what was done, and why it could not be."""
    try:
        return generate(project, plan, server, database), ""
    except CannotTell as error:
        return None, str(error)


def show_classes(console: Console, run: Optional[Run], problem: str) -> None:
    """What became of the package."""
    if problem:
        console.line(f"halfhooks: the classes of the package were not written: {problem}", "bold red")
        console.line(
            "  help: mend that, then ho codegen; a project without classes says: codegenTarget = none", "green"
        )
    elif run and (run.remarks or not run.fresh):
        show(run, check=False)

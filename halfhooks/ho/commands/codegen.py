"""`ho codegen`: Python classes from the schema of a database."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from halfhooks.ho.cli import command_parser
from halfhooks.ho.codegen import manifest, write
from halfhooks.ho.codegen.introspect import Wanted, read_database
from halfhooks.ho.codegen.target import DEFAULT, OURS, Request, find_target
from halfhooks.ho.codegen.write import Plan
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.survey import CannotTell

DONE, STALE = 0, 1

FORMAT = 1
"""The version of the JSON document: raised when a field changes its meaning or goes."""

EXAMPLES = """
ho codegen --database shop --package shop
ho codegen --dsn postgresql://localhost:5433/shop --package src/shop
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


class Run(NamedTuple):
    """What was found, and done where something had to be: `plan` is what was to do."""

    plan: Plan
    remarks: list[str]
    written: bool


def parser() -> argparse.ArgumentParser:
    """The parser of `ho codegen`."""
    parser = command_parser("codegen", WHAT, EXAMPLES)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--database", metavar="NAME", help="the database, reached as libpq does by itself (PGHOST, ...)"
    )
    source.add_argument("--dsn", metavar="TEXT", help="a connection string of libpq, or a URI")
    parser.add_argument(
        "--package", metavar="FOLDER", required=True, help="the folder of the package, such as src/shop"
    )
    parser.add_argument("--import-as", metavar="NAME", help="the package as it is imported; default: the folder's name")
    parser.add_argument("--config", metavar="NAME", help="the configuration of half_orm; default: the package's name")
    parser.add_argument("--target", metavar="NAME", default=DEFAULT, help=f"what is made; default: {DEFAULT}")
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
        run = generate(arguments)
    except CannotTell as error:
        return cannot_tell(str(error))
    if arguments.json:
        import json

        print(json.dumps(to_json(run), indent=2))
    else:
        show(run, Path(arguments.package), arguments.check)
    return DONE if run.plan.fresh or run.written else STALE


def generate(arguments: argparse.Namespace) -> Run:
    """Reads, compares, and writes unless that is not wanted; `CannotTell` where nothing was done."""
    root, name = Path(arguments.package), arguments.target
    package = arguments.import_as or Path(os.path.abspath(root)).name
    if not all(part.isidentifier() for part in package.split(".")):
        raise CannotTell(f"'{package}' cannot be imported: it is no name in Python; choose another: --import-as NAME")
    if root.exists() and not root.is_dir():
        raise CannotTell(f"'{root}' is no folder; give the one of the package: --package FOLDER")
    plugin = None if name in OURS else find_target(name)  # ours are imported when there is something to do
    if not arguments.check and write.interrupted(root):
        with write.locked(root):
            write.finish(root)
    schema = read_database(dsn(arguments), Wanted(tuple(arguments.schema), tuple(arguments.exclude)))
    request = Request(schema, package, lambda path: write.read(root, path), config=arguments.config or "")
    inputs = manifest.fingerprint(name, tuple(arguments.schema), schema, package, request.config)
    known = None if plugin else manifest.fresh(root, name, inputs)  # a plug-in may have changed
    if known is not None:
        plan, remarks = unchanged(root, name, known, arguments)
        if plan.fresh:
            return Run(plan, remarks, False)
    output = (plugin or find_target(name)).generate(request)
    plan = write.plan(root, name, output, scope(arguments, (file.path for file in output.files)))
    if plan.conflicts:
        raise CannotTell("; ".join([*plan.conflicts[:5], *(["..."] if len(plan.conflicts) > 5 else [])]))
    remarks = list(output.remarks)
    if arguments.check:
        if write.interrupted(root):
            remarks.append("the last run was interrupted; the next one finishes it: ho codegen")
        return Run(plan, remarks, False)
    if plan.changes or plan.deleted:
        remarks += write.apply(root, plan)
    manifest.save(root, name, inputs, plan, output.remarks)
    return Run(plan, remarks, True)


def unchanged(root: Path, name: str, known: manifest.Note, arguments: argparse.Namespace) -> tuple[Plan, list[str]]:
    """What is left to look at when inputs and files are those of the last run: what belongs to nothing any more."""
    deleted, orphans = write.gone(root, name, known.files, scope(arguments, known.files))
    files = tuple((path, "") for path, digest in sorted(known.files.items()) if digest)
    return Plan(deleted=tuple(deleted), orphans=tuple(orphans), files=files), list(known.remarks)


def scope(arguments: argparse.Namespace, paths: Iterable[str]) -> Optional[set[str]]:
    """The folders in which every file has to belong to a relation; None for all."""
    return {path.rpartition("/")[0] for path in paths} - {""} if arguments.schema else None


def dsn(arguments: argparse.Namespace) -> str:
    """The connection string that the arguments mean."""
    if arguments.dsn is not None:
        return str(arguments.dsn)
    quoted = arguments.database.replace("\\", "\\\\").replace("'", "\\'")
    return f"dbname='{quoted}'"


def show(run: Run, root: Path, check: bool) -> None:
    """What is to be told to people."""
    console, errors = Console(), Console(sys.stderr)
    if check:
        for line in write.diff(run.plan, f"{root}/"):
            console.line(line, {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], ""))
    else:
        for change in run.plan.changes:
            console.line(f"{'written' if change.old is not None else 'new'}: {root / change.path}")
        for path, _ in run.plan.deleted:
            console.line(f"deleted: {root / path}")
    for path in run.plan.orphans:
        errors.line(f"halfhooks: '{root / path}' belongs to no relation any more, and holds code of yours, so it stays")
        errors.line(f"  help: move your code, then delete the file: git rm {root / path}", "green")
    for remark in run.remarks:
        errors.line(f"halfhooks: {remark}", "yellow")
    console.line(summary(run, check), "bold green" if run.plan.fresh or run.written else "bold red")


def summary(run: Run, check: bool) -> str:
    """The last line."""
    plan = run.plan
    if plan.fresh:
        return f"halfhooks: {len(plan.files)} files are up to date"
    if not check:
        return f"halfhooks: {len(plan.changes)} written, {len(plan.deleted)} deleted, of {len(plan.files)} files"
    count = len(plan.changes) + len(plan.deleted) + len(plan.orphans)
    return f"halfhooks: {count} of {len(plan.files)} files not up to date; write them: ho codegen"


def to_json(run: Run) -> dict[str, object]:
    """The result as the values of one JSON document."""
    return {
        "version": FORMAT,
        "fresh": run.plan.fresh,
        "written": run.written,
        "new": [change.path for change in run.plan.changes if change.old is None],
        "changed": [change.path for change in run.plan.changes if change.old is not None],
        "deleted": [path for path, _ in run.plan.deleted],
        "orphans": list(run.plan.orphans),
        "files": [path for path, _ in run.plan.files],
        "remarks": run.remarks,
    }

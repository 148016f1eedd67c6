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
from halfhooks.ho.codegen.target import DEFAULT, OURS, TESTS, Request, find_target
from halfhooks.ho.codegen.write import Plan
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.survey import CannotTell

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


class Part(NamedTuple):
    """What one target has to do below one folder; `inputs` and `remarks` are noted when it is done."""

    root: Path
    target: str
    plan: Plan
    inputs: str
    remarks: tuple[str, ...]
    known: bool


class Run(NamedTuple):
    """What was found, and done where something had to be."""

    parts: list[Part]
    remarks: list[str]
    written: bool

    @property
    def fresh(self) -> bool:
        """Whether there was nothing to do."""
        return all(part.plan.fresh for part in self.parts)

    def paths(self, name: str) -> list[Path]:
        """The files of one of the lists of a plan."""
        lists = ((part.root, getattr(part.plan, name)) for part in self.parts)
        return [root / (each if isinstance(each, str) else each[0]) for root, found in lists for each in found]


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
        run = generate(arguments)
    except CannotTell as error:
        return cannot_tell(str(error))
    if arguments.json:
        import json

        print(json.dumps(to_json(run), indent=2))
    else:
        show(run, arguments.check)
    return DONE if run.fresh or run.written else STALE


def generate(arguments: argparse.Namespace) -> Run:
    """Reads, compares, and writes unless that is not wanted; `CannotTell` where nothing was done."""
    places = folders(arguments)
    root, package = Path(arguments.package), arguments.import_as or Path(os.path.abspath(arguments.package)).name
    if not all(part.isidentifier() for part in package.split(".")):
        raise CannotTell(f"'{package}' cannot be imported: it is no name in Python; choose another: --import-as NAME")
    interrupted = [place for place, _ in places if write.interrupted(place)]
    for place in interrupted if not arguments.check else ():
        with write.locked(place):
            write.finish(place)
    schema = read_database(dsn(arguments), Wanted(tuple(arguments.schema), tuple(arguments.exclude)))
    request = Request(schema, package, lambda path: write.read(root, path), config=arguments.config or "")
    parts = [compare(place, name, request, arguments) for place, name in places]
    remarks = [remark for part in parts for remark in part.remarks]
    problems = [problem for part in parts for problem in part.plan.conflicts]
    if problems:
        raise CannotTell("; ".join([*problems[:5], *(["..."] if len(problems) > 5 else [])]))
    if arguments.check:
        told = ["the last run was interrupted; the next one finishes it: ho codegen"] if interrupted else []
        return Run(parts, [*remarks, *told], False)
    for part in parts:
        if part.plan.changes or part.plan.deleted:
            remarks += write.apply(part.root, part.plan)
        if not part.known:
            manifest.save(part.root, part.target, part.inputs, part.plan, part.remarks)
    return Run(parts, remarks, True)


def folders(arguments: argparse.Namespace) -> list[tuple[Path, str]]:
    """Where which targets write."""
    name = arguments.target
    places = [(Path(arguments.package), name)]
    if name not in OURS:
        find_target(name)  # ours are imported when there is something to do
    if arguments.tests:
        if name not in TESTS:
            raise CannotTell(f"the target '{name}' has no tests; leave out --tests")
        places.append((Path(arguments.tests), TESTS[name]))
    for place, _ in places:
        if place.exists() and not place.is_dir():
            raise CannotTell(f"'{place}' is no folder; give one that is, or that is to be made")
    return places


def compare(root: Path, name: str, request: Request, arguments: argparse.Namespace) -> Part:
    """What a target has to do below a folder. Nothing is rendered when all is as it was after the last run."""
    only = tuple(arguments.schema)
    inputs = manifest.fingerprint(name, only, request.schema, request.package, request.config)
    known = manifest.fresh(root, name, inputs) if arguments.target in OURS else None  # a plug-in may have changed
    if known is not None:
        deleted, orphans = write.gone(root, name, known.files, scope(arguments, known.files))
        files = tuple((path, "") for path, digest in sorted(known.files.items()) if digest)
        if not deleted and not orphans:
            return Part(root, name, Plan(files=files), inputs, known.remarks, True)
    output = find_target(name).generate(request)
    plan = write.plan(root, name, output, scope(arguments, (file.path for file in output.files)))
    return Part(root, name, plan, inputs, output.remarks, False)


def scope(arguments: argparse.Namespace, paths: Iterable[str]) -> Optional[set[str]]:
    """The folders in which every file has to belong to a relation; None for all."""
    return {path.rpartition("/")[0] for path in paths} - {""} if arguments.schema else None


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
        for part in run.parts:
            for line in write.diff(part.plan, f"{part.root}/"):
                console.line(line, {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], ""))
    else:
        for part in run.parts:
            for change in part.plan.changes:
                console.line(f"{'written' if change.old is not None else 'new'}: {part.root / change.path}")
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
        return f"halfhooks: {files} files are up to date"
    if not check:
        return f"halfhooks: {changed} written, {deleted} deleted, of {files} files"
    return f"halfhooks: {changed + deleted + orphans} of {files} files not up to date; write them: ho codegen"


def to_json(run: Run) -> dict[str, object]:
    """The result as the values of one JSON document."""
    changes = [(part.root / change.path, change.old is None) for part in run.parts for change in part.plan.changes]
    return {
        "version": FORMAT,
        "fresh": run.fresh,
        "written": run.written,
        "new": [str(path) for path, is_new in changes if is_new],
        "changed": [str(path) for path, is_new in changes if not is_new],
        **{name: list(map(str, run.paths(name))) for name in ("deleted", "orphans", "files")},
        "remarks": run.remarks,
    }

"""What `ho apply` takes after a patch file was edited, beside half_orm_dev's `patch apply` and beside psql alone.

A schema of 200 tables with 2 000 columns in production, a release with 15 patches of which the last is worked on. Turn by
turn, each contender edits a file of that patch and applies it:

- the floor: psql runs that file on a clone of the state before it (`createdb --template`), and psql alone without the clone;
- ours, with and without writing the classes, and with --explain, which runs all patches and looks at locks;
- `ho validate` without tests, beside all patches by psql on a clone of production;
- half_orm_dev, installed from the package registry into an environment of its own, on the same schema and patches.

All of them use one private server. Milliseconds, medians; asserts nothing.

    python -m bench apply [--rounds 9] [--tables 200] [--half-orm-dev 'half_orm_dev==1.1.0a1'] [--quick]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Optional

from bench.harness import interleave, table
from bench.laboratory import HALF_ORM_DEV, HalfOrmDev, Laboratory, call, installed, laboratory

NAME = "bigshop"
ALL_BY_PSQL = "psql, all patches on a clone"
VALIDATE = "ho validate --no-tests"
PATCHES = 15
COLUMNS = 10
TYPES = ("int", "text", "numeric(10,2)", "timestamptz")


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--half-orm-dev", default=HALF_ORM_DEV, help="what pip installs; '' leaves it out")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, without half_orm_dev")
    options = parser.parse_args(argv)
    with laboratory() as lab:
        contenders = floor(lab, options.tables)
        contenders.update(ours(lab))
        if options.half_orm_dev and not options.quick:
            contenders["half_orm_dev patch apply"] = half_orm_dev(lab, options.half_orm_dev, options.tables)
        taken = interleave(3 if options.quick else options.rounds, contenders)
    theirs = taken.get("half_orm_dev patch apply")
    rows = []
    for name, ms in taken.items():
        base = taken[ALL_BY_PSQL if name in (ALL_BY_PSQL, VALIDATE) else "psql, on a clone"]
        rows.append((name, ms, f"{ms - base:+.0f}", f"{ms / base:.1f}", f"{ms / theirs:.2f}" if theirs else ""))
    table(("what", "ms", "more than psql", "times psql", "of half_orm_dev"), rows)
    return 0


def schema(tables: int) -> str:
    """The tables of production, each with a reference to the one before."""
    lines = []
    for number in range(tables):
        columns = [f"c{i} {TYPES[i % len(TYPES)]}" for i in range(1, COLUMNS - 1)]
        parent = f"parent int references t{number - 1}" if number else "parent int"
        lines.append(f"create table t{number} (id int primary key, {', '.join(columns)}, {parent});\n")
    return "".join(lines)


def patch(number: int, edition: int = 0) -> str:
    """The file of a patch, in one of its editions."""
    return (
        f"create table patch{number} (id int primary key, t int references t{number}, note{edition} text);\n"
        f"alter table t{number} add column added{number} text default 'x';\n"
        f"create index on t{number} (c1);\n"
        f"comment on table patch{number} is 'edition {edition}';\n"
    )


def timed(file: Path, commands: Callable[[], Sequence[Sequence[str]]], folder: Path, environment: Mapping[str, str]):
    """A contender: edits a file, then runs commands; the milliseconds of these."""
    editions = iter(range(1, 10_000))

    def contender() -> float:
        file.write_text(patch(PATCHES, next(editions)))
        began = time.perf_counter()
        for command in commands():
            call(command, folder, environment)
        return (time.perf_counter() - began) * 1000

    return contender


# --- the floor


def floor(lab: Laboratory, tables: int) -> dict[str, Callable[[], float]]:
    """psql, with and without the making of the clone."""
    where = {**lab.environment, **lab.server.environment("postgres")}
    psql, createdb, dropdb, pg_dump = map(lab.program, ("psql", "createdb", "dropdb", "pg_dump"))
    place = lab.folder / "floor"
    place.mkdir()
    (place / "schema.sql").write_text(schema(tables))
    call([createdb, "template_14"], place, where)
    call([psql, "-q", "-d", "template_14", "-f", "schema.sql"], place, where)
    dumped = call([pg_dump, "-d", "template_14", "--schema-only"], place, where)
    (lab.folder / "model.sql").write_text(dumped)
    call([createdb, "--template", "template_14", "template_0"], place, where)
    for number in range(1, PATCHES):
        (place / f"{number}.sql").write_text(patch(number))
        call([psql, "-q", "-d", "template_14", "-f", f"{number}.sql"], place, where)
    file = place / "patch.sql"
    takes_strategy = "--strategy" in call([createdb, "--help"], place, where)
    strategy = ["--strategy", "file_copy"] if takes_strategy else []
    copy = [createdb, *strategy, "--template", "template_14", "clone"]
    copy_model = [createdb, *strategy, "--template", "template_0", "clone"]
    run_all = [[psql, "-q", "-1", "-d", "clone", "-f", f"{number}.sql"] for number in range(1, PATCHES)]
    run = [psql, "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", "clone", "-f", str(file)]

    def alone() -> float:
        call([dropdb, "--if-exists", "clone"], place, where)
        call(copy, place, where)
        return psql_alone()

    def cloned() -> float:
        call([dropdb, "--if-exists", "clone"], place, where)
        return psql_on_clone()

    def everything() -> float:
        call([dropdb, "--if-exists", "clone"], place, where)
        return psql_on_model()

    psql_on_model = timed(file, lambda: [copy_model, *run_all, run], place, where)
    psql_alone = timed(file, lambda: [run], place, where)
    psql_on_clone = timed(file, lambda: [copy, run], place, where)
    return {"psql alone": alone, "psql, on a clone": cloned, ALL_BY_PSQL: everything}


# --- ours


def ours(lab: Laboratory) -> dict[str, Callable[[], float]]:
    """`ho apply` on a patch branch of our workflow, without and with the writing of classes."""
    folder, environment = lab.folder, {**lab.environment}
    environment.pop("PYTHONPATH")  # it is installed
    top = folder / "ours" / NAME
    texts = {
        "releases/0.1.0.txt": "",
        "releases/0.2.0-stage.txt": "".join(f"{number}-x\n" for number in range(1, PATCHES)),
        "releases/0.2.0-candidates.txt": f"{PATCHES}-x\n",
        "model/schema-0.1.0.sql": (folder / "model.sql").read_text(),
        "model/metadata-0.1.0.sql": "",
        "halfhooks.conf": f'[halfhooks "project"]\n\tpackage = {NAME}\n\tdatabase = {NAME}_ours\n',
        **{f"Patches/{number}-x/01.sql": patch(number) for number in range(1, PATCHES + 1)},
    }
    for path, text in texts.items():
        target = top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    for command in (("init", "-q", "-b", f"ho-patch/{PATCHES}-x"), ("add", "-A"), ("commit", "-q", "-m", "Begin")):
        call(["git", *command], top, environment)
    ho = [*installed(lab), "apply"]
    file = top / f"Patches/{PATCHES}-x/01.sql"
    call(ho, top, environment)  # the classes belong to the commit that is validated
    for command in (("add", "-A"), ("commit", "-q", "-m", "Write the classes")):
        call(["git", *command], top, environment)
    validate = [ho[0], "validate", "--no-tests", "--force", "--commit", "HEAD"]
    return {
        VALIDATE: timed(file, lambda: [validate], top, environment),
        "ho apply --explain": timed(file, lambda: [[*ho, "--no-codegen", "--explain"]], top, environment),
        "ho apply --no-codegen": timed(file, lambda: [[*ho, "--no-codegen"]], top, environment),
        "ho apply": timed(file, lambda: [ho], top, environment),
    }


# --- half_orm_dev


def half_orm_dev(lab: Laboratory, wanted: str, tables: int) -> Callable[[], float]:
    """`half_orm dev patch apply` on a project of its own, with the same schema in production and the same patches."""
    theirs = HalfOrmDev(lab, wanted, NAME, schema(tables))
    theirs.run("release", "create", "minor")
    for number in range(1, PATCHES):
        theirs.stage(f"{number}-x", patch(number))
    theirs.run("patch", "create", f"{PATCHES}-x")
    file = theirs.top / f"Patches/{PATCHES}-x/01.sql"
    return timed(file, lambda: [[*theirs.half_orm, "patch", "apply"]], theirs.top, theirs.where)

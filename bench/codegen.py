"""Generated classes: 200 tables; beside the generators of half_orm_dev 1.1 and of SQLAlchemy, and the least work.

The others are installed into environments of their own, in the folder of `--tools` where they stay, else anew each time.

    python -m bench codegen [--rounds 15] [--tools FOLDER] [--quick]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from bench import harness, project
from halfhooks.ho.database.cluster import existing, private, stop
from halfhooks.ho.database.connect import Server

TABLES = 200
OTHERS = {
    "half_orm_dev": ("--pre", "half_orm_dev>=1.1.0a1,<1.2"),
    "sqlacodegen": ("sqlacodegen", "psycopg2-binary"),
}
CONF = '[halfhooks "project"]\n\tpackage = shop\n\tdatabase = shop\n'

FLOOR = """\
import os, sys
import psycopg2
from halfhooks.ho.codegen import introspect as i

connection = psycopg2.connect("dbname=shop")
cursor = connection.cursor()
cursor.execute(i.SETTINGS)

def rows(query, **arguments):
    cursor.execute(query, arguments)
    return cursor.fetchall()

schemas = [row[0] for row in rows(i.SCHEMAS, none=[])]
relations = [row[0] for row in rows(i.RELATIONS, schemas=schemas)]
for query in (i.PARENTS, i.COLUMNS, i.CONSTRAINTS, i.TYPES, i.LABELS, i.FIELDS):
    rows(query, relations=relations, none=[])
source, target = sys.argv[1:]
for folder, _, names in os.walk(source):
    into = target + folder[len(source):]
    if "/." in folder:
        continue
    os.makedirs(into)
    for name in names:
        with open(f"{folder}/{name}", "rb") as file:
            data = file.read()
        with open(f"{into}/{name}", "wb") as file:
            file.write(data)
"""
"""The floor: the same queries, and the same files written."""

HALF_ORM_DEV = """\
import sys
from half_orm.model import Model
from half_orm_dev import modules

class Repo:
    name, base_dir, with_half_orm_meta = "shop", sys.argv[1], False
    class database:
        model = Model("shop")

modules.generate(Repo)
"""
"""Its generator alone: without the command around it, which also looks at git and at versions."""


class Bench(NamedTuple):
    """Where everything is."""

    folder: Path
    environment: dict[str, str]
    python: dict[str, str]

    @property
    def clone(self) -> Path:
        """The project."""
        return self.folder / "clone"

    def took(self, *command: str) -> float:
        """Milliseconds of a command in the project."""
        return harness.milliseconds(command, self.clone, environment=self.environment)

    def anew(self, *command: str) -> float:
        """The same where the package is gone."""
        shutil.rmtree(self.clone / "shop", ignore_errors=True)
        return self.took(*command)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench codegen", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--tools", metavar="FOLDER", help="keeps the other generators for the next time")
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it runs")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="halfhooks-bench-") as name:
        folder = Path(name)
        base = Path("/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp") / f"hhb-{os.getpid()}"
        kept = {key: value for key, value in project.CLEAN.items() if not key.startswith(("PG", "PYTHON", "HALF"))}
        environment = {**kept, "HALFHOOKS_SERVERS": str(base), "PYTHONPATH": str(project.ROOT)}
        tools = Path(options.tools) if options.tools else folder / "tools"
        try:
            with private(environment) as server:
                bench = prepare(folder, environment, server, tools)
                measure(bench, 3 if options.quick else options.rounds)
        finally:
            for place in existing(environment):
                stop(place, remove=True, force=True)
            shutil.rmtree(base, ignore_errors=True)
    return 0


def prepare(folder: Path, environment: dict[str, str], server: Server, tools: Path) -> Bench:
    """The project, applied and generated once, and the other generators."""
    clone, theirs = folder / "clone", folder / "theirs"
    theirs.mkdir()
    bench = Bench(folder, {**environment, **server.environment("shop")}, {"ours": sys.executable, **install(tools)})
    bench.environment["HALFORM_CONF_DIR"] = str(folder)
    bench.environment["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    host, user = (dict(server.keywords)[key] for key in ("host", "user"))
    (folder / "shop").write_text(f"[database]\nname = shop\nhost = {host}\nuser = {user}\n")
    subprocess.run(["git", "init", "-q", "-b", "ho-patch/1-all", str(clone)], env=bench.environment, check=True)
    files = {
        "releases/0.0.0.txt": "",
        "releases/0.1.0-candidates.txt": "1-all\n",
        "model/schema-0.0.0.sql": "",
        "Patches/1-all/01.sql": schema(),
        "halfhooks.conf": CONF,
    }
    for path, text in files.items():
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        (clone / path).write_text(text)
    bench.took(*ho(bench, "apply"))
    return bench


def install(tools: Path) -> dict[str, str]:
    """The interpreters of the other generators."""
    for name, packages in OTHERS.items():
        if not (tools / name / "done").exists():
            venv.create(tools / name, with_pip=True, clear=True)
            pip = [str(tools / name / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            subprocess.run([*pip, *packages], check=True)
            (tools / name / "done").touch()
    return {name: str(tools / name / "bin" / "python") for name in OTHERS}


def schema() -> str:
    """The tables, each with ten columns, a comment or two, and two foreign keys."""
    parts = []
    for number in range(TABLES):
        one, other = (
            (f" references t{(number * 7) % number:03}", f" references t{number // 2:03}") if number else ("", "")
        )
        parts.append(
            f"create table t{number:03} (id int generated always as identity primary key, name text not null,"
            " made timestamptz not null default now(), price numeric(10, 2), tags text[], born date, data jsonb,"
            f" flag boolean not null default false, parent_id int{one}, owner_id int{other});\n"
            f"comment on table t{number:03} is 'Things number {number}';\n"
            f"comment on column t{number:03}.price is 'In euros';\n"
        )
    return "".join(parts)


def ho(bench: Bench, *arguments: str) -> list[str]:
    """A command of ours, as its script starts it."""
    start = "import sys; from halfhooks.ho.cli import main; sys.exit(main())"
    return [bench.python["ours"], "-c", start, *arguments]


def measure(bench: Bench, rounds: int) -> None:
    """Both tables."""
    theirs = bench.folder / "theirs"
    sqlacodegen = [bench.python["sqlacodegen"], "-m", "sqlacodegen", "--outfile", str(theirs / "models.py")]
    dsn = "postgresql+psycopg2:///shop"
    rivals = {
        "half_orm_dev 1.1": [bench.python["half_orm_dev"], "-c", HALF_ORM_DEV, str(theirs)],
        "sqlacodegen": [*sqlacodegen, dsn],
    }
    runs = {
        "`python3 -c pass`": [bench.python["ours"], "-c", "pass"],
        "`ho codegen`": ho(bench, "codegen"),
        "`ho codegen --check`": ho(bench, "codegen", "--check"),
        "`ho codegen --database`": ho(bench, "codegen", "--database", "shop"),
        **rivals,
    }
    took = harness.interleave(rounds, {name: (lambda run=run: bench.took(*run)) for name, run in runs.items()})
    bare, ours = took["`python3 -c pass`"], took["`ho codegen`"]
    print(f"Nothing changed, {TABLES} tables with 10 columns each, median of {rounds}, in ms\n")
    head = ("what runs", "ms", "beyond Python", "times `ho codegen`")
    harness.table(head, [(name, ms, ms - bare, ms / ours) for name, ms in took.items()])

    copy = bench.folder / "copy"
    shutil.copytree(bench.clone / "shop", copy)

    def floor() -> float:
        shutil.rmtree(bench.clone / "floor", ignore_errors=True)
        return bench.took(bench.python["ours"], "-c", FLOOR, str(copy), "floor")

    first = harness.interleave(
        rounds,
        {
            "the floor: queries, and writing the files": floor,
            "`ho codegen --database`": lambda: bench.anew(*ho(bench, "codegen", "--database", "shop")),
            "`ho codegen`, the schema known": lambda: bench.anew(*ho(bench, "codegen")),
        },
    )
    least = first["the floor: queries, and writing the files"]
    print(f"A package that is not there yet, median of {rounds}, in ms\n")
    harness.table(("what runs", "ms", "times the floor"), [(name, ms, ms / least) for name, ms in first.items()])
    shutil.rmtree(bench.clone / "floor", ignore_errors=True)
    imported(bench, rounds)


LOADED = "import sys, shop.public.t199; print(len([name for name in sys.modules if name.startswith('shop.public.')]))"


def imported(bench: Bench, rounds: int) -> None:
    """What importing one class costs, beside half_orm itself and its connection."""
    python = bench.python["half_orm_dev"]
    environment = {**bench.environment, "PYTHONPATH": ""}
    done = subprocess.run([python, "-c", LOADED], cwd=bench.clone, env=environment, stdout=subprocess.PIPE, text=True)
    runs = {
        "`from half_orm.model import Model; Model('shop')`": "from half_orm.model import Model; Model('shop')",
        "`from shop.public.t199 import T199`": "from shop.public.t199 import T199",
    }

    def took(code: str) -> float:
        return harness.milliseconds([python, "-c", code], bench.clone, environment=environment)

    found = harness.interleave(rounds, {name: (lambda code=code: took(code)) for name, code in runs.items()})
    print(
        f"Importing one of {TABLES} classes loads {done.stdout.strip()} module of a relation; median of {rounds}, in ms\n"
    )
    harness.table(("what runs", "ms"), found.items())


if __name__ == "__main__":
    sys.exit(main())

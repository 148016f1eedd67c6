"""What `ho upgrade` takes for three releases of five patches, beside psql that runs the same SQL after the same pg_dump.

A database of 60 tables with 600 000 rows. Turn by turn, each contender brings a copy that nobody has touched through
the releases: psql with a transaction for each, after `pg_dump -Fc` and `pg_restore --list`; ours with all that it looks at;
both again without a backup. All of them use one private server. Milliseconds, medians; asserts nothing.

Then pgbench works on the database during an upgrade: what its transactions wait for at most, and whether one fails.

    python -m bench upgrade [--rounds 9] [--quick]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Optional

from bench.apply import call, clean, version
from bench.harness import interleave, table
from halfhooks.ho.database import meta
from halfhooks.ho.database.catalog import fingerprint, read_catalog
from halfhooks.ho.database.cluster import existing, private, stop
from halfhooks.ho.database.connect import Server, connected, execute

ROOT = Path(__file__).resolve().parent.parent
TABLES, ROWS = 60, 10_000
RELEASES, PATCHES = 3, 5
NAME, START = "shop", "shop_start"
CLIENTS, SECONDS = 4, 8


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    options = parser.parse_args(argv)
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="hhb-", dir=memory if os.access(memory, os.W_OK) else None))
    folder.chmod(0o711)  # the server of root runs as another user
    environment = clean(folder)
    try:
        with private(environment) as server:
            print(f"{server.words.split()[1]} server, PostgreSQL {version(server)}\n")
            bench = Bench(folder, server, environment)
            taken = interleave(3 if options.quick else options.rounds, bench.contenders())
            rows = [(name, ms, f"{ms / taken[base]:.2f}") for name, base, ms in compared(taken)]
            table(("what", "ms", "times psql"), rows)
            traffic(bench)
    finally:
        for place in existing(environment):
            stop(place, remove=True, force=True)
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def compared(taken: Mapping[str, float]) -> list[tuple[str, str, float]]:
    """Each contender with the one that it is held against."""
    return [
        (name, "psql" if "without" in name or name == "psql" else "pg_dump and psql", ms) for name, ms in taken.items()
    ]


def patch(number: int) -> str:
    """The SQL of a patch: it adds, and changes rows."""
    return (
        f"create table patch{number} (id int primary key, t int references t{number}, note text);\n"
        f"alter table t{number} add column added{number} text default 'x';\n"
        f"create index on t{number} (note);\n"
        f"insert into patch{number} select id, id, 'new' from t{number} limit 500;\n"
        f"update t{number} set note = 'changed' where id <= 1000;\n"
        f"comment on table patch{number} is 'of a release';\n"
    )


class Bench:
    """A database before the releases, a repository with them, and their SQL in files for psql."""

    def __init__(self, folder: Path, server: Server, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.server = server
        self.where = {**environment, **server.environment(NAME)}
        self.programs = {name: str(Path(server.bindir, name)) for name in ("psql", "pg_dump", "pg_restore", "pgbench")}
        self.repository = folder / "repository"
        self._repository()
        self._database()

    def _repository(self) -> None:
        git = ["git", "-C", str(self.repository), "-c", "user.name=dev", "-c", "user.email=dev@example.org"]
        call(["git", "init", "-q", "-b", "ho-prod", str(self.repository)], self.folder, self.where)
        self._write("model/schema-0.0.0.sql", "-- 0.0.0\n")
        for release in range(RELEASES + 1):
            ids = [release * PATCHES - PATCHES + place + 1 for place in range(PATCHES)] if release else []
            for number in ids:
                self._write(f"Patches/{number}-p/01.sql", patch(number))
            self._write(f"releases/0.{release}.0.txt", "".join(f"{number}-p\n" for number in ids))
            self._write(f"{release}.sql", "".join(map(patch, ids)), self.folder)
            call([*git, "add", "-A"], self.folder, self.where)
            call([*git, "commit", "-q", "-m", f"Release 0.{release}.0"], self.folder, self.where)
            call([*git, "tag", "-a", "-m", "x", f"v0.{release}.0"], self.folder, self.where)

    def _write(self, path: str, content: str, top: Optional[Path] = None) -> Path:
        file = (top or self.repository) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file

    def _database(self) -> None:
        self._maintain(f"create database {START}")
        with connected(self.server, START) as connection:
            for number in range(TABLES):
                parent = f" references t{number - 1}" if number else ""
                columns = f"id int primary key, parent int{parent}, note text, at timestamptz"
                execute(connection, f"create table t{number} ({columns})")
                insert = f"insert into t{number} select i, i, md5(i::text), now() from generate_series(1, {ROWS}) i"
                execute(connection, insert)
            meta.ensure(connection)
            catalog = read_catalog(connection)
            meta.record(connection, "0.0.0", fingerprint=fingerprint(catalog), catalog=catalog)
            execute(connection, "vacuum analyze")

    def _maintain(self, statement: str) -> None:
        with connected(self.server, "postgres") as connection:
            execute(connection, statement)

    def begin(self) -> None:
        """A database that nobody has touched."""
        self._maintain(f"drop database if exists {NAME} with (force)")
        self._maintain(f"create database {NAME} template {START} strategy file_copy")
        with connected(self.server, NAME) as connection:
            execute(connection, "checkpoint")

    def contenders(self) -> dict[str, Callable[[], float]]:
        """Who is measured."""
        dump = str(self.folder / "psql.dump")
        backup = [[self.programs["pg_dump"], "-Fc", f"--file={dump}"], [self.programs["pg_restore"], "--list", dump]]
        files = [str(self.folder / f"{release}.sql") for release in range(1, RELEASES + 1)]
        options = ("-q", "-X", "-1", "-v", "ON_ERROR_STOP=1")
        psql = [[self.programs["psql"], *options, "-f", file] for file in files]
        with_dump = self.ho("--backup-folder", str(self.folder / "dumps"))
        return {
            "psql": lambda: self.timed(psql),
            "pg_dump and psql": lambda: self.timed([*backup, *psql]),
            "ho upgrade without a backup": lambda: self.timed([self.ho("--backup", "none")]),
            "ho upgrade": lambda: self.timed([with_dump]),
        }

    def ho(self, *options: str) -> list[str]:
        """Our command."""
        dsn = f"{' '.join(f'{key}={value}' for key, value in self.server.keywords)} dbname={NAME}"
        given = ["--yes", "--database", dsn, "--from", str(self.repository), *options]
        return [sys.executable, "-m", "halfhooks.ho", "upgrade", *given]

    def timed(self, commands: Sequence[Sequence[str]]) -> float:
        """The milliseconds of some commands on a database that nobody has touched."""
        self.begin()
        began = time.perf_counter()
        for command in commands:
            call(command, self.folder, {**self.where, "PYTHONPATH": str(ROOT)})
        return (time.perf_counter() - began) * 1000


WORK = """\
\\set id random(1, 10000)
begin;
update t20 set note = 'busy' where id = :id;
update t3 set parent = parent where id = :id;
insert into t59 (id, note) values (nextval('work'), 'busy');
select count(*) from t3 where id between :id and :id + 10;
commit;
"""


def traffic(bench: Bench) -> None:
    """pgbench works for some seconds, with and without an upgrade in the middle of them."""
    script = bench.folder / "work.sql"
    script.write_text(WORK)
    rows = []
    for upgraded in (False, True):
        bench.begin()
        with connected(bench.server, NAME) as connection:
            execute(connection, "create sequence work start 100000")
            catalog = read_catalog(connection)
            execute(connection, "delete from half_orm_meta.halfhooks_release")
            meta.record(connection, "0.0.0", fingerprint=fingerprint(catalog), catalog=catalog)
        logs = bench.folder / f"log{upgraded}"
        options = [
            "-n",
            "-c",
            str(CLIENTS),
            "-j",
            "1",
            "-T",
            str(SECONDS),
            "-f",
            str(script),
            "-l",
            f"--log-prefix={logs}",
        ]
        worker = subprocess.Popen(
            [bench.programs["pgbench"], *options, NAME],
            env=bench.where,
            cwd=bench.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        time.sleep(SECONDS / 4)
        if upgraded:
            call(bench.ho("--backup", "none"), bench.folder, {**bench.where, "PYTHONPATH": str(ROOT)})
        said = worker.communicate()[0]
        lines = [line for path in bench.folder.glob(f"{logs.name}*") for line in path.read_text().splitlines()]
        waits = sorted(int(line.split()[2]) / 1000 for line in lines)
        failed = "aborted" in said or worker.returncode != 0
        name = "during an upgrade" if upgraded else "nothing else"
        rows.append(
            (name, str(len(waits)), f"{waits[len(waits) // 2]:.1f}", f"{waits[-1]:.0f}", "yes" if failed else "no")
        )
    print()
    table(("pgbench, 4 clients", "transactions", "median ms", "longest ms", "errors"), rows)


if __name__ == "__main__":
    sys.exit(main())

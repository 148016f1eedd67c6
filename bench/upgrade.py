"""What `ho upgrade` takes for three releases of five patches, beside psql that runs the same SQL after the same pg_dump.

A database of 60 tables with 600 000 rows. Turn by turn, each contender brings a copy that nobody has touched through
the releases:

- psql with a transaction for each, alone, after `pg_dump -Fc` and `pg_restore --list`, the same with the level of
  compression that ours has, and after `createdb --template`;
- ours with all that it looks at, with these backups and without one;
- half_orm_dev, installed from the package registry into an environment of its own: a project that made the same releases,
  with `release create`, `patch create`, `patch apply`, `patch merge` and `release promote prod`, and a clone of it in
  production from before them. Its backup is a copy of the database on the server, after it has ended all sessions there.

All of them use one private server. Milliseconds, medians; asserts nothing, but that each ended at the same tables.

Then pgbench works on the database during an upgrade: what its transactions wait for at most, and whether one fails.

    python -m bench upgrade [--rounds 9] [--half-orm-dev 'half_orm_dev==1.1.0a1'] [--quick]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Optional

from bench.harness import interleave, table
from bench.laboratory import HALF_ORM_DEV, HO, HalfOrmDev, Laboratory, back, call, laboratory
from halfhooks.ho.database import meta
from halfhooks.ho.database.catalog import fingerprint, read_catalog
from halfhooks.ho.database.connect import ask, connected, execute
from halfhooks.ho.production.backup import COMPRESSION

TABLES, ROWS = 60, 10_000
RELEASES, PATCHES = 3, 5
NAME, START = "shop", "shop_start"
CLIENTS, SECONDS = 4, 8
TABLE = "create table t{0} (id int primary key, parent int{1}, note text, at timestamptz);\n"
FILL = f"insert into t{{0}} select i, i, md5(i::text), now() from generate_series(1, {ROWS}) i;\n"


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--half-orm-dev", default=HALF_ORM_DEV, help="what pip installs; '' leaves it out")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, without half_orm_dev")
    options = parser.parse_args(argv)
    with laboratory() as lab:
        bench = Bench(lab)
        contenders = bench.contenders()
        if options.half_orm_dev and not options.quick:
            contenders.update(half_orm_dev(bench, options.half_orm_dev))
        taken = interleave(3 if options.quick else options.rounds, contenders)
        rows = [(name, ms, f"{ms / taken[base_of(name)]:.2f}") for name, ms in taken.items()]
        table(("what", "ms", "times psql with that backup"), rows)
        traffic(bench)
    return 0


def base_of(name: str) -> str:
    """What a contender is held against: psql with the same kind of backup."""
    kinds = {"no backup": "psql, no backup", "template": "psql, template"}
    return next((base for kind, base in kinds.items() if name.endswith(kind)), "psql, dump")


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

    def __init__(self, lab: Laboratory) -> None:
        self.lab = lab
        self.where = {**lab.environment, **lab.server.environment(NAME)}
        self.repository = lab.folder / "repository"
        self._repository()
        self._database()

    def _repository(self) -> None:
        git = ["git", "-C", str(self.repository)]
        folder = self.lab.folder
        call(["git", "init", "-q", "-b", "ho-prod", str(self.repository)], folder, self.where)
        self._write("model/schema-0.0.0.sql", "-- 0.0.0\n")
        for release in range(RELEASES + 1):
            patches = patches_of(release)
            for name, sql in patches.items():
                self._write(f"Patches/{name}/01.sql", sql)
            self._write(f"releases/0.{release}.0.txt", "".join(f"{name}\n" for name in patches))
            (folder / f"{release}.sql").write_text("".join(patches.values()))
            call([*git, "add", "-A"], folder, self.where)
            call([*git, "commit", "-q", "-m", f"Release 0.{release}.0"], folder, self.where)
            call([*git, "tag", "-a", "-m", "x", f"v0.{release}.0"], folder, self.where)

    def _write(self, path: str, content: str) -> None:
        file = self.repository / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    def _database(self) -> None:
        self.maintain(f"create database {START}")
        with connected(self.lab.server, START) as connection:
            execute(connection, schema())
            execute(connection, "".join(map(FILL.format, range(TABLES))))
            meta.ensure(connection)
            catalog = read_catalog(connection)
            meta.record(connection, "0.0.0", fingerprint=fingerprint(catalog), catalog=catalog)
            execute(connection, "vacuum analyze")

    def maintain(self, *statements: str) -> None:
        """Run statements away from the databases that they are about."""
        with connected(self.lab.server, "postgres") as connection:
            for statement in statements:
                execute(connection, statement)

    def begin(self, start: str = START, name: str = NAME) -> None:
        """A database that nobody has touched, and no copies of earlier ones."""
        query = "select datname from pg_database where datname ~ '^(halfhooks_backup|psql_backup|.*_hop_snap)'"
        copies = [copy for (copy,) in ask(self.lab.server, "postgres", query)]
        self.maintain(
            *(f'drop database if exists "{each}" with (force)' for each in [name, *copies]),
            f"create database {name} template {start} strategy file_copy",
            "checkpoint",
        )

    def contenders(self) -> dict[str, Callable[[], float]]:
        """Who is measured, but for half_orm_dev."""
        dump = str(self.lab.folder / "psql.dump")
        pg_dump = [self.lab.program("pg_dump"), "-Fc", f"--file={dump}"]
        look = [self.lab.program("pg_restore"), "--list", dump]
        copied = [[self.lab.program("createdb"), "--strategy=file_copy", f"--template={NAME}", "psql_backup"]]
        options = ("-q", "-X", "-1", "-v", "ON_ERROR_STOP=1")
        files = [str(self.lab.folder / f"{release}.sql") for release in range(1, RELEASES + 1)]
        psql = [[self.lab.program("psql"), *options, "-f", file] for file in files]
        return {
            "psql, no backup": lambda: self.timed(psql),
            "psql, template": lambda: self.timed([*copied, *psql]),
            "psql, dump": lambda: self.timed([pg_dump, look, *psql]),
            "psql, dump of our level": lambda: self.timed([[*pg_dump, f"-Z{COMPRESSION}"], look, *psql]),
            "ho upgrade, no backup": lambda: self.timed([self.ho("--backup", "none")]),
            "ho upgrade, template": lambda: self.timed([self.ho("--backup", "template")]),
            "ho upgrade, dump": lambda: self.timed([self.ho("--backup-folder", str(self.lab.folder / "dumps"))]),
        }

    def ho(self, *options: str) -> list[str]:
        """Our command."""
        dsn = f"{' '.join(f'{key}={value}' for key, value in self.lab.server.keywords)} dbname={NAME}"
        return [*HO, "upgrade", "--yes", "--database", dsn, "--from", str(self.repository), *options]

    def timed(self, commands: Sequence[Sequence[str]]) -> float:
        """The milliseconds of some commands on a database that nobody has touched."""
        self.begin()
        took = clocked(commands, self.lab, self.where)
        self.arrived(NAME)
        return took

    def arrived(self, name: str) -> None:
        """Fail unless a database has what the last patch made."""
        query = "select count(*) from pg_class where relkind = 'r' and relname ~ '^patch[0-9]+$'"
        found = ask(self.lab.server, name, query)
        assert found == [(RELEASES * PATCHES,)], (name, found)


def clocked(commands: Sequence[Sequence[str]], lab: Laboratory, where: Mapping[str, str]) -> float:
    """The milliseconds of some commands."""
    began = time.perf_counter()
    for command in commands:
        call(command, lab.folder, where)
    return (time.perf_counter() - began) * 1000


def schema() -> str:
    """The tables before the releases, each with a reference to the one before."""
    parents = ["", *(f" references t{number}" for number in range(TABLES))]
    return "".join(TABLE.format(number, parents[number]) for number in range(TABLES))


def patches_of(release: int) -> dict[str, str]:
    """The patches of a release, none of the first."""
    ids = range((release - 1) * PATCHES + 1, release * PATCHES + 1) if release else range(0)
    return {f"{number}-p": patch(number) for number in ids}


def half_orm_dev(bench: Bench, wanted: str) -> dict[str, Callable[[], float]]:
    """`half_orm dev upgrade` in a clone of production, made before the releases that its project then makes.

    The project has the tables without their rows: its promotions dump the rows too, into the repository.
    """
    lab, name, start = bench.lab, "theirs", "theirs_start"
    theirs = HalfOrmDev(lab, wanted, "project", schema())
    clone = ["clone", str(theirs.origin), *theirs.link, "--production", "--database-name", name, "--dest-dir", name]
    theirs.run(*clone, folder=theirs.home, stdin="y\n")
    bench.maintain(f"alter database {name} rename to {start}")
    with connected(lab.server, start) as connection:
        execute(connection, "".join(map(FILL.format, range(TABLES))))
        execute(connection, "vacuum analyze")
    for release in range(1, RELEASES + 1):
        theirs.run("release", "create", "minor")
        for each, sql in patches_of(release).items():
            theirs.stage(each, sql)
        theirs.run("release", "promote", "prod")
    back(theirs.home, [name])

    def upgrade(*options: str) -> float:
        bench.begin(start, name)
        back(theirs.home, [name])
        began = time.perf_counter()
        theirs.run("upgrade", "--yes", *options, folder=theirs.home / name)
        took = (time.perf_counter() - began) * 1000
        bench.arrived(name)
        return took

    return {
        "half_orm dev upgrade, no backup": lambda: upgrade("--skip-backup"),
        "half_orm dev upgrade, template": upgrade,
    }


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
    folder = bench.lab.folder
    script = folder / "work.sql"
    script.write_text(WORK)
    rows = []
    for upgraded in (False, True):
        bench.begin()
        with connected(bench.lab.server, NAME) as connection:
            execute(connection, "create sequence work start 100000")
            catalog = read_catalog(connection)
            execute(connection, "delete from half_orm_meta.halfhooks_release")
            meta.record(connection, "0.0.0", fingerprint=fingerprint(catalog), catalog=catalog)
        logs = folder / f"log{upgraded}"
        options = f"-n -c {CLIENTS} -j 1 -T {SECONDS} -l".split() + ["-f", str(script), f"--log-prefix={logs}"]
        worker = subprocess.Popen(
            [bench.lab.program("pgbench"), *options, NAME],
            env=bench.where,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        time.sleep(SECONDS / 4)
        if upgraded:
            call(bench.ho("--backup", "none"), folder, bench.where)
        said = worker.communicate()[0]
        lines = [line for path in folder.glob(f"{logs.name}*") for line in path.read_text().splitlines()]
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

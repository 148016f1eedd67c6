"""What the steps of the lifecycle take, beside half_orm_dev and beside the same git commands and SQL by hand.

A project with a schema of 20 tables in production and a release with 15 staged patches. Turn by turn, each contender begins
where all of them begin, and takes four steps: a new patch; its close (without tests); a release candidate; production.
Between the first two the patch is written, which does not count.

- by hand: the least that git and PostgreSQL have to do: fetch, commits, tags and atomic pushes to the same guarded server;
  for the close a clone of the database before it and the SQL of the patch; for production a dump and its restore;
- ho, which also asks the rules, compares the classes, and keeps a journal;
- half_orm_dev, installed from the package registry into an environment of its own, on an unguarded server.

All of them use one private server of PostgreSQL. Milliseconds, medians; asserts nothing. The time of the processor, that of
the commands and all that they start but the server, says more where others are at work on the machine.

    python -m bench lifecycle [--rounds 7] [--half-orm-dev 'half_orm_dev==1.1.0a1'] [--quick]
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Optional

from bench.apply import NAME, patch, schema
from bench.harness import table
from bench.laboratory import HALF_ORM_DEV, HO, HalfOrmDev, Laboratory, back, call, installed, laboratory

STEPS = ("patch new", "patch close, no tests", "promote rc", "promote prod")
TABLES, STAGED = 20, 15
PATCH = f"{STAGED + 1}-x"

Commands = Sequence[Sequence[str]]
Times = tuple[float, float]
"""Milliseconds, by the clock and of the processor."""
Round = Callable[[int], Iterable[Times]]
"""Plays the steps once, from where all begin; the times of each. The number makes the patch another one each time."""


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--half-orm-dev", default=HALF_ORM_DEV, help="what pip installs; '' leaves it out")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, without half_orm_dev")
    options = parser.parse_args(argv)
    with laboratory() as lab:
        begin_ours(lab)
        contenders = {"by hand": by_hand(lab), "ho": ours(lab)}
        if options.half_orm_dev and not options.quick:
            contenders["half_orm_dev"] = half_orm_dev(lab, options.half_orm_dev)
        taken = interleaved(3 if options.quick else options.rounds, contenders)
    names = ["half_orm_dev", "half_orm_dev / ho"] if len(taken) > 2 else []
    for which, what in enumerate(("by the clock", "of the processor")):
        rows = []
        for number, step in enumerate(STEPS):
            hand, ho, *theirs = (taken[name][number][which] for name in taken)
            rows.append((step, hand, ho, f"{ho - hand:+.0f}", *theirs, *(f"{each / ho:.1f}" for each in theirs)))
        table((f"ms {what}", "by hand", "ho", "ho adds", *names), rows)
    return 0


def interleaved(rounds: int, contenders: Mapping[str, Round]) -> dict[str, list[Times]]:
    """The median of each step of each contender, after a round that does not count."""
    taken: dict[str, list[list[Times]]] = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(rounds + 1):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            steps = list(contenders[name](number))
            if number:
                taken[name].append(steps)
    return {name: [middle(column) for column in zip(*found)] for name, found in taken.items()}


def middle(times: Sequence[Times]) -> Times:
    """The median of each kind."""
    clock, processor = zip(*times)
    return median(clock), median(processor)


def run(commands: Commands, folder: Path, environment: Mapping[str, str]) -> Times:
    """The times of some commands, which must succeed."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    for command in commands:
        call(command, folder, environment)
    after, ended = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (ended - began) * 1000, processor * 1000


# --- ours, and by hand


def begin_ours(lab: Laboratory) -> None:
    """The project of our workflow, with a guarded server: `ours/server.git` and `ours/bigshop`."""
    home, environment = lab.folder / "ours", lab.environment
    home.mkdir()
    git = ["git", "-C", NAME]
    call(["git", "init", "-q", "--bare", "-b", "ho-prod", "server.git"], home, environment)
    call([*HO, "init", NAME, "--package", NAME, "--database", f"{NAME}_ours"], home, environment)
    top = home / NAME
    (top / "model/schema-0.0.0.sql").write_text(schema(TABLES))
    call([*git, "commit", "-q", "-a", "--amend", "--no-edit"], home, environment)
    call([*git, "remote", "add", "origin", str(home / "server.git")], home, environment)
    call([*git, "switch", "-q", "-c", "ho-release/0.1.0"], home, environment)
    (top / "releases/0.1.0-candidates.txt").write_text("")
    (top / "releases/0.1.0-stage.txt").write_text("".join(f"{number}-x\n" for number in range(1, STAGED + 1)))
    for number in range(1, STAGED + 1):
        (top / f"Patches/{number}-x").mkdir()
        (top / f"Patches/{number}-x/01.sql").write_text(patch(number))
    call([*HO, "apply"], top, environment)
    call([*git, "add", "-A"], home, environment)
    call([*git, "commit", "-q", "-m", "Stage 15 patches"], home, environment)
    call([*git, "push", "-q", "-u", "origin", "ho-prod", "ho-release/0.1.0"], home, environment)
    call([*HO, "install", "server", "server.git"], home, environment)
    back(home, ("server.git", NAME))


def write(top: Path, number: int, name: str = "01.sql") -> Path:
    """Write the file of the patch, another one each time."""
    file = top / f"Patches/{PATCH}/{name}"
    file.write_text(patch(STAGED + 1, number))
    return file


def ours(lab: Laboratory) -> Round:
    """The steps by `ho`."""
    home, top, environment = lab.folder / "ours", lab.folder / "ours" / NAME, {**lab.environment}
    environment.pop("PYTHONPATH")  # it is installed
    ho = installed(lab)

    def steps(number: int) -> Iterable[Times]:
        back(home, ("server.git", NAME))
        call(["git", "status"], top, environment)
        yield run([[*ho, "patch", "new", PATCH]], top, environment)
        write(top, number)
        call([*ho, "apply"], top, environment)
        call(["git", "add", "-A"], top, environment)
        call(["git", "commit", "-q", "-m", "Write it"], top, environment)
        yield run([[*ho, "patch", "close", "--no-tests"]], top, environment)
        yield run([[*ho, "release", "promote", "rc", "--no-tests"]], top, environment)
        yield run([[*ho, "release", "promote", "prod", "--no-tests"]], top, environment)

    return steps


def by_hand(lab: Laboratory) -> Round:
    """The steps by git and the programs of PostgreSQL, as a script has them that knows all answers beforehand."""
    home, top, environment = lab.folder / "ours", lab.folder / "ours" / NAME, lab.environment
    path = f"{lab.server.bindir}:{environment['PATH']}"
    where = {**environment, **lab.server.environment("postgres"), "PATH": path}
    call(["createdb", "before"], home, where)
    call(["psql", "-q", "-d", "before", "-f", str(top / "model/schema-0.0.0.sql")], home, where)
    for number in range(1, STAGED + 1):
        call(["psql", "-q", "-d", "before"], home, where, patch(number))
    shell = ["sh", "-e", "-c"]
    release, branch = "ho-release/0.1.0", f"ho-patch/{PATCH}"
    books = "releases/0.1.0"
    new = f"""git fetch -q --prune --tags origin
        echo {PATCH} >> {books}-candidates.txt; mkdir Patches/{PATCH}; echo x > Patches/{PATCH}/README.md
        git add -A; git commit -q -m Add; git switch -q -c {branch}
        git push -q --atomic origin {release} {branch}"""
    close = f"""git fetch -q --prune --tags origin
        git push -q origin {branch}
        git switch -q {release}; git merge -q --no-ff --no-commit {branch}
        : > {books}-candidates.txt; echo {PATCH} >> {books}-stage.txt; git commit -q -a -m Integrate
        createdb --template before after; psql -q -1 -d after -f Patches/{PATCH}/01.sql
        git push -q --atomic origin {release} :{branch}; git branch -q -D {branch}"""
    rc = f"""git fetch -q --prune --tags origin
        git mv {books}-stage.txt {books}-rc1.txt; : > {books}-stage.txt; git add -A; git commit -q -m RC
        git tag -a -m RC v0.1.0-rc1; git push -q --atomic origin {release} v0.1.0-rc1"""
    prod = f"""git fetch -q --prune --tags origin
        pg_dump --schema-only -d after > model/schema-0.1.0.sql; : > model/metadata-0.1.0.sql
        createdb made; psql -q -1 -d made -f model/schema-0.1.0.sql
        git switch -q ho-prod; git merge -q --no-ff --no-commit {release}
        mv {books}-rc1.txt .list; cp .list {books}.txt; mv .list {books}-rc1.txt
        git rm -q -f {books}-candidates.txt {books}-stage.txt; ln -sf schema-0.1.0.sql model/schema.sql
        git add -A; git commit -q -m Promote; git tag -a -m 0.1.0 v0.1.0
        git push -q --atomic origin ho-prod v0.1.0 :{release}; git branch -q -D {release}"""

    def steps(number: int) -> Iterable[Times]:
        back(home, ("server.git", NAME))
        call(["git", "status"], top, environment)
        for name in ("after", "made"):
            call(["dropdb", "--if-exists", name], top, where)
        yield run([[*shell, new]], top, where)
        write(top, number)
        call([*HO, "apply"], top, environment)
        call(["git", "add", "-A"], top, environment)
        call(["git", "commit", "-q", "-m", "Write it"], top, environment)
        yield run([[*shell, close]], top, where)
        yield run([[*shell, rc]], top, where)
        yield run([[*shell, prod]], top, where)

    return steps


# --- half_orm_dev


def half_orm_dev(lab: Laboratory, wanted: str) -> Round:
    """The steps by half_orm_dev, with the same schema in production and the same patches."""
    theirs = HalfOrmDev(lab, wanted, NAME, schema(TABLES))
    home, top, where = theirs.home, theirs.top, theirs.where
    theirs.run("release", "create", "minor")
    for each in range(1, STAGED + 1):
        theirs.stage(f"{each}-x", patch(each))
    call(["createdb", "--template", NAME, f"{NAME}_kept"], home, where)
    back(home, ("origin.git", NAME))

    def steps(number: int) -> Iterable[Times]:
        back(home, ("origin.git", NAME))
        call(["dropdb", "--if-exists", "--force", NAME], home, where)
        call(["createdb", "--template", f"{NAME}_kept", NAME], home, where)
        call(["git", "status"], top, where)
        yield run([[*theirs.half_orm, "patch", "create", PATCH]], top, where)
        theirs.write(PATCH, patch(STAGED + 1, number))
        yield run([[*theirs.half_orm, "patch", "merge", "--force"]], top, where)
        yield run([[*theirs.half_orm, "release", "promote", "rc"]], top, where)
        yield run([[*theirs.half_orm, "release", "promote", "prod"]], top, where)

    return steps


if __name__ == "__main__":
    sys.exit(main())

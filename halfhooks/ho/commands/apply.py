"""`ho apply`: the development database becomes what the working tree describes, patch by patch, or stays as it was."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Callable, Optional

from halfhooks.git import GitError
from halfhooks.ho.cli import command_parser
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.database.apply import Outcome, apply, databases_of, words_of
from halfhooks.ho.database.build import Watch, Wish
from halfhooks.ho.database.failure import Failure, as_values
from halfhooks.ho.database.hazards import LONG, Hazard, in_order, refused
from halfhooks.ho.database.hazards import as_values as hazard_values
from halfhooks.ho.database.project import Project, open_project, plan_here, plan_of_branch
from halfhooks.ho.database.run import Hooks, Ran
from halfhooks.ho.plan import File, Patch, Plan
from halfhooks.ho.repository import behind
from halfhooks.survey import CannotTell
from halfhooks.version import parse_version

if TYPE_CHECKING:
    from halfhooks.ho.codegen.run import Run

DONE, FAILED = 0, 1

FORMAT = 1
"""The version of the JSON document: raised when a field changes its meaning or goes."""

EXAMPLES = """
ho apply
ho apply --dry-run
ho apply --to shop_test
ho apply --release 0.2.0 --to shop_next
ho apply --production
ho apply --timeout 30 --keep-going
ho apply --explain
"""

WHAT = """\
Brings the project's development database to what the working tree describes: the model of the version in
production, the patches that each release in preparation lists, and on a patch branch that patch at its
place among the candidates. Files that are not committed count. Then the classes of the package are written
(halfhooks.conf: project.package), as ho codegen does.

The database is built beside the one that there is and takes its place at the end: when a patch fails it
stays as it was. What was built before is not run again as long as its files are the same.

The server is the configured one (halfhooks.conf, PGHOST and the like, half_orm's file), else a private
one, started from the programs of PostgreSQL on this machine.

With --explain every patch of the releases in preparation runs, and what each statement does to the tables
of production is told: how strongly it locks them, and whether it reads or writes all of one meanwhile.

Exit code: 0 done; 1 a patch failed, the classes could not be written, or --explain found what project.locks
refuses; 2 cannot tell: no project, no server, a database that is not ours."""


def parser() -> argparse.ArgumentParser:
    """The parser of `ho apply`."""
    parser = command_parser("apply", WHAT, EXAMPLES)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--release", metavar="X.Y.Z", help="apply what the branch of this release lists")
    which.add_argument("--production", action="store_true", help="apply no patch: the state of production")
    parser.add_argument("--to", metavar="DATABASE", help="the database, instead of the project's")
    parser.add_argument("--replace", action="store_true", help="also replace a database that halfhooks did not make")
    parser.add_argument("--keep-going", action="store_true", help="leave out what fails, and go on with the next patch")
    parser.add_argument("--timeout", type=float, default=0, metavar="SECONDS", help="the longest a statement may take")
    parser.add_argument("--explain", action="store_true", help="tell which statements would make production wait")
    parser.add_argument("--no-cache", action="store_true", help="run everything, and keep no state")
    parser.add_argument("--no-codegen", action="store_true", help="write no classes")
    parser.add_argument("--dry-run", action="store_true", help="only show what would run")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def main(argv: Sequence[str]) -> int:
    """Applies, and prints what ran; the exit code says whether all of it did."""
    arguments = parser().parse_args(argv)
    try:
        project = open_project()
        plan = choose_plan(project, arguments)
        plan = plan._replace(remarks=(*plan.remarks, *behind(project.clone, branch_of(project, arguments))))
        name = arguments.to or project.database
        if arguments.dry_run:
            show_plan(Console(), plan, name, arguments.json)
            return DONE
        return run(project, plan, name, arguments)
    except (CannotTell, GitError) as error:
        return cannot_tell(str(error))


def choose_plan(project: Project, arguments: argparse.Namespace) -> Plan:
    """The plan that the arguments ask for."""
    if arguments.production or arguments.release:
        return plan_of_branch(project, branch_of(project, arguments), arguments.production)
    return plan_here(project)


def branch_of(project: Project, arguments: argparse.Namespace) -> str:
    """The branch whose plan they ask for, "" where HEAD is on none."""
    if arguments.production:
        return project.layout.production
    if not arguments.release:
        return project.clone.branch()
    version = parse_version(arguments.release)
    if version is None:
        raise CannotTell(f"'{arguments.release}' is no version: X.Y.Z")
    return f"{project.layout.release}{version}"


def run(project: Project, plan: Plan, name: str, arguments: argparse.Namespace) -> int:
    """Apply a plan, telling about it."""
    from halfhooks.ho.commands.codegen import show_classes, write_classes  # not for what is only shown

    wish = Wish(arguments.keep_going, arguments.timeout, not arguments.no_cache)
    if arguments.explain:
        wish = wish._replace(observed=project.config.lockMode)
    console = Console(io.StringIO() if arguments.json else sys.stdout)
    with databases_of(project) as databases, console.progress(steps(plan)) as bar:
        teller = Teller(console, bar)

        def waiting() -> None:
            console.line(f"another ho is at work on '{name}': waiting for it", "yellow")

        try:
            outcome = apply(project, databases, plan, name, wish, teller.watch(), waiting, arguments.replace)
        except KeyboardInterrupt:
            console.line(f"halfhooks: '{name}' is as it was, or all that was planned; once more: ho apply", "yellow")
            raise
        is_here = not (arguments.production or arguments.release)
        wants = is_here and not arguments.no_codegen and not outcome.built.failures
        classes, problem = write_classes(project, plan, outcome.server, outcome.name) if wants else (None, "")
        hazards = list(outcome.built.hazards)
        if arguments.explain:
            from halfhooks.ho.database.lint import lint

            advice, remarks = lint(plan, databases.version, project.clone.top, project.environment)
            hazards = in_order([*hazards, *advice], plan)
            plan = plan._replace(remarks=(*plan.remarks, *remarks))
    if arguments.json:
        print(json.dumps(to_json(plan, outcome, hazards, classes, problem), indent=2))
    else:
        for remark in plan.remarks:
            console.line(f"halfhooks: warning: {remark}", "yellow")
        show_hazards(console, hazards)
        show_end(console, plan, outcome)
        show_classes(console, classes, problem)
    stops = project.config.locks == "refuse" and refused(hazards)
    return FAILED if outcome.built.failures or stops or problem else DONE


def steps(plan: Plan) -> int:
    """How many files there are."""
    return len(plan.model) + sum(len(patch.files) for patch in plan.patches)


class Teller:
    """Tells on a console what runs."""

    def __init__(self, console: Console, bar: Callable[[str, int], None]) -> None:
        self.console = console
        self.bar = bar
        self.done = 0

    def watch(self) -> Watch:
        """The functions that a building calls."""
        return Watch(self.begin, self.patch, Hooks(self.file, self.ran), self.failed, self.role)

    def begin(self, plan: Plan, skipped: int) -> None:
        """Say what is there already."""
        if skipped:
            passed = plan._replace(patches=plan.patches[: skipped - 1])
            self.done = steps(passed)
            self.console.line(f"from the cache: {words_of(passed)}", "dim")

    def patch(self, patch: Patch) -> None:
        """A patch begins."""
        words = ", ".join(word for word in (patch.release, patch.state) if word)
        nothing = "" if patch.files else ": nothing to run"
        self.console.line(f"{patch.id} ({words}){nothing}", "bold")

    def file(self, file: File) -> None:
        """A file begins."""
        self.bar(file.path, self.done)

    def ran(self, ran: Ran) -> None:
        """A file has run."""
        self.done += 1
        statements = f"{ran.statements} statement{'' if ran.statements == 1 else 's'}" if ran.statements else "done"
        self.console.line(f"  {ran.path}  {statements}, {ran.seconds:.3f} s")

    def role(self, name: str) -> None:
        """A role was made."""
        self.console.line(f"  the role '{name}', which the model names, was made on the private server", "yellow")

    def failed(self, patch: Patch, failure: Failure) -> None:
        """A patch has failed."""
        first, *rest = failure.lines()
        self.console.line(f"error: {first}", "bold red")
        for line in rest:
            self.console.line(line)


def show_hazards(console: Console, hazards: Sequence[Hazard]) -> None:
    """What would hurt in production."""
    for hazard in hazards:
        first, *rest = hazard.lines()
        console.line(first, "bold yellow" if hazard.severity == LONG else "yellow")
        for line in rest:
            console.line(line)


def show_end(console: Console, plan: Plan, outcome: Outcome) -> None:
    """What the database is now."""
    failed = [patch for patch, _ in outcome.built.failures]
    were = "connection to it was" if outcome.cut == 1 else "connections to it were"
    cut = f"; {outcome.cut} {were} closed" if outcome.cut else ""
    if not outcome.published:
        console.line(f"halfhooks: '{failed[0]}' failed; '{outcome.name}' is as it was", "bold red")
        return
    left = plan._replace(patches=tuple(patch for patch in plan.patches if patch.id not in failed))
    without = f", without {', '.join(failed)}, which failed" if failed else ""
    style = "bold red" if failed else "bold green"
    console.line(f"halfhooks: '{outcome.name}' is {words_of(left)}{without} ({outcome.seconds:.2f} s){cut}", style)
    console.line(f"it is on {outcome.server.words}", "dim")


def show_plan(console: Console, plan: Plan, name: str, as_json: bool) -> None:
    """What would run."""
    if as_json:
        print(json.dumps({"version": FORMAT, "database": name, **plan_values(plan)}, indent=2))
        return
    groups = [(f"production {plan.label}", [file.path for file in plan.model])]
    for patch in plan.patches:
        words = ", ".join(word for word in (patch.release, patch.state) if word)
        groups.append((f"{patch.id} ({words})", [file_words(file) for file in patch.files] or ["nothing to run"]))
    console.tree(f"'{name}' would become {words_of(plan)}", groups)
    for remark in plan.remarks:
        console.line(f"halfhooks: warning: {remark}", "yellow")


def file_words(file: File) -> str:
    """A file, with what its first line says."""
    notes = [word for word, said in (("data", file.data), ("no transaction", file.no_transaction)) if said]
    return file.path + (f"  ({', '.join(notes)})" if notes else "")


def plan_values(plan: Plan) -> dict[str, object]:
    """A plan as plain values."""
    return {
        "production": plan.label,
        "model": [file.path for file in plan.model],
        "patches": [
            {
                "id": patch.id,
                "release": patch.release or None,
                "state": patch.state,
                "content": patch.content,
                "files": [file_values(file) for file in patch.files],
            }
            for patch in plan.patches
        ],
        "remarks": list(plan.remarks),
    }


def file_values(file: File) -> dict[str, object]:
    """A file as plain values."""
    return {"path": file.path, "kind": file.kind, "data": file.data, "transaction": not file.no_transaction}


def to_json(
    plan: Plan, outcome: Outcome, hazards: Sequence[Hazard], classes: Optional[Run], problem: str
) -> dict[str, object]:
    """What was done, as the values of one JSON document."""
    from halfhooks.ho.commands.codegen import to_json as codegen_values

    built = outcome.built
    return {
        "version": FORMAT,
        "database": outcome.name,
        "connection": outcome.server.environment(outcome.name) if outcome.server.private else None,
        "applied": outcome.published,
        **plan_values(plan),
        "cached": built.skipped,
        "ran": [ran._asdict() for ran in built.ran],
        "failures": [{"patch": patch, **as_values(failure)} for patch, failure in built.failures],
        "hazards": hazard_values(hazards),
        "seconds": round(outcome.seconds, 3),
        "codegen": codegen_values(classes) if classes else {"problem": problem} if problem else None,
    }

"""`ho validate`: a patch in its release, or a release, is built and tested in a throwaway database."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Optional

from halfhooks.git import GitError
from halfhooks.ho import candidates, validation
from halfhooks.ho.candidates import Candidate
from halfhooks.ho.cli import command_parser
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.database.hazards import from_values, refused
from halfhooks.ho.database.lint import ABSENT, find_squawk
from halfhooks.ho.database.project import Project, open_project
from halfhooks.ho.repository import MERGE, under_way
from halfhooks.ho.subjects import Subject, known, read_subject
from halfhooks.ho.validation import Record
from halfhooks.survey import CannotTell

if TYPE_CHECKING:
    from halfhooks.ho.database.validate import Watch
    from halfhooks.ho.plan import Plan

VALID, NOT_VALID = 0, 1

FORMAT = 1
"""The version of the JSON document: raised when a field changes its meaning or goes."""

ENDING = (signal.SIGTERM, signal.SIGHUP)
"""Signals that are taken as Ctrl-C is: everything is tidied up."""
STDERR = 2

EXAMPLES = """
ho validate
ho validate --release 0.2.0
ho validate --patch 12-prices --no-tests
ho validate --commit HEAD --json
ho validate --force --timeout 300
ho validate --explain
"""

WHAT = """\
Builds the database of a commit from nothing but its files, in a throwaway database: the model, the patches
in order, each file of reference data twice. Then the tests of the project run there, by the project's own
interpreter.

On a patch branch that is the merge with its release, as it would be; on another one the tip. What is not
committed is left out. Your files, index, branches and databases stay as they are. A tree that is known to
be valid is not validated again.

What the patches would do to the tables of production is looked at too (project.locks): statements that read
or write a whole table while they keep others from it are told, with --explain also those that only take a lock.

Exit code: 0 valid; 1 not: it does not merge, a patch or a test failed, it took too long; 2 cannot tell: no
project, no server, no interpreter."""


def parser() -> argparse.ArgumentParser:
    """The parser of `ho validate`."""
    parser = command_parser("validate", WHAT, EXAMPLES)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--release", metavar="X.Y.Z", help="the newest tip of this release that is known here")
    which.add_argument("--patch", metavar="ID", help="this patch, merged into the release that lists it")
    parser.add_argument("--commit", metavar="REV", help="any commit; with --patch, in place of the tip of its branch")
    parser.add_argument("--force", action="store_true", help="also when the tree is known to be valid")
    parser.add_argument("--explain", action="store_true", help="tell all that would make production wait")
    parser.add_argument("--no-tests", action="store_true", help="only the database")
    parser.add_argument("--no-cache", action="store_true", help="run everything, and keep no state of a database")
    parser.add_argument(
        "--timeout", type=float, default=0, metavar="SECONDS", help="the longest that all of it may take"
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON document; what the tests print goes to stderr"
    )
    return parser


class TooLong(Exception):
    """The time is up."""


def main(argv: Sequence[str]) -> int:
    """Validates, and tells about it; the exit code is the verdict."""
    arguments = parser().parse_args(argv)
    try:
        with ended_by(arguments.timeout):
            project = open_project()
            return run(project, choose(project, arguments), arguments)
    except TooLong:
        return too_long(arguments)
    except (CannotTell, GitError) as error:
        return cannot_tell(str(error))


def choose(project: Project, arguments: argparse.Namespace) -> Candidate:
    """What the arguments ask for."""
    if arguments.release and arguments.commit:
        raise CannotTell("--release and --commit exclude each other: give one of them")
    if arguments.release:
        return candidates.of_release(project, arguments.release)
    if arguments.patch:
        return candidates.of_patch(project, arguments.patch, arguments.commit)
    return candidates.of_commit(project, arguments.commit) if arguments.commit else candidates.of_head(project)


@contextlib.contextmanager
def ended_by(seconds: float) -> Iterator[None]:
    """A block that is interrupted by signals as by Ctrl-C, and by `TooLong` after some seconds, 0 for never."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    def late(number: int, frame: object) -> None:
        raise TooLong

    before = {number: signal.signal(number, interrupt) for number in ENDING}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def run(project: Project, candidate: Candidate, arguments: argparse.Namespace) -> int:
    """Validate a candidate, telling about it."""
    console = Console(io.StringIO() if arguments.json else sys.stdout)
    for remark in candidate.remarks:
        console.line(f"halfhooks: {remark}", "yellow")
    if candidate.conflicts:
        show_conflicts(console, candidate, under_way(project.clone.git_dir))
        return answer(candidate, None, False, arguments)
    subject, tests = read_subject(project, candidate.commit), not arguments.no_tests
    found = None if arguments.force else known(project, subject, tests)
    record = found or work(project, subject, console, arguments)
    show_locks(console, project, record, arguments.explain)
    show_end(console, candidate, record, found is not None)
    return answer(candidate, record, found is not None, arguments)


def work(project: Project, subject: Subject, console: Console, arguments: argparse.Namespace) -> Record:
    """Find it out. What is known is told without what this needs."""
    try:
        from halfhooks.ho.database.build import Wish
        from halfhooks.ho.database.validate import validate
    except ImportError as error:
        what = "it comes with halfhooks, or with: pip install psycopg2-binary"
        raise CannotTell(f"{sys.executable} has no module '{error.name}': {what}") from None
    with contextlib.ExitStack() as bars:
        watch = watch_of(console, bars, arguments.json)
        return validate(project, subject, watch, not arguments.no_tests, Wish(cache=not arguments.no_cache))


def watch_of(console: Console, bars: contextlib.ExitStack, as_json: bool) -> Watch:
    """The functions that a validation calls: a bar as long as the database is built, then lines."""
    from halfhooks.ho.commands.apply import Teller, steps
    from halfhooks.ho.database.validate import Watch

    teller = Teller(console, lambda words, done: None)

    def begin(plan: Plan, skipped: int) -> None:
        teller.bar = bars.enter_context(console.progress(steps(plan)))
        teller.begin(plan, skipped)

    def step(words: str) -> None:
        bars.close()
        console.line(words, "bold")
        sys.stdout.flush()

    quiet = Watch().building
    building = teller.watch()._replace(begin=begin, failed=quiet.failed)  # what failed is told in the end
    return Watch(building, step, output=STDERR if as_json else None)


def show_conflicts(console: Console, candidate: Candidate, waiting: str) -> None:
    """Which files are in conflict, and what to do; `waiting` is the command of git that is in progress here, if any."""
    console.line(f"error: {candidate.words}: these files are in conflict", "bold red")
    for path in candidate.conflicts:
        console.line(f"  {path}")
    begin = f"git {waiting} is in progress here:" if waiting else f"git merge {candidate.into}"
    end = f"git {waiting} --continue" if waiting else "git commit"
    console.line(f"  help: {begin}", "green")
    console.line(f"        settle them, git add them, {end}, and: ho validate", "green")
    console.line(f"        or give it up: git {waiting or MERGE} --abort", "green")
    console.line(f"halfhooks: {candidate.words} is not valid", "bold red")


def show_locks(console: Console, project: Project, record: Record, explain: bool) -> None:
    """What would make production stand still; with `explain` also what only has to wait for a lock, and squawk's advice."""
    if explain and not find_squawk(project.environment):
        console.line(f"halfhooks: warning: {ABSENT}", "yellow")
    if explain and not record.observed:
        console.line("halfhooks: warning: nobody looked at the locks: project.locks is off", "yellow")
    refusing = any(problem.step == validation.LOCKS for problem in record.problems)
    hazards = from_values(record.hazards)
    shown = hazards if explain else [] if refusing else refused(hazards)
    if shown:
        from halfhooks.ho.commands.apply import show_hazards

        show_hazards(console, shown)


def show_end(console: Console, candidate: Candidate, record: Record, known: bool) -> None:
    """The verdict."""
    for warning in record.warnings:
        console.line(f"halfhooks: warning: {warning}", "yellow")
    for problem in record.problems:
        console.line(f"error: {problem.lines[0]}", "bold red")
        for line in problem.lines[1:]:
            console.line(line)
    if not record.passed:
        found = ", ".join(dict.fromkeys(problem.step for problem in record.problems))
        console.line(f"halfhooks: {candidate.words} is not valid: {found}", "bold red")
        return
    total = sum(record.seconds.values())
    how = "known from before" if known else f"{total:.2f} s"
    console.line(f"halfhooks: {candidate.words} is valid: {summary(record)} ({how})", "bold green")


def summary(record: Record) -> str:
    """What was found good, in a few words."""
    number = len(record.patches)
    patches = f"production {record.production} with {number} patch{'' if number == 1 else 'es'}"
    counts = record.tests.counts
    tests = f"{counts['tests']} tests" if counts and counts["tests"] != 1 else "1 test" if counts else "the tests"
    words = {
        validation.PASSED: f"{tests} passed",
        validation.NOTHING: "no tests",
        validation.LEFT_OUT: "tests left out",
    }
    return f"{patches}, {words[record.tests.result]}"


def answer(candidate: Candidate, record: Optional[Record], known: bool, arguments: argparse.Namespace) -> int:
    """The exit code; with --json also the document."""
    valid = record is not None and record.passed
    if arguments.json:
        print_document(candidate, valid, json.loads(validation.to_json(record)) if record else None, known)
    return VALID if valid else NOT_VALID


def print_document(candidate: Optional[Candidate], valid: bool, record: Any, known: bool, **more: object) -> None:
    """Everything, as one JSON document."""
    values = {
        "version": FORMAT,
        "what": candidate.words if candidate else None,
        "valid": valid,
        "known": known,
        "conflicts": list(candidate.conflicts) if candidate else [],
        "remarks": list(candidate.remarks) if candidate else [],
        "record": record,
    }
    print(json.dumps({**values, **more}, indent=2, sort_keys=True))


def too_long(arguments: argparse.Namespace) -> int:
    """The verdict when the time is up."""
    Console(sys.stderr).line(f"halfhooks: not valid: it took longer than {arguments.timeout:g} s (--timeout)")
    if arguments.json:
        print_document(None, False, None, False, timeout=arguments.timeout)
    return NOT_VALID

"""Runs a command of the lifecycle: prepares it, shows or does it, and tells how that went."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Callable

from halfhooks.git import GitError
from halfhooks.ho.aside import Aside
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.lifecycle.running import Finished, Moved, Refused, Unknown
from halfhooks.ho.lifecycle.transaction import Transaction
from halfhooks.ho.lifecycle.workplace import Workplace, judge, open_workplace, run
from halfhooks.ho.repository import reason
from halfhooks.layout import HEADS, TAGS
from halfhooks.objects import MalformedObject
from halfhooks.snapshot import Update
from halfhooks.survey import CannotTell

DONE, REFUSED, UNKNOWN = 0, 1, 2
FORMAT = 1
ATTEMPTS = 5
"""How often what was prepared is prepared anew when somebody else was quicker."""
MOST_FILES = 20

Prepare = Callable[[Workplace], Transaction]


@contextlib.contextmanager
def loading_validator() -> Iterator[None]:
    """A block meanwhile the modules of a validation are loaded: most of its beginning is waiting for git."""
    loading = Aside(lambda: importlib.import_module("halfhooks.ho.lifecycle.validating"))
    try:
        yield
    finally:
        loading.wait()


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of a validation."""
    parser.add_argument("--force", action="store_true", help="validate also what was validated before")
    parser.add_argument("--no-tests", action="store_true", help="leave the project's tests out")


def drive(
    argv: Sequence[str],
    prepare: Prepare,
    console: Console,
    remote: str = "",
    dry_run: bool = False,
    as_json: bool = False,
) -> int:
    """Run what `prepare` makes; the exit code: 0 done, 1 refused by a rule, the server or a validation, 2 cannot tell."""
    say = Console(sys.stderr).line if as_json else console.line
    try:
        for _ in range(ATTEMPTS):
            try:
                return _attempt(argv, prepare, console, say, remote, dry_run, as_json)
            except Moved:
                say("halfhooks: somebody was quicker: once more, with what they have pushed")
        say(f"halfhooks: somebody was quicker {ATTEMPTS} times; nothing was done: run it again")
        return REFUSED
    except Finished as finished:
        say(f"halfhooks: {finished.transaction.done}")
        if as_json:
            print(json.dumps(to_values(finished.transaction, dry_run), indent=2))
        return DONE
    except Refused as refused:
        for line in refused.lines:
            say(line)
        return UNKNOWN if isinstance(refused, Unknown) else REFUSED
    except KeyboardInterrupt:
        say("halfhooks: run it again: that finishes what was begun, or undoes it")
        raise
    except GitError as error:
        return cannot_tell(reason(error))
    except (CannotTell, MalformedObject, OSError) as error:  # such as a full disk: the journal comes before any push
        return cannot_tell(str(error))


def _attempt(
    argv: Sequence[str],
    prepare: Prepare,
    console: Console,
    say: Callable[[str], None],
    remote: str,
    dry_run: bool,
    as_json: bool,
) -> int:
    with open_workplace(argv, say, remote, finishing=not dry_run) as place:
        transaction = prepare(place)
        if dry_run:
            before = dict(place.survey.refs)
            judge(place, transaction.pushes)
            place.survey.refs = before
        else:
            run(place, transaction)
        if as_json:
            print(json.dumps(to_values(transaction, dry_run), indent=2))
        elif dry_run:
            for line in preview(place, transaction):
                console.line(line)
        else:
            console.line(f"halfhooks: {transaction.done}", "bold green")
            for line in transaction.said:
                console.line(f"  {line}")
    return DONE


def to_values(transaction: Transaction, dry_run: bool) -> dict[str, object]:
    """A transaction as the values of one JSON document."""
    return {
        "version": FORMAT,
        "command": transaction.command,
        "done": not dry_run,
        "what": transaction.done,
        "remote": transaction.remote or None,
        "pushes": [[_update_values(update) for update in push] for push in transaction.pushes],
        "branch": transaction.switch,
        "remarks": list(transaction.said),
    }


def _update_values(update: Update) -> dict[str, object]:
    return {"ref": update.ref, "old": update.old or None, "new": update.new or None}


def preview(place: Workplace, transaction: Transaction) -> Iterator[str]:
    """What a transaction would do: its pushes, with the commits and files of each ref."""
    yield f"would do: {transaction.done}"
    for number, push in enumerate(transaction.pushes, 1):
        yield f"push {number} of {len(transaction.pushes)}" + (
            f" to {transaction.remote}" if transaction.remote else ", here"
        )
        for update in push:
            yield from _preview(place, update)
    if transaction.switch != transaction.here:
        yield f"then: git switch {transaction.switch}"
    yield "nothing was done: this was a dry run"


def _preview(place: Workplace, update: Update) -> Iterator[str]:
    name = update.ref.removeprefix(HEADS).removeprefix(TAGS)
    if not update.new:
        yield f"  {name}: deleted, it was {update.old[:10]}"
        return
    yield f"  {name}: {f'{update.old[:10]}..' if update.old else 'new, '}{update.new[:10]}"
    if update.ref.startswith(TAGS):
        return
    known = [update.old] if update.old else []
    known += [place.project.production, *place.project.release_tips.values()]
    commits = place.clone.run("log", "--format=%h %s", update.new, "--not", *known).splitlines()
    for line in commits[:MOST_FILES]:
        yield f"    commit {line}"
    if commits:
        base = update.old or place.clone.run("merge-base", update.new, place.project.production)
        files = place.clone.run("diff-tree", "-r", "--no-renames", "--name-status", base, update.new).splitlines()
        for line in files[:MOST_FILES]:
            yield "    " + line.replace("\t", "  ", 1)
        if len(files) > MOST_FILES:
            yield f"    and {len(files) - MOST_FILES} files more"

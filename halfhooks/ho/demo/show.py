"""Runs what the demonstration does, compares what happened with what should, prints it, and counts."""

from __future__ import annotations

import shlex
from typing import Optional

from halfhooks.ho.console import Console
from halfhooks.ho.demo.ground import Ground, Outcome, push_command

SHOWN = 6
"""Lines of what a command printed that are shown."""


class Show:
    """Counts what the workflow allows and was done, what it forbids and was refused, and what surprised."""

    def __init__(self, console: Console, ground: Ground) -> None:
        """Nothing has been done yet."""
        self.console = console
        self.ground = ground
        self.accepted = self.refused = self.surprises = self._violations = 0

    def accept(self, what: str, *arguments: str) -> None:
        """A push that the workflow allows."""
        outcome = self.ground.push(*arguments)
        fault = None if outcome.code == 0 and outcome.after != outcome.before else "this push should have been accepted"
        self._told(what, ["git", *push_command(arguments)], outcome, fault)

    def does(self, what: str, *arguments: str, moves: bool = True) -> None:
        """A command of `ho` that has to work, and that moves the server's refs unless it is said not to."""
        outcome = self.ground.ho(*arguments)
        fault = None if outcome.code == 0 else f"'ho {shlex.join(arguments)}' should have worked"
        if fault is None and moves != (outcome.after != outcome.before):
            fault = "the server's refs should have moved" if moves else "the server's refs should have stayed"
        self._told(what, ["ho", *arguments], outcome, fault)
        if fault is None:
            shown = [line for line in outcome.said if telling(line)]
            self.console.block("\n".join(shown[-SHOWN:]), "dim", indent=12)

    def fails(self, what: str, expected: str, *arguments: str) -> None:
        """A command of `ho` that has to stop, with some words, before anything has happened."""
        outcome = self.ground.ho(*arguments)
        fault = f"'ho {shlex.join(arguments)}' should have stopped" if outcome.code == 0 else None
        if fault is None and outcome.before != outcome.after:
            fault = "it stopped, and yet the server's refs moved"
        if fault is None and not any(expected in line for line in outcome.said):
            fault = f"it stopped, but not for '{expected}'"
        self.refused += fault is None
        self.console.line(
            f"  {'stopped ' if fault is None else 'WENT ON '}  {what}", "yellow" if fault is None else "red"
        )
        self.console.line(f"            $ ho {shlex.join(arguments)}", "dim")
        if fault is None:
            found = next(number for number, line in enumerate(outcome.said) if expected in line)
            self.console.block("\n".join(outcome.said[found : found + SHOWN]), "red", indent=12)
        self._report(fault, outcome)

    def holds(self, what: str, fault: Optional[str]) -> None:
        """Something that has to be true in the end; `fault` says what is not."""
        self.accepted += fault is None
        self.console.line(
            f"  {'true    ' if fault is None else 'FALSE   '}  {what}", "green" if fault is None else "red"
        )
        self._report(fault, Outcome(0, [], {}, {}))

    def refuse(self, what: str, code: str, *arguments: str) -> None:
        """A push that the rule `code` refuses."""
        outcome = self.ground.push(*arguments)
        fault = fault_of(outcome, code)
        self.refused += fault is None
        self._violations += 1
        self.console.title(f"{self._violations}. {what}")
        self.console.line(f"  $ git {' '.join(push_command(arguments))}", "cyan")
        if fault is None:
            self.console.block("\n".join(line for line in outcome.said if line.startswith("remote:")), "red")
            self.console.line(f"  git exited with {outcome.code}; the server's refs are as before", "dim")
        self._report(fault, outcome)

    def _told(self, what: str, command: list[str], outcome: Outcome, fault: Optional[str]) -> None:
        self.accepted += fault is None
        self.console.line(
            f"  {'done    ' if fault is None else 'FAILED  '}  {what}", "green" if fault is None else "red"
        )
        self.console.line(f"            $ {shlex.join(command)}", "cyan")
        self._report(fault, outcome)

    def _report(self, fault: Optional[str], outcome: Outcome) -> None:
        if fault is not None:
            self.surprises += 1
            self.console.line(f"  SURPRISE: {fault}; it exited with {outcome.code} and said:", "bold red")
            self.console.block("\n".join(outcome.said), indent=4)


def telling(line: str) -> bool:
    """Whether a line of a command says something that is new in the demonstration."""
    return bool(line) and not line.startswith(("it is on a private", "tests: ", "from the cache", "=", "---", "."))


def fault_of(outcome: Outcome, code: str) -> Optional[str]:
    """What is wrong with a push that a rule should have refused."""
    if outcome.code == 0:
        return f"this push should have been refused by {code}"
    if outcome.before != outcome.after:
        return "git refused, and yet the server's refs moved"
    if not any(f"[{code}]" in line for line in outcome.said):
        return f"refused, but not by {code}"
    return None

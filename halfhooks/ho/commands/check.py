"""`ho check`: judges a repository as it stands, a range of commits, or the whole history, by the rules of the server."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Sequence
from typing import NamedTuple

from halfhooks.git import GitError
from halfhooks.ho.cli import command_parser
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.layout import HEADS
from halfhooks.names import parse_ref
from halfhooks.objects import MalformedObject
from halfhooks.past import check_history
from halfhooks.push import Push
from halfhooks.report import LIMIT, to_text, to_values
from halfhooks.rules import RULES, Finding, check
from halfhooks.snapshot import Update
from halfhooks.state import check_state
from halfhooks.survey import CannotTell, Survey

CLEAN, FOUND = 0, 1

FORMAT = 1
"""The version of the JSON document: raised when a field changes its meaning or goes."""

EXAMPLES = """
ho check
ho check --local
ho check --history
ho check $OLD..$NEW --ref ho-release/0.2.0
ho check ..$NEW --ref ho-patch/12-users --format json
"""

WHAT = """\
Judges a repository by the rules of the server's hook; nothing is fetched, nothing is changed.

Without a range: what must hold for the repository as it stands. In a bare repository its branches are
judged, in a clone those of 'origin' as they were last fetched. A CI job fetches them all first:
  git fetch --tags origin '+refs/heads/*:refs/remotes/origin/*'

The policy is that of ho-prod, under this repository's own git configuration; what the administrator has
set on the server cannot be seen from a clone.

Exit code: 0 clean, or warnings only; 1 findings; 2 cannot tell: no repository, missing history, a bad range."""


class Verdict(NamedTuple):
    """What was judged, in JSON's terms and in words; what was found; what that means."""

    judged: dict[str, object]
    words: str
    findings: list[Finding]
    remarks: list[str]
    good: str
    bad: str

    @property
    def errors(self) -> int:
        """How many findings are none that only warn."""
        return sum(not finding.warning for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings only warn."""
        return len(self.findings) - self.errors


def parser() -> argparse.ArgumentParser:
    """The parser of `ho check`."""
    parser = command_parser("check", WHAT, EXAMPLES)
    parser.add_argument(
        "range",
        nargs="?",
        metavar="OLD..NEW",
        help="judge moving --ref from OLD (none: created) to NEW (zeros: deleted)",
    )
    parser.add_argument("--ref", help="the branch or tag that moves: its short name, or refs/...")
    parser.add_argument("--history", action="store_true", help="every commit of the workflow's branches")
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("--remote", metavar="NAME", help="judge the branches of this remote, not of 'origin'")
    whose.add_argument("--local", action="store_true", help="judge the branches of this repository itself")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    return parser


def main(argv: Sequence[str]) -> int:
    """Prints what was judged and found; the exit code says whether it is clean."""
    try:
        arguments = parse(argv)
    except CannotTell as error:
        return cannot_tell(str(error))
    git = shutil.which("git")
    if git is None:
        return cannot_tell("git is not in the PATH")
    try:
        with Survey(os.path.abspath(git), os.environ, arguments.remote, arguments.local) as survey:
            try:
                verdict = judge(survey, arguments)
            except (GitError, MalformedObject) as error:
                return cannot_tell(f"{error}; perhaps this helps: {survey.fetch}")
    except (CannotTell, GitError) as error:
        return cannot_tell(str(error))
    show_json(verdict) if arguments.format == "json" else show(Console(), verdict)
    return FOUND if verdict.errors else CLEAN


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments; SystemExit for those that do not go together, `CannotTell` for a range that is none."""
    ours = parser()
    arguments = ours.parse_args(argv)
    if arguments.range is not None:
        ends = split_range(arguments.range)
        if not arguments.ref:
            ours.error("which branch moves? add --ref ho-release/X.Y.Z")
        if arguments.history:
            ours.error("--history takes no range")
        arguments.range = ends
    elif arguments.ref:
        ours.error(f"from where to where does '{arguments.ref}' move? put OLD..NEW before --ref")
    return arguments


def split_range(text: str) -> tuple[str, str]:
    """Both ends of OLD..NEW; fails with `CannotTell`, which says what is wrong with it."""
    old, dots, new = text.partition("..")
    if not dots:
        raise CannotTell(f"'{text}' is one commit, and a move goes from OLD to NEW: OLD..NEW")
    if new.startswith("."):
        raise CannotTell(f"'{text}' has three dots, which compare two branches; a move is {old}..{new[1:]}")
    if not new:
        raise CannotTell(f"'{text}' does not say where the branch moves to: OLD..NEW (zeros for NEW: deleted)")
    return old, new


def judge(survey: Survey, arguments: argparse.Namespace) -> Verdict:
    """The verdict that the arguments ask for."""
    if arguments.range:
        return judge_move(survey, arguments.range, arguments.ref)
    push, remarks = survey.history() if arguments.history else survey.state()
    facts = scope(survey, push)
    words = f"{source(survey)}: {inventory(facts)}"
    if arguments.history:
        facts = {"mode": "history", **facts, "commits": len(push.commits)}
        words += f", {count(len(push.commits), 'commit')}"
        return Verdict(facts, words, check_history(push), remarks, "the history is clean", "in the history")
    return Verdict({"mode": "state", **facts}, words, check_state(push), remarks, "clean", "the state is not legal")


def judge_move(survey: Survey, ends: tuple[str, str], ref: str) -> Verdict:
    """What the server would say of one ref update."""
    old, new = ends
    full = ref if ref.startswith("refs/") else HEADS + ref
    update = Update(survey.resolve(old, full), survey.resolve(new, full), full)
    push, remarks = survey.move(update)
    facts = {"mode": "range", **scope(survey, push), "ref": full, "old": update.old, "new": update.new}
    facts["commits"] = len(push.commits)
    moves = f"{full} {update.old[:10] or 'created'}..{update.new[:10] or 'deleted'}"
    words = f"{moves}, {count(len(push.commits), 'commit')}, beside {source(survey)}: {inventory(facts)}"
    return Verdict(facts, words, check(push), remarks, "the server would accept this", "the server would refuse this")


def scope(survey: Survey, push: Push) -> dict[str, object]:
    """What there is to judge: whose branches, how many, and where production stands."""
    names = [parse_ref(ref, push.layout) for ref in push.before.snapshot.refs]
    project = push.before
    hotfix = f"-hotfix{project.hotfix}" if project.hotfix else ""
    return {
        "repository": survey.place.git_dir,
        "remote": survey.remote or None,
        "branches": sum(name.policed for name in names),
        "releases": [str(release.version) for release in project.open_releases()],
        "production": f"{project.version}{hotfix}" if project.version else None,
    }


def source(survey: Survey) -> str:
    """Whose branches are judged, in words."""
    return f"the branches of '{survey.remote}' as last fetched" if survey.remote else "the branches of this repository"


def inventory(facts: dict[str, object]) -> str:
    """What `scope` counted, in words."""
    releases = facts["releases"]
    assert isinstance(releases, list)
    branches = count(int(str(facts["branches"])), "branch", "branches")
    production = f"production {facts['production'] or 'none'}"
    opened = f"{count(len(releases), 'open release')}" + (f" ({', '.join(releases)})" if releases else "")
    return f"{branches}, {opened}, {production}"


def count(number: int, noun: str, nouns: str = "") -> str:
    """A number with its noun."""
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"


STYLES = {"error[": "bold red", "warning[": "bold yellow", "  help:": "green", "  ": "dim"}


def show(console: Console, verdict: Verdict) -> None:
    """The verdict as text: what was judged, each finding, and a last line that sums up."""
    console.line(f"judged: {verdict.words}", "dim")
    for remark in verdict.remarks:
        console.line(f"halfhooks: warning: {remark}", "yellow")
    if not verdict.findings:
        console.line(f"halfhooks: {verdict.good}", "bold green")
        return
    *lines, last = to_text(verdict.findings, RULES, verdict.bad if verdict.errors else verdict.good)
    for line in lines:
        console.line(line, next((style for start, style in STYLES.items() if line.startswith(start)), ""))
    if len(verdict.findings) > LIMIT:
        console.line("all of them: ho check --format json", "dim")
    console.line(last, "bold red" if verdict.errors else "bold yellow")


def show_json(verdict: Verdict) -> None:
    """The verdict as one JSON document."""
    document = {
        "version": FORMAT,
        "judged": verdict.judged,
        "findings": to_values(verdict.findings, RULES),
        "remarks": verdict.remarks,
        "summary": {"errors": verdict.errors, "warnings": verdict.warnings, "clean": not verdict.errors},
    }
    print(json.dumps(document, indent=2))

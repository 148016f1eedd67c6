"""`ho status`: where a project stands, what goes to production next and what keeps it from that, and the next steps."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from typing import Optional

from halfhooks.git import GitError
from halfhooks.ho.cli import command_parser
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.outgoing import Outgoing
from halfhooks.ho.progress import CANDIDATE, INTEGRATED, Branch, Patch, Place, Preparation, Progress, read_progress
from halfhooks.ho.prose import WIDTH
from halfhooks.ho.repository import Clone, find_git, nothing_yet
from halfhooks.ho.steps import Step, next_steps
from halfhooks.layout import HALFHOOKS, HEADS
from halfhooks.objects import MalformedObject
from halfhooks.release import PREPARATION
from halfhooks.survey import CannotTell, Survey

FORMAT = 1
"""The version of the JSON document: raised when a field changes its meaning or goes."""

EXAMPLES = """
ho status
ho status --plain
ho status --local
ho status --json
"""

WHAT = """\
Shows the release in production, those in preparation with their patches, what goes to production next
and what keeps it from that, where you are, and the next steps: as commands of ho where there are such, all
of them with --plain as commands of plain git.

In a clone the branches of 'origin' count, as they were last fetched, and what is only here is said:
  git fetch --prune --tags origin

What keeps a release from production is what the server would refuse its promotion for: the rules are asked.

Exit code: 0; 2 cannot tell: no repository, no project in it, missing history."""


def parser() -> argparse.ArgumentParser:
    """The parser of `ho status`."""
    parser = command_parser("status", WHAT, EXAMPLES)
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("--remote", metavar="NAME", help="take the branches of this remote, not of 'origin'")
    whose.add_argument("--local", action="store_true", help="take the branches of this repository itself")
    parser.add_argument("--plain", action="store_true", help="the next steps in plain git")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def main(argv: Sequence[str]) -> int:
    """Prints it; 2 where it cannot be told."""
    arguments = parser().parse_args(argv)
    try:
        progress, remarks = read(arguments.remote, arguments.local)
    except (CannotTell, GitError, MalformedObject) as error:
        return cannot_tell(str(error))
    steps = next_steps(progress)
    if arguments.plain or (not progress.remote and Clone(find_git()).ask("remote")):  # ho works with the remote
        steps = [step._replace(ho=()) for step in steps]
    if arguments.json:
        show_json(progress, remarks, steps)
    else:
        show(Console(), progress, remarks, steps)
    return 0


def read(remote: Optional[str], local: bool) -> tuple[Progress, list[str]]:
    """Where the project of the working directory stands, and what is to be said about its policy and its remote."""
    git = find_git()
    clone = Clone(git)
    survey, remarks = open_survey(git, clone, remote, local)
    with survey:
        try:
            push, found = survey.state()
            if push.after.version is None:
                raise CannotTell(f"'{HALFHOOKS.production}' has no version in production yet; this adopts it: ho init")
            if survey.place.shallow:
                remarks.append(f"the history here is cut off, so this may be wrong: {survey.fetch}")
            return read_progress(clone, survey, push), remarks + found
        except (GitError, MalformedObject) as error:
            raise CannotTell(f"{error}; perhaps this helps: {survey.fetch}") from None


def open_survey(git: str, clone: Clone, remote: Optional[str], local: bool) -> tuple[Survey, list[str]]:
    """The branches to look at, with what is to be said about that: those here where the remote has no production yet."""
    production = HEADS + HALFHOOKS.production
    survey = Survey(git, os.environ, remote, local, clone.place)
    if production in survey.refs:
        return survey, []
    here, missing, fetch = clone.commit(production), survey.remote, survey.fetch
    survey.objects.close()
    if here and missing:
        push = f"git push -u {missing} {HALFHOOKS.production}"
        remark = f"'{missing}' has no '{HALFHOOKS.production}' yet: {push}; or it was not fetched: {fetch}"
        return Survey(git, os.environ, None, True, clone.place), [remark]
    if not survey.refs:
        raise CannotTell(nothing_yet(survey))
    begin = "a project begins with: ho init"
    if missing:
        raise CannotTell(f"'{HALFHOOKS.production}' of '{missing}' is not known here: {fetch}; {begin}")
    raise CannotTell(f"there is no branch '{HALFHOOKS.production}' here; {begin}")


# --- as text


def show(console: Console, progress: Progress, remarks: list[str], steps: list[Step]) -> None:
    """The releases as a tree, then what comes next."""
    for remark in remarks:
        console.prose(f"halfhooks: warning: {remark}", "yellow", hang=2)
    source = (
        f"as '{progress.remote}' had it when last fetched" if progress.remote else "the branches of this repository"
    )
    groups = [(release_words(progress, release), patch_rows(progress, release)) for release in progress.releases]
    if progress.leftovers:
        groups.append(
            ("left over", [f"{branch.name}  {branch_words(progress, branch)}" for branch in progress.leftovers])
        )
    console.tree(f"production {progress.label} ({source})", groups)
    console.line()
    show_turn(console, progress)
    if progress.top:
        console.prose(f"you are on {place_words(progress, progress.place)}", hang=2)
    for step in steps:
        console.line()
        console.prose(step.what, "bold", hang=2)
        for remark in () if step.ho else step.remarks:
            console.prose(remark, indent=2, hang=2)
        for command in step.ho or step.commands:
            console.block(folded(command), "green")
    if any(step.ho for step in steps):
        console.line()
        console.line("the same in plain git: ho status --plain", "dim")


def show_turn(console: Console, progress: Progress) -> None:
    """What goes to production next, and what keeps it from that."""
    turn = progress.turn
    if turn is None:
        only = f" on '{progress.remote}'" if progress.releases else ""
        console.line(f"nothing is in preparation{only}")
    elif not turn.objections:
        console.line(f"next in production: {turn.label}; it can be promoted", "bold green")
    else:
        console.line(f"next in production: {turn.label}; not yet:", "bold")
        for finding in turn.objections:
            console.prose(f"{finding.text} ({finding.code})", indent=2, hang=2)


def release_words(progress: Progress, release: Preparation) -> str:
    """A release in one line."""
    words = [release.label, release.status]
    if release.rcs and release.status == PREPARATION:
        words.append(f"RC {release.rcs[-1]}")
    if release.judged:
        words.append("next" if release == progress.turn else "waits for its turn")
    return ", ".join(word for word in [*words, branch_words(progress, release.branch)] if word)


def patch_rows(progress: Progress, release: Preparation) -> list[str]:
    """The patches of a release, one a line, in columns."""
    rows = [(each.id, state_words(each), branch_words(progress, each.branch)) for each in release.patches]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows] or [
        "no patch yet"
    ]


def state_words(patch: Patch) -> str:
    """What a patch is, on the remote and here."""
    late = patch.state not in ("", CANDIDATE, INTEGRATED)
    waiting = f", {count(patch.waiting, 'commit')} {'too late' if late else 'to integrate'}" if patch.waiting else ""
    here = f" (here: {patch.here})" if patch.here else ""
    return f"{patch.state or 'not listed'}{waiting}{here}"


def branch_words(progress: Progress, branch: Branch) -> str:
    """Where a branch is."""
    if not branch.exists:
        return "its branch is gone"
    words = []
    if not progress.remote:
        words = ["here"] if progress.top else []
    elif branch.here and not branch.there:
        words.append("only here")
    elif branch.there and not branch.here:
        words.append("not here")
    elif branch.ahead or branch.behind:
        words.append(apart(branch.ahead, branch.behind))
    else:
        words.append("here")
    if branch.worktree:
        words.append("checked out" if branch.worktree == progress.top else f"checked out in {branch.worktree}")
    return ", ".join(words)


def apart(ahead: Optional[int], behind: Optional[int]) -> str:
    """How far a branch is from another one."""
    if ahead and behind:
        return f"{ahead} ahead and {behind} behind"
    return f"{ahead} ahead" if ahead else f"{behind} behind" if behind else "level"


def compared(ahead: Optional[int], behind: Optional[int], other: str) -> str:
    """How far we are from a branch, by its name."""
    words = apart(ahead, behind)
    link = " with" if words == "level" else "" if behind else " of"
    return f"{words}{link} {other}"


def place_words(progress: Progress, place: Place) -> str:
    """Where we are."""
    if place.kind == "detached":
        return "no branch: HEAD is detached"
    words = [place.branch.name]
    if place.kind == "patch":
        words.append(f"a patch of {place.release}" if place.release else "which belongs to no open release")
    elif place.kind == "other":
        words.append("outside the workflow")
    if place.release and place.kind == "patch":
        words.append(compared(place.ahead, place.behind, f"{progress.layout.release}{place.release}"))
    if place.branch.there:
        words.append(compared(place.branch.ahead, place.branch.behind, f"{progress.remote}/{place.branch.name}"))
    elif place.branch.here and progress.remote:
        words.append(f"not on {progress.remote}")
    return ", ".join(words)


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def folded(command: str, width: int = WIDTH - 2) -> str:
    """A command in lines that a shell reads as one; broken only between its words, best after `||`."""
    if len(command) <= width:
        return command
    first, either, second = command.partition(" || ")
    if either:
        return f"{folded(first, width - 3)} ||\n  {folded(second, width - 2)}"
    lines, line = [], ""
    for word in re.findall(r"(?:'[^']*'|[^\s'])+", command):
        if line and len(line) + len(word) + 3 > width:
            lines.append(line + " \\")
            line = "  " + word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])


# --- as JSON


def show_json(progress: Progress, remarks: list[str], steps: list[Step]) -> None:
    """All of it as one JSON document."""
    import json

    turn = progress.turn
    document = {
        "version": FORMAT,
        "remote": progress.remote or None,
        "production": {"label": progress.label, "branch": branch_values(progress.production)},
        "releases": [release_values(release) for release in progress.releases],
        "next": turn.label if turn else None,
        "startable": [str(version) for version in progress.startable],
        "leftovers": [branch_values(branch) for branch in progress.leftovers],
        "place": place_values(progress.place),
        "steps": [{**step._asdict(), "commands": list(step.commands), "ho": list(step.ho)} for step in steps],
        "pending": progress.pending or None,
        "operation": progress.operation._asdict() if progress.operation else None,
        "outgoing": [outgoing_values(each) for each in progress.outgoing],
        "remarks": remarks,
    }
    print(json.dumps(document, indent=2))


def release_values(release: Preparation) -> dict[str, object]:
    """A release as plain values."""
    return {
        "version": str(release.version),
        "label": release.label,
        "status": release.status,
        "branch": branch_values(release.branch),
        "rcs": list(release.rcs) if release.status == PREPARATION else [],
        "patches": [{**patch._asdict(), "branch": branch_values(patch.branch)} for patch in release.patches],
        "promotable": release.promotable,
        "objections": [{"code": finding.code, "message": finding.text} for finding in release.objections],
    }


def outgoing_values(outgoing: Outgoing) -> dict[str, object]:
    """What only we have of a branch, as plain values."""
    findings = [{"code": finding.code, "message": finding.text} for finding in outgoing.findings]
    return {"branch": outgoing.branch, "refs": outgoing.refs, "promotes": outgoing.promotes, "objections": findings}


def place_values(place: Place) -> dict[str, object]:
    """Where we are, as plain values."""
    return {**place._asdict(), "branch": branch_values(place.branch) if place.branch.name else None}


def branch_values(branch: Branch) -> dict[str, object]:
    """A branch as plain values."""
    return dict(branch._asdict())

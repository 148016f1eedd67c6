"""`ho check`: judges a repository as it stands, a range of commits, or the whole history, by the rules of the server."""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from halfhooks.git import GitError
from halfhooks.ho import ci, formats
from halfhooks.ho.cli import WRONG_CALL, command_parser
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.judge import Verdict, judge_history, judge_job, judge_move, judge_state
from halfhooks.ho.repository import nothing_yet
from halfhooks.layout import HEADS
from halfhooks.objects import MalformedObject
from halfhooks.report import LIMIT, escape, to_text, to_values
from halfhooks.rules import RULES
from halfhooks.snapshot import Update
from halfhooks.survey import ORIGIN, CannotTell, Survey

CLEAN, FOUND = 0, 1

FORMAT = 1
"""The version of the JSON document: raised when a field changes its meaning or goes."""

EXAMPLES = """
ho check
ho check --local
ho check --history
ho check $OLD..$NEW --ref ho-release/0.2.0
ho check ..$NEW --ref ho-patch/12-users --format json
ho check --ci --fetch --format github
ho check --ci --fetch --format gitlab --output gl-code-quality-report.json
"""

WHAT = """\
Judges a repository by the rules of the server's hook; nothing is changed, and without --fetch nothing is
fetched.

Without a range: what must hold for the repository as it stands. In a bare repository its branches are
judged, in a clone those of 'origin' as they were last fetched.

With --ci, in a job of GitHub or GitLab: the push that started the job; for a pull or merge request what it
would bring to its target; for any other event the repository as it stands.

The policy is that of ho-prod, under this repository's own git configuration; what the administrator has
set on the server cannot be seen from a clone.

Exit code: 0 clean, or warnings only; 1 findings; 2 cannot tell: no repository, missing history, a bad range,
a document that cannot be written."""

FORMS = ("text", "json", "github", "gitlab", "sarif", "junit")


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
    parser.add_argument("--ci", action="store_true", help="judge what the CI job was started for")
    parser.add_argument("--fetch", action="store_true", help="first fetch all branches and tags of the remote")
    parser.add_argument("--format", choices=FORMS, default="text", help="default: text")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="as --format json")
    parser.add_argument("--output", metavar="FILE", help="the document goes to this file, and the text is printed")
    return parser


def main(argv: Sequence[str]) -> int:
    """Prints what was judged and found; the exit code says whether it is clean."""
    form = ""
    try:
        arguments = parse(argv)
        form = arguments.format
        verdict = find(arguments)
    except (CannotTell, GitError) as error:
        if form == "github":
            print_whole(formats.command("error", escape(f"cannot tell: {error}"), title="halfhooks") + "\n")
        return cannot_tell(formats.defused(str(error)))
    return deliver(verdict, form, arguments.output)


def find(arguments: argparse.Namespace) -> Verdict:
    """The verdict on the repository of the working directory; CannotTell or GitError when there is none."""
    found = shutil.which("git")
    if found is None:
        raise CannotTell("git is not in the PATH")
    git = os.path.abspath(found)
    job = ci.read_job(os.environ, ci.read_event(os.environ)) if arguments.ci else None
    if arguments.fetch:
        ci.fetch(git, os.environ, arguments.remote or ORIGIN, job.commits if job else ())
    with Survey(git, os.environ, arguments.remote, arguments.local) as survey:
        if not survey.refs and not job and not arguments.range:
            raise CannotTell(nothing_yet(survey))
        try:
            return judge_job(survey, job) if job else judge(survey, arguments)
        except (GitError, MalformedObject) as error:
            raise CannotTell(f"{error}; perhaps this helps: {survey.fetch}") from None


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments; SystemExit for those that do not go together, `CannotTell` for a range that is none."""
    ours = parser()
    arguments = ours.parse_args(argv)
    if arguments.ci and (arguments.range is not None or arguments.ref or arguments.history or arguments.local):
        ours.error("--ci says itself what is judged: no range, --ref, --history or --local beside it")
    if arguments.fetch and arguments.local:
        ours.error("--local has nothing to fetch from")
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
        old, new = arguments.range
        ref = arguments.ref if arguments.ref.startswith("refs/") else HEADS + arguments.ref
        return judge_move(survey, Update(survey.resolve(old, ref), survey.resolve(new, ref), ref))
    return judge_history(survey) if arguments.history else judge_state(survey)


# --- what is printed and written


def deliver(verdict: Verdict, form: str, output: Optional[str]) -> int:
    """Prints the verdict in its form, or writes that to a file and prints the text. The exit code."""
    failed = ""
    if output is not None:
        try:
            formats.write_whole(Path(output), document(verdict, form))
        except OSError as error:
            failed = f"halfhooks: '{output}' was not written: {error.strerror}"
    if output is not None or form == "text":
        show(Console(), verdict)
    else:
        print_whole(document(verdict, form))
    if failed:
        Console(sys.stderr).line(formats.defused(failed))
        return WRONG_CALL
    return FOUND if verdict.errors else CLEAN


def print_whole(text: str) -> None:
    """Print a document as it is; what the terminal cannot show is spelled."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), end="")


def document(verdict: Verdict, form: str) -> str:
    """The verdict in one of the forms, as it is written to a file."""
    if form == "text":
        stream = io.StringIO()
        show(Console(stream, terminal=False), verdict)
        return stream.getvalue()
    if form == "json":
        return as_json(to_json(verdict))
    result = formats.Result(verdict.words, verdict.findings, verdict.remarks, outcome(verdict))
    if form == "github":
        return "\n".join([*formats.github(result, RULES), ""])
    if form == "junit":
        return formats.junit(result, RULES) + "\n"
    return as_json(formats.gitlab(result, RULES) if form == "gitlab" else formats.sarif(result, RULES))


def as_json(value: object) -> str:
    """A value as it is printed: in lines, and in ASCII."""
    return json.dumps(value, indent=2) + "\n"


def outcome(verdict: Verdict) -> str:
    """The last line: how many errors and warnings there are, and what comes of it."""
    meaning = verdict.bad if verdict.errors else verdict.good
    return to_text(verdict.findings, RULES, meaning, 0)[-1] if verdict.findings else f"halfhooks: {meaning}"


STYLES = {"error[": "bold red", "warning[": "bold yellow", "  help:": "green", "  ": "dim"}


def show(console: Console, verdict: Verdict) -> None:
    """The verdict as text: what was judged, each finding, and a last line that sums up."""
    console.line(formats.defused(f"judged: {verdict.words}"), "dim")
    for remark in verdict.remarks:
        console.line(formats.defused(f"halfhooks: warning: {remark}"), "yellow")
    for line in to_text(verdict.findings, RULES, "")[:-1]:
        style = next((style for start, style in STYLES.items() if line.startswith(start)), "")
        console.line(formats.defused(line), style)
    if len(verdict.findings) > LIMIT:
        console.line("all of them: ho check --format json", "dim")
    console.line(
        outcome(verdict), "bold red" if verdict.errors else "bold yellow" if verdict.findings else "bold green"
    )


def to_json(verdict: Verdict) -> dict[str, object]:
    """The verdict as the values of one JSON document."""
    return {
        "version": FORMAT,
        "judged": verdict.judged,
        "findings": to_values(verdict.findings, RULES),
        "remarks": verdict.remarks,
        "summary": {"errors": verdict.errors, "warnings": verdict.warnings, "clean": not verdict.errors},
    }

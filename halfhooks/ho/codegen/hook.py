"""The hook `codegen`: before a commit the classes are written as the schema wants them, and what is not staged stops it.

As formatters do: it mends and fails. It never stages anything.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from halfhooks.git import GitError
from halfhooks.ho.codegen import store
from halfhooks.ho.codegen.project import chosen, of_plan
from halfhooks.ho.codegen.regions import read_seal
from halfhooks.ho.codegen.run import Run, run
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.database.project import Project, open_project, plan_of_tree
from halfhooks.ho.local_rules import LOCAL, generated_code_stale
from halfhooks.report import conclude
from halfhooks.survey import CannotTell

PASS, STOP = 0, 1
KNOWN = "--known"
MOST = 12
"""So many files are named in the command that stages them; of more, their folders."""


def main() -> int:
    """The exit code of the hook: 0 where all that is generated is as it should be and staged, 1, or 2 for cannot tell.

    With the argument `--known`, where the schema was never read, that is told, and is 0: nobody is to wait for a database.
    """
    try:
        project = open_project()
        choice = chosen(project, project.clone.top)
        if choice is None:
            return PASS
        plan = plan_of_tree(project)
        if KNOWN in sys.argv[1:] and not store.find(project.clone.common_dir, store.plan_key(plan)):
            Console(sys.stderr).line(
                "halfhooks: whether the classes are those of these patches, ho codegen tells", "yellow"
            )
            return PASS
        found = run(choice, of_plan(project, plan), check=False)
        waiting = unstaged(project, found, [folder for folder, _ in choice.places()])
    except (CannotTell, GitError) as error:
        skip = "; to commit without having looked: SKIP=halfhooks-codegen git commit"
        return cannot_tell(f"{error}{skip}")
    return tell(project, found, waiting)


def unstaged(project: Project, found: Run, folders: Iterable[str]) -> list[str]:
    """The generated files, written now or before, that differ from what the index has, or are not in it at all."""
    clone = project.clone
    generated = {*found.paths("files"), *found.paths("deleted")}
    below = ("-C", clone.top, "--literal-pathspecs")
    pathspecs = ("--", *folders)
    changed = _names(clone.run(*below, "diff", "--name-only", "-z", "--no-renames", "--relative", *pathspecs))
    untracked = _names(clone.run(*below, "ls-files", "-z", "--others", "--exclude-standard", *pathspecs))
    waiting = {path for path in (*changed, *untracked) if path in generated}
    for path in {*changed} - generated:  # one that an earlier run has deleted
        if not Path(clone.top, path).exists() and read_seal(clone.ask(*below, "show", f":{path}")):
            waiting.add(path)
    return sorted(waiting)


def _names(output: str) -> list[str]:
    return [name for name in output.split("\0") if name]


def tell(project: Project, found: Run, waiting: list[str]) -> int:
    """Print what was written and what has to be staged; the exit code."""
    console = Console(sys.stderr)
    for part in found.parts:
        for change in part.plan.changes:
            console.line(f"{'written' if change.old is not None else 'new'}: {part.folder}/{change.path}")
    for path in found.paths("deleted"):
        console.line(f"deleted: {path}")
    for remark in found.remarks:
        console.line(f"halfhooks: {remark}", "yellow")
    orphans = found.paths("orphans")
    findings = [
        finding._replace(warning="HH701" in project.config.warn, help=help_for(waiting, orphans))
        for finding in generated_code_stale([*waiting, *orphans])
    ]
    stops, lines = conclude(findings, (), LOCAL, "nothing was committed", "committed all the same")
    for line in lines:
        console.line(line)
    if waiting:
        console.line(f"git add -- {shlex.join(named(found, waiting))}", "green")
    if orphans:
        console.line(f"git rm -- {shlex.join(orphans)}", "green")
    return STOP if stops else PASS


def help_for(waiting: list[str], orphans: list[str]) -> str:
    """What mends it, in words; the commands follow."""
    words = ["stage what has been written, as below, and commit again"] if waiting else []
    if orphans:
        words.append("move your code out of what belongs to no relation any more, then remove it")
    return "; ".join(words)


def named(found: Run, waiting: list[str]) -> list[str]:
    """What to name in the command that stages files."""
    if len(waiting) <= MOST:
        return waiting
    return sorted({part.folder for part in found.parts if any(path.startswith(f"{part.folder}/") for path in waiting)})

"""Merges two commits, and makes generated code anew where they conflict in that.

Two patches that touch one table both change its module, and what belongs to both changes is neither of the two modules: it
is what the database of the merge gives. What somebody has written between the markers is merged by git as everything else.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from halfhooks.ho.checkout import checked_out
from halfhooks.ho.codegen.project import chosen, of_database
from halfhooks.ho.codegen.regions import CONFLICT, read_seal
from halfhooks.ho.codegen.run import run
from halfhooks.ho.database.apply import databases_of
from halfhooks.ho.database.build import Watch, Wish, building
from halfhooks.ho.database.project import Project
from halfhooks.ho.merging import COMMITTER, merge
from halfhooks.ho.repository import find_git
from halfhooks.ho.subjects import read_subject
from halfhooks.survey import CannotTell


def merge_settled(project: Project, ours: str, theirs: str) -> tuple[str, tuple[str, ...]]:
    """The tree of a merge, and the files in which somebody has to settle a conflict: one in generated lines is none."""
    tree, conflicts = merge(project.clone, ours, theirs)
    if not conflicts:
        return tree, conflicts
    clone = project.clone
    commit = clone.run(*COMMITTER, "commit-tree", tree, "-p", ours, "-p", theirs, "-m", "Merge")
    with checked_out(clone, find_git(), commit, project.environment) as checkout:
        paths = [checkout.tree / path for path in conflicts]
        if all(read_seal(_text(path)) for path in paths) and _generated(project, commit, str(checkout.tree)):
            left = tuple(path for path in conflicts if CONFLICT.search(_text(checkout.tree / path)))
            if not left:
                checkout.answer("add", "--", *conflicts)
                return checkout.answer("write-tree")[1].strip(), ()
    return tree, conflicts


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _generated(project: Project, commit: str, top: str) -> bool:
    """Make the generated code in a folder anew, from the database of a commit; whether that worked."""
    subject = read_subject(project, commit)
    choice = chosen(project.with_policy(subject.config, subject.declared), top)
    if choice is None:
        return False
    with contextlib.ExitStack() as held:
        databases = held.enter_context(databases_of(project))
        built = held.enter_context(building(databases, subject.plan, Wish(), project.python(), Watch()))
        try:
            return bool(built.name and run(choice, of_database(databases.server, built.name), check=False))
        except CannotTell:  # code of somebody's own is in conflict
            return False

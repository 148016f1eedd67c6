"""What is validated, read from a commit, and whether it is known to be valid: all that needs no database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from halfhooks.config import Config, parse_config
from halfhooks.git import GitError
from halfhooks.ho.database.hazards import answers, from_values
from halfhooks.ho.database.project import Project, merged
from halfhooks.ho.plan import Plan, read_plan
from halfhooks.ho.records import Records
from halfhooks.ho.repository import unread
from halfhooks.ho.testing import command_of
from halfhooks.ho.trees import CommitTree
from halfhooks.ho.validation import Record, patches_of, repeated, subject_of
from halfhooks.snapshot import entry_at, is_file
from halfhooks.survey import CannotTell, Reader
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from halfhooks.snapshot import Objects


class Subject(NamedTuple):
    """What is validated: a commit with its tree, policy, plan, and the id of all that the outcome depends on.

    `declared` is what the policy calls the database for everybody.
    """

    commit: str
    tree: str
    config: Config
    declared: str
    plan: Plan
    id: str


def read_subject(project: Project, commit: str, objects: Optional[Objects] = None) -> Subject:
    """What a commit holds, by its own policy under the clone's own keys; `CannotTell` where it is no project.

    `objects` reads the repository where somebody does so already.
    """
    if objects:
        return _read(project, commit, objects)
    reader = Reader(project.repository)
    try:
        return _read(project, commit, reader)
    finally:
        reader.close()


def _read(project: Project, commit: str, objects: Objects) -> Subject:
    entry = entry_at(objects, commit, project.layout.policy)
    try:
        fields, problems = parse_config(project.repository.blob_config(entry.oid) if entry and is_file(entry) else [])
    except GitError as error:
        fields, problems = {}, [unread(error)]
    for problem in problems:
        mend = "mend it on the branch that it comes from, and commit it"
        raise CannotTell(f"in {project.layout.policy} of {commit[:7]}: {problem}; {mend}")
    config, declared = merged(fields, project.own)
    layout = config.layout()
    plan = repeated(read_plan(CommitTree(objects, commit), layout))
    tree, about = objects.commit(commit).tree, subject_of(objects, commit, layout, plan)
    return Subject(commit, tree, config, declared, plan, about)


def known(project: Project, subject: Subject, tests: bool) -> Optional[Record]:
    """The record that makes another validation pointless; that of a tree with the same subject becomes this tree's."""
    records, command = Records(project.clone.common_dir), command_of(subject.config.tests)
    config = subject.config

    def vouches(record: Record) -> bool:
        seen = from_values(record.hazards)
        return record.vouches_for(tests, command) and answers(record.observed, seen, config.locks, config.lockMode)

    found = records.find(subject.tree)
    if found and vouches(found):
        return found
    for other in records.all():
        if other.subject == subject.id and vouches(other):
            same = other._replace(tree=subject.tree, patches=patches_of(subject.plan))
            records.save(same)
            return same
    return None

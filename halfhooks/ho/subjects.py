"""What is validated, read from a commit, and whether it is known to be valid: all that needs no database."""

from __future__ import annotations

from typing import NamedTuple, Optional

from halfhooks.collect import own_keys
from halfhooks.config import Config, make_config, parse_config
from halfhooks.ho.database.hazards import answers, from_values
from halfhooks.ho.database.project import Project
from halfhooks.ho.plan import Plan, read_plan
from halfhooks.ho.records import Records
from halfhooks.ho.testing import command_of
from halfhooks.ho.trees import CommitTree
from halfhooks.ho.validation import Record, patches_of, repeated, subject_of
from halfhooks.snapshot import entry_at, is_file
from halfhooks.survey import CannotTell, Reader


class Subject(NamedTuple):
    """What is validated: a commit with its tree, policy, plan, and the id of all that the outcome depends on."""

    commit: str
    tree: str
    config: Config
    plan: Plan
    id: str


def read_subject(project: Project, commit: str) -> Subject:
    """What a commit holds, by its own policy under the clone's own keys; `CannotTell` where it is no project."""
    reader = Reader(project.repository)
    try:
        entry = entry_at(reader, commit, project.layout.policy)
        pairs = project.repository.blob_config(entry.oid) if entry and is_file(entry) else []
        fields, problems = parse_config(pairs)
        for problem in problems:
            raise CannotTell(f"in {project.layout.policy} of {commit[:7]}: {problem}")
        config = make_config({**fields, **parse_config(own_keys(project.repository.start_config()))[0]})
        layout = config.layout()
        plan = repeated(read_plan(CommitTree(reader, commit), layout))
        return Subject(commit, reader.commit(commit).tree, config, plan, subject_of(reader, commit, layout, plan))
    finally:
        reader.close()


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

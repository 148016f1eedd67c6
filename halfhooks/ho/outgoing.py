"""What was begun here and has not arrived: a merge or rebase under way, commits that wait for their push.

What a push would be refused for is what the rules say of it, as the hook before the push asks them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Optional

from halfhooks.git import GitError
from halfhooks.history import is_ancestor
from halfhooks.ho.repository import MERGE, Clone, Local, under_way
from halfhooks.layout import HEADS, TAGS
from halfhooks.names import RELEASE_BRANCH, parse_ref
from halfhooks.push import Push
from halfhooks.release import Project
from halfhooks.rules import Finding, check
from halfhooks.snapshot import Snapshot, Target, Update
from halfhooks.survey import CannotTell, Survey
from halfhooks.values import NamedTuple


class Operation(NamedTuple):
    """What git waits for: the command, the release that is merged ("" for none), the files that are in conflict."""

    command: str
    release: str
    conflicts: tuple[str, ...]


class Outgoing(NamedTuple):
    """A branch with commits that only we have: the refs to push with it, and what the server would refuse that for.

    `promotes` is the version that they bring to production, as its files are named; `merged` the release that they have
    merged into production without its bookkeeping; `tag` is to be made before the push, "" where it is there.
    """

    branch: str
    refs: tuple[str, ...]
    promotes: str
    release: str
    merged: str
    tag: str
    findings: tuple[Finding, ...]


def label_of(project: Project) -> str:
    """What is in production: `X.Y.Z`, or `X.Y.Z-hotfixN`."""
    return f"{project.version}" + (f"-hotfix{project.hotfix}" if project.hotfix else "")


def read_operation(clone: Clone, push: Push, locals_: Mapping[str, Local]) -> Optional[Operation]:
    """What git waits for in this working tree."""
    command = under_way(clone.git_dir)
    if not command or not clone.top:
        return None
    merged = Path(clone.git_dir, "MERGE_HEAD").read_text("ascii").split() if command == MERGE else []
    conflicts = clone.run("diff", "--name-only", "--diff-filter=U", "-z").split("\0")[:-1]
    return Operation(command, _release_at(push, locals_, merged), tuple(conflicts))


def _release_at(push: Push, locals_: Mapping[str, Local], commits: Iterable[str]) -> str:
    tips = {tip: str(version) for version, tip in push.after.release_tips.items()}
    tips.update(
        (local.tip, str(name.version))
        for name, local in ((parse_ref(HEADS + branch, push.layout), local) for branch, local in locals_.items())
        if name.kind == RELEASE_BRANCH
    )
    return next((tips[commit] for commit in commits if commit in tips), "")


def read_outgoing(
    survey: Survey, push: Push, locals_: Mapping[str, Local], waiting: Iterable[tuple[str, ...]]
) -> Iterator[Outgoing]:
    """What is to be said of the branches that have commits which only we have; each with those that go with it."""
    if not survey.remote:
        return
    refs = dict(survey.refs)
    for names in waiting:
        production = names[0] == push.layout.production
        yield (
            _production(survey, refs, push, locals_)
            if production
            else Outgoing(names[0], names, "", "", "", "", _judged(survey, refs, _updates(refs, locals_, names)))
        )
    survey.refs = refs


def _updates(refs: Mapping[str, Target], locals_: Mapping[str, Local], names: Iterable[str]) -> list[Update]:
    return [_update(refs, HEADS + name, locals_[name].tip) for name in names]


def _update(refs: Mapping[str, Target], ref: str, new: str) -> Update:
    known = refs.get(ref)
    return Update(known.oid if known else "", new, ref)


def _judged(survey: Survey, refs: Mapping[str, Target], updates: Iterable[Update]) -> tuple[Finding, ...]:
    """What the server would refuse a push for, above the refs that it has."""
    survey.refs = dict(refs)
    try:
        push, _ = survey.moves(tuple(updates))
        return tuple(finding for finding in check(push) if not finding.warning)
    except (CannotTell, GitError):
        return ()


def _production(survey: Survey, refs: Mapping[str, Target], push: Push, locals_: Mapping[str, Local]) -> Outgoing:
    layout, known = push.layout, push.after
    name, ref, tip = layout.production, layout.production_ref(), locals_[layout.production].tip
    here = Project(Snapshot({**known.snapshot.refs, ref: Target(tip, "commit", tip)}, push.objects), layout)
    label = label_of(here)
    updates = [_update(refs, ref, tip)]
    if label == label_of(known):
        merged = _merged(push, locals_, tip)
        findings = () if merged else _judged(survey, refs, updates)
        return Outgoing(name, (name,), "", merged, merged, "", findings)
    branch, tag = f"{layout.release}{here.version}", layout.tag + label
    made = refs.get(TAGS + tag)
    names = [name, tag]
    if made:
        updates.append(Update("", made.oid, TAGS + tag))
    if HEADS + branch in refs:
        updates.append(_update(refs, HEADS + branch, ""))
        names.append(f":{branch}")
    findings = _judged(survey, refs, updates)
    return Outgoing(name, tuple(names), label, str(here.version), "", "" if made else tag, findings)


def _merged(push: Push, locals_: Mapping[str, Local], tip: str) -> str:
    """The release whose commits are in a production that does not list it."""
    for version, known in push.after.release_tips.items():
        local = locals_.get(f"{push.layout.release}{version}")
        for each in (known, local.tip if local else known):
            if is_ancestor(push.objects, each, tip) and not push.after.contains(each):
                return str(version)
    return ""

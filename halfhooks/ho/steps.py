"""The next steps of a project as commands that can be pasted, of `ho` and of plain git: pure functions over a `Progress`.

What is written in them by hand, an id or a line of SQL, is an example and works as it stands. What has been done already
is not proposed again, and does no harm when it is: no list is emptied or grows twice, no file that was filled is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from halfhooks.ho import plain
from halfhooks.ho.outgoing import Operation, Outgoing
from halfhooks.ho.progress import CANDIDATE, INTEGRATED, Branch, Patch, Preparation, Progress
from halfhooks.ho.repository import MERGE
from halfhooks.release import OPEN_HOTFIX
from halfhooks.rules import RULES
from halfhooks.survey import ORIGIN
from halfhooks.values import NamedTuple
from halfhooks.version import Version

BEHIND_PRODUCTION = "HH207"


class Step(NamedTuple):
    """Something that can be done now, and the commands of plain git that do it; `remarks` where words have to do.

    `ho` are commands that do the same with less, where there are such.
    """

    what: str
    commands: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    ho: tuple[str, ...] = ()


def next_steps(progress: Progress) -> list[Step]:
    """The steps that make sense from where we are; the nearest first."""
    if not progress.top:
        return []  # there is no working tree to take them in
    into = (f"cd {progress.up}",) if progress.up else ()
    return [_from_where_we_are(step, into) for step in _steps(progress)]


def _from_where_we_are(step: Step, into: tuple[str, ...]) -> Step:
    """A step whose commands first go to the top, where they need it: `ho` finds it."""
    commands = (*into, *step.commands) if step.commands else ()
    ho = step.ho if all(command.startswith("ho ") for command in step.ho) else (*into, *step.ho)
    return step._replace(commands=commands, ho=ho)


def _ho(progress: Progress, *words: str) -> str:
    """A command of the lifecycle, on the remote that is looked at."""
    remote = ["--remote", progress.remote] if progress.remote not in ("", ORIGIN) else []
    return " ".join(["ho", *words, *remote])


def _for_release(progress: Progress, release: Preparation) -> list[str]:
    """The option that names a release, where that is not clear without."""
    clear = len(progress.releases) == 1 or progress.place.release == str(release.version)
    return [] if clear else ["--release", str(release.version)]


def _steps(progress: Progress) -> Iterator[Step]:
    production = progress.waiting(progress.layout.production)
    if progress.pending:
        yield Step(
            f"'{progress.pending}' was interrupted: run it again, which does what is left of it",
            (progress.pending,),
            ("or ho undo, which takes back what has arrived of it",),
        )
    if progress.operation:
        yield from _finish(progress, progress.operation)
    elif production and (production.promotes or production.merged or production.findings):
        yield from _finish_promotion(progress, production)
    else:
        if progress.undone:
            yield _tidy(progress, progress.undone)
        yield from _own_branch(progress)
        yield from _workflow(progress)


# --- what was begun and waits


def _finish(progress: Progress, operation: Operation) -> Iterator[Step]:
    """What ends the merge, rebase or the like that git waits for."""
    command, release = operation.command, progress.find(operation.release)
    if operation.conflicts:
        count = len(operation.conflicts)
        files = f"{count} file{'' if count == 1 else 's'}, such as '{operation.conflicts[0]}'"
        remark = "edit each, then: git add FILE"
        yield Step(f"git {command} waits for what is in conflict: {files}", ("git status",), (remark,))
    elif command != MERGE:
        yield Step(f"finish the {command}", (f"git {command} --continue",))
    elif release and progress.place.kind == "production":
        yield _promote(progress, release, merged=True)
    else:
        yield Step("finish the merge", ("git commit --no-edit",))
    yield Step(f"or give the {command} up, with what was done for it", (f"git {command} --abort",))


def _finish_promotion(progress: Progress, waiting: Outgoing) -> Iterator[Step]:
    """What a promotion lacks that only we have."""
    release = progress.find(waiting.merged)
    if waiting.findings:
        yield _refused(waiting)
    elif release:
        yield _promote(progress, release, merged=True)
    elif waiting.promotes:
        tag, name = waiting.tag, progress.layout.release + waiting.release
        commands = (
            *([plain.tag_command(waiting.promotes, tag, waiting.branch)] if tag else []),
            *plain.push(progress, *waiting.refs),
            *plain.drop(progress, name),
        )
        yield Step(f"push the promotion of {waiting.promotes}, which is only here", commands)


def _tidy(progress: Progress, branch: Branch) -> Step:
    """What a promotion lacks that was pushed by itself."""
    label, tag = progress.label, progress.layout.tag + progress.label
    source = f"{progress.remote}/{progress.production.name}"
    commands = (
        *([] if progress.tagged else [plain.tag_command(label, tag, source)]),
        *plain.push(progress, tag, f":{branch.name}"),
        *plain.drop(progress, branch.name),
    )
    return Step(f"{label} is in production: push its tag, and the deletion of its branch", commands)


def _refused(waiting: Outgoing) -> Step:
    """What the server would say, in place of a push that it would refuse."""
    lines = []
    for finding in waiting.findings[:3]:
        lines.append(f"{finding.text} ({finding.code})")
        lines.append(f"help: {finding.help or RULES[finding.code].hint}")
    return Step(f"'{waiting.branch}' cannot be pushed as it stands here", (), tuple(dict.fromkeys(lines)))


# --- the branch that is checked out


def _own_branch(progress: Progress) -> Iterator[Step]:
    """What brings it to where the remote's is."""
    branch, remote, kind = progress.place.branch, progress.remote, progress.place.kind
    waiting = progress.waiting(branch.name)
    if kind in ("detached", "other") or not branch.here or not remote or _is_frozen(progress):
        return
    name, theirs = branch.name, f"{remote}/{branch.name}"
    if waiting and waiting.findings:
        yield _refused(waiting)
    elif not branch.there:
        first = waiting.refs[1:] if waiting else ()
        if kind != "patch" or progress.place.release:
            yield Step(f"'{name}' is only here", tuple(plain.push(progress, *first, name, track=True)))
    elif branch.ahead and branch.behind:
        if kind == "patch":
            yield Step(f"'{name}' and '{theirs}' have parted", (f"git rebase {theirs}", f"git push {remote} {name}"))
        else:
            yield Step(f"'{name}' and '{theirs}' have parted; what is only here", (f"git log {theirs}..{name}",))
    elif branch.behind:
        yield Step(f"take in what '{theirs}' has", (f"git merge --ff-only {theirs}",))
    elif branch.ahead:
        yield Step(f"push what is only here of '{name}'", (f"git push {remote} {name}",))


def _own_state(progress: Progress) -> Optional[str]:
    """The state of the patch that we are on, "" where only we list it, None where we are on none."""
    release = progress.find(progress.place.release)
    patches = release.patches if release else ()
    return next((patch.state for patch in patches if patch.id == progress.place.patch), None)


def _is_frozen(progress: Progress) -> bool:
    """Whether we are on a patch that takes no more commits."""
    return _own_state(progress) not in (None, "", CANDIDATE, INTEGRATED)


# --- the workflow


def _workflow(progress: Progress) -> Iterator[Step]:
    """What brings the release that we work for, else the one whose turn it is, nearer to production."""
    release = progress.find(progress.place.release) or progress.turn or next(iter(progress.releases), None)
    if release is None:
        yield from _start(progress)
        return
    if progress.place.kind == "patch" and not progress.place.release:
        yield Step(
            f"'{progress.place.branch.name}' belongs to no open release",
            (),
            (f"what follows is for {release.version}, the next one",),
        )
    waiting = progress.waiting(release.branch.name)
    if waiting and waiting.findings:
        if release.branch.name != progress.place.branch.name:
            yield _refused(waiting)
        return
    if any(finding.code == BEHIND_PRODUCTION for finding in release.objections):
        yield _take_in_production(progress, release)
    for patch in release.patches:
        if patch.state == INTEGRATED:
            yield _integrate(progress, release, patch) if patch.waiting else _stage(progress, release, patch)
        elif patch.state not in ("", CANDIDATE) and patch.id == progress.place.patch and patch.waiting:
            yield _carry_over(progress, release, patch)
    candidates = [patch for patch in release.patches if patch.state == CANDIDATE]
    ours = [patch for patch in candidates if patch.id == progress.place.patch]
    for patch in (ours or candidates)[:1]:
        yield _integrate(progress, release, patch) if patch.waiting else _work(progress, release, patch)
    if release.promotable:
        yield _promote(progress, release)
    elif not release.patches:
        yield _add(progress, release)


def _start(progress: Progress) -> Iterator[Step]:
    if progress.startable:
        words = ", ".join(map(str, progress.startable))
        version = _usual(progress.startable)
        commands = plain.start(progress, version)
        yield Step(f"start a release: {words}", commands, ho=(_ho(progress, "release", "new", str(version)),))


def _usual(versions: tuple[Version, ...]) -> Version:
    """The next minor version, of those that can be started."""
    return next((version for version in versions if version.minor and not version.patch), versions[0])


def _take_in_production(progress: Progress, release: Preparation) -> Step:
    production, name = progress.layout.production, release.branch.name
    source = f"{progress.remote}/{production}" if progress.remote else production
    merge = f"git merge --no-ff -m 'Merge {production} into {release.version}' {source}"
    commands = (*plain.onto(progress, release.branch), merge, *plain.push(progress, name))
    what = f"take what production has got meanwhile into {release.version}"
    return Step(what, commands, ho=(_ho(progress, "release", "sync", str(release.version)),))


def _add(progress: Progress, release: Preparation) -> Step:
    what = f"begin a patch for {release.version}: the number of its ticket, and some words"
    return Step(what, plain.add(progress, release), ho=(_new(progress, release),))


def _new(progress: Progress, release: Preparation) -> str:
    patch = f"{progress.free_number}-some-words"
    return _ho(progress, "patch", "new", patch, *_for_release(progress, release), "-d 'what it is for'")


def _carry_over(progress: Progress, release: Preparation, patch: Patch) -> Step:
    pick = f"git cherry-pick {release.branch.name}..{progress.layout.patch}{patch.id}"
    what = f"{patch.id} is frozen, for it is {patch.state}: what came late is a new patch"
    return Step(what, plain.add(progress, release, pick), ho=(_new(progress, release), pick))


def _work(progress: Progress, release: Preparation, patch: Patch) -> Step:
    folder, name = plain.patch_folder(progress, patch.id), progress.layout.patch + patch.id
    start = f"{progress.remote}/{release.branch.name}" if progress.remote else release.branch.name
    switch = [f"git switch -c {name} {start}"] if not patch.branch.exists else []
    write = (
        *(switch or plain.onto(progress, patch.branch)),
        f"echo 'create table example (id int primary key);' > {folder}/01_example.sql",
    )
    commit = f"git commit -m 'Write {patch.id}'"
    commands = (*write, f"git add {folder}", commit, *plain.push(progress, name))
    ho = (*write, "ho apply", "git add -A", commit)
    return Step(f"write {patch.id}: SQL in its folder, code and tests elsewhere", commands, ho=ho)


def _integrate(progress: Progress, release: Preparation, patch: Patch) -> Step:
    name = progress.layout.patch + patch.id
    theirs = f"{progress.remote}/{name}" if patch.branch.there and not patch.branch.ahead else name
    merge = f"git merge --no-ff -m 'Integrate {patch.id}' {theirs}"
    here = patch.branch.here and (patch.branch.ahead or not patch.branch.there)
    pushed = plain.push(progress, name) if here else []  # what is merged has to be a commit of the branch on the server
    commands = (
        *pushed,
        *plain.onto(progress, release.branch),
        merge,
        *plain.staging(progress, release, patch, patch.branch.exists),
    )
    what = f"integrate {patch.id} into {release.version} and stage it, when it is ready"
    return Step(what, commands, ho=(_ho(progress, "patch", "close", patch.id),))


def _stage(progress: Progress, release: Preparation, patch: Patch) -> Step:
    commands = (*plain.onto(progress, release.branch), *plain.staging(progress, release, patch, patch.branch.there))
    what = f"stage {patch.id}, which {release.version} has got"
    return Step(what, commands, ho=(_ho(progress, "patch", "close", patch.id),))


def _promote(progress: Progress, release: Preparation, merged: bool = False) -> Step:
    """The promotion, or what it lacks when the release is `merged`."""
    label = release.label
    if merged:
        what = f"what is left of the promotion of {label}, whose merge is made"
    else:
        what = f"promote {label} to production, once it is validated"
    to = "hotfix" if release.status == OPEN_HOTFIX else "prod"
    ho = () if merged else (_ho(progress, "release", "promote", to),)
    return Step(
        what, plain.promotion(progress, release, merged), ("the two files of model/ are what your tools dump",), ho
    )

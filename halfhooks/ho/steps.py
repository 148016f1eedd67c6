"""The next steps of a project as commands that can be pasted, of `ho` and of plain git: pure functions over a `Progress`.

What is written in them by hand, an id or a line of SQL, is an example and works as it stands. What has been done already
is not proposed again, and does no harm when it is: no list is emptied or grows twice, no file that was filled is lost.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import NamedTuple, Optional

from halfhooks.ho.outgoing import MERGE, Operation, Outgoing
from halfhooks.ho.progress import CANDIDATE, INTEGRATED, Branch, Patch, Preparation, Progress
from halfhooks.layout import CANDIDATES, RC, STAGE
from halfhooks.names import release_file
from halfhooks.release import OPEN_HOTFIX
from halfhooks.rules import RULES
from halfhooks.survey import ORIGIN
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
        yield Step(f"a {command} waits for what is in conflict: {files}", ("git status",), (remark,))
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
            *([_tag(waiting.promotes, tag, waiting.branch)] if tag else []),
            *_push(progress, *waiting.refs),
            *_drop(progress, name),
        )
        yield Step(f"push the promotion of {waiting.promotes}, which is only here", commands)


def _tidy(progress: Progress, branch: Branch) -> Step:
    """What a promotion lacks that was pushed by itself."""
    label, tag = progress.label, progress.layout.tag + progress.label
    source = f"{progress.remote}/{progress.production.name}"
    commands = (
        *([] if progress.tagged else [_tag(label, tag, source)]),
        *_push(progress, tag, f":{branch.name}"),
        *_drop(progress, branch.name),
    )
    return Step(f"{label} is in production: push its tag, and the deletion of its branch", commands)


def _tag(label: str, tag: str, commit: str) -> str:
    return f"git tag -a -m 'Release {label}' {tag} {commit}"


def _drop(progress: Progress, name: str) -> list[str]:
    """The commands that delete a branch here, where there is one that is not checked out elsewhere."""
    known = [progress.place.branch, *progress.leftovers, *(release.branch for release in progress.releases)]
    branch = next((branch for branch in known if branch.name == name), None)
    if branch is None or not branch.here or branch.worktree not in ("", progress.top):
        return []
    away = [f"git switch {progress.layout.production}"] if name == progress.place.branch.name else []
    return [*away, f"git branch -D {name}"]


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
            yield Step(f"'{name}' is only here", tuple(_push(progress, *first, name, track=True)))
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
        commands = _start_commands(progress, version)
        yield Step(f"start a release: {words}", commands, ho=(_ho(progress, "release", "new", str(version)),))


def _usual(versions: tuple[Version, ...]) -> Version:
    """The next minor version, of those that can be started."""
    return next((version for version in versions if version.minor and not version.patch), versions[0])


def _start_commands(progress: Progress, version: Version) -> tuple[str, ...]:
    remote, production = progress.remote, progress.layout.production
    name = progress.layout.release + str(version)
    if not remote:
        return (f"git switch -c {name} {production}",)
    return (f"git push {remote} {remote}/{production}:refs/heads/{name}", _follow(progress, name))


def _take_in_production(progress: Progress, release: Preparation) -> Step:
    production, name = progress.layout.production, release.branch.name
    source = f"{progress.remote}/{production}" if progress.remote else production
    merge = f"git merge --no-ff -m 'Merge {production} into {release.version}' {source}"
    commands = (*_onto(progress, release.branch), merge, *_push(progress, name))
    what = f"take what production has got meanwhile into {release.version}"
    return Step(what, commands, ho=(_ho(progress, "release", "sync", str(release.version)),))


def _add(progress: Progress, release: Preparation) -> Step:
    what = f"begin a patch for {release.version}: the number of its ticket, and some words"
    return Step(what, _add_commands(progress, release), ho=(_new(progress, release),))


def _new(progress: Progress, release: Preparation) -> str:
    patch = f"{progress.free_number}-some-words"
    return _ho(progress, "patch", "new", patch, *_for_release(progress, release), "-d 'what it is for'")


def _carry_over(progress: Progress, release: Preparation, patch: Patch) -> Step:
    pick = f"git cherry-pick {release.branch.name}..{progress.layout.patch}{patch.id}"
    what = f"{patch.id} is frozen, for it is {patch.state}: what came late is a new patch"
    return Step(what, _add_commands(progress, release, pick), ho=(_new(progress, release), pick))


def _add_commands(progress: Progress, release: Preparation, *work: str) -> tuple[str, ...]:
    """A new patch becomes a candidate, and gets a branch with that work."""
    patch = f"{progress.free_number}-some-words"
    folder, books = _patch_folder(progress, patch), _book(progress, release, CANDIDATES)
    branch = progress.layout.patch + patch
    return (
        *_onto(progress, release.branch),
        _append(patch, books),
        f"mkdir -p {folder}",
        f"echo '# What it is for' > {folder}/README.md",
        f"git add {books} {folder}",
        f"git commit -m 'Add {patch} to the candidates'",
        f"git switch -c {branch}",
        *work,
        *_push(progress, release.branch.name, branch),
    )


def _work(progress: Progress, release: Preparation, patch: Patch) -> Step:
    folder, name = _patch_folder(progress, patch.id), progress.layout.patch + patch.id
    start = f"{progress.remote}/{release.branch.name}" if progress.remote else release.branch.name
    switch = [f"git switch -c {name} {start}"] if not patch.branch.exists else []
    write = (
        *(switch or _onto(progress, patch.branch)),
        f"echo 'create table example (id int primary key);' > {folder}/01_example.sql",
    )
    commit = f"git commit -m 'Write {patch.id}'"
    commands = (*write, f"git add {folder}", commit, *_push(progress, name))
    ho = (*write, "ho apply", "git add -A", commit)
    return Step(f"write {patch.id}: SQL in its folder, code and tests elsewhere", commands, ho=ho)


def _integrate(progress: Progress, release: Preparation, patch: Patch) -> Step:
    name = progress.layout.patch + patch.id
    theirs = f"{progress.remote}/{name}" if patch.branch.there and not patch.branch.ahead else name
    merge = f"git merge --no-ff -m 'Integrate {patch.id}' {theirs}"
    here = patch.branch.here and (patch.branch.ahead or not patch.branch.there)
    pushed = _push(progress, name) if here else []  # what is merged has to be a commit of the branch on the server
    commands = (
        *pushed,
        *_onto(progress, release.branch),
        merge,
        *_staging(progress, release, patch, patch.branch.exists),
    )
    what = f"integrate {patch.id} into {release.version} and stage it, when it is ready"
    return Step(what, commands, ho=(_ho(progress, "patch", "close", patch.id),))


def _stage(progress: Progress, release: Preparation, patch: Patch) -> Step:
    commands = (*_onto(progress, release.branch), *_staging(progress, release, patch, patch.branch.there))
    what = f"stage {patch.id}, which {release.version} has got"
    return Step(what, commands, ho=(_ho(progress, "patch", "close", patch.id),))


def _staging(progress: Progress, release: Preparation, patch: Patch, there: bool) -> list[str]:
    """A candidate becomes staged, and its branch goes, also on the remote if it is `there`."""
    candidates, stage = (_book(progress, release, form) for form in (CANDIDATES, STAGE))
    name = progress.layout.patch + patch.id
    gone = [f":{name}"] if there else []
    return [
        f"sed -i.old '/^{patch.id}$/d' {candidates}",  # GNU's, BSD's and busybox's sed agree on this form only
        f"rm {candidates}.old",
        _append(patch.id, stage),
        f"git add {candidates} {stage}",
        f"git commit -m 'Stage {patch.id}'",
        *_push(progress, release.branch.name, *gone),
        *([f"git branch -D {name}"] if patch.branch.here and patch.branch.worktree in ("", progress.top) else []),
    ]


def _promote(progress: Progress, release: Preparation, merged: bool = False) -> Step:
    """The promotion, or what it lacks when the release is `merged`. The list is read from the release, which stays."""
    layout, label = progress.layout, release.label
    name, version = release.branch.name, release.version
    tip = f"{progress.remote}/{name}" if release.branch.there and not release.branch.ahead else name
    listed = shlex.quote(layout.path(layout.releases, f"{label}.txt"))
    lists = [release_file(version, RC, layout, number) for number in release.rcs if release.status != OPEN_HOTFIX]
    if release_file(version, STAGE, layout) in release.books:
        lists.append(release_file(version, STAGE, layout))
    sources = [shlex.quote(f"{tip}:{layout.path(layout.releases, file)}") for file in lists]
    books = [_book(progress, release, form) for form in (CANDIDATES, STAGE)]
    model = {
        kind: shlex.quote(layout.path(layout.model, f"{kind}{label}.sql")) for kind in (layout.schema, layout.metadata)
    }
    link = shlex.quote(layout.path(layout.model, layout.schema_link))
    tag = layout.tag + label
    commands = (
        *([] if merged else [*_onto(progress, progress.production), f"git merge --no-ff --no-commit {tip}"]),
        f"git show {' '.join(sources)} > {listed}",
        f"git rm -q -f --ignore-unmatch {' '.join(books)}",
        f"mkdir -p {shlex.quote(layout.path(layout.model))}",
        *(
            f"test -s {file} || echo '-- {label}, {what}' > {file}"
            for file, what in ((model[layout.schema], "its structure"), (model[layout.metadata], "its rows"))
        ),
        f"ln -sfn {layout.schema}{label}.sql {link}",
        f"git add {listed} {' '.join(model.values())} {link}",
        f"git commit -m 'Promote {label} to production'",
        f"git tag -a -m 'Release {label}' {tag}",
        *_push(progress, layout.production, tag, *([f":{name}"] if release.branch.there else [])),
        *_drop(progress, name)[-1:],
    )
    if merged:
        what = f"what is left of the promotion of {label}, whose merge is made"
    else:
        what = f"promote {label} to production, once it is validated"
    to = "hotfix" if release.status == OPEN_HOTFIX else "prod"
    ho = () if merged else (_ho(progress, "release", "promote", to),)
    return Step(what, commands, ("the two files of model/ are what your tools dump",), ho)


# --- words of these commands


def _switch(progress: Progress, branch: Branch, first: bool) -> str:
    """The command that checks a branch out, "" where it is already."""
    if first and branch.name == progress.place.branch.name:
        return ""
    if branch.worktree and branch.name != progress.place.branch.name:
        return f"cd {shlex.quote(branch.worktree)}"
    return f"git switch {branch.name}" if branch.here else _follow(progress, branch.name)


def _follow(progress: Progress, name: str) -> str:
    """The command that checks out a branch of the remote; where it can be, one that can be repeated."""
    return f"git switch {name}" if progress.guess else f"git switch -c {name} --track {progress.remote}/{name}"


def _append(line: str, file: str) -> str:
    """The command that ends a list with a line, unless that stands in it."""
    return f"grep -qsx {line} {file} || echo {line} >> {file}"


def _onto(progress: Progress, branch: Branch) -> list[str]:
    """The commands that check a branch out, as the remote has it."""
    commands = [_switch(progress, branch, first=True)]
    if branch.behind and not branch.ahead:
        commands.append(f"git merge --ff-only {progress.remote}/{branch.name}")
    return [command for command in commands if command]


def _push(progress: Progress, *refs: str, track: bool = False) -> list[str]:
    """The push of some refs, all or none; nothing where there is no remote."""
    options = ("--atomic " if len(refs) > 1 else "") + ("-u " if track else "")
    return [f"git push {options}{progress.remote} {' '.join(refs)}"] if progress.remote else []


def _book(progress: Progress, release: Preparation, form: str, number: int = 0) -> str:
    layout = progress.layout
    return shlex.quote(layout.path(layout.releases, release_file(release.version, form, layout, number)))


def _patch_folder(progress: Progress, patch: str) -> str:
    return shlex.quote(progress.layout.path(progress.layout.patches, patch))

"""The next steps of a project as commands of plain git that can be pasted: pure functions over a `Progress`.

What is written in them by hand, an id or a line of SQL, is an example and works as it stands.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import NamedTuple, Optional

from halfhooks.ho.progress import CANDIDATE, INTEGRATED, Branch, Patch, Preparation, Progress
from halfhooks.layout import CANDIDATES, RC, STAGE
from halfhooks.names import release_file
from halfhooks.release import OPEN_HOTFIX
from halfhooks.version import Version

BEHIND_PRODUCTION = "HH207"


class Step(NamedTuple):
    """Something that can be done now, and the commands that do it."""

    what: str
    commands: tuple[str, ...]


def next_steps(progress: Progress) -> list[Step]:
    """The steps that make sense from where we are; the nearest first."""
    steps = [*_own_branch(progress), *_workflow(progress)]
    into = (f"cd {progress.up}",) if progress.up else ()
    return [step._replace(commands=(*into, *step.commands)) for step in steps]


# --- the branch that is checked out


def _own_branch(progress: Progress) -> Iterator[Step]:
    """What brings it to where the remote's is."""
    branch, remote, kind = progress.place.branch, progress.remote, progress.place.kind
    if kind in ("detached", "other") or not branch.here or not remote or _is_frozen(progress):
        return
    name, theirs = branch.name, f"{remote}/{branch.name}"
    if not branch.there:
        release = progress.find(progress.place.release)
        first = [release.branch.name] if release and _own_state(progress) == "" else []
        if kind != "patch" or release:
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
        where = f"'{progress.place.branch.name}' belongs to no open release; the one that is next"
        yield Step(where, (_switch(progress, release.branch, first=True) or "git status",))
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
        yield Step(f"start a release: {words}", _start_commands(progress, _usual(progress.startable)))


def _usual(versions: tuple[Version, ...]) -> Version:
    """The next minor version, of those that can be started."""
    return next((version for version in versions if version.minor and not version.patch), versions[0])


def _start_commands(progress: Progress, version: Version) -> tuple[str, ...]:
    remote, production = progress.remote, progress.layout.production
    name = progress.layout.release + str(version)
    if not remote:
        return (f"git switch -c {name} {production}",)
    return (
        f"git push {remote} {remote}/{production}:refs/heads/{name}",
        f"git switch -c {name} --track {remote}/{name}",
    )


def _take_in_production(progress: Progress, release: Preparation) -> Step:
    production, name = progress.layout.production, release.branch.name
    source = f"{progress.remote}/{production}" if progress.remote else production
    merge = f"git merge --no-ff -m 'Merge {production} into {release.version}' {source}"
    commands = (*_onto(progress, release.branch), merge, *_push(progress, name))
    return Step(f"take what production has got meanwhile into {release.version}", commands)


def _add(progress: Progress, release: Preparation) -> Step:
    what = f"begin a patch for {release.version}: the number of its ticket, and some words"
    return Step(what, _add_commands(progress, release))


def _carry_over(progress: Progress, release: Preparation, patch: Patch) -> Step:
    pick = f"git cherry-pick {release.branch.name}..{progress.layout.patch}{patch.id}"
    what = f"{patch.id} is frozen, for it is {patch.state}: what came late is a new patch"
    return Step(what, _add_commands(progress, release, pick))


def _add_commands(progress: Progress, release: Preparation, *work: str) -> tuple[str, ...]:
    """A new patch becomes a candidate, and gets a branch with that work."""
    patch = f"{progress.free_number}-some-words"
    folder, books = _patch_folder(progress, patch), _book(progress, release, CANDIDATES)
    branch = progress.layout.patch + patch
    return (
        *_onto(progress, release.branch),
        f"echo {patch} >> {books}",
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
    commands = (
        *(switch or _onto(progress, patch.branch)),
        f"echo 'create table example (id int primary key);' > {folder}/01_example.sql",
        f"git add {folder}",
        f"git commit -m 'Write {patch.id}'",
        *_push(progress, name),
    )
    return Step(f"write {patch.id}: SQL in its folder, code and tests elsewhere", commands)


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
    return Step(f"integrate {patch.id} into {release.version} and stage it, when it is ready", commands)


def _stage(progress: Progress, release: Preparation, patch: Patch) -> Step:
    commands = (*_onto(progress, release.branch), *_staging(progress, release, patch, patch.branch.there))
    return Step(f"stage {patch.id}, which {release.version} has got", commands)


def _staging(progress: Progress, release: Preparation, patch: Patch, there: bool) -> list[str]:
    """A candidate becomes staged, and its branch goes, also on the remote if it is `there`."""
    candidates, stage = (_book(progress, release, form) for form in (CANDIDATES, STAGE))
    name = progress.layout.patch + patch.id
    gone = [f":{name}"] if there else []
    return [
        f"sed -i '/^{patch.id}$/d' {candidates}",
        f"echo {patch.id} >> {stage}",
        f"git add {candidates} {stage}",
        f"git commit -m 'Stage {patch.id}'",
        *_push(progress, release.branch.name, *gone),
        *([f"git branch -D {name}"] if patch.branch.here else []),
    ]


def _promote(progress: Progress, release: Preparation) -> Step:
    layout, label = progress.layout, release.label
    name, version = release.branch.name, release.version
    tip = f"{progress.remote}/{name}" if release.branch.there and not release.branch.ahead else name
    listed = shlex.quote(layout.path(layout.releases, f"{label}.txt"))
    books = [_book(progress, release, form) for form in (CANDIDATES, STAGE)]
    lists = [_book(progress, release, RC, number) for number in release.rcs if release.status != OPEN_HOTFIX]
    if release_file(version, STAGE, layout) in release.books:
        lists.append(books[1])
    model = {
        kind: shlex.quote(layout.path(layout.model, f"{kind}{label}.sql")) for kind in (layout.schema, layout.metadata)
    }
    link = shlex.quote(layout.path(layout.model, layout.schema_link))
    tag = layout.tag + label
    commands = (
        *_onto(progress, progress.production),
        f"git merge --no-ff --no-commit {tip}",
        f"cat {' '.join(lists)} > {listed}",
        f"git rm -q -f --ignore-unmatch {' '.join(books)}",
        f"echo '-- structure of {label}' > {model[layout.schema]}  # what your tools dump",
        f"echo '-- rows of {label}' > {model[layout.metadata]}  # likewise",
        f"ln -sfn {layout.schema}{label}.sql {link}",
        f"git add {listed} {' '.join(model.values())} {link}",
        f"git commit -m 'Promote {label} to production'",
        f"git tag -a -m 'Release {label}' {tag}",
        *_push(progress, layout.production, tag, f":{name}"),
        *([f"git branch -D {name}"] if release.branch.here else []),
    )
    return Step(f"promote {label} to production, once it is validated", commands)


# --- words of these commands


def _switch(progress: Progress, branch: Branch, first: bool) -> str:
    """The command that checks a branch out, "" where it is already."""
    if first and branch.name == progress.place.branch.name:
        return ""
    if branch.worktree and branch.name != progress.place.branch.name:
        return f"cd {shlex.quote(branch.worktree)}"
    return (
        f"git switch {branch.name}"
        if branch.here
        else f"git switch -c {branch.name} --track {progress.remote}/{branch.name}"
    )


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

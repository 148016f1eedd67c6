"""The commands of plain git in which the steps of the workflow are taken: pure functions over a `Progress`."""

from __future__ import annotations

import shlex

from halfhooks.ho.progress import Branch, Patch, Preparation, Progress
from halfhooks.layout import CANDIDATES, RC, STAGE
from halfhooks.names import release_file
from halfhooks.release import OPEN_HOTFIX
from halfhooks.version import Version


def tag_command(label: str, tag: str, commit: str) -> str:
    return f"git tag -a -m 'Release {label}' {tag} {commit}"


def drop(progress: Progress, name: str) -> list[str]:
    """The commands that delete a branch here, where there is one that is not checked out elsewhere."""
    known = [progress.place.branch, *progress.leftovers, *(release.branch for release in progress.releases)]
    branch = next((branch for branch in known if branch.name == name), None)
    if branch is None or not branch.here or branch.worktree not in ("", progress.top):
        return []
    away = [f"git switch {progress.layout.production}"] if name == progress.place.branch.name else []
    return [*away, f"git branch -D {name}"]


def start(progress: Progress, version: Version) -> tuple[str, ...]:
    remote, production = progress.remote, progress.layout.production
    name = progress.layout.release + str(version)
    if not remote:
        return (f"git switch -c {name} {production}",)
    return (f"git push {remote} {remote}/{production}:refs/heads/{name}", follow(progress, name))


def add(progress: Progress, release: Preparation, *work: str) -> tuple[str, ...]:
    """A new patch becomes a candidate, and gets a branch with that work."""
    patch = f"{progress.free_number}-some-words"
    folder, books = patch_folder(progress, patch), book(progress, release, CANDIDATES)
    branch = progress.layout.patch + patch
    return (
        *onto(progress, release.branch),
        append(patch, books),
        f"mkdir -p {folder}",
        f"echo '# What it is for' > {folder}/README.md",
        f"git add {books} {folder}",
        f"git commit -m 'Add {patch} to the candidates'",
        f"git switch -c {branch}",
        *work,
        *push(progress, release.branch.name, branch),
    )


def staging(progress: Progress, release: Preparation, patch: Patch, there: bool) -> list[str]:
    """A candidate becomes staged, and its branch goes, also on the remote if it is `there`."""
    candidates, stage = (book(progress, release, form) for form in (CANDIDATES, STAGE))
    name = progress.layout.patch + patch.id
    gone = [f":{name}"] if there else []
    return [
        f"sed -i.old '/^{patch.id}$/d' {candidates}",  # GNU's, BSD's and busybox's sed agree on this form only
        f"rm {candidates}.old",
        append(patch.id, stage),
        f"git add {candidates} {stage}",
        f"git commit -m 'Stage {patch.id}'",
        *push(progress, release.branch.name, *gone),
        *([f"git branch -D {name}"] if patch.branch.here and patch.branch.worktree in ("", progress.top) else []),
    ]


def promotion(progress: Progress, release: Preparation, merged: bool) -> tuple[str, ...]:
    """A promotion, or what it lacks when the release is `merged`. The list is read from the release, which stays."""
    layout, label = progress.layout, release.label
    name, version = release.branch.name, release.version
    tip = f"{progress.remote}/{name}" if release.branch.there and not release.branch.ahead else name
    listed = shlex.quote(layout.path(layout.releases, f"{label}.txt"))
    lists = [release_file(version, RC, layout, number) for number in release.rcs if release.status != OPEN_HOTFIX]
    if release_file(version, STAGE, layout) in release.books:
        lists.append(release_file(version, STAGE, layout))
    sources = [shlex.quote(f"{tip}:{layout.path(layout.releases, file)}") for file in lists]
    books = [book(progress, release, form) for form in (CANDIDATES, STAGE)]
    model = {
        kind: shlex.quote(layout.path(layout.model, f"{kind}{label}.sql")) for kind in (layout.schema, layout.metadata)
    }
    link = shlex.quote(layout.path(layout.model, layout.schema_link))
    tag = layout.tag + label
    return (
        *([] if merged else [*onto(progress, progress.production), f"git merge --no-ff --no-commit {tip}"]),
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
        *push(progress, layout.production, tag, *([f":{name}"] if release.branch.there else [])),
        *drop(progress, name)[-1:],
    )


def switch(progress: Progress, branch: Branch, first: bool) -> str:
    """The command that checks a branch out, "" where it is already."""
    if first and branch.name == progress.place.branch.name:
        return ""
    if branch.worktree and branch.name != progress.place.branch.name:
        return f"cd {shlex.quote(branch.worktree)}"
    return f"git switch {branch.name}" if branch.here else follow(progress, branch.name)


def follow(progress: Progress, name: str) -> str:
    """The command that checks out a branch of the remote; where it can be, one that can be repeated."""
    return f"git switch {name}" if progress.guess else f"git switch -c {name} --track {progress.remote}/{name}"


def append(line: str, file: str) -> str:
    """The command that ends a list with a line, unless that stands in it."""
    return f"grep -qsx {line} {file} || echo {line} >> {file}"


def onto(progress: Progress, branch: Branch) -> list[str]:
    """The commands that check a branch out, as the remote has it."""
    commands = [switch(progress, branch, first=True)]
    if branch.behind and not branch.ahead:
        commands.append(f"git merge --ff-only {progress.remote}/{branch.name}")
    return [command for command in commands if command]


def push(progress: Progress, *refs: str, track: bool = False) -> list[str]:
    """The push of some refs, all or none; nothing where there is no remote."""
    options = ("--atomic " if len(refs) > 1 else "") + ("-u " if track else "")
    return [f"git push {options}{progress.remote} {' '.join(refs)}"] if progress.remote else []


def book(progress: Progress, release: Preparation, form: str, number: int = 0) -> str:
    layout = progress.layout
    return shlex.quote(layout.path(layout.releases, release_file(release.version, form, layout, number)))


def patch_folder(progress: Progress, patch: str) -> str:
    return shlex.quote(progress.layout.path(progress.layout.patches, patch))

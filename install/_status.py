"""What guards a repository, and what weakens it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, NamedTuple, Optional

from install._payload import damage, is_ours
from install._programs import Refusal, find_git, find_interpreter
from install._repository import Entry, Repository, digest, read_or_none
from install._steps import HIDDEN, HOOK, WANTED, hides, means


class Weakness(NamedTuple):
    """Something through which a push could pass unjudged, or no push at all, and the command that mends it."""

    what: str
    mend: str


class Status(NamedTuple):
    """What `--status` says."""

    repository: str
    installed: bool
    version: Optional[str]
    interpreter: Optional[str]
    git: Optional[str]
    chained: bool
    settings: dict[str, list[str]]
    weaknesses: list[Weakness]
    notes: list[str]

    @property
    def code(self) -> int:
        """Of the process: 0 healthy, 1 weakened, 2 not installed."""
        return 2 if not self.installed else 1 if self.weaknesses else 0


def inspect(repository: Repository) -> Status:
    """Reads the repository, changes nothing."""
    try:
        state = repository.read_state()
        broken = []
    except Refusal as refusal:
        state, broken = {}, [Weakness(refusal.what, refusal.mend)]
    hook = read_or_none(repository.hook(HOOK))
    installed = bool(state.get("copy") or broken or (hook is not None and is_ours(hook)))
    entries = repository.entries("^(receive|transfer|core|halfhooks)[.]")
    weaknesses = [
        *broken,
        *(weak_hook(repository, state) if installed else []),
        *(weak_programs(state) if installed else []),
        *weak_settings(repository, entries),
        *weak_repository(repository),
    ]
    return Status(
        str(repository.path),
        installed,
        state.get("version"),
        state.get("interpreter"),
        state.get("git"),
        bool(state.get("chained")),
        {key: repository.local(key) for key in (*WANTED, "receive.hideRefs")},
        weaknesses,
        [f"the administrator's own: {entry.key} = {entry.value}" for entry in entries if entry.key[:9] == "halfhooks"],
    )


def weak_hook(repository: Repository, state: dict[str, Any]) -> list[Weakness]:
    """The hook and the copy of the core against what was installed."""
    again = f"install again: python3 install/server.py {repository.path}"
    hook, chained = repository.hook(HOOK), repository.chained(HOOK)
    found = []
    if hook.is_symlink():
        found.append(Weakness(f"'{hook}' is a symbolic link to '{hook.readlink()}'", f"rm {hook}, then {again}"))
    elif not hook.exists():
        found.append(Weakness(f"'{hook}' is gone: no push is judged", again))
    else:
        if digest(read_or_none(hook) or b"") != state.get("hook"):
            found.append(
                Weakness(f"'{hook}' was changed since it was installed", again + " (--chain keeps a foreign one)")
            )
        if not os.access(hook, os.X_OK):
            found.append(Weakness(f"'{hook}' has no run bit: git skips it silently", f"chmod +x {hook}"))
    copy = repository.folder / "lib" / str(state.get("copy"))
    bad = damage(copy, state.get("files", {}))
    if bad:
        found.append(Weakness(f"{len(bad)} files of the core in '{copy}' are missing or changed, as {bad[0]}", again))
    if state.get("chained") and not (chained.is_file() and os.access(chained, os.X_OK)):
        mend = f"chmod +x {chained}, or without it: {again}"
        found.append(Weakness(f"'{chained}' does not run: every push is refused", mend))
    return found


def weak_programs(state: dict[str, Any]) -> list[Weakness]:
    """The interpreter and git that the hook names."""
    found = []
    try:
        interpreter = find_interpreter(state.get("interpreter"))
        if state.get("tag") not in (None, interpreter.tag):
            what = f"the core is compiled for {state['tag']}, '{interpreter.path}' is {interpreter.tag} now: slow"
            found.append(Weakness(what, "install again, which compiles it anew"))
    except Refusal as refusal:
        found.append(Weakness(refusal.what, "install again with a working one: --python PATH"))
    try:
        find_git(state.get("git"))
    except Refusal as refusal:
        found.append(Weakness(refusal.what, "install again with a working one: --git PATH"))
    return found


def weak_settings(repository: Repository, entries: list[Entry]) -> list[Weakness]:
    """The configuration that is in force, whatever file it comes from."""
    config = f"git --git-dir={repository.path} config"
    last = {entry.key: entry for entry in entries}
    found = []
    for key, wanted in WANTED.items():
        entry = last.get(key.lower())
        if (entry is None and wanted == "true") or (entry is not None and not means(entry.value, wanted)):
            said = f"'{entry.value}' ({entry.origin})" if entry else "not set"
            found.append(Weakness(f"{key} is {said}", f"{config} {key} {wanted}"))
    if not hides([entry.value for entry in entries if entry.key in ("receive.hiderefs", "transfer.hiderefs")]):
        found.append(Weakness(f"{HIDDEN} can be pushed to", f"{config} --add receive.hideRefs {HIDDEN}"))
    for entry in entries:
        if entry.key.startswith("receive.fsck.") and entry.value != "error":
            found.append(Weakness(f"{entry.key} is '{entry.value}' ({entry.origin})", f"{config} --unset {entry.key}"))
        if entry.key in ("receive.procreceiverefs", "halfhooks.warn") and entry.value:
            what = "some updates take another way" if entry.key[0] == "r" else "these rules only warn"
            found.append(Weakness(f"{entry.key} is '{entry.value}': {what}", f"{config} --unset-all {entry.key}"))
    other = repository.hooks_path()
    if other is not None:
        what = f"core.hooksPath is '{other.value}' ({other.origin}): no push is judged"
        found.append(Weakness(what, f"{config} core.hooksPath hooks"))
    return found


def weak_repository(repository: Repository) -> list[Weakness]:
    """Its files: who else may change them, and what it takes from elsewhere."""
    found = []
    hook = repository.hook(HOOK)
    for path in (repository.path, repository.config, repository.hooks, hook, repository.folder / "lib"):
        if path.exists() and writable_by_others(path):
            who = "everybody" if path.stat().st_mode & stat.S_IWOTH else "its group"
            found.append(Weakness(f"'{path}' can be written by {who}, with a shell account", f"chmod go-w {path}"))
    for path in (repository.hooks, repository.folder, repository.config):
        if path.is_symlink():
            found.append(
                Weakness(f"'{path}' is a symbolic link to '{path.readlink()}'", "put the real thing in its place")
            )
    if (repository.path / "objects" / "info" / "alternates").exists():
        what = "objects are borrowed from another repository (objects/info/alternates), which may drop them"
        found.append(Weakness(what, f"git --git-dir={repository.path} repack -a -d, then remove that file"))
    if repository.run("for-each-ref", "--count=1", "--format=%(refname)", HIDDEN):
        what = f"there are refs below {HIDDEN}: people see other objects than the hook judges"
        found.append(Weakness(what, f"git --git-dir={repository.path} replace -l, and delete them: git replace -d ID"))
    return found


def writable_by_others(path: Path) -> bool:
    return not path.is_symlink() and bool(path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH))

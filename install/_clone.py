"""The clone of a developer: where it keeps its hooks, and whether that place is its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NamedTuple, Optional

from install._payload import CLIENT_HOOKS
from install._programs import Git, Refusal, clean_environment
from install._repository import CLIENT_RECORD, FOLDER, Entry, Repository

FOLLOW = "--follow-hooks-path"
OWN_SCOPES = ("local", "worktree")


class Clone(NamedTuple):
    """A working tree, the repository that it shares with its linked trees, and where git looks for hooks."""

    top: Path
    common: Path
    hooks: Path
    entry: Optional[Entry]  # the core.hooksPath that is in force

    @property
    def own(self) -> bool:
        """Whether the hooks lie where only this repository has them, out of sight of its commits."""
        return self.hooks == self.common / "hooks" or self.common in self.hooks.parents

    @property
    def shared(self) -> bool:
        """Whether other repositories of this user or machine run the same hooks."""
        return not self.own and self.entry is not None and self.entry.scope not in OWN_SCOPES

    @property
    def in_tree(self) -> bool:
        """Whether the hooks lie in the working tree, as files that are or could be committed."""
        return not self.own and (self.top == self.hooks or self.top in self.hooks.parents)

    @property
    def husky(self) -> bool:
        """Whether husky writes that folder; it does so again at each `npm install`."""
        return self.hooks.name == "_" and any((self.hooks / name).exists() for name in ("h", "husky.sh"))

    @property
    def scripts(self) -> Path:
        """Where people write their hooks when a tool leads git there."""
        return self.hooks.parent if self.husky else self.hooks

    def show(self, path: Path) -> str:
        """A path for people: relative to the working tree when it lies there."""
        return str(path.relative_to(self.top)) if self.top in path.parents else str(path)


def find_clone(given: str, git: Git) -> Clone:
    """The clone that a folder belongs to, itself or any folder above; refused where there is none, or a bare one."""
    folder = Path(given)
    if not folder.is_dir():
        raise Refusal(
            f"there is no folder '{given}'",
            "the hooks are installed into the clone that you work in",
            "name the folder of a clone, or go there and leave it out",
        )
    bare = _ask(folder, git, "rev-parse", "--is-bare-repository")
    if bare is None:
        raise Refusal(
            f"'{folder.absolute()}' does not belong to a git repository",
            "the hooks are installed into the clone that you work in",
            f"see what git says: git -C {folder.absolute()} status (or make a clone: git clone URL)",
        )
    if bare == "true":
        raise Refusal(
            f"'{folder.absolute()}' is a bare repository",
            "nobody commits there; what is pushed to it is judged by another hook",
            f"ho install server {folder.absolute()}",
        )
    paths = ("--show-toplevel", "--git-common-dir", "--git-path")
    found = [_ask(folder, git, "rev-parse", "--path-format=absolute", path, *_named(path)) for path in paths]
    if None in found:
        raise Refusal(
            f"'{folder.absolute()}' is inside a git directory",
            "the hooks belong to a repository with its working tree",
            "name the folder of the working tree",
        )
    top, common, hooks = (Path(str(path)).resolve() for path in found)
    usual = common / "hooks"  # by this name even where it is a link, which is refused elsewhere
    return Clone(top, common, usual if hooks == usual.resolve() else hooks, _entry(top, git))


def repository_of(clone: Clone, git: Git) -> Repository:
    """Where the hooks are now, or are to be. The core goes with hooks that many repositories share."""
    beside = clone.hooks / FOLDER if clone.shared else None
    return Repository(clone.common, git, CLIENT_RECORD, clone.hooks, beside)


def installed_in(clone: Clone, git: Git) -> Repository:
    """Where the hooks were put, even when core.hooksPath has led elsewhere since."""
    own = Repository(clone.common, git, CLIENT_RECORD)
    try:
        place = own.read_state().get("place")
    except Refusal:  # told by whoever reads it next
        return own
    if place is not None:
        return Repository(clone.common, git, CLIENT_RECORD, clone.common / place)
    return repository_of(clone, git) if clone.own or clone.shared else own


def place(repository: Repository) -> str:
    """What the record says of where the hooks are: a path that stays right when the repository is moved."""
    if repository.path in repository.hooks.parents:
        return str(repository.hooks.relative_to(repository.path))
    return str(repository.hooks)


def refuse_place(clone: Clone, follow: bool) -> None:
    """Refuses to write where others would run or commit what is written, unless that was asked for."""
    if clone.entry is None or clone.own:
        return
    said = f"core.hooksPath is '{clone.entry.value}' ({clone.entry.scope}, {clone.entry.origin})"
    if clone.husky:
        raise Refusal(
            f"{said}: the hooks are husky's",
            "husky writes that folder anew at each install, and runs the scripts beside it",
            lines_to_add(clone),
        )
    if follow:
        return
    if clone.in_tree:
        raise Refusal(
            f"{said}: a folder of the working tree",
            "what lies there is meant for everybody, and these hooks name programs of this machine",
            f"{lines_to_add(clone)}\n        or write them there all the same: {FOLLOW}",
        )
    if clone.shared:
        raise Refusal(
            f"{said}",
            "all your repositories run the hooks there, also those that have nothing to do with halfhooks",
            f"give this one its own: git -C {clone.top} config core.hooksPath {clone.common / 'hooks'}\n"
            f"        or write them there all the same: {FOLLOW}",
        )


def lines_to_add(clone: Clone) -> str:
    """What to write into the scripts of people, so that they run our hooks."""
    folder = clone.show(clone.scripts)
    lines = [f"          {f'{folder}/{hook}':{len(folder) + 17}}  {call(hook)}" for hook in CLIENT_HOOKS]
    return "\n".join(["add a line to these scripts instead:", *lines])


def call(hook: str) -> str:
    """The line of a script that runs one of our hooks."""
    return f'ho hook {hook} "$@"'


def _entry(top: Path, git: Git) -> Optional[Entry]:
    said = _ask(top, git, "config", "--null", "--show-scope", "--show-origin", "--get", "core.hooksPath")
    if said is None:
        return None
    scope, origin, value, *_ = said.split("\0")
    return Entry(scope, origin, "core.hookspath", value)


def _named(option: str) -> list[str]:
    return ["hooks"] if option == "--git-path" else []


def _ask(folder: Path, git: Git, *question: str) -> Optional[str]:
    """What git answers in a folder, or None when it fails."""
    done = subprocess.run(
        [git.path, "-C", str(folder), *question], env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True
    )
    return None if done.returncode else os.fsdecode(done.stdout).rstrip("\n")

"""The steps that both installers take: the core copied, a hook of somebody else kept, ours written, all of it removed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

from install._payload import Sources, damage, install_copy, other_copies, remove_copies
from install._programs import Interpreter
from install._repository import Action, Repository, Step, read_or_none


class Wish(NamedTuple):
    """What the repository should be guarded with."""

    sources: Sources
    interpreter: Interpreter
    chain: bool


class Core(NamedTuple):
    """The copy of the core that a repository should have: its name, those to keep, its files once they are written."""

    name: str
    keep: list[str]
    files: dict[str, str]
    steps: list[Step]


def plan_core(repository: Repository, wish: Wish, state: dict[str, Any]) -> Core:
    """The copy, and the step that makes it where it is missing or damaged."""
    name = wish.sources.name(wish.interpreter)
    files = state.get("files", {}) if state.get("copy") == name else {}
    keep = [name, *([state["copy"]] if state.get("copy") not in (None, name) else state.get("kept", []))]
    core = Core(name, keep, dict(files), [])
    if not files or damage(repository.folder / "lib" / name, files):

        def copy() -> None:
            core.files.update(install_copy(repository, wish.sources, wish.interpreter))

        python = f"{wish.interpreter.path}, Python {wish.interpreter.number}"
        core.steps.append(Step(f"copy the core to halfhooks/lib/{name}, compiled by {python}", copy))
    return core


def plan_removal(repository: Repository, core: Core) -> list[Step]:
    """Of the copies that no hook of ours names any more."""
    if not other_copies(repository, core.keep):
        return []
    return [Step("remove the copies of older versions", lambda: remove_copies(repository, core.keep))]


def facts(repository: Repository, wish: Wish, core: Core) -> dict[str, Any]:
    """What every installer writes down."""
    return {
        "version": wish.sources.version,
        "copy": core.name,
        "kept": core.keep[1:],
        "interpreter": wish.interpreter.path,
        "tag": wish.interpreter.tag,
        "git": repository.git.path,
    }


def make_folders(repository: Repository) -> list[str]:
    """Makes the folder of the hooks and that of halfhooks where they are missing; the names of those that it made."""
    made = [folder for folder in (repository.hooks, repository.folder) if not folder.exists()]
    for folder in made:
        repository.make_folder(folder)
    return [folder.name for folder in made]


def keeper(hook: Path, chained: Path) -> Action:
    """Keeps a hook of somebody else under another name."""

    def keep() -> None:
        # a second name first, so that there is no moment without a hook
        try:
            os.link(hook, chained, follow_symlinks=False)
        except (OSError, NotImplementedError):
            hook.rename(chained)

    return keep


def needs_writing(hook: Path, text: bytes) -> bool:
    return read_or_none(hook) != text or not os.access(hook, os.X_OK)


def write_hook(repository: Repository, hook: Path, text: bytes) -> None:
    if not repository.hooks.exists():
        repository.make_folder(repository.hooks)
    repository.write(hook, text, repository.folder_mode)


def move(path: Path, target: Path) -> None:
    path.replace(target)


def remove_folder(repository: Repository, made: list[Path], names: list[str]) -> None:
    """Removes what is ours below halfhooks/, and the folders that the installer made when nothing else is in them."""
    remove_copies(repository, [])
    for name in names:
        (repository.folder / name).unlink(missing_ok=True)
    for folder in (repository.folder / "lib", repository.folder, *made):
        remove_if_empty(folder)


def remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        pass

"""What has to be done: a list of steps, found by comparing what should be with what is. No step, nothing to do."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple, Optional

from install._payload import Sources, damage, hook_text, install_copy, is_ours, other_copies, remove_copies
from install._programs import Interpreter, Refusal
from install._repository import Repository, Step, digest, read_or_none

HIDDEN = "refs/replace"
KEYS = ("receive.fsckObjects", "receive.shallowUpdate", "receive.hideRefs")
WANTED = {"receive.fsckObjects": "true", "receive.shallowUpdate": "false"}
TRUE = ("true", "yes", "on", "1")
FALSE = ("false", "no", "off", "0", "")


class Wish(NamedTuple):
    """What the repository should be guarded with."""

    sources: Sources
    interpreter: Interpreter
    chain: bool


def means(value: str, wanted: str) -> bool:
    """Whether a boolean of git's configuration is the wanted one."""
    return value.lower() in (TRUE if wanted == "true" else FALSE)


def hides(values: list[str]) -> bool:
    """Whether a list of hideRefs values hides refs/replace; the last one that speaks of it counts (git-config(1))."""
    for value in reversed(values):
        shown, name = value.startswith("!"), value.lstrip("!").lstrip("^").rstrip("/")
        if name == HIDDEN or HIDDEN.startswith(name + "/"):
            return not shown
        if shown and name.startswith(HIDDEN + "/"):
            return False
    return False


def install_steps(repository: Repository, wish: Wish) -> list[Step]:
    """All that is missing; a Refusal when another hook is in the way."""
    state = repository.read_state()
    settings = missing_settings(repository)
    chain = needs_chain(repository, wish, state)
    chained = chain or bool(state.get("chained") and os.path.lexists(repository.chained))
    name = wish.sources.name(wish.interpreter)
    text = hook_text(wish.sources, wish.interpreter, repository.git.path, chained)
    files = state.get("files", {}) if state.get("copy") == name else {}
    keep = [name, *([state["copy"]] if state.get("copy") not in (None, name) else state.get("kept", []))]
    written: dict[str, str] = dict(files)
    untouched = not state or state.get("config_after") == digest(repository.config.read_bytes())
    steps = []

    if not state:
        steps.append(Step("remember the settings that are changed, for --uninstall", lambda: remember(repository)))
    if not files or damage(repository.folder / "lib" / name, files):

        def copy() -> None:
            written.update(install_copy(repository, wish.sources, wish.interpreter))

        python = f"{wish.interpreter.path}, Python {wish.interpreter.number}"
        steps.append(Step(f"copy the core to halfhooks/lib/{name}, compiled by {python}", copy))
    steps += [Step(what(repository, key, values), setter(repository, key, values)) for key, values in settings.items()]
    if chain:
        steps.append(Step("keep the present pre-receive as pre-receive.chained, to run after ours", keeper(repository)))
    if read_or_none(repository.hook) != text or not os.access(repository.hook, os.X_OK):
        steps.append(Step("write hooks/pre-receive", lambda: write_hook(repository, text)))
    if steps and other_copies(repository, keep):
        steps.append(Step("remove the copies of older versions", lambda: remove_copies(repository, keep)))
    facts: dict[str, Any] = {
        "version": wish.sources.version,
        "copy": name,
        "kept": keep[1:],
        "interpreter": wish.interpreter.path,
        "tag": wish.interpreter.tag,
        "git": repository.git.path,
        "hook": digest(text),
        "chained": chained,
    }

    def finish() -> None:
        done = repository.read_state()
        done.update(facts, files=written)
        if settings and untouched:
            done["config_after"] = digest(repository.config.read_bytes())
        elif settings:
            done["config_before"] = None  # somebody changed it in between: key by key then
        repository.write_state(done)

    if steps or any(state.get(key) != value for key, value in facts.items()):
        steps.append(Step("note what was installed in halfhooks/state.json", finish))
    return steps


def missing_settings(repository: Repository) -> dict[str, list[str]]:
    """The keys of this repository's configuration that have to change, with all their new values."""
    change = {}
    for key in KEYS:
        present = repository.local(key)
        if key in WANTED:
            if not present or not means(present[-1], WANTED[key]):
                change[key] = [WANTED[key]]
        elif not hides(present):
            change[key] = [*present, HIDDEN]
    return change


def needs_chain(repository: Repository, wish: Wish, state: dict[str, Any]) -> bool:
    """Whether a hook of somebody else has to be kept and run after ours; a Refusal when that was not asked for."""
    if not os.path.lexists(repository.hook):
        return False
    present = read_or_none(repository.hook)
    if present is not None and (is_ours(present) or digest(present) == state.get("hook")):
        return False
    if not wish.chain:
        raise Refusal(
            f"'{repository.hook}' exists and is not from halfhooks",
            "git runs one pre-receive only; replacing it would switch off what it does",
            "run both, ours first: --chain",
        )
    if not repository.hook.is_file() or not os.access(repository.hook, os.X_OK):
        raise Refusal(
            f"'{repository.hook}' is not a program that can be run",
            "git ignores it silently today, and chained it would refuse every push",
            f"remove it, or make it run: chmod +x {repository.hook}",
        )
    if os.path.lexists(repository.chained):
        raise Refusal(
            f"'{repository.chained}' exists already",
            "the present pre-receive is kept under that name",
            f"move it away: mv {repository.chained} {repository.chained}.old",
        )
    return True


def what(repository: Repository, key: str, values: list[str]) -> str:
    """A change of the configuration in words."""
    before = repository.local(key)
    if key in WANTED:
        return f"set {key} = {values[-1]} (was {', '.join(before) or 'not set'})"
    return f"add {key} = {values[-1]}"


def setter(repository: Repository, key: str, values: list[str]) -> Any:
    return lambda: repository.set_local(key, values)


def remember(repository: Repository) -> None:
    """Writes down everything that --uninstall needs, before anything is changed."""
    made = [folder.name for folder in (repository.hooks, repository.folder) if not folder.exists()]
    for name in made:
        repository.make_folder(repository.path / name)
    before = repository.config.read_bytes()
    settings = {key: repository.local(key) for key in KEYS}
    repository.write_state(
        {"settings": settings, "made": made, "config_before": before.decode("utf-8", "surrogateescape")}
    )


def keeper(repository: Repository) -> Any:
    def keep() -> None:
        # a second name first, so that there is no moment without a hook
        try:
            os.link(repository.hook, repository.chained, follow_symlinks=False)
        except (OSError, NotImplementedError):
            repository.hook.rename(repository.chained)

    return keep


def write_hook(repository: Repository, text: bytes) -> None:
    if not repository.hooks.exists():
        repository.make_folder(repository.hooks)
    repository.write(repository.hook, text, repository.folder_mode)


def uninstall_steps(repository: Repository) -> list[Step]:
    """All that leads back to how the repository was; a Refusal when halfhooks never was there."""
    state = repository.read_state()
    present = read_or_none(repository.hook)
    ours = present is not None and (is_ours(present) or digest(present) == state.get("hook"))
    if not state and not ours:
        raise Refusal(
            f"halfhooks is not installed in '{repository.path}'",
            "there is nothing that could be restored",
            f"see what is there: --status {repository.path}",
        )
    steps = []
    if os.path.lexists(repository.hook) and not ours:
        steps.append(Step("leave hooks/pre-receive as it is: it is not ours", lambda: None))
    elif state.get("chained") and os.path.lexists(repository.chained):
        restore = "put pre-receive.chained back as hooks/pre-receive"
        steps.append(Step(restore, lambda: move(repository.chained, repository.hook)))
    elif ours:
        steps.append(Step("remove hooks/pre-receive", repository.hook.unlink))
    steps += restore_settings(repository, state)
    steps.append(Step("remove the copies of the core and the state", lambda: remove_folder(repository, state)))
    return steps


def move(path: Path, target: Path) -> None:
    path.replace(target)


def restore_settings(repository: Repository, state: dict[str, Any]) -> list[Step]:
    """Byte by byte when nobody changed the configuration since, else key by key, leaving what others changed."""
    if not state:
        return [Step("leave the settings as they are: what they were is not known", lambda: None)]
    before: Optional[str] = state.get("config_before")
    if before is not None and digest(repository.config.read_bytes()) == state.get("config_after"):
        mode = repository.config.stat().st_mode & 0o777
        content = before.encode("utf-8", "surrogateescape")
        return [Step("restore config as it was", lambda: repository.write(repository.config, content, mode))]
    steps = []
    for key, old in state["settings"].items():
        present = repository.local(key)
        if present == old:
            continue
        if key not in WANTED:
            rest = [value for value in present if value != HIDDEN] if HIDDEN not in old else present
            if rest != present:
                steps.append(Step(f"remove {key} = {HIDDEN}", setter(repository, key, rest)))
        elif present == [WANTED[key]]:
            steps.append(Step(f"set {key} back to {', '.join(old) or 'nothing'}", setter(repository, key, old)))
        else:
            steps.append(Step(f"leave {key} = {', '.join(present) or 'nothing'}: it was changed since", lambda: None))
    return steps


def remove_folder(repository: Repository, state: dict[str, Any]) -> None:
    """Removes what is ours below halfhooks/, and the folders that the installer made when nothing else is in them."""
    if (repository.folder / "lib").exists():
        shutil.rmtree(repository.folder / "lib")
    for name in ("lock", "lease", "state.json"):
        (repository.folder / name).unlink(missing_ok=True)
    for folder in (repository.folder, *(repository.path / name for name in state.get("made", []))):
        remove_if_empty(folder)


def remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        pass

"""What has to be done: a list of steps, found by comparing what should be with what is. No step, nothing to do."""

from __future__ import annotations

import os
from typing import Any, Optional

from install._payload import hook_text, is_ours
from install._plan import (
    Wish,
    facts,
    keeper,
    make_folders,
    move,
    needs_writing,
    plan_core,
    plan_removal,
    remove_folder,
    write_hook,
)
from install._programs import Refusal
from install._repository import Repository, Step, digest, read_or_none

HOOK = "pre-receive"
HIDDEN = "refs/replace"
KEYS = ("receive.fsckObjects", "receive.shallowUpdate", "receive.hideRefs")
WANTED = {"receive.fsckObjects": "true", "receive.shallowUpdate": "false"}
TRUE = ("true", "yes", "on", "1")
FALSE = ("false", "no", "off", "0", "")


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
    hook, chained_hook = repository.hook(HOOK), repository.chained(HOOK)
    chain = needs_chain(repository, wish, state)
    chained = chain or bool(state.get("chained") and os.path.lexists(chained_hook))
    core = plan_core(repository, wish, state)
    text = hook_text(wish.sources, HOOK, repository, wish.interpreter, chained)
    untouched = not state or state.get("config_after") == digest(repository.config.read_bytes())
    steps = []

    if not state:
        steps.append(Step("remember the settings that are changed, for --uninstall", lambda: remember(repository)))
    steps += core.steps
    steps += [Step(what(repository, key, values), setter(repository, key, values)) for key, values in settings.items()]
    if chain:
        aside = "keep the present pre-receive as pre-receive.chained, to run after ours"
        steps.append(Step(aside, keeper(hook, chained_hook)))
    if needs_writing(hook, text):
        steps.append(Step("write hooks/pre-receive", lambda: write_hook(repository, hook, text)))
    if steps:
        steps += plan_removal(repository, core)
    known = {**facts(repository, wish, core), "hook": digest(text), "chained": chained}

    def finish() -> None:
        done = repository.read_state()
        done.update(known, files=core.files)
        if settings and untouched:
            done["config_after"] = digest(repository.config.read_bytes())
        elif settings:
            done["config_before"] = None  # somebody changed it in between: key by key then
        repository.write_state(done)

    if steps or any(state.get(key) != value for key, value in known.items()):
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
    hook, chained = repository.hook(HOOK), repository.chained(HOOK)
    if not os.path.lexists(hook):
        return False
    present = read_or_none(hook)
    if present is not None and (is_ours(present) or digest(present) == state.get("hook")):
        return False
    if not wish.chain:
        raise Refusal(
            f"'{hook}' exists and is not from halfhooks",
            "git runs one pre-receive only; replacing it would switch off what it does",
            "run both, ours first: --chain",
        )
    if not hook.is_file() or not os.access(hook, os.X_OK):
        raise Refusal(
            f"'{hook}' is not a program that can be run",
            "git ignores it silently today, and chained it would refuse every push",
            f"remove it, or make it run: chmod +x {hook}",
        )
    if os.path.lexists(chained):
        raise Refusal(
            f"'{chained}' exists already",
            "the present pre-receive is kept under that name",
            f"move it away: mv {chained} {chained}.old",
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
    made = make_folders(repository)
    before = repository.config.read_bytes()
    settings = {key: repository.local(key) for key in KEYS}
    repository.write_state(
        {"settings": settings, "made": made, "config_before": before.decode("utf-8", "surrogateescape")}
    )


def uninstall_steps(repository: Repository) -> list[Step]:
    """All that leads back to how the repository was; a Refusal when halfhooks never was there."""
    state = repository.read_state()
    hook, chained = repository.hook(HOOK), repository.chained(HOOK)
    present = read_or_none(hook)
    ours = present is not None and (is_ours(present) or digest(present) == state.get("hook"))
    if not state and not ours:
        raise Refusal(
            f"halfhooks is not installed in '{repository.path}'",
            "there is nothing that could be restored",
            f"see what is there: --status {repository.path}",
        )
    steps = []
    if os.path.lexists(hook) and not ours:
        steps.append(Step("leave hooks/pre-receive as it is: it is not ours", lambda: None))
    elif state.get("chained") and os.path.lexists(chained):
        restore = "put pre-receive.chained back as hooks/pre-receive"
        steps.append(Step(restore, lambda: move(chained, hook)))
    elif ours:
        steps.append(Step("remove hooks/pre-receive", hook.unlink))
    steps += restore_settings(repository, state)
    made = [repository.path / name for name in state.get("made", [])]
    removal = "remove the copies of the core and the state"
    steps.append(Step(removal, lambda: remove_folder(repository, made, ["lock", "lease", "policy", "state.json"])))
    return steps


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

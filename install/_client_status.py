"""Which of our hooks a clone runs, and what keeps git from running the others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple, Optional

from install._client_steps import Slot, is_chained, is_framework, slots
from install._clone import Clone, call, lines_to_add
from install._payload import CLIENT_HOOKS, Sources, damage
from install._programs import Refusal
from install._repository import Repository, digest, read_or_none
from install._status import Weakness, weak_programs

AGAIN = "install again: ho install client"


class Status(NamedTuple):
    """What `--status` says."""

    clone: str
    installed: bool
    version: Optional[str]
    interpreter: Optional[str]
    git: Optional[str]
    folder: str
    hooks: dict[str, str]
    weaknesses: list[Weakness]
    notes: list[str]

    @property
    def code(self) -> int:
        """Of the process: 0 healthy, 1 weakened, 2 not installed."""
        return 2 if not self.installed else 1 if self.weaknesses else 0


def inspect(clone: Clone, repository: Repository, sources: Sources) -> Status:
    """Reads the clone, changes nothing."""
    try:
        state = repository.read_state()
        broken = []
    except Refusal as refusal:
        state, broken = {}, [Weakness(refusal.what, refusal.mend)]
    present = slots(repository)
    installed = bool(state.get("copy") or broken or any(each.installed for each in present))
    weaknesses = [*broken]
    if installed:
        for each in present:
            weaknesses += weak_hook(clone, each, state)
        weaknesses += [*weak_core(repository, state), *weak_programs(state)]
    elsewhere = weak_place(clone, repository)
    return Status(
        str(clone.top),
        installed,
        state.get("version"),
        state.get("interpreter"),
        state.get("git"),
        str(repository.hooks),
        {each.name: how(each, state) for each in present},
        weaknesses + (elsewhere if installed else []),
        notes(clone, state, sources) + ([] if installed else [weakness.what for weakness in elsewhere]),
    )


def how(slot: Slot, state: dict[str, Any]) -> str:
    """What git runs as this hook, in words."""
    other = "the pre-commit framework" if slot.framework else ""
    if not slot.installed:
        return other or ("somebody else's" if slot.foreign else "none")
    after = [slot.chained.name] if is_chained(slot, state) else []
    return ", then ".join(["ours", *after, *([other] if other else [])])


def weak_hook(clone: Clone, slot: Slot, state: dict[str, Any]) -> list[Weakness]:
    """One hook against what was installed."""
    if slot.framework and not slot.installed:
        return weak_framework(clone, slot)
    if not slot.installed:
        what = "is not ours" if slot.foreign else "is gone"
        return [
            Weakness(f"'{slot.ours}' {what}: halfhooks does not run as {slot.name}", f"{AGAIN} (it keeps the other)")
        ]
    found = []
    if digest(read_or_none(slot.ours) or b"") != state.get("hooks", {}).get(slot.name):
        found.append(Weakness(f"'{slot.ours}' was changed since it was installed", AGAIN))
    if not os.access(slot.ours, os.X_OK):
        found.append(Weakness(f"'{slot.ours}' has no run bit: git passes it over", f"chmod +x {slot.ours}"))
    if slot.name in state.get("chained", []) and not (slot.chained.is_file() and os.access(slot.chained, os.X_OK)):
        mend = f"chmod +x {slot.chained}, or without it: {AGAIN}"
        found.append(Weakness(f"'{slot.chained}' is not there or has no run bit: it is passed over", mend))
    return found


def weak_framework(clone: Clone, slot: Slot) -> list[Weakness]:
    """Where the framework's script is all that git runs, it depends on the framework's configuration."""
    hook = slot.ours.with_name(slot.name)
    configured = b"halfhooks" in (read_or_none(clone.top / ".pre-commit-config.yaml") or b"")
    if not configured:
        what = f"'{hook}' is the pre-commit framework's, whose configuration names nothing of halfhooks"
        return [Weakness(what, AGAIN)]
    if slot.name == "pre-push":
        what = f"'{hook}' is the pre-commit framework's, which shows a hook the first pushed ref only"
        return [Weakness(what, AGAIN)]
    return []


def weak_core(repository: Repository, state: dict[str, Any]) -> list[Weakness]:
    """The copy of the core."""
    copy = repository.folder / "lib" / str(state.get("copy"))
    bad = damage(copy, state.get("files", {}))
    if not bad:
        return []
    return [Weakness(f"{len(bad)} files of the core in '{copy}' are missing or changed, as {bad[0]}", AGAIN)]


def weak_place(clone: Clone, repository: Repository) -> list[Weakness]:
    """core.hooksPath that leads git to another folder than ours, and which of the scripts there do not call ours."""
    if clone.hooks == repository.hooks or clone.entry is None:
        return []
    silent = [hook for hook in CLIENT_HOOKS if not calls_ours(clone.scripts, hook)]
    if not silent:
        return []
    said = f"core.hooksPath is '{clone.entry.value}' ({clone.entry.scope}, {clone.entry.origin})"
    if len(silent) < len(CLIENT_HOOKS):
        return [Weakness(f"{said}, and nothing there runs ours as {', '.join(silent)}", lines_to_add(clone))]
    unset = f"git -C {clone.top} config --unset core.hooksPath" if clone.entry.scope == "local" else ""
    own = unset or f"git -C {clone.top} config core.hooksPath {clone.common / 'hooks'}"
    return [Weakness(f"{said}: git runs the hooks there, and none of ours", f"{own}, or {lines_to_add(clone)}")]


def calls_ours(folder: Path, hook: str) -> bool:
    """Whether a script of somebody else runs one of our hooks."""
    said = read_or_none(folder / hook) or b""
    return call(hook).encode().partition(b' "')[0] in said


def notes(clone: Clone, state: dict[str, Any], sources: Sources) -> list[str]:
    """What is good to know and weakens nothing."""
    found = []
    if state.get("copy") and not str(state["copy"]).startswith(f"{sources.version}-"):
        found.append(f"this is halfhooks {sources.version}, the hooks are of {state.get('version')}: {AGAIN}")
    through = [hook for hook in CLIENT_HOOKS if calls_ours(clone.scripts, hook)]
    if through and not clone.own:
        found.append(f"scripts in {clone.show(clone.scripts)} run ours as {', '.join(through)}")
    if is_framework(clone.hooks / "pre-commit") and not (clone.top / ".pre-commit-config.yaml").exists():
        found.append("the pre-commit framework's hooks refuse every commit here: there is no .pre-commit-config.yaml")
    return found

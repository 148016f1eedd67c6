"""How an offence is declared, and what it may be done to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple

from tests.walks.history import LINK, PROGRAM, Commit, Moves
from tests.walks.moves.integration import ready
from tests.walks.project import Patch, Project, Release


class Offence(NamedTuple):
    """Something that must not be done."""

    subjects: Callable[[Project], list[Any]]
    push: Callable[[Project, Random, Any], Moves]
    weight: int
    """How often it is chosen, beside the others that can be done."""


OFFENCES: dict[str, Offence] = {}


def offence(subjects: Callable[[Project], list[Any]], weight: int = 1) -> Callable[..., Any]:
    """An offence against these subjects."""

    def register(push: Callable[[Project, Random, Any], Moves]) -> Callable[[Project, Random, Any], Moves]:
        OFFENCES[push.__name__] = Offence(subjects, push, weight)
        return push

    return register


def always(project: Project) -> list[None]:
    return [None]


def open_releases(project: Project) -> list[Release]:
    return project.open_releases()


def in_preparation(project: Project) -> list[Release]:
    return project.in_preparation()


def patches_branches(project: Project) -> list[Patch]:
    return project.working()


def unintegrated(project: Project) -> list[Patch]:
    return [patch for patch in ready(project) if not patch.entered]


def integrated(project: Project) -> list[Patch]:
    """The candidates whose work is in their release; of code alone, without a branch, nobody could tell any more."""
    return [
        patch
        for patch in project.candidates()
        if patch.integrated and patch.home
        if patch.tip or patch.home.tip.below(patch.folder).keys() - {f"{patch.folder}README.md"}
    ]


def fixed(commit: Commit) -> list[str]:
    """The release files and the model that nobody may change."""
    lists = [p for p in commit.below("releases/") if not p.endswith(("-candidates.txt", "-stage.txt", "README.md"))]
    return sorted(lists + [path for path in commit.below("model/") if path != "model/schema.sql"])


def spoil(random: Random, commit: Commit, path: str) -> Mapping[str, Any]:
    """Some way to change a file that must stay."""
    mode, text = commit.files[path]
    ways: list[Mapping[str, Any]] = [
        {path: None},
        {path: (mode, text + "-- more\n")},
        {path: (PROGRAM, text)},
        {path: (LINK, "elsewhere")},
        {path: None, f"{path}.old": (mode, text)},
    ]
    return random.choice(ways)

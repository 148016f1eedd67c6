"""Edits the two lists of a release, candidates and stage. Comments and empty lines stay where they are."""

from __future__ import annotations

from collections.abc import Sequence

from halfhooks.layout import CANDIDATES, STAGE, Layout
from halfhooks.names import is_patch_id, release_file
from halfhooks.release import Project, Release
from halfhooks.snapshot import entry_at, is_file
from halfhooks.version import Version


def with_patch(text: str, patch: str, before: str = "") -> str:
    """A list with one patch more: at its end, or before another one. ValueError where that one is not in it."""
    lines = _lines(text)
    place = lines.index(before) if before else len(lines)
    return _joined([*lines[:place], patch, *lines[place:]])


def without_patch(text: str, patch: str) -> str:
    """A list without a patch."""
    return _joined([line for line in _lines(text) if line != patch])


def reordered(text: str, first: Sequence[str]) -> str:
    """A list whose patches begin with `first`, in that order; the others follow as they were."""
    lines = _lines(text)
    listed = [line for line in lines if is_patch_id(line)]
    order = iter([*first, *(patch for patch in listed if patch not in first)])
    return _joined([next(order) if is_patch_id(line) else line for line in lines])


def _lines(text: str) -> list[str]:
    """The lines of a list; what other characters `splitlines` takes for an end may stand in a comment."""
    return text.removesuffix("\n").split("\n") if text else []


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def candidates_path(version: Version, layout: Layout) -> str:
    """Where the candidates of a release are listed."""
    return layout.path(layout.releases, release_file(version, CANDIDATES, layout))


def stage_path(version: Version, layout: Layout) -> str:
    """Where the staged patches of a release are listed."""
    return layout.path(layout.releases, release_file(version, STAGE, layout))


def read_text(project: Project, commit: str, path: str) -> str:
    """The text of a file of a commit, "" where there is none."""
    entry = entry_at(project.objects, commit, path)
    return project.objects.blob(entry.oid).decode("utf-8", "replace") if entry and is_file(entry) else ""


def candidates_text(project: Project, release: Release) -> str:
    """The list of candidates as it stands at the tip of a release."""
    return read_text(project, release.tip, candidates_path(release.version, project.layout))


def stage_text(project: Project, release: Release) -> str:
    """The stage as it stands at the tip of a release."""
    return read_text(project, release.tip, stage_path(release.version, project.layout))

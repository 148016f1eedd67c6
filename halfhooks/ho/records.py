"""Where validations are kept: a file for each tree, below the folder that all working trees of a repository share."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from halfhooks.ho.validation import Record, from_json, to_json

MOST = 200
"""Records that are kept; the oldest go first."""


class Records:
    """The records of a repository; `common_dir` is its git directory. A file that cannot be read is as if it were not."""

    def __init__(self, common_dir: str) -> None:
        self.folder = Path(common_dir, "halfhooks", "validations")

    def find(self, tree: str) -> Optional[Record]:
        """The record of a tree."""
        found = _read(self.folder / f"{tree}.json")
        return found if found and found.tree == tree else None

    def all(self) -> Iterator[Record]:
        """All records, the newest first."""
        for path in self._paths():
            found = _read(path)
            if found:
                yield found

    def save(self, record: Record) -> Path:
        """Keep a record, whole or not at all; its file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{record.tree}.json"
        descriptor, name = tempfile.mkstemp(dir=self.folder, suffix=".new")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(to_json(record))
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        self._prune()
        return path

    def _prune(self) -> None:
        old = [*self._paths()[MOST:], *self.folder.glob("*.new")]
        for path in old:
            with contextlib.suppress(OSError):
                if path.suffix != ".new" or path.stat().st_mtime < self._newest() - 3600:
                    path.unlink()

    def _newest(self) -> float:
        return max((_modified(path) for path in self.folder.glob("*.json")), default=0)

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("*.json"), key=_modified, reverse=True)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0


def _read(path: Path) -> Optional[Record]:
    try:
        return from_json(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None

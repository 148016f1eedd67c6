"""Trees of files as `halfhooks.ho.plan` reads them: the working tree, or a commit."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Optional

from halfhooks.snapshot import Entry, entry_at, folder_at, is_file, is_folder
from halfhooks.survey import CannotTell

if TYPE_CHECKING:
    from halfhooks.snapshot import Objects


class WorkingTree:
    """The files below a folder as they are now, whether git knows them or not.

    `CannotTell` where a folder that is looked into is a symbolic link: for git there are no files in it.
    """

    def __init__(self, top: str) -> None:
        self.top = top
        self._folders = {""}

    def names(self, folder: str) -> list[str]:
        """The names of the regular files directly in a folder, in the order of their bytes."""
        try:
            found = os.listdir(self._folder(folder))
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted((name for name in found if self._is_file(f"{folder}/{name}")), key=os.fsencode)

    def read(self, path: str) -> Optional[bytes]:
        """The content of a regular file, None where there is none."""
        if not self._is_file(path):
            return None
        with open(os.path.join(self.top, path), "rb") as file:
            return file.read()

    def has_folder(self, path: str) -> bool:
        """Whether there is a folder."""
        return os.path.isdir(self._folder(path))

    def _folder(self, path: str) -> str:
        """Where a folder is."""
        place = os.path.join(self.top, path)
        if path not in self._folders:
            self._folder(path.rpartition("/")[0])
            if os.path.islink(place):
                raise CannotTell(f"'{path}' is a symbolic link, which no release takes: ho explain HH409")
            self._folders.add(path)
        return place

    def _is_file(self, path: str) -> bool:
        self._folder(path.rpartition("/")[0])
        try:
            return stat.S_ISREG(os.lstat(os.path.join(self.top, path)).st_mode)
        except OSError:
            return False


class CommitTree:
    """The files of a commit."""

    def __init__(self, objects: Objects, commit: str) -> None:
        self._objects = objects
        self._commit = commit

    def names(self, folder: str) -> list[str]:
        """The names of the regular files directly in a folder, in the order of their bytes."""
        entries = folder_at(self._objects, self._commit, folder).items()
        return sorted((name for name, entry in entries if is_file(entry)), key=os.fsencode)

    def read(self, path: str) -> Optional[bytes]:
        """The content of a regular file, None where there is none."""
        entry = self._entry(path)
        return self._objects.blob(entry.oid) if entry and is_file(entry) else None

    def has_folder(self, path: str) -> bool:
        """Whether there is a folder."""
        return is_folder(self._entry(path))

    def _entry(self, path: str) -> Optional[Entry]:
        return entry_at(self._objects, self._commit, path)

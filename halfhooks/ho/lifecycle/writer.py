"""Writes git objects straight into the object database: no index, no working tree and no ref is touched."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Optional

from halfhooks.ho.edits import Edits, edited
from halfhooks.ho.repository import Clone
from halfhooks.snapshot import FILE, FOLDER, Entry, tree_entry

if TYPE_CHECKING:
    from halfhooks.snapshot import Objects

SUBMODULE = "160000"


class Writer:
    """Writes objects into the repository of a clone, with the identity and the signature of its user."""

    def __init__(self, clone: Clone, objects: Objects) -> None:
        self._clone = clone
        self._objects = objects

    def blob(self, content: str, mode: str = FILE) -> Entry:
        """Write a file, or a link."""
        data = content.encode("utf-8", "surrogateescape")
        return Entry(mode, self._clone.run("hash-object", "-w", "--stdin", "-t", "blob", data=data))

    def tree(self, base: Optional[Entry], edits: Edits) -> Entry:
        """Write a folder that differs from another one in some paths. A folder that becomes empty goes."""
        return edited(self._objects, base, edits, self._make_tree)

    def _make_tree(self, entries: Mapping[str, Entry]) -> Entry:
        if not entries:
            return Entry(FOLDER, "")
        kinds = {FOLDER: "tree", SUBMODULE: "commit"}
        lines = [
            f"{entry.mode} {kinds.get(entry.mode, 'blob')} {entry.oid}\t{name}\0" for name, entry in entries.items()
        ]
        data = "".join(lines).encode("utf-8", "surrogateescape")
        return Entry(FOLDER, self._clone.run("mktree", "-z", "--missing", data=data))

    def edited(self, commit: str, edits: Edits) -> Entry:
        """The tree of a commit with edits."""
        return self.tree(tree_entry(self._objects, commit), edits)

    def commit(self, tree: Entry, parents: tuple[str, ...], message: str) -> str:
        """Write a commit; its id."""
        sign = ["-S"] if self._clone.ask("config", "--type=bool", "--get", "commit.gpgSign") == "true" else []
        on = [part for parent in parents for part in ("-p", parent)]
        return self._clone.run("commit-tree", *sign, *on, tree.oid, data=message.encode("utf-8", "surrogateescape"))

    def tag(self, name: str, commit: str, message: str) -> str:
        """Write an annotated tag; the id of the tag. The tag is no ref yet.

        git itself makes it, so that it is signed where its user signs tags: in an empty repository that shares the objects.
        """
        with self._clone.scratch() as other:
            objects = os.path.join(self._clone.common_dir, "objects")
            pairs = self._clone.run("config", "--list", "-z").split("\0")
            chosen = [pair.replace("\n", "=", 1) for pair in pairs if pair.startswith(("user.", "gpg.", "tag."))]
            settings = [part for pair in chosen for part in ("-c", pair)]
            self._clone.run("init", "-q", "--bare", "--template=", f"--object-format={self._format()}", other)
            away = {"GIT_DIR": other, "GIT_OBJECT_DIRECTORY": objects}
            self._clone.start(*settings, "tag", "-a", "-m", message, "--", name, commit, environment=away).finish()
            return self._clone.start("rev-parse", f"refs/tags/{name}", environment=away).finish().decode().strip()

    def _format(self) -> str:
        return self._clone.run("rev-parse", "--show-object-format")

"""Writes git objects straight into the object database: no index, no working tree and no ref is touched."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Optional

from halfhooks.git import GitError
from halfhooks.ho.edits import Edits, edited
from halfhooks.ho.repository import Clone
from halfhooks.snapshot import FILE, FOLDER, Entry, tree_entry
from halfhooks.staged import digest, in_git_order, object_id, tree_content

if TYPE_CHECKING:
    from halfhooks.snapshot import Objects

KINDS = {"tree": 2, "blob": 3}
"""The numbers of the kinds of objects in a pack (gitformat-pack)."""
PACK_VERSION = 2
SIGNING = r"^(commit|tag)\.gpgsign$"
NOT_SET = 1
"""The exit code of a `git config` that finds no such key."""


class Writer:
    """Writes objects into the repository of a clone, with the identity and the signature of its user.

    Files and folders are gathered, and written when there is a commit that holds them, all by one git.
    """

    def __init__(self, clone: Clone, objects: Objects, digits: int) -> None:
        """`digits` are those of an id of the repository."""
        self._clone = clone
        self._objects = objects
        self._digits = digits
        self._new: dict[str, tuple[str, bytes]] = {}

    def blob(self, content: str, mode: str = FILE) -> Entry:
        """A file, or a link."""
        return Entry(mode, self._add("blob", content.encode("utf-8", "surrogateescape")))

    def tree(self, base: Optional[Entry], edits: Edits) -> Entry:
        """A folder that differs from another one in some paths. A folder that becomes empty goes."""
        return edited(self._objects, base, edits, self._make_tree)

    def _make_tree(self, entries: Mapping[str, Entry]) -> Entry:
        return Entry(FOLDER, self._add("tree", tree_content(in_git_order(entries))) if entries else "")

    def _add(self, kind: str, content: bytes) -> str:
        oid = object_id(kind, content, self._digits)
        self._new[oid] = kind, content
        return oid

    def edited(self, commit: str, edits: Edits) -> Entry:
        """The tree of a commit with edits."""
        return self.tree(tree_entry(self._objects, commit), edits)

    def commit(self, tree: Entry, parents: tuple[str, ...], message: str) -> str:
        """Write a commit, and what it holds; its id."""
        if self._new:
            self._clone.run("unpack-objects", "-q", data=pack(self._new.values(), self._digits))
            self._new.clear()
        sign = ["-S"] if "commit" in self._signed else []
        on = [part for parent in parents for part in ("-p", parent)]
        return self._clone.run("commit-tree", *sign, *on, tree.oid, data=message.encode("utf-8", "surrogateescape"))

    def tag(self, name: str, commit: str, message: str) -> str:
        """Write an annotated tag; the id of the tag. The tag is no ref yet."""
        if "tag" in self._signed:
            return self._signed_tag(name, commit, message)
        tagger = self._clone.run("var", "GIT_COMMITTER_IDENT")
        content = f"object {commit}\ntype commit\ntag {name}\ntagger {tagger}\n\n{message}\n"
        return self._clone.run("mktag", data=content.encode("utf-8", "surrogateescape"))

    def _signed_tag(self, name: str, commit: str, message: str) -> str:
        """The same by the git that signs: in an empty repository that shares the objects."""
        with self._clone.scratch() as other:
            objects = os.path.join(self._clone.common_dir, "objects")
            pairs = self._clone.run("config", "--list", "-z").split("\0")
            chosen = [pair.replace("\n", "=", 1) for pair in pairs if pair.startswith(("user.", "gpg.", "tag."))]
            settings = [part for pair in chosen for part in ("-c", pair)]
            form = self._clone.run("rev-parse", "--show-object-format")
            self._clone.run("init", "-q", "--bare", "--template=", f"--object-format={form}", other)
            away = {"GIT_DIR": other, "GIT_OBJECT_DIRECTORY": objects}
            self._clone.start(*settings, "tag", "-a", "-m", message, "--", name, commit, environment=away).finish()
            return self._clone.start("rev-parse", f"refs/tags/{name}", environment=away).finish().decode().strip()

    @cached_property
    def _signed(self) -> set[str]:
        """What the user signs: "commit", "tag". A `GitError` where that cannot be read: nothing goes unsigned for it."""
        try:
            found = self._clone.run("config", "--type=bool", "--get-regexp", SIGNING)
        except GitError as error:
            if error.status != NOT_SET:
                raise
            return set()
        last = dict(line.split(" ") for line in found.splitlines())
        return {key.partition(".")[0] for key, value in last.items() if value == "true"}


def pack(objects: Iterable[tuple[str, bytes]], digits: int) -> bytes:
    """A pack of some objects, each a kind and its content, as gitformat-pack describes it; none is a difference."""
    found = list(objects)
    pieces = [b"PACK", PACK_VERSION.to_bytes(4, "big"), len(found).to_bytes(4, "big")]
    for kind, content in found:
        size = len(content)
        byte, size = KINDS[kind] << 4 | size & 15, size >> 4
        header = bytearray()
        while size:
            header.append(byte | 128)
            byte, size = size & 127, size >> 7
        pieces += [bytes([*header, byte]), zlib.compress(content)]
    whole = b"".join(pieces)
    return whole + digest(whole, digits)

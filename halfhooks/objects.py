"""Parsers of git's raw objects, as `git cat-file --batch` prints them. Formats: gitformat-tree, git-cat-file(1).

Trees are parsed here, not by git: git's own commands disagree about a tree with duplicate or unsorted entries
(`COMMIT:path` takes the first, a checkout writes the last), so such a tree must be recognised and refused.
"""

from __future__ import annotations

from halfhooks.names import fold
from halfhooks.snapshot import FOLDER, Commit, Entry, SmallTree

MODES = {mode.encode(): mode for mode in ("100644", "100755", "100664", "120000", "160000", FOLDER)}


class MalformedObject(Exception):
    """A commit or tag that lacks what every commit or tag has."""


def parse_tree(raw: bytes, id_size: int) -> SmallTree:
    """The entries of a raw tree object. `id_size` is the length of a binary object id: 20 for SHA-1, 32 for SHA-256.

    Names are decoded as UTF-8 with surrogate escapes, so that any bytes survive. A malformed tree is described by
    `problem`, and holds the entries that could be read, the first one where a name stands twice.
    """
    entries: dict[str, Entry] = {}
    position, end, previous, problem = 0, len(raw), b"", ""
    make, known = Entry._make, MODES.get  # there may be a tree for each of ten thousand commits
    while position < end:
        zero = raw.find(b"\0", position)
        following = zero + 1 + id_size
        mode, space, name = raw[position:zero].partition(b" ")
        if zero < 0 or following > end or not space:
            return SmallTree(entries, "it is cut off")
        text = name.decode("utf-8", "surrogateescape")
        sound = known(mode)
        entry = make((sound or mode.decode("ascii", "replace"), raw[zero + 1 : following].hex()))
        sorted_as = name + b"/" if sound == FOLDER else name
        if sorted_as <= previous or not sound or text in entries or _is_forbidden(text):
            problem = problem or _what_is_wrong(text, entry, entries)
        entries.setdefault(text, entry)
        position, previous = following, sorted_as
    return SmallTree(entries, problem)


def _is_forbidden(name: str) -> bool:
    """Whether no entry may be called so: no name at all, a path, or `.git` as some file system would read it.

    NTFS drops dots and spaces at the end and what follows a colon, takes a backslash for a slash, and knows `.git` as
    `git~1`; HFS+ drops invisible characters: see git's is_ntfs_dotgit and is_hfs_dotgit.
    """
    if not name:
        return True
    if name.isascii() and name[0] not in ".gG" and "/" not in name:
        return False
    plain = fold(name).partition("\\")[0].partition(":")[0].rstrip(". ")
    return "/" in name or name in (".", "..") or plain in (".git", "git~1")


def _what_is_wrong(name: str, entry: Entry, entries: dict[str, Entry]) -> str:
    if name in entries:
        return f"it lists '{name}' twice"
    if _is_forbidden(name):
        return f"it holds an entry called '{name}'"
    if entry.mode not in MODES.values():
        return f"'{name}' has the mode '{entry.mode}'"
    return f"its entries are not sorted at '{name}'"


def parse_commit(oid: str, raw: bytes) -> Commit:
    """The header of a raw commit; a MalformedObject when it does not begin with a tree.

    As in git's own parse_commit_buffer, the parents are the lines directly after the tree, and no later ones.
    """
    first, *lines = raw.partition(b"\n\n")[0].split(b"\n")
    if not first.startswith(b"tree "):
        raise MalformedObject(f"the commit {oid} has no tree")
    parents = []
    for line in lines:
        if not line.startswith(b"parent "):
            break
        parents.append(_id(line[len(b"parent ") :]))
    committer = next((line for line in lines if line.startswith(b"committer ")), b"")
    return Commit(oid, _id(first[len(b"tree ") :]), tuple(parents), parse_date(committer))


def _id(text: bytes) -> str:
    """An object id as git prints it; git reads capitals too."""
    return text.decode("ascii", "replace").lower()


def parse_date(committer: bytes) -> int:
    """The seconds in a committer line `NAME <MAIL> SECONDS ZONE`; 0 when they cannot be read."""
    seconds = committer.rpartition(b">")[2].split()[:1]
    return int(seconds[0]) if seconds and seconds[0].isdigit() and len(seconds[0]) < 19 else 0


def parse_tag(raw: bytes) -> tuple[str, str]:
    """The id and the type that a raw annotated tag names in its first two lines; empty texts when it lacks them."""
    named, _, rest = raw.partition(b"\n")
    kind = rest.partition(b"\n")[0]
    if not (named.startswith(b"object ") and kind.startswith(b"type ")):
        return "", ""
    return _id(named[len(b"object ") :]), kind[len(b"type ") :].decode("ascii", "replace")

"""Values that describe a repository at one moment, and reading them: nothing here starts git.

An object id names its content for ever, so the object database is a mapping that cannot change: a rule that looks up
a tree or a blob by id stays a pure function. `Objects` is that mapping; `git.py` provides the real one.
"""

from __future__ import annotations

from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterable, Iterator, Mapping
    from typing import Optional, Protocol

FILE = "100644"
FOLDER = "40000"
SYMLINK = "120000"


class Entry(NamedTuple):
    """One line of a tree: the mode as git writes it (octal, no leading zero) and the object's id."""

    mode: str
    oid: str


class SmallTree(NamedTuple):
    """A `Tree` that is parsed as a whole."""

    entries: dict[str, Entry]
    problem: str = ""

    def items(self) -> ItemsView[str, Entry]:
        """Each name with its entry, in order."""
        return self.entries.items()

    def get(self, name: str) -> Optional[Entry]:
        """The entry of a name, None when there is none."""
        return self.entries.get(name)

    def names(self, start: str = "") -> list[str]:
        """The names that begin with `start`, in order."""
        return [name for name in self.entries if name.startswith(start)]

    def differing(self, other: Tree) -> list[str]:
        """The names whose entries differ from those of another tree, in order."""
        mine, others = self.entries, dict(other.items())
        changed = [name for name, entry in mine.items() if others.get(name) != entry]
        return sorted(changed + [name for name in others if name not in mine])

    def problem_since(self, other: Tree) -> str:
        """What is malformed about it, "" when nothing is."""
        return self.problem


class Commit(NamedTuple):
    """A parsed commit; `date` is the committer's, in seconds since the epoch, and only a hint for walks."""

    oid: str
    tree: str
    parents: tuple[str, ...]
    date: int


class Target(NamedTuple):
    """Where a ref points: an object of type `kind`; `commit` is what it leads to ("" if not straight to a commit)."""

    oid: str
    kind: str
    commit: str


class Update(NamedTuple):
    """One ref update as git hands it to a hook; `old` is "" for a creation, `new` is "" for a deletion."""

    old: str
    new: str
    ref: str


class Change(NamedTuple):
    """A path whose entry differs between two trees; None stands for absence."""

    path: str
    old: Optional[Entry]
    new: Optional[Entry]

    @property
    def verb(self) -> str:
        """What happened to the path, in one word for a message."""
        if self.old is None:
            return "added"
        if self.new is None:
            return "deleted"
        return "edited" if self.old.mode == self.new.mode else "replaced"


if TYPE_CHECKING:

    class Tree(Protocol):
        """A tree object. `problem` says what is malformed about it; the first entry counts where a name stands twice.

        `problem_since` need only look at what differs from another tree about which nothing is malformed.
        """

        @property
        def problem(self) -> str: ...

        def items(self) -> ItemsView[str, Entry]: ...

        def get(self, name: str) -> Optional[Entry]: ...

        def names(self, start: str = "") -> list[str]: ...

        def differing(self, other: Tree) -> list[str]: ...

        def problem_since(self, other: Tree) -> str: ...

    class Objects(Protocol):
        """The object database. Each look-up fails with an error of the provider's when the object cannot be read."""

        def commit(self, oid: str) -> Commit: ...

        def tree(self, oid: str) -> Tree: ...

        def load_trees(self, oids: Iterable[str]) -> None: ...

        def spend(self, paths: int) -> None: ...

        def blob(self, oid: str) -> bytes: ...

        def target(self, oid: str) -> Target: ...


NO_TREE = SmallTree({})


class Snapshot:
    """One state of a repository: where the refs point, and the objects behind them.

    `refs` holds at least every branch of the workflow; tags as far as the question at hand needs them.
    """

    __slots__ = ("refs", "objects")

    def __init__(self, refs: Mapping[str, Target], objects: Objects) -> None:
        self.refs = refs
        self.objects = objects

    def tip(self, ref: str) -> str:
        """The id of the commit that `ref` leads to, "" when there is no such ref."""
        target = self.refs.get(ref)
        return target.commit if target else ""

    def entry(self, commit: str, path: str) -> Optional[Entry]:
        """The entry at `path` (slashes between names) in the tree of `commit`, None when there is none."""
        return entry_at(self.objects, commit, path)


def entry_at(objects: Objects, commit: str, path: str) -> Optional[Entry]:
    """The entry at `path` in the tree of `commit`, None when there is none or `commit` is ""."""
    if not commit:
        return None
    entry: Optional[Entry] = Entry(FOLDER, objects.commit(commit).tree)
    for name in path.split("/"):
        if entry is None or entry.mode != FOLDER:
            return None
        entry = objects.tree(entry.oid).get(name)
    return entry


def folder_at(objects: Objects, commit: str, path: str) -> Tree:
    """The tree at `path` in the tree of `commit`; an empty one where there is no folder."""
    return folder(objects, entry_at(objects, commit, path))


def folder(objects: Objects, entry: Optional[Entry]) -> Tree:
    """The tree behind an entry; an empty one when the entry is absent or no folder."""
    return objects.tree(entry.oid) if entry and entry.mode == FOLDER else NO_TREE


def changes(objects: Objects, old: Optional[Entry], new: Optional[Entry], prefix: str = "") -> Iterator[Change]:
    """Every path below two entries whose entry differs, folders opened: what `git diff-tree -r` lists, in order.

    `prefix` is the path of the two entries; a folder that replaces a file counts as the file's end and new paths.
    """
    left = [(prefix, old, new)]
    while left:  # trees may be nested deeper than calls can be
        at, old, new = left.pop()
        if old == new:
            continue
        if old is not None and not is_folder(old):
            yield Change(at, old, None if is_folder(new) else new)
        elif new is not None and not is_folder(new):
            yield Change(at, None, new)
        before, after = folder(objects, old), folder(objects, new)
        names = after.differing(before) if is_folder(old) or is_folder(new) else []
        objects.spend(len(names))
        paths = [(f"{at}/{name}" if at else name, before.get(name), after.get(name)) for name in names]
        left.extend(reversed(paths))


def is_folder(entry: Optional[Entry]) -> bool:
    """Whether there is an entry and it is a folder."""
    return entry is not None and entry.mode == FOLDER


def is_file(entry: Optional[Entry]) -> bool:
    """Whether there is an entry and it is a regular file, executable or not."""
    return entry is not None and entry.mode.startswith("100")


def commit_changes(objects: Objects, old: str, new: str) -> Iterator[Change]:
    """Every path that differs between the trees of two commits; `old` may be "" for the empty tree."""
    before = Entry(FOLDER, objects.commit(old).tree) if old else None
    return changes(objects, before, Entry(FOLDER, objects.commit(new).tree))


def tree_entry(objects: Objects, commit: str) -> Entry:
    """The root folder of a commit as an entry, so that it can be compared like any other."""
    return Entry(FOLDER, objects.commit(commit).tree)


def own_changes(objects: Objects, commit: Commit) -> list[Change]:
    """The paths in which a commit differs from all its parents: for a merge, what it adds of its own.

    A root commit adds all that it holds. The old entry is that of the first parent.
    """
    if not commit.parents:
        return list(commit_changes(objects, "", commit.oid))
    lists = [list(commit_changes(objects, parent, commit.oid)) for parent in commit.parents]
    common = _in_all({change.path for change in each} for each in lists[1:])
    return [change for change in lists[0] if common is None or change.path in common]


def _in_all(sets: Iterable[set[str]]) -> Optional[set[str]]:
    common: Optional[set[str]] = None
    for each in sets:
        common = each if common is None else common & each
    return common

"""The commit that is about to be made, seen as a push of it: the index beside its parents, before any object is written.

`git diff-index` lists what differs from HEAD; a tree that holds a difference is that of HEAD with the difference laid over
it. So the cost grows with what changed, and the same rules judge a commit that has no id yet.
"""

from __future__ import annotations

from halfhooks.collect import own_keys, read_walk
from halfhooks.config import make_config, parse_config
from halfhooks.git import GitError, ObjectDatabase, Repository, parse_pairs, parse_refs
from halfhooks.layout import HALFHOOKS, HEADS
from halfhooks.names import fold
from halfhooks.push import Push, Transport
from halfhooks.release import Project
from halfhooks.rooms import read_rooms
from halfhooks.snapshot import (
    FOLDER,
    NO_TREE,
    Change,
    Commit,
    Entry,
    SmallTree,
    Snapshot,
    Target,
    Update,
    entry_at,
    folder,
    tree_entry,
)
from halfhooks.survey import ORIGIN, as_server, tracking
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterable, Mapping
    from typing import Optional

    from halfhooks.config import Config
    from halfhooks.snapshot import Tree

THE_INDEX = "the index"
"""Stands for the id of the commit and, with a path behind it, for those of its trees."""


class Unmerged(Exception):
    """The index holds paths that a merge has left to be settled; the text names the first."""


class Head(NamedTuple):
    """Where a commit would go: the branch (a full ref name) and its parents, HEAD first."""

    ref: str
    parents: tuple[str, ...]


def parse_diff(output: bytes) -> list[Change]:
    """What `git diff-index --raw -z --no-renames --no-abbrev` printed (gitformat: git-diff-index(1), "RAW OUTPUT FORMAT").

    Fails with `Unmerged` where a path is not settled.
    """
    fields = output.decode("utf-8", "surrogateescape").split("\0")[:-1]
    found = []
    for header, path in zip(fields[::2], fields[1::2]):
        old_mode, new_mode, old, new, status = header[1:].split(" ")
        if status == "U":
            raise Unmerged(path)
        found.append(Change(path, _entry(old_mode, old), _entry(new_mode, new)))
    return found


def _entry(mode: str, oid: str) -> Optional[Entry]:
    return Entry(mode, oid) if mode.strip("0") else None


def concerns(changes: Iterable[Change]) -> bool:
    """Whether any change may lie where the rules on a single commit look, or in what could pass for it."""
    folders = {name.lower() for name in HALFHOOKS.folders()}
    wanted = folders | {f"{name[:6]}~1" for name in folders}
    names = {name for change in changes for name in change.path.split("/")}
    return any(fold(name).partition(":")[0].rstrip(". ") in wanted for name in names)


class LaidOver:
    """A `Tree` with some entries put in, replaced, or (None) taken out of another one."""

    __slots__ = ("_base", "_laid")

    def __init__(self, base: Tree, laid: dict[str, Optional[Entry]]) -> None:
        self._base = base
        self._laid = laid

    @property
    def problem(self) -> str:
        """Git makes no malformed tree of an index."""
        return ""

    def problem_since(self, other: Tree) -> str:
        """Nothing either."""
        return ""

    def items(self) -> ItemsView[str, Entry]:
        """Each name with its entry, in order: this reads the whole tree below."""
        entries: dict[str, Optional[Entry]] = {**dict(self._base.items()), **self._laid}
        return {name: entry for name, entry in sorted(entries.items(), key=_git_order) if entry}.items()

    def get(self, name: str) -> Optional[Entry]:
        """The entry of a name, None when there is none."""
        return self._laid[name] if name in self._laid else self._base.get(name)

    def names(self, start: str = "") -> list[str]:
        """The names that begin with `start`, in order."""
        if not any(name.startswith(start) for name in self._laid):
            return self._base.names(start)
        return [name for name, _ in self.items() if name.startswith(start)]

    def differing(self, other: Tree) -> list[str]:
        """The names whose entries differ from those of another tree, in order."""
        if other is self._base:
            return sorted(name for name, entry in self._laid.items() if entry != other.get(name))
        return SmallTree(dict(self.items())).differing(other)


def _git_order(pair: tuple[str, Optional[Entry]]) -> bytes:
    """Git sorts a folder as if its name ended with a slash."""
    name, entry = pair
    return (name + "/" if entry and entry.mode == FOLDER else name).encode("utf-8", "surrogateescape")


class Staged:
    """The object database with one commit more: that of the index."""

    def __init__(self, objects: ObjectDatabase, commit: Commit, changes: Iterable[Change]) -> None:
        """`changes` are those between the first parent of `commit`, if it has any, and the index."""
        self._objects = objects
        self._commit = commit
        self._trees: dict[str, Tree] = {}
        base = tree_entry(objects, commit.parents[0]) if commit.parents else None
        self._lay(commit.tree, base, [(change.path.split("/"), change.new) for change in changes])

    def _lay(
        self, oid: str, base: Optional[Entry], changes: list[tuple[list[str], Optional[Entry]]]
    ) -> Optional[Entry]:
        """Make the tree `oid` of what was below `base`; its entry, None when nothing is left in it."""
        old = folder(self._objects, base)
        inner: dict[str, list[tuple[list[str], Optional[Entry]]]] = {}
        laid: dict[str, Optional[Entry]] = {}
        for path, entry in changes:
            if len(path) > 1:
                inner.setdefault(path[0], []).append((path[1:], entry))
            else:
                laid[path[0]] = entry
        for name, below in inner.items():
            made = self._lay(f"{oid}/{name}", old.get(name), below)
            if made or not laid.get(name):  # a file that replaces a folder has taken its place
                laid[name] = made
        self._trees[oid] = LaidOver(old, laid)
        return Entry(FOLDER, oid) if any(laid.values()) or any(name not in laid for name in old.names()) else None

    def commit(self, oid: str) -> Commit:
        """The commit `oid`."""
        return self._commit if oid == self._commit.oid else self._objects.commit(oid)

    def tree(self, oid: str) -> Tree:
        """The tree `oid`."""
        return self._trees[oid] if oid in self._trees else self._objects.tree(oid)

    def load_trees(self, oids: Iterable[str]) -> None:
        """Read many trees in one go."""
        self._objects.load_trees(oid for oid in oids if oid not in self._trees)

    def spend(self, paths: int) -> None:
        """Count the paths that are looked at one by one."""
        self._objects.spend(paths)

    def blob(self, oid: str) -> bytes:
        """The content of a blob."""
        return self._objects.blob(oid)

    def target(self, oid: str) -> Target:
        """What a ref at `oid` leads to."""
        return Target(oid, "commit", oid) if oid == self._commit.oid else self._objects.target(oid)


def read_changes(repository: Repository, head: str) -> list[Change]:
    """What the index has unlike a commit; fails with `Unmerged`."""
    options = ("--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "--ita-invisible-in-index")
    return parse_diff(repository.start("diff-index", *options, head, "--").finish())


def read_policy(repository: Repository, file: str) -> tuple[Config, list[str]]:
    """The policy in a file of the working tree, under the repository's own keys, and what is wrong with it."""
    fields: dict[str, object] = {}
    problems: list[str] = []
    try:
        pairs = parse_pairs(repository.start("config", "--file", file, "--no-includes", "-z", "--list").finish())
        fields, problems = parse_config(pairs)
    except GitError as error:
        if error.stderr:  # there may be no such file
            problems = [str(error)]
    own = own_keys(repository.start_config()) if repository.has_own_keys() else []
    return make_config({**fields, **parse_config(own)[0]}), [f"in {HALFHOOKS.policy}: {each}" for each in problems]


def read_refs(repository: Repository) -> tuple[dict[str, Target], dict[str, Target]]:
    """The branches of the workflow as the server has them, as far as is known, and as they stand here.

    Without a production branch of `origin` the server is taken to have what is here.
    """
    branches = [HEADS + each for each in (HALFHOOKS.production, HALFHOOKS.release, HALFHOOKS.patch)]
    remote = tracking(ORIGIN)
    patterns = branches + [remote + branch[len(HEADS) :] for branch in branches]
    listed, symbolic = parse_refs(repository.start_refs(patterns).finish())
    here = as_server(listed, symbolic, "")
    there = as_server(listed, symbolic, ORIGIN)
    return (there if HALFHOOKS.production_ref() in there else here), here


def staged_push(
    objects: ObjectDatabase,
    head: Head,
    changes: list[Change],
    config: Config,
    there: Mapping[str, Target],
    here: Mapping[str, Target],
    date: int,
) -> Push:
    """The commit of an index as a `Push` that moves its branch there, from where the server has it."""
    layout = config.layout()
    commit = Commit(THE_INDEX, f"{THE_INDEX}:", head.parents, date)
    staged = Staged(objects, commit, changes)
    parents = tuple(objects.commit(parent)._replace(parents=()) for parent in head.parents)
    _, rooms = read_walk(objects, (), layout, parents)
    root = layout.root.rstrip("/")
    inside = tree_entry(staged, THE_INDEX) if not root else entry_at(staged, THE_INDEX, root)
    rooms[commit.tree] = read_rooms(layout, SmallTree(dict(folder(staged, inside).items())) if inside else NO_TREE)
    old = there.get(head.ref)
    before = Project(Snapshot(there, staged), layout)
    after = Snapshot({**there, **here, head.ref: Target(THE_INDEX, "commit", THE_INDEX)}, staged)
    update = Update(old.oid if old else "", THE_INDEX, head.ref)
    transport = Transport(commit=True)
    return Push(before, Project(after, layout), (update,), (commit,), rooms, config, transport, {})

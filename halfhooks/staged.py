"""The commit that is about to be made, as a push of it: the index beside its parents, before any object is written.

`git diff-index` lists what differs from HEAD; the trees that hold a difference are made here, with the ids that git will
give them. So the cost grows with what changed, and the same rules judge a commit that does not exist yet.
"""

from __future__ import annotations

from halfhooks.collect import own_keys, policy_problems, read_walk
from halfhooks.config import make_config, parse_config
from halfhooks.git import GitError, ObjectDatabase, Repository, parse_refs
from halfhooks.layout import HALFHOOKS, HEADS
from halfhooks.push import Push, Transport
from halfhooks.release import Project
from halfhooks.rooms import read_rooms
from halfhooks.snapshot import (
    FOLDER,
    NO_TREE,
    Commit,
    Entry,
    SmallTree,
    Snapshot,
    Target,
    Update,
    entry_at,
    folder,
    is_file,
    tree_entry,
)
from halfhooks.survey import ORIGIN, as_server, tracking
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Optional

    from halfhooks.config import Config
    from halfhooks.git import Process
    from halfhooks.snapshot import Change, Objects, Tree

THE_INDEX = "the index"
"""Stands for the id of the commit."""
SHA1_DIGITS = 40
REMOTES = "refs/remotes/"


class Refs(NamedTuple):
    """The branches of the workflow as the server has them, as far as is known, and as they stand here.

    `remote` is the server's name here, "" where none is known: then the server is taken to have what is here.
    """

    remote: str
    there: Mapping[str, Target]
    here: Mapping[str, Target]


class Overlay:
    """The object database with some objects more, which are written nowhere."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._commits: dict[str, Commit] = {}
        self._trees: dict[str, Tree] = {}
        self._blobs: dict[str, bytes] = {}

    def commit(self, oid: str) -> Commit:
        """The commit `oid`."""
        return self._commits.get(oid) or self._objects.commit(oid)

    def tree(self, oid: str) -> Tree:
        """The tree `oid`."""
        return self._trees[oid] if oid in self._trees else self._objects.tree(oid)

    def blob(self, oid: str) -> bytes:
        """The content of a blob."""
        return self._blobs[oid] if oid in self._blobs else self._objects.blob(oid)

    def target(self, oid: str) -> Target:
        """What a ref at `oid` leads to."""
        return Target(oid, "commit", oid) if oid in self._commits else self._objects.target(oid)

    def load_trees(self, oids: Iterable[str]) -> None:
        """Read those in one go that the database has."""
        self._objects.load_trees([oid for oid in oids if oid not in self._trees])

    def spend(self, paths: int) -> None:
        """Count the paths that are looked at one by one."""
        self._objects.spend(paths)


class Staged(Overlay):
    """The object database with the commit of the index."""

    def __init__(self, objects: ObjectDatabase, parents: tuple[str, ...], changes: Iterable[Change], date: int) -> None:
        """`changes` are those between the first parent, if there is one, and the index."""
        super().__init__(objects)
        base = tree_entry(objects, parents[0]) if parents else None
        made = self._lay(base, [(change.path.split("/"), change.new) for change in changes]) or self._add({}, base)
        self.made = self._commits[THE_INDEX] = Commit(THE_INDEX, made.oid, parents, date)

    def _lay(self, base: Optional[Entry], changes: list[tuple[list[str], Optional[Entry]]]) -> Optional[Entry]:
        """What the folder `base` becomes by some changes, None when nothing is left in it."""
        if not changes:
            return base
        entries: dict[str, Optional[Entry]] = dict(folder(self._objects, base).items())
        inner: dict[str, list[tuple[list[str], Optional[Entry]]]] = {}
        below = {path[0]: entries.get(path[0]) for path, _ in changes if len(path) > 1}
        for path, entry in changes:
            if len(path) > 1:
                inner.setdefault(path[0], []).append((path[1:], entry))
            else:
                entries[path[0]] = entry
        for name, further in inner.items():
            made = self._lay(below[name], further)
            if made or entries.get(name) == below[name]:  # else a file that replaces the folder has taken its place
                entries[name] = made
        left = {name: entry for name, entry in entries.items() if entry}
        return self._add(left, base) if left else None

    def _add(self, entries: dict[str, Entry], base: Optional[Entry]) -> Entry:
        """Keep a tree under the id that git gives it."""
        digits = len(next(iter(entries.values()), base or Entry("", "0" * SHA1_DIGITS)).oid)
        ordered = in_git_order(entries)
        oid = object_id("tree", tree_content(ordered), digits)
        self._trees[oid] = SmallTree(ordered)
        return Entry(FOLDER, oid)


def tree_content(entries: Mapping[str, Entry]) -> bytes:
    """What git keeps of a folder, whose entries come in its order."""
    lines = (b"%s %s\0%s" % (e.mode.encode(), _bytes(name), bytes.fromhex(e.oid)) for name, e in entries.items())
    return b"".join(lines)


def in_git_order(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """The entries of a folder as git sorts them."""
    return dict(sorted(entries.items(), key=_git_order))


def _git_order(pair: tuple[str, Entry]) -> bytes:
    """Git sorts a folder as if its name ended with a slash."""
    name, entry = pair
    return _bytes(f"{name}/" if entry.mode == FOLDER else name)


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def object_id(kind: str, content: bytes, digits: int) -> str:
    """The id that git gives to an object of a kind, in as many digits as its other ids have."""
    return digest(b"%s %d\0%s" % (kind.encode(), len(content), content), digits).hex()


def digest(content: bytes, digits: int) -> bytes:
    """The hash of a repository whose ids have so many digits."""
    if digits == SHA1_DIGITS:
        try:
            from _sha1 import sha1 as make  # type: ignore[import-not-found]
        except ImportError:
            from hashlib import sha1 as make
    else:
        from hashlib import sha256 as make
    return bytes(make(content).digest())


def read_policy(repository: Repository, objects: ObjectDatabase, refs: Refs) -> tuple[Config, list[str]]:
    """The policy by which the server will judge, which is that of production, and what is wrong with it."""
    production = refs.there[HALFHOOKS.production_ref()].commit
    entry = entry_at(objects, production, HALFHOOKS.policy)
    try:
        pairs = repository.blob_config(entry.oid) if entry and is_file(entry) else []
        fields, problems = parse_config(pairs)
    except GitError as error:
        fields, problems = {}, [str(error)]
    remarks = [f"in {HALFHOOKS.policy} on {HALFHOOKS.production}: {each}" for each in problems]
    own = own_keys(repository.start_config()) if repository.has_own_keys() else []
    return make_config({**fields, **parse_config(own)[0]}), remarks


def judge_policy(repository: Repository, changes: Iterable[Change], config: Config) -> dict[str, list[str]]:
    """What is wrong with the policy that some changes bring, by object id; `config` is the policy of production."""
    coming = [change.new for change in changes if change.path == HALFHOOKS.policy and change.new]
    own = own_keys(repository.start_config()) if coming else []
    return {entry.oid: policy_problems(repository, entry.oid, config, own) for entry in coming if is_file(entry)}


def start_refs(repository: Repository) -> Process:
    """Start listing the branches of the workflow."""
    branches = (HALFHOOKS.production, HALFHOOKS.release, HALFHOOKS.patch)
    return repository.start_refs([start + branch for start in (HEADS, tracking(ORIGIN)) for branch in branches])


def read_refs(repository: Repository, lister: Process) -> Refs:
    """The branches that `start_refs` lists; the server is `origin`, or else the only remote with a production branch."""
    production = HALFHOOKS.production
    listed, symbolic = parse_refs(lister.finish())
    here = as_server(listed, symbolic, "")
    remote = ORIGIN
    if tracking(ORIGIN) + production not in listed:
        listed, symbolic = parse_refs(repository.start_refs([REMOTES]).finish())
        remotes = [ref[len(REMOTES) : -len(production) - 1] for ref in listed if ref.endswith(f"/{production}")]
        remote = remotes[0] if len(remotes) == 1 else ""
    return Refs(remote, as_server(listed, symbolic, remote) if remote else here, here)


def staged_push(
    objects: ObjectDatabase,
    ref: str,
    parents: tuple[str, ...],
    changes: list[Change],
    config: Config,
    refs: Refs,
    date: int,
    policies: Mapping[str, list[str]],
) -> Push:
    """The commit of an index as a `Push` that moves the branch `ref` there, from where the server has it.

    `policies` is what `judge_policy` said of the changes.
    """
    layout = config.layout()
    staged = Staged(objects, parents, changes, date)
    commit = staged.made
    known = tuple(objects.commit(parent)._replace(parents=()) for parent in parents)
    _, rooms = read_walk(objects, (), layout, known)
    root = layout.root.rstrip("/")
    inside = tree_entry(staged, THE_INDEX) if not root else entry_at(staged, THE_INDEX, root)
    rooms[commit.tree] = read_rooms(layout, SmallTree(dict(folder(staged, inside).items())) if inside else NO_TREE)
    old = refs.there.get(ref)
    before = Project(Snapshot(refs.there, staged), layout)
    after = Snapshot({**refs.there, **refs.here, ref: Target(THE_INDEX, "commit", THE_INDEX)}, staged)
    update = Update(old.oid if old else "", THE_INDEX, ref)
    return Push(before, Project(after, layout), (update,), (commit,), rooms, config, Transport(commit=True), policies)

"""What a rule looks at: the state before, the state after, and the commits in between."""

from __future__ import annotations

from halfhooks.history import between, is_ancestor
from halfhooks.names import PATCH_BRANCH, PRODUCTION_BRANCH, RELEASE_BRANCH, parse_ref
from halfhooks.release import read_release
from halfhooks.snapshot import NO_TREE, entry_at, folder
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Callable, Optional, TypeVar

    from halfhooks.config import Config
    from halfhooks.names import RefName
    from halfhooks.release import Project, Release
    from halfhooks.rooms import Rooms
    from halfhooks.snapshot import Commit, Entry, Tree, Update
    from halfhooks.version import Version

    T = TypeVar("T")


class Move(NamedTuple):
    """A ref update together with what the ref's name says. `old` and `new` are commits, "" for none."""

    ref: str
    name: RefName
    old: str
    new: str

    @property
    def created(self) -> bool:
        """Whether the ref did not exist before."""
        return not self.old and bool(self.new)

    @property
    def deleted(self) -> bool:
        """Whether the ref is gone afterwards."""
        return bool(self.old) and not self.new

    @property
    def updated(self) -> bool:
        """Whether the ref exists before and afterwards."""
        return bool(self.old) and bool(self.new)


class Transport(NamedTuple):
    """What git said about the push besides its updates; `locks` are files that keep git from moving a pushed ref.

    `clone`: it is judged where it comes from, before it travels. `commit`: it is no push yet, but a commit that is about
    to be made.
    """

    shallow_push: bool = False
    shallow_server: bool = False
    symbolic: Mapping[str, str] = {}
    locks: tuple[str, ...] = ()
    commit: bool = False
    clone: bool = False


class Push:
    """A push, or a commit, or a whole repository, as the rules see it: only values and look-ups in the object database.

    `commits` are the new ones on policed branches, parents first: reachable from the new tips, from no policed tip
    before. `rooms` knows the root tree of each of them and of their parents.
    """

    __slots__ = (
        *("before", "after", "updates", "commits", "rooms", "config", "layout", "objects", "transport"),
        *("policies", "moves", "new", "_known", "_places"),
    )

    def __init__(
        self,
        before: Project,
        after: Project,
        updates: tuple[Update, ...],
        commits: tuple[Commit, ...],
        rooms: Mapping[str, Rooms],
        config: Config,
        transport: Transport,
        policies: Mapping[str, list[str]],
    ) -> None:
        """`policies` says what is wrong with each `halfhooks.conf` that the push brings, by object id."""
        self.layout = config.layout()
        self.objects = after.objects
        self.before = before
        self.after = after
        self.updates = updates
        self.commits = commits
        self.new = {commit.oid: commit for commit in commits}
        self.rooms = rooms
        self.config = config
        self.transport = transport
        self.policies = policies
        self.moves = tuple(self._move(update) for update in updates if update.old != update.new)
        self._known: dict[object, object] = {}
        self._places = {name: place for place, name in enumerate(self.layout.folders())}

    def _move(self, update: Update) -> Move:
        old, new = (
            target(project, update.ref, oid) for project, oid in ((self.before, update.old), (self.after, update.new))
        )
        return Move(update.ref, parse_ref(update.ref, self.layout), old, new)

    def moves_of(self, *kinds: str) -> Iterator[Move]:
        """The moves of refs of these kinds, in the order of the push."""
        return (move for move in self.moves if move.name.kind in kinds)

    def production_move(self) -> Optional[Move]:
        """The move of the production branch, None when it stays."""
        return next(self.moves_of(PRODUCTION_BRANCH), None)

    def once(self, key: object, compute: Callable[[], T]) -> T:
        """The result of `compute`, which is called for the first rule that asks under this key only."""
        if key not in self._known:
            self._known[key] = compute()
        return self._known[key]  # type: ignore[return-value]

    @property
    def base(self) -> Project:
        """The state whose production what the push brings is held against: the one before, unless it had none yet."""
        return self.before if self.before.production else self.after

    def adopts(self, move: Move) -> bool:
        """Whether a move gives the project its first production version: a new branch, or one that had no version yet."""
        return move.name.kind == PRODUCTION_BRANCH and bool(move.new) and self.before.version is None

    def arriving(self, version: Version) -> Optional[Release]:
        """A release as its branch stands afterwards, None when there is no such branch.

        It is still being prepared although the same push promotes it: what a promotion ships is judged like all else.
        """
        tip = self.after.release_tips.get(version, "")
        reopened = version not in self.before.release_tips and self.after.released(version)
        project = self.after if reopened else self.base
        return self.once(("arriving", version), lambda: read_release(project, version, tip) if tip else None)

    def listing(self) -> list[Release]:
        """The open releases as their branches stand afterwards, smallest version first."""
        releases = (self.arriving(version) for version in sorted(self.after.release_tips))
        return [release for release in releases if release and release.open]

    def patch_tips(self, patch: str) -> set[str]:
        """Where the branch of a patch stands before and afterwards; empty when there is none at all."""
        return {state.patch_tips.get(patch, "") for state in (self.before, self.after)} - {""}

    def candidate_in(self, patch: str) -> list[Release]:
        """The open releases that list a patch as a candidate afterwards."""
        return [release for release in self.listing() if patch in release.candidates]

    def listed_in(self, patch: str) -> list[Release]:
        """The open releases that list a patch afterwards, in any state."""
        return [release for release in self.listing() if patch in release.candidates + release.complete]

    def owner(self, commit: str) -> Move:
        """The move that brings a new commit; where several do, the one whose rules are the strictest."""
        return self.once("owners", self._owners)[commit]

    def _owners(self) -> dict[str, Move]:
        owners: dict[str, Move] = {}
        for kind in (PRODUCTION_BRANCH, RELEASE_BRANCH, PATCH_BRANCH):
            for move in self.moves_of(kind):
                for oid in self.brought_by(move.new):
                    owners.setdefault(oid, move)
        return owners

    def brought_by(self, tip: str) -> list[str]:
        """The new commits that can be reached from a tip, parents first."""
        return self.once(("brought by", tip), lambda: self._find_brought_by(tip))

    def _find_brought_by(self, tip: str) -> list[str]:
        reached, found = {tip}, []
        for commit in reversed(self.commits):
            if commit.oid in reached:
                reached.update(commit.parents)
                found.append(commit.oid)
        return found[::-1]

    def contains(self, tip: str, commit: str) -> bool:
        """Whether `commit` can be reached from `tip`. What is old can be so from where the new commits meet the old ones."""
        if tip not in self.new or commit in self.new:
            return is_ancestor(self.objects, commit, tip)
        parents = {parent for oid in self.brought_by(tip) for parent in self.objects.commit(oid).parents}
        return any(is_ancestor(self.objects, commit, oid) for oid in sorted(parents - self.new.keys()))

    def added(self, move: Move, folder_name: str) -> list[str]:
        """The names directly below a folder that a move adds to a branch, in order; all, where production is adopted."""
        known = "" if self.adopts(move) else move.old
        old, new = (self.room(oid, folder_name) if oid else None for oid in (known, move.new))
        before, after = folder(self.objects, old), folder(self.objects, new)
        return [name for name in self.differing(old, new) if after.get(name) and not before.get(name)]

    def own_line(self, move: Move) -> list[str]:
        """The commits that a move adds to a branch: reachable from its new tip, and not from its old one."""
        return between(self.objects, [move.new], [move.old])

    def room(self, commit: str, folder: str) -> Optional[Entry]:
        """The entry of one of the three folders in the tree of a commit."""
        rooms = self.rooms.get(self.objects.commit(commit).tree)
        if rooms is None:
            return entry_at(self.objects, commit, self.layout.path(folder))
        return (rooms.releases, rooms.patches, rooms.model)[self._places[folder]]

    def differing(self, old: Optional[Entry], new: Optional[Entry]) -> list[str]:
        """The names that differ directly below two folders. The same pair, of many commits, is compared once."""
        return self.once((old, new), lambda: folder(self.objects, new).differing(folder(self.objects, old)))

    def touching(self, *folders: str) -> list[Commit]:
        """The new commits, parents first, in which one of some folders is not as in all their parents.

        Most commits of a long history touch none, so that whoever judges what a commit did there need not see the rest.
        """
        return self.once(
            ("touching", folders),
            lambda: [self.new[oid] for oid, names in self._touched_folders().items() if not names.isdisjoint(folders)],
        )

    def odd_rooms(self) -> list[tuple[Commit, Rooms]]:
        """The new commits whose tree is malformed, or holds a name that can be mistaken for a folder; with their rooms."""
        return self.once("odd rooms", self._find_odd_rooms)

    def _find_odd_rooms(self) -> list[tuple[Commit, Rooms]]:
        odd = {tree: rooms for tree, rooms in self.rooms.items() if rooms.problem or rooms.look_alikes}
        return [(commit, odd[commit.tree]) for commit in self.commits if commit.tree in odd] if odd else []

    def touches(self, commit: Commit, folder: str) -> bool:
        """Whether one of the folders of a commit may not be as in all its parents; of a new one this is known."""
        return commit.oid not in self.new or folder in self._touched_folders().get(commit.oid, ())

    def _touched_folders(self) -> dict[str, frozenset[str]]:
        return self.once("touched folders", self._find_touched_folders)

    def _find_touched_folders(self) -> dict[str, frozenset[str]]:
        """The folders that a new commit touches, for each that touches any: few of very many."""
        folders = self.layout.folders()
        old = {parent for commit in self.commits for parent in commit.parents} - self.new.keys()
        rooms = {oid: self.rooms[self.objects.commit(oid).tree] for oid in old}
        rooms.update((commit.oid, self.rooms[commit.tree]) for commit in self.commits)
        found = {}
        for commit in self.commits:
            mine = rooms[commit.oid]
            if len(commit.parents) == 1 and rooms[commit.parents[0]] is mine:  # nearly all of very many
                continue
            others = [rooms[oid] for oid in commit.parents if rooms[oid] != mine]
            if others or not commit.parents:
                names = (name for i, name in enumerate(folders) if any(other[i] != mine[i] for other in others))
                found[commit.oid] = frozenset(names if commit.parents else folders)
        return found

    def touched(self, commit: Commit, folder_name: str) -> list[str]:
        """The names directly below a folder in which a commit differs from at least one parent."""
        if not self.touches(commit, folder_name):
            return []
        lists = self._differences(commit, folder_name)
        return lists[0] if len(lists) == 1 else sorted({name for each in lists for name in each})

    def own(self, commit: Commit, folder_name: str) -> list[str]:
        """The names directly below a folder in which a commit differs from all its parents: what it changed itself."""
        if not self.touches(commit, folder_name):
            return []
        lists = self._differences(commit, folder_name)
        return lists[0] if len(lists) == 1 else sorted(set(lists[0]).intersection(*lists[1:]))

    def _differences(self, commit: Commit, folder_name: str) -> list[list[str]]:
        """For each parent of a commit, the names below a folder in which the two differ; for a root commit, all names."""
        mine = self.room(commit.oid, folder_name)
        return [self.differing(old, mine) for old in [self.room(oid, folder_name) for oid in commit.parents] or [None]]

    def below(self, commit: str, folder_name: str, name: str) -> Optional[Entry]:
        """The entry `name` directly below one of the three folders in the tree of a commit."""
        return self.names_below(commit, folder_name).get(name)

    def names_below(self, commit: str, folder_name: str) -> Tree:
        """The tree of one of the three folders in the tree of a commit; `commit` may be "" for none."""
        return folder(self.objects, self.room(commit, folder_name)) if commit else NO_TREE


def target(project: Project, ref: str, oid: str) -> str:
    """The commit that `ref` leads to at `oid`; the object's own id where it leads to none, so that the move shows."""
    if not oid:
        return ""
    known = project.snapshot.refs.get(ref) or project.objects.target(oid)
    return known.commit or known.oid

"""Turns what git hands to a hook into a `Push`: refs, new commits, and what these hold where the rules look.

The number of git processes is the same for every push: one lists refs, one reads our configuration, one the policy if
the project has one, one walks the new commits, and one hands out objects. A policy that is pushed costs one more.
"""

from __future__ import annotations

import os

from halfhooks.config import make_config, parse_config
from halfhooks.git import GitError, ObjectDatabase, parse_pairs, parse_refs, ref_patterns
from halfhooks.layout import HALFHOOKS, HEADS, PRODUCTION, TAGS
from halfhooks.names import PRODUCTION_BRANCH, RELEASE_BRANCH, parse_ref, release_tag
from halfhooks.push import Push, Transport
from halfhooks.release import Project
from halfhooks.rooms import RoomReader, read_rooms
from halfhooks.snapshot import NO_TREE, Snapshot, Target, Update, entry_at, is_file, is_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Optional

    from halfhooks.config import Config
    from halfhooks.git import Process, Repository
    from halfhooks.layout import Layout
    from halfhooks.rooms import Rooms
    from halfhooks.snapshot import Commit


class Unreadable(Exception):
    """The input of a hook is not what git writes; the text says what is wrong with it."""


def parse_updates(lines: bytes) -> tuple[Update, ...]:
    """Read the standard input of pre-receive: `OLD SP NEW SP REF LF` in bytes, zeros for none (githooks(5)).

    Fails with `Unreadable` on anything else: a truncated line must not become a shorter ref name.
    """
    if lines and not lines.endswith(b"\n"):
        raise Unreadable("the last line of the input is cut off")
    updates = tuple(_parse_update(line) for line in lines.split(b"\n")[:-1])
    if len({update.ref for update in updates}) < len(updates):  # git would apply the first, and we judge the last
        raise Unreadable("a ref is updated twice in one push")
    return updates


def _parse_update(line: bytes) -> Update:
    old, new, ref = (line.split(b" ", 2) + [b"", b""])[:3]
    if not (_is_id(old) and _is_id(new) and len(old) == len(new) and ref and b"\0" not in ref):
        raise Unreadable(f"a line of the input is no ref update: '{line[:120].decode('utf-8', 'replace')}'")
    return Update(_id(old), _id(new), ref.decode("utf-8", "surrogateescape"))


def _is_id(text: bytes) -> bool:
    return len(text) in (40, 64) and not text.strip(b"0123456789abcdef")


def _id(text: bytes) -> str:
    return text.decode("ascii") if text.strip(b"0") else ""


class Collector:
    """Collects a push again and again while it waits for its turn: only what moved meanwhile is read anew."""

    __slots__ = ("remarks", "_listing", "_objects", "_overrides", "_repository", "_shallow", "_updates")

    def __init__(self, repository: Repository, updates: tuple[Update, ...], shallow_push: bool) -> None:
        self._repository = repository
        self._updates = updates
        self._shallow = shallow_push
        self._objects = ObjectDatabase(repository)
        config = repository.start_config() if repository.has_own_keys() else None
        self._listing = self._list()
        self._overrides = own_keys(config) if config else []
        self.remarks: list[str] = []

    def _list(self) -> bytes:
        return self._repository.start_refs(_patterns(self._updates, HALFHOOKS)).finish()

    def has_moved(self) -> bool:
        """Whether a ref that counts for this push has moved since the last listing; then it is to be collected again."""
        before, self._listing = self._listing, self._list()
        return before != self._listing

    def push(self) -> Push:
        """The push against the refs as they were listed last. `remarks` holds what is to be said about the policy."""
        refs, symbolic = parse_refs(self._listing)
        for update in self._updates:
            link = "" if update.ref in refs else self._repository.dangling_link(update.ref)
            if link:
                symbolic[update.ref] = link
        shallow_server = os.path.exists(os.path.join(self._repository.git_dir, "shallow"))
        locks = self._repository.ref_locks([update.ref for update in self._updates])
        transport = Transport(self._shallow, shallow_server, symbolic, tuple(locks))
        push, self.remarks = collect(self._repository, self._objects, refs, self._updates, self._overrides, transport)
        return push


def own_keys(process: Process) -> list[tuple[str, str]]:
    """The keys that `Repository.start_config` found; none is no failure."""
    try:
        return parse_pairs(process.finish())
    except GitError as error:
        if error.status == 1 and not error.stderr:
            return []
        raise


def _patterns(updates: tuple[Update, ...], layout: Layout) -> list[str]:
    """What to list: every branch of the workflow, the tags of the versions concerned, and what is pushed."""
    names = [parse_ref(update.ref, layout) for update in updates]
    tags = {TAGS + release_tag(name.version, PRODUCTION, layout) for name in names if name.version}
    branches = [layout.production_ref(), HEADS + layout.release, HEADS + layout.patch]
    pushed = ref_patterns([update.ref for update in updates])
    return pushed if pushed == ["refs/"] else [*branches, *sorted(tags), *(f"{tag}-*" for tag in sorted(tags)), *pushed]


def collect(
    repository: Repository,
    objects: ObjectDatabase,
    refs: Mapping[str, Target],
    updates: tuple[Update, ...],
    overrides: list[tuple[str, str]],
    transport: Transport,
) -> tuple[Push, list[str]]:
    """The `Push` of some updates of a repository whose refs stand as `refs` says, and remarks on its policy."""
    objects.load([update.new for update in updates if update.new])
    after = dict(refs)
    for update in updates:
        if update.new:
            after[update.ref] = objects.target(update.new)
        else:
            after.pop(update.ref, None)
    config, remarks = _policy(repository, objects, refs, after, overrides)
    layout = config.layout()
    begun = Project(Snapshot(refs, objects), layout).version is not None
    commits = _new_commits(repository, refs, after, updates, layout, begun)
    objects.remember(commits)
    if not begun:
        commits += _adopted(objects, after, updates, layout)
    push = Push(
        before=Snapshot(refs, objects),
        after=Snapshot(after, objects),
        updates=updates,
        commits=commits,
        rooms=rooms_of(objects, commits, layout),
        config=config,
        transport=transport,
        policies=dict(
            _pushed_policies(repository, objects, refs, after, updates, config if begun else None, overrides)
        ),
    )
    return push, remarks


def _policy(
    repository: Repository,
    objects: ObjectDatabase,
    before: Mapping[str, Target],
    after: Mapping[str, Target],
    overrides: list[tuple[str, str]],
) -> tuple[Config, list[str]]:
    """The policy of `ho-prod` as it was before the push, under the overrides of the administrator.

    Where there is no production yet, the pushed one brings its own policy: nothing is guarded that it could undo.
    What is wrong with a policy that is already in production is only remarked upon, and its default taken.
    """
    ref = HALFHOOKS.production_ref()
    production = before.get(ref) or after.get(ref)
    entry = entry_at(objects, production.commit, HALFHOOKS.policy) if production else None
    fields: dict[str, object] = {}
    remarks: list[str] = []
    if entry and is_file(entry):
        try:
            fields, remarks = parse_config(repository.blob_config(entry.oid))
        except GitError as error:
            remarks = [str(error)]
        remarks = [f"in {HALFHOOKS.policy} on {HALFHOOKS.production}: {remark}" for remark in remarks]
    own, problems = parse_config(overrides)
    remarks += [f"in the configuration of the server: {problem}" for problem in problems]
    return make_config({**fields, **own}), remarks


def _new_commits(
    repository: Repository,
    before: Mapping[str, Target],
    after: Mapping[str, Target],
    updates: tuple[Update, ...],
    layout: Layout,
    begun: bool,
) -> tuple[Commit, ...]:
    """The commits that the push brings to policed branches, parents first. Adopted history is not walked."""
    known = {target.commit for ref, target in before.items() if parse_ref(ref, layout).policed}
    pushed = [(parse_ref(update.ref, layout), after[update.ref].commit) for update in updates if update.new]
    if not begun:
        known.update(commit for name, commit in pushed if name.kind == PRODUCTION_BRANCH)
    known.discard("")
    tips = {commit for name, commit in pushed if name.policed and commit} - known
    return tuple(repository.new_commits(sorted(tips), sorted(known))) if tips else ()


def _adopted(
    objects: ObjectDatabase, after: Mapping[str, Target], updates: tuple[Update, ...], layout: Layout
) -> tuple[Commit, ...]:
    """The commit that a project begins with for us: without parents, so that all that it holds is judged as new."""
    pushed = [after[update.ref].commit for update in updates if update.new and update.ref == layout.production_ref()]
    return tuple(objects.commit(commit)._replace(parents=()) for commit in pushed if commit)


def rooms_of(objects: ObjectDatabase, commits: tuple[Commit, ...], layout: Layout) -> dict[str, Rooms]:
    """The rooms of each new commit and of its parents, by root tree; each tree is read once and not kept."""
    new = {commit.oid for commit in commits}
    parents = sorted({parent for commit in commits for parent in commit.parents} - new)
    objects.load(parents)
    # in the order of history: git stores neighbours as differences to each other, and reads them fastest one after the other
    trees = dict.fromkeys([objects.commit(parent).tree for parent in parents] + [commit.tree for commit in commits])
    problems: dict[str, str] = {}
    roots = {tree: tree for tree in trees}
    for name in layout.root.split("/")[:-1]:
        roots = _step_into(objects, roots, name, problems)
    reader = RoomReader(layout)
    inside = objects.read(list(dict.fromkeys(roots.values())))
    rooms = {oid: reader.read(raw, len(oid) // 2) for oid, _, raw in inside}
    outside = read_rooms(layout, NO_TREE)
    return {tree: _with_problem(rooms.get(roots.get(tree, ""), outside), problems.get(tree, "")) for tree in trees}


def _step_into(objects: ObjectDatabase, roots: dict[str, str], name: str, problems: dict[str, str]) -> dict[str, str]:
    """For each root tree, the tree of its folder `name`, where it has one; what is malformed goes to `problems`."""
    inner: dict[str, str] = {}
    bad: dict[str, str] = {}
    for oid, tree in objects.stream_trees(list(dict.fromkeys(roots.values()))):
        entry = tree.entries.get(name)
        if entry and is_folder(entry):
            inner[oid] = entry.oid
        bad[oid] = tree.problem
    problems.update((top, bad[oid]) for top, oid in roots.items() if bad[oid])
    return {top: inner[oid] for top, oid in roots.items() if oid in inner}


def _with_problem(rooms: Rooms, problem: str) -> Rooms:
    return rooms._replace(problem=problem) if problem else rooms


def _pushed_policies(
    repository: Repository,
    objects: ObjectDatabase,
    before: Mapping[str, Target],
    after: Mapping[str, Target],
    updates: tuple[Update, ...],
    config: Optional[Config],
    overrides: list[tuple[str, str]],
) -> Iterator[tuple[str, list[str]]]:
    """What is wrong with each policy that a push brings to a release or to production, by object id.

    `config` is the policy of a project that has begun: its files cannot go elsewhere any more.
    """
    layout = HALFHOOKS
    production = before.get(layout.production_ref())
    found = set()
    for update in updates:
        if not update.new or parse_ref(update.ref, layout).kind not in (PRODUCTION_BRANCH, RELEASE_BRANCH):
            continue
        source = before.get(update.ref) or production
        old = entry_at(objects, source.commit, layout.policy) if source else None
        new = entry_at(objects, after[update.ref].commit, layout.policy)
        if new and new != old and is_file(new):
            found.add(new.oid)
    for oid in sorted(found):
        try:
            fields, problems = parse_config(repository.blob_config(oid))
        except GitError as error:
            yield oid, [str(error)]
            continue
        coming = make_config({**fields, **parse_config(overrides)[0]})
        if config and (coming.root, coming.workflow) != (config.root, config.workflow):
            problems.append("'halfhooks.root' and 'halfhooks.workflow' cannot change once the project has begun")
        yield oid, problems

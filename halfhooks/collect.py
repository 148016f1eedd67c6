"""Turns what git hands to a hook into a `Push`: refs, new commits, and what these hold where the rules look.

The number of git processes is the same for every push: one lists refs, one reads our configuration if the repository has
any, one the policy if the project has one, two walk the new commits, and one hands out objects. A policy that is pushed
costs one more.
"""

from __future__ import annotations

from halfhooks.config import make_config, parse_config
from halfhooks.git import GitError, ObjectDatabase, exists, parse_pairs, parse_refs, ref_patterns
from halfhooks.layout import HALFHOOKS, HEADS, HOTFIX, PRODUCTION, TAGS, WORKFLOWS
from halfhooks.names import (
    POLICED_BRANCHES,
    PRODUCTION_BRANCH,
    parse_file_name,
    parse_ref,
    release_tag,
)
from halfhooks.objects import parse_tree
from halfhooks.push import Push, Transport
from halfhooks.release import Project
from halfhooks.rooms import RoomReader, read_rooms
from halfhooks.snapshot import NO_TREE, Snapshot, Target, Update, entry_at, folder_at, is_file, is_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
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

    __slots__ = ("remarks", "_lister", "_listing", "_objects", "_overrides", "_repository", "_shallow", "_updates")

    def __init__(self, repository: Repository, updates: tuple[Update, ...], shallow_push: bool) -> None:
        """Start listing the refs; `push` waits for that."""
        self._repository = repository
        self._updates = updates
        self._shallow = shallow_push
        self._objects = ObjectDatabase(repository)
        config = repository.start_config() if repository.has_own_keys() else None
        self._lister: Optional[Process] = self._list()
        self._listing = b""
        self._overrides = own_keys(config) if config else []
        self.remarks: list[str] = []

    def _list(self) -> Process:
        return self._repository.start_refs(_patterns(self._updates))

    def has_moved(self) -> bool:
        """Whether a ref that counts for this push has moved since the last listing; then it is to be collected again."""
        before = self._listing
        self._listing = self._list().finish()
        return before != self._listing

    def push(self) -> Push:
        """The push against the refs as they were listed last. `remarks` holds what is to be said about the policy."""
        if self._lister:
            self._listing = self._lister.finish()
            self._lister = None
        refs, symbolic = parse_refs(self._listing)
        for update in self._updates:
            link = "" if update.ref in refs else self._repository.dangling_link(update.ref)
            if link:
                symbolic[update.ref] = link
        shallow_server = exists(f"{self._repository.git_dir}/shallow")
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


def _patterns(updates: tuple[Update, ...]) -> list[str]:
    """What to list: every branch of the workflow, the tags of the versions concerned, and what is pushed."""
    pushed = ref_patterns([update.ref for update in updates])
    if pushed == ["refs/"]:
        return pushed
    branches = (HALFHOOKS.production_ref(), HEADS + HALFHOOKS.release, HEADS + HALFHOOKS.patch)
    found = {*pushed, *branches}
    for layout in WORKFLOWS.values():  # their branches have the same names, their tags need not
        versions = {parse_ref(update.ref, layout).version for update in updates}
        tags = [TAGS + release_tag(version, PRODUCTION, layout) for version in versions if version]
        found.update(pattern for tag in tags for pattern in (tag, f"{tag}-*"))
    return sorted(found)


def collect(
    repository: Repository,
    objects: ObjectDatabase,
    refs: Mapping[str, Target],
    updates: tuple[Update, ...],
    overrides: list[tuple[str, str]],
    transport: Transport,
) -> tuple[Push, list[str]]:
    """The `Push` of some updates of a repository whose refs stand as `refs` says, and remarks on its policy."""
    heads = [target.commit for ref, target in refs.items() if parse_ref(ref, HALFHOOKS).kind in POLICED_BRANCHES[:2]]
    objects.load([*(update.new for update in updates if update.new), *filter(None, heads)])
    after = dict(refs)
    for update in updates:
        if update.new:
            after[update.ref] = objects.target(update.new)
        else:
            after.pop(update.ref, None)
    adopts = any(update.new and update.ref == HALFHOOKS.production_ref() for update in updates)
    walk = _start_walk(repository, refs, after, updates) if not adopts else None  # while we look for the policy
    objects.load_trees(objects.commit(head).tree for head in heads if head)  # at once: each question takes a while
    config, remarks = _policy(repository, objects, refs, after, overrides)
    layout = config.layout()
    lists = (entry_at(objects, head, layout.path(layout.releases)) for head in heads)
    objects.load_trees([entry.oid for entry in lists if entry and is_folder(entry)])
    tags = _tags_of_the_promoted(objects, refs, after, layout)
    if tags:
        found = parse_refs(repository.start_refs(tags).finish())[0]
        refs, after = {**found, **refs}, {**found, **after}
    before = Project(Snapshot(refs, objects), layout)
    begun = before.version is not None
    if walk is None:
        walk = _start_walk(repository, refs, after, updates, adopted=not begun)
    commits, rooms = read_walk(objects, walk, layout, _adopted(objects, after, updates, layout) if not begun else ())
    push = Push(
        before=before,
        after=Project(Snapshot(after, objects), layout, before),
        updates=updates,
        commits=commits,
        rooms=rooms,
        config=config,
        transport=transport,
        policies=dict(
            _pushed_policies(repository, objects, refs, after, updates, config if begun else None, overrides, transport)
        ),
    )
    return push, remarks


def _tags_of_the_promoted(
    objects: ObjectDatabase, before: Mapping[str, Target], after: Mapping[str, Target], layout: Layout
) -> list[str]:
    """The tags of releases that a push promotes although they have no branch: perhaps git took those tags before."""
    ref, path = layout.production_ref(), layout.path(layout.releases)
    if ref not in before or ref not in after or before[ref] == after[ref]:
        return []
    old, new = (folder_at(objects, refs[ref].commit, path) for refs in (before, after))
    names = (parse_file_name(file, layout) for file in new.differing(old))
    return [
        TAGS + release_tag(name.version, name.form, layout, name.number)
        for name in names
        if name and name.form in (PRODUCTION, HOTFIX) and f"{HEADS}{layout.release}{name.version}" not in before
    ]


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


def _start_walk(
    repository: Repository,
    before: Mapping[str, Target],
    after: Mapping[str, Target],
    updates: tuple[Update, ...],
    adopted: bool = False,
) -> Iterable[tuple[Commit, bytes]]:
    """Start the walk of the commits that the push brings to policed branches; not of a production that is `adopted`."""
    known = {target.commit for ref, target in before.items() if parse_ref(ref, HALFHOOKS).policed}
    pushed = [(parse_ref(update.ref, HALFHOOKS), after[update.ref].commit) for update in updates if update.new]
    if adopted:
        known.update(commit for name, commit in pushed if name.kind == PRODUCTION_BRANCH)
    known.discard("")
    tips = {commit for name, commit in pushed if name.policed and commit} - known
    return repository.start_walk(sorted(tips), sorted(known)) if tips else ()


def _adopted(
    objects: ObjectDatabase, after: Mapping[str, Target], updates: tuple[Update, ...], layout: Layout
) -> tuple[Commit, ...]:
    """The commit that a project begins with for us: without parents, so that all that it holds is judged as new."""
    pushed = [after[update.ref].commit for update in updates if update.new and update.ref == layout.production_ref()]
    return tuple(objects.commit(commit)._replace(parents=()) for commit in pushed if commit)


def read_walk(
    objects: ObjectDatabase,
    walk: Iterable[tuple[Commit, bytes]],
    layout: Layout,
    others: tuple[Commit, ...] = (),
) -> tuple[tuple[Commit, ...], dict[str, Rooms]]:
    """The commits of a walk and `others`, and the rooms of each and of its parents, by root tree; no tree is kept."""
    commits: list[Commit] = []

    def trees() -> Iterator[tuple[str, bytes]]:
        for commit, raw in walk:
            commits.append(commit)
            yield commit.tree, raw

    folders = layout.root.split("/")[:-1]
    rooms = _rooms_below(objects, trees(), layout, folders)
    objects.remember(commits)
    commits[:0] = others
    new = {commit.oid for commit in commits}
    parents = sorted({parent for commit in commits for parent in commit.parents} - new)
    objects.load(parents)
    left = {commit.tree for commit in (*others, *map(objects.commit, parents))} - rooms.keys()
    rooms.update(_rooms_below(objects, objects.read_trees(sorted(left)), layout, folders))
    return tuple(commits), rooms


def _rooms_below(
    objects: ObjectDatabase, trees: Iterable[tuple[str, bytes]], layout: Layout, folders: list[str]
) -> dict[str, Rooms]:
    """The rooms in many raw trees, by their ids. `folders` lead from these to the root of the project."""
    if not folders:
        reader = RoomReader(layout)
        return {oid: reader.read(raw, len(oid) // 2) for oid, raw in trees}
    parsed = ((oid, parse_tree(raw, len(oid) // 2)) for oid, raw in trees)
    found = {oid: (tree.entries.get(folders[0]), tree.problem) for oid, tree in parsed}
    inner = dict.fromkeys(entry.oid for entry, _ in found.values() if entry and is_folder(entry))
    rooms = _rooms_below(objects, objects.read_trees(list(inner)), layout, folders[1:])
    none = read_rooms(layout, NO_TREE)
    return {
        oid: _with_problem(rooms[entry.oid] if entry and is_folder(entry) else none, problem)
        for oid, (entry, problem) in found.items()
    }


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
    transport: Transport,
) -> Iterator[tuple[str, list[str]]]:
    """What is wrong with each policy that a push brings to a release or to production, in a clone also to a patch.

    By object id. `config` is the policy of a project that has begun.
    """
    layout = HALFHOOKS
    kinds = POLICED_BRANCHES if transport.clone else POLICED_BRANCHES[:2]
    production = before.get(layout.production_ref())
    found = set()
    for update in updates:
        if not update.new or parse_ref(update.ref, layout).kind not in kinds:
            continue
        source = before.get(update.ref) or production
        old = entry_at(objects, source.commit, layout.policy) if source else None
        new = entry_at(objects, after[update.ref].commit, layout.policy)
        if new and new != old and is_file(new):
            found.add(new.oid)
    return ((oid, policy_problems(repository, oid, config, overrides)) for oid in sorted(found))


def policy_problems(
    repository: Repository, oid: str, config: Optional[Config], overrides: list[tuple[str, str]]
) -> list[str]:
    """What is wrong with a policy that comes, in words, under the overrides of the administrator.

    `config` is the policy of a project that has begun, None before: its files cannot go elsewhere any more.
    """
    try:
        fields, problems = parse_config(repository.blob_config(oid))
    except GitError as error:
        return [str(error)]
    coming = make_config({**fields, **parse_config(overrides)[0]})
    if config and (coming.root, coming.workflow) != (config.root, config.workflow):
        problems.append("'halfhooks.root' and 'halfhooks.workflow' cannot change once the project has begun")
    return problems

"""Reads a whole repository as the server that it is, or that it was cloned from, so that it can be judged without a push.

In a bare repository the refs are the server's own. A clone knows them as remote-tracking branches, and is judged by what
these say: nothing is fetched.
"""

from __future__ import annotations

from halfhooks.collect import collect, own_keys, read_walk
from halfhooks.config import make_config, parse_config
from halfhooks.git import GitError, ObjectDatabase, Process, Repository, parse_refs
from halfhooks.layout import HALFHOOKS, HEADS, TAGS
from halfhooks.names import PRODUCTION_BRANCH, parse_ref
from halfhooks.push import Push, Transport
from halfhooks.snapshot import Target, Update, entry_at, is_file
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Optional

    from halfhooks.config import Config
    from halfhooks.layout import Layout
    from halfhooks.rooms import Rooms
    from halfhooks.snapshot import Commit

    Collected = tuple[Push, list[str]]

ORIGIN = "origin"


class CannotTell(Exception):
    """There is no verdict; the text says why in one line, with the command that helps where there is one."""


class Place(NamedTuple):
    """Where a repository is: its common git directory, whether it is bare, whether its history is cut off.

    `own_dir` is that of the worktree, where HEAD and the index are.
    """

    git_dir: str
    bare: bool
    shallow: bool
    own_dir: str


def locate(git: str, environment: Mapping[str, str]) -> Place:
    """The repository of the working directory, as git finds it: in the caller's environment, for a hook has GIT_DIR set.

    Fails with `CannotTell` where there is none, or where git does not trust its owner.
    """
    places = ("--path-format=absolute", "--git-dir", "--git-common-dir")
    questions = (*places, "--is-bare-repository", "--is-shallow-repository")
    process = Process((git, "rev-parse", *questions), {**environment, "LC_ALL": "C"})
    try:
        dirs, bare, shallow = process.finish().decode("utf-8", "surrogateescape").rsplit("\n", 3)[:3]
    except GitError as error:
        said = [line.strip() for line in error.stderr.splitlines() if line.strip()] or [str(error)]
        helps = [line for line in said[1:] if line.startswith("git config")]
        raise CannotTell(": ".join([said[0].removeprefix("fatal: "), *helps]) + way_in(said[0])) from None
    half = len(dirs) // 2  # mostly they are the same, and there may be line feeds in it
    own_dir, git_dir = (dirs[:half],) * 2 if dirs[:half] == dirs[half + 1 :] else dirs.split("\n", 1)
    return Place(git_dir, bare == "true", shallow == "true", own_dir)


def way_in(said: str) -> str:
    """What to add where git says that there is no repository."""
    outside = "not a git repository (or any" in said
    return "; go into a clone of the project: ho clone URL fetches one, ho init NAME begins one" if outside else ""


class Reader(ObjectDatabase):
    """The object database of a repository that is read by a process that lives on."""

    def close(self) -> None:
        """End the git behind it."""
        self._answers.close()
        self._process.finish()


class Survey:
    """A repository as it stands. `refs` are the branches and tags under the names that they have on the server.

    `remote` is the remote whose branches are meant, "" for those of the repository itself.
    """

    def __init__(
        self,
        git: str,
        environment: Mapping[str, str],
        remote: Optional[str] = None,
        local: bool = False,
        place: Optional[Place] = None,
    ) -> None:
        """Read the refs: of `remote`, else, unless `local` ones are wanted, of `origin` where there is such a remote.

        The repository is that of `place`, else that of the working directory.
        """
        self.place = place or locate(git, environment)
        self.repository = Repository(git, self.place.git_dir, environment)
        lister, config = self.repository.start_refs(["refs/"]), self.repository.start_config()
        listed, self.symbolic = parse_refs(lister.finish())
        self.remote = "" if local else self._choose(listed, remote)
        self.refs = as_server(listed, self.symbolic, self.remote)
        self.overrides = own_keys(config)
        self.objects = Reader(self.repository)
        self._policies: dict[str, Config] = {}

    def __enter__(self) -> Survey:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            self.objects.close()
        except GitError:
            if not isinstance(error, KeyboardInterrupt):  # Ctrl-C ends that git too
                raise

    def _choose(self, listed: Mapping[str, Target], wanted: Optional[str]) -> str:
        if wanted is None and self.place.bare:
            return ""
        remote = wanted or ORIGIN
        if any(ref.startswith(tracking(remote)) for ref in listed) or self._has_remote(remote):
            return remote
        if wanted is not None:
            raise CannotTell(f"there is no remote '{wanted}': git remote -v lists them")
        return ""

    def _has_remote(self, remote: str) -> bool:
        try:
            return bool(self.repository.start("config", "--get", f"remote.{remote}.url").finish())
        except GitError:
            return False

    @property
    def fetch(self) -> str:
        """The command that brings what this repository lacks."""
        remote = self.remote or ORIGIN
        unshallow = "--unshallow " if self.place.shallow else ""
        return f"git fetch {unshallow}--tags {remote} '+refs/heads/*:{tracking(remote)}*'"

    def state(self) -> Collected:
        """A `Push` that moves nothing: before and after are the repository as it stands. Also remarks on its policy.

        `rooms` knows the tips of the workflow's branches. Fails with `CannotTell` where the production branch is not known.
        """
        self._need_production()
        self.objects.load(target.oid for target in self.refs.values())
        push, remarks = self._collect(())
        policed = self._policed(push.layout)
        tips = tuple(self.objects.commit(tip)._replace(parents=()) for tip in sorted(set(policed.values()) - {""}))
        _, rooms = read_walk(self.objects, (), push.layout, tips)
        return _replaced(push, (), (), rooms), remarks

    def history(self) -> Collected:
        """A `Push` that makes every branch of the workflow at its tip, with all commits that these lead to."""
        push, remarks = self.state()
        policed = self._policed(push.layout)
        walk = self.repository.start_walk(sorted(set(policed.values()) - {""}), ())
        commits, rooms = read_walk(self.objects, walk, push.layout)
        self._need_whole(commits)
        updates = tuple(Update("", self.refs[ref].oid, ref) for ref in policed)
        return _replaced(push, updates, commits, rooms), remarks

    def policy_at(self, commit: str) -> Config:
        """The policy in the tree of a commit, under the repository's own keys; the defaults where git cannot read it."""
        entry = entry_at(self.objects, commit, HALFHOOKS.policy)
        oid = entry.oid if entry and is_file(entry) else ""
        if oid not in self._policies:
            try:
                pairs = self.repository.blob_config(oid) if oid else []
            except GitError:
                pairs = []
            fields = {**parse_config(pairs)[0], **parse_config(self.overrides)[0]}
            self._policies[oid] = make_config(fields)
        return self._policies[oid]

    def _policed(self, layout: Layout) -> dict[str, str]:
        """The branches of the workflow with the commits that they lead to."""
        return {ref: self.refs[ref].commit for ref in sorted(self.refs) if parse_ref(ref, layout).policed}

    def move(self, update: Update) -> Collected:
        """The `Push` of one ref update on the server, whose other refs stand as they are known here.

        The ref itself stands at `update.old`, whatever is known of it: in CI it has moved already. Without `update.old` it
        is made, so it may not be known elsewhere; production not at all, for it is made once in a project's life.
        """
        production = parse_ref(update.ref, HALFHOOKS).kind == PRODUCTION_BRANCH
        if self.remote and not production:
            self._need_production()
        known = self.refs.get(update.ref)
        if known and not update.old and (production or known.oid != update.new):
            name = update.ref.removeprefix(HEADS).removeprefix(TAGS)
            raise CannotTell(f"'{name}' exists, at {known.oid[:7]}: give OLD..NEW")
        if update.old:
            self.refs[update.ref] = self.objects.target(update.old)
        else:
            self.refs.pop(update.ref, None)
        push, remarks = self._collect((update,))
        self._need_whole(push.commits)
        return push, remarks

    def moves(self, updates: tuple[Update, ...]) -> Collected:
        """The `Push` of some ref updates whose `old` is what the server said; the other refs stand as they are known here.

        Fails with `CannotTell` where the server has something that is not known here.
        """
        for update in updates:
            self.refs.pop(update.ref, None)
            if update.old:
                try:
                    self.refs[update.ref] = self.objects.target(update.old)
                except GitError:
                    name = update.ref.removeprefix(HEADS).removeprefix(TAGS)
                    raise CannotTell(f"'{name}' has moved on '{self.remote}': git fetch {self.remote}") from None
        push, remarks = self._collect(updates)
        self._need_whole(push.commits)
        return push, remarks

    def _collect(self, updates: tuple[Update, ...]) -> Collected:
        transport = Transport(symbolic={} if self.remote else self.symbolic, clone=bool(self.remote))
        return collect(self.repository, self.objects, self.refs, updates, self.overrides, transport)

    def _need_production(self) -> None:
        """Fail when the production branch is not known here: without it there is nothing to hold on to."""
        production = HALFHOOKS.production
        if HEADS + production in self.refs:
            return
        if self.remote:
            raise CannotTell(f"'{production}' of '{self.remote}' is not known here: {self.fetch}")
        raise CannotTell(f"there is no branch '{production}' in '{self.place.git_dir}'")

    def _need_whole(self, commits: tuple[Commit, ...]) -> None:
        """Fail when a walk came to the end of a history that is cut off: git shows what stands there without parents."""
        if self.place.shallow and not all(commit.parents for commit in commits):
            raise CannotTell(f"the history is cut off where it is needed: {self.fetch}")

    def resolve(self, text: str, ref: str) -> str:
        """The id of the object that `text` names: "" for nothing or zeros, a commit where `ref` is a branch."""
        if not text.strip("0"):
            return ""
        peeled = text + ("^{commit}" if ref.startswith(HEADS) else "^{object}")
        try:
            found = self.repository.start("rev-parse", "--verify", "--quiet", "--end-of-options", peeled).finish()
        except GitError:
            raise CannotTell(f"'{text}' names no commit here: {self.fetch}") from None
        return found.decode("ascii").strip()


def tracking(remote: str) -> str:
    """Where a clone keeps the branches of a remote."""
    return f"refs/remotes/{remote}/"


def as_server(listed: Mapping[str, Target], symbolic: Mapping[str, str], remote: str) -> dict[str, Target]:
    """The branches and tags among some refs under the names that they have on the server."""
    refs = {ref: target for ref, target in listed.items() if ref.startswith(TAGS)}
    prefix = tracking(remote) if remote else HEADS
    for ref, target in listed.items():
        if ref.startswith(prefix) and not (remote and ref in symbolic):
            refs[HEADS + ref[len(prefix) :]] = target
    return refs


def _replaced(push: Push, updates: tuple[Update, ...], commits: tuple[Commit, ...], rooms: Mapping[str, Rooms]) -> Push:
    """A push between the same states that brings something else."""
    return Push(push.before, push.after, updates, commits, rooms, push.config, push.transport, push.policies)

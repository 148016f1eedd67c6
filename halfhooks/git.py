"""Starts git: the only module that does. Bytes in, plain values out; any failure of git is a `GitError`.

`subprocess` is not used: importing it takes longer than all the rest of a check. Nor is `os`, here and in what else every
push loads: `posix` is where it has these functions from, and its own import takes a fifth of the start of Python, which
does without it (see docs/performance.md).
"""

from __future__ import annotations

import posix
import time
from _stat import S_ISDIR
from fcntl import fcntl
from select import select

from halfhooks.objects import parse_commit, parse_tag, parse_tree
from halfhooks.snapshot import Commit, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Optional

    from halfhooks.snapshot import Tree

# What a child git may see of our environment. Over a file path or a shell account the rest is the pusher's
# (GIT_CONFIG_GLOBAL, GIT_TRACE, GIT_ALLOW_PROTOCOL, PATH ...), and none of it may change what is read.
KEPT = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH", "GIT_INDEX_FILE")
CLEAN = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_FLUSH": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "PATH": "/usr/bin:/bin",
}
LONGEST_REQUEST = 65
"""Bytes of a request to `cat-file`: an id and a line feed."""
F_GETPIPE_SZ = 1032
"""Linux's fcntl command, which Python names from 3.10 on."""
SMALLEST_PIPE = 4096
"""Bytes that any system's pipe holds."""
MOST_PATHS = 2_000_000
"""Changed paths that are looked at in one push."""


MANY_REFS = 64
"""More refs than this are not asked for by name: git compares each ref with each name."""
LARGEST = 64 << 20
"""Bytes of an object that are kept; what follows is read and dropped."""


CLOSED = -1

LARGE_TREE = 1 << 15
"""Bytes of a raw tree from which on it pays not to parse all of it: some 800 entries."""

SMALL = 1 << 16
"""Bytes of a blob that is remembered: release files are, large SQL is not."""


class GitError(Exception):
    """Git failed or could not be started, or gave what it should not (status 0).

    `argv` is what was run, `status` its exit status, `stderr` what it said.
    """

    def __init__(self, argv: Sequence[str], status: int, stderr: str) -> None:
        super().__init__(argv, status, stderr)
        self.argv = tuple(argv)
        self.status = status
        self.stderr = stderr

    def __str__(self) -> str:
        lines = self.stderr.strip().splitlines()
        cause = next((line for line in lines if line.startswith(("error: ", "fatal: "))), lines[-1] if lines else "")
        if not self.status:
            return cause
        command = " ".join(("git",) + self.argv[1:3])
        return f"{command} failed with {self.status}" + (f": {cause}" if cause else "")


class Process:
    """A running git with a pipe to each of its standard streams."""

    __slots__ = ("argv", "pid", "stdin", "stdout", "stderr")

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], source: Optional[Process] = None) -> None:
        """Start `argv`, whose first word is an absolute path, with nothing but `environment`.

        What `source` prints is its input; it then has no `stdin` of ours, and `source` no `stdout`.
        """
        self.argv = argv
        self.stdin = self.stdout = CLOSED
        if source:
            input_end, source.stdout = source.stdout, CLOSED
        else:
            input_end, self.stdin = posix.pipe()
        self.stdout, output_end = posix.pipe()
        self.stderr, error_end = posix.pipe()
        ends = (input_end, output_end, error_end)
        actions = [(posix.POSIX_SPAWN_DUP2, end, descriptor) for descriptor, end in enumerate(ends)]
        try:
            self.pid = posix.posix_spawn(argv[0], list(argv), environment, file_actions=actions)
        except OSError as error:
            for descriptor in (self.stdin, self.stdout, self.stderr):
                _close(descriptor)
            raise GitError(argv, 127, f"{argv[0]}: {posix.strerror(error.errno or 0)}") from None
        finally:
            for end in ends:
                posix.close(end)

    def write(self, data: bytes) -> None:
        """Write all of `data` to git; what git does not read because it has failed is reported by `finish`."""
        view = memoryview(data)
        try:
            while view:
                view = view[posix.write(self.stdin, view) :]
        except BrokenPipeError:
            pass

    def end_input(self) -> None:
        """Nothing more will be written."""
        _close(self.stdin)
        self.stdin = CLOSED

    def finish(self) -> bytes:
        """End the input, read what is left of the output, wait for the end; a GitError when git failed."""
        self.end_input()
        output, errors = _read_both(self.stdout, self.stderr)
        _close(self.stdout)
        _close(self.stderr)
        status = posix.waitstatus_to_exitcode(posix.waitpid(self.pid, 0)[1])
        if status:
            raise GitError(self.argv, status, errors.decode("utf-8", "replace"))
        return output


def _close(descriptor: int) -> None:
    if descriptor != CLOSED:
        posix.close(descriptor)


def _read_both(one: int, two: int) -> tuple[bytes, bytes]:
    """All that two descriptors yield, read as it comes, so that neither writer has to wait for the other."""
    pieces: dict[int, list[bytes]] = {one: [], two: []}
    waiting = [descriptor for descriptor in (one, two) if descriptor != CLOSED]
    while waiting:
        for descriptor in select(waiting, (), ())[0]:
            piece = posix.read(descriptor, 1 << 20)
            pieces[descriptor].append(piece)
            if not piece:
                waiting.remove(descriptor)
    return b"".join(pieces[one]), b"".join(pieces[two])


def _pipe_size(descriptor: int) -> int:
    """The bytes that a pipe holds before a writer has to wait: Linux gives a user with many pipes small ones."""
    try:
        return fcntl(descriptor, F_GETPIPE_SZ)
    except OSError:
        return SMALLEST_PIPE


def ref_patterns(refs: Collection[str]) -> list[str]:
    """What `git for-each-ref` has to be asked for to list some refs; for many it is quicker to list all."""
    return sorted(ref for ref in refs if ref.startswith("refs/")) if len(refs) <= MANY_REFS else ["refs/"]


def exists(path: str) -> bool:
    """Whether there is anything of this name, if only a symbolic link to nothing."""
    try:
        posix.lstat(path)
    except OSError:
        return False
    return True


def read_all(descriptor: int) -> bytes:
    """All that a descriptor yields."""
    pieces: list[bytes] = []
    while True:
        piece = posix.read(descriptor, 1 << 20)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


class Repository:
    """A repository as git shows it. `git` is the absolute path of git, `git_dir` that of the repository."""

    def __init__(self, git: str, git_dir: str, environment: Mapping[str, str]) -> None:
        self._git = git
        self.git_dir = git_dir
        self._environment = {**CLEAN, **{name: environment[name] for name in KEPT if name in environment}}
        self._environment["GIT_DIR"] = git_dir

    def start(self, *arguments: str) -> Process:
        """A running git with these arguments."""
        return Process((self._git, *arguments), self._environment)

    def start_refs(self, patterns: Iterable[str]) -> Process:
        """Start listing the refs that match the patterns (`git for-each-ref`); `parse_refs` reads the result."""
        form = "%(objectname) %(objecttype) %(*objectname) %(*objecttype) %(refname) %(symref)"
        return self.start("for-each-ref", f"--format={form}", "--", *patterns)

    def dangling_link(self, ref: str) -> str:
        """Where `ref` leads if it is a symbolic ref to nothing, else "". Git does not list such a ref.

        Pushing to it creates its target. The format of the file is that of gitrepository-layout(5).
        """
        if not ref.startswith("refs/") or ".." in ref:
            return ""
        try:
            descriptor = posix.open(f"{self.git_dir}/{ref}", posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NONBLOCK)
        except OSError:
            return ""
        try:
            content = posix.read(descriptor, 4096)
        except OSError:
            return ""
        finally:
            posix.close(descriptor)
        return content[5:].strip().decode("utf-8", "replace") if content.startswith(b"ref: ") else ""

    def ref_locks(self, refs: Iterable[str]) -> list[str]:
        """The lock files that keep git from moving these refs, after a second in which a running git may remove them.

        A git that was killed leaves them; git then refuses one ref of a push after the hook has accepted them all.
        """
        paths = [f"{self.git_dir}/{ref}.lock" for ref in refs if ref.startswith("refs/")]
        deadline = time.monotonic() + 1
        left = [path for path in paths if exists(path)]
        while left and time.monotonic() < deadline:
            time.sleep(0.02)
            left = [path for path in left if exists(path)]
        return left

    def tips(self, refs: Iterable[str]) -> dict[str, str]:
        """The object ids of those of some refs that exist."""
        wanted = set(refs)
        lines = self.start("for-each-ref", "--format=%(objectname) %(refname)", "--", *ref_patterns(wanted)).finish()
        found = (line.partition(" ") for line in lines.decode("utf-8", "surrogateescape").split("\n")[:-1])
        return {ref: oid for oid, _, ref in found if ref in wanted}

    def has_own_keys(self) -> bool:
        """Whether it is worth asking `start_config`: most repositories do not mention us, and a look is quicker than git.

        With `--local` git follows no include and reads no other file.
        """
        try:
            with open(f"{self.git_dir}/config", "rb") as file:
                return b"halfhooks" in file.read().lower()
        except OSError:
            return True

    def start_config(self) -> Process:
        """Start reading our keys in the repository's own configuration, which a push cannot reach."""
        return self.start("config", "--local", "-z", "--get-regexp", "^halfhooks\\.")

    def blob_config(self, oid: str) -> list[tuple[str, str]]:
        """The keys of a blob in git-config syntax; a GitError when git cannot parse it. Includes are not followed.

        What git said of the last one is kept beside the lock, where we are installed: a policy seldom changes, and each push
        asks for it.
        """
        path = f"{self.git_dir}/halfhooks/policy"
        output = _read_kept(path, oid)
        if output is None:
            output = self.start("config", f"--blob={oid}", "--no-includes", "-z", "--list").finish()
            _keep(path, oid, output)
        return parse_pairs(output)

    def start_walk(self, tips: Iterable[str], excluded: Iterable[str]) -> Walk:
        """Start walking the commits reachable from `tips` and not from `excluded`."""
        lister = self.start("rev-list", "--topo-order", "--reverse", "--no-commit-header", Walk.LINE, "--stdin")
        lister.write("".join([f"{tip}\n" for tip in tips] + [f"^{tip}\n" for tip in excluded]).encode())
        lister.end_input()
        argv = (self._git, "cat-file", "--buffer", Walk.HEADER)
        return Walk(lister, Process(argv, self._environment, lister))


def _read_kept(path: str, oid: str) -> Optional[bytes]:
    """What `_keep` wrote for an object; None when that is another one, or cannot be read."""
    try:
        with open(
            posix.open(path, posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_CLOEXEC | posix.O_NONBLOCK), "rb"
        ) as file:
            name, _, content = file.read().partition(b"\n")
    except OSError:
        return None
    return content if name.decode("ascii", "replace") == oid else None


def _keep(path: str, oid: str, content: bytes) -> None:
    """Write a file, whole or not at all, for who may use the repository; it is only to save time, so a failure is none."""
    new = f"{path}.{posix.getpid()}"
    folder = path.rpartition("/")[0]
    try:
        mode = posix.lstat(folder).st_mode
        if not S_ISDIR(mode):
            return
        flags = posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_NOFOLLOW | posix.O_CLOEXEC
        with open(posix.open(new, flags, 0o600), "wb") as file:
            posix.fchmod(file.fileno(), mode & 0o666)
            file.write(oid.encode() + b"\n" + content)
        posix.replace(new, path)
    except OSError:
        try:
            posix.unlink(new)
        except OSError:
            pass


class Walk:
    """Some commits, parents first, each with its raw root tree; a GitError when anything is missing.

    `git rev-list` writes straight into a `git cat-file` of its own: nobody waits for us between two commits, and a git
    that need not answer one by one takes a third of the time.
    """

    LINE = "--format=%T %H %ct,%P"
    HEADER = "--batch=%(objectname) %(objecttype) %(objectsize) %(rest)"

    def __init__(self, lister: Process, reader: Process) -> None:
        self._lister = lister
        self._reader = reader

    def __iter__(self) -> Iterator[tuple[Commit, bytes]]:
        make = Commit._make  # as quick as a tuple: there may be a hundred thousand
        with open(posix.dup(self._reader.stdout), "rb", 1 << 16) as output:
            for line in iter(output.readline, b""):
                words = line.decode("ascii").split()
                if len(words) < 5:
                    raise GitError(self._reader.argv, 0, f"the object {words[0]} is missing")
                tree, _, length, oid, dated, *others = words
                size = int(length)
                raw = output.read(size + 1) if size <= LARGEST else b""
                if len(raw) != size + 1:
                    raise GitError(self._reader.argv, 0, f"the tree {tree} could not be read")
                date, _, first = dated.partition(",")
                parents = (first, *others) if first else ()
                yield make((oid, tree, parents, int(date or 0))), raw[:-1]
        self._reader.finish()
        self._lister.finish()


def parse_refs(output: bytes) -> tuple[dict[str, Target], dict[str, str]]:
    """What `Repository.start_refs` printed: where each ref points, and the symbolic refs with their targets."""
    refs, symbolic = {}, {}
    for line in output.decode("utf-8", "surrogateescape").split("\n")[:-1]:
        oid, kind, peeled, peeled_kind, ref, link = line.split(" ")
        commit = oid if kind == "commit" else peeled if kind == "tag" and peeled_kind == "commit" else ""
        refs[ref] = Target(oid, kind, commit)
        if link:
            symbolic[ref] = link
    return refs, symbolic


def parse_pairs(output: bytes) -> list[tuple[str, str]]:
    """The keys and values that `git config -z` printed; a key without a value reads as `true`."""
    lines = output.decode("utf-8", "surrogateescape").split("\0")[:-1]
    return [(key, value if newline else "true") for key, newline, value in (line.partition("\n") for line in lines)]


def read_tree(raw: bytes, id_size: int) -> Tree:
    """A raw tree object, parsed at once if it is small, and where it is asked for if it is large."""
    if len(raw) <= LARGE_TREE:
        return parse_tree(raw, id_size)
    from halfhooks.large_tree import LargeTree  # most projects never have one

    return LargeTree(raw, id_size)


class ObjectDatabase:
    """The objects of a repository, read through one `git cat-file --batch` and remembered."""

    REMEMBERED = 32 << 20
    """Bytes that the trees which are kept may take; more are read again when needed."""

    def __init__(self, repository: Repository) -> None:
        self._process = repository.start("cat-file", "--batch")
        self._answers = open(posix.dup(self._process.stdout), "rb", 1 << 16)  # noqa: SIM115
        self._left = MOST_PATHS
        self._batch = max(1, _pipe_size(self._process.stdin) // (4 * LONGEST_REQUEST))
        self._commits: dict[str, Commit] = {}
        self._trees: dict[str, Tree] = {}
        self._tree_bytes = 0
        self._blobs: dict[str, bytes] = {}
        self._targets: dict[str, Target] = {}

    def remember(self, commits: Iterable[Commit]) -> None:
        """Take commits that are already known, so that they are not read again."""
        self._commits.update((commit.oid, commit) for commit in commits)

    def commit(self, oid: str) -> Commit:
        """The commit `oid`; a GitError when there is none."""
        known = self._commits.get(oid)
        if known is None:
            known = self._commits[oid] = parse_commit(oid, self._read(oid, "commit"))
        return known

    def tree(self, oid: str) -> Tree:
        """The tree `oid`; a GitError when there is none."""
        known = self._trees.get(oid)
        return known if known is not None else self._keep(oid, self._read(oid, "tree"))

    def spend(self, paths: int) -> None:
        """Count the paths that are looked at one by one; a GitError beyond what any push needs.

        A few small trees that hold each other many times over make more paths than anybody can ever list.
        """
        self._left -= paths
        if self._left < 0:
            raise GitError(self._process.argv, 0, f"this push changes more than {MOST_PATHS} paths")

    def load_trees(self, oids: Iterable[str]) -> None:
        """Read many trees in one go, so that `tree` knows them. They should be few enough to be remembered together."""
        for oid, kind, raw in self.read([oid for oid in dict.fromkeys(oids) if oid not in self._trees]):
            if kind == "tree":
                self._keep(oid, raw)

    def _keep(self, oid: str, raw: bytes) -> Tree:
        size = 1000 + 8 * len(raw)  # what it takes when all of it is parsed, measured
        if self._tree_bytes + size > self.REMEMBERED:
            self._trees.clear()
            self._tree_bytes = 0
        self._tree_bytes += size
        tree = self._trees[oid] = read_tree(raw, len(oid) // 2)
        return tree

    def blob(self, oid: str) -> bytes:
        """The content of the blob `oid`; a GitError when there is none."""
        known = self._blobs.get(oid)
        if known is None:
            known = self._read(oid, "blob")
            if len(known) <= SMALL:
                self._blobs[oid] = known
        return known

    def load(self, oids: Iterable[str]) -> None:
        """Read what many refs lead to in one go, so that `target` and `commit` know them."""
        for oid, kind, raw in self.read([oid for oid in dict.fromkeys(oids) if oid not in self._targets]):
            self._targets[oid] = self._parse_target(oid, kind, raw)

    def target(self, oid: str) -> Target:
        """What a ref at `oid` leads to: itself if it is a commit, the commit that an annotated tag names, or nothing."""
        if oid not in self._targets:
            self.load([oid])
        return self._targets[oid]

    def _parse_target(self, oid: str, kind: str, raw: bytes) -> Target:
        if kind == "commit":
            self._commits[oid] = parse_commit(oid, raw)
            return Target(oid, kind, oid)
        named, named_kind = parse_tag(raw) if kind == "tag" else ("", "")
        return Target(oid, kind, named if named_kind == "commit" else "")

    def read_trees(self, oids: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Many trees with their raw content, read once and not remembered: there can be one for every commit."""
        return ((oid, raw) for oid, _, raw in self.read(oids))

    def _read(self, oid: str, wanted: str) -> bytes:
        ((_, kind, raw),) = self.read([oid])
        if kind != wanted:
            raise GitError(self._process.argv, 0, f"{oid} is a {kind}, not a {wanted}")
        return raw

    def read(self, oids: Sequence[str]) -> Iterator[tuple[str, str, bytes]]:
        """Id, type and content of many objects, in order, without remembering them; a GitError at a missing one.

        All must be taken before another object is asked for: there is one pipe, and its answers come in order. What is
        asked ahead fits into the pipe twice over: if we waited to write, git could wait for us to read, for ever.
        """
        size = self._batch
        self._ask(oids[:size])
        for start in range(0, len(oids), size):
            self._ask(oids[start + size : start + 2 * size])  # git looks for these while we take those before
            for oid in oids[start : start + size]:
                yield (oid, *self._answer(oid))

    def _ask(self, oids: Sequence[str]) -> None:
        if oids:
            self._process.write("".join([f"{oid}\n" for oid in oids]).encode())

    def _answer(self, oid: str) -> tuple[str, bytes]:
        header = self._answers.readline().decode().split()
        if len(header) != 3 or header[0] != oid:
            raise GitError(self._process.argv, 0, f"the object {oid} is missing")
        size = int(header[2])
        content = self._answers.read(min(size + 1, LARGEST))
        left = size + 1 - len(content)
        while left > 0:
            skipped = len(self._answers.read(min(left, LARGEST)))
            if not skipped:
                raise GitError(self._process.argv, 0, f"the object {oid} could not be read")
            left -= skipped
        return header[1], content[:size]

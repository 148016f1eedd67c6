"""Serialises the pushes of one repository from the hook's last check until git has moved the refs.

git runs pre-receive before it locks any ref, so two pushes that are each legal alone can both be accepted and land
together. The hook therefore takes an exclusive `flock` on `<git_dir>/halfhooks/lock`, reads the refs again, checks again
and, when it accepts, hands the open lock to a small child that keeps it until git-receive-pack has moved the refs:

    seen = lock.glance(git_dir)                         # then read the refs, check
    held = lock.acquire(git_dir, wait_seconds, tips)    # LockError: refuse, show its one line
    ...                                                 # held.note != seen: read the refs again, check again
    held.hand_over(updates)                             # or held.release() to refuse; then exit at once

The kernel frees a flock when the last process that has it open ends, so killing the client, the hook, git or the child
leaves nothing behind. Where the hook is no descendant of git-receive-pack (Gitaly), or without Linux's /proc, the
accepted updates are left as a *lease*: the next push waits, for a bounded time, until the refs show them.

The lock holds among the processes of one machine; a network file system shared by several is not supported.
"""

from __future__ import annotations

import errno
import fcntl
import posix
import time
from _stat import S_IMODE, S_ISREG, S_IWGRP, S_IWOTH
from select import POLLIN, poll

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Optional

    Update = tuple[str, str, str]  # old, new, ref; "" stands for absence: a snapshot.Update is one
    Tips = Callable[[list[str]], Mapping[str, str]]

FOLDER = "halfhooks"
GRACE = 10.0
"""Seconds after which a lease is dropped: what does not show by then was refused by git."""
RETRY = 0.01
"""Seconds between two tries. flock has no timeout, and an alarm can ring just before the wait begins; a try costs a
microsecond, and as every push waits for the same time, none that comes later is favoured."""
LOOK = 0.1
"""Seconds before the first look at the refs, which takes a git process; an ordinary push is over by then."""
LONGEST_LOOK = 2.0
NULL = "/dev/null"
NOTE = 40
"""Bytes at the start of the lock that say who took it last, and when; no two pushes write the same."""


class LockError(Exception):
    """The push cannot be serialised and has to be refused; the text is one line that may be shown to the pusher."""


def glance(git_dir: str) -> bytes:
    """The note in the lock of a repository while nobody has it, b"" while somebody does or nobody ever had.

    Who read the refs after a glance, and then finds the same note on acquiring the lock, knows that no other push had it in
    between: the refs are as they were read.
    """
    folder = f"{git_dir}/{FOLDER}"
    try:
        file = posix.open(f"{folder}/lock", posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_CLOEXEC | posix.O_NONBLOCK)
    except OSError:
        return b""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return b"" if _is_leased(folder) else posix.pread(file, NOTE, 0)
    except OSError:
        return b""
    finally:
        posix.close(file)


def _is_leased(folder: str) -> bool:
    try:
        posix.lstat(f"{folder}/lease")
    except FileNotFoundError:
        return False
    return True


def acquire(git_dir: str, wait_seconds: float, tips: Tips, grace_seconds: float = GRACE) -> PushLock:
    """Take the lock of a repository, waiting at most `wait_seconds`; a LockError when that fails or takes longer.

    `git_dir` is the common directory of the repository. `tips(refs)` gives the ids of those of the refs that exist; as
    it is also called when the quarantine of this push has gone, it must not make git look for objects there.
    `grace_seconds` is how long an update of a lease may take to show.
    """
    deadline = time.monotonic() + wait_seconds
    held = PushLock(find_receive_pack(), tips)
    try:
        held.folder, held.file = _open(git_dir)
        if not _flock(held.file, deadline, held.server):
            holder = f"process {_noted_process(held.file)}"
            raise LockError(
                f"other pushes kept the repository locked for {wait_seconds:g} s (now {holder}): push again"
            )
        held.note = posix.pread(held.file, NOTE, 0)
        _write_note(held.file, held.server.pid if held.server else posix.getpid())
        if not _lease_is_over(held, deadline, grace_seconds):
            raise LockError(f"the refs of an earlier push have not moved in {wait_seconds:g} s: push again")
    except OSError as error:
        held.release()
        raise LockError(f"cannot lock the repository with '{FOLDER}/lock': {error.strerror}") from None
    except BaseException:
        held.release()
        raise
    return held


class PushLock:
    """The lock of a repository, made by `acquire`: open descriptors, which the end of the process closes as well.

    `note` is what the one who had it before wrote into it.
    """

    __slots__ = ("file", "folder", "note", "server", "tips")

    def __init__(self, server: Optional[ReceivePack], tips: Tips) -> None:
        self.folder = self.file = -1
        self.note = b""
        self.server = server
        self.tips = tips

    def hand_over(self, updates: Iterable[Update]) -> bool:
        """Keep the lock until these accepted updates are done; the hook must accept the push and exit after it.

        Each `old` must be the tip that was read under the lock. True when a child holds the lock; it lets go as soon as
        all refs have moved, so that a slow post-receive, or a client that does not read the answer, stops nobody, and
        at the latest when git-receive-pack ends. False when a lease was left. A LockError when neither can be done.
        """
        changes = [(old, new, ref) for old, new, ref in updates if old != new]
        try:
            if self.server is None:
                _leave_lease(self, changes)
            elif posix.fork() == 0:
                _hold(self, self.server, changes)
        except OSError as error:
            raise LockError(f"cannot keep the repository locked: {error.strerror}") from None
        self.release()
        return self.server is not None

    def release(self) -> None:
        """Close the lock: free, unless a child holds it. Unlocking it would take it from the child as well."""
        pidfd = self.server.pidfd if self.server else None
        for descriptor in (self.file, self.folder, pidfd):
            if descriptor is not None and descriptor >= 0:
                posix.close(descriptor)
        self.folder = self.file = -1
        if self.server:
            self.server.pidfd = None


def _open(git_dir: str) -> tuple[int, int]:
    """Descriptors of our folder in the repository and of the lock in it, both created if need be.

    Who may write to the repository may use the lock (core.sharedRepository); nobody else, as reading is enough to lock.
    """
    mode = posix.stat(git_dir).st_mode
    path = f"{git_dir}/{FOLDER}"
    before = posix.umask((0 if mode & S_IWGRP else 0o070) | (0 if mode & S_IWOTH else 0o007))
    try:
        try:
            posix.mkdir(path)
        except FileExistsError:
            pass
        folder = posix.open(path, posix.O_RDONLY | posix.O_DIRECTORY | posix.O_NOFOLLOW | posix.O_CLOEXEC)
        flags = posix.O_RDWR | posix.O_CREAT | posix.O_NOFOLLOW | posix.O_CLOEXEC | posix.O_NONBLOCK
        return folder, posix.open("lock", flags, 0o666, dir_fd=folder)
    finally:
        posix.umask(before)


def _flock(file: int, deadline: float, server: Optional[ReceivePack]) -> bool:
    """Lock an open file, trying until the deadline (monotonic seconds); whether it is locked."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
        _pause(server, RETRY)
    found = posix.fstat(file)
    if not S_ISREG(found.st_mode) or found.st_nlink != 1:  # who waited for a file since removed would be alone
        raise LockError(f"'{FOLDER}/lock' was removed, or is not a plain file with a single name")
    return True


def _pause(server: Optional[ReceivePack], seconds: float) -> None:
    if server is None:
        time.sleep(seconds)
    elif server.gone_within(seconds):
        raise LockError("git-receive-pack has ended, so no ref can move")


def _write_note(file: int, pid: int) -> None:
    """Tell the others that somebody had the lock, and who; an OSError when that cannot be told."""
    note = b"%d %d" % (pid, time.time_ns())
    if (
        posix.pwrite(file, note.ljust(NOTE - 1) + b"\n", 0) < NOTE
    ):  # always as long: to cut the file costs more than the rest
        raise OSError(errno.ENOSPC, posix.strerror(errno.ENOSPC))


def _noted_process(file: int) -> str:
    note = posix.pread(file, NOTE, 0).partition(b" ")[0]
    return note.decode() if note.isdigit() else "unknown"


def _hold(held: PushLock, server: ReceivePack, changes: Sequence[Update]) -> None:
    """What the child does. It stays in the current folder: GIT_DIR may be relative to it."""
    try:
        try:
            _detach((held.file, server.pidfd))
        except OSError:
            pass  # a holder that is not quite alone still holds
        pause = LOOK
        while not server.gone_within(pause):
            try:
                if not _pending(changes, held.tips):
                    break
            except Exception:
                pass  # whatever kept git from reading the refs, the end of git-receive-pack is still to come
            pause = min(2 * pause, LONGEST_LOOK)
    finally:
        posix._exit(0)


def _detach(kept: tuple[Optional[int], ...]) -> None:
    """Leave the hook's session and close what it had open.

    The standard streams come first and whatever happens: git waits for their end, and the holder for git's.
    """
    standard = {0, 1, 2}.difference(kept)
    for descriptor in standard:
        posix.closerange(descriptor, descriptor + 1)
    posix.setsid()
    null = posix.open(NULL, posix.O_RDWR)
    for descriptor in standard:
        posix.dup2(null, descriptor)
    for descriptor in map(int, posix.listdir("/proc/self/fd")):
        if descriptor > 2 and descriptor not in kept:
            posix.closerange(descriptor, descriptor + 1)  # unlike close, silent about the one that listed them


def _pending(changes: Sequence[Update], tips: Tips) -> bool:
    """Whether a ref is still where it was. One that is elsewhere is done: git moves a ref from its old value only."""
    now = tips([ref for _, _, ref in changes])
    return any(now.get(ref, "") == old for old, _, ref in changes)


def _leave_lease(held: PushLock, changes: Sequence[Update]) -> None:
    """Write the lease, whole or not at all, for the same users as the lock; a line is `old new ref`."""
    try:
        posix.unlink("lease.new", dir_fd=held.folder)  # of a hook that was killed
    except FileNotFoundError:
        pass
    flags = posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC
    with open(posix.open("lease.new", flags, 0o600, dir_fd=held.folder), "wb") as file:
        posix.fchmod(file.fileno(), S_IMODE(posix.fstat(held.file).st_mode))
        file.write("".join(f"{old} {new} {ref}\n" for old, new, ref in changes).encode("utf-8", "surrogateescape"))
    posix.rename("lease.new", "lease", src_dir_fd=held.folder, dst_dir_fd=held.folder)


def _lease_is_over(held: PushLock, deadline: float, grace_seconds: float) -> bool:
    """Wait until the refs show the updates of the last lease, or its grace is over, or the deadline; False for that."""
    flags = posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_CLOEXEC | posix.O_NONBLOCK
    try:
        lease = posix.open("lease", flags, dir_fd=held.folder)
    except FileNotFoundError:
        return True
    with open(lease, "rb") as file:
        lines = file.read().decode("utf-8", "surrogateescape").split("\n")
        age = max(0.0, time.time() - posix.fstat(lease).st_mtime)  # a clock that was set back does not prolong it
    changes = [(old, new, ref) for old, new, ref in (line.split(" ", 2) for line in lines if line.count(" ") >= 2)]
    end = time.monotonic() + grace_seconds - age
    while time.monotonic() < end and _pending(changes, held.tips):
        if time.monotonic() >= deadline:
            return False
        _pause(held.server, LOOK)
    posix.unlink("lease", dir_fd=held.folder)
    return True


class ReceivePack:
    """The git-receive-pack that runs the hook, by pid and start time: a pid alone may come to mean another process.

    `pidfd` is None where the kernel or a container gives none; the start time is watched instead.
    """

    __slots__ = ("pid", "pidfd", "start")

    def __init__(self, pid: int, start: bytes, pidfd: Optional[int]) -> None:
        self.pid = pid
        self.start = start
        self.pidfd = pidfd

    def gone_within(self, seconds: float) -> bool:
        """Wait until the process has ended, but no longer than this; whether it has."""
        if self.pidfd is not None:
            poller = poll()
            poller.register(self.pidfd, POLLIN)
            return bool(poller.poll(seconds * 1000))
        deadline = time.monotonic() + seconds
        while _process(self.pid)[1:] == (self.start, True):
            if time.monotonic() >= deadline:
                return False
            time.sleep(RETRY)
        return True


def find_receive_pack() -> Optional[ReceivePack]:
    """The nearest ancestor that is a git-receive-pack, or None; a LockError when it ends meanwhile.

    Shells, dispatchers and `git hook run` may stand in between. The pidfd is opened between two walks up the tree that
    find the same, so it cannot be of a process that was given the pid afterwards.
    """
    found = _walk_up()
    if found is None:
        return None
    try:
        pidfd = posix.pidfd_open(found[0])
    except (AttributeError, OSError):  # Linux before 5.3, Python built for one, or a container that forbids it
        pidfd = None
    if _walk_up() != found:
        raise LockError("git-receive-pack has ended, so no ref can move")
    return ReceivePack(*found, pidfd)


def _walk_up() -> Optional[tuple[int, bytes]]:
    pid = posix.getppid()
    while pid:
        parent, start, _ = _process(pid)
        if start and _is_receive_pack(_command(pid)):
            return pid, start
        pid = parent
    return None


def _process(pid: int) -> tuple[int, bytes, bool]:
    """Parent, start time (clock ticks after boot) and whether it still runs, from proc_pid_stat(5)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()  # the name before it may hold blanks and parentheses
    except OSError:
        return 0, b"", False
    return int(fields[1]), fields[19], fields[0] not in b"ZX"


def _command(pid: int) -> list[bytes]:
    """The words that a process was started with, at least one; from proc_pid_cmdline(5)."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().removesuffix(b"\0").split(b"\0")
    except OSError:
        return [b""]


def _is_receive_pack(words: list[bytes]) -> bool:
    """Whether it runs as `git-receive-pack DIR` or as `git ... receive-pack ... DIR` (git-shell, HTTP, Gitea)."""
    name = words[0].rpartition(b"/")[2]
    return name == b"git-receive-pack" or (name == b"git" and b"receive-pack" in words)


def ancestors() -> Iterator[list[bytes]]:
    """The words that each ancestor of this process was started with, the parent first; nothing without Linux's /proc."""
    pid = posix.getppid()
    while pid:
        parent, start, _ = _process(pid)
        if start:
            yield _command(pid)
        pid = parent

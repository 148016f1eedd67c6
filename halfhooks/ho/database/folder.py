"""Where private servers live: a folder of the user's own, in memory when there is room, with the locks of who uses one.

A lock (flock) dies with whoever holds it, so nobody can leave one behind:

* `users`: shared by each command that uses the server. Who holds it exclusively may stop the server.
* `start`: held while a server is made and started.
* `keeper`: held by the keeper for as long as it lives (see keeper.py).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Optional

from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

OVERRIDE = "HALFHOOKS_SERVERS"
MEMORY, DISK = "/dev/shm", "/var/tmp"
ROOM = 512 << 20
"""Bytes that have to be free in memory for a new server to be made there."""


class Place(NamedTuple):
    """The folder of one private server."""

    folder: Path

    @property
    def server(self) -> Path:
        """What belongs to the user that runs the server: its data, its socket and its log."""
        return self.folder / "server"

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.server / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.server / "log"

    @property
    def boot(self) -> Path:
        """Says under which boot of the machine the server was last started."""
        return self.folder / "boot"

    def pid(self) -> int:
        """The process of the server as `postmaster.pid` names it when it is ready, 0 before and without one."""
        try:
            lines = (self.data / "postmaster.pid").read_text("utf-8", "replace").splitlines()
        except OSError:
            return 0
        ready = len(lines) > 7 and lines[7].strip() == "ready"
        return int(lines[0]) if ready and lines[0].strip().isdigit() else 0

    def keeper(self) -> int:
        """The process of the keeper, 0 when there is none."""
        if self.free("keeper"):
            return 0
        try:
            return int((self.folder / "keeper").read_text("ascii").split("\n")[0] or 0)
        except (OSError, ValueError):
            return 0

    def running(self) -> bool:
        """Whether a server runs here that can be connected to."""
        return self.pid() > 0 and not self.free("keeper")

    def free(self, name: str) -> bool:
        """Whether nobody holds a lock; never waits."""
        with self.lock(name, exclusive=True, wait=False) as got:
            return got is not None

    def lock(self, name: str, exclusive: bool, wait: bool) -> AbstractContextManager[Optional[int]]:
        """Hold one of the locks of this folder, as `locked` does."""
        return locked(self.folder / name, exclusive, wait)


@contextmanager
def locked(file: Path, exclusive: bool, wait: bool) -> Iterator[Optional[int]]:
    """Hold the lock of a file, which is made; its descriptor, None where somebody else has it and we did not wait."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        yield None
    else:
        yield descriptor
    finally:
        os.close(descriptor)


def boot_id() -> str:
    """What differs after the machine was started anew, "" where that cannot be known."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def bases(environment: Mapping[str, str]) -> list[Path]:
    """The folders that may hold our servers, the best first."""
    if environment.get(OVERRIDE):
        return [Path(environment[OVERRIDE])]
    return [Path(parent) / f"halfhooks-{os.geteuid()}" for parent in (MEMORY, DISK)]


def existing(environment: Mapping[str, str]) -> list[Place]:
    """The places where a server was made."""
    found = (folder for base in bases(environment) if is_ours(base) for folder in sorted(base.iterdir()))
    return [Place(folder) for folder in found if (folder / "server").is_dir()]


def choose(environment: Mapping[str, str], name: str) -> Place:
    """The place of a server of this name: where it was made, else in memory when there is room, else on disk."""
    for place in existing(environment):
        if place.folder.name == name:
            return place
    *better, last = bases(environment)
    base = next((base for base in better if has_room(base.parent)), last)
    own(base)
    place = Place(base / name)
    own(place.folder)
    return place


def has_room(folder: Path) -> bool:
    """Whether a new server fits into a folder that everybody may write to."""
    try:
        return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= ROOM
    except OSError:
        return False


def own(folder: Path) -> None:
    """Make a folder that nobody else can list or write to; `CannotTell` where somebody else's stands there.

    For root, another user runs the server and has to get through to its own folder below.
    """
    try:
        folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=False)
    except FileExistsError:
        if not is_ours(folder):
            raise CannotTell(f"'{folder}' is not a folder of your own: remove it, or set {OVERRIDE}") from None
    except OSError as error:
        raise CannotTell(f"'{folder}' cannot be made: {error.strerror}; set {OVERRIDE}") from None


def is_ours(folder: Path) -> bool:
    """Whether it is a folder that belongs to us and that nobody else can list or write to."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o066

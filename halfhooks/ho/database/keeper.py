"""The keeper of a private server: a small process that runs `postgres`, and ends it when nobody has used it for a while.

    python keeper.py PLACE POSTGRES USER IDLE

The commands that use the server need not be alive for it to live on, and none of them has to end it. When the keeper
dies, however that happens, the kernel asks the server to stop (Linux), and the next command begins with a clean place.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Callable, Optional

from halfhooks.ho.database.folder import Place, boot_id

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "jit": "off",
    "dynamic_shared_memory_type": "mmap",  # in the data directory: nothing stays behind elsewhere
    "shared_buffers": "64MB",
    "logging_collector": "off",
    "log_checkpoints": "off",
    "max_wal_size": "256MB",
}
PR_SET_PDEATHSIG = 1
LONGEST_SHUTDOWN = 60


class _Stop(Exception):
    """The server shall end."""


def main(argv: list[str]) -> int:
    """Runs a server until it ends, or nobody needs it any more. Returns at once in the calling process."""
    folder, postgres, user, idle = argv
    if os.fork():
        return 0  # whoever started us waits no longer
    os.setsid()
    place = Place(Path(folder))
    with place.lock("keeper", exclusive=True, wait=False) as got:
        if got is not None:
            os.write(got, b"%d\n" % os.getpid())
            place.boot.write_text(boot_id(), "ascii")
            keep(place, postgres, user, float(idle))
    os._exit(0)


def keep(place: Place, postgres: str, user: str, idle: float) -> None:
    """Run the server, and look after it."""
    server: Optional[subprocess.Popen[bytes]] = None
    held = contextlib.ExitStack()

    def stop(number: int, frame: Optional[FrameType]) -> None:
        raise _Stop

    def look(number: int, frame: Optional[FrameType]) -> None:
        users = held.enter_context(place.lock("users", exclusive=True, wait=False))
        if users is not None and is_idle(place, users, idle):
            raise _Stop  # with the lock: those who come now wait, and then start the server again
        held.close()

    try:
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        server = start(place, postgres, user)
        signal.signal(signal.SIGALRM, look)
        signal.setitimer(signal.ITIMER_REAL, min(1, idle), min(1, idle))
        server.wait()
    except _Stop:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if server is not None:
            end(server)
    finally:
        held.close()


def start(place: Place, postgres: str, user: str) -> subprocess.Popen[bytes]:
    """Start the server, as another user where one is named."""
    options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    sockets = ["-c", f"unix_socket_directories={place.server}"]
    with open(place.log, "ab") as log:
        return subprocess.Popen(
            [postgres, "-D", str(place.data), *options, *sockets],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=place.server,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            preexec_fn=die_with_parent(),
            user=user or None,
            group=group_of(user),
            extra_groups=[] if user else None,
        )


def group_of(user: str) -> Optional[int]:
    """The main group of a user, None for ""."""
    return pwd.getpwnam(user).pw_gid if user else None


def die_with_parent() -> Optional[Callable[[], None]]:
    """What a child calls so that the kernel asks it to stop when its parent dies; None where there is no such thing."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes  # dear, and of no use to who only asks for a server

    prctl = ctypes.CDLL(None).prctl

    def call() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGINT)

    return call


def is_idle(place: Place, users: int, idle: float) -> bool:
    """Whether nobody has used the server lately, nor is connected. `users` is the descriptor of that lock, held."""
    return time.time() - os.fstat(users).st_mtime >= idle and not has_connections(place)


def has_connections(place: Place) -> bool:
    """Whether some program is connected; also when that cannot be known."""
    from halfhooks.ho.database.connect import OperationalError, ask, private_server

    query = "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
    try:
        ((number,),) = ask(private_server(place, ""), "postgres", query)
    except OperationalError:
        return True
    return bool(number)


def end(server: subprocess.Popen[bytes]) -> None:
    """Stop the server: connections are cut, what is done is kept."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(LONGEST_SHUTDOWN)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

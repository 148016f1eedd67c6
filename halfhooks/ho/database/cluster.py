"""Finds a server, or starts one: what is configured, else a private one from the programs on this machine.

A private server listens on a socket in a folder of its user's own and on nothing else. Commands share it, and a keeper
(keeper.py) ends it when nobody has used it for a while; what is in it stays for the next time.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Optional

from halfhooks.ho.database.binaries import Binaries, find_binaries
from halfhooks.ho.database.configured import Settings, configured
from halfhooks.ho.database.connect import MAINTENANCE, SUPERUSER, OperationalError, Server, connect, private_server
from halfhooks.ho.database.folder import Place, boot_id, choose, existing
from halfhooks.ho.database.keeper import group_of
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

IDLE = 600.0
"""Seconds for which a private server lives on after its last use."""
IDLE_OVERRIDE = "HALFHOOKS_IDLE"
USER_OVERRIDE = "HALFHOOKS_SERVER_USER"
LONGEST_START = 60.0
NOTE = "binaries"
LONGEST_SOCKET = 100
"""Bytes of a socket's path that every system can take; Linux takes 107."""
RUNNERS = ("postgres", "nobody")
"""Whom the server of root runs as: the first that exists."""


class Found(NamedTuple):
    """What `ho server status` tells of a private server."""

    place: Place
    running: bool
    users: bool
    size: int


@contextlib.contextmanager
def server_for(settings: Settings, environment: Mapping[str, str]) -> Iterator[Server]:
    """The configured server, else a private one that lives at least as long as the block. `CannotTell` without one."""
    found = configured(settings, environment)
    if found:
        yield found
    else:
        with private(environment) as server:
            yield server


@contextlib.contextmanager
def private(environment: Mapping[str, str]) -> Iterator[Server]:
    """A private server, started when it is not running, that nobody stops before the block ends."""
    noted = [found for place in existing(environment) for found in _noted(place)]
    binaries = find_binaries(environment, noted)
    place = choose(environment, f"pg{binaries.major}")
    if len(os.fsencode(place.server)) > LONGEST_SOCKET - len("/.s.PGSQL.5432"):
        raise CannotTell(f"'{place.server}' is too long for a socket: set HALFHOOKS_SERVERS to a shorter path")
    with place.lock("users", exclusive=False, wait=True) as users:
        assert users is not None
        os.utime(users)
        if binaries.seal and binaries not in noted:
            _note(place, binaries)
        try:
            yield _ready(place, binaries, environment)
        finally:
            os.utime(users)


def _noted(place: Place) -> Iterator[Binaries]:
    """The programs that a place was last used with: to ask them for their version takes as long as to connect."""
    with contextlib.suppress(OSError, ValueError):
        folder, major, version, seal = (place.folder / NOTE).read_text("utf-8").split("\n")
        yield Binaries(folder, int(major), version, seal)


def _note(place: Place, binaries: Binaries) -> None:
    """Note the programs of a place; that only saves time, so where it does not work nothing is lost."""
    new = place.folder / f"{NOTE}.{os.getpid()}"
    with contextlib.suppress(OSError):
        new.write_text("\n".join(map(str, binaries)), "utf-8")
        new.replace(place.folder / NOTE)


def _ready(place: Place, binaries: Binaries, environment: Mapping[str, str]) -> Server:
    """The server of a place, started if need be, when it answers."""
    server = private_server(place, binaries.folder)
    deadline = time.monotonic() + LONGEST_START
    said = ""
    while True:
        if not place.running():
            with place.lock("start", exclusive=True, wait=True):
                if not place.running():
                    _start(place, binaries, environment)
        try:
            connect(server, MAINTENANCE).close()
            return server
        except OperationalError as error:  # it just ended, or is still mending itself after a crash
            said = str(error).strip().splitlines()[-1]
        if time.monotonic() > deadline:
            raise CannotTell(f"the private server does not answer: {said}; its log: {place.log}")
        time.sleep(0.02)


def _start(place: Place, binaries: Binaries, environment: Mapping[str, str]) -> None:
    """Make the data if there is none worth keeping, start a keeper, and wait for the server that it runs."""
    user = _runner(environment)
    _discard_broken(place)
    if not place.data.is_dir():
        _make(place, binaries, user)
    elif (place.data / "PG_VERSION").read_text("ascii").strip() != str(binaries.major):
        raise CannotTell(f"'{place.data}' is of another version of PostgreSQL: ho server stop --remove")
    idle = environment.get(IDLE_OVERRIDE) or str(IDLE)
    with contextlib.suppress(OSError):
        place.log.unlink()
    root = str(Path(__file__).resolve().parents[3])
    command = [sys.executable, "-m", "halfhooks.ho.database.keeper"]
    subprocess.run(
        [*command, str(place.folder), binaries.program("postgres"), user, idle],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={**os.environ, "PYTHONPATH": os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])},
    )
    _wait(place)


def _wait(place: Place) -> None:
    """Wait until the server is ready; `CannotTell` with what it said when it ended instead."""
    deadline = time.monotonic() + LONGEST_START
    seen = False
    while not place.running():
        alive = not place.free("keeper")
        late = time.monotonic() > deadline
        if (seen and not alive) or late:
            again = "what it holds can be made again: ho server stop --remove"
            raise CannotTell(f"PostgreSQL did not start: {_last_words(place)}; {again}")
        seen = seen or alive or time.monotonic() > deadline - LONGEST_START + 5
        time.sleep(0.005)


def _last_words(place: Place) -> str:
    try:
        lines = place.log.read_text("utf-8", "replace").splitlines()
    except OSError:
        return f"it said nothing in {place.log}"
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line] or lines
    return telling[-1] if telling else f"it said nothing in {place.log}"


def _discard_broken(place: Place) -> None:
    """Remove the data of a server that was running when the machine went down: nothing made sure that it is whole."""
    if (place.data / "postmaster.pid").exists():
        try:
            before = place.boot.read_text("ascii")
        except OSError:
            before = ""
        if before != boot_id():
            shutil.rmtree(place.server)


def _make(place: Place, binaries: Binaries, user: str) -> None:
    """Make the data directory: all of it, or none."""
    new = place.server / "data.new"
    shutil.rmtree(new, ignore_errors=True)
    place.server.mkdir(mode=0o700, exist_ok=True)
    if user:
        shutil.chown(place.server, user, group_of(user))
    wanted = ["--auth=trust", f"--username={SUPERUSER}", "--encoding=UTF8", "--no-sync", f"--pgdata={new}"]
    said = ""
    for locale in ("C.UTF-8", "C"):
        try:
            done = subprocess.run(
                [binaries.program("initdb"), *wanted, f"--locale={locale}"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                cwd=place.server if not user else "/",
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
                user=user or None,
                group=group_of(user),
                extra_groups=[] if user else None,
            )
        except PermissionError:
            raise CannotTell(
                f"the user '{user}' may not run {binaries.folder}: set {USER_OVERRIDE}, or install PostgreSQL elsewhere"
            ) from None
        if done.returncode == 0:
            new.rename(place.data)
            return
        said = next((line for line in done.stderr.splitlines() if "error" in line.lower()), done.stderr.strip())
        shutil.rmtree(new, ignore_errors=True)
    raise CannotTell(f"a private server could not be made: {said}")


def _runner(environment: Mapping[str, str]) -> str:
    """Whom the server runs as: "" for ourselves. PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return ""
    wanted = environment.get(USER_OVERRIDE)
    for user in [wanted] if wanted else RUNNERS:
        try:
            if pwd.getpwnam(user).pw_uid:
                return user
        except KeyError:
            pass
    raise CannotTell(f"PostgreSQL does not run as root, and there is no user to run it as: set {USER_OVERRIDE}")


# --- ho server


def look(environment: Mapping[str, str]) -> list[Found]:
    """The private servers that were made."""
    return [
        Found(place, place.running(), not place.free("users"), _size(place.server)) for place in existing(environment)
    ]


def _size(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_blocks * 512
    return total


def stop(place: Place, remove: bool = False, force: bool = False) -> Optional[str]:
    """Stop a private server, and remove what is in it if that is wanted; what keeps it from that, None when it is done."""
    with place.lock("users", exclusive=True, wait=False) as got:
        if got is None and not force:
            return "a command uses it"
        keeper = place.keeper()
        if keeper:
            with contextlib.suppress(ProcessLookupError):
                os.kill(keeper, signal.SIGTERM)
        with place.lock("keeper", exclusive=True, wait=True):
            if remove:
                shutil.rmtree(place.server, ignore_errors=True)
    return None

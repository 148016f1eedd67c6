"""The repository that is guarded: its place, its git configuration, its permissions, and what was done to it."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import stat
import subprocess
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Optional

from install._programs import Git, Refusal, clean_environment

FOLDER = "halfhooks"
OTHER = "a repository that others push to is needed"


class Record(NamedTuple):
    """Where an installer writes down what it did: a file below halfhooks/, a key that is always in it, and what for."""

    file: str
    key: str
    holds: str


SERVER_RECORD = Record("state.json", "settings", "the settings from before halfhooks")
CLIENT_RECORD = Record("client.json", "hooks", "which hooks were there before halfhooks")


class Entry(NamedTuple):
    """One value of git's configuration and the file or the like that it comes from."""

    scope: str
    origin: str
    key: str
    value: str


class Repository:
    """A git repository by its git directory; every git that it starts sees this one and no other.

    `hooks` is where git looks for them, `folder` what halfhooks keeps for itself: the copies of the core, the record of
    the installer, the lock of the pushes.
    """

    def __init__(
        self,
        path: Path,
        git: Git,
        record: Record = SERVER_RECORD,
        hooks: Optional[Path] = None,
        folder: Optional[Path] = None,
    ) -> None:
        self.path = path
        self.git = git
        self.record = record
        self.hooks = hooks or path / "hooks"
        self.folder = folder or path / FOLDER

    def hook(self, name: str) -> Path:
        return self.hooks / name

    def chained(self, name: str) -> Path:
        """Where a hook of somebody else is kept, which runs after ours."""
        return self.hooks / f"{name}.chained"

    @property
    def config(self) -> Path:
        return self.path / "config"

    def run(self, *arguments: str, ok: Sequence[int] = (0,)) -> str:
        """What git prints; refused, with git's own words, when it ends with any code that is not `ok`."""
        done = subprocess.run(
            [self.git.path, f"--git-dir={self.path}", *arguments],
            cwd=self.path,
            env={**clean_environment(), "GIT_NO_REPLACE_OBJECTS": "1"},  # one that replaces itself stops every git
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        if done.returncode not in ok:
            said = os.fsdecode(done.stderr).strip().splitlines()
            raise Refusal(
                f"git {arguments[0]} failed in '{self.path}': {said[-1] if said else done.returncode}",
                "what git cannot do or read is never guessed",
                f"see what is wrong: git --git-dir={self.path} {' '.join(arguments)}",
            )
        return os.fsdecode(done.stdout)

    def entries(self, pattern: str) -> list[Entry]:
        """The configuration that is in force here: keys that match `pattern`, the last one of a key counts."""
        fields = self.run(
            "config", "--null", "--show-scope", "--show-origin", "--get-regexp", pattern, ok=(0, 1)
        ).split("\0")
        found = []
        for scope, origin, entry in zip(fields[0::3], fields[1::3], fields[2::3]):
            key, valued, value = entry.partition("\n")
            found.append(Entry(scope, origin, key, value if valued else "true"))
        return found

    def local(self, key: str) -> list[str]:
        """The values of a key in this repository's own file, in its order."""
        return self.run("config", "--local", "--null", "--get-all", key, ok=(0, 1)).split("\0")[:-1]

    def set_local(self, key: str, values: Sequence[str]) -> None:
        """Makes these the only values of a key in this repository's own file."""
        present = self.local(key)
        if not values:
            self.run("config", "--local", "--unset-all", key, ok=(0, 5))
        elif present != list(values[: len(present)]):
            self.run("config", "--local", "--replace-all", key, values[0])
            present = [values[0]]
        for value in values[len(present) :]:
            self.run("config", "--local", "--add", key, value)

    def hooks_path(self) -> Optional[Entry]:
        """The `core.hooksPath` that leads git past the hooks folder of this repository, or None."""
        last = self.entries(r"^core\.hookspath$")[-1:]
        for entry in last:
            named = self.run("config", "--type=path", "--get", "core.hooksPath").rstrip("\n")
            if (self.path / named).resolve() != self.hooks.resolve():
                return entry
        return None

    def read_state(self) -> dict[str, Any]:
        """What the installer wrote down when it was here; empty when it was not."""
        path = self.folder / self.record.file
        try:
            state = json.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise _bad_state(path, self.record, str(error)) from error
        if not isinstance(state, dict) or not isinstance(state.get(self.record.key), dict):
            raise _bad_state(path, self.record, "it has another form")
        return state

    def write_state(self, state: dict[str, Any]) -> None:
        """Writes it whole or not at all. It can hold a copy of the configuration: only the owner may read it."""
        self.write(self.folder / self.record.file, state_text(state), 0o600)

    def copies_of_others(self) -> list[str]:
        """The copies of the core that belong to another installer: one that guards a repository with a working tree."""
        found = []
        for record in {SERVER_RECORD, CLIENT_RECORD} - {self.record}:
            state = Repository(self.path, self.git, record, folder=self.folder).read_state()
            found += [*state.get("kept", []), *([state["copy"]] if "copy" in state else [])]
        return found

    def write(self, path: Path, content: bytes, mode: int) -> None:
        """Puts a file into its place in one step, so that nobody ever sees half of it."""
        new = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            with new.open("xb") as file:
                file.write(content)
                os.fchmod(file.fileno(), mode)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)

    def make_folder(self, path: Path) -> None:
        """Makes a folder that those who use the repository can enter, whatever the umask of the caller.

        Who may write to the repository may write to halfhooks/ itself: the lock of the pushes is there.
        """
        path.mkdir()
        shared = stat.S_IMODE(self.path.stat().st_mode) & 0o022 if path == self.folder else 0
        path.chmod(self.folder_mode | shared | (path.stat().st_mode & stat.S_ISGID))

    @cached_property
    def folder_mode(self) -> int:
        """Of folders and programs: who may enter the repository may enter and run these; only the owner writes."""
        shared = self.run("config", "--get", "core.sharedRepository", ok=(0, 1)).strip().lower()
        everybody = shared in ("2", "all", "world", "everybody")
        group = everybody or shared in ("1", "group", "true", "yes", "on") or shared.startswith("0")
        open_to = 0o055 if everybody else 0o050 if group else 0
        return 0o700 | ((stat.S_IMODE(self.path.stat().st_mode) | open_to) & 0o055)

    @property
    def file_mode(self) -> int:
        return self.folder_mode & 0o666


def find_repository(given: str, git: Git, non_bare: bool) -> Repository:
    """The repository at a path, exactly there; refused when there is none, or one that nobody should push to."""
    place = Path(given).absolute()
    for candidate in (place, place / ".git"):
        try:
            repository = Repository(candidate.resolve(), git)
            found = Path(_rev_parse(candidate, git, "--absolute-git-dir")).resolve()
        except (OSError, Refusal):
            continue
        common = Path(_rev_parse(candidate, git, "--git-common-dir"))
        common = (candidate.resolve() if candidate.is_dir() else found).joinpath(common).resolve()
        if common != found:
            raise Refusal(
                f"'{given}' is a working tree linked to another repository",
                "hooks and settings belong to the repository, not to one of its working trees",
                f"name the repository itself: {common}",
            )
        repository = Repository(found, git)
        if not non_bare and repository.run("rev-parse", "--is-bare-repository").strip() != "true":
            raise Refusal(
                f"'{given}' is not a bare repository",
                OTHER + ", and a push does not update the files of a working tree",
                f"make a bare one: git clone --bare {given} REPO.git (or insist: --non-bare)",
            )
        return repository
    raise Refusal(f"'{given}' is not a git repository", OTHER, _instead(Path(given)))


def _instead(given: Path) -> str:
    """What to name, or to do, where `given` is no repository. Nothing is made in a folder that holds something else."""
    if _looks_like_one(given):
        return f"git does not read it as one, see why: git --git-dir={given} rev-parse --is-bare-repository"
    inside = _repositories(given)
    if inside:
        held = "a repository" if len(inside) == 1 else f"{len(inside)} repositories"
        return f"the folder holds {held}, name one: {given / inside[0]}"
    beside = [name for name in _repositories(given.parent) if name != given.name]
    near = [f"{given.name}.git"] if f"{given.name}.git" in beside else difflib.get_close_matches(given.name, beside, 1)
    meant = [f"did you mean '{given.parent / name}'?" for name in near]
    if given.is_dir() and any(given.iterdir()):
        return " ".join(meant) or "the folder holds other things: name the repository itself"
    if given.exists() and not given.is_dir():
        return " ".join(meant) or "that is a file: name the folder of the repository"
    return " ".join([*meant, f"{'or make it' if meant else 'make one'}: git init --bare {given}"])


def _repositories(folder: Path) -> list[str]:
    """The names in a folder that look like repositories."""
    try:
        return sorted(path.name for path in folder.iterdir() if _looks_like_one(path) or _looks_like_one(path / ".git"))
    except OSError:
        return []


def _looks_like_one(path: Path) -> bool:
    try:
        return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()
    except OSError:
        return False


def _rev_parse(git_dir: Path, git: Git, question: str) -> str:
    done = subprocess.run(
        [git.path, f"--git-dir={git_dir}", "rev-parse", question],
        cwd=git_dir if git_dir.is_dir() else git_dir.parent,
        env=clean_environment(),
        capture_output=True,
    )
    if done.returncode:
        raise Refusal(f"'{git_dir}' is not a git repository", OTHER, f"make one: git init --bare {git_dir}")
    return os.fsdecode(done.stdout).rstrip("\n")


def refuse_links(repository: Repository) -> None:
    """Refuses a repository where writing or removing would leave it through a link."""
    for path in (repository.hooks, repository.folder, repository.folder / "lib", repository.config):
        if path.is_symlink():
            raise Refusal(
                f"'{path}' is a symbolic link to '{path.readlink()}'",
                "the installer would change what other repositories may share",
                f"put the real thing in its place: cp -RL {path} {path}.real && rm {path} && mv {path}.real {path}",
            )


def refuse_hooks_path(repository: Repository) -> None:
    """Refuses a repository whose hooks git would not look at."""
    entry = repository.hooks_path()
    if entry is not None:
        raise Refusal(
            f"core.hooksPath is '{entry.value}' ({entry.scope}, {entry.origin})",
            "git runs the hooks there, and never those of this repository",
            f"use this repository's own: git --git-dir={repository.path} config core.hooksPath hooks",
        )


def become_owner(path: Path) -> None:
    """As root: become the user who owns the repository, for good.

    What is written then belongs to that user, a hostile link inside leads nowhere that the user could not go, and the
    interpreter and git are tried by the one who will run them.
    """
    owner = path.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    import pwd

    os.setgroups([])
    home = "/"
    try:
        user = pwd.getpwuid(owner.st_uid)
        os.initgroups(user.pw_name, owner.st_gid)
        home = user.pw_dir
    except KeyError:
        pass
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)
    os.environ["HOME"] = home
    os.environ.pop("XDG_CONFIG_HOME", None)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_or_none(path: Path) -> Optional[bytes]:
    """The content of a regular file; None when there is none, or something else."""
    try:
        return path.read_bytes() if path.is_file() and not path.is_symlink() else None
    except OSError:
        return None


def state_text(state: dict[str, Any]) -> bytes:
    return json.dumps(state, indent=1, sort_keys=True).encode() + b"\n"


def _bad_state(path: Path, record: Record, reason: str) -> Refusal:
    return Refusal(
        f"'{path}' cannot be read: {reason}",
        f"it holds {record.holds}, which --uninstall restores",
        f"restore it from a backup, or give it up and install again: rm {path}",
    )


Action = Callable[[], None]


class Step(NamedTuple):
    """One thing to do, said in a way that is true before (--dry-run) and after."""

    what: str
    do: Action

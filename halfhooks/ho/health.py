"""What is looked at on a machine and in a clone before somebody works there: each question gives some lines of an answer."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from halfhooks import __version__
from halfhooks.config import parse_config
from halfhooks.git import GitError, parse_pairs
from halfhooks.ho.beginning import PRE_COMMIT
from halfhooks.ho.client_hooks import (
    BY_FRAMEWORK,
    FOREIGN,
    NATIVE,
    framework,
    read_hooks,
)
from halfhooks.ho.commands.install import installer
from halfhooks.ho.repository import Clone, reason
from halfhooks.layout import HALFHOOKS, HEADS
from halfhooks.names import parse_ref
from halfhooks.survey import ORIGIN, Survey
from halfhooks.values import NamedTuple

OK = "ok"
INFO = "info"
WARN = "warn"
ERROR = "error"

OLDEST_GIT = (2, 34)
OLDEST_PYTHON = (3, 9)


class Check(NamedTuple):
    """One line of an answer; `mend` is the command that helps, "" where nothing has to be done."""

    level: str
    topic: str
    text: str
    mend: str = ""


# --- the machine


def tools(git: str) -> Iterator[Check]:
    """The programs that are needed, and those that are only used where they are there."""
    said = version_of(git)
    new = numbers(said)[:2] >= OLDEST_GIT
    mend = "" if new else "install git 2.34 or newer"
    yield Check(OK if new else ERROR, "git", f"{said}, {git}", mend)
    python = ".".join(map(str, sys.version_info[:3]))
    yield Check(OK if sys.version_info[:2] >= OLDEST_PYTHON else ERROR, "python", f"{python}, {sys.executable}")
    yield Check(OK, "halfhooks", __version__)
    for name in ("psql", "postgres"):
        path = shutil.which(name) or newest_postgres(name)
        text = f"{version_of(path)}, {path}" if path else "not found; ho apply, db and server need it"
        yield Check(INFO, name, text)


def version_of(program: str) -> str:
    """What a program says of its version, "" where it does not run."""
    try:
        done = subprocess.run(
            [program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip().partition("\n")[0]


def numbers(text: str) -> tuple[int, ...]:
    """The first version in a text as numbers."""
    found = re.search(r"\d+(\.\d+)+", text, re.ASCII)
    return tuple(map(int, found.group().split("."))) if found else ()


def newest_postgres(name: str) -> str:
    """A PostgreSQL program where Debian keeps them, out of the PATH; "" for none."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: numbers(path.parts[-3] + ".0"))
    return str(found[-1]) if found else ""


# --- the clone


def identity(clone: Clone) -> Iterator[Check]:
    """Whether git knows who commits."""
    try:
        who = clone.run("var", "GIT_COMMITTER_IDENT").rpartition(">")[0] + ">"
        yield Check(OK, "identity", who)
    except GitError as error:
        mend = "git config --global user.name NAME; git config --global user.email ADDRESS"
        yield Check(ERROR, "identity", reason(error).partition(": ")[0], mend)


def history(clone: Clone, survey: Survey) -> Iterator[Check]:
    """Whether the clone holds all that the workflow is judged by."""
    if survey.place.shallow:
        yield Check(WARN, "history", "cut off: what is judged here may be wrong", survey.fetch)
    else:
        yield Check(OK, "history", "whole")
    production = HALFHOOKS.production
    if HEADS + production in survey.refs:
        yield Check(OK, "project", f"'{production}' is known" + (f" of '{survey.remote}'" if survey.remote else ""))
    elif clone.commit(HEADS + production):
        text = f"'{production}' is here, and not on '{survey.remote}'"
        yield Check(WARN, "project", text, f"git push -u {survey.remote} {production}")
    else:
        mend = f"{survey.fetch}; or, to begin the project: ho init" if survey.remote and survey.refs else "ho init"
        yield Check(ERROR, "project", f"there is no '{production}'", mend)


def remote(clone: Clone, survey: Survey) -> Iterator[Check]:
    """Whether the remote's branches are all known here."""
    if clone.bare:
        return
    name = survey.remote or ORIGIN
    url = clone.url(name)
    if not url:
        yield Check(WARN, "remote", f"there is no remote '{name}': nothing can be pushed", f"git remote add {name} URL")
        return
    wanted = clone.ask("config", "--get-all", f"remote.{name}.fetch").split("\n")
    if not any(spec.lstrip("+").startswith(f"{HEADS}*:") for spec in wanted):
        mend = f"git remote set-branches {name} '*' && git fetch {name}"
        yield Check(WARN, "remote", f"only some branches of '{name}' are fetched", mend)
        return
    folder, fetch = local_folder(clone, url), f"git fetch --prune --tags {name}"
    if folder and Path(folder).is_dir():
        yield from _unknown_branches(clone, survey, name)
    else:
        yield Check(INFO, "remote", f"'{name}' is {without_password(url)}, as it was last fetched", fetch)


def _unknown_branches(clone: Clone, survey: Survey, name: str) -> Iterator[Check]:
    """What a remote on this machine has now, against what is known here of it."""
    try:
        lines = clone.run("ls-remote", "--heads", "--", name).splitlines()
    except GitError as error:
        yield Check(ERROR, "remote", f"'{name}' cannot be read: {reason(error)}", f"git remote set-url {name} URL")
        return
    theirs = {ref: oid for oid, _, ref in (line.partition("\t") for line in lines)}
    known = {ref: target.oid for ref, target in survey.refs.items() if ref.startswith(HEADS)} if survey.remote else {}
    names = {ref for ref in {**theirs, **known} if theirs.get(ref) != known.get(ref)}
    old = sorted(ref.removeprefix(HEADS) for ref in names if parse_ref(ref, HALFHOOKS).policed)
    if not theirs:
        yield Check(INFO, "remote", f"'{name}' is empty: nothing was pushed yet")
    elif old:
        text = f"{len(old)} branches of '{name}' have moved since the last fetch, such as '{old[0]}'"
        yield Check(WARN, "remote", text, f"git fetch --prune --tags {name}")
    else:
        yield Check(OK, "remote", f"all branches of '{name}' are known here")


def policy(clone: Clone) -> Iterator[Check]:
    """Whether `halfhooks.conf` is one: that of the working tree, in a bare repository that of the production branch."""
    path, listed = Path(clone.top, HALFHOOKS.policy), ("--no-includes", "-z", "--list")
    blob = f"{HEADS}{HALFHOOKS.production}:{HALFHOOKS.policy}"
    if not (path.is_file() if clone.top else clone.ask("rev-parse", "--verify", "--quiet", "--end-of-options", blob)):
        yield Check(OK, HALFHOOKS.policy, "none: the defaults hold")
        return
    source = ("--file", str(path)) if clone.top else ("--blob", blob)
    try:
        pairs = parse_pairs(clone.start("config", *source, *listed).finish())
    except GitError as error:
        yield Check(ERROR, HALFHOOKS.policy, reason(error), "mend it on a patch branch")
        return
    problems = parse_config(pairs)[1]
    for problem in problems:
        yield Check(ERROR, HALFHOOKS.policy, problem, "mend it on a patch branch: it changes by patches")
    if not problems:
        yield Check(OK, HALFHOOKS.policy, "valid")


def framework_there(clone: Clone) -> Iterator[Check]:
    """Whether the pre-commit framework is there, where a project uses it."""
    if clone.bare:
        return
    program, asked = framework(), read_hooks(clone).asked
    if program:
        yield Check(OK, "pre-commit", f"{version_of(program)}, {program}")
    elif asked:
        text = f"not found, and '{PRE_COMMIT}' asks for it; the native hooks do without"
        yield Check(INFO, "pre-commit", text, f"{NATIVE}, or pip install pre-commit")


def hooks(clone: Clone) -> Iterator[Check]:
    """Whether the clone's own hooks are there and current."""
    if clone.bare:
        return
    found = read_hooks(clone)
    native = ask_installer("client", clone.top)
    if native.get("installed"):
        yield from _native(native)
    elif found.framework:
        missing = found.missing
        text = (
            f"the framework lacks {', '.join(missing)}" if missing else f"the framework runs {', '.join(found.listed)}"
        )
        yield Check(ERROR if missing else OK, "hooks", text, BY_FRAMEWORK if missing else "")
    else:
        mend = f"{NATIVE}, or {BY_FRAMEWORK}" if found.asked and found.listed else NATIVE
        yield Check(ERROR, "hooks", "this clone has none of ours: mistakes show only when a push is refused", mend)
    if found.framework and not shutil.which("ho"):
        beside = Path(sys.executable).parent
        text = (
            "'ho' is not in the PATH, where the framework looks for it: \"Executable `ho` not found\" at every commit"
        )
        yield Check(ERROR, "hooks", text, f'export PATH="{beside}:$PATH", or pre-commit uninstall && {NATIVE}')
    others = [name for name, whose in found.found.items() if whose == FOREIGN]
    if others:
        yield Check(INFO, "hooks", f"somebody else's in '{found.folder}': {', '.join(others)}")


def _native(status: dict[str, Any]) -> Iterator[Check]:
    """What the installer of the client says about its hooks."""
    weaknesses = status.get("weaknesses", [])
    for each in weaknesses:
        yield Check(ERROR, "hooks", str(each.get("what")), str(each.get("mend") or NATIVE))
    if status.get("version") != __version__:
        yield Check(WARN, "hooks", f"those of halfhooks {status.get('version')} are installed", NATIVE)
    if not weaknesses:
        names = ", ".join(status.get("hooks", {}))
        yield Check(OK, "hooks", f"installed natively: {names}")


# --- the server


def server(clone: Clone, survey: Survey) -> Iterator[Check]:
    """Whether the remote is guarded, where that can be known: of a folder of this machine."""
    name = survey.remote or ORIGIN
    url = clone.url(name) if not clone.bare else clone.common_dir
    if not url:
        return
    folder = local_folder(clone, url)
    if not folder:
        text = f"whether {without_password(url)} is guarded cannot be known from here; its administrator can"
        yield Check(INFO, "server", text, "python3 install/server.py --status REPOSITORY, on the server")
    elif not Path(folder).is_dir():
        yield Check(ERROR, "server", f"'{folder}' does not exist", f"git remote set-url {name} URL")
    else:
        yield from _guard(folder)


def _guard(folder: str) -> Iterator[Check]:
    status = ask_installer("server", folder)
    if "error" in status:
        yield Check(WARN, "server", f"'{folder}' cannot be inspected: {status['error']}", f"ls -ld {folder}")
    elif not status.get("installed"):
        text = f"'{folder}' is not guarded: every push lands"
        yield Check(ERROR, "server", text, f"ho install server {folder}")
    else:
        yield Check(OK, "server", f"'{folder}' is guarded by halfhooks {status.get('version')}")
        for each in status.get("weaknesses", []):
            yield Check(WARN, "server", str(each.get("what")), str(each.get("mend")))


def ask_installer(name: str, folder: str) -> dict[str, Any]:
    """The status that an installer of ours gives of a repository; {"error": ...} where it gives none."""
    argv = [*installer(name), "--status", "--json", folder]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        said = done.stderr.strip().splitlines()
        return {"error": said[0] if said else f"exit code {done.returncode}"}
    return found if isinstance(found, dict) else {"error": "no status"}


def local_folder(clone: Clone, url: str) -> str:
    """The folder of this machine that a remote's address names, "" where it is on another one; see git-clone(1)."""
    if url.startswith("file://"):
        return unquote(urlsplit(url).path)
    colon, slash = url.find(":"), url.find("/")
    if "://" in url or "::" in url or (colon >= 0 and (slash < 0 or colon < slash)):
        return ""
    return os.path.normpath(os.path.join(clone.top or clone.git_dir, os.path.expanduser(url)))


def without_password(url: str) -> str:
    """An address as it may be shown."""
    return re.sub(r"^(\w+://[^/@:]*):[^/@]*@", r"\1:...@", url)

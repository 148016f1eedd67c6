"""Measures contenders turn by turn, so that what else the machine does falls on all of them, and prints tables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple, Optional

from bench.project import CLEAN, Update

HOOKS = ("no hook", "empty", "halfhooks")


class Run(NamedTuple):
    """What one run of a hook took: milliseconds, and the most memory of it or of a git that it started, in MB."""

    status: int
    ms: float
    megabytes: float


def interleave(rounds: int, contenders: Mapping[str, Callable[[], float]], warm: int = 1) -> dict[str, float]:
    """The median of what each contender returns, after `warm` rounds that do not count."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(-warm, rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            value = contenders[name]()
            if number >= 0:
                taken[name].append(value)
    return {name: median(values) for name, values in taken.items()}


def milliseconds(
    command: Sequence[str], folder: Path, stdin: str = "", environment: Mapping[str, str] = CLEAN
) -> float:
    """How long a command takes, which must succeed."""
    began = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, input=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    taken = (time.perf_counter() - began) * 1000
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed with {done.returncode}:\n{done.stderr}")
    return taken


# Runs a hook as git does: a hook looks for the git-receive-pack that started it, so this runs under that name
AS_RECEIVE_PACK = """
import json, os, sys, time
os.chdir(sys.argv[1])
source = os.open(sys.argv[2], os.O_RDONLY)
null = os.open(os.devnull, os.O_WRONLY)
actions = [(os.POSIX_SPAWN_DUP2, source, 0), (os.POSIX_SPAWN_DUP2, null, 1)]
environment = {"GIT_DIR": ".", "PATH": os.environ["PATH"], "LC_ALL": "C"}
command = sys.argv[3:]
began = time.perf_counter()
pid = os.posix_spawn(command[0], command, environment, file_actions=actions)
_, status, usage = os.wait4(pid, 0)
taken = time.perf_counter() - began
print(json.dumps([os.waitstatus_to_exitcode(status), taken * 1000, usage.ru_maxrss / 1024]))
"""


def run_hook(server: Path, updates: Iterable[Update], *command: str) -> Run:
    """Runs a hook alone on updates whose objects the repository has, with the input and environment that git gives."""
    place = server / "bench"
    name = place / "git-receive-pack"
    if not name.exists():
        place.mkdir()
        name.symlink_to(Path(sys.executable).resolve())
    source = place / "stdin"
    source.write_text("".join(update.line() for update in updates))
    done = subprocess.run(
        [str(name), "-I", "-S", "-c", AS_RECEIVE_PACK, str(server), str(source), *command],
        env=CLEAN,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    run = Run(*json.loads(done.stdout))
    if run.status:
        raise SystemExit(f"the hook refused, with {run.status}:\n{done.stderr}")
    return run


def empty_hook(hook: Path) -> Path:
    """A hook that does nothing, started as `hook` is; made beside it."""
    empty = hook.with_name("bench-empty")
    empty.write_text(hook.read_text().splitlines()[0] + "\n")
    empty.chmod(0o755)
    return empty


def instructions(server: Path, updates: Iterable[Update], *command: str) -> Optional[tuple[float, float]]:
    """Millions of instructions of a hook, and of its git processes, under valgrind; None where there is none."""
    return counted(server, lambda *valgrind: run_hook(server, updates, *valgrind, *command))


def counted(folder: Path, run: Callable[..., object]) -> Optional[tuple[float, float]]:
    """The same of anything that is run behind the words that `run` is given. `folder` keeps the counts for a moment."""
    valgrind = next(
        (path for path in map(Path, ("/usr/bin/valgrind", "/usr/local/bin/valgrind")) if path.exists()), None
    )
    if valgrind is None:
        return None
    out = folder / "bench-callgrind"
    run(str(valgrind), "--tool=callgrind", "-q", "--trace-children=yes", f"--callgrind-out-file={out}.%p")
    hook, gits = 0, 0
    for path in folder.glob(f"{out.name}.*"):
        lines = path.read_text(errors="replace").splitlines()
        total = next((int(line.split()[1]) for line in lines if line.startswith(("summary:", "totals:"))), 0)
        if any(line.startswith("cmd:") and "/git " in line for line in lines):
            gits += total
        else:
            hook = max(hook, total)  # the child that holds the lock begins with the count of its parent
        path.unlink()
    return hook / 1e6, gits / 1e6


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints a table in Markdown: texts as they are, numbers with one decimal."""
    text = [list(head)] + [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[column]) for row in text) for column in range(len(head))]
    text.insert(1, ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]])
    for row in text:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("| " + " | ".join(cells) + " |", flush=True)
    print(flush=True)


def _cell(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def machine() -> str:
    """What the figures were taken on, in a line."""
    git = subprocess.run(["git", "version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[2]
    return (
        f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, git {git}, {os.uname().sysname} {os.uname().machine}"
    )

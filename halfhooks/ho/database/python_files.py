"""Runs the Python files of a patch by the interpreter of the project, in a process of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Optional

from halfhooks.ho.checkout import scratch
from halfhooks.ho.database.connect import Server
from halfhooks.ho.database.failure import Failure
from halfhooks.ho.plan import File
from halfhooks.values import NamedTuple

MARK = "\x01halfhooks\x01\n"
"""What _patch_file.py prints before it says what went wrong."""
SCRIPT = Path(__file__).with_name("_patch_file.py")


class Interpreter(NamedTuple):
    """How Python files are run: by which interpreter, in which folder, and `half_orm`'s names for the database."""

    path: str
    top: str
    half_orm: tuple[str, ...]
    environment: Mapping[str, str]


def find_interpreter(wanted: str, top: str, environment: Mapping[str, str]) -> str:
    """The path of `project.python`, taken from the top of the repository; "" where it is set and does not exist.

    Without one it is `python3` of the PATH: never ours, whose packages are not those of the project.
    """
    if not wanted:
        return shutil.which("python3", path=environment.get("PATH")) or ""
    if "/" not in wanted:
        return shutil.which(wanted, path=environment.get("PATH")) or ""
    path = os.path.join(top, os.path.expanduser(wanted))
    return path if os.access(path, os.X_OK) else ""


class PythonRunner:
    """Runs Python files, one after the other; `stop` ends the one that is running, from another thread."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self._process: Optional[subprocess.Popen[str]] = None

    def run(self, server: Server, database: str, file: File) -> Optional[Failure]:
        """Run one file on a database; what went wrong, None when it is done."""
        interpreter = self._interpreter
        if not interpreter.path:
            hint = "set project.python in halfhooks.conf to the interpreter of the project, and make it exist"
            return Failure(file.path, 0, 0, "there is no Python to run it with", hint=hint)
        with scratch() as folder:
            path = _on_disk(interpreter, file, folder)
            process = self._process = subprocess.Popen(
                [interpreter.path, str(SCRIPT), str(path), file.path, interpreter.top],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=interpreter.top,
                env=process_environment(interpreter, server, database, folder),
                text=True,
                errors="replace",
            )
            with process:
                output, _ = process.communicate()
        self._process = None
        return _failure(file, process.returncode, output)

    def stop(self) -> None:
        """End what is running."""
        process = self._process
        if process is not None:
            process.kill()


def process_environment(interpreter: Interpreter, server: Server, database: str, folder: Path) -> dict[str, str]:
    """The environment that leads to a database: for libpq, and for half_orm by a file in a folder of its own."""
    environment = {**interpreter.environment, **server.environment(database), "PYTHONDONTWRITEBYTECODE": "1"}
    if interpreter.half_orm:
        conf = folder / "half_orm"
        conf.mkdir(mode=0o700)
        known = dict(server.keywords)
        lines = [f"{key} = {known[key]}" for key in ("user", "password", "host", "port") if known.get(key)]
        for name in interpreter.half_orm:
            file = conf / name
            file.touch(0o600)
            file.write_text("\n".join(["[database]", f"name = {database}", *lines, ""]), "utf-8")
        environment["HALFORM_CONF_DIR"] = str(conf)
    return environment


def _on_disk(interpreter: Interpreter, file: File, folder: Path) -> Path:
    """Where a file can be run: in the working tree when it is the same there, else a copy."""
    path = Path(interpreter.top, file.path)
    try:
        if path.read_bytes() == file.content:
            return path
    except OSError:
        pass
    copy = folder / Path(file.path).name
    copy.write_bytes(file.content)
    return copy


def _failure(file: File, code: int, output: str) -> Optional[Failure]:
    if code == 0:
        return None
    before, mark, after = output.rpartition(MARK)
    if not mark:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return Failure(file.path, 0, 0, how, context=output.strip())
    first, _, rest = after.partition("\n")
    line, _, message = first.removeprefix(file.path + ":").partition(": ")
    context = "\n".join(text for text in (rest.strip(), before.strip()) if text)
    return Failure(file.path, int(line) if line.isdigit() else 0, 0, message, context=context)

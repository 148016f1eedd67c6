"""Measures which branches of the core the tests take, in their own process and in every hook that they install.

    pytest -p tests.measure            (see `make coverage`)

The hook runs under -I -S, compiled, and ends by os._exit: nothing that measures survives that. So this plugin lets the tests
install a hook that imports the core from the checkout, without -S, and writes down what it ran as it ends.
"""

from __future__ import annotations

import atexit
import os
import posix
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

import coverage

PROJECT = Path(__file__).resolve().parent.parent
MEASURE = f"""\
import sys
sys.path.insert(0, {str(PROJECT)!r})
from tests.measure import start_until_the_end
start_until_the_end()
"""
CLIENT_HOOKS = ("pre-commit", "pre-merge-commit", "commit-msg", "pre-push", "post-merge", "post-checkout")
HOOK = """\
#!{python} -I
{measure}
from halfhooks.{module} import {entry}
{entry}({git!r})
"""


def start() -> coverage.Coverage:
    """Begin to measure this process, its forks included."""
    found = coverage.Coverage(
        data_file=str(PROJECT / ".coverage"),
        data_suffix=True,
        config_file=False,
        branch=True,
        include=[str(PROJECT / "halfhooks" / "*")],
        omit=[str(PROJECT / "halfhooks" / "ho" / "*")],
    )
    found.set_option("run:disable_warnings", ["no-data-collected"])  # as in the process that only hands out tests
    found.start()
    return found


def start_until_the_end() -> None:
    """Begin to measure this process and its forks, and write down what each ran as it ends, in whatever way."""
    measured, leave = start(), os._exit

    def save() -> None:
        measured.stop()
        measured.save()

    def end(status: int) -> NoReturn:
        save()
        leave(status)

    os._exit = posix._exit = end  # the core of the server does without os
    atexit.register(save)


def install(arguments: list[str]) -> int:
    """Guard a repository as install/server.py does, and then put the measured hook in the place of the real one."""
    sys.path.insert(0, str(PROJECT))
    from install.server import main

    status = main(arguments)
    hook = Path(arguments[-1]) / "hooks" / "pre-receive"
    if status == 0 and hook.exists():
        hook.write_text(hook_text("entry", "pre_receive"))
    return status


def hook_text(module: str, entry: str) -> str:
    """A hook that is measured."""
    git = shutil.which("git")
    return HOOK.format(python=sys.executable, measure=MEASURE, module=module, entry=entry, git=git)


def client_hooks(folder: Path) -> Path:
    """Measured hooks of a clone, in the place of those in hooks/."""
    for hook in CLIENT_HOOKS:
        (folder / hook).write_text(hook_text("client", hook.replace("-", "_")))
        (folder / hook).chmod(0o755)
    return folder


if __name__ == "__main__":
    sys.exit(install(sys.argv[1:]))

if "pytest" in sys.modules:  # as a plugin: before anything imports the core
    measured = start()

    def pytest_configure() -> None:
        """Let the tests install the measured hook, and measure their own."""
        from tests import builders
        from tests.client import desk

        builders.MEASURE = MEASURE
        builders.INSTALL = (sys.executable, str(Path(__file__).resolve()))
        desk.HOOKS = client_hooks(Path(tempfile.mkdtemp(prefix="measured-hooks-")))

    def pytest_unconfigure() -> None:
        """Write down what this process ran."""
        measured.stop()
        os.chdir(PROJECT)
        measured.save()

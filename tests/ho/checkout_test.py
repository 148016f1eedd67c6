"""Folders of commits that are checked out, beside others that come and go."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from halfhooks.ho.checkout import LOCK, scratch, sweep
from tests.builders import PROJECT

COME_AND_GO = """\
import os, sys
from contextlib import suppress
folder, lock = sys.argv[1:]
print(flush=True)
while True:
    for change, path in ((os.mkdir, folder), (os.unlink, os.path.join(folder, lock)), (os.rmdir, folder)):
        with suppress(OSError):
            change(path)
"""
SECONDS = 2
"""Long enough: it mostly failed within half a second, when a folder that had gone was a fault."""


def test_a_folder_that_goes_while_it_is_looked_at_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "left").mkdir()
    command = [sys.executable, "-c", COME_AND_GO, str(tmp_path / "other"), LOCK]
    swept: set[str] = set()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout
            other.stdout.readline()
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                swept |= {folder.name for folder in sweep(tmp_path)}
        finally:
            other.kill()
    assert "left" in swept
    assert not (tmp_path / "left").exists()


def test_what_a_killed_command_left_goes_with_the_next_one_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder for a Python file holds the password of a database."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = "import os\nfrom halfhooks.ho.checkout import scratch\nwith scratch() as folder:\n    print(folder)\n    "
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(PROJECT)}
    killed = subprocess.run(
        [sys.executable, "-u", "-c", code + "os.kill(os.getpid(), 9)"], env=environment, capture_output=True, text=True
    )
    left = Path(killed.stdout.strip())
    assert killed.returncode == -9 and left.is_dir()
    with scratch() as mine:
        assert not left.exists()
        with scratch() as other:
            assert mine.is_dir() and other.is_dir() and other != mine
    assert [path.name for path in left.parent.iterdir()] == ["lock"]

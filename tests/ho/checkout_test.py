"""Folders of commits that are checked out, beside others that come and go."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from halfhooks.ho.checkout import LOCK, sweep

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

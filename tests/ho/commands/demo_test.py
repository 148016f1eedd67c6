"""The demo does what it shows: it passes against a guarded server, and complains about one that is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from halfhooks.ho.commands import demo


def test_nothing_surprises_on_a_guarded_server(capsys):
    assert demo.main([]) == 0
    shown = capsys.readouterr().out
    assert "10 pushes accepted, 11 refused, 0 surprises" in shown
    assert shown.count("remote: error[HH") >= 11


def test_an_unguarded_server_surprises_at_each_violation(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    class Unguarded(demo.Ground):
        def install(self) -> str:
            return ""

    show = demo.Show(demo.Console(), Unguarded(tmp_path))
    demo.play(show)
    demo.violate(show)
    assert (show.accepted, show.refused, show.surprises) == (10, 0, 11)
    assert "SURPRISE: this push should have been refused by HH107" in capsys.readouterr().out


def test_the_folder_goes_unless_it_is_to_be_kept(tmp_path: Path):
    def play(*arguments: str) -> int:
        command = [sys.executable, "-m", "halfhooks.ho", "demo", *arguments]
        return subprocess.run(command, env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True).returncode

    assert play() == 0
    assert list(tmp_path.iterdir()) == []
    assert play("--keep") == 0
    (kept,) = tmp_path.iterdir()
    assert sorted(path.name for path in kept.iterdir()) == ["clone", "server.git"]

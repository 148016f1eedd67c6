"""The demo does what it shows: it passes against a guarded server, complains about one that is not, and leaves nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from halfhooks.ho.commands import demo
from halfhooks.ho.database.cluster import private
from tests.ho.database.conftest import processes


def played(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The demo in a process of its own, which leaves no other one running."""
    command = [sys.executable, "-m", "halfhooks.ho", "demo", *arguments]
    environment = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        out, err = process.communicate()
    assert processes(f"/hhd-{process.pid}-") == []
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def test_nothing_surprises_on_a_guarded_server_and_only_what_is_to_be_kept_is_left(tmp_path: Path):
    done = played(tmp_path, "--keep")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "23 steps as they should be, 13 stopped or refused, 0 surprises" in done.stdout
    assert done.stdout.count("remote: error[HH") >= 11
    (kept,) = tmp_path.iterdir()
    assert sorted(path.name for path in kept.iterdir()) == ["clone", "server.git"]


def test_an_unguarded_server_surprises_at_each_violation(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    class Unguarded(demo.Ground):
        def install(self) -> str:
            return ""

    with demo.database_servers() as servers:
        show = demo.Show(demo.Console(), Unguarded(tmp_path, servers))
        with private(show.ground.environment) as server:
            demo.run(show, server)
    assert (show.accepted, show.refused, show.surprises) == (23, 2, 11)
    assert "SURPRISE: this push should have been refused by HH107" in capsys.readouterr().out


def test_without_postgresql_it_cannot_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HALFHOOKS_POSTGRES", str(tmp_path / "nowhere"))
    done = played(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot tell: " in done.stderr
    assert list(tmp_path.iterdir()) == []

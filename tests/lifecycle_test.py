"""A whole life of a project, in plain git, against the installed hook: every push of it is legal."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.builders import INSTALL, TESTS
from tests.http_backend import serve


def live(work: Path, **environment: str) -> list[str]:
    """Run lifecycle.sh; the line of each push."""
    done = subprocess.run(
        ["sh", str(TESTS / "lifecycle.sh"), str(work), shlex.join(INSTALL)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return [line for line in done.stdout.splitlines() if line.startswith("ok ")]


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({}, id="plain"),
        pytest.param({"FORMAT": "sha256"}, id="sha256"),
        pytest.param({"ROOT": "services/shop"}, id="monorepo"),
    ],
)
def test_every_push_of_the_lifecycle_is_accepted(tmp_path: Path, environment: dict[str, str]) -> None:
    assert len(live(tmp_path, **environment)) == 89


def test_the_lifecycle_over_http(tmp_path: Path) -> None:
    with serve(tmp_path) as url:
        assert len(live(tmp_path, ORIGIN=f"{url}/server.git")) == 89

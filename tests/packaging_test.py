"""What a user installs: the wheel's metadata, its files, and that it needs no checkout beside it."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import halfhooks

ROOT = Path(__file__).resolve().parent.parent
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", "utf-8")


def test_each_folder_of_python_is_a_package_of_the_wheel():
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "halfhooks").rglob("*.py")}
    listed = set(SETUP["options"]["packages"].split())
    assert {".".join(folder.parts) for folder in folders} == listed - {"halfhooks._hooks", "halfhooks._install"}


def test_the_version_stands_in_one_place():
    assert SETUP["metadata"]["version"] == "attr: halfhooks.__version__"
    assert re.fullmatch(r"\d+\.\d+\.\d+", halfhooks.__version__)


def test_the_changelog_knows_the_version_or_is_ahead_of_it():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "## [Unreleased]" in text or f"## [{halfhooks.__version__}]" in text


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a wheel built from a copy of the project, unpacked; nothing but the wheel is there."""
    folder = tmp_path_factory.mktemp("wheel")
    # from a copy, so that no build folder is left in the project or shared with another worker
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    for name in filter(None, tracked.split("\0")):
        target = folder / "copy" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "wheel", "--no-index", "--no-deps", "--no-build-isolation"]
    build = [*pip, "--wheel-dir", str(folder), "."]
    subprocess.run(build, cwd=folder / "copy", check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_brings_one_top_level_package(installed: Path):
    assert [path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")] == ["halfhooks"]


def test_the_wheel_holds_the_hooks_and_the_installers(installed: Path):
    for folder, mapped in (("hooks", "_hooks"), ("install", "_install")):
        ours = {path.name for path in (ROOT / folder).iterdir() if path.is_file()}
        assert {path.name for path in (installed / "halfhooks" / mapped).iterdir()} == ours


def test_the_wheel_guards_a_repository_on_its_own(installed: Path, tmp_path: Path):
    repository = tmp_path / "server.git"
    subprocess.run(["git", "init", "-q", "--bare", str(repository)], check=True)
    # -P has no equal before 3.11: the working directory is a folder without a checkout instead
    command = [sys.executable, "-m", "halfhooks.ho", "install", "server", str(repository)]
    git = Path(shutil.which("git") or "")
    environment = {"PATH": str(git.parent), "PYTHONPATH": str(installed), "HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (repository / "hooks" / "pre-receive").exists()

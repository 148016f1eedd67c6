"""`ho install` hands over to the installers; what they do is tested with them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from halfhooks.ho.cli import main


def test_server_guards_a_bare_repository(tmp_path: Path):
    repository = tmp_path / "server.git"
    subprocess.run(["git", "init", "-q", "--bare", str(repository)], check=True)
    assert main(["install", "server", str(repository)]) == 0
    assert (repository / "hooks" / "pre-receive").exists()


def test_options_and_the_exit_code_are_the_installers(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    repository = tmp_path / "server.git"
    subprocess.run(["git", "init", "-q", "--bare", str(repository)], check=True)
    assert main(["install", "server", "--dry-run", str(repository)]) == 0
    assert not (repository / "hooks" / "pre-receive").exists()
    assert main(["install", "server", str(tmp_path / "nowhere")]) != 0
    assert main(["install", "server", "--help"]) == 0
    assert "--dry-run" in capfd.readouterr().out


@pytest.mark.parametrize("what", ["server", "client"])
def test_the_examples_are_what_was_called(what: str, capfd: pytest.CaptureFixture[str]):
    assert main(["install", what, "--help"]) == 0
    said = capfd.readouterr().out
    assert f"\n    ho install {what} --status" in said and "python3 install" not in said


@pytest.mark.parametrize("arguments", [[], ["nowhere"]])
def test_what_cannot_be_installed_is_a_wrong_call(arguments):
    assert main(["install", *arguments]) == 2


def test_without_arguments_the_missing_one_is_named_with_an_example(capsys: pytest.CaptureFixture[str]):
    assert main(["install"]) == 2
    assert "for example: ho install server " in capsys.readouterr().err


def test_a_wrong_option_of_the_installer_is_shown_as_it_was_called(capfd: pytest.CaptureFixture[str]):
    assert main(["install", "server", "--statsu", "server.git"]) == 2
    shown = capfd.readouterr().err
    assert shown.startswith("usage: ho install server ")
    assert "ho install server: error: unrecognized arguments: --statsu" in shown

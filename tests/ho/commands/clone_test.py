"""`ho clone`: a clone on ho-prod with its hooks; an address is an address, whatever it looks like."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from halfhooks.ho import cli
from halfhooks.ho.commands.clone import folder_of
from tests.builders import Dev, Server, run
from tests.ho.check_test import standing_in


def clone(folder: Path, *arguments: str, code: int = 0) -> None:
    with standing_in(folder):
        assert cli.main(["clone", *arguments]) == code


def hooks(folder: Path) -> set[str]:
    return {path.name for path in (folder / ".git" / "hooks").glob("*") if path.suffix != ".sample"}


def test_a_project_is_cloned_on_ho_prod_with_hooks_and_its_status(shop: Dev, tmp_path: Path, capfd):
    shop.server.git("symbolic-ref", "HEAD", "refs/heads/topic")
    clone(tmp_path, str(shop.server.path), "work")
    assert run("git", "-C", str(tmp_path / "work"), "branch", "--show-current") == "ho-prod\n"
    assert "pre-push" in hooks(tmp_path / "work")
    said = capfd.readouterr().out
    for words in ("hooks: installed natively", "next: cd work", "production 0.1.0", "you are on ho-prod"):
        assert words in said
    assert Path.cwd() != tmp_path / "work"


def test_the_folder_is_named_as_git_names_it(shop: Dev, tmp_path: Path):
    clone(tmp_path, "--no-hooks", f"file://{shop.server.path}/")
    assert hooks(tmp_path / "server") == set()


@pytest.mark.parametrize("here", [True, False])
def test_the_framework_installs_what_the_project_asks_for(tmp_path: Path, here: bool, monkeypatch, capfd):
    with standing_in(tmp_path):
        assert cli.main(["init", "first"]) == 0
        Server.create(tmp_path / "shop.git")
        run("git", "-C", "first", "push", "-q", "../shop.git", "ho-prod")
    if not here:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "git").symlink_to(shutil.which("git") or "")
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        monkeypatch.setattr("sys.executable", os.path.realpath("/proc/self/exe"))
    capfd.readouterr()
    clone(tmp_path, "shop.git", "work")
    said = capfd.readouterr().out
    assert ("hooks: installed by pre-commit install" in said) == here
    assert ("hooks: installed natively" in said) != here
    assert hooks(tmp_path / "work") >= {"pre-commit", "commit-msg", "pre-push", "pre-merge-commit"}


def test_a_repository_without_a_project_is_cloned_too(tmp_path: Path, capfd):
    run("git", "init", "-q", "--bare", "-b", "main", str(tmp_path / "empty.git"))
    clone(tmp_path, "empty.git")
    assert "a project begins with: ho init" in capfd.readouterr().err
    assert (tmp_path / "empty" / ".git").is_dir()


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch pwned",
        "-u touch pwned",
        "ext::sh -c touch% pwned",
        "ext::sh -c touch% pwned/shop",
        "$(touch pwned)",
        "nowhere.git",
    ],
)
def test_an_address_runs_nothing(tmp_path: Path, url: str):
    with standing_in(tmp_path):
        assert cli.main(["clone", "--", url]) in (1, 2)
        assert cli.main(["clone", "--", url, "folder"]) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_address_like_an_option_is_a_wrong_call(tmp_path: Path):
    clone(tmp_path, "--upload-pack=touch pwned", code=2)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_left_alone(shop: Dev, tmp_path: Path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "mine").write_text("mine\n")
    clone(tmp_path, str(shop.server.path), "work", code=1)
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["mine"]


@pytest.mark.parametrize(
    "url, folder",
    [
        ("git@server:/srv/git/shop.git", "shop"),
        ("server:shop", "shop"),
        ("https://example.org/a/shop.git/", "shop"),
        ("../shop/.git", "shop"),
        ("/srv/git/shop", "shop"),
        ("https://example.org/", "example.org"),
        ("/", ""),
        ("..", ""),
        ("x/-c", ""),
        ("x/a\x1b[2Jb", ""),
    ],
)
def test_what_a_clone_is_called(url: str, folder: str):
    assert folder_of(url) == folder

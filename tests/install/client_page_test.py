"""docs/client.md says nothing that did not happen: its shell blocks are run, its refusal is provoked."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from install._payload import CLIENT_HOOKS
from tests.builders import PROJECT, Dev
from tests.install.conftest import run
from tests.readme_test import anchors, run_script, sections, shell_blocks

PAGE = (PROJECT / "docs" / "client.md").read_text("utf-8")


@pytest.fixture(autouse=True)
def ho(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ho` and `pre-commit`, as they are on the PATH of somebody who installed halfhooks."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, module in (("ho", "halfhooks.ho"), ("pre-commit", "pre_commit")):
        (programs / name).write_text(f'#!/bin/sh\nPYTHONPATH="{PROJECT}" exec "{sys.executable}" -m {module} "$@"\n')
        (programs / name).chmod(0o755)
    git = Path(shutil.which("git") or "").parent
    monkeypatch.setenv("PATH", f"{programs}:{git}:/usr/bin:/bin")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "framework"))


@pytest.mark.parametrize("heading", sections(PAGE))
def test_each_block_works(shop: Dev, heading: str):
    run_script(shell_blocks(sections(PAGE)[heading]), shop.clone)


def test_the_lines_for_husky_are_those_of_the_page(shop: Dev):
    run_script(shell_blocks(sections(PAGE)["husky, lefthook, and your own scripts"]), shop.clone)
    for name in CLIENT_HOOKS:
        assert (shop.clone / ".husky" / name).read_text() == f'ho hook {name} "$@"\n'


def test_the_refusal_is_what_the_hook_says(shop: Dev):
    assert run("ho", "install", "client", cwd=shop.clone).code == 0
    shop.write("app.py", "print('quick fix')\n").git("add", "app.py")
    said = run("git", "commit", "-m", "Quick fix", cwd=shop.clone).err
    shown = re.search(r"^\$ git commit -m 'Quick fix'\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert shown is not None
    assert said == shown[1]


def test_the_installation_is_what_the_command_says(shop: Dev):
    said = run("ho", "install", "client", cwd=shop.clone).out
    shown = re.search(r"^\$ ho install client\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert shown is not None
    assert on_any_machine(said) == on_any_machine(shown[1])


def on_any_machine(said: str) -> str:
    """What an installation prints, without the places and numbers of a machine."""
    for found, kind in (
        (r" of /\S+", " of CLONE"),
        (r"lib/\S+, compiled by \S+, Python \S+", "lib/COPY"),
        (r" \d\S+ ", " N "),
    ):
        said = re.sub(found, kind, said)
    return said


def test_what_the_page_says_of_the_framework_is_so(shop: Dev):
    """It prints lines about a hook that passes where that is `verbose`, and keeps a warning to itself where it is not."""
    hook = "id: x, name: x, entry: echo a warning, language: system, always_run: true"
    shop.switch("ho-patch/4-fix")
    for verbose, seen in ((", verbose: true", True), ("", False)):
        shop.write(".pre-commit-config.yaml", f"repos:\n- repo: local\n  hooks:\n  - {{{hook}{verbose}}}\n").git(
            "add", ".pre-commit-config.yaml"
        )
        assert run("pre-commit", "install", cwd=shop.clone).code == 0
        assert ("a warning" in run("git", "commit", "-m", "x", cwd=shop.clone).err) == seen


def test_without_ho_on_the_path_the_framework_refuses_each_commit(shop: Dev, monkeypatch: pytest.MonkeyPatch):
    hook = "{id: x, name: x, entry: ho hook pre-commit, language: system, always_run: true, pass_filenames: false}"
    shop.switch("ho-patch/4-fix").write(".pre-commit-config.yaml", f"repos:\n- repo: local\n  hooks:\n  - {hook}\n")
    shop.git("add", ".pre-commit-config.yaml")
    assert run("pre-commit", "install", cwd=shop.clone).code == 0
    Path(shutil.which("ho") or "").unlink()
    done = run("git", "commit", "-m", "x", cwd=shop.clone)
    assert done.code == 1 and "Executable `ho` not found" in done.out + done.err


def test_every_link_of_the_page_leads_somewhere():
    for target in re.findall(r"\]\(#([^)]+)\)", PAGE):
        assert target in anchors(PAGE)

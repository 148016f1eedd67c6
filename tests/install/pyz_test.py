"""halfhooks.pyz: one file that guards a repository as it is, or installs what does."""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

import halfhooks
from tests.builders import PROJECT
from tests.install.conftest import Host, run, tree


@pytest.fixture(scope="module")
def pyz(isolated_git: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("pyz") / "halfhooks.pyz"
    done = run(sys.executable, PROJECT / "install" / "make_pyz.py", target)
    assert done.code == 0, done.err
    return target


def test_says_its_version(pyz: Path):
    assert run(sys.executable, pyz, "--version").out == f"halfhooks {halfhooks.__version__}\n"


def test_says_how_it_is_used(pyz: Path):
    environment = {name: value for name, value in os.environ.items() if name != "GIT_DIR"}
    asked = run(sys.executable, pyz, "--help")
    wrong = run(sys.executable, pyz, env=environment)
    assert (asked.code, wrong.code) == (0, 2)
    assert asked.out == wrong.err
    assert run(sys.executable, pyz, "nonsense").code == 2


def test_the_same_sources_make_the_same_bytes(pyz: Path, checkout: Path, tmp_path: Path):
    for path in checkout.rglob("*"):
        os.utime(path, (1, 1))
    done = run(sys.executable, checkout / "install" / "make_pyz.py", tmp_path / "other.pyz", cwd=tmp_path, umask=0o077)
    assert done.code == 0, done.err
    assert (tmp_path / "other.pyz").read_bytes() == pyz.read_bytes()


def test_holds_each_module_compiled_beside_its_source(pyz: Path):
    names = set(zipfile.ZipFile(pyz).namelist())
    modules = {name for name in names if name.startswith("halfhooks/") and name.endswith(".py")}
    assert "halfhooks/entry.py" in modules
    assert {f"{name}c" for name in modules} <= names
    assert not any(name.startswith("halfhooks/ho/") for name in names)


def test_its_first_line_finds_a_python_or_names_one(pyz: Path, tmp_path: Path):
    assert pyz.read_bytes().startswith(b"#!/usr/bin/env python3\n")
    assert os.access(pyz, os.X_OK)
    line = f"{Path(sys.executable).resolve()} -IS"
    run(sys.executable, PROJECT / "install" / "make_pyz.py", "--first-line", line, tmp_path / "own.pyz")
    assert (tmp_path / "own.pyz").read_bytes().startswith(f"#!{line}\n".encode())
    assert run(tmp_path / "own.pyz", "--version").code == 0


def test_guards_a_repository_as_its_hook(pyz: Path, host: Host):
    shutil.copy(pyz, host.hook)
    assert host.guards()


def test_guards_a_repository_through_a_link(pyz: Path, host: Host):
    host.hook.symlink_to(pyz)
    assert host.guards()


def test_guards_a_repository_when_another_hook_runs_it(pyz: Path, host: Host):
    host.foreign_hook(f"exec '{sys.executable}' -IS '{pyz}'")
    assert host.guards()


def test_guards_a_repository_from_a_folder_of_hooks(pyz: Path, host: Host):
    """As Gitea, Forgejo and gitolite do it: a dispatcher runs every file of hooks/pre-receive.d with the same input."""
    folder = host.hook.with_name("pre-receive.d")
    folder.mkdir()
    shutil.copy(pyz, folder / "halfhooks")
    host.foreign_hook('data=$(cat)\nfor hook in hooks/pre-receive.d/*; do echo "$data" | "$hook" || exit 1; done')
    assert host.guards()


def test_installs_what_a_checkout_installs(pyz: Path, host: Host):
    before = tree(host.repository)
    assert run(sys.executable, pyz, "install", "--dry-run", host.repository).code == 0
    assert tree(host.repository) == before
    done = run(sys.executable, pyz, "install", host.repository)
    assert done.code == 0, done.err
    installed = tree(host.repository)
    assert "nothing changed" in host.install().out
    assert "nothing changed" in run(pyz, "install", host.repository).out
    assert tree(host.repository) == installed
    assert host.guards()
    assert run(sys.executable, pyz, "install", "--status", host.repository).code == 0
    assert run(sys.executable, pyz, "install", "--uninstall", host.repository).code == 0
    assert not host.hook.exists()


def test_leaves_no_scratch_folder(pyz: Path, host: Host, tmp_path: Path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert run(sys.executable, pyz, "install", host.repository, env={**os.environ, "TMPDIR": str(scratch)}).code == 0
    assert list(scratch.iterdir()) == []


@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no Python of the system")
def test_another_python_uses_the_sources(pyz: Path, host: Host, tmp_path: Path):
    """Compiled for another one: shown by a file whose compiled modules are of no Python at all."""
    other = tmp_path / "other.pyz"
    with zipfile.ZipFile(pyz) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"\0" * 16 if name.endswith(".pyc") else old.read(name))
    host.foreign_hook(f"exec /usr/bin/python3 -IS '{other}'")
    assert host.guards()

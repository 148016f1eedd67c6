"""`ho doctor` says what is wrong with a clone, and the command that it gives mends that."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from halfhooks.ho import cli
from halfhooks.ho.health import local_folder, without_password
from halfhooks.ho.repository import Clone, find_git
from tests.builders import Dev, run
from tests.ho.check_test import standing_in

Lines = dict[str, list[dict[str, str]]]


def doctor(folder: Path, code: int = 0) -> Lines:
    """What `ho doctor --json` says in a folder, by topic."""
    out = io.StringIO()
    with standing_in(folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        assert cli.main(["doctor", "--json"]) == code, out.getvalue()
    document: dict[str, Any] = json.loads(out.getvalue())
    assert (document["version"], document["wrong"]) == (1, code == 1)
    found: Lines = {}
    for check in document["checks"]:
        found.setdefault(check["topic"], []).append(check)
    return found


def worst(lines: Lines, topic: str) -> dict[str, str]:
    """The most severe line on a topic."""
    return min(lines[topic], key=lambda check: ["error", "warn", "info", "ok"].index(check["level"]))


def mend(folder: Path, check: dict[str, str]) -> None:
    """Runs the command that a line gives."""
    ho = f'ho() {{ "{sys.executable}" -m halfhooks.ho "$@"; }}'
    command = check["mend"].partition(", or ")[0]
    done = subprocess.run(["sh", "-e", "-c", f"{ho}\n{command}"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def healthy(shop: Dev) -> Dev:
    """A clone with the hooks of the client."""
    with standing_in(shop.clone):
        assert cli.main(["install", "client"]) == 0
    return shop


def test_a_clone_without_hooks_is_mended_by_what_is_said(shop: Dev):
    said = worst(doctor(shop.clone, code=1), "hooks")
    assert (said["level"], said["mend"]) == ("error", "ho install client")
    mend(shop.clone, said)
    lines = doctor(shop.clone / "app" if (shop.clone / "app").exists() else shop.clone)
    assert "installed natively: commit-msg" in worst(lines, "hooks")["text"]
    assert {check["level"] for checks in lines.values() for check in checks} <= {"ok", "info"}


def test_a_hook_that_does_not_run_is_an_error(healthy: Dev):
    (healthy.clone / ".git" / "hooks" / "pre-push").chmod(0o644)
    said = worst(doctor(healthy.clone, code=1), "hooks")
    mend(healthy.clone, said)
    doctor(healthy.clone)


def test_the_framework_has_to_have_installed_all_that_is_asked_for(tmp_path: Path, monkeypatch):
    bare = os.environ["PATH"]
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    with standing_in(tmp_path):
        assert cli.main(["init", "shop"]) == 0
    shop = tmp_path / "shop"
    assert worst(doctor(shop, code=1), "hooks")["mend"] == "ho install client, or pre-commit install"
    run(sys.executable, "-m", "pre_commit", "install", "--hook-type", "pre-commit", cwd=shop)
    said = worst(doctor(shop, code=1), "hooks")
    assert said["text"].startswith("the framework lacks commit-msg, pre-push")
    run(sys.executable, "-m", "pre_commit", "install", cwd=shop)
    lines = doctor(shop)
    assert "the framework runs halfhooks-pre-commit" in worst(lines, "hooks")["text"]
    assert worst(lines, "remote")["text"] == "there is no remote 'origin': nothing can be pushed"
    where = [folder for folder in bare.split(":") if not Path(folder, "ho").exists()]
    monkeypatch.setenv("PATH", ":".join(where))
    assert "'ho' is not in the PATH" in worst(doctor(shop, code=1), "hooks")["text"]
    with standing_in(shop):
        assert cli.main(["install", "client"]) == 0
    said = worst(doctor(shop, code=1), "hooks")
    assert "Executable `ho` not found" in said["text"] and "pre-commit uninstall" in said["mend"]


def test_somebody_elses_hooks_are_named(healthy: Dev):
    hook = healthy.clone / ".git" / "hooks" / "post-rewrite"
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o755)
    assert "post-rewrite" in doctor(healthy.clone)["hooks"][-1]["text"]


def test_an_unguarded_server_is_an_error_and_a_weakened_one_a_warning(healthy: Dev):
    hook = healthy.server.path / "hooks" / "pre-receive"
    hook.chmod(0o644)
    assert worst(doctor(healthy.clone), "server")["level"] == "warn"
    hook.chmod(0o755)
    assert worst(doctor(healthy.clone), "server")["level"] == "ok"
    run(sys.executable, "-m", "halfhooks.ho", "install", "server", "--uninstall", str(healthy.server.path))
    said = worst(doctor(healthy.clone, code=1), "server")
    assert "is not guarded" in said["text"]
    mend(healthy.clone, said)
    healthy.git("remote", "set-url", "origin", f"file://{healthy.server.path}")
    assert worst(doctor(healthy.clone), "server")["level"] == "ok"


def test_a_server_elsewhere_cannot_be_known(healthy: Dev):
    for url in ("git@example.org:shop.git", "https://me:secret@example.org/shop.git"):
        healthy.git("remote", "set-url", "origin", url)
        lines = doctor(healthy.clone)
        assert "cannot be known from here" in worst(lines, "server")["text"]
        assert "--status" in worst(lines, "server")["mend"]
        assert "secret" not in str(lines)
    healthy.git("remote", "set-url", "origin", "/nowhere/shop.git")
    assert worst(doctor(healthy.clone, code=1), "server")["level"] == "error"


def test_a_policy_that_is_none_is_an_error(healthy: Dev):
    healthy.write("halfhooks.conf", "[halfhooks]\n\trot = x\n\twarn = HH001\n")
    said = doctor(healthy.clone, code=1)["halfhooks.conf"]
    assert len(said) == 2 and "the nearest is 'halfhooks.root'" in said[0]["text"]
    healthy.write("halfhooks.conf", "[half\n")
    assert "bad config line 1" in doctor(healthy.clone, code=1)["halfhooks.conf"][0]["text"]
    healthy.write("halfhooks.conf", None)
    assert doctor(healthy.clone)["halfhooks.conf"][0]["text"] == "none: the defaults hold"


def test_branches_that_are_not_known_here(healthy: Dev):
    healthy.another("other").switch("ho-patch/4-fix").commit("app/x.py", "x\n").push("ho-patch/4-fix").accepted()
    said = worst(doctor(healthy.clone), "remote")
    assert (said["level"], "such as 'ho-patch/4-fix'" in said["text"]) == ("warn", True)
    mend(healthy.clone, said)
    assert worst(doctor(healthy.clone), "remote")["level"] == "ok"


def test_a_shallow_clone_of_one_branch(shop: Dev, tmp_path: Path):
    folder = tmp_path / "shallow"
    run("git", "clone", "-q", "--depth=1", f"file://{shop.server.path}", str(folder))
    lines = doctor(folder, code=1)
    assert worst(lines, "history")["level"] == worst(lines, "remote")["level"] == "warn"
    mend(folder, worst(lines, "remote"))
    mend(folder, worst(lines, "history"))
    lines = doctor(folder, code=1)
    assert worst(lines, "history")["level"] == worst(lines, "remote")["level"] == "ok"


def test_no_project_and_no_identity(tmp_path: Path, monkeypatch):
    run("git", "init", "-q", str(tmp_path))
    for name in ("GIT_COMMITTER_NAME", "GIT_AUTHOR_NAME"):
        monkeypatch.setenv(name, "")
    lines = doctor(tmp_path, code=1)
    assert worst(lines, "project")["mend"] == "ho init"
    assert "user.name" in worst(lines, "identity")["mend"]


def test_a_project_that_was_not_pushed_yet(healthy: Dev):
    healthy.git("update-ref", "-d", "refs/remotes/origin/ho-prod")
    assert worst(doctor(healthy.clone), "project")["mend"] == "git push -u origin ho-prod"


def test_no_repository_is_cannot_tell(tmp_path: Path, capsys):
    with standing_in(tmp_path):
        assert cli.main(["doctor"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("halfhooks: cannot tell: not a git repository (or any of the parent directories): .git; ")
    assert said.endswith("ho clone URL fetches one, ho init NAME begins one\n")


def test_a_bare_repository_is_examined_as_the_server_that_it_is(shop: Dev):
    assert worst(doctor(shop.server.path), "server")["level"] == "ok"


def test_the_policy_of_a_bare_repository_is_that_of_ho_prod(empty: Dev):
    assert doctor(empty.server.path, code=1)["halfhooks.conf"][0]["text"] == "none: the defaults hold"
    empty.write("halfhooks.conf", "[halfhooks]\n\totherRefs = allow\n").step("begin")
    assert doctor(empty.server.path)["halfhooks.conf"][0]["text"] == "valid"
    run(
        "git",
        "-C",
        str(empty.server.path),
        "fetch",
        "-q",
        str(empty.commit("halfhooks.conf", "[half\n").clone),
        "+HEAD:ho-prod",
    )
    assert "bad config line 1" in doctor(empty.server.path, code=1)["halfhooks.conf"][0]["text"]


def test_a_clone_of_an_empty_server_is_told_to_begin(empty: Dev):
    lines = doctor(empty.clone, code=1)
    assert worst(lines, "project")["mend"] == "ho init"
    assert worst(lines, "remote")["text"] == "'origin' is empty: nothing was pushed yet"


def test_the_text_has_a_line_for_each_and_what_mends_it(shop: Dev, capsys):
    with standing_in(shop.clone):
        assert cli.main(["doctor"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("ok     git             git version 2.")
    assert any(line.startswith("error  hooks") for line in said)
    assert "help: ho install client" in "\n".join(said)
    assert said[-1] == "halfhooks: 1 error, 0 warnings"


@pytest.mark.parametrize(
    "url, folder",
    [
        ("/srv/git/shop.git", "/srv/git/shop.git"),
        ("file:///srv/git/my%20shop.git", "/srv/git/my shop.git"),
        ("../server.git", "../server.git"),
        ("host:shop.git", ""),
        ("./host:shop.git", "host:shop.git"),
        ("ssh://host/shop.git", ""),
        ("ext::sh", ""),
    ],
)
def test_which_addresses_are_folders_of_this_machine(shop: Dev, url: str, folder: str):
    found = local_folder(Clone(find_git(), str(shop.clone)), url)
    assert found == (os.path.normpath(shop.clone / folder) if folder else "")


def test_a_password_is_not_shown():
    assert without_password("https://me:secret@host/x") == "https://me:...@host/x"
    assert without_password("git@host:x") == "git@host:x"

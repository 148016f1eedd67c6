"""`ho init` makes what a guarded server accepts, and nothing at all where it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Optional

import pytest
import yaml

from halfhooks.config import PARSERS, Config, make_config, parse_config
from halfhooks.git import parse_pairs
from halfhooks.ho import cli
from halfhooks.ho.beginning import ENTRY, HOOKS, INSTALL_TYPES, STAGES, Wish, installed_types, merge_hooks, policy
from halfhooks.version import Version
from tests.builders import PROJECT, Dev, Server, run
from tests.ho.check_test import standing_in

OF_THE_SERVER = {"lockwait", "maxfilesize"}


def init(folder: Path, *arguments: str, code: int = 0) -> None:
    with standing_in(folder):
        assert cli.main(["init", *arguments]) == code


def held(folder: Path) -> dict[str, Optional[bytes]]:
    """Everything below a folder: files with their content, folders with None; git's own objects and logs apart."""
    skipped = ("objects", "logs")
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {
        name: path.read_bytes() if path.is_file() else None
        for name, path in found.items()
        if not any(part in skipped for part in name.split("/"))
    }


def git(folder: Path, *arguments: str) -> str:
    return run("git", "-C", str(folder), *arguments)


def listed(folder: Path, commit: str = "ho-prod") -> set[str]:
    return set(git(folder, "ls-tree", "-r", "--name-only", commit).split("\n")) - {""}


@pytest.fixture
def old(tmp_path: Path) -> Dev:
    """A clone of a guarded repository that has a main, and nothing of ours."""
    dev = Dev.create(tmp_path)
    dev.git("switch", "-q", "-c", "main")
    dev.commit("app/one.py", "one\n").commit(".gitignore", "# mine\n.env\n").push("main").accepted()
    dev.git("fetch", "-q", "origin")
    return dev


# --- a new project


def test_a_new_project_is_accepted_by_a_guarded_server(tmp_path: Path, capsys):
    init(tmp_path, "shop")
    shop = tmp_path / "shop"
    assert listed(shop) == {
        *("releases/0.0.0.txt", "releases/README.md", "Patches/README.md", "tests/README.md"),
        *("model/schema-0.0.0.sql", "model/metadata-0.0.0.sql", "model/schema.sql"),
        *("halfhooks.conf", ".pre-commit-config.yaml", ".gitignore"),
    }
    assert git(shop, "status", "--porcelain") == ""
    assert (shop / "model" / "schema.sql").readlink() == Path("schema-0.0.0.sql")
    assert "git push -u origin ho-prod" in capsys.readouterr().out
    server = Server.create(tmp_path / "server.git")
    git(shop, "remote", "add", "origin", str(server.path))
    with standing_in(shop):
        assert cli.main(["check", "--local"]) == 0
        git(shop, "push", "-q", "origin", "ho-prod")
        assert cli.main(["check"]) == 0
    assert set(server.refs()) == {"refs/heads/ho-prod"}
    project = Dev(shop, server).start_release("0.1.0").new_patch("0.1.0", "1-users").work_on("1-users")
    project.integrate("0.1.0", "1-users").promote("0.1.0")


def test_the_policy_has_every_key_and_is_valid(tmp_path: Path):
    init(tmp_path, "shop", "--database", 'my "own" db')
    path = str(tmp_path / "shop" / "halfhooks.conf")
    pairs = parse_pairs(run("git", "config", "--file", path, "-z", "--list").encode())
    fields, problems = parse_config(pairs)
    assert problems == []
    assert {key.removeprefix("halfhooks.") for key, _ in pairs} == PARSERS.keys() - OF_THE_SERVER
    config = make_config(fields)
    assert (config.package, config.database, config.root) == ("shop", 'my "own" db', "")
    assert config.onPush == "validate-release"  # a project that ho makes has ho; one that is only guarded may not
    assert config._replace(freePaths=(), package="", database="", python="", onPush="check") == Config()


@pytest.mark.parametrize("value", ["a b", "a;b", "a#b", 'a"b', "a\\b", " a ", "", "x" * 200, "é"])
def test_any_value_is_read_back_as_it_was_given(tmp_path: Path, value: str):
    path = tmp_path / "halfhooks.conf"
    path.write_text(policy(Wish(Version(0, 0, 0), "", "", value)), encoding="utf-8")
    assert run("git", "config", "--file", str(path), "halfhooks.project.database") == value + "\n"


def test_a_clone_of_an_empty_server_and_a_folder_with_an_environment(tmp_path: Path):
    server = Server.create(tmp_path / "server.git")
    run("git", "clone", "-q", str(server.path), str(tmp_path / "clone"))
    (tmp_path / "clone" / ".venv").mkdir()
    (tmp_path / "clone" / ".venv" / "python").write_text("")
    init(tmp_path / "clone")
    git(tmp_path / "clone", "push", "-q", "origin", "ho-prod")
    assert git(tmp_path / "clone", "status", "--porcelain") == ""
    (tmp_path / "plain" / ".venv").mkdir(parents=True)
    init(tmp_path / "plain")
    assert git(tmp_path / "plain", "status", "--porcelain") == ""


def test_an_unborn_main_becomes_ho_prod(tmp_path: Path):
    run("git", "init", "-q", "-b", "main", str(tmp_path / "shop"))
    init(tmp_path / "shop")
    assert git(tmp_path / "shop", "branch", "--show-current") == "ho-prod\n"
    assert git(tmp_path / "shop", "status", "--porcelain") == ""


def test_a_repository_of_sha256(tmp_path: Path):
    run("git", "init", "-q", "--object-format=sha256", str(tmp_path))
    init(tmp_path)
    with standing_in(tmp_path):
        assert cli.main(["check", "--local"]) == 0


# --- a repository is adopted


def test_a_repository_is_adopted_at_its_version(old: Dev, capsys):
    main = git(old.clone, "rev-parse", "main")
    init(old.clone, "--version", "2.3.0")
    said = capsys.readouterr().out
    assert git(old.clone, "rev-parse", "main", "ho-prod^") == main * 2
    assert git(old.clone, "branch", "--show-current") == "ho-prod\n"
    assert {"app/one.py", "releases/2.3.0.txt", "model/schema-2.3.0.sql"} <= listed(old.clone)
    assert git(old.clone, "show", "ho-prod:.gitignore") == "# mine\n.env\n.venv\n__pycache__/\n*.pyc\n"
    assert old.push("ho-prod").accepted().warnings == set()
    assert "git push origin v2.3.0" in said
    old.git("tag", "-a", "-m", "Release 2.3.0", "v2.3.0")
    old.push("v2.3.0").accepted()
    old.git("fetch", "-q", "origin")
    with standing_in(old.clone):
        assert cli.main(["check"]) == 0
    old.start_release("2.4.0").new_patch("2.4.0", "1-users").work_on("1-users")


@pytest.mark.parametrize("hooks_first", [False, True])
def test_what_is_printed_can_be_followed_with_the_hooks_in_place(old: Dev, hooks_first: bool, capsys):
    init(old.clone, "--version", "2.3.0")
    said = capsys.readouterr().out.partition("\nnext\n")[2].splitlines()
    commands = [line.partition("  # ")[0].strip() for line in said]
    assert commands[:2] == ["git commit --amend --no-edit model", "ho install client"]
    ho = f'ho() {{ "{sys.executable}" -m halfhooks.ho "$@"; }}'
    order = [commands[1], *commands] if hooks_first else commands
    old.write("model/schema-2.3.0.sql", "create table users (id int);\n")
    script = "\n".join([ho, *order])
    done = subprocess.run(["sh", "-e", "-c", script], cwd=old.clone, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"refs/heads/ho-prod", "refs/tags/v2.3.0"} <= old.server.refs().keys()
    assert old.server.git("show", "ho-prod:model/schema-2.3.0.sql") == "create table users (id int);\n"


def test_a_tag_of_the_first_version_has_to_go_first(old: Dev, capsys):
    run(*(sys.executable, str(PROJECT / "install" / "server.py")), "--uninstall", str(old.server.path))
    old.git("tag", "v2.3.0")
    old.push("v2.3.0")
    before = held(old.clone)
    init(old.clone, "--version", "2.3.0", code=1)
    said = capsys.readouterr().err
    assert "halfhooks: there is a tag 'v2.3.0'" in said and "its administrator" in said
    assert held(old.clone) == before
    run("sh", "-e", "-c", said.splitlines()[1], cwd=old.clone)
    init(old.clone, "--version", "2.3.0")
    assert "refs/tags/v2.3.0" not in old.server.refs()


def test_tags_of_versions_to_come_are_told(old: Dev, capsys):
    for tag in ("v1.0.0", "v2.3.0-rc1", "v2.4.0", "v3.0.0"):
        old.git("tag", tag)
    init(old.clone, "--version", "2.3.0", "--dry-run")
    said = capsys.readouterr().out
    assert "such as 'v2.4.0'" in said and "ho init --version 3.0.0" in said
    init(old.clone, "--version", "3.0.1", "--dry-run")
    assert "warning" not in capsys.readouterr().out


def test_a_folder_of_a_repository_gets_a_hint_at_root(old: Dev, capsys):
    init(old.clone / "app", "--dry-run")
    assert "for this folder of it: ho init --root app" in capsys.readouterr().out
    for arguments in (("--root", "app"), ()):
        init(old.clone / "app" if arguments else old.clone, "--dry-run", *arguments)
        assert "for this folder" not in capsys.readouterr().out


def test_a_dirty_working_tree_is_not_touched(old: Dev, capsys):
    old.write("app/one.py", "dirty\n").write("new.py", "new\n").write("staged.py", "staged\n")
    old.git("add", "staged.py")
    before = held(old.clone)
    init(old.clone / "app")
    after = held(old.clone)
    assert {name for name in after if after[name] != before.get(name)} == {".git/refs/heads/ho-prod"}
    assert before.keys() <= after.keys()
    assert "git switch ho-prod" in capsys.readouterr().out
    old.push("ho-prod").accepted()


def test_a_folder_of_a_monorepo(old: Dev):
    old.commit("model/theirs.py", "x\n").push("main").accepted()
    init(old.clone, "--root", "services/shop")
    assert {"services/shop/releases/0.0.0.txt", "services/shop/model/schema.sql", "halfhooks.conf"} <= listed(old.clone)
    old.push("ho-prod").accepted()
    old.git("fetch", "-q", "origin")
    with standing_in(old.clone):
        assert cli.main(["check"]) == 0
        assert cli.main(["status"]) == 0


def test_the_root_of_a_policy_that_exists_holds(old: Dev):
    old.commit("halfhooks.conf", "[halfhooks]\n\troot = sub\n")
    init(old.clone, "--root", "other", code=1)
    init(old.clone)
    assert "sub/releases/0.0.0.txt" in listed(old.clone)
    old.push("ho-prod").accepted()


def test_a_ho_prod_without_a_version_is_adopted_where_it_stands(tmp_path: Path):
    dev = Dev.create(tmp_path, guarded=False).commit("app.py", "x\n")
    dev.push("ho-prod").accepted()
    dev.git("fetch", "-q", "origin")
    run(*(sys.executable, str(PROJECT / "install" / "server.py")), str(dev.server.path))
    other = dev.another("other")
    other.git("switch", "-q", "-c", "topic")
    other.git("branch", "-q", "-D", "ho-prod")
    init(other.clone)
    assert git(other.clone, "rev-parse", "ho-prod^") == git(dev.clone, "rev-parse", "ho-prod")
    other.push("ho-prod").accepted()


def test_what_is_committed_already_is_kept(old: Dev):
    dump = "create table users (id int);\n"
    old.commit("model/schema-2.3.0.sql", dump).commit("releases/README.md", "mine\n")
    init(old.clone, "--version", "2.3.0")
    assert git(old.clone, "show", "ho-prod:model/schema-2.3.0.sql") == dump
    assert git(old.clone, "show", "ho-prod:releases/README.md") == "mine\n"
    old.push("ho-prod").accepted()


# --- it refuses, and leaves all as it was


def test_dry_run_changes_nothing(old: Dev, tmp_path: Path, capsys):
    before = held(tmp_path)
    init(old.clone, "--dry-run")
    init(tmp_path, "new", "--dry-run")
    assert held(tmp_path) == before
    said = capsys.readouterr().out
    assert "would make a commit on ho-prod above main (" in said
    assert "would make the repository 'new'" in said
    assert "releases/0.0.0.txt" in said


def commit(path: str, text: str = "x\n"):
    return lambda dev: dev.commit(path, text)


def write(path: str, text: str = "x\n"):
    return lambda dev: dev.write(path, text)


def link(path: str):
    def make(dev: Dev) -> None:
        (dev.clone / path).unlink()
        (dev.clone / path).symlink_to("app/one.py")
        dev.commit()

    return make


REFUSALS = {
    "a file of the workflow's folders": (commit("model/theirs.py"), (), "'model/theirs.py' is in the way"),
    "an untracked file in its place": (write("halfhooks.conf"), (), "'halfhooks.conf' is in the working tree"),
    "a broken policy": (commit("halfhooks.conf", "[halfhooks]\n\trot = x\n"), (), "nearest is 'halfhooks.root'"),
    "a policy that git cannot parse": (commit("halfhooks.conf", "[half\n"), (), "bad config line 1"),
    "a link that leads elsewhere": (commit("model/schema.sql"), (), "error[HH503]"),
    "a branch that looks like ho-prod": (commit("Releases/x.txt"), (), "error[HH302]"),
    "a link that would have to grow": (link(".gitignore"), (), "'.gitignore' is no file that lines can be added to"),
    "a folder that would have to grow": (
        commit(".pre-commit-config.yaml/a"),
        (),
        "'.pre-commit-config.yaml' is no file",
    ),
    "a bare repository": (lambda dev: os.chdir(dev.server.path), (), "has no working tree"),
    "nothing checked out": (lambda dev: dev.git("switch", "-q", "--orphan", "void"), (), "git switch main"),
    "ho-prod in another working tree": (
        lambda dev: dev.git("worktree", "add", "-q", "-b", "ho-prod", "../other", "main"),
        (),
        "is checked out in",
    ),
    "a dirty ho-prod": (
        lambda dev: dev.switch("-c", "ho-prod").write("app/one.py", "dirty\n"),
        (),
        "the working tree has changes",
    ),
    "nobody who commits": (lambda dev: None, (), "ident"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_it_refuses_and_changes_nothing(old: Dev, tmp_path: Path, case: str, capsys, monkeypatch):
    prepare, arguments, words = REFUSALS[case]
    monkeypatch.chdir(old.clone)
    prepare(old)
    if case == "nobody who commits":
        for name in ("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"):
            monkeypatch.setenv(name, "")
    before, refs = held(tmp_path), old.git("for-each-ref")
    assert cli.main(["init", *arguments]) == 1
    assert words in capsys.readouterr().err
    assert held(tmp_path) == before
    assert old.git("for-each-ref") == refs


def test_a_project_that_has_begun_is_left_alone(project: Dev, tmp_path: Path, capsys):
    for folder in (project.clone, project.another("other").switch("-c", "topic").clone):
        before = held(folder)
        init(folder, code=1)
        assert "this project has begun: 'ho-prod' has 0.0.0 in production" in capsys.readouterr().err
        assert held(folder) == before
    other = tmp_path / "other"
    git(other, "branch", "-q", "-D", "ho-prod")
    init(other, code=1)


def test_a_folder_with_files_and_a_folder_inside_a_repository(old: Dev, tmp_path: Path, capsys):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.py").write_text("a\n")
    init(tmp_path, "files", code=1)
    said = capsys.readouterr().err
    assert "has files, such as 'a.py', and is no repository" in said
    assert "git init -b main files && cd files && git add -A && git commit -m Begin" in said
    init(tmp_path / "files", code=1)
    assert "git init -b main && git add -A && git commit -m Begin" in capsys.readouterr().err
    assert not (tmp_path / "files" / ".git").exists()
    for folder in ("services/new", "app"):
        init(old.clone, folder, code=1)
        assert f"ho init --root {folder}" in capsys.readouterr().err
    assert not (old.clone / "services").exists()


def test_what_was_made_for_a_new_project_goes_where_it_fails(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("GIT_COMMITTER_NAME", "")
    init(tmp_path, "one/two", code=1)
    (tmp_path / "empty").mkdir()
    init(tmp_path, "empty", code=1)
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--version", "2.3"], ["--version", "v2.3.0"], ["--root", "../x"], ["--root", "a//b"], ["--root", "/abs"]),
        *(["--package", "my-shop"], ["--from-database", "x"], ["a", "b"]),
    ],
)
def test_a_wrong_call(tmp_path: Path, arguments: list[str]):
    init(tmp_path, *arguments, code=2)
    assert list(tmp_path.iterdir()) == []


# --- .pre-commit-config.yaml


def test_our_entries_are_those_of_the_framework(tmp_path: Path):
    published = {hook["id"]: hook for hook in yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text())}
    (repo,) = yaml.safe_load(ENTRY)
    assert set(HOOKS) <= {hook["id"] for hook in repo["hooks"]}
    for hook in repo["hooks"]:
        wanted = {key: value for key, value in published[hook["id"]].items() if key != "description"}
        assert hook == {**wanted, "language": "system"}
    init(tmp_path, "shop")
    assert installed_types((tmp_path / "shop" / ".pre-commit-config.yaml").read_text()) == list(STAGES)
    validate = [sys.executable, "-m", "pre_commit", "validate-config", ".pre-commit-config.yaml"]
    subprocess.run(validate, cwd=tmp_path / "shop", check=True)


def test_the_framework_runs_what_was_configured(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "cache"))
    init(tmp_path, "shop")
    shop = Dev(tmp_path / "shop", Server.create(tmp_path / "server.git"))
    shop.git("remote", "add", "origin", str(shop.server.path))
    run(sys.executable, "-m", "pre_commit", "install", cwd=shop.clone)
    shop.push("ho-prod").accepted()
    shop.write("app.py", "x\n").git("add", "app.py")
    done = subprocess.run(["git", "commit", "-m", "x"], cwd=shop.clone, capture_output=True, text=True)
    assert (done.returncode, "error[HH107]" in done.stderr) == (1, True)
    shop.git("rm", "-q", "-f", "app.py")
    shop.start_release("0.1.0").new_patch("0.1.0", "12-users").work_on("12-users")
    assert "Refs #12" in shop.git("log", "-1", "--format=%B")


EXISTING = {
    "a list that is indented": "repos:\n  - repo: local\n    hooks:\n      - {id: a, name: a, entry: a, language: system}\n",
    "a list that is not": "# ours\nrepos:\n- repo: local  # it\n  hooks:\n  - {id: a, name: a, entry: a, language: fail}\n",
    "something after it": "---\nrepos:\n  - repo: local\n    hooks: []\n\n# the end\nfail_fast: true\n",
    "a comment in it": "repos:\n  # first\n  - repo: local\n    hooks: []\n  # last\n",
    "no line feed at the end": "fail_fast: true\nrepos:\n- repo: local\n  hooks: []",
    "types that are enough": f"{INSTALL_TYPES}\nrepos:\n- repo: local\n  hooks: []\n",
    "types as lines": "default_install_hook_types:\n- pre-commit\n- pre-push\nrepos:\n- repo: local\n  hooks: []\n",
}


@pytest.mark.parametrize("case", EXISTING)
def test_an_existing_configuration_grows_and_loses_nothing(case: str):
    old = EXISTING[case]
    new, remark = merge_hooks(old)
    lines = iter(new.splitlines())
    assert all(line in lines for line in old.splitlines()), "a line is gone, or has moved"
    before, after = yaml.safe_load(old), yaml.safe_load(new)
    assert after["repos"] == before["repos"] + yaml.safe_load(ENTRY)
    assert ("commit-msg" in remark) == (case == "types as lines")
    known = before.get("default_install_hook_types", list(STAGES))
    assert after["default_install_hook_types"] == known == installed_types(new)
    assert {**after, "repos": 0, "default_install_hook_types": 0} == {
        **before,
        "repos": 0,
        "default_install_hook_types": 0,
    }
    assert merge_hooks(new) == ("", "")


@pytest.mark.parametrize("old", ["repos: []\n", "fail_fast: true\n", "repos: [{repo: local, hooks: []}]\n"])
def test_a_configuration_that_cannot_grow_safely_is_left_alone(old: str):
    new, remark = merge_hooks(old)
    assert new == ""
    assert "id: halfhooks-pre-push" in remark


@pytest.mark.parametrize("old", [None, "", "\n"])
def test_without_a_configuration_there_is_a_whole_one(old: Optional[str]):
    assert yaml.safe_load(merge_hooks(old)[0])["default_install_hook_types"] == list(STAGES)


def test_the_framework_is_told_of_in_words_where_its_file_cannot_grow(old: Dev, capsys):
    old.commit(".pre-commit-config.yaml", "repos: []\n")
    init(old.clone)
    said = capsys.readouterr().out
    assert "'.pre-commit-config.yaml' is left alone" in said and "id: halfhooks-commit-msg" in said
    assert git(old.clone, "show", "ho-prod:.pre-commit-config.yaml") == "repos: []\n"

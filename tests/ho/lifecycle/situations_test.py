"""Commands of the lifecycle wherever somebody may be: what is in the way is said before anything happens, the rest works."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from halfhooks.ho.lifecycle.transaction import Journal
from halfhooks.ho.lifecycle.writer import pack
from halfhooks.snapshot import FOLDER, Entry
from halfhooks.staged import in_git_order, object_id, tree_content
from tests.builders import Server, run
from tests.ho.database.conftest import environment, server, servers
from tests.ho.lifecycle.clones import User, must_be_legal, refusing, team_template, temporary, user

__all__ = ["environment", "server", "servers", "team_template", "temporary", "user"]

PATCH = "ho-patch/1-a"
TABLE = "create table a (id int);\n"


@pytest.fixture(scope="module")
def work_template(team_template: User, tmp_path_factory: pytest.TempPathFactory) -> User:
    user = team_template.copied(tmp_path_factory.mktemp("work"))
    user.done("release", "new", "minor")
    user.done("patch", "new", "1-a")
    return user.work("1-a")


@pytest.fixture
def at_work(work_template: User, user: User, tmp_path: Path) -> User:
    """A user on the branch of a candidate of 0.1.0, which holds work that is pushed."""
    return work_template.copied(tmp_path / "work")


def branch_of(folder: Path) -> str:
    return run("git", "-C", str(folder), "branch", "--show-current").strip()


def nothing_happens(user: User, *arguments: str, code: int = 2) -> str:
    """A command that must change nothing, neither on the server nor here; what it said, in its last line."""
    before, here, status = user.server.refs(), user.refs(), user.git("status", "--porcelain")
    ran = user.ho(*arguments)
    assert ran.code == code, ran
    assert (user.server.refs(), user.refs(), user.git("status", "--porcelain")) == (before, here, status)
    assert not (user.clone / ".git" / "halfhooks" / "pending.json").exists()
    assert "Traceback" not in ran.out
    return ran.out.strip().splitlines()[-1]


# --- working trees


def test_a_change_that_is_not_in_the_way_stays(at_work: User) -> None:
    at_work.write("notes.txt", "mine").write("Patches/1-a/01.sql", TABLE + "-- more\n")
    at_work.done("release", "new", "major", "--no-switch")
    assert at_work.git("status", "--porcelain").split("\n")[:2] == [" M Patches/1-a/01.sql", "?? notes.txt"]
    at_work.git("checkout", "Patches")
    at_work.done("patch", "close", "--no-tests")
    assert at_work.git("status", "--porcelain") == "?? notes.txt\n"
    assert branch_of(at_work.clone) == "ho-release/0.1.0"


def test_a_change_that_is_in_the_way_is_named_before_anything_happens(at_work: User) -> None:
    at_work.write("releases/0.1.0-candidates.txt", "# mine\n1-a\n")
    said = nothing_happens(at_work, "patch", "close", "--no-tests")
    assert "releases/0.1.0-candidates.txt" in said
    assert "git stash" in said
    at_work.git("checkout", "releases")
    at_work.write("releases/0.2.0-stage.txt", "a file that nobody knows")
    at_work.done("release", "new", "0.0.1", "--no-switch")
    at_work.write("releases/1.0.0-stage.txt", "another one")
    assert "releases/1.0.0-stage.txt" in nothing_happens(at_work, "release", "new", "major")


def test_what_git_waits_for_is_in_the_way_only_of_what_moves(at_work: User) -> None:
    at_work.switch("-c", "one", "ho-prod").commit("README.md", "# one\n")
    at_work.switch("-c", "other", "ho-prod").commit("README.md", "# other\n")
    with pytest.raises(AssertionError):
        at_work.git("merge", "one")
    conflict = at_work.git("status", "--porcelain")
    said = nothing_happens(at_work, "release", "new", "major")
    assert "git merge is in progress" in said and "git merge --continue" in said and "git merge --abort" in said
    at_work.done("release", "new", "major", "--no-switch")
    at_work.done("patch", "close", "1-a", "--no-tests")
    assert at_work.git("status", "--porcelain") == conflict
    at_work.git("merge", "--abort")
    with pytest.raises(AssertionError):
        at_work.git("rebase", "one")
    rebasing = at_work.git("status", "--porcelain")
    at_work.done("release", "abandon", "1.0.0")
    assert at_work.git("status", "--porcelain") == rebasing
    at_work.git("rebase", "--abort")


def test_a_branch_that_is_checked_out_elsewhere_moves_there(at_work: User, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    at_work.git("worktree", "add", "-q", str(elsewhere), "ho-release/0.1.0")
    (elsewhere / "notes.txt").write_text("mine")
    at_work.done("patch", "new", "2-b", "--no-switch")
    assert branch_of(elsewhere) == "ho-release/0.1.0"
    assert (elsewhere / "Patches/2-b/README.md").exists()
    assert run("git", "-C", str(elsewhere), "status", "--porcelain") == "?? notes.txt\n"
    (elsewhere / "releases/0.1.0-stage.txt").write_text("# mine\n")
    assert str(elsewhere) in nothing_happens(at_work, "patch", "close", "--no-tests")
    run("git", "-C", str(elsewhere), "checkout", "-q", "releases")
    said = at_work.done("patch", "close", "--no-tests")  # both want the branch of the release now
    assert f"'ho-release/0.1.0' is not checked out in '{at_work.clone}'" in said
    assert branch_of(elsewhere) == "ho-release/0.1.0"
    assert (elsewhere / "releases/0.1.0-stage.txt").read_text() == "1-a\n"


def test_a_worktree_gets_its_branch_back_after_a_kill(at_work: User, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    at_work.git("worktree", "add", "-q", str(elsewhere), "ho-release/0.1.0")
    command = ("patch", "new", "2-b", "--no-switch")
    kill_at(at_work, "switch -q --detach", *command)
    assert branch_of(elsewhere) == ""
    at_work.done(*command)
    assert branch_of(elsewhere) == "ho-release/0.1.0"
    assert run("git", "-C", str(elsewhere), "status", "--porcelain") == ""
    assert branch_of(at_work.clone) == PATCH


def kill_at(user: User, words: str, *command: str, how: str = "after") -> None:
    """Kill a command at the first of its calls of git that has some words."""
    ran, calls = user.counted(*command, stop=words, how=how)
    assert ran.code == -9, (ran, calls)


def kill_at_second_push(user: User, *command: str) -> None:
    """Kill a command that has made one push, and was about to make another."""
    _, calls = user.copied(user.clone.parent / "there").counted(*command)
    _, number, *_ = (number for number, call in enumerate(calls, 1) if call.startswith("push"))
    ran, _ = user.counted(*command, stop=number, how="before")
    assert ran.code == -9, ran


def test_a_detached_head_stays_where_it_is(at_work: User) -> None:
    at_work.git("switch", "-q", "--detach")
    before = at_work.git("rev-parse", "HEAD")
    at_work.done("patch", "new", "2-b", "--no-switch")
    at_work.done("patch", "close", "1-a", "--no-tests")
    assert at_work.git("rev-parse", "HEAD") == before
    assert branch_of(at_work.clone) == ""
    at_work.done("patch", "new", "3-c")
    assert branch_of(at_work.clone) == "ho-patch/3-c"


def test_from_a_folder_below(at_work: User) -> None:
    ran = at_work.run("patch", "close", "--no-tests", folder=at_work.clone / "Patches" / "1-a")
    assert ran.code == 0, ran
    ran = at_work.run("patch", "new", "2-b", folder=at_work.clone / "releases")
    assert ran.code == 0, ran


# --- clones


def cloned(user: User, name: str, *options: str) -> User:
    clone = user.clone.parent / name
    run("git", "clone", "-q", *options, user.server.path.as_uri(), str(clone))
    return User(clone, user.server)


def test_a_clone_of_a_single_branch(at_work: User) -> None:
    other = cloned(at_work, "single", "--single-branch")
    other.done("patch", "close", "1-a", "--no-tests")
    other.done("patch", "new", "2-b")
    assert branch_of(other.clone) == "ho-patch/2-b"
    other.commit("Patches/2-b/01.sql", "create table b (id int);\n")
    other.done("patch", "close", "--no-tests")
    assert branch_of(other.clone) == "ho-release/0.1.0"
    other.done("release", "promote", "prod", "--no-tests")
    other.must_be_sane()
    must_be_legal(other.server)
    other.git("pull", "-q")


def test_a_shallow_clone_works_or_says_what_it_lacks(at_work: User) -> None:
    other = cloned(at_work, "shallow", "--depth", "1")
    ran = other.ho("patch", "new", "2-b", "--release", "0.1.0")
    if ran.code:
        assert ran.code == 2
        assert "git fetch --unshallow" in ran.out
        other.git("fetch", "-q", "--unshallow")
        other.done("patch", "new", "2-b", "--release", "0.1.0")
    must_be_legal(other.server)


def test_a_server_that_nothing_guards(at_work: User) -> None:
    (at_work.server.path / "hooks" / "pre-receive").unlink()
    at_work.done("patch", "close", "--no-tests")
    at_work.done("release", "promote", "rc", "--no-tests")
    assert "error[HH" in at_work.ho("release", "new", "0.0.1").out
    must_be_legal(at_work.server)


@pytest.mark.parametrize("name", ["upstream", "team/upstream"])
def test_a_remote_of_another_name(at_work: User, name: str) -> None:
    at_work.git("remote", "rename", "origin", name)
    at_work.done("patch", "new", "2-b")
    assert at_work.git("rev-parse", "--abbrev-ref", "@{upstream}").strip() == f"{name}/ho-patch/2-b"
    at_work.git("remote", "add", "mirror", "/nowhere")
    assert "--remote NAME" in nothing_happens(at_work, "undo")
    at_work.done("undo", "--remote", name)
    assert "refs/heads/ho-patch/2-b" not in at_work.server.refs()


def test_remotes_that_cannot_be_read_are_not_none(at_work: User) -> None:
    before = at_work.server.refs(), at_work.refs()
    ran, _ = at_work.counted("patch", "drop", "1-a", stop="-C . remote", how="fail")
    assert ran.code == 2, ran
    assert (at_work.server.refs(), at_work.refs()) == before


def test_a_branch_that_cannot_be_read_is_not_none(at_work: User) -> None:
    """Git fails after all else is prepared: once the release began, and the clone stayed where it was without a word."""
    command = ("release", "new", "major")
    _, calls = at_work.copied(at_work.clone.parent / "there").counted(*command)
    at = [number for number, call in enumerate(calls, 1) if "symbolic-ref" in call]
    for number in at[:2]:
        before = at_work.server.refs(), at_work.refs()
        ran, _ = at_work.counted(*command, stop=number, how="fail")
        assert ran.code == 2, ran
        assert (at_work.server.refs(), at_work.refs()) == before
    at_work.done(*command)


def test_a_release_without_a_commit_of_its_own_is_brought_up_to_production(at_work: User) -> None:
    at_work.git("push", "-q", "origin", "ho-prod:refs/heads/ho-release/1.0.0")
    assert "1.0.0 has all of production already" in nothing_happens(at_work, "release", "sync", "1.0.0")
    at_work.done("patch", "close", "--no-tests")
    at_work.done("release", "promote", "prod", "--no-tests")
    at_work.done("release", "sync", "1.0.0")
    refs = at_work.server.refs()
    assert refs["refs/heads/ho-release/1.0.0"] == refs["refs/heads/ho-prod"]


def test_a_patch_that_has_merged_production_as_its_release_has_moves_without_what_is_not_its_own(at_work: User) -> None:
    at_work.done("release", "new", "0.0.1", "--no-switch")
    at_work.switch("ho-prod").commit("README.md", "# shop\n")
    at_work.server.config("halfhooks.freePaths", "README.md")
    at_work.push("ho-prod").accepted()
    at_work.switch(PATCH).git("merge", "-q", "--no-ff", "-m", "Merge ho-prod", "ho-prod")
    at_work.commit("app/late.py", "# late\n").push(PATCH).accepted()
    at_work.done("release", "sync", "0.1.0")
    at_work.done("patch", "move", "1-a", "--to", "0.0.1")
    moved = at_work.server.git("log", "--format=%s", "ho-release/0.0.1..ho-patch/1-a")
    assert moved == "Change\nChange\n"
    changed = at_work.server.git("diff", "--name-only", "ho-release/0.0.1", "ho-patch/1-a")
    assert changed == "Patches/1-a/01.sql\napp/late.py\n"


def test_what_a_merge_on_a_patch_branch_has_of_its_own_moves_with_it(at_work: User) -> None:
    at_work.done("release", "new", "0.0.1", "--no-switch")
    at_work.done("patch", "new", "2-b", "--no-switch", "--release", "0.1.0")
    at_work.switch(PATCH).git("merge", "-q", "--no-ff", "--no-commit", "origin/ho-release/0.1.0")
    at_work.commit("app/merge.py", "# what the two need to work together\n").push(PATCH).accepted()
    at_work.done("patch", "move", "1-a", "--to", "0.0.1")
    changed = at_work.server.git("diff", "--name-only", "ho-release/0.0.1", "ho-patch/1-a")
    assert changed == "Patches/1-a/01.sql\napp/merge.py\n"


def test_a_restart_keeps_what_patches_with_merges_have_of_their_own(at_work: User) -> None:
    """One is a candidate, the other is staged; both have merged their release, and needed something for that."""
    at_work.done("patch", "new", "2-b", "--release", "0.1.0")
    for patch, file, other in (("2-b", "app/b.py", 3), ("1-a", "app/a.py", 4)):
        at_work.done("patch", "new", f"{other}-x", "--no-switch", "--release", "0.1.0")
        at_work.switch(f"ho-patch/{patch}").git("merge", "-q", "--no-ff", "--no-commit", "origin/ho-release/0.1.0")
        at_work.commit(file, "# what the two need to work together\n")
        at_work.commit(f"Patches/{patch}/02.sql", "select 2;\n").push(f"ho-patch/{patch}").accepted()
    at_work.done("patch", "close", "2-b", "--no-tests")
    before = at_work.server.git("ls-tree", "-r", "ho-release/0.1.0", "Patches/2-b", "app")
    at_work.done("release", "restart", "0.1.0")
    assert at_work.server.git("ls-tree", "-r", "ho-release/0.1.0", "Patches/2-b", "app") == before
    listed = at_work.server.git("merge-base", "ho-release/0.1.0", "ho-patch/1-a").strip()
    changed = at_work.server.git("diff", "--name-status", listed, "ho-patch/1-a")
    assert changed == "A\tPatches/1-a/01.sql\nA\tPatches/1-a/02.sql\nA\tapp/a.py\n"


def test_a_restart_loses_no_candidate_that_is_integrated(at_work: User) -> None:
    """It was merged by the button of a Git host, which may have deleted its branch, and nobody has staged it yet."""
    at_work.switch("ho-release/0.1.0").git("merge", "-q", "--no-ff", "-m", "Merge 1-a", PATCH)
    at_work.push("ho-release/0.1.0").accepted()
    assert "ho patch close 1-a stages it" in nothing_happens(at_work, "release", "restart", "0.1.0")
    at_work.push(f":{PATCH}").accepted()
    at_work.git("branch", "-D", PATCH)
    assert "ho patch close 1-a stages it" in nothing_happens(at_work, "release", "restart", "0.1.0")
    at_work.done("patch", "close", "1-a", "--no-tests")
    at_work.done("release", "restart", "0.1.0")
    assert (
        at_work.server.git("show", "ho-release/0.1.0:Patches/1-a/01.sql") == "create table t1_a (id int primary key);\n"
    )


def test_several_remotes(at_work: User, tmp_path: Path) -> None:
    fork = Server.create(tmp_path / "fork.git")
    at_work.git("remote", "add", "fork", str(fork.path))
    at_work.git("push", "-q", "fork", "ho-prod")
    at_work.done("release", "new", "major", "--no-switch", "--remote", "fork")
    assert fork.refs().keys() == {"refs/heads/ho-prod", "refs/heads/ho-release/1.0.0"}
    assert "refs/heads/ho-release/1.0.0" not in at_work.server.refs()
    assert "--remote fork" in nothing_happens(at_work, "undo")
    at_work.done("undo", "--remote", "fork")
    assert fork.refs().keys() == {"refs/heads/ho-prod"}


def test_a_project_without_a_remote(user: User) -> None:
    user.git("remote", "remove", "origin")
    for command in ("release new minor", "patch new 1-a"):
        user.done(*command.split())
    user.commit("Patches/1-a/01.sql", TABLE)
    user.done("patch", "new", "2-b")
    user.commit("Patches/2-b/01.sql", "create table b (id int);\n")
    for command in ("patch close", "patch close 1-a", "release promote rc", "release promote prod"):
        user.done(*command.split(), "--no-tests")
    user.must_be_sane()
    assert branch_of(user.clone) == "ho-prod"
    assert (user.clone / "releases" / "0.1.0.txt").read_text() == "2-b\n1-a\n"
    must_be_legal(Server(user.clone))


def test_a_project_without_a_remote_that_is_stopped(user: User) -> None:
    user.git("remote", "remove", "origin")
    user.done("release", "new", "minor")
    for how in ("before", "after"):
        patch = f"1{len(how)}-{how}"
        kill_at(user, "-C . update-ref -m ho --stdin", "patch", "new", patch, how=how)
        assert branch_of(user.clone) == ""
        document = json.loads(user.done("status", "--json"))
        assert document["pending"] == f"ho patch new {patch}"
        assert document["steps"][0]["commands"] == [f"ho patch new {patch}"]
        user.done("patch", "new", patch)
        assert branch_of(user.clone) == f"ho-patch/{patch}"
        user.must_be_sane()
        user.switch("ho-release/0.1.0")


def test_a_candidate_without_a_folder(at_work: User) -> None:
    at_work.switch("ho-release/0.1.0").commit("releases/0.1.0-candidates.txt", "1-a\n9-x\n", message="List 9-x")
    at_work.push("ho-release/0.1.0").accepted()
    said = nothing_happens(at_work, "patch", "close", "9-x", "--no-tests")
    assert "write into Patches/9-x/" in said
    assert "ho patch drop 9-x" in said


# --- users


def test_nobody_is_said_in_the_words_of_git(at_work: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name)
    at_work.git("config", "user.useConfigOnly", "true")
    at_work.git("config", "--unset", "user.name")
    said = nothing_happens(at_work, "patch", "new", "2-b")
    assert "identity unknown" in said
    assert "git config --global user.name" in said


def test_a_signature_without_a_key(at_work: User) -> None:
    at_work.git("config", "commit.gpgSign", "true")
    at_work.git("config", "user.signingKey", "nobody@example.org")
    assert "gpg" in nothing_happens(at_work, "patch", "new", "2-b")


@pytest.mark.parametrize("key", ["commit.gpgSign", "tag.gpgSign"])
def test_a_wish_to_sign_that_cannot_be_read(at_work: User, key: str) -> None:
    at_work.git("config", key, "perhaps")
    assert "'perhaps'" in nothing_happens(at_work, "release", "new", "major")


def test_a_tag_is_signed_where_its_user_signs_tags(at_work: User, tmp_path: Path) -> None:
    key = tmp_path / "key"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    at_work.done("patch", "close", "--no-tests")
    for name, value in (("gpg.format", "ssh"), ("user.signingKey", str(key)), ("tag.gpgSign", "yes")):
        at_work.git("config", name, value)
    at_work.done("release", "promote", "rc", "--no-tests")
    assert "BEGIN SSH SIGNATURE" in at_work.git("cat-file", "tag", "v0.1.0-rc1")
    at_work.git("config", "commit.gpgSign", "true")
    at_work.git("config", "--add", "tag.gpgSign", "no")
    at_work.done("release", "promote", "prod", "--no-tests")
    tag = at_work.git("cat-file", "tag", "v0.1.0")
    assert "SIGNATURE" not in tag and "\ntag v0.1.0\n" in tag and tag.endswith("\n\nRelease 0.1.0\n")
    assert "BEGIN SSH SIGNATURE" in at_work.git("cat-file", "commit", "v0.1.0^{commit}")


@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_what_is_packed_is_what_git_would_have_written(form: str, tmp_path: Path) -> None:
    top = tmp_path / form
    run("git", "init", "-q", f"--object-format={form}", str(top))
    digits = 40 if form == "sha1" else 64
    contents = [b"x" * size for size in (0, 1, 15, 16, 2047, 2048, 300_000)]
    made = [("blob", content) for content in contents]
    ids = [object_id(kind, content, digits) for kind, content in made]
    names = {name: Entry("100644", oid) for name, oid in zip(("b", "a", "a-b", "é"), ids)}
    names["a.b"] = Entry(FOLDER, object_id("tree", b"", digits))
    made += [("tree", b""), ("tree", tree_content(in_git_order(names)))]
    subprocess.run(["git", "-C", str(top), "unpack-objects", "-q"], input=pack(made, digits), check=True)
    for oid, content in zip(ids, contents):
        assert subprocess.run(["git", "-C", str(top), "cat-file", "blob", oid], capture_output=True).stdout == content
    listed = run("git", "-C", str(top), "ls-tree", "-z", object_id(*made[-1], digits))
    assert [line.split("\t")[1] for line in listed.split("\0")[:-1]] == ["a", "a-b", "a.b", "b", "é"]
    run("git", "-C", str(top), "fsck", "--strict")


def test_with_the_hooks_of_the_clone(at_work: User) -> None:
    at_work.done("install", "client", str(at_work.clone))
    at_work.done("patch", "new", "2-b")
    at_work.commit("Patches/2-b/01.sql", "create table b (id int);\n", message="Write b\n\nRefs: #2")
    at_work.done("patch", "close", "--no-tests")
    at_work.done("release", "promote", "rc", "--no-tests")
    at_work.must_be_sane()
    must_be_legal(at_work.server)


@pytest.mark.parametrize("known", [True, False])
def test_the_hook_of_a_push_validates_what_nobody_has_validated(
    at_work: User, tmp_path: Path, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")  # where ho is
    at_work.done("install", "client", str(at_work.clone))
    at_work.git("config", "halfhooks.project.onPush", "validate-release")
    records = at_work.clone / ".git" / "halfhooks" / "validations"
    kept = tmp_path / "kept"
    ran, _ = at_work.counted("patch", "close", stop="push", how=f"{'cp -rp' if known else 'mv'} {records} {kept}")
    assert ran.code == 0, ran
    before, after = ({path.name: path.stat().st_mtime_ns for path in each.glob("*")} for each in (kept, records))
    assert before
    assert before.keys() == after.keys()
    assert (before == after) == known


def test_nobody_is_asked_for_two_passwords_at_once(
    at_work: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking, both, ssh = tmp_path / "asking", tmp_path / "both", tmp_path / "ssh"
    ssh.write_text(f"""#!/bin/sh
        mkdir {asking} || touch {both}
        sleep 0.2
        rmdir {asking}
        eval "$2"
    """)
    ssh.chmod(0o755)
    at_work.git("remote", "set-url", "origin", f"ann@host:{at_work.server.path}")
    monkeypatch.setenv("GIT_SSH", str(ssh))
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
    at_work.done("release", "new", "major")
    assert not both.exists()


# --- two at once, and what was interrupted


def test_another_command_at_work_is_waited_for_by_its_user(at_work: User) -> None:
    with Journal(str(at_work.clone / ".git")).alone():
        assert "wait for it" in nothing_happens(at_work, "patch", "new", "2-b")


def test_what_was_interrupted_is_told_and_undone_where_that_is_wanted(at_work: User) -> None:
    before = at_work.server.refs()
    kill_at(at_work, "push", "release", "new", "major")
    assert "refs/heads/ho-release/1.0.0" in at_work.server.refs()
    assert "'ho release new major' was interrupted" in at_work.done("status")
    at_work.done("undo")
    assert at_work.server.refs() == before
    assert json.loads(at_work.done("status", "--json"))["pending"] is None
    kill_at(at_work, "push", "release", "new", "major", how="before")
    assert "before anything had happened" in at_work.done("undo")
    assert at_work.server.refs() == before
    at_work.must_be_sane()


def test_a_branch_that_an_interrupted_command_let_go_of_is_the_one_that_is_meant(at_work: User) -> None:
    at_work.git("remote", "remove", "origin")
    for name in ("ho-prod", "ho-release/0.1.0"):
        at_work.git("branch", "--force", name, at_work.server.refs()[f"refs/heads/{name}"])
    kill_at(at_work, "update-ref", "patch", "drop", "--delete", how="before")
    assert branch_of(at_work.clone) == ""
    assert "'1-a' is no candidate" in at_work.done("patch", "drop")
    assert branch_of(at_work.clone) == PATCH


def test_a_journal_that_cannot_be_written_stops_before_anything_happens(at_work: User) -> None:
    (at_work.clone / ".git" / "halfhooks" / "pending.json.new").mkdir()
    assert "pending.json.new" in nothing_happens(at_work, "patch", "new", "2-b")


def test_what_others_have_made_of_it_meanwhile_is_no_trap(at_work: User) -> None:
    """A half-done command whose rest cannot be done any more: it is prepared anew, not tried for ever."""
    at_work.commit("Patches/1-a/02.sql", "create table more (id int);\n")  # which only we have, so there are two pushes
    kill_at_second_push(at_work, "patch", "close", "--no-tests")
    bob = at_work.colleague("bob")
    bob.done("patch", "new", "2-b", "--release", "0.1.0")
    said = at_work.done("patch", "close", "--no-tests")
    assert "1 of 2 pushes were made, then somebody was quicker" in said
    assert "'1-a' is staged in 0.1.0" in said
    at_work.must_be_sane()
    must_be_legal(at_work.server)


def test_the_same_words_elsewhere_are_another_command(at_work: User) -> None:
    at_work.done("patch", "new", "2-b")
    at_work.work("2-b")
    at_work.switch(PATCH)
    kill_at(at_work, "push", "patch", "close", "--no-tests")
    at_work.switch("ho-patch/2-b")
    said = at_work.done("patch", "close", "--no-tests")
    assert "'ho patch close --no-tests' was interrupted: it is finished now" in said
    assert "'2-b' is staged in 0.1.0" in said
    assert at_work.server.git("show", "ho-release/0.1.0:releases/0.1.0-stage.txt") == "1-a\n2-b\n"


def test_what_lands_after_a_kill_is_found_by_the_next_run(at_work: User) -> None:
    """The server goes on with a push whose client was killed: it lands just before that of the next run."""
    command = ("patch", "new", "2-b")
    kill_at(at_work, "push", *command, how="before")
    pending = Journal(str(at_work.clone / ".git")).pending()
    assert pending
    late = " ".join(f"{update.new}:{update.ref}" for update in pending.pushes[0])
    push = f"{shutil.which('git')} push -q --atomic origin {late}"
    ran, _ = at_work.counted(*command, stop="push", how=push, GIT_COMMITTER_DATE="1800000000 +0000")
    assert ran.code == 0, ran
    assert f"'{' '.join(('ho', *command))}' was interrupted: it is finished now" in ran.out
    assert at_work.server.refs()["refs/heads/ho-patch/2-b"] == pending.pushes[0][1].new
    assert branch_of(at_work.clone) == "ho-patch/2-b"
    at_work.must_be_sane()


def test_a_push_whose_answer_is_lost_has_landed(at_work: User) -> None:
    ran, _ = at_work.counted("patch", "new", "2-b", stop="push", how="lost")
    assert ran.code == 2, ran
    assert "it is not known whether the push has arrived; run it again" in ran.out
    assert "was interrupted: it is finished now" in at_work.done("patch", "new", "2-b")
    at_work.must_be_sane()


def test_the_same_commit_of_somebody_else_is_no_success(at_work: User) -> None:
    """Two machines of one name cut a release candidate in the same second: the commits are equal, the tags are not."""
    at_work.done("patch", "close", "--no-tests")
    command = ("release", "promote", "rc", "--no-tests")
    there = at_work.copied(at_work.clone.parent / "there")
    there.done(*command)
    tag = there.server.git("cat-file", "tag", "v0.1.0-rc1").replace("1767225600", "1767225601")
    (there.server.path / "tag").write_text(tag)
    theirs = there.server.git("hash-object", "-t", "tag", "-w", "tag").strip()
    git = f"{shutil.which('git')} -C {there.server.path}"
    push = f"{git} push -q --atomic {at_work.server.path} ho-release/0.1.0 {theirs}:refs/tags/v0.1.0-rc1"
    ran, _ = at_work.counted(*command, stop="push", how=push)
    assert at_work.server.refs()["refs/tags/v0.1.0-rc1"] == theirs
    assert ran.code == 2, ran
    assert "somebody was quicker" in ran.out
    assert "nothing is staged in 0.1.0" in ran.out


def test_the_same_commit_of_somebody_else_in_a_push_that_is_refused_is_no_success(at_work: User) -> None:
    """Two machines of one name withdraw a candidate in the same second, one of them to move it elsewhere."""
    at_work.done("release", "new", "major", "--no-switch")
    there = at_work.copied(at_work.clone.parent / "there")
    there.done("patch", "drop", "1-a", "--delete")
    git = f"{shutil.which('git')} -C {there.server.path}"
    push = f"{git} push -q --atomic {at_work.server.path} ho-release/0.1.0 :ho-patch/1-a"
    ran, _ = at_work.counted("patch", "move", "1-a", "--to", "1.0.0", stop="push", how=push)
    assert ran.code == 2, ran
    assert "somebody was quicker" in ran.out
    assert "no open release lists '1-a'" in ran.out
    refs = at_work.server.refs()
    assert refs["refs/heads/ho-release/0.1.0"] == there.server.refs()["refs/heads/ho-release/0.1.0"]
    assert "1-a" not in at_work.server.git("show", "ho-release/1.0.0:releases/1.0.0-candidates.txt")


def test_a_tag_that_comes_after_the_fetch_is_fetched(at_work: User) -> None:
    """Somebody cuts a release candidate when ho has fetched, and has not asked for the tags yet."""
    at_work.done("patch", "close", "--no-tests")
    there = at_work.copied(at_work.clone.parent / "there")
    there.done("release", "promote", "rc", "--no-tests")
    git = f"{shutil.which('git')} -C {there.server.path}"
    push = f"sleep 1; {git} push -q --atomic {at_work.server.path} ho-release/0.1.0 v0.1.0-rc1"
    ran, _ = at_work.counted("release", "promote", "prod", "--no-tests", stop="ls-remote", how=push)
    assert ran.code == 0, ran
    assert at_work.server.git("show", "ho-prod:releases/0.1.0-rc1.txt") == "1-a\n"
    at_work.must_be_sane()


def test_what_another_server_has_validated_is_validated_anew(at_work: User) -> None:
    """A promotion is refused; until it is tried again, PostgreSQL has been replaced by one with another catalog."""
    at_work.done("patch", "close", "--no-tests")
    command = ("release", "promote", "prod", "--no-tests")
    with refusing(at_work.server, 0):
        assert at_work.ho(*command).code == 1
    records = sorted((at_work.clone / ".git/halfhooks/validations").glob("*.json"))
    fresh = {path: path.read_text() for path in records}
    for path in records:
        path.write_text(json.dumps({**json.loads(path.read_text()), "server": "13.1", "fingerprint": "of 13"}))
    at_work.done(*command)
    (tree,) = at_work.server.git("log", "-1", "--format=%T", "ho-prod").split()
    (made,) = (path for path in records if path.stem == tree)
    assert {**json.loads(made.read_text()), "at": 0, "seconds": {}} == {
        **json.loads(fresh[made]),
        "at": 0,
        "seconds": {},
    }


def test_a_half_done_command_goes_on_when_it_can(at_work: User) -> None:
    at_work.done("patch", "close", "--no-tests")
    before = at_work.server.refs()
    with refusing(at_work.server, 2):
        ran = at_work.ho("release", "restart", "0.1.0")
        assert ran.code == 1, ran
        assert "2 of 4 pushes were made" in ran.out
        assert "not today" in ran.out
        must_be_legal(at_work.server)
        assert "not today" in at_work.ho("patch", "new", "2-b").out  # it goes on with the first
    at_work.done("release", "restart", "0.1.0")
    assert at_work.server.git("show", "ho-release/0.1.0:releases/0.1.0-stage.txt") == "1-a\n"
    assert at_work.server.refs().keys() - before.keys() == {"refs/tags/v0.1.0-abandoned1"}
    at_work.must_be_sane()


def test_a_half_done_command_that_cannot_be_undone_can_still_go_on(at_work: User) -> None:
    at_work.done("patch", "close", "--no-tests")
    before = at_work.server.refs()
    with refusing(at_work.server, 2):
        assert "2 of 4 pushes were made" in at_work.ho("release", "restart", "0.1.0").out
    assert "is for good; run it again: that does the rest" in at_work.ho("undo").out
    at_work.done("release", "restart", "0.1.0")
    assert at_work.server.refs().keys() - before.keys() == {"refs/tags/v0.1.0-abandoned1"}
    assert at_work.server.git("show", "ho-release/0.1.0:releases/0.1.0-stage.txt") == "1-a\n"


def test_what_was_pushed_before_a_refusal_keeps_nobody_from_anything_else(at_work: User) -> None:
    """A hotfix is opened while a release goes to production that had to take something in first."""
    at_work.done("release", "new", "major", "--no-switch")
    at_work.done("patch", "close", "--no-tests")
    at_work.done("release", "promote", "prod", "0.1.0", "--no-tests")
    at_work.done("patch", "new", "2-b", "--release", "1.0.0")
    at_work.work("2-b", text="create table b (id int);\n").done("patch", "close", "--no-tests")
    before = at_work.refs()
    there = at_work.copied(at_work.clone.parent / "there")
    there.done("release", "hotfix", "--no-switch")
    git = f"{shutil.which('git')} -C {there.server.path}"
    command = ("release", "promote", "prod", "1.0.0", "--no-tests")
    _, calls = at_work.copied(at_work.clone.parent / "elsewhere").counted(*command)
    _, number, *_ = (number for number, call in enumerate(calls, 1) if call.startswith("push"))
    push = f"{git} push -q {at_work.server.path} ho-release/0.1.0"
    ran, _ = at_work.counted(*command, stop=number, how=push)
    assert ran.code == 1, ran
    assert "HH203" in ran.out and "1 of 2 pushes were made; they bring what was there already" in ran.out
    assert at_work.refs() == before
    at_work.done("patch", "new", "3-c", "--release", "0.1.0")
    at_work.work("3-c", text="create table c (id int);\n").done("patch", "close", "--no-tests")
    at_work.done("release", "promote", "hotfix", "--no-tests")
    at_work.done(*command)
    at_work.must_be_sane()
    must_be_legal(at_work.server)


def test_an_interrupted_command_is_undone_but_for_the_work_that_it_has_brought(at_work: User) -> None:
    at_work.commit("Patches/1-a/02.sql", "create table more (id int);\n")  # which only we have, so there are two pushes
    before = at_work.server.refs()
    kill_at_second_push(at_work, "patch", "close", "--no-tests")
    assert "they stay" in at_work.done("undo")
    assert at_work.server.refs() == {**before, f"refs/heads/{PATCH}": at_work.git("rev-parse", PATCH).strip()}
    assert at_work.git("log", "-1", "--format=%s") == "Change\n"
    at_work.must_be_sane()
    at_work.done("patch", "close", "--no-tests")
    assert (at_work.clone / "Patches/1-a/02.sql").exists()


def test_a_lock_on_a_ref_of_the_server(at_work: User) -> None:
    lock = at_work.server.path / "refs" / "heads" / "ho-release" / "0.1.0.lock"
    lock.touch()
    ran = at_work.ho("patch", "close", "--no-tests")
    assert ran.code == 1, ran
    assert "0.1.0.lock" in ran.out
    assert "nothing was done" in ran.out
    lock.unlink()
    at_work.done("patch", "close", "--no-tests")
    at_work.must_be_sane()

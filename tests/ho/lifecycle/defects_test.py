"""What goes wrong with half_orm_dev (docs: workflow), shown not to go wrong here; one test each."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.ho.lifecycle.conftest import User, refs


def test_what_follows_a_release_candidate_is_not_lost_nor_repeated(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.patch("1-users", "create table users (id int);")
    ann.does("release", "promote", "rc", "--no-tests")
    ann.patch("2-posts", "create table posts (id int);")
    ann.does("release", "promote", "prod", "--no-tests")
    assert ann.at("ho-prod", "releases/0.1.0.txt") == "1-users\n2-posts\n"
    schema = ann.at("ho-prod", "model/schema-0.1.0.sql")
    assert schema.count("CREATE TABLE public.users") == schema.count("CREATE TABLE public.posts") == 1


def test_a_patch_is_closed_after_a_release_candidate_without_any(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.does("patch", "new", "1-users")
    ann.does("patch", "new", "2-posts", "--release", "0.1.0")
    ann.does("patch", "close", "1-users", "--no-tests")
    ann.does("release", "promote", "rc", "--no-tests")
    assert "'2-posts' is staged in 0.1.0" in ann.does("patch", "close", "2-posts", "--no-tests")


def test_a_hotfix_is_deployed_and_in_the_next_schema(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.does("release", "new", "0.2.0", "--no-switch")
    ann.patch("1-users", "create table users (id int);", release="0.1.0")
    ann.does("release", "promote", "prod", "0.1.0", "--no-tests")
    ann.does("release", "hotfix")
    ann.patch("2-urgent", "create table urgent (id int);")
    ann.does("release", "promote", "hotfix", "--no-tests")
    assert "CREATE TABLE public.urgent" in ann.at("ho-prod", "model/schema-0.1.0-hotfix1.sql")
    ann.does("release", "sync", "0.2.0")
    ann.patch("3-posts", "create table posts (id int);", release="0.2.0")
    ann.does("release", "promote", "prod", "--no-tests")
    assert "CREATE TABLE public.urgent" in ann.at("ho-prod", "model/schema-0.2.0.sql")
    ann.clean()


def test_a_refused_promotion_is_no_success_and_takes_nothing_away(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.patch("1-users", "create table users (id int);")
    before = ann.git("for-each-ref", "refs/heads")
    hook = ann.origin.path / "hooks" / "update"
    hook.write_text('#!/bin/sh\ntest "$1" != refs/heads/ho-prod || { echo "closed today"; exit 1; }\n')
    hook.chmod(0o755)
    said = ann.fails("release", "promote", "prod", "--no-tests", code=1)
    assert "remote: closed today" in said
    assert "in production" not in said
    assert ann.git("for-each-ref", "refs/heads") == before
    assert "refs/tags/v0.1.0" not in ann.git("for-each-ref")
    hook.unlink()
    assert "0.1.0 is in production" in ann.does("release", "promote", "prod", "--no-tests")


def test_two_developers_do_not_get_one_version(ann: User) -> None:
    bob = ann.clone("bob")
    hook = ann.top / ".git" / "hooks" / "pre-push"  # between what ann's ho has seen, and its push, bob's is through
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\nrm {hook}\ncd {bob.top}\nunset GIT_DIR\nexport GIT_AUTHOR_NAME=bob\n"
        "git switch -q -c ho-release/0.1.0 origin/ho-prod\n"
        ": > releases/0.1.0-candidates.txt\n: > releases/0.1.0-stage.txt\n"
        "git add -A\ngit commit -q -m 'Start it'\ngit push -q origin ho-release/0.1.0\n"
    )
    hook.chmod(0o755)
    ran = ann.ho("release", "new", "minor")
    assert ran.code == 2, ran
    assert "somebody was quicker" in ran.out
    assert "0.1.0 is in preparation already (last commit by bob): git switch ho-release/0.1.0" in ran.err
    assert "what could be started: 0.0.1, 0.1.1, 0.2.0, 1.0.0" in ran.err
    assert ann.branch == "ho-prod"
    assert ann.origin.git("log", "-1", "--format=%s", "ho-release/0.1.0").strip() == "Start it"


def test_two_candidates_at_once_are_both_kept(ann: User) -> None:
    bob = ann.clone("bob")
    ann.does("release", "new", "minor")
    bob.git("fetch", "-q")
    hook = ann.top / ".git" / "hooks" / "pre-push"
    hook.write_text(
        f"#!/bin/sh\nrm {hook}\ncd {bob.top}\nunset GIT_DIR\ngit switch -q ho-release/0.1.0\n"
        "echo 1-bob >> releases/0.1.0-candidates.txt\nmkdir -p Patches/1-bob\necho bob > Patches/1-bob/README.md\n"
        "git add -A\ngit commit -q -m 'List it'\ngit push -q origin ho-release/0.1.0\n"
    )
    hook.chmod(0o755)
    said = ann.does("patch", "new", "2-ann")
    assert "somebody was quicker: once more" in said
    assert ann.at("ho-release/0.1.0", "releases/0.1.0-candidates.txt") == "1-bob\n2-ann\n"
    ann.clean()


def test_a_bare_number_is_refused_with_a_proposal(ann: User) -> None:
    ann.does("release", "new", "minor")
    assert "'42' is no patch id" in ann.fails("patch", "new", "42")
    assert "42-some-words" in ann.fails("patch", "new", "42")


def test_what_a_failed_merge_leaves_behind_does_not_end_in_a_release(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.patch("1-one", "select 1;", app="a = 1\n")
    ann.git("switch", "-q", "ho-release/0.1.0")
    ann.does("patch", "new", "2-two")
    ann.does("patch", "new", "3-three", "--release", "0.1.0")
    ann.write("shop/app.py", "a = 3\n").commit()
    ann.does("patch", "close", "--no-tests")
    ann.git("switch", "-q", "ho-patch/2-two")
    ann.write("shop/app.py", "a = 2\n").commit()
    left = subprocess.run(["git", "merge", "-q", "origin/ho-release/0.1.0"], cwd=ann.top, capture_output=True)
    assert left.returncode
    ann.write("left.txt", "behind")
    for command in (["patch", "close", "--no-tests"], ["release", "promote", "prod", "0.1.0", "--no-tests"]):
        ran = ann.ho(*command)
        assert ran.code in (1, 2), ran
    listed = ann.origin.git("ls-tree", "-r", "--name-only", "ho-release/0.1.0").split()
    assert "left.txt" not in listed
    assert ann.at("ho-release/0.1.0", "shop/app.py") == "a = 3\n"
    assert Path(ann.top, ".git", "MERGE_HEAD").exists()
    assert set(refs(ann, "refs/heads/ho-patch")) == {"refs/heads/ho-patch/2-two"}
    ann.clean()

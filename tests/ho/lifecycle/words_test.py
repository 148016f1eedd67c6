"""What the commands of the lifecycle say where something cannot be done, or is unclear."""

from __future__ import annotations

import subprocess

from tests.ho.lifecycle.conftest import User


def test_files_in_conflict_are_told_with_who_settles_them(ann: User) -> None:
    """Two patches refer to one table, whose class both of them change, and change a line of an application."""
    ann.does("release", "new", "minor")
    ann.patch("1-users", "create table users (id int primary key);")
    for number, table in ((2, "posts"), (3, "tags")):
        ann.does("patch", "new", f"{number}-{table}", "--release", "0.1.0")
        sql = f"create table {table} (id int primary key, owner int references users);"
        ann.works(f"{number}-{table}", sql, app=f"uses = '{table}'\n")
    ann.does("patch", "close", "2-posts", "--no-tests")
    said = ann.fails("patch", "close", "3-tags", "--no-tests", code=1)
    assert "  shop/app.py\n  shop/public/users.py  (generated: ho apply writes it anew)\n" in said
    assert "  help: git switch ho-patch/3-tags && git merge origin/ho-release/0.1.0\n" in said
    assert "edit the files in conflict, ho apply, git add" in said
    merge = subprocess.run(["git", "merge", "-q", "origin/ho-release/0.1.0"], cwd=ann.top, capture_output=True)
    assert merge.returncode
    said = ann.fails("patch", "close", "--no-tests", code=1) + ann.fails("validate", "--no-tests", code=1)
    assert "switch" not in said and "git merge origin" not in said
    assert said.count("  help: git merge is in progress here:\n") == 2
    assert "ho apply, git add them, git merge --continue, and once more: ho patch close 3-tags\n" in said
    assert "settle them, git add them, git merge --continue, and: ho validate\n" in said
    assert said.count("or give it up: git merge --abort\n") == 2
    ann.write("shop/app.py", "uses = 'both'\n").does("apply")
    ann.commit("Take in 2-posts").does("patch", "close", "--no-tests")
    users = ann.at("ho-release/0.1.0", "shop/public/users.py")
    assert "posts_owner_rfk" in users and "tags_owner_rfk" in users and "<<<<" not in users


def test_what_is_not_committed_in_a_patch_keeps_it_open_and_elsewhere_is_told(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.does("patch", "new", "1-users")
    ann.write("Patches/1-users/01.sql", "create table users (id int primary key);").write("notes.txt", "x")
    said = ann.fails("patch", "close", "--no-tests", code=1)
    assert "error: not committed: 'Patches/1-users/01.sql'; once '1-users' is staged" in said
    assert "help: git add -A ':/Patches/1-users' && git commit -m 'Write 1-users'\n" in said
    ann.does("apply")
    subprocess.run(["git", "add", "-A", ":/Patches/1-users", ":/shop"], cwd=ann.top, check=True)
    subprocess.run(["git", "commit", "-qm", "Write 1-users"], cwd=ann.top, check=True)
    said = ann.does("patch", "close", "--no-tests")
    assert "halfhooks: what is not committed is left out: 'notes.txt'\n" in said
    assert "  next: another patch, or ho release promote rc 0.1.0\n" in said
    ann.does("release", "promote", "rc", "0.1.0")


def test_a_hotfix_of_nothing_is_told_what_it_may_have_meant(ann: User) -> None:
    assert "0.0.0 is in production already: an urgent" in ann.fails("release", "new", "0.0.0")
    assert ann.fails("patch", "close", "nosuch").endswith("ho patch list shows what they list\n")
    assert ann.fails("patch", "close", "1-a").endswith("; ho patch new 1-a begins it\n")
    said = ann.fails("release", "hotfix")
    assert "git tag -a -m 'Release 0.0.0' v0.0.0 origin/ho-prod && git push origin v0.0.0; when nothing" in said


def test_stale_classes_are_told_with_what_writes_them(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.patch("1-users", "create table users (id int primary key);").does("patch", "new", "2-posts")
    ann.write("Patches/2-posts/01.sql", "create table posts (id int primary key);").commit()
    said = ann.fails("patch", "close", "--no-tests", code=1)
    assert "(HH701)" in said and "ho apply writes it, git add shop, git commit, then once more" in said


def test_a_newcomer_without_python_and_tests_can_close_a_patch(ann: User) -> None:
    text = (ann.top / "halfhooks.conf").read_text("utf-8")
    lines = [line if "python =" not in line else "\tpython = .venv/bin/python" for line in text.splitlines()]
    ann.does("release", "new", "minor")
    ann.does("patch", "new", "1-users")
    ann.write("halfhooks.conf", "\n".join(lines) + "\n").works("1-users", "create table users (id int primary key);")
    assert "there are no tests" in ann.does("patch", "close")
    ann.does("patch", "new", "2-tests", "--release", "0.1.0")
    ann.write("tests/one_test.py", "def test_one():\n    pass\n").commit()
    said = ann.fails("patch", "close")
    assert (
        "python3 -m venv .venv && .venv/bin/python -m pip install pytest half_orm; --no-tests leaves them out" in said
    )
    ann.top /= "tests"
    assert "the tests need: cd .. && python3 -m venv .venv" in ann.fails("patch", "close")
    ann.top = ann.top.parent
    ann.does("patch", "close", "--no-tests")


def test_what_is_fixed_cannot_be_undone_and_the_first_reason_is_told(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.patch("1-users", "create table users (id int primary key);").does("release", "promote", "prod")
    ann.does("release", "new", "minor")
    ann.does("release", "hotfix")
    ann.patch("2-posts", "create table posts (id int primary key);", "0.1.0").does("release", "promote", "hotfix")
    ann.does("release", "sync", "0.2.0")
    said = ann.fails("undo", code=1)
    assert said.count("error[") == 1
    assert "help:   a change is a new patch: ho patch new ID\n" in said
    assert said.endswith("'ho release sync 0.2.0' cannot be undone: what it did is fixed; nothing was done\n")


def test_a_refusal_names_commands_that_fit_where_it_comes(ann: User) -> None:
    ann.does("release", "new", "minor")
    said = " ".join(ann.fails("release", "new", "0.9.0", code=1).split())
    assert "error[HH201]" in said and "help: ho release new X.Y.Z, with one of these versions" in said
    said = " ".join(ann.fails("release", "promote", "prod", code=1).split())
    assert "error[HH211]" in said and "stage a patch first: ho patch close ID; or" in said
    ann.patch("1-users", "create table users (id int primary key);")
    said = " ".join(ann.fails("undo", code=1).split())
    assert "help: what takes it out while it is not in production: ho release restart --without 1-users; else" in said
    assert "rebase" not in said and "commit:" not in said
    ann.does("patch", "new", "2-posts")
    said = " ".join(ann.fails("release", "promote", "prod", "0.1.0", code=1).split())
    ways = "ho patch close 2-posts; or withdraw it: ho patch drop 2-posts; or ho patch move 2-posts --to X.Y.Z"
    assert "error[HH208]" in said and f"help: stage the patch: {ways}" in said


def test_a_hotfix_is_shown_with_its_own_command_and_an_empty_release_as_such(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.patch("1-users", "create table users (id int primary key);").does("release", "promote", "prod")
    ann.does("release", "hotfix")
    assert "no patch yet" in ann.does("release", "show")
    said = ann.fails("release", "promote", "hotfix", code=1)
    assert "0000000" not in said and "error[HH211]" in said
    ann.patch("2-posts", "create table posts (id int primary key);")
    assert "ho release promote hotfix" in ann.does("release", "show", "0.1.0")


def test_a_release_that_is_not_there_is_told_with_what_starts_it(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.does("patch", "new", "1-users")
    said = ann.fails("patch", "move", "1-users", "--to", "0.2.0")
    assert said.endswith("ho release list; this starts it: ho release new 0.2.0 --no-switch\n")
    assert ann.fails("patch", "move", "1-users", "--to", "7.0.0").endswith("on the server: ho release list\n")
    ann.does("release", "new", "0.2.0", "--no-switch")
    ann.does("patch", "move", "1-users", "--to", "0.2.0")


def test_a_fault_of_two_branches_is_told_once(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.does("patch", "new", "1-users")
    assert ann.fails("patch", "new", "1-posts", code=1).count("error[HH402]") == 1

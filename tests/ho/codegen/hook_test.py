"""The hook `codegen`: it mends, fails, names what to stage, and stages nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from halfhooks.ho.local_rules import LOCAL
from tests.builders import PROJECT
from tests.ho.database.conftest import Tree, environment, server, servers, tree  # noqa: F401
from tests.rules.examples_test import examples

NATIVE = '#!/bin/sh\nexec ho hook codegen "$@"\n'
FRAMEWORK = """\
repos:
- repo: local
  hooks:
  - {id: halfhooks-codegen, name: codegen, entry: ho hook codegen, language: system, pass_filenames: false}
"""


@pytest.fixture
def shop(tree, monkeypatch):  # noqa: F811
    """A project whose package `shop` is committed, and whose commits the hook looks at."""
    tree.write("halfhooks.conf", (tree.top / "halfhooks.conf").read_text() + "\tpackage = shop\n")
    tree.write(".gitignore", "__pycache__\n")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert tree.ho("codegen").code == 0
    tree.git("add", "-A")
    tree.git("commit", "-qm", "Classes")
    hook = tree.write(".git/hooks/pre-commit", NATIVE).top / ".git/hooks/pre-commit"
    hook.chmod(0o755)
    return tree


def played(tree: Tree, script: str) -> subprocess.CompletedProcess[str]:  # noqa: F811
    """Run commands in the working tree, up to the first that fails."""
    return subprocess.run(["sh", "-ec", script], cwd=tree.top, capture_output=True, text=True)


def staged(tree: Tree) -> str:  # noqa: F811
    return tree.git("diff", "--cached", "--name-only")


@pytest.mark.parametrize("example", examples("HH701", LOCAL["HH701"].doc), ids=lambda example: example.verdict)
def test_the_examples_of_the_rule_are_true(shop, example):
    done = played(shop, example.script)
    assert (done.returncode == 0) == (example.verdict == "Accepted"), done
    assert ("error[HH701]" in done.stderr) == (example.verdict == "Refused")


def test_a_new_file_stops_the_commit_until_it_is_staged(shop):
    shop.patch("create table tags (id int primary key, post int references posts);")
    shop.git("add", "Patches")
    before = staged(shop)
    done = played(shop, "git commit -m Tags")
    assert done.returncode == 1
    assert "new: shop/public/tags.py\n" in done.stderr and "written: shop/public/posts.py\n" in done.stderr
    assert done.stderr.endswith(
        "halfhooks: 1 error, nothing was committed\ngit add -- shop/public/posts.py shop/public/tags.py\n"
    )
    assert staged(shop) == before
    again = played(shop, "git commit -m Tags")  # nothing is written now, and still it is not staged
    assert again.returncode == 1 and "new:" not in again.stderr and "git add -- shop/public/posts.py" in again.stderr
    assert played(shop, "git add -- shop/public/posts.py; git commit -m Tags").returncode == 1
    assert played(shop, done.stderr.splitlines()[-1] + "; git commit -m Tags").returncode == 0
    assert shop.git("status", "--porcelain") == ""


def test_a_relation_that_goes_takes_its_module_along(shop):
    shop.patch("drop table posts;")
    done = played(shop, "git add Patches; git commit -m Drop")
    assert done.returncode == 1 and "deleted: shop/public/posts.py\n" in done.stderr
    again = played(shop, "git commit -m Drop")
    assert again.returncode == 1
    assert again.stderr.splitlines()[-1] == "git add -- shop/public/posts.py shop/public/users.py"
    assert played(shop, again.stderr.splitlines()[-1] + "; git commit -m Drop").returncode == 0


def test_code_of_the_user_in_what_is_gone_stops_the_commit(shop):
    posts = shop.top / "shop/public/posts.py"
    posts.write_text(posts.read_text() + "        pass\n")
    shop.patch("drop table posts;")
    played(shop, "git add Patches shop; git commit -m Drop")
    done = played(shop, "git add shop; git commit -m Drop")
    assert done.returncode == 1 and done.stderr.endswith("git rm -- shop/public/posts.py\n")
    assert "pass" in posts.read_text()


def test_what_is_not_generated_is_not_looked_at(shop):
    shop.write("shop/helpers.py", "A = 1\n").write("shop/public/__init__.py", '"""Mine."""\n').write(
        "app.py", "x = 1\n"
    )
    assert played(shop, "git add app.py; git commit -m App").returncode == 0


def test_many_files_are_named_by_their_folder(shop):
    tables = "; ".join(f"create table t{number} (id int)" for number in range(20))
    shop.patch(f"{tables};")
    done = played(shop, "git add Patches; git commit -m Many")
    assert done.returncode == 1 and done.stderr.endswith("git add -- shop\n")


def test_a_project_may_only_be_warned_ignore_its_package_or_want_none(shop):
    conf = (shop.top / "halfhooks.conf").read_text()
    shop.patch("create table tags (id int);")
    shop.write("halfhooks.conf", conf + "\tcodegenTarget = none\n")
    assert played(shop, "git add Patches; git commit -m Tags").returncode == 0
    shop.write("halfhooks.conf", conf + "[halfhooks]\n\twarn = HH701\n")
    shop.patch("create table tags (id int, x int);")
    done = played(shop, "git add Patches; git commit -m Tags")
    assert done.returncode == 0 and "warning[HH701]" in done.stderr and "git add -- shop" in done.stderr
    shop.write("halfhooks.conf", conf).write(".gitignore", "shop\n")
    played(shop, "git rm -rq --cached shop; git add halfhooks.conf .gitignore")
    assert played(shop, "git commit -m Ignored").returncode == 0
    shop.patch("create table tags (id int, y int);")
    assert played(shop, "git add Patches; git commit -m Tags").returncode == 0
    assert "y: integer" in (shop.top / "shop/public/tags.py").read_text()


def test_where_the_schema_cannot_be_told_the_commit_stops_and_says_how_to_go_on(shop):
    shop.patch("create table tags (id nothing);")
    done = played(shop, "git add Patches; git commit -m Tags")
    assert done.returncode == 1 and "cannot tell: the schema cannot be told, for '2-new' fails" in done.stderr
    assert "SKIP=halfhooks-codegen git commit" in done.stderr


def test_through_the_framework_and_from_a_folder_below(shop):
    shop.write(".pre-commit-config.yaml", FRAMEWORK)
    shop.git("add", ".pre-commit-config.yaml")
    (shop.top / ".git/hooks/pre-commit").unlink()
    environment = {**os.environ, "PRE_COMMIT_HOME": str(shop.top.parent / "framework"), "PYTHONPATH": str(PROJECT)}  # noqa: F811
    subprocess.run(["pre-commit", "install"], cwd=shop.top, env=environment, check=True, capture_output=True)
    shop.patch("create table tags (id int primary key);").write("app.py", "x = 1\n")
    shop.git("add", "Patches", "app.py")
    shop.write("app.py", "x = 2\n")  # not staged: the framework puts it aside
    command = ["git", "commit", "-m", "Tags"]
    done = subprocess.run(command, cwd=shop.top / "Patches", env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and "git add -- shop/public/tags.py\n" in done.stdout + done.stderr, done
    assert (shop.top / "app.py").read_text() == "x = 2\n"
    shop.git("add", "shop")
    done = subprocess.run(command, cwd=shop.top / "Patches", env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done

"""The package of a project: what its patches lead to, with a database and without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from halfhooks.config import make_config
from halfhooks.ho.codegen import store
from halfhooks.ho.codegen.introspect import read_database
from halfhooks.ho.codegen.project import chosen, stale
from halfhooks.ho.database import cluster as clusters
from halfhooks.ho.database.apply import databases_of
from halfhooks.ho.database.connect import connected
from halfhooks.ho.database.project import open_project
from halfhooks.survey import CannotTell
from tests.ho.codegen.schemas import SHOP, hostile
from tests.ho.database.conftest import environment, server, servers, tree  # noqa: F401

KEYS = '[halfhooks "project"]\n\tpackage = src/shop\n'


@pytest.fixture
def project(tree):  # noqa: F811
    """A project whose package is src/shop, with a table of its patch."""
    tree.write("halfhooks.conf", (tree.top / "halfhooks.conf").read_text() + KEYS)
    tree.patch("create table tags (id int primary key, post int references posts);")
    return tree


def no_server(*arguments):
    raise AssertionError("a database was asked for")


@pytest.mark.parametrize("sql", [SHOP, hostile()])
def test_a_schema_that_was_kept_is_read_back_as_it_was(cluster, tmp_path, sql):
    schema = read_database(cluster.create("kept", sql).dsn)
    store.keep(str(tmp_path), "key", store.source(schema))
    found = store.find(str(tmp_path), "key")
    assert found.read() == schema
    assert found.id == store.source(schema).id
    (path,) = (tmp_path / store.FOLDER).iterdir()
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(CannotTell, match="delete it"):
        store.find(str(tmp_path), "key").read()
    path.write_text("x")
    assert store.find(str(tmp_path), "key") is None


def test_only_so_many_schemas_are_kept(tmp_path, cluster):
    schema = store.source(read_database(cluster.create("few").dsn))
    for number in range(store.MOST + 3):
        store.keep(str(tmp_path), f"{number}", schema)
    assert len(list((tmp_path / store.FOLDER).iterdir())) == store.MOST
    assert store.find(str(tmp_path), "0") is None


def test_the_schema_comes_from_the_patches_and_no_database_is_named(project, monkeypatch):
    ran = project.ho("codegen", "--check")
    assert ran.code == 1 and "+++ b/src/shop/public/tags.py" in ran.out, ran
    assert "its schema is read from a scratch database" in ran.err
    assert project.scratch() == [] and not (project.top / "src").exists()
    monkeypatch.setattr(clusters, "private", no_server)
    (project.top / "Patches" / "2-new").joinpath("README.md").write_text("no patch file\n")
    monkeypatch.chdir(project.top / "Patches")
    ran = project.ho("codegen")
    assert (ran.code, ran.err) == (0, "")
    assert "new: ../src/shop/public/tags.py\n" in ran.out
    text = (project.top / "src/shop/public/tags.py").read_text()
    assert "from shop import MODEL\n" in text and "posts: " not in text.partition("class ")[0]
    assert f'connect("{project.name}", __name__)' in (project.top / "src/shop/__init__.py").read_text()
    ran = project.ho("codegen", "--check")
    assert (ran.code, ran.out) == (0, "halfhooks: 7 files are up to date; no database was asked\n")
    project.git("checkout", "-q", "--detach")
    assert project.ho("codegen", "--check", "--json").code == 0


def test_a_change_of_a_patch_needs_a_database_once(project):
    project.ho("codegen")
    project.patch("create table tags (id int primary key, name text not null);")
    ran = project.ho("codegen", "--check")
    assert ran.code == 1 and "name: text, not null\n" in ran.out, ran.out
    assert "scratch" in ran.err
    assert "scratch" not in project.ho("codegen").err
    assert "2 kept schemas for ho codegen removed\n" in project.ho("cache", "--clear").out
    assert "scratch" in project.ho("codegen").err


def test_a_patch_that_fails_and_a_package_that_nobody_named(project):
    project.patch("create table broken (id nothing);")
    ran = project.ho("codegen")
    assert ran.code == 2 and "for '2-new' fails" in ran.err and 'type "nothing" does not exist' in ran.err
    project.write("halfhooks.conf", "")
    ran = project.ho("codegen")
    assert ran.code == 2 and "which package? --package FOLDER" in ran.err


def test_the_keys_of_the_configuration_count_and_arguments_above_them(project):
    keys = "\tcodegenExclude = *.posts\n\tcodegenName = public.tags=Label\n\tcodegenName = public.tags.post=entry\n"
    keys += "\tcodegenType = public.tags.id=str\n\tcodegenTests = tests/made\n"
    project.write("halfhooks.conf", (project.top / "halfhooks.conf").read_text() + keys)
    project.patch("create table tags (id int primary key, post int references posts); create schema other;"
                  "create table other.things (id int)")  # fmt: skip
    assert project.ho("codegen").code == 0
    made = {path.relative_to(project.top).as_posix() for path in (project.top / "src/shop").rglob("*.py")}
    assert {path for path in made if "_" not in path} == {
        "src/shop/public/label.py", "src/shop/public/users.py", "src/shop/other/things.py",
    }  # fmt: skip
    text = (project.top / "src/shop/public/label.py").read_text()
    assert "class Label(_Base):" in text and "entry: _h.Column[int]" in text and "id: _h.Column[str]" in text
    assert (project.top / "tests/made/test_public_label.py").exists()
    assert project.ho("codegen", "--check").code == 0
    project.write("halfhooks.conf", (project.top / "halfhooks.conf").read_text().replace("Label", "Mark"))
    assert "src/shop/public/mark.py" in project.ho("codegen", "--check").out
    ran = project.ho("codegen", "--package", "other", "--exclude", "*.tags", "--target", "typeddict")
    assert ran.code == 0 and "new: other/rows/public/posts.py" in ran.out and "tags" not in ran.out
    project.write("halfhooks.conf", (project.top / "halfhooks.conf").read_text() + "\tcodegenSchemas = other\n")
    project.ho("codegen")  # what the configuration does not want is no part of the package
    assert not (project.top / "src/shop/public").exists() and (project.top / "src/shop/other/things.py").exists()


def test_what_is_stale_in_a_tree_whose_database_somebody_has_built(project, tmp_path):
    project.applied("--no-codegen")
    opened = open_project()
    with databases_of(opened) as databases:

        def told(top: Path = project.top) -> list[str]:
            with connected(databases.server, project.name) as connection:
                return stale(opened, connection, str(top))

        assert told() == []  # nothing generated is there: nobody wants it
        project.write("src/shop/helpers.py", "A = 1\n")
        assert told() == []
        assert project.ho("codegen").code == 0
        assert told() == []
        other = tmp_path / "other"
        (project.top / "src").rename(other)
        (project.top / "src").symlink_to(other)
        assert told(tmp_path) == []  # no package is there
        (project.top / "src").unlink()
        other.rename(project.top / "src")
        tags = project.top / "src/shop/public/tags.py"
        text = tags.read_text()
        tags.write_text(text.replace("id: integer", "id: bigint"))
        assert "--- a/src/shop/public/tags.py" in told() and told()
        assert tags.read_text() != text  # nothing was written
        tags.unlink()
        assert "+++ b/src/shop/public/tags.py" in told()
        project.ho("codegen")
        gone = project.top / "src/shop/public/posts.py"
        gone.write_text(gone.read_text() + "        pass\n")
        gone.rename(gone.with_name("old.py"))
        assert any("'src/shop/public/old.py' belongs to no relation any more" in line for line in told())


def test_apply_writes_the_classes_and_says_what_is_in_the_way(project):
    ran = project.applied()
    assert "new: src/shop/public/tags.py\n" in ran.out and ran.out.endswith(
        "halfhooks: 7 written, 0 deleted, of 7 files\n"
    )
    assert "codegen" not in project.applied().out  # as it was: nothing to say
    project.patch("create table tags (id int);")
    ran = project.ho("apply", "--json")
    assert json.loads(ran.out)["codegen"]["changed"] == ["src/shop/public/posts.py", "src/shop/public/tags.py"]
    project.patch("create table tags (id int, x int);")
    assert "x: integer" not in (
        project.applied("--no-codegen").out + (project.top / "src/shop/public/tags.py").read_text()
    )
    project.patch("create table labels (id int);").write("src/shop/public/labels.py", "mine = 1\n")
    ran = project.ho("apply")
    assert ran.code == 1 and "'public/labels.py' was not made by ho codegen" in ran.out
    assert project.tables() == {"users", "posts", "labels"}
    project.git("branch", "ho-prod")
    (project.top / "src/shop/public/labels.py").unlink()
    assert (
        project.applied("--production").out.endswith("\n") and not (project.top / "src/shop/public/labels.py").exists()
    )


def test_a_package_that_is_a_link_leads_nowhere(project, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (project.top / "src").symlink_to(tmp_path / "elsewhere")
    for command in ("apply", "codegen"):
        ran = project.ho(command)
        assert ran.code != 0 and "'src' is a symbolic link" in ran.out + ran.err
    assert not list((tmp_path / "elsewhere").iterdir())


def test_apply_leaves_a_project_alone_that_wants_no_classes(project):
    project.write("halfhooks.conf", (project.top / "halfhooks.conf").read_text() + "\tcodegenTarget = none\n")
    assert "written" not in project.applied().out and not (project.top / "src").exists()
    ran = project.ho("codegen")
    assert ran.code == 2 and "which package?" in ran.err


@pytest.mark.parametrize(
    ("keys", "folder", "package", "config", "tests"),
    [
        ({"package": "shop"}, "shop", "shop", "", ""),
        ({"package": "shop", "database": "shop"}, "shop", "shop", "", ""),
        ({"package": "shop", "database": "store"}, "shop", "shop", "store", ""),
        ({"package": "shop", "database": "host=db dbname=x"}, "shop", "shop", "", ""),
        ({"package": "src/shop.db", "database": "shop"}, "src/shop/db", "shop.db", "", ""),
        (
            {"package": "src/shop", "root": "services/shop/", "codegenTests": "tests/db"},
            *("services/shop/src/shop", "shop", "", "services/shop/tests/db"),
        ),
    ],
)
def test_where_a_package_is_and_how_it_is_imported(tree, keys, folder, package, config, tests):  # noqa: F811
    root = f"\troot = {keys['root']}\n" if "root" in keys else ""
    rest = "".join(f'\t{name} = "{value}"\n' for name, value in keys.items() if name != "root")
    tree.write("halfhooks.conf", f'[halfhooks]\n{root}[halfhooks "project"]\n{rest}')
    tree.git("config", "halfhooks.project.database", "mine")
    opened = open_project()
    choice = chosen(opened, "")
    assert (choice.folder, choice.package, choice.config, choice.tests) == (folder, package, config, tests)
    assert chosen(opened, str(tree.top), "..").folder == f"../{folder}"
    assert chosen(opened._replace(config=make_config({**keys, "codegenTarget": "none"})), "") is None

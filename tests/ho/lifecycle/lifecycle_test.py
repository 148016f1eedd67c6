"""The whole lifecycle by `ho`, against a guarded server and a real PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.ho.lifecycle.conftest import User


def classes(user: User, database: str, *modules: str) -> None:
    """The generated classes of some tables can be imported, in a process of their own, against a database."""
    code = "import shop.public." + ", shop.public.".join(modules)
    known = dict(user.postgres.keywords)
    lines = ["[database]", f"name = {database}", *(f"{key} = {known[key]}" for key in ("user", "host", "port")), ""]
    configuration = user.top.parent / "half_orm"
    configuration.mkdir()
    (configuration / "shop").write_text("\n".join(lines), "utf-8")
    environment = {**os.environ, "HALFORM_CONF_DIR": str(configuration)}
    ran = subprocess.run([sys.executable, "-c", code], cwd=user.top, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_from_the_first_release_to_a_hotfix_and_beyond(ann: User) -> None:
    bob = ann.clone("bob")
    # 0.1.0: three release candidates, with fixes between them
    assert "0.1.0 is started" in ann.does("release", "new", "minor")
    ann.patch("1-users", "create table users (id int primary key, name text not null);")
    ann.does("release", "promote", "rc", "--no-tests")
    ann.patch("2-email", "alter table users add column email text;")
    ann.does("release", "promote", "rc", "--no-tests")
    ann.patch("3-unique", "-- @HOP:data\ninsert into users values (1, 'root', null) on conflict do nothing;")
    ann.does("release", "promote", "rc", "--no-tests")
    # 0.2.0 begins meanwhile, on top of it, and bob works there; a patch is listed in the wrong release first
    ann.does("release", "new", "0.2.0", "--no-switch")
    bob.does("patch", "new", "4-posts", "--release", "0.2.0", "-d", "what users write")
    bob.does("release", "new", "1.0.0", "--no-switch")
    bob.does("patch", "new", "5-tags", "--release", "1.0.0")
    bob.write("Patches/5-tags/01.sql", "create table tags (name text primary key);").commit()
    bob.does("patch", "move", "5-tags", "--to", "0.2.0")
    assert bob.branch == "ho-patch/5-tags"
    assert (bob.top / "Patches/5-tags/01.sql").exists()
    # production
    said = ann.does("release", "promote", "prod", "--no-tests")
    assert "0.1.0 is in production" in said
    assert "ho release sync 0.2.0" in said
    assert ann.branch == "ho-prod"
    assert ann.at("ho-prod", "releases/0.1.0.txt") == "1-users\n2-email\n3-unique\n"
    ann.does("release", "sync", "0.2.0")
    # a release candidate of 0.2.0 is active, when production needs a hotfix
    bob.git("fetch", "-q", "--prune")
    bob.git("switch", "-q", "ho-patch/4-posts")
    bob.git("merge", "-q", "--no-edit", "origin/ho-release/0.2.0")
    bob.works("4-posts", "create table posts (id int primary key, author int references users);")
    bob.does("patch", "close", "--no-tests")
    bob.git("switch", "-q", "ho-patch/5-tags")
    bob.git("merge", "-q", "--no-edit", "origin/ho-release/0.2.0")
    bob.does("apply")
    bob.commit("Generate")
    bob.does("patch", "close", "--no-tests")
    bob.does("release", "promote", "rc", "--no-tests")
    ann.does("release", "hotfix")
    ann.patch("6-urgent", "alter table users add column seen date; create table visits (seen date);")
    said = ann.does("release", "promote", "hotfix", "--no-tests")
    assert "0.1.0-hotfix1 is in production" in said
    assert ann.at("ho-prod", "releases/0.1.0-hotfix1.txt") == "6-urgent\n"
    # what was not synced takes the hotfix in by itself
    assert "takes in what production has got" in bob.does("release", "promote", "prod", "0.2.0", "--no-tests")
    assert bob.at("ho-prod", "releases/0.2.0.txt") == "4-posts\n5-tags\n"
    # production has all of it
    ann.git("switch", "-q", "ho-prod")
    ann.git("pull", "-q")
    ann.does("apply", "--production")
    database = ann.values("apply", "--production")["database"]
    assert ann.tables(database) == ["posts", "tags", "users", "visits"]
    classes(ann, database, "users", "posts", "tags", "visits")
    ann.does("apply", "--release", "1.0.0", "--to", f"{database}_next")
    tags = set(ann.origin.git("tag").split())
    assert tags == {"v0.1.0-rc1", "v0.1.0-rc2", "v0.1.0-rc3", "v0.1.0", "v0.2.0-rc1", "v0.1.0-hotfix1", "v0.2.0"}
    ann.clean()


def test_the_model_is_what_production_has(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.patch("1-users", "create table users (id int primary key); insert into users values (7);")
    ann.patch(
        "2-colors",
        "-- @HOP:data\ncreate table if not exists colors (name text primary key);"
        "insert into colors values ('red') on conflict do nothing;",
    )
    before = ann.does("db", "fingerprint", "here").strip()
    ann.does("release", "promote", "prod", "--no-tests")
    assert ann.does("db", "fingerprint", "0.1.0").strip() == before
    metadata = ann.at("ho-prod", "model/metadata-0.1.0.sql")
    assert "COPY public.colors (name) FROM stdin;\nred\n" in metadata
    assert "public.users" not in metadata
    assert ann.at("ho-prod", "model/schema.sql") == "schema-0.1.0.sql"
    ann.clean()


def test_a_promotion_that_is_only_shown(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.patch("1-users", "create table users (id int primary key);")
    before = ann.origin.refs(), ann.git("for-each-ref"), ann.git("status", "--porcelain")
    said = ann.does("release", "promote", "prod", "--no-tests", "--dry-run")
    assert (ann.origin.refs(), ann.git("for-each-ref"), ann.git("status", "--porcelain")) == before
    for words in (
        "Promote 0.1.0 to production",
        "A  model/schema-0.1.0.sql",
        "A  releases/0.1.0.txt",
        "v0.1.0: new",
        "ho-release/0.1.0: deleted",
        "this was a dry run",
    ):
        assert words in said
    values = ann.values("release", "promote", "prod", "--no-tests", "--dry-run")
    assert [update["ref"] for update in values["pushes"][0]] == [
        "refs/heads/ho-prod",
        "refs/tags/v0.1.0",
        "refs/heads/ho-release/0.1.0",
    ]
    assert values["done"] is False


def test_the_button_of_a_git_host(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.does("patch", "new", "1-users")
    ann.works("1-users", "create table users (id int primary key);")
    ann.git("push", "-q", "origin", "HEAD")
    ann.git("switch", "-q", "ho-release/0.1.0")
    ann.git("merge", "-q", "--no-ff", "-m", "Merge branch ho-patch/1-users", "ho-patch/1-users")
    ann.git("push", "-q", "origin", "HEAD")
    ann.does("patch", "close", "1-users", "--no-tests")
    assert ann.git("log", "-1", "--format=%s").strip() == "Stage 1-users in 0.1.0"
    assert "ho-patch/1-users" not in ann.git("branch", "--all")
    ann.clean()


def test_a_conflict_stops_before_anything_happens(ann: User) -> None:
    ann.write("app.py", "a = 1\n").commit("App")
    ann.git("reset", "-q", "--hard", "origin/ho-prod")
    ann.does("release", "new", "minor")
    ann.does("patch", "new", "1-one")
    ann.write("app.py", "a = 1\n").commit()
    ann.does("patch", "new", "2-two", "--release", "0.1.0")
    ann.write("app.py", "a = 2\n").commit()
    ann.does("patch", "close", "1-one", "--no-tests")
    said = ann.fails("patch", "close", "2-two", "--no-tests", code=1)
    assert "  app.py\n  help: git switch ho-patch/2-two && git merge origin/ho-release/0.1.0\n" in said
    result = subprocess.run(["git", "merge", "-q", "origin/ho-release/0.1.0"], cwd=ann.top, capture_output=True)
    assert result.returncode
    ann.fails("patch", "close", "2-two", "--no-tests", code=1)
    ann.write("app.py", "a = 3\n").commit("Solve")
    ann.does("patch", "close", "2-two", "--no-tests")
    assert ann.at("ho-release/0.1.0", "app.py") == "a = 3\n"
    ann.clean()


def test_what_is_not_valid_is_not_integrated(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.does("patch", "new", "1-users")
    ann.write("Patches/1-users/01.sql", "create table users (id nonsense);").commit()
    said = ann.fails("patch", "close", code=1)
    assert 'Patches/1-users/01.sql:1:24: type "nonsense" does not exist' in said
    assert ann.branch == "ho-patch/1-users"
    ann.write("Patches/1-users/01.sql", "create table users (id int);").write(
        "tests/it_test.py", "def test_it(): assert 0\n"
    )
    ann.does("apply")
    ann.commit()
    said = ann.fails("patch", "close", code=1)
    assert "is not valid; nothing was done" in said
    ann.write("tests/it_test.py", "def test_it(): pass\n").commit()
    assert "is staged in 0.1.0" in ann.does("patch", "close")


def test_a_release_begins_anew_without_a_staged_patch(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.patch("1-users", "create table users (id int primary key);")
    ann.patch("2-posts", "create table posts (id int primary key);")
    ann.patch("3-tags", "create table tags (id int primary key);")
    ann.does("patch", "new", "4-later")
    ann.write("Patches/4-later/01.sql", "create table later (id int);").commit("Later")
    said = ann.does("release", "restart", "0.1.0", "--without", "2-posts")
    assert "'2-posts' is in no release; 'v0.1.0-abandoned1' keeps it" in said
    assert ann.branch == "ho-patch/4-later"
    assert ann.at("ho-release/0.1.0", "releases/0.1.0-stage.txt") == "1-users\n3-tags\n"
    assert ann.at("ho-release/0.1.0", "releases/0.1.0-candidates.txt") == "4-later\n"
    files = ann.origin.git("ls-tree", "-r", "--name-only", "ho-release/0.1.0").split()
    assert "Patches/2-posts/01.sql" not in files
    assert {"Patches/1-users/01.sql", "Patches/3-tags/01.sql", "shop/public/tags.py"} <= set(files)
    ann.does("apply")
    ann.commit("Generate")
    ann.does("patch", "close", "--no-tests")
    ann.does("release", "promote", "prod", "--no-tests")
    assert ann.at("ho-prod", "releases/0.1.0.txt") == "1-users\n3-tags\n4-later\n"
    ann.clean()


def test_a_patch_that_others_build_on_cannot_be_left_out_alone(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.patch("1-app", "select 1;", app="one = 1\n")
    ann.patch("2-more", "select 2;", app="one = 1\ntwo = one\n")
    said = ann.fails("release", "restart", "0.1.0", "--without", "1-app")
    assert "'2-more' builds on what is left out" in said
    assert "--without 2-more" in said


def test_exploratory_work_becomes_a_patch(ann: User) -> None:
    ann.git("switch", "-q", "-c", "explore")
    ann.write("search.py", "def search(): ...\n").commit("Explore")
    ann.does("release", "new", "minor", "--no-switch")
    ann.does("patch", "adopt", "explore", "--as", "7-search", "-d", "a search")
    assert ann.branch == "ho-patch/7-search"
    assert (ann.top / "search.py").exists()
    assert ann.at("ho-release/0.1.0", "Patches/7-search/README.md") == "# 7-search\n\na search\n"
    ann.does("patch", "close", "--no-tests")
    ann.clean()


def test_undoing(ann: User) -> None:
    start = ann.origin.refs()
    assert "there is nothing to undo" in ann.fails("undo")
    ann.does("release", "new", "minor")
    ann.does("undo")
    assert ann.origin.refs() == start
    assert ann.branch == "ho-prod"
    ann.does("undo")
    started = ann.origin.refs()
    ann.does("patch", "new", "1-users")
    ann.does("undo")
    assert ann.origin.refs().keys() == started.keys()
    assert ann.at("ho-release/0.1.0", "releases/0.1.0-candidates.txt") == ""
    ann.patch("2-posts", "select 1;")
    assert "[HH" in ann.fails("undo", code=1)
    ann.does("release", "promote", "rc", "--no-tests")
    assert "a release tag such as 'v0.1.0-rc1' is for good" in ann.fails("undo")
    ann.clean()


def test_undoing_what_somebody_has_built_on(ann: User) -> None:
    bob = ann.clone("bob")
    ann.does("release", "new", "minor")
    ann.does("patch", "new", "1-users")
    bob.does("patch", "new", "2-posts", "--release", "0.1.0")
    assert "has moved since 'ho patch new 1-users'" in ann.fails("undo")


def parallel(ann: User) -> User:
    """Two patches that change one table, the first of them closed."""
    ann.does("release", "new", "minor")
    ann.patch("1-users", "create table users (id int primary key);")
    ann.does("patch", "new", "2-name")
    ann.works("2-name", "alter table users add column name text;")
    ann.does("patch", "new", "3-posts", "--release", "0.1.0")
    ann.works("3-posts", "create table posts (id int primary key, author int references users);")
    ann.does("patch", "close", "--no-tests")
    return ann


def test_two_patches_that_change_one_table(ann: User) -> None:
    parallel(ann).does("patch", "close", "2-name", "--no-tests")
    module = ann.at("ho-release/0.1.0", "shop/public/users.py")
    assert '"name": str' in module.replace("_h.Optional[str]", "str")
    assert "posts_author_rfk" in module
    assert "<<<<" not in module
    ann.clean()


def test_a_merge_by_git_is_finished_by_ho_apply(ann: User) -> None:
    parallel(ann).git("switch", "-q", "ho-patch/2-name")
    merge = subprocess.run(["git", "merge", "-q", "origin/ho-release/0.1.0"], cwd=ann.top, capture_output=True)
    assert merge.returncode
    assert "<<<<<<<" in (ann.top / "shop/public/users.py").read_text("utf-8")
    ann.does("apply")
    ann.commit("Merge the release")
    ann.does("patch", "close", "--no-tests")
    assert "posts_author_rfk" in ann.at("ho-release/0.1.0", "shop/public/users.py")


def test_code_of_ones_own_in_conflict_is_left_to_its_owners(ann: User) -> None:
    marker = "#>>> PLACE YOUR CODE BELOW THIS LINE. DO NOT REMOVE THIS LINE!\n"
    ann.does("release", "new", "minor")
    ann.patch("1-users", "create table users (id int primary key);")
    module = ann.top / "shop/public/users.py"
    for patch, line in (("2-a", "a = 1\n"), ("3-b", "a = 2\n")):
        ann.does("patch", "new", patch, "--release", "0.1.0")
        module.write_text(module.read_text("utf-8").replace(marker, marker + line, 1), "utf-8")
        ann.works(patch, f"alter table users add column {line[0]}{patch[0]} text;")
    ann.does("patch", "close", "2-a", "--no-tests")
    assert "  shop/public/users.py" in ann.fails("patch", "close", "3-b", "--no-tests", code=1)

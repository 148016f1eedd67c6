"""What is not what was recorded is refused before anything runs."""

from __future__ import annotations

import pytest


def refused(shop, *words):
    ran = shop.upgrade(code=1)
    assert "the releases are not what was recorded" in ran.err
    assert [word for word in words if word not in ran.err] == []
    assert "state: nothing was done; the database is at 0.1.0, as it was" in ran.err
    assert shop.version() == "0.1.0"
    assert shop.ask("select count(*) from pg_class where relname = 'posts'") == [(0,)]
    assert not shop.folder.exists()
    assert shop.ask("select count(*) from half_orm_meta.halfhooks_upgrade") == [(0,)]
    assert shop.update().code == 1


def test_an_edited_patch(shop):
    shop.write("Patches/4-tags/01.sql", "drop table users;")
    shop.commit("Edit")
    refused(shop, "'Patches/4-tags' of 0.3.0 is another one on ho-prod")


def test_a_file_that_was_added_to_a_patch(shop):
    shop.write("Patches/1-posts/02.sql", "drop table users;")
    shop.commit("Edit")
    refused(shop, "'Patches/1-posts' of 0.2.0 is another one on ho-prod")


def test_a_patch_that_is_gone(shop):
    shop.git("rm", "-q", "-r", "Patches/3-fix")
    shop.commit("Remove")
    refused(shop, "'Patches/3-fix' of 0.2.0-hotfix1 is gone from ho-prod")


def test_a_moved_tag(shop):
    shop.git("tag", "-f", "-a", "-m", "x", "v0.2.0", "HEAD")
    refused(shop, "the tag 'v0.2.0' points at")


def test_a_tag_that_leads_elsewhere(shop):
    shop.git("switch", "-q", "-c", "other", "HEAD~1")
    shop.write("x", "x")
    shop.commit("Elsewhere")
    shop.git("tag", "-f", "-a", "-m", "x", "v0.3.0")
    shop.git("switch", "-q", "ho-prod")
    refused(shop, "the tag 'v0.3.0' points at")


def test_a_replaced_release_file(shop):
    shop.write("releases/0.2.0.txt", "2-mail\n")
    shop.commit("Edit")
    refused(shop, "'releases/0.2.0.txt' was edited by")


def test_a_release_file_that_was_replaced_and_put_back(shop):
    content = (shop.top / "releases/0.2.0.txt").read_text()
    shop.write("releases/0.2.0.txt", "2-mail\n")
    shop.commit("Edit")
    shop.write("releases/0.2.0.txt", content)
    shop.commit("Put back")
    refused(shop, "'releases/0.2.0.txt' was edited by")


def test_a_release_file_that_is_gone(shop):
    shop.git("rm", "-q", "releases/0.3.0.txt")
    shop.commit("Remove")
    refused(shop, "'releases/0.3.0.txt' was removed by")


def test_a_release_file_that_was_removed_and_added_again(shop):
    content = (shop.top / "releases/0.3.0.txt").read_text()
    shop.git("rm", "-q", "releases/0.3.0.txt")
    shop.commit("Remove")
    shop.write("releases/0.3.0.txt", content)
    shop.commit("Put back")
    refused(shop, "'releases/0.3.0.txt' was removed, and added again by")


def test_an_edited_model(shop):
    shop.write("model/schema-0.2.0.sql", "-- other\n")
    shop.commit("Edit")
    refused(shop, "'model/schema-0.2.0.sql' of 0.2.0 is another one on ho-prod")


def test_a_history_that_was_rewritten(shop):
    shop.upgrade("--to-release", "0.2.0")
    shop.ask("update half_orm_meta.halfhooks_release set commit = repeat('a', 40) where label = '0.2.0'")
    ran = shop.upgrade(code=1)
    assert "the database came to 0.2.0 by the commit aaaaaaaaa" in ran.err


def test_another_patch_than_the_database_ran(shop):
    shop.upgrade("--to-release", "0.2.0")
    shop.ask("update half_orm_meta.halfhooks_patch set content = 'x' where patch = '2-mail'")
    ran = shop.upgrade(code=1)
    assert "the patch '2-mail' is not what the database ran when it came to 0.2.0" in ran.err


def test_a_repository_in_which_an_object_is_corrupted(shop):
    blob = shop.git("rev-parse", "HEAD:Patches/4-tags/01.sql").strip()
    path = shop.top / ".git" / "objects" / blob[:2] / blob[2:]
    other = shop.git("rev-parse", "HEAD:Patches/3-fix/01.sql").strip()
    path.chmod(0o600)
    path.write_bytes((shop.top / ".git" / "objects" / other[:2] / other[2:]).read_bytes())
    ran = shop.upgrade(code=2)
    assert "could not be fetched" in ran.err
    assert shop.version() == "0.1.0"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("select 'x", "unterminated quoted string"),
        ("select 1;\ncommit;", "'COMMIT' controls the transaction"),
        ("\\d users", "is a command of psql"),
    ],
)
def test_a_patch_that_cannot_run_at_all(shop, content, words):
    shop.release("0.4.0", {"5-a": {"01.sql": content}})
    refused(shop, words)


def test_a_dirty_working_tree_is_nothing(shop):
    shop.write("Patches/1-posts/01.sql", "drop table users;")
    shop.write("releases/0.2.0.txt", "nothing\n")
    shop.upgrade()
    assert shop.version() == "0.3.0"


def test_a_missing_tag_is_only_said(shop):
    shop.git("tag", "-d", "v0.3.0")
    ran = shop.upgrade()
    assert "0.3.0 has no tag 'v0.3.0'" in ran.out


def test_the_wrong_repository(shop):
    shop.ask("insert into half_orm_meta.hop_release (major, minor, patch) values (7, 0, 0)")
    ran = shop.upgrade(code=2)
    assert "7.0.0, which is no release of 'ho-prod'" in ran.err


def test_a_release_that_is_older_or_unknown(shop):
    shop.upgrade("--to-release", "0.2.0")
    assert "ho rollback --to 0.1.0" in shop.upgrade("--to-release", "0.1.0", code=2).err
    assert "is no release of production" in shop.upgrade("--to-release", "9.0.0", code=2).err
    assert "is no release: X.Y.Z" in shop.upgrade("--to-release", "next", code=2).err

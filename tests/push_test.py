"""What the rules ask a `Push`, on real commits: who brought what, and what each commit changed."""

from __future__ import annotations

import pytest

from halfhooks.layout import HALFHOOKS
from halfhooks.names import BRANCH, PATCH_BRANCH
from halfhooks.push import Move
from halfhooks.rooms import read_rooms
from halfhooks.snapshot import Entry, SmallTree, Update
from tests.collect_test import pushing
from tests.opened import collected

FOLDER = Entry("40000", "1")


def look_alikes(*names: str) -> list[str]:
    rooms = read_rooms(HALFHOOKS, SmallTree(dict.fromkeys(names, FOLDER)))
    return [name for name, _ in rooms.look_alikes]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Releases", "releases"),
        ("RELEASES", "releases"),
        ("patches", "Patches"),
        ("PATCHES", "Patches"),
        ("Model", "model"),
        ("releases.", "releases"),
        ("releases ", "releases"),
        ("releases. .", "releases"),
        ("releases:x", "releases"),
        ("releases::$DATA", "releases"),
        ("RELEAS~1", "releases"),
        ("patche~1", "Patches"),
        ("rele\u200bases", "releases"),
        ("\uff4dodel", "model"),
        ("m\u00f6del", "model"),
        ("\u202emodel", "model"),
    ],
)
def test_a_folder_that_is_taken_for_ours(name, meant):
    assert read_rooms(HALFHOOKS, SmallTree({name: FOLDER})).look_alikes == ((name, meant),)


@pytest.mark.parametrize(
    "name", ["releases", "Patches", "model", "models", "release", "patch", "src", "README.md", "é", "モデル"]
)
def test_an_innocent_folder(name):
    assert look_alikes(name) == []


def test_rooms():
    a, b, c = (Entry("40000", name) for name in "abc")
    rooms = read_rooms(HALFHOOKS, SmallTree({"releases": a, "Patches": b, "model": c}, "it is odd"))
    assert rooms == (a, b, c, "it is odd", ())
    assert read_rooms(HALFHOOKS, SmallTree({}))[:4] == (None, None, None, "")


@pytest.mark.parametrize(
    ("old", "new", "created", "updated", "deleted"),
    [("", "n", True, False, False), ("o", "n", False, True, False), ("o", "", False, False, True)],
)
def test_a_move_is_one_of_three(old, new, created, updated, deleted):
    move = Move("r", None, old, new)
    assert (move.created, move.updated, move.deleted) == (created, updated, deleted)


def test_moves_by_kind(shop):
    shop.switch("ho-patch/4-fix").commit("app/x.py", "1").switch("topic").commit("app/y.py", "1")
    with pushing(shop, "refs/heads/topic", "refs/heads/ho-patch/4-fix") as (push, _):
        assert [move.ref for move in push.moves_of(PATCH_BRANCH, BRANCH)] == [update.ref for update in push.updates]
        assert [move.name.patch for move in push.moves_of(PATCH_BRANCH)] == ["4-fix"]
        assert push.production_move() is None


def test_an_update_that_changes_nothing_is_no_move(shop):
    tip = shop.server.refs()["refs/heads/topic"]
    with collected(shop.server.path, Update(tip, tip, "refs/heads/topic")) as (push, _):
        assert push.moves == ()
        assert len(push.updates) == 1


def test_a_commit_on_several_branches_belongs_to_the_strictest(shop):
    shop.switch("ho-patch/4-fix").commit("app/x.py", "1")
    shared = shop.git("rev-parse", "HEAD").strip()
    shop.commit("app/x.py", "2")
    own = shop.git("rev-parse", "HEAD").strip()
    shop.switch("ho-release/0.1.1").git("merge", "-q", "--no-ff", "-m", "Merge", shared)
    merge = shop.git("rev-parse", "HEAD").strip()
    with pushing(shop, "refs/heads/ho-patch/4-fix", "refs/heads/ho-release/0.1.1") as (push, _):
        patch, release = push.moves
        assert (push.owner(shared), push.owner(merge), push.owner(own)) == (release, release, patch)
        assert set(push.brought_by(release.new)) == {shared, merge}
        assert push.brought_by(patch.new) == [shared, own]
        assert set(push.own_line(patch)) == {shared, own}
        assert {shared, merge} <= set(push.own_line(release))


def test_what_a_commit_changed_below_a_folder(shop):
    shop.switch("ho-patch/4-fix").commit("Patches/4-fix/02.sql", "select 2;")
    shop.commit("app/x.py", "1").commit("Patches/README.md", "x")
    shop.switch("-c", "side", "HEAD~1").commit("Patches/7-other/1.sql", "select 1;")
    shop.switch("ho-patch/4-fix").git("merge", "-q", "--no-ff", "-m", "Merge", "side")
    with pushing(shop, "refs/heads/ho-patch/4-fix") as (push, _):
        by_parents = {commit.oid: commit for commit in push.commits}
        merge = by_parents[shop.git("rev-parse", "HEAD").strip()]
        plain = [by_parents[shop.git("rev-parse", f"HEAD~{n}").strip()] for n in (3, 2, 1)]
        assert [push.touched(commit, "Patches") for commit in plain] == [["4-fix"], [], ["README.md"]]
        assert [push.own(commit, "Patches") for commit in plain] == [["4-fix"], [], ["README.md"]]
        assert push.touched(merge, "Patches") == ["7-other", "README.md"]
        assert push.own(merge, "Patches") == []
        assert push.touched(merge, "model") == []
        assert push.below(merge.oid, "Patches", "7-other") is not None
        assert push.below(merge.oid, "Patches", "8-none") is None
        assert "README.md" in push.names_below(merge.oid, "Patches").names()


def test_a_merge_that_adds_its_own(shop):
    shop.switch("ho-patch/4-fix").switch("-c", "side").commit("app/y.py", "1")
    shop.switch("ho-patch/4-fix").commit("app/x.py", "1")
    shop.git("merge", "-q", "--no-commit", "--no-ff", "side")
    shop.commit("Patches/4-fix/evil.sql", "select 1;")
    with pushing(shop, "refs/heads/ho-patch/4-fix") as (push, _):
        assert push.own(push.commits[-1], "Patches") == ["4-fix"]


def test_a_root_commit_changed_all_that_it_holds(shop):
    shop.git("switch", "-q", "--orphan", "ho-patch/9-new")
    shop.commit("Patches/9-new/1.sql", "select 1;")
    with pushing(shop, "refs/heads/ho-patch/9-new") as (push, _):
        (commit,) = push.commits
        assert push.own(commit, "Patches") == push.touched(commit, "Patches") == ["9-new"]


def test_a_fact_is_computed_once(shop):
    calls = []
    with collected(shop.server.path, Update("", "", "refs/heads/x")) as (push, _):
        assert push.once("key", lambda: calls.append(1) or 5) == 5
        assert push.once("key", lambda: calls.append(1) or 6) == 5
        assert push.once(("key", 2), lambda: None) is None
        assert push.once(("key", 2), lambda: 7) is None
    assert calls == [1]


def test_rooms_of_an_older_commit_are_looked_up(shop):
    shop.switch("ho-patch/4-fix").commit("app/x.py", "1")
    older = shop.git("rev-parse", "v0.1.0^{commit}").strip()
    with pushing(shop, "refs/heads/ho-patch/4-fix") as (push, _):
        assert push.objects.commit(older).tree not in push.rooms
        assert push.room(older, "model").oid == shop.git("rev-parse", f"{older}:model").strip()
        assert push.room(push.commits[0].oid, "model").oid == shop.git("rev-parse", "HEAD:model").strip()


def test_a_tag_of_something_else_moves_all_the_same(shop):
    blob = shop.git("rev-parse", "HEAD:halfhooks.conf").strip()
    with collected(shop.server.path, Update("", blob, "refs/tags/blob")) as (push, _):
        (move,) = push.moves
        assert move.new == blob
        assert move.created

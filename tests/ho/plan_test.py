"""The plan of a tree: which patches, in which order, with which files."""

from __future__ import annotations

import subprocess
from typing import Optional

import pytest

from halfhooks.git import Repository
from halfhooks.ho.plan import Plan, digest, read_plan
from halfhooks.ho.repository import find_git
from halfhooks.ho.trees import CommitTree, WorkingTree
from halfhooks.layout import HALFHOOKS
from halfhooks.survey import CannotTell, Reader


class Files:
    """A tree of files in a dictionary."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files

    def names(self, folder: str) -> list[str]:
        return [path[len(folder) + 1 :] for path in self.files if path.rpartition("/")[0] == folder]

    def read(self, path: str) -> Optional[bytes]:
        text = self.files.get(path)
        return None if text is None else text.encode()

    def has_folder(self, path: str) -> bool:
        return any(name.startswith(path + "/") for name in self.files)


BASE = {"releases/0.1.0.txt": "", "model/schema-0.1.0.sql": "-- schema"}


def plan(files: dict[str, str], current: str = "", **options: bool) -> Plan:
    return read_plan(Files({**BASE, **files}), HALFHOOKS, current, **options)


def patches(*ids: str) -> dict[str, str]:
    return {f"Patches/{patch}/01.sql": f"-- {patch}" for patch in ids}


def ids(found: Plan) -> list[str]:
    return [patch.id for patch in found.patches]


def test_the_lists_of_each_release_the_smaller_first():
    files = {
        "releases/0.2.0-rc2.txt": "3-c\n",
        "releases/0.2.0-rc1.txt": "2-b\n1-a\n",
        "releases/0.2.0-stage.txt": "4-d\n",
        "releases/0.2.0-candidates.txt": "6-f\n5-e\n",
        "releases/0.1.1-stage.txt": "8-h\n",
        "releases/0.10.0-stage.txt": "9-i\n",
        **patches("1-a", "2-b", "3-c", "4-d", "5-e", "6-f", "8-h", "9-i"),
    }
    found = plan(files, "6-f")
    assert ids(found) == ["8-h", "2-b", "1-a", "3-c", "4-d", "6-f", "5-e", "9-i"]
    states = {patch.id: (patch.release, patch.state) for patch in found.patches}
    assert states["2-b"] == ("0.2.0", "RC 1")
    assert states["4-d"] == ("0.2.0", "staged")
    assert states["5-e"] == ("0.2.0", "candidate")
    assert states["6-f"] == ("0.2.0", "current")


def test_ten_release_candidates_go_by_number():
    files = {f"releases/0.2.0-rc{number}.txt": f"{number}-a\n" for number in (10, 9, 1)}
    assert ids(plan({**files, **patches("1-a", "9-a", "10-a")})) == ["1-a", "9-a", "10-a"]


def test_released_lists_do_not_count():
    files = {"releases/0.1.0-rc1.txt": "1-a\n", "releases/0.0.9-stage.txt": "1-a\n", **patches("1-a")}
    assert ids(plan(files)) == []


def test_a_hotfix_lists_its_stage_alone_and_begins_with_the_last_hotfix():
    files = {
        "releases/0.1.0-rc1.txt": "1-a\n",
        "releases/0.1.0-hotfix2.txt": "2-b\n",
        "releases/0.1.0-hotfix10.txt": "2-b\n",
        "releases/0.1.0-candidates.txt": "# HOTFIX\n4-d\n",
        "releases/0.1.0-stage.txt": "3-c\n",
        "model/schema-0.1.0-hotfix10.sql": "",
        **patches("1-a", "2-b", "3-c", "4-d"),
    }
    found = plan(files, "4-d")
    assert ids(found) == ["3-c", "4-d"]
    assert found.label == "0.1.0-hotfix10"
    assert [file.path for file in found.model] == ["model/schema-0.1.0-hotfix10.sql"]


def test_a_candidate_whose_work_is_elsewhere_is_passed_over():
    files = {"releases/0.2.0-candidates.txt": "1-a\n2-b\n3-c\n", "Patches/1-a/README.md": "", **patches("3-c")}
    assert ids(plan(files, "3-c")) == ["3-c"]


def test_a_current_patch_that_no_release_lists_comes_last():
    found = plan({"releases/0.2.0-stage.txt": "1-a\n", **patches("1-a", "2-b")}, "2-b")
    assert ids(found) == ["1-a", "2-b"]
    assert found.remarks == ("no release lists '2-b' as a candidate yet: it is applied last",)


def test_production_has_no_patches():
    found = plan({"releases/0.2.0-stage.txt": "1-a\n", **patches("1-a")}, production=True)
    assert ids(found) == []


def test_files_run_in_the_order_of_bytes_and_nothing_else_runs():
    names = ["b.sql", "a.py", "10_x.sql", "2_x.sql", "B.sql", "é.sql", "c.SQL", "README.md", "x.txt", "sub/y.sql"]
    found = plan({f"Patches/1-a/{name}": "" for name in names}, "1-a")
    assert [file.path[12:] for file in found.patches[0].files] == [
        "10_x.sql",
        "2_x.sql",
        "B.sql",
        "a.py",
        "b.sql",
        "é.sql",
    ]
    assert not found.patches[0].transactional


def test_directives():
    files = {
        "Patches/1-a/1.sql": "-- @HOP:data\nselect 1",
        "Patches/1-a/2.sql": "-- halfhooks: no-transaction\nvacuum",
        "Patches/1-a/3.sql": "select 1",
    }
    said = [(file.data, file.no_transaction) for file in plan(files, "1-a").patches[0].files]
    assert said == [(True, False), (False, True), (False, False)]


@pytest.mark.parametrize(
    "files, current, said",
    [
        ({"releases/0.2.0-stage.txt": "1-a\n"}, "", "no folder 'Patches/1-a'"),
        ({}, "1-a", "mkdir -p Patches/1-a"),
        (
            {"releases/0.2.0-stage.txt": "No id\n"},
            "",
            "'releases/0.2.0-stage.txt', line 1: has a line that is no patch",
        ),
        ({"releases/0.3.0.txt": ""}, "", "no 'model/schema-0.3.0.sql'"),
    ],
)
def test_what_cannot_be_planned(files, current, said):
    with pytest.raises(CannotTell, match=said):
        plan(files, current)


def test_a_tree_without_production_is_no_project():
    with pytest.raises(CannotTell, match="ho init"):
        read_plan(Files({}), HALFHOOKS)


def test_a_monorepo():
    files = {"db/releases/0.1.0.txt": "", "db/model/schema-0.1.0.sql": "", "db/Patches/1-a/1.sql": ""}
    found = read_plan(Files(files), HALFHOOKS._replace(root="db/"), "1-a")
    assert [file.path for file in found.patches[0].files] == ["db/Patches/1-a/1.sql"]


def test_keys_change_with_all_that_counts_and_with_nothing_else():
    files = {"releases/0.2.0-stage.txt": "1-a\n2-b\n", **patches("1-a", "2-b")}
    keys = plan(files).keys("x")
    assert len(keys) == 3 and len(set(keys)) == 3
    assert plan({**files, "Patches/1-a/README.md": "new", "releases/0.2.0-candidates.txt": ""}).keys("x") == keys
    assert plan(files).keys("y") != keys
    changed = plan({**files, "Patches/2-b/01.sql": "-- other"}).keys("x")
    assert changed[:2] == keys[:2] and changed[2] != keys[2]
    renamed = {**files, "Patches/1-a/02.sql": files["Patches/1-a/01.sql"]}
    del renamed["Patches/1-a/01.sql"]
    assert plan(renamed).keys("x")[1] != keys[1]
    schema = plan({**files, "model/schema-0.1.0.sql": "--"}).keys("x")
    assert not set(schema) & set(keys)


def test_a_digest_knows_where_its_parts_end():
    assert digest(b"a", b"b") != digest(b"ab") != digest(b"", b"ab")


def test_a_working_tree_and_its_commit_have_the_same_plan(shop):
    shop.switch("ho-patch/3-tags")
    top = str(shop.clone)
    here = read_plan(WorkingTree(top), HALFHOOKS, "3-tags")
    reader = Reader(Repository(find_git(), str(shop.clone / ".git"), {}))
    there = read_plan(CommitTree(reader, shop.git("rev-parse", "HEAD").strip()), HALFHOOKS, "3-tags")
    reader.close()
    assert here == there
    assert [patch.id for patch in here.patches] == ["2-posts", "3-tags"]
    (shop.clone / "Patches" / "3-tags" / "02.sql").symlink_to("/etc/passwd")
    (shop.clone / "Patches" / "3-tags" / "03.sql").mkdir()
    assert read_plan(WorkingTree(top), HALFHOOKS, "3-tags") == here
    subprocess.run(["git", "-C", top, "clean", "-qfd"], check=True)

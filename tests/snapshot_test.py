"""Comparing trees: ours against `git diff-tree` on random histories."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from halfhooks.snapshot import (
    NO_TREE,
    Change,
    Entry,
    SmallTree,
    Snapshot,
    Target,
    changes,
    commit_changes,
    entry_at,
    folder_at,
    is_file,
    is_folder,
    own_changes,
    tree_entry,
)
from tests.builders import run
from tests.opened import opened

FILES = ["a", "a/b", "a/c/d", "a-b", "a.b", "b/x", "b/y/z", "é", "c"]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Thirty commits, some of them merges, that write, remove, and turn files into folders, links and executables."""
    folder = tmp_path_factory.mktemp("trees")
    run("git", "init", "-q", str(folder))
    rng = random.Random(7)
    stream = []
    for n in range(30):
        stream.append(f"commit refs/x/{n}\nmark :{n + 1}\ncommitter x <x> {n + 1} +0000\ndata 0\n")
        parents = sorted(rng.sample(range(n), min(n, rng.choice((1, 1, 2, 3)))), reverse=True)
        stream += [f"{word} :{parent + 1}\n" for word, parent in zip(("from", "merge", "merge"), parents)]
        stream += [] if parents else ["deleteall\n"]
        for path in rng.sample(FILES, 3):
            if rng.random() < 0.3:
                stream.append(f"D {path}\n")
            else:
                content = rng.choice("xyz")
                stream.append(
                    f"M {rng.choice(('100644', '100644', '100755', '120000'))} inline {path}\ndata 1\n{content}\n"
                )
    command = ["git", "-C", str(folder), "fast-import", "--quiet"]
    subprocess.run(command, input="".join(stream).encode(), check=True)
    form = "--format=%(objectname)"
    return folder, run("git", "-C", str(folder), "for-each-ref", form, "--sort=version:refname", "refs/x/").split()


def diff(folder: Path, *arguments: str) -> set[Change]:
    """What `git diff-tree` lists for two trees."""
    words = run("git", "-C", str(folder), "diff-tree", "-r", "-z", "--raw", "--no-renames", *arguments).split("\0")
    found = set()
    for header, path in zip(words[:-1:2], words[1::2]):
        mode, new_mode, old, new, _ = header.lstrip(":").split(" ")
        entries = (None if not int(m) else Entry(m, oid) for m, oid in ((mode, old), (new_mode, new)))
        found.add(Change(path, *entries))
    return found


def test_changes_are_those_of_git(history):
    folder, commits = history
    rng = random.Random(3)
    with opened(folder / ".git") as objects:
        for _ in range(60):
            old, new = rng.choice(commits), rng.choice(commits)
            found = list(commit_changes(objects, old, new))
            assert set(found) == diff(folder, old, new)
            assert len(found) == len(set(found))


def test_a_root_is_compared_with_nothing(history):
    folder, commits = history
    with opened(folder / ".git") as objects:
        empty = run("git", "-C", str(folder), "mktree")
        assert set(commit_changes(objects, "", commits[0])) == diff(folder, empty.strip(), commits[0])
        assert own_changes(objects, objects.commit(commits[0])) == list(commit_changes(objects, "", commits[0]))


def test_what_a_merge_adds_of_its_own(history):
    folder, commits = history
    with opened(folder / ".git") as objects:
        merges = [objects.commit(oid) for oid in commits if len(objects.commit(oid).parents) > 1]
        assert len(merges) > 5
        for merge in merges:
            sides = [diff(folder, parent, merge.oid) for parent in merge.parents]
            common = set.intersection(*({change.path for change in side} for side in sides))
            assert set(own_changes(objects, merge)) == {change for change in sides[0] if change.path in common}


def test_an_entry_is_that_of_ls_tree(history):
    folder, commits = history
    with opened(folder / ".git") as objects:
        for commit in commits[::3]:
            for path in [*FILES, "a/c", "b", "nothing", "a/b/c/d"]:
                listed = run("git", "-C", str(folder), "ls-tree", "-z", "--full-tree", commit, path).rstrip("\0")
                words = listed.partition("\t")[0].split(" ")
                expected = Entry(words[0].lstrip("0"), words[2]) if listed.endswith("\t" + path) else None
                assert entry_at(objects, commit, path) == expected
                assert Snapshot({}, objects).entry(commit, path) == expected
                tree = folder_at(objects, commit, path)
                assert (tree is NO_TREE) == (not is_folder(expected))
                assert expected is None or is_folder(expected) or is_file(expected) == (expected.mode != "120000")


def test_of_no_commit_there_is_nothing(history):
    folder, _ = history
    with opened(folder / ".git") as objects:
        assert entry_at(objects, "", "a") is None
        assert folder_at(objects, "", "a") is NO_TREE
        assert list(changes(objects, None, None)) == []


def test_the_tree_of_a_commit_is_a_folder(history):
    folder, commits = history
    with opened(folder / ".git") as objects:
        assert tree_entry(objects, commits[0]) == Entry("40000", objects.commit(commits[0]).tree)
        assert is_folder(tree_entry(objects, commits[0]))


A, B, X = Entry("100644", "a"), Entry("100644", "b"), Entry("100755", "a")


@pytest.mark.parametrize(
    ("old", "new", "verb"),
    [
        (None, A, "added"),
        (A, None, "deleted"),
        (A, B, "edited"),
        (A, X, "replaced"),
        (A, Entry("120000", "c"), "replaced"),
    ],
)
def test_a_change_in_one_word(old, new, verb):
    assert Change("path", old, new).verb == verb


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ({}, {}, []),
        ({"a": A}, {"a": A}, []),
        ({"b": A, "a": A}, {}, ["a", "b"]),
        ({"a": A}, {"a": X, "c": A}, ["a", "c"]),
    ],
)
def test_differing(before, after, names):
    assert SmallTree(after).differing(SmallTree(before)) == names
    assert SmallTree(before).differing(SmallTree(before)) == []


@pytest.mark.parametrize(
    ("entry", "file", "folder"),
    [
        (None, False, False),
        (A, True, False),
        (X, True, False),
        (Entry("120000", "a"), False, False),
        (Entry("160000", "a"), False, False),
        (Entry("40000", "a"), False, True),
    ],
)
def test_kinds_of_entries(entry, file, folder):
    assert (is_file(entry), is_folder(entry)) == (file, folder)


def test_the_tip_of_a_ref():
    snapshot = Snapshot({"r": Target("t", "tag", "c"), "b": Target("b", "blob", "")}, None)
    assert [snapshot.tip(ref) for ref in ("r", "b", "missing")] == ["c", "", ""]

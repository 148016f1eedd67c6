"""Large trees, which are parsed where they are asked for only: the same answers as from a tree parsed as a whole.

`tests/fuzz/trees_fuzz.py` plays many more; here are the ends at which a tree can be cut off, and what looks like an entry.
"""

from __future__ import annotations

import pytest

from halfhooks.git import LARGE_TREE, read_tree
from halfhooks.large_tree import LargeTree
from halfhooks.objects import parse_tree
from halfhooks.snapshot import SmallTree
from tests.objects_test import ONE, TWO, raw

NAMES = [f"{number}-x".encode() for number in range(1000, 2000)]
MANY = raw(*(("100644", name) for name in NAMES))
ENTRY = len(MANY) // len(NAMES)
CUTS = [1, 15, 20, 21, 22, ENTRY - 3, ENTRY - 1]
"""Bytes at the end of an entry that are missing: of its id, all of it, the zero before, its name, its mode."""


def cut_off(length: int) -> LargeTree:
    return LargeTree(MANY[:-length], 20)


def test_a_tree_is_large_from_so_many_bytes_on():
    assert isinstance(read_tree(MANY[: LARGE_TREE // ENTRY * ENTRY], 20), SmallTree)
    assert isinstance(read_tree(MANY[: (LARGE_TREE // ENTRY + 1) * ENTRY], 20), LargeTree)


@pytest.mark.parametrize("length", CUTS)
def test_a_tree_that_is_cut_off_gives_what_can_be_read(length):
    whole = parse_tree(MANY[:-length], 20)
    assert cut_off(length).problem == cut_off(length).problem_since(LargeTree(MANY, 20)) == "it is cut off"
    assert list(cut_off(length).items()) == list(whole.items())
    assert len(whole.items()) == len(NAMES) - 1
    for start in ("", "1", "19", "1999", "2"):
        assert cut_off(length).names(start) == whole.names(start)
    for name in ("1000-x", "1500-x", "1998-x", "1999-x", "2000-x"):
        assert cut_off(length).get(name) == whole.get(name)


@pytest.mark.parametrize("length", CUTS)
def test_a_tree_that_is_cut_off_differs_in_what_it_lacks(length):
    whole = LargeTree(MANY, 20)
    assert cut_off(length).differing(whole) == whole.differing(cut_off(length)) == ["1999-x"]
    assert cut_off(length).differing(LargeTree(MANY[:-ENTRY], 20)) == []
    assert cut_off(length).differing(cut_off(length)) == []


def test_what_looks_like_an_entry_and_is_part_of_an_id_is_none():
    disguised = b"100644 1500-y\0" + b"\1" * 6
    tree = LargeTree(MANY + raw(("100644", b"2000-x"), oid=disguised), 20)
    assert tree.get("1500-y") is None
    assert tree.names("1500") == ["1500-x"]
    assert tree.get("2000-x").oid == disguised.hex()


def test_a_name_that_holds_a_mode_and_a_name():
    odd = raw(("100644", b"0 1500-x"), oid=TWO)
    tree = LargeTree(odd + MANY, 20)
    assert tree.get("1500-x").oid == ONE.hex()
    assert tree.get("0 1500-x").oid == TWO.hex()
    assert tree.names("0") == ["0 1500-x"]

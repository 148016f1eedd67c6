"""Raw objects: our parsers against git's own reading of real ones, and against objects that no git would write."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfhooks.objects import MalformedObject, parse_commit, parse_date, parse_tag, parse_tree
from halfhooks.snapshot import Commit, Entry
from tests.builders import run

ONE, TWO = b"\x01" * 20, b"\x02" * 20


def raw(*entries: tuple[str, bytes], oid: bytes = ONE) -> bytes:
    """A tree of (mode, name) pairs, as they come."""
    return b"".join(mode.encode() + b" " + name + b"\0" + oid for mode, name in entries)


def problem(*entries: tuple[str, bytes]) -> str:
    return parse_tree(raw(*entries), 20).problem


def git(*arguments: str, input: bytes = b"", folder: Path) -> bytes:
    return subprocess.run(["git", "-C", str(folder), *arguments], input=input, check=True, capture_output=True).stdout


@pytest.fixture(scope="module", params=["sha1", "sha256"])
def repository(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    run("git", "init", "-q", f"--object-format={request.param}", str(folder))
    return folder


NAMES = [
    b"a",
    b"a.b",
    b"a-b",
    b"a0",
    b"b",
    b"A",
    b"\xff\xfe",
    "é".encode(),
    b"x\ny",
    b"x y",
    b"x\ty",
    b'"',
    b"...",
    b"a ",
]


def test_reads_a_real_tree_as_git_does(repository):
    blob = git("hash-object", "-w", "--stdin", folder=repository).decode().strip()
    empty = git("mktree", folder=repository).decode().strip()
    modes = {"100644": blob, "100755": blob, "120000": blob, "40000": empty}
    for shift in range(4):
        kinds = [list(modes.items())[(shift + i) % 4] for i in range(len(NAMES))]
        lines = b"".join(
            f"{mode.zfill(6)} {'tree' if mode == '40000' else 'blob'} {oid}\t".encode() + name + b"\0"
            for (mode, oid), name in zip(kinds, NAMES)
        )
        tree = git("mktree", "-z", input=lines, folder=repository).decode().strip()
        parsed = parse_tree(git("cat-file", "tree", tree, folder=repository), len(tree) // 2)
        listed = git("ls-tree", "-z", tree, folder=repository).split(b"\0")[:-1]
        expected = {}
        for line in listed:
            words, _, name = line.partition(b"\t")
            mode, _, oid = words.decode().split(" ")
            expected[name.decode("utf-8", "surrogateescape")] = Entry(mode.lstrip("0"), oid)
        assert parsed.entries == expected
        assert list(parsed.entries) == list(expected)
        assert parsed.problem == ""


def test_the_empty_tree():
    assert parse_tree(b"", 20) == ({}, "")


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ([("100644", b"a"), ("100644", b"a")], "it lists 'a' twice"),
        ([("100644", b"a"), ("100644", b"a.b"), ("40000", b"a")], "it lists 'a' twice"),
        ([("100644", b"b"), ("100644", b"a")], "its entries are not sorted at 'a'"),
        ([("40000", b"a"), ("100644", b"a.b")], "its entries are not sorted at 'a.b'"),
        ([("100644", b"a/b")], "it holds an entry called 'a/b'"),
        ([("100644", b"/")], "it holds an entry called '/'"),
        ([("40000", b".")], "it holds an entry called '.'"),
        ([("40000", b"..")], "it holds an entry called '..'"),
        ([("040000", b"a")], "'a' has the mode '040000'"),
        ([("100777", b"a")], "'a' has the mode '100777'"),
        ([("", b"a")], "'a' has the mode ''"),
        ([("\u0661", b"a")], "'a' has the mode '\ufffd\ufffd'"),
    ],
)
def test_a_malformed_tree(entries, text):
    assert problem(*entries) == text


@pytest.mark.parametrize("mode", ["100644", "40000"])
def test_an_entry_without_a_name(mode):
    assert problem((mode, b"")) == "it holds an entry called ''"


@pytest.mark.parametrize(
    "name",
    [
        b".git",
        b".GIT",
        b".gIt",
        b"git~1",
        b"GIT~1",
        b".git.",
        b".git ",
        b".git. .",
        b".git:x",
        b".git::$INDEX",
        b".git\\x",
    ]
    + [text.encode() for text in (".g\u200cit", ".git\u200d", "\ufeff.git", "\uff0egit", ".\uff47it")],
)
def test_git_in_disguise(name):
    assert problem(("40000", name)).startswith("it holds an entry called '")


@pytest.mark.parametrize(
    "name",
    [b".gitignore", b".github", b"git", b".gitx", b"git~2", b"x.git", b".g", b"...", b"a:b", b".got", b"a.", b"g it"],
)
def test_innocent_names(name):
    assert problem(("100644", name)) == ""


def test_the_first_problem_is_told_and_the_rest_is_read():
    tree = parse_tree(raw(("100644", b"b"), ("100644", b"a")) + raw(("120000", b"a"), oid=TWO), 20)
    assert tree.problem == "its entries are not sorted at 'a'"
    assert tree.entries == {"b": Entry("100644", ONE.hex()), "a": Entry("100644", ONE.hex())}


@pytest.mark.parametrize("length", range(1, len(raw(("100644", b"a")))))
def test_a_tree_that_is_cut_off(length):
    whole = raw(("100644", b"a"))
    assert parse_tree(whole[:length], 20) == ({}, "it is cut off")
    assert parse_tree(whole + raw(("100644", b"b"))[:length], 20) == (
        {"a": Entry("100644", ONE.hex())},
        "it is cut off",
    )


@given(st.binary(max_size=80), st.sampled_from([20, 32]))
def test_any_bytes_give_a_tree(data, size):
    tree = parse_tree(data, size)
    for name, entry in tree.entries.items():
        assert name.encode("utf-8", "surrogateescape") in data
        assert len(entry.oid) == 2 * size
    assert tree.entries or tree.problem or not data


@given(
    st.dictionaries(
        st.binary(min_size=1, max_size=6).filter(lambda name: not set(name) & set(b"\0/.gG~\\:") and name.isascii()),
        st.sampled_from(["100644", "100755", "120000", "160000", "40000"]),
    )
)
def test_written_and_read_again(entries):
    def order(item):
        return item[0] + b"/" if item[1] == "40000" else item[0]

    tree = parse_tree(raw(*((mode, name) for name, mode in sorted(entries.items(), key=order))), 20)
    assert tree.problem == ""
    assert tree.entries == {name.decode(): Entry(mode, ONE.hex()) for name, mode in entries.items()}


# --- commits and tags


HEADER = b"tree t\nparent p\nparent q\nauthor A <a> 1 +0000\ncommitter C <c> 2 +0000\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEADER + b"\nmessage\n", Commit("X", "t", ("p", "q"), 2)),
        (b"tree t\nauthor A <a> 1 +0000\ncommitter C <c> 2 +0000\n\n", Commit("X", "t", (), 2)),
        (HEADER + b"\ntree U\nparent R\ncommitter C <c> 9 +0000\n", Commit("X", "t", ("p", "q"), 2)),
        (HEADER + b"gpgsig x\n parent R\nparent R\n\nm", Commit("X", "t", ("p", "q"), 2)),
        (HEADER + b"encoding latin1\n\n\xe9\xff", Commit("X", "t", ("p", "q"), 2)),
        (b"tree t\n", Commit("X", "t", (), 0)),
        (b"tree t", Commit("X", "t", (), 0)),
    ],
)
def test_a_commit(text, expected):
    assert parse_commit("X", text) == expected


@pytest.mark.parametrize("text", [b"", b"\n\ntree t\n", b"parent p\n\n", b"object T\ntype commit\n", b"trees T\n"])
def test_a_commit_without_a_tree(text):
    with pytest.raises(MalformedObject, match="the commit X has no tree"):
        parse_commit("X", text)


def test_a_parent_that_git_does_not_see():
    assert parse_commit("X", b"tree t\nauthor A <a> 1 +0000\nparent p\ncommitter C <c> 2 +0000\n\n").parents == ()


def test_an_id_in_capitals():
    text = b"tree ABC\nparent DEF\nauthor A <a> 1 +0000\ncommitter C <c> 2 +0000\n\n"
    assert parse_commit("X", text) == Commit("X", "abc", ("def",), 2)
    assert parse_tag(b"object aBC\ntype commit\ntag v1\n\n") == ("abc", "commit")


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        (b"A U Thor <a@b> 1767225600 +0100", 1767225600),
        (b"A <a> > <b> 5 +0000", 5),
        (b"", 0),
        (b"A <a>", 0),
        (b"A <a> x +0000", 0),
        (b"A <a> -5 +0000", 0),
        (b"A <a> \xd9\xa1 +0000", 0),
        (b"A <a> 99999999999999999999999 +0000", 0),
        (b"A <a> 999999999999999999", 999999999999999999),
    ],
)
def test_a_date(line, seconds):
    assert parse_date(line) == seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"object a\ntype commit\ntag v1\ntagger T <t> 1 +0000\n\nmessage\n", ("a", "commit")),
        (b"object a\ntype tree\ntag v1\n\nobject B\ntype commit\n", ("a", "tree")),
        (b"type commit\n", ("", "")),
        (b"", ("", "")),
        (b"tree t\n\n", ("", "")),
    ],
)
def test_a_tag(text, expected):
    assert parse_tag(text) == expected


def test_a_tag_names_what_git_says_it_names():
    text = b"object a\ntype commit\ntag v1\ntagger T <t> 1 +0000\nobject B\ntype tree\n\n"
    assert parse_tag(text) == ("a", "commit")

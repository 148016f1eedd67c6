"""Release files, and the state of a project that they and the branches describe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfhooks.layout import HALFHOOKS
from halfhooks.names import is_patch_id
from halfhooks.release import (
    FINISHED,
    LARGEST_RELEASE_FILE,
    OPEN_HOTFIX,
    PREPARATION,
    Problem,
    Project,
    newest_version,
    numbers,
    parse_lines,
)
from halfhooks.snapshot import Entry, SmallTree, Snapshot, Target
from halfhooks.version import Version, parse_version
from tests.builders import Dev, Server
from tests.opened import opened


def version(text: str) -> Version:
    parsed = parse_version(text)
    assert parsed is not None
    return parsed


# --- the text


@pytest.mark.parametrize(
    ("content", "ids", "lines", "hotfix"),
    [
        (b"", (), (), False),
        (b"\n\n", (), (), False),
        (b"1-a\n", ("1-a",), (1,), False),
        (b"2-b\n1-a\n", ("2-b", "1-a"), (1, 2), False),
        (b"# note\n\n1-a\n# note\n2-b\n", ("1-a", "2-b"), (3, 5), False),
        (b"# HOTFIX\n1-a\n", ("1-a",), (2,), True),
        (b"# HOTFIX\n", (), (), True),
        (b"#HOTFIX\n", (), (), False),
        (b"# HOTFIX \n", (), (), False),
        (b"1-a\n# HOTFIX\n", ("1-a",), (1,), False),
        ("# déjà vu\n".encode(), (), (), False),
        (b"1-a\n1-a\n", ("1-a", "1-a"), (1, 2), False),  # HH304 tells
    ],
)
def test_a_good_file(content, ids, lines, hotfix):
    assert parse_lines(content, HALFHOOKS) == (ids, lines, hotfix, ())


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (b"1-a", [(1, "does not end with a line feed")]),
        (b"1-a\n2-b", [(2, "does not end with a line feed")]),
        (b"# x", [(1, "does not end with a line feed")]),
        (b"1-a\n\r\n", [(2, "has a carriage return")]),
        (b"1-a\r\n2-b\r\n", [(1, "has a carriage return")]),
        (b"# x\r\n", [(1, "has a carriage return")]),
        (b"\xef\xbb\xbf1-a\n", [(1, "begins with a byte order mark")]),
        (b"1-a\n# \xff\n", [(2, "is not UTF-8")]),
        (b"1-a\n# \xc3\n", [(2, "is not UTF-8")]),
        (b"# \xed\xa0\x80\n", [(1, "is not UTF-8")]),
        (b"1-a\nx\n", [(2, "has a line that is no patch id: 'x'")]),
        (b"1-a \n", [(1, "has a line that is no patch id: '1-a '")]),
        (b" 1-a\n", [(1, "has a line that is no patch id: ' 1-a'")]),
        (b" # x\n", [(1, "has a line that is no patch id: ' # x'")]),
        (b"1-a\0\n", [(1, "has a line that is no patch id: '1-a\0'")]),
        ("1-a\u2028\n".encode(), [(1, "has a line that is no patch id: '1-a\u2028'")]),
        (b"1-a\f2-b\n", [(1, "has a line that is no patch id: '1-a\f2-b'")]),
        (b"1\n2\n", [(1, "has a line that is no patch id: '1'"), (2, "has a line that is no patch id: '2'")]),
        (b"x" * 200 + b"\n", [(1, f"has a line that is no patch id: '{'x' * 90}'")]),
        (b"\xef\xbb\xbfx\r\n\xff", None),
    ],
)
def test_a_bad_file(content, problems):
    found = list(parse_lines(content, HALFHOOKS).problems)
    if problems is None:
        assert {problem.line for problem in found} == {1, 2}
        assert len(found) == 5
    else:
        assert found == [Problem(*problem) for problem in problems]


def test_the_ids_around_a_bad_line_are_read():
    lines = parse_lines(b"1-a\nbad\n2-b\n", HALFHOOKS)
    assert (lines.ids, lines.numbers) == (("1-a", "2-b"), (1, 3))


def test_a_file_beyond_reason_is_not_read():
    largest = b"#" * (LARGEST_RELEASE_FILE - 1) + b"\n"
    assert parse_lines(largest, HALFHOOKS).problems == ()
    assert parse_lines(b"#" + largest, HALFHOOKS).problems == (Problem(0, "is larger than 1 MiB"),)


GOOD = re.compile(rb"(?:(?:#[^\r\n]*|[0-9]+(?:-[a-z0-9]+)+|)\n)*")
line_bytes = st.sampled_from([b"1-a", b"22-b-c", b"#", b"# x", b"", b"\r", b"\xff", b" ", b"\xef\xbb\xbf", b"1", b"A"])


@given(st.lists(line_bytes, max_size=6).map(b"\n".join) | st.binary(max_size=20))
def test_a_file_is_good_exactly_when_a_regular_expression_says_so(content):
    try:
        good = bool(GOOD.fullmatch(content)) and content.decode("utf-8") is not None
    except UnicodeDecodeError:
        good = False
    assert (parse_lines(content, HALFHOOKS).problems == ()) == good


ids = st.from_regex("[0-9]{1,4}(-[a-z0-9]{1,5}){1,3}", fullmatch=True)
comments = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=10).map("#{}".format)


@given(st.lists(ids | comments | st.just("")))
def test_written_and_read_again(lines):
    text = "".join(f"{line}\n" for line in lines)
    parsed = parse_lines(text.encode(), HALFHOOKS)
    assert parsed.problems == ()
    assert list(parsed.ids) == [line for line in lines if is_patch_id(line)]
    assert [text.split("\n")[number - 1] for number in parsed.numbers] == list(parsed.ids)


# --- what the names of the files say


FILES = ["0.9.0.txt", "0.10.0.txt", "0.10.0-hotfix2.txt", "0.10.0-hotfix10.txt", "0.11.0-rc1.txt", "0.11.0-stage.txt"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([], None),
        (FILES, "0.10.0"),
        (FILES[4:], None),
        (["README.md", "1.0.txt", "01.0.0.txt", "1.0.0.TXT"], None),
        (["0.0.0.txt"], "0.0.0"),
    ],
)
def test_the_newest_version(files, expected):
    found = newest_version(SmallTree(dict.fromkeys(files, Entry("100644", "1"))), HALFHOOKS)
    assert (found and str(found)) == expected


@pytest.mark.parametrize(
    ("of", "form", "expected"),
    [("0.10.0", "hotfix", (2, 10)), ("0.10.0", "rc", ()), ("0.11.0", "rc", (1,)), ("0.1.0", "hotfix", ())],
)
def test_the_numbers_of_a_version(of, form, expected):
    assert numbers([*FILES, "0.11.0-rc01.txt", "0.10.0-hotfix.txt"], version(of), form, HALFHOOKS) == expected


# --- the state of a project


@pytest.fixture
def hotfixed(shop: Dev) -> Dev:
    """The sample project with its production version reopened."""
    return shop.hotfix_open("0.1.0", "v0.1.0")


def project_of(server: Server, objects: object) -> Project:
    targets = {ref: objects.target(oid) for ref, oid in server.refs().items()}  # type: ignore[attr-defined]
    return Project(Snapshot(targets, objects), HALFHOOKS)  # type: ignore[arg-type]


@pytest.fixture
def state(shop: Dev) -> Iterator[Project]:
    with opened(shop.server.path) as objects:
        yield project_of(shop.server, objects)


def test_the_sample_project(state, shop):
    assert str(state.version) == "0.1.0"
    assert state.hotfix == 0
    assert state.production == shop.server.refs()["refs/heads/ho-prod"]
    assert set(state.patch_tips) == {"3-tags", "4-fix", "5-code"}
    small, large = state.open_releases()
    assert (str(small.version), small.status, small.candidates, small.stage) == ("0.1.1", PREPARATION, ("4-fix",), ())
    assert (str(large.version), large.status, large.stage) == ("0.2.0", PREPARATION, ("2-posts",))
    assert set(large.candidates) == {"3-tags", "5-code"}
    assert state.preparing() == [small, large]
    assert state.release(version("9.9.9")) is None
    assert [text for text in ("0.0.0", "0.1.0", "0.1.1", "0.2.0") if state.released(version(text))] == [
        "0.0.0",
        "0.1.0",
    ]
    assert state.contains(state.production)
    assert not state.contains(small.tip)


@pytest.mark.parametrize(
    ("patch", "listed", "candidate"),
    [("4-fix", ["0.1.1"], ["0.1.1"]), ("2-posts", ["0.2.0"], []), ("1-users", [], []), ("404-nowhere", [], [])],
)
def test_where_a_patch_is_listed(state, patch, listed, candidate):
    assert [str(release.version) for release in state.lists(patch)] == listed
    assert [str(release.version) for release in state.releases_of(patch)] == candidate


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.1.1", True), ("0.1.2", True), ("0.1.3", False), ("0.2.0", True), ("0.2.1", True), ("0.2.2", False)]
    + [("0.3.0", True), ("0.4.0", False), ("1.0.0", True), ("1.1.0", False), ("2.0.0", False), ("0.0.1", False)]
    + [("0.1.0", False)],
)
def test_which_version_may_follow(state, text, expected):
    assert state.may_follow(version(text)) == expected


def test_the_complete_list_is_the_rcs_in_order_and_then_the_stage(shop):
    shop.integrate("0.1.1", "4-fix").cut_rc("0.1.1", 1)
    shop.new_patch("0.1.1", "6-more").work_on("6-more").integrate("0.1.1", "6-more")
    with opened(shop.server.path) as objects:
        release = project_of(shop.server, objects).release(version("0.1.1"))
        assert (release.rcs, release.rc_ids, release.stage) == ((1,), ("4-fix",), ("6-more",))
        assert release.complete == ("4-fix", "6-more")


def test_a_hotfix_is_open_and_then_finished(hotfixed):
    with opened(hotfixed.server.path) as objects:
        state = project_of(hotfixed.server, objects)
        release = state.open_releases()[0]
        assert (release.version, release.status, release.hotfix) == (version("0.1.0"), OPEN_HOTFIX, True)
        assert release not in state.preparing()
        assert release.complete == release.stage == ()
    hotfixed.new_patch("0.1.0", "99-urgent").work_on("99-urgent").integrate("0.1.0", "99-urgent")
    hotfixed.promote_hotfix("0.1.0", 1)
    with opened(hotfixed.server.path) as objects:
        state = project_of(hotfixed.server, objects)
        assert (state.version, state.hotfix) == (version("0.1.0"), 1)
        release = state.release(version("0.1.0"))
        assert release is None or release.status == FINISHED
        assert version("0.1.0") not in [each.version for each in state.open_releases()]


def test_a_repository_without_production(tmp_path: Path):
    server = Server.create(tmp_path / "empty.git", guarded=False)
    with opened(server.path) as objects:
        state = Project(Snapshot({"refs/heads/main": Target("", "", "")}, objects), HALFHOOKS)
        assert state.version is None
        assert state.hotfix == 0
        assert state.open_releases() == []
        assert not state.may_follow(version("0.1.0"))
        assert not state.released(version("0.0.0"))
        assert state.release_files("").names() == []

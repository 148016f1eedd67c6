"""What the files of a patch may be called and hold: a warning while it is worked on, a refusal where it enters a release."""

from __future__ import annotations

import pytest

from tests.builders import Dev, PushResult

FOLDER = "Patches/3-tags"


def brought(shop: Dev, files: dict[str, bytes]) -> tuple[PushResult, PushResult]:
    """What becomes of files of a patch: pushed on its branch, and then merged into its release."""
    shop.switch("ho-patch/3-tags")
    for name, content in files.items():
        (shop.clone / FOLDER / name).write_bytes(content)
    working = shop.commit().push("ho-patch/3-tags")
    shop.switch("ho-release/0.2.0").git("merge", "-q", "--no-ff", "-m", "Integrate 3-tags", "ho-patch/3-tags")
    return working, shop.push("ho-release/0.2.0")


@pytest.mark.parametrize(
    ("name", "content", "place", "text"),
    [
        ("02_x.sql", b"select 1;\nselect '\xe9';\n", ":2", "is not UTF-8"),
        ("02_x.py", b"x = 1\n# \xff\n", ":2", "is not UTF-8"),
        ("02_x.py", b"x = 1\n\ny = '\0'\n", ":3", "has a NUL byte"),
        ("02_x.sql", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "", "is a Git LFS pointer"),
        ("02_x.sql", b"commit;" + b" " * 100, "", "is larger than 100 bytes (maxFileSize)"),
        ("02_x.py", b"#" + b"x" * 100, "", "is larger than 100 bytes (maxFileSize)"),
    ],
)
def test_a_file_that_cannot_be_run_as_it_stands(shop, name, content, place, text):
    shop.server.config("halfhooks.maxFileSize", "100")
    working, entering = brought(shop, {name: content})
    assert working.accepted().warnings == {"HH406"}
    assert entering.refused("HH406").codes == {"HH406"}
    for result in (working, entering):
        assert f"'{FOLDER}/{name}' {text}" in result.said
        assert f"path: {FOLDER}/{name}{place} why:" in result.said


def test_what_nobody_runs_may_hold_anything(shop):
    shop.server.config("halfhooks.maxFileSize", "100")
    working, entering = brought(shop, {"picture.png": b"\x89\0\xff" * 100, "02_x.sql": b"-" * 100})
    for result in (working, entering):
        assert not result.accepted().warnings


@pytest.mark.parametrize("name", ["02_\x07.sql", "02_\u202e.sql", "02_x.sql\n", "\u200b.txt"])
def test_a_name_that_does_not_show(shop, name):
    working, entering = brought(shop, {name: b"select 1;\n"})
    assert working.accepted().warnings == {"HH405"}
    assert "has control or other invisible characters in its name" in entering.refused("HH405").said


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["10_x.sql", "2_x.sql"], "'10_x.sql' runs before '2_x.sql'"),
        (["a_100.py", "a_20.sql", "a_3.sql"], "'a_100.py' runs before 'a_3.sql'"),
    ],
)
def test_an_order_that_nobody_expects_is_a_warning_everywhere(shop, names, text):
    for result in brought(shop, dict.fromkeys(names, b"")):
        assert result.accepted().warnings == {"HH405"}
        assert text in result.said
        assert result.said.count(" runs before ") == 1


@pytest.mark.parametrize("names", [["02_x.sql", "10_x.sql"], ["2_x.md", "10_x.md"], ["02_a.sql", "02_b.sql", "3.sql"]])
def test_an_order_that_everybody_expects(shop, names):
    for result in brought(shop, dict.fromkeys(names, b"")):
        assert not result.accepted().warnings

"""Versions: what is one, how they compare, what may follow."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfhooks.version import LARGEST, Version, parse_number, parse_version

NUMBER = "(0|[1-9][0-9]{0,5})"
numbers = st.integers(0, LARGEST)
versions = st.builds(Version, numbers, numbers, numbers)
nearly = st.text("0123456789.-+_ v\n٣²Ⅷ", max_size=12) | st.text(max_size=8)


@pytest.mark.parametrize("text", ["0.0.0", "1.2.3", "10.20.30", "999999.999999.999999"])
def test_is_a_version(text):
    assert str(parse_version(text)) == text


NO_VERSIONS = (
    "|1|1.2|1.2.3.4|1..3|.1.2|1.2.|01.2.3|1.02.3|1.2.00|-1.2.3|+1.2.3|1.2.3 | 1.2.3|1_0.2.3|1000000.0.0|v1.2.3"
    "|1.2.x|1,2,3|١.2.3|1.2.³|1.2.3\n|1.2.3\0|1.2.3-rc1"
)


@pytest.mark.parametrize("text", NO_VERSIONS.split("|"))
def test_is_no_version(text):
    assert parse_version(text) is None


@given(versions)
def test_print_and_parse(version):
    assert parse_version(str(version)) == version


@given(nearly)
def test_agrees_with_a_regular_expression(text):
    assert (parse_version(text) is not None) == bool(re.fullmatch(rf"{NUMBER}\.{NUMBER}\.{NUMBER}", text))
    assert (parse_number(text) is not None) == bool(re.fullmatch(NUMBER, text))


@given(versions, versions)
def test_compare_as_numbers(one, two):
    def padded(version):
        return ".".join(f"{part:06}" for part in version)

    assert (one < two) == (padded(one) < padded(two))


def test_compare_not_as_text():
    assert Version(0, 9, 0) < Version(0, 10, 0) < Version(1, 0, 0)


def test_successors():
    assert [str(version) for version in Version(1, 2, 3).successors()] == ["1.2.4", "1.3.0", "2.0.0"]


@given(versions)
def test_successors_follow_and_skip_nothing(version):
    patch, minor, major = version.successors()
    assert version < patch < minor < major
    assert patch[2] - 1 == version.patch
    assert minor[1:] == (version.minor + 1, 0)
    assert major == (version.major + 1, 0, 0)

"""What a person sees of a finding: narrow, printable, and nothing lost."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfhooks.report import LIMIT, WIDTH, escape, to_text, to_values, wrap
from halfhooks.rules import RULES, Finding

HOSTILE = "\x1b[31m \n\r\t\0 \u202e \u200b \u2066 \x9b \ud800 \udcff \u2028 \xa0 \u00ad ok é 日"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é 日本 '\"$(id)`", "plain é 日本 '\"$(id)`"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\0\x7f\x9b", "\\x00\\x7f\\x9b"),
        ("\u202e\u2066\u200b", "\\u202e\\u2066\\u200b"),
        ("\udcff\ud800", "\\udcff\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\xa0\u2028\u3000", "\\xa0\\u2028\\u3000"),
        ("", ""),
    ],
)
def test_escape(text, expected):
    assert escape(text) == expected


@given(st.text(st.characters()))
def test_what_is_escaped_can_be_printed(text):
    assert escape(text).isprintable()
    assert escape(text).encode("utf-8").decode("utf-8") == escape(text)
    assert (escape(text) == text) == text.isprintable()


def test_a_finding_in_full():
    finding = Finding(
        text="'releases/1.0.0.txt' was edited in 3f2c1ab; it has been fixed since v1.0.0",
        ref="refs/heads/ho-release/1.1.0",
        commit="3f2c1ab0123456789",
        path="releases/1.0.0.txt",
        line=3,
        column=7,
        help="put the change in a new patch: ho patch new 42-fix",
        code="HH301",
    )
    why = RULES["HH301"].why
    lines = to_text([finding], RULES, "nothing was pushed")
    assert lines[:5] == [
        "error[HH301]: 'releases/1.0.0.txt' was edited in 3f2c1ab; it has been",
        "  fixed since v1.0.0",
        "  ref:    refs/heads/ho-release/1.1.0",
        "  commit: 3f2c1ab012",
        "  path:   releases/1.0.0.txt:3:7",
    ]
    assert lines[5].startswith("  why:    " + why[0].lower() + why[1:20])
    assert lines[-3:] == [
        "  help:   put the change in a new patch: ho patch new 42-fix",
        "  more:   ho explain HH301",
        "halfhooks: 1 error, nothing was pushed",
    ]


def test_what_is_absent_is_not_shown_and_the_rule_has_a_hint():
    lines = to_text([Finding("bad", code="HH301")], RULES, "x")
    assert [line[2:9].strip() for line in lines if re.match("  [a-z]", line)] == ["why:", "help:", "more:"]
    assert RULES["HH301"].hint in " ".join(" ".join(lines).split())


@pytest.mark.parametrize(
    ("errors", "warnings", "summary"),
    [
        (1, 0, "halfhooks: 1 error, out"),
        (2, 0, "halfhooks: 2 errors, out"),
        (0, 1, "halfhooks: 1 warning, out"),
        (1, 2, "halfhooks: 1 error, 2 warnings, out"),
    ],
)
def test_the_last_line_counts(errors, warnings, summary):
    findings = [Finding("bad", code="HH301")] * errors + [Finding("odd", code="HH405", warning=True)] * warnings
    lines = to_text(findings, RULES, "out")
    assert lines[-1] == summary
    assert sum(line.startswith("error[") for line in lines) == errors
    assert sum(line.startswith("warning[") for line in lines) == warnings


@pytest.mark.parametrize(
    ("count", "limit", "more"), [(LIMIT, LIMIT, 0), (LIMIT + 1, LIMIT, 1), (5000, LIMIT, 4980), (3, 1, 2)]
)
def test_beyond_the_limit_findings_are_counted(count, limit, more):
    lines = to_text([Finding(f"bad {n}", code="HH301") for n in range(count)], RULES, "out", limit)
    assert sum(line.startswith("error[") for line in lines) == min(count, limit)
    assert [line for line in lines if line.startswith("...")] == ([f"... and {more} more"] if more else [])
    assert lines[-1] == f"halfhooks: {count} errors, out"


texts = st.text(max_size=120) | st.just(HOSTILE) | st.text("ab ", max_size=300)


@given(texts, texts, texts, st.sampled_from(sorted(RULES)), st.integers(0, 9))
def test_every_line_is_narrow_and_printable(text, path, ref, code, line):
    for shown in to_text([Finding(text, ref=ref, path=path, line=line, help=text, code=code)], RULES, "out"):
        assert shown.isprintable()
        assert len(shown) <= WIDTH or not shown.strip().removeprefix(f"error[{code}]: ").partition(" ")[2].strip(), (
            shown
        )


@given(st.text("abc ", max_size=300), st.sampled_from(["", "  ", " " * 10]))
def test_wrapping_loses_nothing(text, indent):
    lines = wrap(text, indent)
    assert "".join(" ".join(lines).split()) == "".join(text.split())
    assert all(line.startswith(indent) for line in lines[1:])
    for line in lines:
        assert len(line) <= WIDTH


def test_wrapping_keeps_the_indentation_of_the_first_line():
    assert wrap("    a b", "  ") == ["    a b"]
    assert wrap("", "  ") == [""]
    assert wrap("x" * 71, "  ") == ["x" * 68, "  xxx"]
    assert wrap("x" * 60 + " " + "y" * 9, "  ") == ["x" * 60 + " " + "y" * 9]
    assert wrap("x" * 60 + " " + "y" * 10, "  ") == ["x" * 60, "  " + "y" * 10]


@given(texts, texts)
def test_values_are_json(text, path):
    values = to_values([Finding(text, path=path, code="HH301"), Finding(text, code="HH405", warning=True)], RULES)
    assert json.loads(json.dumps(values)) == values
    first, second = values
    assert (first["code"], first["severity"], first["message"], first["path"]) == ("HH301", "error", text, path)
    assert (first["rule"], first["help"]) == ("release-file-immutable", RULES["HH301"].hint)
    assert second["severity"] == "warning"

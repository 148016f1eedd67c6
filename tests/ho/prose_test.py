"""What `ho` prints fits a terminal, and says the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfhooks.ho.cli import COMMANDS, load
from halfhooks.ho.commands.explain import prose, rules, text
from halfhooks.ho.prose import fitted


@given(st.text("ab \n*-", max_size=300))
def test_no_word_is_lost(written: str):
    assert fitted(written).split() == written.split()


def test_rows_keep_their_columns():
    assert fitted("NAME  " + "word " * 6, 20) == "NAME  word word word\n      word word word"


def test_an_empty_line_stays():
    assert fitted("one\ntwo\n\n  * three\n", 20) == "one two\n\n  * three\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_each_command_fits(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert [line for line in load(name).parser().format_help().splitlines() if len(line) > 80] == []


def test_the_prose_of_each_rule_fits_and_its_commands_stay():
    for rule in rules():
        page = text(rule)
        shown = prose(page)
        assert shown.split() == page.split()
        assert [line for line in shown.splitlines() if len(line) > 78 and not line.startswith("    ")] == []
        commands = [line for line in page.splitlines() if line.startswith("    ")]
        assert [line for line in shown.splitlines() if line.startswith("    ")] == commands
        assert page.count("\n\n") == shown.count("\n\n")

"""`ho explain`, and that docs/rules.md is what it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from halfhooks.ho.cli import main
from halfhooks.ho.commands import explain
from halfhooks.rules import RULES

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("code", RULES)
def test_each_rule_has_a_page(code, capsys):
    assert main(["explain", code]) == 0
    shown = capsys.readouterr().out
    assert f"{code} {RULES[code].slug}" in shown
    assert explain.text(RULES[code]).splitlines()[0] in shown
    assert f"to mend it: {RULES[code].hint}" in shown


@pytest.mark.parametrize("word", ["HH301", "hh301", "301", "release-file-immutable", "Release-File-Immutable"])
def test_a_rule_goes_by_its_code_or_its_name(word):
    assert explain.find(word) is RULES["HH301"]


@pytest.mark.parametrize(
    "typed, meant",
    [("HH3O1", "HH301"), ("hh301x", "HH301"), ("relese-file-imutable", "release-file-immutable")],
)
def test_a_mistyped_rule_names_the_nearest(typed, meant, capsys):
    assert main(["explain", typed]) == 2
    assert capsys.readouterr().err == f"halfhooks: there is no rule '{typed}'; the nearest is: ho explain {meant}\n"


def test_without_a_rule_all_are_listed(capsys):
    assert main(["explain"]) == 0
    shown = capsys.readouterr().out
    assert all(f"{rule.code}  {rule.slug}" in shown for rule in RULES.values())


def test_all_pages_in_the_order_of_their_codes(capsys):
    assert main(["explain", "--all"]) == 0
    titles = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line[:2] == "HH"]
    assert titles == sorted(RULES)


def test_each_rule_belongs_to_a_group_with_a_title():
    assert {code[:3] for code in RULES} <= set(explain.GROUPS)


def test_the_document_is_what_the_rules_say():
    written = (ROOT / "docs" / "rules.md").read_text("utf-8")
    assert written == explain.markdown(explain.rules()), "docs/rules.md is stale: make docs"

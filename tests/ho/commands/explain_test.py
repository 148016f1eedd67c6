"""`ho explain`, and that docs/rules.md is what it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from halfhooks.ho.cli import main
from halfhooks.ho.commands import explain
from halfhooks.ho.local_rules import LOCAL
from halfhooks.rules import RULES

ROOT = Path(__file__).resolve().parents[3]
ALL = {**RULES, **LOCAL}


@pytest.mark.parametrize("code", ALL)
def test_each_rule_has_a_page(code, capsys):
    assert main(["explain", code]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"{code} {ALL[code].slug}" in shown
    assert " ".join(explain.text(ALL[code]).split()) in shown
    assert f"to mend it: {ALL[code].hint}" in shown


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
    lines = [line.strip() for line in shown.splitlines()]
    for rule in ALL.values():
        assert [
            line for line in lines if line.startswith(f"{rule.code}  {rule.slug} ") and line.endswith(f"  {rule.why}")
        ]


@pytest.mark.parametrize(
    "word, first",
    [
        ("promoton", "HH107"),  # mistyped, in its slug
        ("merge", "HH113"),  # in its slug
        ("gaps", "HH201"),  # in its why
        ("squash", "HH106"),  # on its page
    ],
)
def test_a_word_finds_the_rules_that_speak_of_it(word, first, capsys):
    assert main(["explain", word]) == 2
    head, *found, last = capsys.readouterr().err.splitlines()
    assert head == f"halfhooks: there is no rule '{word}'; these come near:"
    assert found[0].split()[:2] == [first, RULES[first].slug]
    assert len(found) <= explain.MOST
    assert last == "one in full: ho explain CODE"


@pytest.mark.parametrize("typed", ["HH404", "hh404", "404"])
def test_a_code_that_is_none_names_the_nearest_of_its_group(typed, capsys):
    assert main(["explain", typed]) == 2
    assert [line.split()[0] for line in capsys.readouterr().err.splitlines()[1:-1]] == ["HH403", "HH405"]


@pytest.mark.parametrize("typed", ["zzzzqq", "HH999", ""])
def test_where_nothing_is_near_no_rule_is_named(typed, capsys):
    assert main(["explain", typed]) == 2
    said = capsys.readouterr().err
    assert said == f"halfhooks: there is no rule '{typed}', and none comes near; all of them: ho explain\n"


def test_examples_are_blocks_in_markdown():
    page = [
        "A rule.",
        "",
        "Refused::",
        "",
        "    $ one",
        "",
        "    $ two",
        "",
        "Then:",
        "",
        "Accepted::",
        "",
        "    $ three",
    ]
    refused = ["**Refused**", "", "```console", "$ one", "", "$ two", "```", ""]
    accepted = ["**Accepted**", "", "```console", "$ three", "```"]
    assert explain.fenced(page) == ["A rule.", "", *refused, "Then:", "", *accepted]
    written = explain.markdown(explain.rules())
    assert "::\n" not in written
    assert written.count("```") == 2 * (written.count("**Refused**\n") + written.count("**Accepted**\n"))


def test_all_pages_in_the_order_of_their_codes(capsys):
    assert main(["explain", "--all"]) == 0
    titles = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line[:2] == "HH"]
    assert titles == sorted(ALL)


def test_each_rule_belongs_to_a_group_with_a_title():
    assert {code[:3] for code in RULES} <= set(explain.GROUPS)


def test_the_document_is_what_the_rules_say():
    written = (ROOT / "docs" / "rules.md").read_text("utf-8")
    assert written == explain.markdown(explain.rules()), "docs/rules.md is stale: make docs"

"""The table of rules: no code twice, and a rule's name, reason and page from its function."""

from __future__ import annotations

import pytest

from halfhooks.rules import RULES
from halfhooks.rules._registry import UPDATE, rule


def some_new_rule(push):
    """A reason for it.

    The rest of the page.
    """
    yield from ()


def test_a_code_is_taken_once():
    before = dict(RULES)
    with pytest.raises(ValueError, match="HH301 is taken by release-file-immutable"):
        rule("HH301", UPDATE, hint="x")(some_new_rule)
    assert before == RULES


def test_a_rule_tells_its_name_reason_and_page():
    try:
        assert rule("HH999", UPDATE, hint="git x")(some_new_rule) is some_new_rule
        found = RULES["HH999"]
        assert (found.slug, found.why, found.hint) == ("some-new-rule", "A reason for it", "git x")
        assert "The rest of the page." in found.doc
    finally:
        RULES.pop("HH999", None)

"""The examples in the documentation of the rules are true: each is played against the sample project of sample.sh."""

from __future__ import annotations

import inspect
import re
from typing import NamedTuple

import pytest

from halfhooks.ho import cli
from halfhooks.rules import RULES
from tests.builders import Dev

SPECIFIED = {
    "HH001": "unreadable-push",
    "HH002": "shallow-push",
    "HH003": "namespace-not-allowed",
    "HH004": "not-a-commit",
    "HH005": "malformed-tree",
    "HH006": "symbolic-ref",
    "HH101": "branch-name",
    "HH102": "name-look-alike",
    "HH103": "production-branch-deleted",
    "HH104": "history-rewritten",
    "HH105": "release-branch-deleted-early",
    "HH106": "patch-branch-deleted-early",
    "HH107": "production-moves-by-promotion",
    "HH108": "release-moves-by-patches",
    "HH109": "patch-branch-origin",
    "HH110": "patch-not-candidate",
    "HH111": "patch-out-of-its-room",
    "HH112": "patch-branch-frozen",
    "HH113": "merge-adds-changes",
    "HH114": "release-finished",
    "HH201": "version-not-next",
    "HH202": "version-already-released",
    "HH203": "promotion-out-of-order",
    "HH204": "rc-number-not-next",
    "HH205": "hotfix-not-on-production",
    "HH206": "active-rc",
    "HH207": "release-behind-production",
    "HH208": "candidates-left",
    "HH209": "release-origin",
    "HH210": "tool-version-lowered",
    "HH211": "empty-release",
    "HH212": "unlisted-patch",
    "HH301": "release-file-immutable",
    "HH302": "release-file-name",
    "HH303": "release-file-format",
    "HH304": "patch-listed-twice",
    "HH305": "rc-differs-from-stage",
    "HH306": "production-list-incomplete",
    "HH307": "patch-missing",
    "HH308": "patch-not-integrated",
    "HH309": "hotfix-marker",
    "HH310": "foreign-release-file",
    "HH401": "patch-id",
    "HH402": "patch-number-taken",
    "HH403": "patch-immutable",
    "HH405": "patch-file-name",
    "HH406": "patch-file-content",
    "HH407": "patch-transaction-control",
    "HH408": "patch-mixes-transactions",
    "HH409": "patch-special-file",
    "HH501": "model-immutable",
    "HH502": "model-moves-by-promotion",
    "HH503": "schema-link",
    "HH601": "tag-immutable",
    "HH602": "tag-name",
    "HH603": "tag-not-annotated",
    "HH604": "tag-misplaced",
}
"""Every rule that a push can break, as published: neither a code nor a slug ever changes."""


class Example(NamedTuple):
    code: str
    verdict: str  # "Refused" or "Accepted"
    script: str


def examples(code: str, doc: str) -> list[Example]:
    """The blocks of `$ ` lines under `Refused::` and `Accepted::` in a rule's documentation."""
    found, verdict, lines = [], "", []
    for line in [*inspect.cleandoc(doc).splitlines(), "end"]:
        if re.fullmatch("(Refused|Accepted)::", line) or (verdict and line and not line.startswith(" ")):
            if verdict:
                assert lines, f"{code}: '{verdict}::' without a line that begins with '$ '"
                found.append(Example(code, verdict, "\n".join(lines)))
            verdict, lines = line.strip()[:-2] if line.endswith("::") else "", []
        elif verdict and line.strip():
            assert line.strip().startswith("$ "), f"{code}: not a command: {line.strip()!r}"
            lines.append(line.strip()[2:])
    return found


ALL = [example for code, rule in sorted(RULES.items()) for example in examples(code, rule.doc)]


@pytest.mark.parametrize("example", ALL, ids=[f"{e.code}-{e.verdict.lower()}-{n}" for n, e in enumerate(ALL)])
def test_example(shop: Dev, example: Example) -> None:
    result = shop.judge(example.script)
    if example.verdict == "Accepted":
        result.accepted()
    else:
        result.refused(example.code)


def test_every_specified_rule_exists_under_its_name() -> None:
    registered = {code: rule.slug for code, rule in RULES.items()}
    assert SPECIFIED.items() <= registered.items()


@pytest.mark.parametrize("code", sorted(RULES))
def test_a_rule_is_documented(code: str) -> None:
    rule = RULES[code]
    assert rule.code == code
    assert rule.why
    assert rule.why in rule.doc.splitlines()[0]
    assert rule.hint
    assert rule.scope in ("commit", "update")
    assert {e.verdict for e in ALL if e.code == code} == {"Refused", "Accepted"}


def test_a_hint_that_is_a_command_of_ours_exists() -> None:
    for rule in RULES.values():
        if rule.hint.startswith("ho "):
            name, arguments = cli.choose(rule.hint.split()[1:])
            cli.load(name).parser().parse_args(arguments)

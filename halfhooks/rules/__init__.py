"""The rules of the workflow, one function each, in one module per group."""

from __future__ import annotations

from itertools import islice

from halfhooks.rules import branches, model, patches, protocol, releases, tags, versions
from halfhooks.rules._registry import COMMIT, RULES, UPDATE, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from halfhooks.push import Push

__all__ = ["COMMIT", "RULES", "UPDATE", "Finding", "Rule", "check"]

GROUPS = (protocol, branches, versions, releases, patches, model, tags)


UNJUDGEABLE = ("HH001", "HH004", "HH005")
"""After a finding of these the other rules would read what cannot be read."""


MOST_FINDINGS = 10_000
"""Of one rule. Few are shown; a push can bring a million, and would keep the server busy with them."""


def check(push: Push, rules: Iterable[Rule] = RULES.values()) -> list[Finding]:
    """Every finding of the rules on a push, in the order of the codes; those of codes set to warn are warnings."""
    findings: list[Finding] = []
    for each in sorted(rules, key=lambda rule: rule.code):
        if any(finding.code in UNJUDGEABLE for finding in findings):
            break
        warn = each.code in push.config.warn
        for finding in islice(each.check(push), MOST_FINDINGS):
            findings.append(finding._replace(code=each.code, warning=finding.warning or warn))
    return findings

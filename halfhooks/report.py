"""Findings as people and programs read them. Everything that came from a push is escaped here, and only here."""

from __future__ import annotations

from halfhooks.names import BLANKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from halfhooks.rules import Finding, Rule

WIDTH = 70
"""Columns of a line of text: git puts `remote: ` before it, and terminals have 80."""

LONGEST = 300
"""Characters of one text that are shown. All that a push can make us write must fit into a pipe: a client that does not
read would otherwise keep us, and whoever waits for the lock."""

LIMIT = 20
"""Findings shown in full; the rest is counted."""


def escape(text: str) -> str:
    """`text` without anything that a terminal would act on: control, format and other invisible characters."""
    return "".join(c if c.isprintable() and c not in BLANKS else _spell(c) for c in text)


def shown(text: str) -> str:
    """`text` escaped, and cut where nobody would read on."""
    whole = escape(text[: LONGEST + 1])
    return whole if len(whole) <= LONGEST else whole[:LONGEST] + "..."


def _spell(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def conclude(
    findings: Sequence[Finding], remarks: Sequence[str], rules: dict[str, Rule], refused: str, accepted: str
) -> tuple[bool, list[str]]:
    """Whether findings refuse what was judged, and the lines that say so; none for no findings and no `remarks`."""
    lines = [f"halfhooks: warning: {shown(remark)}" for remark in remarks[:LIMIT]]
    stops = any(not finding.warning for finding in findings)
    return stops, lines + (to_text(findings, rules, refused if stops else accepted) if findings else [])


def to_text(findings: Sequence[Finding], rules: dict[str, Rule], outcome: str, limit: int = LIMIT) -> list[str]:
    """The lines that tell a person what was found and, as the last one, what comes of it."""
    lines: list[str] = []
    for finding in findings[:limit]:
        lines.extend(_block(finding, rules[finding.code]))
    if len(findings) > limit:
        lines.append(f"... and {len(findings) - limit} more")
    errors = sum(not finding.warning for finding in findings)
    counts = [_count(errors, "error")] if errors else []
    if len(findings) > errors:
        counts.append(_count(len(findings) - errors, "warning"))
    lines.append(f"halfhooks: {', '.join(counts)}, {outcome}")
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("s" if number != 1 else "")


def _block(finding: Finding, rule: Rule) -> list[str]:
    severity = "warning" if finding.warning else "error"
    lines = wrap(f"{severity}[{finding.code}]: {shown(finding.text)}", "  ")
    where = shown(finding.path)
    if finding.line:
        where += f":{finding.line}" + (f":{finding.column}" if finding.column else "")
    details = (
        ("ref:", shown(finding.ref)),
        ("commit:", finding.commit[:10]),
        ("path:", where),
        ("why:", rule.why[:1].lower() + rule.why[1:]),
        ("help:", shown(finding.help or rule.hint)),
        ("more:", f"ho explain {finding.code}"),
    )
    for name, value in details:
        if value:
            lines.extend(wrap(f"  {name:<7} {value}", " " * 10))
    return lines


def wrap(text: str, indent: str) -> list[str]:
    """Break a line at spaces so that none is longer than WIDTH."""
    lines, line = [], ""
    start = len(text) - len(text.lstrip(" "))
    for word in _words(text[start:], WIDTH - len(indent)):
        if line and len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = indent + word
        else:
            line = f"{line} {word}" if line else text[:start] + word
    return lines + [line]


def _words(text: str, longest: int) -> Iterator[str]:
    """The words of a text; one that fits into no line is cut."""
    for word in text.split(" "):
        for position in range(0, max(len(word), 1), longest):
            yield word[position : position + longest]


def to_values(findings: Iterable[Finding], rules: dict[str, Rule]) -> list[dict[str, object]]:
    """The findings as plain values, for JSON."""
    return [
        {
            "code": finding.code,
            "rule": rules[finding.code].slug,
            "severity": "warning" if finding.warning else "error",
            "message": finding.text,
            "ref": finding.ref,
            "commit": finding.commit,
            "path": finding.path,
            "line": finding.line,
            "column": finding.column,
            "why": rules[finding.code].why,
            "help": finding.help or rules[finding.code].hint,
        }
        for finding in findings
    ]

"""Findings in the forms that other programs read: workflow commands, Code Quality, SARIF and JUnit.

No hook imports this. Names that came from a push are escaped as for people, then as the form wants it; what is written is
ASCII wherever the form has its own escapes.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from halfhooks import __version__
from halfhooks.layout import HEADS, TAGS
from halfhooks.report import escape
from halfhooks.rules import Finding, Rule
from halfhooks.values import NamedTuple

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

Values = dict[str, object]


class Result(NamedTuple):
    """What a document tells: what was judged, in words; what was found; remarks on the policy; what comes of it."""

    words: str
    findings: Sequence[Finding]
    remarks: Sequence[str]
    outcome: str


def defused(line: str) -> str:
    """A line of text that no build log obeys.

    GitHub's runner takes a line that begins with `::`, after blanks, for a command, and `##[command]` anywhere in it;
    others know `##vso[` and `##teamcity[`. Source: actions/runner, ActionCommand.cs.
    """
    shown = re.sub(r"#(?=#\w*\[)", r"\\x23", escape(line))
    start = len(shown) - len(shown.lstrip())
    return shown[:start] + "\\x3a" + shown[start + 1 :] if shown.startswith("::", start) else shown


def level(finding: Finding) -> str:
    """`error` or `warning`: the words of GitHub, SARIF and ourselves."""
    return "warning" if finding.warning else "error"


def place(finding: Finding) -> str:
    """Where a form that insists on a file shows a finding: its path, else the name of its branch or tag."""
    return finding.path or finding.ref.removeprefix(HEADS).removeprefix(TAGS) or "."


def details(finding: Finding, rule: Rule) -> Iterator[str]:
    """The lines that tell a person all about a finding."""
    where = finding.path
    if finding.path and finding.line:
        where += f":{finding.line}" + (f":{finding.column}" if finding.column else "")
    yield escape(finding.text)
    told = (
        ("ref", finding.ref),
        ("commit", finding.commit),
        ("path", where),
        ("why", rule.why[:1].lower() + rule.why[1:]),
        ("help", finding.help or rule.hint),
    )
    yield from (f"{name}: {escape(value)}" for name, value in told if value)


def fingerprints(findings: Iterable[Finding]) -> list[str]:
    """A name for each finding that stays when the same is found again, also after lines moved; none is given twice.

    The commit is left out: of what stands at a tip it is another one after each push.
    """
    seen: Counter[str] = Counter()
    names = []
    for finding in findings:
        told = "\0".join((finding.code, finding.ref, finding.path, finding.text))
        seen[told] += 1
        counted = f"{told}\0{seen[told]}".encode("utf-8", "surrogatepass")
        names.append(hashlib.sha256(counted).hexdigest())
    return names


# --- GitHub: workflow commands


def github(result: Result, rules: dict[str, Rule]) -> list[str]:
    """Workflow commands, which GitHub shows beside the lines of a file; then, in plain, what comes of it."""
    lines = [defused(f"judged: {result.words}")]
    lines += [command("warning", escape(remark), title="halfhooks") for remark in result.remarks]
    for finding in result.findings:
        rule = rules[finding.code]
        told = "\n".join(details(finding, rule))
        where = {"file": escape(finding.path)} if finding.path else {}
        if where and finding.line:
            where["line"] = str(finding.line)
            where.update({"col": str(finding.column)} if finding.column else {})
        lines.append(command(level(finding), told, **where, title=f"{rule.code} {rule.slug}"))
    return [*lines, defused(result.outcome)]


def command(name: str, message: str, **properties: str) -> str:
    """One workflow command in one line: https://docs.github.com/actions/reference/workflow-commands-for-github-actions."""
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {listed}::{_data(message)}"


def _data(text: str) -> str:
    lines = "\n".join(escape(line) for line in text.split("\n"))
    return lines.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# --- GitLab: Code Quality


def gitlab(result: Result, rules: dict[str, Rule]) -> list[Values]:
    """A Code Quality report: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format."""
    return [
        {
            "description": f"{finding.code}: {'; '.join(details(finding, rules[finding.code]))}",
            "check_name": rules[finding.code].slug,
            "fingerprint": name,
            "severity": "minor" if finding.warning else "critical",
            "location": {"path": escape(place(finding)), "lines": {"begin": finding.line or 1}},
        }
        for finding, name in zip(result.findings, fingerprints(result.findings))
    ]


# --- SARIF


def sarif(result: Result, rules: dict[str, Rule]) -> Values:
    """A log in SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html."""
    codes = sorted(rules)
    names = fingerprints(result.findings)
    run: Values = {
        "tool": {
            "driver": {
                "name": "halfhooks",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_descriptor(rules[code]) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": escape(remark)}} for remark in result.remarks
                ],
            }
        ],
        "properties": {"judged": escape(result.words), "outcome": escape(result.outcome)},
        "results": [
            _result(finding, rules[finding.code], codes.index(finding.code), name)
            for finding, name in zip(result.findings, names)
        ],
    }
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _descriptor(rule: Rule) -> Values:
    import inspect  # takes 5 ms, which every `ho check` would pay

    page = inspect.cleandoc(rule.doc)
    return {
        "id": rule.code,
        "name": rule.slug,
        "shortDescription": {"text": rule.why},
        "fullDescription": {"text": page},
        "help": {"text": f"{page}\n\nTo mend it: {rule.hint}"},
        "defaultConfiguration": {"level": "error"},
    }


def _result(finding: Finding, rule: Rule, index: int, name: str) -> Values:
    location: Values = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(place(finding)), "uriBaseId": "%SRCROOT%"},
            "region": {
                "startLine": finding.line or 1,
                **({"startColumn": finding.column} if finding.line and finding.column else {}),
            },
        }
    }
    if finding.ref:
        location["logicalLocations"] = [{"fullyQualifiedName": escape(finding.ref), "kind": "ref"}]
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": level(finding),
        "message": {"text": "\n".join(details(finding, rule))},
        "locations": [location],
        "partialFingerprints": {"halfhooks/v1": name},
        "properties": {"ref": escape(finding.ref), "commit": finding.commit},
    }


def _uri(path: str) -> str:
    """A path as a relative URI, byte by byte, as git has it."""
    return quote(path.encode("utf-8", "surrogateescape"), safe="/")


# --- JUnit


def junit(result: Result, rules: dict[str, Rule]) -> str:
    """A report as JUnit's: each rule is a test case, which fails where it found an error; what only warns is its output."""
    from xml.etree import ElementTree  # like `inspect`: no other form needs it

    cases = {code: ElementTree.Element("testcase", classname="halfhooks", name=_title(rules[code])) for code in rules}
    for code in sorted({finding.code for finding in result.findings}):
        found = [finding for finding in result.findings if finding.code == code]
        errors = [finding for finding in found if not finding.warning]
        warnings = [finding for finding in found if finding.warning]
        if errors:
            more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
            failure = ElementTree.SubElement(cases[code], "failure", type=code)
            failure.set("message", escape(errors[0].text) + more)
            failure.text = _paragraphs(errors, rules[code])
        if warnings:
            ElementTree.SubElement(cases[code], "system-out").text = _paragraphs(warnings, rules[code])
    failed = sum(case.find("failure") is not None for case in cases.values())
    counts = {"tests": str(len(cases)), "failures": str(failed), "errors": "0", "skipped": "0"}
    top = ElementTree.Element("testsuites", {"name": "halfhooks", **counts})
    suite = ElementTree.SubElement(top, "testsuite", {"name": "ho check", **counts})
    told = ElementTree.SubElement(suite, "properties")
    for name, value in (("judged", result.words), ("outcome", result.outcome)):
        ElementTree.SubElement(told, "property", name=name, value=escape(value))
    suite.extend(cases[code] for code in sorted(cases))
    if result.remarks:
        ElementTree.SubElement(suite, "system-out").text = "\n".join(map(escape, result.remarks))
    written: bytes = ElementTree.tostring(top, "us-ascii", xml_declaration=True)
    return written.decode("ascii")


def _title(rule: Rule) -> str:
    return f"{rule.code} {rule.slug}"


def _paragraphs(findings: Iterable[Finding], rule: Rule) -> str:
    return "\n\n".join("\n".join(details(finding, rule)) for finding in findings)


# --- files


def write_whole(file: Path, text: str) -> None:
    """Write a file so that nobody ever sees a part of it; an OSError where that fails, and the file is as it was.

    What is there and is no regular file, such as a pipe, is written to.
    """
    if file.exists() and not file.is_file():
        file.write_text(text, "utf-8")
        return
    target = Path(os.path.realpath(file))
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

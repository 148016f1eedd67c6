"""What other programs read: whatever a pushed name holds, it stays where it belongs."""

from __future__ import annotations

import json
import os
import re
import stat
import string
from pathlib import Path
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfhooks import __version__
from halfhooks.ho import formats
from halfhooks.ho.formats import Result
from halfhooks.rules import RULES, Finding

FINDING = Finding(
    text="'releases/1.0.0.txt' was edited in 3f2c1ab; it has been fixed since v1.0.0",
    ref="refs/heads/ho-release/1.1.0",
    commit="3f2c1ab0123456789",
    path="releases/1.0.0.txt",
    line=3,
    column=7,
    help="put the change in a new patch",
    code="HH301",
)
NOWHERE = Finding("nobody may", ref="refs/heads/ho-prod", commit="ab" * 20, code="HH103")
ODD = Finding("10_x comes before 2_x", path="Patches/1-a", code="HH405", warning=True)
RESULT = Result("all of it", [FINDING, NOWHERE, ODD], ["a remark"], "halfhooks: 2 errors, 1 warning, refused")
CLEAN = Result("all of it", [], [], "halfhooks: clean")

PIECES = [
    "::",
    "##[",
    "]",
    "set-output",
    "stop-commands",
    "error",
    " ",
    "\n",
    "\r",
    "\t",
    "%",
    "%0A",
    "%3A",
    ":",
    ",",
    "=",
    "\\",
]
PIECES += [
    "]]>",
    "&",
    "<",
    ">",
    '"',
    "'",
    "\x00",
    "\x1b[31m",
    "\ufffe",
    "\U000e0041",
    "\u2028",
    "\x85",
    "\x0c",
    "\udcff",
    "é",
    "日",
]
PIECES += [
    "##vso[",
    "##teamcity[",
    "a",
    "releases/",
    "#",
    "::stop-commands::x",
    "::set-output name=a::b",
    "##[add-mask]a",
]
names = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4).map(os.fsdecode)).map("".join)
findings = st.builds(
    Finding,
    text=names,
    ref=names,
    commit=st.text(string.hexdigits, max_size=40),
    path=names,
    line=st.integers(0, 9),
    column=st.integers(0, 9),
    help=names,
    warning=st.booleans(),
    code=st.sampled_from(sorted(RULES)),
)
results = st.builds(
    Result, words=names, findings=st.lists(findings, max_size=4), remarks=st.lists(names), outcome=names
)


# --- logs


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("::error::x", "\\x3a:error::x"),
        ("  ::stop-commands::x", "  \\x3a:stop-commands::x"),
        ("\t::error::x", "\\t::error::x"),
        ("a ::error::x", "a ::error::x"),
        ("a ##[error]x", "a \\x23#[error]x"),
        ("###[error]x", "#\\x23#[error]x"),
        ("##vso[task.x]", "\\x23#vso[task.x]"),
        ("## heading #[x]", "## heading #[x]"),
    ],
)
def test_a_line_is_no_command(line, shown):
    assert formats.defused(line) == shown


def obeyed(line: str) -> bool:
    """Whether GitHub's runner may take a line for a command."""
    return line.lstrip().startswith("::") or "##[" in line


@given(names)
def test_no_line_is_a_command(name):
    assert not obeyed(formats.defused(name))
    assert formats.defused(name).isprintable()


# --- GitHub


def test_workflow_commands():
    judged, remark, first, second, third, last = formats.github(RESULT, RULES)
    assert judged == "judged: all of it"
    assert remark == "::warning title=halfhooks::a remark"
    assert first.startswith(
        "::error file=releases/1.0.0.txt,line=3,col=7,title=HH301 release-file-immutable::"
        "'releases/1.0.0.txt' was edited in 3f2c1ab; it has been fixed since v1.0.0%0A"
        "ref: refs/heads/ho-release/1.1.0%0Acommit: 3f2c1ab0123456789%0Apath: releases/1.0.0.txt:3:7%0Awhy: "
    )
    assert first.endswith("%0Ahelp: put the change in a new patch")
    assert second.startswith(
        "::error title=HH103 production-branch-deleted::nobody may%0Aref: refs/heads/ho-prod%0Acommit: abab"
    )
    assert third.startswith("::warning file=Patches/1-a,title=HH405 patch-file-name::")
    assert last == "halfhooks: 2 errors, 1 warning, refused"
    assert formats.github(CLEAN, RULES) == ["judged: all of it", "halfhooks: clean"]


def test_a_pushed_name_is_no_command():
    path = "a\n::set-output name=x::y\r%0A,line=9::stop-commands::z"
    (_, line, _) = formats.github(CLEAN._replace(findings=[Finding(path, path=path, code="HH301")]), RULES)
    assert "\n" not in line and "\r" not in line
    assert line.startswith(
        "::error file=a\\n%3A%3Aset-output name=x%3A%3Ay\\r%250A%2Cline=9%3A%3Astop-commands%3A%3Az,title=HH301"
    )


def read_command(line: str) -> tuple[str, dict[str, str], str]:
    """A command as the runner reads it."""
    head, message = re.fullmatch("::(.*?)::(.*)", line).groups()
    name, _, listed = head.partition(" ")
    properties = dict(pair.split("=", 1) for pair in listed.split(",") if pair)
    undo = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}

    def read(text: str) -> str:
        return re.sub("%(?:0D|0A|3A|2C|25)", lambda found: undo[found[0]], text)

    return name, {key: read(value) for key, value in properties.items()}, read(message)


@given(results)
def test_only_our_own_lines_are_commands(result):
    lines = formats.github(result, RULES)
    ours = lines[1:-1]
    assert len(ours) == len(result.remarks) + len(result.findings)
    assert not any(map(obeyed, (lines[0], lines[-1])))
    for line in lines:
        assert line.isprintable()
    for line, remark in zip(ours, result.remarks):
        assert read_command(line) == ("warning", {"title": "halfhooks"}, formats.escape(remark))
    for line, finding in zip(ours[len(result.remarks) :], result.findings):
        name, properties, message = read_command(line)
        assert name == formats.level(finding)
        assert properties.pop("title") == f"{finding.code} {RULES[finding.code].slug}"
        assert properties.pop("file", "") == formats.escape(finding.path)
        assert properties.keys() <= {"line", "col"}
        assert message.split("\n") == list(formats.details(finding, RULES[finding.code]))


# --- GitLab


def test_code_quality():
    first, second, third = formats.gitlab(RESULT, RULES)
    assert first["check_name"] == "release-file-immutable"
    assert str(first["description"]).startswith("HH301: 'releases/1.0.0.txt' was edited in 3f2c1ab; it has been")
    assert (first["severity"], third["severity"]) == ("critical", "minor")
    assert first["location"] == {"path": "releases/1.0.0.txt", "lines": {"begin": 3}}
    assert second["location"] == {"path": "ho-prod", "lines": {"begin": 1}}
    assert f"ref: refs/heads/ho-prod; commit: {'ab' * 20}" in str(second["description"])
    assert formats.gitlab(CLEAN, RULES) == []


@given(results)
def test_each_entry_of_code_quality_is_whole(result):
    entries = json.loads(json.dumps(formats.gitlab(result, RULES)))
    assert len(entries) == len({entry["fingerprint"] for entry in entries}) == len(result.findings)
    for entry in entries:
        assert entry.keys() == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["location"]["path"] and entry["location"]["lines"]["begin"] >= 1
        assert entry["description"].isprintable() and entry["location"]["path"].isprintable()
        assert re.fullmatch("[0-9a-f]{64}", entry["fingerprint"])


def test_a_fingerprint_stays_where_a_commit_or_a_line_changes():
    (one,) = formats.fingerprints([FINDING])
    assert formats.fingerprints([FINDING._replace(commit="1" * 40, line=9)]) == [one]
    for other in (FINDING._replace(path="x"), FINDING._replace(ref="x"), FINDING._replace(text="x"), ODD):
        assert formats.fingerprints([other]) != [one]
    twice = formats.fingerprints([FINDING, FINDING])
    assert twice[0] == one != twice[1]


# --- SARIF


def check_sarif(document: object) -> None:
    """What the schema of SARIF 2.1.0 requires, and beyond it what GitHub does, written out for what we use."""
    assert isinstance(document, dict)
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "halfhooks"
    assert re.fullmatch(r"\d+\.\d+\.\d+", driver["semanticVersion"])
    codes = [rule["id"] for rule in driver["rules"]]
    assert len(codes) == len(set(codes))
    for rule in driver["rules"]:
        assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))
        assert rule["defaultConfiguration"]["level"] == "error"
    for invocation in run["invocations"]:
        assert invocation["executionSuccessful"] is True
        assert all(note["message"]["text"] is not None for note in invocation["toolExecutionNotifications"])
    for result in run["results"]:
        assert codes[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning")
        assert isinstance(result["message"]["text"], str)
        assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert re.fullmatch(r"(?:[\w./~-]|%[0-9A-F]{2})+", physical["artifactLocation"]["uri"], re.ASCII)
        assert physical["region"]["startLine"] >= 1
        assert physical["region"].get("startColumn", 1) >= 1


def test_sarif():
    document = formats.sarif(RESULT, RULES)
    check_sarif(document)
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["version"] == __version__
    assert [rule["id"] for rule in rules] == sorted(RULES)
    (rule,) = (rule for rule in rules if rule["id"] == "HH301")
    assert rule["name"] == "release-file-immutable"
    assert rule["shortDescription"]["text"] == RULES["HH301"].why
    assert RULES["HH301"].hint in rule["help"]["text"]
    first, second, third = run["results"]
    assert (first["ruleId"], first["level"], third["level"]) == ("HH301", "error", "warning")
    assert first["message"]["text"].startswith("'releases/1.0.0.txt' was edited")
    assert first["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "releases/1.0.0.txt", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 3, "startColumn": 7},
            },
            "logicalLocations": [{"fullyQualifiedName": "refs/heads/ho-release/1.1.0", "kind": "ref"}],
        }
    ]
    assert second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "ho-prod"
    assert "commit: abab" in second["message"]["text"]
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == "a remark"
    check_sarif(formats.sarif(CLEAN, RULES))


@given(results)
def test_sarif_is_whole_whatever_the_names_hold(result):
    document = json.loads(json.dumps(formats.sarif(result, RULES)))
    check_sarif(document)
    for shown, finding in zip(document["runs"][0]["results"], result.findings):
        uri = shown["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert unquote_to_bytes(uri) == os.fsencode(formats.place(finding))
        shown["message"]["text"].encode("utf-8")


# --- JUnit


def test_junit():
    top = ElementTree.fromstring(formats.junit(RESULT, RULES))
    (suite,) = top
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert list(cases) == [f"{code} {RULES[code].slug}" for code in sorted(RULES)]
    for element in (top, suite):
        assert [element.get(key) for key in ("tests", "failures", "errors", "skipped")] == [
            str(len(RULES)),
            "2",
            "0",
            "0",
        ]
    failure = cases["HH301 release-file-immutable"].find("failure")
    assert failure.get("message") == FINDING.text
    assert failure.get("type") == "HH301"
    assert failure.text.splitlines()[1] == "ref: refs/heads/ho-release/1.1.0"
    warned = cases["HH405 patch-file-name"]
    assert warned.find("failure") is None
    assert warned.find("system-out").text.startswith("10_x comes before 2_x\n")
    assert suite.find("system-out").text == "a remark"
    assert {told.get("name"): told.get("value") for told in suite.iter("property")} == {
        "judged": "all of it",
        "outcome": "halfhooks: 2 errors, 1 warning, refused",
    }
    assert ElementTree.fromstring(formats.junit(CLEAN, RULES)).get("failures") == "0"


def test_many_findings_of_a_rule_are_one_failure():
    result = RESULT._replace(findings=[FINDING, FINDING._replace(text="another"), FINDING._replace(text="third")])
    (failure,) = ElementTree.fromstring(formats.junit(result, RULES)).iter("failure")
    assert failure.get("message").endswith(" (and 2 more)")
    assert "\n\nanother\n" in failure.text and "\n\nthird\n" in failure.text


@given(results)
def test_junit_parses_whatever_the_names_hold(result):
    text = formats.junit(result, RULES)
    assert text.isascii()
    top = ElementTree.fromstring(text)
    failed = {finding.code for finding in result.findings if not finding.warning}
    assert {failure.get("type") for failure in top.iter("failure")} == failed
    shown = "\n".join(element.text or "" for element in top.iter() if element.tag in ("failure", "system-out"))
    for finding in result.findings:
        assert formats.escape(finding.text) in shown


# --- files


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path):
    file = tmp_path / "report.json"
    formats.write_whole(file, "one\n")
    formats.write_whole(file, "two\n")
    assert file.read_text() == "two\n"
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~mask
    with pytest.raises(UnicodeEncodeError):
        formats.write_whole(file, "three \ud800")
    assert file.read_text() == "two\n"
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    with pytest.raises(OSError):
        formats.write_whole(tmp_path / "nowhere" / "report.json", "x")


def test_a_link_stays_and_a_device_is_written_to(tmp_path: Path):
    (tmp_path / "link").symlink_to("file")
    formats.write_whole(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "file").read_text() == "text"
    formats.write_whole(Path(os.devnull), "text")
    assert Path(os.devnull).is_char_device()

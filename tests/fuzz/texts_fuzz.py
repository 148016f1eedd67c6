"""Release files against a regular expression, and configuration as git reads it: only values of the right type."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path
from typing import Optional

from halfhooks.config import PARSERS, Config, is_free, make_config, parse_config
from halfhooks.git import parse_pairs
from halfhooks.layout import HALFHOOKS
from halfhooks.release import parse_lines
from tests.fuzz.harness import mutated

GOOD = re.compile(rb"(?:(?:#[^\r\n]*|(?=[^\n]{1,80}\n)[0-9]+(?:-[a-z0-9]+)+|)\n)*")
LISTS = [b"1-a\n2-b-c\n", b"# HOTFIX\n7-x\n", b"\n# note\n\n10-ten\n", b""]
PIECES = [
    b"\n",
    b"\r\n",
    b"#",
    b"# HOTFIX\n",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xc3\xa9",
    b" ",
    b"-",
    b"A",
    b"1",
    b"12-x\n",
    b"\0",
    b"\xe2\x80\xa8",
]
CONF = b"""[halfhooks]
	root = a/b
	freePaths = docs/**, README.md
	warn = HH301
	lockWait = 5
	uniqueNumbers
[halfhooks "project"]
	tests = pytest
"""
WORDS = [
    b"=",
    b"\n",
    b"[",
    b"]",
    b'"',
    b"\\",
    b";",
    b"#",
    b"**",
    b"*",
    b"?",
    b"/",
    b"..",
    b",",
    b"HH405",
    b"true",
    b"10m",
    b"\xff",
    b"\t",
]
WORDS += [f"\t{field} = ".encode() for field, _ in PARSERS.values()] + [
    b"allow",
    b"refuse",
    b"off",
    b"0",
    b"-1",
    b"apply",
]


def list_complaint(content: bytes) -> Optional[str]:
    lines = parse_lines(content, HALFHOOKS)
    try:
        content.decode()
        good = bool(GOOD.fullmatch(content))
    except UnicodeDecodeError:
        good = False
    if bool(lines.problems) == good:
        return f"{lines}, and the regular expression says {good}"
    if good:
        expected = [line for line in content.decode().split("\n") if line and not line.startswith("#")]
        if list(lines.ids) != expected or lines.hotfix != content.startswith(b"# HOTFIX\n"):
            return f"read as {lines}"
    return None


def config_complaint(pairs: list[tuple[str, str]]) -> Optional[str]:
    fields, problems = parse_config(pairs)
    config = make_config(fields)
    defaults = Config()
    for field in Config._fields:
        if type(getattr(config, field)) is not type(getattr(defaults, field)):
            return f"{field} is {getattr(config, field)!r}"
    if len(fields) + len(problems) > len(pairs) or (pairs and not fields and not problems):
        return f"{len(fields)} fields and {len(problems)} problems"
    if config.root and (config.root.startswith("/") or not config.root.endswith("/") or ".." in config.root.split("/")):
        return f"root is {config.root!r}"
    for path in ("releases/x", "Patches/1-a/b", "model/schema.sql", "halfhooks.conf"):
        if is_free(config.root + path if path != "halfhooks.conf" else path, config):
            return f"{path} is free under {config.freePaths}"
    return None


def play(rng: random.Random, folder: Path) -> tuple[int, Optional[str]]:
    for n in range(400):
        content = mutated(rng, rng.choice(LISTS), PIECES)
        wrong = list_complaint(content)
        if wrong:
            return n, f"release file {content!r}: {wrong}"
    for n in range(30):
        text = mutated(rng, CONF, WORDS, most=6)
        (folder / "conf").write_bytes(text)
        done = subprocess.run(["git", "config", "--file", "conf", "-z", "--list"], cwd=folder, capture_output=True)
        wrong = config_complaint(parse_pairs(done.stdout)) if done.returncode == 0 else None
        if wrong:
            return n, f"configuration {text!r}: {wrong}"
    return 430, None

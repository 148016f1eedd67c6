"""Ref-update lines and ref names: our parsers against regular expressions over the same bytes."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Optional

from halfhooks.collect import Unreadable, parse_updates
from halfhooks.layout import HALFHOOKS
from halfhooks.names import fold, parse_ref
from halfhooks.report import escape
from tests.fuzz.harness import mutated

LINES = re.compile(rb"(?:(?:[0-9a-f]{40} [0-9a-f]{40}|[0-9a-f]{64} [0-9a-f]{64}) [^\n]+\n)*")
NUMBER = "(0|[1-9][0-9]{0,5})"
VERSION = rf"{NUMBER}\.{NUMBER}\.{NUMBER}"
FORMS = {
    "production branch": re.compile("refs/heads/ho-prod"),
    "release branch": re.compile(f"refs/heads/ho-release/{VERSION}"),
    "patch branch": re.compile(r"refs/heads/ho-patch/(?=.{1,80}\Z)[0-9]+(-[a-z0-9]+)+"),
    "release tag": re.compile(f"refs/tags/v{VERSION}(-(rc|hotfix|abandoned)[1-9][0-9]{{0,5}})?"),
}
REFS = [
    *(
        "refs/heads/ho-prod",
        "refs/heads/ho-release/1.2.3",
        "refs/heads/ho-patch/12-a-b",
        "refs/heads/main",
        "refs/heads/HEAD",
    ),
    *(
        "refs/tags/v1.2.3",
        "refs/tags/v1.2.3-rc4",
        "refs/tags/v1.2.3-hotfix1",
        "refs/tags/x",
        "refs/notes/x",
        "refs/heads/hop",
    ),
]
PIECES = [
    *(
        b" ",
        b"\n",
        b"\0",
        b"\r",
        b"/",
        b"-",
        b".",
        b"0",
        b"12",
        b"a",
        b"A",
        b"HO-",
        b"ho-",
        b"refs/",
        b"-rc1",
        b"\xff",
        b"\x1b",
    ),
    *(text.encode() for text in "\u2010\u2212\u200b\u0301\u0435\u03bf\uff48\u0661\u00e9\u3164\u202e"),
]


def name_complaint(ref: str) -> Optional[str]:
    parsed = parse_ref(ref, HALFHOOKS)
    expected = [kind for kind, form in FORMS.items() if form.fullmatch(ref)]
    if expected not in ([], [parsed.kind]) or (not expected and parsed.kind in FORMS):
        return f"{parsed.kind}, and not {expected}"
    name = ref.partition("/")[2].partition("/")[2]
    if ref.startswith("refs/heads/") and parsed.kind == "branch" and fold(name).startswith("ho-"):
        return "folds to a name of the workflow, and is an ordinary branch"
    if not escape(ref).isprintable():
        return "cannot be printed"
    return None


def lines_complaint(data: bytes) -> Optional[str]:
    refs = [line.partition(b" ")[2].partition(b" ")[2] for line in data.split(b"\n")[:-1]]
    well_formed = LINES.fullmatch(data) and b"\0" not in data and len(set(refs)) == len(refs)
    try:
        updates = parse_updates(data)
    except Unreadable as error:
        return f"refused: {error}" if well_formed else None
    if not well_formed:
        return "accepted"
    again = "".join(
        f"{u.old or '0' * len(u.new or 40 * '0')} {u.new or '0' * len(u.old or 40 * '0')} {u.ref}\n" for u in updates
    )
    written = again.encode("utf-8", "surrogateescape")
    if b" " + b"0" * 64 not in data and b"0" * 64 + b" " not in data and written != data:
        return f"read as {again!r}"
    return None


def play(rng: random.Random, folder: Path) -> tuple[int, Optional[str]]:
    for n in range(500):
        ref = mutated(rng, rng.choice(REFS).encode(), PIECES)
        wrong = name_complaint(ref.decode("utf-8", "surrogateescape"))
        if wrong:
            return n, f"{ref!r}: {wrong}"
        size = rng.choice((20, 20, 32))
        ids = [rng.choice((rng.randbytes(size), bytes(size))).hex() for _ in range(4)]
        one, two = rng.sample(REFS, 2)
        lines = f"{ids[0]} {ids[1]} {one}\n{ids[2]} {ids[3]} {two}\n"
        data = mutated(rng, lines.encode(), PIECES, most=2)
        wrong = lines_complaint(data)
        if wrong:
            return n, f"{data!r}: {wrong}"
    return 1000, None

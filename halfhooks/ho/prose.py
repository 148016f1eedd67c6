"""Texts that fit a terminal, whatever the lines of the source are."""

from __future__ import annotations

import re
from collections.abc import Iterator

WIDTH = 80
"""Prose is wrapped at so many columns."""


def wrapped(text: str, first: str = "", rest: str = "", width: int = WIDTH) -> list[str]:
    """The lines of a paragraph, the first after one text, the others after another; a long word stays whole."""
    import textwrap  # dear, and most commands say nothing that is long

    lines = textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return lines or [first.rstrip()]


def fitted(text: str, width: int = WIDTH) -> str:
    """A text whose paragraphs are wrapped anew. Lines that are indented, or are rows, are wrapped by themselves."""
    return "\n".join(row for line in _paragraphs(text) for row in _fitted_line(line, width))


def _paragraphs(text: str) -> Iterator[str]:
    """The lines of a text, those of a paragraph joined."""
    joined = ""
    for line in text.split("\n"):
        plain = bool(line) and not line.startswith((" ", "* ", "|")) and not _column(line)
        if plain:
            joined = f"{joined} {line}" if joined else line
            continue
        if joined:
            yield joined
            joined = ""
        yield line
    if joined:
        yield joined


def _fitted_line(line: str, width: int) -> list[str]:
    if len(line) <= width or line.startswith("|"):
        return [line]
    start, column = len(line) - len(line.lstrip()), _column(line)
    if column:
        return wrapped(line[column:], line[:column], " " * column, width)
    hang = 2 if line.startswith("* ") else start
    return wrapped(line.strip(), " " * start, " " * hang, width)


def _column(line: str) -> int:
    """Where the second column of a row begins, 0 for a line that is none."""
    match = re.match(r"\s*\S.*?\s{2,}(?=\S)", line)
    return match.end() if match else 0

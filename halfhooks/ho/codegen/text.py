"""Texts of the database as literals of Python. Whatever they hold, they stay texts: nothing of them is ever code.

Which characters are shown as they are comes from a fixed version of Unicode, so that every Python writes the same bytes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

WIDTH = 100
LONGEST_COMMENT = 20_000
PLAIN = re.compile(r"[ !#-\[\]-~]*")
"""What every literal can hold as it is."""
HIDDEN = re.compile(r"C.|Z[lps]")


def literal(text: str) -> str:
    """A text as Python writes it, with double quotes where that needs no escapes."""
    if PLAIN.fullmatch(text):
        return f'"{text}"'
    plain = _escaped(text)
    if '"' not in plain:
        shown = f'"{plain}"'
    elif "'" not in plain:
        shown = f"'{plain}'"
    else:
        shown = '"' + plain.replace('"', '\\"') + '"'
    return shown


def docstring(lines: Sequence[str], indent: str = "") -> str:
    """A docstring of these lines: paragraphs, broken where they are too long, in which nothing can end the literal."""
    broken = [part for line in lines for part in _broken(line)]
    while broken and not broken[-1]:
        broken.pop()
    escaped = [line if PLAIN.fullmatch(line) else _escaped(line) for line in broken] or [""]
    safe = [line.replace('"""', '\\"\\"\\"') for line in escaped]
    if len(safe) == 1 and not safe[0].endswith('"'):
        shown = f'{indent}"""{safe[0]}"""'
    else:
        rest = [f"{indent}{line}" if line else "" for line in safe[1:]]
        shown = "\n".join([f'{indent}"""{safe[0]}', *rest, f'{indent}"""'])
    return shown


def paragraphs(comment: str) -> list[str]:
    """The lines of a comment, without blanks at their ends and without empty ones around them."""
    cut = comment if len(comment) <= LONGEST_COMMENT else comment[:LONGEST_COMMENT] + " ..."
    lines = [line.rstrip().expandtabs(4) for line in cut.replace("\r\n", "\n").split("\n")]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def one_line(comment: str) -> str:
    """A comment as one line, each run of blanks as one."""
    return " ".join(" ".join(paragraphs(comment)).split())


def _broken(line: str) -> list[str]:
    text = line.rstrip()
    if len(text) <= WIDTH:
        return [text]
    import textwrap

    start = text[: len(text) - len(text.lstrip(" "))]
    return textwrap.wrap(text, WIDTH, subsequent_indent=start, break_on_hyphens=False, replace_whitespace=False)


def _escaped(text: str) -> str:
    return "".join(map(_character, text))


def _character(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character == " " or not HIDDEN.fullmatch(unicodedata.ucd_3_2_0.category(character)):
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")

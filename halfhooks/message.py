"""The reference to a patch's ticket in the message of a commit: put in once, and where it belongs."""

from __future__ import annotations

from halfhooks.values import NamedTuple

SCISSORS = "------------------------ >8 ------------------------"
"""What git puts below a message when it shows the changes too: all that follows is cut off (git-commit(1))."""
AUTOSQUASH = ("fixup! ", "squash! ", "amend! ")
"""How a message begins that `git rebase --autosquash` will fold into another one."""


class Parts(NamedTuple):
    """A message file: what will be the message, and the comments below it, which git takes out."""

    body: list[str]
    below: list[str]


def refer(text: str, reference: str, comment: str = "#") -> str:
    """The text of a message file with a line `reference` in it; as it is where the message has it already, or is empty.

    The line is the last paragraph, or the one before the trailers (`Signed-off-by: ...`), so that these stay together.
    `comment` is what a comment begins with (core.commentChar).
    """
    parts = split(text, comment)
    said = [line for line in parts.body if not line.startswith(comment)]
    if not any(line.strip() for line in said) or parts.body[0].startswith(AUTOSQUASH) or _has(said, reference):
        return text
    body = parts.body
    while body and not body[-1].strip():
        body = body[:-1]
    start = _trailers(body)
    lines = [*body[:start], reference, "", *body[start:]] if start < len(body) else [*body, "", reference]
    return "\n".join([*lines, *(["", *parts.below] if parts.below else []), ""])


def split(text: str, comment: str) -> Parts:
    """A message file in two: the comments at its end, with what stands below a pair of scissors, are no message."""
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    end = next((i for i, line in enumerate(lines) if line == f"{comment} {SCISSORS}"), len(lines))
    while end and (not lines[end - 1].strip() or lines[end - 1].startswith(comment)):
        end -= 1
    below = lines[end:]
    while below and not below[0].strip():
        below = below[1:]
    return Parts(lines[:end], below)


def _has(lines: list[str], reference: str) -> bool:
    """Whether the last word of a reference (`#12`) stands in a text by itself: not as the beginning of `#123`."""
    word = reference.split()[-1]
    for line in lines:
        before, found, after = line.partition(word)
        while found:
            if not after[:1].isalnum() and not before[-1:].isalnum():
                return True
            before, found, after = after.partition(word)
    return False


def _trailers(lines: list[str]) -> int:
    """Where the trailers at the end of a message begin; its length where it has none. The subject is never one."""
    start = len(lines)
    while start and lines[start - 1].strip():
        start -= 1
    block = lines[start:]
    return start if start and block and all(_is_trailer(line) for line in block) else len(lines)


def _is_trailer(line: str) -> bool:
    """`Token: value`, or the continuation of one (git-interpret-trailers(1))."""
    token, colon, _ = line.partition(": ")
    return line[:1] in " \t" or bool(colon and token and token.replace("-", "").isalnum() and token.isascii())

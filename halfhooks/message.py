"""The reference to a patch's ticket in the message of a commit: put in once, and where it belongs."""

from __future__ import annotations

from halfhooks.values import NamedTuple

SCISSORS = "------------------------ >8 ------------------------"
"""What git puts below a message when it shows the changes too: all that follows is cut off (git-commit(1))."""
AUTOSQUASH = ("fixup! ", "squash! ", "amend! ")
"""How a message begins that `git rebase --autosquash` will fold into another one."""
PICKED = "(cherry picked from commit "
"""What `git cherry-pick -x` adds; git counts it among the trailers."""


class Parts(NamedTuple):
    """A message file: what will be the message, and the comments below it, which git takes out."""

    body: list[str]
    below: list[str]


def refer(text: str, reference: str, comment: str = "#") -> str:
    """The text of a message file with a line `reference` in it; as it is where the message has it already, or is empty.

    The line is the last paragraph, or the one before the trailers (`Signed-off-by: ...`), so that these stay together; a
    trailer itself, it is the last of them. `comment` is what a comment begins with (core.commentChar).
    """
    body, below = split(text, comment)
    said = [line for line in body if line.strip() and not line.startswith(comment)]
    if not said or said[0].startswith(AUTOSQUASH) or _has(said, reference):
        return text
    if reference.startswith(comment):
        reference = f"Refs {reference}"
    start = _trailers(body)
    if start == len(body):
        lines = [*body, "", reference]
    elif _is_trailer(reference):
        lines = [*body, reference]
    else:
        lines = [*body[:start], reference, "", *body[start:]]
    return "\n".join([*lines, *(["", *below] if below else []), ""])


def is_untouched(text: str, template: str, comment: str) -> bool:
    """Whether a message says no more than the template that it began with: git gives up then (commit.template)."""

    def said(text: str) -> list[str]:
        lines = (line.rstrip() for line in split(text, comment).body)
        return [line for line in lines if line and not line.startswith((comment, "Signed-off-by: "))]

    return said(text) == said(template)


def split(text: str, comment: str) -> Parts:
    """A message file in two: the comments at its end, with what stands below a pair of scissors, are no message."""
    lines = text.removesuffix("\n").split("\n")
    end = next((i for i, line in enumerate(lines) if line == f"{comment} {SCISSORS}"), len(lines))
    while end and (not lines[end - 1].strip() or lines[end - 1].startswith(comment)):
        end -= 1
    start = end
    while start < len(lines) and not lines[start].strip():
        start += 1
    return Parts(lines[:end], lines[start:])


def _has(lines: list[str], reference: str) -> bool:
    """Whether a reference stands in a text by itself, or its last word (`#12`): not as the beginning of `#123`."""
    word = reference.split()[-1]
    if word.isdigit():
        word = reference
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
    are_trailers = any(line.strip() for line in lines[:start]) and all(map(_is_trailer, lines[start:]))
    return start if are_trailers else len(lines)


def _is_trailer(line: str) -> bool:
    """`Token: value`, or the continuation of one (git-interpret-trailers(1))."""
    token, colon, _ = line.partition(": ")
    is_token = bool(colon and token and token.replace("-", "").isalnum() and token.isascii())
    return is_token or line[:1] in " \t" or line.startswith(PICKED)

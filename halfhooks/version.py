"""Versions of a project: X.Y.Z, compared as integers."""

from __future__ import annotations

from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

LARGEST = 999_999


class Version(NamedTuple):
    """A version `X.Y.Z`; tuples compare as the specification wants: by major, then minor, then patch."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def successors(self) -> tuple[Version, Version, Version]:
        """The three versions that may follow this one: the next patch, minor and major."""
        return (
            Version(self.major, self.minor, self.patch + 1),
            Version(self.major, self.minor + 1, 0),
            Version(self.major + 1, 0, 0),
        )


def parse_version(text: str) -> Optional[Version]:
    """The version that `text` writes, or None. ASCII digits, no leading zeros, each part <= 999999."""
    parts = [parse_number(part) for part in text.split(".")]
    if len(parts) != 3 or None in parts:
        return None
    major, minor, patch = parts
    assert major is not None and minor is not None and patch is not None
    return Version(major, minor, patch)


def parse_number(text: str) -> Optional[int]:
    """The number that `text` writes in ASCII digits without leading zeros, or None.

    `int()` and `str.isdigit()` alone would also take digits of other scripts.
    """
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(LARGEST)):
        return None
    if text[0] == "0" and text != "0":
        return None
    return int(text)

"""The names that a workflow gives to branches, tags, patches and release files: parse and print them."""

from __future__ import annotations

from halfhooks.layout import CANDIDATES, HEADS, STAGE, TAGS
from halfhooks.values import NamedTuple
from halfhooks.version import Version, parse_number, parse_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Optional

    from halfhooks.layout import Form, Layout

PRODUCTION_BRANCH = "production branch"
RELEASE_BRANCH = "release branch"
PATCH_BRANCH = "patch branch"
RELEASE_TAG = "release tag"
BAD_PATCH_ID = "patch branch without a patch id"
UNKNOWN_BRANCH = "unknown workflow branch"
UNKNOWN_TAG = "unknown workflow tag"
LOOK_ALIKE = "look-alike"
BRANCH = "branch"
TAG = "tag"
OTHER = "other"

POLICED_BRANCHES = (PRODUCTION_BRANCH, RELEASE_BRANCH, PATCH_BRANCH)

LONGEST_PATCH_ID = 80

DASHES = "\u02d7\u2043\u2053\u2212\u2796\u30fc"
"""Characters that look like a dash, besides those of the category dash punctuation."""
BLANKS = "\u115f\u1160\u3164\uffa0\u2800"
"""Letters and symbols that show nothing: Hangul fillers, the empty Braille pattern."""


class RefName(NamedTuple):
    """What a ref's name says. `form` and `number` belong to release tags, `meant` (the workflow name) to look-alikes."""

    kind: str
    version: Optional[Version] = None
    form: str = ""
    number: int = 0
    patch: str = ""
    meant: str = ""

    @property
    def policed(self) -> bool:
        """Whether new commits on this ref are examined one by one."""
        return self.kind in POLICED_BRANCHES


class FileName(NamedTuple):
    """What the name of a release file says: `0.2.0-rc1.txt` is form "rc", number 1 of version 0.2.0."""

    version: Version
    form: str
    number: int = 0

    @property
    def mutable(self) -> bool:
        """Whether the file is one of those that change while a release is prepared."""
        return self.form in (CANDIDATES, STAGE)


def parse_ref(ref: str, layout: Layout) -> RefName:
    """Classify a full ref name; every name is of exactly one kind."""
    if ref.startswith(HEADS):
        return _parse_branch(ref[len(HEADS) :], layout)
    if ref.startswith(TAGS):
        return _parse_tag(ref[len(TAGS) :], layout)
    return RefName(OTHER)


def _parse_branch(name: str, layout: Layout) -> RefName:
    if name == layout.production:
        return RefName(PRODUCTION_BRANCH)
    if name.startswith(layout.release):
        version = parse_version(name[len(layout.release) :])
        return RefName(RELEASE_BRANCH, version) if version else RefName(UNKNOWN_BRANCH)
    if name.startswith(layout.patch):
        patch = name[len(layout.patch) :]
        return RefName(PATCH_BRANCH if is_patch_id(patch) else BAD_PATCH_ID, patch=patch)
    if name.startswith(layout.reserved):
        meant = _resembles_one(name, layout, (layout.production, layout.release, layout.patch))
        return RefName(LOOK_ALIKE, meant=meant) if meant else RefName(UNKNOWN_BRANCH)
    if name == "HEAD" or name.startswith("refs/"):
        return RefName(LOOK_ALIKE, meant=name)
    meant = resembles(name, layout)
    return RefName(LOOK_ALIKE, meant=meant) if meant else RefName(BRANCH)


def _parse_tag(name: str, layout: Layout) -> RefName:
    if name.startswith(layout.reserved):
        return RefName(LOOK_ALIKE, meant=name)
    if name.startswith(layout.tag) and name[len(layout.tag) :][:1].isdigit() and name.isascii():
        version, form, number = _parse_form(name[len(layout.tag) :], layout.tags)
        return RefName(RELEASE_TAG, version, form, number) if version else RefName(UNKNOWN_TAG)
    meant = resembles(name, layout) or _resembles_tag(name, layout)
    return RefName(LOOK_ALIKE, meant=meant) if meant else RefName(TAG)


def parse_file_name(name: str, layout: Layout) -> Optional[FileName]:
    """What the name of a file directly below `releases/` says, or None for any other name."""
    version, form, number = _parse_form(name, layout.files)
    return FileName(version, form, number) if version else None


def release_file(version: Version, form: str, layout: Layout, number: int = 0) -> str:
    """The name of a release file: `release_file(0.2.0, "rc", layout, 1)` is `0.2.0-rc1.txt`."""
    return str(version) + _print_form(dict(layout.files)[form], number)


def release_tag(version: Version, form: str, layout: Layout, number: int = 0) -> str:
    """The name of a release tag: `release_tag(0.2.0, "rc", layout, 1)` is `v0.2.0-rc1`."""
    return layout.tag + str(version) + _print_form(dict(layout.tags)[form], number)


def _print_form(form: Form, number: int) -> str:
    before, after = form
    return before if after is None else f"{before}{number}{after}"


def _parse_form(text: str, forms: tuple[tuple[str, Form], ...]) -> tuple[Optional[Version], str, int]:
    """Split a version from the form that follows it; (None, "", 0) when there is no such form."""
    for form, (before, after) in forms:
        if after is None:
            head, found, number = text[: len(text) - len(before)], text.endswith(before), 0
        else:
            head, found, digits = _cut_number(text, before, after)
            number = parse_number(digits) or 0
            found = found and number > 0
        version = parse_version(head) if found else None
        if version:
            return version, form, number
    return None, "", 0


def _cut_number(text: str, before: str, after: str) -> tuple[str, bool, str]:
    head, separator, rest = text.partition(before)
    if not separator or not rest.endswith(after):
        return "", False, ""
    return head, True, rest[: len(rest) - len(after)]


def is_patch_id(text: str) -> bool:
    """Whether `text` is a patch id: `[0-9]+(-[a-z0-9]+)+`, at most 80 characters, ASCII only."""
    if len(text) > LONGEST_PATCH_ID or not text.isascii():
        return False
    number, *slug = text.split("-")
    return number.isdigit() and bool(slug) and all(word.isalnum() and word == word.lower() for word in slug)


def patch_number(patch: str) -> int:
    """The ticket number of a patch id; `007-a` and `7-b` share it."""
    return int(patch.partition("-")[0])


def resembles(name: str, layout: Layout) -> str:
    """The workflow branch name that `name` could be mistaken for, or "".

    Folded: compatibility forms, case, every dash, invisible and combining characters, digits of other scripts.
    Letters that remain foreign (a Cyrillic o) stand for any one letter, provided some letter is an ASCII one.
    """
    return _resembles_one(name, layout, (layout.production, layout.release, layout.patch, layout.reserved))


def _resembles_one(name: str, layout: Layout, forms: tuple[str, ...]) -> str:
    folded = fold(name)
    if folded == name and name.isascii():
        return ""
    for form in forms:
        whole = form == layout.production
        if _same_shape(folded, form, whole=whole):
            return form if whole else form + folded[len(form) :]
    return ""


def _resembles_tag(name: str, layout: Layout) -> str:
    folded = fold(name)
    length = len(layout.tag)
    if (folded == name and name.isascii()) or not folded[length : length + 1].isdigit():
        return ""
    if folded.startswith(layout.tag):
        return folded
    version = _parse_form(folded[length:], layout.tags)[0]
    return layout.tag + folded[length:] if version and not folded[:length].isascii() else ""


def _same_shape(folded: str, form: str, whole: bool) -> bool:
    if len(folded) < len(form) or (whole and len(folded) != len(form)):
        return False
    pairs = list(zip(folded, form))
    matches = all(a == b or (not a.isascii() and b.isalpha()) for a, b in pairs)
    return matches and any(a == b and b.isalpha() for a, b in pairs)


def fold(name: str) -> str:
    """`name` as a reader in a hurry sees it; a plain lower-case ASCII name folds to itself."""
    if name.isascii():
        return name.lower()
    from unicodedata import category, decimal, normalize

    characters = []
    for character in normalize("NFKD", normalize("NFKC", name).casefold()):
        kind = category(character)
        if kind == "Pd" or character in DASHES:
            characters.append("-")
        elif kind == "Nd":
            characters.append(str(decimal(character)))
        elif kind not in ("Cf", "Mn", "Me", "Cc", "Zs", "Cs") and character not in BLANKS:
            characters.append(character)
    return "".join(characters)


def nearest(word: str, choices: Iterable[str]) -> str:
    """The choice with the smallest edit distance to `word`; the first one where several are as near, "" for none."""
    return min(choices, key=lambda choice: distance(word.lower(), choice.lower()), default="")


def distance(a: str, b: str) -> int:
    """Levenshtein's distance, by the two-row method."""
    a, b = a[:100], b[:100]
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (x != y)))
    return row[-1]

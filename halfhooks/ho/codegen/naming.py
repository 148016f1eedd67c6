"""Names of the database as names of Python: valid, readable, the same in every run, and never two alike."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from keyword import iskeyword
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

HASH_LENGTHS = (6, 12, 64)
SIGNS = re.compile(r"\W", re.ASCII)


def identifier(name: str) -> str:
    """An ASCII identifier that resembles `name`: accents go, blanks and signs become `_`, other letters `uXXXX`."""
    if name.isascii():
        text = SIGNS.sub("_", name)
    else:
        text = "".join(_ascii(character) for character in unicodedata.ucd_3_2_0.normalize("NFKD", name))
    if not text or text[0].isdigit():
        text = "_" + text
    return text + "_" if iskeyword(text) else text


def _ascii(character: str) -> str:
    if character.isascii():
        return SIGNS.sub("_", character)
    return "" if unicodedata.ucd_3_2_0.combining(character) else f"u{ord(character):x}"


def is_attribute(name: str) -> bool:
    """Whether every Python reaches an attribute of just this name: it takes identifiers in their normal form."""
    if not name.isidentifier() or iskeyword(name):
        return False
    return name.isascii() or (_is_old(name) and unicodedata.ucd_3_2_0.normalize("NFKC", name) == name)


def _is_old(name: str) -> bool:
    """Whether all characters are so old that every version of Python knows the same of them."""
    return all(unicodedata.ucd_3_2_0.category(character) != "Cn" for character in name)


def attribute(name: str) -> str:
    """The name of a column as an attribute: itself where that is possible."""
    if is_attribute(name) and not name.startswith("__"):
        return name
    return identifier(name.lstrip("_") if name.startswith("__") else name)


def module(name: str) -> str:
    """The name of a relation or of a part of a schema's name as a module: in lower case, for systems without case."""
    text = identifier(name).lower()
    return text + "_" if iskeyword(text) or (text.startswith("__") and text.endswith("__")) else text


def camel_case(name: str) -> str:
    """A relation's class, in which half_orm looks for it: the runs of letters and digits, each with a capital."""
    words, start = [], True
    for character in name.lower():
        if not character.isalnum():
            start = True
            continue
        words.append(character.upper() if start else character)
        start = False
    return "".join(words)


def class_name(name: str) -> str:
    """`camel_case` where that is a name of Python, else something like it."""
    text = camel_case(name)
    if is_attribute(text) or iskeyword(text):
        return text + "_" if iskeyword(text) else text
    text = camel_case(identifier(name)) or "_"
    if text[0].isdigit():
        text = "_" + text
    return text + "_" if iskeyword(text) else text


def allocate(
    wanted: Mapping[Key, Sequence[str]],
    taken: Collection[str] = (),
    exact: Collection[Key] = (),
    fold: Callable[[str], str] = str,
) -> dict[Key, str]:
    """A name for each key, of its candidates the first that nobody else wants.

    Of several that want the same, those in `exact` keep it; all others go on to their next candidate, and in the end to
    one with a hash of their key: so no name depends on the order, and another one hardly ever moves it.
    """

    def candidate(key: Key, number: int) -> str:
        names = wanted[key]
        return names[number] if number < len(names) else _hashed(key, names[-1], HASH_LENGTHS[number - len(names)])

    used = {fold(name) for name in taken}
    first = {fold(names[0]) for names in wanted.values()}
    if len(first) == len(wanted) and used.isdisjoint(first):
        return {key: names[0] for key, names in wanted.items()}
    level = dict.fromkeys(wanted, 0)
    while True:
        current = {key: fold(candidate(key, number)) for key, number in level.items()}
        count = Counter(current.values())
        kept = {current[key] for key in exact if key in current and level[key] == 0}
        move = [
            key
            for key, name in current.items()
            if name in used or (count[name] > 1 and not (name in kept and key in exact and level[key] == 0))
        ]
        if not move:
            return {key: candidate(key, number) for key, number in level.items()}
        for key in move:
            level[key] += 1


def _hashed(key: Hashable, name: str, length: int) -> str:
    return f"{name}_{hashlib.sha256(repr(key).encode('utf-8', 'surrogatepass')).hexdigest()[:length]}"

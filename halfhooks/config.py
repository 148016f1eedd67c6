"""The policy of a project: `halfhooks.conf`, overridden by the repository's own git configuration (workflow: section 6).

git parses the syntax; here the keys and values that it found are checked and given their types.
"""

from __future__ import annotations

from halfhooks.layout import HALFHOOKS, WORKFLOWS
from halfhooks.names import nearest
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Callable

    from halfhooks.layout import Layout

SECTION = "halfhooks."
NO_CLASSES = "none"
"""The value of `codegenTarget` in a project that wants no classes."""
LOCK_MODES = ("share", "share row exclusive", "exclusive", "access exclusive")
"""The locks of PostgreSQL that keep somebody from writing to a table, weakest first; the last one from reading too."""
NEVER_WARN = ("HH001", "HH002", "HH003", "HH004", "HH005", "HH006")


class Config(NamedTuple):
    """The policy that a push is judged by; the fields are the keys of `halfhooks.conf`."""

    workflow: str = HALFHOOKS.workflow
    root: str = ""
    freePaths: tuple[str, ...] = ()
    otherRefs: str = "allow"
    allowNamespaces: tuple[str, ...] = ()
    uniqueNumbers: bool = True
    patchRewrite: str = "allow"
    warn: tuple[str, ...] = ()
    validation: str = "off"
    lockWait: int = 30
    maxFileSize: int = 10 << 20
    package: str = ""
    database: str = ""
    python: str = ""
    tests: str = "pytest"
    onCommit: str = "check"
    onPush: str = "check"
    timeLimit: int = 1800
    locks: str = "warn"
    lockMode: str = LOCK_MODES[0]
    ticket: str = "Refs #"
    fetch: bool = False
    codegenTarget: str = "half_orm"
    codegenSchemas: tuple[str, ...] = ()
    codegenExclude: tuple[str, ...] = ()
    codegenTests: str = ""
    codegenName: tuple[tuple[str, str], ...] = ()
    codegenType: tuple[tuple[str, str], ...] = ()

    def layout(self) -> Layout:
        """Where the workflow keeps its files in this project."""
        return WORKFLOWS[self.workflow]._replace(root=self.root)

    def package_folder(self) -> str:
        """The folder of the package for generated classes, as seen from the top; "" where none are wanted."""
        if not self.package or self.codegenTarget == NO_CLASSES:
            return ""
        folder, slash, name = self.package.rpartition("/")
        return self.root + folder + slash + name.replace(".", "/")

    def package_name(self) -> str:
        """The package for generated classes as it is imported, "" for none."""
        return self.package.rpartition("/")[2]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _text(text: str) -> str:
    return text


def _choice(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be {' or '.join(allowed)}")
        return text

    return parse


def _boolean(text: str) -> bool:
    """The words that git takes for a boolean: see git-config(1), "boolean"."""
    if text.lower() in ("true", "yes", "on", "1"):
        return True
    if text.lower() in ("false", "no", "off", "0", ""):
        return False
    raise ValueError("must be true or false")


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise ValueError("must be a number of seconds")
    return int(text)


def _size(text: str) -> int:
    """Bytes, with git's suffixes k, m and g."""
    unit = {"k": 10, "m": 20, "g": 30}.get(text[-1:].lower(), 0)
    digits = text[:-1] if unit else text
    if not (digits.isascii() and digits.isdigit() and len(digits) < 12):
        raise ValueError("must be a size in bytes, such as 10m")
    return int(digits) << unit


def _root(text: str) -> str:
    folder = text.removeprefix("./").strip("/")
    if any(part in ("", ".", "..") for part in folder.split("/")) and folder:
        raise ValueError("must be a folder inside the repository")
    return folder + "/" if folder else ""


def _folder(text: str) -> str:
    return _root(text).rstrip("/")


def _package(text: str) -> str:
    if text.startswith("/") or ".." in text.split("/"):
        raise ValueError("must be a folder inside the repository")
    return text


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """One pair: a name of the database may hold a `=`, what it is to be called in Python cannot."""
    name, equals, value = (part.strip() for part in text.rpartition("="))
    if text.strip() and not (name and equals and value):
        raise ValueError("must be NAME=VALUE")
    return ((name, value),) if name else ()


def _free_paths(text: str) -> tuple[str, ...]:
    patterns = _words(text)
    for pattern in patterns:
        if pattern.startswith(("/", "!")):
            raise ValueError(f"'{pattern}' must be a path from the top of the repository")
    return patterns


def _codes(text: str) -> tuple[str, ...]:
    codes = _words(text)
    for code in codes:
        if code in NEVER_WARN:
            raise ValueError(f"'{code}' cannot be set to warn")
        if not (len(code) == 5 and code.startswith("HH") and code[2:].isdigit()):
            raise ValueError(f"'{code}' is no code")
    return codes


PARSERS: dict[str, tuple[str, Callable[[str], object]]] = {
    "workflow": ("workflow", _choice(*WORKFLOWS)),
    "root": ("root", _root),
    "freepaths": ("freePaths", _free_paths),
    "otherrefs": ("otherRefs", _choice("allow", "refuse")),
    "allownamespaces": ("allowNamespaces", _words),
    "uniquenumbers": ("uniqueNumbers", _boolean),
    "patchrewrite": ("patchRewrite", _choice("allow", "refuse")),
    "warn": ("warn", _codes),
    "validation": ("validation", _choice("off")),
    "lockwait": ("lockWait", _seconds),
    "maxfilesize": ("maxFileSize", _size),
    "project.package": ("package", _package),
    "project.database": ("database", _text),
    "project.python": ("python", _text),
    "project.tests": ("tests", _text),
    "project.oncommit": ("onCommit", _choice("check", "apply")),
    "project.onpush": ("onPush", _choice("check", "validate-release", "validate")),
    "project.timelimit": ("timeLimit", _seconds),
    "project.locks": ("locks", _choice("off", "warn", "refuse")),
    "project.lockmode": ("lockMode", _choice(*LOCK_MODES)),
    "project.ticket": ("ticket", _text),
    "project.fetch": ("fetch", _boolean),
    "project.codegentarget": ("codegenTarget", _text),
    "project.codegenschemas": ("codegenSchemas", _words),
    "project.codegenexclude": ("codegenExclude", _words),
    "project.codegentests": ("codegenTests", _folder),
    "project.codegenname": ("codegenName", _pairs),
    "project.codegentype": ("codegenType", _pairs),
}
"""Each key as git prints it (lower case, without our section), its field in `Config`, and what reads its value."""
SEVERAL = ("codegenName", "codegenType")
"""The fields whose keys may stand there several times, and all of them count."""


def _shown(key: str) -> str:
    """A known key as documents write it."""
    section, dot, _ = key.rpartition(".")
    return f"{SECTION}{section}{dot}{PARSERS[key][0]}"


def parse_config(pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, object], list[str]]:
    """The fields that the keys set, and what is wrong with the others, in words.

    Keys outside our section are not ours to judge. The last of several equal keys counts, as for git, but for `SEVERAL`.
    """
    fields: dict[str, object] = {}
    problems = []
    for key, value in pairs:
        if not key.startswith(SECTION):
            problems.append(f"'{key}' is no key of halfhooks: they begin with '{SECTION}'")
            continue
        known = PARSERS.get(key[len(SECTION) :])
        if known is None:
            near = nearest(key[len(SECTION) :], PARSERS)
            problems.append(f"'{key}' is no key of halfhooks; the nearest is '{_shown(near)}'")
            continue
        field, parse = known
        try:
            parsed, before = parse(value), fields.get(field)
            if field in SEVERAL and isinstance(parsed, tuple) and isinstance(before, tuple):
                parsed = before + parsed
            fields[field] = parsed
        except ValueError as error:
            problems.append(
                f"'{_shown(key[len(SECTION) :])} = {value}' {error}"
                if "'" not in str(error)
                else f"in '{key}', {error}"
            )
    return fields, problems


def make_config(fields: Mapping[str, object]) -> Config:
    """A `Config` with the given fields, as `parse_config` found them, and defaults for the others."""
    return Config()._replace(**fields)  # type: ignore[arg-type]


def is_free(path: str, config: Config) -> bool:
    """Whether `freePaths` names a path. What the workflow itself rests on can never be free."""
    if not any(matches(path.split("/"), pattern.split("/")) for pattern in config.freePaths):
        return False
    layout = config.layout()
    folders = tuple(layout.root + folder + "/" for folder in layout.folders())
    return path != layout.policy and not path.startswith(folders) and path + "/" not in folders


def matches(path: list[str], pattern: list[str]) -> bool:
    """Whether a path, cut at its slashes, matches a pattern: `*` and `?` within a name, `**` across names.

    Every prefix of the pattern is held against every prefix of the path, so no pattern takes longer than their product.
    """
    reached = {0}
    for part in pattern:
        if part == "**":
            reached = set(range(min(reached), len(path) + 1)) if reached else reached
        else:
            reached = {i + 1 for i in reached if i < len(path) and _name_matches(path[i], part)}
    return len(path) in reached


def _name_matches(name: str, pattern: str) -> bool:
    reached = {0}
    for character in pattern:
        if character == "*":
            reached = set(range(min(reached), len(name) + 1)) if reached else reached
        else:
            reached = {i + 1 for i in reached if i < len(name) and character in ("?", name[i])}
    return len(name) in reached

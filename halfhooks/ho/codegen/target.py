"""What a target is: values in, files out. A plug-in offers one by the entry point group `halfhooks.codegen`.

    [options.entry_points]
    halfhooks.codegen =
        mine = my_package.my_target

The entry point is a module, or anything else, with the one function of `Target`. It reads and writes nothing: what is
there already it learns from `Request.existing`, and what it returns `halfhooks.ho.codegen.write` puts in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Callable, Optional, Protocol, cast

from halfhooks.ho.codegen.model import Schema
from halfhooks.names import nearest
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

GROUP = "halfhooks.codegen"
FOLDER = "halfhooks.ho.codegen.targets"
OURS = ("half_orm", "typeddict")
TESTS = {"half_orm": "half_orm_tests"}
"""The targets that write tests for what another one writes, into a folder of their own."""
DEFAULT = "half_orm"


class Request(NamedTuple):
    """What is to be made.

    `package` is the dotted name of the Python package that the files are below. `existing` gives the text of a file of
    the package by its path in there, None for one that is missing. `names` and `types` are what the project overrides,
    by `schema.relation` and `schema.relation.column`; `types` also by `schema.type`.
    """

    schema: Schema
    package: str
    existing: Callable[[str], Optional[str]] = lambda path: None
    names: Mapping[str, str] = {}
    types: Mapping[str, str] = {}
    config: str = ""


class File(NamedTuple):
    """A file of the package: its path, with slashes, and its text, in which `regions` may hold places for users.

    `keep`: what is there already stays, whoever wrote it. `adopts`: the target has read what is there, made by another
    tool, and everything in it that a person wrote is in `text`. `help` says what to do where somebody else's is in the way.
    """

    path: str
    text: str
    keep: bool = False
    adopts: bool = False
    help: str = "move it away, or --exclude its relation"


class Output(NamedTuple):
    """The files, and what people should know, a line each."""

    files: tuple[File, ...]
    remarks: tuple[str, ...] = ()


class Target(Protocol):
    """What an entry point of the group leads to."""

    def generate(self, request: Request) -> Output:
        """The files of a schema; fails with `CannotTell`. The same request gives the same answer, byte for byte."""


def find_target(name: str) -> Target:
    """The target of a name: ours, or that of an installed plug-in; `CannotTell` where there is none."""
    if name in OURS or name in TESTS.values():
        return cast(Target, import_module(f"{FOLDER}.{name}"))
    plugins = _plugins()
    if name not in plugins:
        known = [*OURS, *sorted(plugins)]
        raise CannotTell(f"there is no target '{name}'; the nearest is: --target {nearest(name, known)}")
    try:
        found = plugins[name].load()
    except Exception as error:
        raise CannotTell(f"the target '{name}' cannot be loaded: {type(error).__name__}: {error}") from error
    if not callable(getattr(found, "generate", None)):
        raise CannotTell(f"the target '{name}' has no function 'generate': it is not made for this version")
    return cast(Target, found)


def _plugins() -> dict[str, Any]:
    from importlib.metadata import entry_points

    found: Any = entry_points()  # Python 3.9 gives a mapping, 3.10 and newer can select
    group = found.select(group=GROUP) if hasattr(found, "select") else found.get(GROUP, ())
    return {point.name: point for point in group}

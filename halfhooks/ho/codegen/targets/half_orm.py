"""Classes for half_orm 0.17 and 1.x: one module a relation, `<package>/<schema>/<relation>.py`, with places for users.

The layout, the names of classes and the three regions are those of half_orm_dev, so that its projects can be taken over.
What a module shares with others does not change with the schema, and a module names others for type checkers only.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Optional

from halfhooks.ho.codegen.model import Name
from halfhooks.ho.codegen.regions import cut, read_seal
from halfhooks.ho.codegen.target import File, Output, Request
from halfhooks.ho.codegen.targets.half_orm_module import Writer, apart
from halfhooks.ho.codegen.targets.half_orm_names import (
    SUPPORT,
    Named,
    addressable,
    is_half_orm_dev,
    is_wanted,
    name_all,
)
from halfhooks.ho.codegen.targets.half_orm_support import STUB
from halfhooks.ho.codegen.targets.half_orm_support import SUPPORT as SUPPORT_TEXT
from halfhooks.ho.codegen.text import docstring, literal


def generate(request: Request) -> Output:
    """The package of a schema."""
    chosen = [relation for relation in request.schema.relations if is_wanted(relation)]
    relations = [relation for relation in chosen if addressable(relation)]
    named = name_all(request, relations)
    package = _package(request)
    lines = "; ".join(line for line in package.splitlines() if line.startswith(("from", "MODEL")))
    files = [
        File("__init__.py", package, keep=_has_model(request.existing("__init__.py")), help=f"add to it: {lines}"),
        File(f"{SUPPORT}.py", SUPPORT_TEXT),
        File(f"{SUPPORT}.pyi", STUB),
        *_folders(request, named),
        *(_module(request, each, named) for each in named.values()),
    ]
    remarks = [
        f"no module for {literal(relation.label)}: half_orm takes no dots and quotes in names, and no empty rows"
        for relation in chosen
        if relation not in relations
    ]
    return Output(tuple(sorted(files)), tuple(sorted(remarks)))


def _package(request: Request) -> str:
    config = request.config or request.package.split(".")[0]
    return f'''\
"""The model of the database, and below this package a class for each of its relations."""

from {request.package}.{SUPPORT} import connect

MODEL = connect({literal(config)}, __name__)
'''


def _has_model(text: Optional[str]) -> bool:
    """Whether the package's own module, whoever wrote it, offers what ours need."""
    try:
        tree = ast.parse(text or "")
    except (SyntaxError, ValueError):
        return False
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    aliases = (alias for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names)
    return "MODEL" in names or any("MODEL" in (alias.name, alias.asname) for alias in aliases)


def _folders(request: Request, named: Mapping[Name, Named]) -> Iterator[File]:
    """The `__init__` of each folder; it lists nothing, so no patch changes it."""
    folders = {each.path.rpartition("/")[0]: each.relation.schema for each in named.values()}
    comments = dict(request.schema.comments)
    parents = {parent: "" for folder in folders for parent in _parents(folder)}
    for folder, schema in sorted({**parents, **folders}.items()):
        about = f"The relations of the schema {schema}." if schema else "Schemas with a dot in their names."
        yield File(f"{folder}/__init__.py", docstring([about, *apart(comments.get(schema, ""))]) + "\n", keep=True)


def _parents(folder: str) -> list[str]:
    parts = folder.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts))]


# --- one module


def _module(request: Request, named: Named, all_named: Mapping[Name, Named]) -> File:
    old = request.existing(named.path)
    pieces = cut(old) if old is not None else None
    regions = list(pieces.regions) if pieces and len(pieces.regions) == 3 else ["\n", "", ""]
    text = Writer(request, named, all_named, regions).text()
    return File(named.path, text, adopts=old is not None and _is_foreign(old))


def _is_foreign(text: str) -> bool:
    """Whether half_orm_dev has made a module, and nobody since."""
    pieces = cut(text)
    if read_seal(text) or not is_half_orm_dev(text) or pieces is None:
        return False
    return "MODEL.get_relation_class(" in pieces.generated[1] or "ho_baseclasses.BC_" in pieces.generated[1]

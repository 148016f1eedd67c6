"""Rows as plain `TypedDict`s, for teams without an ORM: `rows/<schema>/<relation>.py`, nothing but the standard library.

This is also the example of a target: values in, files out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from halfhooks.ho.codegen import naming
from halfhooks.ho.codegen.model import RANGE, Relation
from halfhooks.ho.codegen.pytypes import override, python_type
from halfhooks.ho.codegen.target import File, Output, Request
from halfhooks.ho.codegen.text import docstring, literal, paragraphs

FOLDER = "rows"

IMPORTS = {
    "datetime": "import datetime",
    "Decimal": "from decimal import Decimal",
    "UUID": "from uuid import UUID",
}
TYPING = {"Any", "List", "Literal", "Optional", "TYPE_CHECKING", "TypedDict", "Union"}


def generate(request: Request) -> Output:
    """A module for each relation, partitions included, and an `__init__` for each folder."""
    relations = request.schema.relations
    schemas = {relation.schema: [naming.module(relation.schema)] for relation in relations}
    folders = naming.allocate(schemas, exact={name for name, (folder,) in schemas.items() if folder == name})
    files = [
        File(f"{FOLDER}/{folder}/__init__.py", docstring([f"Rows of the schema {name}."]) + "\n")
        for name, folder in folders.items()
    ]
    files.append(File(f"{FOLDER}/__init__.py", docstring(["Rows of the relations of the database."]) + "\n"))
    for schema, folder in folders.items():
        mine = [relation for relation in relations if relation.schema == schema]
        names = {relation.id: request.names.get(relation.label, relation.name) for relation in mine}
        wanted = {key: [naming.module(name)] for key, name in names.items()}
        exact = {key for key, (name,) in wanted.items() if name == key[1] or names[key] != key[1]}
        modules = naming.allocate(wanted, exact=exact)
        for each in mine:
            text = _module(each, names[each.id], request.types)
            files.append(File(f"{FOLDER}/{folder}/{modules[each.id]}.py", text))
    return Output(tuple(sorted(files)))


def _module(relation: Relation, called: str, types: Mapping[str, str]) -> str:
    used, theirs = {"TypedDict"}, dict[str, str]()
    fields = list(_fields(relation, types, used, theirs))
    used |= {"TYPE_CHECKING"} if theirs else set()
    typing = ", ".join(sorted(used & TYPING))
    plain = sorted(line for name, line in IMPORTS.items() if name in used)
    name, comment = naming.class_name(called) + "Row", paragraphs(relation.comment)
    about = docstring([f"The {relation.kind} {relation.label}.", *(["", *comment] if comment else [])])
    imports = [*sorted(plain, key=lambda line: line.startswith("from")), f"from typing import {typing}"]
    if theirs:
        lines = (f"    from {origin.replace(':', ' import ')} as {alias}" for origin, alias in sorted(theirs.items()))
        imports += ["", "if TYPE_CHECKING:", *lines]
    made = [f"{name} = TypedDict(", f"    {literal(name)},", "    {", *fields, "    },", ")", ""]
    return "\n".join([about, "", *imports, "", *made])


def _fields(relation: Relation, types: Mapping[str, str], used: set[str], theirs: dict[str, str]) -> Iterator[str]:
    """The fields of a row; notes in `used` what has to be imported for them, in `theirs` what of the project and as what."""

    def spell(name: str) -> str:
        name = {"Binary": "Union", "Range": "Any"}.get(name, name)
        used.add(name.partition(".")[0])
        return "Union[bytes, memoryview]" if name == "Union" else name

    for column in relation.columns:
        wanted = override(types, relation.label, column.name, column.type)
        if ":" in wanted:
            free = naming.allocate(
                {wanted: ["_" + wanted.partition(":")[2]]}, {*theirs.values()} - {theirs.get(wanted)}
            )
            kind = f'"{theirs.setdefault(wanted, free[wanted])}"'
        elif wanted or column.type.kind == RANGE:
            kind = spell(wanted or "Any")
        else:
            kind = python_type(column.type, spell)
        shown = kind if column.not_null else f"{spell('Optional')}[{kind}]"
        yield f"        {literal(column.name)}: {shown},"

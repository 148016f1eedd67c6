"""Rows as plain `TypedDict`s, for teams without an ORM: `rows/<schema>/<relation>.py`, nothing but the standard library.

This is also the example of a target: values in, files out.
"""

from __future__ import annotations

from collections.abc import Iterator

from halfhooks.ho.codegen import naming
from halfhooks.ho.codegen.model import RANGE, Relation
from halfhooks.ho.codegen.pytypes import python_type
from halfhooks.ho.codegen.target import File, Output, Request
from halfhooks.ho.codegen.text import docstring, literal, paragraphs

FOLDER = "rows"

IMPORTS = {
    "datetime": "import datetime",
    "Decimal": "from decimal import Decimal",
    "UUID": "from uuid import UUID",
}
TYPING = {"Any", "List", "Literal", "Optional", "TypedDict", "Union"}


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
        wanted = {relation.id: [naming.module(relation.name)] for relation in mine}
        exact = {key for key, (name,) in wanted.items() if name == key[1]}
        modules = naming.allocate(wanted, exact=exact)
        files += [File(f"{FOLDER}/{folder}/{modules[relation.id]}.py", _module(relation)) for relation in mine]
    return Output(tuple(sorted(files)))


def _module(relation: Relation) -> str:
    used = {"TypedDict"}
    fields = list(_fields(relation, used))
    typing = ", ".join(sorted(used & TYPING))
    plain = sorted(line for name, line in IMPORTS.items() if name in used)
    name, comment = naming.class_name(relation.name) + "Row", paragraphs(relation.comment)
    about = docstring([f"The {relation.kind} {relation.label}.", *(["", *comment] if comment else [])])
    imports = [*sorted(plain, key=lambda line: line.startswith("from")), f"from typing import {typing}"]
    made = [f"{name} = TypedDict(", f"    {literal(name)},", "    {", *fields, "    },", ")", ""]
    return "\n".join([about, "", *imports, "", *made])


def _fields(relation: Relation, used: set[str]) -> Iterator[str]:
    """The fields of a row; notes in `used` what has to be imported for them."""

    def spell(name: str) -> str:
        name = {"Binary": "Union", "Range": "Any"}.get(name, name)
        used.add(name.partition(".")[0])
        return "Union[bytes, memoryview]" if name == "Union" else name

    for column in relation.columns:
        ranged = column.type.kind == RANGE
        kind = spell("Any") if ranged else python_type(column.type, spell)
        shown = kind if column.not_null else f"{spell('Optional')}[{kind}]"
        yield f"        {literal(column.name)}: {shown},"

"""The Python types that both lines of half_orm give for the values of a type of PostgreSQL.

psycopg2 and psycopg 3 agree on most; where they do not, or where it depends on what was registered, it is `Any`.
How a target writes the name of a type is its own affair: it gives a function that spells `datetime.date`, `Any`, `int`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Optional

from halfhooks.ho.codegen import model
from halfhooks.ho.codegen.model import Type
from halfhooks.ho.codegen.text import literal
from halfhooks.survey import CannotTell

ANY = "Any"

SCALARS = {
    **dict.fromkeys(("int2", "int4", "int8", "oid"), "int"),
    **dict.fromkeys(("float4", "float8"), "float"),
    **dict.fromkeys(("text", "varchar", "bpchar", "char", "name"), "str"),
    **dict.fromkeys(("citext", "money", "xml", "bit", "varbit", "tsvector", "tsquery", "macaddr", "macaddr8"), "str"),
    **dict.fromkeys(("point", "line", "lseg", "box", "path", "polygon", "circle", "pg_lsn"), "str"),
    "bool": "bool",
    "numeric": "Decimal",
    "uuid": "UUID",
    "bytea": "Binary",
    "date": "datetime.date",
    "timestamp": "datetime.datetime",
    "timestamptz": "datetime.datetime",
    "time": "datetime.time",
    "timetz": "datetime.time",
    "interval": "datetime.timedelta",
}

IN_ARRAYS = frozenset(
    {*SCALARS}
    - {"char", "name", "citext", "money", "xml", "bit", "varbit", "tsvector", "tsquery", "macaddr", "macaddr8"}
    - {"point", "line", "lseg", "box", "path", "polygon", "circle", "pg_lsn"}
)
"""Types whose arrays both drivers turn into lists; other arrays are text until somebody registers them."""


OVERRIDE = re.compile(r"[a-zA-Z_][\w.]*:[a-zA-Z_]\w*|int|str|float|bool|bytes|Any", re.ASCII)


def override(types: Mapping[str, str], relation: str, column: str, kind: Type) -> str:
    """The type that the project wants for a column, `module:Name` or a built-in one, else "". `CannotTell` for no type."""
    label = f"{relation}.{column}"
    name = types.get(label) or types.get(f"{kind.schema}.{kind.name}") or ""
    if name and not OVERRIDE.fullmatch(name):
        raise CannotTell(f"'{name}' is to be the type of '{label}', and is no type: write it as module:Name")
    return name


def python_type(kind: Optional[Type], spell: Callable[[str], str]) -> str:
    """The type of the values that are not null, its names spelled by `spell`."""
    if kind is None:
        return spell(ANY)
    if kind.kind == model.DOMAIN:
        return python_type(kind.inner, spell)
    if kind.kind == model.ENUM:
        return f"{spell('Literal')}[{', '.join(map(literal, kind.labels))}]" if kind.labels else spell("str")
    built_in = kind.schema == "pg_catalog"
    if kind.kind == model.ARRAY and kind.inner and built_in and kind.inner.name in IN_ARRAYS:
        return f"{spell('List')}[{python_type(kind.inner, spell)}]"
    if kind.kind == model.RANGE and built_in:
        return f"{spell('Range')}[{python_type(kind.inner, spell)}]"
    if kind.kind == model.BASE and (built_in or kind.name == "citext"):
        return spell(SCALARS.get(kind.name, ANY))
    return spell(ANY)

"""The text of one module of the half_orm target: a class, its types, its relations and the three regions of its user."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from halfhooks.ho.codegen import naming
from halfhooks.ho.codegen.model import Column, Name
from halfhooks.ho.codegen.pytypes import override, python_type
from halfhooks.ho.codegen.regions import BEGIN, END
from halfhooks.ho.codegen.target import Request
from halfhooks.ho.codegen.targets.half_orm_names import (
    REVERSE,
    SUPPORT,
    Link,
    Named,
    assigned,
    reverse_suffix,
)
from halfhooks.ho.codegen.text import docstring, literal, one_line, paragraphs

FORMATTED = 88
"""The width of a line for formatters that were told nothing."""
BUILT_IN = frozenset(["bool", "bytes", "float", "int", "str"])

LEGACY = {
    "typing": "import typing",
    "datetime": "import datetime",
    "uuid": "import uuid",
    "register": "from half_orm.model import register",
    "ho_dataclasses": "from {package} import ho_dataclasses",
    "ho_baseclasses": "from {package} import ho_baseclasses",
}
"""What the modules of half_orm_dev imported, and the code of users in them may rest on."""


class Writer:
    """One module. `regions` are the texts of its user, in their order."""

    def __init__(self, request: Request, named: Named, all_named: Mapping[Name, Named], regions: list[str]) -> None:
        self.request, self.named, self.relation = request, named, named.relation
        self.all_named, self.regions = all_named, regions
        self.row, self.column = f"{named.class_name}Row", f"{named.class_name}Column"
        self.fkeys = assigned(_dedented(regions[1]), "Fkeys")
        self.links = _users_links(named, self.fkeys) if isinstance(self.fkeys, dict) else named.links
        self.taken = {*named.columns.values(), *(link.alias for link in self.links)}
        self.helper = _free("_h", self.taken)
        self.imports: dict[str, str] = {}
        self.spelled: dict[tuple[int, bool], str] = {}
        self.typing = {"TYPE_CHECKING": "TYPE_CHECKING"}
        self.partners = self._partners()

    def text(self) -> str:
        """All of it."""
        bare, body = list(self._rows()), list(self._class())  # what they need is imported
        return "".join([*self._head(), "\n", BEGIN, self.regions[0], END, "\n\n", *bare, "\n\n", *body])

    def _head(self) -> Iterator[str]:
        package, label = self.request.package, self.relation.label
        yield docstring([f"The {self.relation.kind} {label}, as the class {self.named.class_name}."]) + "\n\n"
        checked = self.partners or self.imports
        plain = [name for name, alias in self._imported() if name == alias]
        yield f"from typing import {', '.join(plain)}\n"
        yield from (f"from typing import {name} as {alias}\n" for name, alias in self._imported() if name != alias)
        yield "\n"
        yield f"from {package} import MODEL\nfrom {package} import {SUPPORT} as {self.helper}\n"
        for name in self._legacy():
            yield LEGACY[name].format(package=package) + "  # noqa: F401\n"
        if checked:
            yield "\nif TYPE_CHECKING:\n"
            for key, alias in sorted(self.partners.items(), key=lambda item: self.all_named[item[0]].module):
                other = self.all_named[key]
                yield _import(other.module, other.class_name, alias)
            for origin, alias in sorted(self.imports.items()):
                module, _, name = origin.partition(":")
                yield _import(module, name, alias)

    def _legacy(self) -> list[str]:
        code = "\n".join(self.regions)
        found: list[str] = []
        if not code.strip():
            return found
        for name in LEGACY:
            if re.search(rf"\b{name}\b", code) and not re.search(rf"^\s*(import|from)\b.*\b{name}\b", code, re.M):
                found.append(name)
        return found

    def _rows(self) -> Iterator[str]:
        """The type of a row and the names of the columns, outside of the class, where nothing hides a built-in."""
        yield f"{self.row} = {self.helper}.TypedDict(\n    {literal(self.row)},\n    {{\n"
        for column in self.relation.columns:
            yield f"        {literal(column.name)}: {self._type(column, shadowed=False)},\n"
        yield "    },\n)\n\n"
        names = "".join(f"        {literal(name)},\n" for name in self.named.columns.values())
        choice = f"{self._typing('Literal')}[\n{names}    ]" if names else "str"
        fqtn = literal(self.relation.label)
        yield from self._located()
        yield (
            f"if TYPE_CHECKING:\n    {self.column} = {choice}\n"
            f"    _Base = {self.helper}.Relation[{self.row}, {self.column}]\n"
            f"else:\n    _Base = MODEL.get_relation_class({fqtn})\n"
        )

    def _located(self) -> Iterator[str]:
        """Where those are that half_orm would not find, for their names are no names in Python."""
        others = {*self.partners, *self.relation.parents} & set(self.all_named)
        for other in (self.all_named[key] for key in sorted(others)):
            key = other.relation.id
            expected = (f"{self.request.package.partition('.')[0]}.{'.'.join(key)}", naming.camel_case(key[1]))
            if (other.module, other.class_name) != expected:
                arguments = ", ".join(map(literal, [*key, other.module, other.class_name]))
                yield f"{self.helper}.locate(MODEL, {arguments})\n"

    def _class(self) -> Iterator[str]:
        yield f"@{self.helper}.register\nclass {self.named.class_name}(_Base):\n{self._docstring()}\n\n"
        aliases = {name: alias for name, alias in self.named.columns.items() if name != alias}
        if aliases or self.relation.parents:
            pairs = "".join(f"            {literal(name)}: {literal(alias)},\n" for name, alias in aliases.items())
            shown = f"\n        {{\n{pairs}        }}\n    " if pairs else "{}"
            yield f"    _ho_fields_aliases = {self.helper}.columns({shown})\n"
        if self.fkeys is None:
            yield from self._fkeys()
        if self.taken:
            yield "    if TYPE_CHECKING:\n"
            for column in self.relation.columns:
                attribute = self.named.columns[column.name]
                yield f"        {attribute}: {self.helper}.Column[{self._type(column, optional=False)}]\n"
            for link in self.links:
                yield f'        {link.alias}: {self.helper}.ForeignKey["{self._partner(link)}"]\n'
            yield "\n"
        yield f"    {BEGIN}{self.regions[1]}    {END}\n"
        yield from self._init()
        yield f"        {BEGIN}{self.regions[2]}"

    def _fkeys(self) -> Iterator[str]:
        """The aliases; half_orm's own names stay beside them, for code that was written before there were any."""
        if not self.links:
            yield f"    Fkeys = {self.helper}.fkeys({{}})\n" if self.relation.parents else ""
            return
        yield f"    Fkeys = {self.helper}.fkeys(\n        {{\n"
        for link in self.links:
            key, value = link.key, literal(link.key.name)
            if link.reverse:
                arguments = ", ".join(map(literal, [*key.source, *key.columns]))
                value = f"{self.helper}.reverse(MODEL, {arguments})"
            yield f"            {literal(link.alias)}: {value},\n"
        hidden = any(name.startswith(("fk_", "rfk_")) for name in self.taken)
        yield "        },\n        legacy=False,\n    )\n" if hidden else "        },\n    )\n"

    def _imported(self) -> list[tuple[str, str]]:
        """What comes from `typing`, sorted as formatters sort imports: constants first."""
        return sorted(self.typing.items(), key=lambda item: (not item[0].isupper(), item))

    def _init(self) -> Iterator[str]:
        rest = _free("kwargs", self.taken)
        yield "    def __init__(\n        self,\n"
        for column in self.relation.columns:
            kind = f"{self.helper}.Arg[{self._type(column, optional=False)}]"
            yield f"        {self.named.columns[column.name]}: {kind} = None,\n"
        yield f"        **{rest}: {self.helper}.NoReturn,\n    ) -> None:\n        super().__init__(\n"
        for attribute in self.named.columns.values():
            yield f"            {attribute}={attribute},\n"
        yield f"            **{rest},\n        )\n"

    def _docstring(self) -> str:
        lines = [f"The {self.relation.kind} {self.relation.label}.", *apart(self.relation.comment)]
        if self.relation.columns:
            lines += ["", "Columns:", *(f"    {self._about(column)}" for column in self.relation.columns)]
        if self.links:
            lines += ["", "Relations:", *(f"    {_link_about(link)}" for link in self.links)]
        return docstring(lines, "    ")

    def _about(self, column: Column) -> str:
        """A column in one line."""
        attribute, key = self.named.columns[column.name], self.relation.primary_key
        words = [column.sql, "not null" if column.not_null else ""]
        words.append("primary key" if key and column.name in key.columns else "")
        words.append(f"generated {column.identity} as identity" if column.identity else "")
        words.append(f"generated as {one_line(column.generated)}" if column.generated else "")
        words.append(f"default {one_line(column.default)}" if column.default else "")
        renamed = f" (column {column.name})" if attribute != column.name else ""
        about = f"{attribute}{renamed}: {', '.join(filter(None, words))}"
        return f"{about}; {one_line(column.comment)}" if column.comment else about

    # types

    def _typing(self, name: str) -> str:
        """A name of `typing`, under which it is imported."""
        return self.typing.setdefault(name, name if name not in self.taken else _free(f"_{name}", self.taken))

    def _type(self, column: Column, optional: bool = True, shadowed: bool = True) -> str:
        """The type of a column; `shadowed`: where attributes of the class hide built-ins."""
        types, key = self.request.types, (id(column.type), shadowed)
        wanted = override(types, self.relation.label, column.name, column.type) if types else ""
        if wanted:
            text = self._override(wanted, shadowed)
        else:
            text = self.spelled.get(key, "")
            if not text:
                text = self.spelled[key] = python_type(column.type, lambda name: self._spell(name, shadowed))
        return f"{self.helper}.Optional[{text}]" if optional and not column.not_null else text

    def _spell(self, name: str, shadowed: bool) -> str:
        if name == "Literal":  # linters have to see that what is in it are no names
            return self._typing(name)
        if name not in BUILT_IN:
            return f"{self.helper}.{name}"
        return f"{self.helper}.builtins.{name}" if shadowed and name in self.taken else name

    def _override(self, name: str, shadowed: bool) -> str:
        """The type that the project wants: `module:Name`, or a built-in one."""
        if ":" not in name:
            return self._spell(name, shadowed)
        alias = _free("_" + name.partition(":")[2], {*self.taken, *self.imports.values()})
        return f'"{self.imports.setdefault(name, alias)}"'

    def _partners(self) -> dict[Name, str]:
        """The classes at the other ends, by what they are called here."""
        keys = {link.partner for link in self.links} - {self.relation.id}
        wanted = {
            key: [
                "_" + self.all_named[key].class_name,
                f"_{naming.class_name(key[0])}{self.all_named[key].class_name}",
            ]
            for key in keys
        }
        return naming.allocate(wanted, {*self.taken, self.helper, "_Base"})

    def _partner(self, link: Link) -> str:
        return self.partners.get(link.partner, self.named.class_name)


def _import(module: str, name: str, alias: str) -> str:
    """An import below `if TYPE_CHECKING:`, broken where formatters break it."""
    line = f"    from {module} import {name} as {alias}\n"
    return line if len(line) <= FORMATTED + 1 else f"    from {module} import (\n        {name} as {alias},\n    )\n"


def _link_about(link: Link) -> str:
    key = link.key
    here, there = (key.target_columns, key.columns) if link.reverse else (key.columns, key.target_columns)
    text = f"{link.alias}: ({', '.join(here)}) to {'.'.join(link.partner)}({', '.join(there)})"
    actions = [f"on {event} {action}" for event, action in (("update", key.on_update), ("delete", key.on_delete))]
    told = [action for action in actions if not action.endswith("no action")]
    return ", ".join([text, *told])


def _users_links(named: Named, fkeys: Mapping[object, object]) -> tuple[Link, ...]:
    """The links that the user has given names to: their `Fkeys` is what half_orm gets to see."""
    found = []
    for alias, value in fkeys.items():
        if not (isinstance(alias, str) and isinstance(value, str) and naming.is_attribute(alias)):
            continue
        for link in named.links:
            own = not link.reverse and link.key.name == value
            theirs = link.reverse and value.startswith(REVERSE) and value.endswith("_" + reverse_suffix(link.key))
            if own or theirs:
                found.append(link._replace(alias=alias))
    return tuple(found)


def _dedented(region: str) -> str:
    """The region inside a class as code of its own."""
    return "if True:\n" + region if region.strip() else ""


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def apart(comment: str) -> list[str]:
    """The lines of a comment behind an empty one, if it has any."""
    lines = paragraphs(comment)
    return ["", *lines] if lines else []

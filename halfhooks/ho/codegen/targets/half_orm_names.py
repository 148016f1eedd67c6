"""What everything is called in the package of the `half_orm` target: modules, classes, attributes and relations."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Optional

from halfhooks.ho.codegen import naming
from halfhooks.ho.codegen.model import ForeignKey, Name, Relation
from halfhooks.ho.codegen.regions import cut
from halfhooks.ho.codegen.target import Request
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

SUPPORT = "_half_orm"
RESERVED_MODULES = (SUPPORT, "conftest")
RESERVED_ATTRIBUTES = frozenset(
    ["Fkeys", "_dbname", "_fqrn", "_qrn", "_relationname", "_rels_ids", "_schemaname", "_t_fqrn", "self", "super"]
)
"""What a column must not be called: half_orm, or Python, needs the name."""
RESERVED_STARTS = ("ho_", "_ho_", "_Relation__", "__")

META = "half_orm_meta"
REVERSE = "_reverse_fkey_"


class Link(NamedTuple):
    """A relation from one module to another: its alias, the foreign key, and whether we are the one that is pointed at."""

    alias: str
    key: ForeignKey
    reverse: bool

    @property
    def partner(self) -> Name:
        """The relation at the other end."""
        return self.key.source if self.reverse else self.key.target


class Named(NamedTuple):
    """A relation with all that it needs names for; `columns` by their names, in their order."""

    relation: Relation
    module: str
    path: str
    class_name: str
    columns: Mapping[str, str]
    links: tuple[Link, ...] = ()


def is_wanted(relation: Relation) -> bool:
    """Whether somebody may want to see a relation: no partition, and nothing of half_orm_dev's own."""
    return not relation.partition and not relation.schema.startswith(META)


def addressable(relation: Relation) -> bool:
    """Whether half_orm can be asked for a relation: it drops quotes, cuts at the last dot, and sees columns only."""
    return bool(relation.columns) and '"' not in relation.schema and not set('".') & set(relation.name)


def name_all(request: Request, relations: list[Relation]) -> dict[Name, Named]:
    """The names of all relations."""
    folders = _folders(request, relations)
    named = {}
    for schema, folder in folders.items():
        of_schema = [relation for relation in relations if relation.schema == schema]
        modules = _modules(request, of_schema, folder, set(folders.values()))
        for relation in of_schema:
            module = modules[relation.id]
            path = f"{folder}/{module}.py"
            dotted = ".".join([request.package, *folder.split("/"), module])
            override = request.names.get(relation.label)
            cls = naming.class_name(override or relation.name)
            columns = _columns(request, relation, path)
            named[relation.id] = Named(relation, dotted, path, "MODEL_" if cls == "MODEL" else cls, columns)
    return {key: value._replace(links=tuple(_links(value, named))) for key, value in named.items()}


def _folders(request: Request, relations: list[Relation]) -> dict[str, str]:
    """The folder of each schema; half_orm looks for `a.b` in `a/b`."""
    wanted, exact = {}, set()
    for schema in sorted({relation.schema for relation in relations}):
        parts, raw = [naming.module(part) for part in schema.split(".")], schema.replace(".", "/")
        if parts[0] in RESERVED_MODULES:
            parts[0] += "_"
        names = [relation.name for relation in relations if relation.schema == schema]
        if raw != "/".join(parts) and any(
            _made_before(request, raw, name) or _made_before(request, raw, naming.module(name)) for name in names
        ):
            parts = raw.split("/")
        wanted[schema] = ["/".join(parts)]
        if wanted[schema] == [raw]:
            exact.add(schema)
    return naming.allocate(wanted, exact=exact, fold=str.lower)


def _modules(request: Request, relations: list[Relation], folder: str, folders: set[str]) -> dict[Name, str]:
    """The module of each relation of a folder: no other one's, and no folder's."""
    wanted, exact = {}, set()
    for relation in relations:
        override = request.names.get(relation.label)
        name = naming.module(override or relation.name)
        if name != relation.name and _made_before(request, folder, relation.name):  # with its capital letters
            name = relation.name
        wanted[relation.id] = [name]
        if name == relation.name or override:
            exact.add(relation.id)
    below = {other[len(folder) + 1 :].split("/")[0] for other in folders if other.startswith(folder + "/")}
    taken = {*below, *RESERVED_MODULES}
    return naming.allocate(wanted, taken, exact, fold=str.lower)


def _made_before(request: Request, folder: str, name: str) -> bool:
    """Whether half_orm_dev has made this module, or we in its place."""
    if not (folder + name).isascii() or not naming.is_attribute(name):
        return False
    text = request.existing(f"{folder}/{name}.py")
    return text is not None and is_half_orm_dev(text)


def is_half_orm_dev(text: str) -> bool:
    """Whether half_orm_dev has made a module, or we have made it from such a one: three regions around a class."""
    pieces = cut(text)
    return pieces is not None and len(pieces.regions) == 3 and "\nclass " in pieces.generated[1]


def _columns(request: Request, relation: Relation, path: str) -> dict[str, str]:
    """The attribute of each column."""
    own = _aliases(request.existing(path))
    wanted, exact = {}, set()
    for column in relation.columns:
        override = request.names.get(f"{relation.label}.{column.name}") or own.get(column.name)
        if override and not naming.is_attribute(override):
            raise CannotTell(
                f"'{override}' is to be the name of '{relation.label}.{column.name}', and is no name in Python"
            )
        name = override or naming.attribute(column.name)
        if name in RESERVED_ATTRIBUTES or name.startswith(RESERVED_STARTS):
            bare = name.strip("_") or "column"
            name = f"_{bare}_" if bare[0].isdigit() else f"{bare}_"
        wanted[column.name] = [name]
        if override or name == column.name:
            exact.add(column.name)
    return naming.allocate(wanted, exact=exact)


def _aliases(text: Optional[str]) -> dict[str, str]:
    """What the first region of a module calls `fields_aliases`, as half_orm_dev 0.17 lets users do."""
    pieces = cut(text) if text else None
    value = assigned(pieces.regions[0], "fields_aliases") if pieces and pieces.regions else None
    if not isinstance(value, dict):
        return {}
    return {key: name for key, name in value.items() if isinstance(key, str) and isinstance(name, str)}


def assigned(code: str, name: str) -> object:
    """The literal that a piece of code assigns to a name; None where it does not, or where it is more than a literal."""
    if name not in code and code.isascii():  # other letters may come to the same name
        return None
    try:
        tree = ast.parse("if True:\n" + code if code[:1] in " \t" else code)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in node.targets):
                return ast.literal_eval(node.value)
    except (SyntaxError, ValueError):
        return None
    return None


# --- relations


def _links(named: Named, all_named: Mapping[Name, Named]) -> Iterator[Link]:
    """The links of a relation in both directions; none for what half_orm cannot tell apart."""
    relation = named.relation
    forward = [key for key in relation.foreign_keys if key.target in all_named]
    known = [key for key in relation.referrers if key.source in all_named]
    count = Counter(reverse_suffix(key) for key in known)
    backward = [key for key in known if count[reverse_suffix(key)] == 1]
    wanted = {}
    for key in forward:
        stem = _stem(key)
        target = naming.module(key.target[1])
        wanted[(False, key)] = [f"{stem}_fk", f"{stem}_{target}_fk", f"{naming.module(key.name)}_fk"]
    for key in backward:
        stem, (schema, source) = _stem(key), map(naming.module, key.source)
        wanted[(True, key)] = [f"{source}_{stem}_rfk", f"{schema}_{source}_{stem}_rfk"]
    aliases = naming.allocate(wanted, [*named.columns.values(), *RESERVED_ATTRIBUTES])
    for (reverse, key), alias in sorted((pair, alias) for pair, alias in aliases.items()):
        yield Link(alias, key, reverse)


def _stem(key: ForeignKey) -> str:
    """The columns of a foreign key as the beginning of a name: `user` for `user_id`."""
    names = [naming.module(column).strip("_") for column in key.columns]
    if len(names) == 1:
        names = [names[0].removesuffix("_id") or names[0]]
    stem = "_".join(names)
    return f"_{stem}" if not stem or stem[0].isdigit() else stem


def reverse_suffix(key: ForeignKey) -> str:
    """What half_orm calls a foreign key at its other end, behind `_reverse_fkey_` and the name of the database."""
    suffix = f"{key.source[0]}_{key.source[1]}.{'.'.join(key.columns)}"
    return suffix.replace('"', "").replace(".", "_").replace(":", "_")

"""Reads the catalog of a PostgreSQL (13 or newer) into the values of `model`: a few flat queries, joined here.

One read-only transaction sees one state of the catalog. Whatever changes how PostgreSQL spells an expression or a type
(`search_path`, `DateStyle`, ...) is set for that transaction, so that two sessions read the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Optional

from halfhooks.ho.codegen import model
from halfhooks.ho.codegen.model import Column, ForeignKey, Key, Relation, Schema, Type
from halfhooks.survey import CannotTell

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

OLDEST = 13

SETTINGS = """
    set local search_path = pg_catalog; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
    set local timezone = 'UTC'; set local bytea_output = 'hex'; set local extra_float_digits = 1;
    set local quote_all_identifiers = off; set local lc_monetary = 'C'; set local standard_conforming_strings = on;
    set local xmloption = 'content'
"""

SCHEMAS = """
    select oid, nspname, coalesce(obj_description(oid, 'pg_namespace'), '') from pg_namespace
    where nspname not like 'pg\\_%%' and nspname <> 'information_schema'
"""

RELATIONS = """
    select c.oid, c.relnamespace, c.relname, c.relkind, c.relispartition, coalesce(d.description, '')
    from pg_class c left join pg_description d on d.objoid = c.oid and d.objsubid = 0 and d.classoid = 'pg_class'::regclass
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relnamespace = any(%(schemas)s)
      and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
"""

PARENTS = "select inhrelid, inhparent from pg_inherits where inhrelid = any(%(relations)s) order by inhrelid, inhseqno"

COLUMNS = """
    select a.attrelid, a.attnum, a.attname, a.atttypid, format_type(a.atttypid, a.atttypmod), a.attnotnull,
           coalesce(pg_get_expr(f.adbin, f.adrelid), ''), a.attidentity, a.attgenerated, coalesce(d.description, '')
    from pg_attribute a
    left join pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
    left join pg_description d
           on d.objoid = a.attrelid and d.objsubid = a.attnum and d.classoid = 'pg_class'::regclass
    where a.attnum > 0 and not a.attisdropped and a.attrelid = any(%(relations)s)
    order by a.attrelid, a.attnum
"""

CONSTRAINTS = """
    select conname, contype, conrelid, conkey, confrelid, confkey, confupdtype, confdeltype, condeferrable
    from pg_constraint
    where contype in ('p', 'u', 'f') and conrelid = any(%(relations)s) and (contype <> 'f' or conparentid = 0)
"""

TYPES = """
    select t.oid, n.nspname, t.typname, t.typtype, t.typcategory, t.typelem, t.typbasetype, t.typnotnull, t.typrelid,
           coalesce(r.rngsubtype, 0), t.typlen, coalesce(d.description, '')
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    left join pg_range r on r.rngtypid = t.oid
    left join pg_description d on d.objoid = t.oid and d.objsubid = 0 and d.classoid = 'pg_type'::regclass
    where t.typtype <> 'c' or exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c')
       or t.oid in (select atttypid from pg_attribute where attrelid = any(%(relations)s))
"""

LABELS = "select enumtypid, enumlabel from pg_enum order by enumtypid, enumsortorder"

FIELDS = """
    select c.reltype, a.attname, format_type(a.atttypid, a.atttypmod)
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relkind = 'c' and a.attnum > 0 and not a.attisdropped order by c.reltype, a.attnum
"""

KINDS = {
    "r": model.TABLE,
    "p": model.PARTITIONED,
    "v": model.VIEW,
    "m": model.MATERIALIZED,
    "f": model.FOREIGN,
}
TYPE_KINDS = {
    "b": model.BASE,
    "c": model.COMPOSITE,
    "d": model.DOMAIN,
    "e": model.ENUM,
    "p": model.PSEUDO,
    "r": model.RANGE,
    "m": model.MULTIRANGE,
}
ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
IDENTITY = {"a": "always", "d": "by default"}


def read_database(dsn: str) -> Schema:
    """The schema behind a connection string; `CannotTell` where the server cannot be reached or does not answer."""
    from halfhooks.ho.database.driver import psycopg2

    try:
        connection = psycopg2.connect(dsn, application_name="ho codegen")
    except psycopg2.Error as error:
        raise CannotTell(f"the database does not answer: {_first_line(error)}; look at --dsn, or at PGHOST") from None
    try:
        return read_schema(connection)
    except psycopg2.Error as error:
        raise CannotTell(f"the catalog cannot be read: {_first_line(error)}") from None
    finally:
        connection.close()


def read_schema(connection: Connection) -> Schema:
    """The schema that a connection outside of a transaction sees; it is closed to writing from then on.

    A `psycopg2.Error` where a query fails.
    """
    if connection.server_version < OLDEST * 10_000:
        raise CannotTell(f"the server is PostgreSQL {connection.server_version // 10_000}; {OLDEST} or newer is needed")
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True, autocommit=False)
    connection.set_client_encoding("UTF8")
    with connection, connection.cursor() as cursor:
        cursor.execute(SETTINGS)
        return _read(cursor)


def _read(cursor: Any) -> Schema:
    def rows(query: str, **arguments: Sequence[int]) -> list[tuple[Any, ...]]:
        cursor.execute(query, {key: list(value) for key, value in arguments.items()})
        return list(cursor.fetchall())

    schemas = {oid: (name, comment) for oid, name, comment in rows(SCHEMAS, none=())}
    found = rows(RELATIONS, schemas=list(schemas))
    oids = [row[0] for row in found]
    ids = {oid: (schemas[namespace][0], name) for oid, namespace, name, *_ in found}
    types = _types(rows(TYPES, relations=oids), rows(LABELS, none=()), rows(FIELDS, none=()))
    columns = _columns(rows(COLUMNS, relations=oids), types)
    keys = _Keys(ids, columns, rows(CONSTRAINTS, relations=oids))
    parents = _grouped((child, ids.get(parent)) for child, parent in rows(PARENTS, relations=oids))
    relations = [
        Relation(
            *ids[oid],
            KINDS[kind],
            tuple(columns[oid].values()),
            keys.primary.get(oid),
            tuple(sorted(keys.unique[oid])),
            tuple(sorted(keys.foreign[oid])),
            tuple(sorted(keys.referrers[oid])),
            comment,
            partition,
            tuple(parent for parent in parents[oid] if parent),
        )
        for oid, _, _, kind, partition, comment in found
    ]
    used = {relation.schema for relation in relations}
    comments = sorted((name, comment) for name, comment in schemas.values() if comment and name in used)
    return Schema(tuple(sorted(relations)), tuple(comments), tuple(sorted(name for name, _ in schemas.values())))


def _columns(rows: Iterable[tuple[Any, ...]], types: dict[int, Type]) -> dict[int, dict[int, Column]]:
    """The columns of each relation by their numbers, which nobody else gets to see."""
    found: dict[int, dict[int, Column]] = defaultdict(dict)
    for relation, number, name, oid, sql, not_null, expression, identity, generated, comment in rows:
        kind = types[oid]
        found[relation][number] = Column(
            name,
            kind,
            sql,
            not_null or _domain_not_null(kind),
            "" if generated else expression,
            IDENTITY.get(identity, ""),
            expression if generated else "",
            comment,
        )
    return found


def _domain_not_null(kind: Optional[Type]) -> bool:
    while kind is not None and kind.kind == model.DOMAIN:
        if kind.not_null:
            return True
        kind = kind.inner
    return False


class _Keys:
    """The constraints, by the relation that they belong to."""

    def __init__(
        self, ids: dict[int, model.Name], columns: dict[int, dict[int, Column]], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        self.primary: dict[int, Key] = {}
        self.unique: dict[int, list[Key]] = defaultdict(list)
        self.foreign: dict[int, list[ForeignKey]] = defaultdict(list)
        self.referrers: dict[int, list[ForeignKey]] = defaultdict(list)
        for name, kind, oid, numbers, other, other_numbers, on_update, on_delete, deferrable in rows:
            names = tuple(columns[oid][number].name for number in numbers)
            if kind == "p":
                self.primary[oid] = Key(name, names)
            elif kind == "u":
                self.unique[oid].append(Key(name, names))
            elif other in ids:  # else it leads to a relation of an extension
                theirs = tuple(columns[other][number].name for number in other_numbers)
                actions = ACTIONS[on_update], ACTIONS[on_delete]
                key = ForeignKey(name, ids[oid], names, ids[other], theirs, *actions, deferrable)
                self.foreign[oid].append(key)
                self.referrers[other].append(key)


def _types(
    rows: Iterable[tuple[Any, ...]], labels: Iterable[tuple[int, str]], fields: Iterable[tuple[int, str, str]]
) -> dict[int, Type]:
    """All types by oid."""
    raw = {row[0]: row for row in rows}
    label_of = _grouped(labels)
    fields_of = _grouped((oid, (name, sql)) for oid, name, sql in fields)
    made: dict[int, Type] = {}

    def make(oid: int) -> Optional[Type]:
        if oid not in raw:
            return None
        if oid not in made:
            _, schema, name, kind, category, element, base, not_null, _, subtype, length, comment = raw[oid]
            is_array = kind == "b" and category == "A" and element and length == -1
            inner = make(element if is_array else base or subtype)
            made[oid] = Type(
                schema,
                name,
                model.ARRAY if is_array else TYPE_KINDS[kind],
                inner,
                tuple(label_of[oid]),
                not_null,
                tuple(fields_of[oid]),
                comment if schema != "pg_catalog" else "",
            )
        return made[oid]

    for oid in raw:
        make(oid)
    return made


def _grouped(pairs: Iterable[tuple[int, Any]]) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups


def _first_line(error: Exception) -> str:
    return next(_lines(str(error)), type(error).__name__)


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())

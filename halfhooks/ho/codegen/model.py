"""A schema as values: what is told of the relations of a database, and nothing that depends on how they came to be.

No oids, no attribute numbers, no name of the database. Everything is sorted by code point, columns by their order.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Optional

from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

TABLE, PARTITIONED, VIEW, MATERIALIZED, FOREIGN = (
    "table",
    "partitioned table",
    "view",
    "materialized view",
    "foreign table",
)

BASE, COMPOSITE, DOMAIN, ENUM, PSEUDO, RANGE, MULTIRANGE, ARRAY = (
    "base",
    "composite",
    "domain",
    "enum",
    "pseudo",
    "range",
    "multirange",
    "array",
)

Name = tuple[str, str]
"""The schema and the name of a relation or a type."""


class Type(NamedTuple):
    """A type. `inner` is what a domain constrains, an array repeats, and a range spans; `labels` are those of an enum.

    `not_null` is a domain's own. `fields` are the names and types of a composite's fields.
    """

    schema: str
    name: str
    kind: str
    inner: Optional[Type] = None
    labels: tuple[str, ...] = ()
    not_null: bool = False
    fields: tuple[tuple[str, str], ...] = ()
    comment: str = ""


class Column(NamedTuple):
    """A column. `sql` is its type as SQL spells it, with modifiers; `default` and `generated` are expressions.

    `identity` is "always", "by default" or "".
    """

    name: str
    type: Type
    sql: str
    not_null: bool = False
    default: str = ""
    identity: str = ""
    generated: str = ""
    comment: str = ""

    @property
    def required(self) -> bool:
        """Whether an insert has to give it a value."""
        return self.not_null and not (self.default or self.identity or self.generated)


class Key(NamedTuple):
    """A primary key or a unique constraint."""

    name: str
    columns: tuple[str, ...]


class ForeignKey(NamedTuple):
    """A foreign key, from the columns of `source` to those of `target`; the actions are those of SQL, in lower case."""

    name: str
    source: Name
    columns: tuple[str, ...]
    target: Name
    target_columns: tuple[str, ...]
    on_update: str = "no action"
    on_delete: str = "no action"
    deferrable: bool = False


class Relation(NamedTuple):
    """A relation of any kind. `foreign_keys` are its own, `referrers` those of others (and of itself) that lead here.

    `parents` are what it inherits from; of a `partition`, what it is a part of.
    """

    schema: str
    name: str
    kind: str
    columns: tuple[Column, ...]
    primary_key: Optional[Key] = None
    unique: tuple[Key, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    referrers: tuple[ForeignKey, ...] = ()
    comment: str = ""
    partition: bool = False
    parents: tuple[Name, ...] = ()

    @property
    def id(self) -> Name:
        """Its schema and its name."""
        return self.schema, self.name

    @property
    def label(self) -> str:
        """Its name for people, and in the lists of `--exclude`."""
        return f"{self.schema}.{self.name}"


class Schema(NamedTuple):
    """All relations of a database that were asked for, in the order of their names."""

    relations: tuple[Relation, ...]
    comments: tuple[tuple[str, str], ...] = ()
    """The comments of the schemas that have one."""
    names: tuple[str, ...] = ()
    """The schemas that there are, with relations or without."""

    def schemas(self) -> Iterator[str]:
        """The names of the schemas that hold a relation, sorted."""
        return iter(sorted({relation.schema for relation in self.relations}))


class Wanted(NamedTuple):
    """Which relations: of these schemas (all when there are none), without those whose `schema.name` matches a pattern."""

    schemas: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def of(self, schema: Schema) -> Schema:
        """The part of a schema that is wanted, as if there were no other; `CannotTell` for a schema that is not there."""
        missing = sorted({*self.schemas} - {*schema.names})
        if missing:
            raise CannotTell(f"there is no schema '{missing[0]}'; there are: {', '.join(schema.names)}")
        if not (self.schemas or self.exclude):
            return schema
        relations = [relation for relation in schema.relations if self._has(relation)]
        ids = {relation.id for relation in relations}
        used = {relation.schema for relation in relations}
        return Schema(
            tuple(
                relation._replace(
                    foreign_keys=tuple(key for key in relation.foreign_keys if key.target in ids),
                    referrers=tuple(key for key in relation.referrers if key.source in ids),
                    parents=tuple(parent for parent in relation.parents if parent in ids),
                )
                for relation in relations
            ),
            tuple((name, comment) for name, comment in schema.comments if name in used),
            schema.names,
        )

    def _has(self, relation: Relation) -> bool:
        in_schema = not self.schemas or relation.schema in self.schemas
        return in_schema and not any(fnmatchcase(relation.label, pattern) for pattern in self.exclude)

"""Schemas that were read before, by the id of the model and the patches that lead to them: no database is needed again.

They lie in the clone's git directory, so that nothing of it is ever committed: a file that said what the classes rest on
would be the one that every patch changes. The first line of a file is the id of the schema, the second the schema.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable, Optional

from halfhooks.ho.codegen.model import Column, ForeignKey, Key, Relation, Schema, Type
from halfhooks.ho.plan import Plan
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

FORMAT = "1"
"""Part of every name: raised when what is read of a database changes."""
FOLDER = "halfhooks/schemas"
MOST = 32


class Source(NamedTuple):
    """A schema: its id, which is that of no other one, and what reads it when somebody needs to know more.

    `text` is what is kept of one that a database was asked for, "" for one that was kept before.
    """

    id: str
    read: Callable[[], Schema]
    text: str = ""

    @property
    def kept(self) -> bool:
        """Whether no database was asked for it."""
        return not self.text


def source(schema: Schema) -> Source:
    """A schema that is at hand."""
    text = json.dumps(_dumped(schema), separators=(",", ":"))
    return Source(hashlib.sha256(text.encode("ascii")).hexdigest(), lambda: schema, text)


def plan_key(plan: Plan) -> str:
    """The id of what a plan leads to, the same in every clone and on every server."""
    return plan.keys(f"schema {FORMAT}")[-1]


def find(git_dir: str, key: str) -> Optional[Source]:
    """The schema that was kept under a key, None for none."""
    path = Path(git_dir, FOLDER, key)
    try:
        with path.open("rb") as file:
            name = file.readline().decode("ascii").strip()
    except (OSError, ValueError):
        return None
    with contextlib.suppress(OSError):  # who may only read here reads
        os.utime(path)
    return Source(name, lambda: _load(path)) if len(name) == 64 else None


def keep(git_dir: str, key: str, found: Source) -> None:
    """Keep a schema that is at hand under a key; who cannot write there does without."""
    folder = Path(git_dir, FOLDER)
    new = folder / f"{key}.{os.getpid()}.new"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        new.write_text(f"{found.id}\n{found.text}\n", "ascii")
        new.replace(folder / key)
        for path in sorted(folder.iterdir(), key=lambda path: -path.stat().st_mtime_ns)[MOST:]:
            path.unlink()


def clear(git_dir: str) -> int:
    """Forget all schemas; how many there were."""
    folder = Path(git_dir, FOLDER)
    found = list(folder.iterdir()) if folder.is_dir() else []
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _load(path: Path) -> Schema:
    try:
        return _loaded(json.loads(path.read_bytes().partition(b"\n")[2]))
    except (OSError, ValueError, TypeError, IndexError) as error:
        raise CannotTell(f"'{path}' cannot be read: {error}; delete it, and it is made again: rm '{path}'") from None


def _dumped(schema: Schema) -> list[object]:
    """A schema as lists; each type once, by its number, an inner one before those that are made of it."""
    types: dict[Type, int] = {}
    seen: dict[int, int] = {}  # by the ids of the objects: to look for the whole of a type takes longer

    def number(kind: Type) -> int:
        if id(kind) not in seen:
            if kind not in types:
                inner = number(kind.inner) if kind.inner else -1
                types[kind] = len(types)
                listed.append([*kind._replace(inner=None), inner])
            seen[id(kind)] = types[kind]
        return seen[id(kind)]

    listed: list[object] = []
    relations = []
    for relation in schema.relations:
        columns: Any = [[name, number(kind), *rest] for name, kind, *rest in relation.columns]
        relations.append(relation._replace(columns=columns, referrers=()))
    return [listed, relations, schema.comments, schema.names]


def _loaded(values: Sequence[Any]) -> Schema:
    """The schema that `_dumped` has made lists of."""
    types: list[Type] = []
    for schema, name, kind, _, labels, not_null, fields, comment, inner in values[0]:
        fields = tuple((field, sql) for field, sql in fields)
        made = types[inner] if inner >= 0 else None
        types.append(Type(schema, name, kind, made, tuple(labels), not_null, fields, comment))
    relations = [_relation(types, Relation(*each)) for each in values[1]]
    referrers: dict[object, list[ForeignKey]] = {}
    for relation in relations:
        for key in relation.foreign_keys:
            referrers.setdefault(key.target, []).append(key)
    complete = (each._replace(referrers=tuple(sorted(referrers.get(each.id, ())))) for each in relations)
    return Schema(tuple(complete), tuple((name, text) for name, text in values[2]), tuple(values[3]))


def _relation(types: Sequence[Type], raw: Relation) -> Relation:
    columns: Any = raw.columns
    return raw._replace(
        columns=tuple(Column(name, types[kind], *rest) for name, kind, *rest in columns),
        primary_key=_key(raw.primary_key) if raw.primary_key else None,
        unique=tuple(map(_key, raw.unique)),
        foreign_keys=tuple(map(_foreign_key, raw.foreign_keys)),
        parents=tuple((schema, name) for schema, name in raw.parents),
    )


def _key(raw: Sequence[Any]) -> Key:
    return Key(raw[0], tuple(raw[1]))


def _foreign_key(raw: Sequence[Any]) -> ForeignKey:
    name, source, columns, target, target_columns, *rest = raw
    return ForeignKey(name, tuple(source), tuple(columns), tuple(target), tuple(target_columns), *rest)

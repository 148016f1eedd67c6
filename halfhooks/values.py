"""NamedTuple without `typing`, whose import takes longer than starting Python (see docs/performance.md)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    from _collections import _tuplegetter as getter  # what collections.namedtuple makes its fields of

    class _Fields(type):
        """Turns a class body of annotated names, the last ones with a default, into a tuple with named fields."""

        def __new__(mcs, name, bases, body):
            if not bases:
                return super().__new__(mcs, name, bases, body)
            fields = tuple(body.pop("__annotations__", {}))
            defaults = {field: body[field] for field in fields if field in body}
            body.update((field, getter(i, None)) for i, field in enumerate(fields))
            body.update(__slots__=(), _fields=fields, _field_defaults=defaults)
            body.update(__new__=_new, __repr__=_show, __getnewargs__=_values, _replace=_replace, _asdict=_asdict)
            body["_make"] = classmethod(tuple.__new__)
            return type(name, (tuple,), body)

    def _new(cls, *values, **named):
        if named or len(values) != len(cls._fields):
            values = _complete(cls, values, named)
        return tuple.__new__(cls, values)

    def _complete(cls, values, named):
        """All values of a tuple, in order: given by place, given by name, or else the default."""
        given = dict(zip(cls._fields, values))
        if len(values) > len(cls._fields) or given.keys() & named.keys() or named.keys() - set(cls._fields):
            raise TypeError(f"{cls.__name__} takes {', '.join(cls._fields)}, each once")
        found = {**cls._field_defaults, **given, **named}
        if len(found) < len(cls._fields):
            raise TypeError(f"{cls.__name__} lacks {', '.join(field for field in cls._fields if field not in found)}")
        return [found[field] for field in cls._fields]

    def _show(self):
        pairs = ", ".join(f"{field}={value!r}" for field, value in zip(self._fields, self))
        return f"{type(self).__name__}({pairs})"

    def _values(self):
        """What `copy` and `pickle` make another one of: else it would have the whole tuple as its first field."""
        return tuple(self)

    def _replace(self, **changes):
        values = [changes.pop(field, value) for field, value in zip(self._fields, self)]
        if changes:
            raise TypeError(f"{type(self).__name__} has no {', '.join(changes)}")
        return tuple.__new__(type(self), values)

    def _asdict(self):
        return dict(zip(self._fields, self))

    class NamedTuple(metaclass=_Fields):
        """Base of our values: `class Point(NamedTuple): x: int; y: int = 0`."""

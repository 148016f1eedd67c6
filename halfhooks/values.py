"""NamedTuple without `typing`, whose import takes longer than starting Python (see docs/performance.md)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    from operator import itemgetter

    class _Fields(type):
        """Turns a class body of annotated names, some with a default, into a tuple with named fields."""

        def __new__(mcs, name, bases, body):
            if not bases:
                return super().__new__(mcs, name, bases, body)
            fields = tuple(body.pop("__annotations__", {}))
            defaults = {field: body.pop(field) for field in fields if field in body}
            arguments = ", ".join(f"{field}=_d[{field!r}]" if field in defaults else field for field in fields)
            values = "".join(f"{field}, " for field in fields)
            scope = {"_d": defaults, "_new": tuple.__new__}
            exec(f"def __new__(cls, {arguments}): return _new(cls, ({values}))", scope)
            body.update({field: property(itemgetter(i)) for i, field in enumerate(fields)})
            body.update(__new__=scope["__new__"], __slots__=(), _fields=fields, __repr__=_show, _replace=_replace)
            body.pop("__dict__", None)
            return type(name, (tuple,), body)

    def _show(self):
        pairs = ", ".join(f"{field}={value!r}" for field, value in zip(self._fields, self))
        return f"{type(self).__name__}({pairs})"

    def _replace(self, **changes):
        return type(self)(**{**dict(zip(self._fields, self)), **changes})

    class NamedTuple(metaclass=_Fields):
        """Base of our values: `class Point(NamedTuple): x: int; y: int = 0`."""

"""The texts of the support module, which all generated modules share and no patch changes."""

SUPPORT = '''\
# ruff: noqa
# mypy: ignore-errors
"""What the generated modules of this package share; _half_orm.pyi says how it looks to a type checker."""

import builtins
import datetime
from decimal import Decimal
from importlib import import_module
from typing import AbstractSet, Any, Dict, Generic, List, Literal, NoReturn, Optional, Tuple, TypedDict, TypeVar, Union
from uuid import UUID

from half_orm.model import Model
from half_orm.model import register as register

T = TypeVar("T")
Binary = Union[bytes, memoryview]
Arg = Union[T, Tuple[Any, ...], List[Any], AbstractSet[Any], None]


class Range(Generic[T]):
    """What the ranges of psycopg2 and psycopg 3 have in common."""


def connect(config, scope):
    """The model of the database that a configuration of half_orm names."""
    return Model(config, scope=scope)


def reverse(model, schema, relation, *columns):
    """The name that half_orm gives to a foreign key at its other end; it holds the name of the database."""
    name = f"_reverse_fkey_{model._dbname}_{schema}_{relation}.{'.'.join(columns)}"
    return name.replace('"', "").replace(".", "_").replace(":", "_")


def columns(names):
    """The attributes of columns whose names are none in Python."""
    return names


def fkeys(names, legacy=True):
    """The aliases of foreign keys, and with `legacy` the names that half_orm gives those that have no alias."""
    if legacy:
        for constraint in list(names.values()):
            reverse = constraint.startswith("_reverse_fkey_")
            names.setdefault("rfk_" + constraint[len("_reverse_fkey_") :] if reverse else "fk_" + constraint, constraint)
    return names


def locate(model, schema, relation, module, name):
    """Tells half_orm where the class of a relation is, when that is not where half_orm looks for it."""
    known = model.__dict__.setdefault("_located", {})
    if not known:
        usual = model._import_class

        def import_class(qtn, scope=None):
            place = known.get(qtn.replace('"', ""))
            return getattr(import_module(place[0]), place[1]) if place else usual(qtn, scope)

        model._import_class = import_class
    known[f"{schema}.{relation}"] = module, name
'''

STUB = '''\
# ruff: noqa
"""How half_orm looks to a type checker, whichever of its lines is installed."""

import builtins as builtins
import datetime as datetime
from decimal import Decimal as Decimal
from typing import AbstractSet, Generic, Iterable, Iterator, Protocol, Sequence, Tuple, Type, TypeVar, overload
from typing import Any as Any
from typing import Dict as Dict
from typing import List as List
from typing import Literal as Literal
from typing import NoReturn as NoReturn
from typing import Optional as Optional
from typing import TypedDict as TypedDict
from typing import Union as Union
from uuid import UUID as UUID

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R", bound="Relation[Any, Any]")
RowT = TypeVar("RowT")
NameT = TypeVar("NameT", bound=str)
ClassT = TypeVar("ClassT", bound=Type[Any])

Binary = Union[bytes, memoryview]

class Range(Protocol[T_co]):
    """What the ranges of psycopg2 and psycopg 3 have in common."""

    @property
    def lower(self) -> Optional[T_co]: ...
    @property
    def upper(self) -> Optional[T_co]: ...
    @property
    def isempty(self) -> bool: ...
    @property
    def lower_inc(self) -> bool: ...
    @property
    def upper_inc(self) -> bool: ...
    @property
    def lower_inf(self) -> bool: ...
    @property
    def upper_inf(self) -> bool: ...

def connect(config: str, scope: str) -> Any:
    """The model of the database that a configuration of half_orm names."""

def reverse(model: Any, schema: str, relation: str, *columns: str) -> str:
    """The name that half_orm gives to a foreign key at its other end."""

def columns(names: Dict[str, str]) -> Dict[str, str]:
    """The attributes of columns whose names are none in Python."""

def fkeys(names: Dict[str, str], legacy: bool = ...) -> Dict[str, str]:
    """The aliases of foreign keys."""

def locate(model: Any, schema: str, relation: str, module: str, name: str) -> None:
    """Tells half_orm where the class of a relation is."""

def register(relation: ClassT) -> ClassT:
    """Makes half_orm use a class wherever it meets its relation."""

class Column(Generic[T]):
    """A column of a relation, which a value or a comparison constrains: `users.id = 3`, `users.id = (">", 3)`."""

    name: str
    value: Any
    unaccent: bool

    def __get__(self, relation: Any, owner: Any) -> "Column[T]": ...
    def __set__(self, relation: Any, value: "Arg[T]") -> None: ...
    def set(self, *args: Any) -> Any: ...
    def unset(self) -> None: ...
    def is_set(self) -> bool: ...
    def is_not_null(self) -> bool: ...

class ForeignKey(Generic[R]):
    """A way to another relation: called, it gives what is joined; `set` constrains by it."""

    def __call__(self, **kwargs: Any) -> R: ...
    def set(self, to: Optional[R] = None, **kwargs: Any) -> Any: ...
    def is_set(self) -> bool: ...

class Relation(Generic[RowT, NameT]):
    """A relation of half_orm: the set of rows that its constraints describe."""

    Fkeys: Dict[str, str]
    ho_only: bool

    def __init__(self, **kwargs: Any) -> None: ...
    def __call__(self: R, **kwargs: Any) -> R: ...
    def __iter__(self) -> Iterator[RowT]: ...
    def __and__(self: R, other: Any) -> R: ...
    def __or__(self: R, other: Any) -> R: ...
    def __sub__(self: R, other: Any) -> R: ...
    def __xor__(self: R, other: Any) -> R: ...
    def __neg__(self: R) -> R: ...
    def __contains__(self, other: Any) -> bool: ...
    def __getitem__(self, name: NameT) -> Any: ...
    @overload
    def ho_insert(self, *, upsert: bool = ...) -> RowT: ...
    @overload
    def ho_insert(self, column: Union[NameT, Literal["*"]], *columns: NameT, upsert: bool = ...) -> Dict[str, Any]: ...
    @overload
    def ho_select(
        self,
        *,
        distinct: bool = ...,
        order_by: Optional[str] = ...,
        limit: Optional[int] = ...,
        offset: Optional[int] = ...,
    ) -> Iterator[RowT]: ...
    @overload
    def ho_select(
        self,
        column: NameT,
        *columns: NameT,
        distinct: bool = ...,
        order_by: Optional[str] = ...,
        limit: Optional[int] = ...,
        offset: Optional[int] = ...,
        json_agg: Any = ...,
    ) -> Iterator[Dict[str, Any]]: ...
    @overload
    def ho_get(self) -> RowT: ...
    @overload
    def ho_get(self, column: NameT, *columns: NameT) -> Dict[str, Any]: ...
    def ho_update(self, *columns: str, update_all: bool = ..., **values: Any) -> Optional[List[Dict[str, Any]]]: ...
    def ho_delete(self, *columns: str, delete_all: bool = ...) -> Optional[List[Dict[str, Any]]]: ...
    def ho_count(self, *columns: Any, **kwargs: Any) -> int: ...
    def ho_is_empty(self) -> bool: ...
    def ho_is_set(self) -> bool: ...
    def ho_assert_is_singleton(self: R) -> R: ...
    def ho_unaccent(self: R, *columns: NameT) -> R: ...
    def ho_cast(self, name: str) -> Any: ...
    def ho_dict(self) -> Dict[str, Any]: ...
    def ho_mogrify(self) -> Any: ...
    def ho_freeze(self) -> None: ...
    def ho_unfreeze(self) -> None: ...
    def ho_distinct(self: R, *args: Any) -> R: ...
    def ho_order_by(self: R, order: str) -> R: ...
    def ho_limit(self: R, limit: int) -> R: ...
    def ho_offset(self: R, offset: int) -> R: ...
    @classmethod
    def ho_description(cls) -> str: ...
    @classmethod
    def ho_copy(cls, data: Iterable[Any], columns: Optional[Sequence[str]] = ...) -> int: ...
    @property
    def ho_id(self) -> int: ...
    async def ho_aselect(self, *columns: NameT, **kwargs: Any) -> List[RowT]: ...
    async def ho_aget(self, *columns: NameT) -> RowT: ...
    async def ho_ainsert(self, *columns: NameT, upsert: bool = ...) -> RowT: ...
    async def ho_aupdate(self, *columns: str, update_all: bool = ..., **values: Any) -> Any: ...
    async def ho_adelete(self, *columns: str, delete_all: bool = ...) -> Any: ...
    async def ho_acount(self, *columns: Any, **kwargs: Any) -> int: ...

Arg = Union[T, Tuple[Any, ...], List[Any], AbstractSet[Any], Column[Any], None]
"""What a constraint may be: a value, a comparison such as `(">", 3)`, several values, or another column."""
'''

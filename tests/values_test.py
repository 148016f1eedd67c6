"""Our NamedTuple behaves as typing's does, of which it is the cheap half."""

from __future__ import annotations

import copy
import pickle
from typing import NamedTuple

import pytest

from halfhooks import values


class Ours(values.NamedTuple):
    """A point."""

    x: int
    name: str = "origin"

    @property
    def double(self) -> int:
        return 2 * self.x

    def moved(self, by: int) -> Ours:
        return self._replace(x=self.x + by)


class Theirs(NamedTuple):
    x: int
    name: str = "origin"


class Empty(values.NamedTuple):
    """No fields at all."""


@pytest.mark.parametrize(
    ("arguments", "named"),
    [((1,), {}), ((1, "a"), {}), ((1,), {"name": "a"}), ((), {"x": 1}), ((), {"name": "a", "x": 1})],
)
def test_is_made_and_shown_like_typings(arguments, named):
    ours, theirs = Ours(*arguments, **named), Theirs(*arguments, **named)
    assert tuple(ours) == tuple(theirs)
    assert (ours.x, ours.name) == (theirs.x, theirs.name)
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [((), {}), ((1, "a", 2), {}), ((1,), {"x": 1}), ((1,), {"other": 1})],
)
def test_wrong_arguments_are_refused_like_typings(arguments, named):
    for value in (Ours, Theirs):
        with pytest.raises(TypeError):
            value(*arguments, **named)


def test_is_a_tuple():
    one, two = Ours(1), Ours(1, "origin")
    assert one == two == (1, "origin")
    assert hash(one) == hash((1, "origin"))
    assert Ours(1, "z") < Ours(2, "a")
    x, name = one
    assert (x, name) == (1, "origin")
    assert not Empty()
    assert repr(Empty()) == "Empty()"


@pytest.mark.parametrize("field", ["x", "name", "other"])
def test_cannot_be_changed(field):
    with pytest.raises(AttributeError):
        setattr(Ours(1), field, 2)


def test_a_changed_copy_leaves_the_original():
    value = Ours(1, "a")
    assert value._replace(name="b") == Ours(1, "b")
    assert value == Ours(1, "a")
    assert isinstance(value._replace(), Ours)
    with pytest.raises(TypeError):
        value._replace(other=1)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_a_copy_is_the_same(copied):
    value = copied(Ours(1, "a"))
    assert (value, type(value)) == (Ours(1, "a"), Ours)


def test_methods_and_the_docstring_stay():
    assert Ours(3).double == 6
    assert Ours(3).moved(2) == Ours(5)
    assert Ours.__doc__ == "A point."
    assert Ours._fields == ("x", "name")


def test_is_turned_into_a_dictionary_and_has_its_defaults_by_name():
    assert Ours(1)._asdict() == Theirs(1)._asdict() == {"x": 1, "name": "origin"}
    assert Ours._field_defaults == Theirs._field_defaults == {"name": "origin"}
    assert Ours._fields == Theirs._fields

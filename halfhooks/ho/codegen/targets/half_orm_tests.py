"""Tests for what the `half_orm` target makes: each class can be made, and each of its relations leads somewhere."""

from __future__ import annotations

from halfhooks.ho.codegen import naming
from halfhooks.ho.codegen.target import File, Output, Request
from halfhooks.ho.codegen.targets.half_orm_names import Named, addressable, is_wanted, name_all
from halfhooks.ho.codegen.text import docstring


def generate(request: Request) -> Output:
    """A module of tests for each relation; `request` is the one of the package."""
    relations = [each for each in request.schema.relations if is_wanted(each) and addressable(each)]
    named = name_all(request, relations)
    wanted = {key: ["test_" + each.path[: -len(".py")].replace("/", "_")] for key, each in named.items()}
    files = naming.allocate(wanted, fold=str.lower)
    return Output(tuple(sorted(File(f"{files[key]}.py", _module(each)) for key, each in named.items())))


def _module(named: Named) -> str:
    """The class is not imported by its name: pytest would take one called `TestResults` for a class of tests."""
    name = f"{named.module}.{named.class_name}"
    return f'''\
{docstring([f"The class of {named.relation.label}."])}

import {named.module}


def test_{named.module.rpartition(".")[2]}() -> None:
    """It can be made, and each of its relations leads to a relation."""
    relation = {name}()
    for alias in filter(None, getattr({name}, "Fkeys", {{}})):
        assert hasattr(getattr(relation, alias)(), "ho_select")
'''

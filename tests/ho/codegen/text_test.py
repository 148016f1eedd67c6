"""Names and texts of the database in Python: always valid, never code. Mostly properties."""

from __future__ import annotations

import ast
import json
import keyword

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfhooks.ho.codegen import naming, store
from halfhooks.ho.codegen.model import BASE, ENUM, TABLE, Column, ForeignKey, Relation, Schema, Type
from halfhooks.ho.codegen.target import Request
from halfhooks.ho.codegen.targets import half_orm, typeddict
from halfhooks.ho.codegen.text import docstring, literal, one_line, paragraphs

ANY_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
NASTY = st.sampled_from(
    ['"""', "\\", "\n", "\r", "\\N{DIGIT ONE}", "'", '"', "{x}", "%s", "#", "import os", "\u2028", "\t"]
)
TEXTS = st.lists(st.one_of(ANY_TEXT, NASTY), max_size=6).map("".join)
TRICKY = st.sampled_from(
    [
        *keyword.kwlist,
        "self",
        "super",
        "Fkeys",
        "ho_insert",
        "__init__",
        "conftest",
        "_h",
        "int",
        "a b",
        "a-b",
        "A B",
        "a_b",
    ]
    + ["MODEL", "m_o_d_e_l", "_half_orm", "__x", "ﬁ", "fi", "é", "e\u0301", "İ", "i̇", "ß", "ſ", "K", "k", "１", "x.y"]
)
NAMES = st.one_of(
    TRICKY, st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
)


@given(TEXTS)
def test_a_literal_means_its_text(text):
    shown = literal(text)
    assert ast.literal_eval(shown) == text
    assert "\n" not in shown


@given(st.lists(TEXTS, max_size=4), st.sampled_from(["", "    "]))
def test_a_docstring_is_one_literal(lines, indent):
    shown = docstring(lines, indent)
    code = f"class A:\n{indent or '    '}{shown.lstrip()}\n" if indent else shown + "\n"
    tree = ast.parse(code)
    body = tree.body[0].body if indent else tree.body
    assert len(body) == 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    said = "".join("".join(lines).split())
    assert "".join(body[0].value.value.encode("unicode_escape").decode().split()) is not None
    assert len("".join(body[0].value.value.split())) == len(said)


@given(TEXTS)
def test_a_comment_in_one_line_has_one(comment):
    assert "\n" not in one_line(comment)
    assert not paragraphs(comment) or paragraphs(comment)[-1]


@given(NAMES)
def test_every_name_becomes_a_name(name):
    for made in (naming.identifier(name), naming.attribute(name), naming.module(name), naming.class_name(name)):
        assert made.isidentifier() and not keyword.iskeyword(made), made
    assert naming.module(name).isascii() and naming.module(name) == naming.module(name).lower()
    assert naming.module(name) not in ("__init__", "__main__", "__pycache__")


@given(
    st.dictionaries(st.integers(), st.lists(st.sampled_from("abc"), min_size=1, max_size=3)),
    st.sets(st.sampled_from("abc")),
)
def test_allocated_names_are_unique_and_independent_of_the_order(wanted, taken):
    names = naming.allocate(wanted, taken)
    assert len(set(names.values())) == len(names)
    assert not taken & set(names.values())
    assert naming.allocate(dict(reversed(wanted.items())), taken) == names


def test_a_name_that_is_itself_keeps_itself():
    wanted = {"My-Table": ["my_table"], "my_table": ["my_table"], "MY TABLE": ["my_table"]}
    names = naming.allocate(wanted, exact={"my_table"})
    assert names["my_table"] == "my_table"
    assert all(name.startswith("my_table_") for key, name in names.items() if key != "my_table")


@pytest.mark.parametrize(
    "name, module, cls",
    [
        ("users", "users", "Users"),
        ("My-Table", "my_table", "MyTable"),
        ("class", "class_", "Class"),
        ("None", "none_", "None_"),
        ("1st", "_1st", "_1st"),
        ("é", "e", "É"),
        ("\U0001f600", "u1f600", "U1f600"),
        ("__init__", "__init___", "Init"),
        ("", "_", "_"),
    ],
)
def test_names_stay_readable(name, module, cls):
    assert (naming.module(name), naming.class_name(name)) == (module, cls)


INT = Type("pg_catalog", "int4", BASE)


@st.composite
def schemas(draw) -> Schema:
    """A schema of anything, in which each table refers to the first one."""
    comments = st.one_of(st.just(""), TEXTS)
    labels = tuple(draw(st.lists(TEXTS, max_size=2, unique=True)))
    kind = draw(st.sampled_from([INT, Type("public", "e", ENUM, labels=labels)]))
    tables = draw(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=5, unique=True))
    found = []
    for schema, name in tables:
        columns = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
        made = tuple(Column(column, kind, "int", draw(st.booleans()), comment=draw(comments)) for column in columns)
        keys = ()
        if found:
            first = found[0]
            keys = (ForeignKey(draw(NAMES), (schema, name), (columns[0],), first.id, (first.columns[0].name,)),)
            found[0] = first._replace(referrers=(*first.referrers, *keys))
        found.append(Relation(schema, name, TABLE, made, foreign_keys=keys, comment=draw(comments)))
    return Schema(tuple(sorted(found, key=lambda relation: relation.id)), ((tables[0][0], draw(comments)),))


CALLS = {"TypedDict", "reverse", "get_relation_class", "super", "__init__", "locate", "columns", "fkeys", "connect"}


def calls(tree: ast.AST) -> set[str]:
    """What a module calls."""
    functions = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {function.attr if isinstance(function, ast.Attribute) else function.id for function in functions}


@settings(max_examples=60)
@given(schemas())
def test_whatever_a_schema_holds_its_modules_are_valid_and_nothing_in_them_is_code(schema):
    for target in (half_orm, typeddict):
        output = target.generate(Request(schema, "pack"))
        paths = [file.path for file in output.files]
        assert len({path.casefold() for path in paths}) == len(paths)
        folders = {path.rpartition("/")[0] for path in paths}
        assert not folders & {path[: -len(".py")] for path in paths}
        for file in output.files:
            assert not file.path.startswith(("/", ".")) and ".." not in file.path
            compile(file.text, file.path, "exec", dont_inherit=True)
            tree = ast.parse(file.text)
            if "_half_orm" in file.path.split("/")[-1] and "/" not in file.path:
                continue
            assert calls(tree) <= CALLS
            imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
            assert all(name.startswith("pack") or name in ("typing", "decimal", "uuid") for name in imported)
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    declared = [each.target.id for each in ast.walk(node) if isinstance(each, ast.AnnAssign)]
                    assert len(set(declared)) == len(declared)
        assert target.generate(Request(schema, "pack")) == output


@given(schemas())
def test_a_schema_is_read_back_from_json_as_it_was(schema):
    relations = tuple(each._replace(referrers=tuple(sorted(each.referrers))) for each in schema.relations)
    whole = schema._replace(relations=relations, names=tuple(schema.schemas()))
    assert store._loaded(json.loads(json.dumps(store._dumped(whole)))) == whole

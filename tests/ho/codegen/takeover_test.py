"""Projects of half_orm_dev 0.17 and 1.1, as the real tool has made them, and what their users wrote in between."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from halfhooks.ho.codegen import write
from halfhooks.ho.codegen.regions import BEGIN, END, cut, read_seal
from halfhooks.ho.codegen.target import Request
from halfhooks.ho.codegen.targets import half_orm
from halfhooks.survey import CannotTell
from tests.ho.codegen.half_orm_test import line, run  # noqa: F401

HERE = Path(__file__).parent / "half_orm_dev"

SCHEMA = """
    create table users (id int primary key, name text not null, boss_id int references users, at timestamptz);
    create table orders (id uuid primary key, user_id int not null references users);
    create schema "My" create table "CamelCase" (id int, "class" text);
"""

GLOBAL = 'import os\nfields_aliases = {"class": "kind"}\nLIMIT = typing.cast(int, 3) if "typing" in globals() else 3\n'
ATTRIBUTES = """\
    GREETING = "h{x}llo"
    Fkeys = {
        "orders": "_reverse_fkey_devshop_public_orders_user_id",
        "": "users_boss_id_fkey",
    }
"""
METHODS = """\
        object.__setattr__(self, "made", name is None or name)

    def greet(self) -> str:
        return f"{self.GREETING} {LIMIT}"


def outside() -> int:
    return len(os.sep)
"""


@pytest.fixture(params=["0.17", "1.1"])
def project(request, tmp_path) -> Path:
    """A package that the real tool has made, with a user's code in all three regions of a module."""
    for source in (HERE / request.param).rglob("*.txt"):
        target = tmp_path / source.relative_to(HERE / request.param).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    users = tmp_path / "devshop" / "public" / "users.py"
    users.write_text(filled(users.read_text()))
    (tmp_path / "devshop" / "ho_baseclasses.py").write_text("# theirs\n")
    (tmp_path / "devshop" / "helpers.py").write_text("VALUE = 1\n")
    return tmp_path


def filled(text: str) -> str:
    """A module with code in its regions."""
    pieces = cut(text)
    assert pieces is not None and len(pieces.regions) == 3
    parts = zip(pieces.generated, (GLOBAL, ATTRIBUTES, METHODS))
    return "".join(piece + region for piece, region in parts)


@pytest.fixture(scope="session")
def database(cluster):
    return cluster.create("devshop", SCHEMA)


def taken_over(database, project: Path) -> write.Plan:
    root = project / "devshop"
    request = Request(database.read(), "devshop", lambda path: write.read(root, path))
    return write.plan(root, "half_orm", half_orm.generate(request))


def test_no_line_of_the_user_is_lost(database, project):
    before = {path: path.read_bytes() for path in (project / "devshop").rglob("*.py")}
    plan = taken_over(database, project)
    assert plan.conflicts == () and plan.orphans == () and plan.deleted == ()
    write.apply(project / "devshop", plan)
    text = (project / "devshop" / "public" / "users.py").read_text()
    assert cut(text).regions == (GLOBAL, ATTRIBUTES, METHODS)
    assert read_seal(text).intact
    for path in ("__init__.py", "public/__init__.py", "ho_baseclasses.py", "helpers.py"):
        full = project / "devshop" / path
        assert full.read_bytes() == before[full]
    again = taken_over(database, project)
    assert again.fresh
    names = {path.name for path in (project / "devshop" / "My").glob("*.py")}
    assert names in ({"CamelCase.py", "__init__.py"}, {"camelcase.py", "__init__.py"})


def test_what_was_taken_over_works(database, project, line):  # noqa: F811
    init = "from half_orm.model import Model\nMODEL = Model('pack', scope=__name__)\n"
    (project / "devshop" / "__init__.py").write_text(init)  # theirs asks half_orm_dev
    write.apply(project / "devshop", taken_over(database, project))
    code = """
from devshop.public.users import Users, outside
assert Users().greet() == "h{x}llo 3" and outside() == 1
assert Users(name="x").made == "x" and Users().made is True
assert Users(1, "Ann").ho_insert() == {"id": 1, "name": "Ann", "boss_id": None, "at": None}
assert list(Users(1).orders()) == [] and Users(1).fk_users_boss_id_fkey().ho_count() == 0
Users(1).ho_delete()
"""
    run(code, database, project, line)
    run("from devshop.public.orders import Orders; Orders().fk_orders_user_id_fkey()", database, project, line)


def test_an_alias_of_a_column_in_the_first_region_is_kept(database, project):
    (module,) = [path for path in (project / "devshop" / "My").glob("*.py") if path.name != "__init__.py"]
    module.write_text(module.read_text().replace(f"{BEGIN}\n{END}", f"{BEGIN}{GLOBAL}{END}", 1))
    write.apply(project / "devshop", taken_over(database, project))
    assert '"class": "kind"' in module.read_text()
    assert "        kind: _h.Column[str]\n" in module.read_text()


def test_a_module_with_damaged_markers_is_left_alone_and_so_is_all_else(database, project):
    users = project / "devshop" / "public" / "users.py"
    users.write_text(users.read_text().replace(END, "", 1))
    before = {path: path.read_bytes() for path in project.rglob("*.py")}
    plan = taken_over(database, project)
    assert [problem for problem in plan.conflicts if "public/users.py" in problem]
    with pytest.raises(CannotTell, match=r"users\.py"):
        write.apply(project / "devshop", plan)
    assert {path: path.read_bytes() for path in project.rglob("*.py")} == before

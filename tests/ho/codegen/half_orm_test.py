"""What the half_orm target makes: it works with half_orm, type checkers and linters, whatever the schema holds."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from halfhooks.ho.codegen import write
from halfhooks.ho.codegen.target import Request
from halfhooks.ho.codegen.targets import half_orm
from tests.ho.codegen.schemas import CODE, SHOP, TABLES, hostile

ROOT = Path(__file__).resolve().parents[3]


def generate(schema, root: Path, package: str = "pack", **more) -> Path:
    """Put the package of a schema below a folder; the folder."""
    request = Request(schema, package, lambda path: write.read(root / package, path), **more)
    write.apply(root / package, write.plan(root / package, "half_orm", half_orm.generate(request)))
    return root


def files(folder: Path) -> dict[str, bytes]:
    """All files of a package by their paths."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.py*") if path.is_file()}
    return {path: data for path, data in found.items() if "__pycache__" not in path and not path.startswith(".")}


@pytest.fixture(scope="session")
def shop(cluster, tmp_path_factory):
    """A database with the usual schema, and the package made of it."""
    database = cluster.create("usual", SHOP)
    return database, generate(database.read(), tmp_path_factory.mktemp("usual"))


@pytest.fixture(scope="session")
def odd(cluster, tmp_path_factory):
    """A database with the hostile schema, and the package made of it."""
    database = cluster.create("ho'st \\ {x}", hostile())
    return database, generate(database.read(), tmp_path_factory.mktemp("odd"))


@pytest.fixture(scope="session", params=["0.17", "1"])
def line(request, tmp_path_factory) -> str:
    """Both lines of half_orm, each with its own driver in an environment of its own: the interpreter of that."""
    folder = tmp_path_factory.mktemp("line")
    venv.create(folder)
    python = str(folder / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, f"half_orm=={request.param}.*"], capture_output=True, check=True)
    return python


def run(code: str, database, root: Path, line: str) -> str:
    """What a program prints that uses a package with a line of half_orm."""
    (root / "conf").mkdir(exist_ok=True)
    conf = f"[database]\nname = {database.name}\nhost = {database.socket}\nuser = {database.user}\n"
    (root / "conf" / "pack").write_text(conf)
    environment = {
        **os.environ,
        "PYTHONPATH": str(root),
        "HALFORM_CONF_DIR": str(root / "conf"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run([line, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


USE = """
from decimal import Decimal
from pack.shop.users import Users
from pack.shop.orders import Orders
from pack.shop.lines import Lines
from pack.shop.notes import Notes
from pack.shop.events import Events
from pack.shop.vips import Vips
from pack.shop.rich import Rich
from pack.audit.log.entries import Entries

ann = Users(name="Ann", mail="a@b", balance=Decimal("5000.10"), class_="x").ho_insert()
assert (ann["class"], ann["balance"], ann["shout"], ann["mood"]) == ("x", Decimal("5000.10"), "ANN", "happy"), ann
bob = Users(name="Bob", mail="b@b", boss_id=ann["id"]).ho_insert()
order = Orders(user_id=ann["id"], shipper_id=bob["id"]).ho_insert()
Lines(order_id=order["id"], line=1, what="soap").ho_insert()
Notes(order_id=order["id"], line=1, text="hm").ho_insert()
Entries(id=1, user_id=ann["id"]).ho_insert()
Events(id=1, day="2020-05-05", user_id=ann["id"]).ho_insert()

assert [row["name"] for row in Users(class_="x")] == ["Ann"]
assert list(Users(name=("like", "B%")).ho_select("id")) == [{"id": bob["id"]}]
found = []
for cls in (Users, Orders, Lines, Notes, Events, Entries):
    for alias in cls.Fkeys:
        other = getattr(cls(), alias)()
        if alias.startswith(("fk_", "rfk_")):  # as half_orm itself calls it
            continue
        found.append(f"{cls.__name__}.{alias}: {type(other).__name__} {other.ho_count()}")
        getattr(cls(), alias).set(other.__class__())
        assert type(other).__module__.startswith("pack."), other
print("\\n".join(found))
assert [o["id"] for o in Users(id=ann["id"]).orders_user_rfk()] == [order["id"]]
assert [u["name"] for u in Orders(id=order["id"]).shipper_fk()] == ["Bob"]
assert Users(id=ann["id"]).orders_shipper_rfk().ho_count() == 0
Users(id=bob["id"]).ho_update(name="Rob")
assert Users(name="Rob").ho_count() == 1
assert [row["name"] for row in Rich()] == ["Ann"]
assert isinstance(Vips(level=1), Users)
for cls in (Notes, Lines, Entries, Events, Orders):
    cls().ho_delete(delete_all=True)
    assert cls().ho_is_empty()
Users(id=bob["id"]).ho_delete()
Users(id=ann["id"]).ho_delete()
"""


def test_real_half_orm_works_along_every_relation(shop, line):
    told = run(USE, *shop, line)
    assert told.splitlines() == [
        "Users.boss_fk: Users 0",  # half_orm does not join a relation to itself
        "Users.entries_user_rfk: Entries 1",
        "Users.events_user_rfk: Events 1",
        "Users.orders_user_rfk: Orders 1",
        "Users.users_boss_rfk: Users 0",
        "Users.orders_shipper_rfk: Orders 1",
        "Orders.user_fk: Users 1",
        "Orders.shipper_fk: Users 1",
        "Orders.lines_order_rfk: Lines 1",
        "Lines.order_fk: Orders 1",
        "Lines.notes_order_id_line_rfk: Notes 1",
        "Notes.order_id_line_fk: Lines 1",
        "Events.user_fk: Users 1",
        "Entries.user_fk: Users 1",
    ]


def test_importing_a_class_loads_no_other(shop, line):
    code = "import sys, pack.shop.orders; print(*sorted(m for m in sys.modules if m.startswith('pack')))"
    assert run(code, *shop, line).split() == ["pack", "pack._half_orm", "pack.shop", "pack.shop.orders"]


IMPORT_ALL = """
import importlib, pkgutil, warnings
import pack
count = 0
for found in pkgutil.walk_packages(pack.__path__, "pack."):
    module = importlib.import_module(found.name)
    for name, value in vars(module).items():
        if isinstance(value, type) and value.__module__ == module.__name__ and hasattr(value, "ho_insert"):
            relation = value()
            count += 1
            assert not [field for field in relation._ho_fields if field.startswith("column")], relation._ho_fields
            for alias in value.__dict__.get("Fkeys", {}):
                getattr(relation, alias)()
print(count)
"""


def test_a_relation_of_every_kind_has_its_class(shop, line):
    assert run(IMPORT_ALL, *shop, line) == "10\n"  # all but the partition, which half_orm does not know
    code = "from pack.shop.counted import Counted; print(Counted().ho_is_set(), list(Counted())[0]['many'])"
    assert run(code, *shop, line) == "False 0\n"


def test_a_hostile_schema_is_imported_and_nothing_in_it_runs(odd, line):
    database, _ = odd
    left_out = {'";import os', "dotted.name", "nothing"}
    assert run(IMPORT_ALL, *odd, line) == f"{len(TABLES) - len(left_out) + 7}\n"
    output = half_orm.generate(Request(database.read(), "pack"))
    assert len(output.remarks) == len(left_out)
    assert all("no module for" in remark for remark in output.remarks)


def test_a_row_of_a_hostile_table_is_written_and_read(odd, line):
    code = """
from pack.public.my_table_ import MyTable
from pack.public.class_ import Class
print(Class.__module__)
"""
    listed = sorted(path for path in files(odd[1] / "pack") if path.startswith("public/my_table"))
    assert len(listed) == 4 and "public/my_table.py" in listed  # three others have a hash
    code = """
from pack.public.my_table import MyTable
row = MyTable(id=1, self_=2, class_=3, super_=4, Fkeys_=5, kwargs=6, int=7).ho_insert()
assert (row["self"], row["class"], row["super"], row["Fkeys"], row["kwargs"], row["int"]) == (2, 3, 4, 5, 6, 7)
assert list(MyTable(self_=2))[0]["id"] == 1
MyTable(id=1).ho_delete()
"""
    run(code, *odd, line)


def test_type_checkers_and_linters_have_no_complaints(shop, odd, tmp_path):
    for _, root in (shop, odd):
        mypy = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "pack"]
        done = subprocess.run(mypy, cwd=root, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
        ruff = [str(Path(sys.executable).parent / "ruff"), "check", "--isolated", "--no-cache", "pack"]
        done = subprocess.run(ruff, cwd=root, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


TYPED = """\
from decimal import Decimal
from pack.shop.users import Users
users = Users(name="x", id=(">", 3), balance=Decimal(1))
users.name = "y"
balance: Decimal = users.boss_fk().ho_insert()["balance"]
users.nmae
Users(nmae="x")
users.id = "x"
users.ho_select("nmae")
users.ho_insert()["nmae"]
Users(mood="angry")
"""


def test_a_typo_in_a_column_is_a_type_error(shop, tmp_path):
    (tmp_path / "typed.py").write_text(TYPED)
    mypy = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", str(tmp_path / "cache")]
    environment = {**os.environ, "MYPYPATH": str(shop[1])}
    done = subprocess.run([*mypy, "typed.py"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    lines = [int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line]
    assert lines == [6, 7, 8, 9, 10, 11], done.stdout


def test_the_bytes_depend_on_nothing_but_the_schema(cluster, shop, odd, tmp_path):
    for number, (database, root) in enumerate((shop, odd)):
        other = cluster.create(f"of another name {number}", options="locale 'C.UTF-8' encoding 'UTF8'")
        other.restore(database.dump())
        other.run(
            "alter table a.b drop column id; alter table a.b add column id int"
            if number
            else "alter table shop.notes add column x int; alter table shop.notes drop column x"
        )
        made = generate(other.read(), tmp_path / str(number))
        assert files(made / "pack") == files(root / "pack")


def test_the_bytes_depend_on_no_hash_and_no_locale(shop, tmp_path):
    database, root = shop
    main = "import sys; from halfhooks.ho.commands.codegen import main; sys.exit(main(sys.argv[1:]))"
    for seed, locale in (("1", "C"), ("2", "C.UTF-8")):
        package = tmp_path / seed / "pack"
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", main, "--dsn", database.dsn, "--package", str(package)]
        subprocess.run(command, check=True, env=environment, capture_output=True)
        assert files(package) == files(root / "pack")


def test_no_file_is_shared_by_patches(cluster, shop, tmp_path):
    """A new table touches its own module and those that it refers to, and no other file."""
    database, root = shop
    patched = cluster.create("patched")
    patched.restore(database.dump())
    patched.run(
        "create table shop.stores (id int primary key); create table shop.shelves (store_id int references shop.stores)"
    )
    patched.run("create table shop.visits (user_id int references shop.users)")
    before, after = files(root / "pack"), files(generate(patched.read(), tmp_path) / "pack")
    assert {path for path in after if before.get(path) != after[path]} == {
        "shop/stores.py", "shop/shelves.py", "shop/visits.py", "shop/users.py",
    }  # fmt: skip


def test_names_and_types_can_be_chosen(shop, tmp_path):
    database, _ = shop
    names = {"shop.users": "people", "shop.users.class": "kind"}
    types = {"shop.users.settings": "pack.mine:Settings", "shop.mood": "str"}
    generate(database.read(), tmp_path, names=names, types=types)
    text = (tmp_path / "pack" / "shop" / "people.py").read_text()
    assert "class People(_Base):" in text
    assert "    from pack.mine import Settings as _Settings\n" in text
    assert '        settings: _h.Column["_Settings"]\n' in text
    assert "        mood: _h.Column[str]\n" in text
    assert "        kind: _h.Column[str]\n" in text


def test_code_in_a_comment_stays_a_comment(odd):
    text = (odd[1] / "pack" / "class_" / "class_.py").read_text()
    assert CODE not in text
    assert 'raise SystemExit("ran")' in text

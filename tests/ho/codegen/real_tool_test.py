"""half_orm_dev itself makes a package of the usual schema, somebody fills every region, and it is taken over."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from halfhooks.ho.codegen import write
from halfhooks.ho.codegen.regions import cut, read_seal
from halfhooks.ho.codegen.target import Request
from halfhooks.ho.codegen.targets import half_orm
from tests.ho.codegen.schemas import SHOP

GENERATE = """
import sys
from half_orm.model import Model
from half_orm_dev import modules

class Repo:
    name, base_dir, with_half_orm_meta = "legacy", sys.argv[1], False
    class database:
        model = Model("legacy")

modules.generate(Repo)
"""

USE = """
import importlib, pkgutil
import legacy
for found in pkgutil.walk_packages(legacy.__path__, "legacy."):
    importlib.import_module(found.name)
from legacy.shop.users import Users, OUTSIDE
from legacy.shop.orders import Orders
ann = Users(name="Ann", mail="a@b").ho_insert()
order = Orders(user_id=ann["id"]).ho_insert()
assert [row["id"] for row in Users(id=ann["id"]).orders_user_rfk()] == [order["id"]]
assert [row["name"] for row in Orders(id=order["id"]).fk_orders_user_id_fkey()] == ["Ann"]
assert Users(id=ann["id"]).inside() == ("users", OUTSIDE)
Orders(id=order["id"]).ho_delete()
Users(id=ann["id"]).ho_delete()
"""


@pytest.fixture(scope="module")
def database(cluster):
    return cluster.create("legacy", SHOP)


@pytest.fixture(params=["0.17", "1.1"])
def project(request, database, tmp_path: Path) -> Path:
    """A folder with the interpreter that has the tool, and the package that it made."""
    venv.create(tmp_path / "venv")
    python = str(tmp_path / "venv" / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--disable-pip-version-check", "--pre"]
    subprocess.run([*pip, f"half_orm_dev=={request.param}.*"], capture_output=True, check=True)
    conf = f"[database]\nname = legacy\nhost = {database.socket}\nuser = {database.user}\n"
    (tmp_path / "legacy.conf").mkdir()
    (tmp_path / "legacy.conf" / "legacy").write_text(conf)
    call(tmp_path, GENERATE, str(tmp_path), path="")  # what it has made asks for the name of the folder
    return tmp_path


def call(project: Path, code: str, *arguments: str, path: str = ".") -> None:
    """Run a program where the tool is; `path` leads to the package."""
    environment = {**os.environ, "HALFORM_CONF_DIR": str(project / "legacy.conf"), "PYTHONPATH": path}
    command = [str(project / "venv" / "bin" / "python"), "-c", code, *arguments]
    done = subprocess.run(
        command, cwd=project if path else project / "venv", env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def regions(module: Path) -> tuple[str, str, str]:
    """Code for the three regions of a module, that says whose it is."""
    name = module.stem
    method = f"        pass\n\n    def inside(self):\n        return {name!r}, OUTSIDE\n"
    return f"# of {name}\nOUTSIDE = 'é {name}'\n", f"    OWN = {name!r}\n\n", method


def test_a_package_of_the_real_tool_is_taken_over_whole(project, database):
    root = project / "legacy"
    modules = [path for path in sorted(root.rglob("*.py")) if cut(path.read_text()).regions]
    assert len(modules) == 10
    for path in modules:
        pieces = cut(path.read_text())
        assert len(pieces.regions) == 3
        path.write_text("".join(part + region for part, region in zip(pieces.generated, regions(path))))
    others = {
        path: path.read_bytes() for path in project.rglob("*.py") if "venv" not in path.parts and path not in modules
    }
    assert any("tests" in path.parts for path in others)
    request = Request(database.read(), "legacy", lambda path: write.read(root, path))
    plan = write.plan(root, "half_orm", half_orm.generate(request))
    assert (plan.conflicts, plan.orphans, plan.deleted) == ((), (), ())
    write.apply(root, plan)
    for path in modules:
        text = path.read_text()
        assert cut(text).regions == regions(path)
        assert read_seal(text).intact
    assert {path: path.read_bytes() for path in others} == others
    assert write.plan(root, "half_orm", half_orm.generate(request)).fresh
    (root / "__init__.py").unlink()  # it asks half_orm_dev, which needs a project of its own around it
    write.apply(root, write.plan(root, "half_orm", half_orm.generate(request)))
    call(project, USE)

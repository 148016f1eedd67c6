"""`ho codegen`: what it prints and says with its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from halfhooks.ho.cli import main
from halfhooks.ho.codegen import write
from halfhooks.ho.codegen.target import Request
from halfhooks.ho.codegen.targets import typeddict
from tests.ho.codegen.schemas import SHOP


@pytest.fixture(scope="module")
def database(cluster):
    return cluster.create("command", SHOP)


@pytest.fixture
def ho(database, tmp_path, monkeypatch, capsys):
    """Runs the command for a package `pack` in an empty folder: the exit code, and what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGHOST", database.socket)
    monkeypatch.setenv("PGUSER", database.user)

    def call(*arguments: str, source=("--database", "command"), package="pack"):
        code = main(["codegen", *source, "--package", package, *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def test_it_writes_and_then_has_nothing_to_do(ho):
    code, out, err = ho()
    assert (code, err) == (0, "")
    assert "new: pack/shop/users.py\n" in out
    assert out.endswith("halfhooks: 16 written, 0 deleted, of 16 files\n")
    assert ho() == (0, "halfhooks: 16 files are up to date\n", "")
    assert ho("--check") == (0, "halfhooks: 16 files are up to date\n", "")


def test_check_prints_a_diff_and_writes_nothing(ho):
    code, out, _ = ho("--check")
    assert code == 1
    assert "+++ b/pack/shop/users.py" in out
    assert not Path("pack").exists()
    ho()
    users = Path("pack/shop/users.py")
    users.write_text(users.read_text().replace("Those who buy.", "Those who sell."))
    code, out, _ = ho("--check")
    assert code == 1
    assert "-    Those who sell.\n+    Those who buy.\n" in out
    assert out.endswith("halfhooks: 1 of 16 files not up to date; write them: ho codegen\n")
    assert "sell" in users.read_text()
    code, out, err = ho()
    assert (code, out.splitlines()[0]) == (0, "written: pack/shop/users.py")
    assert "'shop/users.py' had been changed outside of its markers; as it was: .halfhooks/kept/" in err


def test_schemas_and_exclusions(ho):
    ho("--schema", "audit.log", "--exclude", "*.users")
    assert sorted(path.name for path in Path("pack").iterdir() if path.name[0] != ".") == [
        "__init__.py", "_half_orm.py", "_half_orm.pyi", "audit",
    ]  # fmt: skip
    ho()
    ho("--schema", "shop", "--exclude", "shop.n*")
    assert not Path("pack/shop/notes.py").exists()
    assert Path("pack/audit/log/entries.py").exists()


def test_json(ho):
    code, out, _ = ho("--json", "--schema", "audit.log")
    told = json.loads(out)
    assert code == 0
    assert told["new"] == [
        "pack/__init__.py", "pack/_half_orm.py", "pack/_half_orm.pyi",
        "pack/audit/__init__.py", "pack/audit/log/__init__.py", "pack/audit/log/entries.py",
    ]  # fmt: skip
    code, out, _ = ho("--json", "--check", "--schema", "shop")
    assert (code, json.loads(out)["fresh"], json.loads(out)["written"]) == (1, False, False)


def test_an_orphan_is_told_and_keeps_check_from_being_content(ho, database, cluster):
    ho()
    notes = Path("pack/shop/notes.py")
    notes.write_text(notes.read_text() + "        pass\n")
    code, _, err = ho("--exclude", "shop.notes")
    assert code == 0
    assert "'pack/shop/notes.py' belongs to no relation any more, and holds code of yours, so it stays" in err
    assert "git rm pack/shop/notes.py" in err
    assert ho("--exclude", "shop.notes", "--check")[0] == 1


@pytest.mark.parametrize(
    "more, says",
    [
        ({"source": ("--database", "there is none")}, 'database "there is none" does not exist'),
        ({"source": ("--dsn", "host=/nowhere")}, "the database does not answer"),
        ({"package": "my-package"}, "'my-package' cannot be imported: it is no name in Python"),
        ({"package": "file"}, "'file' is no folder"),
    ],
)
def test_it_cannot_tell(ho, more, says):
    Path("file").write_text("")
    code, out, err = ho(**more)
    assert (code, out) == (2, "")
    assert says in err


def test_what_is_in_the_way_is_told(ho):
    Path("pack/shop").mkdir(parents=True)
    Path("pack/shop/users.py").write_text("x = 1\n")
    code, _, err = ho()
    assert code == 2
    assert "'shop/users.py' was not made by ho codegen, so it is left alone" in err
    assert list(Path("pack").rglob("*.py")) == [Path("pack/shop/users.py")]


def test_the_package_may_lie_elsewhere_and_have_a_configuration_of_its_own(ho):
    ho("--import-as", "src.pack", "--config", "it's", package="src/pack")
    assert 'MODEL = connect("it\'s", __name__)' in Path("src/pack/__init__.py").read_text()
    users = Path("src/pack/shop/users.py").read_text()
    assert "from src.pack import MODEL\n" in users
    assert '_h.locate(MODEL, "shop", "orders", "src.pack.shop.orders", "Orders")\n' in users


def test_an_interrupted_run_is_ended(ho):
    ho()
    root = Path("pack")
    users = root / "shop" / "users.py"
    new = users.read_text().replace("Those", "These")
    with write.locked(root) as work:
        write._stage(work, root, write.Plan((write.Change("shop/users.py", users.read_text(), new),)))
    code, _, err = ho("--check")
    assert code == 0
    assert "the last run was interrupted" in err
    assert ho()[0] == 0
    assert not write.interrupted(root)
    assert "Those" in users.read_text()


PLUGIN = """
from halfhooks.ho.codegen.target import File, Output

def generate(request):
    names = [relation.label for relation in request.schema.relations]
    return Output((File("names.py", f"NAMES = {names!r}\\n"),), ("no more than names",))
"""


def test_a_plugin_is_a_target(ho, tmp_path, monkeypatch):
    site = tmp_path / "site"
    (site / "theirs-1.0.dist-info").mkdir(parents=True)
    (site / "theirs.py").write_text(PLUGIN)
    (site / "theirs-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    points = "[halfhooks.codegen]\nnames = theirs\nbroken = theirs:nothing\nwrong = theirs:PLUGIN\n"
    (site / "theirs-1.0.dist-info" / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(site))
    code, out, err = ho("--target", "names")
    assert (code, out, err) == (
        0,
        "new: pack/names.py\nhalfhooks: 1 written, 0 deleted, of 1 files\n",
        "halfhooks: no more than names\n",
    )
    assert "shop.users" in Path("pack/names.py").read_text()
    assert ho("--target", "name")[2].endswith("there is no target 'name'; the nearest is: --target names\n")
    assert "cannot be loaded" in ho("--target", "broken")[2]


def test_rows_as_typed_dicts(ho, tmp_path):
    code, out, _ = ho("--target", "typeddict")
    assert code == 0 and "new: pack/rows/shop/users.py" in out
    assert "new: pack/rows/shop/events_2020.py" in out
    text = Path("pack/rows/shop/users.py").read_text()
    for line in ('"name": str,', '"class": Optional[str],', '"balance": Decimal,', '"tags": List[str],'):
        assert f"        {line}\n" in text
    assert """        "mood": Optional[Literal["sad", "it's ok", "happy"]],\n""" in text
    code = "from pack.rows.shop.users import UsersRow; print(sorted(UsersRow.__annotations__)[:2])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "['at', 'balance']\n"
    for tool in (
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "-p", "pack.rows"],
    ):
        done = subprocess.run(tool, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert ho("--target", "typeddict") == (0, "halfhooks: 14 files are up to date\n", "")
    ho()  # both targets in one package
    assert ho("--target", "typeddict", "--check")[0] == 0


def test_tests_for_each_class(ho, database, cluster):
    database = cluster.create("tested", SHOP + "create table shop.test_results (id int primary key)")
    source = ("--dsn", database.dsn)
    code, out, _ = ho("--tests", "tests/made", source=source)
    assert code == 0 and "new: tests/made/test_shop_users.py\n" in out
    assert ho("--tests", "tests/made", "--check", source=source)[0] == 0
    Path("conf").mkdir()
    conf = f"[database]\nname = tested\nhost = {database.socket}\nuser = {database.user}\n"
    Path("conf/pack").write_text(conf)
    pytest = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/made"]
    environment = {**os.environ, "PYTHONPATH": ".", "HALFORM_CONF_DIR": "conf"}
    done = subprocess.run(pytest, env=environment, capture_output=True, text=True)
    assert "11 passed" in done.stdout, done.stdout + done.stderr
    database.run("drop table shop.notes")
    ho("--tests", "tests/made", source=source)
    assert not Path("tests/made/test_shop_notes.py").exists()
    code, _, err = ho("--tests", "tests/made", "--target", "typeddict", source=source)
    assert code == 2 and "the target 'typeddict' has no tests" in err


def test_names_and_types_of_the_project_count_for_typed_dicts(database, tmp_path):
    types = {"shop.users.settings": "mine:Settings", "shop.users.key": "other:Settings", "shop.mood": "str"}
    request = Request(database.read(), "pack", names={"shop.users": "people"}, types=types)
    (text,) = (file.text for file in typeddict.generate(request).files if file.path.endswith("/people.py"))
    assert "PeopleRow = TypedDict(" in text
    (tmp_path / "people.py").write_text(text)
    for name in ("mine", "other"):
        (tmp_path / f"{name}.py").write_text("class Settings: ...\n")
    check = [
        "from typing import Optional",
        "from people import PeopleRow",
        "from mine import Settings",
        "import other",
        "def f(row: PeopleRow) -> tuple[Optional[Settings], Optional[other.Settings], Optional[str]]:",
        '    return row["settings"], row["key"], row["mood"]',
        "print(PeopleRow.__name__)",
    ]
    (tmp_path / "check.py").write_text("\n".join(check) + "\n")
    cache = str(tmp_path / "cache")
    for command in (["-m", "mypy", "--strict", "--cache-dir", cache, "check.py", "people.py"], ["check.py"]):
        done = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

"""Putting files in place: all or none, also for who is killed, and nothing that is not ours."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from halfhooks.ho.codegen import manifest, write
from halfhooks.ho.codegen.model import Schema
from halfhooks.ho.codegen.regions import BEGIN, END, cut, read_seal
from halfhooks.ho.codegen.target import File, Output
from halfhooks.survey import CannotTell
from tests.ho.codegen.schemas import plan, schema

ROOT = Path(__file__).resolve().parents[3]


def generate(root: Path, of: Schema) -> write.Plan:
    made = plan(root, of)
    write.apply(root, made)
    return made


def content(root: Path) -> dict[str, bytes]:
    found = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    return {path: data for path, data in found.items() if not path.startswith(".halfhooks")}


@pytest.fixture
def root(tmp_path):
    """A package of two tables."""
    generate(tmp_path / "pack", schema("one", "two"))
    return tmp_path / "pack"


def add_code(file: Path, code: str = "X = 1\n", region: int = 0) -> None:
    pieces = cut(file.read_text())
    regions = list(pieces.regions)
    regions[region] += code
    file.write_text("".join(part + region for part, region in zip(pieces.generated, regions)))


def test_nothing_is_written_where_nothing_changes(root):
    times = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    made = plan(root, schema("one", "two"))
    assert made.fresh
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == times


def test_only_what_changes_is_written_and_modes_are_kept(root):
    (root / "s" / "one.py").chmod(0o640)
    two = (root / "s" / "two.py").stat().st_mtime_ns
    relations = schema("one", column="new").relations + schema("two").relations
    made = generate(root, Schema(relations))
    assert [change.path for change in made.changes] == ["s/one.py"]
    assert (root / "s" / "one.py").stat().st_mode & 0o777 == 0o640
    assert (root / "s" / "two.py").stat().st_mtime_ns == two


def test_code_of_the_user_survives_a_change(root):
    one = root / "s" / "one.py"
    for number, code in enumerate(("import os\n", "    A = {1: '{x}'}\n", "\n    def f(self):\n        return os\n")):
        add_code(one, code, number)
    before = cut(one.read_text()).regions
    made = generate(root, schema("one", "two", column="new"))
    assert cut(one.read_text()).regions == before
    assert not any(change.lost for change in made.changes)


def test_what_was_not_generated_is_never_touched(root):
    (root / "s" / "helpers.py").write_text("A = 1\n")
    (root / "lib").mkdir()
    (root / "lib" / "util.py").write_text("B = 1\n")
    (root / "s" / "data.json").write_text("{}")
    generate(root, schema("two"))
    assert {"s/helpers.py", "lib/util.py", "s/data.json"} < content(root).keys()
    generate(root, schema())
    assert sorted(content(root)) == [
        "__init__.py",
        "_half_orm.py",
        "_half_orm.pyi",
        "lib/util.py",
        "s/data.json",
        "s/helpers.py",
    ]


def test_a_module_that_somebody_else_wrote_is_in_the_way(root):
    (root / "s" / "three.py").write_text("mine = 1\n")
    before = content(root)
    made = plan(root, schema("one", "three", "two", "zero"))
    (problem,) = made.conflicts
    assert "'s/three.py' was not made by ho codegen" in problem
    with pytest.raises(CannotTell, match=r"three\.py"):
        write.apply(root, made)
    assert content(root) == before


def test_an_empty_file_is_in_nobodys_way(tmp_path):
    (tmp_path / "__init__.py").write_text("\n")
    generate(tmp_path, schema("one"))
    assert "MODEL" in (tmp_path / "__init__.py").read_text()


@pytest.mark.parametrize("theirs", ["from .db import MODEL\n", "MODEL = connect()\n", "MODEL: Model = connect()\n"])
def test_a_package_that_has_a_model_keeps_it(tmp_path, theirs):
    (tmp_path / "__init__.py").write_text(theirs)
    generate(tmp_path, schema("one"))
    assert (tmp_path / "__init__.py").read_text() == theirs


def test_a_package_without_a_model_is_told(tmp_path):
    (tmp_path / "__init__.py").write_text("VERSION = 1\n")
    (problem,) = plan(tmp_path, schema("one")).conflicts
    assert "'__init__.py' was not made by ho codegen" in problem
    lines = problem.partition("add to it: ")[2]
    assert lines == 'from pack._half_orm import connect; MODEL = connect("pack", __name__)'
    (tmp_path / "__init__.py").write_text("VERSION = 1\n" + lines.replace("; ", "\n"))
    assert plan(tmp_path, schema("one")).conflicts == ()


def test_a_dropped_relation_with_code_stays_and_is_told(root):
    add_code(root / "s" / "one.py")
    made = generate(root, schema("two"))
    assert made.orphans == ("s/one.py",) and made.deleted == ()
    assert "X = 1" in (root / "s" / "one.py").read_text()
    assert not plan(root, schema("two")).fresh


def test_a_dropped_relation_without_code_goes_with_its_folder(root):
    generate(root, schema())
    assert not (root / "s").exists()


def test_other_schemas_are_not_judged(root):
    assert plan(root, schema(), scope={"other"}).deleted == ()


def test_lines_changed_outside_of_the_regions_are_put_aside(root):
    one = root / "s" / "one.py"
    one.write_text(one.read_text().replace("class One", "# important\nclass One"))
    old = one.read_bytes()
    made = plan(root, schema("one", "two"))
    (said,) = write.apply(root, made)
    (copy,) = [path for path in (root / ".halfhooks" / "kept").rglob("*") if path.is_file()]
    assert copy.read_bytes() == old
    assert copy.name in said
    assert "important" not in one.read_text()
    one.write_bytes(old)
    assert plan(root, schema("two")).orphans == ("s/one.py",)


def test_a_seal_is_found_below_a_licence_and_damage_is_seen(root):
    one = root / "s" / "one.py"
    one.write_text("# Copyright\n" + one.read_text())
    assert not read_seal(one.read_text()).intact
    one.write_text(one.read_text().replace(END, "", 1))
    (problem,) = plan(root, schema("one", "two")).conflicts
    assert "damaged markers" in problem


def test_a_formatter_may_touch_the_markers(root):
    one = root / "s" / "one.py"
    add_code(one)
    one.write_text(one.read_text().replace("#>>>", "# >>>").replace("#<<<", "# <<<"))
    assert cut(one.read_text()).custom
    generate(root, schema("one", "two"))
    assert "X = 1\n" in one.read_text() and BEGIN in one.read_text()


def test_code_that_does_not_compile_stops_everything(root):
    add_code(root / "s" / "one.py", "def (:\n")
    before = content(root)
    with pytest.raises(CannotTell, match=r"'s/one.py' would not compile, line \d+: .*nothing was written"):
        generate(root, schema("one", "two", "zero", column="new"))
    assert content(root) == before


def test_a_file_that_changes_meanwhile_stops_everything(root):
    made = plan(root, schema("one", "two", column="new"))
    add_code(root / "s" / "two.py")
    before = content(root)
    with pytest.raises(CannotTell, match=r"'s/two.py' has changed meanwhile"):
        write.apply(root, made)
    assert content(root) == before


@pytest.mark.parametrize("where", ["s", "s/one.py"])
def test_nothing_is_written_through_a_link(root, tmp_path, where):
    elsewhere = tmp_path / "elsewhere"
    (root / where).rename(elsewhere)
    (root / where).symlink_to(elsewhere)
    with pytest.raises(CannotTell, match="symbolic link"):
        plan(root, schema("one", "two"))


def test_a_file_in_the_place_of_a_folder(tmp_path):
    (tmp_path / "s").write_text("x")
    (problem, *_) = plan(tmp_path, schema("one")).conflicts
    assert "'s' is a file where a folder is needed" in problem


def test_a_file_that_is_no_text(root):
    (root / "s" / "one.py").write_bytes(b"\xff\xfe")
    with pytest.raises(CannotTell, match="cannot be read"):
        plan(root, schema("one"))


@pytest.mark.parametrize(
    "path", ["../x.py", "/x.py", "a/../x.py", "a//b.py", ".hidden/x.py", "x.txt", "a b.py", "é.py", "x.py\n", ""]
)
def test_a_target_cannot_write_just_anywhere(tmp_path, path):
    made = write.plan(tmp_path, "evil", Output((File(path, "x = 1\n"),)))
    assert made.conflicts and not made.changes


def test_two_files_that_are_one_without_case(tmp_path):
    made = write.plan(tmp_path, "evil", Output((File("a.py", ""), File("A.py", ""))))
    assert "one file on some systems" in made.conflicts[0]


def test_the_targets_do_not_take_each_others_files(root):
    made = write.plan(root, "other", Output((File("s/one.py", "x = 1\n"),)))
    assert "made by the target 'half_orm'" in made.conflicts[0]
    assert write.plan(root, "other", Output(())).deleted == ()


KILLED = """
import os, signal, sys
count, last = 0, int(sys.argv[2])
def counted(name):
    real = getattr(os, name)
    def call(*args, **kwargs):
        global count
        count += 1
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    setattr(os, name, call)
for name in ("replace", "rename", "unlink", "mkdir", "rmdir"):
    counted(name)
from pathlib import Path
sys.path.insert(0, {root!r})
from halfhooks.ho.codegen import write
from tests.ho.codegen.schemas import plan, schema
root = Path(sys.argv[1])
write.apply(root, plan(root, schema("one", "three", column="new")))
print(count)
"""


def test_killed_at_any_step_the_package_is_old_or_new_and_the_next_run_ends_it(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    generate(old, schema("one", "two"))
    generate(new, schema("one", "two"))
    generate(new, schema("one", "three", column="new"))
    command = [sys.executable, "-c", KILLED.format(root=str(ROOT))]
    steps = 0
    for last in range(1, 100):
        root = tmp_path / "pack"
        generate(root, schema("one", "two"))
        done = subprocess.run([*command, str(root), str(last)], capture_output=True, text=True)
        now = content(root)
        for path, data in now.items():  # each file is a whole one
            assert data in (content(old).get(path), content(new).get(path))
            compile(data, path, "exec")
        if not write.interrupted(root):
            assert now in (content(old), content(new))
        else:
            with write.locked(root):
                write.finish(root)
            assert content(root) == content(new)
        subprocess.run(["rm", "-rf", str(root)], check=True)
        if done.returncode == 0:
            steps = last
            break
        assert done.returncode == -9, done.stderr
    assert steps > 8


def test_what_somebody_writes_after_a_kill_is_kept(root):
    made = plan(root, schema("one", "two", column="new"))
    with write.locked(root) as work:
        write._stage(work, root, made)
    add_code(root / "s" / "one.py")
    assert write.interrupted(root)
    with write.locked(root):
        write.finish(root)
    assert "X = 1" in (root / "s" / "one.py").read_text()
    assert '"new"' in (root / "s" / "two.py").read_text()


def test_the_folder_for_our_own_things_is_ignored_by_git(root):
    assert (root / ".halfhooks" / ".gitignore").read_text() == "*\n"
    assert sorted(path.name for path in (root / ".halfhooks").iterdir()) == [".gitignore", "lock"]


def test_the_manifest_tells_without_a_database(root):
    made = plan(root, schema("one", "two"))
    assert manifest.fresh(root, "half_orm", "a") is None
    manifest.save(root, "half_orm", "a", made, ["said"])
    note = manifest.fresh(root, "half_orm", "a")
    assert note.remarks == ("said",)
    assert note.files.keys() == content(root).keys()
    assert manifest.fresh(root, "half_orm", "b") is None
    add_code(root / "s" / "one.py")
    assert manifest.fresh(root, "half_orm", "a") is None
    manifest.save(root, "half_orm", "a", plan(root, schema("one", "two")))
    assert manifest.fresh(root, "half_orm", "a")
    (root / "s" / "one.py").unlink()
    assert manifest.fresh(root, "half_orm", "a") is None
    (root / ".halfhooks" / "half_orm.json").write_text("[]")
    assert manifest.fresh(root, "half_orm", "a") is None
    assert manifest.fingerprint(1, "a") != manifest.fingerprint(1, "b")


def test_a_diff(root):
    made = plan(root, schema("two", "zero"))
    lines = list(write.diff(made, "pack/"))
    assert "--- a/pack/s/one.py" in lines and "+++ /dev/null" in lines
    assert "--- /dev/null" in lines and "+++ b/pack/s/zero.py" in lines


KILLS = 100


def test_killed_at_random_the_package_is_whole_a_hundred_times(tmp_path):
    """Each kill hits the writing of forty modules somewhere; a fork has all modules loaded, so nothing else takes time."""
    names = [f"t{number}" for number in range(40)]
    first, second = schema(*names), schema(*names[5:], "more", column="new")
    old, new, root = tmp_path / "old", tmp_path / "new", tmp_path / "pack"
    generate(old, first)
    generate(new, first)
    began = time.monotonic()
    generate(new, second)
    usual = time.monotonic() - began
    before, after = content(old), content(new)
    chance, seen = random.Random(1), Counter()
    generate(root, first)
    for _ in range(KILLS):
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                generate(root, second)
            os._exit(0)
        time.sleep(chance.random() * usual * 1.3)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        now = content(root)
        if write.interrupted(root):
            seen["in between"] += 1
            assert all(data in (before.get(path), after.get(path)) for path, data in now.items())
            for path, data in now.items():
                compile(data, path, "exec")
            with write.locked(root):
                write.finish(root)
            now = content(root)
            assert now == after
        else:
            seen["old" if now == before else "new"] += 1
            assert now in (before, after)
        if now == after:
            shutil.rmtree(root)
            shutil.copytree(old, root)
    assert seen["old"] and seen["new"] + seen["in between"], seen

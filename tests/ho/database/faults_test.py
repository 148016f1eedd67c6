"""What can happen while `ho apply` is at work: the database is before or after, and nothing is left running."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from halfhooks.ho.database.cluster import existing
from halfhooks.ho.database.connect import ask
from tests.builders import PROJECT
from tests.ho.database.conftest import Tree, wait_for

SLOW = "create table half (id int);\nselect pg_sleep(60);\n"
PYTHON = "import time\nprint('here', flush=True)\ntime.sleep(60)\n"


@pytest.fixture
def applied(tree: Tree) -> Tree:
    tree.patch("create table before (id int);").applied()
    return tree


def busy(tree: Tree) -> list[object]:
    query = "select pid from pg_stat_activity where query like 'select pg_sleep(60)%' and state = 'active'"
    return tree.ask(query, "postgres")


def is_before(tree: Tree) -> bool:
    return tree.tables() == {"users", "posts", "before"}


def test_ctrl_c_in_a_statement(applied):
    process = applied.patch(SLOW).start("apply")
    wait_for(lambda: busy(applied))
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130, output
    assert "halfhooks: interrupted" in output
    assert is_before(applied) and applied.scratch() == [] and busy(applied) == []


def test_ctrl_c_in_a_python_file_ends_it(applied):
    process = applied.patch(PYTHON, "02.py").start("apply")
    wait_for(lambda: children(process.pid))
    (child,) = children(process.pid)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130, output
    assert not Path(f"/proc/{child}").exists()
    assert is_before(applied) and applied.scratch() == []


def children(pid: int) -> list[int]:
    """The processes of Python files that a command runs."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and "_patch_file" in (folder / "cmdline").read_text():
                found.append(int(folder.name))
        except OSError:
            pass
    return found


def test_what_a_killed_command_left_behind_is_swept_by_the_next(applied):
    process = applied.patch(SLOW).start("apply")
    wait_for(lambda: busy(applied))
    process.kill()
    process.communicate()
    assert is_before(applied)
    assert applied.scratch() != []
    wait_for(lambda: lock_free(applied))
    assert applied.ho("cache").code == 0
    assert applied.scratch() == [] and is_before(applied)


def lock_free(tree: Tree) -> bool:
    """Whether the server knows that the killed command's connections are gone."""
    return tree.ask("select count(*) from pg_locks where locktype = 'advisory'", "postgres") == [(0,)]


def test_the_scratch_database_of_a_command_at_work_is_not_swept(applied):
    process = applied.patch(SLOW).start("apply")
    wait_for(lambda: busy(applied))
    assert applied.ho("cache").code == 0
    assert applied.scratch() != [] and busy(applied)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)


def test_the_server_is_killed_in_the_middle(applied, environment):
    process = applied.patch(SLOW).start("apply")
    wait_for(lambda: busy(applied))
    (place,) = existing(environment)
    os.kill(place.pid(), signal.SIGKILL)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 2, output
    assert "server" in output
    assert "Traceback" not in output
    applied.patch("create table after (id int);").applied()
    assert applied.tables() == {"users", "posts", "after"} and applied.scratch() == []


def test_the_connection_is_cut_in_the_middle(applied):
    process = applied.patch(SLOW).start("apply")
    ((pid,),) = wait_for(lambda: busy(applied))
    ask(applied.server, "postgres", "select pg_terminate_backend(%s)", [pid])
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 1, output
    assert "Patches/2-new/01.sql:2:1: the server went away" in output
    assert is_before(applied) and applied.scratch() == []


def test_two_at_once_take_turns(applied):
    applied.patch("create table after (id int);\nselect pg_sleep(1);")
    processes = [applied.start("apply") for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    assert "another ho is at work" in "".join(outputs)
    assert applied.tables() == {"users", "posts", "after"} and applied.scratch() == []


def test_two_clones_build_the_same_state_at_once(applied):
    applied.ho("cache", "--clear")
    applied.patch("create table after (id int);\nselect pg_sleep(0.2);")
    processes = [applied.start("apply", "--to", f"{applied.name}_{number}") for number in range(3)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    query = "select relname from pg_class where relname in ('after', 'posts')"
    assert all(len(applied.ask(query, f"{applied.name}_{number}")) == 2 for number in range(3))
    assert applied.scratch() == []


@pytest.mark.parametrize("seed", range(6))
def test_ctrl_c_at_any_point(seed, applied):
    applied.patch("create table after (id int);\nselect count(*) from generate_series(1, 2000000);").patch(
        "def apply(connection):\n    connection.cursor().execute('create table python (id int)')\n", "02.py"
    )
    process = applied.start("apply")
    delay = random.Random(seed).uniform(0.05, 2.5)
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert is_before(applied) or applied.tables() == {"users", "posts", "after", "python"}, (delay, output)
    assert children(process.pid) == []
    assert process.returncode in (0, 130, -2) and (process.returncode != 130 or "interrupted" in output), output
    assert applied.ho("cache").code == 0
    assert applied.scratch() == []
    applied.applied()
    assert applied.tables() == {"users", "posts", "after", "python"}


def test_a_hundred_megabytes_of_data(applied):
    row = "17\tO'Brien %s :name\ta@example.org\n"
    number = 100_000_000 // len(row)
    text = "create table large (a int, b text, c text);\ncopy large from stdin;\n" + row * number + "\\.\n"
    applied.patch(text + "create table after (id int);\n").applied("--no-cache")
    assert applied.ask("select count(*), min(b), max(b) from large") == [
        (number, "O'Brien %s :name", "O'Brien %s :name")
    ]
    applied.patch(text + "select 1/0;\n")
    ran = applied.ho("apply")
    assert ran.code == 1 and f"01.sql:{number + 4}:" in ran.out
    assert "after" in applied.tables()


SMALL = """\
mount -t tmpfs -o size=150m,mode=0711 none "$1" || exit 9
export HALFHOOKS_SERVERS="$1/s" HALFHOOKS_IDLE=5
shift
"$@" apply && cp "$LARGE" Patches/2-new/01.sql && "$@" apply
echo "exit code $?"
"$@" db fingerprint live && git checkout -q Patches && "$@" db fingerprint here
cp "$LOG" Patches/2-new/01.sql
"$@" apply
echo "exit code $?"
"$@" apply
"$@" server stop --remove && git checkout -q Patches && "$@" apply
echo "exit code $?"
"$@" server stop --remove
"""


def can_mount() -> bool:
    """Whether a file system of our own can be made, which takes root."""
    command = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]
    return bool(shutil.which("unshare")) and subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="only root can make a small disk")
def test_a_full_disk(applied, tmp_path, monkeypatch):
    applied.git("add", "-A")
    applied.git("commit", "-q", "-m", "Write it")
    rows = "select g, repeat(md5(g::text), 30) from generate_series(10, 300000) g;"
    for name, text in (("LARGE", f"create table large as {rows}"), ("LOG", f"insert into users {rows}")):
        (tmp_path / name).write_text(text)
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    small = Path("/mnt")
    command = ["unshare", "-m", "sh", "-c", SMALL, "sh", str(small), sys.executable, "-m", "halfhooks.ho"]
    done = subprocess.run(command, cwd=applied.top, capture_output=True, text=True, timeout=120)
    out = done.stdout + done.stderr
    assert done.returncode == 0, out
    assert "(SQLSTATE 53100)" in out and "ho cache --clear frees what can be made again" in out
    assert f"'2-new' failed; '{applied.name}' is as it was" in out
    first, second = [line for line in out.splitlines() if len(line) == 64 and " " not in line]
    assert first == second  # the database is that of the patch before
    codes = [line for line in out.splitlines() if line.startswith("exit code")]
    assert codes in (["exit code 1", "exit code 2", "exit code 0"], ["exit code 1", "exit code 1", "exit code 0"]), out
    assert "Traceback" not in out
    assert "ho server stop --remove" in out or codes[1] == "exit code 1"

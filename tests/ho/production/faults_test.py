"""Whatever happens during an upgrade: the database is at a whole release and says so, and a repeated run finishes."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from halfhooks.ho.database.cluster import existing, private, stop
from halfhooks.ho.database.connect import OperationalError, connected, execute
from halfhooks.ho.production.settings import VARIABLE
from tests.ho.production.conftest import Shop, wait_for
from tests.ho.production.resume_test import ALONE, start

SOAK = "HALFHOOKS_SOAK" in os.environ
FAULTS = 100 if SOAK else 4
FIRST = int(os.environ.get("HALFHOOKS_SEED") or (Random().randrange(2**32) if SOAK else 11))
SLOW = "select pg_sleep(0.04);\n"


class Known(NamedTuple):
    """What a database at each release is, by runs to which nothing happened: fingerprint, and rows of the releases."""

    fingerprints: dict[str, str]
    counts: dict[str, int]


@pytest.fixture
def crashing(servers, monkeypatch) -> Iterator[None]:
    """A private server of this test alone, which may be killed."""
    base = Path(f"{servers['HALFHOOKS_SERVERS']}-c{os.getpid()}")
    base.mkdir(mode=0o711)
    monkeypatch.setenv("HALFHOOKS_SERVERS", str(base))
    before = servers["HALFHOOKS_SERVERS"]
    servers["HALFHOOKS_SERVERS"] = str(base)
    yield
    for place in existing(servers):
        stop(place, remove=True, force=True)
    servers["HALFHOOKS_SERVERS"] = before
    subprocess.run(["rm", "-rf", str(base)], check=True)


def releases(shop: Shop) -> list[str]:
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
    return ["0.1.0", "0.2.0", "0.2.0-hotfix1", "0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0"]


def log(shop: Shop) -> list[str]:
    there = shop.ask("select to_regclass('log') is not null")[0][0]
    return [text for (text,) in shop.ask("select t from log order by t")] if there else []


LOGGED = {"0.4.0": ["0.4.0"], "0.5.0": ["0.5.0"], "0.6.0": ["0.6.0", "0.6.0 too"], "0.7.0": ["0.7.0"]}


def expected_log(labels: list[str], label: str) -> list[str]:
    return sorted(line for each in labels[: labels.index(label) + 1] for line in LOGGED.get(each, []))


def crash(shop: Shop) -> None:
    """Kill every process of the server, as when the machine goes down."""
    (place,) = existing(dict(os.environ))
    postmaster = place.pid()
    os.kill(postmaster, signal.SIGSTOP)
    children = subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True, text=True).stdout.split()
    for pid in [*children, str(postmaster)]:
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass
    wait_for(lambda: not place.running())


def cut(shop: Shop) -> None:
    shop.ask(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        f"where datname = '{shop.name}' and application_name like 'ho upgrade%'",
        "postgres",
    )


def cancel(shop: Shop) -> None:
    shop.ask(
        "select pg_cancel_backend(pid) from pg_stat_activity "
        f"where datname = '{shop.name}' and application_name like 'ho upgrade%'",
        "postgres",
    )


@pytest.mark.parametrize("number", range(FAULTS))
def test_at_a_random_moment(number, crashing, shop):
    random = Random(f"{FIRST} {number}")
    labels = releases(shop)
    known: dict[str, str] = {}
    reference = Shop.__new__(Shop)
    reference.__dict__.update(shop.__dict__, name=shop.name + "r", _made=[])
    reference.install()
    known["0.1.0"] = reference.fingerprint()
    for label in labels[1:]:
        reference.upgrade("--to-release", label, "--backup", "none")
        known[label] = reference.fingerprint()
    faults: list[Callable[[subprocess.Popen[str]], None]] = [
        lambda process: process.send_signal(signal.SIGKILL),
        lambda process: process.send_signal(signal.SIGINT),
        lambda process: process.send_signal(signal.SIGTERM),
        lambda process: cut(shop),
        lambda process: cancel(shop),
        lambda process: crash(shop),
        lambda process: (process.send_signal(signal.SIGKILL), crash(shop))[0],
    ]
    for _ in range(3):
        runs = shop.ask("select count(*) from half_orm_meta.halfhooks_upgrade")[0][0]
        process = start(shop, "--backup", random.choice(["none", "none", "dump"]))
        wait_until_begun(shop, process, runs)
        time.sleep(random.random() * 1.2)
        random.choice(faults)(process)
        said = process.communicate(timeout=120)[0]
        with private(dict(os.environ)):
            wait_for(lambda: answers(shop))
            label = shop.version()
            assert label in labels, said
            begun_now = shop.ask("select count(*) from half_orm_meta.halfhooks_progress")[0][0]
            if not begun_now:
                assert shop.fingerprint() == known[label], (FIRST, number, label, said)
                assert log(shop) == expected_log(labels, label), (FIRST, number, said)
            assert shop.ask("select count(*) from users") == [(20,)]
        if (
            process.returncode not in (0, -signal.SIGKILL, -signal.SIGTERM)
            and f"halfhooks: '{shop.name}' is at 0.7.0" not in said
        ):
            assert re.search("^state: |halfhooks: cannot tell|^halfhooks: interrupted", said, re.MULTILINE), said
    shop.upgrade("--backup", "none", "--wait", "60")
    assert shop.version() == "0.7.0"
    assert shop.fingerprint() == known["0.7.0"]
    assert log(shop) == expected_log(labels, "0.7.0")
    assert shop.ask("select count(*), count(a) from users") == [(20, 20)]
    assert shop.ask("select count(*) from half_orm_meta.halfhooks_progress") == [(0,)]


def wait_until_begun(shop: Shop, process: subprocess.Popen[str], runs: int) -> None:
    """Until an upgrade has said that it begins, after the backup, or has ended."""
    query = f"select count(*) > {runs} from half_orm_meta.halfhooks_upgrade"
    wait_for(lambda: process.poll() is not None or shop.ask(query)[0][0])


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
    shop.release("0.4.0", {"5-a": {"01.sql": "select pg_sleep(1.5);"}})
    first = start(shop, "--backup", "none")
    wait_for(lambda: shop.ask("select 1 from pg_stat_activity where query like 'select pg_sleep%'"))
    second = start(shop, "--backup", "none", "--wait", "0")
    said = second.communicate(timeout=60)[0]
    assert second.returncode == 1, said
    assert "another ho is at work" in said
    assert "ho upgrade by" in said
    third = start(shop, "--backup", "none", "--wait", "60")
    assert first.wait() == 0
    said = third.communicate(timeout=60)[0]
    assert third.returncode == 0, said
    assert "nothing to do" in said
    first.communicate()


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

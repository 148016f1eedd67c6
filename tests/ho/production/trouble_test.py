"""Every text with which an upgrade or a rollback ends otherwise than wanted, as somebody reads it who was woken by it.

`troubles.txt` has them all: read it when it changes. `HALFHOOKS_WRITE=1` writes it.
"""

from __future__ import annotations

import inspect
import os
import shlex
from pathlib import Path

import pytest

from halfhooks.ho import cli
from halfhooks.ho.production import trouble
from halfhooks.ho.production.ending import Call, Standing, Trouble

FILE = Path(__file__).with_name("troubles.txt")
CALL = Call(
    "--config /etc/halfhooks/production.conf",
    "--from https://git.example.org/shop.git",
    "--backup-folder /srv/backups",
    "--to-release 1.3.0",
    "'host=db.example.org dbname=shop'",
)
SQL = [
    'Patches/7-mail/01.sql:3:5: column "nothing" does not exist (SQLSTATE 42703)',
    "  3 | select nothing",
    "             ^",
]
BACKUP = "/srv/backups/shop/1.1.0_20260314T020500.dump"
AS_IT_WAS = Standing("1.1.0", "1.1.0", backup=BACKUP)
MOVED = Standing("1.2.0", "1.1.0", backup=BACKUP)
BEGUN = Standing("1.2.0", "1.1.0", "1.3.0", 2, 5, BACKUP)
GONE = Standing(None, "1.1.0", backup=BACKUP)
SESSIONS = [(4711, "session 4711, the night job as shop, idle in transaction for 812 s: update orders set state = 1")]
HOLDERS = [
    (
        4712,
        "ho upgrade by ann@db1 (991), as shop from this machine, since 2026-03-14 02:05:00 UTC; session 4712 is active",
    )
]

NO_ROOM = "there is not enough room in '/srv/backups/shop'"

TROUBLES = {
    "busy": [("shop", HOLDERS, CALL.upgrade(), CALL)],
    "tampered": [
        (["the tag 'v1.2.0' points at 3f2c1abcd, but 9ab01cdef is the commit that brought 1.2.0"], "1.1.0", "U", CALL)
    ],
    "drift": [("1.1.0", ["added index public.by_hand"], "what was recorded when it came there", CALL)],
    "unequal": [("1.1.0", ["removed table public.users"], "the model of that release", CALL)],
    "shut_out": [("1.1.0", "canceling statement due to lock timeout", SESSIONS, CALL)],
    "undecided": [("1.1.0", "its model cannot be loaded: permission denied to create database", "shop", CALL)],
    "standby": [("shop", "1.1.0")],
    "development": [("shop_dev",)],
    "no_python": [
        (["Patches/8-fill/02.py"], ".venv/bin/python", "1.1.0", CALL),
        (["Patches/8-fill/02.py"], "", "1.1.0", CALL),
    ],
    "unasked": [("1.1.0", CALL, CALL.upgrade("--yes"))],
    "server_wide": [(["Patches/8-fill/01.sql:1: create role reader"], "1.1.0", CALL)],
    "no_books": [("permission denied for schema half_orm_meta", "shop", "1.1.0", "deploy", CALL)],
    "backup_failed": [(NO_ROOM, ["free: 12 MB; a dump will take about 830 MB"], "1.1.0", CALL)],
    "connected": [("shop", SESSIONS, "1.1.0", CALL)],
    "failed": [("1.2.0", SQL, AS_IT_WAS, CALL), ("1.3.0", SQL, MOVED, CALL), ("1.3.0", SQL, BEGUN, CALL)],
    "locked_out": [("1.2.0", SQL[:1], 10, SESSIONS, AS_IT_WAS, CALL), ("1.3.0", SQL[:1], 1, [], MOVED, CALL)],
    "lost": [("1.3.0", ["the server went away"], MOVED, CALL), ("1.3.0", ["the server went away"], GONE, CALL)],
    "uncertain": [("Patches/8-fill/02.py", "2026-03-14 02:05:00 UTC", BEGUN, CALL)],
    "other_files": [("1.3.0", BEGUN, CALL)],
    "no_backup": [
        ("1.0.0", "/srv/backups/shop", [f"1.1.0, taken 2026-03-14 02:05:00: dump {BACKUP} (830 MB)"], "1.3.0", CALL),
        ("", "/srv/backups/shop", [], "1.3.0", CALL),
    ],
    "restore_failed": [
        (BACKUP, ["pg_restore ended with exit code 1", "pg_restore: error: could not read"], "1.3.0", CALL)
    ],
    "swap_failed": [("shop", "halfhooks_tmp_0123", "must be owner of database shop", "1.3.0", CALL)],
}
"""The arguments of each function of trouble.py, in the cases that differ."""


def makers() -> dict[str, object]:
    found = inspect.getmembers(trouble, inspect.isfunction)
    return {name: function for name, function in found if function.__module__ == trouble.__name__ and name[0] != "_"}


def cases() -> list[tuple[str, Trouble]]:
    return [(name, getattr(trouble, name)(*arguments)) for name, calls in TROUBLES.items() for arguments in calls]


def test_each_text_is_here():
    assert makers().keys() == TROUBLES.keys()


def test_the_texts_are_those_that_were_read():
    text = "\n".join(f"--- {name}, exit code {each.code}\n" + "\n".join(each.lines()) + "\n" for name, each in cases())
    if os.environ.get("HALFHOOKS_WRITE"):
        FILE.write_text(text, "utf-8")
    assert FILE.read_text("utf-8") == text


@pytest.mark.parametrize(("name", "each"), cases())
def test_a_text_is_enough_to_decide(name, each):
    first, *rest = each.lines()
    assert first.startswith("error: ") and not first.endswith(".")
    assert all("\n" not in line for line in [first, *rest])
    assert any(line.startswith("state: ") for line in rest)
    assert each.ways
    for words, command in each.ways:
        assert words[0].islower() and not words.endswith((".", ":"))
        program, *arguments = shlex.split(command)
        assert program in ("ho", "psql", "pg_restore", "dropdb")
        if program == "ho":
            cli.load(arguments[0]).parser().parse_args(arguments[1:])


def test_a_long_list_is_cut():
    lines = Trouble("x", [str(number) for number in range(50)]).lines()
    assert len(lines) == 22 and lines[-1] == "  and 30 more lines"

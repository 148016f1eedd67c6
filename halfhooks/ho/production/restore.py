"""Makes a database beside the one in production: from a backup of it, or as a copy of it as it is."""

from __future__ import annotations

import subprocess
from typing import Callable

from halfhooks.ho.database.connect import Error
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.production.backup import Backup, Failed, beside, environment_of, program, run
from halfhooks.ho.production.session import first_line
from halfhooks.ho.production.settings import TEMPLATE, Target

JOBS = 2
"""Connections that pg_restore loads by."""


def restored(databases: Databases, target: Target, backup: Backup, bar: Callable[[str, int, int], None]) -> str:
    """A scratch database that is what a backup holds; its name. A `Failed` when that cannot be made."""
    try:
        if backup.kind == TEMPLATE:
            bar("copying", 0, 1)
            return databases.make(template=backup.where)
        name = databases.make(like=target.name)
    except Error as error:
        raise Failed("the server makes no database", [first_line(error)]) from None
    bar("pg_restore", 0, 1)
    restorer = program(target.server, databases.version, "pg_restore")
    options = ["--exit-on-error", "--no-password", f"--jobs={JOBS}", f"--dbname={name}"]
    run([restorer, *options, backup.where], environment_of(target, name))
    return name


def copied(databases: Databases, target: Target) -> str:
    """A scratch database that is a copy of the target as it is now, by a dump that goes through a pipe; its name."""
    try:
        name = databases.make(like=target.name)
    except Error as error:
        raise Failed("the server makes no database", [first_line(error)]) from None
    dumper = program(target.server, databases.version, "pg_dump")
    restorer = beside(dumper, target.server, databases.version, "pg_restore")
    source = subprocess.Popen(
        [dumper, "--format=custom", "--compress=0", "--no-password"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment_of(target, target.name),
    )
    with source:
        assert source.stdout is not None and source.stderr is not None
        loader = subprocess.run(
            [restorer, "--exit-on-error", "--no-password", f"--dbname={name}"],
            stdin=source.stdout,
            capture_output=True,
            env=environment_of(target, name),
        )
        source.stdout.close()
        said = source.stderr.read() + loader.stderr
    if source.returncode or loader.returncode:
        lines = said.decode("utf-8", "replace").strip().splitlines()
        raise Failed(f"'{target.name}' could not be copied", lines)
    databases.beside(target.name, name)
    return name

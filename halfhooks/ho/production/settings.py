"""What the operator decided: a file in git-config syntax on the machine that upgrades, under the options of a command."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from typing import Optional

from halfhooks.git import parse_pairs
from halfhooks.ho.database.configured import Settings as DatabaseSettings
from halfhooks.ho.database.configured import configured, database_name, is_dsn
from halfhooks.ho.database.connect import Server, parse_dsn
from halfhooks.ho.repository import find_git
from halfhooks.names import nearest
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

VARIABLE = "HALFHOOKS_PRODUCTION"
FILE = "/etc/halfhooks/production.conf"
SECTION = "production."
DUMP, TEMPLATE, NONE = "dump", "template", "none"


class Settings(NamedTuple):
    """The keys of the file, with their defaults. Seconds are seconds; 0 stands for no limit."""

    database: str = ""
    source: str = ""
    backup: str = DUMP
    folder: str = ""
    keep: int = 5
    wait: int = 10
    lockTimeout: int = 4
    lockAttempts: int = 10
    timeout: int = 0
    python: str = ""


KEYS = {
    "database": ("database", "the database: a name on the configured server, or a connection of libpq"),
    "from": ("source", "the repository or bundle that releases come from"),
    "backup": ("backup", "`dump` (`pg_dump`), `template` (a copy on the server; nobody may be connected) or `none`"),
    "backupfolder": ("folder", "where dumps go"),
    "keep": ("keep", "how many backups of a database are kept"),
    "wait": ("wait", "how many seconds to wait for another upgrade to end"),
    "locktimeout": ("lockTimeout", "how many seconds a statement waits for a lock"),
    "lockattempts": ("lockAttempts", "how often a release is tried when it does not get a lock"),
    "timeout": ("timeout", "the longest that a statement may take, in seconds; 0 for no limit"),
    "python": ("python", "the interpreter that runs the Python files of patches"),
}
"""Each key as git prints it, its field, and what it says."""
SPELLED = {"backupfolder": "backupFolder", "locktimeout": "lockTimeout", "lockattempts": "lockAttempts"}
"""The keys that are not written as git prints them."""


def read_settings(path: str, environment: Mapping[str, str]) -> Settings:
    """The settings in a file: the one that is asked for, else that of the environment, else the machine's where it exists.

    `CannotTell` where it cannot be read, or holds what is no setting.
    """
    wanted = path or environment.get(VARIABLE, "")
    file = wanted or FILE
    if not os.path.exists(file):
        if wanted:
            raise CannotTell(f"there is no '{file}'")
        return Settings()
    command = [find_git(), "config", "--file", file, "--no-includes", "-z", "--list"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env={**environment, "LC_ALL": "C"})
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["git config failed"]
        raise CannotTell(f"'{file}': {said[0].removeprefix('fatal: ')}")
    found: dict[str, object] = {}
    for key, value in parse_pairs(done.stdout):
        name = key.removeprefix(SECTION)
        if name not in KEYS:
            near = nearest(name, KEYS)
            raise CannotTell(f"'{file}': '{key}' is no key; the nearest is '{SECTION}{SPELLED.get(near, near)}'")
        found[KEYS[name][0]] = _value(file, key, KEYS[name][0], value)
    return Settings(**found)  # type: ignore[arg-type]


def _value(file: str, key: str, field: str, text: str) -> object:
    if isinstance(Settings._field_defaults[field], int):
        if not (text.isascii() and text.isdigit() and len(text) < 7):
            raise CannotTell(f"'{file}': '{key} = {text}' must be a number")
        return int(text)
    if field == "backup" and text not in (DUMP, TEMPLATE, NONE):
        raise CannotTell(f"'{file}': '{key} = {text}' must be {DUMP}, {TEMPLATE} or {NONE}")
    return os.path.expanduser(text) if field in ("folder", "python") else text


class Target(NamedTuple):
    """The database that is meant: its server and its name."""

    server: Server
    name: str

    def connection(self) -> str:
        """The connection of libpq to it, without a password."""
        keywords = {**dict(self.server.keywords), "dbname": self.name}
        return " ".join(f"{key}={_quoted(text)}" for key, text in keywords.items() if key != "password")


def _quoted(text: str) -> str:
    """A value in a connection (libpq: "Keyword/Value Connection Strings")."""
    plain = text and not any(character.isspace() or character in "'\\" for character in text)
    return text if plain else "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def find_target(settings: Settings, project: Optional[DatabaseSettings], environment: Mapping[str, str]) -> Target:
    """The database in production: what the settings name, else what the project's policy does.

    It is on the server of the connection that is given, of libpq's environment, or of half_orm's file. `CannotTell` where
    none of these names one: no private server is ever in production.
    """
    said = DatabaseSettings(settings.database, "") if settings.database else project or DatabaseSettings("", "")
    name = database_name(said, environment)
    server = configured(said, environment)
    if not name:
        raise CannotTell(
            "which database? --database 'host=db.example.org dbname=shop', or 'database = ...' in the configuration of "
            f"production ({FILE}), or PGHOST and PGDATABASE, or half_orm's file"
        )
    if server is None:
        whole = shlex.quote(f"host=db.example.org dbname={name}")
        raise CannotTell(
            f"on which server is the database '{name}'? --database {whole}, or the same as 'database = ...' in the "
            f"configuration of production ({FILE}), or PGHOST, or half_orm's file of that name"
        )
    if is_dsn(settings.database) and "dbname" not in parse_dsn(settings.database):
        raise CannotTell(f"'{settings.database}' names no database: add dbname=NAME")
    if said.is_dsn:
        known = dict(server.keywords)
        where = known.get("host") or known.get("hostaddr") or known.get("service") or "this machine"
        server = server._replace(words=f"the server at {where}")
    return Target(server, name)


def backup_folder(settings: Settings, name: str, environment: Mapping[str, str]) -> str:
    """Where the dumps of a database are: a folder of its own."""
    state = environment.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(settings.folder or os.path.join(state, "halfhooks", "backups"), name.replace("/", "_"))

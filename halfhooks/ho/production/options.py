"""The options that the commands of production share, and what they mean."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Mapping
from typing import Optional

from halfhooks.ho.database.configured import Settings as DatabaseSettings
from halfhooks.ho.database.project import open_project
from halfhooks.ho.production.ending import Call
from halfhooks.ho.production.settings import (
    DUMP,
    NONE,
    TEMPLATE,
    Settings,
    Target,
    backup_folder,
    find_target,
    read_settings,
)
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple


class Meant(NamedTuple):
    """What the options mean: the settings, the database, the folder of its dumps, and the options to repeat."""

    settings: Settings
    target: Target
    folder: str
    call: Call


def add_database(parser: argparse.ArgumentParser) -> None:
    """The options that say which database."""
    parser.add_argument(
        "--database", metavar="NAME|DSN", default="", help="the database, or a connection of libpq to it"
    )
    parser.add_argument("--config", metavar="FILE", default="", help="the configuration of production")


def add_source(parser: argparse.ArgumentParser) -> None:
    """The option that says where releases come from."""
    parser.add_argument(
        "--from", dest="source", metavar="URL", default="", help="a repository or bundle with the releases"
    )


def add_backup(parser: argparse.ArgumentParser) -> None:
    """The option that says where dumps are."""
    parser.add_argument("--backup-folder", metavar="FOLDER", default="", help="where dumps are")


def meant(arguments: argparse.Namespace, project: Optional[DatabaseSettings] = None) -> Meant:
    """What the options mean; `project` is what the policy of the project says, where that is known already."""
    given = vars(arguments)
    settings = read_settings(given.get("config") or "", os.environ)
    chosen = {
        "database": given.get("database"),
        "source": given.get("source"),
        "backup": given.get("backup"),
        "folder": given.get("backup_folder"),
        "wait": given.get("wait"),
        "lockTimeout": given.get("lock_timeout"),
        "timeout": given.get("timeout"),
        "python": given.get("python"),
    }
    settings = settings._replace(**{key: value for key, value in chosen.items() if value not in (None, "")})
    target = find_target(settings, project or policy(), os.environ)
    call = Call(
        _repeated(given, "config", "database"),
        _repeated(given, "source"),
        _repeated(given, "backup_folder"),
        _repeated(given, "to_release", "adopt", "accept_drift", "backup", "wait", "lock_timeout", "timeout", "python"),
        shlex.quote(target.connection()),
    )
    return Meant(settings, target, backup_folder(settings, target.name, os.environ), call)


def _repeated(given: Mapping[str, object], *names: str) -> str:
    """Some options as they were given, for a command to copy."""
    spelled = {"source": "--from"}
    found = [(spelled.get(name) or "--" + name.replace("_", "-"), given.get(name)) for name in names]
    return " ".join(f"{option} {shlex.quote(str(value))}" for option, value in found if value not in (None, ""))


def policy() -> Optional[DatabaseSettings]:
    """What the project of the working directory says about its database, None where we are in none."""
    try:
        return DatabaseSettings(open_project().config.database, "")
    except CannotTell:
        return None


def seconds(text: str) -> int:
    """A number of seconds, as an option."""
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds")
    return int(text)


BACKUPS = (DUMP, TEMPLATE, NONE)

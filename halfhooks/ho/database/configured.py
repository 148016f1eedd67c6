"""The server that somebody configured: `halfhooks.conf`, libpq's environment, or half_orm's file of the database."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

if TYPE_CHECKING:  # who only wants the name of the package does without psycopg2
    from halfhooks.ho.database.connect import Server

HALF_ORM_DIR = "/etc/half_orm"
HALF_ORM_VARIABLE = "HALFORM_CONF_DIR"
LIBPQ = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE")
"""Any of these says which server is meant."""
KEYS = ("host", "port", "user", "password")
TRUE = ("1", "yes", "true", "on")
"""What `configparser`, and so half_orm, takes for true."""


class Settings(NamedTuple):
    """What the project says: `database` is `project.database` as it stands there, `default` a name where that is ""."""

    database: str
    default: str

    @property
    def is_dsn(self) -> bool:
        """Whether the project gives a whole connection (`host=db dbname=shop`, `postgresql://db/shop`)."""
        return is_dsn(self.database)


def is_dsn(text: str) -> bool:
    """Whether a text is a whole connection (`host=db dbname=shop`, `postgresql://db/shop`), and not just a name."""
    return "=" in text or "://" in text


def database_name(settings: Settings, environment: Mapping[str, str]) -> str:
    """The name of the project's development database."""
    if settings.is_dsn:
        return _dsn(settings).get("dbname") or settings.default
    file = half_orm_file(settings, environment)
    return (file or {}).get("name") or settings.database or environment.get("PGDATABASE") or settings.default


def configured(settings: Settings, environment: Mapping[str, str]) -> Optional[Server]:
    """The server that is configured, None when a private one is meant."""
    from halfhooks.ho.database.connect import Server

    psql = shutil.which("psql", path=environment.get("PATH"))
    bindir = os.path.dirname(psql) if psql else ""
    if settings.is_dsn:
        keywords = {key: value for key, value in _dsn(settings).items() if key != "dbname"}
        return Server(tuple(sorted(keywords.items())), False, bindir, "the server that halfhooks.conf names")
    named = [name for name in LIBPQ if environment.get(name)]
    if named:
        return Server((), False, bindir, f"the server that {' and '.join(named)} name{'s' * (len(named) == 1)}")
    file = half_orm_file(settings, environment)
    if file is not None:
        keywords = {key: file[key] for key in KEYS if file.get(key)}
        words = f"the server that {_half_orm_path(settings, environment)} names"
        return Server(tuple(sorted(keywords.items())), False, bindir, words)
    return None


def is_production(settings: Settings, name: str, environment: Mapping[str, str]) -> str:
    """Where half_orm's configuration marks a database as production, "" when it does not."""
    for candidate in {settings.database, name} - {""}:
        wanted = settings._replace(database=candidate)
        file = half_orm_file(wanted, environment)
        said = (file or {}).get("production", "").strip().lower()
        if file and file.get("name", candidate) == name and said in TRUE:
            return str(_half_orm_path(wanted, environment))
    return ""


def half_orm_file(settings: Settings, environment: Mapping[str, str]) -> Optional[dict[str, str]]:
    """The keys of half_orm's file of the database, None when there is none."""
    path = _half_orm_path(settings, environment)
    if path is None or not path.is_file():
        return None
    import configparser  # dear, and mostly there is no such file

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text("utf-8"))
        return dict(parser["database"])
    except (OSError, UnicodeDecodeError, configparser.Error, KeyError) as error:
        raise CannotTell(f"'{path}' cannot be read as half_orm's configuration: {error}") from None


def _half_orm_path(settings: Settings, environment: Mapping[str, str]) -> Optional[Path]:
    if not re.fullmatch(r"\w[\w.-]*", settings.database):
        return None
    return Path(environment.get(HALF_ORM_VARIABLE) or HALF_ORM_DIR) / settings.database


def _dsn(settings: Settings) -> dict[str, str]:
    from halfhooks.ho.database.connect import parse_dsn

    try:
        return parse_dsn(settings.database)
    except ValueError as error:
        where = "project.database in halfhooks.conf, or --database"
        raise CannotTell(f"what names the database ({where}) is no connection of libpq: {error}") from None

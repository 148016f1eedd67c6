"""psycopg2, loaded in half the time: without `ssl`.

psycopg2 imports that module only to share its locks with libpq, for OpenSSL before 1.1; it goes on where there is none. What
libpq itself does with TLS does not depend on it. Nobody else in a command needs it, but for who imports it later.
"""

import sys
from typing import Any, cast

_modules = cast(dict[str, Any], sys.modules)
_absent = _modules.setdefault("ssl", None) is None
try:
    import psycopg2
    from psycopg2 import Error, InterfaceError, OperationalError
    from psycopg2.errors import (
        DuplicateDatabase,
        InsufficientPrivilege,
        InvalidCatalogName,
        ObjectInUse,
        UniqueViolation,
    )
finally:
    if _absent:
        del _modules["ssl"]

__all__ = [
    "DuplicateDatabase",
    "Error",
    "InsufficientPrivilege",
    "InterfaceError",
    "InvalidCatalogName",
    "ObjectInUse",
    "OperationalError",
    "UniqueViolation",
    "psycopg2",
]

"""The hook `validate` of the pre-commit framework: what is pushed to a release is validated before it travels."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from halfhooks.ho.commands import validate
from halfhooks.ho.console import cannot_tell
from halfhooks.ho.database.project import open_project
from halfhooks.survey import CannotTell
from halfhooks.trigger import ALWAYS, ON_RELEASE, validations


def main() -> int:
    """The exit code of the hook: that of `ho validate` for the first branch that is not valid."""
    try:
        config = open_project().config
    except CannotTell as error:
        return cannot_tell(str(error))
    wanted = ALWAYS if config.onPush == ALWAYS else ON_RELEASE
    for _, arguments in validations(pushed(), config, wanted):
        code = validate.main(arguments[1:])
        if code:
            return code
    return 0


def pushed() -> Iterator[tuple[str, str]]:
    """The refs that are pushed, with their commits: the first one, as the framework tells it, else those on git's lines."""
    ref, commit = (os.environ.get(f"PRE_COMMIT_{name}", "") for name in ("REMOTE_BRANCH", "TO_REF"))
    if ref:
        yield ref, commit if commit.strip("0") else ""
        return
    for line in () if sys.stdin.isatty() else sys.stdin:
        _, new, name, _ = line.rstrip("\n").rsplit(" ", 3)
        yield name, new if new.strip("0") else ""

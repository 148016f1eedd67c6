"""squawk, a linter of SQL, where it is installed: its advice on the files of patches, beside what was observed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

from halfhooks.ho.checkout import scratch
from halfhooks.ho.database.hazards import LINT, SQUAWK, Hazard
from halfhooks.ho.plan import SQL, File, Plan

ABSENT = "squawk is not installed, so nobody read the SQL of the patches: pip install 'halfhooks[lint]'"
LONGEST = 60
"""Seconds that squawk may take."""
OBSERVED_RULES = frozenset(
    (
        "adding-field-with-default",
        "adding-foreign-key-constraint",
        "adding-not-nullable-field",
        "adding-serial-primary-key-field",
        "changing-column-type",
        "constraint-missing-not-valid",
        "disallowed-unique-constraint",
        "require-concurrent-index-creation",
        "require-concurrent-index-deletion",
        "require-concurrent-reindex",
        "require-lock-timeout",
        "require-statement-timeout",
    )
)
"""The rules that guess from the text what was observed: which tables production has, squawk does not know."""


def lint(plan: Plan, version: int, top: str, environment: Mapping[str, str]) -> tuple[list[Hazard], list[str]]:
    """squawk's advice on the patches of a plan, and remarks on why there is none. `version` is the server's, as 150013.

    It runs at `top`, the top of the working tree, so that a `.squawk.toml` there counts.
    """
    program = find_squawk(environment)
    if not program:
        return [], [ABSENT]
    files = {file.path: file for patch in plan.patches for file in patch.files if file.kind == SQL}
    command = [program, "--reporter", "json", "--pg-version", f"{version // 10000}.0"]
    found: list[Hazard] = []
    try:
        for alone in (False, True):
            chosen = [file for file in files.values() if file.no_transaction == alone]
            how = "--no-assume-in-transaction" if alone else "--assume-in-transaction"
            found += _run([*command, how], chosen, top, environment)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        return [], [f"squawk gave no advice: {error}"]
    return found, []


def find_squawk(environment: Mapping[str, str]) -> Optional[str]:
    """The program: that of our own environment first, then that of the PATH; None where there is none."""
    own = os.path.join(sysconfig.get_path("scripts"), "squawk")
    return own if os.access(own, os.X_OK) else shutil.which("squawk", path=environment.get("PATH"))


def _run(command: Sequence[str], files: Sequence[File], top: str, environment: Mapping[str, str]) -> Iterable[Hazard]:
    if not files:
        return []
    with scratch() as folder:
        copies = {}
        for number, file in enumerate(files):
            copy = folder / f"{number}.sql"
            copy.write_bytes(file.content)
            copies[str(copy)] = file
        done = subprocess.run(
            [*command, *copies], cwd=top, env=dict(environment), capture_output=True, text=True, timeout=LONGEST
        )
        if done.returncode not in (0, 1):
            said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[0]
            raise ValueError(said)
        found = json.loads(done.stdout)
    return [_hazard(each, copies[each["file"]]) for each in found if each["rule_name"] not in OBSERVED_RULES]


def _hazard(found: Mapping[str, Any], file: File) -> Hazard:
    """What squawk found; its lines and columns count from 0."""
    place = file.path, int(found["line"]) + 1, int(found["column"]) + 1
    return Hazard(*place, LINT, str(found["message"]), str(found["help"] or ""), SQUAWK, str(found["rule_name"]))

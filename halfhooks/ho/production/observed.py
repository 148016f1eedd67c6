"""What validations have seen of the locks that released patches take, where a clone on this machine has kept it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

from halfhooks.ho.database.hazards import Hazard, from_values
from halfhooks.ho.plan import Patch
from halfhooks.ho.records import Records
from halfhooks.ho.repository import Clone, find_git
from halfhooks.ho.validation import GENERATED, LOCKS, TESTS, Record
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple


class Seen(NamedTuple):
    """What a validation saw a patch do: locks from `weakest` on, at `at`, in seconds since 1970."""

    weakest: str
    at: int
    hazards: tuple[Hazard, ...]


def clones(url: str) -> list[str]:
    """The git directories that may have records: of the repository that we are in, and of that of the releases."""
    found = []
    for folder in (".", *([url] if os.path.isdir(url) else [])):
        with contextlib.suppress(CannotTell):
            found.append(Clone(find_git(), folder).common_dir)
    return list(dict.fromkeys(found))


def observed(folders: Iterable[str], patches: Iterable[Patch]) -> dict[str, Seen]:
    """By the id of each patch what the newest validation of its very content saw; without those that nobody looked at."""
    wanted = {patch.id: patch for patch in patches}
    found: dict[str, Seen] = {}
    complete = [record for folder in folders for record in Records(folder).all() if record.observed and all_ran(record)]
    for record in sorted(complete, key=lambda record: -record.at):
        contents = {each["id"]: each["content"] for each in record.patches}
        for name, patch in wanted.items():
            if name not in found and contents.get(name) == patch.content:
                files = {file.path for file in patch.files}
                hazards = [each for each in from_values(record.hazards) if each.lock and each.file in files]
                found[name] = Seen(record.observed, record.at, tuple(hazards))
    return found


def all_ran(record: Record) -> bool:
    """Whether all patches of a validation ran: what it has against the tree, if anything, was found after them."""
    return all(problem.step in (GENERATED, TESTS, LOCKS) for problem in record.problems)

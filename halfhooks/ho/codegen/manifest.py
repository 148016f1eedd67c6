"""What the last run knew: its inputs and its files, so that "stale or not" is answered without a database.

It lies in `PACKAGE/.halfhooks/`, which git ignores: committed, it would be the one file that every patch changes, and in
which parallel patches conflict. Who has made which file, each file says itself (`regions.read_seal`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Optional

from halfhooks import __version__
from halfhooks.ho.codegen.write import WORK, Plan, interrupted, locked
from halfhooks.values import NamedTuple

FORMAT = 1


class Note(NamedTuple):
    """What was noted: the hashes of the files by their paths, "" for what somebody else wrote, and the remarks."""

    files: dict[str, str]
    remarks: tuple[str, ...]


def fingerprint(*inputs: object) -> str:
    """A hash of whatever the files depend on; the values must say all that they are in their `repr`."""
    return _hash("\0".join([str(FORMAT), _generator(), *map(repr, inputs)]).encode("utf-8", "surrogatepass"))


def _generator() -> str:
    """This version of the generator, also while somebody works on it."""
    folder = Path(__file__).parent
    stats = ((path.name, path.stat()) for path in sorted([*folder.glob("*.py"), *folder.glob("*/*.py")]))
    return repr([__version__, *((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)])


def save(root: Path, target: str, inputs: str, plan: Plan, remarks: Iterable[str] = ()) -> None:
    """Notes what a plan, once it has been applied, rests on; nothing is written when that is noted already."""
    files = {**{path: _hash(text.encode("utf-8")) for path, text in plan.files}, **dict.fromkeys(plan.kept, "")}
    note = {"format": FORMAT, "target": target, "inputs": inputs, "files": files, "remarks": list(remarks)}
    text = json.dumps(note, indent=1, sort_keys=True) + "\n"
    place = _place(root, target)
    if place.exists() and place.read_text("utf-8") == text:
        return
    with locked(root):
        place.with_suffix(".new").write_text(text, "utf-8")
        place.with_suffix(".new").replace(place)


def fresh(root: Path, target: str, inputs: str) -> Optional[Note]:
    """What was noted, if inputs and files are still those; None where they are not, or where nothing is noted."""
    try:
        note = json.loads(_place(root, target).read_text("utf-8"))
        if note["format"] != FORMAT or note["inputs"] != inputs or interrupted(root):
            return None
        found = Note({str(path): str(digest) for path, digest in note["files"].items()}, tuple(note["remarks"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    top = f"{root}/"
    return found if all(_is(top + path, digest) for path, digest in found.files.items()) else None


def _place(root: Path, target: str) -> Path:
    return root / WORK / f"{target}.json"


def _is(path: str, digest: str) -> bool:
    """Whether a file is there, and what it was; no more is known of those that somebody else wrote."""
    try:
        with open(path, "rb") as stream:
            return not digest or _hash(stream.read()) == digest
    except OSError:
        return False


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

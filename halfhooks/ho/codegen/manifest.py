"""What the last run knew: its inputs and its files, so that "stale or not" is answered without a database.

It lies in `PACKAGE/.halfhooks/`, which git ignores: committed, it would be the one file that every patch changes, and in
which parallel patches conflict. Who has made which file, each file says itself (`regions.read_seal`).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Optional

from halfhooks import __version__
from halfhooks.ho.codegen.write import WORK, Plan

FORMAT = 1


def fingerprint(*inputs: object) -> str:
    """A hash of whatever the files depend on; the values must say all that they are in their `repr`."""
    return hashlib.sha256("\0".join([str(FORMAT), __version__, *map(repr, inputs)]).encode("utf-8")).hexdigest()


def save(root: Path, target: str, inputs: str, plan: Plan) -> None:
    """Notes what a plan, once it has been applied, rests on; nothing is written when that is noted already."""
    files = {path: _hash(text.encode("utf-8")) for path, text in plan.files}
    note = {"format": FORMAT, "generator": __version__, "target": target, "inputs": inputs, "files": files}
    text = json.dumps(note, indent=1, sort_keys=True) + "\n"
    place = _place(root, target)
    if not place.exists() or place.read_text("utf-8") != text:
        place.with_suffix(".new").write_text(text, "utf-8")
        place.with_suffix(".new").replace(place)


def fresh(root: Path, target: str, inputs: str) -> Optional[bool]:
    """Whether inputs and files are those of the last run; None where there was none that this version could read."""
    try:
        note = json.loads(_place(root, target).read_text("utf-8"))
        if note["format"] != FORMAT or note["generator"] != __version__:
            return None
        files = note["files"].items()
        return note["inputs"] == inputs and all(_hash_of(root / path) == digest for path, digest in files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _place(root: Path, target: str) -> Path:
    return root / WORK / f"{target}.json"


def _hash_of(path: Path) -> str:
    try:
        return _hash(path.read_bytes())
    except OSError:
        return ""


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

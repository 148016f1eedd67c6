"""What the index has unlike a commit, and whether it is worth a closer look: all that most commits need."""

from __future__ import annotations

from halfhooks.layout import HALFHOOKS
from halfhooks.names import fold
from halfhooks.snapshot import Change, Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Optional

    from halfhooks.git import Repository


class Unmerged(Exception):
    """The index holds paths that a merge has left to be settled; the text names the first."""


def read_changes(repository: Repository, head: str) -> list[Change]:
    """What the index has unlike a commit; fails with `Unmerged`."""
    options = ("--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "--ita-invisible-in-index")
    return parse_diff(repository.start("diff-index", *options, head, "--").finish())


def parse_diff(output: bytes) -> list[Change]:
    """What `git diff-index --raw -z --no-renames --no-abbrev` printed (gitformat: git-diff-index(1), "RAW OUTPUT FORMAT").

    Fails with `Unmerged` where a path is not settled.
    """
    fields = output.decode("utf-8", "surrogateescape").split("\0")[:-1]
    found = []
    for header, path in zip(fields[::2], fields[1::2]):
        old_mode, new_mode, old, new, status = header[1:].split(" ")
        if status == "U":
            raise Unmerged(path)
        found.append(Change(path, _entry(old_mode, old), _entry(new_mode, new)))
    return found


def _entry(mode: str, oid: str) -> Optional[Entry]:
    return Entry(mode, oid) if mode.strip("0") else None


def concerns(changes: Iterable[Change]) -> bool:
    """Whether any change may be the policy, lie where the rules on a single commit look, or in what could pass for it."""
    folders = {name.lower() for name in HALFHOOKS.folders()}
    wanted = folders | {f"{name[:6]}~1" for name in folders} | {HALFHOOKS.policy}
    names = {name for change in changes for name in change.path.split("/")}
    return any(fold(name).partition(":")[0].rstrip(". ") in wanted for name in names)

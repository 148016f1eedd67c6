"""Puts generated files in place: compares first, then writes all or none, and touches nothing that is not ours.

Everything is staged in `PACKAGE/.halfhooks/`, which git ignores; a journal that appears by one rename decides, and from
then on there are renames only. Who comes after a kill finishes them (`finish`). Each generated module imports nothing but
the package and its support module, so that any mixture of old and new files can be imported.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Optional

from halfhooks.ho.codegen.regions import cut, read_seal, sealed, settled
from halfhooks.ho.codegen.target import File, Output
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

WORK = ".halfhooks"
JOURNAL = "journal.json"
STAGING = "staging"
KEPT = "kept"
PART = re.compile(r"\w[\w.-]*", re.ASCII)


class Change(NamedTuple):
    """A file that gets a new text; `old` is "" for one that is not there. `lost`: somebody had changed generated lines."""

    path: str
    old: Optional[str]
    new: str
    lost: bool = False


class Plan(NamedTuple):
    """What a run would do. `deleted` are paths and texts; `orphans` hold somebody's code for what is gone, and stay.

    `files` are all that the target made, with their texts, except those that were there and are `kept` as they are.
    """

    changes: tuple[Change, ...] = ()
    deleted: tuple[tuple[str, str], ...] = ()
    orphans: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def fresh(self) -> bool:
        """Whether nothing has to be done, and nothing is left that should not be there."""
        return not (self.changes or self.deleted or self.orphans)


def read(root: Path, path: str) -> Optional[str]:
    """The text of a file of the package, None where there is none; `CannotTell` for what is no file of text."""
    top = f"{root}/"
    try:
        if any(os.path.islink(top + part) for part in _prefixes(path)):
            raise CannotTell(f"'{path}' is behind a symbolic link, and nothing is written through one; remove the link")
        with open(top + path, "rb") as file:
            return file.read().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CannotTell(f"'{path}' cannot be read: {error}") from None


def _prefixes(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[: length + 1]) for length in range(len(parts)))


def plan(
    root: Path,
    target: str,
    output: Output,
    scope: Optional[Collection[str]] = None,
    known: Optional[Callable[[str], Optional[str]]] = None,
) -> Plan:
    """What has to change below `root`. Files that are gone are looked for in the folders of `scope`, None for all.

    `known` gives what `read` would, of files that were read already.
    """
    changes, conflicts = [], list(_bad_paths(output.files))
    files, kept = [], []
    for file in sorted(output.files) if not conflicts else ():
        old = known(file.path) if known else read(root, file.path)
        new = sealed(target, file.text)
        if old is not None and file.keep and _foreign(old, target):
            kept.append(file.path)
            continue
        files.append((file.path, new))
        if old == new:
            continue
        problem = _conflict(root, file, old, target)
        if problem:
            conflicts.append(problem)
        else:
            changes.append(Change(file.path, old, new, _is_lost(old or "")))
    deleted, orphans = gone(root, target, {file.path for file in output.files}, scope)
    return Plan(tuple(changes), tuple(deleted), tuple(orphans), tuple(conflicts), tuple(files), tuple(kept))


def _bad_paths(files: Iterable[File]) -> Iterator[str]:
    """What a target must not ask for: paths that lead elsewhere, and such that are one where case does not count."""
    seen: dict[str, str] = {}
    for file in files:
        if not (file.path.endswith((".py", ".pyi")) and all(PART.fullmatch(part) for part in file.path.split("/"))):
            yield f"'{file.path}' is no path that a target may write"
        elif file.path.casefold() in seen:
            yield f"'{file.path}' and '{seen[file.path.casefold()]}' are one file on some systems"
        seen[file.path.casefold()] = file.path


def _is_lost(old: str) -> bool:
    """Whether somebody has changed generated lines. What git has merged, with a conflict, nobody has."""
    seal = read_seal(old)
    return seal is not None and not seal.intact and settled(old) == old


def _foreign(old: str, target: str) -> bool:
    seal = read_seal(old)
    return seal is None or seal.target != target


def _conflict(root: Path, file: File, old: Optional[str], target: str) -> str:
    for prefix in _prefixes(file.path):
        if prefix != file.path and (root / prefix).exists() and not (root / prefix).is_dir():
            return f"'{prefix}' is a file where a folder is needed; move it away: git mv"
    if old is None or not old.strip() or file.adopts:  # people make empty __init__ files
        return ""
    seal = read_seal(old)
    if seal is None:
        return f"'{file.path}' was not made by ho codegen, so it is left alone; {file.help}"
    if seal.target != target:
        return f"'{file.path}' was made by the target '{seal.target}'; give each target a --package of its own"
    if cut(old) is None:
        return (
            f"'{file.path}' has damaged markers, so your code in it cannot be told; get them back: git diff {file.path}"
        )
    return ""


def gone(
    root: Path, target: str, paths: Collection[str], scope: Optional[Collection[str]]
) -> tuple[list[tuple[str, str]], list[str]]:
    """Files of this target that nothing stands behind any more: those to delete, and those with code in them."""
    deleted, orphans = [], []
    for path in modules(root):
        folder = path.rpartition("/")[0]
        if path in paths or (scope is not None and folder not in scope):
            continue
        text = read_text(root / path)
        seal = read_seal(text) if text is not None else None
        if text is None or seal is None or seal.target != target:
            continue
        pieces = cut(text)
        if seal.intact and pieces is not None and not pieces.custom:
            deleted.append((path, text))
        else:
            orphans.append(path)
    return deleted, orphans


def modules(root: Path) -> Iterator[str]:
    """The Python files below a folder, whoever made them."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__pycache__")))
        prefix = os.path.relpath(folder, root) + "/"
        yield from (prefix.removeprefix("./") + name for name in sorted(names) if name.endswith((".py", ".pyi")))


def read_text(path: Path) -> Optional[str]:
    """The text of a file, None for what is none."""
    try:
        return None if path.is_symlink() else path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def diff(plan: Plan, prefix: str = "") -> Iterator[str]:
    """The lines of a unified diff of what would change."""
    changes = [
        *((path, old, new) for path, old, new, _ in plan.changes),
        *((path, text, "") for path, text in plan.deleted),
    ]
    if changes:
        import difflib  # dear, and seldom needed, as are shutil and json below
    for path, old, new in sorted(changes):
        before = "/dev/null" if old is None else f"a/{prefix}{path}"
        after = f"b/{prefix}{path}" if new else "/dev/null"
        lines = difflib.unified_diff((old or "").splitlines(), new.splitlines(), before, after, lineterm="")
        yield from lines


# --- putting in place


def apply(root: Path, plan: Plan) -> list[str]:
    """Does what a plan says; nothing of it where that fails with `CannotTell`. What was put aside, in words."""
    if plan.conflicts:
        raise CannotTell(plan.conflicts[0])
    _compile(plan.changes)
    with locked(root) as work:
        finish(root)
        for path, old in [*((change.path, change.old) for change in plan.changes), *plan.deleted]:
            if read(root, path) != old:
                raise CannotTell(f"'{path}' has changed meanwhile, and nothing was written; run it again: ho codegen")
        aside = [_put_aside(work, change) for change in plan.changes if change.lost]
        _stage(work, root, plan)
        finish(root)
    return aside


@contextlib.contextmanager
def locked(root: Path) -> Iterator[Path]:
    """The folder for our own things, while nobody else writes to the package."""
    work = root / WORK
    try:
        work.mkdir(parents=True, exist_ok=True)
        (work / ".gitignore").write_text("*\n", "ascii")
        with open(work / "lock", "w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield work
    except OSError as error:
        raise CannotTell(f"'{root}' cannot be written: {error.strerror}: '{error.filename}'") from None


def interrupted(root: Path) -> bool:
    """Whether somebody was killed while files were put in place; `finish` goes on from there."""
    return (root / WORK / JOURNAL).exists()


def _compile(changes: Iterable[Change]) -> None:
    for change in changes:
        try:
            compile(change.new, change.path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 0
            raise CannotTell(
                f"'{change.path}' would not compile, line {line}: {error}; nothing was written; is your code in it right?"
            ) from None


def _put_aside(work: Path, change: Change) -> str:
    """Keeps a copy of a file in which somebody changed generated lines."""
    old = (change.old or "").encode()
    copy = work / KEPT / f"{change.path}.{hashlib.sha256(old).hexdigest()[:8]}"
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(old)
    return f"'{change.path}' had been changed outside of its markers; as it was: {WORK}/{KEPT}/{copy.name}"


def _stage(work: Path, root: Path, plan: Plan) -> None:
    """Writes everything beside the package, and then the journal, at once."""
    import json
    import shutil

    staging = work / STAGING
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    writes = []
    for number, change in enumerate(sorted(plan.changes, key=lambda change: (change.path.count("/"), change.path))):
        file = staging / str(number)
        file.write_bytes(change.new.encode("utf-8"))
        if change.old is not None:
            file.chmod((root / change.path).stat().st_mode & 0o777)
        writes.append((file.name, change.path, _hash(change.old)))
    journal = {"writes": writes, "deletes": [(path, _hash(text)) for path, text in plan.deleted]}
    (work / f"{JOURNAL}.new").write_text(json.dumps(journal), "utf-8")
    (work / f"{JOURNAL}.new").replace(work / JOURNAL)


def finish(root: Path) -> bool:
    """Ends what the journal says, if there is one; every step of it can be repeated. To be called while locked."""
    import json
    import shutil

    work = root / WORK
    try:
        journal = json.loads((work / JOURNAL).read_text("utf-8"))
    except FileNotFoundError:
        return False
    for name, path, old in journal["writes"]:
        staged, target = work / STAGING / name, root / path
        if staged.exists() and _hash(read_text(target)) == old:  # else it is in place, or somebody has changed it since
            target.parent.mkdir(parents=True, exist_ok=True)
            staged.replace(target)
    for path, old in journal["deletes"]:
        if _hash(read_text(root / path)) != old:
            continue
        (root / path).unlink()
        for folder in (root / path).parents:
            if folder == root or not _empty(folder):
                break
            shutil.rmtree(folder, ignore_errors=True)
    (work / JOURNAL).unlink()
    shutil.rmtree(work / STAGING, ignore_errors=True)
    return True


def _hash(text: Optional[str]) -> Optional[str]:
    return None if text is None else hashlib.sha256(text.encode("utf-8")).hexdigest()


def _empty(folder: Path) -> bool:
    return folder.is_dir() and all(entry.name == "__pycache__" for entry in folder.iterdir())

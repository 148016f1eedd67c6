"""What the files of production say by themselves: judged where a repository is adopted, and by `ho check`.

Once production is guarded, every promotion keeps this true, so no push has to read all of it again.
"""

from __future__ import annotations

from halfhooks.layout import HOTFIX, PRODUCTION
from halfhooks.names import PRODUCTION_BRANCH, parse_file_name, patch_number
from halfhooks.release import numbers, read_lines
from halfhooks.snapshot import is_folder
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from halfhooks.names import FileName
    from halfhooks.push import Move, Push
    from halfhooks.version import Version


class Flaw(NamedTuple):
    """What is wrong with a production or hotfix file, under the code of the rule that it breaks."""

    code: str
    move: Move
    path: str
    text: str


class _Listed(NamedTuple):
    """A production or hotfix file and the patches that it lists."""

    name: FileName
    file: str
    ids: tuple[str, ...]


def flaws(push: Push, code: str) -> list[Flaw]:
    """What is wrong, under one code, with the production branch that a push creates."""
    return [flaw for flaw in push.once("flaws", lambda: list(_find(push))) if flaw.code == code]


def _find(push: Push) -> Iterator[Flaw]:
    layout = push.layout
    for move in push.moves_of(PRODUCTION_BRANCH):
        if not push.adopts(move):
            continue
        files = _read(push, move)
        for code, file, text in (*_gaps(push, files), *_lists(push, move, files)):
            yield Flaw(code, move, layout.path(layout.releases, file), text)


def _read(push: Push, move: Move) -> list[_Listed]:
    """The production and hotfix files in the order of their versions."""
    entries = dict(push.names_below(move.new, push.layout.releases).items())
    named = ((parse_file_name(file, push.layout), file) for file in entries)
    files = sorted((name.version, name.number, name, file) for name, file in named if name and _is_listed(name))
    lines = [read_lines(push.objects, entries[file], push.layout) for *_, file in files]
    return [_Listed(name, file, found.ids if found else ()) for (*_, name, file), found in zip(files, lines)]


def _is_listed(name: FileName) -> bool:
    return name.form in (PRODUCTION, HOTFIX)


def _gaps(push: Push, files: list[_Listed]) -> Iterator[tuple[str, str, str]]:
    """Production versions follow each other, the first one apart; so do the hotfixes of each."""
    names = [each.file for each in files]
    versions: list[Version] = []
    for name, file, _ in files:
        hotfixes = numbers(names, name.version, HOTFIX, push.layout)
        if name.form == PRODUCTION:
            if versions and not any(name.version in version.successors() for version in versions):
                yield "HH201", file, f"{name.version} follows no version of production"
            versions.append(name.version)
        elif name.version not in versions:
            yield "HH205", file, f"'{file}' is the hotfix of a version that is not in production"
        elif name.number > 1 and name.number - 1 not in hotfixes:
            yield "HH205", file, f"'{file}' follows no hotfix {name.number - 1}"


def _lists(push: Push, move: Move, files: list[_Listed]) -> Iterator[tuple[str, str, str]]:
    """A patch in production stands in one list, has its directory, and its number belongs to it alone."""
    directories = push.names_below(move.new, push.layout.patches)
    seen: dict[str, str] = {}
    numbered: dict[int, str] = {}
    for _, file, ids in files:
        for patch in ids:
            if patch in seen:
                yield "HH304", file, f"'{patch}' stands in '{seen[patch]}' and again in '{file}'"
            elif not is_folder(directories.get(patch)):
                yield "HH307", file, f"'{file}' lists '{patch}', but its directory is missing"
            rival = numbered.setdefault(patch_number(patch), patch)
            if rival != patch and push.config.uniqueNumbers:
                yield "HH402", file, f"the number of '{patch}' is taken by '{rival}'"
            seen.setdefault(patch, file)

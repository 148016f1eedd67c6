"""What has to run to bring a database from nothing to what a tree of files describes: read, put in order, named by content.

A tree of files is a `Source`: the working tree, so that files which are not committed count, or a commit. The order is
that of the workflow (section 1): the model of the production version, then what each release in preparation lists,
smaller versions first: its release candidates, what is staged, its candidates.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Optional, Protocol

from halfhooks import sql
from halfhooks.layout import CANDIDATES, HOTFIX, RC, STAGE, Layout
from halfhooks.names import parse_file_name, release_file
from halfhooks.release import Lines, newest_version, numbers, parse_lines
from halfhooks.snapshot import Entry, SmallTree
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple
from halfhooks.version import Version, parse_version

SQL, PYTHON = "sql", "python"
CANDIDATE, STAGED, CURRENT = "candidate", "staged", "current"
MOST_MODELS = 10
"""Of the versions that there are, so many are named where one that there is not was asked for."""
SUFFIXES = {".sql": SQL, ".py": PYTHON}


class Source(Protocol):
    """A tree of files. Paths begin at the top of the repository, with slashes between names."""

    def names(self, folder: str) -> list[str]:
        """The names of the regular files directly in a folder, in the order of their bytes; none where there is none."""

    def read(self, path: str) -> Optional[bytes]:
        """The content of a regular file, None where there is none."""

    def has_folder(self, path: str) -> bool:
        """Whether there is a folder."""


class File(NamedTuple):
    """A file that runs. `data` and `no_transaction` are what the directive in its first line says."""

    path: str
    kind: str
    content: bytes
    data: bool = False
    no_transaction: bool = False


class Patch(NamedTuple):
    """A patch with its files in order. `release` lists it; `state` is "RC 1", "staged", "candidate" or "current"."""

    id: str
    release: str
    state: str
    files: tuple[File, ...]

    @property
    def content(self) -> str:
        """The id of what runs: it changes with the patch's name, and the names and contents of its files."""
        return digest(self.id.encode(), *(part for file in self.files for part in (file.path.encode(), file.content)))

    @property
    def transactional(self) -> bool:
        """Whether all of it fits into one transaction of ours."""
        return all(file.kind == SQL and not file.no_transaction for file in self.files)


class Plan(NamedTuple):
    """The model of the production version `label`, and the patches to apply on it in order. `remarks` are for the user."""

    label: str
    model: tuple[File, ...]
    patches: tuple[Patch, ...]
    remarks: tuple[str, ...] = ()

    @property
    def base(self) -> str:
        """The id of the model's content."""
        return digest(*(file.content for file in self.model))

    def keys(self, salt: str) -> list[str]:
        """An id for the state after the model, and one for that after each patch: equal ids mean equal databases.

        `salt` is what else decides, such as the version of the server.
        """
        found = [digest(salt.encode(), self.base.encode())]
        for patch in self.patches:
            found.append(digest(found[-1].encode(), patch.content.encode()))
        return found


def digest(*parts: bytes) -> str:
    """An id of some texts in order: none of them can be taken for the end of the one before."""
    whole = sha256()
    for part in parts:
        whole.update(b"%d:" % len(part))
        whole.update(part)
    return whole.hexdigest()


def read_plan(source: Source, layout: Layout, current: str = "", production: bool = False) -> Plan:
    """The plan of a tree. `current` is the patch that is being worked on; with `production` no patch is applied.

    Fails with `CannotTell` where the tree is no project, or lacks what it lists.
    """
    books = Books(source, layout)
    label = books.label()
    patches: list[Patch] = [] if production else list(_patches(source, layout, books, current))
    remarks = []
    if current and not production and current not in [patch.id for patch in patches]:
        folder = layout.path(layout.patches, current)
        if not source.has_folder(folder):
            raise CannotTell(f"there is no folder '{folder}': mkdir -p {folder}")
        remarks.append(f"no release lists '{current}' as a candidate yet: it is applied last")
        patches.append(Patch(current, "", CURRENT, tuple(patch_files(source, folder))))
    return Plan(label, model_files(source, layout, label), tuple(patches), tuple(remarks))


class Books:
    """The release files of a tree."""

    def __init__(self, source: Source, layout: Layout) -> None:
        self._source = source
        self._layout = layout
        self.files = source.names(layout.path(layout.releases))
        production = newest_version(SmallTree({name: Entry("100644", name) for name in self.files}), layout)
        if production is None:
            folder = layout.path(layout.releases)
            raise CannotTell(
                f"no version is in production: '{folder}/' has no file such as 0.0.0.txt; ho init makes it"
            )
        self.production = production

    def label(self) -> str:
        """The production version, with its last hotfix."""
        last = max(numbers(self.files, self.production, HOTFIX, self._layout), default=0)
        return f"{self.production}-hotfix{last}" if last else str(self.production)

    def preparing(self) -> list[Version]:
        """The versions that this tree prepares, a hotfix of the production version included, smallest first."""
        names = (parse_file_name(name, self._layout) for name in self.files)
        versions = {name.version for name in names if name and name.form in (CANDIDATES, STAGE, RC)}
        return sorted(version for version in versions if version > self.production or self._is_hotfix(version))

    def _is_hotfix(self, version: Version) -> bool:
        return version == self.production and self._lines(version, CANDIDATES).hotfix

    def listed(self, version: Version) -> Iterator[tuple[str, str]]:
        """The patches of a version in preparation with their states, in the order of their application."""
        if version != self.production:
            for number in numbers(self.files, version, RC, self._layout):
                yield from ((patch, f"RC {number}") for patch in self._lines(version, RC, number).ids)
        yield from ((patch, STAGED) for patch in self._lines(version, STAGE).ids)
        yield from ((patch, CANDIDATE) for patch in self._lines(version, CANDIDATES).ids)

    def _lines(self, version: Version, form: str, number: int = 0) -> Lines:
        path = self._layout.path(self._layout.releases, release_file(version, form, self._layout, number))
        lines = parse_lines(self._source.read(path) or b"", self._layout)
        for problem in lines.problems:
            raise CannotTell(f"'{path}', line {problem.line}: {problem.text}")
        return lines


def _patches(source: Source, layout: Layout, books: Books, current: str) -> Iterator[Patch]:
    """What the releases in preparation list. A candidate without files of its own in this tree has nothing to run."""
    seen: set[str] = set()
    for version in books.preparing():
        for patch, state in books.listed(version):
            if patch in seen:
                continue
            seen.add(patch)
            folder = layout.path(layout.patches, patch)
            if not source.has_folder(folder):
                if state != CANDIDATE or patch == current:
                    raise CannotTell(f"'{patch}' is listed in {version} ({state}), but there is no folder '{folder}'")
                continue
            files = tuple(patch_files(source, folder))
            if files or patch == current or state != CANDIDATE:
                yield Patch(patch, str(version), CURRENT if patch == current else state, files)


def patch_files(source: Source, folder: str) -> Iterator[File]:
    """The files of a patch that run, in the order of the bytes of their names."""
    for name in sorted(source.names(folder), key=lambda name: name.encode("utf-8", "surrogateescape")):
        kind = SUFFIXES.get(name[name.rfind(".") :] if "." in name else "")
        content = source.read(f"{folder}/{name}") if kind else None
        if kind and content is not None:
            found = sql.directive(content.decode("utf-8", "replace")) if kind == SQL else None
            yield File(f"{folder}/{name}", kind, content, found == sql.DATA, found == sql.NO_TRANSACTION)


def models(source: Source, layout: Layout) -> list[str]:
    """The versions in production of which a tree has the structure, oldest first."""
    names = source.names(layout.path(layout.model))
    labels = [name[len(layout.schema) : -len(".sql")] for name in names if name.startswith(layout.schema)]
    found = ((parse_version(label.partition("-")[0]), label) for label in labels)
    return [label for _, _, label in sorted((version, len(label), label) for version, label in found if version)]


def model_files(source: Source, layout: Layout, label: str) -> tuple[File, ...]:
    """The model of a version: its schema, then the rows that belong to it. `CannotTell` where there is no schema."""
    path = layout.path(layout.model, f"{layout.schema}{label}.sql")
    schema = source.read(path)
    if schema is None:
        there = models(source, layout)
        others = f"; there are those of {', '.join(there[-MOST_MODELS:])}" if there else ""
        raise CannotTell(f"there is no '{path}', the structure of {label} in production{others}")
    rows_path = layout.path(layout.model, f"{layout.metadata}{label}.sql")
    rows = source.read(rows_path)
    return (File(path, SQL, schema), *([File(rows_path, SQL, rows, data=True)] if rows is not None else []))

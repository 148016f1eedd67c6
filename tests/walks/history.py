"""Commits as values, written by `git fast-import` and pushed by plain git; and the script that does it all again."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Optional, Union

from tests.builders import EPOCH, run

FILE, LINK, PROGRAM = "100644", "120000", "100755"

Entry = tuple[str, str]
"""The mode and the text of a file."""

Files = dict[str, Entry]


@dataclass(frozen=True, eq=False)
class Commit:
    """A commit: its parents, its whole tree, and a bit for each commit that it can reach, itself among them."""

    number: int
    parents: tuple[Commit, ...]
    files: Files
    reach: int

    @property
    def name(self) -> str:
        """The ref in the clone that keeps it."""
        return f"refs/walk/{self.number}"

    def contains(self, other: Commit) -> bool:
        return bool(self.reach >> other.number & 1)

    def below(self, folder: str) -> Files:
        """The files in a folder, whose name ends with a slash."""
        return {path: entry for path, entry in self.files.items() if path.startswith(folder)}


@dataclass(frozen=True)
class Tag:
    """An annotated tag; `name` is its ref in the clone."""

    name: str


Source = Optional[Union[Commit, Tag]]
"""What a ref of the server moves to; None deletes it."""

Moves = Mapping[str, Source]
"""One push: for each ref what it moves to."""


class Clone:
    """A clone without a working tree, which writes commits and pushes them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.commits: list[Commit] = []
        self.script: list[str] = []
        self._stream: list[str] = []
        self._texts: dict[str, str] = {}
        self._tags = 0

    def commit(self, message: str, parents: Iterable[Commit], files: Files) -> Commit:
        """A new commit with this tree."""
        parents = tuple(parents)
        made = self._made(parents, files)
        who = f"dev <dev@example.org> {EPOCH + made.number} +0000"
        self._stream += [f"commit {made.name}", f"committer {who}", data(message)]
        self._stream += [f"{'merge' if at else 'from'} {parent.name}" for at, parent in enumerate(parents)]
        before = parents[0].files if parents else {}
        self._stream += [f"D {path}" for path in sorted(before.keys() - files.keys())]
        for path, (mode, text) in sorted(files.items()):
            if before.get(path) != (mode, text):
                self._stream += [f"M {mode} inline {path}", data(text)]
        return made

    def _made(self, parents: Iterable[Commit], files: Files) -> Commit:
        parents, number = tuple(parents), len(self.commits)
        reach = reduce(int.__or__, (parent.reach for parent in parents), 1 << number)
        made = Commit(number, parents, dict(files), reach)
        self.commits.append(made)
        return made

    def change(self, parent: Commit, message: str, changes: Mapping[str, Union[str, Entry, None]]) -> Commit:
        """A commit on top of another; a change is a text, a mode and a text, or None to remove the file."""
        files = dict(parent.files)
        for path, entry in changes.items():
            if entry is None:
                files.pop(path, None)
            else:
                files[path] = (FILE, entry) if isinstance(entry, str) else entry
        return self.commit(message, [parent], files)

    def tag(self, name: str, commit: Commit) -> Tag:
        """An annotated tag of a commit."""
        self._tags += 1  # no two tags are the same
        tagger = f"tagger dev <dev@example.org> {EPOCH + self._tags} +0000"
        self._stream += [f"tag {name}", f"from {commit.name}", tagger, data(name)]
        return Tag(f"refs/tags/{name}")

    def object_id(self, source: Union[Commit, Tag]) -> str:
        """The id of what was written, which is before any push that follows."""
        return (self.path / source.name).read_text().strip()

    def write(self) -> None:
        """Write the commits and tags that were made since the last time."""
        if not self._stream:
            return
        stream = "\n".join([*self._stream, ""])
        self._stream.clear()
        self.script.append(f"git fast-import --quiet <<'END'\n{stream}END")
        command = ["git", "-C", str(self.path), "fast-import", "--quiet"]
        done = subprocess.run(command, input=stream, capture_output=True, text=True)
        assert done.returncode == 0, f"{done.stderr}\n{stream}"

    def take(self, refs: Mapping[str, str]) -> dict[str, Source]:
        """What some refs of the server lead to: commits and tags that somebody else may have made; "" for none."""
        self.write()
        there = [ref for ref, oid in refs.items() if oid]
        if there:
            specs = [f"+{ref}:{ref if ref.startswith('refs/tags/') else 'refs/taken/' + ref}" for ref in there]
            fetch = ["fetch", "-q", "--no-tags", "origin", *specs]
            self._git(*fetch)
            self.script.append(shlex.join(["git", *fetch]))
        listed = self._git("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/walk/").split()
        known = {oid: self.commits[int(number)] for oid, number in zip(listed[::2], listed[1::2])}
        new = [refs[ref] for ref in there if not ref.startswith("refs/tags/")]
        lines = self._git("rev-list", "--topo-order", "--reverse", "--parents", *new, "--not", "--glob=refs/walk/*")
        for oid, *parents in (line.split() for line in lines.splitlines()) if new else ():
            known[oid] = self._taken(oid, [known[parent] for parent in parents])
        found: dict[str, Source] = dict.fromkeys(refs)
        found.update({ref: Tag(ref) if ref.startswith("refs/tags/") else known[refs[ref]] for ref in there})
        return found

    def _taken(self, oid: str, parents: list[Commit]) -> Commit:
        files: Files = {}
        for line in self._git("ls-tree", "-r", "-z", oid).split("\0")[:-1]:
            kind, _, path = line.partition("\t")
            mode, _, blob = kind.split()
            if blob not in self._texts:
                self._texts[blob] = self._git("cat-file", "blob", blob)
            files[path] = (mode, self._texts[blob])
        made = self._made(parents, files)
        self._git("update-ref", made.name, oid)
        self.script.append(f"git update-ref {made.name} {oid}")
        return made

    def _git(self, *arguments: str) -> str:
        return run("git", "-C", str(self.path), *arguments)

    def push(self, moves: Moves, *options: str) -> subprocess.CompletedProcess[str]:
        """Push; what git said is in `stderr`."""
        command = self.push_command(moves, *options)
        self.script.append(shlex.join(["git", *command[3:]]))
        return subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")

    def push_command(self, moves: Moves, *options: str) -> list[str]:
        """The command of a push, once what it pushes was written."""
        self.write()
        # always forced: what may be rewritten is the server's affair
        specs = [f"+{source.name}:{ref}" if source else f":{ref}" for ref, source in moves.items()]
        return ["git", "-C", str(self.path), "push", "-q", *options, "origin", *specs]

    def replay(self) -> str:
        """A script of plain git that does everything again, from an empty guarded repository on."""
        begin = "git init -q --bare clone.git; cd clone.git; git config remote.origin.url ../server.git"
        return "\n".join([begin, *self.script])


def make_clone(path: Path, url: str) -> Clone:
    """An empty clone."""
    run("git", "init", "-q", "--bare", "--template=", "-b", "ho-prod", str(path))
    # no fetch specification: a push leaves nothing behind in the clone
    settings = {"remote.origin.url": url, "fastimport.unpackLimit": "1000", "core.fsync": "none", "gc.auto": "0"}
    for key, value in settings.items():
        run("git", "-C", str(path), "config", key, value)
    return Clone(path)


def data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}"


# --- merging


def merge(ours: Commit, theirs: Commit, folder: str = "", side: Optional[Commit] = None) -> Files:
    """The tree of a merge, file by file; where both changed one, the lines of both. `side` keeps its view of a folder."""
    merged = _merge(ours.files, theirs.files, base_files(ours, theirs))
    if side is None:
        return merged
    return {**{path: entry for path, entry in merged.items() if not path.startswith(folder)}, **side.below(folder)}


def taking(files: Files, source: Commit, patches: Iterable[str]) -> Files:
    """The tree of a merge, in which some patches, which are fixed, are as one of its parents has them."""
    folders = tuple(f"Patches/{patch}/" for patch in patches)
    fixed = {path: entry for path, entry in source.files.items() if path.startswith(folders)}
    return {**{path: entry for path, entry in files.items() if not path.startswith(folders)}, **fixed}


def base_files(one: Commit, other: Commit) -> Files:
    """The tree of the merge base; where there are several, of their merge."""
    common = one.reach & other.reach
    found: dict[int, Commit] = {}
    pending = [one, other]
    seen: set[int] = set()
    while pending:  # the commits on the way down to the common ones
        commit = pending.pop()
        if commit.number in seen:
            continue
        seen.add(commit.number)
        if common >> commit.number & 1:
            found[commit.number] = commit
        else:
            pending += commit.parents
    best: list[Commit] = []
    for number in sorted(found, reverse=True):
        if not any(base.contains(found[number]) for base in best):
            best.append(found[number])
    if not best:
        return {}
    files = best[0].files
    for base in best[1:]:
        files = _merge(files, base.files, base_files(best[0], base))
    return files


def _merge(ours: Files, theirs: Files, base: Files) -> Files:
    merged: Files = {}
    for path in sorted(ours.keys() | theirs.keys()):  # in the same order each time
        mine, other, old = ours.get(path), theirs.get(path), base.get(path)
        entry = mine if other in (mine, old) else other if mine == old else _both(mine, other)
        if entry is not None:
            merged[path] = entry
    return merged


def _both(mine: Optional[Entry], other: Optional[Entry]) -> Optional[Entry]:
    if mine is None or other is None:
        return mine or other
    lines = mine[1].splitlines(keepends=True)
    return mine[0], "".join(lines + [line for line in other[1].splitlines(keepends=True) if line not in lines])

"""Projects of any size, made with `git fast-import`: a history of releases, one to promote, one in preparation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Optional

ROOT = Path(__file__).resolve().parent.parent
INSTALL = (sys.executable, str(ROOT / "install" / "server.py"))
EPOCH = 1600000000
LATER = 1700000000
"""When what is pushed was committed: after all that is there."""
LINE = "refs/bench/line"
POLICY = "halfhooks.conf"
WHO = "dev <dev@example.org>"
CLEAN = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "LC_"))},
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "LC_ALL": "C",
}
"""The environment of every command: what the user has configured must not show in the figures."""

Changes = Mapping[str, Optional[str]]
"""Texts by path; None removes a path, and a text that begins with `-> ` is a symbolic link."""


class Size(NamedTuple):
    """How large a project is. `commits` are those of its history; `open_patches` have a branch each."""

    releases: int = 2
    patches: int = 4
    files: int = 200
    commits: int = 50
    refs: int = 20
    open_patches: int = 4


SMALL = Size()


class Update(NamedTuple):
    """A ref update as git hands it to a hook; "" stands for absence."""

    old: str
    new: str
    ref: str

    def line(self) -> str:
        """The update in the format of pre-receive's standard input."""
        return f"{self.old or '0' * 40} {self.new or '0' * 40} {self.ref}\n"

    def refspec(self) -> str:
        """The update as an argument of `git push`."""
        return f"{self.new}:{self.ref}"


class Pushes(NamedTuple):
    """Pushes that a project accepts, each one alone."""

    patch_commit: list[Update]
    integration: list[Update]
    promotion: list[Update]


class Import:
    """A running `git fast-import`. Parents and targets are marks (`:1`) or object ids; `clock` is the last date."""

    def __init__(self, repository: Path, clock: int = EPOCH) -> None:
        """Starts it in a repository."""
        self._marks = repository / "bench-marks"
        self.clock = clock
        self._count = 0
        self._process = subprocess.Popen(
            ["git", "fast-import", "--quiet", "--force", "--done", f"--export-marks={self._marks}"],
            cwd=repository,
            env=CLEAN,
            stdin=subprocess.PIPE,
        )

    def _write(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode())

    def _next(self) -> str:
        self._count += 1
        self.clock += 60
        return f":{self._count}"

    def commit(self, changes: Changes, *parents: str, ref: str = LINE) -> str:
        """A commit with these changes to the tree of its first parent; gives its mark."""
        mark = self._next()
        text = [f"commit {ref}\nmark {mark}\ncommitter {WHO} {self.clock} +0000\ndata 6\nchange\n"]
        text += [f"{word} {parent}\n" for word, parent in zip(("from", "merge"), parents)]
        if not parents:
            text.insert(0, f"reset {ref}\n\n")
        for path, content in changes.items():
            if content is None:
                text.append(f"D {path}\n")
                continue
            mode = "120000" if content.startswith("-> ") else "100644"
            content = content.removeprefix("-> ")
            text.append(f"M {mode} inline {path}\ndata {len(content.encode())}\n{content}\n")
        self._write("".join(text) + "\n")
        return mark

    def tag(self, name: str, target: str) -> str:
        """An annotated tag; gives its mark."""
        mark = self._next()
        self._write(f"tag {name}\nmark {mark}\nfrom {target}\ntagger {WHO} {self.clock} +0000\ndata 8\nrelease\n\n")
        return mark

    def ref(self, name: str, target: str) -> None:
        """Makes a ref."""
        self._write(f"reset {name}\nfrom {target}\n\n")

    def finish(self) -> dict[str, str]:
        """Ends it; gives the object ids of all marks. It leaves the refs that were made, and LINE."""
        self._write("done\n")
        self._process.communicate()
        if self._process.returncode:
            raise SystemExit("git fast-import failed")
        return dict(line.split() for line in self._marks.read_text().splitlines())


def git(repository: Path, *arguments: str) -> str:
    """Runs a git command that must succeed; its output."""
    done = subprocess.run(["git", *arguments], cwd=repository, env=CLEAN, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def patch_files(patch: str) -> dict[str, Optional[str]]:
    """The directory of a finished patch."""
    return {f"Patches/{patch}/README.md": f"# {patch}\n", f"Patches/{patch}/01_change.sql": f"select '{patch}';\n"}


def code_file(number: int, files: int, text: str) -> dict[str, Optional[str]]:
    """One of the files of the code, in folders of twenty."""
    number %= files
    return {f"src/area{number // 1000}/part{number // 20 % 50}/file{number}.py": f"VALUE = '{text}'\n"}


def model(version: str) -> dict[str, Optional[str]]:
    """What a promotion adds below model/."""
    return {
        f"model/schema-{version}.sql": f"-- schema of {version}\n",
        f"model/metadata-{version}.sql": f"-- metadata of {version}\n",
        "model/schema.sql": f"-> schema-{version}.sql",
    }


def build(server: Path, size: Size) -> None:
    """Makes a bare repository that holds a project of a size.

    Production has had `releases` releases with `patches` patches in all. The next release is ready for promotion, with
    a release candidate; the one after it is in preparation and has `open_patches` candidates with a branch each.
    """
    subprocess.run(["git", "init", "-q", "--bare", "-b", "ho-prod", str(server)], env=CLEAN, check=True)
    git(server, "config", "receive.autoGc", "false")
    feed = Import(server)
    code = {path: text for number in range(size.files) for path, text in code_file(number, size.files, "new").items()}
    production = feed.commit(
        {
            **code,
            "releases/0.0.0.txt": "",
            "Patches/README.md": "Patches\n",
            POLICY: "[halfhooks]\n\tfreePaths = docs/**\n",
            **model("0.0.0"),
        }
    )
    for number in range(1, size.releases):
        production = _release(feed, size, number, production)
    oids = feed.finish()
    # fast-import keeps the newest as differences to the oldest; `git gc`, and a recent push, keep the newest whole
    feed = Import(server, feed.clock)
    production = _release(feed, size, size.releases, oids[production])
    feed.ref("refs/heads/ho-prod", production)
    _prepare(feed, size, production)
    feed.finish()
    git(server, "update-ref", "-d", LINE)
    git(server, "pack-refs", "--all", "--prune")
    _add_refs(server, size.refs)


def _release(feed: Import, size: Size, number: int, production: str) -> str:
    """A release from its first commit to its promotion; the new production."""
    version = f"0.{number}.0"
    ids = [f"{each}-change" for each in _share(size.patches, size.releases, number)]
    line, work = production, dict[str, Optional[str]]()
    for each in _share(size.commits, size.releases, number)[2:]:
        change = code_file(each, size.files, version)
        work |= change
        line = feed.commit(change, line)
    for patch in ids:
        work |= patch_files(patch)
    work[f"releases/{version}-rc1.txt"] = _lines(ids)
    line = feed.commit(work, line)
    feed.tag(f"v{version}-rc1", line)
    production = feed.commit({**work, f"releases/{version}.txt": _lines(ids), **model(version)}, production, line)
    feed.tag(f"v{version}", production)
    return production


def _prepare(feed: Import, size: Size, production: str) -> None:
    """A release that is ready for promotion, and one in preparation."""
    ready, next_one = f"0.{size.releases + 1}.0", f"0.{size.releases + 2}.0"
    first = size.patches + 1
    changes = {f"releases/{ready}-candidates.txt": "", f"releases/{ready}-stage.txt": ""}
    staged = f"{first}-change"
    changes |= {**patch_files(staged), f"releases/{ready}-rc1.txt": _lines([staged])}
    tip = feed.commit(changes, production)
    feed.ref(f"refs/heads/ho-release/{ready}", tip)
    feed.tag(f"v{ready}-rc1", tip)
    ids = [f"{first + 1 + number}-change" for number in range(size.open_patches)]
    changes = {f"releases/{next_one}-candidates.txt": _lines(ids), f"releases/{next_one}-stage.txt": ""}
    for patch in ids:
        changes[f"Patches/{patch}/README.md"] = f"# {patch}\n"
    tip = feed.commit(changes, production)
    feed.ref(f"refs/heads/ho-release/{next_one}", tip)
    for patch in ids:
        feed.ref(f"refs/heads/ho-patch/{patch}", feed.commit(patch_files(patch), tip))


def _add_refs(server: Path, wanted: int) -> None:
    """Adds topic branches and tags of builds, at production, until there are as many refs as wanted."""
    packed = server / "packed-refs"
    header, *lines = packed.read_text().splitlines()
    known = [line for line in lines if not line.startswith("^")]
    peeled = {above: line for above, line in zip(lines, lines[1:]) if line.startswith("^")}
    tip = git(server, "rev-parse", "refs/heads/ho-prod")
    for number in range(wanted - len(known)):
        kind = "heads/topic" if number % 2 else "tags/build"
        known.append(f"{tip} refs/{kind}/{number % 100}/{number}")
    known.sort(key=lambda line: line.split(" ", 1)[1])
    body = [line for each in known for line in (each, peeled.get(each)) if line]
    packed.write_text("\n".join([header, *body, ""]))


def copy(server: Path, target: Path) -> Path:
    """A copy of a repository, which shares its packs by hard links."""

    def place(source: str, there: str) -> None:
        (os.link if "/objects/pack/" in source else shutil.copy2)(source, there)

    shutil.copytree(server, target, copy_function=place)
    return target


def guard(server: Path) -> Path:
    """Installs the hook as an administrator does; gives its path."""
    subprocess.run([*INSTALL, str(server)], env=CLEAN, check=True, stdout=subprocess.DEVNULL)
    return server / "hooks" / "pre-receive"


def pusher(server: Path, path: Path) -> Path:
    """A bare repository to push from, which borrows the objects of a server."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "ho-prod", str(path)], env=CLEAN, check=True)
    (path / "objects" / "info" / "alternates").write_text(f"{server.resolve()}/objects\n")
    return path


def patch_commits(server: Path, into: Path, size: Size, count: int, patch_every: int = 1) -> list[Update]:
    """Commits on top of a patch branch, a push each; the objects go `into` a repository that knows those of `server`.

    All change a file of code; each `patch_every`th changes the directory of the patch.
    """
    patch = f"{size.patches + 2}-change"
    ref = f"refs/heads/ho-patch/{patch}"
    tip = git(server, "rev-parse", ref)
    feed = Import(into, clock=LATER)
    marks = [tip]
    for number in range(count):
        changes = code_file(number * 7, size.files, f"work {number}")
        if number % patch_every == 0:
            changes[f"Patches/{patch}/02_more.sql"] = f"select {number};\n"
        marks.append(feed.commit(changes, marks[-1]))
    oids = feed.finish()
    tips = [oids.get(mark, mark) for mark in marks]
    return [Update(old, new, ref) for old, new in zip(tips, tips[1:])]


def pushes(server: Path, into: Path, size: Size) -> Pushes:
    """One push of each kind, of objects that go `into` a repository that knows those of `server`."""
    prod, ready, next_one = "refs/heads/ho-prod", f"0.{size.releases + 1}.0", f"0.{size.releases + 2}.0"
    release, old_release = f"refs/heads/ho-release/{next_one}", f"refs/heads/ho-release/{ready}"
    patch, staged = f"{size.patches + 3}-change", f"{size.patches + 1}-change"
    refs = (prod, release, old_release, f"refs/heads/ho-patch/{patch}")
    production, tip, ready_tip, patch_tip = (git(server, "rev-parse", ref) for ref in refs)
    patch_commit = patch_commits(server, into, size, 1)
    ids = [f"{size.patches + 2 + number}-change" for number in range(size.open_patches)]
    feed = Import(into, clock=LATER)
    merge = feed.commit(patch_files(patch), tip, patch_tip)
    lists = {f"releases/{next_one}-candidates.txt": _lines([each for each in ids if each != patch])}
    lists[f"releases/{next_one}-stage.txt"] = _lines([patch])
    stage = feed.commit(lists, merge)
    books = {f"releases/{ready}-rc1.txt": _lines([staged]), f"releases/{ready}.txt": _lines([staged])}
    promoted = feed.commit({**patch_files(staged), **books, **model(ready)}, production, ready_tip)
    tag = feed.tag(f"v{ready}", promoted)
    oids = feed.finish()
    git(into, "update-ref", "-d", f"refs/tags/v{ready}")
    return Pushes(
        patch_commit,
        [Update(tip, oids[stage], release)],
        [
            Update(production, oids[promoted], prod),
            Update("", oids[tag], f"refs/tags/v{ready}"),
            Update(ready_tip, "", old_release),
        ],
    )


def _share(total: int, parts: int, number: int) -> range:
    """The numbers, from 1, that the part `number` (from 1) has of a total."""
    return range(total * (number - 1) // parts + 1, total * number // parts + 1)


def _lines(ids: list[str]) -> str:
    return "".join(f"{patch}\n" for patch in ids)

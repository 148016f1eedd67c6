"""Raw trees, commits and tags: our parsers against what `git fsck`, `git log` and `git cat-file` make of the same bytes."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Optional

from halfhooks.objects import MalformedObject, parse_commit, parse_tag, parse_tree
from tests.fuzz.harness import faults, git, mutated, write_loose

NAMES = [
    b"a",
    b"a.b",
    b"a-",
    b"a0",
    b"b",
    b".git",
    b".GIT ",
    b"git~1",
    b".gitx",
    b"x/y",
    b"..",
    b".",
    b"",
    b"\xff",
    b"\xc3\xa9",
]
NAMES += [b".git\xe2\x80\x8c", b"Patches", b"releases", b".git::$I", b"c" * 30, b"a\n"]
MODES = (
    [b"100644"] * 5
    + [b"40000"] * 4
    + [b"100755", b"120000", b"160000", b"100664", b"040000", b"100777", b"", b"1", b"644"]
)
PIECES = [
    b"\0",
    b" ",
    b"\n",
    b"100644 a\0",
    b"40000 ",
    b"parent ",
    b"tree ",
    b"object ",
    b"\nparent ",
    b"committer ",
    b"author ",
]
PIECES += [
    b"\n\n",
    b"type tree\n",
    b"type commit\n",
    b"tag x\n",
    b" +0000",
    b">",
    b"<",
    b"\nobject ",
    b"gpgsig x\n y\n",
    b"0",
    b"9",
]
TREE_FAULTS = re.compile(
    "badTree|duplicateEntries|treeNotSorted|fullPathname|emptyName|hasDot|hasDotdot|hasDotgit|badFilemode"
    "|zeroPaddedFilemode|could not be parsed|too-short|malformed|empty filename|truncated|corrupt"
)
OTHER_FAULTS = re.compile("gitmodules|gitattributes|gitignore|mailmap|nullSha1")


def random_tree(rng: random.Random, blob: str, empty: str) -> bytes:
    entries = [(rng.choice(MODES), rng.choice(NAMES)) for _ in range(rng.randint(1, 4))]
    if rng.random() < 0.7:
        entries.sort(key=lambda entry: entry[1] + b"/" if entry[0] == b"40000" else entry[1])
    targets = {b"40000": empty, b"040000": empty, b"160000": "1" * 40}
    raw = b"".join(mode + b" " + name + b"\0" + bytes.fromhex(targets.get(mode, blob)) for mode, name in entries)
    return mutated(rng, raw, PIECES, most=1) if rng.random() < 0.2 else raw


def tree_complaint(raw: bytes, said: list[str]) -> Optional[str]:
    """Git's faults must be ours; and ours those of git, save for names that are no ASCII, where we are the stricter."""
    problem = parse_tree(raw, 20).problem
    text = "\n".join(said)
    if TREE_FAULTS.search(text) and not problem:
        if "hasDotgit" in text and not _is_text(raw):
            return None  # git takes the first byte that is no UTF-8 for the end of a name
        return f"git complains, we do not: {text}"
    if problem and not TREE_FAULTS.search(text) and not OTHER_FAULTS.search(text):
        names = [part.partition(b" ")[2] for part in re.split(rb"\0.{20}", raw, flags=re.DOTALL)]
        strict = any(not name.isascii() or b"~1" in name or b":" in name or b"\\" in name for name in names)
        # git tells about the first in its strict mode only, and keeps no more than 16 bits of the others
        modes = b"1006" in raw or re.search("has the mode '[0-7]{7,}'", problem)
        return None if strict or modes else f"we complain, git does not: {problem}"
    return None


def _is_text(raw: bytes) -> bool:
    """Whether all names of a tree are UTF-8."""
    try:
        re.sub(rb"\0.{20}", b"", raw, flags=re.DOTALL).decode()
    except UnicodeDecodeError:
        return False
    return True


def play_trees(rng: random.Random, folder: Path) -> tuple[int, Optional[str]]:
    git(folder, "init", "-q")
    blob, empty = write_loose(folder, "blob", b"x"), write_loose(folder, "tree", b"")
    trees = {}
    for _ in range(300):
        raw = random_tree(rng, blob, empty)
        trees[write_loose(folder, "tree", raw)] = raw
    said = faults(folder)
    for oid, raw in trees.items():
        wrong = tree_complaint(raw, said.get(oid, []))
        if wrong:
            return len(trees), f"{raw!r}: {wrong}"
    return len(trees), None


def play_commits(rng: random.Random, folder: Path) -> tuple[int, Optional[str]]:
    git(folder, "init", "-q")
    tree = write_loose(folder, "tree", b"")
    who = "a <a@b> 5 +0000"
    first = write_loose(folder, "commit", f"tree {tree}\nauthor {who}\ncommitter {who}\n\nm\n".encode())
    second = write_loose(folder, "commit", f"tree {tree}\nauthor {who}\ncommitter {who}\n\nn\n".encode())
    pieces = [*PIECES, f"parent {first}\n".encode(), f"parent {second}\n".encode(), f"object {second}\n".encode()]
    commit = f"tree {tree}\nparent {first}\nparent {second}\nauthor {who}\ncommitter {who}\n\nmessage\n".encode()
    tag = f"object {first}\ntype commit\ntag v1\ntagger {who}\n\nmessage\n".encode()
    commits, tags = {}, {}
    for _ in range(150):
        for kind, raw, found in (("commit", commit, commits), ("tag", tag, tags)):
            changed = mutated(rng, raw, pieces, most=2)
            found[write_loose(folder, kind, changed)] = changed
    said = faults(folder)
    # even what fsck complains about may be on a server, so what git makes of it counts as long as git makes something of it
    read = git(folder, "cat-file", "--batch-check=%(objectname) %(objecttype)", input=_peeled(tags))
    for (oid, raw), line in zip(tags.items(), read.decode().splitlines()):
        named, kind = parse_tag(raw)
        theirs = line.split(" ")[:2]
        if oid not in said and theirs[-1] != "missing" and theirs != [named, kind]:
            return len(tags), f"tag {raw!r}: ours {named} {kind}, git's {theirs}"
    clean = [oid for oid in commits if oid not in said]
    listed = git(folder, "log", "--no-walk=unsorted", "--stdin", "--format=%H %T %P", input="\n".join(clean).encode())
    theirs_by_oid = {line.split()[0]: line.split()[1:] for line in listed.decode().splitlines()} if clean else {}
    for oid, raw in commits.items():
        try:
            ours = parse_commit(oid, raw)
        except MalformedObject:
            if oid in theirs_by_oid:
                return len(commits), f"commit {raw!r}: git reads it, we do not"
            continue
        if oid in theirs_by_oid and [ours.tree, *ours.parents] != theirs_by_oid[oid]:
            return len(commits), f"commit {raw!r}: ours {ours}, git's {theirs_by_oid[oid]}"
    return len(commits) + len(tags), None


def _peeled(tags: dict[str, bytes]) -> bytes:
    return "".join(f"{oid}^{{}}\n" for oid in tags).encode()

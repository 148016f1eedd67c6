"""What a legal state is, read from the refs and lists of a repository by plain git: a second opinion beside `ho check`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, Optional

from tests.builders import Server
from tests.walks.project import Version, dotted, successors

RELEASE = re.compile(r"refs/heads/ho-release/([0-9]+)\.([0-9]+)\.([0-9]+)")
PATCH = "refs/heads/ho-patch/"
LISTED = re.compile(r"releases/([0-9]+)\.([0-9]+)\.([0-9]+)(.*)\.txt")


class Branch(NamedTuple):
    """A release branch: its own lists by their suffix (`-stage`, `-rc1`, ...), and whether it reopens production."""

    version: Version
    lists: dict[str, list[str]]
    hotfix: bool
    in_production: bool

    def all_ids(self) -> list[str]:
        return [patch_id for ids in self.lists.values() for patch_id in ids]


def violations(server: Server) -> list[str]:
    """What is wrong with the state of a repository."""
    refs = server.refs()
    released = lists(server, refs["refs/heads/ho-prod"])
    versions = sorted({version for version, suffix in released if suffix == ""})
    branches = [read_branch(server, ref, oid) for ref, oid in refs.items() if RELEASE.fullmatch(ref)]
    preparing = [branch for branch in branches if branch.version not in versions]
    wrong = list(wrong_versions(versions, preparing))
    wrong += wrong_hotfixes(versions[-1], branches)
    wrong += shared_numbers(released, branches)
    wrong += loose_ends(server, refs, branches)
    return wrong


def wrong_versions(versions: list[Version], preparing: list[Branch]) -> Iterator[str]:
    for before, after in zip(versions, versions[1:]):
        if after not in successors(before):
            yield f"{dotted(after)} went into production after {dotted(before)}"
    for branch in preparing:
        others = [versions[-1], *(other.version for other in preparing)]
        if not any(branch.version in successors(other) for other in others):
            yield f"{dotted(branch.version)} succeeds none of {[*map(dotted, others)]}"
        smaller = [other for other in preparing if other.version < branch.version]
        if smaller and any(suffix.startswith("-rc") for suffix in branch.lists):
            yield f"{dotted(branch.version)} has an RC, and {dotted(smaller[0].version)} is in preparation"


def wrong_hotfixes(production: Version, branches: list[Branch]) -> Iterator[str]:
    for branch in branches:
        if branch.hotfix and not branch.in_production and branch.version != production:
            yield f"{dotted(branch.version)} is open for a hotfix, and production is {dotted(production)}"


def shared_numbers(released: dict[tuple[Version, str], list[str]], branches: list[Branch]) -> Iterator[str]:
    # a patch is in an RC and, in production, in the complete list: one place each
    places = {("production", ids) for (_, s), found in released.items() if not s.startswith("-rc") for ids in found}
    numbers: dict[int, set[tuple[str, str]]] = {}
    for place, patch_id in places | {
        (dotted(branch.version), patch_id)
        for branch in branches
        if not branch.in_production
        for patch_id in branch.all_ids()
    }:
        numbers.setdefault(int(patch_id.partition("-")[0]), set()).add((place, patch_id))
    for number, found in numbers.items():
        if len(found) > 1:
            yield f"the number {number} stands for {sorted(found)}"
    for branch in branches:
        if len(set(branch.all_ids())) < len(branch.all_ids()):
            yield f"{dotted(branch.version)} lists an id twice: {branch.lists}"


def loose_ends(server: Server, refs: dict[str, str], branches: list[Branch]) -> Iterator[str]:
    """Staged patches whose branch holds work that the release lacks."""
    for branch in branches:
        tip = refs[f"refs/heads/ho-release/{dotted(branch.version)}"]
        staged = [patch_id for suffix, ids in branch.lists.items() if suffix != "-candidates" for patch_id in ids]
        for patch_id in staged:
            patch: Optional[str] = refs.get(PATCH + patch_id)
            if patch and server.git("rev-list", "-n1", patch, f"^{tip}"):
                yield f"{patch_id} is staged in {dotted(branch.version)}, which lacks {patch}"


def read_branch(server: Server, ref: str, oid: str) -> Branch:
    x, y, z = map(int, RELEASE.fullmatch(ref).groups())  # type: ignore[union-attr]
    own = {suffix: ids for (version, suffix), ids in lists(server, oid).items() if version == (x, y, z)}
    hotfix = "# HOTFIX" in own.get("-candidates", [])
    in_production = not server.git("rev-list", "-n1", oid, "^refs/heads/ho-prod")
    open_lists = {
        suffix: [patch_id for patch_id in ids if patch_id and not patch_id.startswith("#")]
        for suffix, ids in own.items()
        if suffix in ("-candidates", "-stage") or (suffix.startswith("-rc") and not hotfix)
    }
    return Branch((x, y, z), open_lists, hotfix, in_production)


def lists(server: Server, oid: str) -> dict[tuple[Version, str], list[str]]:
    """The lines of the release files in a commit, by version and suffix."""
    found = {}
    names = server.git("ls-tree", "--name-only", oid, "releases/").splitlines()
    for path, match in ((path, LISTED.fullmatch(path)) for path in names):
        if match:
            x, y, z = map(int, match.groups()[:3])
            found[(x, y, z), match[4]] = server.git("cat-file", "blob", f"{oid}:{path}").splitlines()
    return found

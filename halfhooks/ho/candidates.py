"""What a developer has validated: the merge of a patch into its release as it would be, the tip of a branch, any commit.

The merge is a commit that no ref leads to; git removes it in time, as it does with all such objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional

from halfhooks.ho.database.project import Project
from halfhooks.ho.database.settle import merge_settled
from halfhooks.ho.merging import COMMITTER
from halfhooks.ho.plan import CANDIDATE, Books
from halfhooks.ho.repository import REBASE, Clone, behind, under_way
from halfhooks.ho.trees import CommitTree
from halfhooks.layout import HEADS
from halfhooks.names import PATCH_BRANCH, PRODUCTION_BRANCH, RELEASE_BRANCH, parse_ref
from halfhooks.survey import ORIGIN, CannotTell, Reader, tracking
from halfhooks.values import NamedTuple
from halfhooks.version import parse_version


class Candidate(NamedTuple):
    """What is to be validated. `words` name it; `commit` is "" where a merge has `conflicts`, and `into` is its target."""

    words: str
    commit: str
    remarks: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    into: str = ""


class Tip(NamedTuple):
    """A branch by the name under which its newest known commit is found here."""

    name: str
    commit: str


def of_head(project: Project) -> Candidate:
    """What is checked out: on a patch branch its merge into the release that lists it, else the tip."""
    clone = project.clone
    branch = clone.branch()
    name = parse_ref(HEADS + branch, project.layout)
    commit = clone.commit("HEAD")
    remarks = (*left_out(uncommitted(clone)), *behind(clone, branch))
    if name.kind == PATCH_BRANCH and commit:
        return _merged(project, name.patch, Tip(branch, commit), remarks)
    if name.kind in (RELEASE_BRANCH, PRODUCTION_BRANCH) and commit:
        return Candidate(f"'{branch}'", commit, remarks)
    if under_way(clone.git_dir) == REBASE:
        raise CannotTell("git rebase is in progress: git rebase --continue, or git rebase --abort, then ho validate")
    where = f"'{branch}' is neither a patch branch nor a release branch" if branch else "HEAD is detached"
    raise CannotTell(f"{where}: git switch to one, or ho validate --commit HEAD")


def of_patch(project: Project, patch: str, commit: Optional[str] = None) -> Candidate:
    """A patch by the newest known tip of its branch, or a commit, merged into the release that lists it."""
    if commit:
        return _merged(project, patch, Tip(commit, found(project.clone, commit)), ())
    tip, remarks = newest(project.clone, f"{project.layout.patch}{patch}")
    return _merged(project, patch, tip, remarks)


def of_release(project: Project, text: str) -> Candidate:
    """The tip of a release branch."""
    version = parse_version(text)
    if version is None:
        raise CannotTell(f"'{text}' is no version: X.Y.Z")
    tip, remarks = newest(project.clone, f"{project.layout.release}{version}")
    return Candidate(f"'{tip.name}'", tip.commit, remarks)


def of_commit(project: Project, text: str) -> Candidate:
    """Any commit."""
    commit = found(project.clone, text)
    return Candidate(f"{text}" if commit.startswith(text) else f"'{text}', {commit[:10]}", commit)


def found(clone: Clone, text: str) -> str:
    """The id of the commit that a text names; `CannotTell` for none."""
    commit = clone.commit(text)
    if not commit:
        raise CannotTell(f"'{text}' names no commit here: git fetch {ORIGIN}")
    return commit


def newest(clone: Clone, branch: str) -> tuple[Tip, tuple[str, ...]]:
    """The newest tip of a branch that is known here, and remarks; `CannotTell` where there is none."""
    here, there = clone.commit(HEADS + branch), clone.commit(tracking(ORIGIN) + branch)
    ours, theirs = Tip(branch, here), Tip(f"{ORIGIN}/{branch}", there)
    if not here and not there:
        raise CannotTell(f"there is no branch '{branch}', here or on {ORIGIN}: git fetch {ORIGIN}")
    if not there or (here and clone.contains(here, there)):
        return ours, ()
    if not here or clone.contains(there, here):
        return theirs, ()
    return theirs, (f"'{branch}' and '{theirs.name}' have each what the other has not: '{theirs.name}' is taken",)


def uncommitted(clone: Clone) -> list[str]:
    """The paths of the working tree that are not as they were committed; folders of new files end with a slash."""
    listed = clone.run("--no-optional-locks", "status", "--porcelain", "-z", "--no-renames").split("\0")[:-1]
    return [line[3:] for line in listed]


def left_out(changed: Sequence[str]) -> Iterator[str]:
    """A remark on what is not committed."""
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        yield f"what is not committed is left out: '{changed[0]}'{more}"


def _merged(project: Project, patch: str, tip: Tip, remarks: tuple[str, ...]) -> Candidate:
    """A patch merged into the release that lists it as a candidate."""
    clone = project.clone
    release, said = release_of(project, patch)
    remarks += said
    if clone.contains(tip.commit, release.commit):
        return Candidate(f"'{tip.name}', which has all of '{release.name}',", tip.commit, remarks)
    if clone.contains(release.commit, tip.commit):
        return Candidate(f"'{release.name}', which has all of '{tip.name}',", release.commit, remarks)
    words = f"'{tip.name}' merged into '{release.name}'"
    tree, conflicts = merge_settled(project, release.commit, tip.commit)
    if conflicts:
        return Candidate(words, "", remarks, conflicts, release.name)
    commit = clone.run(*COMMITTER, "commit-tree", tree, "-p", release.commit, "-p", tip.commit, "-m", words)
    return Candidate(words, commit, remarks)


def release_of(project: Project, patch: str) -> tuple[Tip, tuple[str, ...]]:
    """The release whose branch lists a patch as a candidate, by its newest known tip; `CannotTell` where none does."""
    layout = project.layout
    prefixes = (HEADS, tracking(ORIGIN))
    listed = project.clone.run(
        "for-each-ref", "--format=%(refname)", *(f"{prefix}{layout.release}*" for prefix in prefixes)
    )
    branches = {ref[len(prefix) :] for ref in listed.split("\n") for prefix in prefixes if ref.startswith(prefix)}
    reader = Reader(project.repository)
    try:
        for branch in sorted(branches):
            version = parse_ref(HEADS + branch, layout).version
            tip, remarks = newest(project.clone, branch)
            books = Books(CommitTree(reader, tip.commit), layout)
            for each, state in books.listed(version) if version in books.preparing() else ():
                if each == patch and state == CANDIDATE:
                    return tip, remarks
                if each == patch:
                    raise CannotTell(f"'{patch}' is integrated in {version} ({state}): ho validate --release {version}")
    finally:
        reader.close()
    raise CannotTell(f"no release that is known here lists '{patch}' as a candidate: git fetch {ORIGIN}")

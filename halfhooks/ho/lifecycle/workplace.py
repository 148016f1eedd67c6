"""The clone in which a command of the lifecycle works, with what the server has just said."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterator, Sequence
from typing import Callable, Optional

from halfhooks.ho.lifecycle import follow
from halfhooks.ho.lifecycle.fetching import choose_remote, fetch, open_survey
from halfhooks.ho.lifecycle.running import UNDO, Finished, Refused, go_on, resume
from halfhooks.ho.lifecycle.transaction import Journal, Transaction
from halfhooks.ho.lifecycle.writer import Writer
from halfhooks.ho.merging import merge
from halfhooks.ho.repository import Clone, find_git
from halfhooks.layout import HALFHOOKS, HEADS, Layout
from halfhooks.names import PATCH_BRANCH, RELEASE_BRANCH, parse_ref
from halfhooks.push import Push
from halfhooks.release import Project, Release
from halfhooks.report import conclude
from halfhooks.rules import RULES, Finding, check
from halfhooks.snapshot import FOLDER, Entry, Update
from halfhooks.survey import CannotTell, Survey
from halfhooks.values import NamedTuple
from halfhooks.version import Version, parse_version

TAGGING = ("release",)
"""The commands that count or make tags."""
OURS = {"HH201": "ho release new X.Y.Z, with one of these versions"}
"""What helps where a command of ours is refused, by the code of the rule."""

LEADING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX")
"""What git sets for an alias, a hook or `rebase --exec` to lead a git back to the working tree that it runs in."""


class Workplace(NamedTuple):
    """A clone, the state of the server that it works with ("" as `remote`: its own), and what writes objects there.

    `here` is the branch that was checked out, "" for none. What is `held` is let go when the command has ended.
    """

    command: str
    clone: Clone
    here: str
    remote: str
    survey: Survey
    push: Push
    writer: Writer
    journal: Journal
    say: Callable[[str], None]
    held: contextlib.ExitStack

    @property
    def project(self) -> Project:
        """The state that the server has."""
        return self.push.after

    @property
    def layout(self) -> Layout:
        """Where the project keeps its files."""
        return self.push.layout

    def release_ref(self, version: Version) -> str:
        """The ref of a release branch."""
        return f"{HEADS}{self.layout.release}{version}"

    def patch_ref(self, patch: str) -> str:
        """The ref of a patch branch."""
        return f"{HEADS}{self.layout.patch}{patch}"

    def at(self, ref: str) -> str:
        """What a ref leads to on the server, "" for none."""
        known = self.survey.refs.get(ref)
        return known.oid if known else ""

    def update(self, ref: str, new: str) -> Update:
        """The update of a ref from where it is; `new` is "" for its deletion."""
        return Update(self.at(ref), new, ref)

    def transaction(
        self, done: str, *pushes: Sequence[Update], then: Optional[str] = None, said: Sequence[str] = (), ahead: int = 0
    ) -> Transaction:
        """What the command does, in so many words; `then` is the branch in the end, None for that of here."""
        then = self.here if then is None else then
        whole = tuple(map(tuple, pushes))
        return Transaction(self.command, done, whole, self.remote, self.here, then, tuple(said), ahead=ahead)

    def known_as(self, branch: str) -> str:
        """How git calls a branch of the server here: `origin/ho-prod`."""
        return f"{self.remote}/{branch}" if self.remote else branch

    def free_for(self, patch: str, work: str) -> None:
        """Fail with `CannotTell` where the server has a branch of a patch with commits that `work` has not."""
        branch, there = f"{self.layout.patch}{patch}", self.at(self.patch_ref(patch))
        if there and not self.clone.contains(work, there):
            raise CannotTell(
                f"there is a '{self.known_as(branch)}' already, with work of its own; this takes it up again: "
                f"ho patch adopt {branch} --as {patch}; this removes it: git push {self.remote or '.'} :{branch}"
            )

    def merge(self, ours: str, theirs: str) -> tuple[Entry, tuple[str, ...]]:
        """The tree of a merge of two commits, and the files in which somebody has to settle a conflict."""
        tree, conflicts = merge(self.clone, ours, theirs)
        if conflicts:
            from halfhooks.ho.database.project import open_project
            from halfhooks.ho.database.settle import merge_settled

            tree, conflicts = merge_settled(open_project(self.clone), ours, theirs)
        return Entry(FOLDER, tree), conflicts

    # --- which release, which patch

    def version(self, wanted: str) -> Version:
        """The version that a text gives; for none that of the branch that is checked out, or the only open one."""
        if wanted:
            version = parse_version(wanted)
            if version is None:
                raise CannotTell(f"'{wanted}' is no version: X.Y.Z")
            return version
        here = parse_ref(HEADS + self.here, self.layout)
        if here.kind == RELEASE_BRANCH and here.version:
            return here.version
        if here.kind == PATCH_BRANCH:
            listed = self.project.lists(here.patch)
            if listed:
                return listed[0].version
        releases = self.project.open_releases()
        if len(releases) == 1:
            return releases[0].version
        if not releases:
            raise CannotTell("no release is in preparation: ho release new minor (or patch, or major)")
        names = ", ".join(str(release.version) for release in releases)
        raise CannotTell(f"which release? {names} are open: name one, or switch to its branch")

    def open_release(self, wanted: str) -> Release:
        """The open release that a text names, or that of where we are."""
        version = self.version(wanted)
        release = self.project.release(version)
        if release is None:
            could = self.command.startswith("ho patch") and self.project.may_follow(version)
            start = f"; this starts it: ho release new {version} --no-switch" if could else ""
            raise CannotTell(f"there is no '{self.layout.release}{version}' on the server: ho release list{start}")
        if not release.open:
            raise CannotTell(f"{version} is in production: an urgent change is a hotfix: ho release hotfix")
        return release

    def patch(self, wanted: str) -> str:
        """The patch that a text names, with or without the branch's prefix; for none that of where we are."""
        if wanted:
            return wanted.removeprefix(self.layout.patch)
        here = parse_ref(HEADS + self.here, self.layout)
        if here.kind != PATCH_BRANCH:
            raise CannotTell("which patch? this is no patch branch: give its ID; ho patch list shows them")
        return here.patch


@contextlib.contextmanager
def open_workplace(
    command: Sequence[str], say: Callable[[str], None], remote: str = "", finishing: bool = True
) -> Iterator[Workplace]:
    """Fetch, finish what was interrupted, and read the state of the server; nobody else works in the clone meanwhile.

    `say` gets what is to be told on the way. `CannotTell` where there is no project, or the server cannot be reached;
    `Finished` when it was this very command that had been interrupted.
    """
    git = find_git()
    clone = find_clone(git)
    if clone.bare:
        raise CannotTell("this repository has no working tree: go to a clone of it")
    remote = remote or choose_remote(clone)
    journal = Journal(clone.common_dir)
    typed = shlex.join(["ho", *command])
    with journal.alone():
        clone.sweep()
        branch = clone.branch()
        tags = fetch(clone, remote, tags=command[0] in TAGGING)
        finished = resume(clone, journal, command[0] == UNDO, say) if finishing else None
        if finished and finished.command == typed and branch in (finished.here, finished.switch, ""):
            raise Finished(finished)
        if finished:
            tags = fetch(clone, remote, tags=command[0] in TAGGING)
        if finished or not branch:  # what had been interrupted may have had the branch
            branch = clone.branch()
        with open_survey(git, clone, remote, tags) as survey:
            push, remarks = survey.state()
            for remark in remarks:
                say(f"halfhooks: warning: {remark}")
            if push.after.version is None:
                raise CannotTell(f"'{HALFHOOKS.production}' has no version in production yet; this adopts it: ho init")
            writer = Writer(clone, survey.objects, len(push.after.production))
            with contextlib.ExitStack() as held:
                yield Workplace(typed, clone, branch, remote, survey, push, writer, journal, say, held)


def find_clone(git: str) -> Clone:
    """The clone of the working directory, without the variables by which git tells an alias of it: they would lead any git
    that is to work in another working tree back to this one. `CannotTell` when they lead elsewhere."""
    told = Clone(git)
    led = [name for name in LEADING if os.environ.pop(name, None)]
    if not led:
        return told
    clone = Clone(git)
    if clone.git_dir != told.git_dir:
        raise CannotTell(f"GIT_DIR leads to '{told.git_dir}', but this folder is of '{clone.git_dir}': unset GIT_DIR")
    return clone


# --- running


def run(place: Workplace, transaction: Transaction) -> None:
    """Judge a transaction, and make it happen. `Refused` with all that was said, `Moved` when somebody was quicker.

    Nothing is begun when a working tree here would be in the way.
    """
    judge(place, transaction.pushes)
    ways = transaction.ways
    moves, left = follow.steps(place.clone, ways.values(), place.remote)
    way = ways.get(HEADS + transaction.switch)
    target = way.new if way else place.clone.commit(HEADS + transaction.switch)
    here = place.clone.branch()  # somebody may have gone elsewhere meanwhile, and stays there
    stays = here not in ("", transaction.here, transaction.switch) or (here == transaction.switch and way is None)
    goes = bool(transaction.switch and target) and not stays
    follow.check(place.clone, moves, target, goes)
    trees = tuple((step.worktree, step.branch) for step in moves if step.worktree)
    known = transaction._replace(top=place.clone.top, trees=trees)
    place.journal.begin(known)
    go_on(place.clone, place.journal, known, 0, place.say, (moves, left))


def fitted(finding: Finding) -> Finding:
    """A finding with the command of ours that mends it, where the rule's own hint is for a branch made by hand."""
    return finding._replace(help=OURS.get(finding.code, finding.help))


def judge(place: Workplace, pushes: Sequence[Sequence[Update]], fit: Callable[[Finding], Finding] = fitted) -> None:
    """Ask the rules about some pushes in their order, as the server will; `Refused` when one would be.

    `fit` gives the findings the help that they need here.
    """
    for updates in pushes:
        push, _ = place.survey.moves(tuple(updates))
        told: dict[tuple[str, str], Finding] = {}  # what holds for two of its refs is one fault
        for finding in check(push):
            told.setdefault((finding.code, finding.text), fit(finding))
        found = list(told.values())
        stops, lines = conclude(found, [], RULES, "nothing was done", "done all the same")
        if stops:
            raise Refused(lines)
        for line in lines:
            place.say(line)
        for update in updates:
            if update.new:
                place.survey.refs[update.ref] = place.survey.objects.target(update.new)
            else:
                place.survey.refs.pop(update.ref, None)

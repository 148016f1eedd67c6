"""The clone that somebody works in: git as its user runs it, with their identity, their configuration and their hooks.

`halfhooks.survey` reads what a repository holds, cut off from all that. GitPython takes a third of the time of a command to
be loaded, so it only does what is rare and takes longer by itself: making commits again elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Optional

from halfhooks.git import GitError, Process
from halfhooks.layout import HALFHOOKS, HEADS
from halfhooks.survey import ORIGIN, CannotTell, Place, Survey, tracking, way_in
from halfhooks.values import NamedTuple

NOTHING: Mapping[str, str] = {}

DETACHED = 1
"""The exit code of a `git symbolic-ref -q` for which there is no branch; where it fails, it has another."""

WORK = ("halfhooks", "work")
"""Where temporary folders are, below the git directory."""

MERGE = "merge"
REBASE = "rebase"
UNDER_WAY = {
    "MERGE_HEAD": MERGE,
    "rebase-merge": REBASE,
    "rebase-apply/applying": "am",
    "rebase-apply": REBASE,
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}
"""What git leaves in its folder while it waits for somebody (gitrepository-layout(5))."""


class Local(NamedTuple):
    """A local branch: its tip, and the working tree that it is checked out in, "" for none."""

    tip: str
    worktree: str


class Done(NamedTuple):
    """What a git command did: its exit code, and what it printed."""

    code: int
    out: str
    err: str


class Replayed(NamedTuple):
    """Commits that were made again on another base: the last of them, or "" and why that did not work."""

    tip: str
    said: str = ""


class Clone:
    """A repository as its user sees it from a folder. `top` is "" in a bare one; `up` leads from the folder to `top`.

    `place` tells the same to a `Survey`.
    """

    def __init__(self, git: str, folder: str = ".", environment: Optional[Mapping[str, str]] = None) -> None:
        """Look where we are; fails with `CannotTell` where there is no repository."""
        self._argv = (git, "-c", "log.showSignature=false", "-C", folder)  # else `git log` prints what gpg says
        self.environment = {**(os.environ if environment is None else environment), "LC_ALL": "C"}
        questions = ("--is-bare-repository", "--is-shallow-repository", "--git-dir", "--git-common-dir")
        asking = ("rev-parse", "--path-format=absolute", *questions)
        try:
            answers = self.ask(*asking, "--show-toplevel", "--show-cdup") or self.run(*asking)
        except GitError as error:
            raise CannotTell(reason(error) + way_in(error.stderr)) from None
        bare, shallow, self.git_dir, self.common_dir, self.top, up = (*answers.split("\n"), "", "")[:6]
        self.bare, self.up = bare == "true", up.rstrip("/")
        self.place = Place(self.common_dir, self.bare, shallow == "true", self.git_dir)

    def start(self, *arguments: str, index: str = "", environment: Mapping[str, str] = NOTHING) -> Process:
        """A running git; `index` is the file that it takes for the index, "" for the usual one."""
        other = {"GIT_INDEX_FILE": index} if index else {}
        return Process((*self._argv, *arguments), {**self.environment, **environment, **other})

    def attempt(self, *arguments: str, folder: str = "") -> Done:
        """Run porcelain of git to its end, in this working tree or in that of `folder`, whatever comes of it."""
        command = [self._argv[0], *arguments]
        place = folder or self.top or self.git_dir
        done = subprocess.run(command, cwd=place, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True)
        out, err = (text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr))
        return Done(done.returncode, out, err)

    def replay(self, onto: str, base: str, tip: str, tree: str = "") -> Replayed:
        """Make the commits between `base` and `tip` again on another commit, in a working tree of their own.

        Where merges are among them that hold something of their own, or without which the others conflict, what they come
        to is made one commit: a rebase leaves merges out. `tree` is what they make of `base`, that of `tip` unless given.
        """
        done = self._replay(onto, base, tip)
        if not self.run("rev-list", "--merges", "--max-count=1", f"{base}..{tip}"):
            return done
        author = self.run("log", "-1", "--no-merges", "--format=%an%n%ae%n%aI", f"{base}..{tip}").split("\n")
        names = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE")
        subjects = self.run("log", "--reverse", "--no-merges", "--format=%s", f"{base}..{tip}").partition("\n")
        environment = dict(zip(names, author)) if author != [""] else NOTHING
        whole = self.start("commit-tree", tree or tip + "^{tree}", "-p", base, environment=environment)
        words = f"{subjects[0]}\n\n{subjects[2]}".strip() or self.run("log", "-1", "--format=%s", tip)
        whole.write(words.encode("utf-8", "surrogateescape"))
        made = self._replay(onto, base, decoded(whole.finish()))
        is_same = done.tip and made.tip and not self.run("diff-tree", "-r", "--name-only", done.tip, made.tip)
        return done if is_same else made

    def _replay(self, onto: str, base: str, tip: str) -> Replayed:
        with self.scratch() as folder:
            # nobody's hooks, and no branch of theirs comes along
            settings = (f"core.hooksPath={os.devnull}", "rebase.updateRefs=false", "rebase.rebaseMerges=false")
            alone = [part for setting in settings for part in ("-c", setting)]
            made = self.attempt(*alone, "worktree", "add", "--quiet", "--detach", f"{folder}/tree", tip)
            try:
                if made.code:
                    return Replayed("", _first_line(made.err))
                done = self._rebase(f"{folder}/tree", *alone, "rebase", "-q", "--no-verify", "--onto", onto, base)
                if done.code:
                    conflict = next((line for line in done.out.splitlines() if line.startswith("CONFLICT")), "")
                    return Replayed("", conflict or _first_line(done.err))
                return Replayed(self.attempt("rev-parse", "HEAD", folder=f"{folder}/tree").out.strip())
            finally:
                if self.attempt("worktree", "remove", "--force", f"{folder}/tree").code:
                    self._forget_worktrees(folder)

    def _rebase(self, folder: str, *arguments: str) -> Done:
        """Run git in a working tree of its own, by GitPython, whatever comes of it."""
        os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # it need not look for the git that we have found
        from git.cmd import Git

        command = [self._argv[0], *arguments]
        code, out, err = Git(folder).execute(
            command, with_extended_output=True, with_exceptions=False, env=self.environment
        )
        return Done(int(code), str(out), str(err))

    @contextlib.contextmanager
    def scratch(self) -> Iterator[str]:
        """A folder that is removed in the end; whoever uses one lets nobody else `sweep` meanwhile."""
        work = os.path.join(self.common_dir, *WORK)
        os.makedirs(work, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=work) as folder:
            yield folder

    def sweep(self) -> None:
        """Remove what was left in scratch by commands that were killed."""
        work = os.path.join(self.common_dir, *WORK)
        if os.path.isdir(work):
            shutil.rmtree(work, ignore_errors=True)
            self._forget_worktrees(work)

    def _forget_worktrees(self, folder: str) -> None:
        """Remove what git keeps of working trees below a folder: `git worktree prune` would take all that are away now."""
        kept = os.path.join(self.common_dir, "worktrees")
        for name in os.listdir(kept) if os.path.isdir(kept) else ():
            try:
                with open(os.path.join(kept, name, "gitdir"), encoding="utf-8", errors="surrogateescape") as file:
                    place = os.path.realpath(os.path.join(kept, name, file.read().rstrip("\n")))
            except OSError:
                continue
            if place.startswith(os.path.realpath(folder) + os.sep):
                shutil.rmtree(os.path.join(kept, name), ignore_errors=True)

    def run(self, *arguments: str, data: bytes = b"", index: str = "") -> str:
        """What git printed, without the last line feed; `data` is its input. A `GitError` when it failed."""
        process = self.start(*arguments, index=index)
        process.write(data)
        return decoded(process.finish())

    def answer(self, *arguments: str) -> tuple[int, str]:
        """The exit code of a git for which that is an answer, and what it printed."""
        return answer((*self._argv, *arguments), self.environment)

    def contains(self, commit: str, other: str) -> bool:
        """Whether the history of a commit has another one."""
        return self.answer("merge-base", "--is-ancestor", other, commit)[0] == 0

    def ask(self, *arguments: str) -> str:
        """What git printed, "" where it failed: for questions to which that is an answer."""
        try:
            return self.run(*arguments)
        except GitError:
            return ""

    def branch(self) -> str:
        """The branch that is checked out, which need not have a commit yet; "" for a detached HEAD."""
        try:
            return self.run("symbolic-ref", "-q", "HEAD").removeprefix(HEADS)
        except GitError as error:
            if error.status == DETACHED:
                return ""
            raise

    def commit(self, name: str) -> str:
        """The id of the commit that a name leads to, "" for none."""
        return self.ask("rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}")

    def locals(self) -> dict[str, Local]:
        """The local branches."""
        lines = self.run("for-each-ref", "--format=%(objectname) %(refname)%00%(worktreepath)", HEADS).split("\n")
        found = {}
        for line in lines if lines != [""] else []:
            tip, _, rest = line.partition(" ")
            ref, _, worktree = rest.partition("\0")
            found[ref.removeprefix(HEADS)] = Local(tip, worktree)
        return found

    def url(self, remote: str) -> str:
        """The address of a remote, "" where there is none of that name."""
        return self.ask("remote", "get-url", "--", remote)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "git failed")


def nothing_yet(survey: Survey) -> str:
    """What to say where no branch is known, here or of the remote."""
    if survey.place.bare:
        return f"there is no branch '{HALFHOOKS.production}' in it yet; a project begins in a clone, with: ho init"
    if not survey.remote:
        return "there is no branch here yet; a project begins with: ho init"
    what = f"no branch of '{survey.remote}' is known here; a project begins with: ho init"
    return f"{what}; one that exists comes with: {survey.fetch}"


def behind(clone: Clone, branch: str) -> Iterator[str]:
    """A remark where a branch here only lacks what that of the remote has, as of the last fetch."""
    theirs = f"{ORIGIN}/{branch}"
    counts = clone.ask("rev-list", "--left-right", "--count", f"{HEADS}{branch}...{tracking(ORIGIN)}{branch}", "--")
    own, lacking = counts.split() or ("0", "0")
    if own == "0" != lacking:
        switch = "" if clone.branch() == branch else f"git switch {branch} && "
        commits = "commit" if lacking == "1" else "commits"
        yield f"'{branch}' is {lacking} {commits} behind '{theirs}': {switch}git merge --ff-only {theirs}"


def under_way(git_dir: str) -> str:
    """The command of git that waits for somebody in a working tree, by its own git directory; "" for none."""
    return next((command for name, command in UNDER_WAY.items() if os.path.exists(os.path.join(git_dir, name))), "")


def find_git() -> str:
    """The absolute path of git; fails with `CannotTell`."""
    git = shutil.which("git")
    if git is None:
        raise CannotTell("git is not in the PATH")
    return os.path.abspath(git)


def make_repository(git: str, folder: str, branch: str) -> None:
    """Makes an empty repository whose first commit will be on `branch`; a `GitError` when git failed."""
    Process((git, "init", "-q", "-b", branch, "--", folder), {**os.environ, "LC_ALL": "C"}).finish()


def answer(argv: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """The exit code of a git that may fail, and what it printed."""
    done = subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    return done.returncode, decoded(done.stdout)


def decoded(output: bytes) -> str:
    """What git printed, without the last line feed."""
    return output.decode("utf-8", "surrogateescape").removesuffix("\n")


def reason(error: GitError) -> str:
    """Why git failed, in one line, with the command that git itself proposes."""
    said = [line.strip() for line in error.stderr.splitlines() if line.strip()] or [str(error)]
    helps = [line for line in said[1:] if line.startswith("git config")]
    return ": ".join([said[0].removeprefix("fatal: "), *helps])


def unread(error: GitError) -> str:
    """Why git cannot read a policy, which the caller names: `bad config line 3`."""
    return reason(error).removeprefix("error: ").partition(" in ")[0]

"""`ho demo`: the workflow, played by plain git against a real guarded repository in a temporary folder; then broken.

Nothing here is canned. A push counts as accepted when git says so and the server's refs are what was pushed; as refused
when git says so, the server's refs are as before, and the rule that was expected spoke. Anything else is a surprise.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from halfhooks.ho.cli import command_parser, module_command
from halfhooks.ho.console import Console

EXAMPLES = """
ho demo
ho demo --keep
"""

PRODUCTION = "ho-prod"
USERS = "create table users (id int primary key, name text not null);\n"
POSTS = "create table posts (id int primary key, author int references users);\n"


def parser() -> argparse.ArgumentParser:
    """The parser of `ho demo`."""
    parser = command_parser("demo", "Plays the workflow against a guarded repository, and breaks it.", EXAMPLES)
    parser.add_argument("--keep", action="store_true", help="keep the folder, to look around in it")
    return parser


def main(argv: Sequence[str]) -> int:
    """Plays it; 0 when everything went as the workflow says, 1 when anything surprised."""
    arguments = parser().parse_args(argv)
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="halfhooks-demo-"))
    try:
        show = Show(console, Ground(folder))
        play(show)
        violate(show)
        summary(show)
        if arguments.keep:
            console.line(f"  look around:         {folder}/server.git (guarded), {folder}/clone")
    finally:
        if not arguments.keep:
            shutil.rmtree(folder)
    return 1 if show.surprises else 0


class Outcome(NamedTuple):
    """What a push did: git's exit code, what git printed, and the server's refs before and after."""

    code: int
    said: list[str]
    before: dict[str, str]
    after: dict[str, str]


class Ground:
    """A folder with `server.git` and a `clone` of it, cut off from the user's git configuration."""

    def __init__(self, folder: Path) -> None:
        """Makes both repositories, empty and not yet guarded."""
        self.server = folder / "server.git"
        self.clone = folder / "clone"
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self._environment.update(
            GIT_CONFIG_GLOBAL=os.devnull,
            GIT_CONFIG_NOSYSTEM="1",
            GIT_AUTHOR_NAME="Ada",
            GIT_AUTHOR_EMAIL="ada@example.org",
            GIT_COMMITTER_NAME="Ada",
            GIT_COMMITTER_EMAIL="ada@example.org",
            GIT_EDITOR=":",
            LC_ALL="C",
        )
        self._run("git", "init", "-q", "--bare", "-b", PRODUCTION, str(self.server))
        self._run("git", "init", "-q", "-b", PRODUCTION, str(self.clone))
        self.git("remote", "add", "origin", str(self.server))

    def git(self, *arguments: str) -> str:
        """Runs git in the clone; returns what it printed."""
        return self._run("git", "-C", str(self.clone), *arguments)

    def install(self) -> str:
        """Guards the server; returns what the installer printed."""
        return self._run(*module_command("halfhooks.ho"), "install", "server", str(self.server))

    def write(self, path: str, text: str, *, append: bool = False) -> None:
        """Writes a file of the clone."""
        target = self.clone / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a" if append else "w", encoding="utf-8") as file:
            file.write(text)

    def commit(self, message: str) -> None:
        """Commits all that changed in the clone."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def refs(self) -> dict[str, str]:
        """The server's refs, each with the object that it names."""
        listed = self._run("git", "-C", str(self.server), "for-each-ref", "--format=%(refname) %(objectname)")
        return dict(line.rsplit(" ", 1) for line in listed.splitlines())

    def push(self, *arguments: str) -> Outcome:
        """Pushes from the clone; a refusal is an outcome, not an error."""
        before = self.refs()
        command = ["git", "-C", str(self.clone), *push_command(arguments)]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, errors="replace")
        return Outcome(done.returncode, [line.rstrip() for line in done.stderr.splitlines()], before, self.refs())

    def _run(self, *command: str) -> str:
        try:
            done = subprocess.run(command, env=self._environment, capture_output=True, text=True)
        except OSError as error:
            raise SystemExit(f"halfhooks: {' '.join(command)} did not start: {error.strerror}") from error
        if done.returncode:
            raise SystemExit(f"halfhooks: {' '.join(command)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout


def push_command(arguments: Sequence[str]) -> list[str]:
    """The arguments of `git push origin`, options first, as one would type them."""
    options = [argument for argument in arguments if argument.startswith("-")]
    return ["push", *options, "origin", *(argument for argument in arguments if argument not in options)]


class Show:
    """Pushes, compares what happened with what should, prints it, and counts."""

    def __init__(self, console: Console, ground: Ground) -> None:
        """Nothing has been pushed yet."""
        self.console = console
        self.ground = ground
        self.accepted = self.refused = self.surprises = self._violations = 0

    def accept(self, what: str, *arguments: str) -> None:
        """A push that the workflow allows."""
        outcome = self.ground.push(*arguments)
        fault = None if outcome.code == 0 and outcome.after != outcome.before else "this push should have been accepted"
        self.accepted += fault is None
        self.console.line(
            f"  {'accepted' if fault is None else 'REFUSED'}  {what}", "green" if fault is None else "red"
        )
        self.console.line(f"            $ git {' '.join(push_command(arguments))}", "dim")
        self._report(fault, outcome)

    def refuse(self, what: str, code: str, *arguments: str) -> None:
        """A push that the rule `code` refuses."""
        outcome = self.ground.push(*arguments)
        fault = self._fault(outcome, code)
        self.refused += fault is None
        self._violations += 1
        self.console.title(f"{self._violations}. {what}")
        self.console.line(f"  $ git {' '.join(push_command(arguments))}", "cyan")
        if fault is None:
            self.console.block("\n".join(line for line in outcome.said if line.startswith("remote:")), "red")
            self.console.line(f"  git exited with {outcome.code}; the server's refs are as before", "dim")
        self._report(fault, outcome)

    @staticmethod
    def _fault(outcome: Outcome, code: str) -> Optional[str]:
        if outcome.code == 0:
            return f"this push should have been refused by {code}"
        if outcome.before != outcome.after:
            return "git refused, and yet the server's refs moved"
        if not any(f"[{code}]" in line for line in outcome.said):
            return f"refused, but not by {code}"
        return None

    def _report(self, fault: Optional[str], outcome: Outcome) -> None:
        if fault is not None:
            self.surprises += 1
            self.console.line(f"  SURPRISE: {fault}; git exited with {outcome.code} and said:", "bold red")
            self.console.block("\n".join(outcome.said), indent=4)


def play(show: Show) -> None:
    """The workflow: from an empty repository to version 0.1.0 in production, and 0.2.0 begun."""
    ground, console = show.ground, show.console
    console.title("An empty bare repository, guarded")
    console.line("  $ ho install server server.git", "cyan")
    console.block(ground.install().replace(f"{ground.server.parent}/", ""), indent=4)

    console.title("The workflow, in plain git")
    ground.write("releases/0.0.0.txt", "")
    model(ground, "0.0.0")
    ground.commit("Begin the project")
    show.accept("the project begins at 0.0.0", PRODUCTION)
    start_release(show, "0.1.0")
    new_patch(show, "0.1.0", "1-users")
    implement(show, "1-users", USERS)
    integrate(show, "0.1.0", "1-users")
    cut_rc(show, "0.1.0")
    promote(show, "0.1.0")
    start_release(show, "0.2.0")
    new_patch(show, "0.2.0", "2-posts")
    implement(show, "2-posts", POSTS)


def start_release(show: Show, version: str) -> None:
    """Creates the branch of a release with its two empty lists."""
    ground = show.ground
    ground.git("switch", "-q", "-c", f"ho-release/{version}", PRODUCTION)
    ground.write(f"releases/{version}-candidates.txt", "")
    ground.write(f"releases/{version}-stage.txt", "")
    ground.commit(f"Start release {version}")
    show.accept(f"release {version} is started", f"ho-release/{version}")


def new_patch(show: Show, version: str, patch: str) -> None:
    """Lists a candidate and opens its branch."""
    ground = show.ground
    ground.write(f"releases/{version}-candidates.txt", f"{patch}\n", append=True)
    ground.write(f"Patches/{patch}/README.md", f"# {patch}\n")
    ground.commit(f"Add {patch} to the candidates of {version}")
    ground.git("switch", "-q", "-c", f"ho-patch/{patch}")
    show.accept(f"patch {patch} becomes a candidate", "--atomic", f"ho-release/{version}", f"ho-patch/{patch}")


def implement(show: Show, patch: str, sql: str) -> None:
    """Work on the patch's own branch."""
    show.ground.write(f"Patches/{patch}/01_change.sql", sql)
    show.ground.commit(f"Implement {patch}")
    show.accept(f"work on {patch} is pushed", f"ho-patch/{patch}")


def integrate(show: Show, version: str, patch: str) -> None:
    """Merges the patch, moves it from candidate to stage, drops its branch."""
    ground = show.ground
    ground.git("switch", "-q", f"ho-release/{version}")
    ground.git("merge", "-q", "--no-ff", "-m", f"Integrate {patch}", f"ho-patch/{patch}")
    ground.write(f"releases/{version}-candidates.txt", "")
    ground.write(f"releases/{version}-stage.txt", f"{patch}\n", append=True)
    ground.commit(f"Stage {patch}")
    show.accept(f"{patch} is integrated, its branch goes", "--atomic", f"ho-release/{version}", f":ho-patch/{patch}")


def cut_rc(show: Show, version: str) -> None:
    """What is staged becomes the first release candidate."""
    ground = show.ground
    ground.git("mv", f"releases/{version}-stage.txt", f"releases/{version}-rc1.txt")
    ground.write(f"releases/{version}-stage.txt", "")
    ground.commit(f"Cut {version}-rc1")
    ground.git("tag", "-a", "-m", f"Release candidate {version}-rc1", f"v{version}-rc1")
    show.accept(f"release candidate {version}-rc1 is cut", "--atomic", f"ho-release/{version}", f"v{version}-rc1")


def promote(show: Show, version: str) -> None:
    """The release becomes production: one push of the merge, the tag, and the end of the release branch."""
    ground = show.ground
    ground.git("switch", "-q", PRODUCTION)
    ground.git("merge", "-q", "--no-ff", "--no-commit", f"ho-release/{version}")
    ground.git("mv", f"releases/{version}-stage.txt", f"releases/{version}.txt")
    ground.write(f"releases/{version}.txt", (ground.clone / f"releases/{version}-rc1.txt").read_text("utf-8"))
    ground.git("rm", "-q", "-f", f"releases/{version}-candidates.txt")
    model(ground, version)
    ground.commit(f"Promote {version} to production")
    ground.git("tag", "-a", "-m", f"Release {version}", f"v{version}")
    show.accept(f"{version} goes to production", "--atomic", PRODUCTION, f"v{version}", f":ho-release/{version}")


def model(ground: Ground, version: str) -> None:
    """What a promotion adds below model/."""
    ground.write(f"model/schema-{version}.sql", f"-- schema of {version}\n")
    ground.write(f"model/metadata-{version}.sql", f"-- metadata of {version}\n")
    link = ground.clone / "model/schema.sql"
    link.unlink(missing_ok=True)
    link.symlink_to(f"schema-{version}.sql")


def violate(show: Show) -> None:
    """Pushes that break the workflow; each starts from what the server has."""
    ground = show.ground
    show.console.title("Pushes that break it, and what the one who pushes sees")

    restart(ground, PRODUCTION)
    ground.write("app.py", "print('quick fix')\n")
    ground.commit("A quick fix, straight to production")
    show.refuse("A commit straight to production", "HH107", PRODUCTION)

    restart(ground, PRODUCTION)
    ground.git("reset", "-q", "--hard", f"{PRODUCTION}~1")
    show.refuse("History of production rewritten", "HH104", f"+{PRODUCTION}")

    show.refuse("The production branch deleted", "HH103", f":{PRODUCTION}")

    restart(ground, "ho-release/0.2.0")
    ground.write("releases/0.1.0.txt", "1-users\n7-smuggled\n")
    ground.commit("Add a patch to a version that is in production")
    ground.git("revert", "--no-edit", "HEAD")
    show.refuse("A released list edited, and put back by the next commit", "HH301", "ho-release/0.2.0")

    ground.git("branch", "-q", "-f", "ho-release/0.4.0", f"origin/{PRODUCTION}")
    show.refuse("A version skipped", "HH201", "ho-release/0.4.0")

    ground.git("branch", "-q", "-f", "ho-relase/0.3.0", f"origin/{PRODUCTION}")
    show.refuse("A branch name mistyped", "HH101", "ho-relase/0.3.0")

    ground.git("branch", "-q", "-f", "h\u043e-prod", f"origin/{PRODUCTION}")
    show.refuse("A branch that only looks like production (a Cyrillic letter)", "HH102", "h\u043e-prod")

    restart(ground, "ho-patch/9-secret", "origin/ho-release/0.2.0")
    ground.write("Patches/9-secret/01.sql", "drop table users;\n")
    ground.commit("A patch that nobody announced")
    show.refuse("A patch that is no candidate", "HH110", "ho-patch/9-secret")

    show.refuse("A patch branch deleted with its work", "HH106", ":ho-patch/2-posts")

    ground.git("tag", "-f", "-a", "-m", "Once more", "v0.1.0", f"origin/{PRODUCTION}~1")
    show.refuse("A release tag moved", "HH601", "-f", "v0.1.0")

    restart(ground, "ho-release/0.2.0")
    ground.write("releases/0.2.0-candidates.txt", "")
    ground.write("releases/0.2.0-stage.txt", "2-posts\n")
    ground.commit("Stage 2-posts")
    show.refuse("A patch staged, but its branch was never merged", "HH308", "ho-release/0.2.0")


def restart(ground: Ground, branch: str, start: str = "") -> None:
    """Puts a local branch where the server has it (or at `start`), and switches to it."""
    ground.git("fetch", "-q", "origin")
    ground.git("switch", "-q", "--discard-changes", "-C", branch, start or f"origin/{branch}")


def summary(show: Show) -> None:
    """What happened, what the server holds now, and where to look next."""
    console = show.console
    console.title("What the server holds now")
    listed = ["for-each-ref", "--format=%(refname:lstrip=1)%09%(objectname:short)%09%(contents:subject)"]
    rows = [line.split("\t") for line in show.ground.git("-C", str(show.ground.server), *listed).splitlines()]
    console.table(("ref", "object", "subject"), rows)
    surprises = f"{show.surprises} surprise" + ("s" if show.surprises != 1 else "")
    console.title(f"{show.accepted} pushes accepted, {show.refused} refused, {surprises}")
    console.line("  what a code means:   ho explain HH301     all rules: docs/rules.md, or: ho explain")
    console.line("  guard a repository:  ho install server REPO.git")

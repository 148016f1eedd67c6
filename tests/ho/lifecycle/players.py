"""A user who gives commands of the lifecycle at random, beside plain git, and what must hold of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random

from halfhooks.ho.lifecycle.transaction import Journal, Transaction
from tests.builders import Server
from tests.ho.lifecycle.clones import User

HELP = re.compile(r"\b(ho|git) [a-z]|--[a-z]|run it again|wait for it|name one|switch to|already$", re.MULTILINE)
"""A command, or what else somebody can do who reads a refusal, or that there is nothing to do."""

LOG = """\
#!/bin/sh
# what has moved, one ref a line
cat >> moved
"""


def keep_log(server: Server) -> None:
    """Let a server write down what moves."""
    hook = server.path / "hooks" / "post-receive"
    hook.write_text(LOG)
    hook.chmod(0o755)
    (server.path / "moved").write_text("")


class Known:
    """What a user knows of the server: releases with their candidates and stages. It may be out of date at once."""

    def __init__(self, server: Server) -> None:
        self.candidates: dict[str, list[str]] = {}
        self.stages: dict[str, list[str]] = {}
        refs = server.refs()
        self.branches = [ref.removeprefix("refs/heads/") for ref in refs if ref.startswith("refs/heads/")]
        for ref, oid in refs.items():
            if ref.startswith("refs/heads/ho-release/"):
                version = ref.rpartition("/")[2]
                for lists, name in ((self.candidates, "candidates"), (self.stages, "stage")):
                    path = f"releases/{version}-{name}.txt"
                    text = server.git("show", f"{oid}:{path}") if server.git("ls-tree", oid, path) else ""
                    lists[version] = [line for line in text.splitlines() if line and not line.startswith("#")]

    @property
    def open(self) -> list[str]:
        return sorted(self.candidates)

    @property
    def patches(self) -> list[str]:
        return [patch for ids in self.candidates.values() for patch in ids]


class Player:
    """A user who does one thing after the other until all have done enough. `pushed` are files that must not be lost."""

    def __init__(self, user: User, seed: int, counter: Iterator[int]) -> None:
        self.user = user
        self.random = Random(seed)
        self.numbers = counter
        self.journal = Journal(str(user.clone / ".git"))
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.told: list[str] = []
        self.pushed: list[str] = []

    def choose(self) -> list[str]:
        known, random = Known(self.user.server), self.random
        version = random.choice(known.open) if known.open else "0.1.0"
        patch = random.choice(known.patches) if known.patches else "1-none"
        staged = random.choice([each for ids in known.stages.values() for each in ids] or ["1-none"])
        idea = next(self.numbers)
        choices = {
            f"release new {random.choice(('patch', 'minor', 'major'))}": 1 if len(known.open) > 2 else 6,
            f"patch new {next(self.numbers)}-x --release {version}": 2 if len(known.patches) > 4 else 12,
            f"work {patch}": 12,
            f"patch close {patch} --no-tests": 10,
            f"patch move {patch} --to {version}": 2,
            f"patch order {patch} --release {version}": 2,
            f"patch drop {patch}": 1,
            f"patch adopt idea-{idea} --as {idea}-y --release {version}": 2,
            "release promote rc --no-tests": 2,
            "release promote prod --no-tests": 4,
            "release hotfix --no-switch": 1,
            "release promote hotfix --no-tests": 2,
            f"release sync {version}": 2,
            f"release abandon {version}": 0.5,
            f"release restart {version} --without {staged}": 1,
            "undo": 2,
        }
        return random.choices(list(choices), list(choices.values()))[0].split()

    def play(self) -> None:
        """One thing."""
        words = self.choose()
        kind = " ".join(words[:2]) if words[0] in ("patch", "release") else words[0]
        if kind == "work":
            self.done[f"work {'pushed' if self.work(words[1]) else 'not pushed'}"] += 1
            return
        if kind == "patch adopt":
            self.try_out(words[2], f"Patches/{words[4]}/01.sql")
        before = self.journal.last()
        ran = self.user.run(*words)
        self.done[f"{kind}: {ran.code}"] += 1
        said = f"{self.user.clone.name}: ho {' '.join(words)}: {ran.code}\n{ran.out}"
        self.told.append(said)
        last = self.journal.last()
        if ran.code == 0 and last and last != before:
            self.must_have_landed(last, said)
            if kind == "patch adopt":
                self.pushed.append(f"Patches/{words[4]}/01.sql")
            if kind == "undo" and before and before.command.startswith("ho patch adopt"):
                self.pushed.remove(f"Patches/{before.command.split()[5]}/01.sql")  # the branch that it was on has it
        elif ran.code == 0:
            self.wrong.append(f"success without anything done: {said}")
        elif ran.code not in (1, 2) or "Traceback" in ran.out:
            self.wrong.append(said)
        elif not HELP.search(ran.out):
            self.wrong.append(f"no word on what to do: {said}")
        if self.journal.pending():
            self.wrong.append(f"something is pending: {said}")

    def must_have_landed(self, transaction: Transaction, said: str) -> None:
        moved = (self.user.server.path / "moved").read_text().splitlines()
        for update in (update for push in transaction.pushes for update in push):
            if not any(line.endswith(f"{update.new or '0' * 40} {update.ref}") for line in moved):
                self.wrong.append(f"{update.ref} has not landed: {said}")

    def work(self, patch: str) -> bool:
        """A commit of plain git on a patch branch, pushed if nobody was quicker."""
        user, branch = self.user, f"ho-patch/{patch}"
        git = ("git", "-C", str(user.clone))
        user._start(*git, "fetch", "-q", "--prune")
        if user._start(*git, "switch", "-q", "-C", branch, f"origin/{branch}").returncode:
            return False
        number = next(self.numbers)
        user.commit(f"Patches/{patch}/{number}.sql", f"create table t{number} (id int);\n")
        if user._start(*git, "push", "-q", "origin", branch).returncode:
            user.git("reset", "-q", "--hard", "HEAD^")
            return False
        self.pushed.append(f"Patches/{patch}/{number}.sql")
        return True

    def try_out(self, branch: str, path: str) -> None:
        """A branch of plain git on which somebody tries something, in the folder of the patch that it is to become."""
        self.user.git("switch", "-q", "--no-track", "-c", branch, "origin/ho-prod")
        self.user.commit(path, f"create table {branch.replace('-', '_')} (id int);\n")


def nothing_is_lost(server: Server, players: Iterable[Player]) -> None:
    """Each file of a patch that was pushed is in a branch or behind a tag."""
    refs = server.git("for-each-ref", "--format=%(refname)", "refs/heads/", "refs/tags/").split()
    here = {path for ref in refs for path in server.git("ls-tree", "-r", "--name-only", ref, "Patches/").splitlines()}
    missing = [path for player in players for path in player.pushed if path not in here]
    assert missing == [], f"{missing}\n" + "".join(said for player in players for said in player.told)

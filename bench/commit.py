"""What the hooks of a clone add to `git commit`, beside hooks that are empty and none; and how long `ho` takes to start.

Two clones: of a small project, and of one with 50 000 files and 1 000 releases. In each the same commits are made on a
patch branch with three folders of hooks in turn: ours as installed, ones of Python that do nothing, and none. A hook
that looks at what is committed has to ask git for it: the time of one `git diff-index --cached HEAD` is given beside,
and taken off ours before the two are compared. Then pre-commit alone, by the instructions that it takes,
and through the framework of that name, with our part of its time.

    python -m bench commit [--rounds 40] [--quick]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from bench import harness, large, project

INSTALL = (sys.executable, str(project.ROOT / "install" / "client.py"))
SIZES = {
    "small": project.SMALL,
    "50 000 files, 1 000 releases": project.Size(1000, 2_000, 50_000, 5_000, 1_000, 20),
}
LESS = {"small": project.SMALL, "5 000 files, 100 releases": project.Size(100, 200, 5_000, 500, 100, 20)}
ON_A_COMMIT = ("pre-commit", "commit-msg")
KINDS = ("code", "patch")
LOOK = ("git", "diff-index", "--cached", "--quiet", "HEAD", "--")


class Clone:
    """A clone of a project, on a patch branch, with three folders of hooks beside it."""

    def __init__(self, folder: Path, size: project.Size) -> None:
        """Makes it."""
        server = folder / "server.git"
        project.copy(large.kept(size), server)
        self.path = folder / "clone"
        patch = f"{size.patches + 2}-change"
        clone = ["git", "clone", "-q", "-b", f"ho-patch/{patch}", str(server), str(self.path)]
        subprocess.run(clone, env=project.CLEAN, check=True)
        for key, value in (("user.name", "dev"), ("user.email", "dev@example.org"), ("gc.auto", "0")):
            project.git(self.path, "config", key, value)
        self.files = {"code": "src/area0/part0/file0.py", "patch": f"Patches/{patch}/01_change.sql"}
        subprocess.run([*INSTALL, str(self.path)], env=project.CLEAN, check=True, stdout=subprocess.DEVNULL)
        self.hooks = {name: folder / name for name in harness.HOOKS}
        self.hooks["halfhooks"] = self.path / ".git" / "hooks"
        for name in harness.HOOKS[:2]:
            self.hooks[name].mkdir()
        for hook in ON_A_COMMIT:
            empty = self.hooks["empty"] / hook
            harness.empty_hook(self.hooks["halfhooks"] / hook).replace(empty)
        self._turn = 0

    def stage(self, kind: str) -> None:
        """Changes a file, and adds it to the index."""
        self._turn += 1
        comment = {"code": "#", "patch": "--"}[kind]
        (self.path / self.files[kind]).write_text(f"{comment} {self._turn}\n")
        project.git(self.path, "add", self.files[kind])

    def commit(self, kind: str, hooks: str) -> float:
        """Commits a change; how long that took."""
        self.stage(kind)
        command = ["git", "-c", f"core.hooksPath={self.hooks[hooks]}", "commit", "-q", "-m", "Change"]
        return harness.milliseconds(command, self.path)

    def look(self) -> float:
        """Compares the index and HEAD, as a hook must; how long that took."""
        return harness.milliseconds(LOOK, self.path)

    def instructions(self, kind: str, hooks: str, hook: str) -> Optional[tuple[float, float]]:
        """Millions of instructions of a hook on a staged change, and of its git processes."""
        self.stage(kind)
        message = self.path / ".git" / "COMMIT_EDITMSG"
        message.write_text("Change\n")
        command = [str(self.hooks[hooks] / hook), *([str(message)] if hook == "commit-msg" else [])]

        def run(*valgrind: str) -> None:
            environment = {**project.CLEAN, "GIT_INDEX_FILE": ".git/index", "GIT_EDITOR": ":"}
            subprocess.run([*valgrind, *command], cwd=self.path, env=environment, check=True)

        return harness.counted(self.path / ".git", run)


def measure_commits(clones: dict[str, Clone], rounds: int) -> None:
    """Times whole commits."""
    runs = {
        (name, kind, hooks): (lambda clone=clone, kind=kind, hooks=hooks: clone.commit(kind, hooks))
        for name, clone in clones.items()
        for kind in KINDS
        for hooks in harness.HOOKS
    }
    runs |= {(name, "look", ""): clone.look for name, clone in clones.items()}
    took = harness.interleave(rounds, runs, warm=2)
    rows = []
    for name in clones:
        look = took[name, "look", ""]
        for kind in KINDS:
            none, empty, ours = (took[name, kind, hooks] for hooks in harness.HOOKS)
            ratio = (ours - none - look) / (empty - none)
            rows.append((name, kind, none, look, empty - none, ours - none, f"{ratio:.2f}"))
    print(f"A commit, median of {rounds}, in ms; the ratio is that of what is added, without one diff-index\n")
    head = ("clone", "changes", "no hooks", "diff-index", "empty adds", "halfhooks adds", "ratio")
    harness.table(head, rows)


def count_instructions(clones: dict[str, Clone]) -> None:
    """Counts the instructions of each hook, and of the git processes that it starts."""
    rows = []
    for name, clone in clones.items():
        for kind in KINDS:
            for hook in ON_A_COMMIT:
                empty, ours = (clone.instructions(kind, hooks, hook) for hooks in ("empty", "halfhooks"))
                if empty is None or ours is None:
                    print("No valgrind: no instructions counted\n")
                    return
                ratio = f"{ours[0] / empty[0]:.2f}"
                rows.append((name, f"{kind}, {hook}", empty[0], ours[0], ratio, ours[1]))
    print("Millions of instructions\n")
    harness.table(("clone", "changes, hook", "empty", "halfhooks", "ratio", "its git processes"), rows)


def measure_ho(clone: Clone, rounds: int) -> None:
    """Times the start of the command line."""
    ho = [sys.executable, "-m", "halfhooks.ho"]
    commands = {
        "python3 -c pass": [sys.executable, "-c", "pass"],
        "ho --help": [*ho, "--help"],
        "ho status": [*ho, "status"],
    }
    runs = {
        name: (lambda command=command: harness.milliseconds(command, clone.path)) for name, command in commands.items()
    }
    took = harness.interleave(rounds, runs)
    bare = took["python3 -c pass"]
    print(f"The command line, median of {rounds}, in ms\n")
    harness.table(("command", "ms", "ratio"), [(name, ms, ms / bare) for name, ms in took.items()])


FRAMEWORK = """\
repos:
- repo: local
  hooks:
  - id: halfhooks-pre-commit
    name: halfhooks
    entry: ENTRY hook pre-commit
    language: system
    always_run: true
    pass_filenames: false
"""


def measure_framework(clone: Clone, rounds: int) -> None:
    """Times pre-commit through the framework of that name, and what of it is ours."""
    bin_folder = Path(sys.executable).parent
    config = clone.path.parent / "framework.yaml"
    config.write_text(FRAMEWORK.replace("ENTRY", str(bin_folder / "ho")))
    clone.stage("patch")
    whole = [str(bin_folder / "pre-commit"), "run", "--config", str(config), "--hook-stage", "pre-commit"]
    runs = {
        "through the framework": lambda: harness.milliseconds(whole, clone.path),
        "of this `ho hook pre-commit`": lambda: harness.milliseconds(
            [str(bin_folder / "ho"), "hook", "pre-commit"], clone.path
        ),
        "the native hook": lambda: harness.milliseconds([str(clone.hooks["halfhooks"] / "pre-commit")], clone.path),
    }
    took = harness.interleave(rounds, runs)
    print(f"pre-commit on a staged patch file, median of {rounds}, in ms\n")
    harness.table(("what runs", "ms"), list(took.items()))


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench commit", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size and few rounds")
    options = parser.parse_args(argv)
    rounds, sizes = (5, LESS) if options.quick else (options.rounds, SIZES)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        clones = {}
        for number, (name, size) in enumerate(sizes.items()):
            place = Path(folder) / str(number)
            place.mkdir()
            clones[name] = Clone(place, size)
        measure_commits(clones, rounds)
        count_instructions(clones)
        measure_framework(clones["small"], max(rounds // 4, 3))
        measure_ho(clones["small"], rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())

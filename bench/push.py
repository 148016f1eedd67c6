"""What the hook adds to a push of one commit, beside an empty Python hook and no hook at all.

Two projects: a small one, and one with 10 000 refs and 50 000 files. Each has three servers that differ in their hook
alone; the same commits are pushed to all of them, in turn, over a file path. Then the hook is run alone, without the
push around it, and its instructions are counted, which other work on the machine does not change.

    python -m bench push [--rounds 60] [--quick]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from bench import harness, project

SIZES = {
    "small": project.SMALL,
    "10 000 refs, 50 000 files": project.Size(20, 400, 50_000, 2_000, 10_000, 20),
}


class Servers:
    """The servers of one project, and what is pushed to them."""

    def __init__(self, folder: Path, size: project.Size, rounds: int) -> None:
        """Makes them."""
        template = folder / "template.git"
        project.build(template, size)
        self.pusher = project.pusher(template, folder / "pusher.git")
        self.commits = project.patch_commits(template, self.pusher, size, rounds)
        self.servers = {name: project.copy(template, folder / f"{name}.git") for name in harness.HOOKS}
        for name, server in self.servers.items():
            hook = project.guard(server)  # everywhere: it sets fsckObjects too, which is not what is measured
            if name == "no hook":
                hook.unlink()
            elif name == "empty":
                harness.empty_hook(hook).replace(hook)
        self.alone = project.copy(template, folder / "alone.git")
        self.hook = project.guard(self.alone)
        self.empty = harness.empty_hook(self.hook)
        self.commit = project.patch_commits(template, self.alone, size, 1)
        self._pushed = dict.fromkeys(harness.HOOKS, 0)

    def push(self, name: str) -> float:
        """Pushes the next commit; how long that took."""
        update = self.commits[self._pushed[name]]
        self._pushed[name] += 1
        return harness.milliseconds(["git", "push", "-q", str(self.servers[name]), update.refspec()], self.pusher)

    def run(self, *command: str) -> float:
        """Runs a hook alone; how long that took."""
        return harness.run_hook(self.alone, self.commit, *command).ms


def measure_pushes(projects: dict[str, Servers], rounds: int) -> None:
    """Times whole pushes."""
    runs = {
        (name, hook): (lambda s=s, hook=hook: s.push(hook)) for name, s in projects.items() for hook in harness.HOOKS
    }
    took = harness.interleave(rounds, runs, warm=2)
    rows = []
    for name in projects:
        none, empty, ours = (took[name, hook] for hook in harness.HOOKS)
        rows.append((name, none, empty, ours, empty - none, ours - none, (ours - none) / (empty - none)))
    print(f"A push of one commit, median of {rounds}, in ms\n")
    harness.table(("repository", *harness.HOOKS, "empty adds", "halfhooks adds", "ratio"), rows)


def measure_alone(projects: dict[str, Servers], rounds: int) -> None:
    """Times the hook without a push around it."""
    runs = {}
    for name, s in projects.items():
        runs[name, "empty"] = lambda s=s: s.run(str(s.empty))
        runs[name, "ours"] = lambda s=s: s.run(str(s.hook))
    took = harness.interleave(rounds, runs)
    rows = [
        (name, took[name, "empty"], took[name, "ours"], took[name, "ours"] / took[name, "empty"]) for name in projects
    ]
    print(f"The hook alone, median of {rounds}, in ms\n")
    harness.table(("repository", "empty", "halfhooks", "ratio"), rows)


def count_instructions(projects: dict[str, Servers]) -> None:
    """Counts the instructions of the hook, and of the git processes that it starts."""
    rows = []
    for name, s in projects.items():
        empty = harness.instructions(s.alone, s.commit, str(s.empty))
        ours = harness.instructions(s.alone, s.commit, str(s.hook))
        if empty is None or ours is None:
            print("No valgrind: no instructions counted\n")
            return
        rows.append((name, empty[0], ours[0], ours[0] - empty[0], ours[1]))
    print("Millions of instructions on a fixed push\n")
    harness.table(("repository", "empty", "halfhooks", "of these ours", "its git processes"), rows)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench push", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it runs")
    options = parser.parse_args(argv)
    rounds = 5 if options.quick else options.rounds
    with tempfile.TemporaryDirectory(prefix="halfhooks-bench-") as folder:
        projects = {}
        for number, (name, size) in enumerate(SIZES.items()):
            place = Path(folder) / str(number)
            place.mkdir()
            projects[name] = Servers(place, size, rounds + 2)
        measure_pushes(projects, rounds)
        measure_alone(projects, rounds)
        count_instructions(projects)
    return 0


if __name__ == "__main__":
    sys.exit(main())

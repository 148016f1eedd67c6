"""Many commits in one push to a patch branch, beside one `git log` over the same range.

The commits change ordinary code, 200 files in folders of twenty; one in ten also changes the directory of the patch.
Time and memory are those of the hook alone; the memory is the most that it or one of its git processes had.

    python -m bench history [--commits 10000] [--rounds 7] [--quick]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from bench import harness, project

LOG = ("git", "log", "-m", "--raw", "--full-history", "--sparse")


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench history", description=__doc__.splitlines()[0])
    parser.add_argument("--commits", type=int, default=10_000, help="the most; a tenth and a hundredth come before")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="few commits and rounds, to see that it runs")
    options = parser.parse_args(argv)
    most, rounds = (1000, 2) if options.quick else (options.commits, options.rounds)
    counts = [count for count in (most // 100, most // 10, most) if count]
    with tempfile.TemporaryDirectory(prefix="halfhooks-bench-") as folder:
        server = Path(folder) / "server.git"
        project.build(server, project.SMALL)
        line = project.patch_commits(server, server, project.SMALL, most, patch_every=10)
        hook = str(project.guard(server))
        runs, memory = {}, dict.fromkeys(counts, 0.0)
        for count in counts:
            update = project.Update(line[0].old, line[count - 1].new, line[0].ref)
            log = (*LOG, f"{update.old}..{update.new}", "--", "releases")

            def judge(count: int = count, update: project.Update = update) -> float:
                run = harness.run_hook(server, [update], hook)
                memory[count] = max(memory[count], run.megabytes)
                return run.ms

            runs["log", count] = lambda log=log: harness.milliseconds(log, server)
            runs["hook", count] = judge
        took = harness.interleave(rounds, runs)
    rows = [
        (
            f"{count:,}".replace(",", " "),
            took["log", count],
            took["hook", count],
            took["hook", count] / took["log", count],
        )
        for count in counts
    ]
    print(f"Median of {rounds}, in ms; peak memory in MB\n")
    harness.table(
        ("new commits", "git log", "halfhooks", "ratio", "memory"),
        [(*row, memory[count]) for row, count in zip(rows, counts)],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

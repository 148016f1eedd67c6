"""The hook in a project of great age beside a small one: does it cost more where there is more?

100 000 commits, 1 000 releases with their files and tags, 20 000 patch directories, 50 000 refs. The hook is run alone
on a push of a commit to a patch branch, of an integration (a merge, and the commit that stages it) and of a promotion.
Building the project takes half a minute; it is kept in the folder for temporary files.

    python -m bench large [--rounds 15] [--quick]
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from bench import harness, project

LARGE = project.Size(releases=1000, patches=20_000, files=20_000, commits=100_000, refs=50_000, open_patches=50)
LESS = project.Size(releases=100, patches=2_000, files=2_000, commits=10_000, refs=5_000, open_patches=50)


def kept(size: project.Size) -> Path:
    """A project of a size that an earlier run may have built already, by this same code."""
    made_by = hashlib.sha256(Path(project.__file__).read_bytes() + repr(size).encode()).hexdigest()[:12]
    place = Path(tempfile.gettempdir()) / f"halfhooks-bench-{made_by}.git"
    if not place.exists():
        print(f"building {place} ...\n", file=sys.stderr)
        new = place.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        project.build(new, size)
        new.rename(place)
    return place


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench large", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size and few rounds")
    options = parser.parse_args(argv)
    rounds, size = (3, LESS) if options.quick else (options.rounds, LARGE)
    names = ("small", "large")
    with tempfile.TemporaryDirectory(prefix="halfhooks-bench-") as folder:
        runs, counted, memory = {}, {}, {}
        for name, its_size in zip(names, (project.SMALL, size)):
            if name == "small":
                template = Path(folder) / "template.git"
                project.build(template, its_size)
            else:
                template = kept(its_size)
            server = project.copy(template, Path(folder) / f"{name}.git")
            hook = str(project.guard(server))
            empty = str(harness.empty_hook(Path(hook)))
            for kind, updates in project.pushes(template, server, its_size)._asdict().items():

                def judge(key=(kind, name), server=server, updates=updates, hook=hook) -> float:
                    run = harness.run_hook(server, updates, hook)
                    memory[key] = max(memory.get(key, 0), run.megabytes)
                    return run.ms

                runs[kind, name] = judge
                counted[kind, name] = harness.instructions(server, updates, hook)
        runs["empty", "small"] = lambda: harness.run_hook(server, updates, empty).ms
        took = harness.interleave(rounds, runs)
    rows = []
    for kind in project.Pushes._fields:
        small, large = (took[kind, name] for name in names)
        rows.append((kind.replace("_", " "), small, large, large / small, *(memory[kind, name] for name in names)))
    print(
        f"The hook alone, median of {rounds}, in ms (an empty hook: {took['empty', 'small']:.1f}); peak memory in MB\n"
    )
    harness.table(("push of a", "small", "large", "ratio", "MB small", "MB large"), rows)
    if None not in counted.values():
        rows = [
            (kind.replace("_", " "), *(sum(counted[kind, name] or ()) for name in names))
            for kind in project.Pushes._fields
        ]
        print("Millions of instructions, with those of its git processes\n")
        harness.table(("push of a", "small", "large", "ratio"), [(*row, row[2] / row[1]) for row in rows])
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What it costs to start the hook: our modules from bundles, from compiled files, from the single file and from sources.

Then the modules that take the longest, by `-X importtime`, each with what it imports first left out.

    python -m bench start [--rounds 40] [--quick]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Optional

from bench import harness, project

PYTHON = str(Path(sys.executable).resolve())
LONGEST = 12


def starter(place: Path) -> list[str]:
    """The command that imports the hook from a folder or an archive, and ends as the hook does."""
    start = f"import posix, sys; sys.path.insert(0, {str(place)!r}); from halfhooks.bundle import load"
    program = f"{start}; load('entry'); load('rules'); import halfhooks.entry, halfhooks.rules; posix._exit(0)"
    return [PYTHON, "-B", "-I", "-S", "-c", program]


def import_times(command: Sequence[str]) -> dict[str, float]:
    """Milliseconds that each module takes by itself, from one start of Python."""
    done = subprocess.run([command[0], "-X", "importtime", *command[1:]], stderr=subprocess.PIPE, text=True)
    lines = [line.removeprefix("import time:").split("|") for line in done.stderr.splitlines() if "|" in line]
    return {name.strip(): int(own) / 1000 for own, _, name in lines[1:]}


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench start", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it runs")
    options = parser.parse_args(argv)
    rounds = 5 if options.quick else options.rounds
    with tempfile.TemporaryDirectory(prefix="halfhooks-bench-") as folder:
        server = Path(folder) / "server.git"
        project.build(server, project.SMALL)
        project.guard(server)
        compiled = next((server / "halfhooks" / "lib").iterdir())
        files, sources = Path(folder) / "files", Path(folder) / "sources"
        for place, dropped in ((files, ("*.bundle",)), (sources, ("*.bundle", "*.pyc"))):
            project.copy(compiled, place)
            for path in (path for pattern in dropped for path in place.rglob(pattern)):
                path.unlink()
        archive = Path(folder) / "halfhooks.pyz"
        make = [PYTHON, str(project.ROOT / "install" / "make_pyz.py"), str(archive)]
        subprocess.run(make, env=project.CLEAN, check=True, stdout=subprocess.DEVNULL)
        commands = {
            "Python and nothing": [PYTHON, "-I", "-S", "-c", "import posix; posix._exit(0)"],
            "bundles, as installed": starter(compiled),
            "compiled files": starter(files),
            "halfhooks.pyz": starter(archive),
            "sources, compiled at each start": starter(sources),
        }
        runs = {
            name: (lambda command=command: harness.milliseconds(command, server)) for name, command in commands.items()
        }
        took = harness.interleave(rounds, runs)
        bare = took["Python and nothing"]
        print(f"Median of {rounds}, in ms\n")
        harness.table(
            ("what is started", "ms", "more than Python"), [(name, ms, ms - bare) for name, ms in took.items()]
        )
        without = import_times(commands["Python and nothing"]).keys()
        listings = [import_times(commands["compiled files"]) for _ in range(rounds)]
    times = {name: median(each.get(name, 0.0) for each in listings) for name in listings[0] if name not in without}
    ranked = sorted(times.items(), key=lambda item: -item[1])
    rest = ranked[LONGEST:]
    rows = [*ranked[:LONGEST], (f"{len(rest)} more", sum(ms for _, ms in rest)), ("all", sum(times.values()))]
    harness.table(("module", "ms"), [(name, f"{ms:.2f}") for name, ms in rows])
    return 0


if __name__ == "__main__":
    sys.exit(main())

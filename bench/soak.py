"""One project through many releases: does a push grow slower as the project grows older?

Two projects live the same life side by side, one guarded and one not; what the guard adds is the difference. Each
release is eight pushes, of plain git. Prints a row per block of releases; asserts nothing.

    python bench/soak.py [--releases 200] [--block 20]
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Optional

ROOT = Path(__file__).resolve().parent.parent
INSTALL = (sys.executable, str(ROOT / "install" / "server.py"))

# `push` of workflow.sh, with a clock around it
LIFE = """
set -e
. {workflow}
push() {{
    began=$(date +%s%N)
    git push -q --atomic origin "$@" || exit 1
    ended=$(date +%s%N)
    echo "$(((ended - began) / 1000))" >> "$TIMES"
}}
{begin}
for minor in $(seq {first} {last}); do
    version=0.$minor.0 patch=$minor-table
    start_release "$version"
    new_patch "$version" "$patch"
    work_on "$patch" "create table t$minor (id int primary key);"
    integrate "$version" "$patch"
    cut_rc "$version" 1
    promote "$version"
done
"""


class Project:
    """A server, guarded or not, and a clone that goes through releases."""

    def __init__(self, folder: Path, guarded: bool) -> None:
        """Makes both, empty."""
        self._server, self._clone, self._times = folder / "server.git", folder / "clone", folder / "times"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "ho-prod", str(self._server)], check=True)
        subprocess.run(["git", "init", "-q", "-b", "ho-prod", str(self._clone)], check=True)
        subprocess.run(["git", "-C", str(self._clone), "remote", "add", "origin", str(self._server)], check=True)
        if guarded:
            subprocess.run([*INSTALL, str(self._server)], check=True, stdout=subprocess.DEVNULL)

    def live(self, first: int, last: int) -> float:
        """Goes through the releases 0.first.0 to 0.last.0; the median time of a push, in milliseconds."""
        self._times.write_text("")
        workflow = shlex.quote(str(ROOT / "tests" / "workflow.sh"))
        script = LIFE.format(workflow=workflow, begin="begin" if first == 1 else "", first=first, last=last)
        environment = {**os.environ, "TIMES": str(self._times)}
        done = subprocess.run(["sh", "-c", script], cwd=self._clone, env=environment, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit(f"a push was refused between 0.{first}.0 and 0.{last}.0:\n{done.stderr}")
        return median(map(int, self._times.read_text().split())) / 1000


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Runs the soak and prints its table."""
    parser = argparse.ArgumentParser(description="Does a push grow slower as the project grows older?")
    parser.add_argument("--releases", type=int, default=200)
    parser.add_argument("--block", type=int, default=20, help="releases in a row of the table")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="halfhooks-soak-") as folder:
        projects = []
        for name, guarded in (("bare", False), ("guarded", True)):
            (Path(folder) / name).mkdir()
            projects.append(Project(Path(folder) / name, guarded))
        bare, guard = projects
        print("median ms of a push   unguarded  guarded  added")
        for first in range(1, arguments.releases + 1, arguments.block):
            last = min(first + arguments.block - 1, arguments.releases)
            without, with_guard = bare.live(first, last), guard.live(first, last)
            releases = f"0.{first}.0 to 0.{last}.0"
            print(f"{releases:<20}  {without:9.1f}  {with_guard:7.1f}  {with_guard - without:5.1f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

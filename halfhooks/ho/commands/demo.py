"""`ho demo`: the workflow, played by `ho` against a real guarded repository and a real PostgreSQL; then broken.

Nothing here is canned. A step counts as done when its command says so and the server's refs moved; as refused when the
command says so, the server's refs are as before, and the rule that was expected spoke. Anything else is a surprise.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from halfhooks.ho.cli import command_parser
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.database.cluster import private, stop
from halfhooks.ho.database.connect import Server
from halfhooks.ho.database.folder import existing
from halfhooks.ho.demo.ground import TEMPORARY, Ground
from halfhooks.ho.demo.refusals import violate
from halfhooks.ho.demo.show import Show
from halfhooks.ho.demo.story import play
from halfhooks.survey import CannotTell

EXAMPLES = """
ho demo
ho demo --keep
"""

WHAT = """\
Plays the workflow against a guarded repository, with a PostgreSQL of its own, and then breaks it: a release with
two patches and a release candidate, production, a hotfix; what the commands stop, and what the server refuses.

All of it is in a temporary folder, and nothing is left running.

Exit code: 0 all went as the workflow says; 1 something surprised; 2 cannot tell: no git, no PostgreSQL."""

MEMORY = "/dev/shm"


def parser() -> argparse.ArgumentParser:
    """The parser of `ho demo`."""
    parser = command_parser("demo", WHAT, EXAMPLES)
    parser.add_argument("--keep", action="store_true", help="keep the folder, to look around in it")
    return parser


def main(argv: Sequence[str]) -> int:
    """Plays it; 0 when everything went as the workflow says, 1 when anything surprised."""
    arguments = parser().parse_args(argv)
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="halfhooks-demo-"))
    try:
        with database_servers() as servers:
            show = Show(console, Ground(folder, servers))
            with private(show.ground.environment) as server:
                run(show, server)
            if arguments.keep:
                console.line(f"  look around:         {folder}/server.git (guarded), {folder}/clone")
    except CannotTell as error:
        return cannot_tell(str(error))
    finally:
        if not arguments.keep:
            shutil.rmtree(folder)
    return 1 if show.surprises else 0


@contextmanager
def database_servers() -> Iterator[Path]:
    """A folder for database servers, with a short name and open to whom root's servers run as; they end with it."""
    base = Path(tempfile.mkdtemp(prefix=f"hhd-{os.getpid()}-", dir=MEMORY if os.access(MEMORY, os.W_OK) else "/tmp"))
    base.chmod(0o711)
    servers = base / "s"
    (base / TEMPORARY).mkdir()
    try:
        yield servers
    finally:
        for place in existing({"HALFHOOKS_SERVERS": str(servers)}):
            stop(place, remove=True, force=True)
        shutil.rmtree(base, ignore_errors=True)


def run(show: Show, server: Server) -> None:
    """The play, the pushes that break it, and the end."""
    play(show, server)
    violate(show)
    summary(show)


def summary(show: Show) -> None:
    """What happened, what the server holds now, and where to look next."""
    console = show.console
    console.title("What the server holds now")
    listed = ["for-each-ref", "--format=%(refname:lstrip=1)%09%(objectname:short)%09%(contents:subject)"]
    rows = [line.split("\t") for line in show.ground.git("-C", str(show.ground.server), *listed).splitlines()]
    console.table(("ref", "object", "subject"), rows)
    surprises = f"{show.surprises} surprise" + ("s" if show.surprises != 1 else "")
    console.title(f"{show.accepted} steps as they should be, {show.refused} stopped or refused, {surprises}")
    console.line("  what a code means:   ho explain HH301     all rules: docs/rules.md, or: ho explain")
    console.line("  guard a repository:  ho install server REPO.git")

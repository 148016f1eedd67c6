"""Plays all harnesses for a while, in turns; ends with 1 and the case that shows it when something is wrong.

python -m tests.fuzz [--seconds 60] [--seed 1] [--only refs]
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from tests.builders import isolated
from tests.fuzz import objects_fuzz, refs_fuzz, sql_fuzz, texts_fuzz, trees_fuzz
from tests.fuzz.harness import Game


def play_sql(rng: random.Random, folder: Path) -> tuple[int, Optional[str]]:
    for n in range(100):
        text = sql_fuzz.mutated(rng)
        wrong = sql_fuzz.complaint(text)
        if wrong:
            return n, f"{text!r}: {wrong}"
    return 100, None


GAMES: dict[str, Game] = {
    "refs": refs_fuzz.play,
    "trees": objects_fuzz.play_trees,
    "large trees": trees_fuzz.play,
    "commits": objects_fuzz.play_commits,
    "texts": texts_fuzz.play,
    "sql": play_sql,
}


def play(name: str, seed: str) -> tuple[int, Optional[str]]:
    """One round of a game, which the seed determines; a crash is a complaint as well."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        try:
            return GAMES[name](random.Random(seed), Path(folder))
        except Exception as error:
            return 0, repr(error)


def main(argv: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", choices=GAMES, action="append", help="this game; may be given several times")
    options = parser.parse_args(argv)
    os.environ.update(isolated(Path(tempfile.gettempdir())))
    chosen = options.only or list(GAMES)
    counts = dict.fromkeys(chosen, 0)
    deadline = time.monotonic() + options.seconds
    turn = 0
    while turn == 0 or time.monotonic() < deadline:
        for name in chosen:
            count, wrong = play(name, f"{options.seed} {turn} {name}")
            counts[name] += count
            if wrong:
                print(f"fuzz: {name}, seed {options.seed}, turn {turn}: {wrong}")
                return 1
        turn += 1
    print(f"fuzz: seed {options.seed}: {', '.join(f'{count} {name}' for name, count in counts.items())}; nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())

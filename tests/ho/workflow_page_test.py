"""docs/workflow.md is run as it stands, by two people, and its pictures are what the server's history then looks like.

`python -m tests.ho.workflow_page_test` writes what was printed into the page.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from halfhooks.ho.commands.demo import database_servers
from tests.builders import isolated, run
from tests.readme_test import own_server

__all__ = ["own_server"]

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "workflow.md"
BLOCK = re.compile(r"^```(sh|console|text) ?(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
BEGIN = """
git init -q --bare -b ho-prod shop.git
ho install server shop.git
ho init shop
git -C shop remote add origin ../shop.git
git -C shop push -q -u origin ho-prod
git clone -q shop.git ben
git -C ben config halfhooks.project.database shop_ben
"""
PICTURE = ("log", "--graph", "--format=%s%d", "--decorate-refs-exclude=HEAD")
BEGINNING, STEP = 1767225600, 60
"""When the first block is run, and how long each takes, in seconds: the dates decide in which order branches are drawn."""


def play(folder: Path, page: str) -> str:
    """Run the blocks of a page in a folder; the page with what they have printed."""
    call("ann", folder, "set -e" + BEGIN, BEGINNING)
    parts, end = [], 0
    for number, found in enumerate(BLOCK.finditer(page), 1):
        language, info, text = found.groups()
        date = BEGINNING + STEP * number
        if language == "sh":
            call(info or "ann", folder / (info or "shop"), text, date)
        elif language == "text":
            text = run("git", "-C", str(folder / "shop.git"), *PICTURE, *shlex.split(info))
        else:
            command = text.removeprefix("$ ").partition("\n")[0]
            said = call("ann", folder / "shop", command, date)
            text = f"$ {command}\n{said[said.rindex('halfhooks: ') :]}"  # what validation says has times in it
        parts += [page[end : found.start(3)], re.sub(r"[ ]+$", "", text, flags=re.MULTILINE)]
        end = found.end(3)
    return "".join([*parts, page[end:]])


def call(name: str, folder: Path, script: str, date: int) -> str:
    """What a script printed that somebody ran."""
    names = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), name.capitalize())
    dates = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), f"{date} +0000")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, **names, **dates, "PATH": path}
    done = subprocess.run(["sh", "-e", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_page_shows_what_happens(tmp_path: Path, own_server: None):
    page = PAGE.read_text("utf-8")
    assert play(tmp_path, page) == page
    call("ann", tmp_path / "shop.git", "ho check", BEGINNING)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder, database_servers() as servers:
        environment = {**isolated(Path(home)), "HALFHOOKS_SERVERS": str(servers)}
        os.environ.clear()
        os.environ.update(environment)
        PAGE.write_text(play(Path(folder), PAGE.read_text("utf-8")), "utf-8")

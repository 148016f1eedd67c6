"""docs/getting-started.md is run as it stands: its shell blocks, the refusals in them, and what it says was printed."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from halfhooks.ho.cli import main
from tests.builders import Server, run
from tests.ho.check_test import standing_in
from tests.readme_test import REFUSE, anchors, run_script

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
PAGE = (DOCS / "getting-started.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(sh|console)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def as_script(language: str, text: str) -> str:
    """A block as shell: what was printed is compared, what is refused has to be."""
    if language == "sh":
        return re.sub(r"^(.*\S)  # refused: (HH\d{3})$", r"refuse \2 \1", text, flags=re.MULTILINE)
    command, _, printed = text.removeprefix("$ ").partition("\n")
    return f"{command} > ../printed 2>&1\nprintf %s {shlex.quote(printed)} | diff - ../printed\n"


def test_every_block_does_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    work = tmp_path / "work"
    work.mkdir()
    script = "\n".join(as_script(*block) for block in BLOCKS).replace("/srv/git", shlex.quote(str(tmp_path)))
    run_script(script, work)
    server = Server(tmp_path / "shop.git")
    assert set(server.refs()) == {"refs/heads/ho-prod", "refs/tags/v0.1.0"}
    with standing_in(server.path):
        assert main(["check", "--history"]) == 0
    with standing_in(work / "second"):
        assert main(["doctor"]) == 0
    assert run("git", "-C", str(work / "second"), "show", "ho-prod:releases/0.1.0.txt") == "1-users\n"


def test_the_page_has_refusals_and_output():
    assert "refuse HH107" in "".join(as_script(*block) for block in BLOCKS)
    assert "refuse()" in REFUSE
    assert sum(language == "console" for language, _ in BLOCKS) == 3


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        file, _, heading = target.partition("#")
        path = DOCS / file if file else DOCS / "getting-started.md"
        assert path.is_file(), target
        assert not heading or heading in anchors(path.read_text("utf-8")), target

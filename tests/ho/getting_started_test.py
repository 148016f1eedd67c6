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
from tests.readme_test import REFUSE, anchors, own_server, run_script

__all__ = ["own_server"]

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
PAGE = (DOCS / "getting-started.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(sh|console)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def as_script(number: int, language: str, text: str) -> str:
    """A block as shell: what was printed is kept, what is refused has to be."""
    if language == "sh":
        return re.sub(r"^(.*\S)  # refused: (HH\d{3})$", r"refuse \2 \1", text, flags=re.MULTILINE)
    command = text.removeprefix("$ ").partition("\n")[0]
    return f'{command} > "$PRINTED/{number}" 2>&1\n'


def told(text: str) -> list[str]:
    """The lines that were printed, without what differs from one time to the next."""
    lines = re.sub(r"\d+\.\d+ s\b", "0.0 s", text).splitlines()
    return [line for line in lines if not line.startswith("it is on a private server")]


def test_every_block_does_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_server: None):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    monkeypatch.setenv("PRINTED", str(tmp_path / "printed"))
    (work := tmp_path / "work").mkdir()
    (printed := tmp_path / "printed").mkdir()
    scripts = [as_script(number, *block) for number, block in enumerate(BLOCKS)]
    run_script("\n".join(scripts).replace("/srv/git", shlex.quote(str(tmp_path))), work)
    for number, (language, text) in enumerate(BLOCKS):
        if language == "console":
            assert told((printed / str(number)).read_text("utf-8")) == told(text.partition("\n")[2])
    server = Server(tmp_path / "shop.git")
    assert set(server.refs()) == {"refs/heads/ho-prod", "refs/tags/v0.1.0"}
    with standing_in(server.path):
        assert main(["check", "--history"]) == 0
    with standing_in(work / "second"):
        assert main(["doctor"]) == 0
    assert run("git", "-C", str(work / "second"), "show", "ho-prod:releases/0.1.0.txt") == "1-users\n"


def test_the_page_has_refusals_and_output():
    assert "refuse HH107" in "".join(as_script(0, *block) for block in BLOCKS)
    assert "refuse()" in REFUSE
    assert sum(language == "console" for language, _ in BLOCKS) == 6


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        file, _, heading = target.partition("#")
        path = DOCS / file if file else DOCS / "getting-started.md"
        assert path.is_file(), target
        assert not heading or heading in anchors(path.read_text("utf-8")), target

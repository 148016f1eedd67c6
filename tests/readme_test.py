"""README.md says nothing that did not happen: its session is run, its refusal provoked, its configuration read."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from halfhooks.ho.cli import load
from tests.builders import Dev

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def block(start: str) -> str:
    """The block that begins with a text."""
    (found,) = (text for _, text in BLOCKS if text.startswith(start))
    return found


def run_session(dev: Dev) -> None:
    """Runs the session in the clone."""
    (session,) = (text for language, text in BLOCKS if language == "sh")
    done = subprocess.run(["sh", "-e", "-c", session], cwd=dev.clone, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_each_push_of_the_session_is_accepted(empty: Dev):
    run_session(empty)
    assert set(empty.server.refs()) == {"refs/heads/ho-prod", "refs/tags/v0.1.0"}


def test_the_refusal_is_what_the_server_says(empty: Dev):
    run_session(empty)
    said = empty.commit("app.py", "print('quick fix')\n").push("ho-prod").refused("HH107").output
    shown = [line.rstrip() for line in said.splitlines() if line.startswith("remote:")]
    assert [without_ids(line) for line in shown] == [without_ids(line) for line in block("$ git push").splitlines()[1:]]


def without_ids(line: str) -> str:
    return re.sub(r"\b[0-9a-f]{10}\b", "ID", line)


def test_the_configuration_is_in_force_once_it_is_on_ho_prod(empty: Dev):
    text = block("[halfhooks]").replace("services/shop", "")  # the session has its folders at the top
    first = empty.write("halfhooks.conf", text).step("begin").commit("docs/index.md", "Hello\n").push("ho-prod")
    assert "warning" not in first.accepted().output
    empty.switch("-c", "topic").push("topic").refused()


def test_every_link_leads_to_a_file():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).is_file(), target


def test_each_command_of_ho_is_one():
    for command, arguments in re.findall(r"`ho (\w+) ?([^`]*)`", README):
        load(command).parser().parse_args(arguments.split())


def test_the_two_commands_are_targets():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"^make (\w+)", README, re.MULTILINE)) <= set(targets)

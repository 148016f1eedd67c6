"""What the server refuses in the corpus of attacks, and in its legal neighbours, pre-push says before: for the same codes.

Each hook of the clone writes down what it says, and stops nothing; the server then judges the same push. Some of the
stories, all of them in `make soak`.
"""

from __future__ import annotations

import shlex

import pytest

from tests.attacks.attacks_test import CORPUS, Story
from tests.builders import CODE, WORKFLOW, Dev
from tests.client import desk
from tests.state_machine_test import SOAK

SYNC = "git fetch -q --prune origin '+refs/heads/*:refs/remotes/origin/*'"
SERVERS_OWN = (
    "config",
    "shallow",
    "symbolic-ref",
    "--git-dir",
    "file://",
    "--depth",
    "ext::",
    "receive-pack",
    "../server",
)
"""A story with any of these is about what only the server can know."""
HEARABLE = [story for story in CORPUS if not any(word in story.script for word in SERVERS_OWN)]


@pytest.mark.parametrize("story", HEARABLE[:: 1 if SOAK else 30], ids=lambda story: f"{story.family}: {story.title}")
def test_the_clone_says_what_the_server_says(shop: Dev, story: Story) -> None:
    hooks, log = shop.clone.parent / "hooks", shlex.quote(str(shop.clone.parent / "heard"))
    hooks.mkdir()
    for name in ("pre-commit", "pre-merge-commit", "pre-push"):
        real = shlex.quote(str(desk.HOOKS / name))
        (hooks / name).write_text(f'#!/bin/sh\nexec >> {log} 2>&1\necho "=== {name}"\n{real} "$@"\nexit 0\n')
        (hooks / name).chmod(0o755)
    shop.git("config", "core.hooksPath", str(hooks))
    *setup, last = [line for line in story.script.strip().splitlines() if line.strip()]
    result = shop.judge("\n".join([*setup, SYNC, f"echo '=== last' >> {log}", last]), WORKFLOW)
    before, _, after = (shop.clone.parent / "heard").read_text(errors="replace").rpartition("=== last\n")
    assert "internal error" not in before + after and "could not read" not in before + after
    said = {code for kind, code in desk.CODE.findall(after) if kind == "error"}
    assert said == {code for code in CODE.findall(result.output) if code != "HH000"}, after + result.output
    if not story.refused:
        assert "error[" not in before, before

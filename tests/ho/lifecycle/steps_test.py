"""The commands of `ho` that `ho status` proposes lead to production, and are those of the remote that was asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.ho.lifecycle.conftest import User


def take(user: User, step: dict[str, Any]) -> None:
    """Run what a step proposes, by `ho` where it does."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    script = "\n".join(step["ho"] or step["commands"])
    done = subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=user.top,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, script + done.stdout + done.stderr


def test_following_what_is_proposed_leads_to_production(ann: User) -> None:
    taken: list[str] = []
    below = ann.clone("below")  # the same commands from a folder of the working tree
    below.top /= "model"
    while "0.1.0" not in (label := below.values("status")["production"]["label"]):
        step = below.values("status")["steps"][0]
        taken.append(step["what"].split()[0])
        take(below, step)
        assert len(taken) < 8, (label, taken)
    assert taken == ["start", "begin", "write", "push", "integrate", "promote"]
    assert ann.at("ho-prod", "releases/0.1.0.txt") == "1-some-words\n"
    ann.clean()


def test_a_hotfix_is_followed_by_the_other_releases(ann: User) -> None:
    ann.does("release", "new", "minor")
    ann.patch("1-users", "create table users (id int primary key);").does("release", "promote", "prod")
    ann.does("release", "new", "minor")
    ann.does("release", "hotfix")
    ann.patch("2-posts", "create table posts (id int primary key);", "0.1.0")
    assert ann.values("status")["steps"][0]["ho"] == ["ho release promote hotfix"]
    take(ann, ann.values("status")["steps"][0])
    step = ann.values("status")["steps"][0]
    assert step["ho"] == ["ho release sync 0.2.0"]
    take(ann, step)
    assert ann.values("release", "show", "0.2.0")["releases"][0]["objections"][0]["code"] == "HH211"


def test_plain_git_stands_beside_it_and_is_all_there_is_where_the_remote_is_left_out(ann: User) -> None:
    said = ann.does("status")
    assert "\n  ho release new 0.1.0\n" in said and said.endswith("the same in plain git: ho status --plain\n")
    for option in ("--plain", "--local"):
        said = ann.does("status", option)
        assert "ho release new" not in said and "git switch" in said
    ann.git("remote", "rename", "origin", "upstream")
    ann.git("fetch", "-q", "upstream")
    assert "ho release new 0.1.0 --remote upstream" in ann.does("status", "--remote", "upstream")

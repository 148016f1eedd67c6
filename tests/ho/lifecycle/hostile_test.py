"""Clones, servers and settings that are not as one would think: nothing is lost, and nobody else's words are believed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.builders import run
from tests.ho.database.conftest import environment, server, servers
from tests.ho.lifecycle.clones import User, must_be_legal, team_template, temporary, user
from tests.ho.lifecycle.situations_test import at_work, branch_of, nothing_happens, work_template

__all__ = ["at_work", "environment", "server", "servers", "team_template", "temporary", "user", "work_template"]

SETTINGS = {
    "color.ui": "always",
    "column.ui": "always",
    "core.abbrev": "40",
    "core.hooksPath": "/nonexistent",
    "core.quotePath": "true",
    "core.splitIndex": "true",
    "branch.autoSetupMerge": "simple",
    "diff.external": "false",
    "diff.mnemonicPrefix": "true",
    "diff.relative": "true",
    "diff.renames": "copies",
    "feature.manyFiles": "true",
    "fetch.output": "compact",
    "fetch.prune": "true",
    "fetch.pruneTags": "true",
    "format.pretty": "fuller",
    "i18n.logOutputEncoding": "latin1",
    "init.defaultBranch": "other",
    "log.decorate": "full",
    "log.showSignature": "true",
    "merge.conflictStyle": "diff3",
    "merge.ff": "only",
    "push.default": "nothing",
    "push.followTags": "true",
    "push.useForceIfIncludes": "true",
    "rebase.autoStash": "true",
    "rebase.backend": "apply",
    "rebase.rebaseMerges": "true",
    "status.branch": "true",
    "status.short": "true",
    "submodule.recurse": "true",
    "user.name": "Jörg",
    "user.useConfigOnly": "true",
}
"""What changes the output of git, or what it does."""


def test_settings_of_ones_own(at_work: User) -> None:
    for key, value in SETTINGS.items():
        at_work.git("config", key, value)
    at_work.done("patch", "new", "2-b", "--no-switch")
    shown = at_work.done("patch", "close", "1-a", "--no-tests", "--dry-run")
    assert "\n    A  Patches/1-a/01.sql\n" in shown
    assert "\x1b" not in shown
    at_work.done("patch", "close", "1-a", "--no-tests")
    at_work.done("patch", "drop", "2-b")
    at_work.done("release", "promote", "rc", "--no-tests")
    at_work.done("patch", "new", "3-c")
    at_work.work("3-c")
    at_work.done("patch", "close", "--no-tests")
    at_work.done("release", "restart", "0.1.0", "--without", "3-c")
    at_work.done("release", "promote", "prod", "--no-tests")
    must_be_legal(at_work.server)


def test_tags_that_nobody_has_pushed_do_not_count(at_work: User) -> None:
    for name in ("v0.1.0-rc7", "v0.1.0-abandoned1", "v0.1.0"):
        at_work.git("tag", "-a", "-m", "mine", name, "ho-release/0.1.0")
    at_work.done("patch", "close", "--no-tests")
    assert "'v0.1.0-rc1'" in at_work.done("release", "promote", "rc", "--no-tests")
    assert "'v0.1.0-abandoned1'" in at_work.done("release", "abandon", "0.1.0")
    must_be_legal(at_work.server)


def test_a_tag_that_is_another_one_here(at_work: User) -> None:
    bob = at_work.colleague("bob")
    for each in (bob, at_work):
        each.git("tag", "-a", "-m", each.clone.name, "wip", "ho-prod")
    bob.git("push", "-q", "origin", "wip")
    mine = at_work.git("rev-parse", "wip")
    at_work.done("patch", "new", "2-b")
    assert at_work.git("rev-parse", "wip") == mine


def test_a_tag_called_like_a_branch_of_the_server_leads_nobody_astray(at_work: User) -> None:
    bob = at_work.colleague("bob")
    bob.git("switch", "-q", "-c", "evil", "origin/ho-prod")
    bob.commit("evil.txt", "evil").git("tag", "-a", "-m", "evil", "origin/ho-patch/2-b")
    bob.git("push", "-q", "origin", "refs/tags/origin/ho-patch/2-b")
    at_work.done("patch", "new", "2-b")
    assert at_work.git("rev-parse", "HEAD") == at_work.server.git("rev-parse", "refs/heads/ho-patch/2-b")
    assert not (at_work.clone / "evil.txt").exists()


def test_a_working_tree_that_is_away_for_a_while_is_not_forgotten(at_work: User, tmp_path: Path) -> None:
    elsewhere, away = tmp_path / "elsewhere", tmp_path / "away"
    at_work.git("worktree", "add", "-q", "-b", "mine", str(elsewhere), "ho-prod")
    (elsewhere / "new.txt").write_text("new")
    run("git", "-C", str(elsewhere), "add", "new.txt")
    elsewhere.rename(away)
    at_work.done("release", "new", "0.0.1", "--no-switch")
    at_work.done("patch", "move", "1-a", "--to", "0.0.1")
    at_work.done("patch", "new", "2-b", "--release", "0.1.0")
    away.rename(elsewhere)
    assert run("git", "-C", str(elsewhere), "status", "--porcelain") == "A  new.txt\n"


def test_as_an_alias_of_git_in_another_working_tree(at_work: User, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    at_work.git("worktree", "add", "-q", str(elsewhere), "ho-release/0.1.0")
    at_work.done("release", "new", "0.0.1", "--no-switch")
    ran = at_work.run("patch", "move", "1-a", "--to", "0.0.1", GIT_DIR=str(at_work.clone / ".git"))
    assert ran.code == 0, ran
    assert (branch_of(at_work.clone), branch_of(elsewhere)) == ("ho-patch/1-a", "ho-release/0.1.0")
    assert run("git", "-C", str(elsewhere), "status", "--porcelain") == at_work.git("status", "--porcelain") == ""
    ran = at_work.run("patch", "new", "2-b", folder=elsewhere, GIT_DIR=str(at_work.clone / ".git"))
    assert ran.code == 2
    assert "unset GIT_DIR" in ran.out


def test_work_of_a_withdrawn_patch_is_not_replaced(at_work: User) -> None:
    at_work.done("patch", "drop", "1-a")
    assert "ho patch adopt ho-patch/1-a --as 1-a" in nothing_happens(at_work, "patch", "new", "1-a")
    at_work.switch("-c", "explore", "ho-prod").commit("README.md", "# other\n")
    adopting = ("patch", "adopt", "explore", "--as", "1-a", "--release", "0.1.0")
    assert "ho patch adopt ho-patch/1-a --as 1-a" in nothing_happens(at_work, *adopting)
    work = at_work.git("rev-parse", "ho-patch/1-a")
    at_work.git("branch", "-f", "ho-patch/1-a", "ho-prod")  # what is here is behind
    at_work.done("patch", "adopt", "ho-patch/1-a", "--as", "1-a", "--release", "0.1.0")
    assert work.strip() in at_work.server.git("rev-list", "ho-patch/1-a").split()


def test_a_comment_with_odd_line_ends_stays_one_line(at_work: User) -> None:
    at_work.switch("ho-release/0.1.0")
    listed = "# a\x0c9-evil\n# b\u20289-evil\n1-a\n"
    at_work.commit("releases/0.1.0-candidates.txt", listed).push("ho-release/0.1.0").accepted()
    at_work.done("patch", "new", "2-b", "--no-switch")
    assert at_work.server.git("show", "ho-release/0.1.0:releases/0.1.0-candidates.txt") == f"{listed}2-b\n"


def test_what_is_finished_is_told_to_programs_too(at_work: User) -> None:
    command = ("patch", "new", "2-b", "--json")
    ran, _ = at_work.counted(*command, stop="push", how="after")
    assert ran.code == -9, ran
    values = json.loads(at_work.run(*command).out.partition("{")[2].join(("{", "")))
    assert (values["command"], values["done"]) == ("ho patch new 2-b --json", True)


def test_the_page_of_a_patch_moves_with_it(at_work: User) -> None:
    at_work.done("patch", "new", "2-b", "-d", "what it is for")
    page = "# 2-b\n\nwhat it is for\n\nand more\n"
    at_work.commit("Patches/2-b/README.md", page)
    at_work.done("release", "new", "0.0.1", "--no-switch")
    at_work.done("patch", "move", "2-b", "--to", "0.0.1")
    assert at_work.server.git("show", "ho-patch/2-b:Patches/2-b/README.md") == page


def test_work_that_came_with_that_of_another_patch_is_not_left_out_with_it(at_work: User) -> None:
    at_work.done("patch", "new", "2-b")
    at_work.git("merge", "-q", "ho-patch/1-a")
    at_work.work("2-b").switch("ho-release/0.1.0").git("merge", "--no-ff", "-q", "ho-patch/2-b")
    at_work.commit("releases/0.1.0-candidates.txt", "").commit("releases/0.1.0-stage.txt", "1-a\n2-b\n")
    at_work.push("ho-release/0.1.0").accepted()
    said = nothing_happens(at_work, "release", "restart", "0.1.0", "--without", "1-a")
    assert said.endswith("leave it out, too: --without 2-b")

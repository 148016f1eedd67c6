"""`ho status` in real clones of guarded servers: what it says is so, and what it proposes is accepted."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from halfhooks.ho import cli
from halfhooks.ho.commands import status
from halfhooks.ho.console import Console
from halfhooks.ho.drafts import next_label, objections_to_promotion, startable
from halfhooks.survey import Survey
from halfhooks.version import Version
from tests.builders import WORKFLOW, Dev, run
from tests.ho.check_test import recorded, standing_in

GIT = shutil.which("git") or "git"


def ask(folder: Path, *arguments: str) -> dict[str, Any]:
    """What `ho status --json` says in a folder; it must be able to tell."""
    out = io.StringIO()
    with standing_in(folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        assert cli.main(["status", "--json", *arguments]) == 0
    return json.loads(out.getvalue())


def patches(document: dict[str, Any]) -> dict[str, str]:
    """The patches of all releases with their states."""
    return {patch["id"]: patch["state"] for release in document["releases"] for patch in release["patches"]}


def take(dev: Dev, folder: Path, step: dict[str, Any]) -> None:
    """Does what a step says, in a folder of the clone."""
    done = subprocess.run(
        ["sh", "-e", "-c", "\n".join(step["commands"])], cwd=folder, env=dev._later(), capture_output=True, text=True
    )
    assert done.returncode == 0, f"{step}\n{done.stdout}{done.stderr}"


def follow(dev: Dev, folder: Path, until: str) -> list[str]:
    """Takes the first step that is proposed, again and again, until a version is in production; what the steps were."""
    taken = []
    while len(taken) < 30:
        document = ask(folder)
        if document["production"]["label"] == until:
            return taken
        take(dev, folder, document["steps"][0])
        taken.append(document["steps"][0]["what"].split()[0])
    raise AssertionError(taken)


# --- what it says


def test_the_sample_project(shop: Dev):
    said = ask(shop.clone)
    assert said["version"] == 1
    assert (said["production"]["label"], said["remote"], said["next"]) == ("0.1.0", "origin", "0.1.1")
    assert patches(said) == {"4-fix": "candidate", "2-posts": "staged", "3-tags": "candidate", "5-code": "candidate"}
    first, second = said["releases"]
    assert [each["code"] for each in first["objections"]] == ["HH208", "HH211"]
    assert {each["code"] for each in second["objections"]} == {"HH203", "HH208"}
    assert said["startable"] == ["0.1.2", "0.2.1", "0.3.0", "1.0.0"]
    assert said["place"]["kind"] == "production"


def test_each_state_of_a_patch_is_told(project: Dev):
    project.start_release("0.1.0")
    for number, word in enumerate(["candidate", "integrated", "staged", "cut"], 1):
        project.new_patch("0.1.0", f"{number}-{word}").work_on(f"{number}-{word}")
    project.integrate("0.1.0", "4-cut").cut_rc("0.1.0", 1).integrate("0.1.0", "3-staged")
    project.git("switch", "-q", "ho-release/0.1.0")
    project.git("merge", "-q", "--no-ff", "-m", "Integrate", "ho-patch/2-integrated")
    project.push("ho-release/0.1.0").accepted()
    assert patches(ask(project.clone)) == {
        "4-cut": "in RC 1",
        "3-staged": "staged",
        "1-candidate": "candidate",
        "2-integrated": "integrated",
    }
    assert ask(project.clone)["releases"][0]["rcs"] == [1]


def test_what_is_only_here_is_told_apart(shop: Dev):
    shop.step("candidate", "0.1.1", "6-new").switch("-c", "ho-patch/6-new")
    said = ask(shop.clone)
    found = {patch["id"]: patch for patch in said["releases"][0]["patches"]}
    assert (found["6-new"]["state"], found["6-new"]["here"]) == ("", "candidate")
    assert (said["releases"][0]["branch"]["ahead"], said["releases"][0]["branch"]["behind"]) == (1, 0)
    assert said["place"] == {
        "branch": said["place"]["branch"],
        "kind": "patch",
        "patch": "6-new",
        "release": "0.1.1",
        "ahead": 1,
        "behind": 0,
    }
    assert (said["place"]["branch"]["here"], said["place"]["branch"]["there"]) == (True, False)
    take(shop, shop.clone, said["steps"][0])
    assert patches(ask(shop.clone))["6-new"] == "candidate"


def test_what_somebody_else_did_is_told_after_a_fetch(shop: Dev):
    other = shop.another("other").switch("ho-release/0.2.0").switch("ho-patch/3-tags").switch("ho-prod")
    shop.integrate("0.2.0", "3-tags")
    assert patches(ask(other.clone))["3-tags"] == "candidate"
    other.git("fetch", "-q", "--prune", "origin")
    said = ask(other.clone)
    assert patches(said)["3-tags"] == "staged"
    branch = next(
        patch["branch"] for release in said["releases"] for patch in release["patches"] if patch["id"] == "3-tags"
    )
    assert (branch["here"], branch["there"]) == (True, False)
    release = next(release for release in said["releases"] if release["version"] == "0.2.0")
    assert (release["branch"]["ahead"], release["branch"]["behind"]) == (0, 3)


def test_a_branch_in_another_working_tree_is_told_with_its_place(shop: Dev):
    shop.git("worktree", "add", "-q", "../fix", "ho-patch/4-fix")
    fix = shop.clone.parent / "fix"
    said = ask(shop.clone)
    assert said["releases"][0]["patches"][0]["branch"]["worktree"] == str(fix)
    assert said["place"]["kind"] == "production"
    assert ask(fix)["place"]["patch"] == "4-fix"
    assert f"cd {fix}" not in str(ask(fix)["steps"])


def test_a_hotfix_comes_first(shop: Dev):
    shop.step("hotfix_open", "0.1.0", "v0.1.0").new_patch("0.1.0", "9-urgent").work_on("9-urgent")
    said = ask(shop.clone)
    assert (said["next"], said["releases"][0]["status"]) == ("0.1.0-hotfix1", "open for hotfix")
    assert all("HH203" in str(release["objections"]) for release in said["releases"][1:])
    shop.integrate("0.1.0", "9-urgent")
    assert ask(shop.clone)["releases"][0]["promotable"]
    shop.promote_hotfix("0.1.0", 1)
    said = ask(shop.clone)
    assert said["production"]["label"] == "0.1.0-hotfix1"
    assert "HH207" in str(said["releases"][0]["objections"])


def test_branches_that_are_left_over_are_named(shop: Dev):
    other = shop.another("other").switch("ho-patch/4-fix").switch("ho-release/0.1.1")
    shop.integrate("0.1.1", "4-fix").promote("0.1.1")
    other.git("fetch", "-q", "--prune", "--tags", "origin")
    left = [branch["name"] for branch in ask(other.clone)["leftovers"]]
    assert left == ["ho-patch/4-fix", "ho-release/0.1.1"]


# --- what the rules say of a promotion


def label_of(survey: Survey, refs: dict[str, str]) -> str:
    """What is in production where the refs stand like this."""
    survey.refs = {ref: survey.objects.target(oid) for ref, oid in refs.items()}
    project = survey.state()[0].after
    return f"{project.version}" + (f"-hotfix{project.hotfix}" if project.hotfix else "")


@pytest.mark.parametrize("environment", [{}, {"ROOT": "services/shop", "FORMAT": "sha256"}], ids=["plain", "monorepo"])
def test_a_promotion_has_no_objections_exactly_when_the_server_accepts_it(tmp_path, environment):
    """Held against each state of the lifecycle, all of whose pushes were accepted."""
    states = recorded(tmp_path, **environment)
    promoted = started = 0
    with standing_in(tmp_path / "server.git"), Survey(GIT, os.environ) as survey:
        for before, after in zip(states, states[1:]):
            coming, was = label_of(survey, after), label_of(survey, before)
            push, _ = survey.state()
            releases = push.after.open_releases()
            could = [next_label(push.after, each) for each in releases if not objections_to_promotion(push, each)]
            assert len(could) <= 1
            if coming != was:
                assert could == [coming]
                promoted += 1
            for ref in after.keys() - before.keys():
                if ref.startswith("refs/heads/ho-release/"):
                    version = Version(*map(int, ref.rpartition("/")[2].split(".")))
                    assert version in startable(push) or push.after.released(version)
                    started += 1
    assert promoted >= 6
    assert started >= 6


# --- what it proposes


@pytest.mark.parametrize("folder", [".", "deep/down"])
def test_taking_the_proposed_steps_brings_releases_to_production(project: Dev, folder: str):
    (project.clone / folder).mkdir(parents=True, exist_ok=True)
    steps = ["start", "begin", "write", "integrate", "promote"]
    assert follow(project, project.clone / folder, "0.1.0") == steps
    assert follow(project, project.clone / folder, "0.2.0") == steps
    assert set(project.server.refs()) == {"refs/heads/ho-prod", "refs/tags/v0.1.0", "refs/tags/v0.2.0"}


def test_the_steps_work_in_a_monorepo(empty: Dev):
    empty.write("halfhooks.conf", "[halfhooks]\n\troot = services/my shop\n").write("services/my shop/x", "x")
    with standing_in(empty.clone / "services" / "my shop"):
        run("sh", "-e", "-c", f"{WORKFLOW}; begin")
    follow(empty, empty.clone / "services" / "my shop", "0.1.0")


def test_the_steps_of_a_release_candidate_and_a_hotfix(shop: Dev):
    shop.integrate("0.1.1", "4-fix").cut_rc("0.1.1", 1).hotfix_open("0.1.0", "v0.1.0")
    assert follow(shop, shop.clone, "0.1.0-hotfix1") == ["begin", "write", "integrate", "promote"]
    assert follow(shop, shop.clone, "0.1.1") == ["take", "promote"]
    assert shop.git("show", "ho-prod:releases/0.1.1.txt") == "4-fix\n"


def test_the_steps_go_on_from_another_clone(shop: Dev):
    other = shop.another("other")
    assert follow(other, other.clone, "0.1.1") == ["integrate", "promote"]


def test_the_own_branch_comes_first(shop: Dev):
    other = shop.another("other").switch("ho-patch/4-fix").commit("app/other.py", "x\n")
    other.push("ho-patch/4-fix").accepted()
    shop.switch("ho-patch/4-fix").git("fetch", "-q", "origin")
    step = ask(shop.clone)["steps"][0]
    assert step["commands"] == ["git merge --ff-only origin/ho-patch/4-fix"]
    take(shop, shop.clone, step)
    shop.commit("app/mine.py", "x\n")
    step = ask(shop.clone)["steps"][0]
    assert step["commands"] == ["git push origin ho-patch/4-fix"]
    other.commit("app/more.py", "x\n").push("ho-patch/4-fix").accepted()
    shop.git("fetch", "-q", "origin")
    step = ask(shop.clone)["steps"][0]
    take(shop, shop.clone, step)
    assert ask(shop.clone)["place"]["branch"]["ahead"] == 0


def test_a_patch_of_no_release_is_led_back(shop: Dev):
    shop.switch("-c", "ho-patch/77-mine", "ho-patch/4-fix")
    first, second = ask(shop.clone)["steps"][:2]
    assert (first["what"], first["commands"]) == ("'ho-patch/77-mine' belongs to no open release", [])
    assert first["remarks"] == ["what follows is for 0.1.1, the next one"]
    assert second["commands"][0] == "git switch ho-release/0.1.1"


def test_late_work_on_a_staged_patch_becomes_a_new_one(shop: Dev):
    shop.step("merge_patch", "0.1.1", "4-fix").step("move_to_stage", "0.1.1", "4-fix").commit(message="Stage 4-fix")
    shop.push("ho-release/0.1.1").accepted()
    shop.switch("ho-patch/4-fix").commit("app/late.py", "x\n").push("ho-patch/4-fix").refused("HH112")
    assert "4-fix  staged, 1 commit too late" in shown(shop.clone, terminal=False)
    step = ask(shop.clone)["steps"][0]
    assert step["what"].startswith("4-fix is frozen")
    take(shop, shop.clone, step)
    assert patches(ask(shop.clone))["6-some-words"] == "candidate"
    assert ask(shop.clone)["place"]["ahead"] == 1


def test_a_patch_that_was_listed_here_and_not_pushed_yet_is_not_frozen(shop: Dev):
    shop.step("candidate", "0.1.1", "6-late").switch("-c", "ho-patch/6-late").commit("app/late.py", "x\n")
    said = ask(shop.clone)
    (push, *others) = [step["what"] for step in said["steps"]]
    assert push == "'ho-patch/6-late' is only here"
    assert not any("frozen" in what for what in others)
    take(shop, shop.clone, said["steps"][0])
    assert patches(ask(shop.clone))["6-late"] == "candidate"


def test_a_patch_that_was_integrated_and_has_moved_on_is_merged_again(shop: Dev):
    shop.step("merge_patch", "0.1.1", "4-fix").push("ho-release/0.1.1").accepted()
    shop.switch("ho-patch/4-fix").commit("app/more.py", "x\n").push("ho-patch/4-fix").accepted()
    (patch,) = ask(shop.clone)["releases"][0]["patches"]
    assert (patch["state"], patch["waiting"]) == ("integrated", 1)
    take(shop, shop.clone, ask(shop.clone)["steps"][0])
    assert patches(ask(shop.clone))["4-fix"] == "staged"


def test_a_patch_that_is_integrated_and_has_no_branch_any_more_is_staged(shop: Dev):
    shop.step("merge_patch", "0.1.1", "4-fix").push("ho-release/0.1.1").accepted()
    shop.push(":ho-patch/4-fix").accepted()
    assert follow(shop, shop.clone, "0.1.1") == ["stage", "promote"]


def test_what_is_integrated_is_pushed_before(shop: Dev):
    shop.switch("ho-patch/4-fix").commit("app/more.py", "x\n").switch("ho-prod")
    assert follow(shop, shop.clone, "0.1.1") == ["integrate", "promote"]
    assert shop.git("show", "origin/ho-prod:app/more.py") == "x\n"


def test_a_release_that_is_only_here_is_not_next(project: Dev):
    project.switch("-c", "ho-release/0.0.1")
    said = ask(project.clone)
    assert (said["next"], said["releases"][0]["promotable"]) == (None, False)
    assert "0.0.1, in preparation, only here, checked out" in shown(project.clone, terminal=False)
    assert said["steps"][0]["commands"] == ["git push -u origin ho-release/0.0.1"]
    take(project, project.clone, said["steps"][0])
    assert ask(project.clone)["next"] == "0.0.1"


# --- what was begun and waits


def begun(dev: Dev, *commands: str) -> list[dict[str, Any]]:
    """The steps that are proposed after some commands; one of them may fail."""
    subprocess.run(["sh", "-c", "\n".join(commands)], cwd=dev.clone, env=dev._later(), capture_output=True, text=True)
    return ask(dev.clone)["steps"]


@pytest.mark.parametrize("taken", range(1, 13))
def test_a_promotion_goes_on_from_wherever_it_was_left(shop: Dev, taken: int):
    shop.integrate("0.1.1", "4-fix").cut_rc("0.1.1", 1)
    shop.new_patch("0.1.1", "6-late").work_on("6-late").integrate("0.1.1", "6-late").switch("ho-prod")
    (promotion,) = [step for step in ask(shop.clone)["steps"] if step["what"].startswith("promote 0.1.1")]
    steps = begun(shop, *promotion["commands"][:taken])
    first = steps[0]["commands"]
    if taken < len(promotion["commands"]) - 2:
        assert not any(command.startswith("git merge --no-ff") for step in steps for command in step["commands"])
    follow(shop, shop.clone, "0.1.1")
    assert shop.git("show", "origin/ho-prod:releases/0.1.1.txt") == "4-fix\n6-late\n"
    assert {"refs/tags/v0.1.1", "refs/heads/ho-release/0.1.1"} & shop.server.refs().keys() == {"refs/tags/v0.1.1"}
    assert len(first) <= len(promotion["commands"])


def test_a_whole_promotion_can_be_run_again(shop: Dev):
    shop.integrate("0.1.1", "4-fix").switch("ho-prod")
    (promotion,) = [step for step in ask(shop.clone)["steps"] if step["what"].startswith("promote 0.1.1")]
    commands = [command for command in promotion["commands"] if not command.startswith("git push")]
    begun(shop, *commands, "echo '-- dumped' > model/schema-0.1.1.sql", "git commit -q --amend -m P -- model")
    begun(shop, *commands)
    assert shop.git("status", "--porcelain") == ""
    assert shop.git("show", "ho-prod:releases/0.1.1.txt") == "4-fix\n"
    assert shop.git("show", "ho-prod:model/schema-0.1.1.sql") == "-- dumped\n"


def test_a_promotion_that_was_not_pushed_is_pushed_with_all_that_belongs_to_it(shop: Dev):
    shop.integrate("0.1.1", "4-fix").step("prepare_promotion", "0.1.1").commit(message="Promote 0.1.1")
    shop.switch("ho-release/0.1.1")
    (step,) = ask(shop.clone)["steps"]
    assert step["commands"] == [
        "git tag -a -m 'Release 0.1.1' v0.1.1 ho-prod",
        "git push --atomic origin ho-prod v0.1.1 :ho-release/0.1.1",
        "git switch ho-prod",
        "git branch -D ho-release/0.1.1",
    ]
    assert ask(shop.clone)["outgoing"][0]["promotes"] == "0.1.1"
    take(shop, shop.clone, step)
    assert ask(shop.clone)["production"]["label"] == "0.1.1"
    assert ask(shop.clone)["outgoing"] == []


def test_a_promotion_that_was_pushed_by_itself_gets_its_tag_and_loses_its_branch(shop: Dev):
    shop.integrate("0.1.1", "4-fix").step("prepare_promotion", "0.1.1").commit(message="Promote 0.1.1")
    shop.push("ho-prod").accepted()
    step = ask(shop.clone)["steps"][0]
    assert step["what"].startswith("0.1.1 is in production: push its tag")
    take(shop, shop.clone, step)
    assert "refs/tags/v0.1.1" in shop.server.refs()
    assert "refs/heads/ho-release/0.1.1" not in shop.server.refs()
    assert not any("its tag" in step["what"] for step in ask(shop.clone)["steps"])


def test_a_merge_under_way_is_finished_or_given_up(shop: Dev):
    shop.switch("ho-release/0.1.1").git("merge", "-q", "--no-ff", "--no-commit", "ho-patch/4-fix")
    finish, give_up = ask(shop.clone)["steps"]
    assert (finish["commands"], give_up["commands"]) == (["git commit --no-edit"], ["git merge --abort"])
    take(shop, shop.clone, finish)
    assert ask(shop.clone)["steps"][0]["commands"] == ["git push origin ho-release/0.1.1"]


def test_what_is_in_conflict_is_named_and_not_committed(shop: Dev):
    shop.switch("ho-patch/4-fix").commit("app/x.py", "one\n").switch("-c", "mine", "ho-prod").commit(
        "app/x.py", "two\n"
    )
    steps = begun(shop, "git merge ho-patch/4-fix")
    assert steps[0]["what"] == "git merge waits for what is in conflict: 1 file, such as 'app/x.py'"
    assert [step["commands"] for step in steps] == [["git status"], ["git merge --abort"]]
    take(shop, shop.clone, steps[1])
    steps = begun(shop, "git rebase ho-patch/4-fix")
    assert steps[-1]["commands"] == ["git rebase --abort"]
    take(shop, shop.clone, steps[-1])
    shop.git("format-patch", "-q", "-1", "-o", ".git", "ho-patch/4-fix")
    steps = begun(shop, "git am -3 .git/0001-*")
    assert steps[-1]["commands"] == ["git am --abort"]
    take(shop, shop.clone, steps[-1])
    shop.git("switch", "-q", "mine")
    assert ask(shop.clone)["operation"] is None


def test_what_the_server_would_refuse_is_not_proposed(shop: Dev):
    shop.integrate("0.1.1", "4-fix").switch("ho-prod").commit("app/quick.py", "x\n")
    said = ask(shop.clone)
    (step,) = said["steps"]
    assert (step["what"], step["commands"]) == ("'ho-prod' cannot be pushed as it stands here", [])
    assert "(HH107)" in step["remarks"][0] and step["remarks"][1].startswith("help: git reset --keep origin/ho-prod")
    assert [each["code"] for each in said["outgoing"][0]["objections"]] == ["HH107"]
    assert "  help: git reset --keep origin/ho-prod" in shown(shop.clone, terminal=False)
    shop.git("reset", "-q", "--keep", "origin/ho-prod")
    assert ask(shop.clone)["steps"][0]["what"].startswith("promote")


def test_a_release_branch_that_would_be_refused_is_not_pushed_nor_built_upon(shop: Dev):
    shop.switch("ho-release/0.1.1").commit("app/quick.py", "x\n")
    for branch in ("ho-release/0.1.1", "ho-prod"):
        (step,) = ask(shop.switch(branch).clone)["steps"]
        assert step["what"] == "'ho-release/0.1.1' cannot be pushed as it stands here"
        assert any(remark.endswith("(HH108)") for remark in step["remarks"])
        assert step["commands"] == []


def test_lists_that_have_a_line_do_not_get_it_twice(project: Dev):
    follow_one = lambda: take(project, project.clone, ask(project.clone)["steps"][0])  # noqa: E731
    follow_one()
    step = ask(project.clone)["steps"][0]
    begun(project, *step["commands"][:1], *step["commands"][:1])
    line = next(command for command in step["commands"] if "candidates.txt" in command)
    begun(project, line, line)
    assert (project.clone / "releases" / "0.1.0-candidates.txt").read_text() == "1-some-words\n"


@pytest.mark.parametrize("remotes", [1, 2])
def test_a_branch_of_the_remote_is_checked_out_by_a_command_that_can_be_repeated(shop: Dev, remotes: int):
    other = shop.another("other")
    if remotes == 2:
        other.git("remote", "add", "-f", "fork", str(shop.clone))
    first = ask(other.clone)["steps"][0]["commands"][0]
    take(other, other.clone, {"commands": [first]})
    if remotes == 1:
        take(other, other.clone, {"commands": [first]})
    assert other.git("rev-parse", "--abbrev-ref", "HEAD@{upstream}") == "origin/ho-release/0.1.1\n"


# --- as text


def shown(folder: Path, terminal: bool, plain: bool = False) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with standing_in(folder):
        progress, remarks = status.read(None, False)
    steps = [step._replace(ho=() if plain else step.ho) for step in status.next_steps(progress)]
    status.show(Console(stream, terminal=terminal), progress, remarks, steps)
    stream.flush()
    return stream.buffer.getvalue().decode()


@pytest.mark.parametrize("terminal", [False, True])
def test_the_text_says_it_all(shop: Dev, terminal: bool):
    shop.switch("ho-patch/4-fix")
    text = shown(shop.clone, terminal)
    for words in (
        "production 0.1.0 (as 'origin' had it when last fetched)",
        "0.1.1, in preparation, next",
        "4-fix  candidate, 1 commit to integrate  here, checked out",
        "2-posts  staged                            its branch is gone",
        "next in production: 0.1.1; not yet:",
        "'4-fix' is still a candidate of 0.1.1 (HH208)",
        "you are on ho-patch/4-fix, a patch of 0.1.1, 1 ahead of ho-release/0.1.1, level\n  with origin/ho-patch/4-fix\n",
        "  ho patch close 4-fix",
    ):
        assert words in text
    assert "git merge --no-ff -m 'Integrate 4-fix' origin/ho-patch/4-fix" in shown(shop.clone, terminal, plain=True)
    assert ("\x1b[" in text) == terminal


def test_no_line_is_longer_than_a_terminal(shop: Dev):
    for branch in ("ho-prod", "ho-release/0.1.1", "ho-patch/4-fix"):
        for plain in (False, True):
            text = shown(shop.switch(branch).clone, terminal=False, plain=plain)
            assert [line for line in text.splitlines() if len(line) > 80] == []
    shop.integrate("0.1.1", "4-fix")
    text = shown(shop.clone, terminal=False, plain=True)
    assert [line for line in text.splitlines() if len(line) > 80] == []
    script = [line.strip() for line in text.splitlines() if line.endswith("\\")]
    assert script, "something was folded"


def test_a_folded_command_means_the_same(tmp_path: Path):
    command = "printf '%s\\n' 'a  b' c --option=" + "'x y' " * 9 + " " + "d " * 40
    folded = status.folded(command)
    assert max(map(len, folded.splitlines())) <= 78
    assert run("sh", "-c", folded) == run("sh", "-c", command)


def test_how_far_apart_two_branches_are():
    assert status.compared(2, 3, "x") == "2 ahead and 3 behind x"
    assert status.compared(0, 3, "x") == "3 behind x"
    assert status.compared(2, 0, "x") == "2 ahead of x"
    assert status.compared(0, 0, "x") == "level with x"


def test_a_bare_repository_has_no_working_tree_to_go_on_in(shop: Dev):
    said = shown(shop.server.path, terminal=False)
    assert ask(shop.server.path)["steps"] == []
    for words in ("only here", "git switch", "you are on", "checked out"):
        assert words not in said
    assert "0.1.1, in preparation, next" in said


def test_plain_text_imports_no_rich(shop: Dev):
    code = "import sys; from halfhooks.ho.cli import main; main(['status']); print({'rich', 'git', 'json'} & {*sys.modules})"
    with standing_in(shop.clone):
        assert run(sys.executable, "-c", code).splitlines()[-1] == "set()"


@pytest.mark.parametrize("terminal", [False, True])
def test_a_name_of_a_branch_cannot_act_on_the_terminal(shop: Dev, terminal: bool):
    shop.switch("-c", "at/\u202egnp.b]")
    assert "at/\\u202egnp.b], outside the workflow" in shown(shop.clone, terminal)


# --- where there is little to tell


def cannot(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    with standing_in(folder):
        assert cli.main(["status", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err


def test_no_repository(tmp_path, capsys):
    assert "cannot tell: not a git repository" in cannot(tmp_path, capsys)


def test_an_empty_repository_and_one_without_a_project(tmp_path, capsys):
    run("git", "init", "-q", str(tmp_path))
    assert "there is no branch here yet; a project begins with: ho init" in cannot(tmp_path, capsys)
    run("git", "-C", str(tmp_path), "commit", "-q", "--allow-empty", "-m", "x")
    assert "there is no branch 'ho-prod' here; a project begins with: ho init" in cannot(tmp_path, capsys)
    run("git", "-C", str(tmp_path), "commit", "-q", "--allow-empty", "-m", "x")
    run("git", "-C", str(tmp_path), "switch", "-q", "-c", "ho-prod")
    assert "has no version in production yet; this adopts it: ho init" in cannot(tmp_path, capsys)


def test_a_clone_of_an_empty_repository_begins_the_project(tmp_path, capsys):
    run("git", "init", "-q", "--bare", str(tmp_path / "empty.git"))
    run("git", "clone", "-q", str(tmp_path / "empty.git"), str(tmp_path / "clone"))
    assert "no branch of 'origin' is known here; a project begins with: ho init;" in cannot(tmp_path / "clone", capsys)
    with standing_in(tmp_path / "clone"):
        assert cli.main(["check"]) == 2
    assert "a project begins with: ho init;" in capsys.readouterr().err


def test_a_clone_that_does_not_know_production(shop: Dev, capsys):
    shop.git("update-ref", "-d", "refs/remotes/origin/ho-prod")
    shop.switch("topic").git("branch", "-q", "-D", "ho-prod")
    assert "'ho-prod' of 'origin' is not known here: git fetch" in cannot(shop.clone, capsys)
    assert "there is no remote 'nowhere'" in cannot(shop.clone, capsys, "--remote", "nowhere")


def test_a_project_that_was_not_pushed_yet(project: Dev, capsys):
    project.git("update-ref", "-d", "refs/remotes/origin/ho-prod")
    said = ask(project.clone)
    assert (said["remote"], said["production"]["label"]) == (None, "0.0.0")
    assert "git push -u origin ho-prod" in said["remarks"][0]


def test_a_detached_head_and_no_remote_and_a_bare_repository(shop: Dev):
    shop.git("switch", "-q", "--detach", "HEAD")
    assert ask(shop.clone)["place"] == {
        "branch": None,
        "kind": "detached",
        "patch": "",
        "release": "",
        "ahead": None,
        "behind": None,
    }
    assert "you are on no branch: HEAD is detached" in shown(shop.clone, terminal=False)
    shop.git("remote", "remove", "origin")
    assert ask(shop.clone)["remote"] is None
    assert ask(shop.server.path)["production"]["label"] == "0.1.0"
    assert ask(shop.clone, "--local")["production"]["label"] == "0.1.0"


def test_a_history_that_is_cut_off_is_remarked_upon(shop: Dev):
    folder = shop.clone.parent / "shallow"
    run("git", "clone", "-q", "--depth=1", "--no-single-branch", f"file://{shop.server.path}", str(folder))
    with standing_in(folder):
        assert cli.main(["status"]) in (0, 2)

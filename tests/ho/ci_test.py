"""`ho check --ci` for what GitHub and GitLab tell their jobs, in checkouts as they make them."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfhooks.ho import ci, cli, meanwhile
from halfhooks.ho.ci import Job
from halfhooks.ho.judge import judge_push
from halfhooks.snapshot import Update
from halfhooks.survey import CannotTell, Place, Survey
from tests.builders import Dev, Refs, parse_refs, run
from tests.ho.check_test import GIT, RECORD, play, recorded, standing_in
from tests.readme_test import PLAIN_PAGE, SESSION, block, on_this_machine, run_script, sections, shell_blocks

ZEROS = "0" * 40
ONE, TWO, THREE = "1" * 40, "2" * 40, "3" * 40

# --- what the hosts tell: the documents in their real shape, shortened

REPOSITORY = {"id": 186853002, "full_name": "acme/shop", "default_branch": "ho-prod", "private": True}
SENDER = {"login": "dev", "id": 21031067, "type": "User"}
GITHUB = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop"}
GITLAB = {"CI": "true", "GITLAB_CI": "true", "CI_PROJECT_PATH": "acme/shop", "CI_DEFAULT_BRANCH": "ho-prod"}


def push_event(ref: str, before: str, after: str, **more: object) -> dict[str, Any]:
    """The payload of GitHub's `push`."""
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "base_ref": None,
        "repository": REPOSITORY,
        "pusher": {"name": "dev", "email": "dev@example.org"},
        "sender": SENDER,
        "created": before == ZEROS,
        "deleted": after == ZEROS,
        "forced": False,
        "compare": f"https://github.com/acme/shop/compare/{before[:12]}...{after[:12]}",
        "commits": [],
        "head_commit": None if after == ZEROS else {"id": after, "message": "Change"},
        **more,
    }


def pull_event(target: str, base: str, source: str, head: str, merged: str) -> dict[str, Any]:
    """The payload of GitHub's `pull_request`."""
    return {
        "action": "synchronize",
        "number": 12,
        "pull_request": {
            "number": 12,
            "state": "open",
            "draft": False,
            "head": {"label": f"acme:{source}", "ref": source, "sha": head, "repo": REPOSITORY},
            "base": {"label": f"acme:{target}", "ref": target, "sha": base, "repo": REPOSITORY},
            "merge_commit_sha": merged,
        },
        "repository": REPOSITORY,
        "sender": SENDER,
    }


def github(name: str, ref: str, sha: str) -> dict[str, str]:
    """The variables of a GitHub job."""
    return {**GITHUB, "GITHUB_EVENT_NAME": name, "GITHUB_REF": ref, "GITHUB_SHA": sha}


def gitlab(source: str, sha: str, before: str = ZEROS, **more: str) -> dict[str, str]:
    """The variables of a GitLab job."""
    return {**GITLAB, "CI_PIPELINE_SOURCE": source, "CI_COMMIT_SHA": sha, "CI_COMMIT_BEFORE_SHA": before, **more}


def merge_request(target: str, source: str, **more: str) -> dict[str, str]:
    """The variables that a merge request adds."""
    return {
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": target,
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": source,
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": THREE,
        **more,
    }


BRANCH = "refs/heads/ho-release/0.2.0"
KEYS = [
    "ref",
    "before",
    "after",
    "number",
    "pull_request",
    "base",
    "head",
    "sha",
    "merge_group",
    "base_ref",
    "base_sha",
]
VARIABLES = ["GITHUB_EVENT_NAME", "GITHUB_SHA", "CI_PIPELINE_SOURCE", "CI_COMMIT_SHA", "CI_COMMIT_BEFORE_SHA"]
VARIABLES += ["CI_COMMIT_TAG", "CI_COMMIT_BRANCH", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"]
TOLD: dict[str, tuple[dict[str, str], Optional[object], Job]] = {
    "GitHub: a push": (
        github("push", BRANCH, TWO),
        push_event(BRANCH, ONE, TWO),
        Job("GitHub", "push", BRANCH, ONE, TWO),
    ),
    "GitHub: a new branch": (
        github("push", BRANCH, TWO),
        push_event(BRANCH, ZEROS, TWO),
        Job("GitHub", "push", BRANCH, "", TWO),
    ),
    "GitHub: a branch was deleted": (
        github("push", "refs/heads/ho-prod", ONE),
        push_event(BRANCH, TWO, ZEROS),
        Job("GitHub", "push", BRANCH, TWO, ""),
    ),
    "GitHub: a tag": (
        github("push", "refs/tags/v0.1.0", ONE),
        push_event("refs/tags/v0.1.0", ZEROS, ONE),
        Job("GitHub", "push", "refs/tags/v0.1.0", "", ONE),
    ),
    "GitHub: a pull request": (
        github("pull_request", "refs/pull/12/merge", THREE),
        pull_event("ho-release/0.2.0", ONE, "ho-patch/3-tags", TWO, "4" * 40),
        Job("GitHub", "pull_request", BRANCH, "", TWO, "12", THREE),
    ),
    "GitHub: a pull request, with the rights of its target": (
        github("pull_request_target", BRANCH, ONE),
        pull_event("ho-release/0.2.0", ONE, "ho-patch/3-tags", TWO, THREE),
        Job("GitHub", "pull_request", BRANCH, "", TWO, "12", ""),
    ),
    "GitHub: a merge queue": (
        github("merge_group", "refs/heads/gh-readonly-queue/ho-release/0.2.0/pr-12-abc", TWO),
        {
            "action": "checks_requested",
            "merge_group": {
                "head_sha": TWO,
                "head_ref": "refs/heads/gh-readonly-queue/ho-release/0.2.0/pr-12-abc",
                "base_sha": ONE,
                "base_ref": BRANCH,
                "head_commit": {"id": TWO},
            },
            "repository": REPOSITORY,
        },
        Job("GitHub", "merge_group", BRANCH, ONE, TWO),
    ),
    "GitHub: at night": (
        github("schedule", "refs/heads/ho-prod", ONE),
        {"schedule": "0 3 * * *", "repository": REPOSITORY},
        Job("GitHub", "schedule"),
    ),
    "GitHub: by hand": (
        github("workflow_dispatch", BRANCH, ONE),
        {"inputs": None, "ref": BRANCH, "repository": REPOSITORY},
        Job("GitHub", "workflow_dispatch"),
    ),
    "GitHub: a deletion, which does not say from where": (
        github("delete", "refs/heads/ho-prod", ONE),
        {"ref": "ho-release/0.2.0", "ref_type": "branch", "repository": REPOSITORY},
        Job("GitHub", "delete"),
    ),
    "GitLab: a push": (
        gitlab("push", TWO, ONE, CI_COMMIT_BRANCH="ho-release/0.2.0", CI_COMMIT_REF_NAME="ho-release/0.2.0"),
        None,
        Job("GitLab", "push", BRANCH, ONE, TWO),
    ),
    "GitLab: a new branch": (
        gitlab("push", TWO, CI_COMMIT_BRANCH="ho-release/0.2.0"),
        None,
        Job("GitLab", "push", BRANCH, "", TWO),
    ),
    "GitLab: a tag": (
        gitlab("push", TWO, CI_COMMIT_TAG="v0.1.0", CI_COMMIT_REF_NAME="v0.1.0"),
        None,
        Job("GitLab", "push", "refs/tags/v0.1.0", "", TWO),
    ),
    "GitLab: a merge request": (
        gitlab(
            "merge_request_event",
            TWO,
            **merge_request("ho-release/0.2.0", "ho-patch/3-tags", CI_MERGE_REQUEST_EVENT_TYPE="detached"),
            CI_MERGE_REQUEST_SOURCE_BRANCH_SHA="",
        ),
        None,
        Job("GitLab", "merge_request", BRANCH, "", TWO, "7", ""),
    ),
    "GitLab: a merge request with its result": (
        gitlab(
            "merge_request_event",
            THREE,
            **merge_request("ho-release/0.2.0", "ho-patch/3-tags", CI_MERGE_REQUEST_EVENT_TYPE="merged_result"),
            CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=TWO,
            CI_MERGE_REQUEST_TARGET_BRANCH_SHA=ONE,
        ),
        None,
        Job("GitLab", "merge_request", BRANCH, "", TWO, "7", THREE),
    ),
    "GitLab: by hand": (gitlab("web", TWO, CI_COMMIT_BRANCH="ho-prod"), None, Job("GitLab", "web")),
    "GitLab: at night": (gitlab("schedule", TWO, CI_COMMIT_BRANCH="ho-prod"), None, Job("GitLab", "schedule")),
}


@pytest.mark.parametrize("story", TOLD)
def test_what_the_host_tells_is_one_move(story):
    environment, event, job = TOLD[story]
    assert ci.read_job(environment, event) == job


def test_the_words_of_a_job():
    assert TOLD["GitHub: a pull request"][2].words == "GitHub pull request 12"
    assert TOLD["GitLab: a push"][2].words == "GitLab push"


@pytest.mark.parametrize(
    ("environment", "event", "said"),
    [
        ({}, None, "no job of GitHub or GitLab; say what moved: ho check OLD..NEW"),
        ({"GITHUB_ACTIONS": "false"}, {}, "no job of GitHub or GitLab"),
        (github("push", BRANCH, ONE), None, "does not tell 'ref': is GITHUB_EVENT_PATH set?"),
        (github("push", BRANCH, ONE), push_event("HEAD", ONE, TWO), "names no branch or tag: 'HEAD'"),
        (github("push", BRANCH, ONE), push_event(BRANCH, "--upload-pack=x", TWO), "'--upload-pack=x' where a commit"),
        (github("pull_request", "refs/pull/1/merge", ONE), {"pull_request": 1}, "'pull_request.base.ref'"),
        (github("pull_request", "refs/pull/1/merge", ""), pull_event("a", ONE, "b", TWO, ""), "gives ''"),
        (gitlab("push", "HEAD", ONE, CI_COMMIT_BRANCH="ho-prod"), None, "gives 'HEAD'"),
        (gitlab("merge_request_event", TWO), None, "names no branch or tag: 'refs/heads/'"),
    ],
)
def test_what_is_not_told_is_no_verdict(environment, event, said):
    with pytest.raises(CannotTell, match=r"\A[^\n]*\Z") as told:
        ci.read_job(environment, event)
    assert said in str(told.value)


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.sampled_from([ONE, ZEROS, BRANCH, "ho-prod"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)


@given(
    st.sampled_from(sorted(TOLD)), values, st.dictionaries(st.sampled_from(VARIABLES), st.text(max_size=5), max_size=4)
)
def test_whatever_is_told_there_is_one_move_or_one_line(story, event, changed):
    try:
        job = ci.read_job({**TOLD[story][0], **changed}, event)
    except CannotTell as error:
        assert str(error)
    else:
        assert all(ci.SHA.fullmatch(oid) for oid in job.commits)
        assert not job.ref or job.ref.startswith(("refs/heads/", "refs/tags/"))


def test_the_event_is_a_file(tmp_path):
    file = tmp_path / "event.json"
    assert ci.read_event({}) is None
    assert ci.read_event({"GITHUB_EVENT_PATH": str(file)}) is None  # no job of GitHub
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(file)}
    for text in (None, "{", "\udcff"):
        if text is not None:
            file.write_bytes(os.fsencode(text))
        with pytest.raises(CannotTell, match="cannot be read"):
            ci.read_event(environment)
    file.write_text('{"ref": "x"}')
    assert ci.read_event(environment) == {"ref": "x"}


def test_the_commands_that_fetch():
    first, second = ci.fetch_commands(Place("x", False, True, "x"), "origin", [ONE])
    assert shlex.join(first) == (
        "git fetch --quiet --force --prune --unshallow --tags origin '+refs/heads/*:refs/remotes/origin/*'"
    )
    assert shlex.join(second) == f"git fetch --quiet --force --depth=2147483647 origin {ONE}"


# --- whole jobs

EVERY = "+refs/heads/*:refs/remotes/origin/*"


class Runner:
    """A CI job in a checkout of its own."""

    def __init__(self, dev: Dev, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        self.dev, self.folder, self.monkeypatch, self.capsys = dev, folder, monkeypatch, capsys
        self.checkout = folder / "checkout"
        run("git", "init", "-q", str(self.checkout))
        self.git("remote", "add", "origin", f"file://{dev.server.path}")
        # as the hosts' servers are set up
        dev.server.config("uploadpack.allowAnySHA1InWant", "true")

    def git(self, *arguments: str) -> str:
        return run("git", "-C", str(self.checkout), *arguments)

    def checked_out(self, commit: str, *options: str) -> Runner:
        """As actions/checkout and the runner of GitLab fetch: one commit, without a branch."""
        self.git("fetch", "-q", "--no-tags", *(options or ("--depth=1",)), "origin", commit)
        self.git("checkout", "-q", "--detach", "FETCH_HEAD")
        return self

    def ask(self, environment: dict[str, str], event: object, *arguments: str) -> tuple[int, dict[str, Any], str]:
        file = self.folder / "event.json"
        file.write_text(json.dumps(event))
        for name in [name for name in os.environ if name.startswith(("GITHUB_", "CI", "GITLAB_"))]:
            self.monkeypatch.delenv(name)
        for name, value in {**environment, "GITHUB_EVENT_PATH": str(file)}.items():
            self.monkeypatch.setenv(name, value)
        self.capsys.readouterr()
        with standing_in(self.checkout):
            status = cli.main(["check", "--ci", "--format", "json", *arguments])
        out, err = self.capsys.readouterr()
        return status, json.loads(out) if out else {}, err

    def push(self, ref: str, before: str, after: str, *arguments: str) -> tuple[int, dict[str, Any], str]:
        """What both hosts' jobs say of one push, which is the same."""
        first = self.ask(github("push", ref, after), push_event(ref, before, after), *arguments)
        kind, name = ("TAG", ref[len("refs/tags/") :]) if "/tags/" in ref else ("BRANCH", ref[len("refs/heads/") :])
        second = self.ask(gitlab("push", after, before, **{f"CI_COMMIT_{kind}": name}), None, *arguments)
        assert first[0] == second[0]
        assert first[1].get("findings") == second[1].get("findings")
        return first


@pytest.fixture
def free(shop: Dev) -> Dev:
    """The sample project on a host that runs no hook of ours."""
    (shop.server.path / "hooks" / "pre-receive").unlink()
    return shop


@pytest.fixture
def runner(free: Dev, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    return Runner(free, tmp_path, monkeypatch, capsys)


def codes(document: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in document["findings"]]


def test_a_push_in_a_shallow_checkout(free, runner):
    old = free.git("rev-parse", "ho-prod").strip()
    play(free, "git switch -q ho-prod; echo x > x.py; commit 'Quick fix'; echo y > x.py; save 'Another'")
    new = free.git("rev-parse", "ho-prod").strip()
    runner.checked_out(new)
    status, document, said = runner.push("refs/heads/ho-prod", old, new)
    assert (status, document) == (2, {})
    assert said.count("\n") == 1
    command = said.partition("is not here: ")[2].strip()
    assert command.startswith("git fetch --quiet --force --prune --unshallow --tags origin '+refs/heads/*:refs")
    subprocess.run(["sh", "-e", "-c", command], cwd=runner.checkout, check=True)
    status, document, said = runner.push("refs/heads/ho-prod", old, new)
    assert (status, codes(document)) == (1, ["HH107"])
    assert document["judged"]["commits"] == 2
    assert document["judged"]["ci"] == {"host": "GitLab", "event": "push", "number": None, "judged": "the push"} | {
        "host": "GitHub"
    }


def test_a_push_is_fetched_and_judged_in_one_command(free, runner):
    old = free.git("rev-parse", "ho-prod").strip()
    play(free, "git switch -q ho-prod; mkdir docs; echo x > docs/x.md; save 'Free'")
    new = free.git("rev-parse", "ho-prod").strip()
    runner.checked_out(new)
    status, document, _ = runner.push("refs/heads/ho-prod", old, new, "--fetch")
    assert (status, codes(document)) == (0, [])
    assert document["judged"]["branches"] == 6


def test_a_forced_push_is_judged_though_nothing_leads_to_the_old_commits(free, runner):
    ref = "refs/heads/ho-release/0.1.1"
    play(free, "git switch -q ho-release/0.1.1; git commit -q --allow-empty -m Late; push ho-release/0.1.1")
    old = free.git("rev-parse", "ho-release/0.1.1").strip()
    play(free, "git commit -q --amend --allow-empty -m Other; git push -q -f origin ho-release/0.1.1")
    new = free.git("rev-parse", "HEAD").strip()
    runner.checked_out(new)
    runner.git("fetch", "-q", "--unshallow", "origin", EVERY)
    status, _, said = runner.push(ref, old, new)
    assert status == 2 and f"{old[:10]} is not here: git fetch" in said and f"origin {old}" in said
    status, document, _ = runner.push(ref, old, new, "--fetch")
    assert status == 1 and "HH104" in codes(document)
    status, _, said = runner.push(ref, "5" * 40, new, "--fetch")
    assert status == 2 and "5555555555 is not here" in said


def test_a_new_branch_that_has_moved_on_is_judged_where_it_began(free, runner):
    play(free, "git branch ho-release/0.9.0 ho-prod; push ho-release/0.9.0")
    first = free.git("rev-parse", "ho-release/0.9.0").strip()
    play(free, "git switch -q ho-release/0.9.0; echo x > x; save 'On'")
    runner.checked_out(first)
    status, document, _ = runner.push("refs/heads/ho-release/0.9.0", ZEROS, first, "--fetch")
    assert status == 1 and "HH201" in codes(document)
    assert document["judged"]["new"] == first


def test_the_first_push_of_a_project(empty, tmp_path, monkeypatch, capsys):
    empty.begin()
    runner = Runner(empty, tmp_path, monkeypatch, capsys)
    tip = empty.git("rev-parse", "ho-prod").strip()
    runner.checked_out(tip)
    status, document, _ = runner.push("refs/heads/ho-prod", ZEROS, tip, "--fetch")
    assert (status, codes(document)) == (0, [])


def test_a_branch_that_was_deleted(free, runner):
    play(free, "git branch gone ho-release/0.2.0; push :ho-release/0.2.0")
    old = free.git("rev-parse", "gone").strip()
    runner.checked_out(free.git("rev-parse", "ho-prod").strip())
    event = push_event("refs/heads/ho-release/0.2.0", old, ZEROS)
    environment = github("push", "refs/heads/ho-prod", ZEROS)
    status, document, _ = runner.ask(environment, event, "--fetch")
    assert status == 1 and "HH105" in codes(document)


def test_an_annotated_tag_that_the_checkout_made_a_commit(free, runner):
    play(free, "git tag -d v0.1.0 >/dev/null; git push -q origin :v0.1.0; git tag -a -m x v0.1.0 ho-prod; push v0.1.0")
    commit = free.git("rev-parse", "v0.1.0^{commit}").strip()
    for after in (commit, free.git("rev-parse", "v0.1.0").strip()):  # GitLab names the one, GitHub either
        runner.git("fetch", "-q", "--no-tags", "origin", f"+{commit}:refs/tags/v0.1.0")
        status, document, _ = runner.push("refs/tags/v0.1.0", ZEROS, after, "--fetch")
        assert (status, codes(document)) == (0, [])
    free.git("push", "-q", "-f", "origin", f"{commit}:refs/tags/v0.1.0")
    status, document, _ = runner.push("refs/tags/v0.1.0", ZEROS, commit, "--fetch")
    assert (status, codes(document)) == (1, ["HH603"])


def test_an_event_without_a_move_is_the_state(free, runner):
    tip = free.git("rev-parse", "ho-prod").strip()
    runner.checked_out(tip)
    for environment in (github("schedule", "refs/heads/ho-prod", tip), gitlab("web", tip, CI_COMMIT_BRANCH="ho-prod")):
        status, document, _ = runner.ask(environment, {}, "--fetch")
        assert (status, document["judged"]["mode"], document["judged"]["ci"]["judged"]) == (0, "state", "the state")


# --- proposals


def merged(free: Dev, target: str, source: str) -> str:
    """The merge that a host makes of a request, under a ref of its own."""
    play(free, f"git switch -q --detach {target}; git merge -q --no-ff -m Merge {source}")
    free.git("push", "-q", "origin", "HEAD:refs/pull/12/merge")
    return free.git("rev-parse", "HEAD").strip()


def request(runner: Runner, target: str, source: str, merge: str) -> list[tuple[int, dict[str, Any], str]]:
    """What the jobs of both hosts say of a request, after their own kinds of checkout."""
    head, base = (runner.dev.git("rev-parse", name).strip() for name in (source, target))
    runner.checked_out(merge or head)
    event = pull_event(target, base, source, head, merge)
    more = merge_request(target, source, CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=head if merge else "")
    asked = [(gitlab("merge_request_event", merge or head, **more), None)]
    asked += [(github("pull_request", "refs/pull/12/merge", merge), event)] if merge else []
    return [runner.ask(environment, event, "--fetch") for environment, event in asked]


def test_a_patch_that_has_all_of_its_release_is_judged_as_a_fast_forward(free, runner):
    for status, document, _ in request(
        runner, "ho-release/0.1.1", "ho-patch/4-fix", merged(free, "ho-release/0.1.1", "ho-patch/4-fix")
    ):
        assert (status, codes(document)) == (0, [])
        assert document["judged"]["ci"]["judged"] == "the fast-forward to its head"
        assert document["judged"]["ref"] == "refs/heads/ho-release/0.1.1"


def test_a_patch_that_lacks_commits_is_judged_as_the_host_merges_it(free, runner):
    merge = merged(free, "ho-release/0.2.0", "ho-patch/3-tags")
    for status, document, _ in request(runner, "ho-release/0.2.0", "ho-patch/3-tags", merge):
        assert (status, codes(document)) == (0, [])
        assert document["judged"]["ci"]["judged"] == "its merge result"
        assert document["judged"]["new"] == merge


def test_a_request_without_a_merge_says_what_to_do(free, runner):
    ((status, _, said),) = request(runner, "ho-release/0.2.0", "ho-patch/3-tags", "")
    assert status == 2
    assert "lacks commits of 'ho-release/0.2.0', and GitLab made no merge of the two: git merge origin/ho-rel" in said


def test_a_request_that_may_not_land(free, runner):
    play(free, "git switch -q topic; git merge -q ho-release/0.1.1; push topic")
    for status, document, _ in request(runner, "ho-release/0.1.1", "topic", merged(free, "ho-release/0.1.1", "topic")):
        assert (status, codes(document)) == (1, ["HH108"])


def test_a_promotion_is_proposed_from_a_branch_and_lands_by_a_push(free, runner):
    play(
        free,
        """integrate 0.1.1 4-fix; prepare_promotion 0.1.1; commit 'Promote 0.1.1'
        git branch promote-0.1.1; git reset -q --hard origin/ho-prod; git push -q origin promote-0.1.1""",
    )
    for status, document, _ in request(runner, "ho-prod", "promote-0.1.1", merged(free, "ho-prod", "promote-0.1.1")):
        assert (status, codes(document)) == (0, [])
        assert document["judged"]["ci"]["judged"] == "the fast-forward to its head"
    old, new = (free.git("rev-parse", name).strip() for name in ("ho-prod", "promote-0.1.1"))
    free.git("push", "-q", "origin", "promote-0.1.1:ho-prod")
    assert runner.push("refs/heads/ho-prod", old, new, "--fetch")[0] == 0


# --- afterwards: the other refs of a push have moved too


def judged_afterwards(server: Path, states: list[Refs], lag: int = 0) -> list[tuple[str, list[str], list[str]]]:
    """What the job of each moved ref says when all refs are as they were after that push, and some more."""
    told = []
    with standing_in(server), Survey(GIT, os.environ) as survey:
        survey.objects.load({oid for refs in states for oid in refs.values()})
        for before, after, now in zip([{}, *states], states, [*states[lag:], *states[-1:] * lag]):
            for ref in {**before, **after}:
                if before.get(ref) != after.get(ref):
                    survey.refs = {name: survey.objects.target(oid) for name, oid in now.items()}
                    verdict = judge_push(survey, Job("x", "push", ref, before.get(ref, ""), after.get(ref, "")))
                    told.append((ref, [finding.code for finding in verdict.findings], verdict.remarks))
    return told


def test_each_push_of_the_lifecycle_is_legal_afterwards(tmp_path):
    told = judged_afterwards(tmp_path / "server.git", recorded(tmp_path))
    assert len(told) == 124
    assert [(ref, codes) for ref, codes, _ in told if codes] == []
    remarked = [ref for ref, _, remarks in told if remarks]
    assert remarked.count("refs/heads/ho-prod") == 7
    assert len(remarked) == 8  # and an abandoned release


def test_a_job_that_is_late_by_a_push_is_nearly_always_right(tmp_path):
    told = judged_afterwards(tmp_path / "server.git", recorded(tmp_path), lag=1)
    assert [(ref, codes) for ref, codes, _ in told if codes] == [
        ("refs/heads/ho-release/1.0.0", ["HH304"]),  # the other release took the patch
        ("refs/heads/ho-patch/6-maybe", ["HH110"]),  # a candidate that was withdrawn at once
    ]


def test_each_push_of_the_session_is_legal_afterwards(tmp_path):
    guard, session = block("git init"), shell_blocks(sections(PLAIN_PAGE)[SESSION])
    hook = tmp_path / "shop.git" / "hooks" / "post-receive"
    record = f"mkdir {hook.parent.parent}/states; cat > {hook} <<'END'\n{RECORD}END\nchmod +x {hook}\n"
    run_script(on_this_machine(guard, tmp_path) + record + on_this_machine(session, tmp_path), tmp_path)
    states = sorted((tmp_path / "shop.git" / "states").iterdir(), key=lambda file: int(file.name))
    told = judged_afterwards(tmp_path / "shop.git", [parse_refs(file.read_bytes()) for file in states])
    assert [(ref, codes) for ref, codes, _ in told if codes] == []
    assert [remarks for _, _, remarks in told if remarks and "ho-patch/1-users" in remarks[0]]


def test_the_work_of_a_branch_that_is_gone_is_judged(free, runner):
    old = free.git("rev-parse", "ho-release/0.1.1").strip()
    play(
        free,
        """git switch -q ho-patch/4-fix; echo 9-x >> releases/0.1.0.txt; commit 'Touch'; git revert --no-edit HEAD >/dev/null
        merge_patch 0.1.1 4-fix; push ho-release/0.1.1 :ho-patch/4-fix""",
    )
    new = free.git("rev-parse", "ho-release/0.1.1").strip()
    status, document, _ = runner.checked_out(new).push("refs/heads/ho-release/0.1.1", old, new, "--fetch")
    assert status == 1 and "HH301" in codes(document)
    tip = free.git("rev-parse", "ho-patch/4-fix").strip()[:10]
    assert document["remarks"] == [
        f"'ho-patch/4-fix' is gone; it is taken to have stood at {tip}, and judged with this"
    ]


def test_the_commits_of_a_promoted_branch_that_is_gone_are_judged_one_by_one(free, runner):
    old = free.git("rev-parse", "ho-prod").strip()
    play(
        free,
        """integrate 0.1.1 4-fix; git switch -q ho-release/0.1.1; echo 9-x >> releases/0.1.0.txt; commit 'Touch'
        git revert --no-edit HEAD >/dev/null; promote 0.1.1""",
    )
    new = free.git("rev-parse", "ho-prod").strip()
    status, document, _ = runner.checked_out(new).push("refs/heads/ho-prod", old, new, "--fetch")
    assert (status, codes(document)) == (1, ["HH301"])
    (remark,) = document["remarks"]
    assert remark.startswith("'ho-release/0.1.1' is gone; it is taken to have stood at ")


def test_code_without_a_directory_of_its_own_is_taken_for_the_only_candidate(free, runner):
    play(free, "integrate 0.2.0 3-tags")
    old = free.git("rev-parse", "ho-release/0.2.0").strip()
    play(free, "merge_patch 0.2.0 5-code; push ho-release/0.2.0 :ho-patch/5-code")
    new = free.git("rev-parse", "HEAD").strip()
    status, document, _ = runner.checked_out(new).push("refs/heads/ho-release/0.2.0", old, new, "--fetch")
    assert (status, codes(document)) == (0, [])
    assert "'ho-patch/5-code' is gone" in document["remarks"][0]


def test_what_stood_there_before_stays(free):
    with standing_in(free.clone), Survey(GIT, os.environ) as survey:
        new = free.git("rev-parse", "ho-prod").strip()
        push, _ = survey.move(Update(new, new, "refs/heads/ho-prod"))
        assert [*meanwhile.came_later(push), *meanwhile.is_gone(push)] == []


# --- the command


@pytest.mark.parametrize(
    "arguments",
    [
        ["--ci", "HEAD~1..HEAD", "--ref", "ho-prod"],
        ["--ci", "--history"],
        ["--ci", "--local"],
        ["--fetch", "--local"],
    ],
)
def test_options_that_do_not_go_together(shop, arguments):
    with standing_in(shop.clone):
        assert cli.main(["check", *arguments]) == 2


def test_a_fetch_that_fails_says_so(runner):
    runner.git("remote", "set-url", "origin", "/nowhere")
    status, _, said = runner.ask(github("schedule", "refs/heads/ho-prod", ONE), {}, "--fetch")
    assert status == 2
    assert said.startswith("halfhooks: cannot tell: 'git fetch --quiet --force --prune --tags origin ")
    assert said.count("\n") == 1


def test_on_github_there_is_a_command_that_says_why_there_is_no_verdict(shop, capsys, monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITLAB_CI", raising=False)
    with standing_in(shop.clone):
        assert cli.main(["check", "--ci", "--format", "github"]) == 2
    assert capsys.readouterr().out.startswith("::error title=halfhooks::cannot tell: this is no job of GitHub or Gi")
    with standing_in(shop.clone):
        assert cli.main(["check", "##[add-mask]x..HEAD", "--ref", "ho-prod"]) == 2
    assert "\\x23#[add-mask]x" in capsys.readouterr().err


@pytest.mark.parametrize("mode", [[], ["--history"], ["HEAD~1..HEAD", "--ref", "ho-prod"]])
@pytest.mark.parametrize("form", ["text", "json", "github", "gitlab", "sarif", "junit"])
def test_each_form_is_printed_or_written(free, capsys, mode, form):
    play(free, "git switch -q ho-prod; echo 9-x >> releases/0.1.0.txt; commit 'Touch'; push ho-prod")
    file = free.clone / "report"
    with standing_in(free.clone):
        status = cli.main(["check", *mode, "--format", form])
        printed = capsys.readouterr().out
        assert cli.main(["check", *mode, "--format", form, "--output", "report"]) == status
    assert file.read_text("utf-8") == printed
    text = capsys.readouterr().out
    assert text.startswith("judged: ") and text.splitlines()[-1].startswith("halfhooks: ")
    assert "error[HH301]" in text and "HH301" in printed
    assert status == 1


def test_a_file_that_cannot_be_written_is_said_after_the_text(shop, capsys):
    with standing_in(shop.clone):
        assert cli.main(["check", "--format", "sarif", "--output", "nowhere/report.json"]) == 2
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == "halfhooks: clean"
    assert err == "halfhooks: 'nowhere/report.json' was not written: No such file or directory\n"

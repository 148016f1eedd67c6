"""`ho check` in real repositories: a legal state is clean at every step, what is planted in an unguarded one is found."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from halfhooks.ho import cli
from halfhooks.ho.commands import check
from halfhooks.ho.console import Console
from halfhooks.past import check_history
from halfhooks.report import LIMIT
from halfhooks.rules import Finding
from halfhooks.rules import check as check_rules
from halfhooks.snapshot import Update
from halfhooks.state import check_state
from halfhooks.survey import Survey
from tests.attacks.attacks_test import CORPUS, Story
from tests.builders import TESTS, WORKFLOW, Dev, Refs, parse_refs, run

GIT = shutil.which("git") or "git"
ZEROS = "0" * 40
SAVE = 'save() { commit "$1"; push "$(git branch --show-current)"; }'


class Answer(NamedTuple):
    status: int
    document: dict[str, Any]
    stderr: str

    @property
    def codes(self) -> set[str]:
        return {finding["code"] for finding in self.document["findings"] if finding["severity"] == "error"}

    @property
    def warnings(self) -> set[str]:
        return {finding["code"] for finding in self.document["findings"] if finding["severity"] == "warning"}


@contextmanager
def standing_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@pytest.fixture
def ho(capsys: pytest.CaptureFixture[str]):
    def ask(folder: Path, *arguments: str) -> Answer:
        capsys.readouterr()
        with standing_in(folder):
            status = cli.main(["check", "--format", "json", *arguments])
        out, err = capsys.readouterr()
        return Answer(status, json.loads(out) if out else {}, err)

    return ask


@pytest.fixture
def free(shop: Dev) -> Dev:
    """The sample project on a server without a guard."""
    (shop.server.path / "hooks" / "pre-receive").unlink()
    return shop


def play(dev: Dev, script: str) -> Dev:
    """Run a script that must succeed, with the steps of workflow.sh at hand."""
    dev.judge(f"{script}\n:", f"{WORKFLOW}; {SAVE}").accepted()
    return dev


# --- legal states


RECORD = """#!/bin/sh
git for-each-ref --format='%(refname) %(objectname)' > "states/$(ls states | wc -l)"
"""


def recorded(folder: Path, **environment: str) -> list[Refs]:
    """The refs of the server after each push of lifecycle.sh."""
    install = folder / "record.sh"
    hook = f"cat > $1/hooks/post-receive <<'END'\n{RECORD}END\nmkdir $1/states; chmod +x $1/hooks/post-receive\n"
    install.write_text(hook)
    run("sh", str(TESTS / "lifecycle.sh"), str(folder), f"sh {install}", env={**os.environ, **environment})
    states = sorted((folder / "server.git" / "states").iterdir(), key=lambda file: int(file.name))
    return [parse_refs(file.read_bytes()) for file in states]


@pytest.mark.parametrize("environment", [{}, {"ROOT": "services/shop", "FORMAT": "sha256"}], ids=["plain", "monorepo"])
def test_every_state_of_the_lifecycle_is_legal_and_every_range_accepted(tmp_path, environment):
    states = recorded(tmp_path, **environment)
    assert len(states) == 89
    ranges = 0
    with standing_in(tmp_path / "server.git"), Survey(GIT, os.environ) as survey:
        survey.objects.load({oid for refs in states for oid in refs.values()})
        for number, (before, after) in enumerate(zip([{}, *states], states), 1):
            survey.refs = {ref: survey.objects.target(oid) for ref, oid in after.items()}
            assert check_state(survey.state()[0]) == [], after
            if number % 4 == 1:
                assert check_history(survey.history()[0], survey.policy_at) == [], after
            moved = [ref for ref in {**before, **after} if before.get(ref) != after.get(ref)]
            if len(moved) == 1:
                (ref,) = moved
                survey.refs = {ref: survey.objects.target(oid) for ref, oid in before.items()}
                push, _ = survey.move(Update(before.get(ref, ""), after.get(ref, ""), ref))
                assert check_rules(push) == [], (ref, before, after)
                ranges += 1
    assert ranges >= 50


def test_ctrl_c_which_ends_git_too_is_an_interruption(shop: Dev) -> None:
    with standing_in(shop.clone), pytest.raises(KeyboardInterrupt), Survey(GIT, os.environ) as survey:
        os.kill(survey.objects._process.pid, signal.SIGINT)
        raise KeyboardInterrupt


def test_the_sample_is_clean_wherever_one_stands(shop, ho, tmp_path):
    run("git", "-C", str(shop.clone), "worktree", "add", "-q", str(tmp_path / "tree"), "topic")
    places = [shop.server.path, shop.clone, shop.clone / "releases", tmp_path / "tree", tmp_path / "tree" / "app"]
    for place in places:
        answer = ho(place)
        assert answer.status == 0, answer
        assert answer.document["findings"] == []
        assert answer.document["judged"]["production"] == "0.1.0"
    assert ho(shop.clone).document["judged"]["remote"] == "origin"
    assert ho(shop.server.path).document["judged"]["remote"] is None


LEGAL = {
    "a release that has merged a candidate which was finished and staged later": """
        start_release 0.3.0; git merge -q --no-ff -m 'Merge 0.2.0' ho-release/0.2.0; push ho-release/0.3.0
        integrate 0.2.0 3-tags
    """,
    "a withdrawn patch whose branch is left over, and whose number was given away": """
        withdraw 0.1.1 4-fix; push ho-release/0.1.1; new_patch 0.1.1 4-other
    """,
    "a withdrawn patch whose branch is older than its release": """
        candidate 0.2.0 9-early; push ho-release/0.2.0; git branch -q ho-patch/9-early ho-prod; push ho-patch/9-early
        withdraw 0.2.0 9-early; push ho-release/0.2.0
    """,
    "a promoted release whose branch is still there, and one of its patches": """
        merge_patch 0.1.1 4-fix; move_to_stage 0.1.1 4-fix; commit 'Stage 4-fix'; push ho-release/0.1.1
        prepare_promotion 0.1.1; commit 'Promote 0.1.1'; push ho-prod
    """,
    "an abandoned release with a patch branch left over from its RC": """
        integrate 0.1.1 4-fix; cut_rc 0.1.1 1; new_patch 0.1.1 6-late; work_on 6-late 'select 6;'; abandon 0.1.1 1
    """,
    "a release that was started again with the patch of the one before": """
        push :ho-release/0.1.1; git branch -q -D ho-release/0.1.1; start_release 0.1.1; candidate 0.1.1 4-fix
        push ho-release/0.1.1
    """,
    "an open hotfix of a version that had an RC": """
        hotfix_open 0.1.0 v0.1.0; new_patch 0.1.0 8-urgent; work_on 8-urgent 'select 8;'; integrate 0.1.0 8-urgent
    """,
    "a promoted hotfix whose branch is still there": """
        hotfix_open 0.1.0 v0.1.0; new_patch 0.1.0 8-urgent; work_on 8-urgent 'select 8;'; integrate 0.1.0 8-urgent
        prepare_hotfix 0.1.0 1; commit 'Promote 0.1.0-hotfix1'; push ho-prod
    """,
}


@pytest.mark.parametrize("story", LEGAL)
def test_a_legal_state_is_clean(shop, ho, story):
    play(shop, LEGAL[story])
    for arguments in ((), ("--history",)):
        answer = ho(shop.server.path, *arguments)
        assert (answer.status, answer.document["findings"]) == (0, [])


# --- planted violations, by invariant

PLANTED = {
    "1 a version is skipped": ("HH201", "git branch ho-release/0.9.0 ho-prod; push ho-release/0.9.0"),
    "1 production has a gap": (
        "HH201",
        "git switch -q ho-prod; : > releases/0.3.0.txt; model 0.3.0; save 'Jump'",
    ),
    "1 a hotfix number is skipped": (
        "HH205",
        "git switch -q ho-prod; : > releases/0.1.0-hotfix2.txt; model 0.1.0-hotfix2; save 'Jump'",
    ),
    "1 a hotfix of a version that never was": (
        "HH205",
        "git switch -q ho-prod; : > releases/0.0.9-hotfix1.txt; save 'Fix'",
    ),
    "1 production has no version": ("HH107", "git switch -q ho-prod; git rm -qr releases; save 'No'"),
    "2 a larger release has an RC": ("HH206", "cut_rc 0.2.0 1"),
    "3 a patch stands in two releases": ("HH304", "candidate 0.1.1 3-tags; push ho-release/0.1.1"),
    "3 a patch stands in two states": (
        "HH304",
        "git switch -q ho-release/0.2.0; echo 2-posts >> releases/0.2.0-candidates.txt; save 'Twice'",
    ),
    "3 a released patch is a candidate again": ("HH304", "candidate 0.1.1 1-users; push ho-release/0.1.1"),
    "3 a patch was released twice": (
        "HH304",
        "git switch -q ho-prod; echo 1-users > releases/0.1.0-hotfix1.txt; model 0.1.0-hotfix1; save 'Again'",
    ),
    "3 a number is taken": ("HH402", "new_patch 0.1.1 3-other"),
    "3 a number is taken by a released patch": ("HH402", "new_patch 0.1.1 01-other"),
    "3 two released patches share a number": (
        "HH402",
        "git switch -q ho-prod; echo 01-more > releases/0.1.0-hotfix1.txt; model 0.1.0-hotfix1; save 'Again'",
    ),
    "3 a staged patch has no directory": (
        "HH307",
        "git switch -q ho-release/0.2.0; git rm -qr Patches/2-posts; save 'Remove'",
    ),
    "3 a released patch has no directory": (
        "HH307",
        "git switch -q ho-prod; git rm -qr Patches/1-users; save 'Remove'",
    ),
    "3 production has a patch that no list names": (
        "HH212",
        "git switch -q ho-prod; mkdir Patches/9-x; echo x > Patches/9-x/README.md; save 'Slip'",
    ),
    "4 a production file differs on a release": (
        "HH301",
        "git switch -q ho-release/0.1.1; echo 9-x >> releases/0.1.0.txt; save 'Edit'",
    ),
    "4 an RC file differs on another release": (
        "HH301",
        "git switch -q ho-release/0.2.0; echo '# x' >> releases/0.1.0-rc1.txt; save 'Edit'",
    ),
    "4 a released patch differs on a release": (
        "HH403",
        "git switch -q ho-release/0.1.1; echo '--' >> Patches/1-users/01_change.sql; save 'Edit'",
    ),
    "4 a staged patch differs on another release": (
        "HH403",
        "git switch -q ho-release/0.1.1; mkdir Patches/2-posts; echo x > Patches/2-posts/x.sql; save 'Shadow'",
    ),
    "4 a model differs on a release": (
        "HH501",
        "git switch -q ho-release/0.1.1; echo '--' >> model/schema-0.1.0.sql; save 'Edit'",
    ),
    "4 a hotfix lost its marker": (
        "HH309",
        "hotfix_open 0.1.0 v0.1.0; : > releases/0.1.0-candidates.txt; save 'No marker'",
    ),
    "4 an ordinary release has the marker": (
        "HH309",
        "git switch -q ho-release/0.1.1; echo '# HOTFIX' > releases/0.1.1-candidates.txt; save 'x'",
    ),
    "4 a finished release goes on": (
        "HH114",
        "git switch -q -c ho-release/0.0.0 v0.1.0; git commit -q --allow-empty -m 'Go on'; push ho-release/0.0.0",
    ),
    "5 a patch branch without an id": ("HH401", "git branch ho-patch/nonsense ho-prod; push ho-patch/nonsense"),
    "5 a branch that the workflow does not know": ("HH101", "git branch ho-relase/0.2.0 ho-prod; push ho-relase/0.2.0"),
    "5 a look-alike": ("HH102", "git branch HO-PROD ho-prod; push HO-PROD"),
    "6 the schema link leads elsewhere": (
        "HH503",
        "git switch -q ho-prod; ln -sfn schema-0.0.0.sql model/schema.sql; save 'Back'",
    ),
    "6 the schema of production is missing": (
        "HH502",
        "git switch -q ho-prod; git rm -q model/schema-0.1.0.sql; save 'Remove'",
    ),
    "files: carriage returns on a release": (
        "HH303",
        "git switch -q ho-release/0.1.1; printf '4-fix\\r\\n' > releases/0.1.1-candidates.txt; save 'DOS'",
    ),
    "files: a stray name on a patch branch": (
        "HH302",
        "git switch -q ho-patch/4-fix; : > releases/notes.txt; save 'Notes'",
    ),
    "files: an executable on production": (
        "HH409",
        "git switch -q ho-prod; chmod +x releases/0.1.0.txt; save 'Run'",
    ),
    "tags: one of a blob": ("HH004", "git tag -a -m x v0.0.0 ho-prod:README.md; push v0.0.0"),
}


@pytest.mark.parametrize("story", PLANTED)
def test_a_planted_violation_is_found(free, ho, story):
    code, script = PLANTED[story]
    play(free, script)
    answer = ho(free.server.path)
    assert answer.status == 1
    assert code in answer.codes
    assert ho(free.clone).codes == answer.codes  # the push moved the remote-tracking branches


def test_a_patch_branch_that_no_release_ever_listed_is_a_warning(free, ho):
    play(free, "git branch ho-patch/9-stray ho-prod; push ho-patch/9-stray")
    answer = ho(free.server.path)
    assert (answer.status, answer.codes, answer.warnings) == (0, set(), {"HH110"})
    assert answer.document["summary"] == {"errors": 0, "warnings": 1, "clean": True}


def test_a_code_that_is_set_to_warn_only_warns(free, ho):
    play(free, PLANTED["2 a larger release has an RC"][1])
    free.server.config("halfhooks.warn", "HH206")
    answer = ho(free.server.path)
    assert (answer.status, answer.warnings) == (0, {"HH206"})
    assert ho(free.clone).status == 1  # its own configuration says nothing


def test_the_policy_is_that_of_production(free, ho):
    play(free, "new_patch 0.1.1 3-other")
    play(
        free,
        "git switch -q ho-prod; printf '\\tuniqueNumbers = false\\n' >> halfhooks.conf; commit 'Lift'; push ho-prod",
    )
    assert ho(free.server.path).codes == set()


def test_what_is_wrong_with_the_policy_is_remarked_upon(free, ho):
    play(
        free, "git switch -q ho-prod; printf '\\tuniqNumbers = false\\n' >> halfhooks.conf; commit 'Slip'; push ho-prod"
    )
    (remark,) = ho(free.server.path).document["remarks"]
    assert "uniqnumbers" in remark


# --- whose branches


def test_a_clone_is_judged_by_what_its_remote_said(free, ho):
    free.git("branch", "ho-release/0.9.0", "ho-prod")
    assert ho(free.clone).status == 0
    assert ho(free.clone, "--local").codes == {"HH201"}
    free.git("remote", "rename", "origin", "upstream")
    assert ho(free.clone).codes == {"HH201"}  # no origin: its own branches
    assert ho(free.clone, "--remote", "upstream").status == 0
    assert ho(free.clone, "--remote", "nowhere").status == 2


def test_a_repository_in_the_environment_of_a_hook(shop, ho, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(shop.server.path))
    monkeypatch.setenv("GIT_INDEX_FILE", "index")
    assert ho(tmp_path).document["judged"]["repository"] == str(shop.server.path)


# --- ranges

SINGLE = re.compile(r"git push -q origin (?P<sign>[+:]?)(?P<name>[a-z][\w/.-]*)$")
FAMILIES = ("hotfixes", "promotions", "touch_then_revert", "deletions", "rewrites", "starts", "rcs", "squashes")


def ranges() -> list[Story]:
    stories = [story for story in CORPUS if story.family in FAMILIES and SINGLE.search(story.script.strip())]
    return [story for number, story in enumerate(stories) if number % 3 == 0]


@pytest.mark.parametrize("story", ranges(), ids=[f"{story.family}: {story.title}" for story in ranges()])
def test_a_range_is_judged_as_the_server_judges_the_push(shop, ho, story):
    *setup, last = story.script.strip().splitlines()
    play(shop, "\n".join(setup))
    told = SINGLE.search(last)
    assert told
    name = told["name"]
    kind = "tags" if re.match(r"v\d", name) else "heads"
    old = shop.server.refs().get(f"refs/{kind}/{name}", "")
    new = ZEROS if told["sign"] == ":" else shop.git("rev-parse", f"refs/{kind}/{name}").strip()
    shop.git("fetch", "-q", "--prune", "origin")
    here = ho(shop.clone, f"{old}..{new}", "--ref", f"refs/{kind}/{name}")
    there = ho(shop.server.path, f"{old}..{ZEROS}", "--ref", f"refs/{kind}/{name}") if new == ZEROS else here
    pushed = shop.push(told["sign"] + f"refs/{kind}/{name}" if told["sign"] == ":" else told["sign"] + name)
    assert here.codes == there.codes == pushed.codes
    assert (here.status == 0) == pushed.ok


def test_a_detached_checkout_without_the_branch(shop, ho, tmp_path):
    ci = tmp_path / "ci"
    new = shop.git("rev-parse", "ho-release/0.1.1").strip()
    run("git", "clone", "-q", str(shop.server.path), str(ci))
    run("git", "-C", str(ci), "switch", "-q", "--detach", new)
    run("git", "-C", str(ci), "branch", "-q", "-D", "ho-prod")
    assert ho(ci, f"{new}~1..HEAD", "--ref", "ho-release/0.1.1").status == 0
    run("git", "-C", str(ci), "commit", "-q", "--allow-empty", "-m", "x")
    (ci / "app").mkdir(exist_ok=True)
    (ci / "app" / "x.py").write_text("x")
    run("git", "-C", str(ci), "add", "-A")
    run("git", "-C", str(ci), "commit", "-q", "-m", "Slip")
    assert ho(ci, f"{new}..HEAD", "--ref", "ho-release/0.1.1").codes == {"HH108"}


def shallow(dev: Dev, folder: Path, depth: int) -> Path:
    options = (f"--depth={depth}", "--no-single-branch", "--branch", "ho-release/0.1.1")
    run("git", "clone", "-q", *options, f"file://{dev.server.path}", str(folder))
    return folder


def test_a_shallow_checkout_says_what_to_fetch(shop, ho, tmp_path):
    ci = shallow(shop, tmp_path / "ci", 1)
    range_ = ("..HEAD", "--ref", "ho-release/0.9.0")
    command = "git fetch --unshallow --tags origin '+refs/heads/*:refs/remotes/origin/*'"
    for arguments in (range_, ("--history",)):
        answer = ho(ci, *arguments)
        assert answer.status == 2
        assert answer.stderr.count("\n") == 1
        assert command in answer.stderr
    subprocess.run(["sh", "-c", command], cwd=ci, check=True, capture_output=True)
    assert ho(ci, *range_).codes == {"HH201", "HH209"}


def test_a_shallow_checkout_that_holds_what_is_needed_is_judged(shop, ho, tmp_path):
    ci = shallow(shop, tmp_path / "ci", 2)
    assert ho(ci, "..HEAD", "--ref", "ho-release/0.9.0").codes == {"HH201", "HH209"}


def test_a_checkout_of_one_branch_says_what_to_fetch(shop, ho, tmp_path):
    ci = tmp_path / "ci"
    run("git", "clone", "-q", "--single-branch", "--branch", "ho-patch/4-fix", str(shop.server.path), str(ci))
    for arguments in ((), ("--history",), ("HEAD~1..HEAD", "--ref", "ho-patch/4-fix")):
        answer = ho(ci, *arguments)
        assert answer.status == 2
        assert "git fetch --tags origin" in answer.stderr


def test_a_branch_that_exists_elsewhere_is_not_created(shop, ho):
    tips = {name: shop.git("rev-parse", name).strip() for name in ("ho-prod", "ho-patch/4-fix")}
    for place in (shop.clone, shop.server.path):
        for old in ("", ZEROS):
            for name, new in (("ho-prod", "ho-prod~1"), ("ho-prod", "ho-prod"), ("ho-patch/4-fix", "ho-prod")):
                answer = ho(place, f"{old}..{new}", "--ref", name)
                assert answer.status == 2
                assert answer.stderr == (
                    f"halfhooks: cannot tell: '{name}' exists, at {tips[name][:7]}: give OLD..NEW\n"
                )


def test_a_new_branch_that_ci_has_fetched_is_created(shop, ho):
    shop.git("push", "-q", "origin", "ho-prod:topic2")
    new = shop.git("rev-parse", "ho-prod").strip()
    assert ho(shop.clone, f"..{new}", "--ref", "topic2").status == 0
    assert ho(shop.server.path, f"{ZEROS}..{new}", "--ref", "topic2").status == 0


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("HEAD~1...HEAD", "three dots, which compare two branches; a move is HEAD~1..HEAD"),
        ("HEAD..", "does not say where the branch moves to"),
        ("HEAD", "is one commit"),
    ],
)
def test_a_bad_range_says_why_in_one_line(shop, ho, typed, said):
    answer = ho(shop.clone, typed, "--ref", "topic")
    assert answer.status == 2
    assert said in answer.stderr
    assert answer.stderr.count("\n") == 1


# --- history


def test_a_touch_that_was_reverted_is_in_the_history(free, ho):
    play(
        free,
        """git switch -q ho-release/0.1.1
        echo 9-x >> releases/0.1.0.txt
        echo '--' >> Patches/1-users/01_change.sql; echo '--' >> model/schema-0.1.0.sql; commit 'Touch'
        git revert --no-edit HEAD >/dev/null; push ho-release/0.1.1""",
    )
    touch = free.git("rev-parse", "HEAD~1").strip()
    assert ho(free.server.path).status == 0
    answer = ho(free.server.path, "--history")
    assert answer.status == 1
    found = [(finding["code"], finding["commit"]) for finding in answer.document["findings"]]
    assert found == [("HH301", touch), ("HH403", touch), ("HH501", touch)]
    assert answer.document["findings"][0]["ref"] == "refs/heads/ho-release/0.1.1"


def test_what_went_round_the_hook_onto_production_is_in_the_history(free, ho):
    play(
        free,
        """git switch -q ho-prod; echo x > app/backdoor.py; commit 'Go round'; rounds=$(git rev-parse HEAD)
        git -C ../server.git fetch -q ../clone "+$rounds:refs/heads/ho-prod"
        echo 'A shop.' > README.md; commit 'Say what this is'; push ho-prod""",
    )
    assert ho(free.server.path).status == 0
    (finding,) = ho(free.server.path, "--history").document["findings"]
    assert (finding["code"], finding["path"]) == ("HH107", "app/backdoor.py")
    assert finding["commit"] == free.git("rev-parse", "HEAD~1").strip()


def test_a_touch_that_stayed_and_a_file_that_went_are_in_the_history(free, ho):
    play(
        free,
        """git switch -q ho-prod; echo 9-x >> releases/0.1.0.txt; commit 'Touch'
        git rm -q releases/0.1.0-rc1.txt; save 'Drop'""",
    )
    findings = ho(free.server.path, "--history").document["findings"]
    assert [finding["code"] for finding in findings] == ["HH107", "HH301", "HH301"]
    texts = [finding["message"] for finding in findings[1:]]
    assert [text.split(" in ")[0] for text in texts] == [
        "'releases/0.1.0.txt' was edited",
        "'releases/0.1.0-rc1.txt' was deleted",
    ]


def test_a_staged_patch_that_changes_is_in_the_history(free, ho):
    play(
        free,
        """git switch -q ho-release/0.2.0; echo '--' >> Patches/2-posts/01_change.sql; commit 'Late'
        git switch -q ho-patch/5-code; : > releases/odd.txt; chmod +x Patches/5-code/README.md; commit 'Odd'
        push ho-release/0.2.0 ho-patch/5-code""",
    )
    assert ho(free.server.path, "--history").codes == {"HH403", "HH302", "HH409", "HH111"}


def test_a_history_that_holds_a_malformed_tree_is_not_judged_any_further(free, ho):
    """The two files of one name make it a guess what else the commit did."""
    free.server.config("receive.fsckObjects", "false").config("transfer.fsckObjects", "false")
    play(
        free,
        """git switch -q ho-release/0.1.1; echo '--' >> Patches/1-users/01_change.sql; save 'Touch'""",
    )
    assert ho(free.server.path, "--history").codes == {"HH403"}
    listed = (line.split(None, 3) for line in free.git("ls-tree", "HEAD:releases").splitlines())
    entries = [f"{mode} {name}\0".encode() + bytes.fromhex(oid) for mode, _, oid, name in listed]
    command = ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"]
    made = subprocess.run(command, input=b"".join([entries[0], *entries]), cwd=free.clone, capture_output=True)
    twice = made.stdout.decode().strip()
    tree = re.sub(r" \w+(\treleases)$", rf" {twice}\1", free.git("ls-tree", "HEAD"), flags=re.MULTILINE)
    (free.clone.parent / "tree").write_text(tree)
    play(
        free,
        f"""m=$(git commit-tree "$(git mktree < {free.clone.parent}/tree)" -p HEAD -m 'Plant')
        git push -q origin "$m:refs/heads/ho-release/0.1.1\"""",
    )
    answer = ho(free.server.path, "--history")
    assert answer.codes == {"HH005"}
    assert "it lists '0.0.0.txt' twice" in answer.document["findings"][0]["message"]


def test_one_commit_among_thousands_is_found(free, ho):
    lines = ["reset refs/heads/ho-patch/4-fix", "from refs/heads/ho-patch/4-fix^0", ""]
    for number in range(5_000):
        mode = 120000 if number == 2_500 else 100644
        lines += ["commit refs/heads/ho-patch/4-fix", f"committer d <d@x> {1767225600 + number} +0000", "data 1", "x"]
        lines += [f"M {mode} inline Patches/4-fix/f{number % 50}.sql", f"data {len(str(number))}", str(number), ""]
    run_input(["git", "fast-import", "--quiet", "--force"], "\n".join(lines), free.server.path)
    answer = ho(free.server.path, "--history")
    assert answer.document["judged"]["commits"] > 5_000
    assert [finding["message"].split(" in ")[0] for finding in answer.document["findings"]] == [
        "'Patches/4-fix/f0.sql' is a symlink"
    ]


def run_input(command: Sequence[str], text: str, folder: Path) -> None:
    subprocess.run(command, input=text, cwd=folder, text=True, check=True, capture_output=True)


# --- the command


def test_the_document(free, ho):
    play(free, PLANTED["2 a larger release has an RC"][1])
    document = ho(free.server.path).document
    assert list(document) == ["version", "judged", "findings", "remarks", "summary"]
    assert document["version"] == check.FORMAT == 1
    assert document["judged"] == {
        "mode": "state",
        "repository": str(free.server.path),
        "remote": None,
        "branches": 6,
        "releases": ["0.1.1", "0.2.0"],
        "production": "0.1.0",
    }
    assert document["summary"] == {"errors": 1, "warnings": 0, "clean": False}
    (finding,) = document["findings"]
    assert finding["code"] == "HH206"
    assert finding["ref"] == "refs/heads/ho-release/0.1.1"
    tip = free.server.refs()["refs/heads/ho-release/0.1.1"]
    judged = ho(free.server.path, f"{tip}~1..{tip}", "--ref", "ho-release/0.1.1").document["judged"]
    assert judged["mode"] == "range"
    assert judged["ref"] == "refs/heads/ho-release/0.1.1"
    assert judged["new"] == tip
    assert ho(free.server.path, "--history").document["judged"]["mode"] == "history"


def test_the_text(free, capsys):
    with standing_in(free.clone):
        assert cli.main(["check"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            "judged: the branches of 'origin' as last fetched: 6 branches, 2 open releases (0.1.1, 0.2.0), production 0.1.0",
            "halfhooks: clean",
        ]
        play(free, PLANTED["2 a larger release has an RC"][1])
        assert cli.main(["check"]) == 1
    shown = capsys.readouterr().out
    assert "error[HH206]: 0.1.1" in shown
    assert shown.splitlines()[-1] == "halfhooks: 1 error, the state is not legal"
    assert "\x1b" not in shown


def test_the_text_on_a_terminal():
    finding = Finding("'a' is wrong", ref="refs/heads/\x1b[31m", code="HH301")
    stream = io.StringIO()
    verdict = check.Verdict({}, "all of it", [finding] * (LIMIT + 1), ["a remark"], "good", "bad")
    check.show(Console(stream, terminal=True), verdict)
    shown = stream.getvalue()
    assert "\x1b[1;31merror[HH301]: 'a' is wrong" in shown
    assert "\\x1b[31m" in shown
    assert "\x1b[31m" not in shown
    assert "all of them: ho check --format json" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["HEAD"],
        ["HEAD...HEAD", "--ref", "topic"],
        ["HEAD..", "--ref", "topic"],
        ["HEAD..HEAD"],
        ["--ref", "topic"],
        ["HEAD..HEAD", "--ref", "topic", "--history"],
        ["HEAD..nowhere", "--ref", "topic"],
        ["HEAD..HEAD:README.md", "--ref", "topic"],
        [f"HEAD..{'1' * 40}", "--ref", "topic"],
        [f"HEAD..{'1' * 40}", "--ref", "refs/tags/v9.9.9"],
        ["--local", "--remote", "origin"],
    ],
)
def test_a_bad_call_is_no_verdict(shop, ho, arguments):
    answer = ho(shop.clone, *arguments)
    assert (answer.status, answer.document) == (2, {})


def test_json_is_a_short_word_for_the_format(shop, capsys):
    with standing_in(shop.server.path):
        assert cli.main(["check", "--format", "json"]) == 0
        long = capsys.readouterr().out
        assert cli.main(["check", "--json"]) == 0
    assert capsys.readouterr().out == long
    assert json.loads(long)["summary"]["clean"]


def test_no_repository_no_production_no_objects_no_git(shop, ho, tmp_path, monkeypatch):
    outside, empty = tmp_path / "outside", tmp_path / "empty.git"
    outside.mkdir()
    run("git", "init", "-q", "--bare", str(empty))
    assert "not a git repository" in ho(outside).stderr
    assert "no branch 'ho-prod'" in ho(empty).stderr
    assert [ho(outside).status, ho(empty).status] == [2, 2]
    for pack in (shop.server.path / "objects" / "pack").iterdir():
        pack.unlink()
    answer = ho(shop.server.path)
    assert answer.status == 2
    assert answer.stderr.startswith("halfhooks: cannot tell: ")
    assert answer.stderr.count("\n") == 1
    monkeypatch.setenv("PATH", str(outside))
    assert "git is not in the PATH" in ho(shop.clone).stderr

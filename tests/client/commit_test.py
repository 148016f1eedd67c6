"""pre-commit and pre-merge-commit: what may be committed, and what is stopped with a clear line."""

from __future__ import annotations

import shlex

import pytest

from tests.builders import WORKFLOW, run
from tests.client import desk as desks
from tests.client.desk import Desk

FIXED = "Patches/1-users/01_change.sql"
LIST = "releases/0.1.0.txt"


# --- what counts is the index


def test_what_is_fixed_stays_fixed(desk):
    said = desk.stage(FIXED, "drop table users;\n").commit().stopped("HH111", "HH403", says="nothing was committed")
    assert "help: git restore --staged ':/Patches/1-users', and commit again" in said.ours
    assert "commit:" not in said.text  # there is none yet
    desk.git("restore", "--staged", FIXED).passed()
    desk.stage("app/x.py", "x = 1\n").commit().passed()


def test_the_index_counts_and_not_the_working_tree(desk):
    own = "Patches/3-tags/01_change.sql"
    desk.stage(own, "select 1;\n").write(own, "select 'open;\n").commit().passed()
    desk.git("add", own).passed()
    desk.write(own, "select 2;\n").commit().stopped("HH406")


def test_git_add_p(desk):
    """One hunk of two."""
    own = "Patches/3-tags/02_more.sql"
    lines = [f"select {n};" for n in range(20)]
    desk.stage(own, "\n".join([*lines, ""])).commit().passed()
    desk.write(own, "\n".join(["select 'good';", *lines, "select 'bad;", ""]))
    desk.git("add", "-p", own, text="y\nn\n").passed()
    desk.commit().passed()
    desk.git("add", "-p", own, text="y\n").passed()
    desk.commit().stopped("HH406")


def test_commit_all_and_commit_a_path_judge_what_they_commit(desk):
    """Each makes an index of its own: GIT_INDEX_FILE."""
    desk.write(FIXED, "-- worse\n").write("app/p_3_tags.py", "# better\n")
    desk.commit("-a").stopped("HH111", "HH403")
    desk.commit("app/p_3_tags.py").passed()
    desk.commit(FIXED).stopped("HH111", "HH403")
    desk.git("add", "-A").passed()
    desk.write("app/p_3_tags.py", "# best\n").commit("app/p_3_tags.py").passed()
    desk.write("app/p_3_tags.py", "# beyond\n").commit("--include", "app/p_3_tags.py").stopped("HH111", "HH403")


def test_allow_empty(desk):
    desk.commit("--allow-empty").passed()
    desk.switch("ho-prod").commit("--allow-empty").passed()
    desk.switch("ho-release/0.2.0").commit("--allow-empty").passed()


def test_an_unmerged_index(desk):
    desk.stage("app/code.py", "one\n").commit().passed()
    assert desk.git("merge", "ho-patch/5-code").status  # a conflict
    said = desk.git("-c", f"alias.judge=!{shlex.quote(str(desks.HOOKS))}/pre-commit", "judge")
    said.stopped(says="halfhooks: 'app/code.py' is not merged yet: settle it, git add it, and commit again")
    desk.stage("app/code.py", "both\n").git("commit", "--no-edit", "-q").passed()


def test_intent_to_add_is_no_content(desk):
    desk.write("Patches/1-users/09_more.sql", "select 1;\n").git("add", "-N", ".").passed()
    desk.stage("app/x.py", "x = 1\n").commit().passed()
    desk.commit("-a").stopped("HH111", "HH403")


# --- kinds of change


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (f"git mv {FIXED} Patches/1-users/02_change.sql", ("HH111", "HH403")),
        ("git rm -q -r Patches/1-users", ("HH111", "HH403")),
        ("rm -r Patches/1-users; echo x > Patches/1-users; git add -A", ("HH111", "HH403")),
        (f"rm {FIXED}; mkdir {FIXED}; echo x > {FIXED}/x; git add -A", ("HH111", "HH403")),
        (f"git update-index --chmod=+x {FIXED}", ("HH111", "HH403", "HH409")),
        (f"ln -sf /etc/passwd {FIXED}; git add -A", ("HH111", "HH403", "HH409")),
        (f"git update-index --cacheinfo 160000,{'1' * 40},{FIXED}", ("HH111", "HH403", "HH409")),
        (f"git update-index --add --cacheinfo 160000,{'1' * 40},Patches/3-tags/sub", ("HH409",)),
        ("ln -s x Patches/3-tags/x.sql; git add -A", ("HH409",)),
        ("git update-index --chmod=+x Patches/3-tags/01_change.sql", ("HH409",)),
        (f"git update-index --chmod=+x {LIST}", ("HH111", "HH301", "HH303", "HH409")),
        (f"git mv {LIST} releases/0.1.9.txt", ("HH111", "HH301")),
        ("rm -r releases; echo x > releases; git add -A", ("HH111", "HH301")),
        (f"rm {LIST}; mkdir {LIST}; echo x > {LIST}/x; git add -A", ("HH111", "HH301", "HH303")),
        ("ln -sf schema-0.0.0.sql model/schema.sql; git add -A", ("HH111",)),
        ("echo x > model/schema-0.1.0.sql; git add -A", ("HH111", "HH501")),
        ("mkdir Releases; echo x > Releases/x; git add -A", ("HH302",)),
        ("mkdir patches; echo x > patches/x; git add -A", ("HH405",)),
        ("echo x > releases/notes.txt; git add -A", ("HH111", "HH302")),
        ("echo 'not an id' > releases/0.2.0-candidates.txt; git add -A", ("HH111", "HH303")),
    ],
)
def test_what_no_later_commit_can_mend(desk, change, codes):
    run("sh", "-e", "-c", change, cwd=desk.clone)
    desk.commit().stopped(*codes)


@pytest.mark.parametrize(
    "change",
    [
        "git mv Patches/3-tags/01_change.sql Patches/3-tags/02_change.sql",
        "rm Patches/3-tags/01_change.sql; mkdir Patches/3-tags/01_change.sql; echo 1 > Patches/3-tags/01_change.sql/x",
        "rm -r app; echo x > app",
        "rm app/p_1_users.py; mkdir app/p_1_users.py; echo x > app/p_1_users.py/x.py",
        "ln -s /etc/passwd app/link",
        "chmod +x app/p_1_users.py",
        "echo x >> Patches/README.md; echo x > releases/README.md",
        "mkdir -p other/releases; echo x > other/releases/x",
        "mkdir Patches/3-tags/data; echo x > Patches/3-tags/data/x.csv",
    ],
)
def test_what_is_anybodys_business(desk, change):
    run("sh", "-e", "-c", f"{change}; git add -A", cwd=desk.clone)
    desk.commit().passed()


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("02_open.sql", "select 'open;\n", "HH406"),
        ("02_latin.sql", "select '\udce9';\n", "HH406"),
        ("02_code.py", "def x(:\n", "HH406"),
        ("02_commit.sql", "begin; select 1; commit;\n", "HH407"),
        ("02_index.sql", "create index concurrently on users (name); select 1;\n", "HH408"),
        ("01_CHANGE.sql", "select 1;\n", "HH405"),
    ],
)
def test_files_that_no_release_takes_are_mended_early(desk, name, text, code):
    said = desk.stage(f"Patches/3-tags/{name}", text).commit().stopped(code)
    assert "restore --staged" not in said.text


def test_a_python_file_says_where_it_is_wrong(desk):
    said = desk.stage("Patches/3-tags/02_code.py", "x = 1\nif x\n    pass\n").commit().stopped("HH406")
    assert "path: Patches/3-tags/02_code.py:2:5" in said.ours
    desk.stage("Patches/3-tags/02_code.py", "x = 1\n").stage("app/wrong.py", "if x\n").commit().passed()


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("[halfhooks]\n\totherRefs = perhaps\n", "'halfhooks.otherRefs = perhaps' must be allow or refuse"),
        ("[halfhooks\n", "bad config line 1"),
        ("[halfhooks]\n\troot = shop\n", "cannot change once the project has begun"),
    ],
)
def test_a_policy_that_no_release_takes_is_mended_early(desk, policy, says):
    before = (desk.clone / "halfhooks.conf").read_text()
    said = desk.stage("halfhooks.conf", policy).commit().stopped("HH007", says=says)
    assert "help: mend it, git add ':/halfhooks.conf', and commit again" in said.ours
    desk.forced().stage("app/x.py", "x = 1\n").commit().passed()  # it was not this one that broke it
    desk.stage("halfhooks.conf", before + "[halfhooks]\n\totherRefs = refuse\n").commit().passed()
    desk.switch("-c", "topic-2").stage("halfhooks.conf", policy).commit().passed()


def test_a_policy_that_is_no_file(desk):
    (desk.clone / "halfhooks.conf").unlink()
    (desk.clone / "halfhooks.conf").symlink_to("README.md")
    desk.git("add", "halfhooks.conf").passed()
    desk.commit().stopped("HH007", says="it is no regular file")


# --- amend, rebase, cherry-pick, revert


def test_amending_mends(desk):
    desk.stage(FIXED, "-- worse\n").stage("app/x.py", "x = 1\n").forced()
    desk.git("restore", "--source=HEAD~", "--staged", "--worktree", FIXED).passed()
    desk.git("commit", "-q", "--amend", "--no-edit").passed()


def test_amending_that_leaves_it_is_stopped(desk):
    desk.stage(FIXED, "-- worse\n").stage("app/x.py", "x = 1\n").forced()
    desk.stage("app/x.py", "x = 2\n").git("commit", "-q", "--amend", "--no-edit").stopped("HH111", "HH403")


def test_amending_into_a_violation_is_stopped(desk):
    desk.stage("app/x.py", "x = 1\n").commit().passed()
    desk.stage(FIXED, "-- worse\n")
    desk.git("commit", "-q", "--amend", "--no-edit").stopped("HH111", "HH403")
    desk.git("-c", "alias.again=commit --amend --no-edit -q", "again").stopped("HH111", "HH403")


def test_a_message_that_looks_like_an_option(desk):
    desk.stage("Patches/3-tags/02_open.sql", "select 'open;\n").forced()
    desk.stage("app/x.py", "x = 1\n").git("commit", "-q", "-m", "--amend").passed()
    assert desk.message().startswith("--amend")


def test_a_commit_on_top_of_a_bad_one(desk):
    """The bad one is refused when it is pushed; this one is fine."""
    desk.stage(FIXED, "-- worse\n").forced()
    desk.stage("app/x.py", "x = 1\n").commit().passed()


def test_fixup_and_autosquash(desk):
    desk.stage("app/x.py", "x = 1\n").commit().passed()
    desk.stage("app/x.py", "x = 2\n").git("commit", "-q", "--fixup=HEAD").passed()
    assert desk.message() == "fixup! Change"
    desk.git("rebase", "-q", "-i", "--autosquash", "HEAD~2", GIT_SEQUENCE_EDITOR="true").passed()
    assert desk.ask("log", "--format=%s", "-2").splitlines() == ["Change", "Implement 3-tags"]


def test_rebase_on_the_release(desk):
    desk.switch("ho-release/0.2.0").write("docs/x.md", "x\n").git("add", "-A").passed()
    desk.commit().passed()
    desk.switch("ho-patch/3-tags").git("rebase", "-q", "ho-release/0.2.0").passed()


def test_rebase_reword(desk):
    desk.stage("app/x.py", "x = 1\n").forced()
    edit = {"GIT_SEQUENCE_EDITOR": "sed -i s/^pick/reword/", "GIT_EDITOR": "sed -i '1s/$/ better/'"}
    desk.git("rebase", "-q", "-i", "HEAD~2", **edit).passed()
    assert "better" in desk.message() and "Refs #3" in desk.message()
    assert desk.ask("log", "--format=%B", "-1", "HEAD~").endswith("Refs #3")


def test_rebase_edit(desk):
    """The branch stands still meanwhile; what counts is HEAD, which is detached."""
    desk.stage("Patches/3-tags/02_more.sql", "select 2;\n").commit().passed()
    desk.stage("Patches/3-tags/03_more.sql", "select 3;\n").commit().passed()
    desk.git("rebase", "-q", "-i", "HEAD~2", GIT_SEQUENCE_EDITOR="sed -i 1s/^pick/edit/")
    assert not (desk.clone / "Patches/3-tags/03_more.sql").exists()
    desk.stage("Patches/3-tags/02_more.sql", "select 'open;\n")
    desk.git("commit", "-q", "--amend", "--no-edit").stopped("HH406")
    desk.stage(FIXED, "-- worse\n")
    desk.stage("Patches/3-tags/02_more.sql", "select 4;\n")
    desk.git("commit", "-q", "--amend", "--no-edit").stopped("HH111", "HH403")
    desk.git("restore", "--staged", "--worktree", FIXED).passed()
    desk.git("commit", "-q", "--amend", "--no-edit").passed()
    desk.stage("Patches/3-tags/05_between.sql", "select 5;\n").commit().passed()
    desk.git("rebase", "--continue", GIT_EDITOR="true").passed()
    assert desk.ask("symbolic-ref", "HEAD") == "refs/heads/ho-patch/3-tags"


def test_rebase_with_a_conflict(desk):
    desk.stage("app/code.py", "one\n").commit().passed()
    assert desk.git("rebase", "ho-patch/5-code").status
    desk.stage("app/code.py", "both\n").git("rebase", "--continue", GIT_EDITOR="true").passed()


def test_cherry_pick_and_revert(desk):
    desk.git("cherry-pick", "ho-patch/5-code").passed()
    desk.git("revert", "--no-edit", "HEAD").passed()
    desk.stage(FIXED, "-- worse\n").forced()
    bad = desk.ask("rev-parse", "HEAD")
    desk.git("reset", "-q", "--hard", "HEAD~").passed()
    desk.git("cherry-pick", "--no-commit", bad).passed()
    desk.commit().stopped("HH111", "HH403")
    desk.git("reset", "-q", "--hard").passed()
    desk.git("reset", "-q", "--hard", bad).passed()
    desk.git("revert", "--no-edit", "HEAD").passed()


# --- merges


def shell(desk: Desk, script: str) -> None:
    run("sh", "-e", "-c", f"{WORKFLOW}\n{script}", cwd=desk.clone)


def test_integrating_and_staging(desk):
    shell(desk, "merge_patch 0.2.0 3-tags; move_to_stage 0.2.0 3-tags; commit 'Stage 3-tags'")
    shell(desk, "git merge -q --no-ff --no-commit ho-patch/5-code; move_to_stage 0.2.0 5-code; commit 'Both at once'")


def test_a_squash(desk):
    shell(desk, "git switch -q ho-release/0.2.0; git merge -q --squash ho-patch/3-tags; commit 'Integrate 3-tags'")


def test_a_merge_that_brings_more_is_stopped(desk):
    desk.switch("ho-release/0.2.0").git("merge", "-q", "--no-ff", "--no-commit", "ho-patch/3-tags").passed()
    desk.stage("app/p_1_users.py", "# sneaked in\n").commit().stopped("HH113")


def test_a_merge_of_what_is_no_patch_is_stopped_before_it_is_committed(desk):
    desk.switch("-c", "mine", "ho-release/0.2.0").stage("app/mine.py", "x = 1\n").commit().passed()
    said = desk.switch("ho-release/0.2.0").git("merge", "--no-ff", "--no-edit", "mine")
    assert said.status == 0 or said.codes == {"HH108"}, said.text


def test_a_merge_of_a_smaller_release_and_of_production(desk):
    shell(desk, "git switch -q ho-release/0.2.0; git merge -q --no-ff --no-edit ho-release/0.1.1")
    shell(desk, "git merge -q --no-ff --no-edit ho-prod")


def test_an_octopus(desk):
    desk.switch("ho-release/0.2.0").git(
        "merge", "-q", "--no-ff", "--no-edit", "ho-patch/3-tags", "ho-patch/5-code"
    ).passed()
    assert len(desk.ask("log", "-1", "--format=%P").split()) == 3


def test_a_merge_into_a_patch_branch(desk):
    desk.git("merge", "-q", "--no-edit", "ho-patch/5-code").passed()
    desk.stage(FIXED, "-- worse\n").forced()
    desk.switch("ho-patch/5-code").git("merge", "-q", "--no-ff", "--no-edit", "ho-patch/3-tags")


# --- production and releases


def test_a_commit_on_production_is_stopped(desk):
    said = desk.switch("ho-prod").stage("app/quick.py", "x = 1\n").commit().stopped("HH107")
    assert "git switch ho-patch/ID takes the change along" in said.ours
    desk.git("reset", "-q", "--hard").passed()
    desk.stage("docs/x.md", "words\n").commit().passed()
    desk.stage("model/x.sql", "words\n").commit().stopped("HH107", "HH502")


def test_a_merge_into_production_that_promotes_nothing_is_one_finding(desk):
    said = desk.switch("ho-prod").git("merge", "-q", "--no-ff", "--no-edit", "ho-patch/3-tags").stopped("HH107")
    assert said.ours.count("error[") == 1
    assert "help: git merge --abort" in said.ours


def test_production_is_begun_anew_while_no_server_has_it(desk):
    desk.switch("ho-prod").stage("model/schema-0.1.0.sql", "create table t ();\n")
    desk.git("commit", "-q", "--amend", "--no-edit").stopped("HH501", "HH502")
    desk.git("remote", "remove", "origin").passed()
    desk.git("commit", "-q", "--amend", "--no-edit").passed()


def test_a_commit_on_a_release_is_stopped(desk):
    desk.switch("ho-release/0.2.0").stage("app/quick.py", "x = 1\n").commit().stopped("HH108")
    desk.git("reset", "-q", "--hard").passed()
    desk.stage("docs/x.md", "words\n").commit().passed()
    desk.stage("releases/0.1.1-candidates.txt", "4-fix\n9-more\n").commit().stopped("HH310")


def test_promotions(desk):
    shell(desk, "integrate 0.1.1 4-fix; promote 0.1.1")


def test_a_promotion_in_two_commits(desk):
    """The merge, and a commit with its bookkeeping."""
    shell(desk, "integrate 0.1.1 4-fix; git switch -q ho-prod; git merge -q --no-ff -m 'Merge 0.1.1' ho-release/0.1.1")
    books = "git mv releases/0.1.1-stage.txt releases/0.1.1.txt; git rm -q releases/0.1.1-candidates.txt; model 0.1.1"
    shell(
        desk, f"{books}; commit 'Promote 0.1.1'; git tag -a -m 'Release' v0.1.1; push ho-prod v0.1.1 :ho-release/0.1.1"
    )


def test_a_hotfix(desk):
    shell(desk, "hotfix_open 0.1.0 v0.1.0; new_patch 0.1.0 6-hot; work_on 6-hot 'select 1;'; integrate 0.1.0 6-hot")
    shell(desk, "promote_hotfix 0.1.0 1")


def test_starting_restarting_and_withdrawing(desk):
    shell(
        desk, "start_release 0.3.0; new_patch 0.3.0 7-new; withdraw 0.3.0 7-new; push ho-release/0.3.0 :ho-patch/7-new"
    )
    shell(desk, "abandon 0.3.0 1; start_release 0.3.0")

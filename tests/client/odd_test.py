"""The hooks of a clone in unusual repositories, and for users with a configuration and an environment of their own."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from tests.builders import WORKFLOW, Dev, run
from tests.client.desk import Desk

FIXED = "Patches/1-users/01_change.sql"
OWN = "Patches/3-tags/02_more.sql"


def works(desk: Desk, root: str = "") -> None:
    """Ordinary work passes and gets its reference, what is fixed is held fast; on the branch of 3-tags."""
    desk.stage(f"{root}{OWN}", "select 1;\n").commit().passed()
    assert desk.message() == "Change\n\nRefs #3"
    desk.stage(f"{root}{FIXED}", "-- worse\n").commit().stopped("HH111", "HH403")
    desk.git("reset", "-q", "--hard").passed()


# --- repositories


def test_a_detached_head(desk):
    desk.git("switch", "-q", "--detach").passed()
    desk.stage(FIXED, "-- worse\n").commit().passed()
    assert desk.message() == "Change"


@pytest.mark.parametrize("branch", ["ho-prod", "ho-patch/1-first", "main"])
def test_a_repository_without_a_version_yet(tmp_path, branch):
    desk = Desk(tmp_path)
    desk.git("init", "-q", "-b", branch).passed()
    desk.hooked().stage("releases/nonsense", "x\n").commit().passed()
    desk.stage("releases/more", "x\n").commit().passed()


def test_an_orphan_branch(desk):
    desk.git("switch", "-q", "--orphan", "ho-patch/9-alone").passed()
    desk.stage("x", "x\n").commit().passed()


def test_branches_that_are_nobodys_business(desk):
    desk.switch("topic").stage(FIXED, "-- worse\n").commit().passed()


def test_a_branch_that_was_not_pushed_yet(desk):
    desk.switch("-c", "ho-patch/8-new", "ho-prod").stage(FIXED, "-- worse\n").commit().stopped("HH111", "HH403")


def test_linked_worktrees(desk):
    desk.git("worktree", "add", "-q", "../second", "ho-patch/5-code").passed()
    second = Desk(desk.clone.parent / "second")
    second.stage("Patches/5-code/01.sql", "select 1;\n").commit().passed()
    assert second.message() == "Change\n\nRefs #5"
    second.stage(FIXED, "-- worse\n").commit().stopped("HH111", "HH403")
    second.write(FIXED, "-- worse\n").commit(FIXED).stopped("HH111", "HH403")
    works(desk)


def test_a_submodule(desk, shop, tmp_path):
    outer = Desk(tmp_path / "outer")
    outer.clone.mkdir()
    outer.git("init", "-q").passed()
    outer.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(shop.server.path), "inner"
    ).passed()
    works(Desk(outer.clone / "inner").hooked().switch("ho-patch/3-tags"))


def test_paths_of_every_kind(desk, tmp_path):
    folder = tmp_path / "a 'strange' folder\nof tést"
    desk.clone.rename(folder)
    desk = Desk(folder).hooked()
    works(desk)
    for name in ("with space", "naïve", "line\nfeed", "'quoted\"", "\udcff", "-dash", ":(top)", "*"):
        desk.stage(f"app/{name}.py", "x = 1\n").stage(f"Patches/3-tags/data/{name}", "x\n")
        desk.commit().passed()
    said = desk.stage("Patches/3-tags/line\nfeed.sql", "select 1;\n").commit().stopped("HH405")
    assert "'Patches/3-tags/line\\nfeed.sql'" in said.text
    desk.git("reset", "-q", "--hard").passed()
    said = desk.stage("model/it's", "x\n").commit().stopped("HH111")
    assert "':/model/it'\\''s'" in said.text


def test_from_a_folder_below(desk):
    below = Desk(desk.clone / "Patches" / "1-users")
    below.stage("01_change.sql", "-- worse\n")
    said = below.commit().stopped("HH111", "HH403")
    below.git("restore", "--staged", ":/Patches/1-users").passed()
    assert "git restore --staged ':/Patches/1-users'" in said.ours


def test_sha256(tmp_path):
    shop = Dev.create(tmp_path, object_format="sha256").begin().start_release("0.1.0").new_patch("0.1.0", "1-users")
    desk = Desk.of(shop)
    desk.stage("Patches/1-users/01.sql", "select 1;\n").commit().passed()
    desk.stage("releases/0.0.0.txt", "1-users\n").commit().stopped("HH111", "HH301")
    desk.git("reset", "-q", "--hard").passed()
    run("sh", "-e", "-c", f"{WORKFLOW}\npush ho-patch/1-users; integrate 0.1.0 1-users; promote 0.1.0", cwd=desk.clone)


def test_reftable(desk, tmp_path):
    folder = tmp_path / "reftable"
    made = desk.git("init", "-q", "--ref-format=reftable", str(folder))
    if made.status:
        pytest.skip("this git knows no reftable")
    new = Desk(folder).hooked()
    new.git("remote", "add", "origin", str(tmp_path / "server.git")).passed()
    new.git("fetch", "-q", "origin").passed()
    new.git("switch", "-q", "ho-release/0.2.0").passed()
    works(new.switch("ho-patch/3-tags"))
    new.git("switch", "-q", "--detach").passed()
    new.stage(FIXED, "-- worse\n").commit().passed()


def test_a_monorepo(tmp_path):
    dev = Dev.create(tmp_path)
    dev.write("halfhooks.conf", "[halfhooks]\n\troot = services/shop\n")
    inside = dev.clone / "services" / "shop"
    inside.mkdir(parents=True)
    script = "begin; start_release 0.1.0; new_patch 0.1.0 1-users; work_on 1-users 'select 1;'; integrate 0.1.0 1-users"
    desk = Desk(dev.clone).hooked()
    run(
        "sh",
        "-e",
        "-c",
        f"{WORKFLOW}\n{script}; promote 0.1.0; start_release 0.2.0; new_patch 0.2.0 3-tags",
        cwd=inside,
    )
    works(desk, "services/shop/")
    desk.stage("releases/x", "x\n").stage("services/other/Patches/x", "x\n").commit().passed()


def test_without_a_remote(desk):
    desk.git("remote", "remove", "origin").passed()
    works(desk)
    desk.switch("ho-prod").stage("app/quick.py", "x\n").commit().stopped("HH107")


def test_without_production(desk):
    desk.git("branch", "-q", "-D", "ho-prod").passed()
    desk.git("remote", "remove", "origin").passed()
    desk.stage(FIXED, "-- worse\n").commit().passed()


def test_a_sparse_index_and_a_split_one(desk):
    desk.git("config", "index.sparse", "true").passed()
    desk.git("sparse-checkout", "set", "app", "--cone", "--sparse-index").passed()
    desk.stage("app/x.py", "x = 1\n").commit().passed()
    desk.git("sparse-checkout", "disable").passed()
    desk.git("update-index", "--split-index").passed()
    works(desk)


# --- the policy


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("[halfhooks]\n\tfrePaths = docs/**\n", "'halfhooks.frepaths' is no key of halfhooks; the nearest is"),
        ("[halfhooks\n", "bad config line 1"),
        ("[halfhooks]\n\totherRefs = perhaps\n", "'halfhooks.otherRefs = perhaps' must be allow or refuse"),
    ],
)
def test_a_policy_that_is_wrong_is_a_warning(desk, policy, says):
    """In production, where it counts."""
    desk.switch("ho-prod").stage("halfhooks.conf", policy).forced()
    desk.git("push", "-q", "-f", "--no-verify", "../server.git", "HEAD:refs/heads/other").passed()
    desk.git("update-ref", "refs/remotes/origin/ho-prod", "HEAD").passed()
    said = desk.switch("ho-patch/3-tags").stage(OWN, "select 1;\n").commit()
    assert said.status == 0
    assert "halfhooks: warning: in halfhooks.conf on ho-prod: " in said.ours and says in said.ours
    desk.write("halfhooks.conf", policy).stage("app/x.py", "x = 1\n").commit().passed()


def test_without_a_policy(desk):
    desk.switch("ho-prod").stage("halfhooks.conf", None).forced()
    desk.git("update-ref", "refs/remotes/origin/ho-prod", "HEAD").passed()
    works(desk.switch("ho-patch/3-tags"))
    desk.switch("ho-release/0.2.0").stage("docs/x.md", "x\n").commit().stopped("HH108")


def test_a_release_older_than_the_policy_is_judged_by_the_policy(desk):
    """As the server does: by that of production, not by the one in the working tree."""
    policy = "[halfhooks]\n\tfreePaths = ci/**\n"
    desk.switch("ho-prod").stage("halfhooks.conf", policy).forced()
    desk.git("update-ref", "refs/remotes/origin/ho-prod", "HEAD").passed()
    desk.switch("ho-release/0.2.0").stage("ci/x.yml", "x\n").commit().passed()
    desk.stage("docs/x.md", "x\n").commit().stopped("HH108")


def test_a_rule_that_only_warns(desk):
    desk.git("config", "halfhooks.warn", "HH111").passed()
    said = desk.stage("model/notes.txt", "x\n").commit()
    assert said.status == 0
    assert "halfhooks: 1 warning, committed all the same" in said.text


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        ("[halfhooks]\n\troot =\n", "Change\n\nRefs #3"),
        ('[halfhooks "project"]\n\tticket = SHOP-\n', "Change\n\nSHOP-3"),
        ('[halfhooks "project"]\n\tticket = \n', "Change"),
        ('[halfhooks "project"]\n\tticket = "#"\n', "Change\n\n#3"),
        ("[broken\n", "Change\n\nRefs #3"),
    ],
)
def test_the_ticket(desk, policy, wanted):
    desk.write("halfhooks.conf", policy).stage("app/x.py", "x = 1\n").commit().passed()
    assert desk.message() == wanted.replace("\n\n#3", "\n\nRefs #3")


# --- users


EDITOR = 'edit() { { printf Edited; cat "$1"; } > .git/new; mv .git/new "$1"; }; edit'


def odd(desk: Desk, *settings: str) -> Desk:
    for setting in settings:
        key, _, value = setting.partition("=")
        desk.git("config", key, value).passed()
    return desk


@pytest.mark.parametrize(
    "settings",
    [
        ("core.commentChar=;",),
        ("core.commentChar=auto",),
        ("commit.verbose=true",),
        ("commit.cleanup=scissors",),
        ("commit.cleanup=scissors", "core.commentChar=;", "commit.verbose=true"),
        ("commit.cleanup=scissors", "core.commentChar=auto", "commit.verbose=true"),
        ("commit.status=false",),
        ("i18n.commitEncoding=ISO-8859-1",),
        ("core.quotePath=true", "diff.noprefix=true", "diff.renames=copies", "diff.mnemonicPrefix=true"),
        ("color.ui=always", "color.diff=always", "core.pager=false", "status.short=true"),
        ("diff.external=false", "diff.ignoreSubmodules=all", "diff.context=0", "diff.relative=true"),
        ("core.fsmonitor=false", "core.untrackedCache=true", "index.version=4", "feature.manyFiles=true"),
        ("core.autocrlf=true", "core.fileMode=false", "core.ignoreCase=true", "core.safecrlf=false"),
        ("alias.diff-index=!false", "alias.commit=!false", "alias.for-each-ref=!false"),
        ("log.showSignature=true", "core.abbrev=4", "core.hideRefs=refs/remotes", "transfer.hideRefs=refs"),
    ],
    ids=lambda settings: settings[0],
)
def test_an_odd_configuration(desk, settings):
    works(odd(desk, *settings))
    desk.stage("app/x.py", "x = 1\n").git("commit", "-q", GIT_EDITOR=EDITOR).passed()
    assert desk.message() == "Edited\n\nRefs #3"
    empty = desk.stage("app/x.py", "x = 2\n").git("commit", GIT_EDITOR="true")
    assert "Aborting commit due to empty commit message" in empty.text
    desk.git("commit", "-q", "--fixup=HEAD", GIT_EDITOR="true").passed()
    assert desk.message() == "fixup! Edited"


def test_a_template(desk, tmp_path):
    (tmp_path / "template").write_text("\nWhy:\n\n# Say why\n")
    works(odd(desk, f"commit.template={tmp_path}/template"))
    desk.stage("app/x.py", "x = 1\n").git("commit", "-q", GIT_EDITOR=EDITOR).passed()
    assert desk.message() == "Edited\nWhy:\n\nRefs #3"
    unedited = desk.stage("app/x.py", "x = 2\n").git("commit", GIT_EDITOR="true")
    assert "you did not edit the message" in unedited.text
    assert "you did not edit the message" in desk.git("commit", "-s", GIT_EDITOR="true").text


def test_a_message_in_latin_1(desk, tmp_path):
    (tmp_path / "message").write_bytes(b"Caf\xe9\n")
    odd(desk, "i18n.commitEncoding=ISO-8859-1").stage("app/x.py", "x = 1\n")
    desk.git("commit", "-q", "-F", str(tmp_path / "message")).passed()
    assert desk.ask("log", "-1", "--format=%B", "--encoding=UTF-8") == "Café\n\nRefs #3"


def test_trailers_stay_together(desk):
    desk.stage("app/x.py", "x = 1\n").commit("-s", "--trailer", "Reviewed-by: A <a@b>").passed()
    assert desk.ask("log", "-1", "--format=%(trailers:key=Reviewed-by,key=Signed-off-by)").count("-by: ") == 2
    assert desk.message().splitlines()[2] == "Refs #3"


def test_a_message_is_not_changed_twice(desk):
    desk.stage("app/x.py", "x = 1\n").commit().passed()
    desk.git("commit", "-q", "--amend", "--no-edit").passed()
    desk.git("merge", "-q", "--no-ff", "--no-edit", "ho-patch/5-code").passed()
    assert desk.message().endswith("\n\nRefs #3")
    desk.git("revert", "--no-edit", "-m1", "HEAD").passed()


def test_a_signature(desk, tmp_path):
    """Git signs after the hooks."""
    sign = tmp_path / "sign"
    sign.write_text("#!/bin/sh\ncat > /dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\necho signature\n")
    sign.chmod(0o755)
    works(odd(desk, "commit.gpgsign=true", f"gpg.program={sign}"))


def test_an_environment_with_places(desk, tmp_path):
    """As `git --git-dir=... --work-tree=...` and many tools set it."""
    elsewhere = Desk(tmp_path)
    places = {"GIT_DIR": str(desk.clone / ".git"), "GIT_WORK_TREE": str(desk.clone)}
    desk.stage(FIXED, "-- worse\n")
    elsewhere.git("commit", "-q", "-m", "Change", **places).stopped("HH111", "HH403")
    desk.git("reset", "-q", "--hard").passed()
    index = {"GIT_INDEX_FILE": str(tmp_path / "index")}
    desk.git("read-tree", "HEAD", **index).passed()
    desk.write(FIXED, "-- worse\n").git("add", FIXED, **index).passed()
    desk.commit().stopped()  # git says that there is nothing to commit
    desk.commit(**index).stopped("HH111", "HH403")
    Desk(desk.clone / "app").commit(GIT_DIR="../.git", GIT_WORK_TREE="..", **index).stopped("HH111", "HH403")


def test_an_environment_against_python(desk, tmp_path):
    trap = tmp_path / "trap"
    trap.mkdir()
    for name in ("os.py", "halfhooks.py", "sitecustomize.py"):
        (trap / name).write_text("raise SystemExit('trapped')\n")
    paths = {"PYTHONPATH": str(trap), "PYTHONSTARTUP": str(trap / "os.py"), "PYTHONHOME": str(trap)}
    (desk.clone / "halfhooks.py").write_text("raise SystemExit('trapped')\n")
    desk.stage("app/x.py", "x = 1\n").commit(**paths, LC_ALL="tr_TR.UTF-8", PYTHONUTF8="0").passed()


def test_the_first_file_of_a_path_counts_for_every_kind_of_line_end(desk):
    desk.stage(".gitattributes", "*.sql text eol=crlf\n*.py -diff\n").stage(OWN, "select 1;\r\n").commit().passed()
    works(desk.stage("x", shlex.quote(os.devnull)))


def test_the_hooks_write_nothing_into_the_tree(desk):
    desk.stage("app/x.py", "x = 1\n").commit().passed()
    assert desk.ask("status", "--porcelain", "--ignored") == ""
    left = [path for path in Path(desk.clone / ".git").rglob("*") if "halfhooks" in path.name]
    assert left == []

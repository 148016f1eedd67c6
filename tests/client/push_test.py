"""pre-push: the server's verdict before anything travels, and no verdict where none can be told."""

from __future__ import annotations

import pytest

from tests.builders import Dev, Server
from tests.client.desk import Desk

FIXED = "Patches/1-users/01_change.sql"


def server_of(desk: Desk) -> Server:
    return Server(desk.clone.parent / "server.git")


def test_a_legal_push_says_nothing(desk):
    desk.stage("app/x.py", "x = 1\n").commit().passed()
    desk.git("push", "-q", "origin", "ho-patch/3-tags").passed()


def test_a_refusal_is_the_servers_and_nothing_travels(desk):
    before = server_of(desk).refs()
    desk.stage(FIXED, "-- worse\n").forced()
    said = desk.git("push", "-q", "origin", "ho-patch/3-tags").stopped("HH111", "HH403")
    assert "halfhooks: 2 errors, nothing was pushed" in said.text
    assert "remote:" not in said.text
    assert server_of(desk).refs() == before
    theirs = desk.git("push", "-q", "--no-verify", "origin", "ho-patch/3-tags")
    for line in said.text.splitlines()[:-2]:
        assert f"remote: {line}".strip() in theirs.text


@pytest.mark.parametrize(
    ("refs", "codes"),
    [
        (["HEAD:refs/heads/ho-patch/77-unknown"], {"HH110"}),
        (["HEAD:refs/heads/ho-misc"], {"HH101"}),
        ([":ho-prod"], {"HH103"}),
        ([":ho-release/0.2.0"], {"HH105"}),
        ([":ho-patch/3-tags"], {"HH106"}),
        (["+topic:ho-prod"], {"HH107"}),
        (["+ho-prod~:ho-prod"], {"HH104"}),
        (["v0.1.0:refs/tags/v0.1.9"], {"HH604"}),
        (["HEAD:refs/tags/v0.1.9"], {"HH603", "HH604"}),
        ([":v0.1.0"], {"HH601"}),
        (["+HEAD:refs/tags/v0.1.0"], {"HH601"}),
        (["HEAD:refs/notes/x"], {"HH003"}),
        (["topic:refs/heads/new", "HEAD:refs/heads/ho-misc", ":ho-prod"], {"HH101", "HH103"}),
    ],
)
def test_every_kind_of_ref(desk, refs, codes):
    desk.git("push", "-q", "origin", *refs).stopped(*codes)


@pytest.mark.parametrize(
    "refs",
    [
        ["HEAD:refs/heads/new", "topic:refs/heads/newer"],
        [":topic", ":demo-2026"],
        ["topic:refs/tags/mine"],
        ["+HEAD:topic"],
        ["HEAD^{/two words}:refs/heads/found"],
        [":missing"],
        ["HEAD"],
    ],
)
def test_what_is_nobodys_business(desk, refs):
    desk.git("commit", "-q", "--allow-empty", "-m", "two words").passed()
    done = desk.git("push", "-q", "origin", *refs)
    assert "halfhooks" not in done.text, done.text


def test_a_rewritten_patch_branch(desk):
    desk.git("commit", "-q", "--amend", "-m", "Other words").passed()
    desk.git("push", "-q", "--force-with-lease", "origin", "HEAD").passed()


def test_the_checks_of_files_only_warn_as_on_the_server(desk):
    desk.stage("Patches/3-tags/02_open.sql", "select 'open;\n").forced()
    said = desk.git("push", "-q", "origin", "HEAD")
    assert said.status == 0
    assert "halfhooks: 1 warning, pushed all the same" in said.text


def test_a_policy_that_no_release_takes_is_told_early(desk):
    """The server leaves it alone: until a release takes it, it may be mended."""
    desk.stage("halfhooks.conf", "[halfhooks]\n\totherRefs = perhaps\n").forced()
    said = desk.git("push", "-q", "origin", "ho-patch/3-tags")
    assert said.status == 0
    assert "warning[HH007]" in said.text and "halfhooks: 1 warning, pushed all the same" in said.text
    assert "remote:" not in said.text
    desk.stage("app/x.py", "x = 1\n").commit().passed()
    desk.git("push", "-q", "origin", "ho-patch/3-tags").passed()


def test_no_verify(desk):
    said = desk.stage(FIXED, "-- worse\n").forced().git("push", "-q", "--no-verify", "origin", "HEAD")
    assert "remote: error[HH403]" in said.text
    assert "\nerror[HH403]" not in said.text


# --- what is not known here


def test_a_remote_that_has_moved_on(desk, shop):
    other = shop.another("other").switch("ho-patch/3-tags").commit("app/other.py", "x = 1\n")
    other.push("ho-patch/3-tags").accepted()
    said = desk.stage("app/x.py", "x = 1\n").forced().git("push", "-q", "origin", "HEAD")
    assert "halfhooks: nothing was judged: 'ho-patch/3-tags' has moved on 'origin': git fetch origin" in said.ours


def test_a_push_to_a_url(desk):
    url = "../server.git"
    desk.git("push", "-q", url, "topic:refs/heads/new").passed()
    said = desk.git("push", "-q", url, "topic:ho-prod")
    assert said.text.startswith(f"halfhooks: nothing was judged: there is no remote '{url}'"), said.text
    assert "remote: error[HH107]" in said.text


def test_a_remote_that_is_no_server_of_ours(desk):
    desk.git("init", "-q", "--bare", "../backup.git").passed()
    desk.git("remote", "add", "backup", "../backup.git").passed()
    desk.git("push", "-q", "backup", "topic").passed()
    desk.git("push", "-q", "backup", "HEAD").passed(says="'ho-prod' of 'backup' is not known here: git fetch")


def test_a_remote_of_another_name(desk):
    desk.git("remote", "rename", "origin", "upstream").passed()
    desk.stage(FIXED, "-- worse\n").commit().stopped("HH111", "HH403")
    desk.forced().git("push", "-q", "upstream", "HEAD").stopped("HH111", "HH403")


def test_the_first_push_of_a_project(empty: Dev):
    desk = Desk.of(empty)
    begin = "releases/0.0.0.txt", "model/schema-0.0.0.sql", "model/metadata-0.0.0.sql", "Patches/README.md"
    for path in begin:
        desk.write(path, "")
    (desk.clone / "model/schema.sql").symlink_to("schema-0.0.0.sql")
    desk.git("add", "-A").passed()
    desk.commit().passed()
    desk.git("push", "-q", "origin", "ho-prod").passed()


def test_a_first_push_that_is_wrong(empty: Dev):
    desk = Desk.of(empty).stage("README.md", "# shop\n")
    desk.commit().passed()
    desk.git("push", "-q", "origin", "ho-prod").stopped("HH107")


def test_nothing_is_pushed_by_the_hook_itself(desk):
    """Run by hand, with nothing on its input."""
    desk.git(
        "-c", "alias.judge=!hooks=$(git config core.hooksPath); $hooks/pre-push origin x </dev/null", "judge"
    ).passed()


def test_shallow_and_partial_clones(shop, tmp_path):
    shop.server.config("uploadpack.allowFilter", "true")
    url = f"file://{shop.server.path}"
    for number, options in enumerate((("--depth=1", "--no-single-branch"), ("--filter=blob:none",))):
        clone = tmp_path / str(number)
        assert not shop.git("clone", "-q", *options, url, str(clone))
        desk = Desk(clone).hooked().switch("ho-patch/3-tags")
        desk.stage(f"app/x{number}.py", "x = 1\n").commit().passed()
        said = desk.stage(f"Patches/3-tags/0{number + 2}_more.sql", "select 1;\n").commit()
        assert not said.status, said.text
        assert said.text in ("", said.text if "nothing was judged" in said.text else ""), said.text
        said = desk.git("push", "-q", "origin", "HEAD")
        assert not said.status, said.text
        desk.git("remote", "set-url", "origin", "/nowhere").passed()  # these must not fetch
        desk.git("switch", "-q", "--detach").passed()
        assert "halfhooks" not in desk.git("switch", "-q", "ho-patch/3-tags").text


def test_what_the_pre_commit_framework_shows_of_a_push(desk):
    """The first ref, and nothing on the input; a new branch without a `from`."""
    environment = {"PRE_COMMIT_REMOTE_NAME": "origin", "PRE_COMMIT_REMOTE_URL": "x"}
    judge = ("-c", "alias.judge=!$(git config core.hooksPath)/pre-push", "judge")
    desk.git(*judge, **environment, PRE_COMMIT_REMOTE_BRANCH="refs/heads/new", PRE_COMMIT_TO_REF="HEAD").passed()
    refs = {"PRE_COMMIT_REMOTE_BRANCH": "refs/heads/ho-patch/3-tags", "PRE_COMMIT_TO_REF": "ho-patch/3-tags"}
    desk.git(*judge, **environment, **refs).passed()
    desk.stage(FIXED, "-- worse\n").forced()
    desk.git(*judge, **environment, **refs).stopped("HH111", "HH403")

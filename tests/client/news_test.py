"""post-merge and post-checkout: one line when the release has gained patches, and nothing else."""

from __future__ import annotations

from tests.builders import Dev

LINE = "halfhooks: ho-release/0.2.0 gained 1 patch: git merge origin/ho-release/0.2.0"


def colleague(shop: Dev, patch: str = "5-code") -> Dev:
    """Somebody else who has a patch staged."""
    other = shop.another("other")
    for branch in ("ho-prod", "ho-release/0.2.0", f"ho-patch/{patch}"):
        other.switch(branch)
    return other.integrate("0.2.0", patch)


def test_a_release_that_gained_a_patch(desk, shop):
    desk.git("switch", "-q", "ho-prod").passed()
    desk.git("switch", "-q", "ho-patch/3-tags").passed()
    colleague(shop)
    desk.git("switch", "-q", "ho-prod").passed()
    desk.git("switch", "-q", "ho-patch/3-tags").passed()  # nothing was fetched yet, and we do not
    desk.git("fetch", "-q", "--prune").passed()
    desk.git("switch", "-q", "ho-prod").passed()
    assert desk.git("switch", "-q", "ho-patch/3-tags").text.strip() == LINE
    assert desk.git("checkout", "-q", "ho-patch/3-tags").text.strip() == LINE
    desk.git("checkout", "-q", "--", ".").passed()
    desk.git("switch", "-q", "ho-release/0.1.1").passed()
    desk.git("switch", "-q", "ho-patch/4-fix").passed()
    assert desk.git("switch", "-q", "ho-patch/3-tags").text.strip() == LINE
    desk.git("switch", "-q", "--detach").passed()
    desk.git("switch", "-q", "ho-prod").passed()


def test_it_fetches_where_that_is_wanted(desk, shop):
    colleague(shop)
    desk.git("switch", "-q", "ho-prod").passed()
    desk.git("config", "halfhooks.project.fetch", "true").passed()
    assert desk.git("switch", "-q", "ho-patch/3-tags").text.strip() == LINE


def test_without_the_server_it_is_silent(desk, shop):
    colleague(shop)
    desk.git("switch", "-q", "ho-prod").passed()
    desk.git("config", "halfhooks.project.fetch", "true").passed()
    desk.git("remote", "set-url", "origin", "../nowhere.git").passed()
    desk.git("switch", "-q", "ho-patch/3-tags").passed()


def test_merging_it_ends_the_news(desk, shop):
    colleague(shop)
    desk.git("fetch", "-q", "--prune").passed()
    assert desk.git("merge", "-q", "--no-edit", "ho-prod~0", "--no-ff").text.count("gained") <= 1
    desk.git("merge", "-q", "--no-edit", "origin/ho-release/0.2.0").passed()
    desk.git("switch", "-q", "ho-prod").passed()
    desk.git("switch", "-q", "ho-patch/3-tags").passed()


def test_a_rebase_says_nothing(desk, shop):
    colleague(shop)
    desk.git("fetch", "-q", "--prune").passed()
    desk.git("rebase", "-q", "origin/ho-release/0.2.0").passed()


def test_it_never_fails(desk):
    desk.git("update-ref", "-d", "refs/remotes/origin/ho-prod").passed()
    desk.git("switch", "-q", "ho-prod").passed()
    desk.git("switch", "-q", "ho-patch/3-tags").passed()
    objects = desk.clone / ".git" / "objects"
    release = desk.ask("rev-parse", "refs/remotes/origin/ho-release/0.2.0")
    (desk.clone / ".git/refs/remotes/origin/ho-release").mkdir(parents=True, exist_ok=True)
    (desk.clone / ".git/refs/remotes/origin/ho-release/0.2.0").write_text("1" * 40 + "\n")
    desk.git("switch", "-q", "ho-prod").passed()
    assert not desk.git("switch", "-q", "ho-patch/3-tags").status
    assert objects.is_dir() and release


def test_a_release_that_lacks_what_is_in_production(desk, shop):
    desk.git("switch", "-q", "ho-prod").passed()
    other = shop.another("other")
    for branch in ("ho-prod", "ho-release/0.1.1", "ho-patch/4-fix"):
        other.switch(branch)
    other.integrate("0.1.1", "4-fix").promote("0.1.1")
    desk.git("fetch", "-q", "--prune").passed()
    lacks = "halfhooks: ho-release/0.2.0 lacks 0.1.1, which is in production: ho release sync 0.2.0"
    assert desk.git("switch", "-q", "ho-patch/3-tags").text.strip() == lacks
    assert desk.git("switch", "-q", "ho-release/0.2.0").text.strip() == lacks
    assert desk.git("merge", "-q", "--no-edit", "origin/ho-prod").text.strip() == lacks  # until the server has it
    desk.git("push", "-q", "origin", "ho-release/0.2.0").passed()
    desk.git("switch", "-q", "ho-prod").passed()
    assert "lacks" not in desk.git("switch", "-q", "ho-patch/3-tags").text
    desk.git("switch", "-q", "ho-release/0.2.0").passed()

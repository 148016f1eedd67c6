"""From what git hands to a hook to a `Push`: lines, refs, new commits, rooms and the policy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfhooks.collect import Unreadable, own_keys, parse_updates
from halfhooks.git import GitError, Process, Repository
from halfhooks.push import Push
from halfhooks.snapshot import Update
from tests.builders import WORKFLOW, Dev
from tests.opened import collected

ZERO, ONE, TWO = "0" * 40, "1" * 40, "2" * 40


# --- lines


@pytest.mark.parametrize(
    ("line", "update"),
    [
        (f"{ONE} {TWO} refs/heads/x", Update(ONE, TWO, "refs/heads/x")),
        (f"{ZERO} {TWO} refs/heads/x", Update("", TWO, "refs/heads/x")),
        (f"{ONE} {ZERO} refs/heads/x", Update(ONE, "", "refs/heads/x")),
        (f"{ZERO} {ZERO} refs/heads/x", Update("", "", "refs/heads/x")),
        (f"{ONE} {TWO} refs/heads/with space  twice ", Update(ONE, TWO, "refs/heads/with space  twice ")),
        (f"{ONE} {TWO} --output=x", Update(ONE, TWO, "--output=x")),
        (f"{ONE} {TWO} $(id);\x1b[31m\r", Update(ONE, TWO, "$(id);\x1b[31m\r")),
        ("a" * 64 + " " + "0" * 64 + " x", Update("a" * 64, "", "x")),
    ],
)
def test_a_line(line, update):
    assert parse_updates(line.encode() + b"\n") == (update,)


def test_a_name_of_any_bytes():
    (update,) = parse_updates(f"{ONE} {TWO} ".encode() + b"refs/heads/\xff\xfe\n")
    assert update.ref.encode("utf-8", "surrogateescape") == b"refs/heads/\xff\xfe"


@pytest.mark.parametrize(
    "data",
    [
        "\n",
        "x\n",
        f"{ONE}\n",
        f"{ONE} {TWO}\n",
        f"{ONE} {TWO} \n",
        f"{ONE} {TWO} refs/heads/x",
        f"{ONE} {TWO} refs/heads/x\n\n",
        f"{ONE} {TWO} refs/heads/x\n{ONE}",
        f"{ONE} {TWO} refs/heads/x\n{ONE} {TWO} refs/heads/ho",
        f"{ONE[1:]} {TWO[1:]} x\n",
        f"{ONE} {'2' * 64} x\n",
        f"{ONE}  {TWO} x\n",
        f" {ONE} {TWO} x\n",
        f"{ONE}\t{TWO} x\n",
        f"{'A' * 40} {TWO} x\n",
        f"{'g' * 40} {TWO} x\n",
        f"{'-' + ONE[1:]} {TWO} x\n",
        f"{'١' * 20} {TWO} x\n",
    ],
)
def test_what_is_no_line(data):
    with pytest.raises(Unreadable):
        parse_updates(data.encode())


def test_nothing_at_all():
    assert parse_updates(b"") == ()


def test_an_unreadable_line_is_shown_in_part():
    with pytest.raises(Unreadable, match=r"^a line of the input is no ref update: 'x{120}'$"):
        parse_updates(b"x" * 5000 + b"\n")


ids = st.sampled_from([20, 32]).flatmap(
    lambda n: st.tuples(st.binary(min_size=n, max_size=n), st.binary(min_size=n, max_size=n))
)
names = st.binary(min_size=1, max_size=12).filter(lambda name: b"\n" not in name and b"\0" not in name)


@given(st.lists(st.tuples(ids, names), max_size=5, unique_by=lambda update: update[1]))
def test_lines_are_read_as_they_were_written(updates):
    data = b"".join(f"{old.hex()} {new.hex()} ".encode() + name + b"\n" for (old, new), name in updates)
    parsed = parse_updates(data)
    assert [update.ref.encode("utf-8", "surrogateescape") for update in parsed] == [name for _, name in updates]
    for update, ((old, new), _) in zip(parsed, updates):
        assert (update.old or "0" * len(old.hex()), update.new or "0" * len(new.hex())) == (old.hex(), new.hex())


# --- a push


@contextmanager
def pushing(dev: Dev, *refs: str) -> Iterator[tuple[Push, list[str]]]:
    """The `Push` of branches of the clone, whose objects are handed over as receive-pack would."""
    updates = []
    server = dev.server.refs()
    for ref in refs:
        new = dev.git("rev-parse", "--verify", "-q", ref).strip()
        updates.append(Update(server.get(ref, ""), new, ref))
    objects = dev.clone / ".git" / "objects"
    (dev.server.path / "objects" / "info" / "alternates").write_text(f"{objects}\n")
    with collected(dev.server.path, *updates) as found:
        yield found


def test_only_the_new_commits_of_policed_branches_are_walked(shop):
    shop.switch("ho-patch/4-fix").commit("app/x.py", "1").commit("app/x.py", "2")
    shop.switch("topic").commit("app/y.py", "1")
    tips = [shop.git("rev-parse", f"{name}").strip() for name in ("ho-patch/4-fix~1", "ho-patch/4-fix")]
    with pushing(shop, "refs/heads/ho-patch/4-fix", "refs/heads/topic") as (push, remarks):
        assert [commit.oid for commit in push.commits] == tips
        assert remarks == []
        assert {commit.tree for commit in push.commits} <= set(push.rooms)
    with pushing(shop, "refs/heads/topic") as (push, _):
        assert push.commits == ()


def test_a_commit_parked_elsewhere_is_new_all_the_same(shop):
    shop.switch("ho-patch/4-fix").commit("app/x.py", "1")
    shop.push("HEAD:refs/heads/parked").accepted()
    with pushing(shop, "refs/heads/ho-patch/4-fix") as (push, _):
        assert len(push.commits) == 1


def test_an_adopted_history_is_not_walked(tmp_path):
    dev = Dev.create(tmp_path, guarded=False)
    for n in range(3):
        dev.commit("a", str(n))
    with pushing(dev, "refs/heads/ho-prod") as (push, _):
        (tip,) = push.commits
        assert tip.oid == dev.git("rev-parse", "HEAD").strip()
        assert tip.parents == (), "all that the tip holds counts as new"
        assert push.production_move().created


def test_the_state_before_and_after(shop):
    before = shop.server.refs()["refs/heads/ho-patch/4-fix"]
    shop.switch("ho-patch/4-fix").commit("app/x.py", "1")
    with pushing(shop, "refs/heads/ho-patch/4-fix") as (push, _):
        assert push.before.patch_tips["4-fix"] == before
        assert push.after.patch_tips["4-fix"] == push.commits[0].oid
        (move,) = push.moves
        assert move.updated
        assert not (move.created or move.deleted)


def test_a_deletion_and_a_no_op(shop):
    tip = shop.server.refs()["refs/heads/topic"]
    updates = (Update(tip, "", "refs/heads/topic"), Update("", "", "refs/heads/missing"))
    with collected(shop.server.path, *updates) as (push, _):
        assert [(move.ref, move.deleted) for move in push.moves] == [("refs/heads/topic", True)]
        assert "refs/heads/topic" not in push.after.snapshot.refs
        assert "refs/heads/topic" in push.before.snapshot.refs


@pytest.mark.parametrize("count", [1, 64, 65, 200])
def test_any_number_of_refs_is_listed(shop, count):
    lines = shop.server.refs()
    head = lines["refs/heads/ho-prod"]
    updates = [Update("", head, f"refs/heads/x/{n}") for n in range(count)]
    with collected(shop.server.path, *updates, Update(lines["refs/heads/topic"], "", "refs/heads/topic")) as (push, _):
        assert len(push.moves) == count + 1
        assert push.before.snapshot.tip("refs/heads/topic")
        assert push.before.production == head


def test_a_missing_object_fails(shop):
    with (
        pytest.raises(GitError, match=f"the object {ONE} is missing"),
        collected(shop.server.path, Update("", ONE, "refs/heads/x")),
    ):
        pass


# --- the policy


def test_the_policy_is_that_of_production_before_the_push(project):
    project.commit("halfhooks.conf", "[halfhooks]\n\tfreePaths = **\n")
    with pushing(project, "refs/heads/ho-prod") as (push, remarks):
        assert push.config.freePaths == ()
        assert remarks == []
        assert list(push.policies.values()) == [[]]


def test_a_new_project_brings_its_own(tmp_path):
    dev = Dev.create(tmp_path, guarded=False).commit("halfhooks.conf", "[halfhooks]\n\tfreePaths = docs/**\n")
    with pushing(dev, "refs/heads/ho-prod") as (push, _):
        assert push.config.freePaths == ("docs/**",)


def test_the_administrator_overrides(shop):
    assert "docs/**" in shop.git("show", "ho-prod:halfhooks.conf")
    shop.server.config("halfhooks.freePaths", "app/**").config("halfhooks.lockWait", "7")
    with pushing(shop, "refs/heads/topic") as (push, remarks):
        assert push.config.freePaths == ("app/**",)
        assert push.config.lockWait == 7
        assert remarks == []


def test_what_is_wrong_with_an_override_is_remarked_and_ignored(shop):
    shop.server.config("halfhooks.lockWait", "soon").config("halfhooks.warm", "HH301")
    with pushing(shop, "refs/heads/topic") as (push, remarks):
        assert push.config.lockWait == 30
        assert [remark.partition(":")[0] for remark in remarks] == ["in the configuration of the server"] * 2


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("[halfhooks]\n\totherRefs = never\n", "'halfhooks.otherRefs = never' must be allow or refuse"),
        ("[halfhooks\n", "failed with 128"),
    ],
)
def test_what_is_wrong_with_the_policy_in_force_is_remarked(tmp_path, text, remark):
    dev = Dev.create(tmp_path, guarded=False).commit("halfhooks.conf", text)
    dev.push("ho-prod").accepted()
    dev.switch("-c", "topic").commit("a", "b")
    with pushing(dev, "refs/heads/topic") as (push, remarks):
        assert push.config.otherRefs == "allow"
        assert len(remarks) == 1
        assert remarks[0].startswith("in halfhooks.conf on ho-prod: ")
        assert remark in remarks[0]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("[halfhooks]\n\twarn = HH301\n", 0),
        ("[halfhooks]\n\twarm = HH301\n\tlockWait = x\n", 2),
        ("[halfhooks\n", 1),
    ],
)
def test_a_pushed_policy_is_checked_once(shop, text, problems):
    shop.switch("ho-release/0.2.0").commit("halfhooks.conf", text)
    with pushing(shop, "refs/heads/ho-release/0.2.0") as (push, remarks):
        ((_, found),) = push.policies.items()
        assert len(found) == problems
        assert remarks == []
    with pushing(shop, "refs/heads/topic") as (push, _):
        assert push.policies == {}


def test_no_keys_of_ours_are_no_failure_and_any_other_is():
    def config(script: str) -> Process:
        return Process(("/bin/sh", "-c", script), {"PATH": "/usr/bin:/bin"})

    assert own_keys(config("printf 'halfhooks.warn\\nHH301\\0'")) == [("halfhooks.warn", "HH301")]
    assert own_keys(config("exit 1")) == []
    for failure, told in (
        ("echo 'error: no' >&2; exit 1", "failed with 1: error: no"),
        ("exit 3", "failed with 3"),
        ("kill -9 $$", "failed with -9"),
    ):
        with pytest.raises(GitError, match=f"{told}$"):
            own_keys(config(failure))


# --- rooms below a root


def test_the_rooms_of_a_monorepo(tmp_path):
    conf = "[halfhooks]\n\troot = services/shop\n"
    dev = Dev.create(tmp_path, guarded=False).commit("halfhooks.conf", conf)
    dev.commit("services/shop/releases/0.0.0.txt", "")
    dev.push("ho-prod").accepted()
    dev.commit("releases/x", "not ours").commit("services/shop/releases/README.md", "ours")
    dev.commit("services/shop/Releases/x", "odd")
    with pushing(dev, "refs/heads/ho-prod") as (push, _):
        outside, ours, odd = (push.rooms[commit.tree] for commit in push.commits)
        assert outside.releases.oid == dev.git("rev-parse", "HEAD~2:services/shop/releases").strip()
        assert ours.releases.oid == dev.git("rev-parse", "HEAD~1:services/shop/releases").strip()
        assert odd.look_alikes == (("Releases", "releases"),)
        assert ours.look_alikes == ()


@pytest.mark.parametrize("change", ["git rm -q -r services", "git rm -q -r services; echo x > services; git add ."])
def test_a_monorepo_whose_folder_goes_has_no_rooms(tmp_path, change):
    dev = Dev.create(tmp_path).commit("halfhooks.conf", "[halfhooks]\n\troot = services/shop\n\tfreePaths = **\n")
    (dev.clone / "services" / "shop").mkdir(parents=True)
    dev.judge("cd services/shop; begin", WORKFLOW).accepted()
    dev.commit("services/shop/README.md", "Nothing but words\n").push("ho-prod").accepted()
    dev.judge(f"{change}; commit 'Move out'; git push -q origin ho-prod", WORKFLOW).refused("HH301")
    with pushing(dev, "refs/heads/ho-prod") as (push, _):
        assert push.rooms[push.commits[0].tree][:4] == (None, None, None, "")


def test_how_often_git_is_started_does_not_depend_on_the_push(shop, monkeypatch):
    started: list[str] = []
    start = Repository.start
    monkeypatch.setattr(Repository, "start", lambda self, *words: (started.append(words[0]), start(self, *words))[1])
    shop.switch("ho-patch/4-fix")
    counts = []
    for commits in (1, 20):
        for n in range(commits):
            shop.commit("app/x.py", f"{commits} {n}")
        started.clear()
        with pushing(shop, "refs/heads/ho-patch/4-fix", "refs/heads/topic") as (push, _):
            assert len(push.commits) >= commits
        counts.append(sorted(started))
    assert counts[0] == counts[1]
    assert len(counts[0]) <= 5

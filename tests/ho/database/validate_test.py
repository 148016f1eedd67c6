"""`ho validate`, as a developer sees it: real merges, a real server, pytest in a real interpreter."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from halfhooks.ho import candidates, merging
from halfhooks.ho.database.databases import SCRATCH, Databases
from halfhooks.ho.database.project import open_project
from halfhooks.ho.database.templates import Limits, evict, listed
from halfhooks.ho.records import MOST, Records
from tests.ho.database.conftest import Tree, processes, wait_for

TEST = """\
import os, psycopg2

def test_there_are_posts():
    with psycopg2.connect("") as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from posts")
        assert cursor.fetchone() == (0,)
"""


@pytest.fixture
def databases(server):
    with Databases(server) as found:
        yield found


@pytest.fixture
def shop(tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """The project with a release branch, its patch branch, one test, and a place of its own for temporary files."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setenv("TMPDIR", str(place))
    tree.write("tests/shop_test.py", TEST)
    commit(tree)
    tree.git("branch", "ho-release/0.2.0")
    tree.patch("create table new (id int primary key);")
    commit(tree)
    return tree


def commit(tree: Tree) -> str:
    tree.git("add", "-A")
    tree.git("commit", "-q", "--allow-empty", "-m", "Change")
    return tree.git("rev-parse", "HEAD").strip()


def on_release(tree: Tree, path: str, content: str) -> None:
    """A commit on the release alone."""
    branch = tree.git("branch", "--show-current").strip()
    tree.git("switch", "-q", "ho-release/0.2.0")
    commit(tree.write(path, content))
    tree.git("switch", "-q", branch)


def validated(tree: Tree, *arguments: str, code: int = 0) -> str:
    ran = tree.ho("validate", *arguments)
    assert ran.code == code, ran
    return ran.out


def document(tree: Tree, *arguments: str, code: int = 0) -> dict:
    return json.loads(validated(tree, *arguments, "--json", code=code))


def leftovers(tree: Tree) -> list[Path]:
    """Folders of checkouts."""
    return [path for path in Path(tempfile.gettempdir()).glob("halfhooks-*-validate/*") if path.is_dir()]


def state(tree: Tree) -> list[str]:
    """All of the clone that a developer can see."""
    questions = (
        ("for-each-ref",),
        ("worktree", "list", "--porcelain"),
        ("status", "--porcelain", "--ignored"),
        ("stash", "list"),
        ("ls-files", "--stage", "--debug"),
        ("config", "--local", "--list"),
    )
    files = sorted(path.name for path in (tree.top / ".git").iterdir() if path.name != "halfhooks")
    return [tree.git("--no-optional-locks", *question) for question in questions] + files


def test_a_patch_is_built_in_its_release_and_tested(shop):
    on_release(shop, "app.py", "pass\n")
    before = state(shop)
    ran = shop.ho("validate")
    assert ran.code == 0, ran
    assert "Patches/2-new/01.sql" in ran.out and "tests: python -m pytest" in ran.out
    last = ran.out.splitlines()[-1]
    assert (
        "'ho-patch/2-new' merged into 'ho-release/0.2.0' is valid: production 0.1.0 with 2 patches, 1 test passed"
        in last
    )
    assert state(shop) == before
    assert leftovers(shop) == [] and shop.scratch() == []


def test_a_tree_is_validated_once_unless_that_is_wanted(shop):
    first = document(shop)
    assert first["valid"] and not first["known"]
    record = first["record"]
    assert record["tests"]["counts"] == {"tests": 1, "failures": 0, "errors": 0, "skipped": 0}
    assert [patch["id"] for patch in record["patches"]] == ["1-posts", "2-new"]
    assert record["tree"] == shop.git("rev-parse", "HEAD^{tree}").strip()
    kept = shop.top / ".git" / "halfhooks" / "validations" / f"{record['tree']}.json"
    assert json.loads(kept.read_text()) == record
    second = document(shop)
    assert second["known"] and second["record"] == record
    assert "known from before" in validated(shop)
    assert not document(shop, "--force")["known"]


def test_a_record_without_tests_does_not_vouch_for_them(shop):
    assert document(shop, "--no-tests")["record"]["tests"]["result"] == "left out"
    assert document(shop, "--no-tests")["known"]
    assert not document(shop)["known"]
    assert document(shop, "--no-tests")["known"]


def test_what_depends_on_nothing_that_changed_is_not_validated_again(shop):
    first = document(shop)["record"]
    shop.write("releases/0.2.0-stage.txt", "1-posts\n2-new\n").write("releases/0.2.0-candidates.txt", "3-more\n")
    commit(shop.write("Patches/3-more/README.md", "# more\n"))
    found = document(shop, "--commit", "HEAD")
    assert found["known"] and found["record"]["subject"] == first["subject"]
    assert found["record"]["tree"] == shop.git("rev-parse", "HEAD^{tree}").strip()
    assert [patch["state"] for patch in found["record"]["patches"]] == ["staged", "staged"]
    commit(shop.write("releases/0.2.0-stage.txt", "2-new\n1-posts\n"))
    assert not document(shop, "--commit", "HEAD")["known"]
    commit(shop.write("app.py", "x = 1\n"))
    assert not document(shop, "--commit", "HEAD")["known"]


def test_what_is_not_committed_is_left_out_and_that_is_said(shop):
    shop.patch("select 1/0;")
    assert "what is not committed is left out: 'Patches/2-new/01.sql'" in validated(shop)


def test_a_conflict_names_the_files_and_the_commands(shop):
    on_release(shop, "app.py", "x = 1\n")
    commit(shop.write("app.py", "x = 2\n"))
    before = state(shop)
    out = validated(shop, code=1)
    assert "  app.py\n" in out and "help: git merge ho-release/0.2.0" in out
    assert document(shop, code=1)["conflicts"] == ["app.py"]
    assert state(shop) == before
    with pytest.raises(AssertionError):
        shop.git("rebase", "-q", "ho-release/0.2.0")
    assert "git rebase is in progress: git rebase --continue, or git rebase --abort" in shop.ho("validate").err
    shop.git("rebase", "--abort")


@pytest.mark.parametrize("other", ["app.py", "other.py"])
def test_an_old_git_merges_alike(shop, other):
    on_release(shop, "app.py", "x = 1\n")
    commit(shop.write(other, "x = 2\n"))
    before = state(shop)
    project = open_project()
    new = merging.merge(project.clone, "ho-release/0.2.0", "HEAD")
    old = merging.merge_in_folder(project.clone, "ho-release/0.2.0", "HEAD")
    assert old[1] == new[1] == (() if other == "other.py" else ("app.py",))
    marked = [shop.git("show", f"{tree}:app.py").splitlines()[1:-1] for tree, _ in (old, new)]
    assert marked[0] == marked[1]
    assert new[1] or old == new
    assert state(shop) == before and leftovers(shop) == []


def test_a_patch_that_fails_is_told_with_its_place_and_not_kept(shop):
    commit(shop.patch("select 1,\n  nothing;"))
    out = validated(shop, code=1)
    assert 'error: Patches/2-new/01.sql:2:3: column "nothing" does not exist' in out
    assert out.splitlines()[-1].endswith("is not valid: 2-new")
    assert list(Records(str(shop.top / ".git")).all()) == []
    assert document(shop, code=1)["record"]["problems"][0]["step"] == "2-new"


def test_tests_that_fail_are_told_and_not_kept(shop):
    commit(shop.write("tests/bad_test.py", "def test_it():\n    assert False\n"))
    found = document(shop, code=1)["record"]
    assert found["tests"]["result"] == "failed"
    assert found["tests"]["counts"]["failures"] == 1 and found["tests"]["counts"]["tests"] == 2
    said, *ways = found["problems"][0]["lines"]
    assert said == "the tests ended with exit code 1"
    assert ways[1].endswith("ho validate")
    shop.ho("apply")
    command = ways[0].partition(": ho apply && ")[2]
    by_hand = subprocess.run(["sh", "-c", f"{command} -q"], cwd=shop.top, capture_output=True, text=True)
    assert by_hand.returncode == 1 and "1 failed, 1 passed" in by_hand.stdout
    assert not document(shop, "--no-tests")["known"]


@pytest.mark.parametrize(
    ("line", "said"), [("[broken", "bad config line 4"), ("[halfhooks]\n\twarm = x", "'halfhooks.warm' is no key")]
)
def test_a_policy_that_cannot_be_read_is_told_with_its_place(shop, line, said):
    before = (shop.top / "halfhooks.conf").read_text("utf-8")
    bad = commit(shop.write("halfhooks.conf", f"{before}{line}\n"))
    assert f"cannot tell: in {shop.top}/halfhooks.conf: {said}" in shop.ho("validate").err
    shop.write("halfhooks.conf", before)
    ran = shop.ho("validate")
    assert ran.code == 2 and "cannot tell: in halfhooks.conf of " in ran.err and said in ran.err
    assert ran.err.endswith("; mend it on the branch that it comes from, and commit it\n")
    assert f"in halfhooks.conf of {bad[:7]}: {said}" in shop.ho("validate", "--commit", bad).err


def test_reference_data_is_applied_twice(shop):
    data = "-- @HOP:data\ninsert into users values (7, 'eve')"
    commit(shop.patch(f"{data};", "02.sql"))
    out = validated(shop, "--no-tests", code=1)
    assert "error: Patches/2-new/02.sql:2:1: duplicate key" in out and "it ran for the second time" in out
    shop.patch("create table tags (name text);")
    commit(shop.patch("-- @HOP:data\ninsert into tags values ('x'), ('y');", "02.sql"))
    for _ in range(2):  # no state is kept that has not been seen to be good
        out = validated(shop, "--no-tests", code=1)
        assert "error: Patches/2-new/02.sql: the second time makes 4 rows of 2 in public.tags" in out
    emptied = "truncate tags; insert into tags values ('x')"
    for good in (f"{data} on conflict do nothing;", f"-- @HOP:data\n{emptied};", "-- @HOP:data\n"):
        commit(shop.patch(good, "02.sql"))
        validated(shop, "--no-tests")


def test_what_does_not_hold_is_warned_about(shop):
    constraint = "alter table users add constraint short check (length(name) < 9) not valid;"
    commit(shop.patch(constraint))
    out = validated(shop, "--no-tests")
    assert "warning: the constraint public.users.short is NOT VALID" in out


def test_no_tests_are_no_failure_but_told(shop):
    shop.git("rm", "-q", "-r", "tests")
    commit(shop)
    assert "there are no tests" in validated(shop)
    assert document(shop)["record"]["tests"]["result"] == "nothing to run"


def test_an_interpreter_without_pytest_cannot_tell(shop, tmp_path):
    lonely = tmp_path / "lonely"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(lonely)], check=True)
    conf = (shop.top / "halfhooks.conf").read_text()
    shop.write("halfhooks.conf", conf.replace(sys.executable, str(lonely / "bin" / "python")))
    commit(shop)
    ran = shop.ho("validate")
    assert ran.code == 2 and f"{lonely}/bin/python -m pip install pytest" in ran.err
    assert leftovers(shop) == [] and shop.scratch() == []


def test_the_tests_see_the_code_of_the_commit_and_no_repository(shop):
    shop.write("src/shop/__init__.py", "WHERE = 'commit'\n")
    shop.write(
        "tests/where_test.py",
        "import os, pathlib, shop, subprocess\n"
        "def test_it():\n"
        "    assert shop.WHERE == 'commit'\n"
        "    assert pathlib.Path(shop.__file__).is_relative_to(os.getcwd())\n"
        "    assert not [name for name in os.environ if name.startswith('GIT_DIR')]\n"
        "    assert subprocess.run(['git', 'rev-parse'], capture_output=True).returncode\n",
    )
    commit(shop)
    shop.write("src/shop/__init__.py", "WHERE = 'working tree'\n")
    os.environ["GIT_DIR"] = str(shop.top / ".git")
    try:
        validated(shop)
    finally:
        del os.environ["GIT_DIR"]


def test_a_release_a_patch_and_a_commit_by_name(shop):
    assert "'ho-release/0.2.0' is valid: production 0.1.0 with 1 patch" in validated(shop, "--release", "0.2.0")
    assert "2 patches" in validated(shop, "--patch", "2-new")
    shop.git("switch", "-q", "--detach")
    assert "2 patches" in validated(shop, "--commit", "HEAD")
    ran = shop.ho("validate")
    assert ran.code == 2 and "ho validate --commit HEAD" in ran.err


def test_a_patch_that_no_release_lists_cannot_be_told(shop):
    shop.git("switch", "-q", "-c", "ho-patch/9-nine")
    ran = shop.ho("validate")
    assert ran.code == 2 and "no release that is known here lists '9-nine'" in ran.err


def test_the_newest_known_tip_counts_and_a_fork_is_said(shop):
    tip = shop.git("rev-parse", "ho-release/0.2.0").strip()
    shop.git("update-ref", "refs/remotes/origin/ho-release/0.2.0", tip)
    on_release(shop, "one.py", "")
    project = open_project()
    assert candidates.newest(project.clone, "ho-release/0.2.0")[0].name == "ho-release/0.2.0"
    newer = shop.git("rev-parse", "ho-release/0.2.0").strip()
    shop.git("update-ref", "refs/remotes/origin/ho-release/0.2.0", newer)
    shop.git("update-ref", "refs/heads/ho-release/0.2.0", tip)
    assert candidates.newest(project.clone, "ho-release/0.2.0")[0].name == "origin/ho-release/0.2.0"
    on_release(shop, "two.py", "")
    tip, remarks = candidates.newest(project.clone, "ho-release/0.2.0")
    assert tip.name == "origin/ho-release/0.2.0" and "have each what the other has not" in remarks[0]


def test_records_that_cannot_be_read_are_none_and_their_number_is_bounded(shop):
    record = document(shop, "--no-tests")["record"]
    records = Records(str(shop.top / ".git"))
    found = records.find(record["tree"])
    for number in range(MOST + 5):
        records.save(found._replace(tree=f"{number:040x}"))
    assert len(list(records.all())) == MOST
    path = records.save(found)
    for text in (
        "",
        "{",
        "[]",
        '{"format": 99}',
        json.dumps({**record, "tests": 3}),
        json.dumps({**record, "tree": "0"}),
    ):
        path.write_text(text)
        assert records.find(record["tree"]) is None
    assert not document(shop, "--no-tests", "--force")["known"]


def test_generated_code_that_is_stale_is_told(shop):
    conf = (shop.top / "halfhooks.conf").read_text()
    shop.write("halfhooks.conf", conf + "\tpackage = shop\n")
    assert shop.ho("codegen").code == 0
    commit(shop)
    assert document(shop, "--no-tests")["record"]["generated"] == "fresh"
    commit(shop.patch("create table new (id int primary key, size int);"))
    out = validated(shop, "--no-tests", code=1)
    assert "error: generated code is not what the database gives (HH701)" in out and "size" in out
    assert out.splitlines()[-1].endswith("is not valid: generated code")


@pytest.mark.parametrize("key", ["core.splitIndex", "core.untrackedCache", "core.sparseCheckout", "core.autocrlf"])
def test_settings_of_a_clone_leave_it_as_it_is(shop, key):
    on_release(shop, "app.py", "pass\n")
    shop.git("config", key, "true")
    if key == "core.sparseCheckout":
        shop.git("sparse-checkout", "set", "--cone", "releases", "model", "Patches")
    before = state(shop)
    assert "1 test passed" in validated(shop)
    assert state(shop) == before


def test_two_at_once(shop):
    before = state(shop)
    pair = [shop.start("validate", "--force") for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in pair]
    assert [process.returncode for process in pair] == [0, 0], outputs
    assert state(shop) == before and leftovers(shop) == [] and shop.scratch() == []


def test_what_is_known_needs_no_server(shop, monkeypatch):
    validated(shop)
    monkeypatch.setenv("PGHOST", "/nowhere")
    assert "known from before" in validated(shop)
    assert shop.ho("validate", "--force").code == 2


# --- interrupted

SLOW_TEST = "import subprocess, time\ndef test_it():\n    subprocess.Popen(['sleep', '987']).wait()\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_end_in_the_middle_of_the_tests_leaves_nothing_running(shop, number):
    commit(shop.write("tests/slow_test.py", SLOW_TEST))
    before = state(shop)
    process = shop.start("validate")
    wait_for(lambda: processes("sleep 987"))
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130), output
    wait_for(lambda: not processes("sleep 987"))
    assert state(shop) == before
    if number == signal.SIGKILL:
        assert leftovers(shop)
        shop.ho("validate", "--no-tests")
    assert leftovers(shop) == [] and shop.scratch() == []


def test_the_time_limit(shop):
    commit(shop.write("tests/slow_test.py", SLOW_TEST))
    ran = shop.ho("validate", "--timeout", "3")
    assert ran.code == 1 and "it took longer than 3 s" in ran.err
    assert not processes("sleep 987")
    assert leftovers(shop) == [] and shop.scratch() == []


@pytest.mark.parametrize("delay", [0.05, 0.3, 0.5, 0.7, 0.9, 1.3])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_end_at_any_point(shop, number, delay):
    on_release(shop, "app.py", "pass\n")
    before = state(shop)
    process = shop.start("validate", "--force")
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
    process.communicate(timeout=30)
    assert state(shop) == before
    validated(shop, "--force", "--no-tests")
    assert leftovers(shop) == [] and shop.scratch() == []
    assert state(shop) == before


SPOILING = """\
import psycopg2

def test_users_can_go():
    with psycopg2.connect("") as connection, connection.cursor() as cursor:
        cursor.execute("drop table users cascade")
"""


@pytest.mark.parametrize("tests", [(), ("--no-tests",)])
def test_the_state_of_production_is_kept_for_the_next_command_as_no_test_has_left_it(shop, databases, tests):
    evict(databases, Limits(0, 0))
    shop.git("switch", "-qc", "ho-prod")
    for path in (shop.top / "releases").glob("0.2.0-*"):
        path.unlink()
    commit(shop.write("tests/shop_test.py", SPOILING))
    validated(shop, "--commit", "HEAD", "--force", *tests)
    (kept,) = listed(databases)
    assert kept.mark["words"] == "0.1.0" and not databases.ours(SCRATCH)
    validated(shop, "--commit", "HEAD", "--force", *tests)
    assert [each.name for each in listed(databases)] == [kept.name]
    shop.git("switch", "-q", "ho-release/0.2.0")
    ran = shop.ho("apply")
    assert ran.code == 0 and "from the cache: production 0.1.0" in ran.out, ran
    assert shop.ask("select count(*) from users") == [(2,)]


def test_what_would_make_production_stand_still_is_told_and_kept(shop):
    shop.patch("alter table users alter id type bigint;\nalter table users add x int;\nalter table posts add y int;")
    commit(shop)
    out = validated(shop)
    assert "Patches/2-new/01.sql:1:1: writes all of 'public.users' under the ACCESS EXCLUSIVE lock" in out
    assert ":2:1:" not in out and "posts'" not in out
    found = document(shop)
    assert found["known"] and found["record"]["observed"] == "share"
    first, hazard = [each for each in found["record"]["hazards"] if each["source"] == "observed"]
    assert (first["file"], first["lock"], first["severity"]) == (
        "Patches/1-posts/01.sql",
        "share row exclusive",
        "brief",
    )
    assert (hazard["table"], hazard["line"], hazard["rewritten"], hazard["severity"]) == (
        "public.users",
        1,
        True,
        "long",
    )


def test_a_hazard_that_the_policy_refuses_is_no_valid_tree_whatever_was_known(shop):
    shop.patch("create index on users (name);\ncreate table c (x char(3));")
    commit(shop)
    assert "(squawk: ban-char-field)" not in validated(shop)
    assert "(squawk: ban-char-field)" in validated(shop, "--explain")
    shop.git("config", "halfhooks.project.locks", "refuse")
    out = validated(shop, code=1)
    assert "is not valid: locks" in out and "Patches/2-new/01.sql:1:1: reads all of 'public.users'" in out
    assert out.count("reads all of") == 1
    shop.git("config", "halfhooks.project.lockMode", "access exclusive")
    validated(shop)


def test_locks_are_not_looked_at_where_that_is_off_and_are_once_it_is_on_again(shop):
    shop.git("config", "halfhooks.project.locks", "off")
    shop.patch("create index on users (name);")
    commit(shop)
    assert document(shop)["record"]["hazards"] == []
    assert "project.locks is off" in validated(shop, "--explain")
    shop.git("config", "halfhooks.project.locks", "warn")
    assert "reads all of 'public.users'" in validated(shop)
    assert document(shop)["known"]

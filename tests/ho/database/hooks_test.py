"""What the hooks of a clone start: `ho validate` before a push, `ho apply` before a commit; real pushes and commits."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from halfhooks.ho.database.connect import Server, ask
from halfhooks.ho.records import Records
from tests.builders import Dev
from tests.builders import Server as Repository
from tests.client.desk import Desk
from tests.ho.database.conftest import processes, wait_for

RELEASE = "ho-release/0.1.0"
PATCH = "1-users"
BRANCH = f"ho-patch/{PATCH}"
TEST = "def test_it():\n    assert {}\n"
SLOW = "import subprocess\ndef test_it():\n    subprocess.Popen(['sleep', '986']).wait()\n"


@pytest.fixture
def desk(project: Dev, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A clone with our hooks and a release with one patch, `ho` on the PATH, on its release branch."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    project.start_release("0.1.0").new_patch("0.1.0", PATCH).work_on(PATCH, "create table users (id int);")
    desk = Desk.of(project).switch(RELEASE)
    set_key(desk, "database", f"h{tmp_path.name[-20:]}".replace("-", "_").lower())
    set_key(desk, "python", sys.executable)
    return desk


def set_key(desk: Desk, key: str, value: str) -> None:
    desk.git("config", f"halfhooks.project.{key}", value).passed()


def refs(desk: Desk) -> dict[str, str]:
    """What the server has."""
    return Repository(desk.clone.parent / "server.git").refs()


def pushed(desk: Desk, what: str = RELEASE, **environment: str):
    """How a push ended, which moved something if and only if git said so."""
    before = refs(desk)
    said = desk.git("push", "-q", "origin", what, **environment)
    assert (refs(desk) != before) == (said.status == 0), said.text
    return said


def on_patch(desk: Desk, test: str) -> None:
    """A commit of the patch branch, with a test."""
    desk.switch(BRANCH).stage("tests/it_test.py", test).forced()


def integrated(desk: Desk, test: str) -> None:
    """The patch with a test in the release, ready to be pushed."""
    on_patch(desk, test)
    desk.switch(RELEASE)
    assert not desk.git("merge", "-q", "--no-ff", "--no-verify", "-m", "Integrate", BRANCH).status


def records(desk: Desk) -> list:
    return list(Records(str(desk.clone / ".git")).all())


def test_a_release_is_validated_before_it_is_pushed(desk):
    set_key(desk, "onPush", "validate-release")
    integrated(desk, TEST.format("True"))
    pushed(desk, BRANCH).passed()
    said = pushed(desk)
    assert "1 test passed" in said.text and said.status == 0
    assert [record.tree for record in records(desk)] == [desk.ask("rev-parse", f"{RELEASE}^{{tree}}")]


def test_what_is_known_to_be_valid_is_not_validated_again(desk):
    set_key(desk, "onPush", "validate-release")
    integrated(desk, TEST.format("True"))
    assert not desk.git("push", "-q", "--no-verify", "origin", BRANCH).status
    assert "1 test passed" in desk.git("push", "--dry-run", "origin", RELEASE).text
    said = pushed(desk)
    assert "known from before" in said.text and "tests:" not in said.text


def test_a_release_that_is_not_valid_stays_here_unless_somebody_insists(desk):
    set_key(desk, "onPush", "validate-release")
    integrated(desk, TEST.format("False"))
    assert not desk.git("push", "-q", "--no-verify", "origin", BRANCH).status
    said = pushed(desk)
    assert said.status and "assert False" in said.text
    assert (
        f"'{RELEASE}' is not valid, nothing was pushed; to push it all the same: SKIP=halfhooks-validate" in said.ours
    )
    assert records(desk) == []
    said = pushed(desk, SKIP="other, halfhooks-validate")
    assert said.status == 0 and f"'{RELEASE}' is not validated: SKIP names halfhooks-validate" in said.text


def test_no_verify_is_gits_own_way(desk):
    set_key(desk, "onPush", "validate-release")
    integrated(desk, TEST.format("False"))
    assert not desk.git("push", "-q", "--no-verify", "origin", BRANCH, RELEASE).status


def test_what_the_rules_refuse_is_not_validated(desk):
    set_key(desk, "onPush", "validate-release")
    desk.stage("app/x.py", "x = 1\n").forced()
    said = pushed(desk).stopped("HH108")
    assert "valid" not in said.text.replace("validated", "")


def test_a_patch_is_validated_where_that_is_wanted(desk):
    on_patch(desk, TEST.format("False"))
    set_key(desk, "onPush", "validate-release")
    pushed(desk, BRANCH).passed()
    desk.stage("tests/more_test.py", TEST.format("True")).forced()
    set_key(desk, "onPush", "validate")
    said = pushed(desk, f"HEAD:{BRANCH}")
    assert said.status and f"'{BRANCH}' is not valid, nothing was pushed" in said.ours
    desk.stage("tests/it_test.py", TEST.format("True")).forced()
    said = pushed(desk, f"HEAD:{BRANCH}")
    assert said.status == 0 and "2 tests passed" in said.text


def test_without_ho_nothing_is_passed_over_in_silence(desk, tmp_path):
    set_key(desk, "onPush", "validate-release")
    set_key(desk, "python", ".venv/bin/python")
    integrated(desk, TEST.format("True"))
    assert not desk.git("push", "-q", "--no-verify", "origin", BRANCH).status
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("git", "env", "sh"):
        (programs / name).symlink_to(str(shutil.which(name)))
    (programs / "python3").symlink_to(Path(sys.executable).resolve())
    said = pushed(desk, PATH=str(programs))
    assert said.status
    assert "there is no `ho` on the PATH, nor beside the Python of the hook: pip install halfhooks" in said.text
    assert f"'{RELEASE}' could not be validated, nothing was pushed" in said.ours


def test_ho_is_found_where_nobody_can_push_one(desk, monkeypatch, tmp_path):
    from halfhooks.trigger import find_ho

    monkeypatch.chdir(desk.clone)
    ours = str(Path(sys.executable).parent)
    assert find_ho({"PATH": ours}) == find_ho({}) == f"{ours}/ho"
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    desk.stage("bin/ho", "#!/bin/sh\n")
    (desk.clone / "bin" / "ho").chmod(0o755)
    assert find_ho({"PATH": "bin:.:"}) == ""
    (tmp_path / "ho").write_text("")
    assert find_ho({}) == ""
    (tmp_path / "ho").chmod(0o755)
    assert find_ho({}) == str(tmp_path / "ho")


def test_a_server_that_is_not_there_stops_the_push(desk):
    set_key(desk, "onPush", "validate-release")
    integrated(desk, TEST.format("True"))
    assert not desk.git("push", "-q", "--no-verify", "origin", BRANCH).status
    said = pushed(desk, PGHOST="/nowhere")
    assert said.status and "could not be validated" in said.ours and "cannot tell" in said.text


def test_the_time_limit(desk):
    set_key(desk, "onPush", "validate-release")
    set_key(desk, "timeLimit", "3")
    integrated(desk, SLOW)
    assert not desk.git("push", "-q", "--no-verify", "origin", BRANCH).status
    said = pushed(desk)
    assert said.status and "it took longer than 3 s" in said.text
    assert not processes("sleep 986")


def test_ctrl_c_ends_the_push_and_all_that_it_started(desk, tmp_path):
    set_key(desk, "onPush", "validate-release")
    integrated(desk, SLOW)
    assert not desk.git("push", "-q", "--no-verify", "origin", BRANCH).status
    before = refs(desk)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "start_new_session": True}
    process = subprocess.Popen(["git", "push", "-q", "origin", RELEASE], cwd=desk.clone, **pipes)
    wait_for(lambda: processes("sleep 986"))
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it
    output, _ = process.communicate(timeout=30)
    assert process.returncode and "halfhooks: interrupted" in output
    wait_for(lambda: not processes("sleep 986"))
    wait_for(lambda: not [path for path in tmp_path.glob("halfhooks-*-validate/*") if path.is_dir()])
    assert refs(desk) == before


# --- before a commit


def tables(desk: Desk, server: Server) -> set[str]:
    name = desk.ask("config", "halfhooks.project.database")
    if not ask(server, "postgres", "select 1 from pg_database where datname = %s", (name,)):
        return set()
    query = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    return {relation for (relation,) in ask(server, name, query)}


def test_a_commit_of_a_patch_brings_the_database_to_it(desk, server):
    set_key(desk, "onCommit", "apply")
    desk.switch(BRANCH)
    assert desk.stage("app/x.py", "x = 1\n").commit().passed()
    assert tables(desk, server) == set()
    said = desk.stage("Patches/1-users/02.sql", "create table tags (id int);").commit()
    assert said.status == 0 and "Patches/1-users/02.sql" in said.text
    assert "tags" in tables(desk, server)


def test_a_patch_that_does_not_run_is_not_committed_unless_somebody_insists(desk, server):
    set_key(desk, "onCommit", "apply")
    desk.switch(BRANCH).stage("Patches/1-users/02.sql", "create tabel tags (id int);")
    said = desk.commit()
    assert said.status and "Patches/1-users/02.sql:1:8: syntax error" in said.text
    assert "a patch does not run, nothing was committed" in said.ours
    assert tables(desk, server) == set()
    assert not desk.commit(SKIP="halfhooks-apply").status


def classes(desk: Desk) -> None:
    done = subprocess.run(["ho", "codegen"], cwd=desk.clone, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_classes_that_are_older_than_the_patch_are_not_committed(desk):
    set_key(desk, "package", "shop")
    table = "create table {} (id int);"
    desk.switch(BRANCH).stage(
        "Patches/1-users/02.sql", table.format("tags")
    ).commit().passed()  # it makes no classes yet
    classes(desk)
    desk.git("add", "shop").passed()
    desk.commit().passed()
    said = desk.stage("Patches/1-users/02.sql", table.format("labels")).commit()
    assert (
        said.status == 0 and "halfhooks: whether the classes are those of these patches, ho codegen tells" in said.text
    )
    desk.stage("Patches/1-users/02.sql", table.format("marks"))
    classes(desk)
    said = desk.commit()
    assert said.status and "error[HH701]" in said.text
    assert "git add -- shop/public/marks.py shop/public/tags.py\n" in said.text  # tags was never taken out
    desk.git("add", "shop").passed()
    desk.commit().passed()
    desk.stage("app/x.py", "x = 1\n").commit().passed()


def test_apply_before_a_commit_writes_the_classes_and_lets_them_be_staged(desk):
    set_key(desk, "onCommit", "apply")
    set_key(desk, "package", "shop")
    desk.switch(BRANCH).stage("Patches/1-users/02.sql", "create table tags (id int);")
    said = desk.commit()
    assert said.status and "new: shop/public/tags.py" in said.text and "error[HH701]" in said.text
    assert not desk.commit(SKIP="halfhooks-codegen").status
    desk.git("add", "shop").passed()
    assert not desk.stage("Patches/1-users/02.sql", "create table tags (id int); --").commit().status


def test_a_python_file_is_not_told_of_the_repository(desk, server):
    set_key(desk, "onCommit", "apply")
    script = "import os\nassert not {'GIT_DIR', 'GIT_INDEX_FILE', 'GIT_PREFIX'} & os.environ.keys(), os.environ\n"
    desk.switch(BRANCH).stage("Patches/1-users/02.py", script)
    said = desk.commit()
    assert said.status == 0 and "Patches/1-users/02.py" in said.text


# --- through the pre-commit framework

CONFIG = """\
default_install_hook_types: [pre-push]
repos:
- repo: local
  hooks:
  - {id: halfhooks-validate, name: validate, entry: ho hook validate, language: system, stages: [pre-push],
     always_run: true, pass_filenames: false}
"""


def test_the_framework_validates_a_release_and_skips_by_its_own_ways(desk):
    integrated(desk, TEST.format("False"))
    assert not desk.git("push", "-q", "--no-verify", "origin", BRANCH).status
    desk.git("config", "--unset", "core.hooksPath").passed()
    desk.write(".pre-commit-config.yaml", CONFIG)
    subprocess.run([sys.executable, "-m", "pre_commit", "install"], cwd=desk.clone, check=True, capture_output=True)
    said = pushed(desk)
    assert said.status and "assert False" in said.text and "is not valid: tests" in said.text
    assert not pushed(desk, SKIP="halfhooks-validate").status


def test_the_framework_lets_a_valid_release_pass_and_other_branches(desk):
    integrated(desk, TEST.format("True"))
    desk.git("config", "--unset", "core.hooksPath").passed()
    desk.write(".pre-commit-config.yaml", CONFIG)
    subprocess.run([sys.executable, "-m", "pre_commit", "install"], cwd=desk.clone, check=True, capture_output=True)
    assert not pushed(desk, BRANCH).status
    assert records(desk) == []
    assert not pushed(desk).status
    assert len(records(desk)) == 1

"""install/server.py, on real repositories: what it does, what it refuses, and that it leaves no trace."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from install._programs import Git, Refusal, new_enough, read_version
from tests.builders import PROJECT
from tests.install.conftest import ACCEPTED, REFUSED, Host, run, tree

SETTINGS = {"receive.fsckObjects": "true", "receive.shallowUpdate": "false", "receive.hideRefs": "refs/replace"}


def test_guards_a_repository(host: Host):
    assert not host.guards()
    host.git("--git-dir", host.repository, "update-ref", "-d", "refs/heads/ho-nonsense")
    host.installed()
    assert host.guards()


def test_sets_what_git_checks_itself(host: Host):
    host.installed()
    for key, value in SETTINGS.items():
        assert host.git("--git-dir", host.repository, "config", "--local", key) == value
    done = host.push("HEAD:refs/replace/" + host.git("-C", host.clone, "rev-parse", "HEAD"))
    assert done.code != 0
    assert host.git("--git-dir", host.repository, "for-each-ref", "refs/replace") == ""


def test_the_hook_is_tiny_and_names_its_programs_by_absolute_path(host: Host):
    host.installed()
    lines = host.hook.read_text().splitlines()
    assert len(lines) < 12
    interpreter, flags = lines[0][2:].split()
    assert Path(interpreter).is_absolute()
    assert flags == "-IS"
    assert lines[-1] == f"pre_receive({shutil.which('git')!r})"


def test_the_interpreter_is_not_that_of_a_virtual_environment(host: Host, tmp_path: Path):
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv")
    host.installed("--python", tmp_path / "venv" / "bin" / "python")
    interpreter = Path(host.hook.read_text().split()[0][2:])
    assert tmp_path not in interpreter.parents
    shutil.rmtree(tmp_path / "venv")
    assert host.guards()


def test_the_interpreter_is_not_a_shim(host: Host, tmp_path: Path):
    shim = tmp_path / "python3"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    shim.chmod(0o755)
    host.installed("--python", shim)
    shim.unlink()
    assert host.guards()


def test_a_second_run_changes_nothing(host: Host):
    host.installed()
    before = tree(host.repository)
    done = host.install()
    assert (done.code, "already installed, nothing changed" in done.out) == (0, True)
    assert tree(host.repository) == before


def test_a_rehearsal_changes_nothing_and_tells_what_would_be_done(host: Host):
    before = tree(host.repository)
    rehearsed = host.install("--dry-run")
    assert rehearsed.code == 0
    assert tree(host.repository) == before
    done = host.install()
    assert rehearsed.out.splitlines()[1:] == done.out.splitlines()[1:]
    before = tree(host.repository)
    assert host.install("--uninstall", "--dry-run").code == 0
    assert tree(host.repository) == before


CONFIGS = {
    "plain": "",
    "set otherwise": "[receive]\n\tfsckObjects = false ; why\n[Receive]\n  shallowupdate = true\n\thideRefs = refs/x\n",
    "set already": "[receive]\n fsckobjects\n shallowUpdate = no\n hideRefs = refs/replace\n",
    "shown again": "[receive]\n\thideRefs = refs/replace\n\thideRefs = !refs/replace\n",
    "not UTF-8": "[user]\n\tname = \udce9\n",
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_uninstalling_restores_every_byte(host: Host, config: str):
    with host.config.open("a", errors="surrogateescape") as file:
        file.write(config)
    before = tree(host.repository)
    host.installed()
    hidden = host.git("--git-dir", host.repository, "config", "--get-all", "receive.hideRefs").split("\n")
    assert hidden[-1] == "refs/replace"
    done = host.install("--uninstall")
    assert done.code == 0, done.err
    assert tree(host.repository) == before


def test_uninstalling_after_pushes_leaves_what_was_pushed(host: Host):
    host.installed()
    assert host.guards()
    assert host.install("--uninstall").code == 0
    assert not (host.repository / "halfhooks").exists()
    assert not host.guards()


def test_uninstalling_keeps_what_the_administrator_changed_since(host: Host):
    host.installed()
    host.git("--git-dir", host.repository, "config", "halfhooks.otherRefs", "refuse")
    host.git("--git-dir", host.repository, "config", "receive.shallowUpdate", "true")
    done = host.install("--uninstall")
    assert "leave receive.shallowUpdate = true: it was changed since" in done.out
    config = host.config.read_text()
    assert "otherRefs = refuse" in config
    assert "fsckObjects" not in config
    assert "hideRefs" not in config


def test_an_upgrade_does_not_forget_what_the_administrator_changed_in_between(host: Host, checkout: Path):
    host.installed()
    host.git("--git-dir", host.repository, "config", "receive.fsckObjects", "false")
    host.git("--git-dir", host.repository, "config", "halfhooks.otherRefs", "refuse")
    assert host.install(checkout=_next_version(checkout)).code == 0
    host.install("--uninstall")
    assert "otherRefs = refuse" in host.config.read_text()


def test_uninstalling_what_is_not_there(host: Host):
    before = tree(host.repository)
    done = host.install("--uninstall")
    assert done.code == 1
    assert "is not installed" in done.err
    assert tree(host.repository) == before


# --- refusals


def assert_refused(host: Host, *options: object, saying: str) -> None:
    before = tree(host.folder)
    done = host.install(*options)
    assert done.code == 1, done.out
    assert saying in done.err
    assert "\n  why:  " in done.err
    assert "\n  help: " in done.err
    assert tree(host.folder) == before


def test_refuses_what_is_no_repository(host: Host, tmp_path: Path):
    host.repository = tmp_path / "nowhere.git"
    assert_refused(host, saying="is not a git repository")
    host.repository.mkdir()
    assert_refused(host, saying="is not a git repository")


def test_a_mistyped_name_leads_to_the_nearest_repository_beside_it(host: Host):
    host.git("init", "-q", "--bare", host.folder / "shop.git")
    for typed in ("shp.git", "shop"):
        host.repository = host.folder / typed
        assert_refused(host, saying=f"did you mean '{host.folder / 'shop.git'}'?")
    host.repository = host.folder / "quite-another.git"
    assert "did you mean" not in host.install().err


def test_no_repository_is_made_in_a_folder_that_holds_something_else(host: Host):
    host.repository = host.folder
    assert_refused(host, saying=f"the folder holds 2 repositories, name one: {host.folder / 'clone'}")
    host.repository = host.folder / "notes"
    host.repository.mkdir()
    assert_refused(host, saying="git init --bare")
    (host.repository / "file").write_text("x")
    for place in (host.folder, host.repository, host.repository / "file"):
        host.repository = place
        assert "git init" not in host.install().err


def test_what_looks_like_a_repository_is_not_made_anew(host: Host):
    host.config.write_text("[broken\n")
    assert_refused(host, saying="git does not read it as one, see why: git --git-dir=")


def test_an_option_is_never_abbreviated(host: Host):
    before = tree(host.installed().repository)
    done = host.install("--uninstal")
    assert (done.code, tree(host.repository)) == (2, before)
    assert "--uninstal" in done.err


def test_a_folder_inside_a_repository_is_none(host: Host):
    (host.clone / "sub").mkdir()
    host.repository = host.clone / "sub"
    assert_refused(host, saying="is not a git repository")


def test_refuses_a_working_tree_unless_asked(host: Host):
    host.repository = host.clone
    assert_refused(host, saying="is not a bare repository")
    host.installed("--non-bare")
    assert (host.clone / ".git" / "hooks" / "pre-receive").exists()


def test_refuses_a_linked_working_tree_and_names_the_repository(host: Host, tmp_path: Path):
    host.git("-C", host.clone, "worktree", "add", "-q", tmp_path / "linked")
    host.repository = tmp_path / "linked"
    assert_refused(host, "--non-bare", saying=f"name the repository itself: {host.clone / '.git'}")


def test_the_callers_variables_do_not_lead_elsewhere(host: Host, monkeypatch: pytest.MonkeyPatch):
    before = tree(host.clone)
    monkeypatch.setenv("GIT_DIR", str(host.clone / ".git"))
    monkeypatch.setenv("GIT_CONFIG", str(host.clone / ".git" / "config"))
    host.installed()
    assert tree(host.clone) == before
    assert "fsckObjects" in host.config.read_text()


def _program(path: Path, says: str) -> Path:
    """A real program, for which a script would not do: it prints one line."""
    source = path.with_suffix(".c")
    source.write_text(f'#include <stdio.h>\nint main(void) {{ puts("{says}"); return 0; }}\n')
    subprocess.run(["cc", "-o", str(path), str(source)], check=True)
    return path


@pytest.mark.parametrize(
    ("said", "version", "fits"),
    [
        ("git version 2.33.9\n", (2, 33, 9), False),
        ("git version 1.99\n", (1, 99, 0), False),
        ("git version 2.34.0\n", (2, 34, 0), True),
        ("git version 2.39.5 (Apple Git-154)\n", (2, 39, 5), True),
        ("git version 10.0.rc1\n", (10, 0, 0), True),
    ],
)
def test_the_version_of_git(said: str, version: tuple[int, ...], fits: bool):
    git = Git("/usr/bin/git", read_version(said))
    assert git.version == version
    if fits:
        assert new_enough(git) == git
        return
    with pytest.raises(Refusal, match=f"is git {git.number}"):
        new_enough(git)


@pytest.mark.parametrize("said", ["", "Python 3.11.2\n", "git version two\n"])
def test_a_git_without_a_version(said: str):
    with pytest.raises(ValueError, match="version"):
        read_version(said)


@pytest.mark.skipif(shutil.which("cc") is None, reason="no compiler")
def test_refuses_an_old_git(host: Host, tmp_path: Path):
    assert_refused(host, "--git", _program(tmp_path / "git", "git version 2.33.9"), saying="is git 2.33.9")


def test_refuses_a_git_that_is_a_script(host: Host, tmp_path: Path):
    shim = tmp_path / "git"
    shim.write_text('#!/bin/sh\nexec git "$@"\n')
    shim.chmod(0o755)
    assert_refused(host, "--git", shim, saying="it is a script")


def test_refuses_an_old_python(host: Host, tmp_path: Path):
    old = tmp_path / "python3"
    answer = json.dumps([[3, 8, 18], "cpython-38", str(old), str(old), False])
    old.write_text(f"#!/bin/sh\necho '{answer}'\n")
    old.chmod(0o755)
    assert_refused(host, "--python", old, saying="is Python 3.8.18")


def test_refuses_a_python_that_is_none(host: Host):
    assert_refused(host, "--python", "/nonexistent/python3", saying="there is no program")
    assert_refused(host, "--python", shutil.which("true"), saying="does not run as a Python interpreter")


def test_refuses_a_path_that_fits_no_first_line(host: Host, tmp_path: Path):
    spaced = tmp_path / "a b"
    spaced.mkdir()
    (spaced / "python3").symlink_to(sys.executable)
    assert_refused(host, "--python", spaced / "python3", saying="does not fit the first line")


def test_refuses_a_foreign_hook(host: Host):
    host.foreign_hook()
    assert_refused(host, saying="exists and is not from halfhooks")


def test_refuses_to_chain_what_git_does_not_run_today(host: Host):
    host.foreign_hook().chmod(0o644)
    assert_refused(host, "--chain", saying="is not a program that can be run")


def test_refuses_another_hooks_path(host: Host, tmp_path: Path):
    host.git("--git-dir", host.repository, "config", "core.hooksPath", tmp_path / "hooks")
    assert_refused(host, saying=f"core.hooksPath is '{tmp_path / 'hooks'}' (local, file:")
    host.git("--git-dir", host.repository, "config", "core.hooksPath", "hooks")
    host.installed()
    assert host.guards()


@pytest.mark.parametrize("name", ["hooks", "halfhooks", "config"])
def test_refuses_to_follow_a_link_out_of_the_repository(host: Host, tmp_path: Path, name: str):
    inside, outside = host.repository / name, tmp_path / "outside"
    if inside.exists():
        inside.rename(outside)
    else:
        outside.mkdir()
    inside.symlink_to(outside)
    assert_refused(host, saying="is a symbolic link")


def test_uninstalling_does_not_follow_a_link(host: Host, tmp_path: Path):
    host.installed()
    (host.repository / "halfhooks").rename(tmp_path / "outside")
    (host.repository / "halfhooks").symlink_to(tmp_path / "outside")
    assert_refused(host, "--uninstall", saying="is a symbolic link")


def test_leaves_nothing_behind_when_the_core_does_not_start(host: Host, checkout: Path):
    (checkout / "halfhooks" / "entry.py").write_text("raise ImportError('broken')\n")
    before = tree(host.repository)
    done = host.install(checkout=checkout)
    assert done.code == 1
    assert "the core does not start" in done.err
    assert tree(host.repository) == before


# --- another hook beside ours


def test_a_chained_hook_runs_after_ours_with_the_same_input_and_environment(host: Host):
    host.foreign_hook()
    host.installed("--chain")
    assert host.guards()
    old, new, ref = (host.repository / "seen").read_text().split()
    assert (set(old), new, ref) == ({"0"}, host.git("-C", host.clone, "rev-parse", "HEAD"), "refs/heads/topic")
    seen = (host.repository / "seen.env").read_text().splitlines()
    assert "GIT_DIR=." in seen
    assert any(line.startswith("GIT_QUARANTINE_PATH=") for line in seen)


def test_either_hook_refuses(host: Host):
    host.foreign_hook()
    host.installed("--chain")
    assert host.push("HEAD:refs/heads/forbidden").code != 0
    (host.repository / "seen").unlink()
    assert host.push(REFUSED).code != 0
    assert not (host.repository / "seen").exists(), "the chained hook ran though ours refused"
    assert host.git("--git-dir", host.repository, "for-each-ref") == ""


def test_a_chained_hook_that_dies_or_does_not_run_refuses(host: Host):
    host.foreign_hook("kill -9 $$")
    host.installed("--chain")
    assert host.push(ACCEPTED).code != 0
    host.hook.with_name("pre-receive.chained").unlink()
    done = host.push(ACCEPTED)
    assert done.code != 0
    assert "does not run: No such file or directory" in done.err


def test_a_chained_hook_gets_any_bytes_and_any_amount(host: Host):
    host.foreign_hook()
    host.installed("--chain")
    zeros = b"0" * 40
    pushed = b"".join(b"%s %s refs/heads/topic-\xe9\xff-%d\n" % (zeros, zeros, n) for n in range(5000))
    environment = {**os.environ, "GIT_DIR": "."}
    done = subprocess.run(
        ["hooks/pre-receive"], cwd=host.repository, env=environment, input=pushed, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert (host.repository / "seen").read_bytes() == pushed


def test_a_chained_hook_survives_a_second_run_and_comes_back(host: Host):
    host.foreign_hook()
    before = tree(host.repository)
    host.installed("--chain")
    installed = tree(host.repository)
    assert "nothing changed" in host.install().out
    assert "nothing changed" in host.install("--chain").out
    assert tree(host.repository) == installed
    assert host.install("--uninstall").code == 0
    assert tree(host.repository) == before


def test_a_chained_hook_may_be_a_link(host: Host, tmp_path: Path):
    host.foreign_hook().rename(tmp_path / "foreign")
    host.hook.symlink_to("../../foreign")
    before = tree(host.repository)
    host.installed("--chain")
    assert host.guards()
    (host.repository / "seen").unlink()
    (host.repository / "seen.env").unlink()
    assert host.install("--uninstall").code == 0
    assert {name: kept for name, kept in tree(host.repository).items() if name in before} == before


# --- upgrade


def _next_version(checkout: Path) -> Path:
    file = checkout / "halfhooks" / "__init__.py"
    text = file.read_text()
    file.write_text(text.replace('__version__ = "', '__version__ = "9.'))
    return checkout


def test_an_upgrade_replaces_the_core_and_keeps_the_one_before_for_running_pushes(host: Host, checkout: Path):
    host.installed()
    lib = host.repository / "halfhooks" / "lib"
    (first,) = lib.iterdir()
    done = host.install(checkout=_next_version(checkout))
    assert done.code == 0, done.err
    (second,) = set(lib.iterdir()) - {first}
    assert second.name.startswith("9.")
    assert second.name in host.hook.read_text()
    assert host.guards()
    before = tree(host.repository)
    assert "nothing changed" in host.install(checkout=checkout).out
    assert tree(host.repository) == before
    assert host.install(checkout=_next_version(checkout)).code == 0
    assert first not in lib.iterdir()
    assert second in lib.iterdir()


def test_an_upgrade_keeps_the_interpreter_that_was_chosen(host: Host, checkout: Path, tmp_path: Path):
    chosen = tmp_path / "python3"
    chosen.symlink_to(Path(sys.executable).resolve())
    host.installed("--python", chosen)
    assert host.install(checkout=_next_version(checkout)).code == 0
    assert host.hook.read_text().startswith(f"#!{chosen} -IS\n")


def test_a_damaged_installation_is_repaired(host: Host):
    host.installed()
    before = tree(host.repository)
    (copy,) = (host.repository / "halfhooks" / "lib").iterdir()
    (copy / "halfhooks" / "entry.py").write_text("")
    host.hook.chmod(0o644)
    assert host.install().code == 0
    assert tree(host.repository) == before


# --- what runs is what was copied


def test_the_hook_needs_its_bundles_alone(host: Host):
    host.installed()
    core = _core(host)
    for path in core.rglob("*.py"):
        if path not in (core / "__init__.py", core / "bundle.py"):
            path.unlink()
    assert host.guards()


def test_a_bundle_for_another_python_is_passed_over(host: Host):
    host.installed()
    for path in _bundles(host):
        path.write_bytes(b"\0\0\r\n" + path.read_bytes()[4:])
    assert host.guards()


@pytest.mark.parametrize("number", [0, 1], ids=["entry", "rules"])
def test_a_bundle_that_is_cut_off_refuses(host: Host, number: int):
    host.installed()
    bundle = _bundles(host)[number]
    bundle.write_bytes(bundle.read_bytes()[:-100])
    assert host.push(ACCEPTED).code != 0
    assert host.install().code == 0
    assert host.guards()


def _bundles(host: Host) -> list[Path]:
    bundles = sorted(_core(host).glob("*.bundle"))
    assert [path.name for path in bundles] == ["entry.bundle", "rules.bundle"]
    return bundles


def _core(host: Host) -> Path:
    (copy,) = (host.repository / "halfhooks" / "lib").iterdir()
    return copy / "halfhooks"


def test_the_copy_needs_no_checkout(host: Host, checkout: Path):
    assert host.install(checkout=checkout).code == 0
    checkout.rename(checkout.with_name("moved"))
    shutil.rmtree(checkout.with_name("moved"))
    assert host.guards()


def test_the_repository_can_be_moved(host: Host):
    host.installed()
    host.repository = host.repository.rename(host.folder / "elsewhere.git")
    assert host.guards()
    assert host.install("--status").code == 0


def test_what_the_pusher_sets_does_not_reach_the_hook(host: Host, tmp_path: Path):
    host.installed()
    trap = tmp_path / "trap"
    trap.mkdir()
    sprung = tmp_path / "sprung"
    for name in ("sitecustomize", "usercustomize", "halfhooks", "os", "fcntl"):
        (trap / f"{name}.py").write_text(f"open({str(sprung)!r}, 'w').close()\n")
    fake = trap / "git"
    fake.write_text(f"#!/bin/sh\ntouch {sprung}\nexit 0\n")
    fake.chmod(0o755)
    setting = {"PYTHONPATH": str(trap), "PYTHONHOME": str(trap), "PYTHONSTARTUP": str(trap / "os.py")}
    assert host.guards({**os.environ, **setting})
    assert not sprung.exists()
    # a pusher's PATH does not outlive git's own, which it prepends; so the hook is started as git starts it
    line = f"{'0' * 40} {'0' * 40} refs/heads/ho-nonsense\n"
    for path in ("", str(trap)):
        environment = {**setting, "PATH": path, "GIT_DIR": "."}
        subprocess.run([host.hook], cwd=host.repository, env=environment, input=line.encode(), capture_output=True)
        assert not sprung.exists()


# --- permissions


def test_others_who_may_read_the_repository_may_run_the_hook_whatever_the_umask(host: Host):
    host.repository.chmod(0o755)
    assert host.install(umask=0o077).code == 0
    copies = host.repository / "halfhooks" / "lib"
    for path in (host.hook, copies, *copies.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o755 if path.is_dir() or path == host.hook else 0o644), path


def test_a_private_repository_stays_private(host: Host):
    host.repository.chmod(0o700)
    assert host.install(umask=0).code == 0
    copies = host.repository / "halfhooks" / "lib"
    for path in (host.hook, copies, *copies.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_group_of_a_shared_repository_may_run_the_hook(host: Host):
    host.repository.chmod(0o2770)
    host.git("--git-dir", host.repository, "config", "core.sharedRepository", "group")
    assert host.install(umask=0o077).code == 0
    assert stat.S_IMODE(host.hook.stat().st_mode) == 0o750
    assert stat.S_IMODE((host.repository / "halfhooks").stat().st_mode) == 0o2770


@pytest.mark.skipif(os.geteuid() != 0 or not Path("/usr/bin/python3").exists(), reason="only root can give files away")
def test_root_works_as_the_owner_of_the_repository():
    nobody = 65534
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        host = Host(Path(folder))
        for path in (host.repository, *host.repository.rglob("*")):
            os.chown(path, nobody, nobody)
        done = host.install("--python", "/usr/bin/python3", umask=0o077)
        assert done.code == 0, done.err
        owners = {path.lstat().st_uid for path in (host.repository, *host.repository.rglob("*"))}
        assert owners == {nobody}
        assert host.install("--uninstall").code == 0


# --- status


def weaknesses(host: Host) -> str:
    done = host.install("--status", "--json")
    status = json.loads(done.out)
    assert (done.code, status["healthy"]) == ((1, False) if status["weaknesses"] else (0, True))
    return "\n".join(weakness["what"] for weakness in status["weaknesses"])


def test_status_of_a_repository_without_it(host: Host):
    done = host.install("--status")
    assert done.code == 2
    assert "is not installed" in done.out
    assert json.loads(host.install("--status", "--json").out)["installed"] is False


def test_status_of_what_is_no_repository(host: Host, tmp_path: Path):
    for place in (tmp_path / "nowhere.git", tmp_path):
        host.repository = place
        done = host.install("--status")
        assert (done.code, done.out) == (2, "")
        assert "is not a git repository" in done.err
        assert "nothing was installed" not in done.err
        document = json.loads(host.install("--status", "--json").out)
        assert "is not a git repository" in document["error"]
        assert any("help:" in line for line in document["details"])


def test_status_of_a_healthy_one(host: Host):
    before = tree(host.installed().repository)
    done = host.install("--status")
    assert done.code == 0, done.out
    for said in ("halfhooks ", "interpreter: ", "git: ", "receive.fsckObjects = true", "docs/server.md"):
        assert said in done.out
    assert weaknesses(host) == ""
    assert tree(host.repository) == before


SETTINGS_THAT_WEAKEN = [
    ("receive.fsckObjects", "false", "receive.fsckObjects is 'false'"),
    ("receive.shallowUpdate", "true", "receive.shallowUpdate is 'true'"),
    ("receive.hideRefs", "!refs/replace", "refs/replace can be pushed to"),
    ("receive.fsck.badTimezone", "ignore", "receive.fsck.badtimezone is 'ignore'"),
    ("receive.procReceiveRefs", "refs/for", "receive.procreceiverefs is 'refs/for'"),
    ("halfhooks.warn", "HH301", "these rules only warn"),
    ("core.hooksPath", "/elsewhere", "core.hooksPath is '/elsewhere'"),
]


@pytest.mark.parametrize(("key", "value", "said"), SETTINGS_THAT_WEAKEN, ids=[row[0] for row in SETTINGS_THAT_WEAKEN])
def test_status_names_settings_that_weaken(host: Host, key: str, value: str, said: str):
    host.installed()
    host.git("--git-dir", host.repository, "config", "--add", key, value)
    assert said in weaknesses(host)


def test_status_sees_settings_of_the_whole_machine(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    host.installed()
    machine = tmp_path / "gitconfig"
    machine.write_text("[core]\n\thooksPath = /elsewhere\n")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(machine))
    assert f"core.hooksPath is '/elsewhere' (file:{machine})" in weaknesses(host)


def test_status_names_a_hook_that_is_not_as_it_was(host: Host):
    host.installed()
    host.hook.chmod(0o644)
    assert "has no run bit" in weaknesses(host)
    host.hook.chmod(0o755)
    text = host.hook.read_text()
    host.hook.write_text(text + "#\n")
    assert "was changed since it was installed" in weaknesses(host)
    host.hook.rename(host.hook.with_name("real"))
    host.hook.symlink_to("real")
    assert "is a symbolic link" in weaknesses(host)
    host.hook.unlink()
    assert "is gone: no push is judged" in weaknesses(host)


def test_status_names_a_damaged_core(host: Host):
    host.installed()
    (copy,) = (host.repository / "halfhooks" / "lib").iterdir()
    (copy / "halfhooks" / "git.py").unlink()
    assert "files of the core" in weaknesses(host)


def test_status_names_a_missing_interpreter(host: Host, tmp_path: Path):
    link = tmp_path / "python3"
    link.symlink_to(Path(sys.executable).resolve())
    host.installed("--python", link)
    assert weaknesses(host) == ""
    link.unlink()
    assert "there is no program" in weaknesses(host)
    assert host.push(ACCEPTED).code != 0


def test_status_names_what_is_around_the_repository(host: Host):
    host.installed()
    (host.repository / "objects" / "info" / "alternates").write_text("/srv/other.git/objects\n")
    assert "objects are borrowed" in weaknesses(host)
    (host.repository / "objects" / "info" / "alternates").unlink()
    host.repository.chmod(0o777)
    assert "can be written by everybody" in weaknesses(host)
    host.repository.chmod(0o755)
    assert host.push(ACCEPTED).code == 0
    tip = host.git("--git-dir", host.repository, "rev-parse", "topic")
    host.git("--git-dir", host.repository, "update-ref", f"refs/replace/{tip}", tip)
    assert "there are refs below refs/replace" in weaknesses(host)


def test_status_names_a_chained_hook_that_does_not_run(host: Host):
    host.foreign_hook()
    host.installed("--chain")
    host.hook.with_name("pre-receive.chained").chmod(0o644)
    assert "does not run: every push is refused" in weaknesses(host)


def test_status_of_an_unreadable_state(host: Host):
    host.installed()
    (host.repository / "halfhooks" / "state.json").write_text("{")
    assert "cannot be read" in weaknesses(host)
    assert_refused(host, saying="cannot be read")


def test_help_lists_every_option():
    done = run(sys.executable, PROJECT / "install" / "server.py", "--help")
    for option in ("--status", "--uninstall", "--dry-run", "--json", "--chain", "--non-bare", "--python", "--git"):
        assert option in done.out
    assert run(sys.executable, PROJECT / "install" / "server.py").code == 2

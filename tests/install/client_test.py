"""install/client.py, on real clones: what it does, what it refuses, what runs beside it, and that it leaves no trace."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Optional

import pytest

from halfhooks import client
from halfhooks.ho.commands import hook
from install._client_steps import install_steps, uninstall_steps
from install._clone import find_clone, repository_of
from install._command import install
from install._payload import CLIENT, CLIENT_HOOKS, read_sources
from install._plan import Wish
from install._programs import find_git, find_interpreter
from install._repository import Step
from tests.builders import PROJECT, Dev
from tests.install.conftest import Done, run, tree

NO_PROMOTION = "error[HH107]"
SAYS = 'echo "$(basename "$0") $*" >> seen'


class Work:
    """A clone on ho-prod, whose path has a space and a letter beyond ASCII, and a server that judges nothing."""

    def __init__(self, dev: Dev) -> None:
        self.folder = dev.clone.parent
        self.server = dev.server
        self.clone = dev.clone.rename(self.folder / "my clöne")
        (self.server.path / "hooks" / "pre-receive").unlink()

    @property
    def hooks(self) -> Path:
        return self.clone / ".git" / "hooks"

    @property
    def kept(self) -> Path:
        return self.clone / ".git" / "halfhooks"

    def git(self, *arguments: object, env: Optional[Mapping[str, str]] = None) -> str:
        done = self.tried(*arguments, env=env)
        assert done.code == 0, done.err
        return done.out.strip()

    def tried(self, *arguments: object, env: Optional[Mapping[str, str]] = None) -> Done:
        return run("git", "-C", self.clone, *arguments, env=env)

    def install(self, *options: object, cwd: Optional[Path] = None, checkout: Path = PROJECT) -> Done:
        return run(sys.executable, checkout / "install" / "client.py", *options, cwd=cwd or self.clone)

    def installed(self, *options: object) -> Work:
        done = self.install(*options)
        assert done.code == 0, done.out + done.err
        return self

    def status(self) -> tuple[int, str]:
        """The exit code of --status, and what weakens the hooks."""
        done = self.install("--status", "--json")
        status = json.loads(done.out)
        assert status["healthy"] == (done.code == 0)
        return done.code, "\n".join(weakness["what"] for weakness in status["weaknesses"])

    def foreign(self, name: str, body: str = SAYS, first: str = "#!/bin/sh\n", mode: int = 0o755) -> Path:
        """A hook of somebody else."""
        hook = self.hooks / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"{first}{body}\n")
        hook.chmod(mode)
        return hook

    def seen(self) -> list[str]:
        """What the hooks of somebody else wrote down since the last time."""
        file = self.clone / "seen"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines

    def commit(self, path: str, *options: str, env: Optional[Mapping[str, str]] = None) -> Done:
        file = self.clone / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{path}\n")
        self.git("add", path)
        done = self.tried("commit", "-m", "Change", *options, env=env)
        if done.code:
            self.git("reset", "-q", "--hard")
        return done

    def allowed(self, *options: str, env: Optional[Mapping[str, str]] = None) -> Done:
        """A commit on a branch that is nobody's business."""
        self.git("switch", "-q", "--no-track", "-C", "topic", "ho-prod", env={**os.environ, "HUSKY": "0"})
        self.seen()
        done = self.commit("app.py", *options, env=env)
        self.git("-c", "core.hooksPath=/dev/null", "switch", "-q", "ho-prod")
        return done

    def judges(self, env: Optional[Mapping[str, str]] = None) -> bool:
        """Whether a commit past the workflow is refused by a rule, and another one is not."""
        accepted, refused = self.allowed(env=env), self.commit("app.py", env=env)
        assert accepted.code == 0, accepted.err
        assert (refused.code == 0) == (NO_PROMOTION not in refused.err), refused.err
        if refused.code == 0:
            self.git("-c", "core.hooksPath=/dev/null", "reset", "-q", "--hard", "HEAD^")
        return refused.code != 0


@pytest.fixture
def work(project: Dev) -> Work:
    return Work(project)


@pytest.fixture
def before(work: Work) -> dict[str, tuple[int, str]]:
    return tree(work.clone)


# --- what it does


def test_a_commit_and_a_push_past_the_workflow_stop(work: Work):
    assert not work.judges()
    work.installed()
    assert work.judges()
    assert work.commit("app.py", "--no-verify").code == 0
    pushed = work.tried("push", "origin", "ho-prod")
    assert pushed.code != 0
    assert NO_PROMOTION in pushed.err
    assert work.tried("push", "--no-verify", "origin", "ho-prod").code == 0


def test_each_hook_is_tiny_and_names_its_programs_by_absolute_path(work: Work):
    work.installed()
    for name in CLIENT_HOOKS:
        lines = (work.hooks / name).read_text().splitlines()
        assert len(lines) < 10
        interpreter, flags = lines[0][2:].split()
        assert Path(interpreter).is_absolute()
        assert flags == "-IS"
        assert lines[-1] == f"{name.replace('-', '_')}({shutil.which('git')!r})"


def test_all_scripts_for_a_client_are_installed_and_can_be_run_by_name():
    scripts = {path.name for path in (PROJECT / "hooks").iterdir() if path.is_file()}
    assert scripts == {*CLIENT_HOOKS, "pre-receive", "chained.py"}
    assert hook.HOOKS == CLIENT_HOOKS


def test_any_folder_of_the_clone_stands_for_it(work: Work):
    done = work.install(cwd=work.clone / "releases")
    assert done.code == 0, done.err
    assert work.judges()
    assert "nothing changed" in work.install(work.clone / "model", cwd=work.folder).out
    assert "nothing changed" in work.install("../my clöne", cwd=work.clone).out


def test_a_second_run_changes_nothing(work: Work):
    work.foreign("pre-commit")
    work.installed()
    before = tree(work.clone)
    done = work.install()
    assert (done.code, "already installed, nothing changed" in done.out) == (0, True)
    assert tree(work.clone) == before


def test_a_rehearsal_changes_nothing_and_tells_what_would_be_done(work: Work):
    work.foreign("pre-push")
    before = tree(work.clone)
    rehearsed = work.install("--dry-run")
    assert rehearsed.code == 0
    assert tree(work.clone) == before
    assert rehearsed.out.splitlines()[1:] == work.install().out.splitlines()[1:]
    before = tree(work.clone)
    assert work.install("--uninstall", "--dry-run").code == 0
    assert tree(work.clone) == before


def test_uninstalling_restores_every_byte(work: Work):
    shutil.rmtree(work.hooks)
    before = tree(work.clone)
    assert work.installed().install("--uninstall").code == 0
    assert tree(work.clone) == before
    work.foreign("pre-commit")
    work.foreign("post-merge", mode=0o644)
    work.foreign("shared")
    (work.hooks / "pre-push").symlink_to("shared")
    (work.hooks / "commit-msg").symlink_to("gone")
    before = tree(work.clone)
    assert work.installed().install("--uninstall").code == 0
    assert tree(work.clone) == before


def test_what_nobody_reads_is_done_all_the_same(work: Work):
    before = tree(work.clone)
    for options in ((), ("--uninstall",)):
        command = [sys.executable, str(PROJECT / "install" / "client.py"), *options]
        with subprocess.Popen(command, cwd=work.clone, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.close()
            assert process.wait() == 0, process.stderr.read()
        assert (tree(work.clone) == before) == bool(options)
    work.installed()
    assert work.status() == (0, "")


def test_uninstalling_what_is_not_there(work: Work, before: dict[str, tuple[int, str]]):
    done = work.install("--uninstall")
    assert (done.code, "is not installed" in done.err) == (1, True)
    assert tree(work.clone) == before


def test_the_copy_needs_no_checkout_and_the_clone_can_be_moved(work: Work, checkout: Path):
    work.foreign("pre-commit")
    assert work.install(checkout=checkout).code == 0
    shutil.rmtree(checkout)
    work.clone = work.clone.rename(work.folder / "moved")
    assert work.judges()
    assert work.status() == (0, "")
    assert work.install("--uninstall").code == 0


def test_leaves_nothing_behind_when_the_core_does_not_start(work: Work, checkout: Path):
    work.foreign("pre-commit")
    before = tree(work.clone)
    (checkout / "halfhooks" / "client.py").write_text("raise ImportError('broken')\n")
    done = work.install(checkout=checkout)
    assert done.code == 1
    assert "the core does not start" in done.err
    assert tree(work.clone) == before


def test_leaves_nothing_behind_when_writing_a_hook_fails(work: Work):
    work.foreign("pre-commit")
    before = tree(work.clone)
    repository = repository_of(find_clone(str(work.clone), find_git(None)), find_git(None))
    steps = install_steps(repository, Wish(read_sources(CLIENT), find_interpreter(None), True))
    last = [at for at, step in enumerate(steps) if step.what.startswith("write hooks/")][-1]
    broken = [*steps[:last], Step("fail", (work.clone / "nowhere").unlink)]
    with pytest.raises(FileNotFoundError):
        install(repository, broken, partial(uninstall_steps, repository), "halfhooks", False)
    assert tree(work.clone) == before


def test_a_folder_in_the_place_of_a_hook_is_refused(work: Work):
    (work.hooks / "pre-push").mkdir()
    assert_refused(work, saying="is a folder")


def test_an_installation_that_was_cut_off_is_completed_or_undone(work: Work):
    """Killed between the second name for a hook of somebody else and ours in its place."""
    foreign = work.foreign("pre-commit")
    before = tree(work.clone)
    work.installed()
    foreign.unlink()
    os.link(work.hooks / "pre-commit.chained", foreign)
    interrupted = tree(work.clone)
    assert work.install("--uninstall").code == 0
    assert tree(work.clone) == before
    work.installed()
    foreign.unlink()
    os.link(work.hooks / "pre-commit.chained", foreign)
    assert tree(work.clone) == interrupted
    work.installed()
    assert work.judges()
    assert work.seen() == ["pre-commit.chained "]


def test_an_upgrade_replaces_the_core_and_keeps_what_was_chosen(work: Work, checkout: Path):
    work.foreign("pre-commit")
    before = tree(work.clone)
    chosen = work.folder / "python3"
    chosen.symlink_to(Path(sys.executable).resolve())
    work.installed("--python", chosen)
    file = checkout / "halfhooks" / "__init__.py"
    file.write_text(file.read_text().replace('__version__ = "', '__version__ = "9.'))
    assert "this is halfhooks 9." in work.install("--status", checkout=checkout).out
    done = work.install(checkout=checkout)
    assert done.code == 0, done.err
    for name in CLIENT_HOOKS:
        text = (work.hooks / name).read_text()
        assert text.startswith(f"#!{chosen} -IS\n")
        assert "/halfhooks/lib/9." in text
    assert work.judges()
    assert work.seen() == ["pre-commit.chained "]
    assert work.install("--uninstall").code == 0
    work.git("branch", "-q", "-D", "topic")
    assert tree(work.hooks) == {
        name[len(".git/hooks/") :]: kept for name, kept in before.items() if name.startswith(".git/hooks/")
    }


def test_a_damaged_installation_is_repaired(work: Work):
    work.installed()
    before = tree(work.clone)
    (copy,) = (work.kept / "lib").iterdir()
    (copy / "halfhooks" / "client.py").write_text("")
    (work.hooks / "pre-push").chmod(0o644)
    (work.hooks / "commit-msg").unlink()
    work.installed()
    assert tree(work.clone) == before


def test_it_stands_beside_the_guard_of_a_repository_with_a_working_tree(work: Work):
    before = tree(work.clone)
    guard = (sys.executable, PROJECT / "install" / "server.py", work.clone)
    assert run(*guard, "--non-bare", "--chain").code == 0
    guarded = tree(work.clone)
    work.installed()
    assert run(*guard, "--status").code == 0
    assert work.judges()
    assert "nothing changed" in run(*guard, "--non-bare").out
    assert work.install("--uninstall").code == 0
    assert {name: kept for name, kept in tree(work.clone).items() if name in guarded} == {
        **guarded,
        **{name: kept for name, kept in tree(work.clone).items() if name in guarded and "/hooks/" not in name},
    }
    assert run(*guard, "--status").code == 0
    work.installed()
    assert run(*guard, "--uninstall").code == 0
    assert work.judges()
    assert work.install("--uninstall").code == 0
    assert not work.kept.exists()
    assert tree(work.clone).keys() >= before.keys()


# --- a hook of somebody else


def test_both_run_and_ours_is_the_first(work: Work):
    work.foreign("pre-commit")
    work.installed()
    assert work.commit("app.py").code != 0
    assert work.seen() == []
    assert work.allowed().code == 0
    assert work.seen() == ["pre-commit.chained "]


def test_either_stops_the_commit(work: Work):
    work.foreign("pre-commit", f"{SAYS}; exit 3")
    work.installed()
    done = work.allowed()
    assert done.code != 0
    assert NO_PROMOTION not in done.err


def test_arguments_reach_both(work: Work):
    work.foreign("commit-msg", f'{SAYS}; echo "Signed" >> "$1"')
    work.foreign("post-checkout")
    work.installed()
    assert work.allowed().code == 0
    switched = work.seen()
    assert switched[0] == "commit-msg.chained .git/COMMIT_EDITMSG"
    assert "Signed" in work.git("log", "-1", "--format=%B", "topic")
    work.git("switch", "-q", "topic")
    (line,) = work.seen()[-1:]
    assert line.split() == [
        "post-checkout.chained",
        *(work.git("rev-parse", branch) for branch in ("ho-prod", "topic")),
        "1",
    ]


def test_what_is_pushed_reaches_both(work: Work):
    work.foreign("pre-push", f"{SAYS}; cat >> seen; ! grep -q forbidden seen")
    work.installed()
    assert work.allowed().code == 0
    tip = work.git("rev-parse", "topic")
    done = work.tried("push", "origin", "topic", "topic:other")
    assert done.code == 0, done.err
    said, *lines = work.seen()
    assert said.split()[:2] == ["pre-push.chained", "origin"]
    assert sorted(line.split()[2:] for line in lines) == [
        [f"refs/heads/{name}", "0" * 40] for name in ("other", "topic")
    ]
    assert {line.split()[1] for line in lines} == {tip}
    assert work.tried("push", "origin", "topic:forbidden").code != 0
    assert "refs/heads/forbidden" not in work.server.refs()
    work.commit("app.py", "--no-verify")
    work.seen()
    assert NO_PROMOTION in work.tried("push", "origin", "ho-prod").err
    assert work.seen() == []


def test_any_bytes_and_any_amount_reach_the_other(work: Work):
    work.foreign("pre-push", "cat > seen")
    work.installed()
    zeros = b"0" * 40
    pushed = b"".join(b"(delete) %s refs/heads/topic-\xe9\xff-%d %s\n" % (zeros, n, zeros) for n in range(3000))
    command = [str(work.hooks / "pre-push"), "origin", "url"]
    done = subprocess.run(command, cwd=work.clone, input=pushed, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert (work.clone / "seen").read_bytes() == pushed


def test_a_script_without_a_first_line_is_the_shells_as_for_git(work: Work):
    work.foreign("pre-commit", first="")
    work.installed()
    assert work.allowed().code == 0
    assert work.seen() == ["pre-commit.chained "]


def test_what_git_passes_over_is_passed_over(work: Work):
    work.foreign("pre-commit", mode=0o644)
    work.installed()
    done = work.allowed()
    assert (done.code, work.seen()) == (0, [])
    assert "has no run bit" in done.err
    (work.hooks / "pre-commit.chained").unlink()
    assert work.allowed().code == 0
    work.installed()
    assert "chained" not in (work.hooks / "pre-commit").read_text()


def test_what_cannot_be_started_stops(work: Work):
    work.foreign("pre-commit", first="#!/nonexistent/shell\n")
    work.installed()
    done = work.allowed()
    assert done.code != 0
    assert "does not run" in done.err


def test_a_third_hook_is_refused_and_none_is_lost(work: Work):
    work.foreign("pre-commit", f"{SAYS}; : first")
    work.installed()
    work.foreign("pre-commit", f"{SAYS}; : second")
    before = tree(work.clone)
    done = work.install()
    assert done.code == 1
    assert "exists already" in done.err
    assert tree(work.clone) == before
    assert work.install("--uninstall").code == 0
    assert {"pre-commit", "pre-commit.chained"} <= {path.name for path in work.hooks.iterdir()}


# --- the pre-commit framework

CONFIG = """
repos:
  - repo: local
    hooks:
      - id: seen
        name: seen
        language: system
        entry: sh -c 'echo framework >> seen'
        always_run: true
        pass_filenames: false
        stages: [pre-commit, pre-push]
"""


@pytest.fixture
def framework(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "framework"))
    monkeypatch.setenv("PRE_COMMIT_COLOR", "never")
    (work.clone / ".pre-commit-config.yaml").write_text(CONFIG)
    (work.clone / ".git" / "info" / "exclude").write_text("seen\n.pre-commit-config.yaml\n")
    return work


def set_up(work: Work, *options: str) -> None:
    """`pre-commit install`, or another command of the framework."""
    command = (sys.executable, "-m", "pre_commit", *(options or ("install", "-t", "pre-commit", "-t", "pre-push")))
    done = run(*command, cwd=work.clone)
    assert done.code == 0, done.out + done.err


def assert_both_run(work: Work, *others: str) -> None:
    assert work.commit("app.py").code != 0
    work.seen()
    done = work.allowed()
    assert done.code == 0, done.out + done.err
    assert work.seen() == [*others, "framework"]
    assert work.tried("push", "origin", "topic").code == 0
    assert work.seen()[-1:] == ["framework"]
    work.commit("app.py", "--no-verify")
    assert NO_PROMOTION in work.tried("push", "origin", "ho-prod").err
    work.seen()
    work.git("reset", "-q", "--hard", "HEAD^")
    work.git("push", "-q", "--no-verify", "origin", ":topic")


@pytest.mark.parametrize("ours_first", [True, False])
def test_beside_the_framework_both_run_in_whatever_order_they_came(framework: Work, ours_first: bool):
    if ours_first:
        framework.installed()
    set_up(framework)
    if not ours_first:
        framework.installed()
    assert_both_run(framework)
    assert framework.status() == (0, "")
    before = tree(framework.hooks)
    for again in (framework.installed, lambda: set_up(framework), framework.installed):
        again()
        assert tree(framework.hooks) == before
    assert_both_run(framework)


@pytest.mark.parametrize("ours_first", [True, False])
def test_a_hook_made_by_hand_runs_between_ours_and_the_frameworks(framework: Work, ours_first: bool):
    framework.foreign("pre-commit")
    if ours_first:
        framework.installed()
    set_up(framework)
    if not ours_first:
        before = tree(framework.hooks)
        framework.installed()
    for again in (framework.installed, lambda: set_up(framework), framework.installed):
        assert_both_run(framework, "pre-commit.chained ")
        again()
    assert framework.install("--uninstall").code == 0
    if not ours_first:
        assert tree(framework.hooks) == before
    assert framework.judges() is False
    assert framework.allowed().code == 0
    assert framework.seen() == ["pre-commit.legacy ", "framework"]


def test_what_the_framework_gives_back_is_ours(framework: Work):
    set_up(framework)
    framework.installed()
    set_up(framework, "uninstall", "-t", "pre-commit", "-t", "pre-push")
    assert framework.judges()
    assert framework.status() == (0, "")


def test_ours_is_put_back_where_the_framework_removed_it(framework: Work):
    framework.installed()
    set_up(framework, "install", "-f", "-t", "pre-commit", "-t", "pre-push")
    assert not framework.judges()
    code, said = framework.status()
    assert code == 1
    assert said.count("whose configuration names nothing of halfhooks") == 2
    framework.installed()
    assert_both_run(framework)


def test_the_frameworks_own_way_to_run_ours_is_no_weakness_but_for_a_push(framework: Work):
    framework.installed()
    set_up(framework, "install", "-f", "-t", "pre-commit", "-t", "pre-push")
    with (framework.clone / ".pre-commit-config.yaml").open("a") as file:
        file.write("      - {id: halfhooks, name: halfhooks, language: system, entry: ho hook pre-commit}\n")
    code, said = framework.status()
    assert (code, len(said.splitlines())) == (1, 1)
    assert "shows a hook the first pushed ref only" in said


def test_two_of_ours_become_one(framework: Work):
    """Where the framework was in front, and its script was removed by hand."""
    framework.installed()
    set_up(framework)
    (framework.hooks / "pre-commit").unlink()
    framework.installed()
    assert not (framework.hooks / "pre-commit.legacy").exists()
    assert framework.judges()
    shutil.copy(framework.hooks / "pre-commit", framework.hooks / "pre-commit.legacy")
    framework.installed()
    assert not (framework.hooks / "pre-commit.legacy").exists()
    set_up(framework)
    assert_both_run(framework)


def test_ours_that_another_tool_put_aside_is_no_trap(work: Work):
    """lefthook keeps a hook that is in its way as pre-commit.old, and gives it back when it goes."""
    foreign = work.foreign("pre-commit")
    before = tree(work.hooks)
    work.installed()
    (work.hooks / "pre-commit").rename(work.hooks / "pre-commit.old")
    shutil.copy(work.hooks / "pre-commit.chained", foreign)
    work.installed()
    assert not (work.hooks / "pre-commit.old").exists()
    assert work.judges()
    shutil.copy(work.hooks / "pre-commit", work.hooks / "pre-commit.old")
    assert work.install("--uninstall").code == 0
    assert tree(work.hooks) == before


# --- where the hooks are


def assert_refused(work: Work, *options: object, saying: str, cwd: Optional[Path] = None) -> Done:
    before = tree(work.folder)
    done = work.install(*options, cwd=cwd)
    assert done.code == 1, done.out
    assert saying in done.err
    assert "\n  why:  " in done.err
    assert "\n  help: " in done.err
    assert tree(work.folder) == before
    return done


def test_refuses_what_is_no_clone(work: Work):
    empty = work.folder / "empty"
    empty.mkdir()
    assert_refused(work, saying="does not belong to a git repository", cwd=empty)
    assert_refused(work, work.folder / "nowhere", saying="there is no folder")
    done = assert_refused(work, work.server.path, saying="is a bare repository")
    assert f"ho install server {work.server.path}" in done.err
    assert_refused(work, saying="is inside a git directory", cwd=work.clone / ".git")
    assert work.install("--status", cwd=empty).code == 2


def test_a_linked_working_tree_shares_the_hooks(work: Work):
    work.git("switch", "-q", "--detach")
    work.git("worktree", "add", "-q", work.folder / "linked", "ho-prod")
    work.clone = work.folder / "linked"
    assert work.installed().judges()
    work.git("switch", "-q", "--detach")
    work.clone = work.folder / "my clöne"
    work.git("switch", "-q", "ho-prod")
    assert work.judges()
    assert "nothing changed" in work.install().out
    assert work.install("--uninstall", cwd=work.folder / "linked").code == 0
    assert not work.judges()


def test_a_submodule_has_hooks_of_its_own(work: Work):
    outer = work.folder / "outer"
    run("git", "init", "-q", outer)
    added = run("git", "-C", outer, "-c", "protocol.file.allow=always", "submodule", "add", work.server.path, "inner")
    assert added.code == 0, added.err
    work.clone = outer / "inner"
    assert (work.clone / ".git").is_file()
    assert work.installed().judges()
    assert (outer / ".git" / "modules" / "inner" / "hooks" / "pre-commit").exists()
    assert not (outer / ".git" / "hooks" / "pre-commit").exists()


def test_a_folder_of_hooks_of_its_own_is_used(work: Work):
    for value in (".git/mine", str(work.folder / "elsewhere"), str(work.hooks)):
        work.git("config", "core.hooksPath", value)
        work.installed()
        assert (work.clone / value / "pre-commit").exists()
        assert work.judges()
        assert work.status() == (0, "")
        work.git("config", "core.hooksPath", "/nonexistent")
        assert "core.hooksPath is '/nonexistent'" in work.status()[1]
        assert work.install("--uninstall").code == 0
        assert not (work.clone / value / "pre-commit").exists()
        assert not work.kept.exists()


def test_is_not_installed_in_two_places(work: Work):
    work.installed()
    work.git("config", "core.hooksPath", work.folder / "elsewhere")
    assert_refused(work, saying="halfhooks is installed in")


def test_a_folder_of_the_working_tree_is_left_alone_unless_asked(work: Work):
    (work.clone / ".githooks").mkdir()
    work.git("config", "core.hooksPath", ".githooks")
    done = assert_refused(work, saying="a folder of the working tree")
    for name in CLIENT_HOOKS:
        assert f'ho hook {name} "$@"' in done.err
    work.installed("--follow-hooks-path")
    assert {path.name for path in (work.clone / ".githooks").iterdir()} == set(CLIENT_HOOKS)
    assert work.judges()
    assert work.install("--uninstall").code == 0
    assert list((work.clone / ".githooks").iterdir()) == []


def test_hooks_of_the_whole_machine_are_left_alone_unless_asked(
    work: Work, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    machine = tmp_path / "machine"
    machine.mkdir()
    (tmp_path / "gitconfig").write_text(f"[core]\n\thooksPath = {machine}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    done = assert_refused(work, saying=f"core.hooksPath is '{machine}' (global, file:")
    assert "all your repositories" in done.err
    assert f"config core.hooksPath {work.hooks}" in done.err
    work.installed("--follow-hooks-path")
    assert not work.kept.exists()
    work.clone.rename(work.folder / "gone")
    other = work.folder / "other"
    assert run("git", "clone", "-q", work.server.path, other).code == 0
    work.clone = other
    assert work.judges(), "the hooks of the machine need no clone"
    assert work.status() == (0, "")
    assert work.install("--uninstall").code == 0
    assert list(machine.iterdir()) == []
    work.git("config", "core.hooksPath", ".git/hooks")
    work.installed()
    assert work.judges()


def test_refuses_to_follow_a_link_out_of_the_repository(work: Work):
    work.hooks.rename(work.folder / "outside")
    work.hooks.symlink_to(work.folder / "outside")
    assert_refused(work, saying="is a symbolic link")


# --- husky and others: git runs their scripts, which run ours


@pytest.fixture
def husky(work: Work) -> Work:
    """As husky 9 sets itself up: scripts that it writes, which look for one of the same name in the folder above."""
    inner = work.clone / ".husky" / "_"
    inner.mkdir(parents=True)
    (inner / ".gitignore").write_text("*")
    (inner / "h").write_text(
        'n=$(basename "$0"); s=$(dirname "$(dirname "$0")")/$n; [ -f "$s" ] || exit 0; sh -e "$s" "$@"\n'
    )
    for name in CLIENT_HOOKS:
        (inner / name).write_text('#!/usr/bin/env sh\n. "$(dirname "$0")/h"\n')
        (inner / name).chmod(0o755)
    work.git("config", "core.hooksPath", ".husky/_")
    return work


def test_husky_is_left_alone_and_told_what_to_call(husky: Work):
    for option in ([], ["--follow-hooks-path"]):
        done = assert_refused(husky, *option, saying="the hooks are husky's")
        for name in CLIENT_HOOKS:
            assert f".husky/{name} " in done.err
            assert f'ho hook {name} "$@"' in done.err


def test_husky_runs_ours_by_name(husky: Work, monkeypatch: pytest.MonkeyPatch):
    ho = husky.folder / "bin" / "ho"
    ho.parent.mkdir()
    ho.write_text(f'#!/bin/sh\nPYTHONPATH="{PROJECT}" exec "{sys.executable}" -m halfhooks.ho "$@"\n')
    ho.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ho.parent}:{os.environ['PATH']}")
    assert not husky.judges()
    for name in CLIENT_HOOKS:
        (husky.clone / ".husky" / name).write_text(f'ho hook {name} "$@"\n')
    done = husky.install("--status")
    assert done.code == 2
    assert "scripts in .husky run ours as pre-commit, commit-msg," in done.out
    assert husky.judges()
    husky.commit("app.py", "--no-verify")
    pushed = husky.tried("push", "origin", "ho-prod")
    assert NO_PROMOTION in pushed.err, pushed.err


def test_ho_hook_refuses_what_is_none(work: Work):
    for arguments in ([], ["pre-receive"], ["update"]):
        assert run(sys.executable, "-m", "halfhooks.ho", "hook", *arguments, cwd=PROJECT).code == 2


def test_ho_hook_knows_what_the_framework_is_offered():
    offered = re.findall(r"entry: ho hook (\S+)", (PROJECT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert offered
    for name in offered:
        assert hook.parser().parse_args([name]).hook == name
    assert all(callable(getattr(client, name.replace("-", "_"))) for name in CLIENT_HOOKS)


# --- status


def test_status_of_a_clone_without_it(work: Work):
    work.foreign("pre-commit")
    assert work.install("--status").code == 2
    assert "is not installed" in work.install("--status").out
    assert json.loads(work.install("--status", "--json").out)["installed"] is False


def test_status_says_what_runs(work: Work):
    work.foreign("pre-commit")
    work.installed()
    before = tree(work.clone)
    done = work.install("--status")
    assert done.code == 0, done.out
    for said in (
        "halfhooks ",
        "interpreter: /",
        "git: /",
        "pre-commit: ours, then pre-commit.chained",
        "pre-push: ours\n",
    ):
        assert said in done.out
    assert work.status() == (0, "")
    assert tree(work.clone) == before


def test_status_names_a_hook_that_is_not_as_it_was(work: Work):
    work.foreign("pre-push")
    work.installed()
    ours = work.hooks / "pre-commit"
    ours.chmod(0o644)
    assert "has no run bit: git passes it over" in work.status()[1]
    ours.chmod(0o755)
    ours.write_text(ours.read_text() + "#\n")
    assert "was changed since it was installed" in work.status()[1]
    work.foreign("pre-commit")
    assert "is not ours: halfhooks does not run as pre-commit" in work.status()[1]
    ours.unlink()
    assert "is gone" in work.status()[1]
    work.installed()
    (work.hooks / "pre-push.chained").chmod(0o644)
    assert "is not there or has no run bit" in work.status()[1]


def test_status_names_programs_and_a_core_that_are_gone(work: Work):
    link = work.folder / "python3"
    link.symlink_to(Path(sys.executable).resolve())
    work.installed("--python", link)
    link.unlink()
    assert "there is no program" in work.status()[1]
    (copy,) = (work.kept / "lib").iterdir()
    (copy / "halfhooks" / "client.py").unlink()
    assert "files of the core" in work.status()[1]
    (work.kept / "client.json").write_text("{")
    assert "cannot be read" in work.status()[1]
    assert_refused(work, saying="cannot be read")


def test_status_names_another_folder_of_hooks(work: Work):
    work.installed()
    (work.clone / ".githooks").mkdir()
    work.git("config", "core.hooksPath", ".githooks")
    assert "git runs the hooks there, and none of ours" in work.status()[1]
    for name in CLIENT_HOOKS[1:]:
        (work.clone / ".githooks" / name).write_text(f'#!/bin/sh\nho hook {name} "$@"\n')
    assert "nothing there runs ours as pre-commit" in work.status()[1]


# --- permissions, arguments


def test_a_private_clone_stays_private(work: Work):
    (work.clone / ".git").chmod(0o700)
    work.installed()
    for path in (work.hooks / "pre-commit", work.kept, *work.kept.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_path_may_hold_any_bytes(work: Work):
    work.clone = work.clone.rename(work.folder / os.fsdecode(b"caf\xe9"))
    env = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
    command = (sys.executable, PROJECT / "install" / "client.py")
    for options in ((), (), ("--status",), ("--uninstall",)):
        done = run(*command, *options, cwd=work.clone, env=env)
        assert done.code == 0, done.err
        assert "/caf\\udce9" in done.out
    work.git("config", "core.hooksPath", work.folder / os.fsdecode(b"hooks-\xe9"))
    assert run(*command, cwd=work.clone, env=env).code == 0
    assert work.judges()


def test_the_callers_variables_do_not_lead_elsewhere(work: Work, monkeypatch: pytest.MonkeyPatch):
    other = work.folder / "other"
    run("git", "init", "-q", other)
    before = tree(other)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    work.installed()
    assert tree(other) == before
    assert (work.hooks / "pre-commit").exists()


def test_help_lists_every_option():
    done = run(sys.executable, PROJECT / "install" / "client.py", "--help")
    for option in ("--status", "--uninstall", "--dry-run", "--json", "--follow-hooks-path", "--python", "--git"):
        assert option in done.out
    assert run(sys.executable, PROJECT / "install" / "client.py", "--uninstal").code == 2

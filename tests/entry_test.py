"""The hook from its standard input to its exit status: malformed input, missing objects, failures of its own.

In the process where that can be, and through the installed hook, started as git starts it.
"""

from __future__ import annotations

import os
import subprocess
from typing import NamedTuple

import pytest

from halfhooks import entry, git
from halfhooks.lock import acquire
from halfhooks.report import WIDTH
from tests.builders import Dev, Server
from tests.opened import judge

ZERO, ONE = "0" * 40, "1" * 40


class Verdict(NamedTuple):
    status: int
    lines: list[str]

    def refused(self, text: str) -> Verdict:
        assert self.status == 1, self.lines
        assert text in " ".join(" ".join(self.lines).split()), self.lines
        return self.readable()

    def accepted(self) -> Verdict:
        assert (self.status, self.lines) == (0, [])
        return self

    def readable(self) -> Verdict:
        assert "Traceback" not in "".join(self.lines)
        for line in self.lines:
            assert line.isprintable(), ascii(line)
            assert len(line) <= WIDTH or " " not in line.strip() or line.startswith("halfhooks: "), line
        return self


def run_hook(server: Server, data: bytes, script: str = "exec hooks/pre-receive", **environment: str) -> Verdict:
    """What the installed hook does, started in the repository as git does."""
    env = {**os.environ, "GIT_DIR": ".", **environment}
    done = subprocess.run(["/bin/sh", "-c", script], cwd=server.path, env=env, input=data, capture_output=True)
    assert done.stdout == b""
    return Verdict(done.returncode, done.stderr.decode("utf-8").splitlines())


def both(server: Server, data: bytes) -> Verdict:
    """The verdict in this process and that of the hook, which must be one."""
    here, there = Verdict(*judge(server.path, data)), run_hook(server, data)
    assert here == there
    return here


def line(new: str, ref: str, old: str = ZERO) -> bytes:
    return f"{old} {new} ".encode() + os.fsencode(ref) + b"\n"


# --- input


def test_empty_input(project):
    both(project.server, b"").accepted()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (line(ONE, "refs/heads/x")[:-1], "the last line of the input is cut off"),
        (line(ONE, "refs/heads/x")[:60] + b"\n", "a line of the input is no ref update: '0000"),
        (b"\n", "a line of the input is no ref update: ''"),
        (b"\xff\xfe\n", "a line of the input is no ref update: '\ufffd\ufffd'"),
        (b"\x1b[31m\x00\n", "a line of the input is no ref update: '\\x1b[31m\\x00'"),
        (line(ONE, "refs/heads/x") + b"nonsense\n", "a line of the input is no ref update: 'nonsense'"),
    ],
)
def test_malformed_input_is_refused_in_one_clear_finding(project, data, text):
    verdict = both(project.server, data).refused("error[HH001]: the push could not be read: ")
    assert text.replace(" ", "") in "".join(verdict.lines).replace(" ", "")
    assert verdict.lines[-1] == "halfhooks: 1 error, nothing was pushed"


@pytest.mark.parametrize(
    "ref",
    [
        "refs/heads/\x1b[31mred",
        "refs/heads/a\rb",
        "refs/heads/\udcff\udcfe",
        "refs/heads/$(touch pwned)",
        "--output=pwned",
    ]
    + [
        "refs/heads/\u202e",
        "refs/heads/'; touch pwned; '",
        "refs/heads/..",
        "refs/heads/../../x",
        "HEAD",
        "x" * 5000,
        "refs/",
    ]
    + [
        "refs/heads/*",
        "refs/heads/a b  c",
        "^refs/heads/x",
        "refs/heads/x.lock",
        "refs/heads/-",
        "@{u}",
        ":/x",
        "/",
        "//",
    ],
)
def test_strange_names_are_judged_like_any_other(project, ref):
    head = project.git("rev-parse", "HEAD").strip()
    verdict = Verdict(*judge(project.server.path, line(head, ref))).readable()
    if not ref.startswith("refs/heads/"):
        verdict.refused("error[HH003]")
    Verdict(*judge(project.server.path, line(ZERO, ref, ZERO))).accepted()
    assert not list(project.clone.parent.rglob("pwned"))


def test_a_name_with_nul(project):
    head = project.git("rev-parse", "HEAD").strip()
    Verdict(*judge(project.server.path, line(head, "refs/heads/a\0b"))).refused("error[HH001]")


def test_the_hook_refuses_what_it_cannot_ask_git_for(project):
    verdict = run_hook(project.server, line(ONE, "refs/heads/a\0b"))
    assert verdict.status == 1
    assert len(verdict.lines) <= 10
    verdict.readable()


def test_5000_refs(project):
    head = project.git("rev-parse", "HEAD").strip()
    both(project.server, b"".join(line(head, f"refs/heads/topic/{n}") for n in range(5000))).accepted()
    bad = b"".join(line(head, f"refs/heads/ho-{n}") for n in range(5000))
    verdict = both(project.server, bad).refused("halfhooks: 5000 errors, nothing was pushed")
    assert len(verdict.lines) < 300


def test_the_same_ref_twice(project):
    head = project.git("rev-parse", "HEAD").strip()
    verdict = Verdict(*judge(project.server.path, line(head, "refs/heads/topic") * 2)).readable()
    verdict.refused("a ref is updated twice in one push")


# --- objects


def test_deleting_a_missing_ref_changes_nothing(project):
    for ref in ("refs/heads/missing", "refs/heads/ho-prod-2", "refs/heads/ho-patch/1-a", "refs/tags/v9.9.9"):
        both(project.server, line(ZERO, ref)).accepted()


@pytest.mark.parametrize("ref", ["refs/heads/x", "refs/heads/ho-prod", "refs/heads/ho-patch/1-a", "refs/tags/v9.9.9"])
def test_a_missing_object(project, ref):
    old = project.server.refs().get(ref, ZERO)
    both(project.server, line(ONE, ref, old)).refused(f"the object {ONE} is missing")


def test_a_missing_parent(project):
    tree = project.git("rev-parse", "HEAD^{tree}").strip()
    text = f"tree {tree}\nparent {ONE}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nm\n"
    commit = write_object(project.server, "commit", text.encode())
    both(project.server, line(commit, "refs/heads/ho-patch/1-a")).refused("error[HH001]")


def test_a_missing_tree(project):
    head = project.git("rev-parse", "HEAD").strip()
    text = f"tree {ONE}\nparent {head}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nm\n"
    commit = write_object(project.server, "commit", text.encode())
    both(project.server, line(commit, "refs/heads/ho-prod", head)).refused("error[HH001]")


def test_a_commit_without_a_tree(project):
    commit = write_object(project.server, "commit", b"author a <a> 1 +0000\n\nm\n")
    both(project.server, line(commit, "refs/heads/x")).refused(f"the commit {commit} has no tree")


def test_an_old_id_that_is_not_the_tip(project):
    head = project.git("rev-parse", "HEAD").strip()
    both(project.server, line(head, "refs/heads/ho-prod", ONE)).refused("has moved while this push was on its way")


def test_a_corrupt_object(project):
    head = project.server.refs()["refs/heads/ho-prod"]
    blob = write_object(project.server, "commit", b"tree x\n")
    path = project.server.path / "objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.write_bytes(b"garbage")
    both(project.server, line(blob, "refs/heads/ho-prod", head)).refused("error[HH001]")


def write_object(server: Server, kind: str, content: bytes) -> str:
    command = ["git", "-C", str(server.path), "hash-object", "-w", "--literally", "-t", kind, "--stdin"]
    return subprocess.run(command, input=content, check=True, capture_output=True).stdout.decode().strip()


def raw_tree(*entries: tuple[str, str, str]) -> bytes:
    """A tree of (mode, name, id), as they come."""
    return b"".join(f"{mode.lstrip('0')} {name}\0".encode() + bytes.fromhex(oid) for mode, name, oid in entries)


def with_entry(project: Dev, name: str, folder: str) -> bytes:
    """The line of a push of a commit to ho-prod, in which this tree stands under a name at the top."""
    head = project.server.refs()["refs/heads/ho-prod"]
    listed = (entry.split(None, 3) for entry in project.git("ls-tree", "HEAD").splitlines())
    entries = {path: (mode, path, oid) for mode, _, oid, path in listed} | {name: ("40000", name, folder)}
    tree = write_object(project.server, "tree", raw_tree(*(entries[path] for path in sorted(entries))))
    text = f"tree {tree}\nparent {head}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nm\n"
    return line(write_object(project.server, "commit", text.encode()), "refs/heads/ho-prod", head)


@pytest.mark.parametrize("name", ["releases", "Patches", "model"])
def test_a_file_where_a_folder_should_be(project, name):
    """Git itself stops such a push, as long as it looks at what is sent."""
    blob = write_object(project.server, "blob", b"content")
    above = write_object(project.server, "tree", raw_tree(("40000", "x", blob)))
    for folder in (blob, above):
        both(project.server, with_entry(project, name, folder)).refused(f"{blob} is a blob, not a tree")


def test_more_paths_than_anybody_can_list(project, monkeypatch):
    """A few small trees that hold each other many times over."""
    oid, mode = write_object(project.server, "blob", b"content"), "100644"
    for _ in range(3):
        entries = [(mode, f"{number:02}", oid) for number in range(20)]
        oid, mode = write_object(project.server, "tree", raw_tree(*entries)), "40000"
    data = with_entry(project, "zip", oid)
    Verdict(*judge(project.server.path, data)).refused("error[HH107]: 'zip/00/00/00' was added on ho-prod")
    monkeypatch.setattr(git, "MOST_PATHS", 8000)
    verdict = Verdict(*judge(project.server.path, data)).refused("this push changes more than 8000 paths")
    assert verdict.lines[-1] == "halfhooks: 1 error, nothing was pushed"


def test_sha256(tmp_path):
    dev = Dev.create(tmp_path, object_format="sha256").begin()
    head = dev.git("rev-parse", "HEAD").strip()
    assert len(head) == 64
    zero = "0" * 64
    both(dev.server, line(head, "refs/heads/topic", zero)).accepted()
    both(dev.server, line("1" * 64, "refs/heads/topic", zero)).refused(f"the object {'1' * 64} is missing")
    both(dev.server, line(zero, "refs/heads/ho-prod", head)).refused("error[HH103]")


# --- the repository, and the hook's own failures


def test_no_repository(project, tmp_path):
    Verdict(*judge(tmp_path / "nothing", line(ONE, "refs/heads/x"))).refused(
        "error[HH001]: the push could not be read: git"
    )
    verdict = run_hook(project.server, line(ONE, "refs/heads/x"), GIT_DIR="/nonexistent")
    verdict.refused("error[HH001]: the push could not be read: git")


def test_a_configuration_that_git_cannot_read(project):
    head = project.git("rev-parse", "HEAD").strip()
    with (project.server.path / "config").open("a") as config:
        config.write("[broken\n")
    Verdict(*judge(project.server.path, line(head, "refs/heads/x"))).refused(
        "error[HH001]: the push could not be read: git"
    )
    run_hook(project.server, line(head, "refs/heads/x")).refused("bad config line")


def test_without_git(project):
    hook = project.server.path / "hooks" / "pre-receive"
    text = hook.read_text()
    assert text.count('pre_receive("/usr/bin/git")') + text.count("pre_receive('/usr/bin/git')") == 1
    hook.write_text(text.replace("/usr/bin/git", "/nonexistent/git"))
    verdict = run_hook(project.server, line(ONE, "refs/heads/x"))
    verdict.refused("error[HH001]: the push could not be read:")


@pytest.mark.parametrize(
    ("script", "data"),
    [
        ("exec hooks/pre-receive <&-", b""),
        ("exec hooks/pre-receive < .", b""),
        ("ulimit -n 3; exec hooks/pre-receive", line(ONE, "refs/heads/x")),
    ],
    ids=["no input", "a folder as input", "no descriptors left"],
)
def test_an_internal_error_refuses_in_one_line(project, script, data):
    verdict = run_hook(project.server, data, script)
    assert verdict.status != 0
    if verdict.lines and verdict.lines[0].startswith("halfhooks"):
        assert len(verdict.lines) == 1
        assert verdict.lines[0].startswith("halfhooks: internal error, nothing was pushed: ")


def test_it_refuses_even_when_nobody_listens(project):
    assert run_hook(project.server, b"x\n", "exec hooks/pre-receive 2>&-").status != 0
    assert run_hook(project.server, b"x\n", "exec hooks/pre-receive 2>/dev/full").status != 0


def test_a_symbolic_ref_to_nothing_is_refused(project):
    head = project.git("rev-parse", "HEAD").strip()
    project.server.git("symbolic-ref", "refs/heads/alias", "refs/heads/ho-patch/1-a")
    both(project.server, line(head, "refs/heads/alias")).refused("error[HH006]: 'refs/heads/alias' is a symbolic ref")


def test_a_lock_that_a_killed_git_left_is_named(project):
    head = project.git("rev-parse", "HEAD").strip()
    (project.server.path / "refs" / "heads" / "x.lock").write_text("")
    verdict = run_hook(project.server, line(head, "refs/heads/x")).refused(
        "error[HH001]: the lock './refs/heads/x.lock'"
    )
    assert "  help:   on the server, when no git runs there: rm" in verdict.lines


def promise(dev: Dev) -> bytes:
    """The line of a push that is legal, and needs the lock: work on a patch branch, whose objects the server has."""
    dev.switch("ho-patch/4-fix").commit("app/x.py", "1")
    dev.push("HEAD:refs/heads/parked").accepted()
    old = dev.server.refs()["refs/heads/ho-patch/4-fix"]
    return line(dev.git("rev-parse", "HEAD").strip(), "refs/heads/ho-patch/4-fix", old)


def test_a_push_that_does_not_get_the_lock_is_refused(shop):
    data = promise(shop)
    shop.server.config("halfhooks.lockWait", "0")
    held = acquire(str(shop.server.path), 1, lambda refs: {})
    try:
        verdict = both(shop.server, data).refused("other pushes kept the repository locked for 0 s")
        assert len(verdict.lines) == 1
    finally:
        held.release()


@pytest.mark.parametrize("moved", ["refs/heads/ho-patch/4-fix", "refs/heads/ho-patch/3-tags"])
def test_what_moved_while_a_push_waited_is_judged_again(shop, moved, monkeypatch):
    data = promise(shop)
    held = []

    def acquire_late(*arguments):
        other = acquire(*arguments)  # what moves a ref that matters is a push, which has the lock meanwhile
        shop.server.git("update-ref", moved, "refs/heads/parked" if moved.endswith("3-tags") else "refs/heads/topic")
        other.release()
        held.append(acquire(*arguments))
        return held[0]

    monkeypatch.setattr(entry, "acquire", acquire_late)
    status, lines = judge(shop.server.path, data)
    held[0].release()
    assert (status == 1) == moved.endswith("4-fix"), lines
    assert ("has moved while this push" in " ".join(lines)) == moved.endswith("4-fix")


def test_a_shallow_push_is_refused(project):
    head = project.git("rev-parse", "HEAD").strip()
    verdict = Verdict(*judge(project.server.path, line(head, "refs/heads/x"), GIT_SHALLOW_FILE="shallow.tmp"))
    verdict.refused("error[HH002]: this push would cut off the history of the server")


def test_warnings_are_shown_and_do_not_refuse(shop):
    head = shop.git("rev-parse", "HEAD").strip()
    shop.server.config("halfhooks.warn", "HH102")
    status, lines = judge(shop.server.path, line(head, "refs/heads/Ho-Prod"))
    assert status == 0
    assert lines[0].startswith("warning[HH102]: ")
    assert lines[-1] == "halfhooks: 1 warning, the push is accepted"


def test_remarks_on_the_policy_are_shown_and_escaped(shop):
    shop.server.config("halfhooks.root", "\x1b/../x")
    head = shop.git("rev-parse", "HEAD").strip()
    status, lines = judge(shop.server.path, line(head, "refs/heads/topic2"))
    assert status == 0
    assert lines[0].startswith("halfhooks: warning: in the configuration of the server: 'halfhooks.root = \\x1b/../x'")


def test_nothing_of_the_pushers_environment_counts(project, tmp_path):
    trap = tmp_path / "trap"
    trap.mkdir()
    for name in ("sitecustomize.py", "os.py", "select.py", "halfhooks.py"):
        (trap / name).write_text(f"open({str(tmp_path / 'pwned')!r}, 'w')\n")
    evil = {"PYTHONPATH": str(trap), "PYTHONSTARTUP": str(trap / "os.py"), "PATH": str(trap), "HOME": str(trap)}
    verdict = run_hook(project.server, line(ONE, "refs/heads/x"), **{**evil, "GIT_TRACE": str(tmp_path / "pwned")})
    verdict.refused(f"the object {ONE} is missing")
    assert not (tmp_path / "pwned").exists()

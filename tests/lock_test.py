"""The lock between the last check and the moved refs: real pushes, real processes, and what kill -9 leaves.

The guarded repository runs a small hook of our own with one rule, which two pushes can break together only: at most one
branch is called `slot/...`. Whatever has to last blocks on a fifo, so that nothing here depends on how fast it runs.
"""

from __future__ import annotations

import fcntl
import os
import re
import resource
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from halfhooks import lock
from tests.builders import MEASURE
from tests.http_backend import serve

PATIENCE = 20.0
"""Seconds after which a test gives up waiting for what has to happen."""

HOOK = f"""#!{sys.executable} -I{"" if MEASURE else "S"}
{MEASURE}
import os, subprocess, sys
sys.path.insert(0, {str(Path(lock.__file__).parent.parent)!r})
from halfhooks import lock

def fields(line):
    old, new, ref = line.rstrip("\\n").split(" ", 2)
    return old.strip("0") and old, new.strip("0") and new, ref

def tips(refs):
    clean = {{"PATH": os.environ["PATH"], "GIT_DIR": "."}}
    command = ["git", "for-each-ref", "--format=%(refname) %(objectname)", *refs]
    lines = subprocess.run(command, env=clean, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return dict(line.split(" ") for line in lines)

def block():
    with open("pre-receive.reached", "w") as file:
        file.write(str(os.getpid()))
    open("pre-receive.fifo").readline()

wait = 10
updates = [fields(line) for line in sys.stdin]
#before
try:
    held = lock.acquire(".", wait, tips)
    #locked
    after = {{**tips([]), **{{ref: new for _, new, ref in updates}}}}
    if sum(bool(oid) and ref.startswith("refs/heads/slot/") for ref, oid in after.items()) > 1:
        sys.exit("the slot is taken")
    kept = held.hand_over(updates)
    #handed over
except lock.LockError as error:
    sys.exit(f"refused: {{error}}")
os._exit(0)
"""
BLOCKING = "#!/bin/sh\necho $$ > {0}.reached\nread line < {0}.fifo\nexit {1}\n"


def eventually(true: Callable[[], object]) -> None:
    """Wait until something is true; fail when that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def runs(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    return lock._process(pid)[2]


class Guarded:
    """A bare repository with our hook, and a clone whose commit is pushed under many names."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "server.git"
        self.url = str(self.path)
        self.clone = folder / "clone"
        self.lock = self.path / "halfhooks" / "lock"
        self.fifos: dict[str, int] = {}

    def hook(self, name: str, text: str) -> None:
        path = self.path / "hooks" / name
        path.write_text(text)
        path.chmod(0o755)

    def guard(self, **inserted: str) -> None:
        """Install our pre-receive, with statements put in `before`, once `locked`, or once `handed_over`."""
        text = HOOK
        for place, code in inserted.items():
            text = text.replace("#" + place.replace("_", " "), code)
        self.hook("pre-receive", text)

    def blocks(self, name: str, status: int = 0) -> None:
        """Let the next run of a hook wait until `go_on`: one of git's, which then exits so, or `block()` in ours."""
        fifo = self.path / f"{name}.fifo"
        os.mkfifo(fifo)
        self.fifos[name] = os.open(fifo, os.O_RDWR)
        if name != "pre-receive":
            self.hook(name, BLOCKING.format(name, status))

    def reached(self, name: str) -> int:
        """Wait until a push blocks in that hook, the last to do so; the pid of the hook."""
        path = self.path / f"{name}.reached"
        eventually(lambda: path.exists() and path.read_text())
        (self.path / "hooks" / name).unlink()
        if name == "pre-receive":
            self.guard()
        return int(path.read_text())

    def go_on(self, name: str) -> None:
        os.write(self.fifos[name], b"\n")

    def push(self, branch: str, *options: str) -> subprocess.Popen[str]:
        command = ["git", "-C", str(self.clone), "push", "-q", *options, self.url, f"HEAD:refs/heads/{branch}"]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    def pushed(self, branch: str, *options: str) -> tuple[bool, str]:
        """Push and wait: whether it was accepted, and what was said."""
        return finished(self.push(branch, *options))

    def tips(self, refs: list[str]) -> dict[str, str]:
        command = ["git", "-C", str(self.path), "for-each-ref", "--format=%(refname) %(objectname)", *refs]
        lines = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()
        return dict(line.decode("utf-8", "surrogateescape").split(" ") for line in lines)

    def branches(self) -> set[str]:
        return {ref[len("refs/heads/") :] for ref in self.tips([])}

    def locked(self) -> bool:
        with self.lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def openers(self) -> list[int]:
        """The processes that have the lock open."""
        pids = [int(process.name) for process in Path("/proc").glob("[0-9]*")]
        return [pid for pid in pids if str(self.lock) in open_files(pid).values()]

    def holder(self) -> int:
        """The only process that has the lock open."""
        (pid,) = self.openers()
        return pid


def open_files(pid: int) -> dict[int, str]:
    """What each descriptor of a process leads to."""
    found = {}
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            found[int(link.name)] = str(link.readlink())
    except OSError:
        pass  # it ended meanwhile
    return found


def finished(client: subprocess.Popen[str]) -> tuple[bool, str]:
    """Wait for the end of a push: whether it was accepted, and what was said."""
    output = client.communicate(timeout=PATIENCE)[1]
    return client.returncode == 0, output


@pytest.fixture(scope="session")
def clone(isolated_git: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lock") / "clone"
    subprocess.run(["git", "init", "-q", str(path)], check=True)
    subprocess.run(["git", "-C", str(path), "commit", "-q", "--allow-empty", "-m", "one"], check=True)
    return path


@pytest.fixture
def server(tmp_path: Path, clone: Path) -> Iterator[Guarded]:
    guarded = Guarded(tmp_path)
    guarded.clone = clone
    subprocess.run(["git", "init", "-q", "--bare", "--template=", str(guarded.path)], check=True)
    (guarded.path / "hooks").mkdir()
    guarded.guard()
    yield guarded
    for fifo in guarded.fifos.values():
        os.close(fifo)


def test_a_push_waits_for_the_one_before_no_longer_than_it_may(server):
    server.blocks("update")
    first = server.push("one")
    receive_pack = lock._process(server.reached("update"))[0]
    server.guard(before="wait = 0.2")
    accepted, output = server.pushed("two")
    assert not accepted
    said = (
        f"remote: refused: other pushes kept the repository locked for 0.2 s (now process {receive_pack}): push again"
    )
    assert said in [line.rstrip() for line in output.splitlines()]
    server.guard(before="open('waits', 'w').close()")
    second = server.push("two")
    eventually((server.path / "waits").exists)
    server.go_on("update")
    assert finished(first) == finished(second) == (True, "")
    assert server.branches() == {"one", "two"}


@pytest.mark.parametrize("python", ["", "del os.pidfd_open"], ids=["pidfd", "no pidfd"])
@pytest.mark.parametrize("status", [0, 1], ids=["moved", "refused by git"])
def test_the_lock_outlives_the_hook_and_ends_with_git(server, python, status):
    server.guard(before=python, handed_over="open('hook', 'w').write(str(os.getpid()))")
    server.blocks("update", status)
    push = server.push("one")
    server.reached("update")
    assert not runs(int((server.path / "hook").read_text()))
    assert server.locked()
    server.go_on("update")
    assert finished(push)[0] == (status == 0)
    eventually(lambda: not server.locked())


def test_a_slow_post_receive_keeps_nobody_waiting(server):
    server.blocks("post-receive")
    first = server.push("one")
    server.reached("post-receive")
    assert server.pushed("two") == (True, "")
    assert first.poll() is None
    server.go_on("post-receive")
    assert finished(first)[0]


def test_the_holder_has_nothing_open_but_the_lock_and_the_pidfd(server):
    server.guard(before="os.dup2(1, 77)")
    server.blocks("update")
    push = server.push("one")
    server.reached("update")
    holder = server.holder()
    eventually(lambda: len(open_files(holder)) == 5)  # it may still be closing
    files = open_files(holder)
    assert [files.pop(standard) for standard in (0, 1, 2)] == ["/dev/null"] * 3
    assert sorted(files.values()) == sorted(["anon_inode:[pidfd]", str(server.lock)])
    assert os.getsid(holder) == holder
    server.go_on("update")
    assert finished(push)[0]


def test_a_holder_that_cannot_leave_everything_behind_still_holds(server):
    """Where there is no /dev/null, as in a chroot that lacks it."""
    server.guard(before="lock.NULL = '/nonexistent'")
    server.blocks("update")
    push = server.push("one")
    server.reached("update")
    assert server.holder()
    assert server.locked()
    server.go_on("update")
    assert finished(push) == (True, "")
    eventually(lambda: not server.locked())


def test_a_holder_that_cannot_read_the_refs_holds_until_git_ends(server):
    told = "open('looked', 'a').write('x')"
    server.guard(before=f"real = tips; tips = lambda refs: ({told} and 1 / 0) if refs else real(refs)")
    server.blocks("post-receive")
    push = server.push("one")
    server.reached("post-receive")
    looked = server.path / "looked"
    eventually(lambda: looked.exists() and len(looked.read_text()) > 1)
    assert server.locked()
    server.go_on("post-receive")
    assert finished(push) == (True, "")
    eventually(lambda: not server.locked())


def test_the_client_does_not_wait_for_the_holder(server):
    server.blocks("update")
    push = server.push("one")
    server.reached("update")
    holder = server.holder()
    eventually(lambda: len(open_files(holder)) == 5)
    os.kill(holder, signal.SIGSTOP)
    server.go_on("update")
    assert finished(push) == (True, "")
    assert server.locked()
    os.kill(holder, signal.SIGCONT)
    eventually(lambda: not server.locked())


def test_git_does_not_inherit_the_lock(server):
    server.guard(locked="open('files', 'w').write(os.popen('ls -l /proc/self/fd').read())")
    assert server.pushed("one")[0]
    files = (server.path / "files").read_text()
    assert "pipe:" in files
    assert str(server.lock) not in files


@pytest.mark.parametrize("when", ["locked", "handed_over"])
def test_kill_the_hook(server, when):
    server.blocks("pre-receive")
    server.guard(**{when: "block()"})
    push = server.push("one")
    hook = server.reached("pre-receive")
    assert server.locked()
    os.kill(hook, signal.SIGKILL)
    assert not finished(push)[0]
    eventually(lambda: not server.locked())
    assert server.branches() == set()


def test_kill_git_receive_pack(server):
    server.blocks("update")
    push = server.push("one")
    os.kill(lock._process(server.reached("update"))[0], signal.SIGKILL)
    eventually(lambda: not server.locked())
    server.go_on("update")
    assert not finished(push)[0]
    assert server.pushed("two")[0]


def test_kill_the_holder(server):
    server.blocks("update")
    push = server.push("one")
    server.reached("update")
    os.kill(server.holder(), signal.SIGKILL)
    eventually(lambda: not server.locked())
    server.go_on("update")
    assert finished(push)[0]


def test_kill_the_client(server):
    """git carries on with a push whose client has gone, unless it tries to tell it something; so does the lock."""
    subprocess.run(["git", "-C", server.url, "config", "receive.keepAlive", "0"], check=True)
    server.blocks("update")
    push = server.push("one")
    server.reached("update")
    push.kill()
    push.wait()
    assert server.locked()
    server.go_on("update")
    finished(push)
    eventually(lambda: not server.locked())
    eventually(lambda: server.branches() == {"one"})


def test_a_hook_whose_git_was_killed_stops_waiting(server):
    server.guard(before="open('hook', 'w').write(f'{os.getpid()} {os.getppid()}'); wait = 1000")
    assert server.pushed("one")[0]
    with server.lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        (server.path / "hook").unlink()
        push = server.push("two")
        eventually(lambda: (server.path / "hook").exists() and (server.path / "hook").read_text())
        hook, receive_pack = map(int, (server.path / "hook").read_text().split())
        eventually(lambda: hook in server.openers())
        os.kill(receive_pack, signal.SIGKILL)
        eventually(lambda: not runs(hook))
        assert not finished(push)[0]


WRAPPERS = {
    "a shell": '#!/bin/sh\n"$0.real"\nexit $?\n',
    "shells and a pipe": '#!/bin/sh\ncat | (sh -c "$0.real; exit \\$?"; exit $?)\nexit $?\n',
}


@pytest.mark.parametrize("wrapper", WRAPPERS.values(), ids=WRAPPERS)
def test_git_receive_pack_is_found_behind(server, wrapper):
    server.guard(handed_over="open('kept', 'w').write(str(kept))")
    (server.path / "hooks" / "pre-receive").rename(server.path / "hooks" / "pre-receive.real")
    server.hook("pre-receive", wrapper)
    server.blocks("update")
    push = server.push("one")
    server.reached("update")
    assert server.locked()
    assert (server.path / "kept").read_text() == "True"
    server.go_on("update")
    assert finished(push)[0]
    eventually(lambda: not server.locked())


@pytest.mark.parametrize("command", ["git receive-pack", "git -c gc.auto=0 receive-pack", "git-receive-pack"])
def test_git_receive_pack_is_found_however_it_is_started(server, command):
    server.guard(handed_over="open('kept', 'w').write(str(kept))")
    assert server.pushed("one", f"--receive-pack={command}") == (True, "")
    assert (server.path / "kept").read_text() == "True"


def test_git_receive_pack_that_ends_just_before_its_pidfd_is_opened(server):
    end = """
def end(pid):
    os.kill(pid, 9)
    while os.getppid() == pid: pass
lock.posix.pidfd_open = end
sys.stderr = open("said", "w")
"""
    server.guard(before=end)
    assert not server.pushed("one")[0]
    said = server.path / "said"
    eventually(lambda: said.exists() and said.read_text())
    assert said.read_text() == "refused: git-receive-pack has ended, so no ref can move\n"


def test_a_process_that_got_the_pid_of_another_is_not_taken_for_it():
    here = os.getpid()
    _, start, _ = lock._process(here)
    assert not lock.ReceivePack(here, start, None).gone_within(0)
    assert lock.ReceivePack(here, b"%d" % (int(start) - 1), None).gone_within(0)


@pytest.mark.parametrize("pidfd", [True, False])
def test_a_zombie_has_gone(pidfd):
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as cat:
        watched = lock.ReceivePack(cat.pid, lock._process(cat.pid)[1], os.pidfd_open(cat.pid) if pidfd else None)
        assert not watched.gone_within(0)
        cat.kill()
        assert watched.gone_within(PATIENCE)
        if watched.pidfd is not None:
            os.close(watched.pidfd)


@pytest.mark.parametrize(("shared", "modes"), [("false", (0o700, 0o600)), ("group", (0o2770, 0o660))])
def test_who_may_write_to_the_repository_may_lock_it(server, shared, modes):
    subprocess.run(["git", "init", "-q", "--bare", "--template=", f"--shared={shared}", server.url], check=True)
    assert server.pushed("one")[0]
    assert tuple(path.stat().st_mode & 0o7777 for path in (server.lock.parent, server.lock)) == modes


@pytest.mark.parametrize("trap", ["folder", "folder link", "link", "dangling link", "second name", "fifo"])
def test_what_was_put_in_the_place_of_the_lock_is_not_touched(server, tmp_path, trap):
    target = tmp_path / "precious"
    target.write_text("precious")
    if trap == "folder":
        server.lock.parent.write_text("")
    elif trap == "folder link":
        (tmp_path / "elsewhere").mkdir()
        server.lock.parent.symlink_to(tmp_path / "elsewhere")
    else:
        server.lock.parent.mkdir()
    if trap == "link":
        server.lock.symlink_to(target)
    elif trap == "dangling link":
        server.lock.symlink_to(tmp_path / "new")
    elif trap == "second name":
        os.link(target, server.lock)
    elif trap == "fifo":
        os.mkfifo(server.lock)
    accepted, output = server.pushed("one")
    assert not accepted
    assert re.search(r"^remote: refused: .*'halfhooks/lock'", output, re.MULTILINE)
    assert "Traceback" not in output
    assert target.read_text() == "precious"
    assert not (tmp_path / "new").exists()
    assert list(tmp_path.glob("elsewhere/*")) == []


def test_a_lock_removed_while_a_push_waited_is_not_enough(server):
    server.lock.parent.mkdir()
    with server.lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        push = server.push("one")
        eventually(lambda: len(server.openers()) == 2)
        server.lock.unlink()
    accepted, output = finished(push)
    assert not accepted
    assert "'halfhooks/lock' was removed" in output


# Without git-receive-pack above us, as here, the accepted updates become a lease.

OID = "1" * 40


def held(server: Guarded, wait: float = PATIENCE, grace: float = 1000) -> lock.PushLock:
    return lock.acquire(str(server.path), wait, server.tips, grace)


def test_the_next_push_waits_until_a_lease_shows_in_the_refs(server, clone):
    assert server.pushed("main")[0]
    oid = server.tips([])["refs/heads/main"]
    updates = [("", oid, "refs/heads/a\udcff"), (oid, "", "refs/heads/main"), ("", "", "refs/heads/none")]
    assert held(server).hand_over(updates) is False
    assert not server.locked()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(held, server)
        eventually(server.locked)
        subprocess.run(["git", "-C", server.url, "update-ref", "refs/heads/a\udcff", oid], check=True)
        assert not waiting.done()
        subprocess.run(["git", "-C", server.url, "update-ref", "-d", "refs/heads/main"], check=True)
        waiting.result(PATIENCE).release()
    assert held(server, 0).release() is None


def test_a_lease_that_does_not_show_is_dropped_after_its_grace(server):
    held(server).hand_over([("", OID, "refs/heads/one")])
    with pytest.raises(lock.LockError, match=r"^the refs of an earlier push have not moved in 0 s: push again$"):
        held(server, wait=0)
    assert not server.locked()
    held(server, grace=0.2).release()
    held(server, wait=0).release()


def test_a_lease_that_a_crash_cut_short_stops_nobody(server):
    held(server).hand_over([("", OID, "refs/heads/one")])
    (server.lock.parent / "lease").write_text(f" {OID}")
    held(server, wait=0).release()


def test_a_refusal_leaves_no_lease(server):
    held(server).release()
    assert [path.name for path in server.lock.parent.iterdir()] == ["lock"]


def test_a_lease_that_cannot_be_written_refuses_the_push(server):
    lock_held = held(server)
    (server.lock.parent / "lease.new").mkdir()
    with pytest.raises(lock.LockError, match=r"^cannot keep the repository locked: Is a directory$"):
        lock_held.hand_over([("", OID, "refs/heads/one")])
    assert server.locked()
    lock_held.release()
    assert not server.locked()
    assert not (server.lock.parent / "lease").exists()


def test_what_a_killed_hook_left_of_a_lease_is_written_anew(server):
    lock_held = held(server)
    (server.lock.parent / "lease.new").write_text("cut sho")
    lock_held.hand_over([("", OID, "refs/heads/one")])
    assert (server.lock.parent / "lease").read_text() == f" {OID} refs/heads/one\n"
    assert not (server.lock.parent / "lease.new").exists()


@pytest.mark.parametrize(("room", "told"), [(0, "File too large"), (10, "No space left on device")])
def test_a_lock_that_cannot_be_noted_refuses_the_push(server, room, told):
    """Without the note another push could not tell that somebody came between. Here no file may be longer than `room`."""
    held(server).release()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with pytest.raises(lock.LockError, match=f"^cannot lock the repository with 'halfhooks/lock': {told}$"):
            held(server)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not server.locked()
    held(server).release()


def test_a_process_that_has_ended_is_no_git_receive_pack():
    with subprocess.Popen(["true"]) as ended:
        pass
    assert not runs(ended.pid)
    assert not lock._is_receive_pack(lock._command(ended.pid))


# The race: of two pushes that create a slot each, one must be refused.


class Relay(socketserver.ThreadingUnixStreamServer):
    """Runs the hook for git, as Gitaly does: the hook that git starts only passes the question and the answer on."""

    HOOK = f"""#!{sys.executable} -IS
import socket, sys
with socket.socket(socket.AF_UNIX) as relay:
    relay.connect("relay")
    relay.sendall(sys.stdin.buffer.read())
    relay.shutdown(socket.SHUT_WR)
    sys.exit(relay.makefile().read() or None)
"""
    daemon_threads = True
    request_queue_size = 64

    class RequestHandlerClass(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            question = self.rfile.read()
            hook = subprocess.run(["hooks/real"], input=question, cwd=self.server.folder, stderr=subprocess.PIPE)
            self.wfile.write(hook.stderr)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(os.path.relpath(folder / "relay"), self.RequestHandlerClass)


@contextmanager
def over(transport: str, server: Guarded) -> Iterator[None]:
    """Let pushes arrive by a file path, by HTTP, or at a host that runs the hook outside of git."""
    if transport == "http":
        with serve(server.path.parent) as url:
            server.url = f"{url}/{server.path.name}"
            yield
    elif transport == "relay":
        (server.path / "hooks" / "pre-receive").rename(server.path / "hooks" / "real")
        server.hook("pre-receive", Relay.HOOK)
        with Relay(server.path) as relay:
            thread = threading.Thread(target=relay.serve_forever)
            thread.start()
            try:
                yield
            finally:
                relay.shutdown()
                thread.join()
    else:
        yield


@pytest.mark.parametrize("transport", ["file", "http", "relay"])
def test_the_race(server, transport):
    server.guard(handed_over=f"kept is {transport != 'relay'} or os.abort()")
    server.hook("update", "#!/bin/sh\nsleep 0.02\n")  # widen the gap between the check and the move
    with over(transport, server), ThreadPoolExecutor(8) as pool:
        for turn in range(3):
            results = list(pool.map(server.pushed, [f"slot/{turn}-{client}" for client in range(8)]))
            assert sorted(accepted for accepted, _ in results) == [False] * 7 + [True], results
            assert sum("the slot is taken" in output for _, output in results) == 7
            (taken,) = server.branches()
            subprocess.run(["git", "-C", server.path, "update-ref", "-d", f"refs/heads/{taken}"], check=True)

"""Races through the installed hook: pushes that are legal only alone, all at once; and kill -9 of whoever takes part.

A contest is a state and the pushes that its rivals make in it, in pairs that break an invariant together. Each round
lets them loose on a fresh copy of that state; then the state must be legal, by `ho check` and by a judge of our own.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from tests.builders import Server, run
from tests.ho.lifecycle.clones import must_be_legal
from tests.http_backend import serve
from tests.ssh_server import SSHD, serve_ssh
from tests.walks.history import Clone, Commit, Moves, make_clone
from tests.walks.moves import candidates, integration, production, releases, work
from tests.walks.project import PRODUCTION, Patch, Project, Release, Version

SOAK = bool(os.environ.get("HALFHOOKS_SOAK"))
CLIENTS = 16 if SOAK else 6
ACCEPTED = {"file": 150 if SOAK else 12, "http": 150 if SOAK else 8, "ssh": 150 if SOAK else 8}
KILLS = 200 if SOAK else 20
PATIENCE = 60.0
"""Seconds after which a test gives up waiting for what has to happen."""
MARK = "HALFHOOKS_RACE"
"""The environment variable by which the processes of one push are known."""


class Field(NamedTuple):
    """A contest: the clone with the commits of all rivals, the state that they start from, and their pushes in pairs."""

    clone: Clone
    server: Server
    pairs: list[tuple[Moves, Moves]]


class Story:
    """A project on its way to the state of a contest."""

    def __init__(self, folder: Path, guarded: Path) -> None:
        folder.mkdir()
        shutil.copytree(guarded, folder / "server.git", symlinks=True)
        self.server = Server(folder / "server.git")
        self.clone = make_clone(folder / "clone.git", "../server.git")
        self.project = Project(self.clone)
        self.push({PRODUCTION: self.project.production})
        self.push({"refs/tags/v0.0.0": self.project.tag("v0.0.0", self.project.production)})

    def push(self, pushed: Moves) -> None:
        done = self.clone.push(pushed)
        assert done.returncode == 0, done.stderr
        self.project.moved(pushed)

    def release(self, *version: int) -> Release:
        self.play(releases.start_release, (version[0], version[1], version[2]))
        return self.project.releases[version[0], version[1], version[2]]

    def play(self, move: Callable[..., Iterator[Moves]], subject: object) -> None:
        for pushed in move(self.project, Random(0), subject):
            self.push(pushed)

    def patch(self, release: Release, patch_id: str) -> Patch:
        """A candidate whose branch holds work."""
        listed = candidates.enlist(
            self.project, release, patch_id, {f"Patches/{patch_id}/README.md": f"# {patch_id}\n"}
        )
        patch = Patch(patch_id, release, listed)
        patch.tip = patch.base = listed
        work.add_work(self.project, Random(0), patch)
        self.push({release.branch: listed, patch.branch: patch.tip})
        release.tip = listed
        release.candidates.append(patch_id)
        self.project.patches[patch_id] = patch
        return patch

    def merged(self, patch: Patch) -> Commit:
        """The merge of a patch, and its staging, above the tip of its release."""
        release = patch.home
        assert release
        return integration.merged(self.project, patch, integration.staging(release, [patch.id]))

    def staged(self, release: Release, patch_id: str) -> None:
        patch = self.patch(release, patch_id)
        tip = self.merged(patch)
        self.push({release.branch: tip})
        release.tip = tip
        integration.move_ids(release, [patch_id])

    def start(self, *version: int) -> Moves:
        """A release that could be started."""
        release = Release((version[0], version[1], version[2]), self.project.production, self.project.production)
        return {release.branch: self.project.change(release.tip, "Start", release.lists([], []))}

    def abandonment(self, release: Release) -> Moves:
        name = self.project.next_abandoned(release)
        return {f"refs/tags/{name}": self.project.tag(name, release.tip), release.branch: None}


def one_number_on_two_releases(story: Story) -> list[tuple[Moves, Moves]]:
    four = [story.release(*version) for version in ((0, 0, 1), (0, 1, 0), (1, 0, 0), (0, 0, 2))]
    pairs = []
    for number in range(1, 1 + CLIENTS // 2):
        one, other = (four[(number * 2 + side) % 4] for side in (0, 1))
        listings = [
            candidates.enlist(story.project, release, f"{number}-{word}", {})
            for release, word in ((one, "a"), (other, "b"))
        ]
        pairs.append(({one.branch: listings[0]}, {other.branch: listings[1]}))
    return pairs


def smaller_release_beside_an_rc(story: Story) -> list[tuple[Moves, Moves]]:
    release = story.release(1, 0, 0)
    story.staged(release, "1-a")
    rc = production.cut(story.project, release, 1)
    cut = {release.branch: rc, "refs/tags/v1.0.0-rc1": story.project.tag("v1.0.0-rc1", rc)}
    starts: list[tuple[int, int, int]] = [(0, 0, 1), (0, 1, 0)]
    return [(cut, story.start(*starts[turn % 2])) for turn in range(CLIENTS // 2)]


def two_promotions(story: Story) -> list[tuple[Moves, Moves]]:
    """The smallest release, or the next one, before which the smallest is abandoned in the same push."""
    smaller, larger = story.release(0, 1, 0), story.release(1, 0, 0)
    story.staged(smaller, "1-a")
    story.staged(larger, "2-b")
    one = {PRODUCTION: story.project.promote(smaller)}
    other = {**story.abandonment(smaller), PRODUCTION: story.project.promote(larger)}
    return [(one, other)] * (CLIENTS // 2)


def smaller_release_beside_a_promotion(story: Story) -> list[tuple[Moves, Moves]]:
    release = story.release(0, 1, 0)
    story.staged(release, "1-a")
    promotion = {PRODUCTION: story.project.promote(release)}
    hotfix = Release((0, 0, 0), story.project.production, story.project.production, hotfix=1)
    reopened = {hotfix.branch: story.project.change(hotfix.tip, "Reopen", hotfix.lists([], []))}
    return [(promotion, reopened if turn % 2 else story.start(0, 0, 1)) for turn in range(CLIENTS // 2)]


def patch_staged_while_it_is_extended(story: Story) -> list[tuple[Moves, Moves]]:
    pairs: list[tuple[Moves, Moves]] = []
    versions: list[Version] = [(0, 0, 1), (0, 1, 0), (1, 0, 0), (0, 0, 2)]
    four = [story.release(*version) for version in versions]
    patches = [story.patch(four[turn % 4], f"{turn + 1}-x") for turn in range(CLIENTS // 2)]
    for patch in patches:
        assert patch.home
        staging = {patch.home.branch: story.merged(patch)}
        work.add_work(story.project, Random(0), patch)
        pairs.append((staging, {patch.branch: patch.tip}))
    return pairs


CONTESTS = (
    one_number_on_two_releases,
    smaller_release_beside_an_rc,
    two_promotions,
    smaller_release_beside_a_promotion,
    patch_staged_while_it_is_extended,
)


@pytest.fixture(scope="module")
def guarded(isolated_git: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    server = Server.create(tmp_path_factory.mktemp("guarded") / "server.git")
    server.config("core.fsync", "none").config("receive.autogc", "false").config("http.receivepack", "true")
    return server.path


@pytest.fixture(scope="module")
def fields(guarded: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Field]:
    folder = tmp_path_factory.mktemp("contests")
    made = []
    for contest in CONTESTS:
        story = Story(folder / contest.__name__, guarded)
        pairs = contest(story)
        story.clone.write()
        made.append(Field(story.clone, story.server, pairs))
    return made


@contextmanager
def over_files(folder: Path) -> Iterator[str]:
    """Repositories by their paths."""
    yield str(folder)


TRANSPORTS: dict[str, Callable[[Path], object]] = {"file": over_files, "http": serve}
if SSHD:
    TRANSPORTS["ssh"] = serve_ssh


def test_transports(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\nraces over {', '.join(TRANSPORTS)}" + ("" if SSHD else "; not over SSH: there is no sshd here"))
    assert {"file", "http"} <= TRANSPORTS.keys()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_of_two_pushes_that_are_legal_only_alone_one_is_refused(
    transport: str, fields: list[Field], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = rounds = 0
    random = Random(transport)
    with TRANSPORTS[transport](tmp_path) as base:  # type: ignore[attr-defined]
        while accepted < ACCEPTED[transport] or rounds < len(fields):
            field = fields[rounds % len(fields)]
            server = Server(tmp_path / f"{rounds}.git")
            shutil.copytree(field.server.path, server.path, symlinks=True)
            accepted += race(field, server, f"{base}/{server.path.name}", random)
            rounds += 1
            shutil.rmtree(server.path)
    with capsys.disabled():
        print(f"\n{transport}: {CLIENTS} clients, {accepted} accepted pushes in {rounds} rounds", end=" ")


def race(field: Field, server: Server, url: str, random: Random) -> int:
    """Let all the rivals loose at once; how many pushes were accepted."""
    pushes = [push for pair in field.pairs for push in pair]
    random.shuffle(pushes)
    commands = [field.clone.push_command(push) for push in pushes]
    clients = [
        subprocess.Popen(
            ["git", *command[1 : -1 - len(push)], url, *command[-len(push) :]], stderr=subprocess.PIPE, text=True
        )
        for command, push in zip(commands, pushes)
    ]
    said = [client.communicate(timeout=PATIENCE)[1] for client in clients]
    must_be_legal(server, "\n".join(said))
    for client, output in zip(clients, said):  # nobody waited in vain
        assert client.returncode == 0 or "kept the repository locked" not in output, output
    return sum(client.returncode == 0 for client in clients)


# --- kill -9


VICTIMS = {"client": "git push", "hook": "hooks/pre-receive", "receive-pack": "receive-pack"}


def family(mark: str) -> dict[int, str]:
    """The processes of one push, and their command lines."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}\0".encode() in (process / "environ").read_bytes() + b"\0":
                found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            pass  # it ended meanwhile, or it is not ours
    return found


def kill(victim: str, mark: str, client: subprocess.Popen[str], random: Random) -> bool:
    """Kill one of the processes of a push, a random while after it appeared; False when it was done before."""
    word = VICTIMS[victim]
    found: list[int] = []
    while not found and client.poll() is None:
        found = [client.pid] if victim == "client" else [p for p, line in family(mark).items() if word in line]
    time.sleep(random.uniform(0, 0.03))  # a random moment, which nothing waits for
    try:
        os.kill(found[0], signal.SIGKILL)
    except (IndexError, ProcessLookupError):
        return False
    return True


def test_a_kill_at_any_moment_leaves_nothing_behind(
    guarded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = Story(tmp_path / "kills", guarded)
    release = story.release(0, 1, 0)
    patch = story.patch(release, "1-a")
    server, clone, project = story.server, story.clone, story.project
    random = Random(9)
    kills = dict.fromkeys(VICTIMS, 0)
    left = landed = turn = 0
    while sum(kills.values()) < KILLS:
        turn += 1
        before = server.refs()
        work.add_work(project, random, patch)
        listed = project.change(release.tip, "Note", release.lists(release.candidates, [], f"# {turn}\n"))
        pushed: Moves = {patch.branch: patch.tip, release.branch: listed, f"refs/heads/topic/{turn}": listed}
        command = clone.push_command(pushed)
        victim = random.choice(sorted(VICTIMS))
        client = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, MARK: str(turn)})
        kills[victim] += kill(victim, str(turn), client, random)
        client.communicate(timeout=PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while still := family(str(turn)):
            assert time.monotonic() < deadline, f"they never ended: {still}"
        # no ref is lost: each has moved, or has not
        after = {ref: clone.object_id(source) for ref, source in pushed.items() if source}
        refs = server.refs()
        assert refs.keys() - after.keys() == before.keys() - after.keys()
        for ref in before.keys() | after.keys():
            assert refs.get(ref) in (before.get(ref), after.get(ref, before.get(ref))), ref
        landed += refs == {**before, **after}
        must_be_legal(server, f"after {turn} pushes, the last with a kill of {victim}")
        # and the same push goes through, but for a lock that git itself has left
        done = clone.push(pushed)
        while done.returncode:
            (lock, *_) = [
                path for path in server.path.rglob("*.lock") if str(path.relative_to(server.path)) in done.stderr
            ]
            lock.unlink()
            left += 1
            done = clone.push(pushed)
        release.tip = listed
        assert server.refs() == {**before, **after}
    run("git", "-C", str(server.path), "fsck", "--connectivity-only", "--no-dangling")
    with capsys.disabled():
        print(f"\nkills: {kills} in {turn} pushes, of which {landed} landed; git left {left} locks", end=" ")

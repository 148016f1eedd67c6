"""Starting git: what it answers, and every way in which it can fail."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from halfhooks import git
from halfhooks.git import GitError, Process, Repository, parse_pairs, parse_refs
from halfhooks.snapshot import Target
from tests.builders import Dev, Server, run
from tests.opened import GIT, opened, repository

SHELL = {"PATH": "/usr/bin:/bin"}


def shell(script: str) -> Process:
    return Process(("/bin/sh", "-c", script, "argument"), SHELL)


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))  # noqa: PTH208


@pytest.fixture(scope="module", params=["sha1", "sha256"])
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Dev:
    """A commit, an annotated tag of it, a tag of the tag, tags of a tree and a blob, and a symbolic ref."""
    folder = tmp_path_factory.mktemp(request.param)
    dev = Dev.create(folder, guarded=False, object_format=request.param)
    dev.commit("a", "content\n", message="First")
    dev.git("tag", "-a", "-m", "m", "annotated")
    dev.git("tag", "-a", "-m", "m", "twice", "annotated")
    dev.git("tag", "-a", "-m", "m", "tree", "HEAD^{tree}")
    dev.git("tag", "blob", "HEAD:a")
    dev.git("symbolic-ref", "refs/heads/alias", "refs/heads/ho-prod")
    return dev


# --- a process


def test_what_is_written_is_read():
    process = shell("cat")
    process.write(b"one\n")
    process.write(b"two\n")
    assert process.finish() == b"one\ntwo\n"


def test_both_outputs_are_read_however_much_they_hold():
    before = descriptors()
    process = shell("head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2")
    assert len(process.finish()) == 3_000_000
    assert descriptors() == before


def test_a_failure_tells_what_was_said_last():
    with pytest.raises(GitError) as caught:
        shell("head -c 3000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo sorry >&2; exit 3").finish()
    assert caught.value.status == 3
    assert len(caught.value.stderr) > 3_000_000
    assert str(caught.value).endswith("failed with 3: sorry")


def test_a_failure_without_a_word():
    with pytest.raises(GitError, match=r"^git -c kill -9 \$\$ failed with -9$") as caught:
        shell("kill -9 $$").finish()
    assert caught.value.status == -signal.SIGKILL
    assert caught.value.argv == ("/bin/sh", "-c", "kill -9 $$", "argument")


def test_a_process_that_does_not_listen():
    before = descriptors()
    process = shell("exec 0<&-; echo no >&2; exit 1")
    process.write(b"x" * 1_000_000)
    with pytest.raises(GitError, match="failed with 1: no"):
        process.finish()
    process = shell("exec 0<&-; echo fine")
    process.write(b"x" * 1_000_000)
    assert process.finish() == b"fine\n"
    assert descriptors() == before


def test_bytes_that_are_no_text_are_shown_all_the_same():
    with pytest.raises(GitError, match="failed with 1: \ufffd"):
        shell("printf '\\377' >&2; exit 1").finish()


def test_without_git(tmp_path):
    with pytest.raises(GitError, match="/nonexistent/git: No such file or directory") as caught:
        Repository("/nonexistent/git", str(tmp_path), {}).start("version")
    assert caught.value.status == 127
    not_executable = tmp_path / "git"
    not_executable.write_text("")
    with pytest.raises(GitError, match="Permission denied"):
        Repository(str(not_executable), str(tmp_path), {}).start("version")


def test_the_environment_is_ours(tmp_path):
    theirs = {
        "GIT_CONFIG_GLOBAL": "/evil",
        "GIT_TRACE": "/evil",
        "PATH": "/evil",
        "LD_PRELOAD": "",
        "HOME": "/evil",
        "GIT_QUARANTINE_PATH": "/quarantine",
        "GIT_OBJECT_DIRECTORY": "/objects",
    }
    printed = Repository("/usr/bin/env", str(tmp_path), theirs).start().finish().decode().splitlines()
    environment = dict(line.split("=", 1) for line in printed)
    assert "/evil" not in environment.values()
    assert environment["GIT_QUARANTINE_PATH"] == "/quarantine"
    assert environment["GIT_OBJECT_DIRECTORY"] == "/objects"
    assert environment["GIT_NO_REPLACE_OBJECTS"] == "1"
    assert environment["GIT_DIR"] == str(tmp_path)


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1])
def test_read_all(size, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"x" * size)
    descriptor = os.open(file, os.O_RDONLY)
    assert len(git.read_all(descriptor)) == size
    os.close(descriptor)


def test_how_much_a_pipe_holds(tmp_path):
    output, pipe = os.pipe()
    os.set_blocking(pipe, False)
    held = os.write(pipe, b"x" * (4 << 20))
    assert held == git._pipe_size(pipe)
    (tmp_path / "file").write_text("")
    file = os.open(tmp_path / "file", os.O_RDONLY)
    assert git._pipe_size(file) == git.SMALLEST_PIPE <= held
    for descriptor in (output, pipe, file):
        os.close(descriptor)


# --- a repository


def test_refs_and_what_they_lead_to(sample):
    repo = repository(sample.clone / ".git")
    refs, symbolic = parse_refs(repo.start_refs(["refs/"]).finish())
    head = sample.git("rev-parse", "HEAD").strip()
    tags = {
        name: sample.git("rev-parse", f"refs/tags/{name}").strip() for name in ("annotated", "twice", "tree", "blob")
    }
    assert refs == {
        "refs/heads/ho-prod": Target(head, "commit", head),
        "refs/heads/alias": Target(head, "commit", head),
        "refs/tags/annotated": Target(tags["annotated"], "tag", head),
        "refs/tags/twice": refs["refs/tags/twice"],
        "refs/tags/tree": Target(tags["tree"], "tag", ""),
        "refs/tags/blob": Target(tags["blob"], "blob", ""),
    }
    assert refs["refs/tags/twice"].oid == tags["twice"]
    assert symbolic == {"refs/heads/alias": "refs/heads/ho-prod"}


def test_targets_read_as_objects(sample):
    with opened(sample.clone / ".git") as objects:
        names = ("refs/heads/ho-prod", "refs/tags/annotated", "refs/tags/tree", "refs/tags/blob")
        oids = [sample.git("rev-parse", name).strip() for name in names]
        objects.load([*oids, *oids])
        assert [objects.target(oid).kind for oid in oids] == ["commit", "tag", "tag", "blob"]
        assert [objects.target(oid).commit for oid in oids] == [oids[0], oids[0], "", ""]
        assert objects.target(sample.git("rev-parse", "refs/tags/twice").strip()).commit == ""


def test_no_refs(tmp_path):
    server = Server.create(tmp_path / "server.git", guarded=False)
    assert parse_refs(repository(server.path).start_refs(["refs/"]).finish()) == ({}, {})
    assert repository(server.path).tips([]) == {}


def test_a_ref_of_any_bytes(tmp_path):
    dev = Dev.create(tmp_path, guarded=False).commit("a", "x")
    strange = os.fsdecode(b"refs/heads/\xff\xe2\x80\x8b$(id);--output=x")
    dev.git("update-ref", strange, "HEAD")
    refs, _ = parse_refs(repository(dev.clone / ".git").start_refs([strange]).finish())
    assert list(refs) == [strange]


@pytest.mark.parametrize("count", [1, git.MANY_REFS, git.MANY_REFS + 1, 3000])
def test_tips(count, tmp_path):
    dev = Dev.create(tmp_path, guarded=False).commit("a", "x")
    head = dev.git("rev-parse", "HEAD").strip()
    wanted = [f"refs/heads/x/{n}" for n in range(count)] + ["refs/heads/missing"]
    lines = "".join(f"{head} {ref}\n" for ref in [*wanted[:-1], "refs/heads/other"])
    (dev.clone / ".git" / "packed-refs").write_text("# pack-refs with: peeled fully-peeled \n" + lines)
    assert repository(dev.clone / ".git").tips(wanted) == dict.fromkeys(wanted[:-1], head)


def test_a_symbolic_ref_to_nothing(tmp_path):
    server = Server.create(tmp_path / "server.git", guarded=False)
    server.git("symbolic-ref", "refs/heads/alias", "refs/heads/nothing")
    (server.path / "refs" / "heads" / "folder").mkdir()
    (server.path / "outside").write_text("ref: refs/heads/outside\n")
    repo = repository(server.path)
    assert repo.dangling_link("refs/heads/alias") == "refs/heads/nothing"
    for ref in (
        "refs/heads/folder",
        "refs/heads/missing",
        "refs/../outside",
        "outside",
        "refs/heads/alias/x",
    ):
        assert repo.dangling_link(ref) == ""


def test_locks_that_a_killed_git_left(tmp_path):
    server = Server.create(tmp_path / "server.git", guarded=False)
    repo = repository(server.path)
    left = server.path / "refs" / "heads" / "x.lock"
    assert repo.ref_locks(["refs/heads/x", "refs/heads/y", "x"]) == []
    left.write_text("")
    assert repo.ref_locks(["refs/heads/x", "refs/heads/y"]) == [str(left)]


def test_a_large_blob_is_read_and_not_remembered(tmp_path):
    dev = Dev.create(tmp_path, guarded=False).commit("small", "x" * git.SMALL).commit("large", "x" * (git.SMALL + 1))
    with opened(dev.clone / ".git") as objects:
        small, large = (dev.git("rev-parse", f"HEAD:{name}").strip() for name in ("small", "large"))
        assert [len(objects.blob(oid)) for oid in (small, large, large)] == [git.SMALL] + [git.SMALL + 1] * 2
        assert set(objects._blobs) == {small}


def test_walk(sample):
    repo = repository(sample.clone / ".git")
    head = sample.git("rev-parse", "HEAD").strip()
    ((commit, raw),) = repo.start_walk([head], [])
    assert (commit.oid, commit.parents) == (head, ())
    assert commit.tree == sample.git("rev-parse", "HEAD^{tree}").strip()
    assert commit.date == int(sample.git("log", "-1", "--format=%ct"))
    with opened(sample.clone / ".git") as objects:
        assert list(objects.read_trees([commit.tree])) == [(commit.tree, raw)]
    assert list(repo.start_walk([head], [head])) == []


def write_commit(dev: Dev, raw: str) -> str:
    """Writes a raw commit, sound or not; its id."""
    dev.write("raw", raw)
    return dev.git("hash-object", "-t", "commit", "-w", "--literally", "raw").strip()


def test_a_walk_fails_at_what_is_missing(sample):
    head = sample.git("rev-parse", "HEAD").strip()
    with pytest.raises(GitError, match="bad object"):
        list(repository(sample.clone / ".git").start_walk(["0" * (len(head) - 1) + "1"], []))
    nowhere = "0" * (len(head) - 1) + "2"
    text = sample.git("cat-file", "commit", head).replace(sample.git("rev-parse", "HEAD^{tree}").strip(), nowhere)
    treeless = write_commit(sample, text)
    with pytest.raises(GitError, match=f"{nowhere} is missing"):
        list(repository(sample.clone / ".git").start_walk([treeless], [head]))


def test_a_walk_reads_a_commit_without_a_date(sample):
    head = sample.git("rev-parse", "HEAD").strip()
    raw = sample.git("cat-file", "commit", head)
    kept = "\n".join(line for line in raw.split("\n") if not line.startswith("committer "))
    undated = write_commit(sample, kept)
    ((commit, _),) = repository(sample.clone / ".git").start_walk([undated], [head])
    assert (commit.oid, commit.date, commit.parents) == (undated, 0, ())


def test_configuration(tmp_path):
    dev = Dev.create(tmp_path, guarded=False)
    dev.commit(
        "policy", '[halfhooks]\n\troot = a\n\tuniqueNumbers\n[halfhooks "project"]\n\ttests = a\\nb\n[x]\n\ty = é\n'
    )
    repo = repository(dev.clone / ".git")
    assert repo.blob_config(dev.git("rev-parse", "HEAD:policy").strip()) == [
        ("halfhooks.root", "a"),
        ("halfhooks.uniquenumbers", "true"),
        ("halfhooks.project.tests", "a\nb"),
        ("x.y", "é"),
    ]
    dev.git("config", "halfhooks.warn", "HH301")
    assert parse_pairs(repo.start_config().finish()) == [("halfhooks.warn", "HH301")]
    dev.commit("bad", "[halfhooks\n")
    with pytest.raises(GitError, match="failed with 128") as caught:
        repo.blob_config(dev.git("rev-parse", "HEAD:bad").strip())
    assert "bad config line 1" in caught.value.stderr


def test_a_policy_does_not_include_files(tmp_path):
    (tmp_path / "secret").write_text("[halfhooks]\n\troot = secret\n")
    dev = Dev.create(tmp_path, guarded=False)
    dev.commit("policy", f"[include]\n\tpath = {tmp_path}/secret\n")
    pairs = repository(dev.clone / ".git").blob_config(dev.git("rev-parse", "HEAD:policy").strip())
    assert pairs == [("include.path", f"{tmp_path}/secret")]


def test_no_repository(tmp_path):
    with pytest.raises(GitError, match="not a git repository"):
        repository(tmp_path / "nothing").start_refs(["refs/"]).finish()


# --- its objects


def test_objects_of_another_type(sample):
    with opened(sample.clone / ".git") as objects:
        head, blob = (sample.git("rev-parse", name).strip() for name in ("HEAD", "HEAD:a"))
        assert objects.blob(blob) == objects.blob(blob) == b"content\n"
        assert objects.tree(objects.commit(head).tree).entries["a"].oid == blob
        with pytest.raises(GitError, match=f"{head} is a commit, not a tree"):
            objects.tree(head)
        with pytest.raises(GitError, match=f"{blob} is a blob, not a commit"):
            objects.commit(blob)
        with pytest.raises(GitError, match="is a commit, not a blob"):
            objects.blob(head)


@pytest.mark.parametrize("name", ["1" * 40, "1" * 64, "HEAD", "no such thing", "x" * 300])
def test_a_missing_object(sample, name):
    with opened(sample.clone / ".git") as objects, pytest.raises(GitError, match=f"the object {name} is missing"):
        objects.blob(name)


def test_an_object_is_missing_and_the_next_is_not_mistaken_for_it(sample):
    head = sample.git("rev-parse", "HEAD").strip()
    with opened(sample.clone / ".git") as objects:
        with pytest.raises(GitError, match="is missing"):
            objects.commit("1" * len(head))
        assert objects.commit(head).oid == head


def test_a_git_that_has_died(sample):
    head = sample.git("rev-parse", "HEAD").strip()
    with opened(sample.clone / ".git") as objects:
        os.kill(objects._process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, objects._process.pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(GitError, match="is missing"):
            objects.commit(head)
        objects._process = shell("true")


@pytest.mark.parametrize("keep", [1, 9, 10, 11, 1000])
def test_of_a_large_object_only_the_beginning_is_kept(tmp_path, keep, monkeypatch):
    monkeypatch.setattr(git, "LARGEST", keep)
    dev = Dev.create(tmp_path, guarded=False).commit("a", "0123456789").commit("b", "other")
    with opened(dev.clone / ".git") as objects:
        for name, content in (("HEAD:a", b"0123456789"), ("HEAD:b", b"other"), ("HEAD:a", b"0123456789")):
            assert objects.blob(dev.git("rev-parse", name).strip()) == content[:keep]


def test_an_object_that_ends_too_soon(tmp_path, monkeypatch):
    monkeypatch.setattr(git, "LARGEST", 4)
    liar = tmp_path / "git"
    liar.write_text("#!/bin/sh\nread oid; echo $oid blob 100; echo only this\n")
    liar.chmod(0o755)
    objects = git.ObjectDatabase(Repository(str(liar), str(tmp_path), {}))
    with pytest.raises(GitError, match="the object 1234 could not be read"):
        objects.blob("1234")
    objects._process.finish()
    objects._answers.close()


def test_a_root_tree_that_is_too_large_to_keep(sample, monkeypatch):
    head = sample.git("rev-parse", "HEAD").strip()
    tree = sample.git("rev-parse", "HEAD^{tree}").strip()
    size = int(sample.git("cat-file", "-s", tree))
    monkeypatch.setattr(git, "LARGEST", size)
    ((commit, raw),) = repository(sample.clone / ".git").start_walk([head], [])
    assert (commit.oid, commit.tree, len(raw)) == (head, tree, size)
    monkeypatch.setattr(git, "LARGEST", size - 1)
    walk = repository(sample.clone / ".git").start_walk([head], [])
    with pytest.raises(GitError, match=f"^the tree {tree} could not be read$"):
        list(walk)
    walk._reader.finish()
    walk._lister.finish()


def test_more_requests_than_fit_into_a_pipe(tmp_path):
    dev = Dev.create(tmp_path, guarded=False)
    lines = "".join(f"blob\nmark :{n + 1}\ndata 200\n{n:0200}\n" for n in range(3000))
    marks = tmp_path / "marks"
    (tmp_path / "stream").write_text(lines)
    run("sh", "-c", f"git -C {dev.clone} fast-import --quiet --export-marks={marks} < {tmp_path}/stream")
    oids = [line.split()[1] for line in marks.read_text().splitlines()]
    with opened(dev.clone / ".git") as objects:
        read = list(objects.read(oids))
        assert [oid for oid, _, _ in read] == oids
        assert {kind for _, kind, _ in read} == {"blob"}
        assert len({content for _, _, content in read}) == 3000


def test_trees_are_remembered_up_to_a_number(sample, monkeypatch):
    monkeypatch.setattr(git.ObjectDatabase, "REMEMBERED", 2)
    dev = sample
    with opened(dev.clone / ".git") as objects:
        head = objects.commit(dev.git("rev-parse", "HEAD").strip())
        empty = dev.git("mktree").strip()
        for _ in range(3):
            assert "a" in objects.tree(head.tree).entries
            assert objects.tree(empty).entries == {}
        assert len(objects._trees) <= 2


def test_a_replaced_object_is_read_as_it_is(sample):
    head = sample.git("rev-parse", "HEAD").strip()
    other = sample.git("commit-tree", "-m", "other", "HEAD^{tree}").strip()
    sample.git("replace", head, other)
    try:
        with opened(sample.clone / ".git") as objects:
            assert objects._read(head, "commit").endswith(b"First\n")
    finally:
        sample.git("replace", "-d", head)


def test_git_is_there():
    assert Path(GIT).is_absolute()


def test_what_git_said_of_the_last_policy_is_kept_where_we_are_installed(tmp_path):
    dev = Dev.create(tmp_path, guarded=False).commit("policy", "[halfhooks]\n\troot = shop\n")
    oid = dev.git("rev-parse", "HEAD:policy").strip()
    repo, kept = repository(dev.clone / ".git"), dev.clone / ".git" / "halfhooks" / "policy"
    assert repo.blob_config(oid) == [("halfhooks.root", "shop")]
    assert not kept.parent.exists()
    kept.parent.mkdir()
    assert repo.blob_config(oid) == [("halfhooks.root", "shop")]
    assert kept.read_bytes() == oid.encode() + b"\nhalfhooks.root\nshop\0"
    assert [path.name for path in kept.parent.iterdir()] == ["policy"]
    kept.write_bytes(oid.encode() + b"\nhalfhooks.root\nkept\0")
    assert repo.blob_config(oid) == [("halfhooks.root", "kept")]
    other = dev.commit("policy", "[halfhooks]\n\troot = other\n").git("rev-parse", "HEAD:policy").strip()
    assert repo.blob_config(other) == [("halfhooks.root", "other")]
    outside = tmp_path / "outside"
    outside.write_bytes(oid.encode() + b"\nhalfhooks.root\noutside\0")
    kept.unlink()
    kept.symlink_to(outside)
    assert repo.blob_config(oid) == [("halfhooks.root", "shop")]
    assert outside.read_bytes().endswith(b"outside\0")

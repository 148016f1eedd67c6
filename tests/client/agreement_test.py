"""What the hooks of a clone say is what the server says: on random walks, legal and illegal.

Before each push of a walk, pre-push judges it in the clone, whose remote-tracking branches are up to date, and pre-commit
each new commit of a branch of the workflow, as if it were about to be made; then the server judges the push.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from halfhooks import before_commit, before_push
from halfhooks.git import GitError, ObjectDatabase
from halfhooks.rules import COMMIT, RULES
from tests import state_machine_test
from tests.builders import CODE, LIST_REFS, parse_refs, run
from tests.client import desk
from tests.opened import GIT
from tests.walks.history import Clone, Commit, Moves, make_clone
from tests.walks.moves import MOVES
from tests.walks.project import Project

guarded = state_machine_test.guarded
WALKS = 20 if state_machine_test.SOAK else 2
LENGTH = 30 if state_machine_test.SOAK else 12
ON_A_COMMIT = {code for code, rule in RULES.items() if rule.scope == COMMIT}
POLICED = ("refs/heads/ho-prod", "refs/heads/ho-release/", "refs/heads/ho-patch/")
ZEROS = "0" * 40


@contextmanager
def closing_all() -> Iterator[None]:
    """End the git behind each object database that the hooks open: they leave that to the end of their process."""
    found: list[ObjectDatabase] = []

    class Remembered(ObjectDatabase):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            found.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(before_commit, "ObjectDatabase", Remembered)
        patch.setattr(before_commit, "is_amend", lambda: False)
        try:
            yield
        finally:
            for each in found:
                each._answers.close()
                with suppress(GitError):
                    each._process.finish()


def codes(lines: list[str]) -> set[str]:
    return {code for kind, code in desk.CODE.findall("\n".join(lines)) if kind == "error"}


class ListeningClone(Clone):
    """A clone that asks its hooks before each push, and holds what they say against what the server says."""

    def __init__(self, path: Path) -> None:
        super().__init__(make_clone(path, "../server.git").path)
        self.server = path.parent / "server.git"
        self.environment = {**os.environ, "GIT_DIR": str(path), "GIT_INDEX_FILE": str(path / "index")}
        self.judged: set[int] = set()
        self.heard: Counter[str] = Counter()
        self.kept: dict[str, str] = {}
        run("git", "-C", str(path), "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")

    def push(self, moves: Moves, *options: str) -> CompletedProcess[str]:
        self.write()
        refs = parse_refs(os.fsencode(run("git", "-C", str(self.server), *LIST_REFS)))
        with closing_all(), self.without_new_tags(refs):
            said = self.ask_about_push(moves, refs)
            for ref, source in moves.items():
                if isinstance(source, Commit) and ref.startswith(POLICED):
                    said += self.ask_about_commits(moves, refs, ref, source)
        done = super().push(moves, *options)
        theirs = set(CODE.findall(done.stderr))
        hook, status, found, text = said[0]
        wrong = [] if (bool(status), found) == (bool(done.returncode), theirs) else [f"{hook}: {text}"]
        for hook, _, found, text in said[1:]:
            if not found & ON_A_COMMIT <= theirs or (found and not done.returncode):
                wrong.append(f"{hook}: {text}")
        self.heard.update(
            f"{'stopped' if status else 'passed'} by {hook.partition(',')[0]}" for hook, status, *_ in said
        )
        if wrong:
            pytest.fail("\n".join([*wrong, "--- the server:", done.stderr, self.replay()]), pytrace=False)
        return done

    @contextmanager
    def without_new_tags(self, refs: dict[str, str]) -> Iterator[None]:
        """A clone cannot tell its own tags from those that the server has as well."""
        kept = self.path / "kept"
        kept.mkdir(exist_ok=True)
        tags = {f"refs/tags/{tag.name}": tag for tag in (self.path / "refs" / "tags").iterdir()}
        self.kept = {
            ref: tag.read_text().strip() for ref, tag in tags.items() if refs.get(ref) != tag.read_text().strip()
        }
        for ref in self.kept:
            tags[ref].rename(kept / tags[ref].name)
            if ref in refs:
                tags[ref].write_text(f"{refs[ref]}\n")
        try:
            yield
        finally:
            for ref in self.kept:
                (kept / tags[ref].name).rename(tags[ref])

    def id_of(self, source: Any) -> str:
        if source is None:
            return ZEROS
        return self.kept.get(source.name) or self.object_id(source)

    def ask_about_push(self, moves: Moves, refs: dict[str, str]) -> list[tuple[str, int, set[str], str]]:
        lines = (f"x {self.id_of(source)} {ref} {refs.get(ref, ZEROS)}\n" for ref, source in moves.items())
        status, said = before_push.judge_push(
            GIT, self.environment, ["origin", "../server.git"], "".join(lines).encode()
        )
        return [("pre-push", status, codes(said), "\n".join(said))]

    def ask_about_commits(
        self, moves: Moves, refs: dict[str, str], ref: str, tip: Commit
    ) -> Iterator[tuple[str, int, set[str], str]]:
        """Each new commit of a branch, the newest first."""
        heads = {name: oid for name, oid in refs.items() if name.startswith(POLICED)}
        heads |= {name: self.id_of(to) for name, to in moves.items() if to and name.startswith(POLICED)}
        commit = tip
        while commit.parents and commit.number not in self.judged and self.id_of(commit) not in refs.values():
            self.judged.add(commit.number)
            heads[ref] = self.id_of(commit.parents[0])
            feed = "".join(f"update {name} {oid}\n" for name, oid in heads.items())
            old = parse_refs(os.fsencode(run("git", "-C", str(self.path), *LIST_REFS, "refs/heads/")))
            feed += "".join(f"delete {name}\n" for name in old.keys() - heads.keys())
            (self.path / "feed").write_text(feed)
            run("sh", "-c", "git update-ref --stdin < feed", cwd=self.path)
            run("git", "-C", str(self.path), "read-tree", self.id_of(commit), env=self.environment)
            (self.path / "HEAD").write_text(f"ref: {ref}\n")
            merged = tuple(self.id_of(parent) for parent in commit.parents[1:])
            status, said = before_commit.judge_commit(GIT, self.environment, merged)
            text = "\n".join(said)
            yield f"pre-commit, on {ref}, of {commit.name}", status, codes(said), text
            commit = commit.parents[0]


class Walk(state_machine_test.Walk):
    def __init__(self) -> None:
        super().__init__()
        self.clone = ListeningClone(self.folder / "listening.git")
        self.project = Project(self.clone)

    def clean(self, *options: str) -> None:
        """That is held elsewhere."""

    def teardown(self) -> None:
        super().teardown()
        self.done.update(self.clone.heard)


def test_the_clone_says_what_the_server_says(guarded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done: Counter[str] = Counter()
    members: dict[str, Any] = {"folder": tmp_path / "walk", "template": guarded, "done": done, "seen": {}}
    how = settings(
        max_examples=WALKS,
        stateful_step_count=LENGTH,
        database=None,
        derandomize=not state_machine_test.SOAK,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(type("Walk", (Walk,), members), settings=how)
    assert sum(done[name] for name in MOVES) >= WALKS * LENGTH // 2
    assert min(done[f"{how} by {hook}"] for how in ("passed", "stopped") for hook in ("pre-push", "pre-commit")) > 3

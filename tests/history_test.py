"""Ancestry: our walks against git's on real histories, and against the plain definition on any graph."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfhooks.git import ObjectDatabase
from halfhooks.history import between, is_ancestor, merge_bases, parents_first
from halfhooks.snapshot import Commit
from tests.builders import run
from tests.opened import opened, repository


class Graph:
    """An object database that holds commits only: number n, with parents among the smaller ones."""

    def __init__(self, parents: list[list[int]], dates: list[int]) -> None:
        self.commits = {
            str(n): Commit(str(n), "", tuple(map(str, mine)), date)
            for n, (mine, date) in enumerate(zip(parents, dates))
        }
        self.reach: list[set[str]] = []
        for n, mine in enumerate(parents):
            self.reach.append({str(n)}.union(*(self.reach[parent] for parent in mine)))

    def commit(self, oid: str) -> Commit:
        return self.commits[oid]

    def reachable(self, *tips: str) -> set[str]:
        return set().union(*(self.reach[int(tip)] for tip in tips))

    def best_common(self, one: str, two: str) -> set[str]:
        common = self.reachable(one) & self.reachable(two)
        return {oid for oid in common if not any(oid in self.reachable(other) - {other} for other in common)}


@st.composite
def graphs(draw, skewed: bool = True):
    size = draw(st.integers(1, 14))
    parents = [draw(st.lists(st.integers(0, n - 1), max_size=3, unique=True)) if n else [] for n in range(size)]
    dates = draw(st.lists(st.integers(0, 9), min_size=size, max_size=size)) if skewed else list(range(1, size + 1))
    return Graph(parents, dates)


@given(graphs(), st.data())
def test_ancestors_and_merge_bases_are_exact_whatever_the_dates(graph, data):
    one, two = (data.draw(st.sampled_from(sorted(graph.commits))) for _ in range(2))
    assert is_ancestor(graph, one, two) == (one in graph.reachable(two))
    bases = merge_bases(graph, one, two)
    assert len(bases) == len(set(bases))
    assert set(bases) == graph.best_common(one, two)


@given(graphs(skewed=False), st.data())
def test_between_is_exact_where_dates_grow(graph, data):
    tips, excluded = (data.draw(st.lists(st.sampled_from(sorted(graph.commits)), max_size=3)) for _ in range(2))
    assert sorted(between(graph, tips, excluded)) == sorted(graph.reachable(*tips) - graph.reachable(*excluded))


@given(graphs(), st.data())
def test_between_never_misses_a_commit(graph, data):
    tips, excluded = (data.draw(st.lists(st.sampled_from(sorted(graph.commits)), max_size=3)) for _ in range(2))
    found = between(graph, [*tips, ""], ["", *excluded])
    assert len(found) == len(set(found))
    assert graph.reachable(*tips) - graph.reachable(*excluded) <= set(found) <= graph.reachable(*tips)


@given(graphs(), st.data())
def test_parents_come_first(graph, data):
    given_ones = data.draw(st.lists(st.sampled_from(sorted(graph.commits)), unique=True))
    ordered = parents_first(graph, given_ones)
    assert sorted(ordered) == sorted(given_ones)
    for n, oid in enumerate(ordered):
        assert not set(graph.commit(oid).parents) & set(ordered[n:])


def test_absent_commits_have_no_ancestry():
    graph = Graph([[]], [1])
    assert not is_ancestor(graph, "", "0")
    assert not is_ancestor(graph, "0", "")
    assert is_ancestor(graph, "", "")
    assert between(graph, [], ["0"]) == between(graph, [""], []) == []


def test_a_walk_ends_where_the_answer_is_known():
    class Counted(Graph):
        asked: set[str] = set()  # noqa: RUF012

        def commit(self, oid: str) -> Commit:
            self.asked.add(oid)
            return super().commit(oid)

    graph = Counted([[n - 1] if n else [] for n in range(1000)], list(range(1000)))
    assert is_ancestor(graph, "990", "999")
    assert merge_bases(graph, "990", "995") == ["990"]
    assert between(graph, ["999"], ["995"])
    assert len(graph.asked) < 20


# --- real git


class Real(NamedTuple):
    folder: Path
    objects: ObjectDatabase
    oids: list[str]
    skewed: bool

    def git(self, *arguments: str) -> list[str]:
        done = subprocess.run(["git", "-C", str(self.folder), *arguments], capture_output=True, text=True)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout.split() if done.returncode == 0 else ["no"]


def criss_cross(n: int, rng: random.Random) -> list[int]:
    """Two lines that merge each other again and again."""
    return [n - 1, n - 2] if n > 2 and n % 5 < 2 else [max(n - 2, 0)] if n else []


def tangled(n: int, rng: random.Random) -> list[int]:
    """Several roots, octopus merges, long and short edges."""
    count = rng.choice((0, 1, 1, 1, 2, 2, 3)) if n > 3 else 1
    return rng.sample(range(max(0, n - 12), n), min(count, n))


def linear(n: int, rng: random.Random) -> list[int]:
    return [n - 1] if n else []


@pytest.fixture(
    scope="module",
    params=[(shape, skew) for shape in (linear, criss_cross, tangled) for skew in (0, 300)],
    ids=lambda param: f"{param[0].__name__}-{'skewed' if param[1] else 'ordered'}",
)
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """A history of 50 commits, a minute apart, each with a clock that may be wrong by minutes."""
    shape, skew = request.param
    rng = random.Random(f"{shape.__name__}{skew}")
    folder = tmp_path_factory.mktemp("history")
    run("git", "init", "-q", str(folder))
    stream = []
    for n in range(50):
        date = 1_000_000 + 60 * n + rng.randint(-60 * skew, 60 * skew) // 10
        stream.append(f"commit refs/x/{n}\nmark :{n + 1}\ncommitter x <x> {date} +0000\ndata 0\n")
        parents = shape(n, rng)
        stream += [f"{word} :{parent + 1}\n" for word, parent in zip(["from"] + ["merge"] * 9, parents)] or [
            "deleteall\n"
        ]
    done = ["git", "-C", str(folder), "fast-import", "--quiet", "--force"]
    subprocess.run(done, input="".join(stream).encode(), check=True)
    tips = run("git", "-C", str(folder), "for-each-ref", "--format=%(objectname)", "--sort=version:refname", "refs/x/")
    with opened(folder / ".git") as objects:
        yield Real(folder, objects, tips.split(), skew > 0)


def test_agrees_with_git(real):
    rng = random.Random(1)
    for _ in range(40):
        one, two = rng.choice(real.oids), rng.choice(real.oids)
        bases = real.git("merge-base", "--all", one, two)
        assert sorted(merge_bases(real.objects, one, two)) == sorted(bases if bases != ["no"] else [])
        assert is_ancestor(real.objects, one, two) == (real.git("merge-base", "--is-ancestor", one, two) == [])
        tips, excluded = rng.sample(real.oids, rng.randint(1, 3)), rng.sample(real.oids, rng.randint(0, 3))
        listed = real.git("rev-list", *tips, *(f"^{oid}" for oid in excluded))
        exact = set(real.git("rev-list", *tips)) - (set(real.git("rev-list", *excluded)) if excluded else set())
        assert exact <= set(between(real.objects, tips, excluded))
        if not real.skewed:
            assert set(between(real.objects, tips, excluded)) == set(listed) == exact


def test_reads_commits_as_git_does(real):
    form = "--format=%H %T %ct %P"
    for line in run("git", "-C", str(real.folder), "log", "--all", form).splitlines():
        oid, tree, date, *parents = line.split()
        assert real.objects.commit(oid) == Commit(oid, tree, tuple(parents), int(date))


def test_a_walk_is_that_of_rev_list_parents_first(real):
    walk = repository(real.folder / ".git").start_walk([real.oids[-1], real.oids[-2]], [real.oids[20]])
    found = [commit for commit, _ in walk]
    assert all(real.objects.commit(commit.oid) == commit for commit in found)
    assert {commit.oid for commit in found} == set(
        real.git("rev-list", real.oids[-1], real.oids[-2], f"^{real.oids[20]}")
    )
    for n, commit in enumerate(found):
        assert not {other.oid for other in found[n:]} & set(commit.parents)

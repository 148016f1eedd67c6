"""Questions about ancestry, answered by walking commits: newest first, so that a walk ends soon after it has the answer.

The dates of commits only order the walk. A forged date can make it longer; what follows from it is said at each function.
"""

from __future__ import annotations

from _heapq import heappop, heappush

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from halfhooks.snapshot import Objects

ONE = 1
TWO = 2
BOTH = 3
STALE = 4


class _Walk:
    """Marks commits as reachable from a first group of tips, a second one, or both; `live` ones are still unsettled.

    An ancestor of a commit of both is stale: common, but not the best.
    """

    __slots__ = ("objects", "marks", "live", "_unsettled", "_queue", "_waiting")

    def __init__(self, objects: Objects, ones: Iterable[str], twos: Iterable[str], unsettled: tuple[int, ...]) -> None:
        self.objects = objects
        self.marks: dict[str, int] = {}
        self.live: set[str] = set()
        self._unsettled = unsettled
        self._queue: list[tuple[int, str]] = []
        self._waiting: set[str] = set()
        for oid in ones:
            self._mark(oid, ONE)
        for oid in twos:
            self._mark(oid, TWO)

    def _mark(self, oid: str, mark: int) -> None:
        known = self.marks.get(oid, 0)
        mark |= known
        if mark == known:
            return
        self.marks[oid] = mark
        if oid not in self._waiting:
            self._waiting.add(oid)
            heappush(self._queue, (-self.objects.commit(oid).date, oid))
        if mark in self._unsettled:
            self.live.add(oid)
        else:
            self.live.discard(oid)

    def step(self) -> None:
        """Take the newest waiting commit and hand its mark to its parents."""
        _, oid = heappop(self._queue)
        self._waiting.discard(oid)
        self.live.discard(oid)
        mark = self.marks[oid]
        if mark == BOTH:
            mark |= STALE
        for parent in self.objects.commit(oid).parents:
            self._mark(parent, mark)

    def look_behind(self) -> None:
        """Take each waiting commit once: behind one with a wrong clock there may be newer ones."""
        for _ in range(len(self._queue)):
            self.step()

    def newest_waiting(self) -> int:
        """The date of the commit that `step` would take, 0 when none waits."""
        return -self._queue[0][0] if self._queue else 0


def is_ancestor(objects: Objects, ancestor: str, descendant: str) -> bool:
    """Whether `ancestor` can be reached from `descendant`; a commit is its own ancestor. Exact whatever the dates."""
    if ancestor == descendant:
        return True
    if not ancestor or not descendant:
        return False
    walk = _Walk(objects, [descendant], [ancestor], unsettled=(ONE,))
    while walk.live and walk.marks[ancestor] == TWO:
        walk.step()
    return walk.marks[ancestor] != TWO


def merge_bases(objects: Objects, one: str, two: str) -> list[str]:
    """The best common ancestors of two commits: none of them is an ancestor of another. Exact whatever the dates."""
    if one == two:
        return [one]
    walk = _Walk(objects, [one], [two], unsettled=(ONE, TWO, BOTH))
    while walk.live:
        walk.step()
    best = [oid for oid, mark in walk.marks.items() if mark == BOTH]
    if len(best) == 1:
        return best
    return [oid for oid in best if not any(oid != other and is_ancestor(objects, oid, other) for other in best)]


def between(objects: Objects, tips: Iterable[str], excluded: Iterable[str]) -> list[str]:
    """The commits reachable from `tips` and not from `excluded`, in no particular order: `git rev-list tips ^excluded`.

    Like git's, the list may hold too many where a commit is dated before its parent, and never too few.
    """
    walk = _Walk(objects, (tip for tip in tips if tip), (tip for tip in excluded if tip), unsettled=(ONE,))
    while walk.live:
        walk.step()
    wanted = [oid for oid, mark in walk.marks.items() if mark == ONE]
    oldest = min((objects.commit(oid).date for oid in wanted), default=None)
    while oldest is not None:
        while walk.newest_waiting() >= max(oldest, 1):
            walk.step()
        walk.look_behind()
        if walk.newest_waiting() < max(oldest, 1):
            break
    return [oid for oid in wanted if walk.marks[oid] == ONE]


def parents_first(objects: Objects, commits: Iterable[str]) -> list[str]:
    """The given commits in an order in which each stands after those of its parents that are given."""
    given = set(commits)
    ordered: list[str] = []
    done: set[str] = set()
    for start in sorted(given):
        stack = [start]
        while stack:
            oid = stack[-1]
            missing = (
                [p for p in objects.commit(oid).parents if p in given and p not in done] if oid not in done else []
            )
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            if oid not in done:
                done.add(oid)
                ordered.append(oid)
    return ordered

"""What a promotion is: the one way in which production moves on (workflow: sections 3.3 and 3.4)."""

from __future__ import annotations

from halfhooks.layout import CANDIDATES, HOTFIX, PRODUCTION, STAGE, TAGS
from halfhooks.names import parse_file_name, release_file, release_tag
from halfhooks.release import read_release
from halfhooks.snapshot import changes, tree_entry
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Optional

    from halfhooks.names import FileName
    from halfhooks.push import Move, Push
    from halfhooks.release import Release
    from halfhooks.snapshot import Change


class Promotion(NamedTuple):
    """A move of ho-prod that adds the production or hotfix file `name`.

    `release` is what the release's files say at its tip, None when there is no such branch; `merge` is the merge commit
    with the parents (old tip, release tip), "" when there is none; `others` are further files of that kind.
    """

    move: Move
    name: FileName
    file: str
    release: Optional[Release]
    merge: str
    others: tuple[str, ...]

    @property
    def label(self) -> str:
        """The version as its files and its schema are named: `X.Y.Z` or `X.Y.Z-hotfixN`."""
        return self.file[: -len(".txt")]


def find_promotion(push: Push) -> Optional[Promotion]:
    """The promotion that a push makes, None when ho-prod stays, is created, or moves without a new production file."""
    return push.once("promotion", lambda: _find(push))


def _find(push: Push) -> Optional[Promotion]:
    move = push.production_move()
    if move is None or not move.updated:
        return None
    releases = push.layout.releases
    named = {file: parse_file_name(file, push.layout) for file in push.added(move, releases)}
    files = [(name, file) for file, name in named.items() if name and name.form in (PRODUCTION, HOTFIX)]
    if not files:
        return None
    name, file = max(files)
    merge, tip = _find_merge(push, move, name)
    release = read_release(push.before, name.version, tip) if tip else None
    return Promotion(move, name, file, release, merge, tuple(other for _, other in files if other != file))


def _find_merge(push: Push, move: Move, name: FileName) -> tuple[str, str]:
    """The merge of a promotion and the release's tip in it; where there is no such merge, "" and the tip there is."""
    # a branch that stays is promoted as it stands afterwards; only one that goes, as it was before
    left = push.after.release_tips.get(name.version) or push.before.release_tips.get(name.version)
    commit = push.objects.commit(move.new)
    tips = [left] if left else _tips_of_the_tagged(push, name)
    for candidate in (commit, *(push.objects.commit(parent) for parent in commit.parents[:1] if parent != move.old)):
        is_merge = len(candidate.parents) == 2 and candidate.parents[0] == move.old and candidate.parents[1] in tips
        if is_merge and (candidate is commit or len(commit.parents) == 1):
            return candidate.oid, candidate.parents[1]
    return "", tips[0] if tips else ""


def _tips_of_the_tagged(push: Push, name: FileName) -> list[str]:
    """The tip of a release whose branch is gone, but whose promotion has its tag already.

    So it stands when git dropped ho-prod from an accepted push, and took the tag and the deletion: the rest is pushed again.
    """
    tag = TAGS + release_tag(name.version, name.form, push.layout, name.number)
    tagged = push.before.snapshot.tip(tag)
    if not tagged:
        return []
    commit = push.objects.commit(tagged)
    merge = commit if len(commit.parents) != 1 else push.objects.commit(commit.parents[0])
    return [merge.parents[1]] if len(merge.parents) == 2 else []


def unvalidated(push: Push, promotion: Promotion) -> Iterator[Change]:
    """The paths in which a promotion differs from the tip of its release beyond what a promotion adds and removes.

    Both of its commits are held against it, so that the second cannot hide what the first one ships.
    """
    seen = set()
    for commit in dict.fromkeys((promotion.merge or promotion.move.new, promotion.move.new)):
        for change in _unvalidated(push, promotion, commit):
            if change.path not in seen:
                seen.add(change.path)
                yield change


def _unvalidated(push: Push, promotion: Promotion, commit: str) -> Iterator[Change]:
    assert promotion.release is not None
    layout = push.layout
    allowed = {layout.path(layout.releases, promotion.file)}
    allowed |= {layout.path(layout.model, layout.schema_link)}
    allowed |= {layout.path(layout.model, f"{kind}{promotion.label}.sql") for kind in (layout.schema, layout.metadata)}
    gone = {
        layout.path(layout.releases, release_file(promotion.name.version, form, layout)) for form in (CANDIDATES, STAGE)
    }
    old, new = (tree_entry(push.objects, oid) for oid in (promotion.release.tip, commit))
    for change in changes(push.objects, old, new):
        if change.path not in allowed and not (change.path in gone and change.new is None):
            yield change


def leftovers(push: Push, promotion: Promotion) -> list[str]:
    """The mutable files of a promoted release that are still there."""
    names = push.names_below(promotion.move.new, push.layout.releases)
    files = (release_file(promotion.name.version, form, push.layout) for form in (CANDIDATES, STAGE))
    return [push.layout.path(push.layout.releases, file) for file in files if names.get(file)]

"""HH6: release tags."""

from __future__ import annotations

from halfhooks.history import is_ancestor
from halfhooks.layout import ABANDONED, HEADS, PRODUCTION, RC, TAGS
from halfhooks.names import RELEASE_TAG, UNKNOWN_TAG, nearest, release_file, release_tag
from halfhooks.rules._registry import UPDATE, Finding, at, rule
from halfhooks.version import Version, parse_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from halfhooks.push import Move, Push


@rule("HH601", UPDATE, hint="get the tag back with git fetch --force origin tag TAG; a change needs a new release")
def tag_immutable(push: Push) -> Iterator[Finding]:
    """A release tag never moves: it says what production databases run.

    Whoever fetched it keeps what it was; a tag that means different commits in different places means none.

    Refused::

        $ git tag -f -a -m 'Release 0.1.0, once more' v0.1.0 topic
        $ git push --force origin v0.1.0

    Accepted::

        $ git tag -f -a -m 'Demo, once more' demo-2026 topic
        $ git push --force origin demo-2026
    """
    for move in push.moves_of(RELEASE_TAG):
        if move.old:
            verb = "deleted" if move.deleted else "moved"
            yield Finding(f"'{move.ref}' cannot be {verb}: it is a release tag", ref=move.ref)


@rule("HH602", UPDATE, hint="git tag -a -m MESSAGE TAG COMMIT, with a name that is no version")
def tag_name(push: Push) -> Iterator[Finding]:
    """A tag that begins like a version is taken for one.

    Release tags are `vX.Y.Z`, `vX.Y.Z-rcN`, `vX.Y.Z-hotfixN` and `vX.Y.Z-abandonedN`, N from 1, without leading zeros.

    Refused::

        $ git tag -a -m 'For the testers' v0.2.0-beta1 ho-release/0.2.0
        $ git push origin v0.2.0-beta1

    Accepted::

        $ git tag -a -m 'For the testers' beta-0.2.0 ho-release/0.2.0
        $ git push origin beta-0.2.0
    """
    for move in push.moves_of(UNKNOWN_TAG):
        if move.new:
            name = move.ref[len(TAGS) :]
            version = parse_version(name[len(push.layout.tag) :].partition("-")[0]) or Version(1, 2, 0)
            forms = [release_tag(version, form, push.layout, 1) for form, _ in push.layout.tags]
            like = nearest(name, forms)
            yield Finding(f"'{name}' begins like a version, but release tags look like '{like}'", ref=move.ref)


@rule("HH603", UPDATE, hint="git tag -a -f -m MESSAGE TAG COMMIT")
def tag_not_annotated(push: Push) -> Iterator[Finding]:
    """A release tag records who released what and when: a lightweight tag cannot.

    Tools that rely on `git describe` see annotated tags only, too.

    Refused::

        $ git tag v0.2.0-abandoned1 ho-release/0.2.0
        $ git push origin v0.2.0-abandoned1

    Accepted::

        $ git tag -a -m 'Nobody wants it' v0.2.0-abandoned1 ho-release/0.2.0
        $ git push origin v0.2.0-abandoned1
    """
    for move in push.moves_of(RELEASE_TAG):
        if move.created and push.after.snapshot.refs[move.ref].kind != "tag":
            yield Finding(f"'{move.ref[len(TAGS) :]}' is a lightweight tag", ref=move.ref)


@rule("HH604", UPDATE, hint="git log --oneline --first-parent BRANCH, and tag the right commit")
def tag_misplaced(push: Push) -> Iterator[Finding]:
    """A release tag stands on the very commit that made the release.

    `vX.Y.Z` and `vX.Y.Z-hotfixN` stand on the commit of ho-prod that introduced `X.Y.Z.txt` or `X.Y.Z-hotfixN.txt`,
    `vX.Y.Z-rcN` on the commit of ho-release/X.Y.Z that introduced `X.Y.Z-rcN.txt`, and `vX.Y.Z-abandonedN` on the tip
    of that branch, with the next free number.

    Refused::

        $ git push origin :ho-release/0.1.1
        $ git switch ho-release/0.2.0; git mv releases/0.2.0-stage.txt releases/0.2.0-rc1.txt
        $ touch releases/0.2.0-stage.txt; git add releases; git commit -m 'Cut 0.2.0-rc1'
        $ git tag -a -m 'For the testers' v0.2.0-rc1 HEAD~1
        $ git push --atomic origin ho-release/0.2.0 v0.2.0-rc1

    Accepted::

        $ git push origin :ho-release/0.1.1
        $ git switch ho-release/0.2.0; git mv releases/0.2.0-stage.txt releases/0.2.0-rc1.txt
        $ touch releases/0.2.0-stage.txt; git add releases; git commit -m 'Cut 0.2.0-rc1'
        $ git tag -a -m 'For the testers' v0.2.0-rc1
        $ git push --atomic origin ho-release/0.2.0 v0.2.0-rc1
    """
    for move in push.moves_of(RELEASE_TAG):
        if not move.created:
            continue
        if move.name.form == ABANDONED:
            yield from _misplaced_abandonment(push, move)
        else:
            yield from _misplaced_release(push, move)


def _misplaced_release(push: Push, move: Move) -> Iterator[Finding]:
    version, form, number = move.name.version, move.name.form, move.name.number
    assert version is not None
    file = release_file(version, form, push.layout, number)
    branch = push.layout.release + str(version) if form == RC else push.layout.production
    tips = [state.snapshot.tip(HEADS + branch) for state in (push.after, push.before)]
    tag = move.ref[len(TAGS) :]
    if not any(is_ancestor(push.objects, move.new, tip) for tip in tips if tip):
        yield at(move, f"'{tag}' would stand on {move.new[:10]}, which is not on {branch}")
        return
    here = push.below(move.new, push.layout.releases, file)
    parents = push.objects.commit(move.new).parents
    inherited = [push.below(parent, push.layout.releases, file) for parent in parents]
    if here is None or any(inherited):
        yield Finding(
            f"'{tag}' would stand on {move.new[:10]}, which does not introduce '{file}'", ref=move.ref, commit=move.new
        )


def _misplaced_abandonment(push: Push, move: Move) -> Iterator[Finding]:
    version = move.name.version
    assert version is not None
    branch = push.layout.release + str(version)
    tag = move.ref[len(TAGS) :]
    tips = [state.snapshot.tip(HEADS + branch) for state in (push.before, push.after)]
    if move.new not in tips:
        yield at(move, f"'{tag}' would not stand on the tip of {branch}")
    start = TAGS + release_tag(version, PRODUCTION, push.layout) + "-"
    taken = [ref for ref in push.before.snapshot.refs if ref.startswith(start) and f"-{ABANDONED}" in ref]
    if move.name.number != len(taken) + 1:
        expected = release_tag(version, ABANDONED, push.layout, len(taken) + 1)
        yield Finding(f"the next number is '{expected}', not '{tag}'", ref=move.ref)

"""HH1: how branches are named, created, moved and deleted. What may enter a release is in `integration.py`."""

from __future__ import annotations

from halfhooks.config import is_free
from halfhooks.history import is_ancestor
from halfhooks.immutability import breached
from halfhooks.integration import (
    MERGE,
    OTHER,
    ROOM,
    fork_points,
    has_work,
    is_contained,
    is_integrated,
    misfits,
    outside,
)
from halfhooks.layout import ABANDONED, HEADS, PRODUCTION, TAGS
from halfhooks.names import (
    LOOK_ALIKE,
    PATCH_BRANCH,
    PRODUCTION_BRANCH,
    RELEASE_BRANCH,
    UNKNOWN_BRANCH,
    distance,
    is_patch_id,
    nearest,
    release_file,
    release_tag,
)
from halfhooks.promotion import find_promotion, leftovers, unvalidated
from halfhooks.release import FINISHED
from halfhooks.rules._registry import COMMIT, UPDATE, Finding, at, rule
from halfhooks.snapshot import commit_changes, own_changes
from halfhooks.version import Version, parse_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from halfhooks.push import Move, Push
    from halfhooks.release import Release
    from halfhooks.snapshot import Change


@rule("HH101", UPDATE, hint="git branch -m NAME, to the name that was meant, or to one without ho-", state=True)
def branch_name(push: Push) -> Iterator[Finding]:
    """A `ho-` branch that the workflow does not know is a slip of the pen, and its work would be in no release.

    The branches of the workflow are `ho-prod`, `ho-release/X.Y.Z` and `ho-patch/ID`.

    Refused::

        $ git push origin topic:refs/heads/ho-feature

    Accepted::

        $ git push origin topic:refs/heads/feature
    """
    for move in push.moves_of(UNKNOWN_BRANCH):
        if move.new:
            name = move.ref[len(HEADS) :]
            near = _nearest(push, name)
            known = near == push.layout.production or near[-1].isdigit() or near.islower()
            mend = f"git branch -m {name} {near}, or to a name without {push.layout.reserved}" if known else ""
            yield Finding(f"'{name}' is no branch of the workflow; the nearest is '{near}'", ref=move.ref, help=mend)


FIRST = Version(0, 0, 0)
"""The version that a new project begins with."""


def _nearest(push: Push, name: str) -> str:
    """The branch that was probably meant."""
    layout = push.layout
    if distance(name, layout.production) <= 2:  # otherwise production is never what a new branch should be called
        return layout.production
    rest = name.partition("/")[2]
    version = rest if parse_version(rest) else "X.Y.Z"
    patch = rest if is_patch_id(rest) else "ID"
    return nearest(name, [layout.release + version, layout.patch + patch])


@rule("HH102", UPDATE, hint="use another name: git branch -m NAME, or git tag -d NAME", state=True)
def name_look_alike(push: Push) -> Iterator[Finding]:
    """A name that people or file systems take for a workflow name misleads whoever reads or fetches it.

    Folded are case, Unicode compatibility forms, dashes, digits, invisible and combining characters; a letter of another
    script stands for any letter. A tag called like a workflow branch captures the short name in git's own commands.

    Refused::

        $ git push origin topic:refs/heads/Ho-Prod

    Refused::

        $ git tag ho-prod topic
        $ git push origin refs/tags/ho-prod

    Accepted::

        $ git push origin topic:refs/heads/production
    """
    for move in push.moves_of(LOOK_ALIKE):
        if move.new:
            yield Finding(f"'{move.ref}' can be mistaken for the workflow's '{move.name.meant}'", ref=move.ref)


@rule("HH103", UPDATE, hint="git fetch origin, and leave ho-prod where it is")
def production_branch_deleted(push: Push) -> Iterator[Finding]:
    """The production branch is the source of truth: without it no version, patch or model can be checked.

    Refused::

        $ git push origin :ho-prod

    Accepted::

        $ git push origin :topic
    """
    for move in push.moves_of(PRODUCTION_BRANCH):
        if move.deleted:
            yield Finding(f"'{push.layout.production}' cannot be deleted", ref=move.ref)


@rule("HH104", UPDATE, hint="git fetch origin, git rebase (or reset --keep) onto origin's branch, push without --force")
def history_rewritten(push: Push) -> Iterator[Finding]:
    """What has been released, or is being integrated by several people, keeps its history.

    Commits that others have built on, or that a database records, would no longer be on any branch.

    Refused::

        $ git switch ho-release/0.2.0; git commit --amend -m 'Stage 2-posts, in other words'
        $ git push --force origin ho-release/0.2.0

    Accepted::

        $ git switch ho-release/0.2.0; git commit --allow-empty -m 'The commit before stages 2-posts'
        $ git push origin ho-release/0.2.0

    A patch branch may be rewritten until it is frozen:

    Accepted::

        $ git switch ho-patch/3-tags; git commit --amend -m 'Implement 3-tags, in other words'
        $ git push --force origin ho-patch/3-tags
    """
    for move in push.moves_of(PRODUCTION_BRANCH, RELEASE_BRANCH):
        if move.updated and not push.contains(move.new, move.old):
            text = f"{move.new[:10]} does not contain {move.old[:10]}, where '{move.ref[len(HEADS) :]}' stands"
            yield at(move, text)


@rule("HH105", UPDATE, hint="git tag -a -m REASON vX.Y.Z-abandonedN BRANCH, and push the tag with the deletion")
def release_branch_deleted_early(push: Push) -> Iterator[Finding]:
    """Deleting a release branch must not lose staged patches, nor leave a later release without its predecessor.

    The branch may go when its tip is in ho-prod, when nothing was staged and no RC was cut, or when an annotated tag
    `vX.Y.Z-abandonedN` keeps its tip; never while another release in preparation follows only this one.

    Refused::

        $ git push origin :ho-release/0.2.0

    Accepted::

        $ git tag -a -m 'Nobody wants it' v0.2.0-abandoned1 ho-release/0.2.0
        $ git push --atomic origin v0.2.0-abandoned1 :ho-release/0.2.0

    Nothing is staged in 0.1.1:

    Accepted::

        $ git push origin :ho-release/0.1.1
    """
    for move in push.moves_of(RELEASE_BRANCH):
        version = move.name.version
        if not move.deleted or version is None:
            continue
        release = push.before.release(version)
        lost = _lost(push, release) if release and not _is_kept(push, move) else []
        if lost:
            names = ", ".join(lost[:3]) + (" ..." if len(lost) > 3 else "")
            yield at(move, f"'{move.ref[len(HEADS) :]}' holds what production does not: {names}")
        for orphan in _orphans(push, move):
            text = f"'{move.ref[len(HEADS) :]}' cannot go: {orphan.version} in preparation follows no other version"
            yield Finding(text, ref=move.ref, help=f"delete {push.layout.release}{orphan.version} first")


def _lost(push: Push, release: Release) -> list[str]:
    """The patches that only a release branch holds: staged, in an RC, or integrated while their branch has gone."""
    alone = [patch for patch in release.candidates if patch not in push.after.patch_tips]
    return [*release.complete, *(patch for patch in alone if has_work(push, release, patch, ""))]


def _is_kept(push: Push, move: Move) -> bool:
    """Whether the tip of a deleted release branch stays reachable: in production, or by a tag that abandons it."""
    if is_ancestor(push.objects, move.old, push.after.production):
        return True
    assert move.name.version is not None
    start = TAGS + release_tag(move.name.version, PRODUCTION, push.layout) + "-" + ABANDONED
    tags = [target for ref, target in push.after.snapshot.refs.items() if ref.startswith(start)]
    return any(target.kind == "tag" and target.commit == move.old for target in tags)


def _orphans(push: Push, move: Move) -> Iterator[Release]:
    """The releases in preparation that the deletion of a release branch leaves without a predecessor."""
    successors = move.name.version.successors() if move.name.version else ()
    for release in push.after.preparing():
        if release.version in successors and not push.after.may_follow(release.version):
            yield release


@rule("HH106", UPDATE, hint="merge the patch into its release first, or withdraw it from the candidates")
def patch_branch_deleted_early(push: Push) -> Iterator[Finding]:
    """Deleting a patch branch must not lose work that the team still expects.

    It may go when its tip, or a squash of it, is in a release branch or in ho-prod, or when its id is no candidate.

    Refused::

        $ git push origin :ho-patch/4-fix

    Accepted::

        $ git switch ho-release/0.1.1; git merge --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
        $ git push --atomic origin ho-release/0.1.1 :ho-patch/4-fix

    Accepted::

        $ git switch ho-release/0.1.1
        $ git rm -r Patches/4-fix releases/0.1.1-candidates.txt; git commit -m 'Withdraw 4-fix'
        $ git push --atomic origin ho-release/0.1.1 :ho-patch/4-fix
    """
    for move in push.moves_of(PATCH_BRANCH):
        if not move.deleted:
            continue
        for release in push.candidate_in(move.name.patch):
            if not (is_contained(push, move.old) or is_integrated(push, release, move.name.patch, move.old)):
                text = f"'{move.ref[len(HEADS) :]}' is not integrated: {move.name.patch} is a candidate of {release.version}"
                yield Finding(text, ref=move.ref, commit=move.old)


@rule(
    "HH107",
    UPDATE,
    hint="git reset --keep origin/ho-prod, and promote again: git merge --no-ff --no-commit ho-release/X.Y.Z",
    state=True,
)
def production_moves_by_promotion(push: Push) -> Iterator[Finding]:
    """Production moves by promoting a release, so that what was validated is what ships.

    A promotion is one merge commit with the parents (ho-prod, the tip of the release), optionally followed by one commit
    with the bookkeeping. Outside `releases/` and `model/` its tree is the release's; there it adds the production file,
    the schema and the metadata, moves `schema.sql`, and removes candidates and stage. Besides, commits may touch
    `freePaths` only.

    Refused::

        $ echo '# quick fix' >> app/p_1_users.py; git commit -am 'Mend 1-users'
        $ git push origin ho-prod

    Accepted::

        $ echo 'A shop.' >> README.md; git commit -am 'Say what this is'
        $ git push origin ho-prod

    A whole promotion: the patch is integrated and staged, then the release is merged with its bookkeeping.

    Accepted::

        $ git switch ho-release/0.1.1; git merge --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; git commit -m 'Stage 4-fix'
        $ git switch ho-prod; git merge --no-ff --no-commit ho-release/0.1.1
        $ git mv releases/0.1.1-stage.txt releases/0.1.1.txt; ln -sfn schema-0.1.1.sql model/schema.sql
        $ for kind in schema metadata; do cp model/$kind-0.1.0.sql model/$kind-0.1.1.sql; done
        $ git add model; git commit -m 'Promote 0.1.1'
        $ git push --atomic origin ho-release/0.1.1 ho-prod
    """
    move = push.production_move()
    if move is None or not move.new:
        return
    if push.adopts(move):
        if push.after.version is None:
            file = push.layout.path(push.layout.releases, release_file(FIRST, PRODUCTION, push.layout))
            finding = at(move, f"'{push.layout.production}' cannot begin without a version: '{file}' is missing", file)
            yield finding._replace(help=f"add an empty '{file}' and its model, git commit --amend, push again")
        return
    promotion = find_promotion(push)
    if promotion is None:
        for change in _bound_changes(push, move):
            finding = at(move, f"'{change.path}' was {change.verb} on ho-prod by no promotion", change.path)
            yield finding._replace(help="git reset --keep origin/ho-prod, and put the change on a patch branch")
        return
    for file in promotion.others:
        yield at(move, f"'{file}' is added as well: one push promotes one release")
    if promotion.release is None:
        yield at(move, f"'{promotion.file}' is added, but there is no release branch {promotion.name.version}")
        return
    if not promotion.merge:
        yield _no_promotion(push, move, promotion.release)
        return
    behind = not is_ancestor(push.objects, move.old, promotion.release.tip)  # HH207, and the cause of the rest
    for change in () if behind else unvalidated(push, promotion):
        text = f"'{change.path}' was {change.verb} by the promotion: it is not what {promotion.name.version} holds"
        yield at(move, text, change.path)
    for path in leftovers(push, promotion):
        finding = at(move, f"'{path}' is still there after the promotion", path)
        yield finding._replace(help=f"git rm {path}, git commit --amend")


def _no_promotion(push: Push, move: Move, release: Release) -> Finding:
    """What is wrong with a move of ho-prod that brings a production file, but not by the merge of its release."""
    branch = push.layout.release + str(release.version)
    parents = push.objects.commit(move.new).parents
    if parents[:1] == (move.old,) and any(is_ancestor(push.objects, release.tip, parent) for parent in parents[1:]):
        text = f"{move.new[:10]} merges more than '{branch}' has on the server, which is {release.tip[:10]}"
        return at(move, text)._replace(
            help=f"push the release first, or with it: git push --atomic origin {branch} {push.layout.production}"
        )
    text = (
        f"{move.new[:10]} is no merge of ho-prod ({move.old[:10]}) with '{branch}' ({release.tip[:10]}), in this order"
    )
    return at(move, text)


def _bound_changes(push: Push, move: Move) -> Iterator[Change]:
    """The changes to ho-prod outside `freePaths`: between its tips, and in each new commit by itself."""
    if not is_ancestor(push.objects, move.old, move.new) and "HH104" not in push.config.warn:
        return
    seen = set()
    lists = [commit_changes(push.objects, move.old, move.new)]
    lists += [iter(own_changes(push.objects, push.objects.commit(oid))) for oid in push.own_line(move)]
    for changes in lists:
        for change in changes:
            if change.path not in seen and not is_free(change.path, push.config):
                seen.add(change.path)
                yield change


@rule("HH108", UPDATE, hint="git reset --keep origin/ho-release/X.Y.Z, and put the change on a patch branch")
def release_moves_by_patches(push: Push) -> Iterator[Finding]:
    """Everything in a release can be traced to a patch, or to a step of the workflow.

    A commit of a release branch is bookkeeping (its candidates and stage, the README of a new candidate, the removal of a
    withdrawn one), the integration of a candidate (its commits, a merge of them, or a squash), the cutting of an RC, a
    merge of ho-prod or of a smaller release, or a change of `freePaths`. A staged id never simply goes.

    Refused::

        $ git switch ho-release/0.2.0; echo '# quick fix' >> app/p_2_posts.py; git commit -am 'Mend 2-posts'
        $ git push origin ho-release/0.2.0

    Accepted::

        $ git switch ho-patch/5-code; git merge -m 'Take 2-posts' ho-release/0.2.0
        $ echo '# quick fix' >> app/p_2_posts.py; git commit -am 'Mend 2-posts'
        $ git switch ho-release/0.2.0; git merge --no-ff -m 'Integrate 5-code' ho-patch/5-code
        $ git push --atomic origin ho-patch/5-code ho-release/0.2.0
    """
    said = () if {"HH301", "HH403", "HH501"}.intersection(push.config.warn) else breached(push)
    for finding in _misfits(push, OTHER):
        if not f"{finding.path}/".startswith(said):  # a breach of what is fixed is said by the rules on that
            yield finding


def _misfits(push: Push, kind: str) -> Iterator[Finding]:
    for move in push.moves_of(RELEASE_BRANCH):
        for misfit in misfits(push, move) if move.updated else ():
            if misfit.kind == kind:
                yield Finding(misfit.text, ref=move.ref, commit=misfit.commit, path=misfit.path)


@rule("HH109", UPDATE, hint="git switch -c ho-patch/ID ho-release/X.Y.Z, then git cherry-pick your commits")
def patch_branch_origin(push: Push) -> Iterator[Finding]:
    """A patch is built on the release that it is for, and all history of a project hangs together.

    The history of `ho-patch/ID` contains the point where its release left ho-prod (for a hotfix: the tag); a new root
    commit or unrelated history can come from nowhere but another repository.

    Refused::

        $ git switch ho-release/0.2.0; echo 6-likes >> releases/0.2.0-candidates.txt; git commit -am 'Add 6-likes'
        $ git branch ho-patch/6-likes v0.1.0~1
        $ git push origin ho-release/0.2.0 ho-patch/6-likes

    Accepted::

        $ git switch ho-release/0.2.0; echo 6-likes >> releases/0.2.0-candidates.txt; git commit -am 'Add 6-likes'
        $ git branch ho-patch/6-likes ho-release/0.2.0
        $ git push origin ho-release/0.2.0 ho-patch/6-likes
    """
    for move in push.moves_of(PATCH_BRANCH):
        for release in push.listed_in(move.name.patch) if move.new else ():
            points = fork_points(push.base, release)
            if not any(push.contains(move.new, point) for point in points):
                branch = push.layout.release + str(release.version)
                yield Finding(
                    f"'{move.ref[len(HEADS) :]}' does not contain {points[0][:10]}, where '{branch}' begins",
                    ref=move.ref,
                    commit=move.new,
                    help=f"git rebase {branch} {move.ref[len(HEADS) :]}",
                )
    for commit in push.commits:
        if not commit.parents and not push.adopts(push.owner(commit.oid)):
            ref = push.owner(commit.oid).ref
            yield Finding(f"{commit.oid[:10]} begins a history of its own", ref=ref, commit=commit.oid)


@rule(
    "HH110",
    UPDATE,
    hint="list it in releases/X.Y.Z-candidates.txt on the release branch, and push that first or with it",
)
def patch_not_candidate(push: Push) -> Iterator[Finding]:
    """A patch belongs to one release from its first push on, so that nobody works for a release that never comes.

    Its id must be a candidate of exactly one open release, before or in the same push.

    Refused::

        $ git switch -c ho-patch/6-likes ho-release/0.2.0
        $ echo '# likes' > app/likes.py; git add app; git commit -m 'Implement 6-likes'
        $ git push origin ho-patch/6-likes

    Accepted::

        $ git switch ho-release/0.2.0; echo 6-likes >> releases/0.2.0-candidates.txt; git commit -am 'Add 6-likes'
        $ git switch -c ho-patch/6-likes
        $ echo '# likes' > app/likes.py; git add app; git commit -m 'Implement 6-likes'
        $ git push origin ho-release/0.2.0 ho-patch/6-likes
    """
    for move in push.moves_of(PATCH_BRANCH):
        releases = push.candidate_in(move.name.patch) if move.created else None
        if releases == []:
            yield _no_candidate(push, move)
        elif releases and len(releases) > 1:
            versions = " and ".join(str(release.version) for release in releases)
            yield Finding(f"'{move.name.patch}' is a candidate of {versions}", ref=move.ref)


def _no_candidate(push: Push, move: Move) -> Finding:
    """What is wrong with a new patch branch that no release has among its candidates."""
    patch, staged = move.name.patch, push.listed_in(move.name.patch)
    if staged:
        branch = push.layout.release + str(staged[0].version)
        mend = f"late work is a new patch: list NEW-ID, git switch -c {push.layout.patch}NEW-ID {branch}, git cherry-pick it"
        return Finding(f"'{patch}' is staged in {staged[0].version} already", ref=move.ref, help=mend)
    if push.base.production and push.below(push.base.production, push.layout.patches, patch):
        mend = "list a new id in a release, and make the branch of that"
        return Finding(f"'{patch}' is in production already", ref=move.ref, help=mend)
    return Finding(f"'{patch}' is a candidate of no open release", ref=move.ref)


@rule("HH111", COMMIT, hint="take it out of that very commit (each one is judged): git rebase -i ho-release/X.Y.Z")
def patch_out_of_its_room(push: Push) -> Iterator[Finding]:
    """A patch branch changes its own `Patches/ID/` and the project's code, never what belongs to releases or others.

    Release files, the model and the directories of other patches change by the workflow's own steps only; `README.md`
    in `releases/` and `Patches/` is free. Commits of another candidate's branch count as that one's. A merge may bring
    what its other parents hold.

    Refused::

        $ git switch ho-patch/3-tags; echo 3-tags >> releases/0.2.0-stage.txt; git commit -am 'Stage 3-tags'
        $ git push origin ho-patch/3-tags

    Accepted::

        $ git switch ho-patch/3-tags; echo 3-tags >> releases/0.2.0-stage.txt; git commit -am 'Stage 3-tags'
        $ git restore --source=HEAD~ releases/0.2.0-stage.txt
        $ echo '# tags' >> app/p_3_tags.py; git commit --amend -am 'Go on with 3-tags'
        $ git push origin ho-patch/3-tags
    """
    own = _patch_commits(push)
    for commit in push.touching(*push.layout.folders()):
        patches = own.get(commit.oid, set())
        for path in outside(push, commit, patches) if patches else ():
            branch = push.layout.patch + sorted(patches)[0]
            text = f"'{path}' is outside of what '{branch}' may change"
            yield Finding(text, ref=push.owner(commit.oid).ref, commit=commit.oid, path=path)
    yield from _misfits(push, ROOM)


def _patch_commits(push: Push) -> dict[str, set[str]]:
    """The new commits that only patch branches bring, each with the ids of these."""
    others = {oid for move in push.moves_of(PRODUCTION_BRANCH, RELEASE_BRANCH) for oid in push.brought_by(move.new)}
    found: dict[str, set[str]] = {}
    for move in push.moves_of(PATCH_BRANCH):
        for oid in push.brought_by(move.new):
            if oid not in others:
                found.setdefault(oid, set()).add(move.name.patch)
    return found


@rule(
    "HH112",
    UPDATE,
    hint="list a new id, git switch -c ho-patch/NEW-ID ho-release/X.Y.Z, git cherry-pick the late commits",
)
def patch_branch_frozen(push: Push) -> Iterator[Finding]:
    """What was staged is what was reviewed and tested: later work is a new patch.

    A patch branch is frozen once its id is staged or withdrawn, or its release abandoned; listing the id among the
    candidates again thaws it.

    Refused::

        $ git switch ho-release/0.1.1; git merge --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; git commit -m 'Stage 4-fix'
        $ git push origin ho-release/0.1.1
        $ git switch ho-patch/4-fix; echo '# late' >> app/p_4_fix.py; git commit -am 'One more thing'
        $ git push origin ho-patch/4-fix

    Accepted::

        $ git switch ho-release/0.1.1; git merge --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; git commit -m 'Stage 4-fix'
        $ echo 6-late > releases/0.1.1-candidates.txt; git add releases; git commit -m 'Add 6-late'
        $ git push origin ho-release/0.1.1
        $ git switch -c ho-patch/6-late; echo '# late' >> app/p_4_fix.py; git commit -am 'One more thing'
        $ git push origin ho-patch/6-late
    """
    for move in push.moves_of(PATCH_BRANCH):
        patch = move.name.patch
        if move.updated and not push.candidate_in(patch) and not _arrives_with(push, move):
            staged = push.listed_in(patch)
            reason = f"it is staged in {staged[0].version}" if staged else "it is a candidate of no open release"
            yield at(move, f"'{move.ref[len(HEADS) :]}' is frozen: {reason}")
    if push.config.patchRewrite == "refuse":
        for move in push.moves_of(PATCH_BRANCH):
            if move.updated and not push.contains(move.new, move.old):
                text = f"'{move.ref[len(HEADS) :]}' was rewritten, and this project refuses that (patchRewrite)"
                yield Finding(text, ref=move.ref, commit=move.new, help="git pull --rebase, then push without --force")


def _arrives_with(push: Push, move: Move) -> bool:
    """Whether the push that moves a patch branch also stages it, as it now stands."""
    patch = move.name.patch
    if not push.before.releases_of(patch):
        return False
    return any(is_integrated(push, release, patch, move.new) for release in push.listed_in(patch))


@rule("HH113", UPDATE, hint="git reset --keep HEAD~, commit the change on a patch branch, and merge that")
def merge_adds_changes(push: Push) -> Iterator[Finding]:
    """A merge combines what its parents hold; a change hidden in it was reviewed by nobody.

    It may differ from all its parents only where both sides changed the same path, and in the books of the release.

    Refused::

        $ git switch ho-release/0.1.1; git merge --no-ff --no-commit ho-patch/4-fix
        $ echo '# quick fix' >> app/p_1_users.py; git commit -am 'Integrate 4-fix'
        $ git push origin ho-release/0.1.1

    Accepted::

        $ git switch ho-patch/4-fix; echo '# quick fix' >> app/p_1_users.py; git commit -am 'Mend 1-users as well'
        $ git switch ho-release/0.1.1; git merge --no-ff --no-commit ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt
        $ git commit -m 'Integrate and stage 4-fix'
        $ git push origin ho-patch/4-fix ho-release/0.1.1
    """
    yield from _misfits(push, MERGE)


@rule("HH114", UPDATE, hint="git push origin :BRANCH; a hotfix makes the branch anew from the newest tag")
def release_finished(push: Push) -> Iterator[Finding]:
    """A release that is in production is what databases run: its branch can only be deleted.

    Refused::

        $ git --git-dir=../server.git branch ho-release/0.1.0 v0.1.0^2  # nobody deleted it
        $ git switch -c ho-release/0.1.0 v0.1.0^2; git commit --allow-empty -m 'One more thing'
        $ git push origin ho-release/0.1.0

    Accepted::

        $ git --git-dir=../server.git branch ho-release/0.1.0 v0.1.0^2
        $ git push origin :ho-release/0.1.0
    """
    for move in push.moves_of(RELEASE_BRANCH):
        release = push.before.release(move.name.version) if move.updated and move.name.version else None
        if release and release.status == FINISHED:
            text = f"'{move.ref[len(HEADS) :]}' is finished: {release.version} is in production"
            yield at(move, text)

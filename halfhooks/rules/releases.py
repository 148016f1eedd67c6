"""HH3: the files that list the patches of each release."""

from __future__ import annotations

from halfhooks.immutability import MADE, release_files
from halfhooks.integration import FOREIGN, is_dropped, is_integrated, misfits, read_lists, same_patch
from halfhooks.layout import CANDIDATES, HEADS, RC, STAGE
from halfhooks.names import RELEASE_BRANCH, nearest, parse_file_name, release_file
from halfhooks.promotion import find_promotion
from halfhooks.release import OPEN_HOTFIX, PREPARATION, read_lines
from halfhooks.rules._registry import COMMIT, UPDATE, Finding, adopted, at, look_alikes, rule
from halfhooks.snapshot import FILE, entry_at, is_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from halfhooks.push import Push
    from halfhooks.release import Release
    from halfhooks.snapshot import Entry


@rule("HH301", COMMIT, hint="take it out of that very commit: git rebase -i; put the change into a new patch")
def release_file_immutable(push: Push) -> Iterator[Finding]:
    """A release file never changes once it has been accepted.

    It records what every production database ran, in which order. RC, production and hotfix files keep their path, mode
    and content in every commit of every branch of the workflow: not even a commit that a later one reverts may touch
    them. A branch that has not yet seen a release keeps its old view until it merges.

    0.1.0 is in production; the lists of 0.2.0 still change:

    Refused::

        $ git switch ho-release/0.2.0; echo 2-posts >> releases/0.1.0.txt
        $ git commit -am 'Count 2-posts to 0.1.0'
        $ git push origin ho-release/0.2.0

    Accepted::

        $ git switch ho-release/0.2.0; echo '# after 1-users' >> releases/0.2.0-stage.txt
        $ git commit -am 'Say what 2-posts needs'
        $ git push origin ho-release/0.2.0
    """
    for breach in release_files(push):
        commit = breach.commit.oid
        rest = {
            "added": "not by what makes it",
            MADE: "and changed later in the push; release files are fixed from the first commit",
        }.get(breach.verb, "release files are fixed")
        text = f"'{breach.path}' was {breach.verb} in {commit[:10]}; {rest}"
        yield Finding(text, ref=push.owner(commit).ref, commit=commit, path=breach.path)


class _Seen:
    """Where an entry of `releases/` was found that a push brings."""

    __slots__ = ("ref", "commit", "name", "path", "entry")

    def __init__(self, push: Push, ref: str, commit: str, name: str, entry: Entry) -> None:
        self.ref = ref
        self.commit = commit
        self.name = name
        self.path = push.layout.path(push.layout.releases, name)
        self.entry = entry

    def finding(self, text: str, line: int = 0) -> Finding:
        return Finding(text, ref=self.ref, commit=self.commit, path=self.path, line=line)


def _brought(push: Push) -> Iterator[_Seen]:
    """Each entry of `releases/` that a new commit holds unlike all its parents."""
    folder = push.layout.releases
    known = set()
    for commit in push.touching(folder):
        for name in push.own(commit, folder):
            entry = push.below(commit.oid, folder, name)
            if entry and (name, entry) not in known:
                known.add((name, entry))
                yield _Seen(push, push.owner(commit.oid).ref, commit.oid, name, entry)


@rule(
    "HH302",
    COMMIT,
    hint="rename it in that very commit: git mv, then git commit --amend (or git rebase -i)",
    state=True,
)
def release_file_name(push: Push) -> Iterator[Finding]:
    """A file that looks like a release file and is none would be believed by people, and ignored by tools.

    Below `releases/` there are `X.Y.Z-candidates.txt`, `-stage.txt`, `-rcN.txt`, `-hotfixN.txt`, `X.Y.Z.txt` and
    `README.md`, nothing else; and no folder may pass for `releases` in another case or script.

    Refused::

        $ git switch ho-release/0.2.0; git mv releases/0.2.0-candidates.txt releases/0.2.0-candidate.txt
        $ git commit -m 'One word for one thing'
        $ git push origin ho-release/0.2.0

    Refused::

        $ git switch ho-patch/3-tags; mkdir Releases; echo 3-tags > Releases/0.2.0.txt
        $ git add .; git commit -m 'List 3-tags'
        $ git push origin ho-patch/3-tags

    Accepted::

        $ git switch ho-release/0.2.0; echo 'One file for each step.' > releases/README.md
        $ git add releases; git commit -m 'Explain the files'
        $ git push origin ho-release/0.2.0
    """
    for seen in _brought(push):
        if parse_file_name(seen.name, push.layout) is None and (
            seen.name != push.layout.readme or is_folder(seen.entry)
        ):
            forms = [
                seen.name.partition("-")[0].removesuffix(".txt") + before + ("1" + after if after else "")
                for _, (before, after) in push.layout.files
            ]
            yield seen.finding(f"'{seen.path}' is no release file; the nearest name is '{nearest(seen.name, forms)}'")
    yield from look_alikes(push, push.layout.releases)


@rule(
    "HH303",
    COMMIT,
    hint="mend that very commit: git commit --amend (or git rebase -i); cat -A FILE shows every byte",
    state=True,
)
def release_file_format(push: Push) -> Iterator[Finding]:
    """Every tool must read the same patches from a release file.

    It is a regular file of mode 100644 in UTF-8 without byte order mark, lines end with LF, the last one too. A line is a
    patch id, empty, or a comment that begins with `#`.

    Refused::

        $ git switch ho-release/0.1.1; echo '4-fix, an index' > releases/0.1.1-candidates.txt
        $ git commit -am 'Describe 4-fix'
        $ git push origin ho-release/0.1.1

    Accepted::

        $ git switch ho-release/0.1.1; echo '# 4-fix is an index' >> releases/0.1.1-candidates.txt
        $ git commit -am 'Describe 4-fix'
        $ git push origin ho-release/0.1.1
    """
    for seen in _brought(push):
        if parse_file_name(seen.name, push.layout) is None:
            continue
        if seen.entry.mode != FILE:
            yield seen.finding(f"'{seen.path}' has the mode {seen.entry.mode}, not that of a regular file ({FILE})")
        lines = read_lines(push.objects, seen.entry, push.layout)
        for problem in lines.problems if lines else ():
            yield seen.finding(f"'{seen.path}' {problem.text}", problem.line)


@rule(
    "HH304", UPDATE, hint="remove the second mention; to move a patch, push both release branches at once", state=True
)
def patch_listed_twice(push: Push) -> Iterator[Finding]:
    """A patch stands in one release and in one state, or it would be applied twice, or not where it was tested.

    Refused::

        $ git switch ho-release/0.2.0; echo 4-fix >> releases/0.2.0-candidates.txt; git commit -am 'Add 4-fix'
        $ git push origin ho-release/0.2.0

    Accepted::

        $ git switch ho-release/0.2.0; echo 4-fix >> releases/0.2.0-candidates.txt; git commit -am 'Add 4-fix'
        $ git switch ho-release/0.1.1
        $ git rm -r Patches/4-fix releases/0.1.1-candidates.txt; git commit -m 'Withdraw 4-fix'
        $ git push --atomic origin ho-release/0.1.1 ho-release/0.2.0
    """
    for move in push.moves_of(RELEASE_BRANCH):
        release = push.arriving(move.name.version) if move.new and move.name.version else None
        if release is None or not release.open:
            continue
        ids = release.candidates + release.stage + release.rc_ids
        elsewhere = _elsewhere(push, release)
        for patch in dict.fromkeys(ids):
            branch = move.ref[len(HEADS) :]
            if ids.count(patch) > 1:
                yield at(move, f"'{patch}' stands more than once in the lists of '{branch}'")
            elif patch in elsewhere:
                text = f"'{patch}' stands in '{branch}' and in {elsewhere[patch]}"
                yield at(move, text)
    yield from adopted(push, "HH304")


def _elsewhere(push: Push, release: Release) -> dict[str, str]:
    """The patch ids of production and of the other open releases, with where they stand.

    An id that a release listed before, while production was the same, was held against production then.
    """
    others = [other for other in push.listing() if other.version != release.version]
    found = {
        patch: f"'{push.layout.release}{other.version}'"
        for other in others
        for patch in other.candidates + other.complete
    }
    promotion = find_promotion(push)
    own = promotion is not None and promotion.name.version == release.version
    released = push.names_below((push.base if own else push.after).production, push.layout.patches)
    before = push.before.release(release.version)
    settled = before.candidates + before.complete if before and not push.production_move() else ()
    for patch in {*release.candidates, *release.complete} - {*settled}:
        if released.get(patch):
            found[patch] = "production"
    return found


@rule("HH305", UPDATE, hint="git reset --soft HEAD~, then rename the stage as it is: git mv STAGE RC-FILE, and commit")
def rc_differs_from_stage(push: Push) -> Iterator[Finding]:
    """A release candidate is what was staged, byte for byte, so that nothing slips in while it is cut.

    In the commit that adds `X.Y.Z-rcN.txt` the file equals the stage of its parent, and the new stage is empty.

    Refused::

        $ git push origin :ho-release/0.1.1
        $ git switch ho-release/0.2.0; git mv releases/0.2.0-stage.txt releases/0.2.0-rc1.txt
        $ echo '# it looks good' >> releases/0.2.0-rc1.txt
        $ touch releases/0.2.0-stage.txt; git add releases; git commit -m 'Cut 0.2.0-rc1'
        $ git push origin ho-release/0.2.0

    Accepted::

        $ git push origin :ho-release/0.1.1
        $ git switch ho-release/0.2.0; git mv releases/0.2.0-stage.txt releases/0.2.0-rc1.txt
        $ touch releases/0.2.0-stage.txt; git add releases; git commit -m 'Cut 0.2.0-rc1; it looks good'
        $ git push origin ho-release/0.2.0
    """
    folder = push.layout.releases
    for move in push.moves_of(RELEASE_BRANCH):
        version = move.name.version
        assert version is not None
        stage = release_file(version, STAGE, push.layout)
        for oid in push.brought_by(move.new):
            commit = push.new[oid]
            for name in push.own(commit, folder):
                parsed = parse_file_name(name, push.layout)
                entry = push.below(oid, folder, name)
                if parsed is None or parsed.form != RC or parsed.version != version or entry is None:
                    continue
                path = push.layout.path(folder, name)
                staged = push.below(commit.parents[0], folder, stage) if commit.parents else None
                if staged != entry:
                    yield Finding(
                        f"'{path}' is not the stage that it was cut from", ref=move.ref, commit=oid, path=path
                    )
                elif read_lists(push, oid, version).stage:
                    text = f"'{stage}' is not empty after '{name}' was cut"
                    yield Finding(text, ref=move.ref, commit=oid, path=push.layout.path(folder, stage))


@rule("HH306", UPDATE, hint="cat the RC files in order and the stage into releases/X.Y.Z.txt")
def production_list_incomplete(push: Push) -> Iterator[Finding]:
    """The production file is what databases apply: what it does not list is missing in production.

    It holds the complete list of the release: its RC files in order, then its stage, each id once; for a hotfix its stage.

    Refused::

        $ git switch ho-release/0.1.1; git merge --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; git commit -m 'Stage 4-fix'
        $ git switch ho-prod; git merge --no-ff --no-commit ho-release/0.1.1
        $ git rm -f releases/0.1.1-stage.txt; touch releases/0.1.1.txt; ln -sfn schema-0.1.1.sql model/schema.sql
        $ for kind in schema metadata; do cp model/$kind-0.1.0.sql model/$kind-0.1.1.sql; done
        $ git add releases model; git commit -m 'Promote 0.1.1'
        $ git push --atomic origin ho-release/0.1.1 ho-prod

    Accepted::

        $ git switch ho-release/0.1.1; git merge --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; git commit -m 'Stage 4-fix'
        $ git switch ho-prod; git merge --no-ff --no-commit ho-release/0.1.1
        $ git mv releases/0.1.1-stage.txt releases/0.1.1.txt; ln -sfn schema-0.1.1.sql model/schema.sql
        $ for kind in schema metadata; do cp model/$kind-0.1.0.sql model/$kind-0.1.1.sql; done
        $ git add releases model; git commit -m 'Promote 0.1.1'
        $ git push --atomic origin ho-release/0.1.1 ho-prod
    """
    promotion = find_promotion(push)
    if promotion is None or promotion.release is None:
        return
    folder = push.layout.releases
    path = push.layout.path(folder, promotion.file)
    lines = read_lines(push.objects, push.below(promotion.move.new, folder, promotion.file), push.layout)
    listed = lines.ids if lines else ()
    expected = promotion.release.complete
    if listed == expected:
        return
    missing = [patch for patch in expected if patch not in listed]
    extra = [patch for patch in listed if patch not in expected]
    what = f"lacks '{missing[0]}'" if missing else f"lists '{extra[0]}' too" if extra else "has another order"
    text = f"'{path}' {what}: it is not the complete list of {promotion.release.version}"
    yield Finding(text, ref=promotion.move.ref, commit=promotion.move.new, path=path)


@rule("HH307", UPDATE, hint="merge the patch branch first, then stage its id", state=True)
def patch_missing(push: Push) -> Iterator[Finding]:
    """A staged patch without its directory cannot be applied.

    A patch that is only code has a directory too, with its README in it; 5-code is one.

    Refused::

        $ git switch ho-release/0.1.1; echo 6-late >> releases/0.1.1-candidates.txt; git commit -am 'Add 6-late'
        $ git push origin ho-release/0.1.1
        $ echo 4-fix > releases/0.1.1-candidates.txt; echo 6-late > releases/0.1.1-stage.txt
        $ git commit -am 'Stage 6-late'
        $ git push origin ho-release/0.1.1

    Accepted::

        $ git switch ho-release/0.2.0; git merge --no-ff -m 'Integrate 5-code' ho-patch/5-code
        $ echo 3-tags > releases/0.2.0-candidates.txt; echo 5-code >> releases/0.2.0-stage.txt
        $ git commit -am 'Stage 5-code'
        $ git push origin ho-release/0.2.0
    """
    for move in push.moves_of(RELEASE_BRANCH):
        release = push.arriving(move.name.version) if move.new and move.name.version else None
        for patch in release.complete if release and release.open else ():
            path = push.layout.path(push.layout.patches, patch)
            entry = entry_at(push.objects, move.new, path)
            if entry is None or entry.mode != "40000":
                yield at(move, f"'{patch}' is staged, but '{path}/' is missing", path)
    yield from adopted(push, "HH307")


@rule(
    "HH308",
    UPDATE,
    hint="git reset --keep HEAD~ (the staging), git fetch, git merge --no-ff origin/ho-patch/ID, stage again",
)
def patch_not_integrated(push: Push) -> Iterator[Finding]:
    """What is staged must be in the release as its authors left it.

    An id is staged when the tip of its branch, or a squash of it, is in the release and `Patches/ID/` equals the
    branch's. A merge that keeps nothing of the branch (`-s ours`) does not integrate it.

    Refused::

        $ git switch ho-release/0.1.1
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; git commit -m 'Stage 4-fix'
        $ git push origin ho-release/0.1.1

    Accepted::

        $ git switch ho-release/0.1.1; git merge --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; git commit -m 'Stage 4-fix'
        $ git push origin ho-release/0.1.1
    """
    for move in push.moves_of(RELEASE_BRANCH):
        release = push.arriving(move.name.version) if move.new and move.name.version else None
        if release is None or not release.open:
            continue
        before = read_lists(push, move.old, release.version) if move.old else None
        known = set(before.stage + before.rc_ids) if before else set()
        for patch in release.complete:
            if patch in known:
                continue
            reason = _not_integrated(push, release, patch, before.candidates if before else ())
            if reason:
                yield at(move, f"'{patch}' is staged in {release.version}, but {reason}")


def _not_integrated(push: Push, release: Release, patch: str, candidates: tuple[str, ...]) -> str:
    branch = push.layout.patch + patch
    tip = push.after.patch_tips.get(patch) or push.before.patch_tips.get(patch, "")
    if not tip:
        return "" if patch in candidates else "it was no candidate"
    if not is_integrated(push, release, patch, tip):
        return f"'{branch}' is not merged: {tip[:10]} is not in the release"
    path = push.layout.path(push.layout.patches, patch)
    if not same_patch(push, release.tip, tip, patch):
        return f"'{path}/' is not as '{branch}' has it"
    if is_dropped(push, release, tip):
        return f"the merge of '{branch}' left out changes of it"
    return ""


@rule(
    "HH309",
    UPDATE,
    hint="put '# HOTFIX' in the first line of the candidates of the reopened version, and of no other",
    state=True,
)
def hotfix_marker(push: Push) -> Iterator[Finding]:
    """The marker tells a reopened production version from one that is being prepared.

    The first line of its candidates file is `# HOTFIX` as long as it is open, and no other release has that line.

    Refused::

        $ git switch -c ho-release/0.1.0 v0.1.0; touch releases/0.1.0-candidates.txt releases/0.1.0-stage.txt
        $ git add releases; git commit -m 'Reopen 0.1.0'
        $ git push origin ho-release/0.1.0

    Accepted::

        $ git switch -c ho-release/0.1.0 v0.1.0; touch releases/0.1.0-stage.txt
        $ echo '# HOTFIX' > releases/0.1.0-candidates.txt; git add releases; git commit -m 'Reopen 0.1.0'
        $ git push origin ho-release/0.1.0
    """
    for move in push.moves_of(RELEASE_BRANCH):
        release = push.after.release(move.name.version) if move.new and move.name.version else None
        if release is None:
            continue
        path = push.layout.path(push.layout.releases, release_file(release.version, CANDIDATES, push.layout))
        before = push.before.release(release.version) if not move.created else None
        if release.hotfix and release.status == PREPARATION:
            text = f"'{path}' has the hotfix marker, but {release.version} is not in production"
            yield at(move, text, path, 1)
        reopened = release.version == push.after.version and (move.created or (before and before.status == OPEN_HOTFIX))
        if reopened and not release.hotfix:
            text = f"'{path}' does not begin with '{push.layout.marker}', but {release.version} is in production"
            yield at(move, text, path, 1)


@rule("HH310", UPDATE, hint="take it out of that very commit: git rebase -i; edit the file on its own branch")
def foreign_release_file(push: Push) -> Iterator[Finding]:
    """Candidates and stage of a release are read on its own branch; an edit elsewhere would be lost, or come back.

    Refused::

        $ git switch ho-release/0.2.0; echo 4-fix > releases/0.1.1-stage.txt
        $ git add releases; git commit -m 'Stage 4-fix'
        $ git push origin ho-release/0.2.0

    Accepted::

        $ git switch ho-release/0.1.1; git merge --no-ff --no-commit ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt
        $ git commit -m 'Integrate and stage 4-fix'
        $ git push origin ho-release/0.1.1
    """
    for move in push.moves_of(RELEASE_BRANCH):
        for misfit in misfits(push, move) if move.updated else ():
            if misfit.kind == FOREIGN:
                yield Finding(misfit.text, ref=move.ref, commit=misfit.commit, path=misfit.path)

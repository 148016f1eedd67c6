"""Integrates a patch into its release and stages it (workflow: section 3.2)."""

from __future__ import annotations

from typing import Callable

from halfhooks.ho.candidates import left_out, uncommitted
from halfhooks.ho.codegen.regions import read_seal
from halfhooks.ho.edits import Edits
from halfhooks.ho.lifecycle.books import (
    candidates_path,
    candidates_text,
    stage_path,
    stage_text,
    with_patch,
    without_patch,
)
from halfhooks.ho.lifecycle.patches import branch_tip, folder_of, owner, pushed_first
from halfhooks.ho.lifecycle.running import Refused
from halfhooks.ho.lifecycle.transaction import Transaction
from halfhooks.ho.lifecycle.workplace import Workplace
from halfhooks.ho.repository import MERGE, under_way
from halfhooks.integration import is_integrated
from halfhooks.layout import HEADS
from halfhooks.release import OPEN_HOTFIX, Release
from halfhooks.snapshot import Update, entry_at, is_file, tree_entry
from halfhooks.survey import CannotTell

MOST_FILES = 10

Validate = Callable[[str], None]
"""Validates a commit; `Refused` when it does not pass."""


def close(place: Workplace, wanted: str, validate: Validate) -> Transaction:
    """A candidate is merged, staged, and its branch goes, once the result is validated.

    One that is merged already, by the button of a Git host, is only validated and staged.
    """
    patch = place.patch(wanted)
    release = owner(place, patch)
    branch, release_branch = f"{place.layout.patch}{patch}", f"{place.layout.release}{release.version}"
    tip = branch_tip(place, patch)
    commit = _staged(place, release, patch, tip)
    folder = folder_of(place.layout, patch)
    if entry_at(place.project.objects, commit, folder) is None:
        how = f"git switch {branch}, write into {folder}/, and commit; or withdraw it: ho patch drop {patch}"
        raise CannotTell(f"'{patch}' has no folder '{folder}' yet: {how}")
    if place.here == branch:
        _left_out(place, patch, folder)
    validate(commit)
    first = pushed_first(place, patch, tip)
    last = [Update(release.tip, commit, HEADS + release_branch)]
    if tip:
        last.append(Update(tip, "", HEADS + branch))
    then = release_branch if place.here == branch else None
    done = f"'{patch}' is staged in {release.version}"
    promoted = "promote hotfix" if release.status == OPEN_HOTFIX else f"promote rc {release.version}"
    said = (*to_sync(place, release, patch), f"next: another patch, or ho release {promoted}")
    return place.transaction(done, *first, last, then=then, said=said, ahead=len(first))


def _left_out(place: Workplace, patch: str, folder: str) -> None:
    """Say what is not committed here; `Refused` where that is in the folder of the patch, which is about to be fixed."""
    changed = uncommitted(place.clone)
    own = [path for path in changed if path.startswith(f"{folder}/")]
    if own:
        more = f" and {len(own) - 1} more" if len(own) > 1 else ""
        raise Refused(
            [
                f"error: not committed: '{own[0]}'{more}; once '{patch}' is staged, its folder never changes again",
                f"  help: git add -A ':/{folder}' && git commit -m 'Write {patch}'",
                f"        or put it aside: git stash push -u -- ':/{folder}'",
                f"halfhooks: '{patch}' is not closed; nothing was done",
            ]
        )
    for line in left_out(changed):
        place.say(f"halfhooks: {line}")


def _staged(place: Workplace, release: Release, patch: str, tip: str) -> str:
    """The commit above a release in which a patch is staged: the merge of its branch where that is not merged yet."""
    text = candidates_text(place.project, release)
    books: Edits = {
        candidates_path(release.version, place.layout): place.writer.blob(without_patch(text, patch)),
        stage_path(release.version, place.layout): place.writer.blob(
            with_patch(stage_text(place.project, release), patch)
        ),
    }
    if not tip or is_integrated(place.push, release, patch, tip):
        tree = place.writer.tree(tree_entry(place.project.objects, release.tip), books)
        return place.writer.commit(tree, (release.tip,), f"Stage {patch} in {release.version}")
    merged, conflicts = place.merge(release.tip, tip)
    if conflicts:
        raise Refused(conflict(place, release, patch, conflicts))
    tree = place.writer.tree(merged, books)
    return place.writer.commit(tree, (release.tip, tip), f"Integrate {patch} into {release.version}")


def conflict(place: Workplace, release: Release, patch: str, paths: tuple[str, ...]) -> list[str]:
    """What to do when a patch and its release conflict: git's own merge, on the patch branch, that can be given up."""
    branch, onto = f"{place.layout.patch}{patch}", place.known_as(f"{place.layout.release}{release.version}")
    generated = [path for path in paths if is_generated(place, branch, path)]
    by_hand = [path for path in paths if path not in generated]
    settle = ["edit the files in conflict"] if by_hand else []
    settle += ["ho apply"] if generated else []
    waiting = under_way(place.clone.git_dir)
    settle += ["git add them", f"git {waiting} --continue" if waiting else "git commit"]
    begin = f"git {waiting} is in progress here:" if waiting else f"git switch {branch} && git merge {onto}"
    return [
        f"error: '{patch}' and {release.version} have changed the same lines",
        *(f"  {path}" for path in by_hand[:MOST_FILES]),
        *(f"  {path}  (generated: ho apply writes it anew)" for path in generated[:MOST_FILES]),
        *([f"  and {len(paths) - MOST_FILES} more"] if len(paths) > MOST_FILES else []),
        f"  help: {begin}",
        f"        {', '.join(settle)}, and once more: ho patch close {patch}",
        f"        or give it up: git {waiting or MERGE} --abort",
        f"halfhooks: '{patch}' does not merge; nothing was done",
    ]


def is_generated(place: Workplace, branch: str, path: str) -> bool:
    """Whether a file of a branch was written by `ho codegen`."""
    tip = place.clone.commit(HEADS + branch) or place.at(HEADS + branch)
    entry = entry_at(place.project.objects, tip, path)
    if entry is None or not is_file(entry):
        return False
    return read_seal(place.project.objects.blob(entry.oid).decode(errors="replace")) is not None


def to_sync(place: Workplace, release: Release, patch: str) -> list[str]:
    """A line for each other open patch of a release: whose it is, and how it gets what has entered."""
    onto = place.known_as(f"{place.layout.release}{release.version}")
    said = []
    for other in release.candidates:
        tip = place.project.patch_tips.get(other)
        if tip and other != patch:
            who = place.clone.ask("log", "-1", "--format=%an", tip)
            branch = f"{place.layout.patch}{other}"
            said.append(f"'{branch}' ({who}) can take it in: git switch {branch} && git merge {onto}")
    return said

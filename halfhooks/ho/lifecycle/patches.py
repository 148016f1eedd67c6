"""Lists, orders, moves and withdraws candidates, and opens their branches (workflow: section 3.2, bookkeeping)."""

from __future__ import annotations

from collections.abc import Sequence

from halfhooks.ho.edits import Edits
from halfhooks.ho.lifecycle.books import (
    candidates_path,
    candidates_text,
    reordered,
    stage_path,
    stage_text,
    with_patch,
    without_patch,
)
from halfhooks.ho.lifecycle.transaction import Transaction
from halfhooks.ho.lifecycle.workplace import Workplace
from halfhooks.ho.repository import Replayed
from halfhooks.layout import HEADS, Layout
from halfhooks.names import is_patch_id
from halfhooks.release import Release
from halfhooks.snapshot import Entry, Update, entry_at
from halfhooks.survey import CannotTell


def new(place: Workplace, patch: str, words: str, wanted: str, before: str, switch: bool = True) -> Transaction:
    """A new candidate of a release, with its folder and its branch."""
    patch = place.patch(patch)
    check_id(place, patch)
    release = place.open_release(wanted)
    commit = list_it(place, release, patch, words, before)
    place.free_for(patch, commit)
    branch = f"{place.layout.patch}{patch}"
    pushed = (Update(release.tip, commit, place.release_ref(release.version)), place.update(HEADS + branch, commit))
    folder = place.layout.path(place.layout.patches, patch)
    done = f"'{patch}' is a candidate of {release.version}: '{branch}'"
    said = (f"next: write SQL into {folder}/, run it with ho apply, commit, and in the end: ho patch close",)
    return place.transaction(done, pushed, then=branch if switch else None, said=said)


def check_id(place: Workplace, patch: str) -> None:
    """Fail with `CannotTell` where a text cannot be the id of a new patch."""
    if not is_patch_id(patch):
        hint = f"{patch}-some-words" if patch.isascii() and patch.isdigit() else "12-some-words"
        raise CannotTell(f"'{patch}' is no patch id: the number of its ticket, and words in lower case: {hint}")
    for release in place.project.lists(patch):
        raise CannotTell(f"'{patch}' stands in {release.version} already: git switch {place.layout.patch}{patch}")


def list_it(place: Workplace, release: Release, patch: str, words: str, before: str = "", source: str = "") -> str:
    """The commit that makes a patch a candidate of a release, with a README where its folder has none: as it is in the
    commit `source`, else with some words."""
    if before and before not in release.candidates:
        raise CannotTell(f"'{before}' is no candidate of {release.version}: ho patch list")
    text = with_patch(candidates_text(place.project, release), patch, before)
    edits = {candidates_path(release.version, place.layout): place.writer.blob(text)}
    folder = place.layout.path(place.layout.patches, patch)
    if entry_at(place.project.objects, release.tip, folder) is None:
        readme = f"{folder}/{place.layout.readme}"
        text = f"# {patch}\n" + (f"\n{words}\n" if words else "")
        known = entry_at(place.project.objects, source, readme) if source else None
        edits[readme] = known or place.writer.blob(text)
    message = f"Add {patch} to the candidates of {release.version}" + (f"\n\n{words}" if words else "")
    return _commit(place, release, edits, message)


def _commit(place: Workplace, release: Release, edits: Edits, message: str) -> str:
    return place.writer.commit(place.writer.edited(release.tip, edits), (release.tip,), message)


def drop(place: Workplace, wanted: str, delete: bool) -> Transaction:
    """A candidate is withdrawn. Its branch stays, frozen, unless it is to be deleted."""
    patch = place.patch(wanted)
    release = owner(place, patch)
    branch = f"{place.layout.patch}{patch}"
    release_branch = f"{place.layout.release}{release.version}"
    commit = withdraw(place, release, patch)
    pushed = [Update(release.tip, commit, HEADS + release_branch)]
    there = place.at(HEADS + branch)
    said = []
    if there and delete:
        pushed.append(place.update(HEADS + branch, ""))
    elif there:
        said.append(
            f"'{branch}' stays as it is: ho patch adopt {branch} --as {patch} takes it up again; "
            f"git push {place.remote or '.'} :{branch} removes it"
        )
    then = release_branch if place.here == branch and delete else None
    done = f"'{patch}' is no candidate of {release.version} any more"
    return place.transaction(done, pushed, then=then, said=said)


def withdraw(place: Workplace, release: Release, patch: str) -> str:
    """The commit that withdraws a candidate, with its folder."""
    edits: dict[str, Entry | None] = {
        candidates_path(release.version, place.layout): place.writer.blob(
            without_patch(candidates_text(place.project, release), patch)
        ),
        place.layout.path(place.layout.patches, patch): None,
    }
    return _commit(place, release, edits, f"Withdraw {patch} from {release.version}")


def owner(place: Workplace, patch: str) -> Release:
    """The open release whose candidate a patch is; `CannotTell` with what it is instead."""
    for release in place.project.releases_of(patch):
        return release
    for release in place.project.lists(patch):
        way = f"ho release restart {release.version} --without {patch}"
        raise CannotTell(f"'{patch}' is staged in {release.version} already; what takes it out: {way}")
    begun = f"; ho patch new {patch} begins it" if is_patch_id(patch) else ""
    raise CannotTell(f"no open release lists '{patch}': ho patch list shows what they list{begun}")


def order(place: Workplace, wanted: str, ids: Sequence[str]) -> Transaction:
    """The candidates of a release, or what it has staged, in another order: the ones that are named come first."""
    release = place.open_release(wanted)
    if not ids or len(set(ids)) != len(ids):
        raise CannotTell("name the patches that come first, each once")
    if all(patch in release.candidates for patch in ids):
        path, text, what = (
            candidates_path(release.version, place.layout),
            candidates_text(place.project, release),
            "candidates",
        )
    elif all(patch in release.stage for patch in ids):
        path, text, what = stage_path(release.version, place.layout), stage_text(place.project, release), "stage"
    else:
        raise CannotTell(
            f"these are not all candidates of {release.version}, nor all staged: ho release show {release.version}"
        )
    changed = reordered(text, ids)
    if changed == text:
        raise CannotTell(f"that is the order of the {what} of {release.version} already")
    commit = _commit(place, release, {path: place.writer.blob(changed)}, f"Reorder the {what} of {release.version}")
    update = Update(release.tip, commit, place.release_ref(release.version))
    return place.transaction(f"the {what} of {release.version} are in order", (update,))


def move(place: Workplace, wanted: str, to: str, before: str) -> Transaction:
    """A candidate goes to another release, with its branch: what it has is put on top of that release."""
    patch = place.patch(wanted)
    source, target = owner(place, patch), place.open_release(to)
    if source.version == target.version:
        raise CannotTell(f"'{patch}' is a candidate of {target.version} already")
    listed = list_it(place, target, patch, "", before, source.tip)
    branch = f"{place.layout.patch}{patch}"
    tip = branch_tip(place, patch)
    moved = _transplanted(place, patch, source, listed, tip) if tip else listed
    pushed = (
        Update(source.tip, withdraw(place, source, patch), place.release_ref(source.version)),
        Update(target.tip, listed, place.release_ref(target.version)),
        Update(tip, moved, HEADS + branch),
    )
    done = f"'{patch}' is a candidate of {target.version}, no more of {source.version}"
    first = pushed_first(place, patch, tip)
    return place.transaction(done, *first, pushed, ahead=len(first))


def pushed_first(place: Workplace, patch: str, tip: str) -> list[tuple[Update, ...]]:
    """The push of a patch branch to its tip, where the server does not have that: what is merged has to be known there."""
    ref = place.patch_ref(patch)
    return [(place.update(ref, tip),)] if tip and tip != place.at(ref) else []


def branch_tip(place: Workplace, patch: str) -> str:
    """The tip of a patch branch: the one here when it is ahead of the server's; `CannotTell` when they have parted."""
    branch = f"{place.layout.patch}{patch}"
    there, local = place.at(HEADS + branch), place.clone.commit(HEADS + branch)
    if not local or not there or local == there:
        return local or there
    if place.clone.contains(local, there):
        return local
    if place.clone.contains(there, local):
        return there
    known = place.known_as(branch)
    raise CannotTell(
        f"'{branch}' here and '{known}' have parted: git switch {branch} && git pull --rebase, then git push"
    )


def _transplanted(place: Workplace, patch: str, source: Release, onto: str, tip: str) -> str:
    """The commits of a patch on another base: the tip of what is there then."""
    moved = made_again(place, source.tip, onto, tip)
    folder = folder_of(place.layout, patch)
    if moved.tip and not changed(place, moved.tip, tip, folder):
        return moved.tip
    branch = f"{place.layout.patch}{patch}"
    raise CannotTell(
        f"the work of '{patch}' does not fit there as it is: {moved.said or f'{folder} would not be the same'}; "
        f"merge that release into '{branch}' by hand: git switch {branch} && git merge RELEASE, then once more"
    )


def made_again(place: Workplace, beside: str, onto: str, tip: str) -> Replayed:
    """What a branch has that the commit `beside` has not, made again on another commit."""
    bases = place.clone.run("merge-base", "--all", beside, tip).split("\n")
    if len(bases) == 1:
        return place.clone.replay(onto, bases[0], tip)
    # both have merged the same third branch
    merged, conflicts = place.merge(beside, tip)
    if conflicts:
        return Replayed("", f"it conflicts with {beside[:10]} in '{conflicts[0]}'")
    return place.clone.replay(onto, beside, tip, merged.oid)


def adopt(place: Workplace, source: str, patch: str, words: str, wanted: str, before: str) -> Transaction:
    """Work on any branch becomes a patch: a candidate of a release, whose branch has that work and that release."""
    check_id(place, patch)
    release = place.open_release(wanted)
    tip = place.clone.commit(HEADS + source) or place.at(HEADS + source) or place.clone.commit(source)
    if not tip:
        raise CannotTell(f"there is no branch '{source}', here or on '{place.remote}': git branch --all")
    if source == f"{place.layout.patch}{patch}":
        tip = branch_tip(place, patch)
    place.free_for(patch, tip)
    listed = list_it(place, release, patch, words, before)
    branch = f"{place.layout.patch}{patch}"
    merged, conflicts = place.merge(tip, listed)
    if conflicts:
        files = ", ".join(f"'{path}'" for path in conflicts[:5])
        onto = place.known_as(f"{place.layout.release}{release.version}")
        raise CannotTell(
            f"'{source}' and {release.version} conflict in {files}: git switch {source} && git merge {onto}"
        )
    commit = place.writer.commit(merged, (tip, listed), f"Begin {patch} with the work of {source}")
    pushed = (Update(release.tip, listed, place.release_ref(release.version)), place.update(HEADS + branch, commit))
    done = f"'{patch}' is a candidate of {release.version}, with the work of '{source}': '{branch}'"
    said = (f"'{source}' stays as it is",)
    return place.transaction(done, pushed, then=branch, said=said)


def changed(place: Workplace, commit: str, other: str, path: str) -> bool:
    """Whether a path is not the same in two commits: a merge may hold work that no commit has which is made again."""
    return entry_at(place.project.objects, commit, path) != entry_at(place.project.objects, other, path)


def folder_of(layout: Layout, patch: str) -> str:
    """The folder of a patch."""
    return layout.path(layout.patches, patch)

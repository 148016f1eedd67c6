"""Cuts release candidates, and promotes a release or a hotfix to production (workflow: section 3.3)."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Callable

from halfhooks.ho.drafts import book_files, brought_together, next_label, objections_to_promotion
from halfhooks.ho.lifecycle.books import stage_path, stage_text
from halfhooks.ho.lifecycle.integration import Validate
from halfhooks.ho.lifecycle.releases import merge_production
from halfhooks.ho.lifecycle.running import Refused
from halfhooks.ho.lifecycle.transaction import Transaction
from halfhooks.ho.lifecycle.workplace import Workplace
from halfhooks.layout import HEADS, RC, TAGS
from halfhooks.names import RELEASE_TAG, parse_ref, release_file, release_tag
from halfhooks.release import OPEN_HOTFIX, Release
from halfhooks.report import conclude
from halfhooks.rules import RULES
from halfhooks.snapshot import SYMLINK, Entry, Update, tree_entry
from halfhooks.survey import CannotTell
from halfhooks.version import Version

if TYPE_CHECKING:
    from halfhooks.ho.database.dump import Model

BEHIND_PRODUCTION = "HH207"

MakeModel = Callable[[str, str, datetime], "Model"]
"""Makes the model of a commit under a label, dated: `Refused` when a patch fails."""


def cut_rc(place: Workplace, wanted: str, validate: Validate) -> Transaction:
    """What is staged becomes the next release candidate, once it is validated."""
    release = turn(place, wanted, hotfix=False)
    if not release.stage:
        raise CannotTell(f"nothing is staged in {release.version}: ho patch close ID stages a patch")
    number = next_rc(place, release)
    name = release_file(release.version, RC, place.layout, number)
    edits = {
        place.layout.path(place.layout.releases, name): place.writer.blob(stage_text(place.project, release)),
        stage_path(release.version, place.layout): place.writer.blob(""),
    }
    words = f"{release.version}-rc{number}"
    tree = place.writer.edited(release.tip, edits)
    commit = place.writer.commit(tree, (release.tip,), f"Cut {words}")
    validate(commit)
    tag = release_tag(release.version, RC, place.layout, number)
    pushed = (
        Update(release.tip, commit, place.release_ref(release.version)),
        place.update(TAGS + tag, place.writer.tag(tag, commit, f"Release candidate {words}")),
    )
    said = (f"next: try it out, then ho release promote prod {release.version}",)
    return place.transaction(f"{words} is cut: '{tag}'", pushed, said=said)


def next_rc(place: Workplace, release: Release) -> int:
    """The number of the next release candidate: one more than those that were cut, also before a restart."""
    names = (parse_ref(ref, place.layout) for ref in place.survey.refs)
    kinds = [name for name in names if name.kind == RELEASE_TAG and name.form == RC and name.version == release.version]
    return 1 + max([*release.rcs, *(name.number for name in kinds)], default=0)


def turn(place: Workplace, wanted: str, hotfix: bool) -> Release:
    """The release that is meant: the one that is named, else the one that goes to production next."""
    releases = [each for each in place.project.open_releases() if (each.status == OPEN_HOTFIX) == hotfix]
    if wanted:
        release = place.open_release(wanted)
        if (release.status == OPEN_HOTFIX) != hotfix:
            other = "hotfix" if release.status == OPEN_HOTFIX else "rc or prod"
            raise CannotTell(f"{release.version} is promoted by: ho release promote {other}")
        return release
    if not releases:
        how = "ho release hotfix opens one" if hotfix else "ho release new minor (or patch, or major) starts one"
        raise CannotTell(f"no {'hotfix is open' if hotfix else 'release is in preparation'}: {how}")
    return releases[0]


def promote(place: Workplace, wanted: str, hotfix: bool, validate: Validate, make_model: MakeModel) -> Transaction:
    """A release goes to production: what was validated, the model that it makes, the tag, and the end of its branch.

    A release that lacks what production has got since takes that in first, by a push of its own.
    """
    release = turn(place, wanted, hotfix)
    objections = objections_to_promotion(place.push, release)
    pushes: list[tuple[Update, ...]] = []
    tip = release.tip
    if {finding.code for finding in objections} == {BEHIND_PRODUCTION}:
        tip = merge_production(place, release)
        pushes.append((Update(release.tip, tip, place.release_ref(release.version)),))
        place.say(f"{release.version} takes in what production has got since")
    elif objections:
        _, lines = conclude(objections, [], RULES, "nothing was done", "")
        raise Refused(lines)
    validate(tip)
    label = next_label(place.project, release)
    commit = _merge(place, release, tip, label, make_model(tip, label, date_of(place, tip)))
    validate(commit)
    name = place.layout.tag + label
    branch = f"{place.layout.release}{release.version}"
    pushes.append(
        (
            Update(place.project.production, commit, place.layout.production_ref()),
            place.update(TAGS + name, place.writer.tag(name, commit, f"Release {label}")),
            Update(tip, "", HEADS + branch),
        )
    )
    then = place.layout.production if place.here == branch else None
    said = (*_behind(place, release.version), "next: ho upgrade, for each database in production")
    done = f"{label} is in production: '{name}'"
    return place.transaction(done, *pushes, then=then, said=said, ahead=len(pushes) - 1)


def date_of(place: Workplace, commit: str) -> datetime:
    """The date of a commit, so that what is made of it is the same whenever it is made."""
    return datetime.fromtimestamp(place.project.objects.commit(commit).date, timezone.utc)


def _merge(place: Workplace, release: Release, tip: str, label: str, model: Model) -> str:
    """The commit of a promotion: the tree of the release, with the bookkeeping of section 3.3."""
    layout, writer, project = place.layout, place.writer, place.project
    parents = (project.production, tip)
    edits: dict[str, Entry | None] = {**brought_together(project, parents)}
    edits.update(dict.fromkeys(book_files(project, release)))
    listed = "".join(f"{patch}\n" for patch in release.complete)
    edits[layout.path(layout.releases, f"{label}.txt")] = writer.blob(listed)
    for kind, content in ((layout.schema, model.schema), (layout.metadata, model.metadata)):
        edits[layout.path(layout.model, f"{kind}{label}.sql")] = writer.blob(content.decode())
    link = writer.blob(f"{layout.schema}{label}.sql", SYMLINK)
    edits[layout.path(layout.model, layout.schema_link)] = link
    tree = writer.tree(tree_entry(project.objects, tip), edits)
    return writer.commit(tree, parents, f"Promote {label} to production")


def _behind(place: Workplace, version: Version) -> list[str]:
    """A line for each other release in preparation: who works there, and how it takes in what is in production now."""
    others = [release for release in place.project.open_releases() if release.version != version]
    return [f"{each.version}{who(place, each)} does not have it yet: ho release sync {each.version}" for each in others]


def who(place: Workplace, release: Release) -> str:
    """The authors of the last commits of a release's open patches, in parentheses; "" where it has none."""
    tips = [place.project.patch_tips[patch] for patch in release.candidates if patch in place.project.patch_tips]
    names = place.clone.run("log", "--no-walk=unsorted", "--format=%an", *tips).splitlines() if tips else []
    return f" ({', '.join(dict.fromkeys(names))})" if names else ""

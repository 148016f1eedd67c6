"""Undoes the last transaction of a clone by another one, which the rules judge like any."""

from __future__ import annotations

from typing import Optional

from halfhooks.ho.lifecycle.follow import back
from halfhooks.ho.lifecycle.running import Finished, Refused, landed
from halfhooks.ho.lifecycle.transaction import Transaction, Way
from halfhooks.ho.lifecycle.workplace import Workplace, judge
from halfhooks.layout import HEADS, TAGS
from halfhooks.snapshot import Update, tree_entry
from halfhooks.survey import CannotTell


def undo(place: Workplace, dry_run: bool = False) -> Transaction:
    """The transaction that leads back to before the last one, or to before one that was interrupted.

    `CannotTell` where there is none, or others went on: what was interrupted can still be finished then. `Finished` when
    that had not done anything.
    """
    pending = place.journal.pending()
    begun = _begun(place, pending, dry_run) if pending else None
    last = begun or place.journal.last()
    if last is None:
        raise CannotTell("there is nothing to undo: no ho release or ho patch was run in this clone, or it is undone")
    pushes = tuple(push for push in last.pushes if not _brings_work(place, push))
    if not pushes:
        _let_go(place, begun, dry_run)
        raise Finished(last._replace(done=f"'{last.command}' had pushed the commits of its branch alone; they stay"))
    last = last._replace(pushes=pushes)
    if last.remote != place.remote:
        raise CannotTell(f"'{last.command}' was done on another remote: --remote {last.remote}")
    for way in last.ways.values():
        if way.ref.startswith(TAGS) and way.new:
            tag = way.ref.removeprefix(TAGS)
            way_on = "run it again: that does the rest" if begun else "a change is a new patch"
            raise CannotTell(f"'{last.command}' cannot be undone: a release tag such as '{tag}' is for good; {way_on}")
    updates = tuple(update for way in last.ways.values() for update in _back(place, last, way))
    _allowed(place, last, updates)
    _let_go(place, begun, dry_run)
    there = place.clone.commit(HEADS + last.here) or last.here in _made(updates)
    return place.transaction(f"undone: {last.command}", updates, then=last.here if there else None)


def _allowed(place: Workplace, last: Transaction, updates: tuple[Update, ...]) -> None:
    """Ask the rules, and say only the first reason: the others follow from what was done, which is fixed."""
    before = dict(place.survey.refs)
    way = "a change is a new patch: ho patch new ID"
    if last.command.startswith("ho patch close"):
        start = HEADS + place.layout.patch
        closed = next((each.ref[len(start) :] for each in last.ways.values() if each.ref.startswith(start)), "ID")
        way = f"what takes it out while it is not in production: ho release restart --without {closed}; else {way}"
    try:
        judge(place, (updates,), lambda finding: finding._replace(help=way, commit=""))
    except Refused as refused:
        starts = [number for number, line in enumerate(refused.lines) if line.startswith("error[")]
        shown = refused.lines[: starts[1]] if len(starts) > 1 else refused.lines[:-1]
        end = f"halfhooks: '{last.command}' cannot be undone: what it did is fixed; nothing was done"
        raise Refused([*shown, end]) from None
    finally:
        place.survey.refs = before


def _brings_work(place: Workplace, push: tuple[Update, ...]) -> bool:
    """Whether a push only brings to the server what its user had committed: nobody wants to be without that."""
    return len(push) == 1 and bool(push[0].new) and push[0].ref.startswith(HEADS + place.layout.patch)


def _begun(place: Workplace, pending: Transaction, dry_run: bool) -> Transaction:
    """What has landed of a command that was interrupted; `Finished` where nothing has."""
    begun = pending._replace(pushes=pending.pushes[: landed(place.clone, pending)])
    if begun.pushes:
        return begun
    if not dry_run:
        _give_back(place, pending)
        place.journal.doubt()
    raise Finished(pending._replace(done=f"'{pending.command}' was interrupted before anything had happened"))


def _let_go(place: Workplace, begun: Optional[Transaction], dry_run: bool) -> None:
    """What was interrupted is not continued: what has landed of it is what was done last."""
    if begun and not dry_run:
        _give_back(place, begun)
        place.journal.begin(begun)
        place.journal.finish()


def _give_back(place: Workplace, transaction: Transaction) -> None:
    for line in back(place.clone, transaction, ""):
        place.say(line)


def _made(updates: tuple[Update, ...]) -> set[str]:
    return {update.ref.removeprefix(HEADS) for update in updates if update.new and not update.old}


def _back(place: Workplace, last: Transaction, way: Way) -> list[Update]:
    """How one ref gets back: it goes, it comes, or a commit on top holds what was before."""
    now, old = place.at(way.ref), way.olds[0]
    name = way.ref.removeprefix(HEADS).removeprefix(TAGS)
    if now != way.new:
        raise CannotTell(f"'{name}' has moved since '{last.command}': that cannot be undone any more")
    if not old or not now or way.ref.startswith(TAGS) or way.ref.startswith(HEADS + place.layout.patch):
        return [Update(now, old, way.ref)] if now != old else []
    tree = tree_entry(place.project.objects, old)
    return [Update(now, place.writer.commit(tree, (now,), f"Undo: {last.done}"), way.ref)]

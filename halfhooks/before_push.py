"""The verdict on a push before it travels: the server's, as far as the server is known here."""

from __future__ import annotations

from halfhooks.layout import HALFHOOKS
from halfhooks.names import parse_ref
from halfhooks.place import PASS, STOP, Lacks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from halfhooks.place import Environment, Verdict
    from halfhooks.push import Move, Push
    from halfhooks.snapshot import Update
    from halfhooks.survey import Survey


def judge_push(git: str, environment: Environment, arguments: Sequence[str], data: bytes) -> Verdict:
    """The verdict that the server would give: git's arguments are the remote's name and URL, its input one ref a line."""
    from halfhooks.collect import parse_updates
    from halfhooks.survey import CannotTell, Survey

    remote = arguments[0] if arguments else environment.get("PRE_COMMIT_REMOTE_NAME", "")
    # git names what is pushed as it was given: `HEAD^{/two words}`
    lines = [line.rsplit(b" ", 3) for line in data.split(b"\n") if line]
    updates = parse_updates(b"".join(b"%s %s %s\n" % (old, new, ref) for _, new, ref, old in lines))
    policed = any(parse_ref(update.ref, HALFHOOKS).policed for update in updates)
    try:
        survey = Survey(git, environment, remote or None)
    except CannotTell:
        if updates and not policed:
            return PASS, []
        raise
    with Lacks(survey.place.git_dir, survey.place.shallow), survey:
        updates = updates or _framework_update(survey, environment)
        if not updates:
            return PASS, []
        if not survey.remote or not _is_known(survey, updates):
            if not any(parse_ref(update.ref, HALFHOOKS).policed for update in updates):
                return PASS, []
            raise CannotTell(f"'{HALFHOOKS.production}' of '{remote}' is not known here: {survey.fetch}")
        push, remarks = survey.moves(updates)
        from halfhooks.report import conclude
        from halfhooks.rules import RULES, check

        stops, said = conclude(check(push), remarks, RULES, "nothing was pushed", "pushed all the same")
        if stops or push.config.onPush == "check":
            return (STOP if stops else PASS), said
        pushed = [(move.ref, move.new) for move in push.moves if _brings(push, move)]
    from halfhooks.trigger import validate_push

    status, told = validate_push(environment, pushed, push.config)
    return status, said + told


def _brings(push: Push, move: Move) -> bool:
    """Whether a branch gets more than bookkeeping by a push: what was valid before that is valid afterwards."""
    from halfhooks.snapshot import commit_changes

    if not move.new:
        return False
    layout = push.layout
    releases, patches = (layout.path(name) + "/" for name in (layout.releases, layout.patches))
    return not all(
        change.path.startswith(releases)
        or (
            change.path.startswith(patches)
            and change.path.count("/") == patches.count("/") + 1
            and change.path.endswith("/" + layout.readme)
        )
        for change in commit_changes(push.objects, move.old or push.before.production, move.new)
    )


def _is_known(survey: Survey, updates: Sequence[Update]) -> bool:
    production = HALFHOOKS.production_ref()
    return production in survey.refs or any(update.ref == production and update.new for update in updates)


def _framework_update(survey: Survey, environment: Environment) -> tuple[Update, ...]:
    """The first pushed ref, which is all that the pre-commit framework shows of a push; none without it."""
    from halfhooks.snapshot import Update

    ref, new = (environment.get(f"PRE_COMMIT_{name}", "") for name in ("REMOTE_BRANCH", "TO_REF"))
    if not ref or not new:
        return ()
    known = survey.refs.get(ref)
    return (Update(known.oid if known else "", survey.resolve(new, ref), ref),)

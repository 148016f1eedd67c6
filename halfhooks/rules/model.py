"""HH5: the model of each version: its schema and its metadata."""

from __future__ import annotations

from halfhooks.immutability import model_files
from halfhooks.layout import HOTFIX, PRODUCTION
from halfhooks.names import PRODUCTION_BRANCH, RELEASE_BRANCH, release_tag
from halfhooks.promotion import find_promotion
from halfhooks.rules._registry import COMMIT, UPDATE, Finding, at, look_alikes, rule, within
from halfhooks.snapshot import SYMLINK, is_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from halfhooks.push import Push


@rule("HH501", COMMIT, hint="take it out of that very commit: git rebase -i; put the change into a new patch")
def model_immutable(push: Push) -> Iterator[Finding]:
    """The model of a version is how its databases look: it never changes once the version is in production.

    `model/schema-V.sql` and `model/metadata-V.sql` keep path, mode and content in every commit of every branch of the
    workflow. A branch that has not yet seen a version keeps its old view until it merges.

    Refused::

        $ git switch ho-patch/3-tags; echo 'create table log (line text);' >> model/schema-0.1.0.sql
        $ git commit -am 'Log'
        $ git push origin ho-patch/3-tags

    Accepted::

        $ git switch ho-patch/3-tags; echo 'create table log (line text);' > Patches/3-tags/02_log.sql
        $ git add Patches; git commit -m 'Log'
        $ git push origin ho-patch/3-tags
    """
    for breach in model_files(push):
        commit = breach.commit.oid
        yield within(push, commit, f"'{breach.path}' was {breach.verb} in {commit[:10]}; models are fixed", breach.path)


@rule(
    "HH502", UPDATE, hint="take it out of that very commit: git rebase -i; a promotion adds the new model", state=True
)
def model_moves_by_promotion(push: Push) -> Iterator[Finding]:
    """The model is what a promotion dumps from the database that it validated, and comes from nowhere else.

    A promotion adds `schema-V.sql` and `metadata-V.sql`; nothing else changes `model/`. No folder may pass for `model` in
    another case or script.

    Refused::

        $ git switch ho-release/0.1.1; git merge --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; git commit -m 'Stage 4-fix'
        $ git switch ho-prod; git merge --no-ff --no-commit ho-release/0.1.1
        $ git mv releases/0.1.1-stage.txt releases/0.1.1.txt; ln -sfn schema-0.1.1.sql model/schema.sql
        $ cp model/schema-0.1.0.sql model/schema-0.1.1.sql  # and no metadata
        $ git add model; git commit -m 'Promote 0.1.1'
        $ git push --atomic origin ho-release/0.1.1 ho-prod

    Accepted::

        $ git switch ho-release/0.1.1; git merge --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; git commit -m 'Stage 4-fix'
        $ git switch ho-prod; git merge --no-ff --no-commit ho-release/0.1.1
        $ git mv releases/0.1.1-stage.txt releases/0.1.1.txt; ln -sfn schema-0.1.1.sql model/schema.sql
        $ for kind in schema metadata; do cp model/$kind-0.1.0.sql model/$kind-0.1.1.sql; done
        $ git add model; git commit -m 'Promote 0.1.1'
        $ git push --atomic origin ho-release/0.1.1 ho-prod
    """
    layout = push.layout
    promotion = find_promotion(push)
    for move in push.moves_of(PRODUCTION_BRANCH):
        label = promotion.label if promotion else _label(push) if push.adopts(move) else ""
        for file in (f"{layout.schema}{label}.sql", f"{layout.metadata}{label}.sql") if label else ():
            entry = push.below(move.new, layout.model, file)
            if entry is None or not is_file(entry):
                path = layout.path(layout.model, file)
                finding = at(move, f"'{path}' is missing: production is at {label}", path)
                yield finding._replace(help=f"dump the model to '{path}', git add it, git commit --amend")
    shipped = {promotion.merge, promotion.move.new} if promotion else set()
    for move in push.moves_of(PRODUCTION_BRANCH, RELEASE_BRANCH):
        if push.adopts(move):
            continue
        for oid in push.brought_by(move.new):
            if oid in shipped:
                continue
            for name in push.own(push.new[oid], layout.model):
                path = layout.path(layout.model, name)
                yield within(push, oid, f"'{path}' was changed by no promotion", path)
    yield from look_alikes(push, layout.model)


def _label(push: Push) -> str:
    """The production version as its schema is named: `X.Y.Z` or `X.Y.Z-hotfixN`; "" when there is none."""
    project = push.after
    if project.version is None:
        return ""
    form = HOTFIX if project.hotfix else PRODUCTION
    return release_tag(project.version, form, push.layout, project.hotfix)[len(push.layout.tag) :]


@rule("HH503", UPDATE, hint="ln -sfn schema-X.Y.Z.sql model/schema.sql, with the production version", state=True)
def schema_link(push: Push) -> Iterator[Finding]:
    """`model/schema.sql` leads to the schema of production, on every machine and to nowhere else.

    It is a symlink whose text is exactly `schema-V.sql`: no folder, no other version, no trailing character.

    The link of a promotion still leads to the schema before:

    Refused::

        $ git switch ho-release/0.1.1; git merge --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; git commit -m 'Stage 4-fix'
        $ git switch ho-prod; git merge --no-ff --no-commit ho-release/0.1.1
        $ git mv releases/0.1.1-stage.txt releases/0.1.1.txt; ln -sfn schema-0.1.0.sql model/schema.sql
        $ for kind in schema metadata; do cp model/$kind-0.1.0.sql model/$kind-0.1.1.sql; done
        $ git add model; git commit -m 'Promote 0.1.1'
        $ git push --atomic origin ho-release/0.1.1 ho-prod

    Accepted::

        $ git switch ho-release/0.1.1; git merge --no-ff -m 'Integrate 4-fix' ho-patch/4-fix
        $ git mv -f releases/0.1.1-candidates.txt releases/0.1.1-stage.txt; git commit -m 'Stage 4-fix'
        $ git switch ho-prod; git merge --no-ff --no-commit ho-release/0.1.1
        $ git mv releases/0.1.1-stage.txt releases/0.1.1.txt; ln -sfn schema-0.1.1.sql model/schema.sql
        $ for kind in schema metadata; do cp model/$kind-0.1.0.sql model/$kind-0.1.1.sql; done
        $ git add model; git commit -m 'Promote 0.1.1'
        $ git push --atomic origin ho-release/0.1.1 ho-prod
    """
    layout = push.layout
    path = layout.path(layout.model, layout.schema_link)
    for move in push.moves_of(PRODUCTION_BRANCH):
        label = _label(push)
        if not move.new or not label:
            continue
        expected = f"{layout.schema}{label}.sql"
        entry = push.below(move.new, layout.model, layout.schema_link)
        if entry is None or entry.mode != SYMLINK:
            yield at(move, f"'{path}' is {'missing' if entry is None else 'no symlink'}", path)
        elif push.objects.blob(entry.oid) != expected.encode():
            text = push.objects.blob(entry.oid)[:100].decode("utf-8", "replace")
            yield at(move, f"'{path}' leads to '{text}', not to '{expected}'", path)

"""What the server has: brought from a remote, and read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Optional

from halfhooks.git import GitError
from halfhooks.ho.aside import Aside
from halfhooks.ho.lifecycle import refs
from halfhooks.ho.lifecycle.running import Moved
from halfhooks.ho.repository import Clone, nothing_yet
from halfhooks.layout import HALFHOOKS, HEADS, TAGS
from halfhooks.survey import ORIGIN, CannotTell, Survey, tracking

TAG_KEPT = 1
"""The exit code of a `git fetch` whose only fault is that a tag here is another one; with --quiet it says nothing."""


def choose_remote(clone: Clone) -> str:
    """The remote that is meant where none is named: `origin`, or the only one; "" where there is none."""
    remotes = clone.run("remote").split()  # where git fails, nobody must take that for a project without one
    if ORIGIN in remotes or not remotes:
        return ORIGIN if remotes else ""
    if len(remotes) > 1:
        raise CannotTell(f"which remote? there are {', '.join(remotes)}: --remote NAME")
    return remotes[0]


def fetch(clone: Clone, remote: str, tags: bool = False) -> Optional[dict[str, str]]:
    """Bring what the server has; `CannotTell` where it cannot be reached.

    With `tags` it is asked for them, for some here may be nobody else's; None where nobody was asked. That goes on meanwhile
    where nobody can be asked for a password: of two who ask, one shows what is typed for the other.
    """
    if not remote:
        return None

    def ask() -> dict[str, str]:
        return refs.listed(clone, remote, f"{TAGS}*")

    meanwhile = Aside(lambda: ask() if refs.is_folder(clone, remote) else None) if tags else None
    spec = f"+{HEADS}*:{tracking(remote)}*"
    done = clone.attempt("fetch", "--quiet", "--prune", "--tags", "--no-recurse-submodules", "--", remote, spec)
    said = [line for line in done.err.splitlines() if line.strip()]
    if done.code and (said or done.code != TAG_KEPT):
        why = (said or ["git failed"])[0]
        raise CannotTell(f"'{remote}' could not be fetched: {why}; nothing was done: git fetch {remote} tries it again")
    if meanwhile is None:
        return None
    listed = meanwhile.result()
    return ask() if listed is None else listed


@contextlib.contextmanager
def open_survey(git: str, clone: Clone, remote: str, tags: Optional[Mapping[str, str]] = None) -> Iterator[Survey]:
    """What the server has, as it was fetched; `tags` are its own, where it was asked for them.

    `Moved` when it has got one since it was fetched.
    """
    with Survey(git, os.environ, remote or None, local=not remote, place=clone.place) as survey:
        if tags is not None:
            survey.refs = {ref: target for ref, target in survey.refs.items() if not ref.startswith(TAGS)}
            for ref, oid in tags.items():
                try:
                    survey.refs[ref] = survey.objects.target(oid)
                except GitError:  # it was pushed since, and branches with it perhaps
                    raise Moved from None
        if HEADS + HALFHOOKS.production not in survey.refs:
            if survey.refs and remote:
                raise CannotTell(
                    f"'{remote}' has no '{HALFHOOKS.production}': git push {remote} {HALFHOOKS.production}"
                )
            raise CannotTell(nothing_yet(survey))
        yield survey

"""What a release has gained, for who works on a patch of it, and what of production it lacks."""

from __future__ import annotations

import os
from select import select
from signal import SIGTERM

from halfhooks.git import GitError, ObjectDatabase, Process, Repository
from halfhooks.layout import HALFHOOKS, HOTFIX, PRODUCTION
from halfhooks.names import PATCH_BRANCH, RELEASE_BRANCH, parse_ref
from halfhooks.place import PASS, find_head, find_place, is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from halfhooks.place import Environment, Verdict
    from halfhooks.release import Project, Release


LONGEST_FETCH = 5.0
"""Seconds that a fetch may take: nobody waits longer to have a branch checked out."""


def _fetch(git: str, environment: Environment, remote: str) -> bool:
    """Fetch from a remote, asking nobody anything; whether that was done in time; without a network it is not."""
    quiet = {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": f"{environment.get('GIT_SSH_COMMAND', 'ssh')} -oBatchMode=yes",
    }
    process = Process((git, "fetch", "--quiet", "--", remote), {**environment, **quiet})
    process.end_input()
    if not select([process.stdout], [], [], LONGEST_FETCH)[0]:
        os.kill(process.pid, SIGTERM)
    try:
        process.finish()
    except GitError:
        return False
    return True


def announce(git: str, environment: Environment) -> Verdict:
    """A line when the release of the current patch has gained patches that its branch does not have yet, and one when
    production has a version that this release, or the one whose branch this is, does not have.
    """
    place = find_place(git, environment)
    head = find_head(git, place, environment)
    if (
        head.kind not in (PATCH_BRANCH, RELEASE_BRANCH) or head.detached or is_partial(place.git_dir)
    ):  # there a look may fetch
        return PASS, []
    from halfhooks import staged
    from halfhooks.release import Project
    from halfhooks.snapshot import Snapshot

    repository = Repository(git, place.own_dir, environment)
    lister = staged.start_refs(repository)
    objects = ObjectDatabase(repository)
    refs = staged.read_refs(repository, lister)
    if HALFHOOKS.production_ref() not in refs.there or head.ref not in refs.here:
        return PASS, []
    config, _ = staged.read_policy(repository, objects, refs)
    if config.fetch and refs.remote and _fetch(git, environment, refs.remote):
        refs = staged.read_refs(repository, staged.start_refs(repository))
    project = Project(Snapshot(refs.there, objects), config.layout())
    name = parse_ref(head.ref, HALFHOOKS)
    release = project.release(name.version) if name.version else next(iter(project.releases_of(name.patch)), None)
    if release is None or not release.open:
        return PASS, []
    branch = f"{HALFHOOKS.release}{release.version}"
    said: Iterable[str] = ()
    if name.patch:
        said = _gained(
            project, release, refs.here[head.ref].commit, f"{refs.remote}/{branch}" if refs.remote else branch
        )
    return PASS, [f"halfhooks: {branch} {line}" for line in (*said, *_lacks(project, release))]


def _gained(project: Project, release: Release, tip: str, source: str) -> Iterator[str]:
    """What stands in the list of a release and is not known to a patch branch."""
    from halfhooks.history import merge_bases
    from halfhooks.release import read_release

    known: set[str] = set()
    for base in merge_bases(project.objects, release.tip, tip):
        known.update(read_release(project, release.version, base).complete)
    gained = [patch for patch in release.complete if patch not in known]
    if gained:
        yield f"gained {len(gained)} patch{'es' if len(gained) > 1 else ''}: git merge {source}"


def _lacks(project: Project, release: Release) -> Iterator[str]:
    """The version in production, where a release has not taken it in."""
    from halfhooks.names import release_file
    from halfhooks.snapshot import entry_at

    if project.version is None:
        return
    form, number = (HOTFIX, project.hotfix) if project.hotfix else (PRODUCTION, 0)
    file = release_file(project.version, form, project.layout, number)
    if entry_at(project.objects, release.tip, project.layout.path(project.layout.releases, file)) is None:
        label = file[: -len(".txt")]
        yield f"lacks {label}, which is in production: ho release sync {release.version}"

"""What a release has gained, for who works on a patch of it."""

from __future__ import annotations

import os
from select import select
from signal import SIGTERM

from halfhooks.git import GitError, ObjectDatabase, Process, Repository
from halfhooks.layout import HALFHOOKS
from halfhooks.names import PATCH_BRANCH, parse_ref
from halfhooks.place import PASS, find_head, find_place, is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from halfhooks.place import Environment, Verdict


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
    """One line when the release of the current patch has gained patches that its branch does not have yet."""
    place = find_place(git, environment)
    head = find_head(git, place, environment)
    if head.kind != PATCH_BRANCH or head.detached or is_partial(place.git_dir):  # there a look may fetch
        return PASS, []
    from halfhooks import staged
    from halfhooks.history import merge_bases
    from halfhooks.release import Project, read_release
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
    release = next(iter(project.releases_of(parse_ref(head.ref, HALFHOOKS).patch)), None)
    if release is None:
        return PASS, []
    known: set[str] = set()
    for base in merge_bases(objects, release.tip, refs.here[head.ref].commit):
        known.update(read_release(project, release.version, base).complete)
    gained = [patch for patch in release.complete if patch not in known]
    if not gained:
        return PASS, []
    branch = f"{HALFHOOKS.release}{release.version}"
    source = branch if not refs.remote else f"{refs.remote}/{branch}"
    count = f"{len(gained)} patch" + ("es" if len(gained) > 1 else "")
    return PASS, [f"halfhooks: {branch} gained {count}: git merge {source}"]

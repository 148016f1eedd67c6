"""What a release has gained, for who works on a patch of it."""

from __future__ import annotations

from halfhooks.git import ObjectDatabase, Repository
from halfhooks.layout import HALFHOOKS
from halfhooks.names import PATCH_BRANCH, parse_ref
from halfhooks.place import PASS, find_head, find_place, is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from halfhooks.place import Environment, Verdict


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

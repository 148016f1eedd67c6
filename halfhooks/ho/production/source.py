"""Where the releases come from: a repository or a bundle, fetched into a repository of our own that is thrown away.

Nothing is written elsewhere, so a mirror that can only be read will do. What arrives over git's transport has been hashed on
the way: a corrupted object does not get here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping

from halfhooks.config import Config, make_config, parse_config
from halfhooks.git import GitError, Process, Repository, parse_refs
from halfhooks.ho.repository import Clone, find_git, reason
from halfhooks.layout import HALFHOOKS, TAGS, Layout
from halfhooks.snapshot import Target, entry_at, is_file
from halfhooks.survey import ORIGIN, CannotTell, Reader
from halfhooks.values import NamedTuple


class Source(NamedTuple):
    """What was fetched: `url` is where from, `refs` its production branch and tags, `objects` what they lead to.

    `git_dir` is a bare repository that lives as long as the block of `fetched`.
    """

    url: str
    git: str
    git_dir: str
    refs: Mapping[str, Target]
    objects: Reader
    config: Config

    @property
    def layout(self) -> Layout:
        """Where the project keeps its files."""
        return self.config.layout()

    @property
    def production(self) -> str:
        """The tip of the production branch."""
        return self.refs[HALFHOOKS.production_ref()].commit


def find_url(wanted: str) -> str:
    """The repository to fetch from: what is asked for, else the origin of the clone that we are in, else that clone."""
    if wanted:
        return os.path.abspath(wanted) if os.path.exists(wanted) else wanted
    try:
        clone = Clone(find_git())
    except CannotTell:
        raise CannotTell(
            "which releases? this folder is in no repository: ho upgrade --from URL, a mirror, a clone or a bundle; "
            "or 'from = URL' in the configuration of production"
        ) from None
    url = clone.url(ORIGIN)
    if (
        url
        and "://" not in url
        and not os.path.isabs(url)
        and clone.top
        and os.path.exists(os.path.join(clone.top, url))
    ):
        return os.path.join(clone.top, url)  # git takes such a path from the top of the clone
    return url or clone.common_dir


@contextlib.contextmanager
def fetched(url: str) -> Iterator[Source]:
    """Fetch the production branch and all tags of a repository or bundle; `CannotTell` where that fails."""
    git = find_git()
    with _temporary("halfhooks-source-") as folder:
        _fetch(git, folder, url)
        repository = Repository(git, folder, {})
        refs, _ = parse_refs(repository.start_refs(["refs/"]).finish())
        target = refs.get(HALFHOOKS.production_ref())
        if target is None or not target.commit:
            raise CannotTell(f"there is no branch '{HALFHOOKS.production}' in {url}")
        objects = Reader(repository)
        try:
            yield Source(url, git, folder, refs, objects, _policy(repository, objects, target.commit))
        finally:
            objects.close()


@contextlib.contextmanager
def _temporary(prefix: str) -> Iterator[str]:
    """A folder that goes in the end; a git that was interrupted with us may still be writing into it."""
    folder = tempfile.mkdtemp(prefix=prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fetch(git: str, folder: str, url: str) -> None:
    environment = {**os.environ, "LC_ALL": "C"}
    for name in (
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    ):
        environment.pop(name, None)
    wanted = [f"+{HALFHOOKS.production_ref()}:{HALFHOOKS.production_ref()}", f"+{TAGS}*:{TAGS}*"]
    options = ("-c", "gc.auto=0", "fetch", "-q", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
    said = ""
    for form in ("sha1", "sha256"):
        try:
            Process(
                (git, "init", "-q", "--bare", "--template=", f"--object-format={form}", "--", folder), environment
            ).finish()
            Process((git, "-C", folder, *options, "--", url, *wanted), environment).finish()
            return
        except GitError as error:
            said = reason(error)
            if "object-format" not in error.stderr and "mismatched algorithms" not in error.stderr:
                break
            with contextlib.suppress(OSError):  # init does not change what a repository is made of
                os.unlink(os.path.join(folder, "config"))
    raise CannotTell(f"the releases could not be fetched from '{url}': {said}")


def _policy(repository: Repository, objects: Reader, commit: str) -> Config:
    entry = entry_at(objects, commit, HALFHOOKS.policy)
    pairs = repository.blob_config(entry.oid) if entry and is_file(entry) else []
    return make_config(parse_config(pairs)[0])


@contextlib.contextmanager
def checkout(source: Source, commit: str) -> Iterator[str]:
    """A folder with the files of a commit, for the Python files of patches, which may import the project's code."""
    with _temporary("halfhooks-tree-") as folder:
        environment = {**os.environ, "GIT_INDEX_FILE": os.path.join(folder, ".index"), "GIT_DIR": source.git_dir}
        for step in (("read-tree", commit), ("checkout-index", "-a", "-q")):
            Process((source.git, f"--work-tree={folder}", *step), environment).finish()
        os.unlink(os.path.join(folder, ".index"))
        yield folder

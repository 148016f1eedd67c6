"""What a hook starts besides its own verdict: `ho`, which needs a database, in a process of its own.

The hooks need nothing but Python and git, so `ho` may be missing. Where it was asked for, that stops git: what nobody has
validated is not passed over in silence.
"""

from __future__ import annotations

import os
import sys
from signal import SIG_IGN, SIGINT, SIGPIPE, SIGXFSZ, signal

from halfhooks.layout import HALFHOOKS
from halfhooks.names import PATCH_BRANCH, RELEASE_BRANCH, parse_ref
from halfhooks.place import PASS, STOP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Optional

    from halfhooks.config import Config
    from halfhooks.place import Environment, Verdict

VALIDATE, APPLY, CODEGEN = "halfhooks-validate", "halfhooks-apply", "halfhooks-codegen"
"""What `SKIP` calls the three; the first and the last are also ids in the pre-commit framework."""
GENERATED = ".halfhooks"
"""The folder in a package that is there once `ho codegen` has run in this clone."""
CHECK, ON_RELEASE, ALWAYS = "check", "validate-release", "validate"
"""The values of `project.onPush`."""
NOT_VALID = 1
"""The exit code of `ho` when the answer is no; others mean that it cannot tell."""


def validations(pushed: Iterable[tuple[str, str]], config: Config, wanted: str) -> list[tuple[str, list[str]]]:
    """What of a push is to be validated: names of branches with the arguments of `ho`. `pushed` are refs with their commits.

    `wanted` is a value of `project.onPush`.
    """
    found = []
    for ref, commit in pushed:
        name = parse_ref(ref, HALFHOOKS)
        if not commit or not (name.kind == RELEASE_BRANCH or (name.kind == PATCH_BRANCH and wanted == ALWAYS)):
            continue
        patch = ["--patch", name.patch] if name.kind == PATCH_BRANCH else []
        limit = ["--timeout", str(config.timeLimit)]
        found.append((ref.removeprefix("refs/heads/"), ["validate", *patch, "--commit", commit, *limit]))
    return found if wanted != CHECK else []


def validate_push(environment: Environment, pushed: Iterable[tuple[str, str]], config: Config) -> Verdict:
    """Validate what a push brings to the branches that `project.onPush` names."""
    for branch, arguments in validations(pushed, config, config.onPush):
        way = f"SKIP={VALIDATE} git push"
        done = start(environment, VALIDATE, arguments)
        if done is None:
            return PASS, [f"halfhooks: '{branch}' is not validated: SKIP names {VALIDATE}"]
        if done:
            what = "is not valid" if done == NOT_VALID else "could not be validated"
            return STOP, [f"halfhooks: '{branch}' {what}, nothing was pushed; to push it all the same: {way}"]
    return PASS, []


def act_on_commit(environment: Environment, config: Config) -> Verdict:
    """What is started for a commit on a patch branch that changes patches."""
    applies = config.onCommit == "apply"
    verdict = apply_commit(environment, config) if applies else (PASS, [])
    return verdict if verdict[0] == STOP else check_classes(environment, config, applies)


def check_classes(environment: Environment, config: Config, applied: bool) -> Verdict:
    """Hold the classes of the package to the patches, where this clone makes any (HH701).

    Without `applied`, their schema may be one that nobody has read yet: then that is told, and no database is made for it.
    """
    folder = config.package_folder()
    if not folder or not os.path.isdir(os.path.join(folder, GENERATED)):
        return PASS, []
    if not (applied or find_ho(environment)):
        return PASS, ["halfhooks: there is no `ho` on the PATH: nobody has looked at the classes"]
    done = start(environment, CODEGEN, ["hook", "codegen", *([] if applied else ["--known"])])
    return (STOP if done else PASS), []


def apply_commit(environment: Environment, config: Config) -> Verdict:
    """Bring the development database to what is being committed, where `project.onCommit` says so."""
    done = start(environment, APPLY, ["apply", "--timeout", str(config.timeLimit)])
    if not done:
        return PASS, []
    what = "a patch does not run" if done == NOT_VALID else "the database could not be brought up to date"
    return STOP, [f"halfhooks: {what}, nothing was committed; to commit it all the same: SKIP={APPLY} git commit"]


def start(environment: Environment, name: str, arguments: Sequence[str]) -> Optional[int]:
    """Run `ho`, all of whose output goes to standard error; its exit code, None where `SKIP` names it."""
    if name in [word.strip() for word in environment.get("SKIP", "").split(",")]:
        return None
    program = find_ho(environment)
    if not program:
        told = "halfhooks: there is no `ho` on the PATH, nor beside the Python of the hook: pip install halfhooks\n"
        os.write(2, told.encode())
        return -1
    streams = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, 2, 1)]
    before = signal(SIGINT, SIG_IGN)  # on Ctrl-C it tidies up, and we wait for that
    try:
        plain = [SIGINT, SIGPIPE, SIGXFSZ]
        child = os.posix_spawn(program, [program, *arguments], environment, file_actions=streams, setsigdef=plain)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        signal(SIGINT, before)


def find_ho(environment: Environment) -> str:
    """The path of `ho`: on the PATH, else beside our interpreter; "" for none.

    Nothing that halfhooks.conf names is asked: it comes from the tree that is checked out, as what lies beside it does.
    """
    folders = [folder for folder in environment.get("PATH", "").split(os.pathsep) if os.path.isabs(folder)]
    folders.append(os.path.dirname(sys.executable))
    paths = (os.path.join(folder, "ho") for folder in folders)
    return next((path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)), "")

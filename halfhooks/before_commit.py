"""The verdict on a commit before it is made: what no later one can mend, and what is cheaper mended at once."""

from __future__ import annotations

import os
import time

from halfhooks.git import GitError, ObjectDatabase, Repository
from halfhooks.layout import HALFHOOKS
from halfhooks.names import PATCH_BRANCH, POLICED_BRANCHES, PRODUCTION_BRANCH
from halfhooks.place import PASS, STOP, Lacks, find_head, find_place, read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from halfhooks.place import Environment, Head, Place, Verdict
    from halfhooks.push import Push
    from halfhooks.rules import Finding
    from halfhooks.snapshot import Change

# Besides the rules on single commits: those that no later commit can mend, and those on files, which are cheaper mended now.
EARLY = ("HH007", "HH108", "HH113", "HH310", "HH405", "HH406", "HH407", "HH408")
EARLY_ON_PRODUCTION = ("HH107", "HH502")
PROMOTION = "HH107"
ELSEWHERE = (PROMOTION, "HH108")
"""What belongs on another branch."""
WITH_A_HINT = ("HH405", "HH406", "HH408")
"""What the rule's own hint mends here as well."""
MENDED_IN_THE_FILE = ("HH007", "HH303", "HH407")
"""What else is wrong with a file itself; the rest is mended by not committing it here."""
COLLIDING = "HH405"
"""Found at one of two files, whichever was there first."""


def judge_commit(git: str, environment: Environment, merged: tuple[str, ...]) -> Verdict:
    """The verdict on the index, as the next commit of the current branch; `merged` are its further parents, if known."""
    place = find_place(git, environment)
    head = find_head(git, place, environment)
    if head.kind not in POLICED_BRANCHES:
        return PASS, []
    repository = Repository(git, place.own_dir, environment)
    from halfhooks import index

    amends = is_amend()
    try:
        changes = index.read_changes(repository, "HEAD^" if amends else "HEAD")
    except index.Unmerged as error:
        return STOP, [f"halfhooks: '{error}' is not merged yet: settle it, git add it, and commit again"]
    except GitError:
        return PASS, []  # the first commit of all: there is nothing yet that it could break
    if not changes or not (head.kind != PATCH_BRANCH or index.concerns(changes)):
        return PASS, []
    with Lacks(place.git_dir, place.shallow):
        return _judge_changes(repository, environment, place, head, amends, merged, changes)


def _judge_changes(
    repository: Repository,
    environment: Environment,
    place: Place,
    head: Head,
    amends: Optional[bool],
    merged: tuple[str, ...],
    changes: list[Change],
) -> Verdict:
    from halfhooks import index, staged

    lister = staged.start_refs(repository)
    objects = ObjectDatabase(repository)
    refs = staged.read_refs(repository, lister)
    if HALFHOOKS.production_ref() not in refs.there or not (head.detached or head.ref in refs.here):
        return PASS, []
    if amends and head.kind == PRODUCTION_BRANCH and not refs.remote:
        return PASS, []  # no server has it yet: the project is still being begun
    config, remarks = staged.read_policy(repository, objects, refs)
    tip = head.detached or refs.here[head.ref].commit
    further = merged or tuple(read_text(os.path.join(place.own_dir, "MERGE_HEAD")).split())
    before = objects.commit(tip).parents

    def find(parents: tuple[str, ...], changes: list[Change]) -> list[Finding]:
        policies = staged.judge_policy(repository, changes, config)
        push = staged.staged_push(objects, head.ref, parents, changes, config, refs, int(time.time()), policies)
        return _early(push, changes, bool(amends)) if push.before.version else []

    findings = find(before if amends else (tip, *further), changes)
    if findings and amends is None and not further and before:  # perhaps it amends: then HEAD is what is judged anew
        findings = find(before, index.read_changes(repository, "HEAD^")) and findings
    from halfhooks.report import conclude
    from halfhooks.rules import RULES

    stops, lines = conclude(findings, remarks, RULES, "nothing was committed", "committed all the same")
    starts = not stops and head.kind == PATCH_BRANCH and (config.onCommit == "apply" or config.package_folder())
    folder = config.layout().path(config.layout().patches, "")
    if not starts or not any(change.path.startswith(folder) for change in changes):
        return (STOP if stops else PASS), lines
    from halfhooks.trigger import act_on_commit

    status, told = act_on_commit(environment, config)
    return status, lines + told


def _early(push: Push, changes: list[Change], amends: bool) -> list[Finding]:
    """What the rules find in the commit itself, in a path that it changes."""
    from halfhooks.rules import COMMIT, RULES, check

    production = push.production_move() is not None
    codes = EARLY + (EARLY_ON_PRODUCTION if production and not _promotes(push) else ())
    rules = [rule for rule in RULES.values() if rule.scope == COMMIT or rule.code in codes]
    (commit,) = push.commits
    changed = {change.path for change in changes}

    def is_here(finding: Finding) -> bool:
        path = finding.path
        if finding.code == COLLIDING:
            path = path.rpartition("/")[0] or path
        return not path or path in changed or any(each.startswith(f"{path}/") for each in changed)

    findings = [each for each in check(push, rules) if each.commit == commit.oid and is_here(each)]
    if production and len(commit.parents) > 1 and any(each.code == PROMOTION for each in findings):
        return [next(each for each in findings if each.code == PROMOTION)._replace(help="git merge --abort", commit="")]
    return [_with_help(each, amends) for each in findings + _uncompilable(push, changes)]


def _with_help(finding: Finding, amends: bool) -> Finding:
    """The finding with what helps before the commit is made; the rule's own hint is for afterwards."""
    finding = finding._replace(commit="")
    if not finding.path or finding.code in WITH_A_HINT:
        return finding
    path = finding.path.replace("'", "'\\''")
    if finding.code in MENDED_IN_THE_FILE:
        return finding._replace(help=f"mend it, git add ':/{path}', and commit again")
    if finding.code in ELSEWHERE and not amends:
        return finding._replace(help="git switch ho-patch/ID takes the change along to a patch branch; commit it there")
    source = "--source=HEAD^ " if amends else ""
    return finding._replace(help=f"git restore {source}--staged ':/{path}', and commit again")


def _promotes(push: Push) -> bool:
    """Whether a commit on production merges a release, or carries the bookkeeping that follows such a merge."""
    (commit,) = push.commits
    tips = {*push.before.release_tips.values(), *push.after.release_tips.values()}
    merge = commit
    if len(commit.parents) == 1 and commit.parents[0] != push.before.production:
        merge = push.objects.commit(commit.parents[0])
    return any(parent in tips for parent in merge.parents[1:])


def _uncompilable(push: Push, changes: list[Change]) -> list[Finding]:
    """The Python files of patches that are no Python, as the interpreter of this hook reads it."""
    from halfhooks.names import is_patch_id
    from halfhooks.rules import Finding
    from halfhooks.snapshot import is_file

    start = push.layout.path(push.layout.patches, "")
    found = []
    for change in changes:
        patch, _, name = change.path[len(start) :].partition("/")
        is_patch_file = change.path.startswith(start) and is_patch_id(patch) and "/" not in name
        if not (is_patch_file and name.endswith(".py") and change.new and is_file(change.new)):
            continue
        problem = _python_problem(push.objects.blob(change.new.oid))
        if problem:
            said, line, column = problem
            text = f"'{change.path}' is no Python: {said}"
            place = Finding(text, push.moves[0].ref, "", change.path, line, column, code="HH406")
            found.append(place._replace(warning="HH406" in push.config.warn))
    return found


def _python_problem(source: bytes) -> Optional[tuple[str, int, int]]:
    """Why some source does not compile, with line and column; None when it does."""
    from warnings import simplefilter

    simplefilter("ignore")  # what may be wrong with it besides is not ours to say
    try:
        compile(source, "", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.msg, error.lineno or 0, error.offset or 0
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error) or "it is nested too deeply", 0, 0
    return None


def is_amend() -> Optional[bool]:
    """Whether the `git commit` that runs this hook amends; None where the system does not say what it was called with."""
    from halfhooks.lock import ancestors

    for words in ancestors():
        name = words[0].rpartition(b"/")[2]
        if name == b"git-commit" or (name == b"git" and b"commit" in words):
            return _has_amend(words[words.index(b"commit") + 1 if name == b"git" else 1 :])
    return None


def _has_amend(options: list[bytes]) -> bool:
    """Whether `--amend`, or what git takes for it, is among the options of `git commit`, and not the text of a message."""
    before = b""
    for word in options:
        is_message = before == b"--message" or (before[:1] == b"-" != before[1:2] and before.endswith(b"m"))
        if word == b"--":
            break
        if word.startswith(b"--am") and b"--amend".startswith(word) and not is_message:
            return True
        before = word
    return False

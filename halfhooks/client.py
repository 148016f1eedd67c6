"""What the hooks of a clone do: tell a developer early what the server would refuse, and else say nothing.

The same rules judge, on values that are collected here. Where nothing can be told, because there is no production branch
yet or a push goes to a repository that is not known, nothing is refused: only the server's hook is the authority.
"""

from __future__ import annotations

import os
import time

from halfhooks.git import GitError, ObjectDatabase, Repository, read_all
from halfhooks.layout import HALFHOOKS, HEADS
from halfhooks.names import PATCH_BRANCH, POLICED_BRANCHES, PRODUCTION_BRANCH, parse_ref, patch_number
from halfhooks.objects import MalformedObject
from halfhooks.survey import CannotTell, Survey, locate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn, Optional

    from halfhooks.push import Push
    from halfhooks.rules import Finding
    from halfhooks.snapshot import Change, Update
    from halfhooks.survey import Place

    Environment = Mapping[str, str]
    Verdict = tuple[int, list[str]]

PASS = 0
STOP = 1
NOT_COMMITTED = "nothing was committed"
NOT_PUSHED = "nothing was pushed"

# Besides the rules on single commits: those that no later commit can mend, and those on files, which are cheaper mended now.
EARLY = ("HH108", "HH113", "HH310", "HH405", "HH406", "HH407", "HH408")
EARLY_ON_PRODUCTION = ("HH107", "HH502")
MENDED_IN_THE_FILE = ("HH303", "HH405", "HH406", "HH407", "HH408")
"""What is wrong with a file itself; the rest is mended by not committing it here."""


# --- what git runs: each ends the process


def pre_commit(git: str) -> NoReturn:
    """Judge the index as a commit on the current branch.

    Before `git merge` commits, MERGE_HEAD is not yet written; what is merged is named in the environment.
    """
    merged = sorted(name[len("GITHEAD_") :] for name in os.environ if name.startswith("GITHEAD_"))
    _run(lambda: judge_commit(git, os.environ, tuple(merged)))


pre_merge_commit = pre_commit


def commit_msg(git: str) -> NoReturn:
    """Put the reference to the ticket into the message of a commit on a patch branch."""
    _run(lambda: refer_to_ticket(git, os.environ, _arguments()))


def pre_push(git: str) -> NoReturn:
    """Judge a push as the server would."""
    _run(lambda: judge_push(git, os.environ, _arguments(), read_all(0)))


def post_merge(git: str) -> NoReturn:
    """Say when the release of the current patch has moved on."""
    _run(lambda: announce(git, os.environ), stops=False)


def post_checkout(git: str) -> NoReturn:
    """The same, when another branch is checked out: git gives HEAD before and after, and 1 for a branch."""
    arguments = _arguments()
    moved = arguments[2:3] == ["1"] or os.environ.get("PRE_COMMIT_CHECKOUT_TYPE") == "1"
    _run(lambda: announce(git, os.environ) if moved else (PASS, []), stops=False)


def _arguments() -> list[str]:
    import sys

    return sys.argv[1:]


def _run(judge: Callable[[], Verdict], stops: bool = True) -> NoReturn:
    """Print what a hook has to say and end the process, without Python's own clean-up. What is unexpected stops git,
    unless the hook comes after the deed.
    """
    status, lines = STOP, ["halfhooks: stopped before anything was judged"]
    try:
        try:
            status, lines = judge()
        except CannotTell as error:
            status, lines = PASS, [f"halfhooks: nothing was judged: {error}"]
        except (GitError, MalformedObject) as error:
            status, lines = STOP, [f"halfhooks: git could not read what is to be judged: {error}"]
    except BaseException as error:
        lines = [f"halfhooks: internal error: {type(error).__name__}: {error}"]
    finally:
        try:
            from halfhooks.report import shown

            os.write(2, "".join(f"{shown(line)}\n" for line in lines).encode("utf-8", "replace"))
        finally:
            os._exit(status if stops else PASS)


# --- a commit


def judge_commit(git: str, environment: Environment, merged: tuple[str, ...]) -> Verdict:
    """The verdict on the index, as the next commit of the current branch; `merged` are its further parents, if known."""
    place = locate(git, environment)
    ref = current_branch(git, place, environment)
    if parse_ref(ref, HALFHOOKS).kind not in POLICED_BRANCHES:
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
    production = parse_ref(ref, HALFHOOKS).kind == PRODUCTION_BRANCH
    if not changes or not (production or ref.startswith(HEADS + HALFHOOKS.release) or index.concerns(changes)):
        return PASS, []
    there, here = index.read_refs(repository)
    if HALFHOOKS.production_ref() not in there or ref not in here:
        return PASS, []
    objects = ObjectDatabase(repository)
    config, remarks = index.read_policy(repository, os.path.join(os.getcwd(), HALFHOOKS.policy))
    head = here[ref].commit
    further = merged or _merge_heads(place.own_dir)
    parents = objects.commit(head).parents if amends else (head, *further)
    push = index.staged_push(objects, index.Head(ref, parents), changes, config, there, here, int(time.time()))
    findings = _early(push, changes)
    if findings and amends is None and not further and objects.commit(head).parents:
        changes = index.read_changes(repository, "HEAD^")  # perhaps it amends: then it is HEAD that is judged anew
        as_amended = index.Head(ref, objects.commit(head).parents)
        again = index.staged_push(objects, as_amended, changes, config, there, here, int(time.time()))
        findings = findings and (_early(again, changes) and findings)
    return _verdict(findings, [*remarks], NOT_COMMITTED, "committed all the same")


def _early(push: Push, changes: list[Change]) -> list[Finding]:
    """What the rules find in the commit itself, in a path that it changes."""
    from halfhooks.rules import COMMIT, RULES, check

    production = push.production_move() is not None
    codes = EARLY + (EARLY_ON_PRODUCTION if production and not _promotes(push) else ())
    rules = [rule for rule in RULES.values() if rule.scope == COMMIT or rule.code in codes]
    (commit,) = push.commits
    changed = {change.path for change in changes}

    def is_here(path: str) -> bool:
        return not path or path in changed or any(each.startswith(f"{path}/") for each in changed)

    findings = [each for each in check(push, rules) if each.commit == commit.oid and is_here(each.path)]
    return [_with_help(each) for each in findings] + _uncompilable(push, changes)


def _with_help(finding: Finding) -> Finding:
    """The finding with what helps before the commit is made; the rule's own hint is for afterwards."""
    if not finding.path or finding.code in MENDED_IN_THE_FILE:
        return finding
    return finding._replace(help=f"git restore --staged '{finding.path}', and commit again")


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
        try:
            compile(push.objects.blob(change.new.oid), change.path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            line, column = getattr(error, "lineno", 0) or 0, getattr(error, "offset", 0) or 0
            text = f"'{change.path}' is no Python: {getattr(error, 'msg', error)}"
            move = push.moves[0]
            place = Finding(text, move.ref, move.new, change.path, line, column, code="HH406")
            found.append(place._replace(warning="HH406" in push.config.warn))
    return found


def current_branch(git: str, place: Place, environment: Environment) -> str:
    """The full name of the branch that is checked out, or that a rebase is about; "" when HEAD is detached."""
    head = _read(os.path.join(place.own_dir, "HEAD"))
    if head.startswith("ref: refs/heads/.invalid"):  # refs are kept elsewhere (git-refs(1), reftable)
        try:
            head = "ref: " + Repository(git, place.own_dir, environment).start("symbolic-ref", "HEAD").finish().decode()
        except GitError:
            head = ""
    if head.startswith("ref: "):
        return head[len("ref: ") :].strip()
    rebased = (os.path.join(place.own_dir, each, "head-name") for each in ("rebase-merge", "rebase-apply"))
    return next((name.strip() for name in map(_read, rebased) if name), "")


def _merge_heads(own_dir: str) -> tuple[str, ...]:
    return tuple(_read(os.path.join(own_dir, "MERGE_HEAD")).split())


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def is_amend() -> Optional[bool]:
    """Whether the `git commit` that runs this hook amends; None where the system does not say what it was called with."""
    from halfhooks.lock import ancestors

    for words in ancestors():
        if words[0].rpartition(b"/")[2] in (b"git", b"git-commit") and (
            b"commit" in words or words[0].endswith(b"commit")
        ):
            options = words[: words.index(b"--")] if b"--" in words else words
            return any(word.startswith(b"--am") and b"--amend".startswith(word) for word in options)
    return None


# --- the message of a commit


def refer_to_ticket(git: str, environment: Environment, arguments: Sequence[str]) -> Verdict:
    """Put the reference into the message file that git names."""
    if not arguments:
        raise CannotTell("git gives this hook the file that holds the message")
    place = locate(git, environment)
    name = parse_ref(current_branch(git, place, environment), HALFHOOKS)
    if name.kind != PATCH_BRANCH:
        return PASS, []
    from halfhooks.index import read_policy
    from halfhooks.message import refer

    repository = Repository(git, place.own_dir, environment)
    ticket = read_policy(repository, os.path.join(os.getcwd(), HALFHOOKS.policy))[0].ticket
    if not ticket:
        return PASS, []
    with open(arguments[0], encoding="utf-8", errors="surrogateescape", newline="") as file:
        text = file.read()
    changed = refer(text, f"{ticket}{patch_number(name.patch)}", _comment(git, environment))
    if changed != text:
        new = f"{arguments[0]}.halfhooks"
        with open(new, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(changed)
        os.replace(new, arguments[0])
    return PASS, []


def _comment(git: str, environment: Environment) -> str:
    """What git takes for the beginning of a comment here."""
    from halfhooks.git import Process

    try:
        found = Process((git, "config", "--get", "core.commentChar"), dict(environment)).finish().decode().strip()
    except GitError:
        found = ""
    return found if found and found != "auto" else "#"


# --- a push


def judge_push(git: str, environment: Environment, arguments: Sequence[str], data: bytes) -> Verdict:
    """The verdict that the server would give: git's arguments are the remote's name and URL, its input one ref a line."""
    from halfhooks.collect import parse_updates

    remote = arguments[0] if arguments else environment.get("PRE_COMMIT_REMOTE_NAME", "")
    lines = [line.split(b" ") for line in data.split(b"\n") if line]
    updates = parse_updates(b"".join(b"%s %s %s\n" % (old, new, ref) for _, new, ref, old in lines))
    with Survey(git, environment, remote or None) as survey:
        updates = updates or _framework_update(survey, environment)
        if not updates:
            return PASS, []
        if not survey.remote or not _is_known(survey, updates):
            if not any(parse_ref(update.ref, HALFHOOKS).policed for update in updates):
                return PASS, []
            raise CannotTell(f"'{HALFHOOKS.production}' of '{remote}' is not known here: {survey.fetch}")
        push, remarks = survey.moves(updates)
        from halfhooks.rules import check

        return _verdict(check(push), remarks, NOT_PUSHED, "pushed all the same")


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


# --- news of the release


def announce(git: str, environment: Environment) -> Verdict:
    """One line when the release of the current patch has gained patches that its branch does not have yet."""
    place = locate(git, environment)
    name = parse_ref(current_branch(git, place, environment), HALFHOOKS)
    if name.kind != PATCH_BRANCH:
        return PASS, []
    from halfhooks import index
    from halfhooks.history import merge_bases
    from halfhooks.release import Project, read_release
    from halfhooks.snapshot import Snapshot

    repository = Repository(git, place.own_dir, environment)
    config, _ = index.read_policy(repository, os.path.join(os.getcwd(), HALFHOOKS.policy))
    there, here = index.read_refs(repository)
    objects = ObjectDatabase(repository)
    project = Project(Snapshot(there, objects), config.layout())
    release = next(iter(project.releases_of(name.patch)), None)
    mine = here.get(f"{HEADS}{HALFHOOKS.patch}{name.patch}")
    if release is None or mine is None:
        return PASS, []
    known: set[str] = set()
    for base in merge_bases(objects, release.tip, mine.commit):
        known.update(read_release(project, release.version, base).complete)
    gained = [patch for patch in release.complete if patch not in known]
    if not gained:
        return PASS, []
    branch = f"{HALFHOOKS.release}{release.version}"
    source = f"origin/{branch}" if f"{HEADS}{branch}" not in here else branch
    count = f"{len(gained)} patch" + ("es" if len(gained) > 1 else "")
    return PASS, [f"halfhooks: {branch} gained {count}: git merge {source}"]


def _verdict(findings: Sequence[Finding], remarks: Sequence[str], refused: str, accepted: str) -> Verdict:
    from halfhooks.report import to_text
    from halfhooks.rules import RULES

    lines = [f"halfhooks: warning: {remark}" for remark in remarks]
    if not findings:
        return PASS, lines
    stops = any(not finding.warning for finding in findings)
    return (STOP if stops else PASS), lines + to_text(findings, RULES, refused if stops else accepted)

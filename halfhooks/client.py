"""What the hooks of a clone do: tell a developer early what the server would refuse, and else say nothing.

The same rules judge, on values that are collected here. Where nothing can be told, because there is no production branch
yet or a push goes to a repository that is not known, nothing is refused: only the server's hook is the authority.
"""

from __future__ import annotations

import os
import time

from halfhooks.git import GitError, ObjectDatabase, Repository, parse_pairs, read_all
from halfhooks.layout import HALFHOOKS
from halfhooks.names import PATCH_BRANCH, POLICED_BRANCHES, parse_ref, patch_number
from halfhooks.objects import MalformedObject
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn, Optional

    from halfhooks.push import Push
    from halfhooks.rules import Finding
    from halfhooks.snapshot import Change, Update
    from halfhooks.survey import Survey

    Environment = Mapping[str, str]
    Verdict = tuple[int, list[str]]

PASS = 0
STOP = 1
NOT_COMMITTED = "nothing was committed"
NOT_PUSHED = "nothing was pushed"

# Besides the rules on single commits: those that no later commit can mend, and those on files, which are cheaper mended now.
EARLY = ("HH108", "HH113", "HH310", "HH405", "HH406", "HH407", "HH408")
EARLY_ON_PRODUCTION = ("HH107", "HH502")
WITH_A_HINT = ("HH405", "HH406", "HH408")
"""What the rule's own hint mends here as well."""
MENDED_IN_THE_FILE = ("HH303", "HH407")
"""What else is wrong with a file itself; the rest is mended by not committing it here."""
COMMENTS = "#;@!$%^&|:"
"""What git chooses from where core.commentChar is `auto`."""
ELSEWHERE = ("GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE")
"""What leads git to another repository than the nearest one."""
COLLIDING = "HH405"
"""Found at one of two files, whichever was there first."""


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
    """Print what a hook has to say and end the process, without Python's own clean-up. What is unexpected stops git; a
    hook that comes after the deed keeps it to itself.
    """
    status, lines = STOP, ["halfhooks: stopped before anything was judged"]
    try:
        try:
            status, lines = judge()
        except BaseException as error:
            status, lines = _explain(error) if stops else (PASS, [])
    finally:
        try:
            if lines:
                from halfhooks.report import shown

                os.write(2, "".join(f"{shown(line)}\n" for line in lines).encode("utf-8", "replace"))
        finally:
            os._exit(status if stops else PASS)


def _explain(error: BaseException) -> Verdict:
    from halfhooks.survey import CannotTell

    if isinstance(error, CannotTell):
        return PASS, [f"halfhooks: nothing was judged: {error}"]
    if isinstance(error, (GitError, MalformedObject)):
        return STOP, [f"halfhooks: git could not read what is to be judged: {error}"]
    return STOP, [f"halfhooks: internal error: {type(error).__name__}: {error}"]


# --- where


class Place(NamedTuple):
    """The git directory of the worktree, that of the whole repository, and whether its history is cut off."""

    own_dir: str
    git_dir: str
    shallow: bool


def find_place(git: str, environment: Environment) -> Place:
    """The repository that a hook runs in; git itself is asked only where it does not lie before us."""
    own_dir = os.path.join(os.getcwd(), ".git")
    by_commit = "GIT_INDEX_FILE" in environment and environment.keys().isdisjoint(ELSEWHERE)
    if by_commit and os.path.isdir(own_dir):  # git runs the hooks of a commit at the top of the working tree
        return Place(own_dir, own_dir, os.path.exists(os.path.join(own_dir, "shallow")))
    from halfhooks.survey import locate

    found = locate(git, environment)
    return Place(found.own_dir, found.git_dir, found.shallow)


class Head(NamedTuple):
    """Where a commit goes: the full name of the branch, "" for none, and HEAD's own commit where it is detached.

    It is so while the branch is rebased, which moves in the end only.
    """

    ref: str
    detached: str = ""

    @property
    def kind(self) -> str:
        """What the branch is to the workflow."""
        return parse_ref(self.ref, HALFHOOKS).kind


def find_head(git: str, place: Place, environment: Environment) -> Head:
    """What is checked out (gitrepository-layout(5))."""
    head = _read(os.path.join(place.own_dir, "HEAD")).strip()
    if head == "ref: refs/heads/.invalid":  # refs are kept elsewhere (reftable)
        head = _ask(git, place, environment, "symbolic-ref", "--quiet", "HEAD")
        head = f"ref: {head}" if head else _ask(git, place, environment, "rev-parse", "--verify", "--quiet", "HEAD")
    if head.startswith("ref: "):
        return Head(head[len("ref: ") :])
    rebased = (os.path.join(place.own_dir, each, "head-name") for each in ("rebase-merge", "rebase-apply"))
    return Head(next((name.strip() for name in map(_read, rebased) if name), ""), head)


def _ask(git: str, place: Place, environment: Environment, *question: str) -> str:
    try:
        return Repository(git, place.own_dir, environment).start(*question).finish().decode().strip()
    except GitError:
        return ""


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")
    except OSError:
        return ""


# --- a commit


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
    with _Lacks(place.git_dir, place.shallow):
        return _judge_changes(repository, place, head, amends, merged, changes)


def _judge_changes(
    repository: Repository,
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
    config, remarks = staged.read_policy(repository, objects, refs)
    tip = head.detached or refs.here[head.ref].commit
    further = merged or tuple(_read(os.path.join(place.own_dir, "MERGE_HEAD")).split())
    before = objects.commit(tip).parents

    def find(parents: tuple[str, ...], changes: list[Change]) -> list[Finding]:
        push = staged.staged_push(objects, head.ref, parents, changes, config, refs, int(time.time()))
        return _early(push, changes, bool(amends)) if push.before.version else []

    findings = find(before if amends else (tip, *further), changes)
    if findings and amends is None and not further and before:  # perhaps it amends: then HEAD is what is judged anew
        findings = find(before, index.read_changes(repository, "HEAD^")) and findings
    return _verdict(findings, remarks, NOT_COMMITTED, "committed all the same")


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
    return [_with_help(each, amends) for each in findings + _uncompilable(push, changes)]


def _with_help(finding: Finding, amends: bool) -> Finding:
    """The finding with what helps before the commit is made; the rule's own hint is for afterwards."""
    finding = finding._replace(commit="")
    if not finding.path or finding.code in WITH_A_HINT:
        return finding
    path = finding.path.replace("'", "'\\''")
    if finding.code in MENDED_IN_THE_FILE:
        return finding._replace(help=f"mend it, git add ':/{path}', and commit again")
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


class _Lacks:
    """Turns a failure to read into no verdict where the clone was made without a part of the repository."""

    def __init__(self, git_dir: str, shallow: bool) -> None:
        self._git_dir = git_dir
        self._shallow = shallow

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if not isinstance(error, GitError):
            return
        from halfhooks.survey import CannotTell

        if self._shallow:
            raise CannotTell("the history is cut off where it is needed: git fetch --unshallow")
        if _is_partial(self._git_dir):
            raise CannotTell(f"this clone is a partial one, and lacks what is needed: {error}")


def _is_partial(git_dir: str) -> bool:
    """Whether the clone leaves objects with the remote until they are needed (git clone --filter)."""
    return "promisor" in _read(os.path.join(git_dir, "config"))


# --- the message of a commit


def refer_to_ticket(git: str, environment: Environment, arguments: Sequence[str]) -> Verdict:
    """Put the reference into the message file that git names."""
    if not arguments:
        from halfhooks.survey import CannotTell

        raise CannotTell("git gives this hook the file that holds the message")
    place = find_place(git, environment)
    name = parse_ref(find_head(git, place, environment).ref, HALFHOOKS)
    if name.kind != PATCH_BRANCH:
        return PASS, []
    from halfhooks.git import Process
    from halfhooks.message import is_untouched, refer

    keys = r"^(core\.comment(char|string)|commit\.template)$"
    asked = Process((git, "config", "-z", "--get-regexp", keys), dict(environment))
    repository = Repository(git, place.own_dir, environment)
    ticket = _read_ticket(repository, os.path.join(os.getcwd(), HALFHOOKS.policy))
    if not ticket:
        return PASS, []
    with open(arguments[0], encoding="utf-8", errors="surrogateescape", newline="") as file:
        text = file.read()
    try:
        settings = dict(parse_pairs(asked.finish()))
    except GitError:
        settings = {}
    comment = _comment(settings, text)
    if "commit.template" in settings:
        path = Process((git, "config", "--type=path", "--get", "commit.template"), dict(environment)).finish()
        if is_untouched(text, _read(os.fsdecode(path).removesuffix("\n")), comment):
            return PASS, []
    changed = refer(text, f"{ticket}{patch_number(name.patch)}", comment)
    if changed != text:
        new = f"{arguments[0]}.halfhooks"
        with open(new, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(changed)
        os.replace(new, arguments[0])
    return PASS, []


def _read_ticket(repository: Repository, file: str) -> str:
    """What stands before the number of a ticket, in a policy of the working tree or the repository's own keys."""
    from halfhooks.config import make_config, parse_config

    asked = [repository.start("config", "--file", file, "--no-includes", "-z", "--list")]
    if repository.has_own_keys():
        asked.append(repository.start_config())
    pairs = []
    for process in asked:
        try:
            pairs += parse_pairs(process.finish())
        except GitError:  # there may be no such file, and no such key
            pass
    return make_config(parse_config(pairs)[0]).ticket


def _comment(settings: Mapping[str, str], text: str) -> str:
    """What a comment begins with in a message: as configured, or `auto`, which is to be seen in the last line of git's."""
    from halfhooks.message import SCISSORS

    found = [value for key, value in settings.items() if key.startswith("core.comment")] or ["#"]
    if found[-1] != "auto":
        return found[-1] or "#"
    last = text.split(f" {SCISSORS}\n")[0].rstrip().rpartition("\n")[2][:1]
    return last if last and last in COMMENTS else "#"


# --- a push


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
    with _Lacks(survey.place.git_dir, survey.place.shallow), survey:
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
    place = find_place(git, environment)
    head = find_head(git, place, environment)
    if head.kind != PATCH_BRANCH or head.detached or _is_partial(place.git_dir):  # there a look may fetch
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


def _verdict(findings: Sequence[Finding], remarks: Sequence[str], refused: str, accepted: str) -> Verdict:
    from halfhooks.report import to_text
    from halfhooks.rules import RULES

    lines = [f"halfhooks: warning: {remark}" for remark in remarks]
    if not findings:
        return PASS, lines
    stops = any(not finding.warning for finding in findings)
    return (STOP if stops else PASS), lines + to_text(findings, RULES, refused if stops else accepted)

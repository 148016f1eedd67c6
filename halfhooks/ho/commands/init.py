"""`ho init`: makes a project, or adopts a repository: one commit on ho-prod that says what is in production.

The commit is built beside the working tree and its index, judged by the rules as the server would, and only then given to
the branch; so a refusal leaves nothing behind.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from halfhooks.config import Config, make_config, parse_config
from halfhooks.git import GitError
from halfhooks.ho.beginning import GROWING, IGNORED, Planned, Wish, plan
from halfhooks.ho.cli import command_parser
from halfhooks.ho.console import Console, cannot_tell
from halfhooks.ho.repository import Clone, find_git, make_repository, reason
from halfhooks.layout import HALFHOOKS, HEADS, PRODUCTION, TAGS
from halfhooks.names import parse_ref, release_tag
from halfhooks.release import Project
from halfhooks.report import to_text
from halfhooks.rules import RULES, check
from halfhooks.snapshot import FILE, Snapshot, Target, Update, entry_at, is_file
from halfhooks.survey import CannotTell, Survey
from halfhooks.values import NamedTuple
from halfhooks.version import Version, parse_version

REFUSED = 1
FIRST = Version(0, 0, 0)
BRANCH = HALFHOOKS.production
REF = HALFHOOKS.production_ref()

EXAMPLES = """
ho init shop
ho init
ho init --version 2.3.0 --database shop
ho init --version 2.3.0 --database 'host=db.example.org dbname=shop'
ho init --root services/shop --dry-run
"""

WHAT = """\
Makes a project, or adopts the repository that you are in: one commit on ho-prod with the version that is in
production (0.0.0: nothing yet), the folders of the workflow, halfhooks.conf, and the configuration of pre-commit.

In a repository the commit stands above the one that is checked out. Its other branches, its history and its files stay
as they are; a file that exists is kept, .gitignore and .pre-commit-config.yaml grow. Nothing is pushed.

With a connection as --database the model of the first version is the structure of that database, which is only read.
When ho-prod has been pushed, ho upgrade --adopt X.Y.Z says in the database that it is at that version.

Exit code: 0 done; 1 refused, and nothing was changed; 2 a wrong call, or no repository where one is needed."""


class Refused(Exception):
    """The project cannot begin here; the text says why, and what helps."""


class Ground(NamedTuple):
    """Where the project begins: the repository, the commit below it ("" for none) and what that is called."""

    clone: Clone
    base: str
    name: str
    current: str


def parser() -> argparse.ArgumentParser:
    """The parser of `ho init`."""
    parser = command_parser("init", WHAT, EXAMPLES)
    parser.add_argument("folder", nargs="?", metavar="FOLDER", help="default: the repository or folder that you are in")
    parser.add_argument("--root", metavar="DIR", help="the folder of a monorepo that is to hold the project")
    parser.add_argument(
        "--version", metavar="X.Y.Z", default=str(FIRST), help="the version in production; default: 0.0.0"
    )
    parser.add_argument("--package", metavar="NAME", help="default: after the folder")
    words = "default: as the package; a connection of libpq: the structure of that database becomes the model"
    parser.add_argument("--database", metavar="NAME|DSN", help=words)
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    return parser


def main(argv: Sequence[str]) -> int:
    """Does it; the exit code."""
    ours = parser()
    arguments = ours.parse_args(argv)
    folder = Path(arguments.folder or ".")
    try:
        wish = read_wish(arguments, folder)
    except ValueError as error:
        ours.error(str(error))
    except CannotTell as error:
        return cannot_tell(str(error))
    try:
        git = find_git()
        if is_new(git, folder, given=arguments.folder is not None):
            return begin_new(git, folder, wish, arguments.dry_run)
        return begin(git, Clone(git, str(folder)), wish, arguments.dry_run)
    except CannotTell as error:
        return cannot_tell(str(error))
    except (Refused, GitError) as error:
        said = reason(error) if isinstance(error, GitError) else str(error)
        Console(sys.stderr).block(f"halfhooks: {said}", indent=0)
        return REFUSED


def read_wish(arguments: argparse.Namespace, folder: Path) -> Wish:
    """What the arguments ask for; ValueError for values that are none."""
    version = parse_version(arguments.version)
    if version is None:
        raise ValueError(f"'{arguments.version}' is no version: three numbers, such as 2.3.0")
    root = arguments.root or ""
    if os.path.isabs(root):
        raise ValueError(
            f"--root: '{root}' must be a folder inside the repository, as seen from its top: services/shop"
        )
    fields, problems = parse_config([("halfhooks.root", root)])
    if problems:
        raise ValueError(f"--root: {problems[0]}")
    usual = re.sub(r"\W+", "_", Path(arguments.root or folder.resolve()).name.lower(), flags=re.ASCII).strip("_")
    usual = usual if usual.isidentifier() else ""
    package = usual if arguments.package is None else arguments.package
    if package and not (package.isidentifier() and package.isascii()):
        raise ValueError(f"--package: '{package}' is no name of a Python package")
    database = package if arguments.database is None else arguments.database
    if "=" in database or "://" in database:
        from halfhooks.ho.production.adoption import structure_of  # it loads the driver of PostgreSQL

        taken = structure_of(database, str(version))
        schema, metadata = taken.model.schema.decode(), taken.model.metadata.decode()
        model = {HALFHOOKS.schema: schema, HALFHOOKS.metadata: metadata}
        return Wish(version, make_config(fields).root, package, taken.name, model, taken.connection)
    return Wish(version, make_config(fields).root, package, database)


# --- a new repository


def is_new(git: str, folder: Path, given: bool) -> bool:
    """Whether a repository has to be made; fails with `Refused` where one may not be."""
    standing = folder
    while not standing.exists():
        standing = standing.absolute().parent
    if not standing.is_dir():
        raise Refused(f"'{standing}' is no folder")
    try:
        around = Clone(git, str(standing))
    except CannotTell as error:
        if "not a git repository" not in str(error):
            raise
        files = [] if standing != folder else [name for name in sorted(os.listdir(folder)) if name not in IGNORED]
        if files:
            what = f"'{folder}' has files, such as '{files[0]}', and is no repository"
            quoted = shlex.quote(str(folder))
            into = "" if str(folder) == "." else f" {quoted} && cd {quoted}"
            helps = f"git init -b main{into} && git add -A && git commit -m Begin"
            raise Refused(f"{what}; they would be in no commit. First: {helps}") from None
        return True
    if given and (standing != folder or (around.top and Path(around.top) != folder.resolve())):
        inside = os.path.relpath(folder.resolve(), around.top or around.git_dir)
        raise Refused(f"'{folder}' is inside the repository '{around.top}'; as a folder of it: ho init --root {inside}")
    return False


def begin_new(git: str, folder: Path, wish: Wish, dry_run: bool) -> int:
    """Makes a repository with the project; removes again what it made where that fails."""
    if dry_run:
        files, remarks = plan(wish, lambda path: None)
        show_plan(Console(), f"would make the repository '{folder}', with a commit on {BRANCH}", files, remarks)
        return 0
    made = [path for path in (folder, *folder.absolute().parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        make_repository(git, str(folder), BRANCH)
        return begin(git, Clone(git, str(folder)), wish, dry_run=False)
    except BaseException:
        shutil.rmtree(made[-1] if made else folder / ".git", ignore_errors=True)
        raise


# --- the commit


def begin(git: str, clone: Clone, wish: Wish, dry_run: bool) -> int:
    """Builds the commit, has it judged, and gives it to the branch."""
    if clone.bare or not clone.top:
        raise Refused(f"'{clone.git_dir}' has no working tree; in a clone of it: ho init")
    clone.run("var", "GIT_COMMITTER_IDENT")  # who commits; git says so where it does not know
    with Survey(git, {**os.environ, "GIT_DIR": clone.common_dir}) as survey:
        ground = find_ground(clone, survey)
        wish = with_policy(survey, ground, wish)
        files, remarks = plan(wish, lambda path: text_at(survey, ground.base, path))
        refuse_strangers(clone, ground, wish)
        refuse_untracked(clone, ground, files)
        remarks += tag_remarks(survey, wish, survey.remote or first_remote(clone)) + whole_remarks(clone, wish)
        above = f" above {ground.name}" if ground.base else ""
        if dry_run:
            show_plan(Console(), f"would make a commit on {BRANCH}{above}", files, remarks)
            return 0
        commit = write_commit(clone, ground.base, files, f"Begin the project at {wish.version}")
        judge(survey, commit)
    switched = give(clone, ground, commit)
    show_plan(Console(), f"made {commit[:10]} on {BRANCH}{above}", files, remarks)
    show_next(Console(), clone, wish, survey.remote or first_remote(clone), files, switched)
    return 0


def find_ground(clone: Clone, survey: Survey) -> Ground:
    """Where the project begins; fails with `Refused` where it has begun, or where it is not clear."""
    current, here = clone.branch(), clone.commit(REF)
    known = survey.refs.get(REF)
    theirs = known.commit if known and survey.remote else ""
    for tip in dict.fromkeys(each for each in (here, theirs) if each):
        version = version_at(survey, tip)
        if version:
            where = f"git switch {BRANCH}" if current != BRANCH else "ho status"
            raise Refused(f"this project has begun: '{BRANCH}' has {version} in production; go on with: {where}")
    if here and theirs and here != theirs and clone.ask("merge-base", here, theirs) != theirs:
        merge = f"git switch {BRANCH} && git merge --ff-only {survey.remote}/{BRANCH}"
        raise Refused(f"'{BRANCH}' here is not what '{survey.remote}' has; first: {merge}")
    held = clone.locals().get(BRANCH)
    if held and held.worktree and current != BRANCH:
        raise Refused(f"'{BRANCH}' is checked out in '{held.worktree}'; there: ho init")
    base = here or theirs or clone.commit("HEAD")
    name = BRANCH if here else f"{survey.remote}/{BRANCH}" if theirs else current or "HEAD"
    if not base and (clone.locals() or survey.refs):
        branch = next((ref.removeprefix(HEADS) for ref in sorted(survey.refs) if ref.startswith(HEADS)), "BRANCH")
        raise Refused(
            f"nothing is checked out here, and there are branches; first the one to begin from: git switch {branch}"
        )
    if (current == BRANCH or not base) and not is_clean(clone, untracked=not base):
        raise Refused("the working tree has changes that are in no commit; first: git add -A && git commit -m Begin")
    return Ground(clone, base, f"{name} ({base[:10]})", current)


def version_at(survey: Survey, tip: str) -> Optional[Version]:
    """The version in production where `tip` is the production branch, None for none."""
    layout = policy_at(survey, tip)[0].layout()
    return Project(Snapshot({REF: Target(tip, "commit", tip)}, survey.objects), layout).version


def policy_at(survey: Survey, commit: str) -> tuple[Config, list[str]]:
    """The policy in a commit, that of a project without one where it has none, and what is wrong with it."""
    entry = entry_at(survey.objects, commit, HALFHOOKS.policy)
    if not is_file(entry):
        return Config(), []
    assert entry is not None
    fields, problems = parse_config(survey.repository.blob_config(entry.oid))
    return make_config(fields), problems


def is_clean(clone: Clone, untracked: bool) -> bool:
    """Whether everything is committed; files that are not tracked count where `untracked`."""
    skipped = [f"--exclude={pattern}" for pattern in IGNORED]
    if clone.run("status", "--porcelain", "--untracked-files=no"):
        return False
    return not (untracked and clone.run("ls-files", "--others", "--exclude-standard", *skipped, "--", ":/"))


def with_policy(survey: Survey, ground: Ground, wish: Wish) -> Wish:
    """The wish with the `root` of a policy that exists already; fails with `Refused` where the two differ."""
    if entry_at(survey.objects, ground.base, HALFHOOKS.policy) is None:
        return wish
    config, problems = policy_at(survey, ground.base)
    if problems:
        raise Refused(f"in {HALFHOOKS.policy}, {problems[0]}; mend it and commit it, then again: ho init")
    if wish.root and wish.root != config.root:
        what = f"'{HALFHOOKS.policy}' exists, and its root is '{config.root}'"
        raise Refused(f"{what}; set halfhooks.root there and commit it, then again: ho init")
    return wish._replace(root=config.root)


def text_at(survey: Survey, base: str, path: str) -> Optional[str]:
    """The text of a file in a commit; "" for a link or a folder, None where there is nothing."""
    entry = entry_at(survey.objects, base, path)
    if entry is None:
        return None
    if is_file(entry):
        return survey.objects.blob(entry.oid).decode("utf-8", "surrogateescape")
    if path in GROWING:
        raise Refused(f"'{path}' is no file that lines can be added to; make it one, commit it, then again: ho init")
    return ""


def refuse_strangers(clone: Clone, ground: Ground, wish: Wish) -> None:
    """The folders of the workflow may hold nothing but what it keeps there: such files could hardly change any more."""
    layout = wish.layout
    ours = {file.path for file in plan(wish, lambda path: None)[0]}
    for folder in layout.folders():
        start = layout.path(folder)
        listed = (
            clone.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", ground.base, "--", start)
            if ground.base
            else ""
        )
        for path in listed.split("\0")[:-1]:
            if path not in ours:
                what = f"'{path}' is in the way: '{start}/' is where the workflow keeps its own files"
                raise Refused(f"{what}; move it, or give the workflow a folder: ho init --root DIR")


def refuse_untracked(clone: Clone, ground: Ground, files: list[Planned]) -> None:
    """A file that is to be added may not be there already, in no commit."""
    for file in files:
        if not file.grows and os.path.lexists(Path(clone.top, file.path)):
            mend = f"git add {file.path} && git commit, or move it away"
            raise Refused(
                f"'{file.path}' is in the working tree, but not in {ground.name if ground.base else 'a commit'}; {mend}"
            )


def tag_remarks(survey: Survey, wish: Wish, remote: str) -> list[str]:
    """What to do about tags of versions that are still to come; fails with `Refused` where the first one has its tag."""
    own = release_tag(wish.version, PRODUCTION, wish.layout)
    if TAGS + own in survey.refs and wish.version != FIRST:
        what = f"there is a tag '{own}', and the workflow makes its own, on the commit that adopts; first:"
        mend = f"git tag -d {own}" + (f" && git push --delete {remote} {own}" if remote else "")
        guarded = f"in a repository that is guarded already, its administrator: git --git-dir=REPOSITORY tag -d {own}"
        raise Refused("\n".join([what, f"  {mend}", *([guarded] if remote else [])]))
    tags = [(parse_ref(ref, wish.layout).version, ref[len(TAGS) :]) for ref in survey.refs if ref.startswith(TAGS)]
    later = [tag for version, tag in sorted((v, tag) for v, tag in tags if v) if version > wish.version]
    if not later:
        return []
    mend = f"delete them first, here and there (git push --delete {remote or 'origin'} {later[0]})"
    begin = f"or begin at the version that is in production: ho init --version {later[-1][1:].partition('-')[0]}"
    return [f"there are tags of versions that are still to come, such as '{later[0]}': {mend}, {begin}"]


def whole_remarks(clone: Clone, wish: Wish) -> list[str]:
    """That the whole repository is adopted, for somebody who stands in a folder of it."""
    inside = clone.ask("rev-parse", "--show-prefix").rstrip("/")
    if not inside or wish.root:
        return []
    return [f"this is for the whole of '{clone.top}'; for this folder of it: ho init --root {shlex.quote(inside)}"]


def write_commit(clone: Clone, base: str, files: list[Planned], message: str) -> str:
    """Writes a commit with the files above another one, through an index of its own; no branch knows it yet."""
    with tempfile.TemporaryDirectory(prefix="halfhooks-", dir=clone.git_dir) as folder:
        index = os.path.join(folder, "index")
        clone.run("read-tree", base or "--empty", index=index)
        lines = b""
        for file in files:
            data = file.text.encode("utf-8", "surrogateescape")
            oid = clone.run("hash-object", "-w", "--stdin", data=data)
            lines += f"{file.mode} {oid}\t{file.path}\0".encode("utf-8", "surrogateescape")
        clone.run("update-index", "-z", "--index-info", data=lines, index=index)
        tree = clone.run("write-tree", index=index)
    return clone.run("commit-tree", tree, *(["-p", base] if base else []), "-m", message)


def judge(survey: Survey, commit: str) -> None:
    """Fails with `Refused`, which says all that is wrong, where the server would refuse the commit as a first one."""
    known = survey.refs.get(REF)
    push, _ = survey.move(Update(known.commit if known else "", commit, REF))
    findings = [finding for finding in check(push) if not finding.warning]
    if findings:
        lines = to_text(findings, RULES, "nothing was changed")
        raise Refused("\n".join(["the server would refuse this:", *lines]))


def give(clone: Clone, ground: Ground, commit: str) -> bool:
    """Gives the commit to ho-prod, and checks that out where nothing stands in the way; says whether it is checked out."""
    if not ground.base and ground.current != BRANCH:
        clone.run("symbolic-ref", "HEAD", REF)
    if ground.current == BRANCH or not ground.base:
        try:
            clone.run("merge", "-q", "--ff-only", commit)
        except GitError:
            clone.run("symbolic-ref", "HEAD", HEADS + ground.current)
            raise
        return True
    old = clone.commit(REF)
    clone.run("update-ref", "-m", "ho init", REF, commit, old or "0" * len(commit))
    if not is_clean(clone, untracked=False):
        return False
    try:
        clone.run("switch", "-q", "--no-guess", BRANCH)
    except GitError:
        return False
    return True


# --- what is said


def show_plan(console: Console, title: str, files: list[Planned], remarks: list[str]) -> None:
    """What was done, or would be."""
    console.line(title, "bold")
    for file in files:
        if file.grows:
            console.line(f"  {file.path} grows by")
            console.block(file.grows, "dim", indent=4)
        else:
            console.line(f"  {file.path}" + (f" -> {file.text}" if file.mode != FILE else ""))
    for remark in remarks:
        console.block(f"halfhooks: warning: {remark}", "yellow", indent=0)


def show_next(console: Console, clone: Clone, wish: Wish, remote: str, files: list[Planned], switched: bool) -> None:
    """The commands that follow."""
    console.title("next")
    for what, command in next_commands(clone, wish, remote, files, switched):
        console.line(f"  {command:40}  # {what}" if what else f"  {command}", "green")


def next_commands(clone: Clone, wish: Wish, remote: str, files: list[Planned], switched: bool) -> list[tuple[str, str]]:
    """The commands that follow, each with what it is for."""
    layout, version = wish.layout, wish.version
    steps = []
    here = os.path.relpath(clone.top)
    if here != "." and not clone.up:
        steps.append(("", f"cd {shlex.quote(here)}"))
    if not switched:
        steps.append(("when your changes are committed", f"git switch {BRANCH}"))
    model = layout.path(layout.model, f"{layout.schema}{version}.sql")
    if version != FIRST and any(file.path == model for file in files):
        place = shlex.quote(layout.path(layout.model))
        mend = "look through" if wish.model else "fill"
        what = f"first {mend} the two files of {version}: a push fixes them"
        steps.append((what, f"git commit --amend --no-edit {place}"))
    steps.append(("the hooks of this clone; those of pre-commit install see less", "ho install client"))
    if not remote:
        steps.append(("the server's address; ho install server guards it", "git remote add origin URL"))
    steps.append(("", f"git push -u {remote or 'origin'} {BRANCH}"))
    if version != FIRST:
        tag = release_tag(version, PRODUCTION, layout)
        steps.append(("where a hotfix begins", f"git tag -a -m 'Release {version}' {tag} {BRANCH}"))
        steps.append(("", f"git push {remote or 'origin'} {tag}"))
        if wish.connection:
            adopt = f"ho upgrade --adopt {version} --database {shlex.quote(wish.connection)}"
            steps.append(("the database learns that it is at it", adopt))
    steps.append(("where the project stands, and how it goes on", "ho status"))
    return steps


def first_remote(clone: Clone) -> str:
    """A remote, where there is one that is not called origin."""
    return clone.ask("remote").partition("\n")[0]

"""The project of the working directory, as the commands that work on databases need it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from halfhooks.collect import own_keys
from halfhooks.config import Config, make_config, parse_config
from halfhooks.git import GitError, Repository, parse_pairs
from halfhooks.ho.plan import Plan, model_files, read_plan
from halfhooks.ho.repository import Clone, find_git, unread
from halfhooks.ho.trees import CommitTree, WorkingTree
from halfhooks.layout import HEADS, Layout
from halfhooks.names import PATCH_BRANCH, PRODUCTION_BRANCH, RELEASE_BRANCH, parse_ref
from halfhooks.survey import ORIGIN, CannotTell, Reader, tracking
from halfhooks.values import NamedTuple

if TYPE_CHECKING:  # who only wants to know the project does without psycopg2
    from halfhooks.ho.database.configured import Settings
    from halfhooks.ho.database.databases import Database, Databases
    from halfhooks.ho.database.python_files import Interpreter, PythonRunner


class Project(NamedTuple):
    """A clone with its policy. `environment` is that of the caller, `own` are the clone's own keys.

    `declared` is what halfhooks.conf calls the database for everybody; a clone may have another for itself.
    """

    clone: Clone
    repository: Repository
    config: Config
    layout: Layout
    environment: Mapping[str, str]
    own: Sequence[tuple[str, str]] = ()
    declared: str = ""

    @property
    def settings(self) -> Settings:
        """What the project says about its database."""
        from halfhooks.ho.database.configured import Settings

        folder = "".join(letter if letter.isalnum() else "_" for letter in Path(self.clone.top).name.lower())
        return Settings(self.config.database, self.config.package.rpartition("/")[2] or folder)

    @property
    def database(self) -> str:
        """The name of its development database."""
        from halfhooks.ho.database.configured import database_name

        return database_name(self.settings, self.environment)

    def python(self) -> PythonRunner:
        """What runs its Python files."""
        from halfhooks.ho.database.python_files import PythonRunner

        return PythonRunner(self.interpreter())

    def interpreter(self) -> Interpreter:
        """The interpreter of the project, at work in its working tree. What git tells a hook is not for what it runs."""
        from halfhooks.ho.checkout import without_git
        from halfhooks.ho.database.configured import is_dsn
        from halfhooks.ho.database.python_files import Interpreter, find_interpreter

        path = find_interpreter(self.config.python, self.clone.top, self.environment)
        names = (self.declared, self.config.database, self.config.package_name().partition(".")[0])
        half_orm = tuple(
            dict.fromkeys(name for name in names if name == os.path.basename(name) != "" and not is_dsn(name))
        )
        return Interpreter(path, self.clone.top, half_orm, without_git(self.environment))

    def with_policy(self, config: Config, declared: str) -> Project:
        """The same clone under the policy of another tree."""
        return self._replace(config=config, layout=config.layout(), declared=declared)


def open_project(clone: Optional[Clone] = None, own: Optional[Sequence[tuple[str, str]]] = None) -> Project:
    """The project of the working directory; `CannotTell` where there is none, or its policy cannot be read.

    `own` are the keys of the clone where they are known.
    """
    git = find_git()
    clone = clone or Clone(git)
    if not clone.top:
        raise CannotTell("this repository has no working tree: go to a clone of it")
    repository = Repository(git, clone.common_dir, os.environ)
    layout = Config().layout()
    file = os.path.join(clone.top, layout.policy)
    fields, problems = parse_config(_read_pairs(repository, file))
    for problem in problems:
        raise CannotTell(f"in {file}: {problem}")
    own = own_keys(repository.start_config()) if own is None else own
    config, declared = merged(fields, own)
    return Project(clone, repository, config, config.layout(), dict(os.environ), own, declared)


def merged(fields: Mapping[str, object], own: Iterable[tuple[str, str]]) -> tuple[Config, str]:
    """The policy of a file under a clone's own keys, and what the file alone calls the database."""
    return make_config({**fields, **parse_config(own)[0]}), make_config(fields).database


def _read_pairs(repository: Repository, file: str) -> list[tuple[str, str]]:
    if not os.path.exists(file):
        return []
    try:
        return parse_pairs(repository.start("config", "--file", file, "--no-includes", "-z", "--list").finish())
    except GitError as error:
        raise CannotTell(f"in {file}: {unread(error)}") from None


def plan_here(project: Project) -> Plan:
    """The plan of the working tree, by the branch that is checked out; `CannotTell` on a branch that has none."""
    branch = project.clone.branch()
    name = parse_ref(HEADS + branch, project.layout)
    source = WorkingTree(project.clone.top)
    if name.kind == PATCH_BRANCH:
        return read_plan(source, project.layout, name.patch)
    if name.kind in (RELEASE_BRANCH, PRODUCTION_BRANCH):
        return read_plan(source, project.layout)
    where = f"'{branch}' is neither a patch branch nor a release branch" if branch else "HEAD is detached"
    raise CannotTell(f"{where}: git switch to one, or ho apply --release X.Y.Z, or ho apply --production")


def plan_of_tree(project: Project) -> Plan:
    """The plan of the working tree, also where no branch of the workflow is checked out: then what its releases list."""
    name = parse_ref(HEADS + project.clone.branch(), project.layout)
    return read_plan(WorkingTree(project.clone.top), project.layout, name.patch if name.kind == PATCH_BRANCH else "")


def plan_of_version(project: Project, label: str) -> Plan:
    """The plan of a version whose model is in the working tree, production's for ""; `CannotTell` without one."""
    source = WorkingTree(project.clone.top)
    if not label:
        return read_plan(source, project.layout, production=True)
    return Plan(label, model_files(source, project.layout, label), ())


def plan_of_branch(project: Project, branch: str, production: bool = False) -> Plan:
    """The plan of a branch: of the working tree where it is checked out, else of its tip here, else of the remote's."""
    if project.clone.branch() == branch:
        return read_plan(WorkingTree(project.clone.top), project.layout, production=production)
    commit = project.clone.commit(HEADS + branch) or project.clone.commit(tracking(ORIGIN) + branch)
    if not commit:
        raise CannotTell(f"there is no branch '{branch}', here or on {ORIGIN}: git fetch {ORIGIN}")
    reader = Reader(project.repository)
    try:
        return read_plan(CommitTree(reader, commit), project.layout, production=production)
    finally:
        reader.close()


def refuse_foreign(
    project: Project, databases: Databases, name: str, replace: bool, command: str
) -> Optional[Database]:
    """The database of a name when we may replace it, None when there is none; else `CannotTell` with what allows it."""
    from halfhooks.ho.database.configured import is_production
    from halfhooks.ho.database.databases import DEVELOPMENT, PREFIX, PRODUCTION_COMMENT

    file = is_production(project.settings, name, project.environment)
    if file:
        raise CannotTell(f"'{name}' is in production, {file} says: --to another database")
    found = databases.find(name)
    if name.startswith(PREFIX) or name in ("postgres", "template0", "template1"):
        raise CannotTell(f"'{name}' is no name for a database of a project: --to another one")
    if found is None:
        return None
    if found.comment.startswith(PRODUCTION_COMMENT):
        raise CannotTell(f"'{name}' is in production, its comment says: --to another database")
    if found.kind != DEVELOPMENT and not replace:
        raise CannotTell(
            f"'{name}' was not made by halfhooks, and would be replaced. That is allowed by: {command} --replace; "
            f"another database is made by: {command} --to {name}_dev"
        )
    clone = str((found.mark or {}).get("clone", ""))
    if found.kind == DEVELOPMENT and clone != project.clone.common_dir and Path(clone).is_dir() and not replace:
        other = shlex.quote(f"{name}_2")
        own = (
            f"git config halfhooks.project.database {other}" if name == project.database else f"{command} --to {other}"
        )
        raise CannotTell(
            f"'{name}' is the database of another clone, {clone}. This one gets one of its own by: {own}; "
            f"that of the other is replaced by: {command} --replace"
        )
    return found

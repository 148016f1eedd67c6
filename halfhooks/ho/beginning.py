"""What a project begins with: its first version, its folders, its policy, and what its developers' machines need.

Pure functions over texts. What a repository has already is kept; `.gitignore` and `.pre-commit-config.yaml` grow at their
ends, so that nothing which stands in them is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Optional

from halfhooks.layout import HALFHOOKS, PRODUCTION, Layout
from halfhooks.names import release_file
from halfhooks.snapshot import FILE, SYMLINK
from halfhooks.values import NamedTuple
from halfhooks.version import Version

PRE_COMMIT = ".pre-commit-config.yaml"
IGNORE = ".gitignore"
GROWING = (IGNORE, PRE_COMMIT)
"""Files that lines are added to where they exist."""

STAGES = ("pre-commit", "commit-msg", "pre-push", "pre-merge-commit")
"""The hooks that `pre-commit install` has to install for a project of ours.

Those after a merge or a checkout are left out: the framework prints lines about each hook even where it has no news.
"""
HOOKS = ("halfhooks-pre-commit", "halfhooks-commit-msg", "halfhooks-pre-push")
"""What they run of ours."""

INSTALL_TYPES = f"default_install_hook_types: [{', '.join(STAGES)}]"
TYPES_KEY = "default_install_hook_types:"

IGNORED = (".venv", "__pycache__/", "*.pyc")

Have = Callable[[str], Optional[str]]
"""The text of a file by its path, None where there is no such file."""


class Wish(NamedTuple):
    """What was asked for. `root` is "" or ends with a slash."""

    version: Version
    root: str
    package: str
    database: str
    model: Mapping[str, str] = {}
    """The text of the files of the model by their kind, where a database is taken over."""
    connection: str = ""
    """What leads to that database."""

    @property
    def layout(self) -> Layout:
        """Where the project keeps its files."""
        return HALFHOOKS._replace(root=self.root)


class Planned(NamedTuple):
    """A file of the first commit: `grows` where it exists already, with what it grows by."""

    path: str
    mode: str
    text: str
    grows: str = ""


def plan(wish: Wish, have: Have) -> tuple[list[Planned], list[str]]:
    """The files that are missing, and what could not be done to those that exist, in words."""
    files = [each for each in _new_files(wish) if have(each.path) is None]
    ignore = _grown(IGNORE, have(IGNORE), missing_ignores(have(IGNORE)))
    merged, remark = merge_hooks(have(PRE_COMMIT))
    hooks = Planned(PRE_COMMIT, FILE, merged, added(have(PRE_COMMIT) or "", merged)) if merged else None
    files += [each for each in (ignore, hooks) if each]
    return sorted(files), [remark] if remark else []


def _new_files(wish: Wish) -> Iterator[Planned]:
    layout, version = wish.layout, wish.version
    yield Planned(layout.path(layout.releases, release_file(version, PRODUCTION, layout)), FILE, "")
    yield Planned(layout.path(layout.releases, layout.readme), FILE, RELEASES_README)
    yield Planned(layout.path(layout.patches, layout.readme), FILE, PATCHES_README)
    for kind, what in (
        (layout.schema, "structure of the database"),
        (layout.metadata, "rows that belong to the version"),
    ):
        text = wish.model.get(kind) or f"-- {version}: the {what} in production\n"
        yield Planned(layout.path(layout.model, f"{kind}{version}.sql"), FILE, text)
    yield Planned(layout.path(layout.model, layout.schema_link), SYMLINK, f"{layout.schema}{version}.sql")
    yield Planned(layout.policy, FILE, policy(wish))
    yield Planned(f"{wish.root}tests/README.md", FILE, TESTS_README)


def _grown(path: str, old: Optional[str], more: str) -> Optional[Planned]:
    if not more:
        return None
    head = old or ""
    if head and not head.endswith("\n"):
        head += "\n"
    return Planned(path, FILE, head + more, more if old is not None else "")


def missing_ignores(old: Optional[str]) -> str:
    """The lines that a `.gitignore` lacks of ours."""
    known = {line.strip().strip("/") for line in (old or "").splitlines()}
    lines = [line for line in IGNORED if line.strip("/") not in known]
    return "".join(f"{line}\n" for line in lines)


def added(old: str, new: str) -> str:
    """The lines of a text that an older one does not have, "" where there was none."""
    known = set(old.splitlines())
    return "".join(f"{line}\n" for line in new.splitlines() if line not in known) if old else ""


# --- halfhooks.conf


def policy(wish: Wish) -> str:
    """The text of `halfhooks.conf`: every key, with what it means."""
    return POLICY.format(
        root=quoted(wish.root.rstrip("/")), package=quoted(wish.package), database=quoted(wish.database)
    )


def quoted(value: str) -> str:
    """A value as git-config reads it back: see git-config(1), "syntax"."""
    if re.fullmatch(r"[\w./-]*", value, re.ASCII):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


POLICY = """\
# The policy of this project, in the syntax of git's own configuration. The server reads it from ho-prod
# as it was before a push; once the project has begun it changes by patches, as everything else does.

[halfhooks]
\tworkflow = halfhooks
\t# the folder of a monorepo that holds releases/, Patches/ and model/; fixed by the first commit
\troot = {root}
\t# may change on ho-prod and release branches by themselves, without a patch
\tfreePaths = .github/**, .gitlab-ci.yml, docs/**, README.md, CHANGELOG.md
\t# refuse: no branches and tags outside the workflow
\totherRefs = allow
\t# further namespaces of refs that may be pushed, such as refs/notes
\tallowNamespaces =
\t# a patch number, the ticket's, belongs to one patch only
\tuniqueNumbers = true
\t# refuse: patch branches only grow
\tpatchRewrite = allow
\t# codes of rules that only warn, such as HH109; ho explain lists them
\twarn =
\tvalidation = off

[halfhooks "project"]
\tpackage = {package}
\tdatabase = {database}
\t# the interpreter that runs Python patches and tests: the project's own
\tpython = .venv/bin/python
\ttests = pytest
\t# apply: a commit that changes Patches/ on a patch branch first brings the development database to it
\tonCommit = check
\t# validate-release: a release is validated before it is pushed; validate: a patch as well
\tonPush = validate-release
\t# the longest that a hook may take for that, in seconds
\ttimeLimit = 1800
\t# what would make production stand still: off, warn, or refuse; lockMode is the weakest lock that counts
\tlocks = warn
\tlockMode = share
\t# what a commit message on a patch branch refers to its ticket with
\tticket = "Refs #"
\t# fetch before saying what the release of a patch has gained; else that is told as of the last fetch
\tfetch = false
\t# what ho codegen makes of the schema in the package: half_orm, typeddict, or none
\tcodegenTarget = half_orm
\t# only these schemas, without the relations whose schema.name matches one of the patterns
\tcodegenSchemas =
\tcodegenExclude =
\t# a folder for tests, one for each class
\tcodegenTests =
\t# names and types of your own, a line each: public.users=People, public.users.settings=shop.types:Settings
\tcodegenName =
\tcodegenType =
"""

# --- .pre-commit-config.yaml

ENTRY = """\
- repo: local
  hooks:
  - id: halfhooks-pre-commit
    name: halfhooks (commit)
    entry: ho hook pre-commit
    language: system
    stages: [pre-commit, pre-merge-commit]
    always_run: true
    pass_filenames: false
    require_serial: true
  - id: halfhooks-commit-msg
    name: halfhooks (reference to the ticket)
    entry: ho hook commit-msg
    language: system
    stages: [commit-msg]
    always_run: true
    require_serial: true
  - id: halfhooks-pre-push
    name: halfhooks (push)
    entry: ho hook pre-push
    language: system
    stages: [pre-push]
    always_run: true
    pass_filenames: false
    require_serial: true
"""
"""Our hooks as `.pre-commit-hooks.yaml` describes them, run by the `ho` that is installed: nothing has to be fetched."""


def merge_hooks(old: Optional[str]) -> tuple[str, str]:
    """The text of `.pre-commit-config.yaml` with our hooks in it, and what is to be said where that is not possible.

    "" for the text where nothing has to change, or where nothing can be changed safely. Only whole lines are added, so
    comments stay.
    """
    if not (old or "").strip():
        return f"{INSTALL_TYPES}\nrepos:\n{ENTRY}", ""
    assert old is not None
    if all(f"id: {hook}" in old for hook in HOOKS):
        return "", ""
    lines = old.splitlines()
    place = _end_of_repos(lines)
    if place is None:
        return "", f"'{PRE_COMMIT}' is left alone, for its list of repos is not one that can be added to; add:\n{ENTRY}"
    number, indent = place
    lines[number:number] = [indent + line for line in ENTRY.splitlines()]
    head = []
    if not any(line.startswith(TYPES_KEY) for line in lines):
        head = [INSTALL_TYPES]
    elif missing := [stage for stage in STAGES if stage not in installed_types(old)]:
        remark = f"'{PRE_COMMIT}': add to {TYPES_KEY} {', '.join(missing)}"
        return "\n".join([*lines, ""]), remark
    begin = 1 if lines[0] == "---" else 0
    return "\n".join([*lines[:begin], *head, *lines[begin:], ""]), ""


def _end_of_repos(lines: list[str]) -> Optional[tuple[int, str]]:
    """Where the list below `repos:` ends, and how its items are indented; None where it is no list of lines."""
    starts = [number for number, line in enumerate(lines) if re.match(r"repos\s*:\s*(#.*)?$", line)]
    if len(starts) != 1:
        return None
    end, indent = starts[0] + 1, None
    for number, line in enumerate(lines[end:], end):
        item = re.match(r"( *)- ", line)
        if indent is None and item:
            indent = item.group(1)
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if indent is None or not (line.startswith((indent + "- ", indent + " "))):
            break
        end = number + 1
    return (end, indent) if indent is not None else None


def installed_types(text: str) -> list[str]:
    """The hook types that a `.pre-commit-config.yaml` wants to have installed; those of the framework where it is silent."""
    match = re.search(rf"^{TYPES_KEY}\s*(\[[^\]]*\]|(?:\s*(?:#.*)?\n\s*- .*)+)", text, re.MULTILINE)
    if match is None:
        return ["pre-commit"]
    body = re.sub(r"#.*", "", match.group(1))
    return re.findall(r"[a-z][a-z-]*[a-z]", body)


# --- what belongs where

RELEASES_README = """\
# Releases

Small lists of patches, one id a line, in the order in which databases apply them.

| file | what it says | where it changes |
|---|---|---|
| `X.Y.Z-candidates.txt` | patches that are to come | on `ho-release/X.Y.Z` |
| `X.Y.Z-stage.txt` | patches that are integrated and frozen | on `ho-release/X.Y.Z` |
| `X.Y.Z-rcN.txt` | what release candidate N brought | never |
| `X.Y.Z.txt`, `X.Y.Z-hotfixN.txt` | what went to production | never |

Nothing else belongs here. `ho status` shows where each release stands.
"""

PATCHES_README = """\
# Patches

One folder for each patch, called like its branch: `Patches/42-some-words/` of `ho-patch/42-some-words`, for ticket 42.

* `README.md` says what the patch is for.
* `*.sql` and `*.py` directly in the folder run in the order of their names: `01_users.sql`, `02_fill.sql`.
* No `BEGIN`, `COMMIT` or psql commands: each file runs in a transaction. What cannot, such as `VACUUM`, stands alone in a
  file whose first line is `-- halfhooks: no-transaction`.
* A patch that changes only code has just its `README.md`.

Once a patch is staged its folder is fixed; what comes late is a new patch.
"""

TESTS_README = """\
# Tests

What a release has to pass before it goes to production. They change through patches, together with what they test.
"""

"""Where a workflow keeps its branches, tags and files: one value per supported workflow, data and no code.

The form of a name is a text before and a text after its number: `("-rc", ".txt")` is the form of `-rc1.txt`.
A form whose second half is None carries no number: `("-stage.txt", None)`.

Another workflow is another value in `WORKFLOWS`. Its files and tags may be called otherwise; its branches and its policy
may not, for the policy, on the production branch, is what says which workflow it is.
"""

from __future__ import annotations

from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    Form = tuple[str, Optional[str]]

CANDIDATES = "candidates"
STAGE = "stage"
RC = "rc"
PRODUCTION = "production"
HOTFIX = "hotfix"
ABANDONED = "abandoned"

IMMUTABLE_FILES = (RC, PRODUCTION, HOTFIX)


class Layout(NamedTuple):
    """The names of one workflow. Folders are relative to `root`, which is "" or ends with a slash."""

    workflow: str
    production: str
    release: str
    patch: str
    reserved: str
    tag: str
    tags: tuple[tuple[str, Form], ...]
    files: tuple[tuple[str, Form], ...]
    releases: str
    patches: str
    model: str
    readme: str
    schema_link: str
    schema: str
    metadata: str
    marker: str
    policy: str
    tool_config: str
    root: str = ""

    def production_ref(self) -> str:
        """The full name of the production branch."""
        return HEADS + self.production

    def folders(self) -> tuple[str, str, str]:
        """The three folders that the rules read: releases, patches, model."""
        return self.releases, self.patches, self.model

    def path(self, folder: str, *names: str) -> str:
        """The path of a file below one of the folders, from the top of the repository."""
        return self.root + "/".join((folder,) + names)


HEADS = "refs/heads/"
TAGS = "refs/tags/"

HALFHOOKS = Layout(
    workflow="halfhooks",
    production="ho-prod",
    release="ho-release/",
    patch="ho-patch/",
    reserved="ho-",
    tag="v",
    tags=(
        (PRODUCTION, ("", None)),
        (RC, ("-rc", "")),
        (HOTFIX, ("-hotfix", "")),
        (ABANDONED, ("-abandoned", "")),
    ),
    files=(
        (CANDIDATES, ("-candidates.txt", None)),
        (STAGE, ("-stage.txt", None)),
        (RC, ("-rc", ".txt")),
        (HOTFIX, ("-hotfix", ".txt")),
        (PRODUCTION, (".txt", None)),
    ),
    releases="releases",
    patches="Patches",
    model="model",
    readme="README.md",
    schema_link="schema.sql",
    schema="schema-",
    metadata="metadata-",
    marker="# HOTFIX",
    policy="halfhooks.conf",
    tool_config=".hop/config",
)

WORKFLOWS = {HALFHOOKS.workflow: HALFHOOKS}

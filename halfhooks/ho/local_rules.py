"""The rules that no push can be judged by, for they need a working tree or a database: for clients and `ho validate`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from halfhooks.rules import Finding, Rule

if TYPE_CHECKING:
    from halfhooks.rules._registry import Check

TREE = "tree"
"""The scope of these rules."""


def generated_code_stale(files: Sequence[str]) -> Iterator[Finding]:
    """Classes that are older than the schema promise columns that are not there, and hide those that are.

    What `ho codegen` makes of the schema is committed together with the patch that changes it. `ho apply` writes it, and
    so does `ho hook codegen`, which stops the commit once. A project that commits no classes says
    `codegenTarget = none`, or ignores them in git.

    Refused::

        $ echo 'alter table users add column born date;' > Patches/2-new/02_born.sql
        $ git add Patches; git commit -m 'Users are born'

    Accepted::

        $ echo 'alter table users add column born date;' > Patches/2-new/02_born.sql
        $ ho apply; git add Patches shop; git commit -m 'Users are born'
    """
    if files:
        shown = f"'{files[0]}'" + (f" and {len(files) - 1} more" if len(files) > 1 else "")
        yield Finding(f"{shown}: generated code is not, in this commit, what the schema gives", code="HH701")


LOCAL = {
    "HH701": Rule(
        "HH701",
        TREE,
        "ho codegen, then git add what it has written",
        False,
        cast("Check", generated_code_stale),  # for its name and its page; what it is called with is no push
    )
}
"""Beside `halfhooks.rules.RULES`."""

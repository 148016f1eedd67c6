"""`ho explain`: what a rule refuses, why, and what to do about it. Its text is the rule's own docstring."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Sequence
from typing import Optional

from halfhooks.ho.cli import command_parser
from halfhooks.ho.console import Console
from halfhooks.names import nearest
from halfhooks.rules import RULES, Rule

UNKNOWN = 2

EXAMPLES = """
ho explain HH301
ho explain release-file-immutable
ho explain
ho explain --all --format markdown
"""

GROUPS = {
    "HH0": "Protocol",
    "HH1": "Branches",
    "HH2": "Versions",
    "HH3": "Release files",
    "HH4": "Patches",
    "HH5": "Model",
    "HH6": "Tags",
    "HH7": "Generated code",
    "HH8": "Validation",
}

SCOPES = {
    "commit": "every new commit of a push",
    "update": "the refs before and after a push",
}


def parser() -> argparse.ArgumentParser:
    """The parser of `ho explain`."""
    parser = command_parser("explain", "Shows what a rule refuses, why, and what to do about it.", EXAMPLES)
    parser.add_argument("rule", nargs="?", help="its code or name; without it, all rules are listed")
    parser.add_argument("--all", action="store_true", help="the pages of all rules")
    parser.add_argument("--format", choices=("text", "markdown"), default="text", help="default: text")
    return parser


def main(argv: Sequence[str]) -> int:
    """Prints one rule's page, all pages, or the list; 2 when there is no such rule."""
    arguments = parser().parse_args(argv)
    console = Console()
    if arguments.rule is None and not arguments.all:
        contents(console)
        return 0
    chosen = rules() if arguments.all else [rule for rule in [find(arguments.rule)] if rule]
    if not chosen:
        meant = nearest(arguments.rule, [word for rule in rules() for word in (rule.code, rule.slug)])
        wrong = f"halfhooks: there is no rule '{arguments.rule}'; the nearest is: ho explain {meant}"
        Console(sys.stderr).line(wrong)
        return UNKNOWN
    if arguments.format == "markdown":
        print(markdown(chosen), end="")
        return 0
    for rule in chosen:
        page(console, rule)
    return 0


def rules() -> list[Rule]:
    """All rules, by code."""
    return [RULES[code] for code in sorted(RULES)]


def text(rule: Rule) -> str:
    """A rule's page without the indentation of its docstring."""
    return inspect.cleandoc(rule.doc)


def find(word: str) -> Optional[Rule]:
    """The rule with this code or slug, in any case of letters; `301` is read as `HH301`."""
    wanted = word.lower()
    for rule in rules():
        if wanted in (rule.code.lower(), rule.code[2:], rule.slug):
            return rule
    return None


def contents(console: Console) -> None:
    """All rules, by group."""
    groups = [
        (title, [f"{rule.code}  {rule.slug}" for rule in rules() if rule.code.startswith(prefix)])
        for prefix, title in GROUPS.items()
    ]
    console.tree("the rules; one in full: ho explain CODE", [group for group in groups if group[1]])


def page(console: Console, rule: Rule) -> None:
    """One rule, as text."""
    console.title(f"{rule.code} {rule.slug}")
    console.line()
    console.block(text(rule))
    console.line()
    console.line(f"  judged on:  {SCOPES[rule.scope]}", "dim")
    console.line(f"  to mend it: {rule.hint}", "green")


def markdown(chosen: Sequence[Rule]) -> str:
    """The rules as one Markdown document, by group, with a list at the top."""
    lines = [
        "# The rules",
        "",
        "Written by `make docs` from the rules themselves. In a terminal: `ho explain CODE`.",
        "",
    ]
    lines += ["| code | name | why |", "|---|---|---|"]
    lines += [f"| [{rule.code}](#{rule.code.lower()}-{rule.slug}) | {rule.slug} | {rule.why} |" for rule in chosen]
    for prefix, title in GROUPS.items():
        group = [rule for rule in chosen if rule.code.startswith(prefix)]
        if group:
            lines += ["", f"## {title}"]
        for rule in group:
            lines += ["", f"### {rule.code} {rule.slug}", "", text(rule), ""]
            lines += [f"Judged on {SCOPES[rule.scope]}. To mend it: {rule.hint}"]
    return "\n".join(lines) + "\n"

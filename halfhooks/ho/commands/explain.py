"""`ho explain`: what a rule refuses, why, and what to do about it. Its text is the rule's own docstring."""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Sequence
from itertools import groupby
from typing import Optional

from halfhooks.ho.cli import command_parser
from halfhooks.ho.console import Console
from halfhooks.ho.local_rules import LOCAL
from halfhooks.ho.prose import WIDTH, fitted
from halfhooks.names import distance, nearest
from halfhooks.rules import RULES, Rule

UNKNOWN = 2

MOST = 8
"""So many rules are named where one was asked for that is none."""

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
    "tree": "a working tree, by the hooks of a clone and by ho validate",
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
        unknown(Console(sys.stderr), arguments.rule)
        return UNKNOWN
    if arguments.format == "markdown":
        print(markdown(chosen), end="")
        return 0
    for rule in chosen:
        page(console, rule)
    return 0


def rules() -> list[Rule]:
    """All rules, by code."""
    known = {**RULES, **LOCAL}
    return [known[code] for code in sorted(known)]


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


def unknown(console: Console, word: str) -> None:
    """Says that there is no such rule, and which ones may have been meant."""
    nothing = f"halfhooks: there is no rule '{word}'"
    near, found = close(word), speaking_of(word)
    if re.fullmatch("(hh)?[0-9]{3}", word.lower()):
        near, found = "", neighbours(int(word[-3:]))
    if near:
        console.line(f"{nothing}; the nearest is: ho explain {near}")
    elif found:
        console.line(f"{nothing}; these come near:")
        for line in listed(found[:MOST]):
            console.line(f"  {line}")
        console.line("one in full: ho explain CODE")
    else:
        console.line(f"{nothing}, and none comes near; all of them: ho explain")


def is_near(word: str, other: str) -> bool:
    """Whether one may be a slip for the other: no more than a third of it is wrong."""
    return distance(word.lower(), other.lower()) * 3 <= len(word)


def close(word: str) -> str:
    """The code or slug that was mistyped, "" where none is near."""
    meant = nearest(word, [name for rule in rules() for name in (rule.code, rule.slug)])
    return meant if is_near(word, meant) else ""


def neighbours(number: int) -> list[Rule]:
    """The two rules of the same group whose numbers are nearest to one that is none."""
    group = [rule for rule in rules() if int(rule.code[2:]) // 100 == number // 100]
    nearest_first = sorted(group, key=lambda rule: abs(int(rule.code[2:]) - number))
    return sorted(nearest_first[:2], key=lambda rule: rule.code)


def speaking_of(word: str) -> list[Rule]:
    """The rules with that word, those first that have it in their slug, then their why, their page, its examples.

    A word that no rule has is taken for a slip of one that some have.
    """
    wanted = word.lower()
    told = {rule.code: words_by_weight(rule) for rule in rules()}
    known = {each for weights in told.values() for words in weights for each in words}
    meant = {each for each in known if each == wanted or (len(wanted) > 2 and each.startswith(wanted))}
    meant = meant or {nearest(wanted, sorted(each for each in known if is_near(wanted, each)))}  # {""} meets no word
    ranked = [
        (next(rank for rank, words in enumerate(told[rule.code]) if words & meant), rule.code)
        for rule in rules()
        if any(words & meant for words in told[rule.code])
    ]
    return [found for _, code in sorted(ranked) for found in rules() if found.code == code]


def words_by_weight(rule: Rule) -> list[set[str]]:
    """The words of a rule's slug, of its why, of its page, and of the examples there."""
    lines = text(rule).splitlines()
    prose = " ".join(line for line in lines if not line.startswith(" "))
    examples = " ".join(line for line in lines if line.startswith(" "))
    return [set(re.findall("[a-z0-9_]+", part.lower())) for part in (rule.slug, rule.why, prose, examples)]


def listed(chosen: Sequence[Rule]) -> list[str]:
    """One line a rule: code, slug and why."""
    width = max((len(rule.slug) for rule in rules()), default=0)
    return [f"{rule.code}  {rule.slug:{width}}  {rule.why}" for rule in chosen]


def contents(console: Console) -> None:
    """All rules, by group, one a line."""
    groups = [
        (title, listed([rule for rule in rules() if rule.code.startswith(prefix)])) for prefix, title in GROUPS.items()
    ]
    console.tree("the rules; one in full: ho explain CODE", [group for group in groups if group[1]])


def page(console: Console, rule: Rule) -> None:
    """One rule, as text."""
    console.title(f"{rule.code} {rule.slug}")
    console.line()
    console.block(prose(text(rule)))
    console.line()
    console.prose(f"judged on:  {SCOPES[rule.scope]}", "dim", indent=2, hang=12)
    console.prose(f"to mend it: {rule.hint}", "green", indent=2, hang=12)


def prose(page: str) -> str:
    """A page whose paragraphs fit the terminal; its examples are commands, and stay as they are."""
    groups = groupby(page.splitlines(), key=lambda line: line.startswith("    "))
    texts = ((example, "\n".join(lines)) for example, lines in groups)
    return "\n".join(part if example else fitted(part, WIDTH - 2) for example, part in texts)


def fenced(lines: Sequence[str]) -> list[str]:
    """A page with its examples in Markdown: `Refused::` becomes a bold line, the commands below it a block."""
    done: list[str] = []
    inside = False
    for number, line in enumerate(lines):
        if re.fullmatch("(Refused|Accepted)::", line):
            done += [f"**{line[:-2]}**", "", "```console"]
            inside = True
        elif not inside:
            done.append(line)
        elif line:
            done.append(line.removeprefix("    "))
        elif done[-1] != "```console":  # an empty line ends the commands, unless more of them follow
            following = lines[number + 1 : number + 2]
            if following and following[0].startswith(" "):
                done.append(line)
            else:
                done += ["```", line]
                inside = False
    return [*done, "```"] if inside else done


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
            lines += ["", f"### {rule.code} {rule.slug}", "", *fenced(text(rule).splitlines()), ""]
            lines += [f"Judged on {SCOPES[rule.scope]}. To mend it: {rule.hint}"]
    return "\n".join(lines) + "\n"

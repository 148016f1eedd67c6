"""What a rule is, and the table of all rules."""

from __future__ import annotations

from halfhooks.production import flaws
from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Callable

    from halfhooks.push import Move, Push

    Check = Callable[[Push], Iterator["Finding"]]

COMMIT = "commit"
UPDATE = "update"


class Finding(NamedTuple):
    """One violation. `text` says what is wrong; the rest says where: "" or 0 where it does not apply."""

    text: str
    ref: str = ""
    commit: str = ""
    path: str = ""
    line: int = 0
    column: int = 0
    help: str = ""
    warning: bool = False
    code: str = ""


class Rule(NamedTuple):
    """A rule: `check` yields a finding for each violation; its docstring is the rule's page.

    `scope` says what it looks at: one commit at a time, or the refs before and after. `state` rules hold for the
    repository as it stands, whatever led there, so that `ho check` can hold them against it.
    """

    code: str
    scope: str
    hint: str
    state: bool
    check: Check

    @property
    def slug(self) -> str:
        """The rule's name for people, such as `release-file-immutable`."""
        return self.check.__name__.replace("_", "-")

    @property
    def doc(self) -> str:
        """The whole page."""
        return self.check.__doc__ or ""

    @property
    def why(self) -> str:
        """The reason for the rule: the first line of its page, as one clause."""
        return self.doc.partition("\n")[0].rstrip(".")


def at(move: Move, text: str, path: str = "", line: int = 0) -> Finding:
    """A finding about a ref update, and the commit that it leads to."""
    return Finding(text, ref=move.ref, commit=move.new, path=path, line=line)


def within(push: Push, commit: str, text: str, path: str = "", line: int = 0) -> Finding:
    """A finding about one new commit, under the ref that brings it."""
    return Finding(text, ref=push.owner(commit).ref, commit=commit, path=path, line=line)


def look_alikes(push: Push, folder: str) -> Iterator[Finding]:
    """The names that the new commits hold beside one of the three folders and that can be mistaken for it, each once."""
    known = set()
    root = push.layout.root
    for commit, rooms in push.odd_rooms():
        for name, meant in rooms.look_alikes:
            if meant == folder and name not in known:
                known.add(name)
                yield within(push, commit.oid, f"'{root}{name}' can be mistaken for '{root}{meant}'", root + name)


def adopted(push: Push, code: str) -> Iterator[Finding]:
    """What one rule says of a production branch that is new to us, and has a past of its own."""
    return (at(flaw.move, flaw.text, flaw.path) for flaw in flaws(push, code))


RULES: dict[str, Rule] = {}


def rule(code: str, scope: str, hint: str, state: bool = False) -> Callable[[Check], Check]:
    """Register a rule under a code that no other rule has. `hint` is a command that mends the usual case."""

    def register(check: Check) -> Check:
        if code in RULES:
            raise ValueError(f"{code} is taken by {RULES[code].slug}")
        RULES[code] = Rule(code, scope, hint, state, check)
        return check

    return register

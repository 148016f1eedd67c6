"""Why something did not run: a value with the place in the file, what PostgreSQL said, and what helps."""

from __future__ import annotations

from halfhooks.values import NamedTuple

WIDEST = 100
"""Characters of a line of SQL that are shown."""


class Failure(NamedTuple):
    """What went wrong. `line` and `column` count from 1, 0 where there is no place; `statement` is what ran.

    `position` is where in the statement (from 1, 0 where unknown); `lost` when the server itself went away.
    """

    path: str
    line: int
    column: int
    message: str
    sqlstate: str = ""
    detail: str = ""
    hint: str = ""
    context: str = ""
    statement: str = ""
    position: int = 0
    lost: bool = False

    @property
    def place(self) -> str:
        """The file, with line and column."""
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part)

    def lines(self) -> list[str]:
        """All of it for people."""
        state = f" (SQLSTATE {self.sqlstate})" if self.sqlstate else ""
        found = [f"{self.place}: {self.message}{state}", *(f"  {line}" for line in self.excerpt())]
        for word, text in (("detail", self.detail), ("context", self.context), ("help", self.help())):
            first, *more = text.splitlines() or [""]
            if text:
                found += [f"  {word + ':':9}{first}", *(f"{'':11}{line}" for line in more)]
        return found

    def excerpt(self) -> list[str]:
        """The line of the statement in which it went wrong, with a caret below the character where that is known."""
        if not self.statement:
            return []
        before = self.statement[: max(self.position - 1, 0)]
        start = before.rfind("\n") + 1
        text = self.statement[start:].split("\n", 1)[0]
        at = len(before) - start
        cut = max(0, at - WIDEST // 2) if at > WIDEST * 3 // 4 else 0
        shown = text[cut : cut + WIDEST].replace("\t", " ").rstrip("\r")
        number = f"{self.line} | "
        caret = [" " * (len(number) + at - cut) + "^"] if self.position else []
        return [number + shown, *caret]

    def help(self) -> str:
        """What mends it: PostgreSQL's own hint, and ours where we know more."""
        ours = [text for state, word, text in HELP if state == self.sqlstate and word in self.message]
        return "\n".join(text for text in (self.hint, *ours) if text)


HELP = (
    (
        "0A000",
        "extension",
        "install the extension's package where the server runs, or set PGHOST to a server that has it",
    ),
    (
        "58P01",
        "extension",
        "install the extension's package where the server runs, or set PGHOST to a server that has it",
    ),
    ("25001", "", "it has to stand alone in a file whose first line is '-- halfhooks: no-transaction'"),
    ("42710", "role ", "roles belong to the whole server and outlive a database: make one only where it is missing"),
    (
        "42704",
        "role ",
        "roles belong to the server, not to a database: make it there, as in production: create role ...",
    ),
    ("53100", "", "the disk of the server is full: ho cache --clear frees what can be made again"),
    ("55P04", "", "a new value of an enum can be used after its patch: put its use into a patch of its own"),
    ("57014", "statement timeout", "--timeout says how many seconds a statement may take"),
)
"""SQLSTATE, a word of the message, and what helps."""


def as_values(failure: Failure) -> dict[str, object]:
    """A failure as plain values."""
    return {**failure._asdict(), "help": failure.help()}

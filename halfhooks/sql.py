"""SQL text: its statements with their positions, and what a patch file may not hold (HH406, HH407, HH408).

The text is cut where PostgreSQL's own lexer and grammar would (src/backend/parser/scan.l and gram.y), and in the
three places where only a client cuts, as psql does (src/fe_utils/psqlscan.l): psql's backslash commands, the rows
that follow `COPY ... FROM stdin`, and a byte order mark. `standard_conforming_strings` is taken to be on.

Everything is linear in the length of the text, and nothing recurses: a hook reads what strangers push.
"""

from __future__ import annotations

from halfhooks.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NO_TRANSACTION = "-- halfhooks: no-transaction"
"""First line of a file whose single statement runs outside of a transaction."""

DATA = "-- @HOP:data"
"""First line of a file of reference data."""

_BOM = "\ufeff"
# PostgreSQL's idea of a space; Python's is wider: to PostgreSQL a no-break space is a letter
_SPACE = " \t\n\r\f\v"
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$")
_DIGITS = "0123456789"

# A map of the text, one byte a character, that `bytes.find` runs through at the speed of memchr: where code may end,
# where a line ends, and the rest. PostgreSQL ends a line, and so a comment, at a lone carriage return too.
_MARK, _LINE_END = 0, 10
_MARKS = bytes.maketrans(b"\0\r'\"$;\\-/", b" \n\0\0\0\0\0\0\0")

# kinds of pieces
_QUOTED, _COMMENT, _SEMICOLON, _BACKSLASH, _END = "quoted", "comment", "semicolon", "backslash", "end"


class SqlError(Exception):
    """The text ends inside of something: what, and where that began (line and column count from 1)."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message, line, column)
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return f"{self.message} (line {self.line}, column {self.column})"


class Statement(NamedTuple):
    """One statement as it stands in its file: what PostgreSQL executes, and where it comes from.

    `text` begins with the first word (not with a comment before it), ends before the semicolon, and is what stands
    at `offset`: `source[offset:offset + len(text)] == text`. `line` and `column` count from 1; a line ends with LF,
    a column is a character. `data` holds the rows below a `COPY ... FROM stdin`, as they stand there and without the
    closing `\\.`; it is None for every other statement. A psql command (`\\d`, to the end of its line) is a
    statement too, so that it can be refused or skipped: `is_psql`.
    """

    text: str
    offset: int
    line: int
    column: int
    data: str | None = None

    @property
    def is_psql(self) -> bool:
        """Whether this is a command of psql, which PostgreSQL does not know."""
        return self.text.startswith("\\")


class Problem(NamedTuple):
    """What is wrong with a file: the rule's code, the place (from 1), and a message for the user."""

    code: str
    line: int
    column: int
    message: str


# Statements


def split(text: str) -> list[Statement]:
    """All statements of a text, in order; empty ones are left out.

    Raises `SqlError` when a quote, a comment, or the rows of a COPY never end. What is merely wrong, such as a
    parenthesis too many, is left to PostgreSQL.
    """
    return list(statements(text))


def statements(text: str) -> Iterator[Statement]:
    """Yield the statements of a text one by one, up to the place where `SqlError` is raised, if any (see `split`)."""
    return _statements(text, [])


def _statements(text: str, comments: list[tuple[int, int]]) -> Iterator[Statement]:
    """Yield the statements, and append start and end of each comment that was passed on the way."""
    marks, cursor = _marks(text), _Cursor(text)
    after: int | None = _start(text)
    while after is not None:
        extents, after = _extents(text, marks, after, comments), None
        for start, end, next_start in extents:
            code = text[start:end].rstrip(_SPACE)
            line, column = cursor.place(start)
            if code[0] in "cC" and _reads_stdin(code):
                data, after = _copy_data(text, start, next_start)
                yield Statement(code, start, line, column, data)
                break
            yield Statement(code, start, line, column)


def _extents(text: str, marks: bytes, pos: int, comments: list[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """Yield where each statement from `pos` on begins, where it ends, and where what follows it begins."""
    start, parentheses, bodies, inner = -1, 0, 0, 0
    for kind, at, end in _pieces(text, marks, pos):
        if at > pos or start < 0:
            code = text[pos:at].lstrip(_SPACE)
            if start < 0 and (code or kind is _QUOTED):
                start = inner = at - len(code)
            parentheses += code.count("(") - code.count(")")
        pos = end
        if kind is _COMMENT:
            comments.append((at, end))
        elif kind is _SEMICOLON:
            if start < 0 or parentheses > 0:
                continue
            bodies = _open_bodies(text, inner, at, bodies)
            inner = end
            if not bodies:
                yield start, at, end
                start, parentheses = -1, 0
        elif kind is not _QUOTED:
            if start >= 0:
                yield start, at, at
                start, parentheses, bodies = -1, 0, 0
            if kind is _BACKSLASH:
                yield at, end, end


def _open_bodies(text: str, start: int, end: int, bodies: int) -> int:
    """How many `BEGIN ATOMIC` bodies are open after what stands between two semicolons, at `start` and `end`.

    `BEGIN` and `END` are fine names for columns, and CASE has an END too. But a body opens only in CREATE FUNCTION or
    PROCEDURE, which may itself stand in a body, and it closes only where one of its statements would begin
    (routine_body_stmt_list in gram.y).
    """
    if not bodies and (text[start] not in "cC" or "atomic" not in text[start:end].lower()):
        return 0
    words = list(_words(text[start:end]))
    first = parentheses = 0
    for i, word in enumerate(words):
        if word == "(":
            parentheses += 1
        elif word == ")":
            parentheses -= 1
        elif word == "atomic" and not parentheses and words[i - 1] == "begin" and _is_routine(words[first:i]):
            bodies += 1
            first = i + 1
        elif word == "end" and i == first and bodies:
            bodies -= 1
    return bodies


def _is_routine(words: list[str]) -> bool:
    kind = words[3:4] if words[1:3] == ["or", "replace"] else words[1:2]
    return words[:1] == ["create"] and kind in (["function"], ["procedure"])


def _reads_stdin(code: str) -> bool:
    """Whether a statement is `COPY ... FROM stdin`; PostgreSQL takes `FROM stdout` for the same.

    `COPY (query)` can only write. A query's own `from stdin` is in those parentheses.
    """
    if code[:4].lower() != "copy":
        return False
    words = list(_words(code))
    return (
        words[0] == "copy"
        and words[1:2] != ["("]
        and any(word == "from" and following in ("stdin", "stdout") for word, following in zip(words, words[1:]))
    )


def _copy_data(text: str, start: int, pos: int) -> tuple[str, int]:
    """The rows that follow a COPY, from the line below it to the line `\\.`, and where that line ends."""
    line_end = text.find("\n", pos)
    rest = text[pos:line_end].strip(_SPACE) if line_end >= 0 else ""
    if rest and (not rest.startswith("--") or "\r" in rest):
        raise _error(text, pos, "text between 'copy ... from stdin;' and its rows, which begin in the next line")
    last = line_end
    while last >= 0:
        last = text.find("\n\\.", last)
        after = text[last + 3 : last + 5]
        if last >= 0 and (after[:1] in ("", "\n") or after == "\r\n"):
            return text[line_end + 1 : last + 1], last + 3
        last = last + 3 if last >= 0 else -1
    raise _error(text, start, "unterminated rows of 'copy ... from stdin': no line '\\.' ends them")


# Pieces: quotes, comments, semicolons and backslashes; what stands between two of them is plain code


def _marks(text: str) -> bytes:
    # a character beyond ASCII becomes "?", which is no mark: PostgreSQL takes it for a letter
    return text.encode("ascii", "replace").translate(_MARKS)


def _pieces(text: str, marks: bytes, pos: int) -> Iterator[tuple[str, int, int]]:
    """Yield kind, start and end of each piece from `pos` on, which must not lie inside of one; at last an _END."""
    code = pos
    while True:
        at = marks.find(_MARK, pos)
        if at < 0:
            yield _END, len(text), len(text)
            return
        char = text[at]
        if char == "'" or char == '"':
            kind, pos = _QUOTED, _quoted_end(text, marks, code, at)
        elif char == ";":
            kind, pos = _SEMICOLON, at + 1
        elif char == "-" and text.startswith("--", at):
            kind, pos = _COMMENT, _line_end(marks, at)
        elif char == "/" and text.startswith("/*", at):
            kind, pos = _COMMENT, _comment_end(text, at)
        elif char == "\\":
            kind, pos = _BACKSLASH, _line_end(marks, at)
        elif char == "$":
            kind, pos = _dollar(text, pos, at)
        else:
            kind, pos = "", at + 1
        if kind:
            yield kind, at, pos
            code = pos


def _line_end(marks: bytes, pos: int) -> int:
    end = marks.find(_LINE_END, pos)
    return end if end >= 0 else len(marks)


def _quoted_end(text: str, marks: bytes, code: int, at: int) -> int:
    """Where the string or quoted identifier that begins at `at` ends; `code` is where the code before it began."""
    quote = text[at]
    if quote == "'" and at > code and text[at - 1] in "eE" and (at - 1 == code or not _is_letter(text[at - 2])):
        return _escaped_end(text, marks, at)
    end = text.find(quote, at + 1)
    while end >= 0 and text.startswith(quote, end + 1):
        end = text.find(quote, end + 2)
    if end < 0:
        raise _error(text, at, "unterminated quoted identifier" if quote == '"' else "unterminated quoted string")
    return end + 1


def _escaped_end(text: str, marks: bytes, at: int) -> int:
    """Where the string E'...' that begins at `at` ends, its continuations included: in these, a backslash escapes."""
    pos, quote = at + 1, -1
    while True:
        if quote < pos:
            quote = text.find("'", pos)
            if quote < 0:
                raise _error(text, at, "unterminated quoted string")
        backslash = text.find("\\", pos, quote)
        if backslash >= 0:
            pos = backslash + 2
        elif text.startswith("'", quote + 1):
            pos = quote + 2
        else:
            pos = _continuation(text, marks, quote + 1) + 1
            if not pos:
                return quote + 1


def _continuation(text: str, marks: bytes, pos: int) -> int:
    """Where a string that ended before `pos` goes on: at a quote after blanks and comments with a line end; or -1."""
    line_ended = False
    while pos < len(text):
        char = text[pos]
        if char == "'":
            return pos if line_ended else -1
        if text.startswith("--", pos):
            pos = _line_end(marks, pos)
        elif char in _SPACE:
            line_ended = line_ended or char in "\r\n"
            pos += 1
        else:
            return -1
    return -1


def _comment_end(text: str, at: int) -> int:
    """Where the comment that begins at `at` ends, with the comments inside of it."""
    pos, depth, closing = at + 2, 1, -1
    while depth:
        if closing < pos:
            closing = text.find("*/", pos)
            if closing < 0:
                raise _error(text, at, "unterminated comment")
        # never searched beyond the next "*/", so that each character is looked at twice at most
        opening = text.find("/*", pos, closing + 1)
        if opening >= 0:
            depth, pos = depth + 1, opening + 2
        else:
            depth, pos = depth - 1, closing + 2
    return pos


def _dollar(text: str, code: int, at: int) -> tuple[str, int]:
    """What the `$` at `at` is, and where that ends: a dollar-quoted string; else part of a name, or a parameter."""
    start = at
    while start > code and _is_letter(text[start - 1]):
        start -= 1
    if start < at and text[start] not in _DIGITS:
        end = at
        while end < len(text) and _is_letter(text[end]):
            end += 1
        return "", end
    tag_end = text.find("$", at + 1)
    tag = text[at + 1 : tag_end]
    if tag_end < 0 or (tag[:1] and (tag[0] in _DIGITS or not all(map(_is_letter, tag)))):
        return "", at + 1
    delimiter = text[at : tag_end + 1]
    end = text.find(delimiter, tag_end + 1)
    if end < 0:
        raise _error(text, at, f"unterminated dollar-quoted string '{_shortened(delimiter)}'")
    return _QUOTED, end + len(delimiter)


def _is_letter(char: str) -> bool:
    """Whether a name may hold the character: a letter, a digit, `_`, `$`, or anything beyond ASCII."""
    return char in _LETTERS or char > "\x7f"


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


# Places


class _Cursor:
    """Line and column of offsets that are asked for in increasing order: in linear time, all of them together."""

    __slots__ = ("_counted", "_line", "_line_start", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._line = 1
        self._line_start = self._counted = _start(text)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1; a byte order mark at the start of the text is in no column."""
        self._line += self._text.count("\n", self._counted, offset)
        self._line_start = max(self._line_start, self._text.rfind("\n", self._counted, offset) + 1)
        self._counted = offset
        return self._line, offset - self._line_start + 1


def _start(text: str) -> int:
    return 1 if text.startswith(_BOM) else 0


def _error(text: str, offset: int, message: str) -> SqlError:
    return SqlError(message, *_Cursor(text).place(offset))


# Words: enough of a statement to tell what it is

_FOLD = {char: chr(char).lower() if chr(char) in _LETTERS else " " for char in range(128)}
_FOLD.update({ord("("): " ( ", ord(")"): " ) "})


def _words(text: str) -> Iterator[str]:
    """Yield the words of a statement in lower case, parentheses, and whatever is quoted as it stands there."""
    code = 0
    for kind, at, end in _pieces(text, _marks(text), 0):
        for word in text[code:at].translate(_FOLD).split(" "):
            if word:
                yield word
        if kind is _QUOTED:
            yield text[at:end]
        code = end


def _first_words(text: str, count: int) -> list[str]:
    return [word for _, word in zip(range(count), _words(text))]


# What a patch may not do

_CONTROL = ("abort", "begin", "commit", "end", "release", "rollback", "savepoint")


def transaction_control(statement: Statement) -> str | None:
    """The command (`COMMIT`) when a statement begins, ends or divides a transaction, else None.

    Source: PostgreSQL's grammar, TransactionStmt. `SET TRANSACTION`, `SET CONSTRAINTS` and `LOCK` are none of these:
    they say how the transaction runs, and nothing of a patch that fails can stay behind because of them. What a
    procedure or a DO block does is not looked at: PostgreSQL itself refuses a COMMIT there inside of a transaction.
    """
    if not statement.text[:9].lower().startswith((*_CONTROL, "start", "prepare")):
        return None
    words = _first_words(statement.text, 3)
    if words[0] in _CONTROL:
        return words[0].upper()
    if words[:2] == ["start", "transaction"]:
        return "START TRANSACTION"
    # a prepared query may be called "transaction"
    if words[:2] == ["prepare", "transaction"] and words[2:] not in (["as"], ["("]):
        return "PREPARE TRANSACTION"
    return None


# Followed by anything. Source: the pages of these commands in PostgreSQL's documentation, versions 13 to 18, and the
# callers of PreventInTransactionBlock in its source. What depends on the database's state (CLUSTER or REINDEX of a
# partitioned table) only PostgreSQL can tell: it says so with SQLSTATE 25001.
_OUTSIDE = (
    "ALTER SYSTEM",
    "CREATE DATABASE",
    "CREATE INDEX CONCURRENTLY",
    "CREATE TABLESPACE",
    "CREATE UNIQUE INDEX CONCURRENTLY",
    "DISCARD ALL",
    "DROP DATABASE",
    "DROP INDEX CONCURRENTLY",
    "DROP SUBSCRIPTION",
    "DROP TABLESPACE",
    "VACUUM",
)
_OUTSIDE_VERBS = ("alter", "cluster", "create", "discard", "drop", "reindex", "vacuum")


def needs_no_transaction(statement: Statement) -> str | None:
    """The command (`CREATE INDEX CONCURRENTLY`) when PostgreSQL refuses a statement inside of a transaction, else None.

    DROP SUBSCRIPTION counts, although one without a replication slot could be dropped in a transaction: the text does
    not tell. Transaction control does not count (see `transaction_control`).
    """
    if not statement.text[:8].lower().startswith(_OUTSIDE_VERBS):
        return None
    first = " ".join(_first_words(statement.text, 4)).upper() + " "
    for command in _OUTSIDE:
        if first.startswith(command + " "):
            return command
    for start, condition in _OUTSIDE_IF.items():
        if first.startswith(start + " "):
            return condition(list(_words(statement.text)))
    return None


def _alter_database(words: list[str]) -> str | None:
    return "ALTER DATABASE ... SET TABLESPACE" if _has(words, "set", "tablespace") else None


def _alter_subscription(words: list[str]) -> str | None:
    if _has(words[3:], "refresh", "publication"):
        return "ALTER SUBSCRIPTION ... REFRESH PUBLICATION"
    changes = any(_has(words[3:], verb, "publication") for verb in ("set", "add", "drop"))
    if changes and _is_on(_options(words), "refresh", default=True):
        return "ALTER SUBSCRIPTION ... PUBLICATION"
    for option in ("failover", "two_phase"):
        if option in _options(words):
            return f"ALTER SUBSCRIPTION ... SET ({option})"
    return None


def _alter_table(words: list[str]) -> str | None:
    detached = _has(words, "detach", "partition") and words[-1] == "concurrently"
    return "ALTER TABLE ... DETACH PARTITION ... CONCURRENTLY" if detached else None


def _cluster(words: list[str]) -> str | None:
    rest = words[words.index(")") + 1 :] if words[1:2] == ["("] and ")" in words else words[1:]
    return "CLUSTER" if rest in ([], ["verbose"]) else None


def _create_subscription(words: list[str]) -> str | None:
    options = _options(words)
    slot = _is_on(options, "create_slot", default=True) and _is_on(options, "connect", default=True)
    return "CREATE SUBSCRIPTION" if slot else None


def _reindex(words: list[str]) -> str | None:
    end = words.index(")") + 1 if words[1:2] == ["("] and ")" in words else 1
    options, rest = words[:end], words[end:]
    if rest[:1] in (["database"], ["schema"], ["system"]):
        return f"REINDEX {rest[0].upper()}"
    if rest[1:2] == ["concurrently"] or _is_on(options, "concurrently", default=False):
        return "REINDEX ... CONCURRENTLY"
    return None


_OUTSIDE_IF = {
    "ALTER DATABASE": _alter_database,
    "ALTER SUBSCRIPTION": _alter_subscription,
    "ALTER TABLE": _alter_table,
    "CLUSTER": _cluster,
    "CREATE SUBSCRIPTION": _create_subscription,
    "REINDEX": _reindex,
}


def _has(words: list[str], first: str, second: str) -> bool:
    return (first, second) in zip(words, words[1:])


def _options(words: list[str]) -> list[str]:
    """The words in the last parentheses."""
    return words[len(words) - words[::-1].index("(") :] if "(" in words else []


def _is_on(options: list[str], name: str, default: bool) -> bool:
    """The value of an option that is true, false, or true when nothing is said (defGetBoolean in PostgreSQL)."""
    if name not in options:
        return default
    following = options[options.index(name) + 1 :]
    return not following or following[0].strip("'\"").lower() not in ("false", "off", "0")


# Directives


def directive(text: str) -> str | None:
    """The directive in the first line of a file: `NO_TRANSACTION`, `DATA`, or None when there is none that we know."""
    found = _directive_in(text[_start(text) : _line_end(_marks(text), 0)])
    return found if found in (NO_TRANSACTION, DATA) else None


def _directive_in(comment: str) -> str | None:
    """The directive that a comment holds, with the usual blanks; also one that nobody knows, if it is ours."""
    if not comment.startswith("--"):
        return None
    prefix, colon, name = comment[2:].strip(_SPACE).partition(":")
    name = name.strip(_SPACE)
    if colon and prefix.lower() == "halfhooks":
        return f"-- halfhooks: {name}"
    # half_orm_dev has other words of this form: not ours to judge
    return DATA if (prefix.lower(), name) == ("@hop", "data") else None


def _directive_problems(text: str, comments: list[tuple[int, int]]) -> Iterator[Problem]:
    cursor = _Cursor(text)
    for start, end in comments:
        found = _directive_in(text[start:end])
        if found is None:
            continue
        line, column = cursor.place(start)
        if found not in (NO_TRANSACTION, DATA):
            message = f"'{_shortened(found)}' is no directive; there is '{NO_TRANSACTION}'"
            yield Problem("HH408", line, column, message)
        elif start != _start(text):
            yield Problem("HH408", line, column, f"'{found}' counts in the first line only")


# All of it


def problems(text: str) -> Iterator[Problem]:
    """Yield everything that is wrong with the text of a patch file (HH406, HH407, HH408), in order of position.

    When a quote or comment never ends, what stands before it is judged all the same. Never raises.
    """
    return iter(sorted(_problems(text), key=lambda problem: (problem.line, problem.column)))


def _problems(text: str) -> Iterator[Problem]:
    nul = text.find("\0")
    if nul >= 0:
        yield Problem("HH406", *_Cursor(text).place(nul), "NUL character")
    found: list[Statement] = []
    comments: list[tuple[int, int]] = []
    try:
        for statement in _statements(text, comments):
            found.append(statement)
    except SqlError as error:
        yield Problem("HH406", error.line, error.column, error.message)
    yield from _directive_problems(text, comments)
    for statement in found:
        if statement.is_psql:
            yield _problem("HH407", statement, f"'{_shortened(statement.text.split()[0])}' is a command of psql")
        else:
            command = transaction_control(statement)
            if command:
                yield _problem("HH407", statement, f"'{command}' controls the transaction in which the patch runs")
    yield from _transaction_problems([statement for statement in found if not statement.is_psql], directive(text))


def _transaction_problems(found: list[Statement], first_line: str | None) -> Iterator[Problem]:
    if first_line == NO_TRANSACTION:
        if len(found) > 1:
            yield _problem("HH408", found[1], f"second statement in a file that begins with '{NO_TRANSACTION}'")
        return
    for statement in found:
        command = needs_no_transaction(statement)
        if command:
            message = f"'{command}' cannot run in a transaction: it must stand alone in a file"
            yield _problem("HH408", statement, f"{message} whose first line is '{NO_TRANSACTION}'")


def _problem(code: str, statement: Statement, message: str) -> Problem:
    return Problem(code, statement.line, statement.column, message)

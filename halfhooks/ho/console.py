"""What `ho` prints: dressed by rich on a terminal, plain text elsewhere. The only importer of rich.

Texts may hold names that came from a push: control characters are made visible, and nothing is read as markup.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Callable, Optional, TextIO

from halfhooks.ho.prose import wrapped
from halfhooks.report import escape

if TYPE_CHECKING:
    from rich.console import Console as RichConsole


CANNOT_TELL = 2
"""The exit code of a command that has no answer."""


def cannot_tell(reason: str) -> int:
    """Says in one line on standard error why there is no answer; the exit code for that."""
    Console(sys.stderr).line(f"halfhooks: cannot tell: {reason}")
    return CANNOT_TELL


class Console:
    """Writes lines, headings, tables and trees to a stream. `style` is a rich style; plain output ignores it."""

    def __init__(self, stream: Optional[TextIO] = None, *, terminal: Optional[bool] = None) -> None:
        """Writes to `stream` (standard output); `terminal` overrides what the stream says about itself."""
        self._stream = stream or sys.stdout
        self.terminal = self._stream.isatty() if terminal is None else terminal
        self._live: Optional[RichConsole] = None

    def line(self, text: str = "", style: str = "") -> None:
        """One line; never wrapped, so that commands in it can be copied."""
        self._dressed(text, style) if self.terminal and text else self._plain(text)

    def title(self, text: str) -> None:
        """A heading, with an empty line before it."""
        self.line()
        self.line(text, "bold")

    def block(self, text: str, style: str = "", indent: int = 2) -> None:
        """Several lines, indented."""
        for row in text.splitlines():
            self.line((" " * indent + row).rstrip(), style)

    def prose(self, text: str, style: str = "", indent: int = 0, hang: int = 0) -> None:
        """Words, wrapped; the lines after the first are indented by `hang` more. A long word stays whole."""
        for row in wrapped(escape(text), " " * indent, " " * (indent + hang)):
            self.line(row, style)

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table with one heading a column."""
        if self.terminal:
            self._rich_table(headers, rows)
            return
        shown = [[escape(cell) for cell in row] for row in [headers, *rows]]
        widths = [max(map(len, column)) for column in zip(*shown)]
        for row in shown:
            self._plain("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())

    def tree(self, label: str, groups: Sequence[tuple[str, Sequence[str]]]) -> None:
        """A tree of two levels below `label`: each group with its leaves."""
        if self.terminal:
            self._rich_tree(label, groups)
            return
        self._plain(label)
        for group, leaves in groups:
            self._plain(f"  {group}")
            for leaf in leaves:
                self._plain(f"    {leaf}")

    @contextmanager
    def progress(self, total: int) -> Iterator[Callable[[str, int], None]]:
        """A bar below the lines, on a terminal: the function says what is at work, and how many of `total` are done."""
        if not self.terminal:
            yield lambda words, done: None
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (BarColumn(24), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
        with Progress(*columns, console=self._rich(), transient=True) as bar:
            task = bar.add_task("", total=total)
            self._live = bar.console
            try:
                yield lambda words, done: bar.update(task, description=escape(words), completed=done)
            finally:
                self._live = None

    def _plain(self, text: str) -> None:
        encoding = self._stream.encoding or "utf-8"
        print(escape(text).encode(encoding, "backslashreplace").decode(encoding), file=self._stream)

    def _dressed(self, text: str, style: str) -> None:
        from rich.text import Text

        self._rich().print(Text(escape(text), style=style), soft_wrap=True)

    def _rich_table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for header in headers:
            table.add_column(header, overflow="fold")
        for row in rows:
            table.add_row(*(Text(escape(cell)) for cell in row))
        self._rich().print(table)

    def _rich_tree(self, label: str, groups: Sequence[tuple[str, Sequence[str]]]) -> None:
        from rich.text import Text
        from rich.tree import Tree

        tree = Tree(Text(escape(label), style="bold"))
        for group, leaves in groups:
            branch = tree.add(Text(escape(group)))
            for leaf in leaves:
                branch.add(Text(escape(leaf), style="dim"))
        self._rich().print(tree)

    def _rich(self) -> RichConsole:
        from rich.console import Console as Rich

        return self._live or Rich(file=self._stream, markup=False, emoji=False, highlight=False, force_terminal=True)

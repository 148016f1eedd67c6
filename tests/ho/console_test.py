"""What `ho` prints, on a terminal and elsewhere."""

from __future__ import annotations

import io

import pytest

from halfhooks.ho.console import Console


def printed(terminal: bool, encoding: str = "utf-8"):
    """A console and the function that gives what it printed."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)

    def read() -> str:
        stream.flush()
        return stream.buffer.getvalue().decode(encoding)

    return Console(stream, terminal=terminal), read


@pytest.mark.parametrize("terminal", [False, True])
def test_a_name_cannot_act_on_the_terminal_nor_be_read_as_markup(terminal):
    console, read = printed(terminal)
    console.line("a\x1b[2Jb\rc[bold]d[/bold] :smile: \u202e")
    assert "a\\x1b[2Jb\\rc[bold]d[/bold] :smile: \\u202e" in read()


def test_plain_output_has_no_styles_and_no_wrapping():
    console, read = printed(False)
    console.line("x" * 500, "bold red")
    console.title("Title")
    console.block("one\n\ntwo", "red", indent=4)
    assert read() == "x" * 500 + "\n\nTitle\n    one\n\n    two\n"


def test_a_terminal_gets_styles_and_no_wrapping():
    console, read = printed(True)
    console.line("x" * 500, "red")
    assert "x" * 500 in read()
    assert read().startswith("\x1b[31m")


def test_plain_tables_are_aligned():
    console, read = printed(False)
    console.table(("ref", "object"), [("heads/ho-prod", "1"), ("x", "22")])
    assert read().splitlines() == ["ref            object", "heads/ho-prod  1", "x              22"]


def test_plain_trees_are_indented():
    console, read = printed(False)
    console.tree("rules", [("Tags", ["HH601", "HH602"])])
    assert read().splitlines() == ["rules", "  Tags", "    HH601", "    HH602"]


def test_tables_and_trees_on_a_terminal_say_the_same():
    console, read = printed(True)
    console.table(("ref", "object"), [("heads/[bold]", "1")])
    console.tree("rules", [("Tags", ["HH601"])])
    for word in ("ref", "object", "heads/[bold]", "1", "rules", "Tags", "HH601"):
        assert word in read()


def test_what_the_encoding_cannot_write_is_escaped():
    console, read = printed(False, "ascii")
    console.line("caf\xe9")
    assert read() == "caf\\xe9\n"

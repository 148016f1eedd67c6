"""Finds the command that was asked for and imports only that one.

A command is a module of `halfhooks.ho.commands` with two functions: `parser()` gives its argument parser,
`main(argv)` runs it and returns the exit code: 0 done or clean, 1 findings or a failure that was reported,
2 a wrong call or "cannot tell".
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from typing import NoReturn, Optional, Protocol, TextIO, cast

from halfhooks import __version__
from halfhooks.ho.prose import fitted
from halfhooks.names import distance, nearest

FAILED = 1
WRONG_CALL = 2
INTERRUPTED = 130
UNKNOWN = "unrecognized arguments: "
"""How argparse begins to say that it does not know an option."""
FORMAT = 1
"""The version of the document that tells what is wrong."""

# what `ho` lists, in this order; the help of a command is its parser's
COMMANDS = {
    "init": "make a project, or adopt a repository",
    "clone": "clone a project, with its hooks",
    "status": "show releases, patches, and the next steps",
    "doctor": "say what is missing on this machine and in this clone",
    "release": "start a release, promote it, reopen production for a hotfix",
    "patch": "begin a patch, order, move, drop and close it",
    "undo": "go back to before the last ho release or ho patch",
    "apply": "bring the development database to what the working tree describes",
    "validate": "build and test a patch in its release, or a release, in a throwaway database",
    "db": "restore, open, compare and fingerprint databases",
    "server": "show or stop the private PostgreSQL server",
    "cache": "show or clear the states of databases that are kept",
    "update": "list the releases that a database in production has before it",
    "upgrade": "bring a database in production to a release",
    "rollback": "take a database in production back to the backup of an upgrade",
    "codegen": "write Python classes from the schema of a database",
    "check": "judge a repository, or a range of commits, by the rules",
    "explain": "show what a rule refuses, why, and what to do about it",
    "install": "guard a repository, or put the hooks into a clone",
    "hook": "run a hook of a clone, for the scripts of husky, lefthook and others",
    "demo": "play the workflow against a guarded repository, and break it",
}

# what is looked for at the top, and is an action of a command
INSIDE = {
    "new": "patch new",
    "close": "patch close",
    "promote": "release promote",
    "hotfix": "release hotfix",
    "restore": "db restore",
    "shell": "db shell",
    "diff": "db diff",
}

EXAMPLES = """\
examples:
  ho status                     where the project stands, and what to do next
  ho explain HH301              what a refusal means
  ho install server REPO.git    guard a bare repository
  ho install client             put the hooks into the clone of this folder
  ho COMMAND --help             a command's options, with examples
"""


class Command(Protocol):
    """What a command's module offers."""

    def parser(self) -> argparse.ArgumentParser:
        """The parser of its arguments, with examples in its help."""

    def main(self, argv: Sequence[str]) -> int:
        """Runs it with the arguments that follow its name; returns the exit code."""


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Runs `ho` with these arguments (those of the process when there are none) and returns its exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    return run_for_a_program(arguments) if "--json" in arguments else run(arguments)


class Heard:
    """A stream that keeps what is written to it, in plain text, and passes it on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.text = ""

    def write(self, text: str) -> int:
        """Write to both."""
        self.text += text
        return self._stream.write(text)

    def isatty(self) -> bool:
        """Nothing is dressed for it: a program reads what is kept."""
        return False

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def run_for_a_program(arguments: Sequence[str]) -> int:
    """Runs `ho` for a program that reads a document: also when all that there is to say is what is wrong.

    That is what the command has written to standard error, where it has printed no document of its own.
    """
    out, err = (Heard(stream or io.StringIO()) for stream in (sys.stdout, sys.stderr))  # one that is closed is None
    with redirect_stdout(cast(TextIO, out)), redirect_stderr(cast(TextIO, err)):
        code = run(arguments)
    lines = [line for line in err.text.splitlines() if line.strip()]
    if code and lines and not out.text:
        import json

        document = {"version": FORMAT, "error": lines[-1].removeprefix("halfhooks: "), "details": lines[:-1]}
        try:
            print(json.dumps(document, indent=2), flush=True)
        except BrokenPipeError:
            _let_go()
    return code


def run(arguments: Sequence[str]) -> int:
    """Runs `ho` with these arguments and returns its exit code."""
    try:
        name, rest = choose(arguments)
        code = load(name).main(rest)
        sys.stdout.flush()
    except SystemExit as end:  # argparse ends --help and wrong calls with a number, a command that gives up with a text
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return FAILED
        return end.code or 0
    except KeyboardInterrupt:
        print("halfhooks: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `ho explain | head`
        _let_go()
        return 0
    return code


def _let_go() -> None:
    """Write to nobody from now on: who has read what we printed is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def choose(argv: Sequence[str]) -> tuple[str, list[str]]:
    """The name of the command and the arguments that are its own; SystemExit for --help, --version, wrong calls."""
    top = top_parser()
    name = argv[0] if argv else ""
    if name in COMMANDS:
        return name, list(argv[1:])
    if not name:
        top.print_help()
        raise SystemExit(WRONG_CALL)
    if name.startswith("-"):
        top.parse_args(argv[:1])  # --help and --version end here, any other option is an error
    near = INSIDE.get(name) or nearest(name, COMMANDS)
    far = name not in INSIDE and distance(name.lower(), near) > len(near) // 2
    top.error(f"there is no command '{name}'; " + ("ho --help lists them" if far else f"the nearest is: ho {near}"))


def load(name: str) -> Command:
    """The functions of a command's module; this is the only place that imports one."""
    return cast(Command, import_module(f"halfhooks.ho.commands.{name}"))


def module_command(name: str) -> list[str]:
    """The command that runs a module of ours in a process of its own.

    `python -m` would first look in the working directory, where anybody's `halfhooks` folder may lie.
    """
    start = f"import runpy, sys; sys.path[:] = filter(None, sys.path); runpy.run_module({name!r}, run_name='__main__')"
    return [sys.executable, "-c", start]


def top_parser() -> argparse.ArgumentParser:
    """The parser of `ho` itself: what stands before the command's name."""
    width = max(map(len, COMMANDS))
    listed = "\n".join(f"  {name:{width}}  {summary}" for name, summary in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="ho",
        usage="ho COMMAND [ARGUMENTS]",
        description=f"Git hooks that enforce a PostgreSQL release workflow.\n\ncommands:\n{listed}",
        epilog=EXAMPLES,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"halfhooks {__version__}")
    return parser


class Parser(argparse.ArgumentParser):
    """A parser that names the option which was meant, where it does not know one."""

    def error(self, message: str) -> NoReturn:
        """End with what is wrong."""
        typed = message.removeprefix(UNKNOWN).split(" ")[0].partition("=")[0]
        known = [option for each in (self, *_inner(self)) for option in each._option_string_actions]
        if message.startswith(UNKNOWN) and typed.startswith("--") and typed not in known:
            longer = [option for option in known if option.startswith(typed)]
            near = min(longer, key=len, default="") or nearest(typed, known)
            message += f"; the nearest is: {near}" if longer or distance(typed, near) <= len(near) // 3 else ""
        super().error(message)


def _inner(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The parsers of the actions of a command."""
    found = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    return [action for each in found for action in each.choices.values()]


def command_parser(name: str, what: str, examples: str) -> argparse.ArgumentParser:
    """A parser for one command, that shows `examples` (one command a line) at the end of its help."""
    return Parser(
        prog=f"ho {name}",
        description=fitted(what),
        epilog=_listed(examples.strip().splitlines()),
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def action_parser(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], command: str, name: str, words: str, examples: str
) -> argparse.ArgumentParser:
    """A parser for one action of a command, that shows those of the command's `examples` which are its own."""
    start = f"ho {command} {name} "
    return actions.add_parser(
        name,
        help=words,
        description=words,
        epilog=_listed([line for line in examples.splitlines() if f"{line.strip()} ".startswith(start)]),
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _listed(examples: Sequence[str]) -> str:
    return "\n".join(["examples:", *(f"  {line.strip()}" for line in examples)])

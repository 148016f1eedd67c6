"""`ho` itself: how it finds a command, and what it says when there is none."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from typing import TextIO, cast

import pytest

from halfhooks import __version__
from halfhooks.ho import cli
from halfhooks.ho.console import Console
from tests.builders import PROJECT


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_each_command_has_help_with_an_example(name, capsys):
    assert cli.main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"usage: ho {name}" in shown
    assert f"examples:\n  ho {name}" in shown


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_each_example_is_a_call_that_its_parser_accepts(name):
    parser = cli.load(name).parser()
    for line in parser.epilog.splitlines()[1:]:
        program, command, *arguments = shlex.split(line.partition("  #")[0])
        assert (program, command) == ("ho", name)
        if "--help" not in arguments:
            parser.parse_args(arguments)


def actions_of(name):
    """The parsers of a command's actions, by their names."""
    parser = cli.load(name).parser()
    found = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    return [(name, action) for each in found for action in each.choices]


ACTIONS = [each for name in cli.COMMANDS for each in actions_of(name)]


def test_commands_have_actions():
    assert {name for name, _ in ACTIONS} == {"release", "patch", "db"}


@pytest.mark.parametrize(("name", "action"), ACTIONS)
def test_each_action_has_help_with_an_example_of_its_own(name, action, capsys):
    assert cli.main([name, action, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"usage: ho {name} {action}" in shown
    examples = shown.partition("\nexamples:\n")[2].splitlines()
    assert examples
    for line in examples:
        program, command, *arguments = shlex.split(line)
        assert (program, command, arguments[0]) == ("ho", name, action)


def test_help_lists_every_command(capsys):
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in cli.COMMANDS)


def test_no_command_is_a_wrong_call_that_shows_the_help(capsys):
    assert cli.main([]) == 2
    assert "commands:" in capsys.readouterr().out


def test_the_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"halfhooks {__version__}\n"


@pytest.mark.parametrize(
    "typed, meant",
    [
        ("exlain", "explain"),
        ("chekc", "check"),
        ("Install", "install"),
        ("promote", "release promote"),
        ("new", "patch new"),
    ],
)
def test_an_unknown_command_names_the_nearest(typed, meant, capsys):
    assert cli.main([typed]) == 2
    assert f"there is no command '{typed}'; the nearest is: ho {meant}" in capsys.readouterr().err


def test_a_command_that_is_near_none_is_told_where_they_are_listed(capsys):
    assert cli.main(["frobnicate"]) == 2
    assert "there is no command 'frobnicate'; ho --help lists them" in capsys.readouterr().err


def test_an_unknown_option_is_a_wrong_call():
    assert cli.main(["--verbose"]) == 2


@pytest.mark.parametrize("arguments", [["check", "--hist"], ["explain", "--al"], ["demo", "--kee"], ["--vers"]])
def test_an_option_is_never_abbreviated(arguments, capsys):
    assert cli.main(arguments) == 2
    assert f"unrecognized arguments: {arguments[-1]}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["upgrade", "--to", "1.0.0"], "--to-release"),
        (["upgrade", "--to=1.0.0"], "--to-release"),
        (["patch", "close", "--dryrun"], "--dry-run"),
        (["check", "--frobnicate"], ""),
        (["patch", "close", "--before", "x"], ""),
    ],
)
def test_an_unknown_option_names_the_one_that_was_meant(arguments, meant, capsys):
    assert cli.main(arguments) == 2
    end = capsys.readouterr().err.rstrip("\n").partition("unrecognized arguments: ")[2]
    assert end.endswith(f"; the nearest is: {meant}") if meant else "nearest" not in end


def test_only_the_chosen_command_is_imported():
    show = (
        "import sys; from halfhooks.ho import cli; cli.main(['explain', 'HH301']); "
        "print(*(name for name in sys.modules if name.startswith('halfhooks.ho.commands.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", show], check=True, capture_output=True, text=True)
    assert done.stderr.split() == ["halfhooks.ho.commands.explain"]


def test_a_reader_that_goes_away_is_no_error():
    command = f"{sys.executable} -m halfhooks.ho explain --all | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


def test_a_command_that_gives_up_says_why(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "/nowhere")  # no git: the demo cannot make its repositories
    assert cli.main(["demo"]) == 1
    assert capsys.readouterr().err.startswith("halfhooks: git init")


FAILING = {
    "status": [],
    "doctor": [],
    "release": ["list"],
    "patch": ["close"],
    "undo": [],
    "apply": ["--release", "x"],
    "validate": [],
    "db": ["diff", "live", "here"],
    "server": ["status", "--remove"],
    "cache": [],
    "update": ["--from", "nowhere"],
    "upgrade": [],
    "rollback": [],
    "codegen": ["--target"],
    "check": [],
}
"""For each command that has a document: arguments with which it has no answer outside of a repository."""


def test_a_document_about_what_is_wrong_may_find_no_reader(tmp_path):
    command = [sys.executable, "-m", "halfhooks.ho", "status", "--json"]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as output:
        environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
        ran = subprocess.run(command, cwd=tmp_path, env=environment, stdout=output, stderr=subprocess.PIPE, text=True)
    assert ran.returncode == 2
    (line,) = ran.stderr.splitlines()
    assert "not a git repository" in line


def test_a_document_about_what_is_wrong_needs_no_standard_error(tmp_path):
    command = [sys.executable, "-c", "from halfhooks.ho import cli; exit(cli.main(['status', '--json']))"]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    ran = subprocess.run(
        ["sh", "-c", f"{shlex.join(command)} 2>&-"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE
    )
    assert ran.returncode == 2
    assert "not a git repository" in json.loads(ran.stdout)["error"]


@pytest.mark.parametrize("name", [name for name in cli.COMMANDS if "--json" in cli.load(name).parser().format_help()])
def test_each_command_that_has_a_document_is_in_the_list(name):
    assert name in FAILING


@pytest.mark.parametrize(("name", "arguments"), FAILING.items())
def test_what_is_wrong_is_a_document_too(name, arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main([name, *arguments, "--json"]) == 2
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert document["version"] == 1
    assert shown.err.rstrip("\n").endswith(document["error"])
    assert all(line in shown.err for line in document["details"])
    assert cli.main([name, *arguments]) == 2
    assert capsys.readouterr().out == ""


def test_what_a_document_repeats_is_not_dressed_for_the_terminal_that_shows_it(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    leader, follower = os.openpty()
    with os.fdopen(leader, "rb"), os.fdopen(follower, "w") as terminal:
        assert Console(terminal).terminal
        heard = cli.Heard(terminal)
        Console(cast(TextIO, heard)).line("error: no", "bold red")
    assert heard.text == "error: no\n"


def test_a_refusal_is_a_document_with_all_that_was_said(shop, monkeypatch, capsys):
    monkeypatch.chdir(shop.clone)
    assert cli.main(["release", "new", "7.0.0", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["error"] == "1 error, nothing was done"
    assert document["details"][0].startswith("error[HH201]: 7.0.0 follows no version")


def test_a_document_that_was_printed_is_the_only_one(shop, monkeypatch, capsys):
    monkeypatch.chdir(shop.clone)
    assert cli.main(["doctor", "--json"]) == 1  # there are no hooks in it
    assert json.loads(capsys.readouterr().out)["wrong"]


def test_a_module_of_ours_is_not_looked_for_in_the_working_directory(tmp_path):
    (tmp_path / "halfhooks").mkdir()
    (tmp_path / "halfhooks" / "__init__.py").write_text("print('not ours')\n")
    done = subprocess.run(
        [*cli.module_command("halfhooks.ho"), "--version"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, f"halfhooks {__version__}\n"), done.stderr

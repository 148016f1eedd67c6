"""The policy: keys, types and free paths, held against git's own reading."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfhooks.config import PARSERS, Config, is_free, make_config, matches, parse_config
from halfhooks.layout import HALFHOOKS

FIELDS = [field for field, _ in PARSERS.values()]


def value_of(key: str, text: str) -> object:
    """The value that a key gives to its field, or what is wrong with it, in words."""
    fields, problems = parse_config([("halfhooks." + key.lower(), text)])
    if problems:
        assert not fields
        (problem,) = problems
        return problem
    ((field, value),) = fields.items()
    assert getattr(make_config(fields), field) == value
    return value


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("workflow", "halfhooks", "halfhooks"),
        ("root", "", ""),
        ("root", "/", ""),
        ("root", "services/shop", "services/shop/"),
        ("root", "/services/shop/", "services/shop/"),
        ("freePaths", "", ()),
        ("freePaths", "docs/**, README.md", ("docs/**", "README.md")),
        ("freePaths", " a\tb,,c ", ("a", "b", "c")),
        ("otherRefs", "refuse", "refuse"),
        ("allowNamespaces", "refs/notes, meta", ("refs/notes", "meta")),
        ("patchRewrite", "refuse", "refuse"),
        ("warn", "HH301 HH405", ("HH301", "HH405")),
        ("warn", "", ()),
        ("validation", "off", "off"),
        ("lockWait", "0", 0),
        ("lockWait", "99999", 99999),
        ("maxFileSize", "0", 0),
        ("maxFileSize", "10m", 10 << 20),
        ("project.package", "shop", "shop"),
        ("project.database", "", ""),
        ("project.python", ".venv/bin/python", ".venv/bin/python"),
        ("project.tests", "pytest -q", "pytest -q"),
        ("project.onCommit", "apply", "apply"),
        ("project.onPush", "validate-release", "validate-release"),
        ("project.timeLimit", "60", 60),
        ("project.locks", "refuse", "refuse"),
        ("project.lockMode", "access exclusive", "access exclusive"),
    ],
)
def test_a_value(key, text, expected):
    assert value_of(key, text) == expected


@pytest.mark.parametrize(
    ("key", "text", "problem"),
    [
        ("workflow", "gitflow", "'halfhooks.workflow = gitflow' must be halfhooks"),
        ("root", "..", "'halfhooks.root = ..' must be a folder inside the repository"),
        ("root", "a/../b", "'halfhooks.root = a/../b' must be a folder inside the repository"),
        ("root", "a//b", "'halfhooks.root = a//b' must be a folder inside the repository"),
        ("project.package", "../a", "'halfhooks.project.package = ../a' must be a folder inside the repository"),
        ("project.package", "/a", "'halfhooks.project.package = /a' must be a folder inside the repository"),
        ("freePaths", "a, /b", "in 'halfhooks.freepaths', '/b' must be a path from the top of the repository"),
        ("freePaths", "!a", "in 'halfhooks.freepaths', '!a' must be a path from the top of the repository"),
        ("otherRefs", "Allow", "'halfhooks.otherRefs = Allow' must be allow or refuse"),
        ("uniqueNumbers", "maybe", "'halfhooks.uniqueNumbers = maybe' must be true or false"),
        ("patchRewrite", "", "'halfhooks.patchRewrite = ' must be allow or refuse"),
        ("warn", "HH001", "in 'halfhooks.warn', 'HH001' cannot be set to warn"),
        ("warn", "HH301, HH006", "in 'halfhooks.warn', 'HH006' cannot be set to warn"),
        ("warn", "hh301", "in 'halfhooks.warn', 'hh301' is no code"),
        ("warn", "HH30", "in 'halfhooks.warn', 'HH30' is no code"),
        ("warn", "HH3011", "in 'halfhooks.warn', 'HH3011' is no code"),
        ("warn", "all", "in 'halfhooks.warn', 'all' is no code"),
        ("lockWait", "-1", "'halfhooks.lockWait = -1' must be a number of seconds"),
        ("lockWait", "1.5", "'halfhooks.lockWait = 1.5' must be a number of seconds"),
        ("lockWait", "", "'halfhooks.lockWait = ' must be a number of seconds"),
        ("lockWait", "٣", "'halfhooks.lockWait = ٣' must be a number of seconds"),
        ("lockWait", "100000", "'halfhooks.lockWait = 100000' must be a number of seconds"),
        ("maxFileSize", "m", "'halfhooks.maxFileSize = m' must be a size in bytes, such as 10m"),
        ("maxFileSize", "10x", "'halfhooks.maxFileSize = 10x' must be a size in bytes, such as 10m"),
        ("maxFileSize", "10 m", "'halfhooks.maxFileSize = 10 m' must be a size in bytes, such as 10m"),
        ("maxFileSize", "", "'halfhooks.maxFileSize = ' must be a size in bytes, such as 10m"),
        ("project.locks", "on", "'halfhooks.project.locks = on' must be off or warn or refuse"),
        ("project.onCommit", "yes", "'halfhooks.project.onCommit = yes' must be check or apply"),
        ("project.onPush", "yes", "'halfhooks.project.onPush = yes' must be check or validate-release or validate"),
        ("project.timeLimit", "1h", "'halfhooks.project.timeLimit = 1h' must be a number of seconds"),
    ],
)
def test_a_bad_value(key, text, problem):
    assert value_of(key, text) == problem


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("halfhooks.freepath", "halfhooks.freePaths"),
        ("halfhooks.allownamespace", "halfhooks.allowNamespaces"),
        ("halfhooks.warning", "halfhooks.warn"),
        ("halfhooks.project.pyhton", "halfhooks.project.python"),
        ("halfhooks.other-refs", "halfhooks.otherRefs"),
    ],
)
def test_an_unknown_key_names_the_nearest(key, nearest):
    assert parse_config([(key, "x")]) == ({}, [f"'{key}' is no key of halfhooks; the nearest is '{nearest}'"])


def test_a_key_of_another_section():
    text = "'core.editor' is no key of halfhooks: they begin with 'halfhooks.'"
    assert parse_config([("core.editor", "x"), ("halfhooks.root", "a")]) == ({"root": "a/"}, [text])


def test_the_last_of_equal_keys_counts_and_a_bad_one_changes_nothing():
    pairs = [("halfhooks.lockwait", "1"), ("halfhooks.lockwait", "2"), ("halfhooks.lockwait", "x")]
    fields, problems = parse_config(pairs)
    assert fields == {"lockWait": 2}
    assert len(problems) == 1


def test_every_field_has_a_key_and_every_key_a_field():
    assert sorted(FIELDS) == sorted(Config._fields)
    assert all(key == key.lower() for key in PARSERS)
    assert all(key.rpartition(".")[2] == field.lower() for key, (field, _) in PARSERS.items())


def test_the_defaults():
    config = make_config({})
    assert config == Config()
    assert (config.freePaths, config.warn, config.allowNamespaces) == ((), (), ())
    assert config.layout() == HALFHOOKS
    assert make_config({"root": "a/"}).layout().path("releases") == "a/releases"


def by_git(kind: str, text: str, folder: Path) -> str:
    """What git makes of a value of some type; "" where it refuses."""
    command = ["git", "-c", f"x.y={text}", "config", f"--type={kind}", "x.y"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("text", ["true", "YES", "On", "1", "false", "No", "oFF", "0", ""])
def test_booleans_are_those_of_git(text, tmp_path):
    assert str(value_of("uniqueNumbers", text)).lower() == by_git("bool", text, tmp_path)


@pytest.mark.parametrize("text", ["0", "1", "1k", "3K", "2m", "5M", "1g", "1G", "123456"])
def test_sizes_are_those_of_git(text, tmp_path):
    assert str(value_of("maxFileSize", text)) == by_git("int", text, tmp_path)


@pytest.mark.parametrize("text", ["1kb", "k", "1 k", "1e3", "x", "1kk"])
def test_what_git_takes_for_no_size_is_none_of_ours(text, tmp_path):
    assert by_git("int", text, tmp_path) == ""
    assert "must be a size" in str(value_of("maxFileSize", text))


@given(st.sampled_from(sorted(PARSERS)), st.text(max_size=20))
def test_any_value_gives_a_field_or_a_problem(key, text):
    fields, problems = parse_config([("halfhooks." + key, text)])
    assert len(fields) + len(problems) == 1
    assert make_config(fields).layout().workflow == "halfhooks"


# --- free paths


@pytest.mark.parametrize(
    ("pattern", "path", "free"),
    [
        ("README.md", "README.md", True),
        ("README.md", "docs/README.md", False),
        ("docs", "docs/a", False),
        ("docs/*", "docs/a", True),
        ("docs/*", "docs/a/b", False),
        ("docs/**", "docs/a/b", True),
        ("docs/**", "docs2/a", False),
        ("**/x.md", "x.md", True),
        ("**/x.md", "a/b/x.md", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "a/x/y/bc", False),
        ("*.md", "a.md", True),
        ("*.md", ".md", True),
        ("*.md", "a/b.md", False),
        ("?.md", "é.md", True),
        ("?.md", "ab.md", False),
        ("a**b", "axxb", True),
        ("a**b", "a/b", False),
        ("[ab]", "a", False),
        ("[ab]", "[ab]", True),
        ("**", "anything/at/all", True),
        # what the workflow rests on is never free
        ("**", "halfhooks.conf", False),
        ("halfhooks.conf", "halfhooks.conf", False),
        ("**", "releases/1.0.0.txt", False),
        ("**", "releases", False),
        ("**", "Patches/1-a/x.sql", False),
        ("model/**", "model/schema.sql", False),
        ("**", "models/schema.sql", True),
    ],
)
def test_free_paths(pattern, path, free):
    assert is_free(path, Config(freePaths=(pattern,))) == free


def test_below_a_root_its_own_folders_are_never_free():
    config = Config(freePaths=("**",), root="shop/")
    assert not is_free("shop/releases/1.0.0.txt", config)
    assert not is_free("shop/model", config)
    assert is_free("releases/1.0.0.txt", config)
    assert not is_free("halfhooks.conf", config)


def by_definition(path: list[str], pattern: list[str]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(by_definition(path[skipped:], pattern[1:]) for skipped in range(len(path) + 1))
    name = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern[0])
    return bool(path) and bool(re.fullmatch(name, path[0], re.DOTALL)) and by_definition(path[1:], pattern[1:])


@given(
    st.lists(st.text("ab.", min_size=1, max_size=3), min_size=1, max_size=4),
    st.lists(st.sampled_from(["**", "*", "a*", "?", "*b", "a", "*.*", "a?*", "***"]), min_size=1, max_size=4),
)
def test_matches_is_its_definition(path, pattern):
    assert matches(path, pattern) == by_definition(path, pattern)


def test_no_pattern_takes_long():
    start = time.process_time()
    assert not matches(["a" * 2000], ["*a" * 300 + "b"])
    assert not matches(["a"] * 500, ["**", "a"] * 100 + ["b"])
    assert time.process_time() - start < 5

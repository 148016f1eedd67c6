"""docs/operations.md: its table of keys, and the scripts in it, which are run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

from halfhooks.ho.database.connect import Server, parse_dsn
from halfhooks.ho.production.settings import KEYS, SPELLED, Settings, Target, read_settings
from halfhooks.survey import CannotTell
from tests.builders import PROJECT

PAGE = (PROJECT / "docs" / "operations.md").read_text("utf-8")


def test_all_keys_are_in_the_table():
    rows = dict(re.findall(r"^\| `production\.(\w+)` \| (.*) \|$", PAGE, re.MULTILINE))
    said = {SPELLED.get(key, key): words for key, (_, words) in KEYS.items()}
    assert {name: row.split(" | ")[1] for name, row in rows.items()} == said
    for key, (field, _) in KEYS.items():
        default = str(Settings._field_defaults[field])
        shown = rows[SPELLED.get(key, key)].split(" | ")[0].strip("` ")
        assert shown == (default or "none") or field == "folder"


def block(start: str) -> str:
    (found,) = re.findall(rf"```(?:sh|ini)\n((?:#!/bin/sh\n)?# {re.escape(start)}.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_the_script_for_prometheus(shop, tmp_path):
    folder = tmp_path / "textfile"
    folder.mkdir()
    config = tmp_path / "production.conf"
    config.write_text(f"[production]\n\tdatabase = {shop.dsn}\n\tfrom = {shop.top}\n\tbackupFolder = {shop.folder}\n")
    script = block("/usr/local/bin/halfhooks-metrics")
    script = script.replace("/var/lib/node_exporter/textfile_collector", str(folder))
    script = script.replace("/etc/halfhooks/production.conf", str(config))
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "ho").write_text(f'#!/bin/sh\nexec {sys.executable} -m halfhooks.ho "$@"\n')
    (bin_ / "ho").chmod(0o755)
    environment = {**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}", "PYTHONPATH": str(PROJECT)}

    def play() -> str:
        subprocess.run(["sh", "-c", script], env=environment, check=True)
        assert [path.name for path in folder.iterdir()] == ["halfhooks.prom"]
        return (folder / "halfhooks.prom").read_text()

    assert f'halfhooks_database_ok{{database="{shop.name}"}} 1' in play()
    shop.ask("create table by_hand (id int)")
    drifted = play()
    assert f'halfhooks_database_ok{{database="{shop.name}"}} 0' in drifted
    config.write_text(config.read_text().replace("dbname=", "dbname=no_"))
    assert play() == drifted


def test_the_units_of_systemd(tmp_path):
    """Their syntax by systemd itself where it is, and the names of their keys in any case."""
    known = {"Unit": {"Description"}, "Service": {"Type", "User", "ExecStart"}, "Install": {"WantedBy"}}
    known["Timer"] = {"OnCalendar", "RandomizedDelaySec", "Persistent"}
    for name in ("halfhooks-metrics.service", "halfhooks-metrics.timer"):
        text = block(f"/etc/systemd/system/{name}")
        section = ""
        for line in filter(None, text.splitlines()[1:]):
            if line.startswith("["):
                section = line.strip("[]")
            else:
                assert line.partition("=")[0] in known[section], line
        (tmp_path / name).write_text(
            text.replace("/usr/local/bin/halfhooks-metrics", "/bin/true").replace("User=deploy\n", "")
        )
    verify = shutil.which("systemd-analyze")
    if verify:
        units = [str(path) for path in tmp_path.iterdir()]
        done = subprocess.run([verify, "verify", "--man=no", *units], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[production]\n\tbackups = dump\n", "the nearest is 'production.backup'"),
        ("[production]\n\tbackup = tape\n", "must be dump, template or none"),
        ("[production]\n\tkeep = many\n", "must be a number"),
        ("[production\n", "bad config line 1"),
    ],
)
def test_what_is_wrong_in_the_configuration(text, words, tmp_path):
    file = tmp_path / "production.conf"
    file.write_text(text)
    with pytest.raises(CannotTell, match=words):
        read_settings(str(file), dict(os.environ))
    with pytest.raises(CannotTell, match="there is no"):
        read_settings(str(tmp_path / "none.conf"), dict(os.environ))


@pytest.mark.parametrize("text", ["plain", "two words", "o'clock", "back\\slash", "", "tab\tbed"])
def test_a_connection_is_written_as_libpq_reads_it(text):
    target = Target(Server((("host", "/tmp"), ("options", text), ("password", "secret")), False, "", ""), "my 'own' db")
    assert parse_dsn(target.connection()) == {"host": "/tmp", "options": text, "dbname": "my 'own' db"}


def test_no_database_is_named(shop, monkeypatch):
    ran = shop.ho("update", "--from", str(shop.top))
    assert ran.code == 2
    assert "which database? --database" in ran.err
    ran = shop.ho("update", "--from", str(shop.top), "--database", shop.name)
    assert ran.code == 2
    assert (
        f"on which server is the database '{shop.name}'? --database 'host=db.example.org dbname={shop.name}'" in ran.err
    )
    monkeypatch.setenv("PGHOST", dict(shop.server.keywords)["host"])
    monkeypatch.setenv("PGUSER", "postgres")
    monkeypatch.setenv("PGDATABASE", shop.name)
    ran = shop.ho("update", "--from", str(shop.top))
    assert ran.code == 0, ran

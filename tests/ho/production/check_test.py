"""`ho db check`: whether a database is what its release says."""

from __future__ import annotations

import json
import re

from tests.ho.database.conftest import Ran
from tests.ho.production.conftest import Shop


def check(shop: Shop, *arguments: str) -> Ran:
    return shop.ho("db", "check", "--database", shop.dsn, "--backup-folder", str(shop.folder), *arguments)


def test_a_database_that_is_what_it_says(shop):
    ran = check(shop)
    assert ran.code == 0, ran
    assert f"halfhooks: '{shop.name}' is what 0.1.0 says" in ran.out
    shop.upgrade("--to-release", "0.2.0")
    found = json.loads(check(shop, "--json", "--from", str(shop.top)).out)
    assert found["ok"] is True
    assert (found["release"], found["behind"]) == ("0.2.0", ["0.2.0-hotfix1", "0.3.0"])
    assert (found["missing"], found["extra"]) == ([], [])
    assert found["backup"]["label"] == "0.1.0"


def test_drift(shop):
    shop.ask("alter table users add column by_hand text")
    ran = check(shop)
    assert ran.code == 1
    assert "drift: added column public.users.by_hand" in ran.out


def test_an_invalid_index_and_a_release_that_nobody_knows(shop):
    shop.ask("update pg_index set indisvalid = false where indexrelid = 'users_pkey'::regclass")
    shop.ask("insert into half_orm_meta.hop_release (major, minor, patch) values (0, 1, 7)")
    shop.ask("insert into half_orm_meta.halfhooks_release (label, applied) values ('0.1.7', now())")
    ran = check(shop, "--from", str(shop.top))
    assert ran.code == 1
    assert "the index users_pkey is invalid" in ran.out
    assert "0.1.7 was applied, and is no release of production" in ran.out


def test_a_release_that_was_left_out(shop):
    shop.ask("insert into half_orm_meta.hop_release (major, minor, patch) values (0, 3, 0)")
    ran = check(shop, "--from", str(shop.top))
    assert ran.code == 1
    assert "0.2.0 came before 0.3.0, and has not been applied" in ran.out


def test_what_was_not_recorded_is_held_against_the_model(shop):
    shop.ask("drop table half_orm_meta.halfhooks_release, half_orm_meta.halfhooks_patch")
    ran = check(shop)
    assert ran.code == 2
    assert "ho db check --model" in ran.out
    ran = check(shop, "--model", "--from", str(shop.top))
    assert ran.code == 0, ran
    shop.ask("drop table users")
    ran = check(shop, "--model", "--from", str(shop.top))
    assert ran.code == 1
    assert "removed table public.users" in ran.out


def test_no_database_and_no_releases(shop):
    ran = shop.ho("db", "check", "--database", shop.dsn + "x")
    assert ran.code == 2
    assert "there is no database" in ran.err
    shop.ask("drop schema half_orm_meta cascade")
    assert check(shop).code == 1


def test_metrics_are_in_the_format_of_prometheus(shop):
    ran = check(shop, "--metrics", "--from", str(shop.top))
    assert ran.code == 0
    lines = [line for line in ran.out.splitlines() if not line.startswith("#")]
    for line in lines:
        assert re.fullmatch(r'halfhooks_database_[a-z_]+\{database="\w+"(,release="[\d.]+")?\} \d+', line), line
    assert f'halfhooks_database_ok{{database="{shop.name}"}} 1' in lines
    assert f'halfhooks_database_behind{{database="{shop.name}"}} 3' in lines

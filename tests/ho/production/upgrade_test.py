"""`ho update` and `ho upgrade`, as an operator sees them."""

from __future__ import annotations

import json
import re

from halfhooks.ho import validation
from halfhooks.ho.database.dump import neutral, run_pg_dump
from halfhooks.ho.plan import Patch
from halfhooks.ho.production.observed import Seen, observed
from halfhooks.ho.records import Records
from tests.ho.production.conftest import BASE, Shop


def tables(shop: Shop) -> set[str]:
    query = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    return {name for (name,) in shop.ask(query)}


def test_what_lies_before_a_database(shop):
    before = shop.fingerprint()
    ran = shop.update()
    assert ran.code == 0, ran
    assert f"'{shop.name}' is at 0.1.0" in ran.out
    assert "2-mail: 01.sql, 02.sql" in ran.out
    found = json.loads(shop.update("--json").out)
    assert [each["release"] for each in found["releases"]] == ["0.2.0", "0.2.0-hotfix1", "0.3.0"]
    assert shop.fingerprint() == before


def test_an_upgrade_to_the_newest(shop):
    ran = shop.upgrade()
    assert f"halfhooks: '{shop.name}' is at 0.3.0" in ran.out
    assert tables(shop) == {"users", "posts", "tags"}
    assert shop.version() == "0.3.0"
    assert shop.ask("select count(*), count(mail) from users") == [(20, 20)]
    rows = "select major, minor, patch, commit is not null from half_orm_meta.hop_release order by 1, 2, 3"
    assert shop.ask(rows) == [(0, 1, 0, False), (0, 2, 0, True), (0, 3, 0, True)]
    query = "select label, fingerprint is not null, seconds > 0 from half_orm_meta.halfhooks_release order by applied"
    assert shop.ask(query)[1:] == [("0.2.0", True, True), ("0.2.0-hotfix1", True, True), ("0.3.0", True, True)]
    query = "select release, place, patch from half_orm_meta.halfhooks_patch order by 1, 2"
    assert shop.ask(query) == [
        ("0.2.0", 1, "1-posts"),
        ("0.2.0", 2, "2-mail"),
        ("0.2.0-hotfix1", 1, "3-fix"),
        ("0.3.0", 1, "4-tags"),
    ]
    query = "select source, target, outcome, accepted_drift, ended > began from half_orm_meta.halfhooks_upgrade"
    assert shop.ask(query) == [("0.1.0", "0.3.0", "done", None, True)]
    assert "nothing to do" in shop.upgrade().out


def test_an_upgrade_to_a_release_on_the_way(shop):
    shop.upgrade("--to-release", "0.2.0-hotfix1")
    assert shop.version() == "0.2.0-hotfix1"
    assert "0.2.0-hotfix1" in shop.update().out
    shop.upgrade("--to-release", "v0.3.0")
    assert shop.version() == "0.3.0"


def test_a_failure_leaves_the_last_whole_release(shop):
    shop.release(
        "0.4.0", {"5-a": {"01.sql": "create table a (id int);"}, "6-b": {"01.sql": "select 1;\nselect nothing;"}}
    )
    ran = shop.upgrade(code=1)
    assert shop.version() == "0.3.0"
    assert tables(shop) == {"users", "posts", "tags"}
    assert "error: 0.4.0 failed" in ran.err
    assert 'Patches/6-b/01.sql:2:8: column "nothing" does not exist' in ran.err
    assert "state: the database is at 0.3.0, it was at 0.1.0 before; nothing of what failed is left in it" in ran.err
    assert "ho rollback" in ran.err
    assert shop.ask("select outcome from half_orm_meta.halfhooks_upgrade") == [("failed at 0.4.0",)]


def test_a_dry_run_runs_it_on_a_copy(shop):
    before = shop.fingerprint()
    ran = shop.ho("upgrade", *shop.options, "--dry-run")
    assert ran.code == 0, ran
    assert "Patches/2-mail/02.sql" in ran.out
    assert "on a copy, all of it took" in ran.out
    assert "takes the ACCESS EXCLUSIVE lock on 'public.users'" in ran.out
    assert shop.fingerprint() == before
    assert shop.version() == "0.1.0"
    assert shop.ask("select count(*) from pg_database where datname like 'halfhooks_tmp%'", "postgres") == [(0,)]
    assert not shop.folder.exists()


def test_a_dry_run_holds_the_result_against_the_model(shop):
    ran = shop.ho("upgrade", *shop.options, "--dry-run")
    assert "the result is not what the model of 0.3.0 says" in ran.out  # a placeholder
    assert "added table public.tags" in ran.out
    tables = "create table a (id int);"
    shop.upgrade("--to-release", "0.3.0")
    shop.release(
        "0.4.0", {"5-a": {"01.sql": tables}}, model=neutral(run_pg_dump(shop.server, shop.name), "postgres") + tables
    )
    ran = shop.ho("upgrade", *shop.options, "--dry-run")
    assert ran.code == 0, ran
    assert "the result is not" not in ran.out


def test_a_dry_run_says_what_would_fail(shop):
    shop.release("0.4.0", {"5-a": {"01.sql": "select nothing;"}})
    ran = shop.ho("upgrade", *shop.options, "--dry-run")
    assert ran.code == 1
    assert "error: the dry run of 0.4.0 failed" in ran.err
    assert "state: the database is at 0.1.0, as it was" in ran.err


def test_a_dry_run_does_not_touch_what_belongs_to_the_server(shop):
    shop.release("0.4.0", {"5-a": {"01.sql": "create role nobody_at_all;"}})
    ran = shop.ho("upgrade", *shop.options, "--dry-run")
    assert ran.code == 1
    assert "Patches/5-a/01.sql:1: create role nobody_at_all" in ran.err


def test_nobody_to_ask(shop):
    ran = shop.ho("upgrade", *shop.options, "--backup-folder", str(shop.folder))
    assert ran.code == 1
    assert "nobody can be asked" in ran.err
    assert shop.version() == "0.1.0"


def test_drift_is_refused_and_accepted(shop):
    shop.ask("create index by_hand on users (name)")
    ran = shop.upgrade(code=1)
    assert "added index public.by_hand" in ran.err
    assert shop.version() == "0.1.0"
    shop.upgrade("--accept-drift", "made by hand for ticket 12")
    query = "select accepted_drift, drift from half_orm_meta.halfhooks_upgrade"
    assert shop.ask(query) == [("made by hand for ticket 12", "added index public.by_hand")]
    shop.release("0.4.0", {"5-a": {"01.sql": "create table a (id int);"}})
    shop.upgrade()
    assert shop.version() == "0.4.0"


def test_no_transaction_files_and_enum_values(shop):
    shop.release(
        "0.4.0",
        {
            "5-a": {"01.sql": "create type mood as enum ('sad');", "02.sql": "alter type mood add value 'happy';"},
            "6-b": {"01.sql": "create table m (mood mood default 'happy'); insert into m default values;"},
            "7-c": {"01.sql": "-- halfhooks: no-transaction\ncreate index concurrently m_mood on m (mood);"},
        },
    )
    shop.upgrade()
    assert shop.version() == "0.4.0"
    assert shop.ask("select mood::text from m") == [("happy",)]
    assert shop.ask("select count(*) from half_orm_meta.halfhooks_progress") == [(0,)]


def test_what_is_deferred_is_checked_at_the_end_of_each_patch(shop):
    deferred = "create table d (id int references users deferrable initially deferred);"
    shop.release(
        "0.4.0",
        {
            "5-a": {"01.sql": deferred},
            "6-b": {"01.sql": "insert into d values (99); insert into users values (99, 'late');"},
            "7-c": {
                "01.sql": "alter table d add column x int;\ninsert into d values (98);\ninsert into users values (98, 'x');"
            },
        },
    )
    shop.upgrade()
    assert shop.ask("select count(*) from d") == [(2,)]


def test_a_patch_begins_with_a_session_of_its_own(shop):
    shop.release(
        "0.4.0",
        {
            "5-a": {
                "01.sql": "create schema s; set search_path = s; set role pg_monitor; create temp table users (x int);"
            },
            "6-b": {"01.sql": "create table y (id int references users);"},
        },
    )
    shop.upgrade()
    assert "y" in tables(shop)


def test_a_bundle_will_do(shop, tmp_path):
    bundle = tmp_path / "shop.bundle"
    shop.git("bundle", "create", "-q", str(bundle), "ho-prod", "--tags")
    ran = shop.ho("update", "--database", shop.dsn, "--from", str(bundle))
    assert ran.code == 0, ran
    assert "3 releases to go to 0.3.0" in ran.out


def test_what_validations_have_seen_of_locks(shop, monkeypatch):
    shop.release("0.4.0", {}, model=BASE)
    index = "create index by_name on users (name);"
    shop.write("halfhooks.conf", '[halfhooks "project"]\n\tlockMode = share\n')
    patches = {"5-index": {"01.sql": index}, "6-own": {"01.sql": "create table own (id int);"}, "7-page": {}}
    for patch, files in patches.items():
        shop.write(f"Patches/{patch}/README.md", f"# {patch}\n")
        for name, content in files.items():
            shop.write(f"Patches/{patch}/{name}", content)
    shop.write("releases/0.5.0-stage.txt", "".join(f"{patch}\n" for patch in patches))
    shop.commit("Stage three patches")
    monkeypatch.chdir(shop.top)
    ran = shop.ho("validate", "--no-tests")
    assert ran.code == 0, ran
    shop.git("rm", "-q", "releases/0.5.0-stage.txt")
    shop.release("0.5.0", {**patches, "8-late": {"01.sql": "create table late (id int);"}})
    for folder in (shop.top, shop.top.parent / "elsewhere"):  # in the clone, and with the clone for a source
        monkeypatch.chdir(folder)
        said = shop.update().out
        place = "  5-index: 01.sql\n    Patches/5-index/01.sql:1:1"
        locked = rf"{place}: reads all of 'public.users' under the SHARE lock: .* \(\d{{4}}-"
        assert re.search(locked, said), said
        assert re.search(r"  6-own: 01.sql\n    no SHARE lock or stronger on a table of production \(\d{4}-", said), (
            said
        )
        assert "  7-page: nothing to run\n  8-late: 01.sql\n    its locks are not recorded here" in said
        found = json.loads(shop.update("--json").out)["releases"][-1]["patches"]
        index_, own, _, late = (each["locks"] for each in found)
        assert [(each["table"], each["lock"], each["scanned"]) for each in index_["hazards"]] == [
            ("public.users", "share", True)
        ]
        assert (own["weakest"], own["hazards"], late) == ("share", [], None)
    shop.write("Patches/5-index/01.sql", index + "\n")  # other content: what was seen is of another patch
    monkeypatch.chdir(shop.top)
    shop.git("commit", "-q", "-a", "--amend", "--no-edit")
    shop.git("tag", "-f", "-a", "-m", "Release 0.5.0", "v0.5.0")
    assert json.loads(shop.update("--json").out)["releases"][-1]["patches"][0]["locks"] is None


def test_what_a_validation_that_stopped_has_seen_counts_for_nothing(tmp_path):
    patch = Patch("1-a", "0.2.0", "", ())
    place = tmp_path / "git"
    seen = dict.fromkeys(validation.Record._fields, "")
    seen.update(tree="t", patches=({"id": "1-a", "content": patch.content},), hazards=(), problems=(), at=5)
    record = validation.Record(
        **{**seen, "tests": validation.Tested(), "warnings": (), "observed": "share", "seconds": {}}
    )  # type: ignore[arg-type]
    Records(str(place)).save(record)
    assert observed([str(place)], [patch]) == {"1-a": Seen("share", 5, ())}
    for step, expected in (("1-a", {}), (validation.TESTS, {"1-a": Seen("share", 5, ())})):
        Records(str(place)).save(record._replace(problems=(validation.Problem(step, ("it failed",)),)))
        assert observed([str(place)], [patch]) == expected
    Records(str(place)).save(record._replace(observed=""))
    assert observed([str(place)], [patch]) == {}

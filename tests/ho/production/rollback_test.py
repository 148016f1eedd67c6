"""`ho rollback`, as an operator sees it."""

from __future__ import annotations

import json

import pytest

from tests.ho.production.conftest import Shop


@pytest.fixture(params=["dump", "template"])
def upgraded(shop, request):
    shop.ask(f"comment on database {shop.name} is 'halfhooks: production'")
    shop.ask(f"alter database {shop.name} set work_mem to '5MB'")
    with_settings(shop)
    shop.upgrade("--backup", request.param)
    assert shop.version() == "0.3.0"
    return shop


def with_settings(shop: Shop) -> None:
    """The settings belong to what was recorded."""
    from halfhooks.ho.database import meta
    from halfhooks.ho.database.catalog import fingerprint, read_catalog
    from halfhooks.ho.database.connect import connected, execute

    with connected(shop.server, shop.name) as connection:
        execute(connection, "delete from half_orm_meta.halfhooks_release")
        catalog = read_catalog(connection)
        meta.record(connection, "0.1.0", fingerprint=fingerprint(catalog), catalog=catalog)


def test_back_to_the_backup(upgraded):
    shop = upgraded
    before = json.loads(
        shop.ho("rollback", "--database", shop.dsn, "--backup-folder", str(shop.folder), "--list", "--json").out
    )
    assert [each["label"] for each in before["backups"]] == ["0.1.0"]
    shop.ask("insert into users values (100, 'late'); select pg_stat_force_next_flush()")
    ran = shop.rollback()
    assert "would be undone: 0.2.0, 0.2.0-hotfix1, 0.3.0" in ran.out
    assert "public.users: " in ran.out
    assert "the table itself is newer than the backup" in ran.out
    assert shop.version() == "0.1.0"
    assert shop.ask("select count(*) from users") == [(20,)]
    assert shop.ask("show work_mem") == [("5MB",)]
    query = "select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()"
    assert shop.ask(query) == [("halfhooks: production",)]
    kept = ran.out.split("is kept as '")[1].split("'")[0]
    assert shop.version(kept) == "0.3.0"
    assert shop.ask("select count(*) from users", kept) == [(21,)]
    assert shop.ask("select count(*) from pg_database where datname like 'halfhooks_tmp%'", "postgres") == [(0,)]
    shop.upgrade()
    assert shop.version() == "0.3.0"


def test_there_is_no_such_backup(upgraded):
    ran = upgraded.rollback("--to", "0.2.0", code=1)
    assert "there is no backup of 0.2.0" in ran.err
    assert "there is: 0.1.0, taken" in ran.err
    assert upgraded.version() == "0.3.0"


def test_a_backup_that_is_broken_leaves_the_database(shop):
    shop.upgrade()
    (dump,) = shop.folder.rglob("*.dump")
    content = dump.read_bytes()
    middle = len(content) // 2
    dump.write_bytes(content[:middle] + bytes(200) + content[middle + 200 :])
    ran = shop.rollback(code=1)
    assert "could not be restored" in ran.err
    assert "state: nothing was done; the database is at 0.3.0, as it was" in ran.err
    assert shop.version() == "0.3.0"
    dump.write_bytes(content[:middle])
    ran = shop.rollback(code=1)
    assert "there is no backup" in ran.err


def test_a_session_that_is_open_is_ended(shop):
    from halfhooks.ho.database.connect import connected, execute

    shop.upgrade()
    with connected(shop.server, shop.name) as connection:
        execute(connection, "begin; select 1")
        ran = shop.rollback()
    assert "sessions were ended" in ran.out
    assert shop.version() == "0.1.0"


def test_nobody_to_ask(shop):
    shop.upgrade()
    ran = shop.ho("rollback", "--database", shop.dsn, "--backup-folder", str(shop.folder))
    assert ran.code == 1
    assert "--yes" in ran.err
    assert shop.version() == "0.3.0"


def test_old_backups_go(shop, tmp_path):
    config = tmp_path / "production.conf"
    config.write_text(f"[production]\n\tkeep = 2\n\tbackupFolder = {shop.folder}\n")
    for number in range(4, 8):
        shop.release(f"0.{number}.0", {f"{number}-x": {"01.sql": f"create table x{number} (id int);"}})
        shop.ho("upgrade", "--config", str(config), *shop.options, "--yes")
    assert shop.version() == "0.7.0"
    kept = sorted(path.name.partition("_")[0] for path in shop.folder.rglob("*.dump"))
    assert kept == ["0.5.0", "0.6.0"]

"""The catalog as values: what is read, and what it does not depend on."""

from __future__ import annotations

import psycopg2
import pytest

from halfhooks.ho.codegen import model
from halfhooks.ho.codegen.introspect import read_database
from halfhooks.survey import CannotTell
from tests.ho.codegen.schemas import SHOP


@pytest.fixture(scope="module")
def shop(cluster):
    return cluster.create("introspect", SHOP)


@pytest.fixture(scope="module")
def relations(shop):
    return {relation.label: relation for relation in shop.read().relations}


def column(relation, name):
    return next(column for column in relation.columns if column.name == name)


def test_relations_of_all_kinds(relations):
    assert {name: relation.kind for name, relation in relations.items()} == {
        "audit.log.entries": model.TABLE,
        "shop.counted": model.MATERIALIZED,
        "shop.events": model.PARTITIONED,
        "shop.events_2020": model.TABLE,
        "shop.lines": model.TABLE,
        "shop.notes": model.TABLE,
        "shop.orders": model.TABLE,
        "shop.remote": model.FOREIGN,
        "shop.rich": model.VIEW,
        "shop.users": model.TABLE,
        "shop.vips": model.TABLE,
    }
    assert [name for name, relation in relations.items() if relation.partition] == ["shop.events_2020"]
    assert relations["shop.vips"].parents == (("shop", "users"),)
    assert relations["shop.users"].comment == "Those who buy."


def test_columns(relations):
    users = relations["shop.users"]
    assert column(users, "id") == model.Column(
        "id", model.Type("pg_catalog", "int4", model.BASE), "integer", True, "", "always"
    )
    assert column(users, "name").sql == "character varying(40)"
    assert column(users, "name").comment == "As they are called"
    assert column(users, "name").required
    assert column(users, "mood").type.labels == ("sad", "it's ok", "happy")
    assert column(users, "mood").default == "'happy'::shop.mood"
    assert (column(users, "tags").type.kind, column(users, "tags").type.inner.name) == (model.ARRAY, "text")
    assert (column(users, "span").type.kind, column(users, "span").type.inner.name) == (model.RANGE, "int4")
    assert column(users, "at").type.fields == (("x", "integer"), ("y", "integer"), ("z", "integer"))
    assert column(users, "shout").generated == "upper((name)::text)"
    assert column(users, "shout").default == ""
    email = column(users, "mail")
    assert (email.type.kind, email.type.inner.name, email.not_null) == (model.DOMAIN, "text", True)
    placed = column(relations["shop.orders"], "placed")
    assert placed.default == "'2020-01-01 00:00:00+00'::timestamp with time zone"


def test_keys_on_both_sides(relations):
    users, orders = relations["shop.users"], relations["shop.orders"]
    assert users.primary_key == model.Key("users_pkey", ("id",))
    assert users.unique == (model.Key("users_name_born_key", ("name", "born")),)
    assert orders.foreign_keys == (
        model.ForeignKey("orders_user_id_fkey", orders.id, ("user_id",), users.id, ("id",), "restrict", "cascade"),
        model.ForeignKey("who_ships", orders.id, ("shipper_id",), users.id, ("id",)),
    )
    assert set(orders.foreign_keys) < set(users.referrers)
    assert [key.source for key in users.referrers] == [
        ("audit.log", "entries"),
        ("shop", "events"),
        ("shop", "orders"),
        ("shop", "users"),
        ("shop", "orders"),
    ]
    about = relations["shop.notes"].foreign_keys[0]
    assert (about.name, about.columns, about.target_columns) == ("about", ("order_id", "line"), ("order_id", "line"))


def test_a_choice_of_schemas_and_relations(shop):
    assert [relation.label for relation in shop.read("audit.log").relations] == ["audit.log.entries"]
    left = shop.read("shop", exclude=("shop.events*", "*.users"))
    assert [relation.name for relation in left.relations] == [
        "counted",
        "lines",
        "notes",
        "orders",
        "remote",
        "rich",
        "vips",
    ]
    assert left.relations[3].foreign_keys == ()  # what they lead to is not there
    with pytest.raises(CannotTell, match=r"there is no schema 'shpo'; there are: audit\.log, public, shop"):
        shop.read("shpo")


def test_nothing_depends_on_name_order_or_numbers(cluster, shop):
    other = cluster.create("a name 'of \\ its own", "set datestyle = 'German'; " + SHOP)
    other.run("""
        alter table shop.orders add column gone int; alter table shop.orders drop column gone;
        alter table shop.orders drop column placed;
        alter table shop.orders add column placed timestamptz not null default '2020-01-01 01:00:00+01';
        alter role current_user set datestyle = 'German'; alter role current_user set timezone = 'Asia/Tokyo';
        alter role current_user set search_path = shop, public
    """)
    try:
        assert other.read() == shop.read()
    finally:
        other.run("alter role current_user reset all")
    restored = cluster.create("restored")
    restored.restore(other.dump())
    assert restored.read() == shop.read()


def test_a_database_that_cannot_be_read(cluster):
    with pytest.raises(CannotTell, match=r"the database does not answer: .*nowhere"):
        read_database("host=/nowhere")
    with pytest.raises(CannotTell, match="does not answer"):
        read_database("not a dsn")


def test_the_transaction_cannot_write(shop, monkeypatch):
    monkeypatch.setattr("halfhooks.ho.codegen.introspect.SETTINGS", "create table shop.written ()")
    with pytest.raises(CannotTell, match="read-only transaction"):
        shop.read()
    with pytest.raises(psycopg2.Error):
        shop.run("table shop.written")

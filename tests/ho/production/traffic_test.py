"""People go on working while additive patches are applied: they wait for a moment, and see no error."""

from __future__ import annotations

import threading
import time
from random import Random

from halfhooks.ho.database.connect import Error, connected, execute
from tests.ho.production.conftest import Shop
from tests.ho.production.resume_test import ALONE

CLIENTS = 4
LOCK_TIMEOUT = 2.0


class Client(threading.Thread):
    """Somebody who works: short transactions, one after the other. `errors` and the `longest` of them in seconds."""

    def __init__(self, shop: Shop, number: int) -> None:
        super().__init__(daemon=True)
        self.shop = shop
        self.random = Random(number)
        self.errors: list[str] = []
        self.longest = 0.0
        self.count = 0
        self.end = threading.Event()

    def run(self) -> None:
        with connected(self.shop.server, self.shop.name) as connection:
            while not self.end.is_set():
                started = time.monotonic()
                try:
                    execute(connection, "begin")
                    execute(
                        connection, "update users set name = name || 'x' where id = %s", [self.random.randint(1, 20)]
                    )
                    execute(connection, "insert into orders (by_user) values (%s)", [self.random.randint(1, 20)])
                    execute(connection, "select count(*) from users join orders on by_user = users.id")
                    execute(connection, "commit")
                    self.count += 1
                except Error as error:
                    self.errors.append(str(error))
                    execute(connection, "rollback")
                self.longest = max(self.longest, time.monotonic() - started)


def test_additive_patches_under_traffic(shop):
    orders = (
        "create table orders (id bigserial primary key, by_user int references users, at timestamptz default now())"
    )
    shop.release("0.4.0", {"5-o": {"01.sql": orders}})
    shop.upgrade()
    shop.release(
        "0.5.0",
        {
            "6-c": {"01.sql": "alter table users add column seen timestamptz;"},
            "7-d": {"01.sql": "alter table orders add column state text not null default 'new';"},
            "8-v": {"01.sql": "create view busy as select by_user, count(*) from orders group by by_user;"},
        },
    )
    shop.release("0.6.0", {"9-i": {"01.sql": f"{ALONE}create index concurrently orders_by_user on orders (by_user);"}})
    fk = "alter table notes add constraint notes_user foreign key (by_user) references users not valid;"
    shop.release(
        "0.7.0",
        {
            "10-n": {"01.sql": "create table notes (id bigserial primary key, by_user int, text text);", "02.sql": fk},
            "11-n": {"01.sql": "alter table notes validate constraint notes_user;"},
        },
    )
    clients = [Client(shop, number) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    while not all(client.count > 5 for client in clients):
        time.sleep(0.01)
    before = sum(client.count for client in clients)
    shop.upgrade("--lock-timeout", str(int(LOCK_TIMEOUT)))
    during = sum(client.count for client in clients) - before
    for client in clients:
        client.end.set()
    for client in clients:
        client.join()
    assert [error for client in clients for error in client.errors] == []
    assert shop.version() == "0.7.0"
    assert during > 0
    assert max(client.longest for client in clients) < 2 * LOCK_TIMEOUT + 1
    assert shop.ask("select count(*) from orders") == [(sum(client.count for client in clients),)]
    assert shop.ask("select count(*) from pg_index where not indisvalid") == [(0,)]

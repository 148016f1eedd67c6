"""A project with releases, and a database in production on a private server."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Optional

import pytest

from halfhooks.ho import cli
from halfhooks.ho.database import meta
from halfhooks.ho.database.catalog import fingerprint, read_catalog
from halfhooks.ho.database.connect import Server, ask, connected, execute
from halfhooks.ho.database.databases import Databases
from halfhooks.ho.database.dump import run_pg_dump
from halfhooks.ho.database.dumps import run_dump
from halfhooks.ho.database.run import Hooks, run_patch
from halfhooks.ho.plan import Patch, patch_files
from halfhooks.ho.trees import WorkingTree
from tests.builders import run
from tests.ho.database.conftest import Ran, environment, server, servers, wait_for

__all__ = ["Ran", "environment", "server", "servers", "wait_for"]

Files = Mapping[str, str]
BASE = "create table users (id int primary key, name text not null);\n"
ROWS = "insert into users select i, 'user ' || i from generate_series(1, 20) i"


class Shop:
    """A repository whose ho-prod has releases, and a database that is at one of them."""

    def __init__(self, top: Path, server: Server, capsys: Optional[pytest.CaptureFixture[str]] = None) -> None:
        self.top = top
        self.server = server
        self.name = "p" + secrets.token_hex(5)
        self.folder = top.parent / "backups"
        self._capsys = capsys
        self.released: dict[str, list[str]] = {}
        if not top.exists():
            run("git", "init", "-q", "-b", "ho-prod", str(top))
            self.git("config", "user.email", "dev@example.org")

    # --- the repository

    def git(self, *arguments: str) -> str:
        return run("git", *arguments, cwd=self.top)

    def write(self, path: str, content: str) -> None:
        file = self.top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, "utf-8")

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def release(self, label: str, patches: Mapping[str, Files], tag: bool = True, model: str = "") -> str:
        """Promote a release: its patches, its file, its model, and its tag."""
        for patch, files in patches.items():
            self.write(f"Patches/{patch}/README.md", f"# {patch}\n")
            for name, content in files.items():
                self.write(f"Patches/{patch}/{name}", content)
        self.write(f"releases/{label}.txt", "".join(f"{patch}\n" for patch in patches))
        self.write(f"model/schema-{label}.sql", model or f"-- {label}\n")
        self.released[label] = list(patches)
        commit = self.commit(f"Promote {label}")
        if tag:
            self.git("tag", "-a", "-m", f"Release {label}", f"v{label}")
        return commit

    # --- the database

    def install(self, label: str = "0.1.0", statements: str = BASE + ROWS, name: str = "") -> None:
        """A database in production at a release."""
        ask(self.server, "postgres", f"create database {name or self.name}")
        with connected(self.server, name or self.name) as connection:
            execute(connection, statements)
            meta.ensure(connection)
            catalog = read_catalog(connection)
            meta.record(connection, label, fingerprint=fingerprint(catalog), catalog=catalog)

    def remove(self) -> None:
        query = "select datname from pg_database where datname like %s or datname like %s"
        found = ask(self.server, "postgres", query, [f"%{self.name}%", "halfhooks_tmp%"])
        for (name,) in found:
            with connected(self.server, "postgres") as connection:
                execute(connection, f'drop database if exists "{name}" with (force)')

    def ask(self, query: str, database: str = "") -> list[tuple[Any, ...]]:
        return ask(self.server, database or self.name, query)

    def version(self, database: str = "") -> str:
        with connected(self.server, database or self.name) as connection:
            return meta.version_of(connection)

    def fingerprint(self, database: str = "") -> str:
        with connected(self.server, database or self.name) as connection:
            return fingerprint(read_catalog(connection))

    @property
    def dsn(self) -> str:
        return f"host={dict(self.server.keywords)['host']} user=postgres dbname={self.name}"

    @property
    def options(self) -> list[str]:
        return ["--database", self.dsn, "--from", str(self.top)]

    # --- commands

    def ho(self, *arguments: str) -> Ran:
        assert self._capsys
        self._capsys.readouterr()
        code = cli.main(arguments)
        return Ran(code, *self._capsys.readouterr())

    def update(self, *arguments: str) -> Ran:
        return self.ho("update", *self.options, *arguments)

    def upgrade(self, *arguments: str, code: int = 0) -> Ran:
        ran = self.ho("upgrade", *self.options, "--yes", "--backup-folder", str(self.folder), *arguments)
        assert ran.code == code, ran
        return ran

    def rollback(self, *arguments: str, code: int = 0) -> Ran:
        ran = self.ho("rollback", "--database", self.dsn, "--yes", "--backup-folder", str(self.folder), *arguments)
        assert ran.code == code, ran
        return ran


@pytest.fixture
def shop(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shop]:
    """0.1.0 is in production, and two releases with a hotfix between them have come since."""
    shop = Shop(tmp_path / "shop", server, capsys)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("HALFHOOKS_PRODUCTION", "")
    os.environ.pop("HALFHOOKS_PRODUCTION", None)
    begin(shop)
    shop.install()
    yield shop
    shop.remove()


def begin(shop: Shop) -> None:
    """The releases that every project here has."""
    shop.release("0.1.0", {}, model=BASE)
    shop.release(
        "0.2.0", {"1-posts": {"01.sql": POSTS}, "2-mail": {"01.sql": MAIL, "02.sql": "update users set mail = name;"}}
    )
    shop.release("0.2.0-hotfix1", {"3-fix": {"01.sql": "create index posts_author on posts (author);"}})
    shop.release("0.3.0", {"4-tags": {"01.sql": "create table tags (id int primary key, name text);"}})


POSTS = (
    "create table posts (id int primary key, author int references users);\ninsert into posts select id, id from users;"
)
MAIL = "alter table users add column mail text;"


def fresh(shop: Shop, patches: list[Patch], name: str) -> None:
    """Make a database of the base and some patches, as `ho apply` runs them."""
    ask(shop.server, "postgres", f"create database {name}")
    with connected(shop.server, name) as connection:
        execute(connection, BASE)
        for patch in patches:
            assert run_patch(connection, patch, lambda file: None, Hooks()) is None


__all__ += ["Databases", "WorkingTree", "patch_files", "run_dump", "run_pg_dump"]

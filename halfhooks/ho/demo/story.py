"""The workflow, played by `ho`: from an empty repository to a hotfix in production, with a database and its classes."""

from __future__ import annotations

from typing import Optional

from halfhooks.ho.database.connect import Server, ask
from halfhooks.ho.demo.ground import DATABASE, PRODUCTION
from halfhooks.ho.demo.show import Show

USERS = "create table users (id int primary key, name text not null);\n"
USERS_TEST = """\
from shop.public.users import Users


def test_a_user_is_stored():
    Users(id=1, name="Ada").ho_insert()
    assert [row["name"] for row in Users(id=1)] == ["Ada"]
"""
POSTS = "create table posts (id int primary key, author int not null references users);\n"
POSTS_TEST = """\
from shop.public.posts import Posts
from shop.public.users import Users


def test_a_post_leads_to_its_author():
    Users(id=2, name="Bob").ho_insert()
    Posts(id=1, author=2).ho_insert()
    assert [row["name"] for row in Posts(id=1).author_fk()] == ["Bob"]
"""
UNIQUE = "create unique index users_name on users (name);\n"
TAGS = "create table tags (id int primary key, post int not null references posts);\n"
TABLES = ["posts", "users"]
LIST = "1-users\n2-posts\n"


def play(show: Show, server: Server) -> None:
    """All of it; the database server is where the demonstration's databases are."""
    begin(show)
    to_production(show)
    hotfix(show)
    check(show, server)


def begin(show: Show) -> None:
    """The server is guarded, and the project begins."""
    ground, console = show.ground, show.console
    console.title("An empty bare repository, guarded")
    console.line("  $ ho install server server.git", "cyan")
    console.block(ground.install().replace(f"{ground.server.parent}/", ""), indent=4)
    console.title("A project begins")
    ground.begin()
    console.line("            $ ho init clone", "cyan")
    show.accept("the project is at 0.0.0", "-u", PRODUCTION)


def to_production(show: Show) -> None:
    """Two patches, a release candidate between them, and what is not ready is stopped."""
    ground, console = show.ground, show.console
    console.title("A release: users, a release candidate, posts, production")
    show.does("release 0.1.0 is started, and the version is ours", "release", "new", "minor")
    show.does("a patch for ticket 1", "patch", "new", "1-users", "-d", "Users can be stored")
    ground.write("Patches/1-users/01_users.sql", USERS)
    ground.write("tests/users_test.py", USERS_TEST)
    show.does("its SQL runs in a development database, its classes are written", "apply", moves=False)
    ground.commit("Store users")
    show.does("merged, validated with its tests in a database of its own, staged", "patch", "close")
    show.does("a release candidate", "release", "promote", "rc")

    show.does("another patch, after the candidate", "patch", "new", "2-posts")
    ground.write("Patches/2-posts/01_posts.sql", POSTS.replace("references users", "references people"))
    ground.write("tests/posts_test.py", POSTS_TEST)
    ground.commit("Store posts")
    show.fails("its SQL is wrong: nothing is merged", 'relation "people" does not exist', "patch", "close")
    ground.write("Patches/2-posts/01_posts.sql", POSTS)
    ground.commit("Refer to users")
    show.fails("nobody has written its classes", "(HH701)", "patch", "close", "--no-tests")
    show.does("now they are", "apply", moves=False)
    ground.commit("Write the classes of posts")
    show.does("merged, validated, staged", "patch", "close")
    show.does("0.1.0 goes to production, with the model that it makes", "release", "promote", "prod")


def hotfix(show: Show) -> None:
    """While the next release is in preparation, production is mended."""
    ground = show.ground
    show.console.title("A hotfix, while the next release is in preparation")
    show.does("release 0.2.0 is started", "release", "new", "minor")
    show.does("with a patch", "patch", "new", "3-tags")
    ground.write("Patches/3-tags/01_tags.sql", TAGS)
    ground.commit("Store tags")
    show.accept("whose work is pushed", "ho-patch/3-tags")
    show.does("0.1.0 is open again", "release", "hotfix")
    show.does("the urgent patch", "patch", "new", "4-unique-names")
    ground.write("Patches/4-unique-names/01_index.sql", UNIQUE)
    show.does("it runs on what production has", "apply", moves=False)
    ground.commit("Make the names of users unique")
    show.does("merged, validated, staged, as any other", "patch", "close")
    show.does("the hotfix goes to production, and who else needs it is told", "release", "promote", "hotfix")
    show.does("0.2.0 takes it in", "release", "sync", "0.2.0")


def check(show: Show, server: Server) -> None:
    """What was promised is so, by what the server and a database made of production alone hold."""
    show.console.title("What is in production")
    show.does("a database is made of its model alone", "apply", "--production", moves=False)
    show.holds(f"it has the tables {' and '.join(TABLES)}, and the index of the hotfix", lacks(server))
    listed = show.ground.git("show", f"origin/{PRODUCTION}:releases/0.1.0.txt")
    show.holds("its list has the patch of the candidate and the later one", None if listed == LIST else listed)
    show.does("by all rules the server is in order", "check", moves=False)
    show.console.block(show.ground.git("log", "--graph", "--format=%s%d", "--all", "-12"), "dim")


def lacks(server: Server) -> Optional[str]:
    """What the database of production does not have."""
    tables = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1"
    found = [name for (name,) in ask(server, DATABASE, tables)]
    if found != TABLES:
        return f"it has the tables {found}"
    index = ask(server, DATABASE, "select indisunique from pg_index where indexrelid = to_regclass('users_name')")
    return None if index == [(True,)] else "the index of the hotfix is missing"

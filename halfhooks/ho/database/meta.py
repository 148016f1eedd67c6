"""What a database says about itself: the schema `half_orm_meta`, with one row a release.

`hop_release` and what belongs to it are those of half_orm_dev (0.16 to 1.1), so that either tool reads what the other has
written. What has no place there (hotfixes, patches, fingerprints, upgrades) stands beside it, in tables whose names begin
with `halfhooks_`. Nothing here is part of what a catalog is compared by: see `catalog.BOOKKEEPING`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Optional

from halfhooks import __version__
from halfhooks.ho.database.catalog import META, VIEWS, Object
from halfhooks.ho.database.connect import execute
from halfhooks.values import NamedTuple
from halfhooks.version import Version, parse_version

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection


class Label(NamedTuple):
    """A version in production with the number of its last hotfix, 0 for none: they compare in the order of promotion."""

    version: Version
    hotfix: int = 0

    def __str__(self) -> str:
        return f"{self.version}-hotfix{self.hotfix}" if self.hotfix else str(self.version)


class Applied(NamedTuple):
    """A patch that a release has applied: its content as `Patch.content` gives it, and the seconds that it took."""

    id: str
    content: str
    seconds: float = 0


class Recorded(NamedTuple):
    """What a database says about itself. `label` is "" where it names no version.

    `managed` is whether it has a table of releases, `ours` whether halfhooks has written there. `fingerprint`, `catalog` and
    `server` (its major version) are those of the state that the last release left, "" and 0 where that is not known.
    `candidates` are release candidates of half_orm_dev that are newer than `label`.
    """

    label: str = ""
    managed: bool = False
    ours: bool = False
    commit: str = ""
    fingerprint: str = ""
    catalog: Sequence[Object] = ()
    server: int = 0
    releases: Sequence[str] = ()
    candidates: Sequence[str] = ()
    patches: Sequence[tuple[str, str, str]] = ()
    """Release, patch and content of what halfhooks has applied."""


def parse_label(text: str) -> Optional[Label]:
    """The label that a text writes: `1.2.0` or `1.2.0-hotfix3`; None for any other."""
    head, hotfix, number = text.partition("-hotfix")
    version = parse_version(head)
    if version is None or (hotfix and not (number.isascii() and number.isdigit() and number[0] != "0")):
        return None
    return Label(version, int(number or 0))


def ensure(connection: Connection) -> None:
    """Make what is missing of the schemas, tables and views; what is there stays as it is."""
    asked = ", ".join(f"to_reg{kind}(%s) is not null" for kind, _, _ in DDL)
    (there,) = execute(connection, f"select {asked}", [name for _, name, _ in DDL])
    for known, (_, _, statement) in zip(there, DDL):
        if not known:
            execute(connection, statement)


def record(
    connection: Connection,
    label: str,
    commit: str = "",
    *,
    at: Optional[datetime] = None,
    patches: Sequence[Applied] = (),
    seconds: float = 0,
    who: str = "",
    fingerprint: str = "",
    catalog: Sequence[Object] = (),
) -> None:
    """Write the rows of a release, after `ensure`; in the transaction of the caller. Rows that are there stay.

    `at` is when, an aware time: now when it is None. A dump that has to be reproducible gives a fixed one, and leaves `who`,
    `seconds`, `fingerprint` and `catalog` out. Only the newest catalog is kept.
    """
    parsed = parse_label(label)
    if parsed is None:
        raise ValueError(f"'{label}' is no version")
    when = "coalesce(%s, transaction_timestamp()) at time zone 'UTC'"  # a time with a zone has no other way to UTC
    execute(
        connection,
        f"""insert into {META}.hop_release (major, minor, patch, date, "time", commit)
            values (%s, %s, %s, ({when})::date, (to_char({when}, 'HH24:MI:SS') || '+00')::timetz, nullif(%s, ''))
            on conflict do nothing""",
        [*parsed.version, at, at, commit if not parsed.hotfix else ""],
    )
    major = connection.server_version // 10000 if fingerprint else None
    listed = json.dumps([list(each) for each in catalog]) if catalog else None
    if listed:
        execute(connection, f"update {META}.halfhooks_release set catalog = null where catalog is not null")
    execute(
        connection,
        f"""insert into {META}.halfhooks_release
                (label, commit, applied, seconds, applied_by, tool, fingerprint, server, catalog)
            values (%s, nullif(%s, ''), coalesce(%s, transaction_timestamp()), nullif(%s, 0), nullif(%s, ''), %s,
                nullif(%s, ''), %s, %s)
            on conflict do nothing""",
        [label, commit, at, seconds, who, None if at else f"halfhooks {__version__}", fingerprint, major, listed],
    )
    for place, patch in enumerate(patches, 1):
        execute(
            connection,
            f"""insert into {META}.halfhooks_patch (release, place, patch, content, seconds)
                values (%s, %s, %s, %s, nullif(%s, 0)) on conflict do nothing""",
            [label, place, patch.id, patch.content, patch.seconds],
        )


def version_of(connection: Connection) -> str:
    """The label of the newest release that a database names, "" where it names none. Only reads."""
    return read(connection).label


def read(connection: Connection) -> Recorded:
    """What a database says about itself. Only reads."""
    if not _has(connection, "hop_release"):
        return Recorded()
    query = f"select major, minor, patch, pre_release, pre_release_num from {META}.hop_release"
    rows = execute(connection, query)
    labels = {Label(Version(*row[:3])) for row in rows if not row[3]}
    ours = _has(connection, "halfhooks_release")
    found: dict[Label, tuple[str, ...]] = {}
    if ours:
        query = f"select label, commit, fingerprint, catalog, server from {META}.halfhooks_release"
        for label, *rest in execute(connection, query):
            parsed = parse_label(label)
            if parsed:
                found[parsed] = tuple(rest)
    labels |= set(found)
    if not labels:
        return Recorded(managed=True, ours=ours)
    last = max(labels)
    commit, fingerprint, catalog, server = found.get(last, (None,) * 4)
    newer = sorted((Version(*row[:3]), f"{row[3]}{row[4]}") for row in rows if row[3])
    return Recorded(
        str(last),
        True,
        ours,
        commit or "",
        fingerprint or "",
        [Object(*each) for each in json.loads(catalog or "[]")],
        int(server or 0),
        [str(label) for label in sorted(labels)],
        [f"{version}-{words}" for version, words in newer if version > last.version],
        execute(connection, f"select release, patch, content from {META}.halfhooks_patch order by release, place")
        if ours
        else (),
    )


def _has(connection: Connection, table: str) -> bool:
    ((there,),) = execute(connection, "select to_regclass(%s) is not null", [f"{META}.{table}"])
    return bool(there)


DDL = (
    ("namespace", META, f"create schema {META}"),
    ("namespace", VIEWS, f"create schema {VIEWS}"),
    # from here to hop_penultimate_release: half_orm_dev, patches/sql/half_orm_meta.sql, the same in 0.17 and 1.1
    (
        "class",
        f"{META}.database",
        f"""create table {META}.database (
            id text constraint database_pkey primary key,
            name text not null,
            description text)""",
    ),
    (
        "class",
        f"{META}.hop_release",
        f"""create table {META}.hop_release (
            major integer not null constraint hop_release_major_check check (major >= 0),
            minor integer not null constraint hop_release_minor_check check (minor >= 0),
            patch integer not null constraint hop_release_patch_check check (patch >= 0),
            pre_release text default ''::text not null constraint hop_release_pre_release_check
                check (pre_release = any (array['alpha'::text, 'beta'::text, 'rc'::text, ''::text])),
            pre_release_num text default ''::text not null constraint hop_release_pre_release_num_check
                check (pre_release_num = ''::text or pre_release_num ~ '^\\d+$'::text),
            date date default current_date,
            "time" time(0) with time zone default current_time,
            changelog text,
            commit text,
            dbid text constraint hop_release_dbid_fkey references {META}.database(id) on update cascade,
            hop_release text,
            constraint hop_release_pkey primary key (major, minor, patch, pre_release, pre_release_num))""",
    ),
    (
        "class",
        f"{META}.hop_release_issue",
        f"""create table {META}.hop_release_issue (
            num integer not null constraint hop_release_issue_num_check check (num >= 0),
            issue_release integer default 0 not null,
            release_major integer not null,
            release_minor integer not null,
            release_patch integer not null,
            release_pre_release text not null,
            release_pre_release_num text not null,
            changelog text,
            constraint hop_release_issue_pkey primary key (num, issue_release),
            constraint hop_release_issue_release_major_release_minor_release_patc_fkey
                foreign key (release_major, release_minor, release_patch, release_pre_release, release_pre_release_num)
                references {META}.hop_release(major, minor, patch, pre_release, pre_release_num))""",
    ),
    (
        "class",
        f"{META}.bootstrap",
        f"""create table {META}.bootstrap (
            filename text constraint bootstrap_pkey primary key,
            version text not null,
            executed_at timestamp without time zone default now())""",
    ),
    (
        "class",
        f"{VIEWS}.hop_last_release",
        f"""create view {VIEWS}.hop_last_release as
            select major, minor, patch, pre_release, pre_release_num, date, "time", changelog, commit
            from {META}.hop_release
            order by major desc, minor desc, patch desc, pre_release desc, pre_release_num desc limit 1""",
    ),
    (
        "class",
        f"{VIEWS}.hop_penultimate_release",
        f"""create view {VIEWS}.hop_penultimate_release as
            select penultimate.major, penultimate.minor, penultimate.patch
            from (select major, minor, patch from {META}.hop_release
                  order by major desc, minor desc, patch desc limit 2) penultimate
            order by penultimate.major, penultimate.minor, penultimate.patch limit 1""",
    ),
    (
        "class",
        f"{META}.halfhooks_release",
        f"""create table {META}.halfhooks_release (
            label text primary key,
            commit text,
            applied timestamp with time zone not null,
            seconds double precision,
            applied_by text,
            tool text,
            fingerprint text,
            server integer,
            catalog text)""",
    ),
    (
        "class",
        f"{META}.halfhooks_patch",
        f"""create table {META}.halfhooks_patch (
            release text not null,
            place integer not null,
            patch text not null,
            content text not null,
            seconds double precision,
            primary key (release, place))""",
    ),
    # how far a release has come that is not one transaction: see halfhooks.ho.production
    (
        "class",
        f"{META}.halfhooks_progress",
        f"""create table {META}.halfhooks_progress (
            release text not null,
            step integer not null,
            content text not null,
            began timestamp with time zone not null,
            done timestamp with time zone,
            before text,
            primary key (release, step))""",
    ),
    (
        "class",
        f"{META}.halfhooks_upgrade",
        f"""create table {META}.halfhooks_upgrade (
            began timestamp with time zone primary key,
            ended timestamp with time zone,
            source text not null,
            target text not null,
            started_by text not null,
            tool text not null,
            backup text,
            accepted_drift text,
            drift text,
            outcome text)""",
    ),
)
"""The kind of object (of `to_regnamespace` and the like), its name, and the statement that makes it."""

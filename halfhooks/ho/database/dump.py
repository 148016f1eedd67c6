"""Dumps a database as the model of a version: its structure, and the rows that every database of that version has.

The structure is what pg_dump says, without what differs from one machine to the next: the versions of the programs, and who
happened to own what nobody was named for. The rows are those of the *reference tables*: what files with `-- @HOP:data` write
to, and what the model before had rows of. The same database gives the same bytes.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from halfhooks import sql
from halfhooks.ho.aside import Aside
from halfhooks.ho.database.connect import Server, connected, execute, literal
from halfhooks.ho.database.databases import QUOTED_LISTS
from halfhooks.ho.database.run import plain, read_statements, run_statement
from halfhooks.ho.plan import File
from halfhooks.survey import CannotTell
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

SESSION = (
    "search_path to pg_catalog",
    "row_security to off",
    "timezone to 'UTC'",
    "intervalstyle to postgres",
    "extra_float_digits to 1",
    "bytea_output to hex",
)
"""What a machine, a role or the database may have set otherwise. The style of dates psycopg2 sets itself."""


class Model(NamedTuple):
    """The two files of a version below `model/`."""

    schema: bytes
    metadata: bytes


class Table(NamedTuple):
    """A table with rows that belong to the model: where its rows are, the columns to dump, and their order; all quoted."""

    oid: int
    name: str
    source: str
    columns: str
    order: str


def tables_with_rows(connection: Connection) -> dict[int, bool]:
    """The tables of a database by their ids, and whether they have rows. A partition counts as its topmost table."""
    tables = execute(connection, TABLES)
    found: dict[int, bool] = {oid: False for oid, _ in tables}
    asked = [f"select {oid} where exists (select from only {name})" for oid, name in tables]
    for (oid,) in execute(connection, " union all ".join(asked)) if asked else []:
        found[oid] = True
    return found


def written_by(connection: Connection, files: Iterable[File]) -> set[int]:
    """The ids of the tables that some files write to when they run once more; nothing of that remains.

    Each locks what it writes to, whether it finds anything to write or not. A `Failed` when one cannot run twice.
    """
    found: set[int] = set()
    for file in files:
        text, statements = read_statements(file)
        plain(connection, "begin")
        try:
            for statement in statements:
                run_statement(connection, file, text, statement)
            found.update(oid for (oid,) in execute(connection, WRITTEN))
        finally:
            plain(connection, "rollback")
            plain(connection, "discard all")
    return found


def dump(server: Server, database: str, label: str, reference: Iterable[int]) -> Model:
    """The model of a version from a database to which nothing happens meanwhile; `reference` are its reference tables.

    `CannotTell` where there is no pg_dump, or the rows of these tables cannot be loaded in any order.
    """
    structure = Aside(lambda: run_pg_dump(server, database))
    with connected(server, database) as connection:
        for setting in SESSION:
            plain(connection, f"set {setting}")
        ((role,),) = execute(connection, "select quote_ident(current_user)")
        settings = "".join(f"{line}\n" for line in _database_settings(connection))
        rows = _rows(connection, label, set(reference))
    schema = f"-- {label}: the structure of the database\n\n{neutral(structure.result(), role)}{settings}"
    return Model(schema.encode(), rows.encode())


# --- the structure


def run_pg_dump(server: Server, database: str) -> str:
    """What pg_dump says of the structure of a database. `CannotTell` where it is missing or fails."""
    program = os.path.join(server.bindir, "pg_dump") if server.bindir else "pg_dump"
    command = [program, "--schema-only", "--no-password", "--encoding=UTF8"]
    try:
        environment = {**os.environ, **server.environment(database), "LC_ALL": "C"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8")
    except OSError as error:
        hint = "the client programs of PostgreSQL have to be in the PATH, as new as the server"
        raise CannotTell(f"{program} did not start: {error.strerror}; {hint}") from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[0]
        raise CannotTell(f"the structure could not be dumped: {said}")
    return done.stdout


def neutral(dump: str, role: str) -> str:
    """A dump without the versions of programs, the random key, and that `role` owns things: whoever loads it will."""
    owner = re.compile(rf"ALTER .* OWNER TO {re.escape(role)}\Z", re.DOTALL)
    whose = re.compile(rf"\A(ALTER DEFAULT PRIVILEGES FOR ROLE ){re.escape(role)}(?= )")
    end_ = r"(?=(?: WITH GRANT OPTION)?;?\Z)"
    granted = re.compile(rf"(?s)\A((?:GRANT|REVOKE|ALTER DEFAULT) .* (?:TO|FROM) ){re.escape(role)}{end_}")
    kept, gap, end = [], "", 0
    for statement in sql.split(dump):
        gap += dump[end : statement.offset]
        end = statement.offset + len(statement.text)
        end += dump.startswith(";", end)
        if not owner.match(statement.text.rstrip(";")) and not re.match(r"\\(un)?restrict\b", statement.text):
            text = whose.sub(r"\1CURRENT_USER", dump[statement.offset : end])
            kept += [_comments(gap, role), granted.sub(r"\1CURRENT_USER", text)]
            gap = ""
    kept.append(_comments(gap + dump[end:], role))
    return "".join(kept).strip("\n") + "\n"


def _comments(text: str, role: str) -> str:
    """What stands between two statements, which pg_dump fills with its words."""
    text = re.sub(r"^-- Dumped (from|by) .*\n", "", text, flags=re.MULTILINE)
    name = role[1:-1].replace('""', '"') if role.startswith('"') else role
    text = re.sub(rf"; Owner: {re.escape(name)}$", "; Owner: -", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text)


def _database_settings(connection: Connection) -> Iterator[str]:
    """What was set for the database as a whole, under whatever name it is loaded: pg_dump leaves that to CREATE DATABASE."""
    for role, setting in execute(connection, SETTINGS):
        key, _, value = setting.partition("=")
        shown = value if key.lower() in QUOTED_LISTS else literal(connection, value)
        whose = f"ALTER ROLE {role} IN DATABASE " if role else "ALTER DATABASE "
        yield _here(connection, whose, f" SET {key} TO {shown or literal(connection, '')}")
    granted = execute(connection, PRIVILEGES)
    ((restricted,),) = execute(connection, RESTRICTED)
    if restricted:
        yield _here(connection, "REVOKE ALL ON DATABASE ", " FROM PUBLIC")
    for grantee, privilege, grantable in granted:
        option = " WITH GRANT OPTION" if grantable else ""
        yield _here(connection, f"GRANT {privilege} ON DATABASE ", f" TO {grantee}{option}")


def _here(connection: Connection, before: str, after: str) -> str:
    """A statement with the name of the database, whatever it is, between two texts."""
    parts = f"{literal(connection, before)} || quote_ident(current_database()) || {literal(connection, after)}"
    return "\nDO " + _dollar_quoted(f" BEGIN EXECUTE {parts}; END ") + ";"


def _dollar_quoted(text: str) -> str:
    tag = "$$"
    while tag in text:
        tag = f"$a{tag[1:]}"
    return f"{tag}{text}{tag}"


# --- the rows


def _rows(connection: Connection, label: str, reference: set[int]) -> str:
    out = io.StringIO()
    out.write(f"-- {label}: the rows that every database of this version has\n\n")
    out.write("SET search_path = '';\nSET CONSTRAINTS ALL DEFERRED;\n")
    with _without_event_triggers(connection, out):
        _write_rows(connection, out, reference)
    return out.getvalue()


def _write_rows(connection: Connection, out: io.StringIO, reference: set[int]) -> None:
    for table in _in_order(connection, list(_tables(connection, reference))):
        copied = io.StringIO()
        with connection.cursor() as cursor:
            query = f"select {table.columns} from ({table.source}) row_ order by {table.order}"
            cursor.copy_expert(f"copy ({query}) to stdout", copied)
        if not copied.tell():
            continue
        out.write("\n")
        with _without_triggers(connection, out, table):
            out.write(f"COPY {table.name} ({table.columns}) FROM stdin;\n{copied.getvalue()}\\.\n")
        for sequence, last, called in _sequences(connection, table):
            out.write(f"SELECT pg_catalog.setval({literal(connection, sequence)}, {last}, {str(called).lower()});\n")
    for (name,) in execute(connection, FILLED_VIEWS):
        out.write(f"\nREFRESH MATERIALIZED VIEW {name};\n")


def _tables(connection: Connection, reference: Iterable[int]) -> Iterator[Table]:
    for oid, name, source, columns, order in execute(connection, REFERENCE, (list(reference),)):
        if columns:
            yield Table(oid, name, source, columns, order or 'row_::text collate "C"')


def _in_order(connection: Connection, tables: Sequence[Table]) -> list[Table]:
    """Each table after those that its foreign keys lead to; `CannotTell` where they lead in a circle."""
    needs: dict[int, set[int]] = {table.oid: set() for table in tables}
    for oid, other in execute(connection, FOREIGN_KEYS, (list(needs), list(needs))):
        needs[oid].add(other)
    left, found = sorted(tables, key=lambda table: table.name), list[Table]()
    while left:
        free = [table for table in left if not needs[table.oid] - {each.oid for each in found}]
        if not free:
            names = ", ".join(table.name for table in left)
            hint = "make one of their foreign keys deferrable"
            raise CannotTell(f"the rows of {names} cannot be loaded one table after the other: {hint}")
        found += free
        left = [table for table in left if table not in free]
    return found


@contextlib.contextmanager
def _without_triggers(connection: Connection, out: io.StringIO, table: Table) -> Iterator[None]:
    """The triggers of a table do not run while its rows are loaded: what they did, they did already."""
    triggers = execute(connection, TRIGGERS, (table.oid, table.oid))
    for name, trigger, _ in triggers:
        out.write(f"ALTER TABLE ONLY {name} DISABLE TRIGGER {trigger};\n")
    yield
    for name, trigger, mode in triggers:
        out.write(f"ALTER TABLE ONLY {name} ENABLE{ALWAYS[mode]} TRIGGER {trigger};\n")


@contextlib.contextmanager
def _without_event_triggers(connection: Connection, out: io.StringIO) -> Iterator[None]:
    """Nor do those of the database, which our own statements would start."""
    triggers = execute(connection, EVENT_TRIGGERS)
    out.writelines(f"ALTER EVENT TRIGGER {name} DISABLE;\n" for name, _ in triggers)
    yield
    out.writelines(f"ALTER EVENT TRIGGER {name} ENABLE{ALWAYS[mode]};\n" for name, mode in triggers)


def _sequences(connection: Connection, table: Table) -> Iterator[tuple[str, int, bool]]:
    for (name,) in execute(connection, SEQUENCES, (table.oid, table.oid)):
        ((last, called),) = execute(connection, f"select last_value, is_called from {name}")
        yield name, last, called


# --- what the catalog is asked

USER_TABLES = """
    select c.oid::int8 as oid, quote_ident(nspname) || '.' || quote_ident(relname) as name, relkind, relispartition,
           coalesce(nullif(pg_partition_root(c.oid)::oid, 0), c.oid)::int8 as root
    from pg_class c join pg_namespace n on n.oid = relnamespace
    where relkind in ('r', 'p') and nspname !~ '^pg_' and nspname <> 'information_schema' and relpersistence <> 't'
    and (not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
         or exists (select from pg_extension where c.oid = any(extconfig)))
"""
"""The tables of an extension come with it, but for the rows that somebody has added to those that it names for that."""

TABLES = f"select root, name from ({USER_TABLES}) tables where relkind = 'r' order by oid"

WRITTEN = f"""
    select distinct root from ({USER_TABLES}) tables join pg_locks on relation = oid
    where pid = pg_backend_pid() and mode = 'RowExclusiveLock'"""

REFERENCE = f"""
    select oid, name, 'select * from ' || case relkind when 'r' then 'only ' else '' end || name || coalesce(' ' || (
               select extcondition[array_position(extconfig, tables.oid::oid)] from pg_extension
               where tables.oid::oid = any(extconfig)), ''),
           (select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
            where attrelid = oid and attnum > 0 and not attisdropped and attgenerated = ''),
           (select string_agg('row_.' || quote_ident(attname) || case when attcollation = 0 then '' else ' collate "C"' end,
                              ', ' order by place)
            from pg_index, unnest(indkey) with ordinality as key(attnum_, place), pg_attribute
            where indrelid = oid and indisprimary and attrelid = oid and attnum = attnum_)
    from ({USER_TABLES}) tables where not relispartition and oid = any(%s) order by name"""

FOREIGN_KEYS = """
    select conrelid::int8, confrelid::int8 from pg_constraint
    where contype = 'f' and not condeferrable and conrelid <> confrelid
    and conrelid = any(%s) and confrelid = any(%s)"""

ALWAYS = {"O": "", "A": " ALWAYS"}
"""How a trigger is enabled, by its mode in the catalog."""

TRIGGERS = """
    select quote_ident(nspname) || '.' || quote_ident(relname), quote_ident(tgname), tgenabled::text
    from pg_trigger join pg_class c on c.oid = tgrelid join pg_namespace n on n.oid = relnamespace
    where (tgrelid = %s or tgrelid in (select relid from pg_partition_tree(%s)))
    and not tgisinternal and tgenabled in ('O', 'A') order by 1, 2"""

EVENT_TRIGGERS = """
    select quote_ident(evtname), evtenabled::text from pg_event_trigger where evtenabled in ('O', 'A') order by 1"""

SEQUENCES = """
    select quote_ident(nspname) || '.' || quote_ident(relname) from pg_depend
    join pg_class s on s.oid = objid and relkind = 'S' join pg_namespace n on n.oid = relnamespace
    where refobjid = %s and classid = 'pg_class'::regclass and refclassid = 'pg_class'::regclass and refobjsubid > 0
    and deptype in ('a', 'i')
    union
    select quote_ident(nspname) || '.' || quote_ident(relname) from pg_attrdef a join pg_depend on objid = a.oid
    join pg_class s on s.oid = refobjid and relkind = 'S' join pg_namespace n on n.oid = relnamespace
    where adrelid = %s and classid = 'pg_attrdef'::regclass and refclassid = 'pg_class'::regclass order by 1"""
"""What numbers the rows of a table: the sequences of its columns, and others that their defaults name."""

FILLED_VIEWS = """
    with recursive reads as (
        select distinct ev_class as view, refobjid as other from pg_rewrite r join pg_depend on objid = r.oid
        where classid = 'pg_rewrite'::regclass and refclassid = 'pg_class'::regclass and refobjid <> ev_class
    ), needs as (
        select view, other from reads join pg_class c on c.oid = view and relkind = 'm'
        union select needs.view, reads.other from needs join reads on reads.view = needs.other
    )
    select quote_ident(nspname) || '.' || quote_ident(relname) from pg_class c join pg_namespace n on n.oid = relnamespace
    where relkind = 'm' and relispopulated and nspname !~ '^pg_'
    order by (select count(*) from needs join pg_class m on m.oid = other and m.relkind = 'm' where view = c.oid), 1"""
"""Each after those that it reads from, through other views too: it needs more of them than any of these."""

SETTINGS = """
    select case setrole when 0 then '' else setrole::regrole::text end, setting
    from pg_db_role_setting, unnest(setconfig) setting
    where setdatabase = (select oid from pg_database where datname = current_database()) order by 1, 2"""

RESTRICTED = "select datacl is not null from pg_database where datname = current_database()"

PRIVILEGES = """
    select case grantee when 0 then 'public' else grantee::regrole::text end, privilege_type, is_grantable
    from pg_database, aclexplode(datacl) where datname = current_database() and grantee <> datdba order by 1, 2"""

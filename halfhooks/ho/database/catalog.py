"""What a database is, read from its catalog: lines that are equal where two databases are, their hash, and what differs.

Left out is what the same patches need not make equal: object ids, the sizes of tables, statistics, rows. What belongs to an
extension is told by the extension's version. Left out are also the schemas in which halfhooks and half_orm_dev write what a
database has become (`BOOKKEEPING`): a database is the same whoever keeps the books, and by which version of the tool.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from halfhooks.ho.database.connect import Server, connected, execute
from halfhooks.values import NamedTuple

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

META, VIEWS = "half_orm_meta", '"half_orm_meta.view"'
BOOKKEEPING = (META, "half_orm_meta.view")
"""The schemas of half_orm_dev's tables and ours (see meta.py), which are no part of a catalog."""
KEPT = f"nspname not in ({', '.join(repr(name) for name in BOOKKEEPING)})"


class Object(NamedTuple):
    """One thing in a database: its kind, its name with its schema, and all that defines it, one fact a line."""

    kind: str
    name: str
    definition: str


class Difference(NamedTuple):
    """A thing that differs: "added", "removed" or "changed" on the way from one database to another."""

    verb: str
    kind: str
    name: str
    before: str
    after: str

    def lines(self) -> Iterator[str]:
        """The difference for people: what it is, then the facts that differ."""
        yield f"{self.verb} {self.kind} {self.name}"
        if self.verb == "changed":
            before, after = self.before.split("\n"), self.after.split("\n")
            yield from (f"  - {line}" for line in before if line not in after)
            yield from (f"  + {line}" for line in after if line not in before)
            if sorted(before) == sorted(after):
                yield "  its lines are in another order"


def read_catalog(connection: Connection) -> list[Object]:
    """The things in the database of a connection, in order."""
    execute(connection, "set search_path to pg_catalog")
    rows = execute(connection, f"with {OURS}" + "\nunion all\n".join(QUERIES))
    execute(connection, "reset search_path")
    return sorted(Object(kind, name, definition or "") for kind, name, definition in rows)


def catalog_of(server: Server, database: str) -> list[Object]:
    """The same on a connection of its own."""
    with connected(server, database) as connection:
        return read_catalog(connection)


def fingerprint(objects: Sequence[Object]) -> str:
    """The hash of a catalog: equal for equal databases."""
    whole = hashlib.sha256()
    for each in sorted(objects):
        for part in each:
            whole.update(part.encode())
            whole.update(b"\0")
    return whole.hexdigest()


def differences(before: Sequence[Object], after: Sequence[Object]) -> list[Difference]:
    """What differs between two catalogs, in the order of kinds and names."""
    old = {(each.kind, each.name): each.definition for each in before}
    new = {(each.kind, each.name): each.definition for each in after}
    found = []
    for kind, name in sorted(old.keys() | new.keys()):
        one, other = old.get((kind, name)), new.get((kind, name))
        if one != other:
            verb = "added" if one is None else "removed" if other is None else "changed"
            found.append(Difference(verb, kind, name, one or "", other or ""))
    return found


# what is not PostgreSQL's own, nor of an extension; `extended` holds the ids of what extensions brought
OURS = f"""
ours as (
    select oid, nspname, quote_ident(nspname) as schema, nspowner, nspacl from pg_namespace
    where nspname !~ '^pg_' and nspname <> 'information_schema' and {KEPT}
), extended as (
    select classid, objid from pg_depend where deptype = 'e'
), relations as (
    select c.*, format('%s.%I', ours.schema, relname) as name from pg_class c join ours on ours.oid = relnamespace
    where not exists (select from extended where classid = 'pg_class'::regclass and objid = c.oid)
), functions as (
    select p.*, format('%s.%I(%s)', ours.schema, proname, pg_get_function_identity_arguments(p.oid)) as name
    from pg_proc p join ours on ours.oid = pronamespace
    where not exists (select from extended where classid = 'pg_proc'::regclass and objid = p.oid)
), types as (
    select t.*, format('%s.%I', ours.schema, typname) as name from pg_type t join ours on ours.oid = typnamespace
    where not exists (select from extended where classid = 'pg_type'::regclass and objid = t.oid)
)
"""

# an ACL is a set: its order says nothing
ACL = "coalesce((select string_agg(grant_::text, E'\\n' order by grant_::text) from unnest({0}) grant_), '')"

QUERIES = (
    f"""select 'schema', schema, concat_ws(E'\\n', 'owner ' || nspowner::regrole, {ACL.format("nspacl")}) from ours""",
    "select 'extension', quote_ident(extname), 'version ' || extversion from pg_extension",
    f"""select case relkind when 'r' then 'table' when 'p' then 'table' when 'v' then 'view' when 'm'
               then 'materialized view' when 'f' then 'foreign table' end, name,
           concat_ws(E'\\n', 'owner ' || relowner::regrole, 'persistence ' || relpersistence::text,
               case when relrowsecurity then 'row security' end,
               case when relforcerowsecurity then 'forced row security' end,
               'options ' || array_to_string(reloptions, ', '), 'replica identity ' || relreplident::text,
               'partition by ' || case relkind when 'p' then pg_get_partkeydef(oid) end,
               'partition ' || pg_get_expr(relpartbound, oid),
               (select string_agg('inherits ' || inhparent::regclass, E'\\n' order by inhseqno)
                from pg_inherits where inhrelid = relations.oid),
               'method ' || (select amname from pg_am where pg_am.oid = relam),
               'tablespace ' || (select spcname from pg_tablespace s where s.oid = reltablespace),
               case when relkind in ('v', 'm') then pg_get_viewdef(oid) end, {ACL.format("relacl")})
        from relations where relkind in ('r', 'p', 'v', 'm', 'f')""",
    f"""select 'column', format('%s.%I', name, attname),
           concat_ws(E'\\n', 'place ' || row_number() over (partition by attrelid order by attnum),
               'type ' || format_type(atttypid, atttypmod), case when attnotnull then 'not null' end,
               case when attgenerated = '' then 'default ' else 'generated ' end || pg_get_expr(adbin, adrelid),
               'identity ' || nullif(attidentity::text, ''), 'storage ' || attstorage::text,
               'statistics ' || nullif(attstattarget, -1), 'options ' || array_to_string(attoptions, ', '),
               'collation ' || case when attcollation <> typcollation then attcollation::regcollation end,
               {ACL.format("attacl")})
        from relations join pg_attribute on attrelid = relations.oid join pg_type on pg_type.oid = atttypid
        left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where relkind in ('r', 'p', 'v', 'm', 'f', 'c') and attnum > 0 and not attisdropped""",
    """select 'constraint', format('%s.%I', coalesce(relations.name, types.name), conname),
           concat_ws(E'\\n', pg_get_constraintdef(pg_constraint.oid), case when not convalidated then 'not valid' end,
               case when not conislocal then 'inherited' end)
        from pg_constraint left join relations on relations.oid = conrelid left join types on types.oid = contypid
        where (relations.oid is not null or types.oid is not null) and contype <> 'n'""",
    """select 'index', format('%s.%I', c.relnamespace::regnamespace, c.relname),
           concat_ws(E'\\n', pg_get_indexdef(indexrelid), case when not indisvalid then 'invalid' end,
               case when indisclustered then 'clustered' end, case when indisreplident then 'replica identity' end)
        from relations join pg_index on indrelid = relations.oid join pg_class c on c.oid = indexrelid
        """,
    f"""select case prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end, name,
           concat_ws(E'\\n', 'owner ' || proowner::regrole, case when prokind <> 'a' then pg_get_functiondef(oid) else
               (select concat_ws(' ', aggtransfn, aggfinalfn, aggcombinefn, format_type(aggtranstype, null), agginitval,
                       aggkind, aggsortop) from pg_aggregate where aggfnoid = functions.oid) end,
               {ACL.format("proacl")})
        from functions""",
    """select 'trigger', format('%s.%I', name, tgname),
           concat_ws(E'\\n', pg_get_triggerdef(t.oid), 'enabled ' || tgenabled::text)
        from relations join pg_trigger t on tgrelid = relations.oid where not tgisinternal""",
    """select 'event trigger', quote_ident(evtname),
           concat_ws(E'\\n', evtevent, evtfoid::regprocedure, array_to_string(evttags, ', '), 'enabled ' || evtenabled::text)
        from pg_event_trigger t
        where not exists (select from extended where classid = 'pg_event_trigger'::regclass and objid = t.oid)""",
    """select 'policy', format('%s.%I', name, polname),
           concat_ws(E'\\n', 'command ' || polcmd::text, case when not polpermissive then 'restrictive' end,
               'to ' || (select string_agg(coalesce(nullif(role::regrole::text, '-'), 'public'), ', '
                                           order by role::regrole::text) from unnest(polroles) role),
               'using ' || pg_get_expr(polqual, polrelid), 'check ' || pg_get_expr(polwithcheck, polrelid))
        from relations join pg_policy on polrelid = relations.oid""",
    """select 'rule', format('%s.%I', name, rulename),
           concat_ws(E'\\n', pg_get_ruledef(r.oid), 'enabled ' || ev_enabled::text)
        from relations join pg_rewrite r on ev_class = relations.oid where rulename <> '_RETURN'""",
    f"""select 'sequence', name,
           concat_ws(E'\\n', 'owner ' || relowner::regrole, 'type ' || format_type(seqtypid, null), 'start ' || seqstart,
               'increment ' || seqincrement, 'minimum ' || seqmin, 'maximum ' || seqmax, 'cache ' || seqcache,
               case when seqcycle then 'cycle' end,
               (select 'owned by ' || d.refobjid::regclass || '.' || quote_ident(a.attname)
                from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
                where d.classid = 'pg_class'::regclass and d.objid = relations.oid
                and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')),
               {ACL.format("relacl")})
        from relations join pg_sequence on seqrelid = oid where relkind = 'S'""",
    f"""select case typtype when 'e' then 'enum' when 'd' then 'domain' when 'r' then 'range' when 'c' then 'composite type'
               else 'type' end, name,
           concat_ws(E'\\n', 'owner ' || typowner::regrole,
               (select string_agg('value ' || quote_literal(enumlabel), E'\\n' order by enumsortorder)
                from pg_enum where enumtypid = types.oid),
               case when typtype = 'd' then 'type ' || format_type(typbasetype, typtypmod) end,
               case when typnotnull then 'not null' end, 'default ' || typdefault,
               (select concat_ws(' ', 'subtype', format_type(rngsubtype, null), nullif(rngsubdiff::oid::regproc::text, '-'))
                from pg_range where rngtypid = types.oid),
               {ACL.format("typacl")})
        from types left join pg_class on pg_class.oid = typrelid
        where typtype in ('e', 'd', 'r') or (typtype = 'c' and relkind = 'c') or (typtype = 'b' and typcategory <> 'A')""",
    f"""select 'comment', concat_ws(' ', o.type, o.identity), description
        from pg_description, pg_identify_object(classoid, objoid, objsubid) o where objoid >= 16384
        and not exists (select from pg_namespace where not {KEPT}
            and (nspname = o.schema or (classoid = 'pg_namespace'::regclass and objoid = pg_namespace.oid)
                or position(' on ' || quote_ident(nspname) || '.' in o.identity) > 0))
        and not exists (select from extended where classid = classoid and objid = objoid)
        and classoid <> 'pg_extension'::regclass""",
    f"""select 'default privileges', concat_ws(' ', defaclrole::regrole, 'in ' || ours.schema, defaclobjtype),
           {ACL.format("defaclacl")} from pg_default_acl left join ours on ours.oid = defaclnamespace""",
    """select 'publication', quote_ident(pubname),
           concat_ws(E'\\n', 'owner ' || pubowner::regrole, 'all tables ' || puballtables, pubinsert, pubupdate, pubdelete,
               pubtruncate, (select string_agg(format('%I.%I', schemaname, tablename), E'\\n' order by 1)
                             from pg_publication_tables t where t.pubname = p.pubname
                             and schemaname in (select nspname from ours)))
        from pg_publication p""",
    """select 'statistics', format('%I.%I', ours.nspname, stxname), pg_get_statisticsobjdef(s.oid)
        from pg_statistic_ext s join ours on ours.oid = stxnamespace""",
    """select 'cast', format('%s as %s', format_type(castsource, null), format_type(casttarget, null)),
           concat_ws(' ', nullif(castfunc, 0)::regprocedure, castcontext, castmethod)
        from pg_cast c where c.oid >= 16384
        and not exists (select from extended where classid = 'pg_cast'::regclass and objid = c.oid)""",
    """select 'operator', o.oid::regoperator::text, concat_ws(' ', oprowner::regrole, oprcode::regproc, oprrest::regproc)
        from pg_operator o join ours on ours.oid = oprnamespace
        where not exists (select from extended where classid = 'pg_operator'::regclass and objid = o.oid)""",
    """select 'foreign server', quote_ident(srvname),
           concat_ws(E'\\n', 'owner ' || srvowner::regrole,
               (select fdwname from pg_foreign_data_wrapper f where f.oid = srvfdw), srvtype, srvversion,
               array_to_string(srvoptions, ', '))
        from pg_foreign_server""",
    f"""select 'database', 'privileges', {ACL.format("datacl")}
        from pg_database where datname = current_database() and datacl is not null""",
    """select 'setting', format('of %s', coalesce(nullif(setrole, 0)::regrole::text, 'everybody')),
           (select string_agg(line, E'\\n' order by line) from unnest(setconfig) line)
        from pg_db_role_setting where setdatabase = (select oid from pg_database where datname = current_database())""",
)

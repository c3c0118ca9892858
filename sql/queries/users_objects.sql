-- What is in the schema noetl and is not the product's: a role that is named like the schema has it first in Postgres's default
-- search_path, "$user", public, so its `create table orders` lands there.

-- name: users_objects
-- takes: product_names text[], target_schema text
-- $1: names that are the product's, $2: the schema to move to. What belongs to an extension or to another object goes with it.
select kind, name, statement
from (
  select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' when 'f' then 'foreign table'
      else 'table' end as kind,
    c.relname::text as name, format('alter table noetl.%I set schema %I', c.relname, $2::text) as statement
  from pg_class c
  where c.relnamespace = to_regnamespace('noetl') and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                    and (d.deptype = 'e' or c.relkind = 'S' and d.deptype in ('a', 'i')))
  union all
  select 'function', p.proname, format('alter routine noetl.%I(%s) set schema %I', p.proname,
    pg_get_function_identity_arguments(p.oid), $2::text)
  from pg_proc p
  where p.pronamespace = to_regnamespace('noetl')
    and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype in ('e', 'i'))
  union all
  select 'type', t.typname, format('alter type noetl.%I set schema %I', t.typname, $2::text)
  from pg_type t left join pg_class c on c.oid = t.typrelid
  where t.typnamespace = to_regnamespace('noetl') and (t.typtype in ('e', 'd', 'r') or c.relkind = 'c')
    and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype in ('e', 'i'))
  union all
  select 'extension', e.extname, format('alter extension %I set schema %I', e.extname, $2::text)
  from pg_extension e where e.extnamespace = to_regnamespace('noetl')
) as found
where name <> all ($1::text[])
order by kind, name

-- name: users_objects_release
-- The newest migration of the database: who knows less cannot tell what is the product's.
select coalesce(max(version), 0) as version from noetl.schema_migration

-- name: users_objects_path
-- takes: target_schema text
-- Whether names without a schema lead the server's role into ours, by the path that its own sessions begin with, and what ends that. A
-- path that somebody has written down stays: only the default that follows the role's name is ours to change. $1: the schema instead.
select reset_val as path, current_user::text as role,
  reset_val ~ '(^|[ ,"])noetl($|[ ,"])' or (current_user = 'noetl' and position('$user' in reset_val) > 0) as leads_here,
  current_user = 'noetl' and position('$user' in reset_val) > 0 as is_by_name,
  format('alter role %I in database %I set search_path = %I', current_user, current_database(), $1::text) as statement
from pg_settings where name = 'search_path'

-- name: users_objects_playbooks
-- takes: names text[]
-- Latest versions of playbooks that name such an object with our schema before it. $1: the objects' names.
select c.path, c.version, named.name
from noetl.catalog c, unnest($1::text[]) as named(name)
where position('noetl.' || named.name in c.content) > 0
  and c.version = (select max(l.version) from noetl.catalog l where l.path = c.path)
order by 1, 3 limit 1000

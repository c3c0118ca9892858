-- name: upsert_credential
-- takes: credential_id bigint, name text, type text, key_id text, sealed text, meta json, tags text[], description text
-- takes: reveal boolean or null, hosts text[] or null
-- $9 and $10 null: the policy stays as it is. A password that is changed shall not lose it, nor widen it.
insert into noetl.credential as c (credential_id, name, type, key_id, sealed, meta, tags, description, reveal, hosts)
values ($1, $2, $3, $4, decode($5, 'hex'), $6::json, $7::text[], $8, coalesce($9::boolean, false), coalesce($10::text[], '{}'))
on conflict (name) do update
set type = excluded.type, key_id = excluded.key_id, sealed = excluded.sealed, meta = excluded.meta,
    tags = excluded.tags, description = excluded.description, reveal = coalesce($9::boolean, c.reveal),
    hosts = coalesce($10::text[], c.hosts), updated_at = now()
returning credential_id, reveal, to_json(hosts) as hosts

-- name: set_credential_policy
-- takes: credential_id bigint, reveal boolean or null, hosts text[] or null
-- $2 and $3 null: as it is.
update noetl.credential set reveal = coalesce($2::boolean, reveal), hosts = coalesce($3::text[], hosts), updated_at = now()
where credential_id = $1 returning credential_id

-- name: credential_by_name_or_id
-- takes: name text, credential_id bigint
-- A name of digits alone comes before the id that it also is.
select credential_id, name, type, key_id, encode(sealed, 'hex') as sealed, meta, to_json(tags) as tags, description,
  reveal, to_json(hosts) as hosts,
  noetl.rfc3339(created_at) as created_at, noetl.rfc3339(updated_at) as updated_at
from noetl.credential where name = $1 or credential_id = $2 order by (name = $1) desc limit 1

-- name: list_credentials
-- takes: type text, after text, limit bigint
select credential_id, name, type, meta, to_json(tags) as tags, description,
  reveal, to_json(hosts) as hosts,
  noetl.rfc3339(created_at) as created_at, noetl.rfc3339(updated_at) as updated_at
from noetl.credential where ($1::text = '' or type = $1) and name > $2 order by name limit $3

-- name: delete_credential
-- takes: credential_id bigint
delete from noetl.credential where credential_id = $1 returning credential_id

-- name: credentials_of_other_keys
-- takes: key_id text, after bigint, limit bigint
select credential_id, name, key_id, encode(sealed, 'hex') as sealed from noetl.credential
where key_id <> $1 and credential_id > $2 order by credential_id limit $3

-- name: reseal_credential
-- takes: credential_id bigint, sealed_before text, key_id text, sealed text
-- Only while it still has the bytes that were opened: a value put meanwhile is newer.
update noetl.credential set key_id = $3, sealed = decode($4, 'hex')
where credential_id = $1 and sealed = decode($2, 'hex') returning credential_id

-- name: upsert_keychain_entry
-- takes: catalog_id bigint, name text, execution_id bigint, kind text, key_id text, sealed text, seconds double precision or null
-- $7: seconds until it expires, null for never. By the clock of Postgres, as every durable time.
insert into noetl.keychain (catalog_id, name, execution_id, kind, key_id, sealed, expires_at)
values ($1, $2, $3, $4, $5, decode($6, 'hex'), now() + $7::double precision * interval '1 second')
on conflict (catalog_id, name, execution_id) do update
set kind = excluded.kind, key_id = excluded.key_id, sealed = excluded.sealed, expires_at = excluded.expires_at,
    updated_at = now()

-- name: keychain_entry
-- takes: catalog_id bigint, name text, execution_id bigint, root bigint
-- Of an execution, of the execution it belongs to, of the playbook: the nearest one that is there.
select execution_id, kind, key_id, encode(sealed, 'hex') as sealed,
  coalesce(noetl.rfc3339(expires_at), '') as expires_at,
  coalesce(extract(epoch from expires_at - now())::float8, 1e18::float8) as seconds_left
from noetl.keychain
where catalog_id = $1 and name = $2 and execution_id = any(array[$3, $4, 0]::bigint[])
order by array_position(array[$3, $4, 0]::bigint[], execution_id) limit 1

-- name: list_keychain
-- takes: catalog_id bigint
select name, execution_id, kind, coalesce(noetl.rfc3339(expires_at), '') as expires_at,
  coalesce(extract(epoch from expires_at - now())::float8, 1e18::float8) as seconds_left
from noetl.keychain where catalog_id = $1 order by name, execution_id limit 1000

-- name: delete_keychain_entries
-- takes: catalog_id bigint, name text, execution_id bigint or null
-- $3 null: of every execution.
delete from noetl.keychain where catalog_id = $1 and name = $2 and ($3::bigint is null or execution_id = $3)
returning execution_id

-- name: forget_expired_keychain
-- A day later: until then it is told that a token has expired rather than that there is none.
delete from noetl.keychain where expires_at < now() - interval '1 day'

-- name: keychain_of_other_keys
-- takes: key_id text, after_catalog bigint, after_name text, after_execution bigint, limit bigint
select catalog_id, name, execution_id, key_id, encode(sealed, 'hex') as sealed from noetl.keychain
where key_id <> $1 and (catalog_id, name, execution_id) > ($2::bigint, $3::text, $4::bigint)
order by catalog_id, name, execution_id limit $5

-- name: reseal_keychain_entry
-- takes: catalog_id bigint, name text, execution_id bigint, sealed_before text, key_id text, sealed text
update noetl.keychain set key_id = $5, sealed = decode($6, 'hex')
where catalog_id = $1 and name = $2 and execution_id = $3 and sealed = decode($4, 'hex') returning execution_id

-- name: root_execution
-- takes: execution_id bigint
-- The execution that started this one, and so on up: what a scope `shared` belongs to.
with recursive up as (
  select execution_id, parent_execution_id, 1 as depth from noetl.execution where execution_id = $1
  union all
  select e.execution_id, e.parent_execution_id, up.depth + 1 from noetl.execution e
  join up on e.execution_id = up.parent_execution_id where up.depth < 100
)
select execution_id from up order by depth desc limit 1

-- name: workload_of_execution
-- takes: execution_id bigint
-- What a keychain entry may name of an execution, whose keychain it is, and who called it.
select catalog_id, workload, coalesce(parent_execution_id, 0) as parent_execution_id from noetl.execution where execution_id = $1

-- name: lock_catalog_path
-- takes: path text
-- Two registrations of one path take turns. Of a path that is new the unique (path, version) lets one of them through. No advisory
-- lock: any role that can connect may hold those.
select catalog_id from noetl.catalog where path = $1 order by version desc limit 1 for no key update

-- name: latest_catalog_entry
-- takes: path text
select catalog_id, path, version, kind, name, checksum, noetl.rfc3339(created_at) as created_at
from noetl.catalog where path = $1 order by version desc limit 1

-- name: insert_catalog_entry
-- takes: catalog_id bigint, path text, version integer, kind text, name text, content text, checksum text
insert into noetl.catalog (catalog_id, path, version, kind, name, content, checksum)
values ($1, $2, $3, $4, $5, $6, $7) on conflict (path, version) do nothing returning catalog_id

-- name: list_catalog
-- takes: kind text, limit bigint
select distinct on (path) catalog_id, path, version, kind, name, checksum, noetl.rfc3339(created_at) as created_at
from noetl.catalog where ($1 = '' or lower(kind) = lower($1)) order by path, version desc limit $2

-- name: catalog_entry_by_id
-- takes: catalog_id bigint
select catalog_id, path, version, kind, name, checksum, content, noetl.rfc3339(created_at) as created_at
from noetl.catalog where catalog_id = $1

-- name: catalog_entry_by_path
-- takes: path text, version integer or null
-- $2 null: the latest version.
select catalog_id, path, version, kind, name, checksum, content, noetl.rfc3339(created_at) as created_at
from noetl.catalog where path = $1 and ($2::int is null or version = $2) order by version desc limit 1

-- name: latest_catalog_id
-- takes: path text
select catalog_id from noetl.catalog where path = $1 order by version desc limit 1

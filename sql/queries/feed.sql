-- name: feed_snapshot
-- Which transactions have ended by now. An id of a transaction stands there from its first write on.
select pg_current_snapshot()::text as snapshot, floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms

-- name: feed_events
-- takes: before text, upto text, low bigint, after bigint, until bigint, most bigint
-- Events of executions that became visible between two snapshots ($1, $2), of ids from $3 on, beyond $4 and before $5. A row's xmin is the
-- low half of its transaction's id; whatever is visible is below the end of this statement's snapshot.
select e.event_id, e.execution_id, coalesce(e.queue_id, 0) as queue_id, e.event_type, coalesce(e.step, '') as step,
  coalesce(e.status, '') as status, e.payload, e.meta, coalesce(e.worker_id, '') as worker_id,
  noetl.rfc3339(e.created_at) as created_at, coalesce(c.path, '') as path
from (
  select e.*, s.upto - ((s.upto - e.xmin::text::bigint) & 4294967295) as committed_by
  from noetl.event e, (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as upto) as s
  where e.event_id >= $3 and e.event_id > $4 and e.event_id < $5 and e.execution_id is not null
) as e
left join noetl.execution x on x.execution_id = e.execution_id
left join noetl.catalog c on c.catalog_id = x.catalog_id
where not pg_visible_in_snapshot(e.committed_by::text::xid8, $1::text::pg_snapshot)
  and pg_visible_in_snapshot(e.committed_by::text::xid8, $2::text::pg_snapshot)
order by e.event_id limit $6

-- name: load_checkpoint
-- takes: name text
select position, revision from noetl.checkpoint where name = $1

-- name: save_checkpoint
-- takes: name text, position text, revision bigint
-- $3: the revision that it replaces; 0: there must be none.
insert into noetl.checkpoint as c (name, position) select $1, $2
where $3::bigint = 0 or exists (select from noetl.checkpoint where name = $1)
on conflict (name) do update set position = excluded.position, revision = c.revision + 1, updated_at = now()
where c.revision = $3::bigint
returning revision

-- name: overdue_executions
-- takes: limit bigint
-- By the index on deadline_at, which only executions with a limit are in.
select execution_id from noetl.execution where deadline_at <= now() and status = 'running' order by deadline_at limit $1

-- name: lock_overdue
-- takes: execution_id bigint
-- Looked at again under the lock.
select execution_id, catalog_id, state, workload, depth, not is_parent_told as has_caller, is_paused,
  noetl.rfc3339(deadline_at) as deadline_at, path, version
from noetl.execution where execution_id = $1 and status = 'running' and deadline_at <= now() for update

-- name: end_time_of_children
-- takes: execution_id bigint
-- What it has called has no more time than itself: upkeep ends them too, with whichever server does it then.
update noetl.execution set deadline_at = now()
where parent_execution_id = $1 and status = 'running' and (deadline_at is null or deadline_at > now())

-- name: milliseconds_until
-- takes: moment timestamptz
select greatest(0, ceil(extract(epoch from $1::timestamptz - now()) * 1000))::bigint

-- Why commands that wait do not run: facts for server/waiting/wait_reason.

-- name: waiting_command
-- takes: queue_id bigint
-- What is postponed for a thousand years waits for its execution alone.
select q.pool, q.tool_kind, q.attempts, q.max_attempts, coalesce(e.is_paused, false) as is_execution_paused,
  case when q.available_at > now() and q.available_at < now() + noetl.pause_shift() / 2 then noetl.rfc3339(q.available_at) end as due_at
from noetl.queue q left join noetl.execution e using (execution_id)
where q.queue_id = $1 and q.status = 'queued'

-- name: waiting_of_execution
-- takes: execution_id bigint
-- The first of its commands that waits, unless one runs; else a playbook that it called. By queue_node; of an execution with more than
-- 2,000 commands those that come first there, since this is asked again and again.
with open as materialized (
  select * from (
    select q.pool, q.tool_kind, q.attempts, q.max_attempts, q.available_at, q.status, q.queue_id from noetl.queue q
    where q.execution_id = $1 limit 2000) as looked_at
  where status in ('queued', 'running')
), first as (
  select * from open where status = 'queued' order by available_at nulls first, queue_id limit 1
)
select exists (select from open where status = 'running') as has_running,
  q.pool, q.tool_kind, q.attempts, q.max_attempts, e.is_paused as is_execution_paused,
  case when q.available_at > now() and q.available_at < now() + noetl.pause_shift() / 2 then noetl.rfc3339(q.available_at) end as due_at,
  coalesce(child.execution_id, 0) as child_id, child.path as child_path
from noetl.execution e
left join first q on true
left join lateral (
  select c.execution_id, c.path from noetl.execution c
  where c.parent_execution_id = $1 and c.status = 'running' and c.parent_node_id is not null order by c.execution_id limit 1
) as child on true
where e.execution_id = $1

-- name: facts_of_pools
-- takes: pools text[], kinds text[]
-- $1 pools, $2 the tool that a command waits for there ('': none is due). Workers are few beside commands: their table is read whole.
select q.pool, coalesce(p.is_paused, false) as is_pool_paused, case when p.is_paused then noetl.rfc3339(p.paused_at) end as paused_at,
  case when p.is_paused then p.paused_by end as paused_by, w.*
from unnest($1::text[], $2::text[]) as q(pool, tool_kind)
left join noetl.pool p on p.pool = q.pool
cross join lateral (
  select count(*) as workers, count(*) filter (where status = 'draining' or should_drain) as draining,
    coalesce(sum(slots) filter (where status = 'ready' and not should_drain), 0) as slots,
    coalesce(sum(least(running, slots)) filter (where status = 'ready' and not should_drain), 0) as busy,
    coalesce(bool_or(q.tool_kind = '' or q.tool_kind = any(tools) or cardinality(tools) = 0)
      filter (where status = 'ready' and not should_drain), false) as has_tool
  from noetl.worker where pool = q.pool and status in ('ready', 'draining') and lease_until > now()
) as w

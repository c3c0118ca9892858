-- Why commands that wait do not run: facts for server/waiting/wait_reason. Workers are few beside commands: their table is read whole.

-- name: wait_facts_of_command
-- Of one that waits. What is put off for a thousand years waits for its execution alone.
select q.pool, q.tool_kind, q.attempts, q.max_attempts, coalesce(e.is_paused, false) as is_execution_paused,
  case when q.available_at > now() and q.available_at < now() + noetl.pause_shift() / 2 then noetl.rfc3339(q.available_at) end as due_at,
  coalesce(p.is_paused, false) as is_pool_paused, case when p.is_paused then noetl.rfc3339(p.paused_at) end as paused_at, w.*
from noetl.queue q
left join noetl.execution e on e.execution_id = q.execution_id
left join noetl.pool p on p.pool = q.pool
cross join lateral (
  select count(*) as workers, count(*) filter (where status = 'draining' or should_drain) as draining,
    coalesce(sum(slots) filter (where status = 'ready' and not should_drain), 0) as slots,
    coalesce(sum(least(running, slots)) filter (where status = 'ready' and not should_drain), 0) as busy,
    coalesce(bool_or(q.tool_kind = any(tools) or cardinality(tools) = 0) filter (where status = 'ready' and not should_drain), false) as has_tool
  from noetl.worker where pool = q.pool and status in ('ready', 'draining') and lease_until > now()
) as w
where q.queue_id = $1 and q.status = 'queued'

-- name: wait_facts_of_execution
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
  coalesce(p.is_paused, false) as is_pool_paused, case when p.is_paused then noetl.rfc3339(p.paused_at) end as paused_at, w.*,
  coalesce(child.execution_id, 0) as child_id, child.path as child_path
from noetl.execution e
left join first q on true
left join noetl.pool p on p.pool = q.pool
left join lateral (
  select c.execution_id, c.path from noetl.execution c
  where c.parent_execution_id = $1 and c.status = 'running' and c.parent_node_id is not null order by c.execution_id limit 1
) as child on true
cross join lateral (
  select count(*) as workers, count(*) filter (where status = 'draining' or should_drain) as draining,
    coalesce(sum(slots) filter (where status = 'ready' and not should_drain), 0) as slots,
    coalesce(sum(least(running, slots)) filter (where status = 'ready' and not should_drain), 0) as busy,
    coalesce(bool_or(q.tool_kind = any(tools) or cardinality(tools) = 0) filter (where status = 'ready' and not should_drain), false) as has_tool
  from noetl.worker where pool = q.pool and status in ('ready', 'draining') and lease_until > now()
) as w
where e.execution_id = $1

-- name: wait_facts_of_pools
-- $1 pools, $2 the tool of what has waited longest there ('': none is due), $3 when the first of the others is due ('': there is none), $4
-- whether what waits waits for paused executions.
select q.pool, q.tool_kind, 0 as attempts, 0 as max_attempts, q.is_execution_paused, q.due_at,
  coalesce(p.is_paused, false) as is_pool_paused, case when p.is_paused then noetl.rfc3339(p.paused_at) end as paused_at, w.*
from unnest($1::text[], $2::text[], $3::text[], $4::boolean[]) as q(pool, tool_kind, due_at, is_execution_paused)
left join noetl.pool p on p.pool = q.pool
cross join lateral (
  select count(*) as workers, count(*) filter (where status = 'draining' or should_drain) as draining,
    coalesce(sum(slots) filter (where status = 'ready' and not should_drain), 0) as slots,
    coalesce(sum(least(running, slots)) filter (where status = 'ready' and not should_drain), 0) as busy,
    coalesce(bool_or(q.tool_kind = '' or q.tool_kind = any(tools) or cardinality(tools) = 0)
      filter (where status = 'ready' and not should_drain), false) as has_tool
  from noetl.worker where pool = q.pool and status in ('ready', 'draining') and lease_until > now()
) as w

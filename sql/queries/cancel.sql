-- Cancelling plain commands. A command of an execution is cancelled with its execution.

-- name: cancellable_ids
-- takes: status text, pool text, tool_kind text, after bigint, before bigint, created_after timestamptz or null
-- takes: created_before timestamptz or null, limit bigint
-- Plain commands that wait or run, oldest first. $1 status, $2 pool, $3 tool kind ('' takes all), $4 and $5 ids between which they
-- are, $6 and $7 times: the upper bits of an id are the milliseconds since 2024 at which it was made.
select q.queue_id from noetl.queue q
where q.execution_id is null and q.status in ('queued', 'running') and ($1::text = '' or q.status = $1)
  and ($2::text = '' or q.pool = $2) and ($3::text = '' or q.tool_kind = $3)
  and q.queue_id > greatest($4::bigint, ((extract(epoch from $6::timestamptz) * 1000)::bigint - 1704067200000) << 22)
  and q.queue_id < coalesce(least(nullif($5::bigint, 0), ((extract(epoch from $7::timestamptz) * 1000)::bigint - 1704067200000) << 22),
                            9223372036854775807)
order by q.queue_id limit $8

-- name: cancel_plain_commands
-- takes: ids bigint[], event_ids bigint[], error json, payload json
-- What waits is never claimed; the worker of what runs learns it with its next heartbeat, and its report finds the command ended.
-- In the order of ids, as claims take their locks. $1 ids, $2 ids of their events, $3 the error for their rows, $4 the events' payload.
with chosen as (
  select q.queue_id, q.status from noetl.queue q
  where q.queue_id = any($1::bigint[]) and q.execution_id is null and q.status in ('queued', 'running')
  order by q.queue_id for update
), ended as (
  update noetl.queue q
  set status = 'cancelled', cancel_requested = true, finished_at = now(), available_at = null, error = $3::json
  from chosen c join unnest($1::bigint[], $2::bigint[]) as i(queue_id, event_id) using (queue_id)
  where q.queue_id = c.queue_id
  returning q.queue_id, q.pool, q.tool_kind, q.step, q.epoch, q.worker_id, q.claimed_at, i.event_id, c.status as status_before
), logged as (
  -- An epoch stands for the end of an attempt: a command that waited had none.
  insert into noetl.event (event_id, queue_id, event_type, step, epoch, status, payload, worker_id, claimed_at)
  select event_id, queue_id, 'command.cancelled', step, case when status_before = 'running' then epoch end, 'cancelled', $4::json,
    case when status_before = 'running' then worker_id end, case when status_before = 'running' then claimed_at end
  from ended
), changed as (
  insert into noetl.queue_change (pool, status, change)
  select pool, status_before, -count(*) from ended group by pool, status_before
  union all
  select pool, 'cancelled', count(*) from ended group by pool
)
select queue_id, pool, tool_kind, status_before = 'running' as was_running from ended order by queue_id

-- name: uncancellable_commands
-- takes: ids bigint[]
-- Why were these not cancelled: a command that has ended, or one of an execution.
select queue_id, coalesce(execution_id, 0) as execution_id, status from noetl.queue where queue_id = any($1::bigint[])

-- name: insert_executions
-- takes: ids bigint[], catalogs bigint[], paths text[], versions integer[], parents bigint[] or null, statuses text[]
-- takes: outstanding integer[], steps text[] or null, states text[], workloads text[], results text[] or null, errors text[] or null
-- takes: keys text[] or null, traceparents text[] or null, depths integer[], parent_nodes text[] or null, parent_frames text[] or null
-- takes: return_steps text[] or null, pauses boolean[], timeouts_ms bigint[] or null, rerun_of bigint[] or null
-- takes: delays_ms bigint[] or null
-- A known idempotency key inserts nothing: the caller reads the first execution instead.
insert into noetl.execution (execution_id, catalog_id, path, version, parent_execution_id, status, outstanding,
  current_step, state, workload, result, error, idempotency_key, traceparent, finished_at, depth, parent_node_id,
  parent_frame, return_step, is_parent_told, is_paused, deadline_at, rerun_of, due_at)
select t.execution_id, t.catalog_id, t.path, t.version, t.parent_execution_id, t.status, t.outstanding,
  t.current_step, t.state::json, t.workload::json, t.result::json, t.error::json, t.idempotency_key, t.traceparent,
  case when t.status = 'running' then null else now() end, t.depth, t.parent_node_id, t.parent_frame::json,
  t.return_step, t.parent_node_id is null, t.is_paused,
  case when t.status = 'running' then now() + t.timeout_ms * interval '1 millisecond' end, t.rerun_of,
  now() + t.delay_ms * interval '1 millisecond'
from unnest($1::bigint[], $2::bigint[], $3::text[], $4::int[], $5::bigint[], $6::text[], $7::int[], $8::text[],
  $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::int[], $16::text[], $17::text[],
  $18::text[], $19::boolean[], $20::bigint[], $21::bigint[], $22::bigint[])
  as t(execution_id, catalog_id, path, version, parent_execution_id, status, outstanding, current_step, state,
       workload, result, error, idempotency_key, traceparent, depth, parent_node_id, parent_frame, return_step,
       is_paused, timeout_ms, rerun_of, delay_ms)
on conflict (idempotency_key) where idempotency_key is not null do nothing
returning execution_id

-- name: executions_by_keys
-- takes: keys text[]
select execution_id, path, idempotency_key, coalesce(rerun_of, 0) as rerun_of, catalog_id, version, workload
from noetl.execution where idempotency_key = any($1::text[])

-- name: lock_executions
-- takes: ids bigint[]
-- Reports of one execution take turns: the engine decides from the state that the last one left.
-- In the order of ids, so that two batches cannot wait for each other. Its columns are read by position.
select execution_id, catalog_id, status, state, workload, depth, not is_parent_told as has_caller, is_paused
from noetl.execution where execution_id = any($1::bigint[]) order by execution_id for update

-- name: update_executions
-- takes: ids bigint[], statuses text[], outstanding integer[], steps text[] or null, states text[], results text[] or null
-- takes: errors text[] or null
-- Terminal is final (R4): a finished row is not touched.
update noetl.execution e
set status = t.status, outstanding = t.outstanding, current_step = t.current_step, state = t.state::json,
    result = t.result::json, error = t.error::json,
    finished_at = case when t.status = 'running' then null else now() end,
    is_paused = e.is_paused and t.status = 'running',
    deadline_at = case when t.status = 'running' then e.deadline_at end
from unnest($1::bigint[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[])
  as t(execution_id, status, outstanding, current_step, state, result, error)
where e.execution_id = t.execution_id and e.status = 'running'

-- name: execution_by_id
-- takes: execution_id bigint
-- A delayed execution starts when it is due. One whose steps have no tool is over before that, and one that was cancelled before
-- that has never started.
select execution_id, catalog_id, path, version, status, coalesce(parent_execution_id, 0) as parent_execution_id,
  coalesce(current_step, '') as current_step, outstanding, state, workload, result, error, is_paused,
  noetl.rfc3339(deadline_at) as deadline_at, noetl.rfc3339(started_at) as created_at, noetl.rfc3339(finished_at) as finished_at,
  noetl.rfc3339(case when status in ('running', 'cancelled') and due_at > coalesce(finished_at, now()) then null
    else least(greatest(started_at, due_at), finished_at) end) as started_at,
  noetl.rfc3339(due_at) as due_at, coalesce(status = 'running' and due_at > now(), false) as is_scheduled,
  extract(epoch from greatest(coalesce(finished_at, now()) - greatest(started_at, due_at), interval '0'))::float8 as duration_seconds
from noetl.execution where execution_id = $1

-- name: list_executions
-- takes: status text, path text, parent bigint, before bigint, limit bigint
select execution_id, catalog_id, path, version, status, coalesce(parent_execution_id, 0) as parent_execution_id,
  coalesce(current_step, '') as current_step, outstanding, error, is_paused,
  noetl.rfc3339(deadline_at) as deadline_at, noetl.rfc3339(started_at) as created_at, noetl.rfc3339(finished_at) as finished_at,
  noetl.rfc3339(case when status in ('running', 'cancelled') and due_at > coalesce(finished_at, now()) then null
    else least(greatest(started_at, due_at), finished_at) end) as started_at,
  noetl.rfc3339(due_at) as due_at, coalesce(status = 'running' and due_at > now(), false) as is_scheduled,
  extract(epoch from greatest(coalesce(finished_at, now()) - greatest(started_at, due_at), interval '0'))::float8 as duration_seconds
from noetl.execution
where ($1::text = '' or $1 = case when status = 'running' and due_at > now() then 'scheduled' else status end)
  and ($2::text = '' or path = $2)
  and ($3::bigint = 0 or parent_execution_id = $3) and ($4::bigint = 0 or execution_id < $4)
order by execution_id desc limit $5

-- name: running_children
-- takes: parent bigint
select execution_id from noetl.execution where parent_execution_id = $1 and status = 'running'

-- name: unreported_children
-- takes: ended bigint[] or null, limit bigint
-- Executions that have ended and whose caller has not been told; $1 empty: any, for upkeep.
select execution_id, parent_execution_id from noetl.execution
where not is_parent_told and status <> 'running' and ($1::bigint[] is null or execution_id = any($1::bigint[]))
order by execution_id limit $2

-- name: ended_children
-- takes: ids bigint[]
-- Read under the locks of caller and child.
select execution_id, parent_execution_id, parent_node_id, coalesce(parent_frame::text, '') as parent_frame,
  coalesce(return_step, '') as return_step, status, path, state, result, error
from noetl.execution where execution_id = any($1::bigint[]) and not is_parent_told and status <> 'running'
order by execution_id

-- name: mark_callers_resumed
-- takes: ids bigint[]
update noetl.execution set is_parent_told = true where execution_id = any($1::bigint[])

-- name: insert_loop_items
-- takes: executions bigint[], loops text[], indexes integer[], values text[]
insert into noetl.loop_item (execution_id, loop, item_index, item)
select t.execution_id, t.loop, t.item_index, t.item::json
from unnest($1::bigint[], $2::text[], $3::int[], $4::text[]) as t(execution_id, loop, item_index, item)

-- name: end_loop_items
-- takes: executions bigint[], loops text[], indexes integer[], statuses text[], results text[]
-- An item has one outcome: the first (R7).
update noetl.loop_item i set status = t.status, result = t.result::json
from unnest($1::bigint[], $2::text[], $3::int[], $4::text[], $5::text[])
  as t(execution_id, loop, item_index, status, result)
where i.execution_id = t.execution_id and i.loop = t.loop and i.item_index = t.item_index and i.status = 'pending'

-- name: loop_items
-- takes: execution_id bigint, loop text, first integer, behind integer
select item_index, item from noetl.loop_item
where execution_id = $1 and loop = $2 and item_index >= $3 and item_index < $4 order by item_index

-- name: loop_results
-- takes: execution_id bigint, loop text
select coalesce(result, 'null'::json) as result from noetl.loop_item
where execution_id = $1 and loop = $2 order by item_index

-- name: insert_results
-- takes: ids bigint[], executions bigint[], steps text[], values text[]
insert into noetl.result (result_id, execution_id, step, value)
select t.result_id, t.execution_id, t.step, t.value::json
from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[]) as t(result_id, execution_id, step, value)

-- name: store_result
-- takes: result_id bigint, value json, queue_id bigint, epoch integer, worker_id text, instance text
-- Of a command that runs, by who runs it. What an attempt keeps that fails goes with its execution all the same.
insert into noetl.result (result_id, execution_id, step, value)
select $1, execution_id, step, $2::json from noetl.queue
where queue_id = $3 and epoch = $4 and status = 'running' and worker_id = $5 and execution_id is not null
  and not exists (select from noetl.worker w where w.worker_id = $5 and w.instance <> $6)
returning result_id

-- name: results_by_ids
-- takes: ids bigint[]
select result_id, value from noetl.result where result_id = any($1::bigint[])

-- name: insert_events
-- takes: ids bigint[], executions bigint[] or null, commands bigint[] or null, types text[], steps text[] or null
-- takes: nodes text[] or null, epochs integer[] or null, statuses text[] or null, payloads text[] or null, metas text[] or null
-- takes: workers text[] or null, claimed_at text[] or null
-- Of the server's own, under new ids: to look whether they are there costs a third of an insert, and WAL. What no row has is null instead of a list.
insert into noetl.event (event_id, execution_id, queue_id, event_type, step, node_id, epoch, status, payload, meta,
  worker_id, claimed_at)
select t.event_id, t.execution_id, t.queue_id, t.event_type, t.step, t.node_id, t.epoch, t.status, t.payload::json,
  t.meta::json, t.worker_id,
  case when starts_with(t.claimed_at, '-') then now() + t.claimed_at::interval else t.claimed_at::timestamptz end
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::int[], $8::text[],
  $9::text[], $10::text[], $11::text[], $12::text[])
  as t(event_id, execution_id, queue_id, event_type, step, node_id, epoch, status, payload, meta, worker_id, claimed_at)

-- name: insert_events_once
-- takes: ids bigint[], executions bigint[], types text[], steps text[] or null, payloads text[] or null, metas text[] or null
-- takes: workers text[] or null
-- Of executions that are there. A sender that repeats an event of its own (same id) changes nothing (R3). In their order.
with sent as (
  select t.*, exists (select from noetl.execution e where e.execution_id = t.execution_id) as has_execution
  from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) with ordinality
    as t(event_id, execution_id, event_type, step, payload, meta, worker_id, nth)
), added as (
  insert into noetl.event (event_id, execution_id, event_type, step, payload, meta, worker_id)
  select event_id, execution_id, event_type, step, payload::json, meta::json, worker_id from sent where has_execution
  on conflict (event_id) do nothing
  returning event_id
)
select has_execution, event_id in (select a.event_id from added a) as is_added from sent order by nth

-- name: list_events
-- takes: execution_id bigint, first bigint, limit bigint
select event_id, coalesce(execution_id, 0) as execution_id, coalesce(queue_id, 0) as queue_id, event_type,
  coalesce(step, '') as step, coalesce(node_id, '') as node_id, coalesce(epoch, 0) as epoch,
  coalesce(status, '') as status, payload, meta, coalesce(worker_id, '') as worker_id,
  coalesce(noetl.rfc3339(claimed_at), '') as claimed_at, noetl.rfc3339(created_at) as created_at,
  coalesce(floor(extract(epoch from claimed_at) * 1000)::bigint, 0) as claimed_ms
from noetl.event where execution_id = $1 and event_id >= $2 order by event_id limit $3

-- name: attempts_begun_before
-- takes: execution_id bigint, after bigint, unix_ms bigint
-- Of the attempts whose row comes after $2: those that had begun by $3, in milliseconds. A page of the history shows their
-- beginnings. All that is left of the execution's log is looked through, by event_execution.
select event_id, execution_id, queue_id, event_type, coalesce(step, '') as step, coalesce(node_id, '') as node_id,
  coalesce(epoch, 0) as epoch, coalesce(status, '') as status, null::json as payload, null::json as meta,
  coalesce(worker_id, '') as worker_id, noetl.rfc3339(claimed_at) as claimed_at, noetl.rfc3339(created_at) as created_at,
  floor(extract(epoch from claimed_at) * 1000)::bigint as claimed_ms
from noetl.event
where execution_id = $1 and event_id > $2 and claimed_at < to_timestamp(($3::bigint + 1) / 1000.0) and queue_id is not null
  and event_type in ('command.completed', 'command.failed')

-- name: running_attempts
-- takes: execution_id bigint
-- Of one execution. Whatever runs is in a claim: by those it is found without looking at all of the execution's commands.
with held as materialized (select distinct unnest(queue_ids) as queue_id from noetl.claim)
select 0::bigint as event_id, q.execution_id, q.queue_id, 'command.claimed' as event_type, q.step, coalesce(q.node_id, '') as node_id,
  q.epoch, 'running' as status, null::json as payload, null::json as meta, coalesce(q.worker_id, '') as worker_id,
  noetl.rfc3339(q.claimed_at) as claimed_at, noetl.rfc3339(q.claimed_at) as created_at,
  floor(extract(epoch from q.claimed_at) * 1000)::bigint as claimed_ms
from held join noetl.queue q using (queue_id)
where q.execution_id = $1 and q.status = 'running' and q.claimed_at is not null

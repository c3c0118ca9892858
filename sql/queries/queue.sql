-- name: insert_commands
-- takes: ids bigint[], executions bigint[] or null, nodes text[] or null, steps text[] or null, kinds text[], pools text[]
-- takes: priorities smallint[] or null, max_attempts integer[], timeouts_ms bigint[] or null, delays_ms bigint[] or null
-- takes: contexts text[], gained_pools text[], gained_counts bigint[], traceparents text[] or null, frames text[] or null
-- takes: times text[] or null, retries text[] or null
-- Whatever has no idempotency key and is for nobody yet. What no row has is null instead of a list.
-- Of another priority than 0 it has a time even when it is due at once: claims find it by queue_pool_priority.
-- $12 pools and $13 numbers: what the depth counters gain.
with changed as (
  insert into noetl.queue_change (pool, status, change)
  select pool, 'queued', n from unnest($12::text[], $13::bigint[]) as c(pool, n)
)
insert into noetl.queue (queue_id, execution_id, node_id, step, tool_kind, pool, priority, max_attempts, timeout_ms,
  available_at, context, traceparent, frame, retry)
select t.queue_id, t.execution_id, t.node_id, coalesce(t.step, t.tool_kind), t.tool_kind, t.pool, coalesce(t.priority, 0),
  t.max_attempts, coalesce(t.timeout_ms, 0),
  coalesce(t.available_at::timestamptz, now() + t.delay_ms * interval '1 millisecond', case when t.priority <> 0 then now() end),
  t.context::json, t.traceparent, t.frame::json, t.retry::json
from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::int[],
  $9::bigint[], $10::bigint[], $11::text[], $14::text[], $15::text[], $16::text[], $17::text[])
  as t(queue_id, execution_id, node_id, step, tool_kind, pool, priority, max_attempts, timeout_ms, delay_ms, context,
       traceparent, frame, available_at, retry)

-- name: insert_commands_at_worker
-- takes: worker_id text, claim_id bigint, ids bigint[], nodes text[], steps text[], kinds text[], pools text[], max_attempts integer[]
-- takes: timeouts_ms bigint[], contexts text[], statuses text[], frames text[], begun text[], errors text[], gained_pools text[]
-- takes: gained_statuses text[], gained_counts bigint[], execution_id bigint, traceparent text or null, priorities smallint[]
-- What the worker $1 has begun before it was issued (docs/internals/decisions/0028): it runs there, under the claim $2, or has ended. Each is at its first
-- epoch. $15 pools, $16 statuses and $17 numbers: what the depth counters gain. Its worker's lease was looked at before.
with noted as (
  insert into noetl.claim (worker_id, claim_id, queue_ids, claimed_at)
  select $1, $2, array_agg(t.queue_id), statement_timestamp()
  from unnest($3::bigint[], $11::text[]) as t(queue_id, status) where t.status = 'running' having count(*) > 0
), changed as (
  insert into noetl.queue_change (pool, status, change)
  select pool, status, n from unnest($15::text[], $16::text[], $17::bigint[]) as c(pool, status, n)
)
insert into noetl.queue (queue_id, execution_id, node_id, step, tool_kind, pool, max_attempts, timeout_ms, context, traceparent, frame,
  status, epoch, attempts, worker_id, claimed_at, finished_at, error, priority)
select t.queue_id, $18, t.node_id, t.step, t.tool_kind, t.pool, t.max_attempts, t.timeout_ms, t.context::json, $19, t.frame::json,
  t.status, 1, 1, $1, now() + t.begun::interval, case when t.status <> 'running' then now() end, t.error::json, t.priority
from unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::bigint[], $10::text[], $11::text[], $12::text[],
  $13::text[], $14::text[], $20::smallint[])
  as t(queue_id, node_id, step, tool_kind, pool, max_attempts, timeout_ms, context, status, frame, begun, error, priority)

-- name: commands_at_worker
-- takes: execution_id bigint, worker_id text
-- What a worker runs of an execution; the columns are those of claim_by_ids, and the frame.
select queue_id, coalesce(execution_id, 0) as execution_id, step, coalesce(node_id, '') as node_id, tool_kind, epoch,
  attempts, max_attempts, timeout_ms, context, coalesce(traceparent, '') as traceparent, coalesce(frame::text, '') as frame
from noetl.queue where execution_id = $1 and worker_id = $2 and status = 'running' order by queue_id

-- name: insert_plain_commands
-- takes: ids bigint[], kinds text[], pools text[], priorities smallint[] or null, max_attempts integer[], timeouts_ms bigint[] or null
-- takes: times text[] or null, delays_ms bigint[] or null, contexts text[], keys text[] or null, traceparents text[] or null
-- takes: retries text[] or null, worker_id text or null, claim_id bigint, instance text
-- With idempotency keys, or for a worker that waits for these ($13, else null; $15 its instance): they are claimed for it as
-- claim_by_ids does it, under the claim $14. To look for a key costs a fifth of an insert and of its WAL, also of rows that have none.
with claimer as (
  select w.worker_id, w.pool, array(select p.pool from noetl.pool p where p.is_paused) as paused_pools
  from noetl.worker w where w.worker_id = $13 and w.status in ('ready', 'draining') and w.lease_until > now()
    and (w.instance is null or w.instance = $15)
), inserted as (
  insert into noetl.queue (queue_id, step, tool_kind, pool, priority, max_attempts, timeout_ms, available_at, context,
    idempotency_key, traceparent, retry, status, epoch, attempts, worker_id, claimed_at)
  select t.queue_id, t.tool_kind, t.tool_kind, t.pool, coalesce(t.priority, 0), t.max_attempts, coalesce(t.timeout_ms, 0),
    coalesce(t.available_at::timestamptz, now() + t.delay_ms * interval '1 millisecond',
      case when t.priority <> 0 and w.worker_id is null then now() end), t.context::json, t.idempotency_key, t.traceparent, t.retry::json, case when w.worker_id is null then 'queued' else 'running' end,
    (w.worker_id is not null)::int, (w.worker_id is not null)::int, w.worker_id,
    case when w.worker_id is not null then now() end
  from unnest($1::bigint[], $2::text[], $3::text[], $4::smallint[], $5::int[], $6::bigint[], $7::text[], $8::bigint[],
    $9::text[], $10::text[], $11::text[], $12::text[])
    as t(queue_id, tool_kind, pool, priority, max_attempts, timeout_ms, available_at, delay_ms, context,
         idempotency_key, traceparent, retry)
    left join claimer w on t.pool = w.pool and t.pool <> all (w.paused_pools)
  on conflict (idempotency_key) where idempotency_key is not null do nothing
  returning queue_id, pool, status
), noted as (
  insert into noetl.claim (worker_id, claim_id, queue_ids)
  select $13, $14, array_agg(queue_id) from inserted where status = 'running' having count(*) > 0
), changed as (
  insert into noetl.queue_change (pool, status, change) select pool, status, count(*) from inserted group by pool, status
)
select queue_id, status = 'running' as is_claimed from inserted

-- name: commands_of_keys
-- takes: keys text[], pools text[], contexts text[]
-- Asked for what an insert left out: whose key is known, and was it for the same work? Work is tool, input and pool. The fingerprint is
-- for people to compare; equality is of the content itself, whatever the order and the blanks it was written in. $1 keys, $2 pools, $3 contexts.
select t.nth, q.queue_id, q.pool = t.pool and q.context::jsonb = t.context::jsonb as is_same,
  left(md5(q.pool || ' ' || q.context::jsonb::text), 16) as fingerprint,
  left(md5(t.pool || ' ' || t.context::jsonb::text), 16) as asked_fingerprint
from unnest($1::text[], $2::text[], $3::text[]) with ordinality as t(idempotency_key, pool, context, nth)
  join noetl.queue q on q.idempotency_key = t.idempotency_key and q.idempotency_key is not null

-- name: claim_by_ids
-- takes: worker_id text, ids bigint[], claim_id bigint, instance text, slots integer
-- A worker gets what waits in its own pool, as long as its lease lasts and it is the process that registered ($4, its instance).
-- Rows are locked in the order of ids, so two claims cannot wait for each other: the index is read for a list in its own order.
-- available_at is taken away so that the due index holds waiting commands only. Its columns are read by position.
-- The time is the statement's: at the end of a long transaction (direct dispatch) now() lies so far back that the claim would be taken for
-- one whose answer was lost.
-- $5 slots: what is due in the pool with a priority above 0 goes first, highest, then oldest, and the ids have the slots that it
-- leaves. Each priority is one look into queue_pool_priority, so delayed commands cost nothing; without any it is one look in all. What others are
-- claiming is passed over: who claims by priority waits for nobody, so no two wait for each other. 0: the ids, whatever else waits.
with recursive asker as materialized (
  select w.pool from noetl.worker w
  where w.worker_id = $1 and w.status in ('ready', 'draining') and w.lease_until > now() and (w.instance is null or w.instance = $4)
    and not exists (select from noetl.pool p where p.pool = w.pool and p.is_paused)
), level as (
  (select q.priority from noetl.queue q
   where $5 > 0 and q.pool = (select a.pool from asker a) and q.available_at is not null and q.priority > 0
   order by q.priority desc limit 1)
  union all
  select (select q.priority from noetl.queue q
          where q.pool = (select a.pool from asker a) and q.available_at is not null and q.priority > 0 and q.priority < l.priority
          order by q.priority desc limit 1)
  from level l where l.priority is not null
), urgent as materialized (
  select u.queue_id from level l cross join lateral (
    select q.queue_id from noetl.queue q
    where q.pool = (select a.pool from asker a) and q.available_at is not null and q.priority = l.priority and q.available_at <= now()
      and q.status = 'queued'
    order by q.available_at, q.queue_id limit $5 for update skip locked) as u
  limit $5
), others as materialized (
  select q.queue_id from noetl.queue q
  where q.queue_id = any($2::bigint[]) and q.status = 'queued' and q.pool = (select a.pool from asker a)
    and (q.available_at is null or q.available_at <= now() and q.priority <= 0)
  order by q.queue_id for update skip locked
), claimed as (
  update noetl.queue q
  set status = 'running', epoch = q.epoch + 1, attempts = q.attempts + 1, worker_id = $1, claimed_at = statement_timestamp(),
      available_at = null
  where q.queue_id = any(case when not exists (select from urgent) then $2::bigint[]
      else array(select queue_id from urgent union all select queue_id from others limit $5) end)
    and q.status = 'queued' and (q.available_at is null or q.available_at <= now()) and q.pool = (select a.pool from asker a)
  returning q.queue_id, q.execution_id, q.step, q.node_id, q.tool_kind, q.epoch, q.attempts, q.max_attempts,
    q.timeout_ms, q.context, q.traceparent, q.priority, q.pool
), counted as (
  select pool, count(*) as n from claimed group by pool
), noted as (
  insert into noetl.claim (worker_id, claim_id, queue_ids, claimed_at)
  select $1, $3, case when n = cardinality($2) and not exists (select from urgent) then $2
      else array(select queue_id from claimed) end, statement_timestamp()
  from (select sum(n) as n from counted) as total where n > 0
), changed as (
  insert into noetl.queue_change (pool, status, change)
  select pool, s.status, s.sign * n from counted cross join (values ('queued', -1), ('running', 1)) as s(status, sign)
)
select queue_id, coalesce(execution_id, 0) as execution_id, step, coalesce(node_id, '') as node_id, tool_kind, epoch,
  attempts, max_attempts, timeout_ms, context, coalesce(traceparent, '') as traceparent, priority
from claimed

-- name: claimable_of
-- takes: worker_id text, ids bigint[], limit bigint
-- Of the commands of a notification as many as a worker has slots for: those of its pool that could be claimed, and those that it
-- holds already, since the reply that gave them may have been lost.
select queue_id from noetl.queue q
where queue_id = any($2::bigint[])
  and (status = 'queued' and (available_at is null or available_at <= now())
         and q.pool = (select w.pool from noetl.worker w where w.worker_id = $1)
         and q.pool <> all (array(select p.pool from noetl.pool p where p.is_paused))
       or status = 'running' and worker_id = $1)
order by queue_id limit $3

-- name: commands_to_explain
-- takes: ids bigint[]
-- What became of commands that could not be claimed; also gives a worker its own lease again. The first columns are
-- those of claim_by_ids.
select queue_id, coalesce(execution_id, 0) as execution_id, step, coalesce(node_id, '') as node_id, tool_kind, epoch,
  attempts, max_attempts, timeout_ms, context, coalesce(traceparent, '') as traceparent, priority, status,
  coalesce(worker_id, '') as worker_id,
  greatest(0, extract(epoch from available_at - now()) * 1000)::bigint as wait_ms, pool,
  coalesce((select is_paused from noetl.pool p where p.pool = q.pool), false) as is_pool_paused
from noetl.queue q where queue_id = any($1::bigint[])

-- name: candidates_in_pool
-- takes: pool text, first bigint, limit bigint, priority_min integer
-- What a poll claims: the highest priority first, then the oldest. Above 0 and below it by queue_pool_priority, priority by priority;
-- of priority 0 those with a time by the same index, and those without by primary key from a lower bound that only grows ($2). What
-- stands later is read only when the former are fewer than $3: a list of several parts is made part by part. $4: nothing below this priority.
-- first_fresh is the first without a time; the bound when none was looked for. Some 256 of those are read: servers of the release before
-- enqueue other priorities without a time. is_paused: nobody may claim them now. What waits after the resume is for another look.
with recursive level as (
  (select q.priority from noetl.queue q where q.pool = $1 and q.available_at is not null order by q.priority desc limit 1)
  union all
  select (select q.priority from noetl.queue q
          where q.pool = $1 and q.available_at is not null and q.priority < l.priority order by q.priority desc limit 1)
  from level l where l.priority is not null
), urgent as materialized (
  select u.* from level l cross join lateral (
    select q.queue_id, q.priority, q.available_at as since from noetl.queue q
    where q.pool = $1 and q.available_at is not null and q.priority = l.priority and q.available_at <= now() and q.status = 'queued'
    order by q.available_at, q.queue_id limit $3) as u
  where l.priority > 0 limit $3
), is_full as materialized (
  select $4 > 0 or count(*) >= $3 as yes from urgent
), fresh as materialized (
  select queue_id, priority, created_at as since from noetl.queue
  where queue_id >= $2 and available_at is null and status = 'queued' and pool = $1 order by queue_id limit greatest($3, 256)
), due as (
  select queue_id, priority, available_at as since from noetl.queue
  where pool = $1 and available_at is not null and priority = 0 and available_at <= now() and status = 'queued'
  order by available_at, queue_id limit $3
), normal as (
  select queue_id, priority, since from (select * from due union all select * from fresh) as n
  where not (select yes from is_full) order by priority desc, since, queue_id limit $3
), low as (
  select u.* from level l cross join lateral (
    select q.queue_id, q.priority, q.available_at as since from noetl.queue q
    where q.pool = $1 and q.available_at is not null and q.priority = l.priority and q.available_at <= now() and q.status = 'queued'
    order by q.available_at, q.queue_id limit $3) as u
  where l.priority < 0 and not (select yes from is_full) limit $3
), chosen as (
  select * from (select * from urgent union all select * from normal union all select * from low) as parts limit $3
)
select chosen.queue_id, case when (select yes from is_full) then $2 else (select min(queue_id) from fresh) end as first_fresh,
  exists (select from noetl.pool p where p.pool = $1 and p.is_paused) as is_paused
from chosen order by chosen.priority desc, chosen.since, chosen.queue_id

-- name: finish_plain
-- takes: ids bigint[], epochs integer[], results text[], event_ids bigint[] or null, metas text[] or null, worker_id text
-- takes: instance text, durations bigint[]
-- Success of plain commands, the hot path: fenced by worker and epoch, logged and counted in one statement. $7, the instance of who
-- reports: a name that another process has registered with since counts for nothing. Of a first attempt the row itself is the log
-- (noetl.event_history); $4 and $5 are null for these.
with input as (
  select * from unnest($1::bigint[], $2::int[], $3::text[], $4::bigint[], $5::text[], $8::bigint[])
    as t(queue_id, epoch, result, event_id, meta, duration_us)
), finished as (
  update noetl.queue q set status = 'done', finished_at = now(), result = i.result::json, error = null,
    duration_us = case when q.epoch = 1 then i.duration_us end
  from input i
  where q.queue_id = i.queue_id and q.epoch = i.epoch and q.status = 'running' and q.execution_id is null
    and q.worker_id = $6 and not exists (select from noetl.worker w where w.worker_id = $6 and w.instance <> $7)
  returning q.queue_id, q.epoch, q.pool, q.tool_kind, q.step, q.worker_id, q.claimed_at, i.event_id, i.meta
), logged as (
  insert into noetl.event (event_id, queue_id, event_type, step, epoch, status, meta, worker_id, claimed_at)
  select event_id, queue_id, 'command.completed', step, epoch, 'done', meta::json, worker_id, claimed_at from finished where epoch > 1
), counted as (
  select pool, count(*) as n from finished group by pool
), changed as (
  insert into noetl.queue_change (pool, status, change)
  select pool, s.status, s.sign * n from counted cross join (values ('running', -1), ('done', 1)) as s(status, sign)
)
-- One row for each pool and tool, mostly one in all: a row of a result costs its reader more than a number in a list.
select pool, tool_kind, array_agg(queue_id) as queue_ids from finished group by pool, tool_kind

-- name: record_progress
-- takes: ids bigint[], epochs integer[], event_ids bigint[], names text[], payloads text[], worker_id text, instance text
-- What running commands say: the newest stands in `result` until the end of the attempt overwrites it, and an execution's
-- history gets an event, without epoch: in the log an epoch stands for its end. Rows that are being ended are locked and
-- skipped: nothing waits here, and a word too late is lost.
with input as (
  select * from unnest($1::bigint[], $2::int[], $3::bigint[], $4::text[], $5::text[])
    as t(queue_id, epoch, event_id, name, payload)
), held as (
  select q.queue_id from noetl.queue q
  where q.queue_id = any($1::bigint[]) and q.status = 'running' and q.worker_id = $6
    and not exists (select from noetl.worker w where w.worker_id = $6 and w.instance <> $7)
  for update skip locked
), told as (
  update noetl.queue q set result = i.payload::json
  from input i
  where q.queue_id = i.queue_id and q.epoch = i.epoch and q.queue_id in (select queue_id from held)
  returning q.queue_id, q.execution_id, q.step, q.node_id, q.claimed_at, i.event_id, i.name, i.payload
), logged as (
  insert into noetl.event (event_id, execution_id, queue_id, event_type, step, node_id, status, payload, worker_id,
    claimed_at)
  select event_id, execution_id, queue_id, name, step, node_id, 'running', payload::json, $6, claimed_at
  from told where execution_id is not null
)
select queue_id from told

-- name: lock_commands
-- takes: ids bigint[]
-- For outcomes that need a decision: locked, since between reading and writing nobody may requeue them. Its columns are read by position.
select queue_id, coalesce(execution_id, 0) as execution_id, coalesce(node_id, '') as node_id, step, tool_kind, pool,
  epoch, status, attempts, max_attempts, coalesce(worker_id, '') as worker_id, cancel_requested, priority,
  coalesce(claimed_at::text, '') as claimed_at, coalesce(frame::text, '') as frame,
  coalesce(retry::text, '') as retry,
  coalesce((select w.instance from noetl.worker w where w.worker_id = queue.worker_id), '') as instance
from noetl.queue where queue_id = any($1::bigint[]) order by queue_id for update

-- name: executions_of_commands
-- takes: ids bigint[]
select queue_id, execution_id from noetl.queue where queue_id = any($1::bigint[]) and execution_id is not null

-- name: end_attempts
-- takes: ids bigint[], epochs integer[], statuses text[], attempts integer[], results text[] or null, errors text[] or null
-- takes: delays_ms bigint[]
-- Writes what was decided about locked commands. status queued: waits delay_ms, attempts as given.
with ended as (
  update noetl.queue q
  set status = t.status, attempts = t.attempts, result = t.result::json, error = t.error::json,
      available_at = case when t.status = 'queued' then now() + t.delay_ms * interval '1 millisecond' end,
      finished_at = case when t.status = 'queued' then null else now() end
  from unnest($1::bigint[], $2::int[], $3::text[], $4::int[], $5::text[], $6::text[], $7::bigint[])
    as t(queue_id, epoch, status, attempts, result, error, delay_ms)
  where q.queue_id = t.queue_id and q.epoch = t.epoch and q.status = 'running'
  returning q.queue_id, q.pool, q.status
), changed as (
  insert into noetl.queue_change (pool, status, change)
  select pool, status, count(*) from ended group by pool, status
  union all
  select pool, 'running', -count(*) from ended group by pool
)
select queue_id from ended

-- name: insert_dead_letters
-- takes: ids bigint[], pools text[], kinds text[], error_kinds text[], errors text[], attempts integer[], fingerprints text[]
insert into noetl.dead_letter (queue_id, pool, tool_kind, error_kind, error, attempts, fingerprint)
select t.queue_id, t.pool, t.tool_kind, t.error_kind, t.error::json, t.attempts, t.fingerprint
from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[])
  as t(queue_id, pool, tool_kind, error_kind, error, attempts, fingerprint)
on conflict (queue_id) do nothing

-- name: cancel_commands_of_execution
-- takes: execution_id bigint
-- Running ones too: their workers learn it with the next heartbeat, and their reports find them ended. Gives those.
with ended as (
  update noetl.queue q set status = 'cancelled', cancel_requested = true, finished_at = now(), available_at = null
  from (select queue_id, status from noetl.queue
        where execution_id = $1 and status in ('queued', 'running') for update) as old
  where q.queue_id = old.queue_id
  returning q.queue_id, q.pool, q.tool_kind, old.status as status_before
), changed as (
  insert into noetl.queue_change (pool, status, change)
  select pool, status_before, -count(*) from ended group by pool, status_before
  union all
  select pool, 'cancelled', count(*) from ended group by pool
)
select queue_id, pool, tool_kind from ended where status_before = 'running'

-- name: command_of_step
-- takes: execution_id bigint, step text
-- NoETL v1's events name execution and step only: the command that is running there.
select queue_id, epoch, coalesce(worker_id, '') as worker_id from noetl.queue
where execution_id = $1 and step = $2 and status = 'running' order by queue_id limit 1

-- name: command_by_id
-- takes: queue_id bigint
select queue_id, coalesce(execution_id, 0) as execution_id, step, tool_kind, pool, status,
  coalesce(worker_id, '') as worker_id, priority, attempts, max_attempts, epoch, context, error,
  retry, coalesce(redriven_from, 0) as redriven_from, coalesce(idempotency_key, '') as idempotency_key,
  case when status not in ('running', 'cancelled') then result end as result,
  case when status in ('running', 'cancelled') then result end as progress,
  noetl.rfc3339(created_at) as created_at, noetl.rfc3339(available_at) as available_at,
  noetl.rfc3339(claimed_at) as claimed_at, noetl.rfc3339(finished_at) as finished_at
from noetl.queue where queue_id = $1

-- name: list_commands
-- takes: status text, pool text, tool_kind text, after bigint, before bigint, created_after timestamptz or null
-- takes: created_before timestamptz or null, limit bigint
-- By primary key backwards. $1 status, $2 pool, $3 tool kind ('' takes all), $4 and $5 ids between which they are (0: open), $6 and
-- $7 times: the upper bits of an id are the milliseconds since 2024 at which it was made.
select queue_id, coalesce(execution_id, 0) as execution_id, step, tool_kind, pool, status,
  coalesce(worker_id, '') as worker_id, priority, attempts, max_attempts, epoch, '{}' as context, null as result, null as progress, error,
  retry, coalesce(redriven_from, 0) as redriven_from, coalesce(idempotency_key, '') as idempotency_key,
  noetl.rfc3339(created_at) as created_at, noetl.rfc3339(available_at) as available_at,
  noetl.rfc3339(claimed_at) as claimed_at, noetl.rfc3339(finished_at) as finished_at
from noetl.queue
where true and ($1::text = '' or status = $1) and ($2::text = '' or pool = $2) and ($3::text = '' or tool_kind = $3)
  and queue_id > greatest($4::bigint, ((extract(epoch from $6::timestamptz) * 1000)::bigint - 1704067200000) << 22)
  and queue_id < coalesce(least(nullif($5::bigint, 0), ((extract(epoch from $7::timestamptz) * 1000)::bigint - 1704067200000) << 22),
                          9223372036854775807)
order by queue_id desc limit $8

-- name: list_commands_of_execution
-- takes: status text, pool text, tool_kind text, after bigint, before bigint, created_after timestamptz or null
-- takes: created_before timestamptz or null, limit bigint, execution_id bigint
-- By queue_node; the filters are those of list_commands.
select queue_id, coalesce(execution_id, 0) as execution_id, step, tool_kind, pool, status,
  coalesce(worker_id, '') as worker_id, priority, attempts, max_attempts, epoch, '{}' as context, null as result, null as progress, error,
  retry, coalesce(redriven_from, 0) as redriven_from, coalesce(idempotency_key, '') as idempotency_key,
  noetl.rfc3339(created_at) as created_at, noetl.rfc3339(available_at) as available_at,
  noetl.rfc3339(claimed_at) as claimed_at, noetl.rfc3339(finished_at) as finished_at
from noetl.queue
where execution_id = $9 and ($1::text = '' or status = $1) and ($2::text = '' or pool = $2) and ($3::text = '' or tool_kind = $3)
  and queue_id > greatest($4::bigint, ((extract(epoch from $6::timestamptz) * 1000)::bigint - 1704067200000) << 22)
  and queue_id < coalesce(least(nullif($5::bigint, 0), ((extract(epoch from $7::timestamptz) * 1000)::bigint - 1704067200000) << 22),
                          9223372036854775807)
order by queue_id desc limit $8

-- name: list_command_of_key
-- takes: status text, pool text, tool_kind text, after bigint, before bigint, created_after timestamptz or null
-- takes: created_before timestamptz or null, limit bigint, idempotency_key text
-- By queue_idempotency_key; the filters are those of list_commands.
select queue_id, coalesce(execution_id, 0) as execution_id, step, tool_kind, pool, status,
  coalesce(worker_id, '') as worker_id, priority, attempts, max_attempts, epoch, '{}' as context, null as result, null as progress, error,
  retry, coalesce(redriven_from, 0) as redriven_from, coalesce(idempotency_key, '') as idempotency_key,
  noetl.rfc3339(created_at) as created_at, noetl.rfc3339(available_at) as available_at,
  noetl.rfc3339(claimed_at) as claimed_at, noetl.rfc3339(finished_at) as finished_at
from noetl.queue
where idempotency_key = $9 and ($1::text = '' or status = $1) and ($2::text = '' or pool = $2) and ($3::text = '' or tool_kind = $3)
  and queue_id > greatest($4::bigint, ((extract(epoch from $6::timestamptz) * 1000)::bigint - 1704067200000) << 22)
  and queue_id < coalesce(least(nullif($5::bigint, 0), ((extract(epoch from $7::timestamptz) * 1000)::bigint - 1704067200000) << 22),
                          9223372036854775807)
order by queue_id desc limit $8

-- name: queue_depth
-- Folded counters and the changes not folded yet.
select pool, status, sum(count)::bigint as count from (
  select pool, status, count from noetl.queue_depth
  union all
  select pool, status, change from noetl.queue_change
) as all_changes group by pool, status having sum(count) <> 0 order by pool, status

-- name: oldest_waiting
-- takes: pool text, first bigint
-- How long the oldest of a pool has waited, and its tool; when none is due, when the first one is. $2: a lower bound of never handed back
-- ids, as in candidates_in_pool; first_fresh is the next one.
with due as (
  select available_at as since, tool_kind from noetl.queue
  where available_at is not null and available_at <= now() and status = 'queued' and pool = $1 order by available_at limit 1
), fresh as (
  select queue_id, created_at as since, tool_kind from noetl.queue
  where queue_id >= $2 and available_at is null and status = 'queued' and pool = $1 order by queue_id limit 1
), oldest as (
  select since, tool_kind from (select since, tool_kind from due union all select since, tool_kind from fresh) as both_kinds
  order by since limit 1
)
select coalesce((select extract(epoch from now() - since) from oldest), 0)::float8 as age,
  (select queue_id from fresh) as first_fresh, (select tool_kind from oldest) as tool_kind,
  case when not exists (select from oldest) then (
    select noetl.rfc3339(available_at) from noetl.queue
    where available_at is not null and available_at > now() and available_at < now() + noetl.pause_shift() / 2
      and status = 'queued' and pool = $1 order by available_at limit 1) end as due_at,
  not exists (select from oldest) and exists (select from noetl.queue
    where available_at is not null and available_at > now() + noetl.pause_shift() / 2 and status = 'queued' and pool = $1) as is_postponed

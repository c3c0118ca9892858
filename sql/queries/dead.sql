-- Dead letters. Filters: $1 fingerprint, $2 pool, $3 tool kind, $4 error kind ('' takes all), $5 and $6 ids between which the
-- letters are (0: open), $7 which of them: open, closed, all.
-- By a fingerprint each has a form of its own (…_of_cause): "any or this one" is one plan, and not the one by
-- dead_letter_fingerprint.

-- name: dead_letters
-- takes: fingerprint text, pool text, tool_kind text, error_kind text, after bigint, before bigint, state text, limit bigint
-- By primary key backwards.
select d.queue_id, coalesce(q.execution_id, 0) as execution_id, coalesce(q.step, d.tool_kind) as step, d.pool, d.tool_kind,
  d.error_kind, d.fingerprint, d.error, d.attempts, noetl.rfc3339(d.died_at) as died_at,
  coalesce(d.redriven_as, 0) as redriven_as, noetl.rfc3339(d.closed_at) as closed_at
from noetl.dead_letter d left join noetl.queue q using (queue_id)
where ($1::text = '' or d.fingerprint = $1) and ($2::text = '' or d.pool = $2) and ($3::text = '' or d.tool_kind = $3)
  and ($4::text = '' or d.error_kind = $4) and ($5::bigint = 0 or d.queue_id > $5) and ($6::bigint = 0 or d.queue_id < $6)
  and ($7::text = 'all' or (d.closed_at is null) = ($7 = 'open'))
order by d.queue_id desc limit $8

-- name: dead_letters_of_cause
-- takes: fingerprint text, pool text, tool_kind text, error_kind text, after bigint, before bigint, state text, limit bigint
select d.queue_id, coalesce(q.execution_id, 0) as execution_id, coalesce(q.step, d.tool_kind) as step, d.pool, d.tool_kind,
  d.error_kind, d.fingerprint, d.error, d.attempts, noetl.rfc3339(d.died_at) as died_at,
  coalesce(d.redriven_as, 0) as redriven_as, noetl.rfc3339(d.closed_at) as closed_at
from noetl.dead_letter d left join noetl.queue q using (queue_id)
where d.fingerprint = $1 and ($2::text = '' or d.pool = $2) and ($3::text = '' or d.tool_kind = $3)
  and ($4::text = '' or d.error_kind = $4) and ($5::bigint = 0 or d.queue_id > $5) and ($6::bigint = 0 or d.queue_id < $6)
  and ($7::text = 'all' or (d.closed_at is null) = ($7 = 'open'))
order by d.queue_id desc limit $8

-- name: dead_groups
-- takes: fingerprint text, pool text, tool_kind text, error_kind text, after bigint, before bigint, state text, limit bigint
-- Letters from before fingerprints have none: they stand together by their kinds.
with groups as (
  select fingerprint, tool_kind, error_kind, count(*) as count, array_to_json(array_agg(distinct pool)) as pools,
    min(died_at) as first_died_at, max(died_at) as last_died_at, max(queue_id) as newest
  from noetl.dead_letter d
  where ($1::text = '' or d.fingerprint = $1) and ($2::text = '' or d.pool = $2) and ($3::text = '' or d.tool_kind = $3)
    and ($4::text = '' or d.error_kind = $4) and ($5::bigint = 0 or d.queue_id > $5) and ($6::bigint = 0 or d.queue_id < $6)
    and ($7::text = 'all' or (d.closed_at is null) = ($7 = 'open'))
  group by fingerprint, tool_kind, error_kind order by count(*) desc, max(queue_id) desc limit $8
)
select g.fingerprint, g.tool_kind, g.error_kind, g.count, g.pools, noetl.rfc3339(g.first_died_at) as first_died_at,
  noetl.rfc3339(g.last_died_at) as last_died_at, g.newest, coalesce(left(d.error ->> 'message', 1000), '') as message
from groups g join noetl.dead_letter d on d.queue_id = g.newest order by g.count desc, g.newest desc

-- name: dead_groups_of_cause
-- takes: fingerprint text, pool text, tool_kind text, error_kind text, after bigint, before bigint, state text, limit bigint
with groups as (
  select fingerprint, tool_kind, error_kind, count(*) as count, array_to_json(array_agg(distinct pool)) as pools,
    min(died_at) as first_died_at, max(died_at) as last_died_at, max(queue_id) as newest
  from noetl.dead_letter d
  where d.fingerprint = $1 and ($2::text = '' or d.pool = $2) and ($3::text = '' or d.tool_kind = $3)
    and ($4::text = '' or d.error_kind = $4) and ($5::bigint = 0 or d.queue_id > $5) and ($6::bigint = 0 or d.queue_id < $6)
    and ($7::text = 'all' or (d.closed_at is null) = ($7 = 'open'))
  group by fingerprint, tool_kind, error_kind order by count(*) desc, max(queue_id) desc limit $8
)
select g.fingerprint, g.tool_kind, g.error_kind, g.count, g.pools, noetl.rfc3339(g.first_died_at) as first_died_at,
  noetl.rfc3339(g.last_died_at) as last_died_at, g.newest, coalesce(left(d.error ->> 'message', 1000), '') as message
from groups g join noetl.dead_letter d on d.queue_id = g.newest order by g.count desc, g.newest desc

-- name: dead_letter_by_id
-- takes: queue_id bigint
select d.queue_id, coalesce(q.execution_id, 0) as execution_id, coalesce(q.step, d.tool_kind) as step, d.pool, d.tool_kind,
  d.error_kind, d.fingerprint, d.error, d.attempts, noetl.rfc3339(d.died_at) as died_at,
  coalesce(d.redriven_as, 0) as redriven_as, noetl.rfc3339(d.closed_at) as closed_at,
  coalesce(q.context, 'null'::json) as context, coalesce(q.max_attempts, d.attempts) as max_attempts, q.retry,
  coalesce(q.redriven_from, 0) as redriven_from, coalesce(q.worker_id, '') as worker_id,
  noetl.rfc3339(q.created_at) as created_at
from noetl.dead_letter d left join noetl.queue q using (queue_id) where d.queue_id = $1

-- name: dead_ids
-- takes: fingerprint text, pool text, tool_kind text, error_kind text, after bigint, before bigint, state text, limit bigint
-- takes: only_plain boolean, without_closed_steps boolean
-- Oldest first, $8 at most; $9: only those of plain commands; $10: without steps whose letter is closed, which a purge leaves.
select d.queue_id from noetl.dead_letter d
where ($1::text = '' or d.fingerprint = $1) and ($2::text = '' or d.pool = $2) and ($3::text = '' or d.tool_kind = $3)
  and ($4::text = '' or d.error_kind = $4) and ($5::bigint = 0 or d.queue_id > $5) and ($6::bigint = 0 or d.queue_id < $6)
  and ($7::text = 'all' or (d.closed_at is null) = ($7 = 'open'))
  and (not $9::boolean or exists (select from noetl.queue q where q.queue_id = d.queue_id and q.execution_id is null))
  and (not $10::boolean or d.closed_at is null
       or not exists (select from noetl.queue q where q.queue_id = d.queue_id and q.execution_id is not null))
order by d.queue_id limit $8

-- name: dead_ids_of_cause
-- takes: fingerprint text, pool text, tool_kind text, error_kind text, after bigint, before bigint, state text, limit bigint
-- takes: only_plain boolean, without_closed_steps boolean
select d.queue_id from noetl.dead_letter d
where d.fingerprint = $1 and ($2::text = '' or d.pool = $2) and ($3::text = '' or d.tool_kind = $3)
  and ($4::text = '' or d.error_kind = $4) and ($5::bigint = 0 or d.queue_id > $5) and ($6::bigint = 0 or d.queue_id < $6)
  and ($7::text = 'all' or (d.closed_at is null) = ($7 = 'open'))
  and (not $9::boolean or exists (select from noetl.queue q where q.queue_id = d.queue_id and q.execution_id is null))
  and (not $10::boolean or d.closed_at is null
       or not exists (select from noetl.queue q where q.queue_id = d.queue_id and q.execution_id is not null))
order by d.queue_id limit $8

-- name: count_dead_steps
-- takes: fingerprint text, pool text, tool_kind text, error_kind text, after bigint, before bigint, state text
-- Of what the filter takes, those that belong to executions.
select count(*) from noetl.dead_letter d join noetl.queue q using (queue_id)
where ($1::text = '' or d.fingerprint = $1) and ($2::text = '' or d.pool = $2) and ($3::text = '' or d.tool_kind = $3)
  and ($4::text = '' or d.error_kind = $4) and ($5::bigint = 0 or d.queue_id > $5) and ($6::bigint = 0 or d.queue_id < $6)
  and ($7::text = 'all' or (d.closed_at is null) = ($7 = 'open')) and q.execution_id is not null

-- name: count_dead_steps_of_cause
-- takes: fingerprint text, pool text, tool_kind text, error_kind text, after bigint, before bigint, state text
select count(*) from noetl.dead_letter d join noetl.queue q using (queue_id)
where d.fingerprint = $1 and ($2::text = '' or d.pool = $2) and ($3::text = '' or d.tool_kind = $3)
  and ($4::text = '' or d.error_kind = $4) and ($5::bigint = 0 or d.queue_id > $5) and ($6::bigint = 0 or d.queue_id < $6)
  and ($7::text = 'all' or (d.closed_at is null) = ($7 = 'open')) and q.execution_id is not null

-- name: lock_dead
-- takes: ids bigint[], with_context boolean
-- The letters are locked in the order of ids: of two redrives at once the second finds them closed. $2: with contexts.
select d.queue_id, coalesce(q.execution_id, 0) as execution_id, coalesce(q.step, '') as step,
  coalesce(d.redriven_as, 0) as redriven_as, q.queue_id is not null as has_command, d.pool, d.tool_kind,
  coalesce(q.priority, 0) as priority, case when $2::boolean then q.context end as context
from noetl.dead_letter d left join noetl.queue q using (queue_id)
where d.queue_id = any($1::bigint[]) order by d.queue_id for update of d

-- name: redrive_dead
-- takes: old_ids bigint[], new_ids bigint[], delays_ms bigint[], contexts text[], kinds text[], max_attempts integer[]
-- As in insert_commands one of another priority than 0 has a time. A new command for each old one, with attempts of its own (R8); the old one stays dead, its letter is closed.
with input as (
  select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::int[])
    as t(old_id, new_id, delay_ms, context, tool_kind, max_attempts)
), made as (
  insert into noetl.queue (queue_id, step, tool_kind, pool, priority, max_attempts, timeout_ms, available_at, context,
    traceparent, retry, redriven_from)
  select i.new_id, coalesce(i.tool_kind, q.tool_kind), coalesce(i.tool_kind, q.tool_kind), q.pool, q.priority,
    coalesce(i.max_attempts, q.max_attempts), q.timeout_ms,
    coalesce(now() + i.delay_ms * interval '1 millisecond', case when q.priority <> 0 then now() end), coalesce(i.context::json, q.context), q.traceparent, q.retry, q.queue_id
  from input i join noetl.queue q on q.queue_id = i.old_id
  where q.status = 'dead' and q.execution_id is null
  returning queue_id, redriven_from, pool
), closed as (
  update noetl.dead_letter d set redriven_as = m.queue_id, closed_at = now()
  from made m where d.queue_id = m.redriven_from
), changed as (
  insert into noetl.queue_change (pool, status, change) select pool, 'queued', count(*) from made group by pool
)
select queue_id from made

-- name: purge_dead
-- takes: ids bigint[]
-- Of plain commands the letter and the command leave. A step's command belongs to its execution and leaves with it:
-- its letter is closed.
with gone as (
  delete from noetl.queue q
  where q.queue_id = any($1::bigint[]) and q.status = 'dead' and q.execution_id is null
    and exists (select from noetl.dead_letter d where d.queue_id = q.queue_id)
  returning q.pool
), letters as (
  delete from noetl.dead_letter d
  where d.queue_id = any($1::bigint[])
    and not exists (select from noetl.queue q where q.queue_id = d.queue_id and q.execution_id is not null)
  returning d.queue_id
), closed as (
  update noetl.dead_letter d set closed_at = now()
  where d.queue_id = any($1::bigint[]) and d.closed_at is null
    and exists (select from noetl.queue q where q.queue_id = d.queue_id and q.execution_id is not null)
  returning d.queue_id
), changed as (
  insert into noetl.queue_change (pool, status, change) select pool, 'dead', -count(*) from gone group by pool
)
select (select count(*) from letters) + (select count(*) from closed)

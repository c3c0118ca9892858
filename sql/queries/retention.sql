-- What has ended leaves when its time is over. Each statement looks at one range of ids and at $… rows of it at most, takes
-- no lock on what stays, and answers how far it went: rows that stay cost one look a round. Times are seconds; null keeps.

-- name: prune_commands
-- takes: completed_seconds bigint or null, cancelled_seconds bigint or null, dead_seconds bigint or null, after bigint, until bigint
-- takes: rows_max bigint
-- Plain commands: $1 done, $2 cancelled (failed as well, which the first version wrote), $3 dead ones with their letters.
with window_rows as materialized (
  select queue_id, status, execution_id, finished_at from noetl.queue
  where queue_id > $4 and queue_id <= $5 order by queue_id limit $6
), gone as (
  delete from noetl.queue where queue_id = any (array(
    select queue_id from window_rows
    where execution_id is null and finished_at < now() - interval '1 second' *
      case status when 'done' then $1::bigint when 'dead' then $3::bigint else $2::bigint end))
  returning queue_id, pool, status
), letters as (
  delete from noetl.dead_letter where queue_id = any (array(select queue_id from gone where status = 'dead'))
), changed as (
  insert into noetl.queue_change (pool, status, change)
  select pool, status, -count(*) from gone group by pool, status
)
select coalesce(max(queue_id), 0) as last_id, count(*)::int as looked_at, (select count(*) from gone)::int as gone
from window_rows

-- name: prune_events
-- takes: seconds bigint, after bigint, until bigint, rows_max bigint
-- Events of no execution leave when their command has left. $1: those of no command, and those younger stay.
with window_rows as materialized (
  select event_id, queue_id, execution_id, created_at from noetl.event
  where event_id > $2 and event_id <= $3 order by event_id limit $4
), gone as (
  delete from noetl.event where event_id = any (array(
    select w.event_id from window_rows w
    where w.execution_id is null and w.created_at < now() - $1::bigint * interval '1 second'
      and not exists (select from noetl.queue q where q.queue_id = w.queue_id)))
  returning event_id
)
select coalesce(max(event_id), 0) as last_id, count(*)::int as looked_at, (select count(*) from gone)::int as gone
from window_rows

-- name: ended_executions
-- takes: completed_seconds bigint or null, failed_seconds bigint or null, cancelled_seconds bigint or null, after bigint, until bigint
-- takes: rows_max bigint
-- Executions whose time is over: $1 completed, $2 failed, $3 cancelled. One stays while its caller runs or has to be
-- told, while one that it started runs or has to tell it, and while one is there that repeats it. The first row says how far it went and how many it saw.
with window_rows as materialized (
  select execution_id, parent_execution_id, status, finished_at, is_parent_told from noetl.execution
  where execution_id > $4 and execution_id <= $5 order by execution_id limit $6
)
select coalesce(max(execution_id), 0) as execution_id, count(*)::int as looked_at, true as is_end from window_rows
union all
select w.execution_id, 0, false from window_rows w
where w.status <> 'running' and w.is_parent_told
  and w.finished_at < now() - interval '1 second' *
    case w.status when 'completed' then $1::bigint when 'failed' then $2::bigint else $3::bigint end
  and not exists (select from noetl.execution p
                  where p.execution_id = w.parent_execution_id and p.status = 'running')
  and not exists (select from noetl.execution c
                  where c.parent_execution_id = w.execution_id and (c.status = 'running' or not c.is_parent_told))
  and not exists (select from noetl.execution r where r.rerun_of = w.execution_id)
order by is_end desc, execution_id

-- name: lock_ended_executions
-- takes: executions bigint[]
-- A rerun reads what an ended execution left: it waits here, or this one comes back later.
select execution_id from noetl.execution
where execution_id = any($1::bigint[]) and status <> 'running' and is_parent_told
order by execution_id for update skip locked

-- name: repeated_executions
-- takes: executions bigint[]
-- Asked when they are locked: what was rerun until then is seen.
select distinct rerun_of from noetl.execution where rerun_of = any($1::bigint[])

-- name: prune_execution_parts
-- takes: executions bigint[], rows_max bigint
-- Of executions that have ended: $2 rows of each kind at most, so that one with a million items takes no lock for long.
-- The execution itself leaves when nothing of it is left: prune_executions.
with commands as (
  delete from noetl.queue where queue_id = any (array(
    select queue_id from noetl.queue where execution_id = any($1::bigint[]) limit $2))
  returning queue_id, pool, status
), letters as (
  delete from noetl.dead_letter where queue_id = any (array(select queue_id from commands where status = 'dead'))
), changed as (
  insert into noetl.queue_change (pool, status, change)
  select pool, status, -count(*) from commands group by pool, status
), events as (
  delete from noetl.event where event_id = any (array(
    select event_id from noetl.event where execution_id = any($1::bigint[]) limit $2))
  returning 1
), items as (
  delete from noetl.loop_item where ctid = any (array(
    select ctid from noetl.loop_item where execution_id = any($1::bigint[]) limit $2))
  returning 1
), results as (
  delete from noetl.result where result_id = any (array(
    select result_id from noetl.result where execution_id = any($1::bigint[]) limit $2))
  returning 1
), tokens as (
  delete from noetl.keychain where execution_id <> 0 and execution_id = any($1::bigint[])
  returning 1
), variables as (
  delete from noetl.variable where execution_id = any($1::bigint[])
  returning 1
)
select (select count(*) from commands)::int as commands, (select count(*) from events)::int as events,
  (select count(*) from items)::int as items, (select count(*) from results)::int as results,
  (select count(*) from tokens)::int + (select count(*) from variables)::int as others

-- name: prune_executions
-- takes: executions bigint[]
-- Only those of which nothing is left.
delete from noetl.execution e
where e.execution_id = any($1::bigint[]) and e.status <> 'running'
  and not exists (select from noetl.queue q where q.execution_id = e.execution_id)
  and not exists (select from noetl.event v where v.execution_id = e.execution_id)
  and not exists (select from noetl.loop_item i where i.execution_id = e.execution_id)
  and not exists (select from noetl.result r where r.execution_id = e.execution_id)
returning e.execution_id

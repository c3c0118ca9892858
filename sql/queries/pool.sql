-- name: list_pools
-- What holds for pools; some have a row of which nothing is set any more.
select pool, max_attempts, coalesce(retry::text, '') as retry, is_paused,
  case when is_paused then noetl.rfc3339(paused_at) end as paused_at, case when is_paused then paused_by end as paused_by,
  noetl.rfc3339(updated_at) as updated_at
from noetl.pool order by pool

-- name: put_pool
-- takes: pool text, max_attempts integer or null, retry json or null
-- Whether it is paused is not touched.
insert into noetl.pool (pool, max_attempts, retry) values ($1, $2, $3::json)
on conflict (pool) do update set max_attempts = excluded.max_attempts, retry = excluded.retry, updated_at = now()

-- name: pools_shown
-- takes: pool text
-- Pools that have settings, commands that wait or run, or workers; $1: this one alone, whatever it has. Counters and rows of workers,
-- both small.
with depth as (
  select pool, sum(count) filter (where status = 'queued') as queued, sum(count) filter (where status = 'running') as running
  from (select pool, status, count from noetl.queue_depth where status in ('queued', 'running')
        union all select pool, status, change from noetl.queue_change where status in ('queued', 'running')) as counted
  where $1 = '' or pool = $1 group by pool
), serving as (
  select pool, count(*) as workers, sum(slots) as slots from noetl.worker
  where status in ('ready', 'draining') and lease_until > now() and ($1 = '' or pool = $1) group by pool
), shown as (
  select p.pool from noetl.pool p where max_attempts is not null or retry is not null or is_paused
  union select d.pool from depth d where d.queued > 0 or d.running > 0
  union select s.pool from serving s
  union select $1::text where $1 <> ''
)
select pool, p.max_attempts, coalesce(p.retry::text, '') as retry, coalesce(p.is_paused, false) as is_paused,
  case when p.is_paused then noetl.rfc3339(p.paused_at) end as paused_at, case when p.is_paused then p.paused_by end as paused_by,
  noetl.rfc3339(p.updated_at) as updated_at,
  coalesce(s.workers, 0) as workers, coalesce(s.slots, 0) as slots,
  greatest(coalesce(d.queued, 0), 0) as queued, greatest(coalesce(d.running, 0), 0) as running
from shown left join noetl.pool p using (pool) left join serving s using (pool) left join depth d using (pool)
where $1 = '' or pool = $1 order by pool

-- name: delete_pool
-- takes: pool text
-- One statement: what it says is in the way is what kept the row. Workers that have ended go with it, else the pool would count as one
-- that was used lately.
with depth as (
  select pool, status, count from noetl.queue_depth where pool = $1
  union all select pool, status, change from noetl.queue_change where pool = $1
), use as (
  select (select count(*) from noetl.worker w where w.pool = $1 and w.status in ('ready', 'draining') and w.lease_until > now()) as workers,
    greatest((select coalesce(sum(count), 0) from depth where status = 'queued'), 0) as queued,
    greatest((select coalesce(sum(count), 0) from depth where status = 'running'), 0) as running
), gone as (
  delete from noetl.pool p using use where p.pool = $1 and use.workers + use.queued + use.running = 0 returning p.pool
), ended as (
  delete from noetl.worker w using use
  where w.pool = $1 and w.status in ('stopped', 'lost') and use.workers + use.queued + use.running = 0
    and not exists (select from noetl.claim c where c.worker_id = w.worker_id)
  returning w.worker_id
)
select workers, queued, running,
  exists (select from gone) or exists (select from ended) or exists (select from depth) as was_known
from use

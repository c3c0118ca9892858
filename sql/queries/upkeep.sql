-- name: expire_workers
update noetl.worker set status = 'lost'
where status in ('ready', 'draining') and lease_until < now() returning worker_id

-- name: orphaned_commands
-- takes: worker_id text or null
-- Running commands of workers that are gone. Claim rows of a late claim are found by the next tick.
select q.queue_id, q.epoch, q.worker_id from noetl.queue q
join (select distinct c.worker_id, unnest(c.queue_ids) as queue_id
      from noetl.claim c left join noetl.worker w using (worker_id)
      where ($1::text is null or c.worker_id = $1) and ($1 is not null or coalesce(w.status, 'lost') in ('lost', 'stopped'))) as o
  on o.queue_id = q.queue_id and o.worker_id = q.worker_id
where q.status = 'running' limit 10000

-- name: forget_claims
-- takes: worker_id text or null
-- Only when none of their commands is still running under that worker.
delete from noetl.claim c
where ($1::text is null or c.worker_id = $1)
  and ($1 is not null or coalesce((select w.status from noetl.worker w where w.worker_id = c.worker_id), 'lost') in ('lost', 'stopped'))
  and not exists (select from noetl.queue q
                  where q.queue_id = any(c.queue_ids) and q.status = 'running' and q.worker_id = c.worker_id)

-- name: due_commands
-- takes: pools text[], times timestamptz[], ids bigint[], limit bigint
-- Of priority 0: pool by pool, in turn, by queue_pool_priority. A paused pool is not notified: its stream would fill with what nobody takes. $1 … $3: where to go on in which pool.
select d.queue_id, coalesce(d.execution_id, 0) as execution_id, d.step, p.pool, d.priority, d.epoch,
  d.available_at::text as available_at
from noetl.open_due_pool p
left join unnest($1::text[], $2::timestamptz[], $3::bigint[]) as c(pool, available_at, queue_id) on c.pool = p.pool
cross join lateral (
  select w.*, row_number() over (order by w.available_at, w.queue_id) as place from (
    select q.queue_id, q.execution_id, q.step, q.priority, q.epoch, q.available_at from noetl.queue q
    where q.pool = p.pool and q.available_at is not null and q.priority = 0 and q.available_at <= now() and q.status = 'queued'
      and (q.available_at, q.queue_id) > (coalesce(c.available_at, '-infinity'), coalesce(c.queue_id, 0))
    order by q.available_at, q.queue_id limit $4
  ) as w
) as d
order by d.place, p.pool limit $4

-- name: due_soon
-- takes: horizon_ms bigint, limit bigint
-- What is due within $1 ms, of each pool that is not paused by queue_pool_available_at; $2 at most. Of executions that are paused
-- nothing is due for a thousand years.
select d.queue_id, coalesce(d.execution_id, 0) as execution_id, d.step, p.pool, d.priority, d.epoch,
  ceil(extract(epoch from d.available_at - now()) * 1000)::bigint as wait_ms
from noetl.open_due_pool p
cross join lateral (
  select q.queue_id, q.execution_id, q.step, q.priority, q.epoch, q.available_at from noetl.queue q
  where q.pool = p.pool and q.available_at is not null and q.available_at > now()
    and q.available_at <= now() + $1::bigint * interval '1 millisecond' and q.status = 'queued'
  order by q.available_at, q.queue_id limit $2
) as d
order by d.available_at, d.queue_id limit $2

-- name: pools_with_workers
select distinct pool from noetl.worker where status in ('ready', 'draining') and lease_until > now()

-- name: due_by_priority
-- takes: limit bigint
-- Of any other priority: of each pool the first $1 above 0 and the first $1 below it. A notification of one is a word that such wait, and
-- a claim takes the highest: who has claimed some and finds more goes on without one. is_new: it was notified when it was enqueued, or
-- a moment ago by SQL.
with recursive level as (
  select p.pool, (select q.priority from noetl.queue q where q.pool = p.pool and q.available_at is not null
                  order by q.priority desc limit 1) as priority
  from noetl.open_due_pool p
  union all
  select l.pool, (select q.priority from noetl.queue q
                  where q.pool = l.pool and q.available_at is not null and q.priority < l.priority order by q.priority desc limit 1)
  from level l where l.priority is not null
), found as (
  select w.*, row_number() over (partition by w.pool, sign(w.priority) order by w.priority desc, w.available_at, w.queue_id) as place
  from level l cross join lateral (
    select q.queue_id, q.execution_id, q.step, q.pool, q.priority, q.epoch, q.available_at, q.created_at from noetl.queue q
    where q.pool = l.pool and q.available_at is not null and q.priority = l.priority and q.available_at <= now()
      and q.status = 'queued'
    order by q.available_at, q.queue_id limit $1) as w
  where l.priority <> 0
)
select queue_id, coalesce(execution_id, 0) as execution_id, step, pool, priority, epoch, available_at::text as available_at,
  epoch = 0 and available_at = created_at and created_at > now() - interval '1 second' as is_new
from found where place <= $1 order by pool, priority < 0, place

-- name: unclaimed_commands
-- takes: after bigint, until bigint, rows_max bigint, waiting_max integer
-- Never handed back commands that wait, in a range of ids: one range scan of the primary key, bounded by $3 rows read, of which
-- $4 that wait at most. Nearly all that it reads has ended: of those nothing is kept but their number (a third of what a
-- materialized row of each costs).
-- Among the rows that it passes it sees those that are postponed though their execution is not paused (is_postponed).
-- The first row says how far it went (queue_id: the last one looked at, or 0) and how many rows it read (epoch; $3: there may be more).
with seen as materialized (
  select max(queue_id) as last_id, count(*)::int as row_count, array_agg(queue_id) filter (where status = 'queued') as waiting
  from (select queue_id, status from noetl.queue where queue_id > $1 and queue_id <= $2 order by queue_id limit $3) as read
), chosen as materialized (
  select q.queue_id, q.execution_id, q.step, q.pool, q.priority, q.epoch, q.available_at, q.created_at
  from seen cross join unnest(seen.waiting[1:$4]) as w(queue_id) join noetl.queue q using (queue_id)
)
select coalesce(case when cardinality(waiting) > $4 then waiting[$4] else last_id end, 0) as queue_id, 0::bigint as execution_id,
  '' as step, '' as pool, 0 as priority, case when cardinality(waiting) > $4 then $3 else row_count end as epoch, true as is_end,
  false as is_postponed
from seen
union all
select queue_id, coalesce(execution_id, 0), step, pool, priority, epoch, false, false from chosen
where available_at is null and created_at < now() - interval '1 second'
  and pool <> all (array(select p.pool from noetl.pool p where p.is_paused))
union all
select c.queue_id, c.execution_id, c.step, c.pool, c.priority, c.epoch, false, true from chosen c
where c.available_at > now() + noetl.pause_shift() / 2
  and exists (select from noetl.execution e where e.execution_id = c.execution_id and not e.is_paused)
order by is_end desc, queue_id

-- name: upkeep_look
-- Everything that a tick must know, so that an idle server asks one question a tick and writes nothing. Each part is
-- the first row of an index (of each pool, as in due_commands), or a table that is small: queue_change is folded,
-- queue_depth has a row for each pool and status, claim has what the workers hold.
with open_pools as materialized (select pool from noetl.open_due_pool)
select (extract(epoch from now()) * 1000)::bigint as now_ms,
  coalesce((select ceil(extract(epoch from min(first.available_at) - now()) * 1000)
    from open_pools p cross join lateral (
      select q.available_at from noetl.queue q
      where q.pool = p.pool and q.available_at is not null and q.available_at > now()
      order by q.available_at limit 1) as first), 3600000)::bigint as next_due_ms,
  coalesce((select ceil(extract(epoch from min(lease_until) - now()) * 1000) from noetl.worker
    where status in ('ready', 'draining')), 3600000)::bigint as next_lease_end_ms,
  coalesce((select ceil(extract(epoch from deadline_at - now()) * 1000) from noetl.execution
    where deadline_at > now() order by deadline_at limit 1), 3600000)::bigint as next_deadline_ms,
  exists (select from noetl.execution where deadline_at <= now() and status = 'running') as has_overdue,
  exists (select from open_pools p cross join lateral (
      select from noetl.queue q
      where q.pool = p.pool and q.available_at is not null and q.available_at <= now() and q.status = 'queued'
      order by q.available_at limit 1) as first) as has_due,
  exists (select from noetl.worker where status in ('ready', 'draining') and lease_until < now()) as has_lost_worker,
  exists (select from noetl.claim c left join noetl.worker w using (worker_id)
          where coalesce(w.status, 'lost') in ('lost', 'stopped')) as has_orphan,
  exists (select from noetl.queue_change) as has_change,
  exists (select from noetl.queue_depth where status = 'queued' and count > 0) as has_waiting,
  exists (select from noetl.queue_depth where status = 'running' and count > 0) as has_running,
  exists (select from noetl.execution where not is_parent_told and status <> 'running') as has_unreported

-- name: fold_queue_changes
with taken as (
  delete from noetl.queue_change where ctid = any (array(select ctid from noetl.queue_change limit 20000))
  returning pool, status, change
), summed as (
  select pool, status, sum(change) as change from taken group by pool, status
)
insert into noetl.queue_depth (pool, status, count) select pool, status, change from summed where change <> 0
on conflict (pool, status) do update set count = noetl.queue_depth.count + excluded.count

-- name: schema_version
select coalesce(max(version), 0) from noetl.schema_migration

-- name: take_node_id
select nextval('noetl.node_id')

-- name: take_lead
-- takes: duty text, holder text, lead_ms bigint
-- Takes the lead in a duty that nobody has, or renews it. $3: how long it lasts from now, in ms. Times are Postgres's. No row: another
-- holder has it.
insert into noetl.leader as l (duty, holder, epoch, until)
values ($1, $2, 1, now() + $3::bigint * interval '1 millisecond')
on conflict (duty) do update
set holder = excluded.holder, epoch = l.epoch + (l.holder <> excluded.holder)::int, until = excluded.until
where l.holder = excluded.holder or l.until <= now()
returning epoch

-- name: lead_left
-- takes: duty text
select greatest(0, ceil(extract(epoch from until - now()) * 1000))::bigint from noetl.leader where duty = $1

-- name: hold_lead
-- takes: duty text, holder text, epoch bigint, lead_ms bigint
-- At the begin of a transaction that writes for a duty: whoever wants to take over waits for its end, and finds a lead that lasts.
update noetl.leader set until = now() + $4::bigint * interval '1 millisecond'
where duty = $1 and holder = $2 and epoch = $3 returning epoch

-- name: leave_lead
-- takes: duty text, holder text, epoch bigint
update noetl.leader set until = now() where duty = $1 and holder = $2 and epoch = $3

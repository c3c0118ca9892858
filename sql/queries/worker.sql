-- name: register_worker
-- takes: worker_id text, pool text, hostname text, pid bigint, slots integer, version text, tools text[], labels json, lease_ms bigint
-- takes: instance text
-- $10, the instance: empty for a worker that has none. A name whose lease is not over belongs to the process that has it, unless that
-- one has shown no instance. No row: the name is taken.
insert into noetl.worker as w (worker_id, pool, hostname, pid, slots, version, tools, labels, lease_until, instance)
values ($1, $2, $3, $4, $5, $6, $7::text[], $8::json, now() + $9::bigint * interval '1 millisecond', nullif($10, ''))
on conflict (worker_id) do update
set instance = excluded.instance, pool = excluded.pool, hostname = excluded.hostname, pid = excluded.pid, slots = excluded.slots,
    version = excluded.version, tools = excluded.tools, labels = excluded.labels, status = 'ready',
    should_drain = false, running = 0, registered_at = now(), heartbeat_at = now(), lease_until = excluded.lease_until
where w.instance is null or w.instance = excluded.instance or w.status not in ('ready', 'draining') or w.lease_until <= now()
returning worker_id

-- name: worker_of_call
-- takes: worker_id text, instance text, execution_id bigint
-- What the server knows of a caller that says to be worker $1: whether that is the process that registered ($2, its instance), and
-- whether it runs a command of execution $3.
select w.instance is not null and w.instance = $2 and w.status in ('ready', 'draining') and w.lease_until > now() as is_worker,
  exists (select from noetl.queue q
          where q.execution_id = $3 and q.status = 'running' and q.worker_id = $1) as is_holder
from noetl.worker w where w.worker_id = $1

-- name: registration_room
-- takes: worker_id text, pool text, idle_ms bigint
-- What registering $1 in pool $2 would add to: pools that other workers were in within $3 ms, whether this pool is one of
-- them, was set up by an operator or has commands, and the other workers of that time.
select count(distinct w.pool) filter (where w.pool <> $2) as other_pools, count(*) as other_workers,
  coalesce(bool_or(w.pool = $2), false) or exists (select from noetl.pool p where p.pool = $2)
    or exists (select from noetl.queue_depth d where d.pool = $2 and d.status in ('queued', 'running') and d.count > 0) as is_known
from noetl.worker w where w.heartbeat_at > now() - $3::bigint * interval '1 millisecond' and w.worker_id <> $1

-- name: pools_in_use
-- takes: idle_ms bigint
-- Pools that a worker was in within $1 ms, that an operator has set up, or that have commands; and those that a worker was in
-- before, and nobody uses now.
with used as (
  select w.pool from noetl.worker w where w.heartbeat_at > now() - $1::bigint * interval '1 millisecond'
  union select p.pool from noetl.pool p where p.max_attempts is not null or p.retry is not null or p.is_paused
  union select d.pool from noetl.queue_depth d where d.status in ('queued', 'running') and d.count > 0
  union select c.pool from noetl.queue_change c where c.status in ('queued', 'running')
)
select pool, true as is_used from used
union all
select distinct w.pool, false from noetl.worker w where not exists (select from used where used.pool = w.pool)

-- name: forget_workers
-- Those that have ended, after the day in which they are listed.
delete from noetl.worker w
where w.worker_id = any (array(
  select o.worker_id from noetl.worker o
  where o.status in ('stopped', 'lost') and o.heartbeat_at < now() - interval '1 day'
    and not exists (select from noetl.claim c where c.worker_id = o.worker_id)
  limit 1000))

-- name: renew_leases
-- takes: worker_id text, held_ids bigint[], held_epochs integer[], running integer, lease_ms bigint, frees_unconfirmed boolean
-- takes: status text, claim_id bigint, confirmed_claims bigint[], instance text
-- One statement renews all leases of a worker. Claims older than six seconds have been answered: what
-- the worker does not hold of them it never received ($6 false: a claim is still open, free nothing). Six: the worker
-- tells of a claim that has been open for one, and its heartbeat may wait one for room and two for a connection.
-- Freed is only what belongs to no execution, or to one that nobody is working with: whether that one is paused must not
-- change meanwhile, and nothing waits here. The others stay claimed until next time.
-- held without stale claims costs no more than the update of one row.
-- $9: claims that the worker confirms. Each of their commands is held, and named by the new claim from here on, or has
-- ended: none is looked for, which after a drain would be as many as were claimed in a second.
-- has_commands: others wait for this worker (worker_command.sql). A heartbeat without any costs nothing for them.
-- $10: the instance of who sends it. Another process than the one that registered renews nothing and frees nothing.
with renewed as (
  update noetl.worker
  set heartbeat_at = now(), lease_until = now() + $5::bigint * interval '1 millisecond', running = $4, status = $7
  where worker_id = $1 and status in ('ready', 'draining') and (instance is null or instance = $10)
  returning should_drain, has_commands, pool
), confirmed as (
  delete from noetl.claim where worker_id = $1 and claim_id = any($9::bigint[]) and exists (select from renewed)
  returning claim_id
), stale as (
  delete from noetl.claim
  where $6 and worker_id = $1 and claimed_at < now() - interval '6 seconds' and claim_id <> all($9::bigint[])
    and exists (select from renewed)
  returning queue_ids
), unconfirmed as (
  select q.queue_id, q.execution_id from (select distinct unnest(queue_ids) as queue_id from stale) as s
  join noetl.queue q using (queue_id)
  where q.queue_id <> all($2::bigint[]) and q.status = 'running' and q.worker_id = $1
    and q.claimed_at < now() - interval '6 seconds'
), whose as materialized (
  select e.execution_id, e.is_paused from noetl.execution e
  where e.execution_id = any (array(select u.execution_id from unconfirmed u where u.execution_id is not null))
  for share skip locked
), kept as (
  insert into noetl.claim (worker_id, claim_id, queue_ids)
  select $1, $8, k.queue_ids from (
    select $2::bigint[] || array(
      select u.queue_id from unconfirmed u
      where u.execution_id is not null and not exists (select from whose where whose.execution_id = u.execution_id))
  ) as k(queue_ids)
  where (exists (select from stale) or exists (select from confirmed)) and cardinality(k.queue_ids) > 0
), freed as (
  update noetl.queue q
  set status = 'queued', attempts = q.attempts - 1,
      available_at = now() + case when whose.is_paused then noetl.pause_shift() else interval '0' end
  from unconfirmed u left join whose using (execution_id)
  where q.queue_id = u.queue_id and (u.execution_id is null or whose.execution_id is not null)
    and q.status = 'running' and q.worker_id = $1 and q.claimed_at < now() - interval '6 seconds'
  returning q.pool
), changed as (
  insert into noetl.queue_change (pool, status, change)
  select pool, s.status, s.sign * count(*) from freed cross join (values ('running', -1), ('queued', 1)) as s(status, sign)
  group by pool, s.status, s.sign
)
select 'known' as kind, 0::bigint as queue_id, should_drain, has_commands,
  coalesce((select p.is_paused from noetl.pool p where p.pool = renewed.pool), false) as is_paused from renewed
union all
select case when q.status = 'cancelled' or q.cancel_requested then 'cancelled' else 'lost' end, h.queue_id, false, false, false
from unnest($2::bigint[], $3::int[]) as h(queue_id, epoch)
left join noetl.queue q on q.queue_id = h.queue_id
where q.queue_id is null or q.status <> 'running' or q.epoch <> h.epoch or q.worker_id <> $1 or q.cancel_requested

-- name: stop_worker
-- takes: worker_id text, instance text, by_force boolean
-- By the process that registered ($2, its instance), or by anybody once its lease is over, or by force ($3).
update noetl.worker set status = 'stopped', running = 0, lease_until = now()
where worker_id = $1
  and ($3 or instance is null or instance = $2 or status not in ('ready', 'draining') or lease_until <= now())
returning worker_id

-- name: ask_to_drain
-- takes: worker_id text
update noetl.worker set should_drain = true where worker_id = $1 and status in ('ready', 'draining') returning worker_id

-- name: list_workers
-- takes: pool text, status text
select worker_id, pool, hostname, pid, slots, version, array_to_json(tools) as tools, labels, status, running,
  noetl.rfc3339(registered_at) as registered_at, noetl.rfc3339(heartbeat_at) as heartbeat_at
from noetl.worker
where ($1::text = '' or pool = $1) and ($2::text = '' or status = $2) and heartbeat_at > now() - interval '1 day'
order by worker_id limit 1000

-- name: worker_lease
-- takes: worker_id text
select pool, coalesce(instance, '') as instance, status in ('ready', 'draining') and lease_until > now() as is_alive,
  greatest(0, ceil(extract(epoch from lease_until - now()) * 1000))::bigint as left_ms, noetl.rfc3339(lease_until) as until
from noetl.worker where worker_id = $1

-- What `noetlctl doctor` asks. Statements of checks give (id, what, total): at most 20 findings and how many there are.
-- They run with the planner's freedom and in one snapshot each (PoolSettings::is_inspection), so that joins of whole
-- tables are hash joins and no transaction under way is seen by halves.

-- name: doctor_fence
-- R2: constraints hold this; a table restored without them may not.
select queue_id::text as id,
  status || ', epoch ' || epoch || ', ' || attempts || ' attempts, worker ' || coalesce(worker_id, 'none') as what,
  count(*) over () as total
from noetl.queue
where epoch < attempts or (status = 'running' and (worker_id is null or claimed_at is null))
order by queue_id limit 20

-- name: doctor_future_epoch
-- R2: a write under an epoch that the command has never reached.
select q.queue_id::text as id, 'recorded under epoch ' || max(e.epoch) || ', the command is at ' || q.epoch as what,
  count(*) over () as total
from noetl.event e join noetl.queue q using (queue_id)
where e.epoch > q.epoch group by q.queue_id, q.epoch order by q.queue_id limit 20

-- name: doctor_recorded_twice
-- R3: one epoch has one end.
select queue_id::text as id, 'epoch ' || epoch || ' ended ' || count(*) || ' times' as what, count(*) over () as total
from noetl.event_history where queue_id is not null and epoch is not null
group by queue_id, epoch having count(*) > 1 order by queue_id limit 20

-- name: doctor_keys_used_twice
-- R3: unique indexes hold this.
select min(id)::text as id, 'idempotency key ''' || idempotency_key || ''' has ' || count(*) || ' ' || kind as what,
  count(*) over () as total
from (select execution_id as id, idempotency_key, 'executions' as kind from noetl.execution where idempotency_key is not null
      union all
      select queue_id, idempotency_key, 'commands' from noetl.queue where idempotency_key is not null) as keyed
group by kind, idempotency_key having count(*) > 1 order by 1 limit 20

-- name: doctor_finished_with_commands
-- R4
select e.execution_id::text as id, e.status || ', yet command ' || min(q.queue_id) || ' and ' || count(*) - 1 ||
  ' more are queued or running' as what, count(*) over () as total
from noetl.execution e join noetl.queue q using (execution_id)
where e.status <> 'running' and q.status in ('queued', 'running')
group by e.execution_id, e.status order by e.execution_id limit 20

-- name: doctor_ended_twice
-- R4: terminal is final.
select execution_id::text as id, string_agg(event_type, ', ' order by event_id) as what, count(*) over () as total
from noetl.event
where execution_id is not null and event_type in ('playbook.completed', 'playbook.failed', 'execution.cancelled')
group by execution_id having count(*) > 1 order by execution_id limit 20

-- name: doctor_half_finished
-- R4: constraints hold this.
select execution_id::text as id, status || ', outstanding ' || outstanding || ', finished_at ' ||
  coalesce(finished_at::text, 'null') as what, count(*) over () as total
from noetl.execution
where (status = 'running') <> (finished_at is null) or (status = 'running') <> (outstanding > 0)
order by execution_id limit 20

-- name: doctor_running_without_lease
-- R6: half a minute is many ticks of upkeep, which frees such commands with each.
select q.queue_id::text as id, 'runs under worker ''' || coalesce(q.worker_id, '') || ''', which ' ||
  case when w.worker_id is null then 'is not registered' when w.status in ('lost', 'stopped') then 'is ' || w.status
       else 'has had no lease since ' || w.lease_until end as what, count(*) over () as total
from noetl.queue q left join noetl.worker w using (worker_id)
where q.status = 'running' and q.claimed_at < now() - interval '30 seconds'
  and (w.worker_id is null or w.lease_until < now() - interval '30 seconds')
order by q.queue_id limit 20

-- name: doctor_running_without_claim
-- R6: a lost worker's commands are found by its claim rows.
select q.queue_id::text as id, 'runs under worker ''' || coalesce(q.worker_id, '') || ''' since ' || q.claimed_at ||
  ', but no row of noetl.claim says so' as what, count(*) over () as total
from noetl.queue q
where q.status = 'running'
  and not exists (select from noetl.claim c where c.worker_id = q.worker_id and q.queue_id = any(c.queue_ids))
order by q.queue_id limit 20

-- name: doctor_stuck_executions
-- R6: a running execution waits for a command, or for a called playbook that runs or has not been told of.
select e.execution_id::text as id, 'at ''' || coalesce(e.current_step, '') || ''' since ' || e.started_at ||
  ': no command of it is queued or running, and it waits for no called playbook' as what, count(*) over () as total
from noetl.execution e
where e.status = 'running' and e.started_at < now() - interval '30 seconds'
  and not exists (select from noetl.queue q where q.execution_id = e.execution_id and q.status in ('queued', 'running'))
  and not exists (select from noetl.execution c where c.parent_execution_id = e.execution_id
                  and c.parent_node_id is not null and (c.status = 'running' or not c.is_parent_told))
order by e.execution_id limit 20

-- name: doctor_unresumed_callers
-- R6
select execution_id::text as id, 'ended ' || finished_at || ', its caller ' || parent_execution_id || ' was not told' as what,
  count(*) over () as total
from noetl.execution
where not is_parent_told and status <> 'running' and finished_at < now() - interval '30 seconds'
order by execution_id limit 20

-- name: doctor_overdue
-- R6: due for a minute, and a live worker of the pool has not taken it. By the index of what waits for a time. What has a
-- priority below 0 may wait as long as others do.
select q.queue_id::text as id, 'pool ' || q.pool || ', due since ' || q.available_at as what, count(*) over () as total
from noetl.queue q
where q.available_at < now() - interval '1 minute' and q.status = 'queued' and q.priority >= 0
  and exists (select from noetl.worker w where w.pool = q.pool and w.status = 'ready' and w.lease_until > now())
  and not exists (select from noetl.pool p where p.pool = q.pool and p.is_paused)
order by q.available_at limit 20

-- name: doctor_postponed
-- R6: nobody would take it for a thousand years.
select q.queue_id::text as id, 'of execution ' || q.execution_id || ', postponed until ' || q.available_at ||
  ', but the execution is not paused' as what, count(*) over () as total
from noetl.queue q join noetl.execution e using (execution_id)
where q.available_at > now() + noetl.pause_shift() / 2 and q.status = 'queued' and not e.is_paused
order by q.queue_id limit 20

-- name: doctor_time_limits
-- R6: upkeep fails them at that moment.
select execution_id::text as id, 'should have ended by ' || deadline_at as what, count(*) over () as total
from noetl.execution where deadline_at < now() - interval '30 seconds' and status = 'running'
order by deadline_at limit 20

-- name: doctor_pools_without_worker
-- R6: notifications come, and nobody is there.
select pool as id, sum(count) || ' commands wait in pool ''' || pool || ''', which has no worker' as what,
  count(*) over () as total
from (select pool, count from noetl.queue_depth where status = 'queued'
      union all select pool, change from noetl.queue_change where status = 'queued') as waiting
where not exists (select from noetl.worker w
                  where w.pool = waiting.pool and w.status in ('ready', 'draining') and w.lease_until > now())
group by pool having sum(count) > 0 order by pool limit 20

-- name: doctor_paused_pools
-- R6: somebody paused it, and commands wait.
select p.pool as id, waiting.count || ' commands wait in pool ''' || p.pool || ''', which is paused' ||
  coalesce(' since ' || noetl.rfc3339(p.paused_at), '') || coalesce(' by ' || p.paused_by, '') as what, count(*) over () as total
from noetl.pool p
cross join lateral (
  select coalesce(sum(count), 0) as count from (
    select count from noetl.queue_depth where pool = p.pool and status = 'queued'
    union all select change from noetl.queue_change where pool = p.pool and status = 'queued') as counted) as waiting
where p.is_paused and waiting.count > 0 order by p.pool limit 20

-- name: doctor_no_upkeep
-- R6: without it nothing is notified again and no lease ends. A lead that has just passed is about to be renewed, or taken.
select current_database() as id, 'no server has the lead in the background duties' as what, 1::bigint as total
where not exists (select from noetl.leader where duty = 'upkeep' and until > now() - interval '3 seconds')

-- name: doctor_nodes_queued_twice
-- R7: queue_node holds this.
select execution_id::text as id, 'node ''' || node_id || ''' has ' || count(*) || ' commands' as what,
  count(*) over () as total
from noetl.queue where execution_id is not null
group by execution_id, node_id having count(*) > 1 order by execution_id limit 20

-- name: doctor_loop_gaps
-- R7: indexes are 0 … N - 1, each once. Parts of what pagination collects are kept there as well.
select execution_id::text as id, 'loop ''' || loop || ''' has ' || count(*) || ' items with indexes from ' ||
  min(item_index) || ' to ' || max(item_index) as what, count(*) over () as total
from noetl.loop_item
group by execution_id, loop having count(*) <> max(item_index) + 1 or count(distinct item_index) <> count(*)
order by execution_id limit 20

-- name: doctor_loop_items_left
-- R7: a completed execution has run every item.
select i.execution_id::text as id, 'loop ''' || i.loop || ''': ' || count(*) || ' items never ended, the first is ' ||
  min(i.item_index) as what, count(*) over () as total
from noetl.loop_item i join noetl.execution e using (execution_id)
where i.status = 'pending' and e.status = 'completed' and i.loop not like '%!collected'
group by i.execution_id, i.loop order by i.execution_id limit 20

-- name: doctor_attempts_exceeded
-- R8: constraints hold this.
select queue_id::text as id, status || ' after ' || attempts || ' of ' || max_attempts || ' attempts' as what,
  count(*) over () as total
from noetl.queue where attempts > max_attempts or (status = 'queued' and attempts >= max_attempts)
order by queue_id limit 20

-- name: doctor_dead_without_letter
-- R8
select q.queue_id::text as id, 'dead since ' || coalesce(q.finished_at::text, 'an unknown time') ||
  ', but no row of noetl.dead_letter has it' as what, count(*) over () as total
from noetl.queue q where q.status = 'dead' and not exists (select from noetl.dead_letter d where d.queue_id = q.queue_id)
order by q.queue_id limit 20

-- name: doctor_letter_of_the_living
-- R8
select d.queue_id::text as id, 'has a dead letter of ' || d.died_at || ', but is ' || q.status as what,
  count(*) over () as total
from noetl.dead_letter d join noetl.queue q using (queue_id)
where q.status <> 'dead' order by d.queue_id limit 20

-- name: doctor_depth_drift
-- The counters behind `queue status`, recounted within one snapshot.
select pool as id, 'pool ' || pool || ': ' || sum(counted) || ' ' || status || ' by the counters, ' || sum(found) ||
  ' in the table' as what, count(*) over () as total
from (select pool, status, count as counted, 0::bigint as found from noetl.queue_depth
      union all select pool, status, change, 0 from noetl.queue_change
      union all select pool, status, 0, count(*) from noetl.queue group by pool, status) as both_sides
group by pool, status having sum(counted) <> sum(found) order by pool limit 20

-- name: doctor_server_clocks
-- takes: seconds double precision
-- Ids carry the clock of the server that made them, created_at is Postgres's. $1: seconds of difference that are much.
-- A command is inserted some milliseconds after it got its id; a batch of ten thousand some hundred.
select 'node ' || node as id, 'the clock of the server with node number ' || node || ' is ' ||
  round(abs(off)::numeric, 1) || ' s ' || case when off > 0 then 'ahead of' else 'behind' end || ' Postgres''s' as what,
  count(*) over () as total
from (select (queue_id >> 12) & 1023 as node,
        percentile_cont(0.5) within group (order by
          ((queue_id >> 22) + 1704067200000) / 1000.0 - extract(epoch from created_at)) as off
      from (select queue_id, created_at from noetl.queue order by queue_id desc limit 1000) as newest
      group by 1) as nodes
where abs(off) > $1::float8 order by 1 limit 20

-- name: doctor_old_transactions
-- takes: seconds bigint
-- What keeps vacuum from removing dead rows: the queue bloats, and every claim reads through them. $1: seconds.
select pid::text as id, what, count(*) over () as total
from (
  select pid::text, 'backend ' || pid || ' (' || coalesce(nullif(application_name, ''), 'no name') || ', ' || usename ||
    ') is in a transaction since ' || xact_start || ' (' || state || ')' as what
  from pg_stat_activity
  where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
    and xact_start < now() - $1::bigint * interval '1 second'
  union all
  select gid, 'prepared transaction ''' || gid || ''' waits since ' || prepared
  from pg_prepared_xacts where database = current_database() and prepared < now() - $1::bigint * interval '1 second'
  union all
  select slot_name, 'replication slot ''' || slot_name || ''' is not used and holds back vacuum or WAL'
  from pg_replication_slots where not active
) as holders(pid, what) limit 20

-- name: doctor_vacuum
-- Tables whose dead rows outnumber the living, of those that have many; and wraparound coming near.
select id, what, count(*) over () as total
from (
  select relname::text, 'noetl.' || relname || ' has ' || n_dead_tup || ' dead rows beside ' || n_live_tup ||
    ', last vacuumed ' || coalesce(greatest(last_autovacuum, last_vacuum)::text, 'never') as what
  from pg_stat_user_tables
  where schemaname = 'noetl' and n_dead_tup > 100000 and n_dead_tup > n_live_tup
  union all
  select c.relname::text, 'noetl.' || c.relname || ' is excepted from autovacuum'
  from pg_class c where c.relnamespace = 'noetl'::regnamespace and c.reloptions::text like '%autovacuum_enabled=false%'
  union all
  select datname::text, 'the oldest transaction id of database ' || datname || ' is ' || age(datfrozenxid) ||
    ' behind: autovacuum does not keep up'
  from pg_database where datname = current_database() and age(datfrozenxid) > 1000000000
) as troubles(id, what) order by id limit 20

-- name: doctor_postgres
-- What Postgres says of itself, in one row.
select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as connections_max,
  (select count(*) from pg_stat_activity where backend_type = 'client backend')::int as connections_used,
  current_setting('autovacuum') as autovacuum, current_setting('fsync') as fsync,
  current_setting('synchronous_commit') as synchronous_commit, current_setting('track_counts') as track_counts,
  current_setting('server_version') as server_version, pg_database_size(current_database()) as database_bytes,
  coalesce((select setting from pg_settings where name = 'data_directory'), '') as data_directory,
  (extract(epoch from clock_timestamp()) * 1000000)::bigint as now_us

-- name: doctor_executions
-- takes: before bigint, limit bigint
-- The next executions to replay, from the newest to the oldest.
select execution_id from noetl.execution where execution_id < $1 order by execution_id desc limit $2

-- name: doctor_execution
-- takes: execution_id bigint
select execution_id, catalog_id, status, outstanding, coalesce(current_step, '') as current_step, state, workload,
  coalesce(result::text, '') as result, coalesce(error::text, '') as error
from noetl.execution where execution_id = $1

-- name: doctor_changes
-- takes: execution_id bigint, after bigint, limit bigint
-- Rows of the log that carry a number. Ids are nearly in the order of application; the numbers are it.
select event_id, event_type, coalesce(step, '') as step, coalesce(node_id, '') as node_id,
  coalesce(payload::text, '') as payload, coalesce(meta::text, '') as meta
from noetl.event where execution_id = $1 and event_id > $2 and meta::text like '%"sequence":%'
order by event_id limit $3

-- name: doctor_nodes
-- takes: execution_id bigint
select node_id, status in ('queued', 'running') as is_open from noetl.queue where execution_id = $1 and node_id is not null

-- name: doctor_loop_items
-- takes: execution_id bigint, after_loop text, after_index integer, limit bigint
select loop, item_index, status, item, coalesce(result::text, '') as result from noetl.loop_item
where execution_id = $1 and (loop, item_index) > ($2, $3) order by loop, item_index limit $4

-- name: doctor_pools
-- Pools that have workers, with the slots of those that live.
select pool, sum(slots) filter (where status in ('ready', 'draining') and lease_until > now()) as slots
from noetl.worker group by pool order by pool

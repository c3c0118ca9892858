-- name: pause_pool
-- takes: pool text, is_paused boolean
-- Paused again it is paused since the first time, and by the caller.
insert into noetl.pool as p (pool, is_paused, paused_at) values ($1, $2, case when $2 then now() end)
on conflict (pool) do update
set is_paused = excluded.is_paused, paused_by = null, updated_at = now(),
    paused_at = case when excluded.is_paused then case when p.is_paused then coalesce(p.paused_at, now()) else now() end end

-- name: pause_pools_by
-- takes: paused_by text, paused text[], unclear text[]
-- The pools of $2 are paused by $1, unless they are paused already. Of those that $1 has paused, the ones in neither list go on.
with paused as (
  insert into noetl.pool as p (pool, is_paused, paused_at, paused_by) select pool, true, now(), $1 from unnest($2::text[]) as pool
  on conflict (pool) do update set is_paused = true, paused_at = now(), paused_by = excluded.paused_by, updated_at = now()
  where not p.is_paused
  returning p.pool
), resumed as (
  update noetl.pool set is_paused = false, paused_at = null, paused_by = null, updated_at = now()
  where is_paused and paused_by = $1 and pool <> all ($2::text[]) and pool <> all ($3::text[]) returning pool
)
select pool, true as is_paused from paused union all select pool, false from resumed order by pool

-- name: pause_executions
-- takes: execution_id bigint, is_paused boolean, cascade boolean
-- One execution, and with $3 those that it has called, as far as this snapshot sees them: repeated until it changes
-- nothing, since a caller whose row is locked begins no more. Rows are locked in the order of ids, as everywhere.
with recursive tree as (
  select execution_id from noetl.execution where execution_id = $1
  union
  select c.execution_id from noetl.execution c join tree on c.parent_execution_id = tree.execution_id
  where $3::boolean and c.status = 'running'
), locked as (
  select e.execution_id from noetl.execution e join tree using (execution_id)
  where e.status = 'running' and e.is_paused <> $2 order by e.execution_id for update of e
)
update noetl.execution e set is_paused = $2 from locked where e.execution_id = locked.execution_id
returning e.execution_id

-- name: running_tree
-- takes: execution_id bigint, cascade boolean
-- With $2 also those that it has called.
with recursive tree as (
  select execution_id from noetl.execution where execution_id = $1
  union
  select c.execution_id from noetl.execution c join tree on c.parent_execution_id = tree.execution_id
  where $2::boolean and c.status = 'running'
)
select execution_id from tree

-- name: postpone_commands
-- takes: ids bigint[]
-- Waiting commands of paused executions are due in a thousand years: neither a claim nor a notification needs to know of pauses.
update noetl.queue q set available_at = coalesce(q.available_at, now()) + noetl.pause_shift()
where q.execution_id = any($1::bigint[]) and q.status = 'queued'
  and (q.available_at is null or q.available_at < now() + noetl.pause_shift() / 2)

-- name: resume_commands
-- takes: ids bigint[]
-- A delay that was running when they were paused goes on counting from where it would be.
update noetl.queue q set available_at = q.available_at - noetl.pause_shift()
where q.execution_id = any($1::bigint[]) and q.status = 'queued' and q.available_at > now() + noetl.pause_shift() / 2
returning q.queue_id, q.execution_id, q.step, q.pool, q.priority, q.epoch, q.available_at <= now() as is_due

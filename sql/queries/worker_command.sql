-- Commands to one worker. They travel with its heartbeats.

-- name: place_worker_command
-- takes: command_id bigint, worker_id text, name text, body json, patience_ms bigint, waiting_max bigint
-- The worker's row is locked until the command is committed: a heartbeat that takes commands meanwhile waits, and then finds it.
-- Nothing: no such worker is alive, or $6 wait already.
with told as (
  update noetl.worker w set has_commands = true
  where w.worker_id = $2 and w.status in ('ready', 'draining') and w.lease_until > now()
    and $6 > (select count(*) from noetl.worker_command c
              where c.worker_id = $2 and c.taken_at is null and c.expires_at > now())
  returning w.worker_id
)
insert into noetl.worker_command (command_id, worker_id, name, body, expires_at)
select $1, told.worker_id, $3, $4::json, now() + $5::bigint * interval '1 millisecond' from told
returning command_id

-- name: clear_has_commands
-- takes: worker_id text
-- Before they are taken, by a statement of its own: what commits until then is seen by the next.
update noetl.worker set has_commands = false where worker_id = $1

-- name: take_worker_commands
-- takes: worker_id text
-- Each once: an answer that is lost leaves its commands without one. Those that nobody waits for any more stay.
update noetl.worker_command set taken_at = now()
where worker_id = $1 and taken_at is null and expires_at > now()
returning command_id, name, body

-- name: answer_worker_commands
-- takes: worker_id text, ids bigint[], statuses integer[], answers text[]
-- The first answer stands.
update noetl.worker_command c set answered_at = now(), status = a.status, answer = a.answer::json
from unnest($2::bigint[], $3::integer[], $4::text[]) as a(command_id, status, answer)
where c.command_id = a.command_id and c.worker_id = $1 and c.taken_at is not null and c.answered_at is null

-- name: worker_command
-- takes: worker_id text, command_id bigint
select name, coalesce(status, 0) as status, answer,
  case when answered_at is not null then 'answered' when taken_at is not null then 'taken'
       when expires_at > now() then 'waiting' else 'expired' end as state,
  noetl.rfc3339(created_at) as created_at, noetl.rfc3339(taken_at) as taken_at, noetl.rfc3339(answered_at) as answered_at
from noetl.worker_command where command_id = $2 and worker_id = $1

-- name: forget_worker_commands
-- After the hour in which their answers can be read. Few are there: no index is worth it.
delete from noetl.worker_command where created_at < now() - interval '1 hour'

-- name: worker_of_command
-- takes: worker_id text, instance text, queue_id bigint
-- As worker_of_call, for one command.
select w.instance is not null and w.instance = $2 and w.status in ('ready', 'draining') and w.lease_until > now() as is_worker,
  exists (select from noetl.queue q where q.queue_id = $3 and q.status = 'running' and q.worker_id = $1) as is_holder
from noetl.worker w where w.worker_id = $1

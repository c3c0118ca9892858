-- runs-with: 9
-- A plain command that succeeds at its first attempt is told by its own row: the row of noetl.event that it had besides was a third of
-- the WAL from its claim to its end. duration_us says so: where it is set there is no such row. A release from before leaves it null
-- and writes the event.
alter table noetl.queue add column duration_us bigint;
alter table noetl.queue add constraint queue_duration_us_check check (duration_us is null or
  (duration_us >= 0 and execution_id is null and status = 'done' and epoch = 1 and finished_at is not null)) not valid;

-- What happened, whichever row tells it: the rows of noetl.event, and the success of plain commands made from theirs. An id that is
-- made is of the millisecond of the end, below it that of the command.
create view noetl.event_history as
select event_id, execution_id, queue_id, event_type, step, node_id, epoch, status, payload, meta, worker_id, claimed_at, created_at
from noetl.event
union all
select (floor(extract(epoch from finished_at) * 1000)::bigint - 1704067200000) << 22 | queue_id & 4194303, null, queue_id,
  'command.completed', step, null, epoch, 'done', null,
  json_strip_nulls(json_build_object('duration_us', duration_us, 'trace_id', nullif(split_part(traceparent, '-', 2), ''))), worker_id,
  claimed_at, finished_at
from noetl.queue where duration_us is not null;
comment on view noetl.event_history is 'What happened: rows of noetl.event, and successes of plain commands. docs/decisions/0027';

-- Executions that are paused, and executions that must have ended by a time (docs/decisions/0013).

-- What a paused execution's waiting commands are put off by: exact hours, so that no calendar shifts them on the way back.
create function noetl.pause_shift() returns interval
  language sql immutable parallel safe
  return interval '8760000 hours';

-- Not checked against status: a server of the version before ends executions without knowing of these columns.
alter table noetl.execution
  add column is_paused   boolean     not null default false,
  add column deadline_at timestamptz;             -- null: no limit
-- overdue_executions: upkeep fails them
create index execution_deadline on noetl.execution (deadline_at) where deadline_at is not null;

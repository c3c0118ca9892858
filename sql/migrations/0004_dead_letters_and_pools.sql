-- Retries, dead letters that can be grouped and redriven, rules of pools, and what retention needs (docs/states.md).

-- What holds for a pool; one without a row has the program's defaults. The row is read by every server once a second.
create table noetl.pool (
  pool         text        primary key check (pool ~ '^[A-Za-z0-9_-]{1,64}$'),
  max_attempts int         check (max_attempts between 1 and 1000),  -- of plain commands that say nothing; null: 3
  retry        json,                                                 -- the same; null: exponential with jitter
  is_paused    boolean     not null default false,
  updated_at   timestamptz not null default now()
);

-- Columns without a default: nothing is rewritten, and a row that has none of them is as large as before.
alter table noetl.queue
  add column retry         json,    -- how long a plain command waits between its attempts; null: the default
  add column redriven_from bigint;  -- the dead command that this one repeats

-- A letter is open until somebody has dealt with it: its command was redriven, or the letter was purged.
alter table noetl.dead_letter
  add column fingerprint text        not null default '',  -- errors that differ in numbers, ids and quoted texts only
  add column redriven_as bigint,
  add column closed_at   timestamptz,
  add check (redriven_as is null or closed_at is not null);
-- Letters of one fingerprint, newest first: dead_letters.
create index dead_letter_fingerprint on noetl.dead_letter (fingerprint, queue_id);

-- Retention deletes by execution.
create index result_execution on noetl.result (execution_id);
create index keychain_execution on noetl.keychain (execution_id) where execution_id <> 0;
-- A dead command is redriven once: a second one would do the work twice.
create unique index queue_redriven_from on noetl.queue (redriven_from) where redriven_from is not null;

-- Retention deletes in small steps all the time: a vacuum that waited for a fifth of a large table would come late.
alter table noetl.execution set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
alter table noetl.event set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
alter table noetl.loop_item set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
alter table noetl.result set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

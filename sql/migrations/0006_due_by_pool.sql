-- What is due is looked for pool by pool: one that is paused, or has no worker, hides nothing of the others. Claim and finish
-- write available_at as before, and only of commands that had one: the index costs what the one that it replaces did.
create index queue_pool_available_at on noetl.queue (pool, available_at, queue_id) where available_at is not null;
drop index noetl.queue_available_at;

-- The execution that this one repeats from one of its steps: what a result refers to may still be there, so it stays.
alter table noetl.execution add column rerun_of bigint;
-- ended_executions
create index execution_rerun_of on noetl.execution (rerun_of) where rerun_of is not null;

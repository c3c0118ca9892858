-- runs-with: 9
-- What waits with a time, by priority: a claim looks here for what goes first (claim_by_ids, candidates_in_pool), upkeep for what to
-- notify of (due_commands, due_by_priority). Commands of another priority than 0 always have a time, so that they are all here; those
-- of priority 0 that are due at once have none, and their claim touches no index (decision 0025).
-- It holds what queue_pool_available_at does, which programs before this one need, and which goes when none of them runs any more.
create index queue_pool_priority on noetl.queue (pool, priority desc, available_at, queue_id) where available_at is not null;

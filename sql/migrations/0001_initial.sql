-- The first schema: catalog, execution, queue, event, worker and what they need.
-- Times are Postgres's (R9). Ids are 64-bit and time-ordered, made by the server.

create schema if not exists noetl;

-- Each server process takes one at start: the node part of the ids it makes.
create sequence noetl.node_id as int minvalue 0 maxvalue 1023 cycle;

create table noetl.catalog (
  catalog_id  bigint      primary key,
  path        text        not null check (length(path) between 1 and 512),
  version     int         not null check (version > 0),
  kind        text        not null default 'Playbook',
  name        text        not null,
  content     text        not null,
  checksum    text        not null check (length(checksum) = 64),
  created_at  timestamptz not null default now(),
  unique (path, version)  -- serves latest_catalog_entry, which reads it backwards
);

create table noetl.execution (
  execution_id        bigint      primary key,
  catalog_id          bigint      not null references noetl.catalog,
  path                text        not null,
  version             int         not null,
  parent_execution_id bigint,
  status              text        not null default 'running'
                      check (status in ('running', 'completed', 'failed', 'cancelled')),
  outstanding         int         not null check (outstanding >= 0),
  current_step        text,
  state               json        not null,
  workload            json        not null,
  result              json,
  error               json,
  idempotency_key     text,
  traceparent         text,
  started_at          timestamptz not null default now(),
  finished_at         timestamptz,
  -- A finished execution has a time and nothing outstanding (R4).
  check ((status = 'running') = (finished_at is null)),
  check (status = 'running' or outstanding = 0),
  check (status <> 'running' or outstanding > 0)
) with (fillfactor = 70);
-- idempotent execute
create unique index execution_idempotency_key on noetl.execution (idempotency_key) where idempotency_key is not null;
-- cascade of cancel, list by parent
create index execution_parent on noetl.execution (parent_execution_id) where parent_execution_id is not null;

-- The queue. Claim and finish change only columns that no index names, so that both are HOT updates:
-- no index of this table may mention status, worker_id, epoch or a time of theirs.
create table noetl.queue (
  queue_id        bigint      primary key,
  execution_id    bigint,               -- null: a plain command
  node_id         text,                 -- the engine's name of this visit of the step
  step            text        not null,
  tool_kind       text        not null,
  pool            text        not null,
  priority        smallint    not null default 0,
  status          text        not null default 'queued'
                  check (status in ('queued', 'running', 'done', 'failed', 'dead', 'cancelled')),
  epoch           int         not null default 0 check (epoch >= 0),
  attempts        int         not null default 0,
  max_attempts    int         not null check (max_attempts between 1 and 1000),
  timeout_ms      bigint      not null default 0 check (timeout_ms >= 0),
  available_at    timestamptz,          -- null: at once, and never handed back so far
  cancel_requested boolean    not null default false,
  worker_id       text,
  context         json        not null,
  result          json,
  error           json,
  idempotency_key text,
  traceparent     text,
  created_at      timestamptz not null default now(),
  claimed_at      timestamptz,
  finished_at     timestamptz,
  check (attempts between 0 and max_attempts),
  check (epoch >= attempts),
  check (status <> 'queued' or attempts < max_attempts),
  check (status <> 'running' or (worker_id is not null and claimed_at is not null)),
  check ((status in ('queued', 'running')) = (finished_at is null)),
  check ((execution_id is null) = (node_id is null))
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
-- No node of an execution is ever queued twice (R7); also serves "the commands of an execution".
create unique index queue_node on noetl.queue (execution_id, node_id) where execution_id is not null;
-- Commands that wait for a time (delays, retries, handed back): due_commands, claim_from_pool.
create index queue_available_at on noetl.queue (available_at) where available_at is not null;
-- idempotent enqueue
create unique index queue_idempotency_key on noetl.queue (idempotency_key) where idempotency_key is not null;

-- What each claim call gave to whom: lets one heartbeat name every running command of a worker
-- without an index on the queue. Rows go when a heartbeat has confirmed them.
create table noetl.claim (
  worker_id  text        not null,
  claim_id   bigint      not null,
  queue_ids  bigint[]    not null,
  claimed_at timestamptz not null default now(),
  primary key (worker_id, claim_id)
);

create table noetl.worker (
  worker_id     text        primary key check (worker_id ~ '^[A-Za-z0-9._-]{1,128}$'),
  pool          text        not null,
  hostname      text        not null,
  pid           bigint      not null,
  slots         int         not null check (slots > 0),
  version       text        not null,
  tools         text[]      not null,
  labels        json        not null,
  status        text        not null default 'ready' check (status in ('ready', 'draining', 'stopped', 'lost')),
  should_drain  boolean     not null default false,
  running       int         not null default 0,
  registered_at timestamptz not null default now(),
  heartbeat_at  timestamptz not null default now(),
  lease_until   timestamptz not null
) with (fillfactor = 50);

-- Append-only. One row per attempt carries all that NoETL shows as several events of it.
create table noetl.event (
  event_id     bigint      primary key,
  execution_id bigint,
  queue_id     bigint,
  event_type   text        not null,
  step         text,
  node_id      text,
  epoch        int,
  status       text,
  payload      json,
  meta         json,
  worker_id    text,
  claimed_at   timestamptz,
  created_at   timestamptz not null default now()
);
-- history of one execution in order
create index event_execution on noetl.event (execution_id, event_id) where execution_id is not null;

-- Results that are too large for an execution's state.
create table noetl.result (
  result_id    bigint      primary key,
  execution_id bigint      not null,
  step         text        not null,
  value        json        not null,
  created_at   timestamptz not null default now()
);

-- Commands whose attempts are exhausted (R8), with their last error.
create table noetl.dead_letter (
  queue_id    bigint      primary key,
  pool        text        not null,
  tool_kind   text        not null,
  error_kind  text        not null,
  error       json        not null,
  attempts    int         not null,
  died_at     timestamptz not null default now()
);

-- Depth per pool and status: each transaction appends its change, upkeep folds them. Appending takes
-- no lock that another transaction waits for, as updating one counter row would.
create table noetl.queue_change (
  pool   text   not null,
  status text   not null,
  change bigint not null
);
create table noetl.queue_depth (
  pool   text   not null,
  status text   not null,
  count  bigint not null,
  primary key (pool, status)
);

-- Times as the API shows them.
create function noetl.rfc3339(moment timestamptz) returns text
  language sql stable parallel safe
  return to_char(moment at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- runs-with: 9
-- The log of an update has the bytes of a row from its first changed column to its last. With what never changes in front, the context
-- among it, a claim and a report log neither the context nor the pool nor the step again.
-- A copy holds up whoever enqueues: 100,000 rows take one to two seconds. A larger queue keeps its order, and works as before. So does one
-- that somebody has built on: views, triggers, policies and publications of theirs would be lost.
do $$
declare
  granted record;
begin
  lock table noetl.queue in access exclusive mode;
  if (select count(*) from (select from noetl.queue limit 100001) as first_ones) > 100000
    or exists (select from pg_depend d join pg_rewrite r on r.oid = d.objid
               where d.classid = 'pg_rewrite'::regclass and d.refobjid = 'noetl.queue'::regclass
                 and r.ev_class not in ('noetl.event_history'::regclass, 'noetl.open_due_pool'::regclass))
    or exists (select from pg_depend d join pg_rewrite r on r.oid = d.objid
               where d.classid = 'pg_rewrite'::regclass
                 and d.refobjid in ('noetl.event_history'::regclass, 'noetl.open_due_pool'::regclass) and r.ev_class <> d.refobjid)
    or exists (select from pg_trigger where tgrelid = 'noetl.queue'::regclass)
    or exists (select from pg_policy where polrelid = 'noetl.queue'::regclass)
    or exists (select from pg_publication_rel where prrelid = 'noetl.queue'::regclass)
    or exists (select from pg_constraint where confrelid = 'noetl.queue'::regclass)
    or exists (select from pg_index i join pg_class c on c.oid = i.indexrelid
               where i.indrelid = 'noetl.queue'::regclass
                 and c.relname not in ('queue_pkey', 'queue_node', 'queue_idempotency_key', 'queue_redriven_from',
                   'queue_pool_available_at', 'queue_pool_priority'))
  then
    return;
  end if;

  create temporary table granted_before on commit drop as
  select c.relname, coalesce(quote_ident(r.rolname), 'public') as role_name, acl.privilege_type, acl.is_grantable
  from pg_class c cross join aclexplode(c.relacl) as acl left join pg_roles r on r.oid = acl.grantee
  where c.oid in ('noetl.queue'::regclass, 'noetl.event_history'::regclass, 'noetl.open_due_pool'::regclass) and acl.grantee <> c.relowner;

  drop view noetl.event_history, noetl.open_due_pool;
  alter table noetl.queue rename to queue_before;
  create table noetl.queue (
    queue_id bigint not null,
    execution_id bigint,
    created_at timestamptz not null default now(),
    timeout_ms bigint not null default 0 constraint queue_timeout_ms_check check (timeout_ms >= 0),
    redriven_from bigint,
    max_attempts integer not null constraint queue_max_attempts_check check (max_attempts between 1 and 1000),
    priority smallint not null default 0,
    node_id text,
    step text not null,
    tool_kind text not null,
    pool text not null,
    idempotency_key text,
    traceparent text,
    context json not null,
    frame json,
    retry json,
    -- From here on: what changes. A claim changes nothing before claimed_at, and the end of an attempt nothing before finished_at.
    available_at timestamptz,
    claimed_at timestamptz,
    finished_at timestamptz,
    duration_us bigint,
    status text not null default 'queued'
      constraint queue_status_check check (status in ('queued', 'running', 'done', 'failed', 'dead', 'cancelled')),
    result json,
    error json,
    epoch integer not null default 0 constraint queue_epoch_check check (epoch >= 0),
    attempts integer not null default 0,
    cancel_requested boolean not null default false,
    worker_id text,
    constraint queue_check check (attempts >= 0 and attempts <= max_attempts),
    constraint queue_check1 check (epoch >= attempts),
    constraint queue_check2 check (status <> 'queued' or attempts < max_attempts),
    constraint queue_check3 check (status <> 'running' or worker_id is not null and claimed_at is not null),
    constraint queue_check4 check ((status in ('queued', 'running')) = (finished_at is null)),
    constraint queue_check5 check ((execution_id is null) = (node_id is null)),
    constraint queue_duration_us_check check (duration_us is null or
      duration_us >= 0 and execution_id is null and status = 'done' and epoch = 1 and finished_at is not null)
  ) with (fillfactor = 30, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

  insert into noetl.queue (queue_id, execution_id, created_at, timeout_ms, redriven_from, max_attempts, priority, node_id, step, tool_kind,
    pool, idempotency_key, traceparent, context, frame, retry, available_at, claimed_at, finished_at, duration_us, status, result, error,
    epoch, attempts, cancel_requested, worker_id)
  select queue_id, execution_id, created_at, timeout_ms, redriven_from, max_attempts, priority, node_id, step, tool_kind,
    pool, idempotency_key, traceparent, context, frame, retry, available_at, claimed_at, finished_at, duration_us, status, result, error,
    epoch, attempts, cancel_requested, worker_id
  from noetl.queue_before order by queue_id;

  drop table noetl.queue_before;

  alter table noetl.queue add constraint queue_pkey primary key (queue_id);
  create unique index queue_node on noetl.queue (execution_id, node_id) where execution_id is not null;
  create unique index queue_idempotency_key on noetl.queue (idempotency_key) where idempotency_key is not null;
  create unique index queue_redriven_from on noetl.queue (redriven_from) where redriven_from is not null;
  create index queue_pool_available_at on noetl.queue (pool, available_at, queue_id) where available_at is not null;
  create index queue_pool_priority on noetl.queue (pool, priority desc, available_at, queue_id) where available_at is not null;

  create view noetl.open_due_pool as
  with recursive found as (
    (select pool from noetl.queue where available_at is not null order by pool limit 1)
    union all
    select (select q.pool from noetl.queue q where q.available_at is not null and q.pool > f.pool order by q.pool limit 1)
    from found f where f.pool is not null
  )
  select pool from found
  where pool is not null and pool <> all (array(select p.pool from noetl.pool p where p.is_paused));

  create view noetl.event_history as
  select event_id, execution_id, queue_id, event_type, step, node_id, epoch, status, payload, meta, worker_id, claimed_at, created_at
  from noetl.event
  union all
  select (floor(extract(epoch from finished_at) * 1000)::bigint - 1704067200000) << 22 | queue_id & 4194303, null, queue_id,
    'command.completed', step, null, epoch, 'done', null,
    json_strip_nulls(json_build_object('duration_us', duration_us, 'trace_id', nullif(split_part(traceparent, '-', 2), ''))), worker_id,
    claimed_at, finished_at
  from noetl.queue where duration_us is not null;
  comment on view noetl.event_history is 'What happened: rows of noetl.event, and successes of plain commands. docs/internals/decisions/0027';

  for granted in select * from granted_before loop
    execute format('grant %s on noetl.%I to %s%s', granted.privilege_type, granted.relname, granted.role_name,
      case when granted.is_grantable then ' with grant option' else '' end);
  end loop;
  if exists (select from noetl.queue) then analyze noetl.queue; end if;
end $$;

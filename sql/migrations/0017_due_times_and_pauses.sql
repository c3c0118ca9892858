-- runs-with: 9
-- Since when a pool is paused, and when an execution is to begin. A program of before sets neither: then nobody says since when.
alter table noetl.pool add column paused_at timestamptz;
update noetl.pool set paused_at = updated_at where is_paused;
alter table noetl.execution add column due_at timestamptz;

-- Inserts checked commands and gives their ids in their order; of a known idempotency key that of the first command under it,
-- when that is the same work: tool, input and pool. Times, attempts and priority may differ.
-- An id that is there already (65536 within one millisecond, or a clock that was set back) is drawn anew.
create or replace function noetl.insert_checked_commands(commands jsonb) returns bigint[]
language plpgsql volatile as $$
declare
  elements constant jsonb[] := array(select command from jsonb_array_elements(commands) as command);
  enqueued_at constant timestamptz := clock_timestamp();
  ids bigint[] := array_fill(null::bigint, array[cardinality(elements)]);
  drawn bigint[];
  inserted_ids bigint[];
  due_pools text[];
  other record;
begin
  for tried in 1..100 loop
    drawn := array(select case when settled is null then noetl.next_command_id() end from unnest(ids) as settled);
    with wanted as (
      select c.queue_id, c.command, c.command #>> '{tool,kind}' as tool_kind, coalesce(c.command ->> 'pool', 'default') as pool,
        coalesce((c.command ->> 'available_at')::timestamptz,
          enqueued_at + ceil(coalesce((c.command ->> 'delay')::numeric * 1000, (c.command ->> 'delay_ms')::numeric, 0))::float8
            * interval '1 millisecond') as due_at
      from unnest(drawn, elements) as c(queue_id, command) where c.queue_id is not null
    ), inserted as (
      -- Always with a time: the index of what waits for one is where upkeep finds what nobody has rung for.
      insert into noetl.queue (queue_id, step, tool_kind, pool, priority, max_attempts, timeout_ms, available_at, context,
        idempotency_key, traceparent, retry, created_at)
      select w.queue_id, w.tool_kind, w.tool_kind, w.pool, coalesce((w.command ->> 'priority')::smallint, 0),
        coalesce((w.command ->> 'max_attempts')::int, p.max_attempts, 3),
        ceil(coalesce((w.command ->> 'timeout')::numeric, 0) * 1000)::bigint, w.due_at,
        ('{"tool":' || (w.command -> 'tool')::text || ',"input":' || coalesce(nullif(w.command -> 'input', 'null')::text, '{}') || '}')::json,
        w.command ->> 'idempotency_key', w.command ->> 'traceparent',
        case when w.command ->> 'retry' is null then p.retry else noetl.stored_retry(w.command -> 'retry') end, enqueued_at
      from wanted w left join noetl.pool p on p.pool = w.pool
      on conflict do nothing
      returning queue_id, pool, available_at
    ), changed as (
      insert into noetl.queue_change (pool, status, change) select pool, 'queued', count(*) from inserted group by pool
    )
    select array_agg(queue_id), array_agg(distinct pool) filter (where available_at <= clock_timestamp() + interval '3 seconds')
    into inserted_ids, due_pools from inserted;
    -- Delivered with the commit. What is due in a moment is told as well: servers find the others with their ticks.
    if due_pools is not null then perform noetl.notify_enqueued(due_pools); end if;
    if cardinality(inserted_ids) = cardinality(elements) then return drawn; end if;
    select c.command ->> 'idempotency_key' as key, q.queue_id,
      left(md5(q.pool || ' ' || q.context::jsonb::text), 16) as fingerprint,
      left(md5(c.pool || ' ' || c.context::text), 16) as asked_fingerprint
    into other
    from (select command, nth, coalesce(command ->> 'pool', 'default') as pool, jsonb_build_object('tool', command -> 'tool',
          'input', coalesce(nullif(command -> 'input', 'null'), '{}')) as context
        from unnest(elements) with ordinality as e(command, nth)) as c
      join noetl.queue q on q.idempotency_key = c.command ->> 'idempotency_key' and q.idempotency_key is not null
    where q.pool <> c.pool or q.context::jsonb <> c.context
    order by c.nth limit 1;
    if found then
      raise exception 'noetl.enqueue: idempotency key ''%'' was used for other work: command % has the fingerprint % of tool, input and pool, this one %',
        other.key, other.queue_id, other.fingerprint, other.asked_fingerprint
        using errcode = 'NQ001', hint = 'Use another key: a known one repeats what it was first used for.';
    end if;
    ids := array(
      select coalesce(c.settled, i.queue_id,
        (select q.queue_id from noetl.queue q where q.idempotency_key = c.command ->> 'idempotency_key'))
      from unnest(ids, drawn, elements) with ordinality as c(settled, queue_id, command, nth)
      left join unnest(inserted_ids) as i(queue_id) on i.queue_id = c.queue_id
      order by c.nth);
    if array_position(ids, null) is null then return ids; end if;
  end loop;
  raise exception 'noetl.enqueue found no free id for % commands in 100 tries', (select count(*) from unnest(ids) as id where id is null)
    using errcode = 'unique_violation', hint = 'Is the clock of Postgres set back? Ids begin with its milliseconds.';
end $$;

-- noetl.enqueue and noetl.enqueue_many: plain commands inside the caller's own transaction (docs/sql.md). What they accept and
-- what they write is what POST /api/v2/commands accepts and writes; a test holds the two together.

-- Ids made here never meet those of a server: of the 1024 node numbers the last 16 are SQL's, 65536 ids in a millisecond.
create sequence noetl.command_id as int minvalue 0 maxvalue 65535 cycle;
-- Servers number themselves with the rest. One that got a later number before keeps it until it is started again.
do $$ begin
  if (select last_value > 1007 from noetl.node_id) then perform setval('noetl.node_id', 1007); end if;
end $$;
alter sequence noetl.node_id maxvalue 1007;

-- Milliseconds since 2024-01-01, node numbers from 1008 on, the sequence (shared/base/ids).
create function noetl.next_command_id() returns bigint language sql volatile
  return ((floor(extract(epoch from clock_timestamp()) * 1000)::bigint - 1704067200000) << 22)
    | (1008::bigint << 12) | nextval('noetl.command_id');

-- What was found, for error texts.
create function noetl.shown_value(value jsonb) returns text language sql immutable parallel safe
  return case coalesce(jsonb_typeof(value), 'null')
    when 'null' then 'nothing'
    when 'string' then 'string ''' || left(value #>> '{}', 60) || ''''
    when 'number' then 'number ' || left(value::text, 60)
    when 'array' then 'an array of ' || jsonb_array_length(value) || ' items'
    when 'object' then 'an object'
    else value::text end;

-- Null: nothing is wrong. Absent fields, and null ones, have their defaults.
-- `place` stands before the field's name in what is said of it; formatted only when something is wrong.
create function noetl.number_fault(place text, name text, object jsonb, low numeric, high numeric, is_whole boolean) returns text
language plpgsql immutable parallel safe as $$
declare
  value constant jsonb := object -> name;
begin
  if jsonb_typeof(value) = 'null' then return null; end if;
  if jsonb_typeof(value) = 'number' and (not is_whole or value::text ~ '^-?[0-9]+$') then
    if value::numeric between low and high then return null; end if;
  end if;
  return format('''%s%s'' must be %s from %s to %s, found %s', place, name, case when is_whole then 'an integer' else 'a number' end,
    low, high, noetl.shown_value(value));
end $$;

create function noetl.text_fault(place text, name text, object jsonb, pattern text, rule text) returns text
language plpgsql immutable parallel safe as $$
declare
  value constant jsonb := object -> name;
begin
  if jsonb_typeof(value) = 'null' or jsonb_typeof(value) = 'string' and object ->> name ~ pattern then return null; end if;
  return format('''%s%s'' must be %s, found %s', place, name, rule, noetl.shown_value(value));
end $$;

create function noetl.unknown_fault(place text, object jsonb, known text[]) returns text
language sql immutable parallel safe
  return format('''%s%s'' is not a known field; known are %s', place,
    (select min(name) from jsonb_object_keys(object - known) as name), array_to_string(known, ', '));

create function noetl.retry_fault(place text, retry jsonb) returns text
language plpgsql immutable parallel safe as $$
declare
  known constant text[] := '{backoff,initial_delay,multiplier,max_delay,jitter}';
begin
  if jsonb_typeof(retry) = 'null' then return null; end if;
  if jsonb_typeof(retry) <> 'object' then
    return format('''%sretry'' must be an object, found %s', place, noetl.shown_value(retry));
  end if;
  place := place || 'retry/';
  return coalesce(
    case when retry - known <> '{}' then noetl.unknown_fault(place, retry, known) end,
    case when retry ? 'backoff' then noetl.text_fault(place, 'backoff', retry, '^(none|fixed|linear|exponential)$',
      'one of none, fixed, linear, exponential') end,
    case when retry ? 'initial_delay' then noetl.number_fault(place, 'initial_delay', retry, 0, 2592000, false) end,
    case when retry ? 'multiplier' then noetl.number_fault(place, 'multiplier', retry, 1, 100, false) end,
    case when retry ? 'max_delay' then noetl.number_fault(place, 'max_delay', retry, 0, 2592000, false) end,
    case when jsonb_typeof(retry -> 'jitter') not in ('null', 'boolean') then
      format('''%sjitter'' must be true or false, found %s', place, noetl.shown_value(retry -> 'jitter')) end,
    case when (retry ->> 'initial_delay')::numeric > (retry ->> 'max_delay')::numeric then
      format('''%smax_delay'' is less than ''initial_delay''', place) end);
end $$;

-- With every field, as the server stores it (shared/wire/retry): whole milliseconds, and no cap below a first delay that was asked for.
create function noetl.stored_retry(retry jsonb) returns json language sql stable parallel safe
  return json_build_object(
    'backoff', coalesce(retry ->> 'backoff', 'exponential'),
    'initial_delay', trim_scale(ceil(coalesce((retry ->> 'initial_delay')::numeric, 1) * 1000) / 1000),
    'multiplier', coalesce((retry ->> 'multiplier')::numeric, 2),
    'max_delay', trim_scale(ceil(coalesce((retry ->> 'max_delay')::numeric,
      greatest(60, (retry ->> 'initial_delay')::numeric)) * 1000) / 1000),
    'jitter', coalesce((retry ->> 'jitter')::boolean, true));

-- Called when at least one of the three fields is there.
create function noetl.due_fault(place text, command jsonb) returns text
language plpgsql stable parallel safe as $$
declare
  fault text;
begin
  if num_nonnulls(command ->> 'available_at', command ->> 'delay', command ->> 'delay_ms') > 1 then
    return format('''%sdelay'' tells when the command is due a second time: give one of available_at, delay and delay_ms', place);
  end if;
  if command ->> 'available_at' is not null then
    fault := noetl.text_fault(place, 'available_at', command,
      '^\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-](0\d|1[0-5]):[0-5]\d)$',
      'a time as in 2026-01-31T12:00:00Z (RFC 3339)');
    if fault is not null then return fault; end if;
    begin
      perform (command ->> 'available_at')::timestamptz;
    exception when datetime_field_overflow or invalid_datetime_format then
      return format('''%savailable_at'' must be a day and a time that exist, found %s', place,
        noetl.shown_value(command -> 'available_at'));
    end;
  end if;
  return coalesce(
    case when command ? 'delay' then noetl.number_fault(place, 'delay', command, 0, 31622400, false) end,
    case when command ? 'delay_ms' then noetl.number_fault(place, 'delay_ms', command, 0, 31622400000, true) end);
end $$;

-- The first thing that is wrong with a command, or null. Fields that are null are as good as left out.
create function noetl.command_fault(place text, command jsonb) returns text
language plpgsql stable parallel safe as $$
declare
  known constant text[] := '{tool,input,pool,priority,available_at,delay,delay_ms,max_attempts,retry,timeout,'
    'idempotency_key,traceparent}';
begin
  if jsonb_typeof(command) <> 'object' then
    return format('''%s'' must be an object, found %s', rtrim(place, '/'), noetl.shown_value(command));
  end if;
  return coalesce(
    case when command - known <> '{}' then noetl.unknown_fault(place, command, known) end,
    case when jsonb_typeof(command -> 'tool') is distinct from 'object' then
      format('''%stool'' must be an object such as {"kind": "noop"}, found %s', place, noetl.shown_value(command -> 'tool')) end,
    case when jsonb_typeof(command #> '{tool,kind}') is distinct from 'string'
        or command #>> '{tool,kind}' !~ '^[A-Za-z0-9_-]{1,64}$' then
      format('''%stool/kind'' must be a tool''s name (letters, digits, _ and -, at most 64), found %s', place,
        noetl.shown_value(command #> '{tool,kind}')) end,
    case when jsonb_typeof(command -> 'input') not in ('null', 'object') then
      format('''%sinput'' must be an object, found %s', place, noetl.shown_value(command -> 'input')) end,
    case when command ? 'pool' then noetl.text_fault(place, 'pool', command, '^[A-Za-z0-9_-]{1,64}$',
      'a pool''s name (letters, digits, _ and -, at most 64)') end,
    case when command ? 'priority' then noetl.number_fault(place, 'priority', command, -100, 100, true) end,
    case when command ?| '{available_at,delay,delay_ms}' then noetl.due_fault(place, command) end,
    case when command ? 'max_attempts' then noetl.number_fault(place, 'max_attempts', command, 1, 100, true) end,
    case when command ? 'retry' then noetl.retry_fault(place, command -> 'retry') end,
    case when command ? 'timeout' then noetl.number_fault(place, 'timeout', command, 0, 2592000, false) end,
    -- A repetition of a regular expression counts to 255.
    case when command ? 'idempotency_key' then noetl.text_fault(place, 'idempotency_key', command, '^[ -~]{1,128}[ -~]{0,128}$',
      '1 to 256 visible ASCII characters') end,
    case when command ? 'traceparent' then noetl.text_fault(place, 'traceparent', command,
      '^00-[0-9A-Fa-f]{32}-[0-9A-Fa-f]{16}-[0-9A-Fa-f]{2}$', 'a W3C trace context (00-<32 hex>-<16 hex>-<2 hex>)') end);
end $$;

-- Of all commands of a call: null, or what is wrong with the first one that is wrong. What a worker's or a client's JSON reader
-- would refuse must not get into the queue: it would take along what is read together with it.
create function noetl.commands_fault(place text, commands jsonb) returns text
language plpgsql stable parallel safe as $$
declare
  written constant text := commands;
  fault text;
begin
  if octet_length(written) > 67108864 then
    return format('the commands are %s bytes of JSON, more than the 67108864 of one call', octet_length(written));
  end if;
  select f.fault into fault
  from jsonb_array_elements(commands) with ordinality as c(command, nth),
    noetl.command_fault(case when place = '' then '' else place || (nth - 1) || '/' end, command) as f(fault)
  where f.fault is not null order by nth limit 1;
  if fault is not null then return fault; end if;
  if commands @? 'strict $.**{101 to last} ? (@.type() == "object" || @.type() == "array")' then
    return 'a command nests deeper than 100 levels';
  end if;
  -- jsonb writes all digits of a number: without a long row of them there is none to look for.
  if written ~ '[0-9]{255}' then
    if commands @? 'strict $.** ? (@.type() == "number" && (@ > 1.7976931348623157e308 || @ < -1.7976931348623157e308))' then
      return 'a command has a number that no double holds (beyond 1.797e308)';
    end if;
  end if;
  return null;
end $$;

-- When somebody last asked for a notification, in Unix milliseconds: a sequence, since it is written without a lock that lasts.
create sequence noetl.last_notification minvalue 0 start 0;

-- Postgres commits transactions that notify one after the other, each with its write to disk: 32 clients at once got 200 commits
-- a second instead of 2,100. So one in 20 ms notifies, and the server that hears it looks again after that (server/upkeep).
-- Off by `set noetl.doorbell = off`: docs/sql.md.
create function noetl.notify_enqueued(pools text[]) returns void
language plpgsql volatile as $$
declare
  now_ms constant bigint := extract(epoch from clock_timestamp()) * 1000;
begin
  if current_setting('noetl.doorbell', true) = 'off' then return; end if;
  if now_ms - coalesce(pg_sequence_last_value('noetl.last_notification'), 0) between 0 and 20 then return; end if;
  perform setval('noetl.last_notification', now_ms);
  perform pg_notify('noetl_enqueued', pool) from unnest(pools) as pool;
end $$;

-- Inserts checked commands and gives their ids in their order; of a known idempotency key that of the first command under it.
-- An id that is there already (65536 within one millisecond, or a clock that was set back) is drawn anew.
create function noetl.insert_checked_commands(commands jsonb) returns bigint[]
language plpgsql volatile as $$
declare
  elements constant jsonb[] := array(select command from jsonb_array_elements(commands) as command);
  enqueued_at constant timestamptz := clock_timestamp();
  ids bigint[] := array_fill(null::bigint, array[cardinality(elements)]);
  drawn bigint[];
  inserted_ids bigint[];
  due_pools text[];
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
    select array_agg(queue_id), array_agg(distinct pool) filter (where available_at <= clock_timestamp())
    into inserted_ids, due_pools from inserted;
    if due_pools is not null then perform noetl.notify_enqueued(due_pools); end if;  -- delivered with the commit
    if cardinality(inserted_ids) = cardinality(elements) then return drawn; end if;
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

-- The two that are called. They run with the rights of their owner: who calls them needs nothing on the tables. One plan for each
-- statement (planning took two thirds of a call), without sequential scans, because a plan that was made while the queue was empty
-- stays in the session, and not compiled (40 ms).
create function noetl.enqueue(tool jsonb, input jsonb default '{}', pool text default 'default', priority int default 0,
  delay interval default null, available_at timestamptz default null, max_attempts int default null, retry jsonb default null,
  "timeout" interval default null, idempotency_key text default null, traceparent text default null) returns bigint
language plpgsql volatile security definer
set search_path = noetl, pg_temp set timezone = 'UTC' set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan as $$
declare
  command constant jsonb := jsonb_build_object('tool', tool, 'input', input, 'pool', pool, 'priority', priority,
    'delay', extract(epoch from delay), 'available_at', available_at, 'max_attempts', max_attempts, 'retry', retry,
    'timeout', extract(epoch from "timeout"), 'idempotency_key', idempotency_key, 'traceparent', traceparent);
  fault constant text := noetl.commands_fault('', jsonb_build_array(command));
begin
  if fault is not null then
    raise exception 'noetl.enqueue refuses the command: %', fault using errcode = 'invalid_parameter_value';
  end if;
  return (noetl.insert_checked_commands(jsonb_build_array(command)))[1];
end $$;

create function noetl.enqueue_many(commands jsonb) returns setof bigint
language plpgsql volatile security definer
set search_path = noetl, pg_temp set timezone = 'UTC' set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan as $$
declare
  fault text;
begin
  if jsonb_typeof(commands) is distinct from 'array' then
    fault := format('they must be an array of 1 to 10000 commands, found %s', noetl.shown_value(commands));
  elsif jsonb_array_length(commands) not between 1 and 10000 then
    fault := format('they must be an array of 1 to 10000 commands, found %s', noetl.shown_value(commands));
  else
    fault := noetl.commands_fault('/', commands);
  end if;
  if fault is not null then
    raise exception 'noetl.enqueue_many refuses the commands: %', fault using errcode = 'invalid_parameter_value';
  end if;
  return query select unnest(noetl.insert_checked_commands(commands));
end $$;

-- Whoever may enqueue may have workers run code: nobody may before it is granted.
revoke execute on function noetl.enqueue, noetl.enqueue_many, noetl.insert_checked_commands, noetl.notify_enqueued,
  noetl.next_command_id from public;
comment on function noetl.enqueue is 'Enqueues one plain command in this transaction; gives its queue_id. docs/sql.md';
comment on function noetl.enqueue_many is 'Enqueues plain commands in this transaction, as POST /api/v2/commands takes them; gives their queue_ids in their order. docs/sql.md';

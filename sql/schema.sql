-- Made from sql/migrations by NOETL_REWRITE_SCHEMA=1 ./dev test schema; do not edit.
CREATE SCHEMA noetl;
CREATE FUNCTION noetl.allow_enqueue(role_name text, pools text[], kinds text[]) RETURNS void
    LANGUAGE plpgsql
    AS $_$
declare
  wrong text;
begin
  select name into wrong from unnest(pools || kinds) as name where name is null or name !~ '^([*]|[A-Za-z0-9_-]{1,64})$' limit 1;
  if found or coalesce(cardinality(pools), 0) = 0 or coalesce(cardinality(kinds), 0) = 0 then
    raise exception 'noetl.allow_enqueue needs pools and kinds of tools by their names, or ''*'' for all, found %',
      coalesce(quote_literal(wrong), 'nothing') using errcode = 'invalid_parameter_value';
  end if;
  execute format('grant usage on schema noetl to %I', role_name);
  execute format('grant execute on function noetl.enqueue, noetl.enqueue_many to %I', role_name);
  insert into noetl.enqueue_grant as g (role_name, pools, kinds)
  values (allow_enqueue.role_name, array(select distinct p from unnest(allow_enqueue.pools) as p order by p),
    array(select distinct k from unnest(allow_enqueue.kinds) as k order by k))
  on conflict do nothing;
end $_$;
COMMENT ON FUNCTION noetl.allow_enqueue(role_name text, pools text[], kinds text[]) IS 'Lets a role enqueue these kinds of tools into these pools by SQL; run by the owner of the schema. docs/guides/enqueue-from-sql.md';
CREATE FUNCTION noetl.check_enqueue_grant(commands jsonb) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$
declare
  refused record;
begin
  if pg_has_role(session_user, current_user, 'member') then return; end if;
  select c.pool, c.kind into refused
  from (select distinct coalesce(command ->> 'pool', 'default') as pool, command #>> '{tool,kind}' as kind
        from jsonb_array_elements(commands) as command) as c
  where not exists (
    select from noetl.enqueue_grant g join pg_catalog.pg_roles r on r.rolname = g.role_name
    where pg_has_role(session_user, r.oid, 'usage') and g.pools && array['*', c.pool] and g.kinds && array['*', c.kind])
  order by c.pool, c.kind limit 1;
  if found then
    raise exception 'role "%" may not enqueue % commands into pool ''%''', session_user, refused.kind, refused.pool
      using errcode = 'insufficient_privilege',
        hint = format('The owner of the schema noetl may allow it: select noetl.allow_enqueue(%L, %L, %L);', session_user,
          array[refused.pool], array[refused.kind]);
  end if;
end $$;
CREATE FUNCTION noetl.command_fault(place text, command jsonb) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $_$
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
end $_$;
CREATE FUNCTION noetl.commands_fault(place text, commands jsonb) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $_$
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
end $_$;
CREATE FUNCTION noetl.due_fault(place text, command jsonb) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $_$
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
end $_$;
CREATE FUNCTION noetl.enqueue(tool jsonb, input jsonb DEFAULT '{}'::jsonb, pool text DEFAULT 'default'::text, priority integer DEFAULT 0, delay interval DEFAULT NULL::interval, available_at timestamp with time zone DEFAULT NULL::timestamp with time zone, max_attempts integer DEFAULT NULL::integer, retry jsonb DEFAULT NULL::jsonb, timeout interval DEFAULT NULL::interval, idempotency_key text DEFAULT NULL::text, traceparent text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'noetl', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  command constant jsonb := jsonb_build_object('tool', tool, 'input', input, 'pool', pool, 'priority', priority,
    'delay', extract(epoch from delay), 'available_at', available_at, 'max_attempts', max_attempts, 'retry', retry,
    'timeout', extract(epoch from "timeout"), 'idempotency_key', idempotency_key, 'traceparent', traceparent);
  fault constant text := noetl.commands_fault('', jsonb_build_array(command));
begin
  if fault is not null then
    raise exception 'noetl.enqueue refuses the command: %', fault using errcode = 'invalid_parameter_value';
  end if;
  perform noetl.check_enqueue_grant(jsonb_build_array(command));
  return (noetl.insert_checked_commands(jsonb_build_array(command)))[1];
end $$;
COMMENT ON FUNCTION noetl.enqueue(tool jsonb, input jsonb, pool text, priority integer, delay interval, available_at timestamp with time zone, max_attempts integer, retry jsonb, timeout interval, idempotency_key text, traceparent text) IS 'Enqueues one plain command in this transaction; gives its queue_id. docs/guides/enqueue-from-sql.md';
CREATE FUNCTION noetl.enqueue_many(commands jsonb) RETURNS SETOF bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'noetl', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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
  perform noetl.check_enqueue_grant(commands);
  return query select unnest(noetl.insert_checked_commands(commands));
end $$;
COMMENT ON FUNCTION noetl.enqueue_many(commands jsonb) IS 'Enqueues plain commands in this transaction, as POST /api/v2/commands takes them; gives their queue_ids in their order. docs/guides/enqueue-from-sql.md';
CREATE FUNCTION noetl.insert_checked_commands(commands jsonb) RETURNS bigint[]
    LANGUAGE plpgsql
    AS $$
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
CREATE SEQUENCE noetl.command_id
    AS integer
    START WITH 0
    INCREMENT BY 1
    MINVALUE 0
    MAXVALUE 65535
    CACHE 1
    CYCLE;
CREATE FUNCTION noetl.next_command_id() RETURNS bigint
    LANGUAGE sql
    RETURN (((((floor((EXTRACT(epoch FROM clock_timestamp()) * (1000)::numeric)))::bigint - '1704067200000'::bigint) << 22) | ((1008)::bigint << 12)) | nextval('noetl.command_id'::regclass));
CREATE FUNCTION noetl.notify_enqueued(pools text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  now_ms constant bigint := extract(epoch from clock_timestamp()) * 1000;
begin
  if current_setting('noetl.doorbell', true) = 'off' then return; end if;
  if now_ms - coalesce(pg_sequence_last_value('noetl.last_notification'), 0) between 0 and 20 then return; end if;
  perform setval('noetl.last_notification', now_ms);
  perform pg_notify('noetl_enqueued', pool) from unnest(pools) as pool;
end $$;
CREATE FUNCTION noetl.number_fault(place text, name text, object jsonb, low numeric, high numeric, is_whole boolean) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $_$
declare
  value constant jsonb := object -> name;
begin
  if jsonb_typeof(value) = 'null' then return null; end if;
  if jsonb_typeof(value) = 'number' and (not is_whole or value::text ~ '^-?[0-9]+$') then
    if value::numeric between low and high then return null; end if;
  end if;
  return format('''%s%s'' must be %s from %s to %s, found %s', place, name, case when is_whole then 'an integer' else 'a number' end,
    low, high, noetl.shown_value(value));
end $_$;
CREATE FUNCTION noetl.pause_shift() RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '8760000:00:00'::interval;
CREATE FUNCTION noetl.retry_fault(place text, retry jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $_$
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
      format('''%sjitter'' must be true or false, found %s', place, noetl.shown_value(retry -> 'jitter')) end);
end $_$;
CREATE FUNCTION noetl.revoke_enqueue(role_name text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  delete from noetl.enqueue_grant g where g.role_name = revoke_enqueue.role_name;
  if exists (select from pg_catalog.pg_roles r where r.rolname = revoke_enqueue.role_name) then
    execute format('revoke execute on function noetl.enqueue, noetl.enqueue_many from %I', role_name);
  end if;
end $$;
COMMENT ON FUNCTION noetl.revoke_enqueue(role_name text) IS 'Takes from a role what noetl.allow_enqueue gave it. docs/guides/enqueue-from-sql.md';
CREATE FUNCTION noetl.rfc3339(moment timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char((moment AT TIME ZONE 'utc'::text), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'::text);
CREATE FUNCTION noetl.shown_value(value jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE COALESCE(jsonb_typeof(value), 'null'::text) WHEN 'null'::text THEN 'nothing'::text WHEN 'string'::text THEN (('string '''::text || "left"((value #>> '{}'::text[]), 60)) || ''''::text) WHEN 'number'::text THEN ('number '::text || "left"((value)::text, 60)) WHEN 'array'::text THEN (('an array of '::text || jsonb_array_length(value)) || ' items'::text) WHEN 'object'::text THEN 'an object'::text ELSE (value)::text END;
CREATE FUNCTION noetl.stored_retry(retry jsonb) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN json_build_object('backoff', COALESCE((retry ->> 'backoff'::text), 'exponential'::text), 'initial_delay', trim_scale((ceil((COALESCE(((retry ->> 'initial_delay'::text))::numeric, (1)::numeric) * (1000)::numeric)) / (1000)::numeric)), 'multiplier', COALESCE(((retry ->> 'multiplier'::text))::numeric, (2)::numeric), 'max_delay', trim_scale((ceil((COALESCE(((retry ->> 'max_delay'::text))::numeric, GREATEST((60)::numeric, ((retry ->> 'initial_delay'::text))::numeric)) * (1000)::numeric)) / (1000)::numeric)), 'jitter', COALESCE(((retry ->> 'jitter'::text))::boolean, true));
CREATE FUNCTION noetl.text_fault(place text, name text, object jsonb, pattern text, rule text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
declare
  value constant jsonb := object -> name;
begin
  if jsonb_typeof(value) = 'null' or jsonb_typeof(value) = 'string' and object ->> name ~ pattern then return null; end if;
  return format('''%s%s'' must be %s, found %s', place, name, rule, noetl.shown_value(value));
end $$;
CREATE FUNCTION noetl.unknown_fault(place text, object jsonb, known text[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN format('''%s%s'' is not a known field; known are %s'::text, place, (SELECT min(name.name) AS min FROM jsonb_object_keys((unknown_fault.object - unknown_fault.known)) name(name)), array_to_string(known, ', '::text));
CREATE TABLE noetl.catalog (
    catalog_id bigint NOT NULL,
    path text NOT NULL,
    version integer NOT NULL,
    kind text DEFAULT 'Playbook'::text NOT NULL,
    name text NOT NULL,
    content text NOT NULL,
    checksum text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT catalog_checksum_check CHECK ((length(checksum) = 64)),
    CONSTRAINT catalog_path_check CHECK (((length(path) >= 1) AND (length(path) <= 512))),
    CONSTRAINT catalog_version_check CHECK ((version > 0))
);
CREATE TABLE noetl.checkpoint (
    name text NOT NULL,
    "position" text NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT checkpoint_name_check CHECK ((name <> ''::text)),
    CONSTRAINT checkpoint_revision_check CHECK ((revision > 0))
);
COMMENT ON TABLE noetl.checkpoint IS 'How far readers of streams have come. docs/guides/follow-events.md';
CREATE TABLE noetl.claim (
    worker_id text NOT NULL,
    claim_id bigint NOT NULL,
    queue_ids bigint[] NOT NULL,
    claimed_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY noetl.claim ALTER COLUMN queue_ids SET STORAGE EXTERNAL;
CREATE TABLE noetl.credential (
    credential_id bigint NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL,
    meta json DEFAULT '{}'::json NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    reveal boolean DEFAULT false NOT NULL,
    hosts text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT credential_hosts_check CHECK ((cardinality(hosts) <= 64)),
    CONSTRAINT credential_name_check CHECK ((name ~ '^[A-Za-z0-9_][A-Za-z0-9._:@-]{0,127}$'::text)),
    CONSTRAINT credential_type_check CHECK (((length(type) >= 1) AND (length(type) <= 64)))
);
CREATE TABLE noetl.dead_letter (
    queue_id bigint NOT NULL,
    pool text NOT NULL,
    tool_kind text NOT NULL,
    error_kind text NOT NULL,
    error json NOT NULL,
    attempts integer NOT NULL,
    died_at timestamp with time zone DEFAULT now() NOT NULL,
    fingerprint text DEFAULT ''::text NOT NULL,
    redriven_as bigint,
    closed_at timestamp with time zone,
    CONSTRAINT dead_letter_check CHECK (((redriven_as IS NULL) OR (closed_at IS NOT NULL)))
);
CREATE TABLE noetl.enqueue_grant (
    role_name text NOT NULL,
    pools text[] NOT NULL,
    kinds text[] NOT NULL,
    granted_at timestamp with time zone DEFAULT now() NOT NULL,
    granted_by text DEFAULT SESSION_USER NOT NULL,
    CONSTRAINT enqueue_grant_kinds_check CHECK (((cardinality(kinds) > 0) AND (array_position(kinds, NULL::text) IS NULL))),
    CONSTRAINT enqueue_grant_pools_check CHECK (((cardinality(pools) > 0) AND (array_position(pools, NULL::text) IS NULL))),
    CONSTRAINT enqueue_grant_role_name_check CHECK ((role_name <> ''::text))
);
CREATE TABLE noetl.event (
    event_id bigint NOT NULL,
    execution_id bigint,
    queue_id bigint,
    event_type text NOT NULL,
    step text,
    node_id text,
    epoch integer,
    status text,
    payload json,
    meta json,
    worker_id text,
    claimed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.05', autovacuum_vacuum_threshold='1000');
CREATE TABLE noetl.queue (
    queue_id bigint NOT NULL,
    execution_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    timeout_ms bigint DEFAULT 0 NOT NULL,
    redriven_from bigint,
    max_attempts integer NOT NULL,
    priority smallint DEFAULT 0 NOT NULL,
    node_id text,
    step text NOT NULL,
    tool_kind text NOT NULL,
    pool text NOT NULL,
    idempotency_key text,
    traceparent text,
    context json NOT NULL,
    frame json,
    retry json,
    available_at timestamp with time zone,
    claimed_at timestamp with time zone,
    finished_at timestamp with time zone,
    duration_us bigint,
    status text DEFAULT 'queued'::text NOT NULL,
    result json,
    error json,
    epoch integer DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    cancel_requested boolean DEFAULT false NOT NULL,
    worker_id text,
    CONSTRAINT queue_check CHECK (((attempts >= 0) AND (attempts <= max_attempts))),
    CONSTRAINT queue_check1 CHECK ((epoch >= attempts)),
    CONSTRAINT queue_check2 CHECK (((status <> 'queued'::text) OR (attempts < max_attempts))),
    CONSTRAINT queue_check3 CHECK (((status <> 'running'::text) OR ((worker_id IS NOT NULL) AND (claimed_at IS NOT NULL)))),
    CONSTRAINT queue_check4 CHECK (((status = ANY (ARRAY['queued'::text, 'running'::text])) = (finished_at IS NULL))),
    CONSTRAINT queue_check5 CHECK (((execution_id IS NULL) = (node_id IS NULL))),
    CONSTRAINT queue_duration_us_check CHECK (((duration_us IS NULL) OR ((duration_us >= 0) AND (execution_id IS NULL) AND (status = 'done'::text) AND (epoch = 1) AND (finished_at IS NOT NULL)))),
    CONSTRAINT queue_epoch_check CHECK ((epoch >= 0)),
    CONSTRAINT queue_max_attempts_check CHECK (((max_attempts >= 1) AND (max_attempts <= 1000))),
    CONSTRAINT queue_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'failed'::text, 'dead'::text, 'cancelled'::text]))),
    CONSTRAINT queue_timeout_ms_check CHECK ((timeout_ms >= 0))
)
WITH (fillfactor='30', autovacuum_vacuum_scale_factor='0.05', autovacuum_vacuum_threshold='1000');
CREATE VIEW noetl.event_history AS
 SELECT event.event_id,
    event.execution_id,
    event.queue_id,
    event.event_type,
    event.step,
    event.node_id,
    event.epoch,
    event.status,
    event.payload,
    event.meta,
    event.worker_id,
    event.claimed_at,
    event.created_at
   FROM noetl.event
UNION ALL
 SELECT (((((floor((EXTRACT(epoch FROM queue.finished_at) * (1000)::numeric)))::bigint - '1704067200000'::bigint) << 22) | queue.queue_id) & (4194303)::bigint) AS event_id,
    NULL::bigint AS execution_id,
    queue.queue_id,
    'command.completed'::text AS event_type,
    queue.step,
    NULL::text AS node_id,
    queue.epoch,
    'done'::text AS status,
    NULL::json AS payload,
    json_strip_nulls(json_build_object('duration_us', queue.duration_us, 'trace_id', NULLIF(split_part(queue.traceparent, '-'::text, 2), ''::text))) AS meta,
    queue.worker_id,
    queue.claimed_at,
    queue.finished_at AS created_at
   FROM noetl.queue
  WHERE (queue.duration_us IS NOT NULL);
COMMENT ON VIEW noetl.event_history IS 'What happened: rows of noetl.event, and successes of plain commands. docs/internals/decisions/0027';
CREATE TABLE noetl.execution (
    execution_id bigint NOT NULL,
    catalog_id bigint NOT NULL,
    path text NOT NULL,
    version integer NOT NULL,
    parent_execution_id bigint,
    status text DEFAULT 'running'::text NOT NULL,
    outstanding integer NOT NULL,
    current_step text,
    state json NOT NULL,
    workload json NOT NULL,
    result json,
    error json,
    idempotency_key text,
    traceparent text,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    depth integer DEFAULT 0 NOT NULL,
    parent_node_id text,
    parent_frame json,
    return_step text,
    is_parent_told boolean DEFAULT true NOT NULL,
    is_paused boolean DEFAULT false NOT NULL,
    deadline_at timestamp with time zone,
    rerun_of bigint,
    due_at timestamp with time zone,
    CONSTRAINT execution_check CHECK (((status = 'running'::text) = (finished_at IS NULL))),
    CONSTRAINT execution_check1 CHECK (((status = 'running'::text) OR (outstanding = 0))),
    CONSTRAINT execution_check2 CHECK (((status <> 'running'::text) OR (outstanding > 0))),
    CONSTRAINT execution_check3 CHECK ((is_parent_told OR ((parent_execution_id IS NOT NULL) AND (parent_node_id IS NOT NULL)))),
    CONSTRAINT execution_depth_check CHECK ((depth >= 0)),
    CONSTRAINT execution_outstanding_check CHECK ((outstanding >= 0)),
    CONSTRAINT execution_status_check CHECK ((status = ANY (ARRAY['running'::text, 'completed'::text, 'failed'::text, 'cancelled'::text])))
)
WITH (autovacuum_vacuum_scale_factor='0.05', autovacuum_vacuum_threshold='1000', fillfactor='45');
CREATE TABLE noetl.keychain (
    catalog_id bigint NOT NULL,
    name text NOT NULL,
    execution_id bigint DEFAULT 0 NOT NULL,
    kind text NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT keychain_name_check CHECK ((name ~ '^[A-Za-z0-9_][A-Za-z0-9._:@-]{0,127}$'::text))
);
CREATE SEQUENCE noetl.last_notification
    START WITH 0
    INCREMENT BY 1
    MINVALUE 0
    NO MAXVALUE
    CACHE 1;
CREATE TABLE noetl.leader (
    duty text NOT NULL,
    holder text NOT NULL,
    epoch bigint NOT NULL,
    until timestamp with time zone NOT NULL,
    CONSTRAINT leader_epoch_check CHECK ((epoch > 0))
)
WITH (fillfactor='50');
CREATE TABLE noetl.loop_item (
    execution_id bigint NOT NULL,
    loop text NOT NULL,
    item_index integer NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    item json NOT NULL,
    result json,
    CONSTRAINT loop_item_check CHECK (((status = 'pending'::text) = (result IS NULL))),
    CONSTRAINT loop_item_item_index_check CHECK ((item_index >= 0)),
    CONSTRAINT loop_item_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'completed'::text, 'failed'::text])))
)
WITH (autovacuum_vacuum_scale_factor='0.05', autovacuum_vacuum_threshold='1000', fillfactor='45');
CREATE SEQUENCE noetl.node_id
    AS integer
    START WITH 0
    INCREMENT BY 1
    MINVALUE 0
    MAXVALUE 1007
    CACHE 1
    CYCLE;
CREATE TABLE noetl.pool (
    pool text NOT NULL,
    max_attempts integer,
    retry json,
    is_paused boolean DEFAULT false NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    paused_at timestamp with time zone,
    paused_by text,
    CONSTRAINT pool_max_attempts_check CHECK (((max_attempts >= 1) AND (max_attempts <= 1000))),
    CONSTRAINT pool_paused_by_check CHECK ((paused_by <> ''::text)),
    CONSTRAINT pool_pool_check CHECK ((pool ~ '^[A-Za-z0-9_-]{1,64}$'::text))
);
CREATE VIEW noetl.open_due_pool AS
 WITH RECURSIVE found AS (
        ( SELECT queue.pool
           FROM noetl.queue
          WHERE (queue.available_at IS NOT NULL)
          ORDER BY queue.pool
         LIMIT 1)
        UNION ALL
         SELECT ( SELECT q.pool
                   FROM noetl.queue q
                  WHERE ((q.available_at IS NOT NULL) AND (q.pool > f.pool))
                  ORDER BY q.pool
                 LIMIT 1) AS pool
           FROM found f
          WHERE (f.pool IS NOT NULL)
        )
 SELECT found.pool
   FROM found
  WHERE ((found.pool IS NOT NULL) AND (found.pool <> ALL (ARRAY( SELECT p.pool
           FROM noetl.pool p
          WHERE p.is_paused))));
CREATE TABLE noetl.queue_change (
    pool text NOT NULL,
    status text NOT NULL,
    change bigint NOT NULL
);
ALTER TABLE ONLY noetl.queue_change REPLICA IDENTITY FULL;
CREATE TABLE noetl.queue_depth (
    pool text NOT NULL,
    status text NOT NULL,
    count bigint NOT NULL
);
CREATE TABLE noetl.result (
    result_id bigint NOT NULL,
    execution_id bigint NOT NULL,
    step text NOT NULL,
    value json NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.05', autovacuum_vacuum_threshold='1000');
CREATE TABLE noetl.schema_migration (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    runs_with integer NOT NULL,
    CONSTRAINT schema_migration_runs_with_check CHECK (((runs_with >= 1) AND (runs_with <= version)))
);
CREATE TABLE noetl.variable (
    execution_id bigint NOT NULL,
    name text NOT NULL,
    var_type text NOT NULL,
    source_step text DEFAULT ''::text NOT NULL,
    access_count bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    accessed_at timestamp with time zone,
    CONSTRAINT variable_access_count_check CHECK ((access_count >= 0)),
    CONSTRAINT variable_var_type_check CHECK ((var_type = ANY (ARRAY['user_defined'::text, 'step_result'::text, 'computed'::text, 'iterator_state'::text])))
);
CREATE TABLE noetl.worker (
    worker_id text NOT NULL,
    pool text NOT NULL,
    hostname text NOT NULL,
    pid bigint NOT NULL,
    slots integer NOT NULL,
    version text NOT NULL,
    tools text[] NOT NULL,
    labels json NOT NULL,
    status text DEFAULT 'ready'::text NOT NULL,
    should_drain boolean DEFAULT false NOT NULL,
    running integer DEFAULT 0 NOT NULL,
    registered_at timestamp with time zone DEFAULT now() NOT NULL,
    heartbeat_at timestamp with time zone DEFAULT now() NOT NULL,
    lease_until timestamp with time zone NOT NULL,
    instance text,
    has_commands boolean DEFAULT false NOT NULL,
    CONSTRAINT worker_instance_check CHECK (((length(instance) >= 1) AND (length(instance) <= 128))),
    CONSTRAINT worker_slots_check CHECK ((slots > 0)),
    CONSTRAINT worker_status_check CHECK ((status = ANY (ARRAY['ready'::text, 'draining'::text, 'stopped'::text, 'lost'::text]))),
    CONSTRAINT worker_worker_id_check CHECK ((worker_id ~ '^[A-Za-z0-9._-]{1,128}$'::text))
)
WITH (fillfactor='50');
COMMENT ON COLUMN noetl.worker.has_commands IS 'Commands to this worker wait in noetl.worker_command: its next heartbeat takes them.';
CREATE TABLE noetl.worker_command (
    command_id bigint NOT NULL,
    worker_id text NOT NULL,
    name text NOT NULL,
    body json NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    taken_at timestamp with time zone,
    answered_at timestamp with time zone,
    status integer,
    answer json,
    CONSTRAINT worker_command_answer_check CHECK ((octet_length((answer)::text) <= 2097152)),
    CONSTRAINT worker_command_body_check CHECK ((octet_length((body)::text) <= 1048576)),
    CONSTRAINT worker_command_check CHECK ((expires_at > created_at)),
    CONSTRAINT worker_command_check1 CHECK (((answered_at IS NULL) OR (taken_at IS NOT NULL))),
    CONSTRAINT worker_command_check2 CHECK ((((answered_at IS NULL) = (status IS NULL)) AND ((status IS NULL) = (answer IS NULL)))),
    CONSTRAINT worker_command_name_check CHECK ((name ~ '^[a-z_]{1,64}$'::text)),
    CONSTRAINT worker_command_status_check CHECK (((status >= 200) AND (status <= 599))),
    CONSTRAINT worker_command_worker_id_check CHECK ((worker_id ~ '^[A-Za-z0-9._-]{1,128}$'::text))
);
COMMENT ON TABLE noetl.worker_command IS 'Commands to one worker and their answers, kept for an hour. docs/reference/protocol.md';
ALTER TABLE ONLY noetl.catalog
    ADD CONSTRAINT catalog_path_version_key UNIQUE (path, version);
ALTER TABLE ONLY noetl.catalog
    ADD CONSTRAINT catalog_pkey PRIMARY KEY (catalog_id);
ALTER TABLE ONLY noetl.checkpoint
    ADD CONSTRAINT checkpoint_pkey PRIMARY KEY (name);
ALTER TABLE ONLY noetl.claim
    ADD CONSTRAINT claim_pkey PRIMARY KEY (worker_id, claim_id);
ALTER TABLE ONLY noetl.credential
    ADD CONSTRAINT credential_name_key UNIQUE (name);
ALTER TABLE ONLY noetl.credential
    ADD CONSTRAINT credential_pkey PRIMARY KEY (credential_id);
ALTER TABLE ONLY noetl.dead_letter
    ADD CONSTRAINT dead_letter_pkey PRIMARY KEY (queue_id);
ALTER TABLE ONLY noetl.enqueue_grant
    ADD CONSTRAINT enqueue_grant_pkey PRIMARY KEY (role_name, pools, kinds);
ALTER TABLE ONLY noetl.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY noetl.execution
    ADD CONSTRAINT execution_pkey PRIMARY KEY (execution_id);
ALTER TABLE ONLY noetl.keychain
    ADD CONSTRAINT keychain_pkey PRIMARY KEY (catalog_id, name, execution_id);
ALTER TABLE ONLY noetl.leader
    ADD CONSTRAINT leader_pkey PRIMARY KEY (duty);
ALTER TABLE ONLY noetl.loop_item
    ADD CONSTRAINT loop_item_pkey PRIMARY KEY (execution_id, loop, item_index);
ALTER TABLE ONLY noetl.pool
    ADD CONSTRAINT pool_pkey PRIMARY KEY (pool);
ALTER TABLE ONLY noetl.queue_depth
    ADD CONSTRAINT queue_depth_pkey PRIMARY KEY (pool, status);
ALTER TABLE ONLY noetl.queue
    ADD CONSTRAINT queue_pkey PRIMARY KEY (queue_id);
ALTER TABLE ONLY noetl.result
    ADD CONSTRAINT result_pkey PRIMARY KEY (result_id);
ALTER TABLE ONLY noetl.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);
ALTER TABLE ONLY noetl.variable
    ADD CONSTRAINT variable_pkey PRIMARY KEY (execution_id, name);
ALTER TABLE ONLY noetl.worker_command
    ADD CONSTRAINT worker_command_pkey PRIMARY KEY (command_id);
ALTER TABLE ONLY noetl.worker
    ADD CONSTRAINT worker_pkey PRIMARY KEY (worker_id);
CREATE INDEX dead_letter_fingerprint ON noetl.dead_letter USING btree (fingerprint, queue_id);
CREATE INDEX event_execution ON noetl.event USING btree (execution_id, event_id) WHERE (execution_id IS NOT NULL);
CREATE INDEX execution_deadline ON noetl.execution USING btree (deadline_at) WHERE (deadline_at IS NOT NULL);
CREATE UNIQUE INDEX execution_idempotency_key ON noetl.execution USING btree (idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX execution_parent ON noetl.execution USING btree (parent_execution_id) WHERE (parent_execution_id IS NOT NULL);
CREATE INDEX execution_rerun_of ON noetl.execution USING btree (rerun_of) WHERE (rerun_of IS NOT NULL);
CREATE INDEX execution_untold ON noetl.execution USING btree (execution_id) WHERE (NOT is_parent_told);
CREATE INDEX keychain_execution ON noetl.keychain USING btree (execution_id) WHERE (execution_id <> 0);
CREATE INDEX keychain_expires_at ON noetl.keychain USING btree (expires_at) WHERE (expires_at IS NOT NULL);
CREATE UNIQUE INDEX queue_idempotency_key ON noetl.queue USING btree (idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE UNIQUE INDEX queue_node ON noetl.queue USING btree (execution_id, node_id) WHERE (execution_id IS NOT NULL);
CREATE INDEX queue_pool_available_at ON noetl.queue USING btree (pool, available_at, queue_id) WHERE (available_at IS NOT NULL);
CREATE INDEX queue_pool_priority ON noetl.queue USING btree (pool, priority DESC, available_at, queue_id) WHERE (available_at IS NOT NULL);
CREATE UNIQUE INDEX queue_redriven_from ON noetl.queue USING btree (redriven_from) WHERE (redriven_from IS NOT NULL);
CREATE INDEX result_execution ON noetl.result USING btree (execution_id);
CREATE INDEX worker_command_waiting ON noetl.worker_command USING btree (worker_id, command_id) WHERE (taken_at IS NULL);
ALTER TABLE ONLY noetl.execution
    ADD CONSTRAINT execution_catalog_id_fkey FOREIGN KEY (catalog_id) REFERENCES noetl.catalog(catalog_id);
ALTER TABLE ONLY noetl.keychain
    ADD CONSTRAINT keychain_catalog_id_fkey FOREIGN KEY (catalog_id) REFERENCES noetl.catalog(catalog_id);

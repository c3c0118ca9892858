-- runs-with: 9
-- The process behind a worker's name: a random word that it makes when it starts and shows with each call. Null: an older worker.
alter table noetl.worker add column instance text check (length(instance) between 1 and 128);

-- Which server does a duty that one of them does at a time. A row, not an advisory lock: those may be held by any role that can
-- connect. A holder renews `until`; who finds it passed takes over and raises the epoch, by which writes of the duty are fenced.
create table noetl.leader (
  duty text primary key,
  holder text not null,
  epoch bigint not null check (epoch > 0),
  until timestamptz not null
) with (fillfactor = 50);

-- What a role may enqueue by SQL: each row is one set of pools and one of kinds of tools, '*' for all.
create table noetl.enqueue_grant (
  role_name text not null check (role_name <> ''),
  pools text[] not null check (cardinality(pools) > 0 and array_position(pools, null) is null),
  kinds text[] not null check (cardinality(kinds) > 0 and array_position(kinds, null) is null),
  granted_at timestamptz not null default now(),
  granted_by text not null default session_user,
  primary key (role_name, pools, kinds)
);

-- Roles that could enqueue before go on: they could enqueue everything. Narrow them with noetl.allow_enqueue.
insert into noetl.enqueue_grant (role_name, pools, kinds)
select distinct r.rolname, array['*'], array['*']
from pg_catalog.pg_proc p cross join lateral pg_catalog.aclexplode(p.proacl) a join pg_catalog.pg_roles r on r.oid = a.grantee
where p.oid in ('noetl.enqueue'::regproc, 'noetl.enqueue_many'::regproc) and a.privilege_type = 'EXECUTE' and a.grantee <> p.proowner;

-- Called by functions that run as their owner. The role that has logged in counts: what it may enqueue, and any role whose rights it
-- has by membership. The owner, its members and superusers may enqueue everything.
create function noetl.check_enqueue_grant(commands jsonb) returns void
language plpgsql stable as $$
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

-- Everything that a role needs to enqueue these kinds of tools into these pools. Run by the owner of the schema. A role may have
-- several such grants. Null or an empty list grants nothing, '*' everything.
create function noetl.allow_enqueue(role_name text, pools text[], kinds text[]) returns void
language plpgsql volatile as $$
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
end $$;

-- Takes all of it back.
create function noetl.revoke_enqueue(role_name text) returns void
language plpgsql volatile as $$
begin
  delete from noetl.enqueue_grant g where g.role_name = revoke_enqueue.role_name;
  if exists (select from pg_catalog.pg_roles r where r.rolname = revoke_enqueue.role_name) then
    execute format('revoke execute on function noetl.enqueue, noetl.enqueue_many from %I', role_name);
  end if;
end $$;

create or replace function noetl.enqueue(tool jsonb, input jsonb default '{}', pool text default 'default', priority int default 0,
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
  perform noetl.check_enqueue_grant(jsonb_build_array(command));
  return (noetl.insert_checked_commands(jsonb_build_array(command)))[1];
end $$;

create or replace function noetl.enqueue_many(commands jsonb) returns setof bigint
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
  perform noetl.check_enqueue_grant(commands);
  return query select unnest(noetl.insert_checked_commands(commands));
end $$;

revoke execute on function noetl.check_enqueue_grant, noetl.allow_enqueue, noetl.revoke_enqueue from public;
comment on function noetl.allow_enqueue is 'Lets a role enqueue these kinds of tools into these pools by SQL; run by the owner of the schema. docs/sql.md';
comment on function noetl.revoke_enqueue is 'Takes from a role what noetl.allow_enqueue gave it. docs/sql.md';

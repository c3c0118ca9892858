-- name: upsert_variables
-- takes: execution_id bigint, names text[], types text[], steps text[]
-- A variable that is set again keeps its count of reads.
insert into noetl.variable (execution_id, name, var_type, source_step)
select $1, t.name, t.var_type, t.source_step
from unnest($2::text[], $3::text[], $4::text[]) as t(name, var_type, source_step)
on conflict (execution_id, name) do update set var_type = excluded.var_type, source_step = excluded.source_step

-- name: variables_of_execution
-- takes: execution_id bigint
select name, var_type, source_step, access_count, noetl.rfc3339(created_at) as created_at,
  coalesce(noetl.rfc3339(accessed_at), '') as accessed_at
from noetl.variable where execution_id = $1

-- name: count_variable_read
-- takes: execution_id bigint, name text, var_type text, source_step text
-- A variable that a step set has no row before it is read the first time.
insert into noetl.variable as v (execution_id, name, var_type, source_step, access_count, accessed_at)
values ($1, $2, $3, $4, 1, now())
on conflict (execution_id, name) do update set access_count = v.access_count + 1, accessed_at = now()
returning var_type, source_step, access_count, noetl.rfc3339(created_at) as created_at,
  noetl.rfc3339(accessed_at) as accessed_at

-- name: delete_variable
-- takes: execution_id bigint, name text
delete from noetl.variable where execution_id = $1 and name = $2

-- name: save_execution_state
-- takes: execution_id bigint, state json
-- Terminal is final (R4).
update noetl.execution set state = $2::json where execution_id = $1 and status = 'running'

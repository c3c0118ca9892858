-- name: upsert_variables
-- A variable that is set again keeps its count of reads.
insert into noetl.variable (execution_id, name, var_type, source_step)
select $1, t.name, t.var_type, t.source_step
from unnest($2::text[], $3::text[], $4::text[]) as t(name, var_type, source_step)
on conflict (execution_id, name) do update set var_type = excluded.var_type, source_step = excluded.source_step

-- name: variables_of_execution
select name, var_type, source_step, access_count, noetl.rfc3339(created_at) as created_at,
  coalesce(noetl.rfc3339(accessed_at), '') as accessed_at
from noetl.variable where execution_id = $1

-- name: count_variable_read
-- A variable that a step set has no row before it is read the first time.
insert into noetl.variable as v (execution_id, name, var_type, source_step, access_count, accessed_at)
values ($1, $2, $3, $4, 1, now())
on conflict (execution_id, name) do update set access_count = v.access_count + 1, accessed_at = now()
returning var_type, source_step, access_count, noetl.rfc3339(created_at) as created_at,
  noetl.rfc3339(accessed_at) as accessed_at

-- name: delete_variable
delete from noetl.variable where execution_id = $1 and name = $2

-- name: save_execution_state
-- Terminal is final (R4).
update noetl.execution set state = $2::json where execution_id = $1 and status = 'running'

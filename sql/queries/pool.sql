-- name: list_pools
select pool, max_attempts, coalesce(retry::text, '') as retry, is_paused, noetl.rfc3339(updated_at) as updated_at
from noetl.pool order by pool

-- name: put_pool
-- Whether it is paused is not touched.
insert into noetl.pool (pool, max_attempts, retry) values ($1, $2, $3::json)
on conflict (pool) do update set max_attempts = excluded.max_attempts, retry = excluded.retry, updated_at = now()

-- Pools with commands that wait for a time and that are not paused: where due_commands and upkeep_look begin. The names are the
-- first column of queue_pool_available_at, each found by one look.
create view noetl.open_due_pool as
with recursive found as (
  (select pool from noetl.queue where available_at is not null order by pool limit 1)
  union all
  select (select q.pool from noetl.queue q where q.available_at is not null and q.pool > f.pool order by q.pool limit 1)
  from found f where f.pool is not null
)
select pool from found
where pool is not null and pool <> all (array(select p.pool from noetl.pool p where p.is_paused));

-- runs-with: 9
-- paused_by names who has paused a pool when it was not the API: "bucket noetl_config". A release from before resumes without clearing
-- it, so it counts only while the pool is paused.
alter table noetl.pool add column paused_by text check (paused_by <> '');

-- runs-with: 9
-- Every table of ours can be part of `create publication … for all tables`: without an identity of its rows Postgres refuses the deletes
-- of the one table that has no key, and upkeep would never fold the counters again. A key would be an index on the hottest inserts
-- there are. The identity costs WAL with wal_level = logical alone, and then the three small columns of each row that is deleted.
alter table noetl.queue_change replica identity full;

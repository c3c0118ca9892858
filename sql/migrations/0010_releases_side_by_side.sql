-- runs-with: 9
-- From here on a migration says which programs go on working with the schema that it makes: those that know at least the migration
-- `runs_with`. An older server may so be started on a newer schema while two releases are side by side.
-- The ones before were made when this was not written down; programs that know the sixth work with those after it.
alter table noetl.schema_migration add column runs_with int;
update noetl.schema_migration set runs_with = least(version, 6);
alter table noetl.schema_migration alter column runs_with set not null,
  add constraint schema_migration_runs_with_check check (runs_with between 1 and version);

-- runs-with: 9
-- How far readers of streams have come, by name: the server's own publisher of events, and programs that keep theirs here
-- (docs/guides/follow-events.md). A release from before knows nothing of it.
create table noetl.checkpoint (
  name text primary key check (name <> ''),
  position text not null,
  revision bigint not null default 1 check (revision > 0),
  updated_at timestamptz not null default now()
);
comment on table noetl.checkpoint is 'How far readers of streams have come. docs/guides/follow-events.md';

-- runs-with: 9
-- Commands to one worker, which it gets with its next heartbeat and answers with the one after
-- (docs/internals/decisions/0034-commands-to-one-worker.md). A release from before knows nothing of them: its workers' heartbeats find
-- no command, and those that wait expire.
alter table noetl.worker add column has_commands boolean not null default false;
comment on column noetl.worker.has_commands is 'Commands to this worker wait in noetl.worker_command: its next heartbeat takes them.';

create table noetl.worker_command (
  command_id  bigint      primary key,
  worker_id   text        not null check (worker_id ~ '^[A-Za-z0-9._-]{1,128}$'),
  name        text        not null check (name ~ '^[a-z_]{1,64}$'),
  body        json        not null check (octet_length(body::text) <= 1048576),
  created_at  timestamptz not null default now(),
  expires_at  timestamptz not null check (expires_at > created_at),
  taken_at    timestamptz,
  answered_at timestamptz,
  status      integer     check (status between 200 and 599),
  answer      json        check (octet_length(answer::text) <= 2097152),
  check (answered_at is null or taken_at is not null),
  check ((answered_at is null) = (status is null) and (status is null) = (answer is null))
);
comment on table noetl.worker_command is 'Commands to one worker and their answers, kept for an hour. docs/reference/protocol.md';
-- take_worker_commands and place_worker_command: those of one worker that wait, which are few.
create index worker_command_waiting on noetl.worker_command (worker_id, command_id) where taken_at is null;

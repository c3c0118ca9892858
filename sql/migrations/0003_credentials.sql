-- Secrets, sealed by the server before they come here (docs/credentials.md): what a credential or a token is stays
-- unreadable in dumps, replicas and backups. key_id says which encryption key opens the bytes.

create table noetl.credential (
  credential_id bigint      primary key,
  name          text        not null unique check (name ~ '^[A-Za-z0-9_][A-Za-z0-9._:@-]{0,127}$'),
  type          text        not null check (length(type) between 1 and 64),
  key_id        text        not null,
  sealed        bytea       not null,
  meta          json        not null default '{}',
  tags          text[]      not null default '{}',
  description   text        not null default '',
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now()
);

-- Tokens: those that the server fetched for an entry of a playbook's `keychain`, and those that somebody put there.
create table noetl.keychain (
  catalog_id   bigint      not null references noetl.catalog,
  name         text        not null check (name ~ '^[A-Za-z0-9_][A-Za-z0-9._:@-]{0,127}$'),
  execution_id bigint      not null default 0,  -- 0: every execution of the playbook may read it
  kind         text        not null,
  key_id       text        not null,
  sealed       bytea       not null,
  expires_at   timestamptz,                     -- null: never
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  primary key (catalog_id, name, execution_id)
);
-- Forgetting what has expired.
create index keychain_expires_at on noetl.keychain (expires_at) where expires_at is not null;

-- What is known of a variable beside its value, which lives in the execution's state: who set it and who has read it.
create table noetl.variable (
  execution_id bigint      not null,
  name         text        not null,
  var_type     text        not null check (var_type in ('user_defined', 'step_result', 'computed', 'iterator_state')),
  source_step  text        not null default '',
  access_count bigint      not null default 0 check (access_count >= 0),
  created_at   timestamptz not null default now(),
  accessed_at  timestamptz,
  primary key (execution_id, name)
);

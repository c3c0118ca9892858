-- runs-with: 9
-- What an operator lets be done with a credential (docs/credentials.md): whether code of a step may see its bytes, and the hosts that
-- they may be sent to. Beside the secret, not in it: it can be listed, and changed without knowing the secret.
-- Programs before this one go on reading and writing credentials; they do not ask, and what they put keeps what stands here.
alter table noetl.credential
  add column reveal boolean not null default false,
  add column hosts  text[]  not null default '{}' check (cardinality(hosts) <= 64);

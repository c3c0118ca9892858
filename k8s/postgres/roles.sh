#!/bin/sh
# Roles and databases of the laptop's stacks, made once with the cluster: the server's, and one for steps that name no other. Neither is a
# superuser, and neither gets into the other's database. The server's role is not named like its schema noetl: tables that name no
# schema would land there.
set -eu
psql -v ON_ERROR_STOP=1 -q -U "$POSTGRES_USER" -d postgres -v noetl="$(cat /run/noetl/noetl)" -v playbook="$(cat /run/noetl/playbook)" <<'SQL'
create role noetl_server login password :'noetl';
create database noetl owner noetl_server;
revoke all on database noetl from public;
create role playbook login password :'playbook';
create database playbook owner playbook;
revoke all on database playbook from public;
SQL

// The schema: sql/schema.sql is what the migrations make, constraints refuse what must not be, and
// migrations refuse a database that is newer or was made by an edited file.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

#include "server/migrations/database_role.hpp"
#include "server/migrations/migrations.hpp"
#include "test_paths.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/sql.hpp"

using namespace noetl;
using support::sql;
using support::sql_number;

namespace {
std::string migrated() {
  auto url = support::shared_postgres().create_database();
  REQUIRE(migrations::migrate_up(url));
  return url;
}

// pg_dump's text without what differs from one Postgres version to the next.
std::string dump(const std::string& url) {
  const std::string command = "pg_dump --schema-only --no-owner --no-privileges --schema=noetl '" + url + "'";
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  char piece[4096];
  for (std::size_t got = 0; (got = fread(piece, 1, sizeof piece, pipe)) > 0;) text.append(piece, got);
  REQUIRE_MESSAGE(pclose(pipe) == 0, "pg_dump failed; it comes with the package postgresql-client");
  std::string kept;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const bool varies = line.starts_with("--") || line.starts_with("SET ") || line.starts_with("SELECT pg_catalog") ||
                        line.starts_with("\\") || line.empty();
    if (!varies) kept += line + "\n";
  }
  return kept;
}

// A database as the program before migration `version` made it.
std::string migrated_before(int version) {
  auto url = migrated();
  (void)sql(url, "drop schema noetl cascade; create schema noetl");
  (void)sql(url,
            "create table noetl.schema_migration (version int primary key, name text not null, checksum text not null, "
            "applied_at timestamptz not null default now())");
  for (const auto& migration : migrations::known_migrations()) {
    if (migration.version >= version) break;
    (void)sql(url, migration.text);
    const bool has_runs_with = migration.version >= 10;
    (void)sql(url, std::string("insert into noetl.schema_migration (version, name, checksum") +
                       (has_runs_with ? ", runs_with" : "") + ") values (" + std::to_string(migration.version) + ", '" +
                       migration.name + "', '" + migration.checksum + "'" +
                       (has_runs_with ? ", " + std::to_string(migration.runs_with) : "") + ")");
  }
  return url;
}

// A plain command in each state, a step, and a redriven command.
constexpr const char* commands_of_all_states =
    "insert into noetl.queue (queue_id, step, tool_kind, pool, max_attempts, context, status, epoch, attempts, "
    "worker_id, "
    "claimed_at, finished_at, duration_us, idempotency_key) values "
    "(1, 'noop', 'noop', 'default', 3, '{\"input\": 1}', 'queued', 0, 0, null, null, null, null, 'first'), "
    "(2, 'noop', 'noop', 'default', 3, '{}', 'running', 1, 1, 'w', '2026-01-01', null, null, null), "
    "(3, 'noop', 'noop', 'default', 3, '{}', 'done', 1, 1, 'w', '2026-01-01', '2026-01-02', 17, null), "
    "(4, 'noop', 'noop', 'default', 3, '{}', 'dead', 3, 3, 'w', '2026-01-01', '2026-01-02', null, null); "
    "insert into noetl.queue (queue_id, execution_id, node_id, step, tool_kind, pool, max_attempts, context, frame, "
    "retry, "
    "available_at, priority, timeout_ms, redriven_from, traceparent, error, cancel_requested) values "
    "(5, 7, 'start', 'start', 'http', 'gpu', 1, '{}', '[1]', '{\"backoff\": \"none\"}', '2030-01-01', 5, 1000, 4, "
    "'00-a', '{}', true)";

std::string queue_as_text(const std::string& url) {
  return sql(url, "select string_agg(row_to_json(c)::jsonb::text, ' ' order by queue_id) from noetl.queue c")[0][0];
}

// Of the columns: what comes before the context, and what after.
bool is_context_before_status(const std::string& url) {
  return sql_number(url,
                    "select (min(attnum) filter (where attname = 'context') < min(attnum) filter (where attname = "
                    "'status'))::int from pg_attribute where attrelid = 'noetl.queue'::regclass") == 1;
}

void refuses(const std::string& url, const std::string& statement) {
  CAPTURE(statement);
  CHECK_THROWS(sql(url, statement));
}
}  // namespace

TEST_CASE("sql/schema.sql is what the migrations make") {
  const std::string path = std::string(NOETL_SOURCE_DIR) + "/sql/schema.sql";
  const auto made = dump(migrated());
  if (std::getenv("NOETL_REWRITE_SCHEMA") != nullptr) {
    std::ofstream(path) << "-- Made from sql/migrations by NOETL_REWRITE_SCHEMA=1 ./dev test schema; do not edit.\n"
                        << made;
  }
  std::ifstream file(path);
  std::string first_line;
  std::getline(file, first_line);
  std::stringstream kept;
  kept << file.rdbuf();

  CHECK(kept.str() == made);
}

TEST_CASE("a publication for all tables can tell every row of ours from another") {
  const auto rows = sql(
      migrated(),
      "select c.relname from pg_class c where c.relnamespace = 'noetl'::regnamespace and c.relkind in ('r', 'p') and "
      "not (c.relreplident = 'f' or c.relreplident = 'd' and exists (select from pg_index i where i.indrelid = c.oid "
      "and i.indisprimary))");

  CHECK_MESSAGE(rows.empty(), (rows.empty() ? "" : rows[0][0]));
}

TEST_CASE("migrating twice changes nothing") { CHECK(migrations::migrate_up(migrated()).value().empty()); }

TEST_CASE(
    "a newer database is worked with when its migrations run with what this program knows, and refused when "
    "not") {
  const auto url = migrated();
  const std::string known = std::to_string(migrations::known_migrations().back().version);
  (void)sql(url,
            "insert into noetl.schema_migration (version, name, checksum, runs_with) values (9998, "
            "'expands', 'x', " +
                known + ")");
  CHECK(migrations::migrate_up(url).value().empty());
  CHECK(migrations::migration_status(url).has_value());

  (void)sql(url,
            "insert into noetl.schema_migration (version, name, checksum, runs_with) values (9999, "
            "'contracts', 'x', 9998)");
  const auto refused = migrations::migrate_up(url);

  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::schema_mismatch);
  CHECK(refused.error().message.find("contracts") != std::string::npos);
}

TEST_CASE("every migration says which programs go on working with it, and never one to come") {
  for (const auto& migration : migrations::known_migrations()) CHECK(migration.runs_with <= migration.version);
}

TEST_CASE("a migration that was edited after it was applied is refused") {
  const auto url = migrated();
  (void)sql(url, "update noetl.schema_migration set checksum = 'edited' where version = 1");

  const auto refused = migrations::migrate_up(url);

  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("another text") != std::string::npos);
}

TEST_CASE("the columns of the queue that change come last: rows, grants and histories are as before") {
  const auto url = migrated_before(21);
  (void)sql(url, commands_of_all_states);
  (void)sql(url, "grant select on noetl.queue to pg_monitor; grant select on noetl.event_history to public");
  const auto before = queue_as_text(url);
  const auto history = sql(url, "select * from noetl.event_history order by event_id");
  REQUIRE_FALSE(is_context_before_status(url));

  REQUIRE(migrations::migrate_up(url));

  CHECK(is_context_before_status(url));
  CHECK(queue_as_text(url) == before);
  CHECK(sql(url, "select * from noetl.event_history order by event_id") == history);
  CHECK(sql_number(url, "select has_table_privilege('pg_monitor', 'noetl.queue', 'select')::int") == 1);
  CHECK(sql_number(url, "select has_table_privilege('pg_monitor', 'noetl.queue', 'insert')::int") == 0);
  CHECK(sql_number(url, "select has_table_privilege('pg_monitor', 'noetl.event_history', 'select')::int") == 1);
  refuses(url, "update noetl.queue set status = 'sleeping' where queue_id = 1");
  refuses(url, "update noetl.queue set idempotency_key = 'first' where queue_id = 2");
}

TEST_CASE("a queue that somebody has built on, or that is large, keeps the order of its columns") {
  const auto url = migrated_before(21);
  (void)sql(url, commands_of_all_states);
  SUBCASE("a view") {
    (void)sql(url, "create view public.running as select * from noetl.queue where status = 'running'");
  }
  SUBCASE("a view of our view") { (void)sql(url, "create view public.history as select * from noetl.event_history"); }
  SUBCASE("an index") { (void)sql(url, "create index by_time on noetl.queue (created_at)"); }
  SUBCASE("a publication") { (void)sql(url, "create publication of_queue for table noetl.queue"); }
  SUBCASE("a trigger") {
    (void)sql(url,
              "create trigger same before update on noetl.queue for each row execute function "
              "suppress_redundant_updates_trigger()");
  }
  SUBCASE("more rows than are copied in two seconds") {
    (void)sql(url,
              "insert into noetl.queue (queue_id, step, tool_kind, pool, max_attempts, context) "
              "select i, 'noop', 'noop', 'default', 3, '{}' from generate_series(10, 100010) as i");
  }
  const auto before = sql_number(url, "select count(*) from noetl.queue");

  REQUIRE(migrations::migrate_up(url));

  CHECK_FALSE(is_context_before_status(url));
  CHECK(sql_number(url, "select count(*) from noetl.queue") == before);
}

TEST_CASE("constraints hold the states of commands") {
  const auto url = migrated();
  (void)sql(url,
            "insert into noetl.queue (queue_id, step, tool_kind, pool, max_attempts, context) "
            "values (1, 'noop', 'noop', 'default', 3, '{}')");

  refuses(url, "update noetl.queue set status = 'sleeping'");
  refuses(url, "update noetl.queue set status = 'running'");  // by nobody
  refuses(url, "update noetl.queue set status = 'done'");  // without a time
  refuses(url, "update noetl.queue set finished_at = now()");  // finished but queued
  refuses(url, "update noetl.queue set attempts = 3, epoch = 3");  // would wait without an attempt left
  refuses(url, "update noetl.queue set attempts = 1");  // an attempt without an epoch
  refuses(url, "update noetl.queue set execution_id = 7");  // a step without a node
}

TEST_CASE("no node of an execution is queued twice, and a finished execution has nothing outstanding") {
  const auto url = migrated();
  (void)sql(url,
            "insert into noetl.queue (queue_id, execution_id, node_id, step, tool_kind, pool, max_attempts, "
            "context) "
            "values (1, 7, 'start', 'start', 'noop', 'default', 3, '{}')");
  (void)sql(url,
            "insert into noetl.catalog (catalog_id, path, version, name, content, checksum) "
            "values (1, 'p', 1, 'p', '', repeat('0', 64))");
  (void)sql(url,
            "insert into noetl.execution (execution_id, catalog_id, path, version, outstanding, state, workload) "
            "values (7, 1, 'p', 1, 1, '{}', '{}')");

  refuses(url,
          "insert into noetl.queue (queue_id, execution_id, node_id, step, tool_kind, pool, max_attempts, "
          "context) "
          "values (2, 7, 'start', 'start', 'noop', 'default', 3, '{}')");
  refuses(url, "update noetl.execution set status = 'completed', finished_at = now()");
  refuses(url, "update noetl.execution set outstanding = 0");
}

TEST_CASE("claiming and finishing a plain command touch no index") {
  const auto url = migrated();
  (void)sql(url,
            "insert into noetl.queue (queue_id, step, tool_kind, pool, max_attempts, context) "
            "select i, 'noop', 'noop', 'default', 3, '{}' from generate_series(1, 500) as i");

  (void)sql(url,
            "update noetl.queue set status = 'running', epoch = 1, attempts = 1, worker_id = 'w', claimed_at "
            "= now(); "
            "select pg_stat_force_next_flush(); select 1");
  const auto hot = sql_number(url, "select n_tup_hot_upd from pg_stat_user_tables where relname = 'queue'");

  // Some pages fill up; most updates must have stayed on theirs.
  CHECK(hot > 250);
}

TEST_CASE(
    "who cannot reach the database is told in one line what names it; a refusal of Postgres is told without that") {
  const std::string nowhere = "host=/nowhere dbname=noetl";
  for (const auto& error : {migrations::migration_status(nowhere).error(), migrations::migrate_up(nowhere).error(),
                            migrations::role_of(nowhere).error()}) {
    CAPTURE(error.message);
    CHECK(error.code == base::ErrorCode::unavailable);
    CHECK(error.message.find('\n') == std::string::npos);
    CHECK(error.message.find("/nowhere/.s.PGSQL.5432") != std::string::npos);
    CHECK(error.message.ends_with(
        "; database-url (NOETL_DATABASE_URL) says which database, or postgres-host, postgres-user, "
        "postgres-password (POSTGRES_HOST, …)"));
  }
  const auto url = support::shared_postgres().create_database();
  sql(url, "create schema noetl; create view noetl.schema_migration as select 1 as version");
  const auto refused = migrations::migration_status(url).error();
  CAPTURE(refused.message);
  CHECK(refused.message.find('\n') == std::string::npos);
  CHECK(refused.message.find("NOETL_DATABASE_URL") == std::string::npos);
}

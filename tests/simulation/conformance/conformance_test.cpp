#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <pqxx/pqxx>

#include "server/migrations/migrations.hpp"
#include "tests/simulation/conformance/sequence.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/sql.hpp"

namespace noetl::simulation {
namespace {

constexpr int sequences = 40;
constexpr int statements = 80;

// now() of the statements and of the tables' defaults is a row of a table: found before pg_catalog's.
constexpr const char* manual_clock = R"(
create schema test_clock;
create table test_clock.clock (at timestamptz not null);
insert into test_clock.clock values ('2026-01-01 00:00:00+00');
create function test_clock.now() returns timestamptz language sql stable as $$ select at from test_clock.clock $$;
create function test_clock.statement_timestamp() returns timestamptz language sql stable as $$ select at from test_clock.clock $$;
)";

constexpr const char* empty_tables = R"(
truncate noetl.queue, noetl.worker, noetl.claim, noetl.execution, noetl.event, noetl.dead_letter, noetl.loop_item,
  noetl.queue_change, noetl.queue_depth, noetl.result;
update test_clock.clock set at = '2026-01-01 00:00:00+00';
)";

// As noetl-model-sequence dumps its tables.
constexpr const char* dump_tables = R"(
with ms as (select '2026-01-01 00:00:00+00'::timestamptz as zero)
select 'queue ' || queue_id || ' ' || coalesce(execution_id, 0) || ' ' || status || ' ' || epoch || ' ' || attempts || '/' ||
  max_attempts || ' ' || priority || ' ' || coalesce(worker_id, '-') || ' ' ||
  coalesce((extract(epoch from available_at - zero) * 1000)::bigint::text, '-') || ' ' ||
  coalesce((extract(epoch from claimed_at - zero) * 1000)::bigint::text, '-') || ' ' ||
  coalesce((extract(epoch from finished_at - zero) * 1000)::bigint::text, '-') || ' ' ||
  (extract(epoch from created_at - zero) * 1000)::bigint || ' ' ||
  case when cancel_requested then 't' else 'f' end || ' ' || coalesce(idempotency_key, '-') || ' ' ||
  coalesce(result::text, '-') || ' ' || coalesce(error::text, '-') from noetl.queue, ms
union all
select 'worker ' || worker_id || ' ' || status || ' ' || case when should_drain then 't' else 'f' end || ' ' || running || ' ' ||
  (extract(epoch from lease_until - zero) * 1000)::bigint from noetl.worker, ms
union all
select 'claim ' || worker_id || ' ' || claim_id || ' ' ||
  (select string_agg(id::text, ',' order by id) from unnest(queue_ids) as id) || ' ' ||
  (extract(epoch from claimed_at - zero) * 1000)::bigint from noetl.claim, ms
union all
select 'execution ' || execution_id || ' ' || status || ' ' || outstanding || ' ' || state || ' ' ||
  case when is_parent_told then 't' else 'f' end from noetl.execution
union all
select 'event ' || coalesce(e.event_id, 0) || ' ' || coalesce(h.queue_id, 0) || ' ' || h.event_type || ' ' || coalesce(h.status, '-')
from noetl.event_history h left join noetl.event e using (event_id)
union all
select 'dead ' || queue_id || ' ' || error_kind || ' ' || attempts from noetl.dead_letter
union all
select 'item ' || item_index || ' ' || status || ' ' || coalesce(result::text, '-') from noetl.loop_item
union all
select 'depth ' || pool || ' ' || status || ' ' || sum(n) from (
  select pool, status, count as n from noetl.queue_depth union all select pool, status, change from noetl.queue_change) as d
group by pool, status having sum(n) <> 0
)";

std::vector<std::string> model_lines(std::uint64_t seed) {
  const auto command =
      std::string(NOETL_MODEL_SEQUENCE) + " " + std::to_string(seed) + " " + std::to_string(statements);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), &pclose);
  REQUIRE(pipe);
  std::vector<std::string> lines;
  std::string line;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    lines.push_back(std::move(line));
    line.clear();
  }
  return lines;
}

// A database whose clock stands still.
struct ManualDatabase {
  ManualDatabase() : url(support::shared_postgres().create_database()) {
    (void)support::sql(url, manual_clock);
    url += url.find('?') == std::string::npos ? "?" : "&";
    url += "options=-csearch_path%3Dtest_clock,pg_catalog,public";
    const auto migrated = migrations::migrate_up(url, path);
    REQUIRE_MESSAGE(migrated, migrated.error().message);
    (void)support::sql(url,
                       "insert into noetl.catalog (catalog_id, path, version, name, content, checksum) "
                       "values (1, 'p', 1, 'p', '', repeat('0', 64))");
  }
  static constexpr const char* path = "test_clock, pg_catalog, public";
  std::string url;
};

std::vector<std::string> dumped(pqxx::connection& link) {
  pqxx::nontransaction transaction(link);
  std::vector<std::string> lines;
  for (const auto& row : transaction.exec(dump_tables)) lines.emplace_back(row[0].c_str());
  std::sort(lines.begin(), lines.end());
  return lines;
}

// Where the two part, with what led there.
std::string difference(const std::vector<std::string>& real, const std::vector<std::string>& model) {
  std::string context;
  for (std::size_t i = 0; i < std::max(real.size(), model.size()); ++i) {
    const std::string left = i < real.size() ? real[i] : "(nothing)";
    const std::string right = i < model.size() ? model[i] : "(nothing)";
    if (left != right) return context + "Postgres: " + left + "\nmodel:    " + right;
    if (!left.starts_with("  ")) context += left + "\n";
  }
  return {};
}

}  // namespace

TEST_CASE("the model's statements answer and leave what Postgres answers and leaves") {
  const ManualDatabase database;
  postgres::ConnectionPool connections(
      postgres::PoolSettings{.database_url = database.url, .connections_max = 2, .search_path = ManualDatabase::path});
  pqxx::connection link(database.url);

  for (std::uint64_t seed = 1; seed <= sequences; ++seed) {
    INFO("seed " << seed);
    {
      pqxx::work transaction(link);
      transaction.exec(empty_tables);
      transaction.commit();
    }
    const Bench bench{.connections = connections,
                      .advance =
                          [&](std::chrono::milliseconds by) {
                            pqxx::work transaction(link);
                            transaction.exec("update test_clock.clock set at = at + interval '" +
                                             std::to_string(by.count()) + " milliseconds'");
                            transaction.commit();
                          },
                      .dump = [&] { return dumped(link); }};

    const auto real = run_sequence(bench, seed, statements);

    const auto parted = difference(real, model_lines(seed));
    REQUIRE_MESSAGE(parted.empty(), parted);
    REQUIRE(real.size() > static_cast<std::size_t>(statements));
  }
}

}  // namespace noetl::simulation

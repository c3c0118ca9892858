#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "server/doctor/stack_checks.hpp"
#include "server/migrations/migrations.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/postgres/errors.hpp"

namespace noetl::doctor {
namespace {

using std::chrono::microseconds;

constexpr microseconds clock_difference_max{2'000'000};
constexpr double connections_share_max = 0.8;
constexpr double disk_share_min = 0.1;

std::int64_t unix_us() {
  return std::chrono::duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// "0.4 ms", "2000 ms"
std::string shown(std::int64_t us) {
  char text[32];
  std::snprintf(text, sizeof text, us < 10'000 ? "%.1f ms" : "%.0f ms", static_cast<double>(us) / 1000.0);
  return text;
}

// The answer was on its way for an unknown part of the time that asking took: half of it is what the difference may be wrong by.
Check check_clock(const store::PostgresState& postgres, std::int64_t asked_us, std::int64_t answered_us) {
  auto check = named("clock of this machine");
  const auto off = (asked_us + answered_us) / 2 - postgres.now_us;
  const auto margin = (answered_us - asked_us) / 2;
  const auto said =
      shown(std::abs(off)) + (off >= 0 ? " ahead of" : " behind") + " Postgres's, give or take " + shown(margin);
  if (std::abs(off) > clock_difference_max.count() + margin) {
    find(check, Verdict::warning, {"this machine", "its clock is " + said},
         "Leases and delays follow Postgres's clock; run a time service (chrony) on both machines.");
  } else {
    check.summary = said;
  }
  return check;
}

Check check_connections(const store::PostgresState& postgres, int db_pool_size) {
  auto check = named("connections");
  const auto used = std::to_string(postgres.connections_used) + " of " + std::to_string(postgres.connections_max);
  // A server takes its pool, one connection for its duties and one that listens.
  if (db_pool_size + 2 > postgres.connections_max) {
    find(check, Verdict::broken,
         {"db-pool-size", "one server may open " + std::to_string(db_pool_size + 2) + " connections, Postgres gives " +
                              std::to_string(postgres.connections_max)},
         "Lower db-pool-size (NOETL_DB_POOL_SIZE) or raise Postgres's max_connections.");
  }
  if (postgres.connections_used > static_cast<int>(connections_share_max * postgres.connections_max)) {
    find(check, Verdict::warning, {"max_connections", used + " connections are in use"},
         "Every server may open db-pool-size + 2: lower it, raise max_connections, or find who else is "
         "connected "
         "(select application_name, count(*) from pg_stat_activity group by 1).");
  }
  if (check.total == 0) check.summary = used + " in use";
  return check;
}

Check check_durability(const store::PostgresState& postgres) {
  auto check = named("durability");
  if (postgres.fsync != "on") {
    find(check, Verdict::broken, {"fsync", "fsync is " + postgres.fsync},
         "A power cut may damage the whole database: set fsync = on.");
  }
  if (postgres.synchronous_commit == "off") {
    find(check, Verdict::broken, {"synchronous_commit", "synchronous_commit is off"},
         "What was answered with 2xx may be lost with a crash: set synchronous_commit = on.");
  }
  if (check.total == 0) check.summary = "fsync on, synchronous_commit " + postgres.synchronous_commit;
  return check;
}

Check check_autovacuum(const store::PostgresState& postgres) {
  auto check = named("autovacuum");
  for (const auto& [name, value] :
       {std::pair{"autovacuum", postgres.autovacuum}, {"track_counts", postgres.track_counts}}) {
    if (value != "on")
      find(check, Verdict::broken, {name, std::string(name) + " is " + value},
           std::string("The queue's tables grow without end: set ") + name + " = on.");
  }
  if (check.total == 0) check.summary = "on";
  return check;
}

std::string shown_bytes(double bytes) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(units); ++unit) bytes /= 1024;
  return std::to_string(std::llround(bytes)) + " " + units[unit];
}

// Only for a Postgres on this machine that tells us where its files are.
Check check_disk(const store::PostgresState& postgres) {
  auto check = named("disk of Postgres");
  const auto size = "the database has " + shown_bytes(static_cast<double>(postgres.database_bytes));
  std::error_code error;
  const std::filesystem::path folder = postgres.data_directory;
  const auto space = folder.empty() ? std::filesystem::space_info{} : std::filesystem::space(folder, error);
  if (folder.empty() || error || space.capacity == 0) {
    check.verdict = Verdict::unchecked;
    check.summary = size + "; its disk cannot be seen from here";
    check.cure = "Watch the free space where Postgres runs; its folder is shown by: show data_directory.";
    return check;
  }
  const auto free = shown_bytes(static_cast<double>(space.available)) + " of " +
                    shown_bytes(static_cast<double>(space.capacity)) + " are free";
  if (static_cast<double>(space.available) < disk_share_min * static_cast<double>(space.capacity)) {
    find(check, Verdict::warning, {folder.string(), size + ", and " + free},
         "Without space Postgres stops, and with it everything: enlarge the disk, or keep less (the settings "
         "`retention`).");
  } else {
    check.summary = size + ", " + free;
  }
  return check;
}

}  // namespace

Check check_schema(const std::string& database_url) {
  auto check = named("schema");
  const auto migrations = migrations::migration_status(database_url);
  if (!migrations && migrations.error().code == base::ErrorCode::unavailable)
    throw postgres::Unavailable(migrations.error().message);
  if (!migrations) {
    find(check, Verdict::broken, {"schema", migrations.error().message},
         "Give the server's settings (database-url or postgres-*), and the program that belongs to this "
         "database.");
    return check;
  }
  for (const auto& migration : *migrations) {
    if (migration.applied_at.empty())
      find(check, Verdict::broken, {migration.name, migration.name + " is not applied"}, "");
  }
  if (check.total > 0)
    check.cure = "Run `noetlctl migrate up` with the same settings.";
  else
    check.summary = std::to_string(migrations->size()) + " migrations, all applied";
  return check;
}

std::vector<Check> check_postgres(postgres::ConnectionPool& connections, const StackSettings& settings) {
  store::PostgresState postgres;
  std::int64_t asked_us = 0;
  // The first transaction also connects, which must not count as distance between the clocks.
  for (int i = 0; i < 2; ++i) {
    connections.transact([&](postgres::Session& session) {
      asked_us = unix_us();
      postgres = store::DoctorStatements(session).postgres();
    });
  }
  const auto answered_us = unix_us();
  return {check_clock(postgres, asked_us, answered_us), check_connections(postgres, settings.db_pool_size),
          check_durability(postgres), check_autovacuum(postgres), check_disk(postgres)};
}

}  // namespace noetl::doctor

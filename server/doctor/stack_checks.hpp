#pragma once
// Stack checks: what operators get wrong about Postgres and NATS. One thread.
#include <chrono>
#include <vector>

#include "server/doctor/check.hpp"
#include "server/notify/jetstream_notifier.hpp"

namespace noetl::postgres {
class ConnectionPool;
}

namespace noetl::doctor {

// As the server is configured.
struct StackSettings {
  std::string database_url;
  int db_pool_size = 16;
  std::chrono::milliseconds lease{5000};
  std::chrono::milliseconds heartbeat_interval{1000};
  notify::NotifierSettings notifier;  // nats.url "none": workers poll
};

// Nothing else can be asked when this one is broken. Throws postgres::Unavailable when Postgres does not answer.
[[nodiscard]] Check check_schema(const std::string& database_url);
[[nodiscard]] std::vector<Check> check_postgres(postgres::ConnectionPool& connections, const StackSettings& settings);
// Whether anything of users is in the schema noetl, or the role's search_path leads there.
[[nodiscard]] Check check_users_tables(postgres::ConnectionPool& connections);
[[nodiscard]] std::vector<Check> check_nats(postgres::ConnectionPool& connections, const StackSettings& settings);

}  // namespace noetl::doctor

#pragma once
// What the doctor's tests work with: two playbooks, one of which calls the other, worked off by hand, and the doctor's
// view of the same database. Main thread.
#include <string>
#include <vector>

#include "server/doctor/doctor.hpp"
#include "server/doctor/rule_checks.hpp"
#include "server/postgres/connection_pool.hpp"
#include "tests/integration/test_server.hpp"

namespace noetl::support {

// Registers tests/caller and tests/called.
void register_both(TestServer& server);
[[nodiscard]] base::ExecutionId execute(TestServer& server, const std::string& path);
[[nodiscard]] std::vector<base::CommandId> queued(TestServer& server);
// Works off what is queued, and what follows; `rounds` commands at most. How many it were.
int work(TestServer& server, int rounds = 1000);

struct Doctor {
  explicit Doctor(const TestServer& server)
      : connections({.database_url = server.database_url, .connections_max = 2, .is_inspection = true}) {}

  // The check of that name; throws when there is none.
  [[nodiscard]] doctor::Check rule(const std::string& name);
  [[nodiscard]] doctor::Check replays() { return doctor::check_replays(connections, {}); }
  postgres::ConnectionPool connections;
};

// Broken, about this one alone, and with a cure.
void check_found(const doctor::Check& check, const std::string& id);

}  // namespace noetl::support

#pragma once
// Rule checks: one statement of sql/queries/doctor.sql each. Those that read whole tables are left to `--deep`.
// One thread; a transaction of its own for each.
#include <vector>

#include "server/doctor/check.hpp"

namespace noetl::postgres {
class ConnectionPool;
}

namespace noetl::doctor {

[[nodiscard]] std::vector<Check> check_rules(postgres::ConnectionPool& connections, bool is_deep);

}  // namespace noetl::doctor

#include "server/doctor/doctor.hpp"

#include <iterator>

#include "server/doctor/rule_checks.hpp"
#include "server/postgres/connection_pool.hpp"

namespace noetl::doctor {
namespace {

constexpr std::chrono::seconds statement_timeout{600};

void append(std::vector<Check>& all, std::vector<Check> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

std::vector<Check> examine(const DoctorSettings& settings) {
  std::vector<Check> checks{check_schema(settings.stack.database_url)};
  // Statements of this program cannot be prepared on another schema.
  if (checks.front().verdict == Verdict::broken) return checks;
  postgres::ConnectionPool connections({.database_url = settings.stack.database_url,
                                        .connections_max = 2,
                                        .statement_timeout = statement_timeout,
                                        .is_inspection = true});
  append(checks, check_postgres(connections, settings.stack));
  checks.push_back(check_users_tables(connections));
  append(checks, check_nats(connections, settings.stack));
  append(checks, check_rules(connections, settings.is_deep));
  if (settings.is_deep) checks.push_back(check_replays(connections, settings.replay));
  return checks;
}

}  // namespace noetl::doctor

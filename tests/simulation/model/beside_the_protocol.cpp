// What the linked objects name beside what is simulated: routes that are not called here, and a checksum whose only use
// is to group errors.
#include <functional>

#include "server/postgres/sha256.hpp"
#include "server/store/executions/time_limit_statements.hpp"
#include "server/store/queue/pool_table.hpp"
#include "server/store/queue/worker_table.hpp"
#include "server/store/upkeep/pause_statements.hpp"
#include "tests/simulation/model/session.hpp"

namespace noetl::store {

namespace {
[[noreturn]] void not_here(const char* what) {
  throw std::logic_error(std::string("the simulation does not know ") + what);
}
}  // namespace

// Nothing is paused here, and so nothing postponed.
std::vector<WaitingCommand> PauseStatements::resume_commands(const std::vector<base::ExecutionId>& /*ids*/) {
  not_here("resume_commands");
}
void PoolTable::put(const wire::Pool& /*pool*/) { not_here("put_pool"); }
std::vector<wire::PoolRow> PoolTable::shown() { not_here("pools_shown"); }
wire::PoolRow PoolTable::shown_one(const std::string& /*pool*/) { not_here("pools_shown"); }
PoolRemoval PoolTable::remove(const std::string& /*pool*/) { not_here("delete_pool"); }
std::chrono::milliseconds TimeLimitStatements::until(const std::string& /*moment*/) { not_here("milliseconds_until"); }
std::vector<wire::WorkerRow> WorkerTable::list(const std::string& /*pool*/, const std::string& /*status*/) {
  not_here("list_workers");
}

}  // namespace noetl::store

namespace noetl::postgres {

std::string sha256_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
  std::string text;
  for (int i = 0; i < 64; ++i) text += digits[(hash >> (4 * (i % 16))) & 15];
  return text;
}

}  // namespace noetl::postgres

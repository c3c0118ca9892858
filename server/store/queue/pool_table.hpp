#pragma once
// PoolTable: noetl.pool through one session. One thread, as long as the session.
#include <cstdint>
#include <string>
#include <vector>

#include "shared/wire/messages/worker.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

// What came of removing a pool: it is gone unless it is in use.
struct PoolRemoval {
  std::int64_t workers = 0;  // whose leases last
  std::int64_t queued = 0, running = 0;  // commands
  bool was_known = false;  // it had settings, workers or commands
  [[nodiscard]] bool is_in_use() const { return workers > 0 || queued > 0 || running > 0; }
};

class PoolTable {
 public:
  explicit PoolTable(postgres::Session& session) : session_(session) {}

  [[nodiscard]] wire::PoolsByName all();
  void put(const wire::Pool& pool);  // attempts and retry
  // Pools with settings, commands or workers.
  [[nodiscard]] std::vector<wire::PoolRow> shown();
  [[nodiscard]] wire::PoolRow shown_one(const std::string& pool);  // with defaults when nobody knows it
  [[nodiscard]] PoolRemoval remove(const std::string& pool);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store

#pragma once
// What is claimed next, as the statements of sql/queries/queue.sql say it: by priority, then by age. Pure; one thread.
#include <string>
#include <vector>

#include "tests/simulation/model/database.hpp"

namespace noetl::simulation {

[[nodiscard]] inline bool is_due(const QueueRow& row, Time now) {
  return !row.available_at || *row.available_at <= now;
}

// What is due in the pool with a priority above 0, and then of the ids as many as it leaves room for; the ids when there is none of it.
[[nodiscard]] std::vector<base::CommandId> by_priority(const Database& database, const std::string& pool,
                                                       const std::vector<base::CommandId>& ids, std::size_t slots);

}  // namespace noetl::simulation

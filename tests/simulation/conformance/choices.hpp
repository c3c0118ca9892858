#pragma once
// Choices: what a sequence of statements draws by chance: commands, executions and workers, known ones and some that are not.
// One thread.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "server/store/executions/execution_table.hpp"
#include "shared/base/ids.hpp"
#include "tests/simulation/random.hpp"

namespace noetl::simulation {

struct Choices {
  explicit Choices(std::uint64_t seed) : random_(seed) {}

  base::CommandId some_command() { return {1000 + static_cast<std::int64_t>(random_.below(commands_ + 1))}; }
  base::ExecutionId some_execution() { return {100 + static_cast<std::int64_t>(random_.below(executions_ + 1))}; }
  std::string some_worker() { return "w" + std::to_string(random_.below(3)); }
  // Of the process behind a worker's name; mostly the same one.
  std::string some_instance() { return random_.one_in(4) ? "" : random_.one_in(5) ? "p2" : "p1"; }
  std::vector<base::CommandId> some_commands() {
    std::vector<base::CommandId> ids;
    for (int i = random_.between(1, 6); i > 0; --i) ids.push_back(some_command());
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
  }
  std::optional<std::string> any_or_one_worker() {
    return random_.one_in(2) ? std::optional<std::string>() : some_worker();
  }

  store::NewExecution new_execution() {
    store::NewExecution row;
    row.execution_id = {100 + static_cast<std::int64_t>(++executions_)};
    row.catalog_id = {1};
    row.path = "p";
    row.version = 1;
    row.outstanding = 1;
    row.state = row.workload = "{}";
    return row;
  }

  Random random_;
  std::uint64_t commands_ = 0, executions_ = 0;  // made so far
};

}  // namespace noetl::simulation

#pragma once
// MemoryArchive: what the database keeps of an execution, in maps. One thread.
#include <map>
#include <string>
#include <vector>

#include "shared/engine/engine.hpp"

namespace noetl::engine_tests {

class MemoryArchive final : public engine::Archive {
 public:
  [[nodiscard]] domain::Json result(base::ResultId id) override {
    read.push_back(id);
    return results.at(id);
  }
  [[nodiscard]] domain::Json loop_item(const std::string& loop, int index) override { return items.at(loop).at(index); }
  [[nodiscard]] domain::Json loop_results(const std::string& loop) override {
    domain::Json all = domain::Json::array();
    for (const auto& [index, outcome] : outcomes[loop]) all[static_cast<std::size_t>(index)] = outcome;
    return all;
  }
  // Takes a decision's rows in. False when an item got a second outcome, or one that nobody has begun.
  [[nodiscard]] bool take(const engine::Decision& decision) {
    bool is_right = true;
    for (const auto& loop : decision.loops) {
      int index = loop.first;
      for (const auto& item : loop.items) is_right = items[loop.loop].emplace(index++, item).second && is_right;
    }
    for (const auto& outcome : decision.loop_outcomes) {
      is_right = items[outcome.loop].contains(outcome.index) && is_right;
      is_right = outcomes[outcome.loop].emplace(outcome.index, outcome.result.get()).second && is_right;
    }
    for (const auto& large : decision.large_results) results[large.result_id] = domain::Json::parse(large.json);
    return is_right;
  }

  std::map<base::ResultId, domain::Json> results;
  std::map<std::string, std::map<int, domain::Json>> items, outcomes;
  std::vector<base::ResultId> read;
};

}  // namespace noetl::engine_tests

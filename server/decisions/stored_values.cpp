#include "server/decisions/stored_values.hpp"

#include <algorithm>

#include "shared/json/json_tree.hpp"

namespace noetl::decisions {

namespace {
using domain::Json;
constexpr int items_ahead_max = 512;
}  // namespace

Json StoredValues::result(base::ResultId id) {
  const auto pending = std::find_if(writes_.results.begin(), writes_.results.end(),
                                    [&](const auto& result) { return result.result_id == id; });
  if (pending != writes_.results.end()) return json::parse_known(pending->value);
  const auto found = store::ExecutionTable(session_).results({id});
  return found.empty() ? Json() : json::parse_known(found.begin()->second);
}

Json StoredValues::loop_item(const std::string& loop, int index) {
  auto& ahead = ahead_[loop];
  auto found = ahead.items.find(index);
  if (found == ahead.items.end()) {
    // What ended is no matter here: those updates wait for the end of the transaction, and go together.
    if (!writes_.loop_items.empty()) writes_.write_loops(session_);
    ahead.items = store::ExecutionTable(session_).loop_items(execution_id_, loop, index, index + ahead.next);
    ahead.next = std::min(2 * ahead.next, items_ahead_max);
    found = ahead.items.find(index);
  }
  return found == ahead.items.end() ? Json() : json::parse_known(found->second);
}

Json StoredValues::loop_results(const std::string& loop) {
  writes_.write_loops(session_);
  Json results = Json::array();
  for (const auto& text : store::ExecutionTable(session_).loop_results(execution_id_, loop)) {
    results.push_back(json::parse_known(text));
  }
  return results;
}

}  // namespace noetl::decisions

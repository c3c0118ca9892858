#include "server/app/stored_values.hpp"

#include <algorithm>

namespace noetl::app {

namespace {
using domain::Json;
constexpr int items_ahead = 64;
}  // namespace

Json StoredValues::result(base::ResultId id) {
  const auto pending = std::find_if(writes_.results.begin(), writes_.results.end(),
                                    [&](const auto& result) { return result.result_id == id; });
  if (pending != writes_.results.end()) return Json::parse(pending->value);
  const auto found = store::ExecutionTable(session_).results({id});
  return found.empty() ? Json() : Json::parse(found.begin()->second);
}

Json StoredValues::loop_item(const std::string& loop, int index) {
  auto& items = items_[loop];
  auto found = items.find(index);
  if (found == items.end()) {
    writes_.write_loops(session_);
    items = store::ExecutionTable(session_).loop_items(execution_id_, loop, index, index + items_ahead);
    found = items.find(index);
  }
  return found == items.end() ? Json() : Json::parse(found->second);
}

Json StoredValues::loop_results(const std::string& loop) {
  writes_.write_loops(session_);
  Json results = Json::array();
  for (const auto& text : store::ExecutionTable(session_).loop_results(execution_id_, loop)) {
    results.push_back(Json::parse(text));
  }
  return results;
}

}  // namespace noetl::app

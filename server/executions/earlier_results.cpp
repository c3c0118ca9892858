#include "server/executions/earlier_results.hpp"

#include <vector>

#include "server/store/executions/execution_table.hpp"
#include "shared/engine/state/state.hpp"

namespace noetl::executions {

using domain::Json;

void load_earlier_results(postgres::Session& session, base::ExecutionId earlier, engine::State& state) {
  store::ExecutionTable table(session);
  std::vector<base::ResultId> references;
  for (auto& [step, slot] : state.results) {
    if (slot.reference.is_set()) references.push_back(slot.reference);
    if (slot.loop.empty()) continue;
    Json results = Json::array();
    for (const auto& text : table.loop_results(earlier, slot.loop)) results.push_back(Json::parse(text));
    slot.value = engine::loop_value(std::move(results), slot.value.take());
    slot.loop.clear();
  }
  if (references.empty()) return;
  const auto stored = table.results(references);
  for (auto& [step, slot] : state.results) {
    if (!slot.reference.is_set()) continue;
    const auto found = stored.find(slot.reference);
    slot = {.value = found == stored.end() ? json::LazyJson() : json::LazyJson::of_text(found->second),
            .reference = {},
            .loop = {}};
  }
}

}  // namespace noetl::executions

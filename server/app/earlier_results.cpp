#include "server/app/earlier_results.hpp"

#include <vector>

#include "shared/engine/loop_value.hpp"
#include "server/store/execution_table.hpp"

namespace noetl::app {

using domain::Json;

void load_earlier_results(store::Session& session, base::ExecutionId earlier, engine::State& state) {
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
    slot = {
        .value = found == stored.end() ? wire::LazyJson() : wire::LazyJson::of_text(found->second), .reference = {}, .loop = {}};
  }
}

}  // namespace noetl::app

#include "shared/engine/ahead.hpp"

#include "shared/engine/state/fields.hpp"

namespace noetl::engine {

bool is_one_line(const State& state, std::size_t commands) {
  const auto& notes = state.bookkeeping;
  if (state.outstanding.size() != 1 || notes.contains("arrivals") || notes.contains("failure") ||
      notes.contains("finished"))
    return false;
  const Json* loops = map_member(notes, "loops");
  const Json* loop = loops == nullptr ? nullptr : map_member(*loops, state.outstanding.begin()->first);
  if (loop == nullptr || !is_in_line(*loop)) return false;
  return count_of(*loop, "running") + loop->value("claiming", std::int64_t{0}) == static_cast<std::int64_t>(commands);
}

bool may_run_ahead(const Decision& decision, std::size_t commands) {
  return decision.children.empty() && decision.large_results.empty() && !decision.finish &&
         is_one_line(decision.state, commands);
}

}  // namespace noetl::engine

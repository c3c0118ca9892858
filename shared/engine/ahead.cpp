#include "shared/engine/ahead.hpp"

namespace noetl::engine {

bool is_one_line(const State& state, std::size_t commands) {
  const auto& notes = state.notes;
  const bool is_going_on = notes.arrivals.empty() && notes.failure.is_null() && notes.finished.empty();
  if (state.outstanding.size() != 1 || !is_going_on) return false;
  const auto loop = notes.loops.find(state.outstanding.begin()->first);
  if (loop == notes.loops.end() || !loop->second.is_in_line()) return false;
  return loop->second.under_way() == static_cast<std::int64_t>(commands);
}

bool may_run_ahead(const Decision& decision, std::size_t commands) {
  return decision.children.empty() && decision.large_results.empty() && !decision.finish &&
         is_one_line(decision.state, commands);
}

}  // namespace noetl::engine

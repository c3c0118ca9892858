#pragma once
// Ahead: when a worker may run what an execution issues before the server has decided it, by deciding the same itself
// (docs/internals/decisions/0028). Pure; any thread.
#include <cstddef>

#include "shared/engine/engine.hpp"

namespace noetl::engine {

// Raise it when the same result of the node leads to other commands than before: a worker whose number is not the server's decides nothing.
inline constexpr int decisions_version = 1;

// Everything that is under way in the execution are `commands` commands of one loop that takes one item, or one claim, at a time:
// whoever runs them knows all that the next decision depends on.
[[nodiscard]] bool is_one_line(const State& state, std::size_t commands);

// Whether a worker that makes a decision may go on by it: is_one_line after it, and nothing but commands came of it. `commands`: those
// that run beside, and those of the decision.
[[nodiscard]] bool may_run_ahead(const Decision& decision, std::size_t commands);

}  // namespace noetl::engine

#pragma once
// A state as a tree, for who compares.
#include "shared/engine/state/state.hpp"

namespace noetl::engine {

[[nodiscard]] inline Json to_json(const State& state) { return Json::parse(state_text(state)); }

}  // namespace noetl::engine

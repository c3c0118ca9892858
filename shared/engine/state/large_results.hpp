#pragma once
// Sizes of JSON values without writing them out. Pure; any thread.
#include <cstddef>
#include <functional>
#include <vector>

#include "shared/engine/state/decision.hpp"

namespace noetl::engine {

// True when the value takes more than `bytes_max` as JSON text, nearly (escapes are not counted).
// Stops counting at the limit.
[[nodiscard]] bool is_larger(const domain::Json& value, std::size_t bytes_max);
// The same, from the length of its text where that is enough.
[[nodiscard]] bool is_larger(const json::LazyJson& value, std::size_t bytes_max);

// Puts a reference in the place of a slot's value. The value itself is given back in `value`.
[[nodiscard]] LargeResult move_out(const domain::Playbook& playbook, const std::string& step, ResultSlot& slot,
                                   base::ResultId id, json::LazyJson& value);

// What else is larger than `inline_bytes_max`, after a decision.
[[nodiscard]] std::vector<LargeResult> move_out_large(const domain::Playbook& playbook, State& state,
                                                      std::size_t inline_bytes_max,
                                                      const std::function<base::ResultId()>& new_id);

}  // namespace noetl::engine

#pragma once
// Sizes of JSON values without writing them out. Pure; any thread.
#include <cstddef>

#include "shared/engine/engine.hpp"

namespace noetl::engine {

// True when the value takes more than `bytes_max` as JSON text, nearly (escapes are not counted).
// Stops counting at the limit.
[[nodiscard]] bool is_larger(const domain::Json& value, std::size_t bytes_max);
// The same, from the length of its text where that is enough.
[[nodiscard]] bool is_larger(const wire::LazyJson& value, std::size_t bytes_max);

// Puts a reference in the place of a slot's value. The value itself is given back in `value`.
[[nodiscard]] LargeResult move_out(const domain::Playbook& playbook, const std::string& step,
                                   ResultSlot& slot, base::ResultId id, wire::LazyJson& value);

}  // namespace noetl::engine

#pragma once
// Sizes of JSON values without writing them out. Pure; any thread.
#include <cstddef>

#include "shared/domain/playbook.hpp"

namespace noetl::engine {

// True when the value takes more than `bytes_max` as JSON text, nearly (escapes are not counted).
// Stops counting at the limit.
[[nodiscard]] bool is_larger(const domain::Json& value, std::size_t bytes_max);

}  // namespace noetl::engine

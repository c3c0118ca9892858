#pragma once
// Refold: an execution decided about anew from its log, by the real engine (R5). Pure.
#include <string>

#include "tests/simulation/model/database.hpp"

namespace noetl::simulation {

// What differs from the row; empty when nothing does.
[[nodiscard]] std::string refold(const Database& database, const ExecutionRow& execution);

}  // namespace noetl::simulation

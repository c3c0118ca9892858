#pragma once
// Markup as MarkupSafe has it. Pure; any thread.
#include <string>

#include "shared/templating/values/value.hpp"

namespace noetl::templating {

// Text with & < > ' " as entities; markup as it is.
[[nodiscard]] std::string escaped(const Value& value, Budget& budget);
[[nodiscard]] std::string escaped_always(const Value& value, Budget& budget);

}  // namespace noetl::templating

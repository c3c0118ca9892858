#pragma once
// The options of each tool, as far as the language knows them: docs/reference/tools.md has what they mean, and a test
// keeps the two together. A worker may offer further tools, of which nothing is known here. Constants; any
// thread.
#include "shared/language/vocabulary/vocabulary.hpp"

namespace noetl::language::vocabulary {

// Empty for a tool whose options are not known.
[[nodiscard]] Words tool_options_of(std::string_view kind);
// What every tool may have beside its own options.
extern const Words common_tool_options;

}  // namespace noetl::language::vocabulary

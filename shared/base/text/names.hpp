#pragma once
// names_of: a list of names in a setting. Any thread.
#include <string>
#include <string_view>
#include <vector>

namespace noetl::base {

// "a, b,,c" → a, b, c: commas part them, blanks and empty ones are left out.
[[nodiscard]] std::vector<std::string> names_of(std::string_view text);

}  // namespace noetl::base

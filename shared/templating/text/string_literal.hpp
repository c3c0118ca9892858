#pragma once
// Escapes of Python's string literals. Pure; any thread.
#include <string>
#include <string_view>

namespace noetl::templating {

// The text between the quotes, unescaped; unknown escapes stay as they are. Throws Failure (syntax) at
// `offset` on \x or \u without enough digits.
[[nodiscard]] std::string unescape(std::string_view literal, std::size_t offset);

}  // namespace noetl::templating

#pragma once
// read_escaped_point: one \uXXXX of a JSON text, or two that are halves of a pair, as UTF-8. Pure; any thread.
#include <string>
#include <string_view>

namespace noetl::json {

// `text` begins behind the first \u. Where it goes on; null: no code point, or half of a pair alone.
[[nodiscard]] const char* read_escaped_point(std::string_view text, std::string& into);

}  // namespace noetl::json

#pragma once
// JSON and Python literals from text that nobody vouches for: bounded depth, no exceptions. Pure; any
// thread.
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace noetl::templating {

using Json = nlohmann::json;

// The most bytes that the tree of such a text takes; counted without making it.
[[nodiscard]] std::size_t tree_bytes_max(std::string_view text);
// A number in the text is an integer beyond 64 bits, which would be read as another, rounded number.
[[nodiscard]] bool has_wide_integer(std::string_view text);
// Nothing when it is not JSON or nests deeper than 100.
[[nodiscard]] std::optional<Json> parse_json(std::string_view text);
// ast.literal_eval: numbers, strings, True, False, None, lists, tuples, dicts. Nothing when it is
// something else.
[[nodiscard]] std::optional<Json> parse_python_literal(std::string_view text);

}  // namespace noetl::templating

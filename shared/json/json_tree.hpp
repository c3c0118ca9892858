#pragma once
// build_tree: parses JSON into a tree as nlohmann::json::parse does, but refuses an object that names a field
// twice: which of the two counts differs between programs, so what a proxy checked could be something else than
// what runs. Pure; any thread.
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace noetl::json {

// What is wrong with it, and where, for a person to read. Nesting is not bounded here, but never recursed on either.
[[nodiscard]] tl::expected<nlohmann::json, std::string> build_tree(std::string_view text);

// Of text that was checked when it came in: several times faster than nlohmann::json::parse, and else the same, to the
// exception that it throws.
[[nodiscard]] nlohmann::json parse_known(std::string_view text);

// Leaves `value` empty. nlohmann's destructor moves every value inside onto a stack of its own first, so that depth cannot
// hurt it; this one goes down itself as far as what was checked may nest, in a fraction of the time.
void drop_tree(nlohmann::json& value) noexcept;

}  // namespace noetl::json

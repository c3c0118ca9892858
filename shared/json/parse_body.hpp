#pragma once
// parse_body: turns the bytes of a request into JSON, or says with the byte offset why it is none.
// Refuses what would hurt further on: too large, too deep (without recursing on it), NUL as a byte or as
// \u0000 (Postgres cannot store it), invalid UTF-8, and numbers that would be rounded (json_number.hpp). Free function; any thread.
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "shared/base/result.hpp"
#include "shared/base/text/utf8.hpp"
#include "shared/domain/json_shape.hpp"

namespace noetl::json {

inline constexpr std::size_t body_bytes_max_default = 64 * 1024 * 1024;
inline constexpr std::size_t body_depth_max_default = domain::json_depth_max;
// Values (texts, numbers, words, lists, maps) that become a tree at once: as many as YAML may have. A tree takes tree_bytes
// for each of them, up to thirty times what the text takes.
inline constexpr std::size_t body_values_max_default = 200'000;
inline constexpr std::size_t tree_value_bytes = 96;
using domain::result_values_max;  // as text; a tree of a result exists where somebody looks inside

struct BodyBounds {
  std::size_t bytes_max = body_bytes_max_default;
  std::size_t depth_max = body_depth_max_default;
  std::size_t values_max = body_values_max_default;
  bool refuses_rounding = true;  // false: of what is there already, and was checked where it came in
};

[[nodiscard]] base::Result<nlohmann::json> parse_body(std::string_view text, const BodyBounds& bounds);
[[nodiscard]] base::Result<nlohmann::json> parse_body(std::string_view text,
                                                      std::size_t bytes_max = body_bytes_max_default,
                                                      std::size_t depth_max = body_depth_max_default);

// How many values it has, or what parse_body refuses before it parses: size, encoding, NUL, depth, number of values.
[[nodiscard]] base::Result<std::size_t> count_values(std::string_view text, const BodyBounds& bounds);
// The same for who needs no number. Nothing: it may be parsed.
[[nodiscard]] std::optional<base::Error> check_body(std::string_view text, const BodyBounds& bounds = {});

using base::find_invalid_utf8;

}  // namespace noetl::json

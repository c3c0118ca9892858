#pragma once
// Values between Postgres's text format and JSON. What goes out is what comes in. Pure functions; any thread.
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"
#include "worker/tools/decimal.hpp"
#include "worker/tools/postgres/sql/types.hpp"

namespace noetl::tools::postgres {

// Appends the JSON form of one value: integers, floats, booleans, json as values, arrays as lists, timestamps
// as ISO 8601, bytea as base64; what has no JSON form of its own (uuid, inet, NaN, …) as text.
void append_json(std::string& to, const Types& types, TypeId id, std::string_view text, NumericAs numeric);

// The text that Postgres reads as a value of that type; nothing for null. Lists become array literals for array
// types and JSON for all others; type 0 is "not known". invalid_input: what cannot be a bytea.
[[nodiscard]] base::Result<std::optional<std::string>> parameter_text(const nlohmann::json& value, const Types& types,
                                                                      TypeId id);

// Is the text of a map or a list? Any other text is a JSON string where JSON is wanted.
[[nodiscard]] bool is_json_structure(std::string_view text);

// The bytes of both of Postgres's output formats: \x6869, and the older hi\\\000.
[[nodiscard]] std::string bytes_of(std::string_view text);
// Hexadecimal as Postgres reads bytea.
[[nodiscard]] std::string bytea_text(std::string_view bytes);

}  // namespace noetl::tools::postgres

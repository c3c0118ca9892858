#pragma once
// Values between Postgres's text format and JSON. Pure functions; any thread.
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "worker/tools/decimal.hpp"

namespace noetl::tools::postgres {

using TypeId = unsigned;  // an OID of pg_type

// Appends the JSON form of one value: integers, floats, booleans, json as values, arrays as lists, timestamps
// as ISO 8601, bytea as base64; what has no JSON form of its own (uuid, inet, NaN, …) as text.
void append_json(std::string& to, TypeId type, std::string_view text, NumericAs numeric);

// The text that Postgres reads as a value of that type; nothing for null. Lists become array literals for array
// types and JSON for all others; type 0 is "not known".
[[nodiscard]] std::optional<std::string> parameter_text(const nlohmann::json& value, TypeId type);

[[nodiscard]] bool is_array_type(TypeId type);

}  // namespace noetl::tools::postgres

#pragma once
// What messages say of a schema: "an integer from 1 to 1000". Pure; any thread.
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace noetl::schema {

// Of a schema that is no reference. Null stands beside nearly every type and means "left out": it is not named.
[[nodiscard]] std::string expectation(const nlohmann::json& schema);

// Of what our own schemas must be: throws std::logic_error with what is wrong when they are not.
void hold(bool condition, const std::string& problem);

// Is the value of this type of JSON Schema? A number without a fraction is an integer, however it is written.
[[nodiscard]] bool is_of_type(const nlohmann::json& value, std::string_view type);
// The same of a schema's `type`, a name or a list of names.
[[nodiscard]] bool is_of_types(const nlohmann::json& value, const nlohmann::json& types);

}  // namespace noetl::schema

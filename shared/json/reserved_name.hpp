#pragma once
// "$template": the one name that data may not have as a member. The server leaves templates of secrets in commands as
// {"$template": …}, and the worker renders them with the keychain; data that looked like one would have the worker put
// secrets where the data's author wants them. Pure; any thread.
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace noetl::json {

inline constexpr std::string_view reserved_name = "$template";

[[nodiscard]] bool has_reserved_name(const nlohmann::json& value);
// The same of JSON text; texts without it, nearly all, are only searched, not parsed.
[[nodiscard]] bool has_reserved_name(std::string_view json);
// JSON text with every such member called "$template_".
[[nodiscard]] std::string without_reserved_names(std::string json);

}  // namespace noetl::json

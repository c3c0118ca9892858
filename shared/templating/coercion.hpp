#pragma once
// Coercion: the JSON that NoETL reads out of rendered text (noetl-reference.md section 4a). Pure; any
// thread.
#include <nlohmann/json.hpp>
#include <string>

namespace noetl::templating {

using Json = nlohmann::json;

// JSON objects and arrays, Python literals, true/false, integers, floats, none/null become what they
// say; other text, the empty one and numbers beyond 64 bits stay text.
[[nodiscard]] Json coerced(std::string text);

}  // namespace noetl::templating

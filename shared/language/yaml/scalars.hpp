#pragma once
// What a plain YAML scalar means, by the rules of PyYAML's SafeLoader (YAML 1.1). Pure; any thread.
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace noetl::language {

using Json = nlohmann::json;

// null, bool, integer, float or the text itself. Dates stay text, as JSON has none; so do .inf, .nan
// and integers beyond 64 bits, which JSON could not carry unchanged, and fractions to base 60 (1:30.5).
[[nodiscard]] Json resolve_plain_scalar(const std::string& text);

// What an author may not expect of a plain scalar that was read as `value`: NO is a boolean, 012 is ten, 22:22 is minutes, 3.10
// is 3.1. Empty when it is what it looks like.
[[nodiscard]] std::string surprise_of(const std::string& text, const Json& value);

// The value under an explicit tag such as "tag:yaml.org,2002:int"; nothing when the text does not fit
// the tag or the tag is not a plain type.
[[nodiscard]] std::optional<Json> resolve_tagged_scalar(std::string_view tag, const std::string& text);

}  // namespace noetl::language

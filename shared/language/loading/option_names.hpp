#pragma once
// Options that NoETL names with their unit, as the language's own: `timeout_seconds: 5` is `timeout: 5`, `delay_ms: 200` is
// `delay: 200ms`. Pure; any thread.
#include <optional>
#include <string>
#include <string_view>

#include "shared/language/yaml/findings.hpp"
#include "shared/language/yaml/yaml.hpp"

namespace noetl::language {

// The duration's own name, or nothing for a key that names none with a unit.
[[nodiscard]] std::optional<std::string> name_without_unit(std::string_view key);
// The value of such a member as the language writes it: 200 of `delay_ms` as 200ms. Of another key as it is.
[[nodiscard]] domain::Json with_unit_of(std::string_view key, const domain::Json& value);
// Replaces such members of a map of options by the language's own. Where both are given, the own one counts, and a
// warning at `mark` says so.
void take_units_from_names(domain::Json& options, const std::string& path, domain::SourceMark mark, Findings& findings);
// The same in what `spec` says of retries: `retry` and `policy.rules`.
void take_units_from_retries(domain::Json& spec, const std::string& path, domain::SourceMark mark, Findings& findings);

}  // namespace noetl::language

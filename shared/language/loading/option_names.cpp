#include "shared/language/loading/option_names.hpp"

#include <array>
#include <utility>
#include <vector>

namespace noetl::language {
namespace {

using domain::Json;

constexpr auto durations = std::to_array<std::string_view>({"timeout", "delay", "initial_delay", "max_delay"});
struct Unit {
  std::string_view ending;
  const char* unit;  // as durations are written; seconds need none
};
constexpr auto units = std::to_array<Unit>({{"_seconds", ""},
                                            {"_secs", ""},
                                            {"_sec", ""},
                                            {"_s", ""},
                                            {"_ms", "ms"},
                                            {"_milliseconds", "ms"},
                                            {"_minutes", "m"}});

const Unit* unit_of(std::string_view key, std::string_view& name) {
  for (const auto& unit : units) {
    if (!key.ends_with(unit.ending)) continue;
    name = key.substr(0, key.size() - unit.ending.size());
    for (const auto duration : durations)
      if (name == duration) return &unit;
  }
  return nullptr;
}

Json with_unit(const Json& value, const char* unit) {
  if (*unit == '\0' || value.is_null()) return value;
  return (value.is_string() ? value.get<std::string>() : value.dump()) + unit;
}

}  // namespace

std::optional<std::string> name_without_unit(std::string_view key) {
  std::string_view name;
  if (unit_of(key, name) == nullptr) return std::nullopt;
  return std::string(name);
}

Json with_unit_of(std::string_view key, const Json& value) {
  std::string_view name;
  const auto* unit = unit_of(key, name);
  return unit == nullptr ? value : with_unit(value, unit->unit);
}

void take_units_from_names(Json& options, const std::string& path, domain::SourceMark mark, Findings& findings) {
  if (!options.is_object()) return;
  std::vector<std::pair<std::string, const Unit*>> found;
  for (const auto& [key, value] : options.items()) {
    std::string_view name;
    if (const auto* unit = unit_of(key, name)) found.emplace_back(key, unit);
  }
  for (const auto& [key, unit] : found) {
    const std::string name = *name_without_unit(key);
    Json value = std::move(options[key]);
    options.erase(key);
    if (options.contains(name)) {
      findings.warning(path, mark, "`" + name + "` and `" + key + "` say the same; `" + name + "` counts");
    } else {
      options[name] = with_unit(value, unit->unit);
    }
  }
}

void take_units_from_retries(Json& spec, const std::string& path, domain::SourceMark mark, Findings& findings) {
  if (!spec.is_object()) return;
  if (const auto retry = spec.find("retry"); retry != spec.end()) take_units_from_names(*retry, path, mark, findings);
  const auto policy = spec.find("policy");
  if (policy == spec.end() || !policy->is_object()) return;
  const auto rules = policy->find("rules");
  if (rules == policy->end() || !rules->is_array()) return;
  for (auto& rule : *rules) {
    Json* at = &rule;
    for (const auto* name : {"else", "then"}) {
      if (at->is_object() && at->contains(name)) at = &(*at)[name];
    }
    take_units_from_names(*at, path, mark, findings);
  }
}

}  // namespace noetl::language

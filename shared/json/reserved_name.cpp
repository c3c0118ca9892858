#include "shared/json/reserved_name.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "shared/domain/json_text.hpp"

namespace noetl::json {
namespace {

using Json = nlohmann::json;

// A dollar sign may be written as an escape.
bool may_have_it(std::string_view json) {
  return json.find(reserved_name) != std::string_view::npos || json.find("\\u0024") != std::string_view::npos;
}

void rename(Json& value) {
  if (!value.is_structured()) return;
  for (auto& inner : value) rename(inner);
  if (!value.is_object()) return;
  const auto found = value.find(reserved_name);
  if (found == value.end()) return;
  Json inner = std::move(*found);
  value.erase(found);
  value[std::string(reserved_name) + "_"] = std::move(inner);
}

}  // namespace

bool has_reserved_name(const Json& value) {
  if (!value.is_structured()) return false;
  if (value.is_object() && value.contains(reserved_name)) return true;
  return std::any_of(value.begin(), value.end(), [](const Json& inner) { return has_reserved_name(inner); });
}

bool has_reserved_name(std::string_view json) {
  return may_have_it(json) && has_reserved_name(Json::parse(json, nullptr, false));
}

std::string without_reserved_names(std::string json) {
  if (!may_have_it(json)) return json;
  Json value = Json::parse(json, nullptr, false);
  if (value.is_discarded() || !has_reserved_name(value)) return json;
  rename(value);
  return domain::json_text(value);
}

}  // namespace noetl::json

#include "shared/engine/state/fields.hpp"

#include <algorithm>

namespace noetl::engine {

using domain::Json;

namespace {
const Json& null_value() {
  static const Json nothing;
  return nothing;
}
}  // namespace

std::string text_of(const Json& spec, std::initializer_list<std::string_view> names) {
  if (spec.is_string()) return spec.get<std::string>();
  if (!spec.is_object()) return {};
  for (const auto name : names) {
    const auto found = spec.find(name);
    if (found != spec.end() && found->is_string()) return found->get<std::string>();
  }
  return {};
}

const Json* map_member(const Json& spec, std::string_view name) {
  if (!spec.is_object()) return nullptr;
  const auto found = spec.find(name);
  return found != spec.end() && found->is_object() ? &*found : nullptr;
}

const Json& first_member(std::string_view name, std::initializer_list<const Json*> maps) {
  for (const Json* map : maps) {
    if (!map->is_object()) continue;
    if (const auto found = map->find(name); found != map->end()) return *found;
  }
  return null_value();
}

const Json& first_of(const Json& map, std::initializer_list<std::string_view> names) {
  if (!map.is_object()) return null_value();
  for (const auto name : names) {
    if (const auto found = map.find(name); found != map.end()) return *found;
  }
  return null_value();
}

const Json* at_path(const Json& value, std::string_view path) {
  const Json* at = &value;
  while (!path.empty()) {
    const auto dot = path.find('.');
    const auto name = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    if (!at->is_object()) return nullptr;
    const auto found = at->find(name);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

bool has_template(const Json& text) {
  return text.is_string() && text.get_ref<const std::string&>().find("{{") != std::string::npos;
}

bool mentions(const Json& value, std::string_view word) {
  if (value.is_string()) return value.get_ref<const std::string&>().find(word) != std::string::npos;
  if (!value.is_structured()) return false;
  return std::any_of(value.begin(), value.end(), [&](const Json& inner) { return mentions(inner, word); });
}

}  // namespace noetl::engine

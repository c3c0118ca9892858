#pragma once
// Reading the fields of a rule's actions, which the loader keeps as written: every one may be a plain
// text or a map. Pure; any thread.
#include <initializer_list>
#include <string>
#include <string_view>

#include "shared/domain/playbook.hpp"

namespace noetl::engine {

// The first of the named members that is a text; the spec itself when it is a text; else empty.
[[nodiscard]] inline std::string text_of(const domain::Json& spec, std::initializer_list<std::string_view> names) {
  if (spec.is_string()) return spec.get<std::string>();
  if (!spec.is_object()) return {};
  for (const auto name : names) {
    const auto found = spec.find(name);
    if (found != spec.end() && found->is_string()) return found->get<std::string>();
  }
  return {};
}

// A member that is a map, or nothing.
[[nodiscard]] inline const domain::Json* map_member(const domain::Json& spec, std::string_view name) {
  if (!spec.is_object()) return nullptr;
  const auto found = spec.find(name);
  return found != spec.end() && found->is_object() ? &*found : nullptr;
}

}  // namespace noetl::engine

#pragma once
// What the template tests share: rendering with a scope that is one JSON object. One thread.
#include <doctest/doctest.h>

#include <string>

#include "shared/templating/template.hpp"

namespace noetl::templating {

// The rendered text, or "ERROR: …".
inline std::string rendered(std::string_view source, const Json& names = Json::object()) {
  const auto parsed = parse(source);
  if (!parsed) {
    return "ERROR: " + parsed.error().message;
  }
  Scope scope;
  scope.add_layer(names);
  const auto text = (*parsed)->render(scope);
  return text ? *text : "ERROR: " + text.error().message;
}

// The native value of one expression, or "ERROR: …" as text.
inline Json evaluated(const std::string& expression, const Json& names = Json::object()) {
  const auto parsed = parse("{{ " + expression + " }}");
  if (!parsed) {
    return "ERROR: " + parsed.error().message;
  }
  Scope scope;
  scope.add_layer(names);
  const auto value = (*parsed)->evaluate(scope);
  return value ? *value : Json("ERROR: " + value.error().message);
}

inline bool is_refused(const std::string& source, const Json& names = Json::object()) {
  return rendered(source, names).starts_with("ERROR: ");
}

}  // namespace noetl::templating

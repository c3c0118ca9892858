#pragma once
// Checks: {{ value is name(arguments) }}, what Jinja calls tests. Pure; any thread.
#include <string_view>

#include "shared/templating/program/filters.hpp"

namespace noetl::templating {

struct Check {
  std::string_view name;
  std::string_view parameters;
  bool (*holds)(const Use& use);
};

// Null when there is none.
[[nodiscard]] const Check* find_check(std::string_view name);
[[nodiscard]] bool does_hold(const Check& check, Renderer& renderer, const Value& input, const Arguments& arguments);

}  // namespace noetl::templating

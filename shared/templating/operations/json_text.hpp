#pragma once
// json_dumps: values as JSON, as Python's json.dumps writes them. Pure; any thread.
#include <string>

#include "shared/templating/values/budget.hpp"
#include "shared/templating/values/value.hpp"

namespace noetl::templating {

struct JsonStyle {
  int indent = -1;  // none: one line with ", " and ": "
  bool sorts_keys = true;
};

// json.dumps with ensure_ascii. Fails on what JSON cannot hold.
[[nodiscard]] std::string json_dumps(const Value& value, JsonStyle style, Budget& budget);

}  // namespace noetl::templating

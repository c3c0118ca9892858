#pragma once
// Coercion: the JSON that NoETL reads out of rendered text (docs/reference/types.md), and what keeps it text. Pure; any
// thread.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "shared/templating/program/ast.hpp"

namespace noetl::templating {

using Json = nlohmann::json;

// Without the blanks around it.
[[nodiscard]] std::string_view trimmed(std::string_view text);

// How the text of a rendering is read.
enum class Reading : std::uint8_t {
  by_looks,  // a number or a word when printing it gives the same text; a list or a map
  by_looks_in_layout,  // the same with blanks around it, which the lines of {% if %} blocks leave
  structures,  // a list or a map, nothing else
  as_json,  // what `tojson` wrote is what it was made of
  as_text,
};

// By what made it: `| string` and `~` make a text that stays one.
[[nodiscard]] Reading reading_of(const Program& program);

// JSON objects and arrays and Python's spelling of them, true/false, integers, floats, none/null become what they
// say; other text, the empty one and numbers that would be printed differently stay text.
[[nodiscard]] Json coerced(std::string text, Reading reading);

}  // namespace noetl::templating

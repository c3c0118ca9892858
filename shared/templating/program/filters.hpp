#pragma once
// Filters: {{ value | name(arguments) }}. A table per subject, looked up once when a template is parsed.
// Pure; any thread.
#include <string_view>

#include "shared/templating/operations/arguments.hpp"
#include "shared/templating/values/budget.hpp"
#include "shared/templating/values/value.hpp"

namespace noetl::templating {

class Renderer;

// One use of a filter or check.
struct Use {
  Renderer& renderer;
  Budget& budget;
  const Value& input;
  const Bound& bound;  // by `parameters`; empty when that is "*"
  const Arguments& arguments;  // as written
};

struct Filter {
  std::string_view name;
  std::string_view parameters;  // see Bound; "*": takes `arguments` as they are
  Value (*apply)(const Use& use);
};

// Null when there is none.
[[nodiscard]] const Filter* find_filter(std::string_view name);
[[nodiscard]] Value apply_filter(const Filter& filter, Renderer& renderer, const Value& input,
                                 const Arguments& arguments);

struct FilterTable {
  const Filter* begin;
  const Filter* end;
};
[[nodiscard]] FilterTable text_filters();
[[nodiscard]] FilterTable number_filters();
[[nodiscard]] FilterTable sequence_filters();
[[nodiscard]] FilterTable selection_filters();
[[nodiscard]] FilterTable layout_filters();
[[nodiscard]] FilterTable json_filters();

}  // namespace noetl::templating

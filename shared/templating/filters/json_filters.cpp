// Filters that encode and decode: JSON and base64.
#include <algorithm>

#include "shared/base/text/base64.hpp"
#include "shared/templating/operations/json_text.hpp"
#include "shared/templating/operations/operators.hpp"
#include "shared/templating/program/filters.hpp"
#include "shared/templating/text/json_parsing.hpp"
#include "shared/templating/values/python_text.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

int indent_of(const Use& use) {
  const std::int64_t indent = use.bound.integer(0, -1);
  if (indent > 100) {
    fail_bound("an indent of more than 100 blanks");
  }
  return static_cast<int>(indent);
}

// json.dumps as Jinja's tojson does it: no character that means something in HTML.
Value to_json_in_html(const Use& use) {
  const std::string plain = json_dumps(use.input, {.indent = indent_of(use)}, use.budget);
  constexpr std::size_t escape_bytes = 6;
  const auto special = static_cast<std::size_t>(
      std::count_if(plain.begin(), plain.end(), [](char c) { return c == '<' || c == '>' || c == '&' || c == '\''; }));
  use.budget.check_room(plain.size() + special * escape_bytes);
  std::string out;
  out.reserve(plain.size());
  for (const char c : plain) {
    switch (c) {
      case '<': out += "\\u003c"; break;
      case '>': out += "\\u003e"; break;
      case '&': out += "\\u0026"; break;
      case '\'': out += "\\u0027"; break;
      default: out += c;
    }
  }
  use.budget.spend_bytes(out.size());
  return Value::markup(std::move(out));
}

Value to_plain_json(const Use& use) {
  return use.budget.text(json_dumps(use.input, {.indent = indent_of(use), .sorts_keys = false}, use.budget));
}

Value to_nice_json(const Use& use) { return use.budget.text(json_dumps(use.input, {.indent = 4}, use.budget)); }

Value from_json(const Use& use) {
  if (!use.input.is_text()) {
    if (use.input.is_undefined()) {
      fail_use_of_undefined(use.input);
    }
    return use.input;  // already parsed: results arrive as objects more often than as text
  }
  use.budget.spend_bytes(use.input.as_text().size());
  // Twice: as a value here, and as a part of what leaves the rendering.
  use.budget.keep_bytes(2 * tree_bytes_max(use.input.as_text()));
  auto json = parse_json(use.input.as_text());
  if (!json) {
    fail("from_json: the text is not JSON");
  }
  if (has_wide_integer(use.input.as_text())) {
    fail("from_json: the text has an integer beyond 64 bits, which would be read as another number");
  }
  return Value::owned_json(std::move(*json));
}

Value base64_encode(const Use& use) { return use.budget.text(base::base64_encoded(python_str(use.input, use.budget))); }

Value base64_decode(const Use& use) {
  auto bytes = base::base64_decoded(python_str(use.input, use.budget));
  if (!bytes) {
    fail("b64decode: the text is not base64");
  }
  if (!unicode::is_valid(*bytes)) {
    fail("b64decode: the bytes are no UTF-8 text");
  }
  return use.budget.text(*std::move(bytes));
}

constexpr Filter json_filter_rows[] = {
    {"b64decode", "", base64_decode},      {"b64encode", "", base64_encode},     {"from_json", "", from_json},
    {"fromjson", "", from_json},           {"to_json", "indent", to_plain_json}, {"to_nice_json", "", to_nice_json},
    {"tojson", "indent", to_json_in_html},
};

}  // namespace

FilterTable json_filters() { return {std::begin(json_filter_rows), std::end(json_filter_rows)}; }

}  // namespace noetl::templating

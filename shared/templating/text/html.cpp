#include "shared/templating/text/html.hpp"

#include <algorithm>

#include "shared/templating/values/budget.hpp"
#include "shared/templating/values/python_text.hpp"

namespace noetl::templating {

std::string escaped_always(const Value& value, Budget& budget) {
  const std::string plain = python_str(value, budget);
  constexpr std::size_t longest_entity = 5;
  const auto special = static_cast<std::size_t>(std::count_if(
      plain.begin(), plain.end(), [](char c) { return c == '&' || c == '<' || c == '>' || c == '\'' || c == '"'; }));
  budget.check_room(plain.size() + special * longest_entity);
  std::string out;
  out.reserve(plain.size());
  for (const char c : plain) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '\'': out += "&#39;"; break;
      case '"': out += "&#34;"; break;
      default: out += c;
    }
  }
  budget.spend_bytes(out.size());
  return out;
}

std::string escaped(const Value& value, Budget& budget) {
  return value.is_markup() ? value.as_text() : escaped_always(value, budget);
}

}  // namespace noetl::templating

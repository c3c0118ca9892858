#include "shared/domain/json_shape.hpp"

#include <algorithm>

#include "shared/domain/json_number.hpp"

namespace noetl::domain {

JsonShape json_shape(std::string_view text, std::size_t values_max) {
  JsonShape shape;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size() && shape.values <= values_max; ++i) {
    const char c = text[i];
    if (c == '"') {
      ++shape.values;
      for (++i; i < text.size() && text[i] != '"'; ++i) i += text[i] == '\\' ? 1U : 0U;
    } else if (c == '{' || c == '[') {
      ++shape.values;
      shape.depth = std::max(shape.depth, ++depth);
    } else if (c == '}' || c == ']') {
      depth -= depth > 0 ? 1U : 0U;
    } else if (c == ':') {
      shape.values -= shape.values > 0 ? 1U : 0U;  // the text before it was a name
    } else if (goes_on(c)) {
      ++shape.values;
      while (i + 1 < text.size() && goes_on(text[i + 1])) ++i;
    }
  }
  return shape;
}

}  // namespace noetl::domain

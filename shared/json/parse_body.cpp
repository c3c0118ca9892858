#include "shared/json/parse_body.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "shared/domain/json_number.hpp"
#include "shared/json/json_tree.hpp"

namespace noetl::json {
namespace {

using base::ErrorCode;

base::Error malformed(const std::string& what, std::size_t offset) {
  return {.code = ErrorCode::malformed_body,
          .message = "the body is not acceptable JSON: " + what + " at byte " + std::to_string(offset),
          .field = {},
          .retry_after = {},
          .details = {}};
}

struct Shape {
  const char* hurtful = nullptr;  // what, at `offset`
  std::size_t offset = 0;
  std::size_t values = 0;
};

// One pass over the bytes, before the parser: nesting, NUL, \u0000, numbers that would be rounded, and how many values there are.
// Syntax is the parser's business. Counting ends above `values_max`.
Shape shape_of(std::string_view text, const BodyBounds& bounds) {
  const std::size_t values_max = bounds.values_max;
  Shape shape;
  const auto hurtful = [&](const char* what, std::size_t at) {
    shape.hurtful = what;
    shape.offset = at;
    return shape;
  };
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\0') return hurtful("NUL byte", i);
    if (in_string) {
      if (c == '"')
        in_string = false;
      else if (c == '\\') {
        if (text.substr(i, 6) == "\\u0000") return hurtful("\\u0000, which cannot be stored,", i);
        ++i;
      }
      continue;
    }
    if (c == '"') {
      in_string = true;
      ++shape.values;
    } else if (c == '{' || c == '[') {
      if (++depth > bounds.depth_max) return hurtful("nesting deeper than allowed", i);
      if (++shape.values > values_max) return shape;
    } else if (c == '}' || c == ']') {
      if (depth > 0) --depth;
    } else if (c == ':') {
      if (shape.values > 0) --shape.values;  // the text before it was a name
    } else if (domain::goes_on(c)) {
      ++shape.values;
      const std::size_t begin = i;
      while (i + 1 < text.size() && domain::goes_on(text[i + 1])) ++i;
      const auto token = text.substr(begin, i + 1 - begin);
      if (bounds.refuses_rounding && domain::may_be_rounded(token) && !domain::is_kept_number(token))
        return hurtful("a number with more digits than 64 bits keep, which would be rounded: send it as a text; it is",
                       begin);
    } else if (c == ',' && shape.values > values_max) {
      return shape;
    }
  }
  return shape;
}

}  // namespace

base::Result<std::size_t> count_values(std::string_view text, const BodyBounds& bounds) {
  if (text.size() > bounds.bytes_max) {
    return base::failure(ErrorCode::payload_too_large, "the body has " + std::to_string(text.size()) +
                                                           " bytes, at most " + std::to_string(bounds.bytes_max) +
                                                           " are accepted");
  }
  if (text.empty()) return base::failure(malformed("nothing, but JSON was expected,", 0));
  if (const std::size_t at = find_invalid_utf8(text); at != std::string_view::npos)
    return base::failure(malformed("invalid UTF-8", at));
  const Shape shape = shape_of(text, bounds);
  if (shape.hurtful != nullptr) {
    std::string what = shape.hurtful;
    if (what.starts_with("nesting")) what += " (" + std::to_string(bounds.depth_max) + " levels)";
    return base::failure(malformed(what, shape.offset));
  }
  if (shape.values > bounds.values_max) {
    return base::failure(ErrorCode::payload_too_large,
                         "the body has more than " + std::to_string(bounds.values_max) +
                             " JSON values (texts, numbers, lists, maps), which is the most that are accepted");
  }
  return shape.values;
}

std::optional<base::Error> check_body(std::string_view text, const BodyBounds& bounds) {
  auto counted = count_values(text, bounds);
  if (counted) return std::nullopt;
  return std::move(counted.error());
}

base::Result<nlohmann::json> parse_body(std::string_view text, const BodyBounds& bounds) {
  if (auto wrong = check_body(text, bounds)) return base::failure(std::move(*wrong));
  auto tree = build_tree(text);
  if (!tree) return base::failure(ErrorCode::malformed_body, "the body is not acceptable JSON: " + tree.error());
  return std::move(*tree);
}

base::Result<nlohmann::json> parse_body(std::string_view text, std::size_t bytes_max, std::size_t depth_max) {
  return parse_body(text, BodyBounds{.bytes_max = bytes_max, .depth_max = depth_max});
}

}  // namespace noetl::json

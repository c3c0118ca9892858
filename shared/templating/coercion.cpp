#include "shared/templating/coercion.hpp"

#include <charconv>
#include <cmath>
#include <optional>

#include "shared/templating/failure.hpp"
#include "shared/templating/json_parsing.hpp"
#include "shared/templating/template.hpp"
#include "shared/templating/unicode.hpp"

namespace noetl::templating {
namespace {

constexpr std::string_view blanks = " \t\n\r\f\v";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

template <class T>
std::optional<T> whole_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<Json> number(std::string_view text) {
  text.remove_prefix(text.starts_with('+') ? 1 : 0);
  if (text.find_first_of("0123456789") > 2) {
    return std::nullopt;  // inf and nan are no JSON
  }
  if (const auto integer = whole_number<std::int64_t>(text)) {
    return Json(*integer);
  }
  if (const auto integer = whole_number<std::uint64_t>(text)) {
    return Json(*integer);
  }
  if (text.find_first_of(".eE") == std::string_view::npos) {
    return std::nullopt;
  }
  const auto floating = whole_number<double>(text);
  return floating && std::isfinite(*floating) ? std::optional(Json(*floating)) : std::nullopt;
}

std::optional<Json> word(std::string_view text) {
  if (text.size() > 5) {
    return std::nullopt;
  }
  const std::string lower = unicode::lower(text);
  if (lower == "true" || lower == "false") {
    return Json(lower == "true");
  }
  return lower == "none" || lower == "null" ? std::optional(Json(nullptr)) : std::nullopt;
}

}  // namespace

Json coerced(std::string text) {
  const std::string_view inner = trimmed(text);
  if (inner.empty()) {
    return text;
  }
  std::optional<Json> value;
  if (std::string_view("{[(").find(inner.front()) != std::string_view::npos &&
      tree_bytes_max(inner) > Limits{}.value_bytes_max) {
    fail_bound("the text reads as a list or map of more than " + std::to_string(Limits{}.value_bytes_max) +
               " bytes");
  }
  switch (inner.front()) {
    case '{':
    case '[':
      value = parse_json(inner);
      value = value ? std::move(value) : parse_python_literal(inner);
      break;
    case '(':
    case '\'':
    case '"': value = parse_python_literal(inner); break;
    default: value = word(inner); value = value ? std::move(value) : number(inner);
  }
  return value ? std::move(*value) : Json(std::move(text));
}

}  // namespace noetl::templating

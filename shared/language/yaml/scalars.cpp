#include "shared/language/yaml/scalars.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace noetl::language {

namespace {

constexpr std::string_view yaml_tag_prefix = "tag:yaml.org,2002:";

// Longer ones look like no number to anybody.
constexpr std::size_t surprising_bytes_max = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_sign(char c) { return c == '-' || c == '+'; }

bool is_one_of(const std::string& text, std::initializer_list<std::string_view> words) {
  for (const auto word : words)
    if (text == word) return true;
  return false;
}

std::optional<bool> as_bool(const std::string& text) {
  if (is_one_of(text, {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) return true;
  if (is_one_of(text, {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) return false;
  return std::nullopt;
}

// Digits of one base without underscores; nothing when a character does not belong or it overflows.
std::optional<std::uint64_t> magnitude(std::string_view digits, unsigned base) {
  std::uint64_t value = 0;
  bool any = false;
  for (const char c : digits) {
    if (c == '_') continue;
    unsigned digit = 99;
    if (is_digit(c))
      digit = static_cast<unsigned>(c - '0');
    else if (c >= 'a' && c <= 'f')
      digit = static_cast<unsigned>(c - 'a') + 10;
    else if (c >= 'A' && c <= 'F')
      digit = static_cast<unsigned>(c - 'A') + 10;
    if (digit >= base) return std::nullopt;
    if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / base) return std::nullopt;
    value = value * base + digit;
    any = true;
  }
  if (!any) return std::nullopt;
  return value;
}

std::optional<Json> with_sign(bool is_negative, std::optional<std::uint64_t> value) {
  if (!value) return std::nullopt;
  constexpr auto positive_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!is_negative) {
    if (*value <= positive_max) return Json(static_cast<std::int64_t>(*value));
    return Json(*value);
  }
  if (*value > positive_max + 1) return std::nullopt;
  if (*value == positive_max + 1) return Json(std::numeric_limits<std::int64_t>::min());
  return Json(-static_cast<std::int64_t>(*value));
}

// 1:30:00 is 5400 in YAML 1.1: each part after the first is in 0…59.
std::optional<std::uint64_t> sexagesimal(std::string_view body) {
  std::uint64_t total = 0;
  bool is_first = true;
  while (true) {
    const auto colon = body.find(':');
    const auto part = body.substr(0, colon);
    if (part.empty() || (!is_first && part.size() > 2)) return std::nullopt;
    if (!is_first && part.find('_') != std::string_view::npos) return std::nullopt;
    const auto value = magnitude(part, 10);
    if (!value || (!is_first && *value > 59)) return std::nullopt;
    if (total > (std::numeric_limits<std::uint64_t>::max() - *value) / 60) return std::nullopt;
    total = total * 60 + *value;
    if (colon == std::string_view::npos) return is_first ? std::nullopt : std::optional(total);
    body.remove_prefix(colon + 1);
    is_first = false;
  }
}

std::optional<Json> as_integer(const std::string& text) {
  std::string_view body = text;
  const bool is_negative = body.starts_with('-');
  if (is_negative || body.starts_with('+')) body.remove_prefix(1);
  if (body.empty() || !is_digit(body[0])) return std::nullopt;
  if (body.starts_with("0b")) return with_sign(is_negative, magnitude(body.substr(2), 2));
  if (body.starts_with("0x")) return with_sign(is_negative, magnitude(body.substr(2), 16));
  if (body[0] == '0') return with_sign(is_negative, magnitude(body, 8));
  if (body.find(':') != std::string_view::npos) return with_sign(is_negative, sexagesimal(body));
  return with_sign(is_negative, magnitude(body, 10));
}

std::size_t digits_from(std::string_view body, std::size_t at, bool with_underscores) {
  while (at < body.size() && (is_digit(body[at]) || (with_underscores && body[at] == '_'))) ++at;
  return at;
}

// [-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)? and \.[0-9][0-9_]*(…)?: a dot is needed, and so is the
// sign of an exponent; 1e3 is text.
std::optional<Json> as_float(const std::string& text) {
  std::string_view body = text;
  const bool is_signed = body.starts_with('-') || body.starts_with('+');
  if (is_signed) body.remove_prefix(1);
  std::size_t at = 0;
  if (!body.empty() && is_digit(body[0])) {
    at = digits_from(body, 1, true);
    if (at >= body.size() || body[at] != '.') return std::nullopt;
    at = digits_from(body, at + 1, true);
  } else {
    if (is_signed || body.size() < 2 || body[0] != '.' || !is_digit(body[1])) return std::nullopt;
    at = digits_from(body, 2, true);
  }
  if (at < body.size()) {
    const bool has_exponent =
        (body[at] == 'e' || body[at] == 'E') && at + 2 < body.size() && (body[at + 1] == '-' || body[at + 1] == '+');
    if (!has_exponent || digits_from(body, at + 2, false) != body.size()) return std::nullopt;
  }
  std::string digits;
  for (const char c : body)
    if (c != '_') digits += c;
  double value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec != std::errc() || !std::isfinite(value)) return std::nullopt;
  return Json(text.starts_with('-') ? -value : value);
}

bool is_null_text(const std::string& text) { return is_one_of(text, {"", "~", "null", "Null", "NULL"}); }

}  // namespace

Json resolve_plain_scalar(const std::string& text) {
  if (is_null_text(text)) return nullptr;
  if (const auto value = as_bool(text)) return *value;
  if (auto value = as_integer(text)) return *std::move(value);
  if (auto value = as_float(text)) return *std::move(value);
  return text;
}

std::string surprise_of(const std::string& text, const Json& value) {
  const auto read_as = [&](const std::string& what) { return text + " is read as " + what; };
  if (value.is_null()) return text == "~" || text == "Null" || text == "NULL" ? read_as("null, which is nothing") : "";
  if (value.is_boolean()) {
    const bool is_plain = is_one_of(text, {"true", "True", "TRUE", "false", "False", "FALSE"});
    return is_plain ? "" : read_as(std::string("the boolean ") + (value.get<bool>() ? "true" : "false"));
  }
  if (value.is_number()) {
    const std::string printed = value.dump();
    if (printed == text) return "";
    const std::string_view digits = std::string_view(text).substr(text[0] == '-' || text[0] == '+' ? 1 : 0);
    if (text.find(':') != std::string::npos) return read_as("the number " + printed + ", to base 60");
    if (value.is_number_integer() && digits.size() > 1 && digits[0] == '0' && is_digit(digits[1]))
      return read_as("the number " + printed + ", to base 8");
    return read_as("the number " + printed);
  }
  const auto stays = [&](const char* why) { return text + " stays a text: " + why; };
  if (text.size() > surprising_bytes_max) return "";
  if (is_one_of(text,
                {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN"}))
    return stays("JSON has no such number");
  const std::string_view digits = std::string_view(text).substr(text[0] == '-' || text[0] == '+' ? 1 : 0);
  if (digits.empty() || !is_digit(digits[0])) return "";
  if (digits.find_first_not_of("0123456789_") == std::string_view::npos)
    return digits[0] == '0' ? stays("8 and 9 are no octal digits") : stays("it has more than 64 bits");
  if (digits.starts_with("0o") && digits.find_first_not_of("01234567", 2) == std::string_view::npos)
    return stays("0o is YAML 1.2's");
  const auto exponent = digits.find_first_of("eE");
  const bool is_exponential =
      exponent != std::string_view::npos && exponent + 1 < digits.size() &&
      digits.find_first_not_of("0123456789.") == exponent &&
      digits.find_first_not_of("0123456789", exponent + (is_sign(digits[exponent + 1]) ? 2 : 1)) ==
          std::string_view::npos;
  return is_exponential ? stays("a number with an exponent needs a dot and a sign, as in 1.0e+3") : "";
}

std::optional<Json> resolve_tagged_scalar(std::string_view tag, const std::string& text) {
  if (!tag.starts_with(yaml_tag_prefix)) return std::nullopt;
  tag.remove_prefix(yaml_tag_prefix.size());
  if (tag == "str" || tag == "timestamp" || tag == "binary") return Json(text);
  if (tag == "null") return is_null_text(text) ? std::optional<Json>(nullptr) : std::nullopt;
  if (tag == "bool") {
    const auto value = as_bool(text);
    return value ? std::optional<Json>(*value) : std::nullopt;
  }
  if (tag == "int") return as_integer(text);
  if (tag == "float") {
    if (auto value = as_float(text)) return value;
    const auto whole = as_integer(text);
    return whole ? std::optional<Json>(whole->get<double>()) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace noetl::language

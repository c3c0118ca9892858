#include "worker/tools/postgres/sql/values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "shared/base/text/base64.hpp"
#include "worker/tools/decimal.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools::postgres {

namespace {

using Json = nlohmann::json;

std::string json_text(std::string_view text) { return to_text(Json(storable_text(text))); }

void append_float(std::string& to, std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_finite = error == std::errc{} && end == text.data() + text.size() && std::isfinite(value);
  to += is_finite ? Json(value).dump() : json_text(text);
}

// "2026-01-31 23:59:59.5+00" as "2026-01-31T23:59:59.5+00:00"; infinity and years BC as they are.
std::string iso_time(std::string_view text) {
  std::string iso(text);
  const std::size_t gap = iso.find(' ');
  if (gap == std::string::npos || iso.ends_with(" BC")) return iso;
  iso[gap] = 'T';
  const std::size_t zone = iso.find_first_of("+-", gap);
  if (zone != std::string::npos && iso.size() - zone == 3) iso += ":00";
  return iso;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Reads {1,2}, {{"a b",NULL},{c,"d\"e"}}, [0:1]={1,2}.
class ArrayReader {
 public:
  ArrayReader(std::string& to, std::string_view text, const Types& types, Type array, NumericAs numeric)
      : to_(to), text_(text), types_(types), array_(array), numeric_(numeric) {}

  bool run() {
    if (text_.starts_with('[')) {
      at_ = text_.find('=') + 1;
      if (at_ == 0) return false;
    }
    return read_list(0) && at_ == text_.size();
  }

 private:
  bool read_list(int depth) {
    constexpr int depth_max = 6;  // Postgres's own
    if (depth > depth_max || at_ >= text_.size() || text_[at_] != '{') return false;
    ++at_;
    to_ += '[';
    if (at_ < text_.size() && text_[at_] == '}') {
      ++at_;
      to_ += ']';
      return true;
    }
    while (at_ < text_.size()) {
      if (text_[at_] == '{' ? !read_list(depth + 1) : !read_element()) return false;
      if (at_ >= text_.size()) return false;
      const char c = text_[at_++];
      if (c == '}') {
        to_ += ']';
        return true;
      }
      if (c != array_.delimiter) return false;
      to_ += ',';
    }
    return false;
  }

  bool read_element() {
    std::string value;
    const bool is_quoted = at_ < text_.size() && text_[at_] == '"';
    if (is_quoted) ++at_;
    while (at_ < text_.size() &&
           (is_quoted ? text_[at_] != '"' : text_[at_] != array_.delimiter && text_[at_] != '}')) {
      if (text_[at_] == '\\') ++at_;
      if (at_ < text_.size()) value += text_[at_++];
    }
    if (is_quoted && at_++ >= text_.size()) return false;
    if (!is_quoted && value == "NULL") {
      to_ += "null";
    } else {
      append_json(to_, types_, array_.element, value, numeric_);
    }
    return true;
  }

  std::string& to_;
  std::string_view text_;
  const Types& types_;
  Type array_;
  NumericAs numeric_;
  std::size_t at_ = 0;
};

void append_json_value(std::string& to, std::string_view text) {
  // Parsed and written again: json (not jsonb) may hold a name twice, which nobody else accepts.
  const Json parsed = parse_answer(text);
  to += parsed.is_discarded() ? json_text(text) : to_text(parsed);
}

void append_array(std::string& to, const Types& types, Type array, std::string_view text, NumericAs numeric) {
  const std::size_t before = to.size();
  if (ArrayReader(to, text, types, array, numeric).run()) return;
  to.resize(before);
  to += json_text(text);
}

bool is_json(TypeId id) { return id == type::json || id == type::jsonb; }

base::Result<std::string> array_literal(const Json& list, const Types& types, Type array) {
  std::string literal = "{";
  const TypeId element = types.of(array.element).id;
  for (const Json& item : list) {
    if (literal.size() > 1) literal += array.delimiter;
    if (item.is_null()) {
      literal += "NULL";
    } else if (item.is_array() && !is_json(element)) {
      auto inner = array_literal(item, types, array);
      if (!inner) return inner;
      literal += *inner;
    } else {
      const auto text = parameter_text(item, types, array.element);
      if (!text) return tl::unexpected(text.error());
      literal += '"';
      for (const char c : text->value_or("")) {
        if (c == '"' || c == '\\') literal += '\\';
        literal += c;
      }
      literal += '"';
    }
  }
  return literal + "}";
}

base::Result<std::optional<std::string>> bytea_of(const Json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const bool is_hex = text.starts_with("\\x") && text.size() % 2 == 0 &&
                        std::all_of(text.begin() + 2, text.end(), [](char c) { return hex_digit(c) >= 0; });
    if (is_hex) return text;
    if (const auto bytes = base::base64_decoded(text)) return bytea_text(*bytes);
  }
  return base::failure(base::ErrorCode::invalid_input, "a bytea takes base64, or \\x and hexadecimal digits, not " +
                                                           storable_text(to_text(value).substr(0, 60)));
}

}  // namespace

std::string bytes_of(std::string_view text) {
  std::string bytes;
  if (text.starts_with("\\x")) {
    for (std::size_t at = 2; at + 1 < text.size(); at += 2) {
      bytes += static_cast<char>(hex_digit(text[at]) * 16 + hex_digit(text[at + 1]));
    }
    return bytes;
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      bytes += text[at];
    } else if (at + 3 < text.size() && text[at + 1] != '\\') {
      bytes += static_cast<char>((text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 + (text[at + 3] - '0'));
      at += 3;
    } else {
      bytes += '\\';
      ++at;
    }
  }
  return bytes;
}

std::string bytea_text(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "\\x";
  text.reserve(2 + 2 * bytes.size());
  for (const char byte : bytes) {
    text += digits[static_cast<unsigned char>(byte) >> 4U];
    text += digits[static_cast<unsigned char>(byte) & 15U];
  }
  return text;
}

bool is_json_structure(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[') && Json::accept(text);
}

void append_json(std::string& to, const Types& types, TypeId id, std::string_view text, NumericAs numeric) {
  const Type known = types.of(id);
  if (known.element != 0) return append_array(to, types, known, text, numeric);
  switch (known.id) {
    case type::boolean: to += text == "t" ? "true" : "false"; return;
    case type::int2:
    case type::int4:
    case type::int8:
    case type::oid: to += text; return;
    case type::float4:
    case type::float8: return append_float(to, text);
    case type::numeric: return append_decimal(to, text, numeric);
    case type::json:
    case type::jsonb: return append_json_value(to, text);
    case type::timestamp:
    case type::timestamptz: to += json_text(iso_time(text)); return;
    case type::bytea: to += json_text(base::base64_encoded(bytes_of(text))); return;
    default: to += json_text(text);
  }
}

base::Result<std::optional<std::string>> parameter_text(const Json& value, const Types& types, TypeId id) {
  const Type known = types.of(id);
  if (value.is_null()) return std::nullopt;
  if (value.is_array() && known.element != 0) return array_literal(value, types, known);
  if (known.id == type::bytea) return bytea_of(value);
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (!value.is_string()) return to_text(value);
  // Where JSON is wanted a text is a string, unless it is a map or a list: `"5"` stays a text.
  const auto& text = value.get_ref<const std::string&>();
  return is_json(known.id) && !is_json_structure(text) ? to_text(value) : text;
}

}  // namespace noetl::tools::postgres

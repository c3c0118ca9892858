#include "worker/tools/postgres/values.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "shared/base/base64.hpp"
#include "worker/tools/decimal.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools::postgres {

namespace {

using Json = nlohmann::json;

// pg_type.oid of what has a JSON form of its own. Fixed for ever: see pg_type.dat.
constexpr TypeId boolean = 16;
constexpr TypeId bytea = 17;
constexpr TypeId int8 = 20;
constexpr TypeId int2 = 21;
constexpr TypeId int4 = 23;
constexpr TypeId oid = 26;
constexpr TypeId json = 114;
constexpr TypeId float4 = 700;
constexpr TypeId float8 = 701;
constexpr TypeId timestamp = 1114;
constexpr TypeId timestamptz = 1184;
constexpr TypeId numeric_type = 1700;
constexpr TypeId jsonb = 3802;
constexpr TypeId text_type = 25;

struct ArrayType {
  TypeId array;
  TypeId element;
};
constexpr std::array<ArrayType, 26> array_types{
    {{1000, boolean},     {1001, bytea},        {1016, int8},      {1005, int2},      {1007, int4},
     {1028, oid},         {199, json},          {1021, float4},    {1022, float8},    {1115, timestamp},
     {1185, timestamptz}, {1231, numeric_type}, {3807, jsonb},     {1009, text_type}, {1015, text_type},
     {1014, text_type},   {1002, text_type},    {1003, text_type}, {1182, text_type}, {1183, text_type},
     {1270, text_type},   {1187, text_type},    {2951, text_type}, {1041, text_type}, {651, text_type},
     {1040, text_type}}};

TypeId element_of(TypeId type) {
  for (const auto& known : array_types) {
    if (known.array == type) return known.element;
  }
  return 0;
}

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
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Both of Postgres's output formats: \x6869, and the older hi\\\000.
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

// Reads {1,2}, {{"a b",NULL},{c,"d\"e"}}, [0:1]={1,2}.
class ArrayReader {
 public:
  ArrayReader(std::string& to, std::string_view text, TypeId element, NumericAs numeric)
      : to_(to), text_(text), element_(element), numeric_(numeric) {}

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
      if (c != ',') return false;
      to_ += ',';
    }
    return false;
  }

  bool read_element() {
    std::string value;
    const bool is_quoted = at_ < text_.size() && text_[at_] == '"';
    if (is_quoted) ++at_;
    while (at_ < text_.size() && (is_quoted ? text_[at_] != '"' : text_[at_] != ',' && text_[at_] != '}')) {
      if (text_[at_] == '\\') ++at_;
      if (at_ < text_.size()) value += text_[at_++];
    }
    if (is_quoted && at_++ >= text_.size()) return false;
    if (!is_quoted && value == "NULL") {
      to_ += "null";
    } else {
      append_json(to_, element_, value, numeric_);
    }
    return true;
  }

  std::string& to_;
  std::string_view text_;
  TypeId element_;
  NumericAs numeric_;
  std::size_t at_ = 0;
};

void append_json_value(std::string& to, std::string_view text) {
  // Parsed and written again: json (not jsonb) may hold a name twice, which nobody else accepts.
  const Json parsed = parse_answer(text);
  to += parsed.is_discarded() ? json_text(text) : to_text(parsed);
}

void append_array(std::string& to, TypeId element, std::string_view text, NumericAs numeric) {
  const std::size_t before = to.size();
  if (ArrayReader(to, text, element, numeric).run()) return;
  to.resize(before);
  to += json_text(text);
}

std::string array_literal(const Json& list, TypeId element) {
  std::string literal = "{";
  for (const Json& item : list) {
    if (literal.size() > 1) literal += ',';
    if (item.is_null()) {
      literal += "NULL";
    } else if (item.is_array() && element != json && element != jsonb) {
      literal += array_literal(item, element);
    } else {
      literal += '"';
      for (const char c : parameter_text(item, element).value_or("")) {
        if (c == '"' || c == '\\') literal += '\\';
        literal += c;
      }
      literal += '"';
    }
  }
  return literal + "}";
}

}  // namespace

bool is_array_type(TypeId type) { return element_of(type) != 0; }

void append_json(std::string& to, TypeId type, std::string_view text, NumericAs numeric) {
  if (const TypeId element = element_of(type); element != 0) return append_array(to, element, text, numeric);
  switch (type) {
    case boolean: to += text == "t" ? "true" : "false"; return;
    case int2:
    case int4:
    case int8:
    case oid: to += text; return;
    case float4:
    case float8: return append_float(to, text);
    case numeric_type: return append_decimal(to, text, numeric);
    case json:
    case jsonb: return append_json_value(to, text);
    case timestamp:
    case timestamptz: to += json_text(iso_time(text)); return;
    case bytea: to += json_text(base::base64_encoded(bytes_of(text))); return;
    default: to += json_text(text);
  }
}

std::optional<std::string> parameter_text(const Json& value, TypeId type) {
  if (value.is_null()) return std::nullopt;
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_array() && is_array_type(type)) return array_literal(value, element_of(type));
  // A text is a JSON string only for a column of JSON, and there playbooks give texts that are JSON already.
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return (type == json || type == jsonb) && !Json::accept(text) ? to_text(value) : text;
  }
  return to_text(value);
}

}  // namespace noetl::tools::postgres

#include "shared/templating/values/python_text.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "shared/templating/values/budget.hpp"
#include "shared/templating/values/object.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

void append_list(const Value& value, std::string& out, Budget& budget) {
  const bool is_tuple = value.is(Kind::tuple);
  const std::size_t size = value.size();
  out += is_tuple ? '(' : '[';
  for (std::size_t i = 0; i < size; ++i) {
    out += i == 0 ? "" : ", ";
    append_repr(value.at(i), out, budget);
  }
  out += is_tuple ? (size == 1 ? ",)" : ")") : "]";
}

void append_dict(const Value& value, std::string& out, Budget& budget) {
  out += '{';
  bool first = true;
  for (const auto& [key, item] : value.entries()) {
    out += first ? "" : ", ";
    first = false;
    append_repr(key, out, budget);
    out += ": ";
    append_repr(item, out, budget);
  }
  out += '}';
}

void append_escape(char32_t point, std::string& out) {
  char escaped[16];
  const char* format = point < 0x100 ? "\\x%02x" : point < 0x10000 ? "\\u%04x" : "\\U%08x";
  std::snprintf(escaped, sizeof escaped, format, static_cast<unsigned>(point));
  out += escaped;
}

}  // namespace

std::string python_float(double value) {
  if (std::isnan(value)) {
    return "nan";
  }
  if (std::isinf(value)) {
    return value < 0 ? "-inf" : "inf";
  }
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific).ptr;
  const std::string shortest(digits, end);
  const std::size_t mark = shortest.find('e');
  const int exponent = std::atoi(shortest.c_str() + mark + 1);
  if (exponent >= 16 || exponent < -4) {
    return shortest;  // to_chars writes at least two exponent digits, as Python does
  }
  char fixed[64];
  const auto fixed_end = std::to_chars(fixed, fixed + sizeof fixed, value, std::chars_format::fixed).ptr;
  std::string text(fixed, fixed_end);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

std::size_t quoted_bytes_max(std::string_view text) {
  std::size_t bytes = 2;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    bytes += byte < 0x20 || byte == 0x7F ? 6U : byte >= 0x80 ? 3U : c == '"' || c == '\'' || c == '\\' ? 2U : 1U;
  }
  return bytes;
}

void append_quoted(std::string_view text, std::string& out) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  out += quote;
  for (const char32_t point : unicode::decode(text)) {
    if (point == static_cast<char32_t>(quote) || point == '\\') {
      out += '\\';
      out += static_cast<char>(point);
    } else if (point == '\n') {
      out += "\\n";
    } else if (point == '\r') {
      out += "\\r";
    } else if (point == '\t') {
      out += "\\t";
    } else if (unicode::is_printable(point)) {
      unicode::append(out, point);
    } else {
      append_escape(point, out);
    }
  }
  out += quote;
}

void append_repr(const Value& value, std::string& out, Budget& budget) {
  budget.spend(1);
  budget.check_growing(out);
  switch (value.kind()) {
    case Kind::undefined: out += "Undefined"; return;
    case Kind::none: out += "None"; return;
    case Kind::boolean: out += value.as_boolean() ? "True" : "False"; return;
    case Kind::integer: out += std::to_string(value.as_integer()); return;
    case Kind::floating: out += python_float(value.as_floating()); return;
    case Kind::text:
      budget.spend_bytes(value.as_text().size());
      budget.check_room(out.size() + quoted_bytes_max(value.as_text()));
      // Python writes Markup('…') for escaped text inside a list. Nobody who renders data wants that.
      append_quoted(value.as_text(), out);
      return;
    case Kind::list:
    case Kind::tuple: {
      const Budget::Level level(budget);
      append_list(value, out, budget);
      return;
    }
    case Kind::dict: {
      const Budget::Level level(budget);
      append_dict(value, out, budget);
      return;
    }
    case Kind::object: out += value.as_object().describe(); return;
  }
}

void append_str(const Value& value, std::string& out, Budget& budget) {
  if (value.is_text()) {
    budget.spend_bytes(out.size() + value.as_text().size() > out.capacity() ? value.as_text().size() + out.size() : 0);
    out += value.as_text();
  } else if (!value.is_undefined()) {
    append_repr(value, out, budget);
  }
  budget.check_growing(out);
}

std::string python_str(const Value& value, Budget& budget) {
  std::string out;
  append_str(value, out, budget);
  return out;
}

std::string python_type(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined: return "Undefined";
    case Kind::none: return "NoneType";
    case Kind::boolean: return "bool";
    case Kind::integer: return "int";
    case Kind::floating: return "float";
    case Kind::text: return "str";
    case Kind::list: return "list";
    case Kind::tuple: return "tuple";
    case Kind::dict: return "dict";
    case Kind::object: return "object";
  }
  return "object";
}

std::string json_float(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value < 0 ? "-Infinity" : "Infinity";
  }
  return python_float(value);
}

std::string json_key(const Value& key) {
  switch (key.kind()) {
    case Kind::text: return key.as_text();
    case Kind::none: return "null";
    case Kind::boolean: return key.as_boolean() ? "true" : "false";
    case Kind::integer: return std::to_string(key.as_integer());
    case Kind::floating: return json_float(key.as_floating());
    default: fail("keys must be str, int, float, bool or None, not " + python_type(key));
  }
}

}  // namespace noetl::templating

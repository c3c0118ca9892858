#include "shared/domain/json_text.hpp"

#include <array>
#include <charconv>

#include "shared/base/text/utf8.hpp"

namespace noetl::domain {
namespace {

using Json = nlohmann::json;

void append_by_library(std::string& out, const Json& value) {
  out += value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class Integer>
void append_integer(std::string& out, Integer value) {
  std::array<char, 24> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), written.ptr);
}

bool is_plain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x80 && c != '"' && c != '\\';
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view named = "\"\\\b\f\n\r\t";
  if (const auto found = named.find(c); found != std::string_view::npos) {
    out += '\\';
    out += std::string_view("\"\\bfnrt")[found];
    return;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += digits[byte >> 4U];
  out += digits[byte & 0xFU];
}

void append_object(std::string& out, const Json::object_t& members) {
  char before = '{';
  for (const auto& [name, value] : members) {
    out += before;
    append_json_string(out, name);
    out += ':';
    append_json(out, value);
    before = ',';
  }
  if (before == '{') out += before;
  out += '}';
}

void append_array(std::string& out, const Json::array_t& items) {
  char before = '[';
  for (const auto& item : items) {
    out += before;
    append_json(out, item);
    before = ',';
  }
  if (before == '[') out += before;
  out += ']';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  const auto begin = out.size();
  out += '"';
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (is_plain(text[at])) {
      ++at;
    } else if (static_cast<unsigned char>(text[at]) >= 0x80) {
      const auto length = base::utf8_sequence_length(text, at);
      if (length == 0) {  // rare: the library says how many bytes become one U+FFFD
        out.resize(begin);
        return append_by_library(out, std::string(text));
      }
      at += length;
    } else {
      out.append(text, from, at - from);
      append_escape(out, text[at]);
      from = ++at;
    }
  }
  out.append(text, from, std::string_view::npos);
  out += '"';
}

void append_json(std::string& out, const Json& value) {
  switch (value.type()) {
    case Json::value_t::null: out += "null"; return;
    case Json::value_t::boolean: out += value.get_ref<const bool&>() ? "true" : "false"; return;
    case Json::value_t::number_integer: return append_integer(out, value.get_ref<const Json::number_integer_t&>());
    case Json::value_t::number_unsigned: return append_integer(out, value.get_ref<const Json::number_unsigned_t&>());
    case Json::value_t::string: return append_json_string(out, value.get_ref<const std::string&>());
    case Json::value_t::object: return append_object(out, value.get_ref<const Json::object_t&>());
    case Json::value_t::array: return append_array(out, value.get_ref<const Json::array_t&>());
    case Json::value_t::number_float:
    case Json::value_t::binary:
    case Json::value_t::discarded: return append_by_library(out, value);
  }
}

std::string json_text(const Json& value) {
  std::string out;
  append_json(out, value);
  return out;
}

}  // namespace noetl::domain

#include "shared/json/json_escape.hpp"

#include <charconv>

namespace noetl::json {
namespace {

constexpr std::size_t digits = 4;

bool read_unit(std::string_view& text, unsigned& unit) {
  if (text.size() < digits) return false;
  const auto read = std::from_chars(text.data(), text.data() + digits, unit, 16);
  text.remove_prefix(digits);
  return read.ec == std::errc{} && read.ptr == text.data();
}

}  // namespace

const char* read_escaped_point(std::string_view text, std::string& into) {
  unsigned code = 0;
  unsigned low = 0;
  if (!read_unit(text, code) || (code >= 0xDC00 && code <= 0xDFFF)) return nullptr;
  if (code >= 0xD800 && code <= 0xDBFF) {
    if (!text.starts_with("\\u")) return nullptr;
    text.remove_prefix(2);
    if (!read_unit(text, low) || low < 0xDC00 || low > 0xDFFF) return nullptr;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;  // bytes behind the first
  constexpr unsigned marks[] = {0x00, 0xC0, 0xE0, 0xF0};
  into += static_cast<char>(marks[more] | (code >> (6 * more)));
  for (int i = more; i-- > 0;) into += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3F));
  return text.data();
}

}  // namespace noetl::json

#include "shared/templating/text/string_literal.hpp"

#include <charconv>
#include <cstdint>

#include "shared/templating/values/failure.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

char32_t number(std::string_view digits, int base, std::size_t offset) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || value > 0x10FFFF) {
    fail_syntax("a string has an escape with wrong digits", offset);
  }
  return value;
}

// The character of a one-letter escape; 0 when it is none.
char simple(char letter) {
  switch (letter) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    case 'a': return '\a';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'v': return '\v';
    case '\\':
    case '\'':
    case '"': return letter;
    default: return '\0';
  }
}

}  // namespace

std::string unescape(std::string_view literal, std::size_t offset) {
  std::string text;
  text.reserve(literal.size());
  for (std::size_t i = 0; i < literal.size(); ++i) {
    if (literal[i] != '\\' || i + 1 >= literal.size()) {
      text += literal[i];
      continue;
    }
    const char letter = literal[++i];
    if (const char plain = simple(letter); plain != '\0') {
      text += plain;
    } else if (letter == '\n') {
      continue;  // a line that goes on
    } else if (letter == 'x' || letter == 'u' || letter == 'U') {
      const std::size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;
      if (i + digits >= literal.size()) {
        fail_syntax("a string has an escape with too few digits", offset);
      }
      unicode::append(text, number(literal.substr(i + 1, digits), 16, offset));
      i += digits;
    } else if (letter >= '0' && letter <= '7') {
      std::size_t digits = 1;
      while (digits < 3 && i + digits < literal.size() && literal[i + digits] >= '0' && literal[i + digits] <= '7') {
        ++digits;
      }
      unicode::append(text, number(literal.substr(i, digits), 8, offset));
      i += digits - 1;
    } else {
      text += '\\';
      text += letter;
    }
  }
  return text;
}

}  // namespace noetl::templating

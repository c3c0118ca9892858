#pragma once
// Which numbers of JSON are kept as numbers: integers of 64 bits, and what a double gives back digit for digit. Any other would be
// rounded in silence. docs/reference/types.md, "Numbers beyond 64 bits". Pure; any thread.
#include <cstddef>
#include <string_view>

namespace noetl::domain {

// Of a token that is a number of JSON; of anything else true, as it is the parser's business.
[[nodiscard]] bool is_kept_number(std::string_view token);

// Of a number or a word.
[[nodiscard]] constexpr bool goes_on(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '-' || c == '.';
}

// Of the token that the text begins with.
[[nodiscard]] constexpr std::size_t number_length(std::string_view text) {
  std::size_t bytes = 0;
  while (bytes < text.size() && goes_on(text[bytes])) ++bytes;
  return bytes;
}

// Few tokens need is_kept_number: 15 digits always come back from a double, unless an exponent leads beyond it.
[[nodiscard]] constexpr bool may_be_rounded(std::string_view token) {
  constexpr std::size_t kept_bytes = 15;
  return (token.front() == '-' || (token.front() >= '0' && token.front() <= '9')) &&
         (token.size() > kept_bytes || token.find_first_of("eE") != std::string_view::npos);
}

}  // namespace noetl::domain

#pragma once
// Unicode text as Python sees it: UTF-8 in and out, positions count code points. Malformed bytes decode
// to U+FFFD and never fail. Pure functions; any thread.
#include <cstddef>
#include <string>
#include <string_view>

#include "shared/templating/values/ledger.hpp"

namespace noetl::templating::unicode {

[[nodiscard]] bool is_ascii(std::string_view text);
[[nodiscard]] bool is_valid(std::string_view text);
[[nodiscard]] std::size_t length(std::string_view text);
[[nodiscard]] Points decode(std::string_view text);
[[nodiscard]] std::string encode(std::u32string_view text);
void append(std::string& into, char32_t point);

[[nodiscard]] bool is_space(char32_t point);
[[nodiscard]] bool is_line_break(char32_t point);
[[nodiscard]] bool is_printable(char32_t point);
[[nodiscard]] bool is_alpha(char32_t point);
[[nodiscard]] bool is_digit(char32_t point);
[[nodiscard]] bool is_upper(char32_t point);
[[nodiscard]] bool is_lower(char32_t point);
// \w of Python's regular expressions.
[[nodiscard]] bool is_word(char32_t point);

[[nodiscard]] Points upper(char32_t point);
[[nodiscard]] char32_t lower(char32_t point);
[[nodiscard]] std::string upper(std::string_view text);
[[nodiscard]] std::string lower(std::string_view text);

// First position of `part` at or after `from`, in bytes; npos if none. Linear time whatever the text
// (std::string::find is not), since templates are not trusted.
[[nodiscard]] std::size_t find(std::string_view text, std::string_view part, std::size_t from = 0);

}  // namespace noetl::templating::unicode

#pragma once
// UTF-8: table 3-7 of the Unicode standard (RFC 3629), so without overlong forms, surrogates and what lies beyond U+10FFFF. Pure; any thread.
#include <cstddef>
#include <string_view>

namespace noetl::base {

// Length in bytes of the sequence at `at`; 0 when there is none that is valid.
[[nodiscard]] std::size_t utf8_sequence_length(std::string_view text, std::size_t at);

// Where `text` stops being UTF-8, or npos.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view text);

}  // namespace noetl::base

#pragma once
// Charsets: what the bytes of a text are in UTF-8. Pure but for the C library's tables; any thread.
#include <optional>
#include <string>
#include <string_view>

namespace noetl::coding {

// The parameter `charset` of a Content-Type, in lower case and without quotes; empty when it has none.
[[nodiscard]] std::string charset_of(std::string_view content_type);

// The same text in UTF-8, no character lost or replaced. A byte order mark counts more than an empty `charset` and
// those of Unicode; with neither, or with a charset that nobody knows, it must be UTF-8. Nothing: the bytes are no text in that charset, or have a NUL.
[[nodiscard]] std::optional<std::string> utf8_of(std::string_view bytes, std::string_view charset);

[[nodiscard]] bool is_utf8(std::string_view bytes);

}  // namespace noetl::coding

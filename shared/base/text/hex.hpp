#pragma once
// Bytes as hexadecimal digits, two each, in lower case. Pure; any thread.
#include <optional>
#include <string>
#include <string_view>

namespace noetl::base {

[[nodiscard]] std::string to_hex(std::string_view bytes);
// Nothing for what is not pairs of hexadecimal digits.
[[nodiscard]] std::optional<std::string> from_hex(std::string_view hex);

}  // namespace noetl::base

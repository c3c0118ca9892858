#pragma once
// SHA-256 as hex, for checksums of playbooks and migrations. Pure; any thread.
#include <string>
#include <string_view>

namespace noetl::postgres {
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
}  // namespace noetl::postgres

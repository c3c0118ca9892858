#pragma once
// What --payload and --set mean. Pure but for reading the file of "@file" ("@-" is stdin). Main thread.
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"

namespace noetl::cli {

inline constexpr std::size_t payload_bytes_max = 64 * 1024 * 1024;

// JSON text, or @file. Empty: {}. Errors begin with `what`: not an object, not JSON (with the byte), unreadable.
[[nodiscard]] base::Result<nlohmann::json> read_payload(std::string_view argument, std::string_view what = "payload");

// "a.b=1" sets {"a":{"b":1}}: the value is JSON when it parses as such, else text; "k:=text" is always text.
[[nodiscard]] base::Result<void> apply_setting(nlohmann::json& payload, std::string_view assignment);

// The whole file; "-" is stdin.
[[nodiscard]] base::Result<std::string> read_text_file(const std::string& path);

}  // namespace noetl::cli

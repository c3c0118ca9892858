#pragma once
// What errors of one cause have in common: their message without what differs from one to the next, i.e. numbers, ids,
// hexadecimal and quoted texts, paths and addresses. Pure; any thread.
#include <string>
#include <string_view>

namespace noetl::attempts {

// "connection to 10.0.0.7:5432 refused after 3.1s" → "connection to # refused after #"
[[nodiscard]] std::string normalised_message(std::string_view message);

// 16 hexadecimal digits of tool kind, error kind and normalised message.
[[nodiscard]] std::string error_fingerprint(std::string_view tool_kind, std::string_view error_kind,
                                            std::string_view message);

}  // namespace noetl::attempts

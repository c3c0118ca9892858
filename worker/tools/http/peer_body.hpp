#pragma once
// body_value: what the bytes that a peer sent are in a result. Free functions; any thread.
#include <optional>
#include <string>
#include <string_view>

#include "worker/tools/results.hpp"

namespace noetl::tools {

// JSON as its value where the type says so and it is; else a text, in UTF-8 whatever charset the type names. Nothing: the bytes
// are no text in that charset, or have a NUL, and belong into the result as base64: replacing them would destroy them.
// Throws TooManyValues.
[[nodiscard]] std::optional<Json> body_value(std::string_view bytes, std::string_view content_type,
                                             std::size_t values_max = domain::result_values_max,
                                             std::size_t depth_max = domain::answer_depth_max);

// A header as text. RFC 9110, 5.5: one that is no UTF-8 is in ISO-8859-1, if it is anything.
[[nodiscard]] std::string header_text(const std::string& value);

}  // namespace noetl::tools

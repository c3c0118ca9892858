#pragma once
// inflated: the body behind a Content-Encoding, within a bound. Pure; any thread.
#include <cstddef>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace noetl::api {

// `coding`: gzip or deflate, lower case. Errors: unsupported (another coding), malformed_body, payload_too_large (more than
// `bytes_max` bytes come out).
[[nodiscard]] base::Result<std::string> inflated(std::string_view coding, std::string_view body,
                                                 std::size_t bytes_max);

}  // namespace noetl::api

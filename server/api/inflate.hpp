#pragma once
// inflated: the body behind a Content-Encoding, within a bound. Pure; any thread.
#include <cstddef>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace noetl::api {

// unsupported: a coding that the server does not undo, named.
[[nodiscard]] base::Result<void> check_codings(std::string_view codings);

// `codings`: of gzip and deflate. Errors: unsupported (another coding), malformed_body (damaged, or cut), payload_too_large (more
// than `bytes_max` bytes come out).
[[nodiscard]] base::Result<std::string> inflated(std::string_view codings, std::string_view body,
                                                 std::size_t bytes_max);

}  // namespace noetl::api

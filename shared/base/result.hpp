#pragma once
// Result<T>: a value or an Error that the caller chooses about. tl::expected has the interface of
// C++23's std::expected, which replaces it once the baseline compiler has it.
#include <tl/expected.hpp>
#include <utility>

#include "shared/base/error.hpp"

namespace noetl::base {

template <class T>
using Result = tl::expected<T, Error>;

// return failure(ErrorCode::not_found, "playbook 'x' …");
[[nodiscard]] inline tl::unexpected<Error> failure(ErrorCode code, std::string message, std::string field = {}) {
  return tl::unexpected<Error>(
      Error{.code = code, .message = std::move(message), .field = std::move(field), .retry_after = {}, .details = {}});
}
[[nodiscard]] inline tl::unexpected<Error> failure(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace noetl::base

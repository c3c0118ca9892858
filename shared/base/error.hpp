#pragma once
// Error: an answer that the caller acts on. It says what was tried, on which id, what was found and
// what to do about it. ErrorCode is the one protocol-free list; shared/wire/error_codes maps it to an
// HTTP status, a NATS reply and a CLI exit code. Values; any thread.
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace noetl::base {

// Spelled as on the wire (problem+json `code`). Stable: clients switch on them.
enum class ErrorCode {
  invalid_input,  // a field is missing, unknown, of the wrong type or out of range
  invalid_playbook,  // the text does not parse or validate; `details` has every finding
  malformed_body,  // not JSON, not UTF-8, too deep, contains NUL
  payload_too_large,
  not_found,
  method_not_allowed,
  unsupported,  // asked for something this build or this route refuses by design
  conflict,  // e.g. an Idempotency-Key that was used with another body
  active_claim,  // another worker holds the command
  already_terminal,  // the command or execution has ended
  execution_cancelled,
  lease_lost,  // the epoch is not the current one: the command was given to somebody else
  unauthenticated,
  forbidden,
  saturated,  // every handler or connection is busy: retry after `retry_after`
  unavailable,  // Postgres or another part is away: retry after `retry_after`
  schema_mismatch,  // database newer or older than this program
  timeout,
  cancelled,
  internal,
};

// The wire spelling of a code, e.g. "lease_lost".
[[nodiscard]] std::string_view to_string(ErrorCode code);

// One finding among several, e.g. one mistake in a playbook.
struct ErrorDetail {
  std::string field;  // where: JSON pointer ("/payload/x") or playbook path ("workflow[2].next")
  std::string message;  // what was found and what was expected
  int line = 0;  // 1-based, 0 when the input has no lines
  int column = 0;  // 1-based
  std::string suggestion;  // "did you mean …", or empty
  bool operator==(const ErrorDetail&) const = default;
};

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  std::string field;  // the field at fault, or empty
  std::chrono::milliseconds retry_after{0};  // for saturated, unavailable, active_claim
  std::vector<ErrorDetail> details;
  bool operator==(const Error&) const = default;
};

}  // namespace noetl::base

#pragma once
// What an ErrorCode is on each way out: HTTP status, NATS reply code, CLI exit code; and problem+json
// (RFC 9457) for base::Error in both directions. Free functions; any thread.
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/error.hpp"

namespace noetl::wire {

inline constexpr std::string_view problem_content_type = "application/problem+json";

struct ErrorMapping {
  base::ErrorCode code;
  int http_status;
  int nats_code;  // the Nats-Service-Error-Code header of a reply
  int cli_exit_code;  // docs/reference/cli.md, "Exit codes"
  std::string_view title;
};

[[nodiscard]] const ErrorMapping& mapping_of(base::ErrorCode code);
[[nodiscard]] inline int http_status_of(base::ErrorCode code) { return mapping_of(code).http_status; }
// The code spelled so on the wire, e.g. "lease_lost"; nothing for a spelling of a newer program.
[[nodiscard]] std::optional<base::ErrorCode> error_code_from(std::string_view text);
// The nearest code for an answer without problem+json, e.g. a proxy's 502.
[[nodiscard]] base::ErrorCode error_code_from_http(int status);

// [{field, message, line, column, suggestion}]
[[nodiscard]] nlohmann::json details_json(const std::vector<base::ErrorDetail>& details);
// {type, title, status, detail, code, field, details:[{field,message,line,column,suggestion}], retry_after_ms}
[[nodiscard]] nlohmann::json problem_json(const base::Error& error);
[[nodiscard]] std::string encode_problem(const base::Error& error);
// Never fails: what is no problem+json becomes an Error that quotes the beginning of it.
[[nodiscard]] base::Error decode_problem(int http_status, std::string_view body);

}  // namespace noetl::wire

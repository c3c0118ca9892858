#include "shared/wire/error_codes.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "shared/base/invariant.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/json/parse_body.hpp"

namespace noetl::wire {
namespace {

using base::ErrorCode;
using Json = nlohmann::json;

constexpr std::size_t quoted_bytes_max = 200;
constexpr std::size_t details_max = 1000;

// Exit codes: 2 wrong use, 3 not found, 4 conflict with what is there, 5 not allowed, 6 try again later,
// 7 cancelled, 1 everything else. NATS codes are HTTP's: one table for operators to know.
constexpr std::array table{
    ErrorMapping{ErrorCode::invalid_input, 422, 422, 2, "Invalid input"},
    ErrorMapping{ErrorCode::invalid_playbook, 422, 422, 2, "Invalid playbook"},
    ErrorMapping{ErrorCode::malformed_body, 400, 400, 2, "Malformed body"},
    ErrorMapping{ErrorCode::payload_too_large, 413, 413, 2, "Payload too large"},
    ErrorMapping{ErrorCode::not_found, 404, 404, 3, "Not found"},
    ErrorMapping{ErrorCode::method_not_allowed, 405, 405, 2, "Method not allowed"},
    ErrorMapping{ErrorCode::unsupported, 400, 400, 2, "Not supported"},
    ErrorMapping{ErrorCode::conflict, 409, 409, 4, "Conflict"},
    ErrorMapping{ErrorCode::active_claim, 409, 409, 4, "Held by another worker"},
    ErrorMapping{ErrorCode::already_terminal, 409, 409, 4, "Already ended"},
    ErrorMapping{ErrorCode::execution_cancelled, 409, 409, 4, "Execution cancelled"},
    ErrorMapping{ErrorCode::lease_lost, 409, 409, 4, "Lease lost"},
    ErrorMapping{ErrorCode::unauthenticated, 401, 401, 5, "Not authenticated"},
    ErrorMapping{ErrorCode::forbidden, 403, 403, 5, "Forbidden"},
    ErrorMapping{ErrorCode::saturated, 503, 503, 6, "Saturated"},
    ErrorMapping{ErrorCode::unavailable, 503, 503, 6, "Unavailable"},
    ErrorMapping{ErrorCode::schema_mismatch, 503, 503, 1, "Schema mismatch"},
    ErrorMapping{ErrorCode::timeout, 504, 504, 6, "Timed out"},
    ErrorMapping{ErrorCode::cancelled, 409, 409, 7, "Cancelled"},
    ErrorMapping{ErrorCode::internal, 500, 500, 1, "Internal error"},
};

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

int int_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return 0;
  return static_cast<int>(std::clamp<std::int64_t>(found->get<std::int64_t>(), 0, 1'000'000'000));
}

base::Error quoted(int http_status, std::string_view body) {
  std::string shown(body.substr(0, quoted_bytes_max));
  if (json::find_invalid_utf8(shown) != std::string_view::npos) shown.resize(json::find_invalid_utf8(shown));
  return base::Error{
      .code = error_code_from_http(http_status),
      .message = "HTTP status " + std::to_string(http_status) + " without a problem description; body: '" + shown + "'",
      .field = {},
      .retry_after = {},
      .details = {}};
}

}  // namespace

const ErrorMapping& mapping_of(ErrorCode code) {
  const auto* found =
      std::find_if(table.begin(), table.end(), [&](const ErrorMapping& row) { return row.code == code; });
  NOETL_INVARIANT(found != table.end(), "every ErrorCode has a row in the table");
  return *found;
}

std::optional<ErrorCode> error_code_from(std::string_view text) {
  for (const ErrorMapping& row : table) {
    if (base::to_string(row.code) == text) return row.code;
  }
  return std::nullopt;
}

ErrorCode error_code_from_http(int status) {
  switch (status) {
    case 400: return ErrorCode::malformed_body;
    case 401: return ErrorCode::unauthenticated;
    case 403: return ErrorCode::forbidden;
    case 404: return ErrorCode::not_found;
    case 405: return ErrorCode::method_not_allowed;
    case 408:
    case 504: return ErrorCode::timeout;
    case 409: return ErrorCode::conflict;
    case 413: return ErrorCode::payload_too_large;
    case 422: return ErrorCode::invalid_input;
    case 429: return ErrorCode::saturated;
    case 502:
    case 503: return ErrorCode::unavailable;
    default: return status >= 400 && status < 500 ? ErrorCode::invalid_input : ErrorCode::internal;
  }
}

Json details_json(const std::vector<base::ErrorDetail>& details) {
  Json list = Json::array();
  for (const base::ErrorDetail& finding : details) {
    Json& item = list.emplace_back(Json{{"field", finding.field}, {"message", finding.message}});
    if (finding.line > 0) item["line"] = finding.line;
    if (finding.column > 0) item["column"] = finding.column;
    if (!finding.suggestion.empty()) item["suggestion"] = finding.suggestion;
  }
  return list;
}

Json problem_json(const base::Error& error) {
  const ErrorMapping& row = mapping_of(error.code);
  const std::string code(base::to_string(error.code));
  Json problem{{"type", "urn:noetl:error:" + code},
               {"title", row.title},
               {"status", row.http_status},
               {"detail", error.message},
               {"code", code}};
  if (!error.field.empty()) problem["field"] = error.field;
  if (error.retry_after.count() > 0) problem["retry_after_ms"] = error.retry_after.count();
  if (error.details.empty()) return problem;
  problem["details"] = details_json(error.details);
  return problem;
}

std::string encode_problem(const base::Error& error) {
  // A message may quote bytes of somebody else's making: replace what is not UTF-8 rather than throw.
  return domain::json_text(problem_json(error));
}

base::Error decode_problem(int http_status, std::string_view body) {
  const auto parsed = json::parse_body(body);
  if (!parsed || !parsed->is_object() || !parsed->contains("code")) return quoted(http_status, body);
  const auto code = error_code_from(text_of(*parsed, "code"));
  base::Error error{.code = code.value_or(error_code_from_http(http_status)),
                    .message = text_of(*parsed, "detail"),
                    .field = text_of(*parsed, "field"),
                    .retry_after = std::chrono::milliseconds(int_of(*parsed, "retry_after_ms")),
                    .details = {}};
  const auto details = parsed->find("details");
  if (details == parsed->end() || !details->is_array()) return error;
  for (const Json& item : *details) {
    if (!item.is_object() || error.details.size() >= details_max) continue;
    error.details.push_back({.field = text_of(item, "field"),
                             .message = text_of(item, "message"),
                             .line = int_of(item, "line"),
                             .column = int_of(item, "column"),
                             .suggestion = text_of(item, "suggestion")});
  }
  return error;
}

}  // namespace noetl::wire

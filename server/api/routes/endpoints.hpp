#pragma once
// The endpoints table: every route of the server once. The router dispatches by it, the metrics are named
// by it, and /openapi.json is made from it, so that none of them can disagree. Constant; any thread.
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "server/api/calls/call.hpp"
#include "shared/base/error.hpp"
#include "shared/http/application.hpp"

namespace noetl::api {

// Of a row's body_bytes_max: as ApiSettings::body_bytes_max says.
inline constexpr std::size_t body_bytes_max_of_settings = 0;
// Of reports, which carry results: as ApiSettings::report_bytes_max says.
inline constexpr std::size_t report_bytes_max_of_settings = static_cast<std::size_t>(-1);

enum class BodyKind { none, optional_json, json, json_or_yaml };
// Whose token opens a route, where one is set. workers: theirs, and the token of callers.
enum class Access { everybody, metrics, workers, callers };
// An Access that has no default: a new row of the table must say whom it is open to.
struct OpenTo {
  constexpr OpenTo(Access named) : access(named) {}  // NOLINT(google-explicit-constructor): rows name an Access
  Access access;
};
enum class LimitKind { none, work, batch_submits, rendering, chosen_by_handler };

// Who checks a body: its schema before the handler sees it, or the handler's decoder alone, which costs less. That both agree is
// tested (tests/unit/api/requests_agree_test.cpp).
enum class BodyCheck { schema, decoder };

// What of a route's calls goes to the audit: those that may not, or all that were taken as well.
enum class AuditKind { none, refusals, all };

struct QueryField {
  std::string_view name;
  std::string_view type;  // limit, flag, or a schema of schemas/*.json
  std::string_view summary;
  bool is_required = false;
};

struct Endpoint {
  std::string_view method;
  std::string_view path;  // {name}, {var_name}, {pool}, {worker_id}: names; others: ids
  std::string_view operation_id;  // unique; `operation` of the metrics
  std::string_view tag;
  std::string_view summary;
  OpenTo open_to;
  BodyKind body = BodyKind::none;
  std::string_view request_schema = {};  // of schemas/requests.json; empty without a body
  BodyCheck check = BodyCheck::schema;  // decoder: where every command comes by
  std::string_view response_schema = {};  // empty: plain text
  int success_status = 200;
  std::size_t body_bytes_max = 0;
  LimitKind limit = LimitKind::work;
  http::Place place = http::Place::general;  // whose threads answer it
  std::span<const QueryField> query = {};
  std::span<const base::ErrorCode> errors = {};  // besides those that every such route can answer
  bool has_idempotency_key = false;
  AuditKind audit = AuditKind::none;
  std::string_view alias_of = {};  // the operation this is another name of
  Handler handler = nullptr;
};

[[nodiscard]] std::span<const Endpoint> endpoints();
// Of what deletes, nothing may stand after the '?' that nobody reads: it was meant for something, as ?dry_run=true where
// nothing is tried first. Elsewhere NoETL's clients send more than is read here.
[[nodiscard]] bool refuses_query(const Endpoint& endpoint);
// Every code that this endpoint can answer with: its own and those of its body, path and limit.
[[nodiscard]] std::vector<base::ErrorCode> errors_of(const Endpoint& endpoint);

}  // namespace noetl::api

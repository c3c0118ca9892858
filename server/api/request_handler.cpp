#include "server/api/request_handler.hpp"

#include <algorithm>
#include <memory>
#include <variant>

#include "server/api/audited_call.hpp"
#include "server/api/calls/query_reader.hpp"
#include "server/api/inflate.hpp"
#include "server/api/routes/openapi.hpp"
#include "server/api/routes/query_check.hpp"
#include "server/api/routes/schemas.hpp"
#include "server/postgres/errors.hpp"
#include "shared/telemetry/log.hpp"
#include "shared/wire/error_codes.hpp"
#include "shared/wire/messages/worker.hpp"
#include "shared/wire/names.hpp"

namespace noetl::api {
namespace {

using base::ErrorCode;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds retry_after{1000};
constexpr std::size_t unused_body_bytes_max =
    1024;  // of a DELETE: read, so that the connection can go on, and not looked at

// The route that the head named, until the body is there.
struct Routed final : http::Ticket {
  Route route;
  Query query;
};

http::Response response_of(Reply reply) {
  return {.status = reply.status,
          .content_type = std::string(reply.content_type),
          .headers = std::move(reply.headers),
          .body = std::move(reply.body)};
}

http::Response problem_response(base::Error error) {
  std::string allowed;
  if (error.code == ErrorCode::method_not_allowed) std::swap(allowed, error.field);
  Reply reply = problem_reply(error);
  if (!allowed.empty()) reply.headers.emplace_back("Allow", std::move(allowed));
  return response_of(std::move(reply));
}

http::Admission refusal(http::Response response) { return {.refusal = std::move(response), .ticket = {}}; }

base::Error try_again(ErrorCode code, std::string message) {
  return base::Error{
      .code = code, .message = std::move(message), .field = {}, .retry_after = retry_after, .details = {}};
}

// A long poll holds a thread: some are left for everything else.
std::size_t long_polls_max_of(const ApiSettings& settings) {
  return std::min(settings.long_polls_max, std::max<std::size_t>(settings.threads_max * 3 / 4, 1));
}

// Workers whose polls wait for direct dispatch could do without: those are fewer, so that the others find room.
std::size_t dispatch_polls_max_of(const ApiSettings& settings) {
  return std::max<std::size_t>(long_polls_max_of(settings) / 2, 1);
}

std::string header_if(const http::Head& head, const char* name, bool (*is_valid)(std::string_view)) {
  const auto value = head.header(name);
  return is_valid(value) ? std::string(value) : std::string{};
}

}  // namespace

RequestHandler::RequestHandler(dispatch::ServerContext& server, vault::Vault& vault, const ApiSettings& settings,
                               telemetry::Metrics& metrics)
    : server_(server),
      settings_(settings),
      router_(endpoints()),
      access_check_(settings.access),
      checker_(published_schemas()),
      metrics_(metrics, endpoints()),
      limits_{
          .work = ConcurrencyLimit({.inside_max = settings.in_flight_max,
                                    .waiting_max = settings.in_flight_waiting_max,
                                    .patience = settings.in_flight_patience}),
          .batch_submits = ConcurrencyLimit(
              {.inside_max = std::clamp<std::size_t>(settings.batch_submits_max, 1, settings.in_flight_max),
               .waiting_max = settings.in_flight_waiting_max,
               .patience = settings.in_flight_patience}),
          .single_submits = ConcurrencyLimit({.inside_max = std::max<std::size_t>(settings.threads_max / 2, 1),
                                              .waiting_max = settings.in_flight_waiting_max,
                                              .patience = settings.in_flight_patience}),
          .rendering = ConcurrencyLimit({.inside_max = 1,
                                         .waiting_max = settings.in_flight_waiting_max,
                                         .patience = settings.in_flight_patience}),
          .long_polls = ConcurrencyLimit({.inside_max = long_polls_max_of(settings), .waiting_max = 0, .patience = {}}),
          .dispatch_polls =
              ConcurrencyLimit({.inside_max = dispatch_polls_max_of(settings), .waiting_max = 0, .patience = {}}),
          .outside = ConcurrencyLimit({.inside_max = std::max<std::size_t>(settings.threads_max / 4, 1),
                                       .waiting_max = settings.threads_max / 4,
                                       .patience = settings.in_flight_patience})},
      submits_(server),
      reports_of_others_(metrics,
                         {.metric = "noetl_reports_of_others_total",
                          .help = "Reports refused because another worker, or another process, holds the command",
                          .component = "api",
                          .message = "reports were refused: another worker holds the command"}),
      unaudited_refusals_(metrics, {.metric = "noetl_refusals_unaudited_total",
                                    .help = "Refused calls that are not in the audit: more than 60 in a minute",
                                    .component = "audit",
                                    .message = "calls were refused, more than the audit takes in a minute"}),
      context_{.server = server,
               .submits = submits_,
               .vault = vault,
               .metrics = metrics,
               .limits = limits_,
               .is_shutting_down = is_shutting_down_,
               .version = settings.version,
               .started_at = Clock::now(),
               .openapi = openapi_document(endpoints(), settings.version, access_check_.asks_for_token()),
               .reports_of_others = reports_of_others_,
               .audited_refusals = audited_refusals_,
               .unaudited_refusals = unaudited_refusals_} {}

std::size_t RequestHandler::body_bytes_max_of(const Endpoint& endpoint) const {
  if (endpoint.body == BodyKind::none) return unused_body_bytes_max;
  if (endpoint.body_bytes_max == body_bytes_max_of_settings) return settings_.body_bytes_max;
  if (endpoint.body_bytes_max == report_bytes_max_of_settings) return settings_.report_bytes_max;
  return std::min(endpoint.body_bytes_max, settings_.body_bytes_max);
}

http::Admission RequestHandler::admit(const http::Head& head, const std::string&) {
  const auto path = http::decode_path(head.raw_path());
  auto query = http::decode_query(head.query());
  const auto* wrong = std::get_if<http::Refused>(&path);
  if (wrong == nullptr) wrong = std::get_if<http::Refused>(&query);
  if (wrong != nullptr) return refusal(refuse(*wrong));
  auto route = router_.find(head.method, std::get<std::string>(path));
  const Endpoint* endpoint = route ? &endpoints()[route->endpoint] : nullptr;
  if (const auto found = access_check_.refusal(head, endpoint)) {
    route ? metrics_.count(route->endpoint, found->status, {}) : metrics_.count_unrouted();
    auto reply = problem_reply(found->error, found->status);
    if (found->error.field == "Content-Encoding") reply.headers.emplace_back("Accept-Encoding", "gzip, deflate");
    return refusal(response_of(std::move(reply)));
  }
  if (!route) {
    metrics_.count_unrouted();
    return refusal(problem_response(std::move(route.error())));
  }
  auto ticket = std::make_unique<Routed>();
  ticket->route = std::move(*route);
  for (auto& [name, value] : std::get<http::QueryFields>(query))
    ticket->query.emplace(std::move(name), std::move(value));
  return {.refusal = std::nullopt,
          .place = endpoint->place,
          .body_bytes_max = body_bytes_max_of(*endpoint),
          .ticket = std::move(ticket)};
}

http::Response RequestHandler::refuse(const http::Refused& refused) {
  if (refused.status == 503) {
    metrics_.refused_request();
    return problem_response(try_again(ErrorCode::saturated, refused.message));
  }
  metrics_.count_unrouted();
  const bool is_large = refused.status == 413 || refused.status == 431;
  const base::Error error{.code = is_large ? ErrorCode::payload_too_large : ErrorCode::malformed_body,
                          .message = refused.message,
                          .field = {},
                          .retry_after = {},
                          .details = {}};
  return response_of(problem_reply(error, refused.status));
}

base::Result<void> RequestHandler::unpack(http::Request& request, const Endpoint& endpoint) const {
  const std::string codings = content_codings(request.head);
  if (codings.empty() || request.body.empty()) return {};
  auto body = inflated(codings, request.body, body_bytes_max_of(endpoint));
  if (!body) return base::failure(std::move(body.error()));
  if (!request.memory.add(body->size()))
    return base::failure(
        try_again(ErrorCode::saturated, "the requests being read fill the memory that they may have; try again"));
  request.body = std::move(*body);
  return {};
}

http::Response RequestHandler::answer(http::Request request) {
  auto& routed = static_cast<Routed&>(*request.ticket);
  const Endpoint& endpoint = endpoints()[routed.route.endpoint];
  const auto inside = metrics_.request();
  const auto begun = Clock::now();
  if (const auto unpacked = unpack(request, endpoint); !unpacked) {
    auto reply = problem_reply(unpacked.error());
    metrics_.count(routed.route.endpoint, reply.status, {});
    return response_of(std::move(reply));
  }

  Call call;
  call.id = routed.route.id;
  call.worker_id = std::move(routed.route.worker_id);
  call.name = std::move(routed.route.name);
  call.body = std::move(request.body);
  call.content_type = media_type(request.head.header("content-type"));
  if (endpoint.check == BodyCheck::schema && !endpoint.request_schema.empty()) call.checker = &checker_;
  call.body_schema = endpoint.request_schema;
  call.query = &routed.query;
  call.stop = stop_.get_token();
  call.is_peer_there = request.is_peer_there;
  call.traceparent = header_if(request.head, "traceparent", wire::is_traceparent);  // W3C: a wrong one is ignored
  call.idempotency_key = request.head.header("idempotency-key");
  call.has_idempotency_key = request.head.has("idempotency-key");
  call.authorization = request.head.header("authorization");
  call.worker_instance = header_if(request.head, wire::instance_header, wire::is_worker_id);
  call.peer = request.peer;
  call.is_local = is_local(request.head, request.peer);
  call.shows_token = access_check_.shows_token(request.head);
  call.take_memory = [&memory = request.memory](std::size_t bytes) { return memory.add(bytes); };

  auto result = handle(endpoint, call);
  Reply reply = result ? std::move(*result) : problem_reply(result.error());
  if (!result && result.error().code == ErrorCode::saturated) metrics_.refused_request();
  const auto elapsed = Clock::now() - begun;
  metrics_.count(routed.route.endpoint, reply.status, elapsed);
  log_request(endpoint, request, reply, elapsed);
  return response_of(std::move(reply));
}

base::Result<Reply> RequestHandler::handle(const Endpoint& endpoint, const Call& call) {
  if (call.has_idempotency_key && endpoint.has_idempotency_key && !wire::is_idempotency_key(call.idempotency_key)) {
    return base::failure(ErrorCode::invalid_input,
                         "the header Idempotency-Key must be 1 to 256 visible ASCII characters", "Idempotency-Key");
  }
  if (refuses_query(endpoint)) {
    QueryReader reader(call);
    if (auto error = reader.finish()) return base::failure(std::move(*error));
  }
  if (!endpoint.query.empty()) {
    if (auto checked = check_query(endpoint, *call.query, checker_); !checked)
      return base::failure(std::move(checked.error()));
  }
  try {
    if (endpoint.limit == LimitKind::none || endpoint.limit == LimitKind::chosen_by_handler)
      return call_handler(endpoint, call);
    const auto permit = enter(endpoint.limit == LimitKind::batch_submits ? limits_.batch_submits
                              : endpoint.limit == LimitKind::rendering   ? limits_.rendering
                                                                         : limits_.work);
    if (!permit) return base::failure(permit.error());
    return call_handler(endpoint, call);
  } catch (const postgres::Unavailable& unavailable) {
    telemetry::log_warn("api", "database unavailable",
                        {{"operation", std::string(endpoint.operation_id)}, {"error", unavailable.what()}});
    return base::failure(
        try_again(ErrorCode::unavailable,
                  "the database does not answer now; whether the request took effect is unknown: repeat it"));
  } catch (const std::exception& exception) {
    const std::string incident = std::to_string(server_.ids.next());
    telemetry::log_error(
        "api", "request failed",
        {{"operation", std::string(endpoint.operation_id)}, {"incident", incident}, {"error", exception.what()}});
    return base::failure(ErrorCode::internal, "the server failed; its log has more under incident " + incident);
  }
}

base::Result<Reply> RequestHandler::call_handler(const Endpoint& endpoint, const Call& call) {
  auto result = endpoint.handler(context_, call);
  if (endpoint.audit != AuditKind::none) audit(context_, endpoint, call, result);
  return result;
}

void RequestHandler::log_request(const Endpoint& endpoint, const http::Request& request, const Reply& reply,
                                 std::chrono::nanoseconds elapsed) const {
  // A claim that waits is not slow.
  const bool is_slow = elapsed >= settings_.slow_request && endpoint.limit != LimitKind::chosen_by_handler;
  const auto level = is_slow ? telemetry::LogLevel::warn : telemetry::LogLevel::debug;
  if (!telemetry::is_log_enabled(level)) return;
  telemetry::log(level, "api", is_slow ? "slow request" : "request",
                 {{"method", request.head.method},
                  {"path", std::string(request.head.raw_path())},
                  {"status", std::to_string(reply.status)},
                  {"ms", std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count())},
                  {"reply_bytes", std::to_string(reply.body.size())},
                  {"from", request.peer}});
}

}  // namespace noetl::api

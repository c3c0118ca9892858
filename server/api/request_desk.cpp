#include "server/api/request_desk.hpp"

#include <algorithm>
#include <charconv>

#include "server/api/openapi.hpp"
#include "server/api/query_reader.hpp"
#include "server/store/errors.hpp"
#include "shared/telemetry/log.hpp"
#include "shared/wire/error_codes.hpp"
#include "shared/wire/names.hpp"

namespace noetl::api {
namespace {

using base::ErrorCode;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds retry_after{1000};
constexpr std::size_t unused_body_bytes_max =
    1024;  // of a DELETE: read, so that the connection can go on, and not looked at

void write_reply(Reply reply, httplib::Response& response) {
  response.status = reply.status;
  for (const auto& [name, value] : reply.headers) response.set_header(name, value);
  response.set_header("Content-Type", std::string(reply.content_type));
  response.body = std::move(reply.body);
}

void write_problem(base::Error error, httplib::Response& response) {
  std::string allowed;
  if (error.code == ErrorCode::method_not_allowed) std::swap(allowed, error.field);
  Reply reply = problem_reply(error);
  if (!allowed.empty()) reply.headers.emplace_back("Allow", std::move(allowed));
  write_reply(std::move(reply), response);
}

base::Error try_again(ErrorCode code, std::string message) {
  return base::Error{
      .code = code, .message = std::move(message), .field = {}, .retry_after = retry_after, .details = {}};
}

tl::unexpected<base::Error> too_large(std::size_t bytes_max) {
  return base::failure(ErrorCode::payload_too_large,
                       "the body has more than " + std::to_string(bytes_max) + " bytes");
}

// "Application/JSON; charset=utf-8" → "application/json"
std::string media_type(const httplib::Request& request) {
  std::string type = request.get_header_value("Content-Type");
  type.resize(std::min(type.find(';'), type.size()));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return type;
}

// What a web page of another origin may send without asking first (forms, text/plain) is refused: this
// server runs shell commands for its callers.
bool may_be_json(const std::string& type) {
  return type != "application/x-www-form-urlencoded" && type != "multipart/form-data" && type != "text/plain";
}

// Called by a program on this machine. A proxy here speaks for others; a web page that is open here speaks for its
// author, even under a name of its own that leads to this machine (Host).
bool is_local(const httplib::Request& request) {
  for (const char* header :
       {"X-Forwarded-For", "X-Real-IP", "Forwarded", "Via", "Origin", "Sec-Fetch-Site"}) {
    if (request.has_header(header)) return false;
  }
  const auto begins = [](std::string_view text, std::string_view start) { return text.starts_with(start); };
  const std::string& from = request.remote_addr;
  if (!begins(from, "127.") && from != "::1" && !begins(from, "::ffff:127.")) return false;
  const std::string host = request.get_header_value("Host");
  return host.empty() || begins(host, "127.") || begins(host, "[::1]") || host == "localhost" ||
         begins(host, "localhost:");
}

// A long poll holds a thread: some are left for everything else.
std::size_t long_polls_max_of(const DoorSettings& settings) {
  return std::min(settings.long_polls_max, std::max<std::size_t>(settings.threads_max * 3 / 4, 1));
}

// Those who wait for a hand-over could do without: theirs are fewer, so that the others find room.
std::size_t hand_overs_max_of(const DoorSettings& settings) {
  return std::max<std::size_t>(long_polls_max_of(settings) / 2, 1);
}

// Adds to the bytes in memory, and takes them away again at the end.
class BytesInMemory {
 public:
  explicit BytesInMemory(std::atomic<std::size_t>& total) : total_(total) {}
  ~BytesInMemory() { total_ -= mine_; }
  BytesInMemory(const BytesInMemory&) = delete;
  BytesInMemory& operator=(const BytesInMemory&) = delete;
  [[nodiscard]] bool add(std::size_t bytes, std::size_t bytes_max) {
    mine_ += bytes;
    return (total_ += bytes) <= bytes_max;
  }

 private:
  std::atomic<std::size_t>& total_;
  std::size_t mine_ = 0;
};

std::string header_if(const httplib::Request& request, const char* name, bool (*is_valid)(std::string_view)) {
  std::string value = request.get_header_value(name);
  if (!is_valid(value)) value.clear();
  return value;
}

}  // namespace

RequestDesk::RequestDesk(app::Parts& parts, vault::Vault& vault, const DoorSettings& settings,
                         telemetry::Metrics& metrics, PeerOfCaller peer_of_caller)
    : parts_(parts),
      settings_(settings),
      peer_of_caller_(peer_of_caller),
      router_(endpoints()),
      metrics_(metrics, endpoints()),
      gates_{.work = RequestGate({.inside_max = settings.in_flight_max,
                                  .waiting_max = settings.in_flight_waiting_max,
                                  .patience = settings.in_flight_patience}),
             .intake = RequestGate(
                 {.inside_max = std::clamp<std::size_t>(settings.intake_max, 1, settings.in_flight_max),
                  .waiting_max = settings.in_flight_waiting_max,
                  .patience = settings.in_flight_patience}),
             .gathered = RequestGate({.inside_max = std::max<std::size_t>(settings.threads_max / 2, 1),
                                      .waiting_max = settings.in_flight_waiting_max,
                                      .patience = settings.in_flight_patience}),
             .rendering = RequestGate({.inside_max = 1,
                                       .waiting_max = settings.in_flight_waiting_max,
                                       .patience = settings.in_flight_patience}),
             .long_polls =
                 RequestGate({.inside_max = long_polls_max_of(settings), .waiting_max = 0, .patience = {}}),
             .hand_overs =
                 RequestGate({.inside_max = hand_overs_max_of(settings), .waiting_max = 0, .patience = {}}),
             .outside = RequestGate({.inside_max = std::max<std::size_t>(settings.threads_max / 4, 1),
                                     .waiting_max = settings.threads_max / 4,
                                     .patience = settings.in_flight_patience})},
      intake_(parts),
      backing_{.parts = parts,
               .intake = intake_,
               .vault = vault,
               .metrics = metrics,
               .gates = gates_,
               .is_leaving = is_leaving_,
               .version = settings.version,
               .started_at = Clock::now(),
               .openapi = openapi_document(endpoints(), settings.version)} {}

std::size_t RequestDesk::body_bytes_max_of(const Endpoint& endpoint) const {
  if (endpoint.body == BodyKind::none) return unused_body_bytes_max;
  if (endpoint.body_bytes_max == body_bytes_max_of_settings) return settings_.body_bytes_max;
  if (endpoint.body_bytes_max == report_bytes_max_of_settings) return settings_.report_bytes_max;
  return std::min(endpoint.body_bytes_max, settings_.body_bytes_max);
}

bool RequestDesk::answer_without_body(const httplib::Request& request, httplib::Response& response) {
  const auto route = router_.find(request.method, request.path);
  if (!route) {
    metrics_.count_unrouted();
    write_problem(route.error(), response);
    return true;
  }
  const bool may_have_body = request.method == "POST" || request.method == "DELETE" ||
                             request.method == "PUT" || request.method == "PATCH";
  if (may_have_body) return false;
  // Which of them somebody on the way has believed is unknown; the door closes after this.
  if (request.get_header_value_count("Content-Length") > 1) {
    metrics_.count(route->endpoint, 400, {});
    write_problem(base::Error{.code = ErrorCode::malformed_body,
                              .message = "the length of the body is told twice",
                              .field = {},
                              .retry_after = {},
                              .details = {}},
                  response);
    return true;
  }
  answer(*route, request, response, {});
  return true;
}

bool RequestDesk::answer_with_body(const httplib::Request& request, httplib::Response& response,
                                   const httplib::ContentReader& read) {
  const auto route = router_.find(request.method, request.path);
  if (!route) {  // was found before the body was read
    write_problem(route.error(), response);
    return false;
  }
  const bool has_body = request.has_header("Content-Length") || request.has_header("Transfer-Encoding");
  if (!has_body) {
    answer(*route, request, response, {});
    return true;
  }
  BytesInMemory bytes(body_bytes_);
  std::string body;
  base::Result<void> taken;
  {
    const Endpoint& endpoint = endpoints()[route->endpoint];
    auto result = [&]() -> base::Result<std::string> {
      std::size_t declared = 0;
      const std::string length = request.get_header_value("Content-Length");
      std::from_chars(length.data(), length.data() + length.size(), declared);
      const std::size_t bytes_max = body_bytes_max_of(endpoint);
      const std::size_t reserved = length.empty() ? bytes_max : std::min(declared, bytes_max);
      if (!bytes.add(reserved, settings_.body_bytes_in_memory_max)) {
        metrics_.refused_request();
        return base::failure(try_again(
            ErrorCode::saturated, "the requests being read fill the memory that they may have; try again"));
      }
      return read_body(endpoint, request, response, read);
    }();
    if (!result) {
      metrics_.count(route->endpoint, wire::http_status_of(result.error().code), {});
      write_problem(std::move(result.error()), response);
      return false;
    }
    body = std::move(*result);
  }
  answer(*route, request, response, std::move(body));
  return true;
}

base::Result<std::string> RequestDesk::read_body(const Endpoint& endpoint, const httplib::Request& request,
                                                 const httplib::Response& response,
                                                 const httplib::ContentReader& read) {
  if (request.get_header_value_count("Content-Length") > 1 ||
      (request.has_header("Content-Length") && request.has_header("Transfer-Encoding"))) {
    return base::failure(ErrorCode::malformed_body, "the length of the body is told twice");
  }
  const std::string type = media_type(request);
  if (!may_be_json(type) && (endpoint.body != BodyKind::none || type == "multipart/form-data")) {
    return base::failure(ErrorCode::unsupported,
                         "Content-Type '" + std::string(type) + "' is not accepted: send application/json");
  }
  const std::size_t bytes_max = body_bytes_max_of(endpoint);
  std::size_t declared = 0;
  const std::string length = request.get_header_value("Content-Length");
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), declared);
  if (!length.empty() && (error != std::errc{} || end != length.data() + length.size())) {
    return base::failure(ErrorCode::malformed_body, "Content-Length is no number");
  }
  if (declared > bytes_max) return too_large(bytes_max);

  std::string body;
  body.reserve(declared);
  bool is_too_large = false;
  const bool is_complete = read([&](const char* bytes, std::size_t size) {
    is_too_large = body.size() + size > bytes_max;  // also of what was compressed
    if (!is_too_large) body.append(bytes, size);
    return !is_too_large;
  });
  if (is_too_large) return too_large(bytes_max);
  if (!is_complete) {
    if (response.status == 415)
      return base::failure(ErrorCode::unsupported, "this Content-Encoding is not accepted");
    return base::failure(ErrorCode::malformed_body, "the body ended early or came too slowly");
  }
  return body;
}

void RequestDesk::answer(const Route& route, const httplib::Request& request, httplib::Response& response,
                         std::string body) {
  const Endpoint& endpoint = endpoints()[route.endpoint];
  const auto inside = metrics_.request();
  const auto begun = Clock::now();

  Call call;
  call.id = route.id;
  call.worker_id = route.worker_id;
  call.name = route.name;
  call.body = std::move(body);
  call.content_type = media_type(request);
  call.query = &request.params;
  call.stop = stop_.get_token();
  call.is_peer_there = peer_of_caller_ != nullptr ? peer_of_caller_() : std::function<bool()>();
  call.traceparent = header_if(request, "traceparent", wire::is_traceparent);  // W3C: a wrong one is ignored
  call.idempotency_key = request.get_header_value("Idempotency-Key");
  call.authorization = request.get_header_value("Authorization");
  call.peer = request.remote_addr;
  call.is_local = is_local(request);

  BytesInMemory trees(body_bytes_);
  call.take_memory = [&](std::size_t bytes) { return trees.add(bytes, settings_.body_bytes_in_memory_max); };

  auto result = handle(endpoint, call);
  Reply reply = result ? std::move(*result) : problem_reply(result.error());
  if (!result && result.error().code == ErrorCode::saturated) metrics_.refused_request();
  const auto elapsed = Clock::now() - begun;
  metrics_.count(route.endpoint, reply.status, elapsed);
  log_request(endpoint, request, reply, elapsed);
  write_reply(std::move(reply), response);
}

base::Result<Reply> RequestDesk::handle(const Endpoint& endpoint, const Call& call) {
  if (!call.idempotency_key.empty() && endpoint.has_idempotency_key &&
      !wire::is_idempotency_key(call.idempotency_key)) {
    return base::failure(ErrorCode::invalid_input,
                         "the header Idempotency-Key must be 1 to 256 visible ASCII characters",
                         "Idempotency-Key");
  }
  if (refuses_query(endpoint)) {
    QueryReader reader(call);
    if (auto error = reader.finish()) return base::failure(std::move(*error));
  }
  try {
    if (endpoint.gate == GateKind::none || endpoint.gate == GateKind::chosen_by_handler)
      return endpoint.handler(backing_, call);
    const auto permit = enter(endpoint.gate == GateKind::intake      ? gates_.intake
                              : endpoint.gate == GateKind::rendering ? gates_.rendering
                                                                     : gates_.work);
    if (!permit) return base::failure(permit.error());
    return endpoint.handler(backing_, call);
  } catch (const store::Unavailable& unavailable) {
    telemetry::log_warn("api", "database unavailable",
                        {{"operation", std::string(endpoint.operation_id)}, {"error", unavailable.what()}});
    return base::failure(
        try_again(ErrorCode::unavailable,
                  "the database does not answer now; whether the request took effect is unknown: repeat it"));
  } catch (const std::exception& exception) {
    const std::string incident = std::to_string(parts_.ids.next());
    telemetry::log_error("api", "request failed",
                         {{"operation", std::string(endpoint.operation_id)},
                          {"incident", incident},
                          {"error", exception.what()}});
    return base::failure(ErrorCode::internal,
                         "the server failed; its log has more under incident " + incident);
  }
}

void RequestDesk::answer_unreadable(httplib::Response& response) const {
  if (!response.body.empty()) return;
  metrics_.count_unrouted();
  const int status = response.status;
  if (status == 414) {
    write_problem(base::Error{.code = ErrorCode::payload_too_large,
                              .message = "the request line is too long",
                              .field = {},
                              .retry_after = {},
                              .details = {}},
                  response);
  } else if (status == 413) {
    write_problem(base::Error{.code = ErrorCode::payload_too_large,
                              .message = "the body is too large",
                              .field = {},
                              .retry_after = {},
                              .details = {}},
                  response);
  } else {
    write_problem(base::Error{.code = ErrorCode::malformed_body,
                              .message = "this is no HTTP request that the server can read",
                              .field = {},
                              .retry_after = {},
                              .details = {}},
                  response);
  }
}

void RequestDesk::log_request(const Endpoint& endpoint, const httplib::Request& request, const Reply& reply,
                              std::chrono::nanoseconds elapsed) const {
  // A claim that waits is not slow.
  const bool is_slow = elapsed >= settings_.slow_request && endpoint.gate != GateKind::chosen_by_handler;
  const auto level = is_slow ? telemetry::LogLevel::warn : telemetry::LogLevel::debug;
  if (!telemetry::is_log_enabled(level)) return;
  telemetry::log(
      level, "api", is_slow ? "slow request" : "request",
      {{"method", request.method},
       {"path", request.path},
       {"status", std::to_string(reply.status)},
       {"ms", std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count())},
       {"reply_bytes", std::to_string(reply.body.size())},
       {"from", request.remote_addr}});
}

}  // namespace noetl::api

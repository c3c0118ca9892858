#include "server/cluster/nats_requests.hpp"

#include <chrono>
#include <utility>

#include "shared/telemetry/log.hpp"
#include "shared/wire/operations/worker_operations.hpp"

namespace noetl::cluster {
namespace {

constexpr int unavailable = 503;
constexpr const char* no_room = "the requests being read fill the memory that they may have; try again";
http::Lane lane_of(http::Place place) {
  switch (place) {
    case http::Place::reports: return http::Lane::reports;
    case http::Place::claims: return http::Lane::claims;
    default: return http::Lane::general;
  }
}

}  // namespace

NatsRequests::NatsRequests(http::Application& application, nats::Connection& connection, NatsRequestsSettings settings)
    : application_(application),
      settings_(std::move(settings)),
      connection_(connection),
      budget_(settings_.bytes_in_memory_max),
      pool_(settings_.threads_max, settings_.waiting_max) {}

NatsRequests::~NatsRequests() { stop(); }

base::Result<void> NatsRequests::serve(std::string name, const std::string& subject_filter, Translate translate) {
  auto filter = nats::SubjectFilter::parse(subject_filter);
  if (!filter) return base::failure(std::move(filter.error()));
  auto& route = *routes_.emplace_back(std::make_unique<Route>());
  route.name = std::move(name);
  route.subject_filter = subject_filter;
  route.translate = std::move(translate);
  route.responder = std::make_unique<nats::Responder>(
      connection_, [this, &route](nats::Responder&, Incoming request) { take(route, std::move(request)); },
      settings_.parts_prefix);
  return route.responder->listen(*filter, queue_group);
}

void NatsRequests::stop() {
  for (const auto& route : routes_) route->responder->stop();
  pool_.stop();
}

void NatsRequests::answer(Route& route, const Exchange& exchange, const Incoming& request,
                          const http::Response& response) {
  ++route.requests;
  nats::Headers headers{{wire::status_header, std::to_string(response.status)},
                        {"Content-Type", response.content_type}};
  for (const auto& [name, value] : response.headers) headers.emplace_back(name, value);
  if (response.status >= bad_request) {
    ++route.errors;
    headers.emplace_back(wire::service_error_code_header, std::to_string(response.status));
    headers.emplace_back(wire::service_error_header, "see the body");
  }
  route.responder->answer(request, headers, response.body);
  if (is_exchange_logged(response.status)) log_exchange(route.name, exchange, request, response);
}

// On a thread of nats.c: what takes time is left to the pool.
void NatsRequests::take(Route& route, Incoming request) {
  Exchange exchange;
  const auto refuse = [&](int status, std::string message) {
    answer(route, exchange, request, application_.refuse({.status = status, .message = std::move(message)}));
  };
  auto form = route.translate(request);
  if (!form) return refuse(bad_request, std::move(form.error().message));
  exchange.message_id = std::exchange(form->message_id, {});
  exchange.worker_id = std::exchange(form->worker_id, {});
  http::Request parsed;
  parsed.head =
      head_of(std::move(*form), request.headers, request.is_whole() ? request.bytes.size() : request.part.bytes_total);
  const http::Head& head = parsed.head;

  auto admission = application_.admit(head, nats_peer);
  if (admission.refusal) return answer(route, exchange, request, *admission.refusal);
  if (head.content_length > admission.body_bytes_max)
    return refuse(too_large, "the body has " + std::to_string(head.content_length) + " bytes, of at most " +
                                 std::to_string(admission.body_bytes_max));
  if (!budget_.has_room(head.content_length)) return refuse(unavailable, no_room);
  if (!request.is_whole()) {
    if (auto asked = route.responder->receive_rest(request); !asked) refuse(unavailable, asked.error().message);
    return;
  }
  parsed.memory = http::MemoryBudget::Charge(budget_);
  if (!parsed.memory.add(request.bytes.size())) return refuse(unavailable, no_room);
  if (telemetry::is_log_enabled(telemetry::LogLevel::debug)) exchange.executions = executions_in(request.bytes);
  parsed.peer = nats_peer;
  parsed.body = std::exchange(request.bytes, {});
  parsed.ticket = std::move(admission.ticket);
  const auto shared = std::make_shared<const Incoming>(std::move(request));
  parsed.is_peer_there = [&route, shared] { return route.responder->is_waiting(*shared); };
  submit(route,
         std::make_shared<Waiting>(
             Waiting{.exchange = std::move(exchange), .request = shared, .parsed = std::move(parsed)}),
         admission.place);
}

void NatsRequests::submit(Route& route, std::shared_ptr<Waiting> waiting, http::Place place) {
  const auto work = [this, &route, waiting] {
    const nats::ThreadScope scope;
    try {
      const auto begun = std::chrono::steady_clock::now();
      const auto response = application_.answer(std::move(waiting->parsed));
      route.processing_ns +=
          static_cast<std::uint64_t>((std::chrono::steady_clock::now() - begun) / std::chrono::nanoseconds(1));
      answer(route, waiting->exchange, *waiting->request, response);
    } catch (...) {  // no memory: whoever asked hears nothing, and asks again
      ++route.errors;
    }
  };
  if (pool_.submit(work, lane_of(place))) return;
  answer(route, waiting->exchange, *waiting->request,
         application_.refuse(
             {.status = unavailable, .message = "every thread that answers over NATS is busy; try again"}));
}

}  // namespace noetl::cluster

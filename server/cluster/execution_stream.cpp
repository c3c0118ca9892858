#include "server/cluster/execution_stream.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "server/cluster/request_form.hpp"
#include "shared/base/thread_name.hpp"
#include "shared/json/parse_body.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::cluster {
namespace {

using std::chrono::milliseconds;

constexpr int ok_below = 300;
constexpr int timed_out = 408;
constexpr int too_many = 429;
constexpr int broken = 500;
constexpr milliseconds fetch_patience{500};
constexpr milliseconds retry_after{1000};  // of a message that could not be answered yet
constexpr milliseconds retry_after_max{30'000};
constexpr milliseconds start_again{1000};  // after NATS was away, or the stream was
constexpr milliseconds ack_wait{10'000};

// The same message could be answered otherwise later: the server is busy, or Postgres is away. One without the right token is not among
// them: enough of those would be all that may be unacknowledged, and nobody's message would be delivered any more.
bool may_pass(int status) { return status >= broken || status == too_many || status == timed_out; }

void log_submitted(const Exchange& exchange, const nats::Message& message, const http::Response& response) {
  nats::Responder::Incoming request;
  request.subject = message.subject();
  for (const char* name : {"Nats-Msg-Id", "X-Event-ID"}) {
    if (const auto value = message.header(name); !value.empty()) request.headers.emplace_back(name, value);
  }
  log_exchange("submit", exchange, request, response);
}

}  // namespace

ExecutionStream::ExecutionStream(http::Application& application, nats::Connection& connection,
                                 ExecutionStreamSettings settings)
    : application_(application),
      connection_(connection),
      settings_(std::move(settings)),
      pool_(std::make_unique<http::HandlerPool>(threads_max, in_flight_max)),
      fetching_([this](const std::stop_token& stop) { run(stop); }) {}

// Messages that are being answered are answered and acknowledged first.
ExecutionStream::~ExecutionStream() {
  fetching_.request_stop();
  fetching_.join();
  pool_->stop();
}

void ExecutionStream::run(const std::stop_token& stop) {
  base::name_thread("submitted");
  const nats::ThreadScope scope;
  std::string reported;
  while (!stop.stop_requested()) {
    auto served = serve(stop);
    if (served) continue;
    // NATS that is away is told of by others.
    const std::string& message = served.error().message;
    if (connection_.is_connected() && std::exchange(reported, message) != message)
      telemetry::log_warn("server", "requests of stream " + settings_.stream + " wait: " + message);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, start_again, [] { return false; });
  }
}

base::Result<void> ExecutionStream::ensure(nats::JetStream& jetstream) {
  const auto stream = jetstream.ensure_stream({.name = settings_.stream,
                                               .subjects = {settings_.subject + ".*"},
                                               .max_age = settings_.age_max,
                                               .duplicate_window = std::chrono::seconds(120),
                                               .bytes_max = settings_.bytes_max,
                                               .replicas = settings_.replicas,
                                               .is_work_queue = true});
  if (!stream) return base::failure(stream.error());
  const auto durable = jetstream.ensure_consumer(settings_.stream, {.durable = consumer,
                                                                    .filter_subject = settings_.subject + ".*",
                                                                    .ack_wait = ack_wait,
                                                                    .deliveries_max = -1,
                                                                    .is_kept_up = true});
  if (!durable) return base::failure(durable.error());
  return {};
}

// Until stop, or until something has to be made anew.
base::Result<void> ExecutionStream::serve(const std::stop_token& stop) {
  nats::JetStream jetstream(connection_);
  if (auto made = ensure(jetstream); !made) return made;
  // The connection outlives this object, and so the messages.
  const std::shared_ptr<const nats::Connection> answers_on(std::shared_ptr<void>(), &connection_);
  auto pull = jetstream.pull({.stream = settings_.stream, .durables = {consumer}, .answers_on = answers_on});
  if (!pull) return base::failure(pull.error());
  while (!stop.stop_requested()) {
    int room = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, fetch_patience, [&] { return in_flight_ < in_flight_max; });
      room = in_flight_max - in_flight_;
    }
    if (room == 0) continue;
    auto messages = (*pull)->fetch(room, fetch_patience);
    if (!messages) return base::failure(messages.error());
    for (auto& message : *messages) {
      {
        const std::lock_guard lock(mutex_);
        ++in_flight_;
      }
      // Whatever becomes of it, its slot is free afterwards.
      const std::shared_ptr<const nats::Message> shared(new nats::Message(std::move(message)),
                                                        [this](const auto* held) {
                                                          delete held;
                                                          release_slot();
                                                        });
      if (!pool_->submit([this, shared] { handle(*shared); })) shared->nak(retry_after);
    }
  }
  for (const auto& message : (*pull)->close()) message.nak(milliseconds(0));
  return {};
}

void ExecutionStream::release_slot() {
  {
    const std::lock_guard lock(mutex_);
    --in_flight_;
  }
  changed_.notify_all();
}

void ExecutionStream::handle(const nats::Message& message) {
  const nats::ThreadScope scope;
  Exchange exchange;
  http::Response response{.status = broken};
  try {
    response = respond(message, exchange);
  } catch (const std::exception& problem) {
    telemetry::log_error("server", std::string("a request of a stream cannot be answered yet: ") + problem.what());
  }
  if (may_pass(response.status)) {
    ++counts_.delayed;
    const int times = std::clamp(message.num_delivered() - 1, 0, 5);
    message.nak(std::min(retry_after * (1 << times), retry_after_max));
    return;
  }
  const bool is_refused = response.status >= ok_below;
  is_refused ? message.term() : message.ack();
  ++counts_.requests;
  if (is_refused) ++counts_.refused;
  counts_.processing_ns +=
      static_cast<std::uint64_t>((std::chrono::steady_clock::now() - exchange.begun) / std::chrono::nanoseconds(1));
  tell(message, response);
  if (is_exchange_logged(response.status)) log_submitted(exchange, message, response);
}

http::Response ExecutionStream::respond(const nats::Message& message, Exchange& exchange) {
  nats::Responder::Incoming incoming;
  incoming.subject = message.subject();
  incoming.bytes = message.bytes();
  auto form = execution_form({.prefix = settings_.subject, .playbook = settings_.playbook}, incoming);
  if (!form) return application_.refuse({.status = bad_request, .message = std::move(form.error().message)});
  exchange.message_id = std::exchange(form->message_id, {});
  nats::Headers headers;
  for (const char* name : {"Authorization", "Traceparent", "Idempotency-Key"}) {
    if (const auto value = message.header(name); !value.empty()) headers.emplace_back(name, value);
  }
  http::Request request;
  request.head = head_of(std::move(*form), headers, incoming.bytes.size());
  auto admission = application_.admit(request.head, nats_peer);
  if (admission.refusal) return std::move(*admission.refusal);
  if (incoming.bytes.size() > admission.body_bytes_max)
    return application_.refuse({.status = too_large,
                                .message = "the body has " + std::to_string(incoming.bytes.size()) +
                                           " bytes, of at most " + std::to_string(admission.body_bytes_max)});
  request.peer = nats_peer;
  request.body = std::move(incoming.bytes);
  request.ticket = std::move(admission.ticket);
  return application_.answer(std::move(request));
}

// Whoever listens hears it. Nobody names the subject to the server: it would publish for strangers where they may not.
void ExecutionStream::tell(const nats::Message& message, const http::Response& response) {
  const auto subject =
      nats::Subject::parse(settings_.answer_prefix + std::string(message.subject().substr(settings_.subject.size())));
  if (!subject) return;
  const auto body = json::parse_body(std::string(message.bytes()), json::BodyBounds{});
  const bool has_id = body && body->is_object() && body->contains("message_id");
  const nlohmann::json answer{{"status", response.status},
                              {"message_id", has_id ? body->at("message_id") : nlohmann::json()},
                              {"answer", nlohmann::json::parse(response.body, nullptr, false)}};
  (void)connection_.publish(*subject, answer.dump());
}

}  // namespace noetl::cluster

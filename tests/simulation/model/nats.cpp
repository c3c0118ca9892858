// shared/nats on the model broker: the same headers, other definitions, so that the worker's NotificationConsumer and the server's
// JetStreamNotifier run as they are.
#include "shared/nats/connection.hpp"
#include "shared/nats/jetstream.hpp"
#include "shared/nats/message.hpp"
#include "shared/nats/publisher.hpp"
#include "tests/simulation/model/broker.hpp"

using noetl::simulation::Broker;
using noetl::simulation::BrokerMessage;
using noetl::simulation::installed_broker;
using noetl::simulation::Scheduler;

// One delivery.
struct __natsMsg {
  std::string durable;
  BrokerMessage message;
};

namespace noetl::nats {

namespace {
using base::ErrorCode;

// What an administrative call takes.
constexpr std::chrono::microseconds round_trip{300};

Broker& broker() { return *installed_broker(); }

tl::unexpected<base::Error> away(const std::string& tried) {
  return base::failure(ErrorCode::unavailable, tried + ": NATS is away");
}
}  // namespace

void HandleRelease::operator()(__natsSubscription*) const noexcept {}
void HandleRelease::operator()(__natsMsg* message) const noexcept { delete message; }
void HandleRelease::operator()(__jsCtx*) const noexcept {}
ThreadScope::~ThreadScope() = default;

struct Connection::State {};
struct Publisher::State {
  PublishCounts counts;
};

Connection::Connection(const ConnectionSettings& settings)
    : shown_url_(settings.url), state_(std::make_unique<State>()) {}
Connection::~Connection() = default;

base::Result<std::unique_ptr<Connection>> Connection::open(const ConnectionSettings& settings) {
  return std::unique_ptr<Connection>(new Connection(settings));
}

bool Connection::is_connected() const { return broker().is_up(); }
bool Connection::is_closed() const { return false; }
std::uint64_t Connection::connection_count() const { return broker().connections(); }
bool Connection::wait_connected(std::chrono::milliseconds) const { return broker().is_up(); }
base::Result<void> Connection::flush(std::chrono::milliseconds) { return {}; }

JetStream::JetStream(Connection& connection, std::chrono::milliseconds patience)
    : connection_(connection), patience_(patience) {}

base::Result<StreamState> JetStream::ensure_stream(const StreamSettings& settings) {
  Scheduler::running()->sleep(round_trip);
  if (!connection_.is_connected()) return away("look for stream " + settings.name);
  StreamState state;
  state.is_new = broker().make_stream(settings.name);
  return state;
}

base::Result<ConsumerState> JetStream::ensure_consumer(const std::string& stream, const ConsumerSettings& settings) {
  Scheduler::running()->sleep(round_trip);
  if (!connection_.is_connected()) return away("look for consumer " + settings.durable);
  if (!broker().has_stream(stream)) return base::failure(ErrorCode::not_found, "no stream " + stream);
  ConsumerState state;
  state.is_new = broker().make_consumer(settings);
  return state;
}

base::Result<ConsumerState> JetStream::find_consumer(const std::string& stream, const std::string& durable) {
  Scheduler::running()->sleep(round_trip);
  if (!connection_.is_connected()) return away("look for consumer " + durable);
  const auto* found = broker().has_stream(stream) ? broker().consumer(durable) : nullptr;
  if (found == nullptr) return base::failure(ErrorCode::not_found, "no consumer " + durable + " of stream " + stream);
  ConsumerState state;
  state.waiting = broker().untaken(*found);
  state.delivered_until = found->delivered_until;
  return state;
}

base::Result<std::vector<std::string>> JetStream::consumer_names(const std::string&) {
  return std::vector<std::string>{};
}

// One pool, which is always in use.
base::Result<void> JetStream::remove_consumer(const std::string& stream, const std::string& durable) {
  return base::failure(ErrorCode::not_found, "no consumer " + durable + " of " + stream);
}

base::Result<std::string> JetStream::message_at(const std::string& stream, std::uint64_t sequence) {
  Scheduler::running()->sleep(round_trip);
  const auto found = connection_.is_connected() ? broker().stored_at(sequence) : std::nullopt;
  if (!found) return base::failure(ErrorCode::not_found, "no message " + std::to_string(sequence) + " in " + stream);
  return *found;
}

base::Result<std::int64_t> JetStream::stored_at(const std::string& stream, std::uint64_t sequence) {
  Scheduler::running()->sleep(round_trip);
  const auto found = connection_.is_connected() ? broker().stored_time(sequence) : std::nullopt;
  if (!found) return base::failure(ErrorCode::not_found, "no message " + std::to_string(sequence) + " in " + stream);
  return *found;
}

base::Result<std::unique_ptr<PullSubscription>> JetStream::pull(const PullSource& source) {
  for (const auto& durable : source.durables) {
    const auto found = find_consumer(source.stream, durable);
    if (!found) return base::failure(found.error());
  }
  return std::make_unique<PullSubscription>(SubscriptionHandle(), "", *this, connection_, source);
}

PullSubscription::PullSubscription(SubscriptionHandle inbox, std::string inbox_subject, JetStream& jetstream,
                                   const Connection& connection, PullSource source)
    : inbox_(std::move(inbox)),
      inbox_subject_(std::move(inbox_subject)),
      jetstream_(jetstream),
      connection_(connection),
      source_(std::move(source)),
      connections_seen_(connection.connection_count()) {}

// The model answers every question at once, or when something comes: none stays open.
int PullSubscription::asked() const { return 0; }
void PullSubscription::request_next(const std::vector<int>&) {}  // as if the question had been lost
std::vector<Message> PullSubscription::close() { return {}; }

base::Result<std::vector<Message>> PullSubscription::fetch(const std::vector<int>& most,
                                                           std::chrono::milliseconds patience) {
  Scheduler::running()->sleep(round_trip);
  std::vector<Message> messages;
  for (auto& [source, message] : broker().fetch(source_.durables, most, patience)) {
    messages.emplace_back(MessageHandle(new __natsMsg{source_.durables[source], std::move(message)}),
                          source_.answers_on, source);
  }
  if (!messages.empty()) return messages;
  if (!connection_.is_connected()) return away("fetch from " + source_.stream);
  const auto now = std::chrono::steady_clock::now();
  if (now - checked_at_ < check_interval) return messages;
  checked_at_ = now;
  for (const auto& durable : source_.durables) {
    const auto found = jetstream_.find_consumer(source_.stream, durable);
    if (!found && found.error().code == ErrorCode::not_found) return base::failure(found.error());
  }
  return messages;
}

std::string_view Message::subject() const { return handle_->message.subject; }
std::string_view Message::bytes() const { return handle_->message.bytes; }
// For log lines of level debug, which the model does not write.
std::string_view Message::header(const char*) const { return {}; }
std::int64_t Message::stored_ns() const { return 0; }
int Message::num_delivered() const { return handle_->message.deliveries; }
std::uint64_t Message::num_pending() const {
  const auto* consumer = broker().consumer(handle_->durable);
  return consumer == nullptr ? 0 : broker().untaken(*consumer);
}

bool Message::ack() const {
  broker().settle(handle_->durable, handle_->message.sequence);
  return true;
}

bool Message::term() const { return ack(); }

bool Message::nak(std::chrono::milliseconds delay) const {
  broker().postpone(handle_->durable, handle_->message.sequence, delay);
  return true;
}

bool Message::in_progress() const {
  if (const auto* consumer = broker().consumer(handle_->durable)) {
    broker().postpone(handle_->durable, handle_->message.sequence, consumer->settings.ack_wait);
  }
  return true;
}

Publisher::Publisher(Connection& connection, std::chrono::milliseconds patience)
    : connection_(connection), patience_(patience), state_(std::make_unique<State>()) {}
Publisher::~Publisher() = default;

bool Publisher::publish(const Subject& subject, std::string_view bytes, const std::string& message_id) {
  if (!connection_.is_connected()) {
    ++state_->counts.failed;
    return false;
  }
  const bool is_stored = broker().publish(subject.text(), std::string(bytes), message_id);
  ++(is_stored ? state_->counts.accepted : state_->counts.failed);
  return true;
}

PublishCounts Publisher::counts() const { return state_->counts; }
bool Publisher::wait_answered(std::chrono::milliseconds) const { return true; }

}  // namespace noetl::nats

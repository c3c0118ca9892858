#include "worker/loop/fetching/notification_consumer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "shared/telemetry/log.hpp"
#include "shared/wire/notification.hpp"
#include "shared/wire/subjects.hpp"

namespace noetl::loop {
namespace {

void log_received(const std::vector<nats::Message>& messages, const std::string& worker_id) {
  const auto now =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch());
  for (const auto& message : messages) {
    const auto notification = wire::decode_notification(message.bytes());
    const bool has_execution = notification && notification->execution_id.is_set();
    telemetry::log_debug("nats", "notification received",
                         {{"subject", std::string(message.subject())},
                          {"message_id", std::string(message.header("Nats-Msg-Id"))},
                          {"execution", has_execution ? notification->execution_id.str() : ""},
                          {"worker", worker_id},
                          {"deliveries", std::to_string(message.num_delivered())},
                          {"latency_ms", std::to_string((now.count() - message.stored_ns()) / 1'000'000)}});
  }
}

}  // namespace

NotificationConsumer::NotificationConsumer(NotificationConsumerSettings settings)
    : settings_(std::move(settings)),
      scheduler_(static_cast<std::size_t>(settings_.lanes)),
      share_(scheduler_.lanes()) {}

NotificationConsumer::~NotificationConsumer() {
  pull_.reset();
  flush();
}

void NotificationConsumer::flush() {
  if (!answer_connection_ || !answer_connection_->is_connected()) return;
  if (auto flushed = answer_connection_->flush(std::chrono::milliseconds(1000)); !flushed)
    telemetry::log_warn("worker", flushed.error().message);
}

// The same trouble is told once, not twice a second.
void NotificationConsumer::complain(const std::string& trouble) {
  if (trouble == complaint_) return;
  complaint_ = trouble;
  telemetry::log_warn("worker", "no notifications, polling the server instead: " + trouble);
}

bool NotificationConsumer::is_open() {
  if (pull_ && fetch_connection_->is_connected()) return true;
  const auto now = std::chrono::steady_clock::now();
  if (now - tried_at_ < interval()) return false;
  tried_at_ = now;
  if (!fetch_connection_ || fetch_connection_->is_closed() || answer_connection_->is_closed()) connect();
  if (!fetch_connection_) return false;
  if (!fetch_connection_->is_connected()) {
    complain("NATS at " + fetch_connection_->shown_url() + " is away");
    return false;
  }
  return pull_ != nullptr || subscribe();
}

std::chrono::milliseconds NotificationConsumer::interval() const {
  const bool is_new = fetch_connection_ && fetch_connection_->connection_count() != connections_seen_;
  return is_new || slow_tries_ < slow_tries_max ? retry_interval : slow_retry_interval;
}

void NotificationConsumer::connect() {
  pull_.reset();
  jetstream_.reset();
  fetch_connection_.reset();
  nats::ConnectionSettings settings = settings_.nats;
  settings.sends_asap = false;
  auto answers = nats::Connection::open(settings);
  settings.sends_asap = true;
  auto fetches = nats::Connection::open(settings);
  if (!answers || !fetches) return complain((answers ? fetches : answers).error().message);
  answer_connection_ = std::move(*answers);
  fetch_connection_ = std::move(*fetches);
  jetstream_ = std::make_unique<nats::JetStream>(*fetch_connection_);
}

bool NotificationConsumer::subscribe() {
  nats::PullSource source{.stream = settings_.stream, .durables = {}, .answers_on = answer_connection_};
  for (std::size_t lane = 0; lane < scheduler_.lanes(); ++lane)
    source.durables.push_back(wire::lane_consumer_of(settings_.consumer, lane));
  const auto connections = fetch_connection_->connection_count();
  if (std::exchange(connections_seen_, connections) != connections) slow_tries_ = 0;
  const auto began = std::chrono::steady_clock::now();
  auto pull = jetstream_->pull(source);
  const bool is_slow = std::chrono::steady_clock::now() - began > retry_interval;
  slow_tries_ = !pull && is_slow ? slow_tries_ + 1 : 0;
  if (!pull) {
    tried_at_ = std::chrono::steady_clock::now();
    complain(pull.error().message);
    return false;
  }
  pull_ = std::move(*pull);
  scheduler_ = LaneScheduler(scheduler_.lanes());
  // After a failure only a fetch that was answered says that it works: a nats-server without JetStream lets
  // everybody subscribe.
  if (complaint_.empty()) announce();
  return true;
}

void NotificationConsumer::announce() {
  complaint_.clear();
  telemetry::log_info(
      "worker", "Subscribed to " + settings_.subject,
      {{"stream", settings_.stream}, {"consumer", settings_.consumer}, {"nats", fetch_connection_->shown_url()}});
}

base::Result<std::vector<nats::Message>> NotificationConsumer::fetch(int room, std::chrono::milliseconds patience,
                                                                     IdleGate& idle_gate) {
  std::ranges::fill(share_, room);
  auto messages = fetch_late();
  if (messages && !messages->empty() && !share_next_.empty()) {
    share_ = share_next_;
    note_exhausted_lanes(*messages);
  }
  share_next_.clear();
  if (messages && messages->empty()) messages = fetch_busy(room);
  if (messages && messages->empty()) {
    const IdleGate::Scope scope(idle_gate);
    messages = ask(scheduler_.to_wait_for(room - pull_->asked()), patience);
  }
  if (messages) {
    if (!complaint_.empty()) announce();
    if (telemetry::is_log_enabled(telemetry::LogLevel::debug)) log_received(*messages, settings_.worker_id);
    // What is too much is taken from the end: of the last lane.
    std::ranges::stable_sort(*messages, {}, &nats::Message::source);
    return messages;
  }
  pull_.reset();
  tried_at_ = std::chrono::steady_clock::now();
  complain(messages.error().message);
  return messages;
}

// Nothing when no lane is known to have anything, or none has any more.
base::Result<std::vector<nats::Message>> NotificationConsumer::fetch_busy(int room) {
  room -= pull_->asked();
  if (!scheduler_.is_busy() || room <= 0) return std::vector<nats::Message>();
  if (room >= static_cast<int>(scheduler_.lanes())) {
    share_ = scheduler_.divided(room);
    return ask(messages_for(share_), std::chrono::milliseconds(0));
  }
  std::vector<nats::Message> all;
  for (const std::size_t lane : scheduler_.next_order()) {
    std::vector<int> most(scheduler_.lanes());
    most[lane] = scheduler_.messages_for(lane, room - static_cast<int>(all.size()));
    if (most[lane] == 0) break;
    auto some = ask(most, std::chrono::milliseconds(0));
    if (!some && all.empty()) return some;
    if (!some) break;
    std::move(some->begin(), some->end(), std::back_inserter(all));
  }
  return all;
}

// Of those that were requested early: what gave nothing has nothing, or the others have taken it.
void NotificationConsumer::note_exhausted_lanes(const std::vector<nats::Message>& messages) {
  for (std::size_t lane = 0; lane < share_next_.size(); ++lane) {
    const bool has_given = std::ranges::any_of(messages, [&](const auto& one) { return one.source() == lane; });
    if (share_next_[lane] > 0 && !has_given) scheduler_.set_pending(lane, 0);
  }
}

base::Result<std::vector<nats::Message>> NotificationConsumer::ask(const std::vector<int>& most,
                                                                   std::chrono::milliseconds patience) {
  auto messages = pull_->fetch(most, patience);
  if (!messages) return messages;
  for (std::size_t lane = 0; lane < most.size(); ++lane) {
    if (most[lane] > 0) scheduler_.set_pending(lane, 0);
  }
  for (const auto& message : *messages) scheduler_.set_pending(message.source(), message.num_pending());
  return messages;
}

std::vector<int> NotificationConsumer::messages_for(const std::vector<int>& share) const {
  std::vector<int> most(share.size());
  for (std::size_t lane = 0; lane < most.size(); ++lane) most[lane] = scheduler_.messages_for(lane, share[lane]);
  return most;
}

void NotificationConsumer::request_next(int room) {
  if (!pull_ || is_expecting() || !scheduler_.is_busy() || room < static_cast<int>(scheduler_.lanes())) return;
  share_next_ = scheduler_.divided(room);
  pull_->request_next(messages_for(share_next_));
}

// What was asked for earlier and has come since.
base::Result<std::vector<nats::Message>> NotificationConsumer::fetch_late() {
  if (!is_expecting()) return std::vector<nats::Message>();
  return ask(std::vector<int>(scheduler_.lanes()), std::chrono::milliseconds(0));
}

void NotificationConsumer::nak_late() {
  const auto messages = fetch_late();
  if (!messages) return;
  for (const auto& message : *messages) message.nak(std::chrono::milliseconds(0));
}

void NotificationConsumer::close() {
  if (!pull_) return;
  for (const auto& message : pull_->close()) message.nak(std::chrono::milliseconds(0));
  pull_.reset();
}

}  // namespace noetl::loop

#include "worker/loop/doorbell.hpp"

#include "shared/telemetry/log.hpp"

namespace noetl::loop {

Doorbell::Doorbell(DoorbellSettings settings) : settings_(std::move(settings)) {}

Doorbell::~Doorbell() {
  pull_.reset();
  flush();
}

void Doorbell::flush() {
  if (!answer_connection_ || !answer_connection_->is_connected()) return;
  if (auto flushed = answer_connection_->flush(std::chrono::milliseconds(1000)); !flushed)
    telemetry::log_warn("worker", flushed.error().message);
}

// The same trouble is told once, not twice a second.
void Doorbell::complain(const std::string& trouble) {
  if (trouble == complaint_) return;
  complaint_ = trouble;
  telemetry::log_warn("worker", "no notifications, polling the server instead: " + trouble);
}

bool Doorbell::is_open() {
  if (pull_ && fetch_connection_->is_connected()) return true;
  const auto now = std::chrono::steady_clock::now();
  if (now - tried_at_ < retry_interval) return false;
  tried_at_ = now;
  if (!fetch_connection_ || fetch_connection_->is_closed() || answer_connection_->is_closed()) connect();
  if (!fetch_connection_) return false;
  if (!fetch_connection_->is_connected()) {
    complain("NATS at " + fetch_connection_->shown_url() + " is away");
    return false;
  }
  return pull_ != nullptr || subscribe();
}

void Doorbell::connect() {
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

bool Doorbell::subscribe() {
  auto pull = jetstream_->pull(
      {.stream = settings_.stream, .durable = settings_.consumer, .answers_on = answer_connection_});
  if (!pull) {
    complain(pull.error().message);
    return false;
  }
  pull_ = std::move(*pull);
  // After a failure only a fetch that was answered says that it works: a nats-server without JetStream lets
  // everybody subscribe.
  if (complaint_.empty()) announce();
  return true;
}

void Doorbell::announce() {
  complaint_.clear();
  telemetry::log_info("worker", "Subscribed to " + settings_.subject,
                      {{"stream", settings_.stream},
                       {"consumer", settings_.consumer},
                       {"nats", fetch_connection_->shown_url()}});
}

base::Result<std::vector<nats::Message>> Doorbell::fetch(int most, std::chrono::milliseconds patience) {
  auto messages = pull_->fetch(most, patience);
  if (messages) {
    if (!complaint_.empty()) announce();
    return messages;
  }
  pull_.reset();
  tried_at_ = std::chrono::steady_clock::now();
  complain(messages.error().message);
  return messages;
}

}  // namespace noetl::loop

#include "shared/nats/publisher.hpp"

#include <nats/nats.h>

#include "shared/nats/traffic/traffic.hpp"

namespace noetl::nats {

struct Publisher::State {
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> in_flight{0};
};

namespace {

// Owns the message. The decrement is the last touch: with none in flight, no handler runs any more.
void on_answer(jsCtx*, natsMsg* message, jsPubAck*, jsPubAckErr* error, void* closure) noexcept {
  auto* state = static_cast<Publisher::State*>(closure);
  (error == nullptr ? state->accepted : state->failed).fetch_add(1, std::memory_order_relaxed);
  natsMsg_Destroy(message);
  state->in_flight.fetch_sub(1, std::memory_order_acq_rel);
  state->in_flight.notify_all();  // uses the address only
}

}  // namespace

Publisher::Publisher(Connection& connection, std::chrono::milliseconds patience)
    : connection_(connection), patience_(patience), state_(std::make_unique<State>()) {
  jsOptions options;
  jsOptions_Init(&options);
  options.PublishAsync.MaxPending =
      static_cast<std::int64_t>(in_flight_max) * 2;  // our own bound refuses first: nats.c's would stall
  options.PublishAsync.AckHandler = on_answer;
  options.PublishAsync.AckHandlerClosure = state_.get();
  jsCtx* raw = nullptr;
  static_cast<void>(natsConnection_JetStream(&raw, connection_.handle(), &options));
  context_.reset(raw);
}

Publisher::~Publisher() {
  const bool is_quiet =
      wait_answered(connection_.is_connected() ? std::chrono::milliseconds(500) : std::chrono::milliseconds(0));
  context_.reset();
  // Answers may still come in on nats.c's thread: what they write to must then stay.
  if (!is_quiet) static_cast<void>(state_.release());
}

bool Publisher::publish(const Subject& subject, std::string_view bytes, const std::string& message_id) {
  const bool is_sent_at_all = connection_.is_connected() && check_header_value("message_id", message_id).has_value();
  if (!is_sent_at_all || state_->in_flight.load(std::memory_order_relaxed) >= in_flight_max) {
    state_->failed.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  jsPubOptions options;
  jsPubOptions_Init(&options);
  options.MaxWait = patience_.count();
  if (!message_id.empty()) options.MsgId = message_id.c_str();
  state_->in_flight.fetch_add(1, std::memory_order_acq_rel);
  const bool is_sent = js_PublishAsync(context_.get(), subject.c_str(), bytes.data(), static_cast<int>(bytes.size()),
                                       &options) == NATS_OK;
  traffic().sent(subject.text(), bytes.size(), is_sent);
  if (is_sent) return true;
  state_->failed.fetch_add(1, std::memory_order_relaxed);
  state_->in_flight.fetch_sub(1, std::memory_order_acq_rel);
  return false;
}

PublishCounts Publisher::counts() const {
  return {.accepted = state_->accepted, .failed = state_->failed, .in_flight = state_->in_flight};
}

bool Publisher::wait_answered(std::chrono::milliseconds patience) const {
  if (state_->in_flight.load(std::memory_order_acquire) == 0) return true;
  jsPubOptions options;
  jsPubOptions_Init(&options);
  options.MaxWait = patience.count();
  if (patience.count() <= 0 || js_PublishAsyncComplete(context_.get(), &options) != NATS_OK) return false;
  // All are answered; the last handler is at most about to count.
  for (auto open = state_->in_flight.load(); open != 0; open = state_->in_flight.load()) state_->in_flight.wait(open);
  return true;
}

}  // namespace noetl::nats

#include "tests/simulation/model/broker.hpp"

#include <algorithm>

#include "shared/wire/subjects.hpp"

namespace noetl::simulation {

Broker*& installed_broker() {
  static Broker* the_one = nullptr;
  return the_one;
}

void Broker::set_up(bool is_up) {
  if (is_up && !is_up_) ++connections_;
  is_up_ = is_up;
  scheduler_.wake(this, true);
}

void Broker::wipe() {
  streams_.clear();
  consumers_.clear();
  stored_.clear();
  message_ids_.clear();
}

bool Broker::publish(const std::string& subject, const std::string& bytes, const std::string& message_id) {
  if (streams_.empty()) return false;
  Random& random = scheduler_.random();
  if (random.one_in(troubles.loses)) return true;
  if (!message_id.empty() && !message_ids_.insert(message_id).second) return true;
  const int copies = random.one_in(troubles.doubles) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    BrokerMessage message{.subject = subject, .bytes = bytes, .available_at = scheduler_.now()};
    if (random.one_in(troubles.delays)) message.available_at += random.time({}, troubles.delay_max);
    store(std::move(message));
  }
  scheduler_.wake(this, true);
  return true;
}

std::optional<std::string> Broker::stored_at(std::uint64_t sequence) const {
  const auto found = std::ranges::find_if(stored_, [&](const auto& one) { return one.sequence == sequence; });
  return found == stored_.end() ? std::nullopt : std::optional(found->bytes);
}

std::optional<std::int64_t> Broker::stored_time(std::uint64_t sequence) const {
  const auto found = std::ranges::find_if(stored_, [&](const auto& one) { return one.sequence == sequence; });
  return found == stored_.end() ? std::nullopt : std::optional(found->stored_at_ms);
}

// What a server says of a message that it gives to nobody any more.
void Broker::publish_advisory(const std::string& durable, const BrokerMessage& message) {
  const std::string stream(wire::commands_stream);
  if (!has_stream(wire::advisories_stream_of(stream))) return;
  store({.subject = wire::advisories_subject_of(stream),
         .bytes = R"({"consumer":")" + durable + R"(","stream_seq":)" + std::to_string(message.sequence) +
                  R"(,"deliveries":)" + std::to_string(message.deliveries) + "}",
         .available_at = scheduler_.now()});
}

void Broker::store(BrokerMessage message) {
  message.sequence = ++sequence_;
  // One that comes late is stored when it comes.
  message.stored_at_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(wall_begin + message.available_at).count();
  for (auto& [durable, consumer] : consumers_) {
    if (consumer.settings.filter_subject == message.subject) consumer.messages.push_back(message);
  }
  stored_.push_back(std::move(message));
}

bool Broker::make_stream(const std::string& name) { return streams_.insert(name).second; }

bool Broker::make_consumer(const nats::ConsumerSettings& settings) {
  const auto [consumer, is_new] = consumers_.try_emplace(settings.durable);
  if (!is_new) return false;
  consumer->second.settings = settings;
  for (const auto& message : stored_) {
    if (message.subject == settings.filter_subject) consumer->second.messages.push_back(message);
  }
  return true;
}

BrokerConsumer* Broker::consumer(const std::string& durable) {
  const auto found = consumers_.find(durable);
  return found == consumers_.end() ? nullptr : &found->second;
}

std::uint64_t Broker::untaken(const BrokerConsumer& consumer) const {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(consumer.messages, [](const auto& message) { return message.deliveries == 0; }));
}

std::vector<BrokerMessage> Broker::take(BrokerConsumer& consumer, int most) {
  std::vector<BrokerMessage> taken;
  std::vector<BrokerMessage> exhausted;
  for (auto& message : consumer.messages) {
    if (taken.size() >= static_cast<std::size_t>(most)) break;
    if (message.available_at > scheduler_.now()) continue;
    if (consumer.settings.deliveries_max > 0 && message.deliveries >= consumer.settings.deliveries_max) {
      message.is_settled = true;
      exhausted.push_back(message);
      continue;
    }
    ++message.deliveries;
    consumer.delivered_until = std::max(consumer.delivered_until, message.sequence);
    message.available_at = scheduler_.now() + consumer.settings.ack_wait;
    taken.push_back(message);
  }
  std::erase_if(consumer.messages, [](const auto& message) { return message.is_settled; });
  for (const auto& message : exhausted) publish_advisory(consumer.settings.durable, message);
  return taken;
}

std::vector<std::pair<std::size_t, BrokerMessage>> Broker::fetch(const std::vector<std::string>& durables,
                                                                 const std::vector<int>& most, Time patience) {
  const Time until = scheduler_.now() + patience;
  for (;;) {
    Time next = until;
    std::vector<std::pair<std::size_t, BrokerMessage>> all;
    for (std::size_t i = 0; i < durables.size(); ++i) {
      BrokerConsumer* found = is_up_ ? consumer(durables[i]) : nullptr;
      if (found == nullptr) continue;
      for (auto& message : take(*found, most[i])) all.emplace_back(i, std::move(message));
      for (const auto& message : found->messages) next = std::min(next, message.available_at);
    }
    if (!all.empty()) return all;
    if (!is_up_ || scheduler_.now() >= until) return {};
    (void)scheduler_.wait(this, next);
  }
}

BrokerMessage* Broker::find(const std::string& durable, std::uint64_t sequence) {
  BrokerConsumer* found = consumer(durable);
  if (!is_up_ || found == nullptr || scheduler_.random().one_in(troubles.loses)) return nullptr;
  const auto message = std::ranges::find_if(found->messages, [&](const auto& one) { return one.sequence == sequence; });
  return message == found->messages.end() ? nullptr : &*message;
}

void Broker::settle(const std::string& durable, std::uint64_t sequence) {
  if (BrokerMessage* message = find(durable, sequence)) {
    message->is_settled = true;
    std::erase_if(consumer(durable)->messages, [](const auto& one) { return one.is_settled; });
  }
}

void Broker::postpone(const std::string& durable, std::uint64_t sequence, Time by) {
  BrokerMessage* message = find(durable, sequence);
  if (message == nullptr) return;
  message->available_at = scheduler_.now() + by;
  scheduler_.wake(this, true);
}

}  // namespace noetl::simulation

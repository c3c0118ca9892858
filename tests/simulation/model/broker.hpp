#pragma once
// Broker: JetStream as far as notifications need it: one stream of notifications with durable consumers; at least
// once, redelivery after the ack wait, at most so many deliveries, delayed naks, duplicates dropped by their message id.
// What goes wrong on the way (loss, duplication, delay) is drawn by the one who sets `chance`. nats.cpp gives it to the
// product's shared/nats. One thread.
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "shared/nats/jetstream.hpp"
#include "tests/simulation/scheduler.hpp"

namespace noetl::simulation {

// One in so many; 0 for never.
struct BrokerTroubles {
  std::uint64_t loses = 0;  // a published message, or an answer to one
  std::uint64_t doubles = 0;
  std::uint64_t delays = 0;  // by up to delay_max
  std::chrono::milliseconds delay_max{3000};
};

struct BrokerMessage {
  std::string subject, bytes;
  std::uint64_t sequence = 0;
  std::int64_t stored_at_ms = 0;  // Unix time
  Time available_at{0};  // to the next delivery
  int deliveries = 0;
  bool is_settled = false;  // acked, terminated, or delivered too often
};

struct BrokerConsumer {
  nats::ConsumerSettings settings;
  std::vector<BrokerMessage> messages;  // not settled
  std::uint64_t delivered_until = 0;  // sequence of the newest one that was delivered
};

class Broker {
 public:
  explicit Broker(Scheduler& scheduler) : scheduler_(scheduler) {}

  // False while nobody can reach it.
  [[nodiscard]] bool is_up() const { return is_up_; }
  void set_up(bool is_up);
  [[nodiscard]] std::uint64_t connections() const { return connections_; }  // how often it came up
  void wipe();  // streams and consumers are gone
  void drop_consumer(const std::string& durable) { consumers_.erase(durable); }
  BrokerTroubles troubles;

  // False when there is no such stream.
  bool publish(const std::string& subject, const std::string& bytes, const std::string& message_id);
  [[nodiscard]] std::optional<std::string> stored_at(std::uint64_t sequence) const;
  [[nodiscard]] std::optional<std::int64_t> stored_time(std::uint64_t sequence) const;
  [[nodiscard]] bool make_stream(const std::string& name);  // true: it is new
  [[nodiscard]] bool has_stream(const std::string& name) const { return streams_.contains(name); }
  [[nodiscard]] bool make_consumer(const nats::ConsumerSettings& settings);
  [[nodiscard]] BrokerConsumer* consumer(const std::string& durable);
  // Waiting and never delivered.
  [[nodiscard]] std::uint64_t untaken(const BrokerConsumer& consumer) const;
  // What can be delivered now, up to `most` of each; blocks until `patience` for a first one. With the place among `durables`.
  [[nodiscard]] std::vector<std::pair<std::size_t, BrokerMessage>> fetch(const std::vector<std::string>& durables,
                                                                         const std::vector<int>& most, Time patience);
  void settle(const std::string& durable, std::uint64_t sequence);
  void postpone(const std::string& durable, std::uint64_t sequence, Time by);

 private:
  void store(BrokerMessage message);
  void publish_advisory(const std::string& durable, const BrokerMessage& message);
  [[nodiscard]] std::vector<BrokerMessage> take(BrokerConsumer& consumer, int most);
  [[nodiscard]] BrokerMessage* find(const std::string& durable, std::uint64_t sequence);

  Scheduler& scheduler_;
  bool is_up_ = true;
  std::uint64_t connections_ = 1;
  std::uint64_t sequence_ = 0;
  std::set<std::string> streams_;
  std::vector<BrokerMessage> stored_;  // of the stream: what a new consumer begins with
  std::map<std::string, BrokerConsumer> consumers_;
  std::set<std::string> message_ids_;
};

// The broker that nats.cpp works on. Set before the first connection.
[[nodiscard]] Broker*& installed_broker();

}  // namespace noetl::simulation

#pragma once
// Publisher: publishes to JetStream without waiting; what became of each message is counted when the
// server answers. Any thread. Nothing is published while NATS is away: a caller who cannot bear the loss repeats.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "shared/nats/connection.hpp"
#include "shared/nats/handles.hpp"

namespace noetl::nats {

struct PublishCounts {
  std::uint64_t accepted = 0;  // stored by the server (or known as a duplicate)
  std::uint64_t failed = 0;  // refused, timed out, or not even sent
  std::uint64_t in_flight = 0;
};

class Publisher {
 public:
  // `patience`: after it an unanswered message counts as failed.
  explicit Publisher(Connection& connection, std::chrono::milliseconds patience = std::chrono::milliseconds(5000));
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // False when it was not sent (counted as failed): NATS is away, or in_flight_max messages are unanswered.
  bool publish(const Subject& subject, std::string_view bytes, const std::string& message_id);
  [[nodiscard]] PublishCounts counts() const;
  // True when nothing is in flight any more.
  [[nodiscard]] bool wait_answered(std::chrono::milliseconds patience) const;

  static constexpr std::uint64_t in_flight_max = 200'000;
  struct State;  // what the ack handler touches

 private:
  Connection& connection_;
  const std::chrono::milliseconds patience_;
  std::unique_ptr<State> state_;
  ContextHandle context_;
};

}  // namespace noetl::nats

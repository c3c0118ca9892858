#pragma once
// Publisher: publishes without making the caller wait: bounded in flight, in bursts, with retries until a total timeout. What became of
// a message is told on its own thread. Over JetStream a message counts when the stream has it; over core NATS when it is on its way.
// Any thread.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "shared/base/backoff.hpp"
#include "shared/messaging/event_headers.hpp"
#include "shared/nats/connection.hpp"

namespace noetl::messaging {

struct OutMessage {
  nats::Subject subject;
  Envelope envelope;
  EventHeaders event = {};
  Headers more = {};  // beside those of envelope and event
  // JetStream: the stream must end there, or it takes nothing: conflict.
  std::optional<std::uint64_t> expected_last_sequence = {};
};

struct Published {
  std::string subject;
  std::string message_id;  // event.id
  std::uint64_t stream_sequence = 0;  // 0: core NATS
  bool is_duplicate = false;  // the stream had one of this id already
};

struct PublisherSettings {
  bool uses_jetstream = true;
  std::string prefix = {};  // before the subject of each message, with a dot between; empty: none
  std::size_t in_flight_max = 10'000;
  std::size_t bytes_in_flight_max = std::size_t{64} * 1024 * 1024;
  // A burst goes out when so many are gathered, or the first has waited so long.
  std::size_t batch_messages = 100;
  std::chrono::milliseconds batch_delay{50};
  int attempts_max = 10;
  base::Backoff backoff{.kind = base::BackoffKind::exponential,
                        .initial = std::chrono::milliseconds(100),
                        .delay_max = std::chrono::milliseconds(5000),
                        .multiplier = 2.0};
  std::chrono::milliseconds ack_patience{2000};  // then it is sent again
  std::chrono::milliseconds total_timeout{30'000};
  std::function<void(const Published&)> on_published;
  std::function<void(const OutMessage&, const Failure&)> on_failed;
};

struct PublisherCounts {
  std::uint64_t published = 0, duplicates = 0, failed = 0, retried = 0, bursts = 0;
  std::uint64_t bytes = 0;  // of payloads that were published
  std::uint64_t in_flight = 0;
};

class Publisher {
 public:
  // Errors: settings (the prefix), subscribe, connect. The connection must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Publisher>> open(nats::Connection& connection,
                                                               PublisherSettings settings);
  // What is not settled then has failed: closed.
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // Waits up to `patience` for room. Errors here and now: saturated, serialization, too_large, settings; all others come by on_failed.
  [[nodiscard]] Result<void> publish(OutMessage message,
                                     std::chrono::milliseconds patience = std::chrono::milliseconds(0));
  // Sends what is gathered, and waits until nothing is in flight. timeout: something still is.
  [[nodiscard]] Result<void> flush(std::chrono::milliseconds patience);
  [[nodiscard]] PublisherCounts counts() const;

  struct State;  // of publisher.cpp

 private:
  explicit Publisher(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace noetl::messaging

#pragma once
// PullSubscription: takes messages from a durable consumer that many processes share. One thread.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/nats/connection.hpp"
#include "shared/nats/message.hpp"

namespace noetl::nats {

class JetStream;

struct PullSource {
  std::string stream;
  std::string durable;
  std::shared_ptr<const Connection> answers_on;  // acks and naks go out here; shared with the messages
};

class PullSubscription {
 public:
  // Made by JetStream::pull; jetstream and connection must outlive it.
  PullSubscription(SubscriptionHandle handle, JetStream& jetstream, const Connection& connection,
                   PullSource source);

  // What is there, at once, up to `batch`; when nothing is there, what comes first within `patience`, or an empty
  // list. not_found: the stream or consumer has vanished (noticed within check_interval); unavailable: NATS is away.
  [[nodiscard]] base::Result<std::vector<Message>> fetch(int batch, std::chrono::milliseconds patience);

  static constexpr std::chrono::milliseconds check_interval{2000};

 private:
  SubscriptionHandle handle_;
  JetStream& jetstream_;
  const Connection& connection_;
  const PullSource source_;
  std::chrono::steady_clock::time_point checked_at_{};
};

}  // namespace noetl::nats

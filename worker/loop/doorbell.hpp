#pragma once
// Doorbell: the worker's end of JetStream: connects by itself, pulls notifications from the pool's durable
// consumer, and says when that does not work, so that the inbox polls the server instead. One thread.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/nats/connection.hpp"
#include "shared/nats/jetstream.hpp"

namespace noetl::loop {

struct DoorbellSettings {
  nats::ConnectionSettings nats;
  std::string stream;
  std::string consumer;
  std::string subject;
};

class Doorbell {
 public:
  explicit Doorbell(DoorbellSettings settings);
  ~Doorbell();
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  // Tries to (re)open when it is not open; at most every retry_interval. True when it can be fetched from.
  bool is_open();
  // After an error it is not open any more.
  [[nodiscard]] base::Result<std::vector<nats::Message>> fetch(int most, std::chrono::milliseconds patience);
  void flush();  // acks out, before the end

  static constexpr std::chrono::milliseconds retry_interval{500};

 private:
  void connect();
  bool subscribe();
  void complain(const std::string& trouble);
  void announce();

  const DoorbellSettings settings_;
  // Two: a fetch must go out at once, acks are better gathered. The second is shared with the messages.
  std::unique_ptr<nats::Connection> fetch_connection_;
  std::shared_ptr<nats::Connection> answer_connection_;
  std::unique_ptr<nats::JetStream> jetstream_;
  std::unique_ptr<nats::PullSubscription> pull_;
  std::chrono::steady_clock::time_point tried_at_{};
  std::string complaint_;
};

}  // namespace noetl::loop

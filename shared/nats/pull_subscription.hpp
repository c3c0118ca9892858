#pragma once
// PullSubscription: takes messages from durable consumers of one stream that many processes share. It asks several at
// once, by JetStream's own pull requests (CONSUMER.MSG.NEXT), since nats.c's Fetch waits for one consumer only. One thread.
#include <chrono>
#include <cstddef>
#include <cstdint>
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
  std::vector<std::string> durables;  // Message::source() is an index of these
  std::shared_ptr<const Connection> answers_on;  // acks and naks go out here; shared with the messages
};

class PullSubscription {
 public:
  // Made by JetStream::pull; jetstream and connection must outlive it.
  PullSubscription(SubscriptionHandle inbox, std::string inbox_subject, JetStream& jetstream,
                   const Connection& connection, PullSource source);

  // Asks each consumer for what is there, at once, up to `most[source]`, unless it was asked before and may still answer.
  // When nothing is there: what comes first within `patience`, or an empty list. not_found: the stream or a consumer has
  // vanished (noticed within check_interval); unavailable: NATS is away.
  [[nodiscard]] base::Result<std::vector<Message>> fetch(const std::vector<int>& most,
                                                         std::chrono::milliseconds patience);
  [[nodiscard]] base::Result<std::vector<Message>> fetch(int most, std::chrono::milliseconds patience) {
    return fetch(std::vector<int>{most}, patience);
  }
  // Requests messages without waiting for them: the next fetch, whatever it asks for, waits for these answers too.
  void request_next(const std::vector<int>& most);
  // What may still come without another question: a part of the room that the next fetch must not ask for again.
  [[nodiscard]] int asked() const;
  [[nodiscard]] int asked(std::size_t source) const { return asks_[source].open; }
  // Takes back what was asked for; gives what was on its way. fetch() must not be called any more.
  [[nodiscard]] std::vector<Message> close();

  static constexpr std::chrono::milliseconds check_interval{2000};

 private:
  struct Ask {
    int open = 0;
    bool is_immediate = false;  // it ends with what is there
    std::chrono::steady_clock::time_point ends_at{};  // the server has ended it by then
  };
  struct PullBatch;

  [[nodiscard]] bool ask(std::size_t source, int most, std::chrono::milliseconds patience);
  void take_arrived(PullBatch& batch);
  void end_old_asks();
  void take(MessageHandle handle, PullBatch& batch);
  [[nodiscard]] bool is_settled(const PullBatch& batch, bool should_wait) const;
  [[nodiscard]] base::Result<std::vector<Message>> judge(PullBatch batch, std::chrono::milliseconds patience);

  SubscriptionHandle inbox_;
  const std::string inbox_subject_;  // ends with a dot; the source's number follows
  JetStream& jetstream_;
  const Connection& connection_;
  const PullSource source_;
  std::uint64_t connections_seen_;
  std::vector<Ask> asks_;  // by source
  std::chrono::steady_clock::time_point checked_at_{};
};

}  // namespace noetl::nats

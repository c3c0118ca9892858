#pragma once
// NotificationConsumer: the worker's end of JetStream: connects by itself, pulls notifications from the durable consumers of its
// pool, one for each lane, and says when that does not work, so that the fetcher polls the server instead. One thread.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/nats/connection.hpp"
#include "shared/nats/jetstream.hpp"
#include "worker/loop/fetching/idle_gate.hpp"
#include "worker/loop/fetching/lane_scheduler.hpp"

namespace noetl::loop {

struct NotificationConsumerSettings {
  nats::ConnectionSettings nats;
  std::string stream;
  std::string consumer;  // of the first lane
  int lanes = 1;
  std::string subject;
  std::string worker_id;  // for the log
};

class NotificationConsumer {
 public:
  explicit NotificationConsumer(NotificationConsumerSettings settings);
  ~NotificationConsumer();
  NotificationConsumer(const NotificationConsumer&) = delete;
  NotificationConsumer& operator=(const NotificationConsumer&) = delete;

  // Tries to (re)open when it is not open; at most every retry_interval. True when it can be fetched from.
  bool is_open();
  // What is there, for `room` idle slots, fairly from all lanes and by lane; when nothing is there, what comes first. It may
  // name more commands than there is room for: those are for others. After an error it is not open any more.
  // `idle_gate` is open while nothing is known to be there.
  [[nodiscard]] base::Result<std::vector<nats::Message>> fetch(int room, std::chrono::milliseconds patience,
                                                               IdleGate& idle_gate);
  // Requests the next messages early, for as much room again, so that they have come by the next fetch. Nothing when no lane is
  // known to have anything.
  void request_next(int room);
  // By lane: how many commands may be taken of what the last fetch gave from it.
  [[nodiscard]] const std::vector<int>& shares() const { return share_; }
  // How many commands those messages of a lane named.
  void record_batch_size(std::size_t lane, std::size_t messages, std::size_t commands) {
    scheduler_.record_batch_size(lane, messages, commands);
  }
  // Whether the last messages of the first lane were stale.
  void note_stale(bool are_stale) { scheduler_.note_stale(are_stale); }
  // May notifications still come that were asked for? Then somebody has to look.
  [[nodiscard]] bool is_expecting() const { return pull_ && pull_->asked() > 0; }
  // Naks messages that came although there is no room: they go to other workers. Does not wait.
  void nak_late();
  void close();  // gives back what was asked for; before the end
  void flush();  // acks out, before the end

  static constexpr std::chrono::milliseconds retry_interval{500};
  // A nats-server that does not permit the lookup of consumers answers nothing: each try takes its whole time, and the worker claims
  // nothing meanwhile. After so many in a row on one connection the next comes later.
  static constexpr int slow_tries_max = 3;
  static constexpr std::chrono::milliseconds slow_retry_interval{30'000};

 private:
  void connect();
  bool subscribe();
  [[nodiscard]] std::chrono::milliseconds interval() const;
  void complain(const std::string& trouble);
  void announce();
  base::Result<std::vector<nats::Message>> fetch_late();
  std::vector<int> messages_for(const std::vector<int>& share) const;
  void note_exhausted_lanes(const std::vector<nats::Message>& messages);
  base::Result<std::vector<nats::Message>> fetch_busy(int room);
  base::Result<std::vector<nats::Message>> ask(const std::vector<int>& most, std::chrono::milliseconds patience);

  const NotificationConsumerSettings settings_;
  // Two: a fetch must go out at once, acks are better gathered. The second is shared with the messages.
  std::unique_ptr<nats::Connection> fetch_connection_;
  std::shared_ptr<nats::Connection> answer_connection_;
  std::unique_ptr<nats::JetStream> jetstream_;
  std::unique_ptr<nats::PullSubscription> pull_;
  LaneScheduler scheduler_;
  std::vector<int> share_;  // by lane, of the last fetch
  std::vector<int> share_next_;  // of what was requested early; empty: nothing was
  std::chrono::steady_clock::time_point tried_at_{};
  int slow_tries_ = 0;
  std::uint64_t connections_seen_ = 0;
  std::string complaint_;
};

}  // namespace noetl::loop

#pragma once
// JetStreamNotifier: notifies by publishing to NOETL_COMMANDS without waiting. A supervisor thread makes or adopts
// the streams and the consumer of each pool, and makes them again when they vanish. notify() may be called from any
// thread; construction does not wait for NATS.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "server/notify/advisories.hpp"
#include "server/notify/group_backlog.hpp"
#include "server/notify/notifier.hpp"
#include "shared/nats/connection.hpp"
#include "shared/nats/jetstream.hpp"
#include "shared/nats/publisher.hpp"

namespace noetl::notify {

struct NotifierSettings {
  nats::ConnectionSettings nats;
  std::string server_url = "http://localhost:8082";  // goes into each notification: where to claim
  std::string stream = "NOETL_COMMANDS";
  std::string subject = "noetl.commands";  // of the default pool; others add .<pool>
  std::string consumer = "noetl-worker-pool";  // of the default pool; others add -<pool>
  std::string dead_stream = "NOETL_DEAD";
  std::chrono::seconds age_max{3600};
  std::chrono::milliseconds ack_wait{30'000};
  int deliveries_max = 3;
  int acks_pending_max = 20'000;
  int replicas = 1;
  wire::LaneBacklogs backlog_max = wire::lane_backlog_max;  // of a group, in the lanes before the last
  std::chrono::milliseconds check_interval{2000};  // how long a vanished stream may go unnoticed
};

// What the notifier makes or adopts: the streams of commands and of the dead, and the consumers of a pool, by lane.
[[nodiscard]] std::vector<nats::StreamSettings> streams_of(const NotifierSettings& settings);
[[nodiscard]] std::vector<nats::ConsumerSettings> consumers_of(const NotifierSettings& settings,
                                                               const std::string& pool);

struct NotifierCounts {
  std::uint64_t published = 0;  // stored by JetStream
  std::uint64_t failed = 0;  // not sent, refused or unanswered: upkeep notifies again
  std::uint64_t repaired = 0;  // streams and consumers made again after they had vanished
};

class JetStreamNotifier final : public Notifier {
 public:
  // Throws std::invalid_argument on settings that can never work.
  explicit JetStreamNotifier(NotifierSettings settings);
  ~JetStreamNotifier() override;
  JetStreamNotifier(const JetStreamNotifier&) = delete;
  JetStreamNotifier& operator=(const JetStreamNotifier&) = delete;

  void notify(const std::vector<Notification>& notifications) override;
  void publish_dead_letters(const std::vector<DeadLetterMessage>& dead_letters) override;
  [[nodiscard]] bool is_connected() const override;
  [[nodiscard]] PoolLanes lanes(const std::string& pool) const override;
  [[nodiscard]] std::size_t lane_of(const Notification& notification) const override;
  [[nodiscard]] std::vector<MaxDeliveriesAdvisory> max_deliveries(int limit) override;
  void ack_max_deliveries() override;

  // What notifications say from now on; for a server that learns its port late. Before the first notify() only.
  void announce(std::string server_url) { server_url_ = std::move(server_url); }
  // Has the pool's consumers made soon, or when NATS is back; notify() does it for pools it meets.
  void ensure_pool(const std::string& pool) override;
  void retain_pools(const PoolsInUse& pools) override;
  void forget_pool(const std::string& pool) override;
  [[nodiscard]] NotifierCounts counts() const;

 private:
  struct Link;  // one connection with its publisher
  struct Bundle {  // what goes into one message
    std::optional<nats::Subject> subject;
    std::vector<const Notification*> notifications;
  };

  void supervise(const std::stop_token& stop);
  void reopen_closed_links();
  // True when the streams and every pool's consumer are there.
  bool repair();
  // Nothing when it could not be made; else how many of its notifications nobody has taken.
  std::optional<std::uint64_t> repair_consumer(nats::JetStream& jetstream, const nats::ConsumerSettings& wanted,
                                               bool was_there);
  bool repair_stream(nats::JetStream& jetstream, const nats::StreamSettings& wanted);
  bool send(Link& link, const Bundle& bundle) const;
  void meet_pools(const std::vector<Notification>& notifications);
  void remove_unused(nats::JetStream& jetstream);
  void find_strangers(nats::JetStream& jetstream);

  const NotifierSettings settings_;
  std::string server_url_;  // constant once notify() is called

  // Swapped by the supervisor alone, read by notify(): shared with calls in progress.
  mutable std::mutex links_mutex_;
  std::shared_ptr<Link> quick_;  // sends at once: a lone notification must not wait for 1 ms
  std::shared_ptr<Link> bulk_;  // gathers writes: a thousand notifications are not a thousand system calls

  GroupBacklog backlog_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::map<std::string, bool, std::less<>> pools_;  // guarded by mutex_; true: its consumers were there before
  // Guarded by mutex_: pools whose consumers are to go, and whether they have.
  std::map<std::string, bool, std::less<>> unused_pools_;
  bool is_poked_ = false;  // guarded by mutex_
  bool looks_for_strangers_ = false;  // guarded by mutex_
  std::set<std::string> strangers_;  // supervisor only: pools of consumers that nobody knows, as of the last look
  bool may_list_ = true;  // supervisor only; false: this login may not list consumers

  std::map<std::string, bool> streams_;  // supervisor only; true: it was there before
  std::map<std::string, std::string> reported_;  // supervisor only: the trouble already logged, by name
  std::chrono::steady_clock::time_point reopened_at_{};  // supervisor only
  std::unique_ptr<Advisories> advisories_;  // upkeep's thread only
  std::atomic<bool> is_ready_{false};
  std::atomic<std::uint64_t> repaired_{0};
  std::atomic<std::uint64_t> failed_before_{0};  // counts of links that were replaced
  std::atomic<std::uint64_t> published_before_{0};
  std::jthread supervisor_;  // last: stops first
};

}  // namespace noetl::notify

#pragma once
// Notifier: notifies workers after a commit. Asynchronous and best effort: a lost notification costs
// milliseconds, never work, because upkeep notifies again. Any thread.
#include <array>
#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "shared/base/ids.hpp"
#include "shared/wire/subjects.hpp"

namespace noetl::notify {

struct Notification {
  base::CommandId queue_id;
  base::ExecutionId execution_id;
  std::string step;
  std::string pool;
  std::string group{};  // whose backlog it counts for; empty: its execution's, or that of the pool's plain commands
  int priority = 0;
  // Part of Nats-Msg-Id (queue_id:epoch:redelivery), so that a repeated notification is not swallowed as a duplicate.
  int epoch = 0;
  int redelivery = 0;
  // Claimed for a waiting worker already: sent for whoever watches the stream.
  bool is_dispatched = false;
  // Not before that: dispatch::notify_workers keeps it until then. A notifier is given what is due.
  std::chrono::milliseconds delay{0};
};

// A command that ended in the dead letter, for whoever listens on noetl.dead.<pool>.
struct DeadLetterMessage {
  base::CommandId queue_id;
  base::ExecutionId execution_id;
  std::string step;
  std::string pool;
  int epoch = 0;
  int attempts = 0;
  std::string error;  // JSON text
};

// A notification that was delivered as often as it may be and never acknowledged (max_deliver).
struct MaxDeliveriesAdvisory {
  base::CommandId queue_id;  // unset: the notification has left the stream
  std::string consumer;
  std::uint64_t sequence = 0;  // of the notification
  int deliveries = 0;
};

// What waits in a lane. JetStream hands out the notifications of a lane in the order of their coming.
struct Lane {
  std::uint64_t num_pending = 0;  // notifications that no worker has taken yet
  std::int64_t delivered_until_ms = 0;  // up to then all was delivered; Unix time
};
using PoolLanes = std::array<Lane, wire::lanes>;

struct PoolsInUse {
  std::set<std::string> in_use;
  std::set<std::string> unused;  // known by name
};

class Notifier {
 public:
  virtual ~Notifier() = default;
  // Never blocks on the network and never throws; failures are counted in metrics.
  virtual void notify(const std::vector<Notification>& notifications) = 0;
  // The same for dead letters: the row is the record, the message tells who wants to know.
  virtual void publish_dead_letters(const std::vector<DeadLetterMessage>& dead_letters) = 0;
  // Somebody serves that pool: its consumers shall be there before the first notification. Waits for nothing.
  virtual void ensure_pool(const std::string& pool) { (void)pool; }
  // What was made for pools that nobody uses may go. Waits for nothing.
  virtual void retain_pools(const PoolsInUse& pools) { (void)pools; }
  // False: the server was told to do without (nats-url none), and nothing is missing while it is not connected.
  [[nodiscard]] virtual bool is_wanted() const { return true; }
  // That pool was deleted: what was made for it goes now, and is made again when somebody names it. Waits for nothing.
  virtual void forget_pool(const std::string& pool) { (void)pool; }
  // Do notifications work? False: NATS away or stream missing; workers then long-poll.
  [[nodiscard]] virtual bool is_connected() const = 0;
  // The lanes of that pool, asked just now; empty ones when that cannot be said. Waits for the network, for a moment: not
  // for the path of a request.
  [[nodiscard]] virtual PoolLanes lanes(const std::string& pool) const = 0;
  // The lane that a notification like this one would take now. Waits for nothing.
  [[nodiscard]] virtual std::size_t lane_of(const Notification& notification) const = 0;
  // Those notifications, oldest first; the same again until ack_max_deliveries(), which says that the last answer was
  // recorded. Waits for the network, for a moment. Upkeep's thread only. A notifier without JetStream has none.
  [[nodiscard]] virtual std::vector<MaxDeliveriesAdvisory> max_deliveries(int limit) {
    (void)limit;
    return {};
  }
  virtual void ack_max_deliveries() {}
};

}  // namespace noetl::notify

#pragma once
// Notifier: rings the doorbell after a commit. Asynchronous and best effort: a lost notification costs
// milliseconds, never work, because upkeep rings again. Any thread.
#include <string>
#include <vector>

#include "shared/base/ids.hpp"

namespace noetl::notify {

struct Ring {
  base::CommandId queue_id;
  base::ExecutionId execution_id;
  std::string step;
  std::string pool;
  int priority = 0;
  // Part of Nats-Msg-Id (queue_id:epoch:round), so that a repeated ring is not swallowed as a duplicate.
  int epoch = 0;
  int round = 0;
};

class Notifier {
 public:
  virtual ~Notifier() = default;
  // Never blocks on the network and never throws; failures are counted in metrics.
  virtual void ring(const std::vector<Ring>& rings) = 0;
  // Is the doorbell working? False: NATS away or stream missing; workers then long-poll.
  [[nodiscard]] virtual bool is_connected() const = 0;
};

}  // namespace noetl::notify

#pragma once
// Use case of upkeep: notifications that JetStream gave up, because they were delivered as often as they may be and nobody
// answered. Each becomes an event of its command, and a command that still waits is notified again. Whoever may publish in NATS can say so
// of any notification: what names no command that is there is counted and not stored, and of each pool so many a minute. Any thread.
#include <chrono>
#include <map>
#include <string>

#include "server/dispatch/server_context.hpp"

namespace noetl::upkeep {

// How many more may be stored of a pool in the current minute. One thread.
class AdvisoryBudget {
 public:
  static constexpr int a_minute = 60;
  [[nodiscard]] bool take(const std::string& pool, std::chrono::steady_clock::time_point now);

 private:
  std::chrono::steady_clock::time_point begun_at_{};
  std::map<std::string, int> taken_;
};

struct RecordedAdvisories {
  int recorded = 0;
  int dropped = 0;
};
[[nodiscard]] RecordedAdvisories record_max_deliveries(dispatch::ServerContext& context, AdvisoryBudget& budget);

}  // namespace noetl::upkeep

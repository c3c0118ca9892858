#pragma once
// NotifyBackoff: when upkeep last notified of a command, so that it notifies of one that keeps waiting
// again after 1, 2, 4 … 30 seconds and not with every tick. Forgetting only costs a notification. One thread.
#include <chrono>
#include <cstddef>
#include <optional>
#include <unordered_map>

#include "shared/base/ids.hpp"

namespace noetl::upkeep {

class NotifyBackoff {
 public:
  static constexpr std::chrono::seconds interval_min{1};
  static constexpr std::chrono::seconds interval_max{30};
  static constexpr std::size_t entries_max = 200'000;

  // The redelivery to send now (1 for the first), or nothing when it is too early.
  [[nodiscard]] std::optional<int> take_redelivery(base::CommandId id, std::chrono::steady_clock::time_point now);

 private:
  struct Entry {
    std::chrono::steady_clock::time_point next;
    std::chrono::seconds interval{0};
    int redelivery = 0;
  };
  void forget_old(std::chrono::steady_clock::time_point now);
  std::unordered_map<base::CommandId, Entry> entries_;
};

}  // namespace noetl::upkeep

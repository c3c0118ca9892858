#pragma once
// RingMemory: when a command's doorbell was last rung by upkeep, so that one that keeps waiting is rung
// again after 1, 2, 4 … 30 seconds and not with every tick. Forgetting only costs a ring. One thread.
#include <chrono>
#include <cstddef>
#include <optional>
#include <unordered_map>

#include "shared/base/ids.hpp"

namespace noetl::upkeep {

class RingMemory {
 public:
  static constexpr std::chrono::seconds interval_min{1};
  static constexpr std::chrono::seconds interval_max{30};
  static constexpr std::size_t entries_max = 200'000;

  // The round to ring now (1 for the first), or nothing when it is too early.
  [[nodiscard]] std::optional<int> take_round(base::CommandId id, std::chrono::steady_clock::time_point now);

 private:
  struct Entry {
    std::chrono::steady_clock::time_point next;
    std::chrono::seconds interval{0};
    int round = 0;
  };
  void forget_old(std::chrono::steady_clock::time_point now);
  std::unordered_map<base::CommandId, Entry> entries_;
};

}  // namespace noetl::upkeep

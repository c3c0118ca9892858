#pragma once
// Distinct 64-bit id types, time-ordered, and the generator that makes them. JSON shows ids as
// strings (JavaScript keeps 53 bits) and accepts either form. Values; any thread.
#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace noetl::base {

template <class Tag>
struct Id {
  std::int64_t value = 0;
  auto operator<=>(const Id&) const = default;
  [[nodiscard]] bool is_set() const { return value != 0; }
  [[nodiscard]] std::string str() const { return std::to_string(value); }
};

using ExecutionId = Id<struct ExecutionTag>;
using CommandId = Id<struct CommandTag>;  // queue_id on the wire and in SQL
using EventId = Id<struct EventTag>;
using CatalogId = Id<struct CatalogTag>;
using ResultId = Id<struct ResultTag>;
using WorkerCommandId = Id<struct WorkerCommandTag>;  // of a command to one worker
using ClaimId = Id<struct ClaimTag>;  // of what one call gave to a worker

// A decimal number in 1 … 2^63-1 with nothing around it; nothing otherwise.
[[nodiscard]] std::optional<std::int64_t> parse_id(std::string_view text);

// Makes ids: 41 bits of milliseconds since 2024-01-01 UTC, 10 bits of node, 12 bits of sequence,
// so that they sort by time and two replicas never make the same one. Lock-free; any thread.
// When the clock steps back, ids go on from the last one: order matters more than the time in them.
class IdGenerator {
 public:
  static constexpr std::int64_t epoch_ms = 1'704'067'200'000;  // 2024-01-01T00:00:00Z
  static constexpr int node_count = 1024;

  explicit IdGenerator(int node);
  [[nodiscard]] std::int64_t next() { return next_block(1); }
  // The first of `count` consecutive ids, 1 … block_max: an event row and the events shown of it.
  [[nodiscard]] std::int64_t next_block(int count);
  static constexpr int block_max = 2048;
  // The smallest id that a generator makes at that time: bounds of id ranges in the sweep.
  [[nodiscard]] static std::int64_t first_id_at(std::int64_t unix_ms);

 private:
  const std::int64_t node_;
  std::atomic<std::int64_t> last_;  // milliseconds and sequence, without the node
};

}  // namespace noetl::base

template <class Tag>
struct std::hash<noetl::base::Id<Tag>> {
  std::size_t operator()(noetl::base::Id<Tag> id) const noexcept { return std::hash<std::int64_t>{}(id.value); }
};

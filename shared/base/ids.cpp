#include "shared/base/ids.hpp"

#include <charconv>
#include <chrono>

#include "shared/base/invariant.hpp"

namespace noetl::base {

namespace {
constexpr int node_bits = 10;
constexpr int sequence_bits = 12;

std::int64_t unix_ms_now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}
}  // namespace

std::optional<std::int64_t> parse_id(std::string_view text) {
  std::int64_t value = 0;
  if (text.starts_with('0')) return std::nullopt;  // one id, one spelling
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

IdGenerator::IdGenerator(int node) : node_(node), last_(0) {
  NOETL_INVARIANT(node >= 0 && node < node_count, "id generator: node out of range");
}

std::int64_t IdGenerator::next_block(int count) {
  NOETL_INVARIANT(count >= 1 && count <= block_max, "id generator: block size out of range");
  constexpr std::int64_t sequence_count = 1 << sequence_bits;
  const std::int64_t now = (unix_ms_now() - epoch_ms) << sequence_bits;
  std::int64_t last = last_.load(std::memory_order_relaxed);
  std::int64_t first = 0;
  do {
    first = now > last ? now : last + 1;
    // A block stays within one millisecond: only there are ids with the node in the middle consecutive.
    if (first % sequence_count + count > sequence_count) first += sequence_count - first % sequence_count;
  } while (!last_.compare_exchange_weak(last, first + count - 1, std::memory_order_relaxed));
  const std::int64_t sequence = first % sequence_count;
  return ((first >> sequence_bits) << (sequence_bits + node_bits)) | (node_ << sequence_bits) | sequence;
}

std::int64_t IdGenerator::first_id_at(std::int64_t unix_ms) {
  const std::int64_t ms = unix_ms > epoch_ms ? unix_ms - epoch_ms : 0;
  return ms << (sequence_bits + node_bits);
}

}  // namespace noetl::base

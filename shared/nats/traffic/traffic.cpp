#include "shared/nats/traffic/traffic.hpp"

#include <algorithm>

namespace noetl::nats {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

template <std::size_t Count, std::size_t Bounds>
void note(Buckets<Bounds>& buckets, const std::array<double, Count>& bounds, double value, std::uint64_t amount) {
  static_assert(Count == Bounds);
  const auto place = static_cast<std::size_t>(std::ranges::lower_bound(bounds, value) - bounds.begin());
  buckets.counts[place].fetch_add(1, relaxed);
  buckets.sum.fetch_add(amount, relaxed);
}

}  // namespace

std::size_t family_of(std::string_view subject) {
  constexpr std::size_t other = families.size() - 1;
  for (std::size_t i = 0; i < other; ++i) {
    const auto family = families[i];
    if (!subject.starts_with(family)) continue;
    const bool is_inbox = i == other - 1;  // _INBOX_server and the like as well
    if (is_inbox || subject.size() == family.size() || subject[family.size()] == '.') return i;
  }
  return other;
}

void Traffic::sent(std::string_view subject, std::size_t bytes, bool is_ok) {
  auto& family = by_family_[family_of(subject)];
  if (!is_ok) {
    family.publish_failed.fetch_add(1, relaxed);
    return;
  }
  family.published.fetch_add(1, relaxed);
  note(family.sizes, size_bounds, static_cast<double>(bytes), bytes);
}

void Traffic::received(std::string_view subject, std::size_t bytes) {
  auto& family = by_family_[family_of(subject)];
  family.received.fetch_add(1, relaxed);
  note(family.sizes, size_bounds, static_cast<double>(bytes), bytes);
}

void Traffic::delivered_after(std::chrono::microseconds lag) {
  const auto positive = static_cast<std::uint64_t>(std::max<std::int64_t>(lag.count(), 0));
  note(lags_, lag_bounds, static_cast<double>(positive) / 1e6, positive);
}

Traffic& traffic() {
  static Traffic of_this_process;
  return of_this_process;
}

}  // namespace noetl::nats

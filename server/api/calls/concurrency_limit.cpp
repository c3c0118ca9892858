#include "server/api/calls/concurrency_limit.hpp"

namespace noetl::api {

std::optional<ConcurrencyLimit::Permit> ConcurrencyLimit::enter() {
  std::unique_lock lock(mutex_);
  if (inside_ >= limits_.inside_max) {
    if (waiting_ >= limits_.waiting_max) return std::nullopt;
    ++waiting_;
    const bool has_room = has_room_.wait_for(lock, limits_.patience, [&] { return inside_ < limits_.inside_max; });
    --waiting_;
    if (!has_room) return std::nullopt;
  }
  ++inside_;
  return std::optional<Permit>(std::in_place, *this);
}

std::size_t ConcurrencyLimit::inside() const {
  const std::lock_guard lock(mutex_);
  return inside_;
}

void ConcurrencyLimit::release() {
  {
    const std::lock_guard lock(mutex_);
    --inside_;
  }
  has_room_.notify_one();
}

}  // namespace noetl::api

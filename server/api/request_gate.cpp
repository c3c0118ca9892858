#include "server/api/request_gate.hpp"

namespace noetl::api {

std::optional<RequestGate::Permit> RequestGate::enter() {
  std::unique_lock lock(mutex_);
  if (inside_ >= limits_.inside_max) {
    if (waiting_ >= limits_.waiting_max) return std::nullopt;
    ++waiting_;
    const bool has_room =
        has_room_.wait_for(lock, limits_.patience, [&] { return inside_ < limits_.inside_max; });
    --waiting_;
    if (!has_room) return std::nullopt;
  }
  ++inside_;
  return std::optional<Permit>(std::in_place, *this);
}

std::size_t RequestGate::inside() const {
  const std::lock_guard lock(mutex_);
  return inside_;
}

void RequestGate::leave() {
  {
    const std::lock_guard lock(mutex_);
    --inside_;
  }
  has_room_.notify_one();
}

}  // namespace noetl::api

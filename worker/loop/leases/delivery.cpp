#include "worker/loop/leases/delivery.hpp"

namespace noetl::loop {

void Delivery::settle() const {
  if (open_.fetch_sub(1) == 1 && !is_answered_.exchange(true)) message_.ack();
}

void Delivery::settle_later(std::chrono::milliseconds delay) const {
  if (!is_alone_) return settle();
  give_back(delay);
}

void Delivery::give_back(std::chrono::milliseconds delay) const {
  if (!is_answered_.exchange(true)) message_.nak(delay);
}

void Delivery::in_progress() const {
  if (!is_answered_) message_.in_progress();
}

}  // namespace noetl::loop

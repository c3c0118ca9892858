#pragma once
// Delivery: one delivery of a notification, shared by the commands that it named and this worker took; answered once: when
// none of them needs it any more, or at once when others shall have what is left of it. Any thread.
#include <atomic>
#include <chrono>

#include "shared/nats/message.hpp"

namespace noetl::loop {

class Delivery {
 public:
  Delivery(nats::Message message, int commands, bool is_urgent = false)
      : message_(std::move(message)), is_alone_(commands == 1), is_urgent_(is_urgent), open_(commands) {}

  // One of its commands has ended, or is somebody else's: the last one acks.
  void settle() const;
  // One of its commands runs again after `delay`. Alone it comes again by this message; of several the server notifies for that one
  // when it is due, since the others would come again as well.
  void settle_later(std::chrono::milliseconds delay) const;
  // To others, after `delay`, whatever becomes of the commands that are held: those are refused there.
  void give_back(std::chrono::milliseconds delay) const;
  void in_progress() const;

  // Of a priority above 0: it stands for whichever such command the server gave, not for the one that it names.
  [[nodiscard]] bool is_urgent() const { return is_urgent_; }
  [[nodiscard]] std::size_t lane() const { return message_.source(); }

 private:
  nats::Message message_;
  const bool is_alone_;
  const bool is_urgent_;
  mutable std::atomic<int> open_;
  mutable std::atomic<bool> is_answered_{false};
};

}  // namespace noetl::loop

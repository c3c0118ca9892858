#include "worker/tools/programs/waiter.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

namespace noetl::tools {

Waiter::Ended Waiter::look() const {
  if (stop_.stop_requested()) return Ended::cancelled;
  return std::chrono::steady_clock::now() >= deadline_ ? Ended::timed_out : Ended::ready;
}

Waiter::Ended Waiter::wait_until(int descriptor, short events, std::chrono::steady_clock::time_point until) const {
  while (true) {
    if (const Ended ended = look(); ended != Ended::ready) return ended;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(std::min(until, deadline_) - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Ended::ready;
    std::array<pollfd, 2> watched{{{.fd = descriptor, .events = events, .revents = 0},
                                   {.fd = wake_.descriptor(), .events = POLLIN, .revents = 0}}};
    const int patience = static_cast<int>(std::min<std::int64_t>(left.count(), 60'000));
    const int count = poll(watched.data(), watched.size(), patience);
    if (count < 0 && errno != EINTR) return Ended::ready;  // the descriptor is broken: its owner finds out
    if (count > 0 && watched[0].revents != 0) return Ended::ready;
  }
}

}  // namespace noetl::tools

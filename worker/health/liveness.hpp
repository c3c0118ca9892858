#pragma once
// Liveness: do the threads of a worker's loop turn? It compares their counts of turns with those it saw before, so that
// nobody has to write a time down. One thread at a time.
#include <chrono>
#include <cstdint>
#include <string>

#include "worker/loop/leases/settings.hpp"

namespace noetl::health {

class Liveness {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // A call to a server that hangs takes half a minute (2 s to connect, 15 s to send, 15 s and the wait of a long poll for
  // the answer): a server that is away must not have its workers restarted.
  static constexpr std::chrono::milliseconds stall_max{60'000};

  // Empty: alive. Else which thread has stood still, and for how long.
  [[nodiscard]] std::string complaint(const loop::WorkerCounts& counts, Time now);

 private:
  struct Seen {
    std::uint64_t turns = 0;
    Time moved_at{};  // when it was first seen at so many turns
    bool is_watched = false;
  };
  static std::chrono::milliseconds still_for(Seen& seen, std::uint64_t turns, Time now);

  Seen fetcher_, heartbeats_;
};

}  // namespace noetl::health
